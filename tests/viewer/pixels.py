"""What the tests read from pictures of the page: numbers in squares, marks, and where edges are."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterable

import numpy as np
from PIL import Image

from onframe.overlay.style import ALARM, class_color
from onframe.simulator.scenes import load
from onframe.simulator.video import shoot

WIDTH, HEIGHT = 1280, 720
SQUARE, LEFT = 24, 16
PICTURE_ROW, OVERLAY_ROW = 16, 48
COLOURS = [class_color("human"), class_color("vehicle"), ALARM]
"""Of the boxes that are drawn at the gate."""


def bits(picture: np.ndarray, row: int) -> int:
    """The number in one row of squares; each square's middle is averaged, so that coding noise does not matter."""
    number = 0
    for bit in range(16):
        x = LEFT + SQUARE * bit
        number |= int(picture[row + 8 : row + 16, x + 8 : x + 16].mean() > 128) << bit
    return number


def has_mark(picture: np.ndarray, row: int, wanted: tuple[int, int, int]) -> bool:
    """The square after a number has this colour."""
    x = LEFT + 16 * SQUARE
    colour = picture[row + 8 : row + 16, x + 8 : x + 16].reshape(-1, 3).mean(axis=0)
    return bool((np.abs(colour - wanted) < 70).all())


class Shown:
    """One picture of the page at the instant ``at`` (Unix s): the number in the video, that of the overlay or None.

    ``whole``: every document of the frame had come; else some boxes are held from an earlier one.
    """

    def __init__(self, data: bytes, at: float) -> None:
        self.picture = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        self.at = at
        self.has_video = has_mark(self.picture, PICTURE_ROW, (0, 255, 255))
        self.frame = bits(self.picture, PICTURE_ROW)
        self.whole = has_mark(self.picture, OVERLAY_ROW, (255, 0, 255))
        numbered = self.whole or has_mark(self.picture, OVERLAY_ROW, (255, 0, 128))
        self.overlay = bits(self.picture, OVERLAY_ROW) if numbered else None


def judge(shown: Iterable[Shown], may_be_bare: set[int]) -> tuple[set[int], list[str]]:
    """(frames whose two numbers are equal, what is wrong).

    A frame must show its number unless its place among ``shown`` ``may_be_bare``; no frame may show another's.
    """
    right: set[int] = set()
    wrong: list[str] = []
    for place, one in enumerate(shown):
        if one.overlay == one.frame:
            right.add(one.frame)
        elif one.overlay is not None:
            wrong.append(f"frame {one.frame} shows the overlay of {one.overlay}")
        elif place not in may_be_bare:
            wrong.append(f"frame {one.frame} shows no overlay number")
    return right, wrong


def landmark(picture: np.ndarray) -> tuple[float, float, float, float] | None:
    """The edges of the target that is painted plainly green: (left, top, right, bottom) in pixels, or None."""
    red, green, blue = (picture[80:, :, i] for i in range(3))
    like = (green > 200) & (red < 100) & (blue < 100)
    columns, rows = np.nonzero(like.sum(axis=0) > 15)[0], np.nonzero(like.sum(axis=1) > 15)[0]
    if not len(columns) or not len(rows):
        return None
    return float(columns[0]), float(rows[0] + 80), float(columns[-1] + 1), float(rows[-1] + 81)


@functools.cache
def landmarks() -> dict[int, tuple[float, float, float, float]]:
    """Where that target was painted, by the picture's number; coding would blur its edges by a pixel."""
    boxes = {n: landmark(np.asarray(picture)) for n, picture in enumerate(shoot(load("gate", 1), frame_marks=True))}
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
    part = picture[rows, first : first + 13].astype(np.int16)
    like = np.zeros(part.shape[:2], dtype=bool)
    for colour in colours:
        wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
        like |= np.abs(part - wanted).sum(axis=2) < 75  # the target itself is green too
    strong = np.nonzero(like.mean(axis=0) > 0.6)[0]
    lines = [float(run.mean()) for run in np.split(strong, np.nonzero(np.diff(strong) > 1)[0] + 1) if len(run)]
    # rules and trails cross here too: the line nearest to the target is its box's
    return min((first + line + 0.5 for line in lines), key=lambda edge: abs(edge - near), default=None)


def distances(shown: Iterable[Shown]) -> tuple[list[float], int]:
    """(how far each edge of the drawn boxes is from the painted target, in pixels; how many edges were looked for).

    Each frame is looked at once.
    """
    once = {one.frame: one for one in shown}
    boxes = landmarks()
    found: list[float] = []
    looked_for = 0
    for one in once.values():
        if (box := boxes.get(one.frame)) is None:
            continue
        edges = [drawn_edge(one.picture, COLOURS, box, side) for side in range(4)]
        found += [abs(edge - box[side]) for side, edge in enumerate(edges) if edge is not None]
        looked_for += 4
    return found, looked_for
