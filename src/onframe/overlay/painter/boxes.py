"""Upright rectangles, drawn by slices of the planes: what there is most of."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypeAlias

import numpy as np

from onframe.overlay.painter.planes import YUV, Planes
from onframe.overlay.painter.sprites import wash

Strip: TypeAlias = tuple[int, int, int, int]
"""left, top, right, bottom in whole pixels, the last two exclusive"""
Spans: TypeAlias = tuple[int, int, int, int]
"""Of one axis: where the first line begins and ends, where the last one does."""

SEAM = "#04080e"
"""Around each line, half covering: it makes it legible on any picture."""
SEAM_OPACITY = 0.5


class Pencil:
    """Draws strips of one colour and opacity."""

    def __init__(self, planes: Planes, color: str, alpha: float) -> None:
        self.planes = planes
        self.level: YUV = planes.colors.yuv(color)
        self.rest = 0 if alpha >= 1 else 256 - round(alpha * 256)

    def fill(self, strip: Strip) -> None:
        """The strip, cut off at the picture's edges; chroma as far as the strip touches it."""
        x0, y0, x1, y1 = (max(0, edge) for edge in strip)
        if x1 <= x0 or y1 <= y0:
            return
        planes, (y, u, v) = self.planes, self.level
        cx0, cy0, cx1, cy1 = x0 >> 1, y0 >> 1, (x1 + 1) >> 1, (y1 + 1) >> 1
        if self.rest:
            by = 256 - self.rest
            wash(planes.y, x0, y0, x1, y1, self.rest, y * by + 96)
            wash(planes.u, cx0, cy0, cx1, cy1, self.rest, u * by + 96)
            wash(planes.v, cx0, cy0, cx1, cy1, self.rest, v * by + 96)
            return
        planes.y.data[y0:y1, x0:x1] = y
        planes.u.data[cy0:cy1, cx0:cx1] = u
        planes.v.data[cy0:cy1, cx0:cx1] = v


def darken(planes: Planes, strips: Iterable[Strip], alpha: float) -> None:
    """The seam, in luma alone: where it lies, chroma belongs to the line."""
    opacity = SEAM_OPACITY * alpha
    level = planes.colors.yuv(SEAM)[0]
    half = np.uint8(level // 2)
    rest = 256 - round(opacity * 256)
    for strip in strips:
        x0, y0, x1, y1 = (max(0, edge) for edge in strip)
        if x1 <= x0 or y1 <= y0:
            continue
        if rest == 128:
            region = planes.y.data[y0:y1, x0:x1]
            region >>= 1
            region += half
        else:
            wash(planes.y, x0, y0, x1, y1, rest, level * (256 - rest) + 96)


def spans(low: float, high: float, width: int) -> Spans:
    """Where the two lines of an outline lie whose middles are at these places."""
    first, last = math.floor(low - width / 2 + 0.5), math.floor(high - width / 2 + 0.5)
    return first, first + width, last, last + width


def frame(across: Spans, down: Spans, more: int = 0) -> tuple[Strip, ...]:
    """The four sides, each this much thicker on both sides; none twice, however small the rectangle is."""
    x0, x1, x2, x3 = across[0] - more, across[1] + more, across[2] - more, across[3] + more
    y0, y1, y2, y3 = down[0] - more, down[1] + more, down[2] - more, down[3] + more
    if x2 <= x1 or y2 <= y1:
        return ((x0, y0, x3, y3),)
    return (x0, y0, x3, y1), (x0, y2, x3, y3), (x0, y1, x1, y2), (x2, y1, x3, y2)


def corners(across: Spans, down: Spans, arm: int, more: int = 0) -> tuple[Strip, ...]:
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
    return tuple(strips)


def dashed(sides: Iterable[Strip], dash: int, gap: int) -> list[Strip]:
    """The strips in pieces; each begins with a dash."""
    pieces: list[Strip] = []
    for x0, y0, x1, y1 in sides:
        if x1 - x0 >= y1 - y0:
            pieces += [(x, y0, min(x + dash, x1), y1) for x in range(x0, x1, dash + gap)]
        else:
            pieces += [(x0, y, x1, min(y + dash, y1)) for y in range(y0, y1, dash + gap)]
    return pieces
