"""The insides of polygons: mostly rectangles, which are washed over at once, and the pixels beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from onframe.overlay.painter.geometry import XY, Edges, around
from onframe.overlay.painter.planes import Planes
from onframe.overlay.painter.sprites import wash
from onframe.overlay.painter.strokes import MOST_POINTS

_BAND = 16
"""Rows (even) that are looked at together."""


class Band(NamedTuple):
    """Some rows: columns that are inside in all of them, and single pixels (row, column) beside those."""

    top: int
    bottom: int
    runs: list[tuple[int, int]]
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]


class Fill:
    """The inside of a polygon, in both resolutions."""

    __slots__ = ("top", "bottom", "size", "_luma", "_chroma")

    def __init__(self, points: Sequence[XY], clip: Edges) -> None:
        """``points`` in pixels; nothing is filled outside of the whole pixels ``clip``."""
        x, y, w, h = around(points)
        left, self.top = max(int(clip[0]), int(x)) & ~1, max(int(clip[1]), int(y)) & ~1
        right, self.bottom = min(int(clip[2]), int(x + w) + 2), min(int(clip[3]), int(y + h) + 2)
        self._luma: list[Band] = []
        self._chroma: list[Band] = []
        self.size = 1000
        if right <= left or self.bottom <= self.top or len(points) < 3:
            return
        moved = [(px - left, py - self.top) for px, py in points]
        within = inside_of(moved, right - left, self.bottom - self.top)
        self._luma = _bands(within, left, self.top, _BAND)
        self._chroma = _bands(within[::2, ::2], left // 2, self.top // 2, _BAND // 2)
        self.size += sum(16 * band.rows.size + 500 for band in self._luma + self._chroma)

    def blend(self, planes: Planes, color: str, opacity: tuple[float, float], alpha: float = 1.0) -> None:
        """``opacity``: at its upper and at its lower end."""
        whole, levels = max(1, self.bottom - self.top), planes.colors.yuv(color)
        for luma, chroma in zip(self._luma, self._chroma, strict=True):
            down = ((luma.top + luma.bottom) / 2 - self.top) / whole
            by = max(0, min(256, round((opacity[0] + (opacity[1] - opacity[0]) * down) * alpha * 256)))
            for plane, level, band in zip((planes.y, planes.u, planes.v), levels, (luma, chroma, chroma), strict=True):
                for start, end in band.runs:
                    wash(plane, start, band.top, end, band.bottom, 256 - by, level * by + 96)
                if band.rows.size:
                    beside = plane.data[band.rows, band.columns].astype(np.uint16)
                    plane.data[band.rows, band.columns] = (beside * (256 - by) + level * by + 96) >> 8


def inside_of(points: Sequence[XY], width: int, height: int) -> NDArray[np.bool_]:
    """Which pixels of a picture of this size lie inside."""
    if len(points) > MOST_POINTS:
        points = points[:: -(-len(points) // MOST_POINTS)]
    image = Image.new("L", (width, height))
    if len(points) > 2:
        ImageDraw.Draw(image).polygon([(x - 0.5, y - 0.5) for x, y in points], fill=1)
    return np.asarray(image).astype(bool)


def _bands(within: NDArray[np.bool_], left: int, top: int, height: int) -> list[Band]:
    bands = []
    for first in range(0, within.shape[0], height):
        part = within[first : first + height]
        full = part.all(axis=0)
        edges = np.flatnonzero(np.diff(np.concatenate(([False], full, [False])).astype(np.int8)))
        rows, columns = np.nonzero(part & ~full)
        runs = [(int(a) + left, int(b) + left) for a, b in edges.reshape(-1, 2)]
        bands.append(Band(first + top, first + top + part.shape[0], runs, rows + first + top, columns + left))
    return bands
