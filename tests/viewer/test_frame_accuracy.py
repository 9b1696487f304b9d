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

WIDTH, HEIGHT = 1280, 720
SQUARE, LEFT = 24, 16
PICTURE_ROW, OVERLAY_ROW = 16, 48
SETTLING = 3.0  # seconds that the page gets to learn the lag
SECONDS = 12.0
LATE = (0.0, 0.4)
LOSS = 0.02

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

    def without_number(self) -> set[int]:
        """The frames that may have no number: those without a target, and those of which a document was lost."""
        assert self._process.stdin is not None
        self._process.stdin.write("report\n")
        self._process.stdin.flush()
        return self._bare | set(self._read()["lost"])

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


def record(page: Page, seconds: float) -> list[Shown]:
    """What the compositor shows for so long."""
    session: CDPSession = page.context.new_cdp_session(page)
    cast: list[tuple[str, float]] = []

    def on_frame(event: dict[str, Any]) -> None:
        cast.append((event["data"], event["metadata"]["timestamp"]))
        session.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})

    session.on("Page.screencastFrame", on_frame)
    session.send("Page.startScreencast", {"format": "jpeg", "quality": 85, "maxWidth": WIDTH, "maxHeight": HEIGHT + 80})
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
    for one in shown:
        if one.overlay == one.frame:
            right.add(one.frame)
        elif one.overlay is not None:
            wrong.append(f"frame {one.frame} shows the overlay of {one.overlay}")
        elif one.frame not in bare:
            wrong.append(f"frame {one.frame} shows no overlay number")
    return right, wrong


def test_the_overlay_lies_on_the_frame_that_it_describes(browser: Browser, chain: Chain) -> None:
    page = open_page(browser, chain, "test=1")
    shown = [one for one in record(page, SECONDS) if one.has_video]
    counted = page.evaluate("window.onframe")
    page.close()
    right, wrong = judge(shown, chain.without_number())
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
    right, wrong = judge(shown, chain.without_number())
    assert len(wrong) > 20
    off = [one.overlay - one.frame for one in shown if one.overlay is not None]
    assert set(off) <= {-1, 1, chain.frames - 1, 1 - chain.frames}
    assert not right
