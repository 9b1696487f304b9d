"""A heat map as a small PNG in base64 (B.2)."""

from __future__ import annotations

import base64
import io
from functools import lru_cache

from onframe.simulator.scenes.scene import HEIGHT, WIDTH

COLUMNS, ROWS = 96, 54
STOPS = (
    (0, 40, 80, 200, 0),
    (0.15, 40, 120, 220, 70),
    (0.4, 70, 200, 150, 130),
    (0.7, 250, 200, 70, 180),
    (1, 235, 70, 60, 220),
)


@lru_cache(maxsize=16)
def heat_picture(spots: tuple[tuple[float, float, float], ...]) -> str:
    """Warmth around the places (x, y, scale), in logical pixels; transparent where nobody was."""
    import numpy
    from PIL import Image

    xs = (numpy.arange(COLUMNS) + 0.5) * WIDTH / COLUMNS
    ys = (numpy.arange(ROWS) + 0.5) * HEIGHT / ROWS
    warmth = numpy.zeros((ROWS, COLUMNS))
    for x, y, scale in spots:
        across = numpy.exp(-(((xs - x) / (90 * scale + 8)) ** 2))
        along = numpy.exp(-(((ys - y) / (45 * scale + 8)) ** 2))
        warmth += along[:, None] * across[None, :]
    warmth /= max(1e-9, float(warmth.max()))
    levels = [stop[0] for stop in STOPS]
    channels = [numpy.interp(warmth, levels, [stop[i] for stop in STOPS]) for i in range(1, 5)]
    image = Image.fromarray(numpy.stack(channels, axis=-1).astype(numpy.uint8), "RGBA")
    file = io.BytesIO()
    image.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()
