"""A minute from a camera, kept and painted by the command: every box of every picture, on the picture that it is of.

The simulator paints each picture's number into it, and one target as a plain green area. The scene knows where all its
targets stand on the picture of that number; where the painted boxes are is read from the decoded planes.
"""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from onframe.overlay.style import ALARM, class_color
from onframe.simulator.camera import SimulatedCamera
from onframe.simulator.scenes import load

SECONDS, RATE = 60, 25
WIDTH, HEIGHT = 1280, 720
LEFT, TOP, SQUARE = 16, 16, 24
WITHIN = 2.0
"""Pixels."""
REACH = 6
"""Pixels on each side of an edge that are looked at."""
THICK = 4
"""Pixels to which a box's line and its seam reach on each side."""
UNCOVERED = ["--hide", "label,plate,rule,trail"]
"""What would lie on boxes or cross them: without it there is nothing that could cover an edge."""
SCENE = load("gate", 1)

pytestmark = pytest.mark.timeout(300)


class Planes(NamedTuple):
    """Of one decoded picture; chroma in half as many rows and columns."""

    y: NDArray[np.uint8]
    u: NDArray[np.uint8]
    v: NDArray[np.uint8]

    def turned(self) -> Planes:
        return Planes(self.y.T, self.u.T, self.v.T)

    def rgb(self, rows: slice, columns: slice) -> NDArray[np.float64]:
        """A part of it, by the matrix of BT.709 in limited range."""
        luma = (self.y[rows, columns].astype(float) - 16) * 255 / 219
        down, along = np.arange(rows.start, rows.stop) // 2, np.arange(columns.start, columns.stop) // 2
        blue, red = ((plane[down[:, None], along].astype(float) - 128) * 255 / 224 for plane in (self.u, self.v))
        return np.stack([luma + 1.5748 * red, luma - 0.1873 * blue - 0.4681 * red, luma + 1.8556 * blue], axis=-1)


class Target(NamedTuple):
    """Where it stands (left, top, right, bottom), and the colours that its box may have."""

    edges: tuple[float, float, float, float]
    colors: NDArray[np.float64]

    def along(self, side: int) -> tuple[float, float]:
        """From where to where this side of it goes."""
        return self.edges[(side + 1) % 2], self.edges[(side + 1) % 2 + 2]


@cache
def targets(number: int) -> list[Target]:
    """Those that the picture of this number has Records of, cut off at its edges as their coordinates are."""
    found = []
    for sight in SCENE.in_range(number):
        x0, y0, x1, y1 = sight.box
        colors = [list(bytes.fromhex(color[1:])) for color in (class_color(sight.actor.kind), ALARM)]
        found.append(Target((max(0, x0), max(0, y0), min(WIDTH, x1), min(HEIGHT, y1)), np.array(colors, float)))
    return found


def free(side: int, rows: slice, target: Target, others: list[Target]) -> NDArray[np.bool_]:
    """Along one side of a target: where no line of another one's box lies on it, or so near that it might be taken."""
    at, places = target.edges[side], np.arange(rows.start, rows.stop)
    taken = np.zeros(len(places), bool)
    for other in others:
        low, high = other.along(side)
        if any(abs(line - at) <= REACH + THICK for line in (other.edges[side % 2], other.edges[side % 2 + 2])):
            taken |= (places > low - THICK) & (places < high + THICK)
        if other.edges[side % 2] - THICK < at < other.edges[side % 2 + 2] + THICK:
            taken |= (np.abs(places - low) <= THICK) | (np.abs(places - high) <= THICK)
    return ~taken


def lines(planes: Planes, side: int, at: float, rows: slice, colors: NDArray[np.float64]) -> NDArray[np.intp]:
    """Columns (of the lower and upper side: rows) near this place that mostly have one of these colours."""
    near = round(at)
    part = (planes.turned() if side % 2 else planes).rgb(rows, slice(near - REACH, near + REACH + 1))
    like = (np.abs(part[:, :, None] - colors).sum(axis=-1) < 110).any(axis=-1)
    return near - REACH + np.flatnonzero(like.mean(axis=0) > 0.6)


def looked_at(side: int, target: Target) -> slice | None:
    """The middle of a side; None where the picture ends there."""
    at, (low, high) = round(target.edges[side]), target.along(side)
    if at < REACH or at + REACH + 1 > (HEIGHT if side % 2 else WIDTH):
        return None
    return slice(int(low + 0.2 * (high - low)), int(high - 0.2 * (high - low)) + 1)


def distances(planes: Planes, number: int) -> Iterator[float | None]:
    """How far each edge of each box is drawn from where the picture of this number has it: infinite where it is not
    seen, None where there is nothing to be seen, for the picture ends there or other boxes lie on it."""
    found = targets(number)
    for target in found:
        others = [other for other in found if other is not target]
        for side in range(4):
            rows = looked_at(side, target)
            if rows is None or not free(side, rows, target, others).mean() > 0.7:
                yield None
                continue
            seen = lines(planes, side, target.edges[side], rows, target.colors)
            runs = np.split(seen, np.flatnonzero(np.diff(seen) > 1) + 1)
            middles = [float(run.mean()) + 0.5 for run in runs if len(run)]
            yield min((abs(edge - target.edges[side]) for edge in middles), default=math.inf)


def green_off(planes: Planes, number: int) -> float:
    """How far the picture's own green target is from where the scene has it, at most."""
    place = SCENE.landmark(number)
    if place is None:
        return 0.0
    target = Target(place, np.array([(0.0, 255.0, 0.0)]))
    off = [0.0]
    for side in range(4):
        rows = looked_at(side, target)
        if rows is not None:
            seen = lines(planes, side, target.edges[side], rows, target.colors)
            off.append(abs((seen[-1] + 1 if side > 1 else seen[0]) - target.edges[side]) if len(seen) else math.inf)
    return max(off)


def pictures(path: Path) -> Iterator[tuple[int, Planes]]:
    """The number painted into each picture, and its planes."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            whole = frame.to_ndarray(format="yuv420p")
            half = (HEIGHT // 2, WIDTH // 2)
            u, v = whole[HEIGHT : HEIGHT * 5 // 4].reshape(half), whole[HEIGHT * 5 // 4 :].reshape(half)
            row = whole[TOP + 8 : TOP + 16]
            bits = [row[:, LEFT + SQUARE * bit + 8 : LEFT + SQUARE * bit + 16].mean() > 128 for bit in range(16)]
            yield sum(int(on) << bit for bit, on in enumerate(bits)), Planes(whole[:HEIGHT], u, v)


def times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    return sorted(float(packet.pts * packet.time_base) for packet in packets)  # type: ignore[operator]


async def onframe(*arguments: str | Path) -> str:
    """Run the command; what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "onframe", "annotate", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        raise
    assert process.returncode == 0, said.decode()
    return said.decode()


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the camera's ``clip.mp4``, its metadata up to 0.4 s late, and what was made of it afterwards."""
    folder = tmp_path_factory.mktemp("minute")
    clip, records = folder / "clip.mp4", folder / "records.jsonl"

    async def record() -> None:
        camera = SimulatedCamera("gate", clock="sr", frame_marks=True, metadata_delay=(0.0, 0.4))
        keep = ["--keep-video", clip, "--keep-records", records]
        async with camera:
            await onframe(camera.url, "--for", f"{SECONDS}s", "-o", folder / "live.mp4", "--preset", "ultrafast", *keep)
        fast = ["--preset", "ultrafast", *UNCOVERED]
        print(await onframe(clip, "--records", records, "-o", folder / "out.mp4", *fast))

    asyncio.run(record())
    return folder


def test_a_minute_has_every_box_of_every_picture_on_its_picture(painted: Path) -> None:
    off: list[tuple[int, float]] = []
    wrong: list[bool] = []
    numbers, hidden = [], 0
    for n, (number, planes) in enumerate(pictures(painted / "out.mp4")):
        numbers.append(number)
        for distance in distances(planes, number):
            if distance is None:
                hidden += 1
            else:
                off.append((n, distance))
        if n % 10 == 0:  # as if the box of the picture before or after it had been drawn
            near = [d for shift in (-1, 1) for d in distances(planes, number + shift) if d is not None]
            wrong += [distance > WITHIN for distance in near]
    share = len(off) / (len(off) + hidden)
    print(f"{len(numbers)} pictures, {len(off)} edges, {share:.1%} of all, {max(d for _, d in off):.2f} pixels off")
    print(f"one picture off: {sum(wrong) / len(wrong):.0%} of the edges are further off")
    assert abs(len(numbers) - SECONDS * RATE) <= 2
    assert numbers == [(numbers[0] + n) % SCENE.frames for n in range(len(numbers))]
    assert [one for one in off if one[1] > WITHIN] == []
    assert share >= 0.9  # else other boxes lie on them, or the picture ends there
    assert len(off) >= 10_000
    assert sum(wrong) >= 0.3 * len(wrong)  # far away they move less than 2 pixels from one picture to the next


def test_the_picture_agrees_with_what_is_painted_on_it(painted: Path) -> None:
    """The scene's word is that of the camera's own pixels, and the same pictures stand at the same times."""
    of_clip = [(number, green_off(planes, number)) for number, planes in pictures(painted / "clip.mp4")]
    assert [one for one in of_clip if one[1] > WITHIN] == []
    assert [number for number, _ in of_clip] == [number for number, _ in pictures(painted / "out.mp4")]
    assert times(painted / "clip.mp4") == times(painted / "out.mp4")
