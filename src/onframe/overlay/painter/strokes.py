"""Lines in any direction, with smooth edges: its distance from the line says how much of a pixel is covered.

Lines are cut into short pieces, the pixels around all of them are computed at once, and only those that are touched are
kept: a line across the whole picture costs its own length.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from onframe.overlay.painter.geometry import XY, Edges
from onframe.overlay.painter.planes import Colors, Plane, Planes
from onframe.overlay.painter.sprites import Cover, Film

Segment: TypeAlias = tuple[float, float, float, float]
"""x, y of its start and of its end"""
Places: TypeAlias = NDArray[np.intp]

MOST_POINTS = 256
"""Of one line; of more, some are left out."""
_LONGEST = 6
"""A line no longer than so many times width and height of the picture; the rest is left out."""
_AT_ONCE = 1 << 16
"""Pixels that are computed together: what the processor's cache holds."""


class Coat(NamedTuple):
    """A colour and how much of each pixel it covers."""

    cover: Cover
    color: str
    opacity: float = 1.0


class Mark:
    """What was drawn at one place of the picture, as its single pixels in the three planes."""

    __slots__ = ("_dots", "_places", "_strides")

    def __init__(self, dots: Sequence[tuple[Places, Places, Film]]) -> None:
        """For each plane: rows, columns, and what is done there."""
        self._dots = dots
        self._places: list[Places] = []
        self._strides: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return sum(28 * rows.size for rows, _, _ in self._dots) + 500

    def blend(self, planes: Planes, alpha: float = 1.0) -> None:
        three = (planes.y, planes.u, planes.v)
        strides = tuple(plane.stride for plane in three)
        if strides != self._strides:
            self._strides = strides
            self._places = [rows * s + columns for (rows, columns, _), s in zip(self._dots, strides, strict=True)]
        for plane, places, (_, _, film) in zip(three, self._places, self._dots, strict=True):
            _dot(plane, places, film if alpha >= 1 else film.faded(alpha))


def _dot(plane: Plane, places: Places, film: Film) -> None:
    mixed = plane.flat.take(places) * film.rest
    mixed += film.share
    mixed >>= 8
    plane.flat[places] = mixed


class Sketch:
    """Lines on a picture of this size and in these colours."""

    def __init__(self, width: int, height: int, colors: Colors) -> None:
        self.width, self.height, self.colors = width, height, colors
        self.clip: Edges = (0, 0, width, height)
        self._half = (width + 1) // 2
        self._grid = np.zeros(0, np.float32)
        self._order = np.zeros(0, np.int32)

    def clipped(self, clip: Edges) -> Sketch:
        """Nothing is drawn outside of these whole pixels."""
        self._allocate()
        other = copy.copy(self)
        left, top, right, bottom = clip
        other.clip = (max(0, left), max(0, top), min(self.width, right), min(self.height, bottom))
        return other

    def _allocate(self) -> None:
        """A value for each pixel, 0 between two lines: cleared where it was used, which is little."""
        if not self._grid.size:
            self._grid = np.zeros(self.width * self.height, np.float32)
            self._order = np.zeros(self.width * self.height, np.int32)

    def line(self, segments: Iterable[Segment], thickness: float, color: str, seam: tuple[str, float, float]) -> Mark:
        """A line, and under it a seam: its colour, its opacity, and how far it reaches beyond the line."""
        under, opacity, more = seam
        radius = max(0.5, thickness / 2)
        places, depth = self._spread(self._pieces(segments), radius + more, None)
        below = Coat(np.minimum(depth, 1), under, opacity)
        return self.mark(places, [below, Coat(np.clip(depth - np.float32(more), 0, 1), color)])

    def stroke(self, segments: Iterable[Segment], thickness: float, color: str, opacity: float = 1.0) -> Mark:
        """A line without a seam."""
        places, depth = self._spread(self._pieces(segments), max(0.5, thickness / 2), None)
        return self.mark(places, [Coat(np.minimum(depth, 1), color, opacity)])

    def fading(
        self, segments: Sequence[Segment], thickness: Sequence[float], opacity: Sequence[float], color: str
    ) -> Mark:
        """Segments each of its own thickness and opacity; where they meet, the stronger one counts. Dots, too."""
        pieces, radii, strength = [], [], []
        for segment, thick, strong in zip(segments, thickness, opacity, strict=True):
            cut = list(self._pieces([segment]))
            pieces += cut
            radii += [max(0.5, thick / 2)] * len(cut)
            strength += [strong] * len(cut)
        places, cover = self._spread(pieces, np.array(radii, np.float32), np.array(strength, np.float32))
        return self.mark(places, [Coat(cover, color)])

    def cover(self, segments: Iterable[Segment], thickness: float) -> Cover:
        """How much a line covers of each pixel of the whole picture."""
        places, depth = self._spread(self._pieces(segments), max(0.5, thickness / 2), None)
        whole = np.zeros(self.width * self.height, np.float32)
        whole[places] = np.minimum(depth, 1)
        return whole.reshape(self.height, self.width)

    def mark(self, places: Places, coats: Sequence[Coat]) -> Mark:
        """These pixels under these coats, the first at the bottom; places are counted row by row."""
        rows, columns = np.divmod(places, self.width)
        levels = [self.colors.yuv(coat.color) for coat in coats]
        covers = [coat.cover * np.float32(coat.opacity) for coat in coats]
        luma = _film(covers, [level[0] for level in levels])
        cells, covers = self._halved(rows, columns, covers)
        half_rows, half_columns = np.divmod(cells, self._half)
        u, v = (_film(covers, [level[i] for level in levels]) for i in (1, 2))
        return Mark([(rows, columns, luma), (half_rows, half_columns, u), (half_rows, half_columns, v)])

    def _halved(self, rows: Places, columns: Places, covers: Sequence[Cover]) -> tuple[Places, list[Cover]]:
        """The values of chroma that these pixels share, and how much of each is covered."""
        cells = (rows >> 1) * self._half + (columns >> 1)
        self._allocate()
        kept = self._once(cells)
        halves = []
        for cover in covers:
            np.add.at(self._grid, cells, cover)
            halves.append(self._grid[kept] * np.float32(0.25))
            self._grid[kept] = 0
        return kept, halves

    def _once(self, places: Places) -> Places:
        """Each place once, in no order."""
        order = np.arange(places.size, dtype=np.int32)
        self._order[places] = order
        kept: Places = places[self._order[places] == order]
        return kept

    def _pieces(self, segments: Iterable[Segment]) -> Iterator[Segment]:
        """Cut at the picture's edges, and short."""
        left = 1.0 * _LONGEST * (self.width + self.height)
        longest = max(10.0, self.width / 128)
        x0, y0, x1, y1 = self.clip
        edges = (x0 - 40.0, y0 - 40.0, x1 + 40.0, y1 + 40.0)
        for segment in segments:
            seen = clipped(segment, *edges)
            if seen is None:
                continue
            x0, y0, x1, y1 = seen
            length = math.hypot(x1 - x0, y1 - y0)
            if not math.isfinite(length):
                continue
            left -= length
            if left < 0:
                return
            count = max(1, math.ceil(length / longest))
            dx, dy = (x1 - x0) / count, (y1 - y0) / count
            for i in range(count):
                yield x0 + i * dx, y0 + i * dy, x0 + (i + 1) * dx, y0 + (i + 1) * dy

    def _spread(
        self, pieces: Iterable[Segment], radius: float | NDArray[np.float32], strength: NDArray[np.float32] | None
    ) -> tuple[Places, Cover]:
        """The pixels within ``radius`` of the pieces, and how deep within each lies at most.

        With ``strength``: how much each is covered at most, by pieces of these opacities.
        """
        ends = np.array(list(pieces), np.float32).reshape(-1, 4)
        radii = np.broadcast_to(np.asarray(radius, np.float32), ends.shape[:1])
        if not ends.size:
            return np.zeros(0, np.intp), np.zeros(0, np.float32)
        reach = float(radii.max()) + 1
        side = math.ceil(float(np.abs(ends[:, 2:] - ends[:, :2]).max()) + 2 * reach) + 1
        count = max(1, _AT_ONCE // (side * side))
        found = []
        for i in range(0, len(ends), count):
            part = slice(i, i + count)
            found.append(
                self._depths(ends[part], radii[part], None if strength is None else strength[part], reach, side)
            )
        places = np.concatenate([places for places, _ in found])
        depths = np.concatenate([depths for _, depths in found])
        self._allocate()
        np.maximum.at(self._grid, places, depths)
        kept = self._once(places)
        deepest = self._grid[kept]
        self._grid[kept] = 0
        return kept, deepest

    def _depths(
        self,
        ends: NDArray[np.float32],
        radii: NDArray[np.float32],
        strength: NDArray[np.float32] | None,
        reach: float,
        side: int,
    ) -> tuple[Places, Cover]:
        """For squares of ``side`` pixels around each piece: places that are touched, and how deep they lie."""
        low = np.floor(np.minimum(ends[:, :2], ends[:, 2:]) - np.float32(reach))
        steps = np.arange(side, dtype=np.float32)
        columns, rows = low[:, :1] + steps, low[:, 1:] + steps
        dx, dy = (ends[:, 2] - ends[:, 0])[:, None], (ends[:, 3] - ends[:, 1])[:, None]
        px, py = columns + np.float32(0.5) - ends[:, :1], rows + np.float32(0.5) - ends[:, 1:2]
        norm = np.maximum(dx * dx + dy * dy, np.float32(1e-6))
        along = (px * dx / norm)[:, None, :] + (py * dy / norm)[:, :, None]
        np.clip(along, 0, 1, out=along)
        across = px[:, None, :] - along * dx[:, :, None]
        along *= dy[:, :, None]
        np.subtract(py[:, :, None], along, out=along)
        depth = (radii + np.float32(0.5))[:, None, None] - np.sqrt(across * across + along * along)
        if strength is not None:
            depth = np.minimum(depth, 1) * strength[:, None, None]
        left, top, right, bottom = self.clip
        seen_x, seen_y = (columns >= left) & (columns < right), (rows >= top) & (rows < bottom)
        touched = (depth > 0) & seen_x[:, None, :] & seen_y[:, :, None]
        places = rows.astype(np.intp)[:, :, None] * self.width + columns.astype(np.intp)[:, None, :]
        return places[touched], depth[touched]


def _film(covers: Sequence[Cover], levels: Sequence[int]) -> Film:
    rest = np.ones_like(covers[0])
    share = np.zeros_like(covers[0])
    for cover, level in zip(covers, levels, strict=True):
        through = 1 - cover
        rest *= through
        share *= through
        share += cover * np.float32(level)
    shines = (rest * np.float32(256) + np.float32(0.5)).astype(np.uint16)
    added = (share * np.float32(256) + np.float32(96)).astype(np.uint16)
    added[shines == 256] = 0
    return Film(shines, added)


def path(points: Sequence[XY], *, closed: bool = False) -> list[Segment]:
    """The segments between the points."""
    if len(points) > MOST_POINTS:
        points = points[:: math.ceil(len(points) / MOST_POINTS)]
    ends = [*points[1:], points[0]] if closed else points[1:] or points[:1]
    return [(*start, *end) for start, end in zip(points, ends, strict=False)]


def arc(x: float, y: float, radius: float, start: float, end: float) -> list[XY]:
    """Points along a part of a circle; angles in radians."""
    count = max(2, math.ceil(abs(end - start) * math.sqrt(max(radius, 1.0)) * 1.5))
    turns = (start + (end - start) * i / count for i in range(count + 1))
    return [(x + radius * math.cos(turn), y + radius * math.sin(turn)) for turn in turns]


def dashes(segments: Iterable[Segment], dash: float, gap: float) -> Iterator[Segment]:
    """The parts of a line that are drawn where it is dashed; it begins with a dash."""
    at, period = 0.0, dash + gap
    for x0, y0, x1, y1 in segments:
        length = math.hypot(x1 - x0, y1 - y0)
        if length <= 0 or length > 4000 * period:
            continue
        start = -(at % period)
        while start < length:
            a, b = max(0.0, start) / length, min(length, start + dash) / length
            if b > a:
                yield x0 + (x1 - x0) * a, y0 + (y1 - y0) * a, x0 + (x1 - x0) * b, y0 + (y1 - y0) * b
            start += period
        at += length


def clipped(segment: Segment, left: float, top: float, right: float, bottom: float) -> Segment | None:
    """The part of it within these edges."""
    x0, y0, x1, y1 = segment
    dx, dy = x1 - x0, y1 - y0
    first, last = 0.0, 1.0
    for slope, room in ((-dx, x0 - left), (dx, right - x0), (-dy, y0 - top), (dy, bottom - y0)):
        if slope == 0:
            if room < 0:
                return None
        elif slope < 0:
            first = max(first, room / slope)
        else:
            last = min(last, room / slope)
    if first > last:
        return None
    return x0 + first * dx, y0 + first * dy, x0 + last * dx, y0 + last * dy
