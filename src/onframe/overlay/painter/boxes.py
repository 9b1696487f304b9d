"""Upright rectangles, drawn by slices of the planes: what there is most of."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from onframe.overlay.painter.cache import Cache
from onframe.overlay.painter.planes import YUV, Bytes, Colors, Plane, Planes
from onframe.overlay.painter.sprites import table, wash

Strip: TypeAlias = tuple[int, int, int, int]
"""left, top, right, bottom in whole pixels, the last two exclusive"""
Spans: TypeAlias = tuple[int, int, int, int]
"""Of one axis: where the first line begins and ends, where the last one does."""
Places: TypeAlias = NDArray[np.intp]

SEAM = "#04080e"
"""Around each line, half covering: it makes it legible on any picture."""
SEAM_OPACITY = 0.5


def fill(planes: Planes, strips: Iterable[Strip], color: str, alpha: float = 1.0) -> None:
    """Strips of one colour, which begin within the picture (`seen`); chroma as far as they touch it."""
    y, u, v = planes.colors.yuv(color)
    if alpha < 1:
        _wash(planes, strips, (y, u, v), alpha)
        return
    luma, blue, red = planes.y.data, planes.u.data, planes.v.data
    for x0, y0, x1, y1 in strips:
        luma[y0:y1, x0:x1] = y
        x0, y0, x1, y1 = x0 >> 1, y0 >> 1, (x1 + 1) >> 1, (y1 + 1) >> 1
        blue[y0:y1, x0:x1] = u
        red[y0:y1, x0:x1] = v


def _wash(planes: Planes, strips: Iterable[Strip], levels: YUV, alpha: float) -> None:
    by = max(0, round(alpha * 256))
    y, u, v = (level * by + 96 for level in levels)
    for x0, y0, x1, y1 in strips:
        wash(planes.y, x0, y0, x1, y1, 256 - by, y)
        x0, y0, x1, y1 = x0 >> 1, y0 >> 1, (x1 + 1) >> 1, (y1 + 1) >> 1
        wash(planes.u, x0, y0, x1, y1, 256 - by, u)
        wash(planes.v, x0, y0, x1, y1, 256 - by, v)


def darken(planes: Planes, strips: Iterable[Strip], alpha: float = 1.0) -> None:
    """The seam, in luma alone: where it lies, chroma belongs to the line."""
    by = round(SEAM_OPACITY * alpha * 256)
    share = planes.colors.yuv(SEAM)[0] * by + 96
    for x0, y0, x1, y1 in strips:
        wash(planes.y, x0, y0, x1, y1, 256 - by, share)


class Sides:
    """Where the pixels of two upright lines lie in a plane's memory, worked out once for each distance of the two."""

    def __init__(self) -> None:
        self._known: Cache[Places] = Cache(1024, 8 << 20)

    @property
    def used(self) -> int:
        """Bytes."""
        return self._known.used

    def of(self, across: Spans, stride: int, rows: int, seam: int = 0) -> Places:
        """For so many rows, from the upper left on; with ``seam`` only so many columns at both edges of each line."""
        x0, x1, x2, x3 = across
        key = (x1 - x0, x2 - x0, x3 - x0, stride, rows.bit_length(), seam)
        found = self._known.get(key)
        if found is None:
            lines = (range(x1 - x0), range(x2 - x0, x3 - x0))
            parts = [part for line in lines for part in ((line[:seam], line[-seam:]) if seam else (line,))]
            down = np.arange(1 << rows.bit_length(), dtype=np.intp) * stride
            found = np.add.outer(down, np.concatenate(parts)).reshape(-1)
            self._known.put(key, found, found.nbytes + 200)
        return found[: rows * (4 * seam or x1 - x0 + x3 - x2)]


def outline(planes: Planes, across: Spans, down: Spans, seam: int, color: str, alpha: float, sides: Sides) -> None:
    """The four sides and their seam."""
    x0, x1, x2, x3 = across
    y0, y1, y2, y3 = down
    within = x0 >= seam and y0 >= seam and x3 + seam <= planes.width and y3 + seam <= planes.height
    if alpha < 1 or not within or x2 - x1 <= 2 * seam or y2 - y1 <= 2 * seam:
        darken(planes, seen(frame(across, down, seam)), alpha)
        fill(planes, seen(frame(across, down)), color, alpha)
        return
    _shade(planes, across, down, seam, sides)
    y, u, v = planes.colors.yuv(color)
    _ring(planes.y, across, down, y, sides)
    across, down = _halved(across), _halved(down)
    _ring(planes.u, across, down, u, sides)
    _ring(planes.v, across, down, v, sides)


def _ring(plane: Plane, across: Spans, down: Spans, level: int, sides: Sides) -> None:
    """Four sides of one level."""
    x0, _, _, x3 = across
    y0, y1, y2, y3 = down
    data, stride = plane.data, plane.stride
    data[y0:y1, x0:x3] = level
    data[y2:y3, x0:x3] = level
    plane.flat[y1 * stride + x0 :][sides.of(across, stride, y2 - y1)] = level


def _shade(planes: Planes, across: Spans, down: Spans, seam: int, sides: Sides) -> None:
    """The seam outside and inside of the line; it lies in luma alone."""
    x0, x1, x2, x3 = across
    y0, y1, y2, y3 = down
    memory, stride = planes.y.memory, planes.y.stride
    values, levels = _darker(planes.colors)
    left, right, top, bottom = x0 - seam, x3 + seam, y0 - seam, y3 + seam
    # Looked up before the rows are darkened: where both meet, a value is darkened once.
    standing = planes.y.flat[top * stride + left :]
    places = sides.of((left, x1 + seam, x2 - seam, right), stride, bottom - top, seam)
    darkened = levels.take(standing.take(places))
    for begin, end, first, last in (
        (left, right, top, y0),
        (x1, x2, y1, y1 + seam),
        (x1, x2, y2 - seam, y2),
        (left, right, y3, bottom),
    ):
        for start in range(first * stride + begin, last * stride, stride):
            memory[start : start + end - begin] = bytes(memory[start : start + end - begin]).translate(values)
    standing[places] = darkened


@functools.lru_cache(maxsize=16)
def _darker(colors: Colors) -> tuple[bytes, Bytes]:
    """What the seam makes of each value: to translate bytes by, and to look up in."""
    by = round(SEAM_OPACITY * 256)
    values = table(256 - by, colors.yuv(SEAM)[0] * by + 96)
    return values.tobytes(), values


def _halved(spans: Spans) -> Spans:
    """In chroma, as far as the lines touch it."""
    return spans[0] >> 1, (spans[1] + 1) >> 1, spans[2] >> 1, (spans[3] + 1) >> 1


def seen(strips: Sequence[Strip]) -> Sequence[Strip]:
    """The strips without what lies left of the picture or above it; slices end at its other edges by themselves."""
    cut = [(max(0, x0), max(0, y0), x1, y1) for x0, y0, x1, y1 in strips]
    return [strip for strip in cut if strip[2] > strip[0] and strip[3] > strip[1]]


def spans(low: float, high: float, width: int) -> Spans:
    """Where the two lines of an outline lie whose middles are at these places."""
    first, last = math.floor(low - width / 2 + 0.5), math.floor(high - width / 2 + 0.5)
    return first, first + width, last, last + width


def frame(across: Spans, down: Spans, more: int = 0) -> Sequence[Strip]:
    """The four sides, each this much thicker on both sides; none twice, however small the rectangle is."""
    x0, x1, x2, x3 = across[0] - more, across[1] + more, across[2] - more, across[3] + more
    y0, y1, y2, y3 = down[0] - more, down[1] + more, down[2] - more, down[3] + more
    if x2 <= x1 or y2 <= y1:
        return ((x0, y0, x3, y3),)
    return (x0, y0, x3, y1), (x0, y2, x3, y3), (x0, y1, x1, y2), (x2, y1, x3, y2)


def corners(across: Spans, down: Spans, arm: int, more: int = 0) -> Sequence[Strip]:
    """The four corners with arms of this length, each this much thicker; no pixel twice."""
    arm += more
    strips: list[Strip] = []
    for y0, y1, upper in ((down[0], down[1], True), (down[2], down[3], False)):
        top, bottom = y0 - more, y1 + more
        low, high = (bottom, max(bottom, y0 + arm)) if upper else (min(top, y1 - arm), top)
        left, right = (across[0], across[1]), (across[2], across[3])
        strips.append((left[0] - more, top, left[0] + arm, bottom))
        strips.append((right[1] - arm, top, right[1] + more, bottom))
        strips.append((left[0] - more, low, left[1] + more, high))
        strips.append((right[0] - more, low, right[1] + more, high))
    return strips


def dashed(sides: Iterable[Strip], dash: int, gap: int) -> Sequence[Strip]:
    """The strips in pieces; each begins with a dash."""
    pieces: list[Strip] = []
    for x0, y0, x1, y1 in sides:
        if x1 - x0 >= y1 - y0:
            pieces += [(x, y0, min(x + dash, x1), y1) for x in range(x0, x1, dash + gap)]
        else:
            pieces += [(x0, y, x1, min(y + dash, y1)) for y in range(y0, y1, dash + gap)]
    return pieces
