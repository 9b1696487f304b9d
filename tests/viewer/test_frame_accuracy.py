"""The claim: the overlay lies on the frame that it describes, read from composited pixels of a real browser.

Simulated camera → HTTP and RTSP → client → viewer → WebSocket → Chromium → screencast. The simulator paints each
frame's number into the picture and sends it as a property of that frame's targets; the page paints the value that it
was given. Both are read from what the compositor put together.
"""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, CDPSession, Page

from onframe.overlay.style import ALARM, class_color
from onframe.simulator.scenes import load
from onframe.simulator.video import shoot

WIDTH, HEIGHT = 1280, 720
SQUARE, LEFT = 24, 16
PICTURE_ROW, OVERLAY_ROW = 16, 48
SETTLING = 3.0  # seconds that the page gets to learn the lag
SECONDS = 12.0
LATE = (0.0, 0.4)
LOSS = 0.02
HOLD = 0.6  # seconds from a picture's capture to its showing, to within half a loop

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


class Chain:
    """The servers, in a process of their own."""

    def __init__(self, **options: Any) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("chain.py")), json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        ready = self._read()
        self.url, self.frames = ready["url"], ready["frames"]
        self._bare = set(ready["bare"])

    def may_be_bare(self, shown: list[Shown]) -> set[int]:
        """Which of ``shown`` (by place) may have no number: no target, or a document of this very picture was lost.

        The loop's number says which picture of a loop it is, the time of its showing which loop: a loop takes 16 s.
        """
        assert self._process.stdin is not None
        self._process.stdin.write("report\n")
        self._process.stdin.flush()
        report = self._read()
        lost = set(report["lost"])
        bare = set()
        for place, one in enumerate(shown):
            taken = (one.at - HOLD - report["epoch"]) * 25
            loop = round((taken - one.frame) / self.frames)
            if one.frame in self._bare or one.frame + loop * self.frames in lost:
                bare.add(place)
        return bare

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        assert self._process.wait(10) == 0
        self._process.stdout.close()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the chain ended"
        return json.loads(line)


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    chain = Chain(scene="gate", clock="sr", frame_marks=True, metadata_delay=LATE, metadata_loss=LOSS)
    yield chain
    chain.close()


def bits(picture: np.ndarray, row: int) -> int:
    """The number in one row of squares; each square's middle is averaged, so that coding noise does not matter."""
    number = 0
    for bit in range(16):
        x = LEFT + SQUARE * bit
        number |= int(picture[row + 8 : row + 16, x + 8 : x + 16].mean() > 128) << bit
    return number


def has_mark(picture: np.ndarray, row: int, wanted: tuple[int, int, int]) -> bool:
    x = LEFT + 16 * SQUARE
    colour = picture[row + 8 : row + 16, x + 8 : x + 16].reshape(-1, 3).mean(axis=0)
    return bool((np.abs(colour - wanted) < 70).all())


class Shown:
    """One composited picture: the number in the video, and that of the overlay or None."""

    def __init__(self, picture: np.ndarray, at: float) -> None:
        self.picture, self.at = picture, at
        self.has_video = has_mark(picture, PICTURE_ROW, (0, 255, 255))
        self.frame = bits(picture, PICTURE_ROW)
        self.overlay = bits(picture, OVERLAY_ROW) if has_mark(picture, OVERLAY_ROW, (255, 0, 255)) else None


def record(page: Page, seconds: float, form: str = "jpeg") -> list[Shown]:
    """What the compositor shows for so long. PNG costs pictures per second and blurs nothing."""
    session: CDPSession = page.context.new_cdp_session(page)
    cast: list[tuple[str, float]] = []

    def on_frame(event: dict[str, Any]) -> None:
        cast.append((event["data"], event["metadata"]["timestamp"]))
        session.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})

    session.on("Page.screencastFrame", on_frame)
    session.send("Page.startScreencast", {"format": form, "quality": 85, "maxWidth": WIDTH, "maxHeight": HEIGHT + 80})
    page.wait_for_timeout(seconds * 1000)
    session.send("Page.stopScreencast")
    shown = []
    for data, at in cast:
        picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"), dtype=np.int16)
        shown.append(Shown(picture, at))
    return shown


def open_page(browser: Browser, chain: Chain, query: str) -> Page:
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT + 80})
    page.goto(f"{chain.url}&{query}")
    deadline = time.monotonic() + 30
    # wait_for_function would evaluate a string in the page, which the page's policy forbids
    while page.evaluate("window.onframe ? window.onframe.composited : 0") <= 10:
        assert time.monotonic() < deadline, page.evaluate("window.onframe")
        page.wait_for_timeout(100)
    page.wait_for_timeout(SETTLING * 1000)
    return page


def judge(shown: list[Shown], bare: set[int]) -> tuple[set[int], list[str]]:
    """(frames whose two numbers are equal, what is wrong).

    A frame with targets whose documents were sent whole must show its number; no frame may show another's.
    """
    right: set[int] = set()
    wrong: list[str] = []
    for place, one in enumerate(shown):
        if one.overlay == one.frame:
            right.add(one.frame)
        elif one.overlay is not None:
            wrong.append(f"frame {one.frame} shows the overlay of {one.overlay}")
        elif place not in bare:
            wrong.append(f"frame {one.frame} shows no overlay number")
    return right, wrong


def test_the_overlay_lies_on_the_frame_that_it_describes(browser: Browser, chain: Chain) -> None:
    page = open_page(browser, chain, "test=1")
    shown = [one for one in record(page, SECONDS) if one.has_video]
    counted = page.evaluate("window.onframe")
    page.close()
    right, wrong = judge(shown, chain.may_be_bare(shown))
    rate = len(shown) / (shown[-1].at - shown[0].at)
    print(f"{len(shown)} composited, {rate:.1f}/s, {len(right)} distinct frames right, wrong: {wrong[:5]}, {counted}")
    assert wrong == []
    assert len(right) >= 100
    assert rate >= 15
    assert counted["errors"] == []
    assert counted["approximate"] == 0


def test_a_binding_that_is_one_frame_off_is_noticed(browser: Browser, chain: Chain) -> None:
    page = open_page(browser, chain, "test=1&shift=1")
    shown = [one for one in record(page, 3.0) if one.has_video]
    page.close()
    right, wrong = judge(shown, chain.may_be_bare(shown))
    assert len(wrong) > 20
    off = [one.overlay - one.frame for one in shown if one.overlay is not None]
    assert set(off) <= {-1, 1, chain.frames - 1, 1 - chain.frames}
    assert not right


def landmark(picture: np.ndarray) -> tuple[float, float, float, float] | None:
    """The edges of the target that is painted plainly green: (left, top, right, bottom) in pixels, or None."""
    red, green, blue = (picture[80:, :, i] for i in range(3))
    like = (green > 200) & (red < 100) & (blue < 100)
    columns, rows = np.nonzero(like.sum(axis=0) > 15)[0], np.nonzero(like.sum(axis=1) > 15)[0]
    if not len(columns) or not len(rows):
        return None
    return float(columns[0]), float(rows[0] + 80), float(columns[-1] + 1), float(rows[-1] + 81)


def landmarks(wanted: set[int]) -> dict[int, tuple[float, float, float, float]]:
    """Where that target was painted, by the picture's number; coding would blur its edges by a pixel."""
    pictures = enumerate(shoot(load("gate", 1), frame_marks=True))
    boxes = {number: landmark(np.asarray(picture)) for number, picture in pictures if number in wanted}
    return {number: box for number, box in boxes.items() if box is not None}


def drawn_edge(picture: np.ndarray, colours: list[str], box: tuple[float, ...], side: int) -> float | None:
    """Where the drawn box's left (0), top (1), right (2) or bottom (3) edge is, in pixels; None where it is covered."""
    if side % 2:
        picture, box = picture.swapaxes(0, 1), (box[1], box[0], box[3], box[2])
    near, start, end = box[2 if side > 1 else 0], box[1], box[3]
    length = end - start
    rows = slice(max(0, int(start + 0.2 * length)), max(0, int(end - 0.2 * length)))
    first = int(near) - 6
    if first < 0 or rows.stop - rows.start < 10:
        return None
    part = picture[rows, first : first + 13]
    like = np.zeros(part.shape[:2], dtype=bool)
    for colour in colours:
        wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
        like |= np.abs(part - wanted).sum(axis=2) < 75  # the target itself is green too
    strong = np.nonzero(like.mean(axis=0) > 0.6)[0]
    lines = [float(run.mean()) for run in np.split(strong, np.nonzero(np.diff(strong) > 1)[0] + 1) if len(run)]
    # rules and trails cross here too: the line nearest to the target is its box's
    return min((first + line + 0.5 for line in lines), key=lambda edge: abs(edge - near), default=None)


def test_the_drawn_box_lies_within_two_pixels_of_the_painted_target(browser: Browser, chain: Chain) -> None:
    page = open_page(browser, chain, "test=1")
    cast = [one for one in record(page, 10.0, "png") if one.has_video and one.overlay == one.frame]
    page.close()
    # where a document was lost, a box is held from the frame before: drawn thinner, and not meant to fit
    held = chain.may_be_bare(cast)
    shown = {one.frame: one for place, one in enumerate(cast) if place not in held}
    boxes = landmarks(set(shown))
    colours = [class_color("human"), class_color("vehicle"), ALARM]
    distances: list[float] = []
    looked_for = 0
    for one in shown.values():
        box = boxes.get(one.frame)
        if box is None:
            continue
        edges = [drawn_edge(one.picture, colours, box, side) for side in range(4)]
        found = [abs(edge - box[side]) for side, edge in enumerate(edges) if edge is not None]
        looked_for += 4
        distances += found
    print(f"{len(distances)} of {looked_for} edges, at most {max(distances):.1f} pixels off")
    assert looked_for >= 4 * 50
    assert len(distances) >= 0.6 * looked_for  # labels and plates cover some
    assert max(distances) <= 2.0
