"""Areas of the picture made unrecognisable, in its planes: what was there cannot be computed back."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from onframe.overlay.painter.planes import Bytes, Planes
from onframe.overlay.view import Area

_BLOCKS, _SMALLEST = 12, 8
"""Of a mosaic: along the longer side, and in pixels of the picture."""
_AVERAGES = 8
"""Of what is blurred: along its longer side."""
_FILL = "#0b0f14"


def hide(planes: Planes, area: Area) -> None:
    """Blur, pixelate or fill it; an area that is no rectangle is the whole picture."""
    edges = (area.x, area.y, area.x + area.w, area.y + area.h)
    if not all(math.isfinite(edge) for edge in edges):
        edges = (0.0, 0.0, 1.0, 1.0)
    left, right = sorted((_within(edges[0], planes.width), _within(edges[2], planes.width)))
    top, bottom = sorted((_within(edges[1], planes.height), _within(edges[3], planes.height)))
    x0, y0, x1, y1 = math.floor(left) & ~1, math.floor(top) & ~1, math.ceil(right), math.ceil(bottom)
    if x1 <= x0 or y1 <= y0:
        return
    columns, rows = _cells(x1 - x0, y1 - y0, area.how)
    half = (x0 // 2, y0 // 2, (x1 + 1) // 2, (y1 + 1) // 2)
    three = ((planes.y, (x0, y0, x1, y1)), (planes.u, half), (planes.v, half))
    for (plane, (a, b, c, d)), level in zip(three, planes.colors.yuv(_FILL), strict=True):
        region = plane.data[b:d, a:c]
        region[...] = level if area.how == "fill" else _coarse(region, columns, rows, smooth=area.how == "blur")


def _cells(width: int, height: int, how: str) -> tuple[int, int]:
    """Columns and rows of the averages that are left of a part of this size."""
    longer = max(width, height)
    cell = longer / _AVERAGES if how == "blur" else max(_SMALLEST, longer / _BLOCKS)
    return max(1, round(width / cell)), max(1, round(height / cell))


def _within(value: float, size: int) -> float:
    return max(0.0, min(1.0, value)) * size


def _coarse(region: Bytes, columns: int, rows: int, *, smooth: bool) -> Bytes:
    """So many averages of it, and nothing else."""
    height, width = region.shape
    few = (min(columns, width), min(rows, height))
    small = Image.fromarray(np.ascontiguousarray(region)).resize(few, Image.Resampling.BOX)
    how = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
    return np.asarray(small.resize((width, height), how))
