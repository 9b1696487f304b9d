"""Simple stylised people, cars and ships. A figure fills its box from edge to edge, so that the box is its position."""

from __future__ import annotations

import math
from functools import lru_cache

from PIL.Image import Image

from onframe.simulator.scenes.painting import Color, Pen, sprite

SKINS: tuple[Color, ...] = ((241, 200, 168), (214, 160, 120), (150, 104, 76), (250, 214, 186))
CLOTHES: tuple[Color, ...] = (
    (231, 111, 81), (42, 157, 143), (233, 196, 106), (96, 125, 196), (199, 125, 187), (120, 178, 110),
)  # fmt: skip
PERSON_WIDTH = 0.40
"""Width of a person for a height of 1."""
CAR_WIDTH = 1.22
"""Width of a car seen from the front for a height of 1."""
PHASES = 16


def step(n: int) -> int:
    """The phase of walking on frame ``n``: one double step a second, so that loops of whole seconds have no seam."""
    return n % 25 * PHASES // 25


def shade(color: Color, factor: float) -> Color:
    """Darker (below 1) or lighter (above 1)."""
    return tuple(min(255, max(0, round(v * factor))) for v in color[:3])


def cloth(index: int) -> Color:
    return CLOTHES[index % len(CLOTHES)]


@lru_cache(maxsize=512)
def person(look: int, phase: int, height: int = 240, *, face: bool = True) -> Image:
    """Someone walking, seen from the front; ``phase`` counts 0..15 through one double step."""
    width = round(height * PERSON_WIDTH)
    return sprite(width, height, lambda pen: _person(pen, look, phase, width, height, face))


def _person(pen: Pen, look: int, phase: int, width: float, height: float, face: bool) -> None:
    swing = math.sin(2 * math.pi * phase / PHASES)
    coat, trousers, skin = cloth(look), shade(cloth(look + 2), 0.45), SKINS[look % len(SKINS)]
    u, c = height / 100, width / 2
    for side in (-1, 1):
        lift = max(0.0, side * swing) * 5
        foot = 98 - lift
        pen.limb(
            [(c + side * 6 * u, 56 * u), (c + side * 7 * u, 78 * u), (c + side * 7 * u, foot * u - 2 * u)],
            trousers,
            8 * u,
        )
        pen.box(
            (c + side * 8 * u - 6 * u, (foot - 3) * u, c + side * 8 * u + 6 * u, (foot + 2) * u), (38, 40, 52), 2 * u
        )
    for side in (-1, 1):
        reach = 56 - side * swing * 4
        pen.limb(
            [(c + side * 13 * u, 29 * u), (c + side * 16.5 * u, 43 * u), (c + side * 16 * u, reach * u)],
            shade(coat, 0.82),
            6.6 * u,
        )
        pen.disc(c + side * 16 * u, (reach + 1) * u, 3.2 * u, skin)
    pen.box((c - 14 * u, 22 * u, c + 14 * u, 63 * u), coat, 9 * u)
    pen.box((c - 1 * u, 24 * u, c + 1 * u, 60 * u), shade(coat, 0.88))
    paint_head(pen, c, 11 * u, 10.5 * u, look, skin, face)


def paint_head(pen: Pen, x: float, y: float, r: float, look: int, skin: Color, face: bool = True) -> None:
    """A head of radius ``r``; from behind without ``face``."""
    hair = ((62, 44, 36), (34, 32, 40), (122, 82, 48), (190, 176, 160))[(look * 7 + 1) % 4]
    pen.box((x - 0.3 * r, y + 0.5 * r, x + 0.3 * r, y + 1.5 * r), shade(skin, 0.88))
    pen.disc(x, y, r, hair)
    pen.ellipse((x - 0.86 * r, y - 0.55 * r, x + 0.86 * r, y + 1.05 * r), skin)
    if not face:
        return
    for side in (-1, 1):
        pen.disc(x + side * 0.36 * r, y + 0.12 * r, 0.11 * r, (46, 42, 52))
        pen.disc(x + side * 0.52 * r, y + 0.45 * r, 0.15 * r, shade(skin, 0.93))
    pen.ring((x - 0.34 * r, y + 0.2 * r, x + 0.34 * r, y + 0.7 * r), (120, 62, 60), 0.1 * r, 25, 155)


@lru_cache(maxsize=64)
def car_front(color: Color, plate: str, *, rear: bool = False, height: int = 320) -> Image:
    """A car coming (or, ``rear``, going), with its plate."""
    width = round(height * CAR_WIDTH)
    return sprite(width, height, lambda pen: _car(pen, color, plate, rear, width, height), 2)


def _car(pen: Pen, color: Color, plate: str, rear: bool, width: float, height: float) -> None:
    u, c = height / 100, width / 2
    w = width / 2 / u
    for side in (-1, 1):
        pen.box(
            (c + side * (w - 11) * u - 9 * u, 76 * u, c + side * (w - 11) * u + 9 * u, 100 * u), (22, 24, 30), 4 * u
        )
        mirror = c + side * (w - 5) * u
        pen.box((mirror - 5 * u, 33 * u, mirror + 5 * u, 42 * u), shade(color, 0.8), 3 * u)
    roof = [(c - 32 * u, 2 * u), (c + 32 * u, 2 * u), (c + 46 * u, 46 * u), (c - 46 * u, 46 * u)]
    pen.limb([roof[0], roof[1]], shade(color, 0.92), 4 * u)
    pen.polygon(roof, shade(color, 0.9))
    pen.polygon([(c - 28 * u, 7 * u), (c + 28 * u, 7 * u), (c + 40 * u, 42 * u), (c - 40 * u, 42 * u)], (58, 78, 104))
    pen.polygon([(c - 22 * u, 7 * u), (c - 4 * u, 7 * u), (c - 22 * u, 42 * u), (c - 38 * u, 42 * u)], (92, 116, 146))
    pen.box((c - w * u, 40 * u, c + w * u, 90 * u), color, 13 * u)
    pen.box((c - (w - 4) * u, 42 * u, c + (w - 4) * u, 52 * u), shade(color, 1.14), 6 * u)
    pen.box((c - w * u, 76 * u, c + w * u, 91 * u), shade(color, 0.7), 7 * u)
    _lights(pen, c, u, w, rear)
    if not rear:
        pen.box((c - 24 * u, 56 * u, c + 24 * u, 66 * u), (36, 40, 50), 4 * u)
    pen.box((c - 22 * u, 71.5 * u, c + 22 * u, 84 * u), (30, 34, 44), 2 * u)
    pen.box((c - 21 * u, 72.5 * u, c + 21 * u, 83 * u), (247, 247, 240), 1.5 * u)
    pen.text(c, 77.8 * u, plate, (24, 32, 60), 9.4 * u)


def _lights(pen: Pen, c: float, u: float, w: float, rear: bool) -> None:
    glass, core = ((196, 44, 52), (255, 110, 96)) if rear else ((255, 240, 205), (255, 253, 242))
    for side in (-1, 1):
        x = c + side * (w - 14) * u
        pen.box((x - 11 * u, 55 * u, x + 11 * u, 66 * u), glass, 5 * u)
        pen.box((x - 6 * u, 57.5 * u, x + 6 * u, 63.5 * u), core, 3 * u)
