"""How `harbour` looks: evening over the water, a lighthouse, and ships of simple shapes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from PIL.Image import Image, Transpose

from onframe.simulator.scenes.figures import shade
from onframe.simulator.scenes.painting import Canvas, Pen, sprite
from onframe.simulator.scenes.scene import wave

if TYPE_CHECKING:
    from onframe.simulator.scenes.harbour import Ship

MARGIN = 64
"""Pixels to either side of the picture that the panorama has more."""
SKY = ((70, 118, 168), (132, 172, 200), (214, 204, 196), (252, 216, 176), (255, 230, 196))
SEA = ((186, 190, 186), (112, 156, 170), (66, 120, 146), (40, 88, 118))
HULLS = ((176, 70, 64), (44, 78, 120), (52, 120, 112), (238, 236, 228), (218, 148, 62), (150, 82, 110))
HORIZON = 330.0


@lru_cache(maxsize=4)
def panorama(scale: float) -> Image:
    """Everything that stands still, wider than the picture by the pan."""
    canvas = Canvas(round(1280 * scale), round(720 * scale))
    canvas.image = canvas.image.resize((round((1280 + 2 * MARGIN) * scale), canvas.image.height))
    canvas.draw_all(_far)
    canvas.glow(360 + MARGIN, 262, 320, (255, 244, 214), 0.9)
    canvas.draw_all(_coast)
    canvas.draw_all(_water)
    return canvas.image


def _far(pen: Pen) -> None:
    pen.gradient((0, 0, 1408, HORIZON), SKY)
    rng = random.Random(5)
    for _ in range(9):
        x, y = rng.uniform(0, 1300), rng.uniform(40, 190)
        for i in range(4):
            width = rng.uniform(80, 180)
            pen.box((x + i * 34, y - rng.uniform(0, 14), x + i * 34 + width, y + 12), (255, 246, 236, 60), 12)
    pen.disc(360 + MARGIN, 262, 34, (255, 248, 224))


def _coast(pen: Pen) -> None:
    hills = [
        (0, 268),
        (120, 244),
        (260, 276),
        (420, 300),
        (560, 318),
        (720, 322),
        (900, 298),
        (1040, 250),
        (1180, 232),
        (1300, 262),
        (1408, 240),
    ]
    pen.polygon([(0, HORIZON), *hills, (1408, HORIZON)], (140, 160, 178))
    near = [(1408, 290), (1290, 296), (1180, 312), (1060, 326), (1020, 331), (1408, 331)]
    pen.polygon(near, (96, 126, 132))
    for i in range(14):
        x = 1150 + i * 19
        pen.box((x, 300 - i % 4 * 7, x + 14, 326), ((232, 214, 192), (214, 178, 152), (240, 230, 214))[i % 3])
        pen.polygon([(x - 2, 300 - i % 4 * 7), (x + 7, 292 - i % 4 * 7), (x + 16, 300 - i % 4 * 7)], (186, 96, 80))
    pen.polygon([(0, 300), (140, 304), (270, 318), (350, 331), (0, 331)], (92, 116, 122))
    pen.polygon([(204, 316), (228, 316), (223, 226), (209, 226)], (248, 244, 236))
    for y in (236, 268, 300):
        pen.polygon([(206, y + 16), (226, y + 16), (225, y), (207, y)], (206, 84, 76))
    pen.box((206, 212, 226, 227), (255, 236, 170), 3)
    pen.polygon([(202, 213), (230, 213), (216, 198)], (82, 92, 112))


def _water(pen: Pen) -> None:
    pen.gradient((0, HORIZON, 1408, 720), SEA)
    for i in range(26):
        y = HORIZON + 3 + i * i * 0.34
        width = 16 + i * 4.2
        pen.box((360 + MARGIN - width, y, 360 + MARGIN + width, y + 1 + i * 0.13), (255, 238, 200, 110 - 3 * i), 2)
    rng = random.Random(11)
    for _ in range(240):
        depth = rng.random() ** 1.5
        y, x = HORIZON + 6 + 380 * depth, rng.uniform(0, 1408)
        length = 12 + 60 * depth
        pen.box((x, y, x + length, y + 1 + 1.6 * depth), (220, 236, 236, 46), 2)


def paint(canvas: Canvas, ships: Sequence[Ship], pan: float, n: int) -> None:
    """The panorama as the camera looks, ships with their wakes, glints, the quay."""
    width, height = canvas.image.size
    left = round((MARGIN + pan) * canvas.scale)
    canvas.image = panorama(canvas.scale).crop((left, 0, left + width, height))
    _glints(canvas, pan, n)
    for ship in ships:
        _wake(canvas, ship, n)
        canvas.stamp(ship_sprite(ship.voyage.kind.name, ship.voyage.look, ship.voyage.right), ship.box)
    _quay(canvas, pan)


def _glints(canvas: Canvas, pan: float, n: int) -> None:
    rng = random.Random(3)
    for i in range(46):
        depth = rng.random()
        x = rng.uniform(-60, 1340) - pan + 16 * wave(n, 200, i / 46)
        y, phase = HORIZON + 8 + 350 * depth, rng.random()
        bright = wave(n, 100, phase)
        if bright > 0.1:
            length = (8 + 40 * depth) * bright
            box = (x - length, y, x + length, y + 1.4 + 2 * depth)
            canvas.draw(box, partial(Pen.ellipse, box=box, fill=(240, 246, 240, round(150 * bright))), 2)


def _wake(canvas: Canvas, ship: Ship, n: int) -> None:
    x0, y0, x1, y1 = ship.box
    size = (x1 - x0) * 0.5
    stern = x0 if ship.voyage.right else x1
    way = -1 if ship.voyage.right else 1

    def draw(pen: Pen) -> None:
        for i in range(3):
            reach = size * (0.5 + 0.35 * i) + 8 * wave(n, 50, i / 3)
            a, b = sorted((stern - way * 20, stern + way * reach))
            pen.ellipse((a, y1 - 4 + i * 3, b, y1 + 3 + i * 3), (236, 244, 242, 110 - 30 * i))
        pen.ellipse((x0 + 4, y1 - 3, x1 - 4, y1 + 7), (28, 64, 88, 110))

    canvas.draw((x0 - size * 1.4, y1 - 6, x1 + size * 1.4, y1 + 16), draw, 2)


def _quay(canvas: Canvas, pan: float) -> None:
    canvas.stamp(_quay_sprite(), (-90 - pan * 1.0, 566, 1370 - pan * 1.0, 720))


@lru_cache(maxsize=1)
def _quay_sprite() -> Image:
    return sprite(1460, 154, _draw_quay, 2)


def _draw_quay(pen: Pen) -> None:
    pen.box((0, 96, 1460, 154), (128, 124, 126))
    pen.box((0, 92, 1460, 104), (186, 178, 168))
    for x in range(0, 1460, 92):
        pen.box((x, 104, x + 3, 154), (108, 104, 108))
    for x in (180, 520, 860, 1200):
        pen.box((x - 9, 66, x + 9, 94), (60, 66, 80), 4)
        pen.box((x - 15, 60, x + 15, 71), (74, 80, 96), 5)
        pen.disc(x + 60, 116, 17, (44, 48, 58))
        pen.disc(x + 60, 116, 8, (128, 124, 126))
    pen.line([(180, 68), (350, 84), (520, 68)], (206, 192, 160), 4)
    for i, color in enumerate(((206, 102, 76), (76, 132, 150), (214, 172, 92))):
        x, y = 1000 + i * 64, 52
        pen.box((x, y, x + 58, 96), color, 3)
        for k in range(5):
            pen.box((x + 6 + k * 10, y + 5, x + 9 + k * 10, 91), shade(color, 0.86))


@lru_cache(maxsize=32)
def ship_sprite(name: str, look: int, right: bool) -> Image:
    """A ship whose bow looks to the right (or left), filling its box."""
    draw, width, height = _SHIPS[name]
    image = sprite(width, height, lambda pen: draw(pen, HULLS[look % len(HULLS)], width, height), 3)
    return image if right else image.transpose(Transpose.FLIP_LEFT_RIGHT)


def _cargo(pen: Pen, color: tuple[int, ...], w: float, h: float) -> None:
    pen.polygon([(0, h * 0.62), (w, h * 0.52), (w * 0.955, h), (w * 0.03, h)], color)
    pen.polygon([(w * 0.012, h * 0.86), (w * 0.975, h * 0.86), (w * 0.955, h), (w * 0.03, h)], shade(color, 0.6))
    pen.box((w * 0.02, h * 0.18, w * 0.15, h * 0.63), (240, 238, 230), 3)
    for row in range(3):
        for k in range(4):
            pen.box(
                (w * (0.03 + 0.028 * k), h * (0.23 + 0.12 * row), w * (0.048 + 0.028 * k), h * (0.29 + 0.12 * row)),
                (70, 96, 122),
            )
    pen.box((w * 0.05, 0, w * 0.09, h * 0.2), (196, 92, 74), 2)
    colors = ((206, 110, 84), (84, 138, 160), (222, 180, 100), (120, 152, 120), (170, 176, 184))
    for column in range(8):
        for row in range(2 + (column * 5) % 2):
            x, y = w * (0.18 + column * 0.092), h * (0.45 - row * 0.165)
            pen.box((x, y, x + w * 0.087, y + h * 0.155), colors[(column + row * 2) % 5], 1.5)
    pen.box((w * 0.94, h * 0.34, w * 0.947, h * 0.56), (90, 96, 110))


def _sail(pen: Pen, color: tuple[int, ...], w: float, h: float) -> None:
    pen.polygon([(0, h * 0.84), (w, h * 0.8), (w * 0.86, h), (w * 0.12, h)], color)
    pen.polygon([(0, h * 0.84), (w, h * 0.8), (w * 0.985, h * 0.84), (w * 0.02, h * 0.88)], (246, 240, 226))
    pen.box((w * 0.485, 0, w * 0.505, h * 0.84), (122, 96, 76))
    pen.polygon([(w * 0.47, h * 0.03), (w * 0.47, h * 0.76), (w * 0.06, h * 0.76)], (252, 248, 238))
    pen.polygon(
        [(w * 0.47, h * 0.42), (w * 0.47, h * 0.54), (w * 0.19, h * 0.54), (w * 0.25, h * 0.42)], shade(color, 1.25)
    )
    pen.polygon([(w * 0.52, h * 0.1), (w * 0.52, h * 0.74), (w * 0.9, h * 0.77)], (236, 230, 218))


def _tug(pen: Pen, color: tuple[int, ...], w: float, h: float) -> None:
    pen.polygon([(0, h * 0.6), (w * 0.7, h * 0.6), (w, h * 0.46), (w * 0.94, h), (w * 0.05, h)], color)
    pen.polygon([(w * 0.02, h * 0.86), (w * 0.965, h * 0.86), (w * 0.94, h), (w * 0.05, h)], (60, 56, 66))
    pen.box((w * 0.36, h * 0.2, w * 0.72, h * 0.62), (246, 240, 226), 5)
    for k in range(3):
        pen.box((w * (0.4 + 0.1 * k), h * 0.27, w * (0.47 + 0.1 * k), h * 0.4), (78, 110, 136), 2)
    pen.box((w * 0.2, h * 0.12, w * 0.31, h * 0.6), (214, 150, 70), 3)
    pen.box((w * 0.2, h * 0.2, w * 0.31, h * 0.28), (70, 66, 76))
    pen.box((w * 0.53, 0, w * 0.55, h * 0.22), (110, 104, 106))
    for k in range(6):
        pen.disc(w * (0.1 + 0.13 * k), h * 0.76, h * 0.06, (44, 44, 52))


def _ferry(pen: Pen, color: tuple[int, ...], w: float, h: float) -> None:
    pen.polygon([(0, h * 0.52), (w, h * 0.46), (w * 0.95, h), (w * 0.04, h)], (246, 242, 234))
    pen.polygon([(w * 0.02, h * 0.8), (w * 0.966, h * 0.8), (w * 0.95, h), (w * 0.04, h)], (74, 116, 158))
    pen.box((w * 0.06, h * 0.26, w * 0.86, h * 0.54), (236, 232, 224), 3)
    pen.box((w * 0.14, h * 0.1, w * 0.78, h * 0.3), (246, 242, 234), 3)
    for k in range(13):
        pen.box((w * (0.09 + 0.058 * k), h * 0.34, w * (0.125 + 0.058 * k), h * 0.44), (92, 126, 154), 1)
    pen.box((w * 0.3, 0, w * 0.4, h * 0.16), (206, 94, 78), 2)


_SHIPS = {"cargo": (_cargo, 616, 178), "sail": (_sail, 198, 268), "tug": (_tug, 284, 180), "ferry": (_ferry, 214, 66)}

SHIP_NAMES = tuple(_SHIPS)
