"""Geometry of the drawing, in pixels. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

XY: TypeAlias = tuple[float, float]
Edges: TypeAlias = tuple[float, float, float, float]
"""left, top, right, bottom"""


class Rect(NamedTuple):
    x: float
    y: float
    w: float
    h: float

    @property
    def edges(self) -> Edges:
        return (self.x, self.y, self.x + self.w, self.y + self.h)


def overlap(rect: Rect, others: Iterable[Edges]) -> float:
    """How much of it the others cover, each counted by itself."""
    x, y, w, h = rect
    right, bottom = x + w, y + h
    area = 0.0
    for x0, y0, x1, y1 in others:
        if x0 < right and y0 < bottom and x < x1 and y < y1:
            area += (min(right, x1) - max(x, x0)) * (min(bottom, y1) - max(y, y0))
    return area


def inside(rect: Rect, bounds: Rect) -> Rect:
    """Moved into the bounds; what is larger than they are begins at their upper left."""
    x = max(bounds.x, min(rect.x, bounds.x + bounds.w - rect.w))
    y = max(bounds.y, min(rect.y, bounds.y + bounds.h - rect.h))
    return Rect(x, y, rect.w, rect.h)


def around(points: Sequence[XY]) -> Rect:
    """The upright rectangle around points, of which there is at least one."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    x, y = min(xs), min(ys)
    return Rect(x, y, max(xs) - x, max(ys) - y)


def crossing_arrow(points: Sequence[XY], length: float) -> tuple[XY, XY]:
    """Across the middle of a line, from its left side to its right, as seen going from the first point on."""
    i = max(0, math.ceil(len(points) / 2) - 1)
    (x0, y0), (x1, y1) = points[i], points[min(i + 1, len(points) - 1)]
    norm = math.hypot(x1 - x0, y1 - y0) or 1.0
    rx, ry = -(y1 - y0) / norm, (x1 - x0) / norm
    mx, my, half = (x0 + x1) / 2, (y0 + y1) / 2, length / 2
    return (mx - rx * half, my - ry * half), (mx + rx * half, my + ry * half)


def barbs(start: XY, tip: XY, size: float) -> tuple[XY, XY]:
    """The two ends of an arrow's head."""
    angle = math.atan2(tip[1] - start[1], tip[0] - start[0])
    left, right = (
        (tip[0] - size * math.cos(angle + turn), tip[1] - size * math.sin(angle + turn)) for turn in (0.5, -0.5)
    )
    return left, right


def nearest(rect: Rect, x: float, y: float) -> XY:
    """The point of the rectangle that is nearest to (x, y)."""
    return max(rect.x, min(x, rect.x + rect.w)), max(rect.y, min(y, rect.y + rect.h))


def ahead(start: XY, step: XY, seconds: float, least: float) -> XY | None:
    """Where a speed vector ends: so many seconds ahead, and far enough to be seen; None where nothing moves."""
    length = math.hypot(*step)
    if not 1e-9 < length < math.inf:
        return None
    scale = max(seconds, least / length)
    return start[0] + step[0] * scale, start[1] + step[1] * scale
