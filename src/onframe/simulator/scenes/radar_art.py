"""How `radar` looks: a yard by night, with the rings of the radar on its ground."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from onframe.simulator.scenes.figures import car_front, person, shade, step
from onframe.simulator.scenes.painting import Canvas, Pen
from onframe.simulator.scenes.radar import FENCE, FIELD, FOCAL, HORIZON, on_picture, polar_on_picture
from onframe.simulator.scenes.scene import fading, wave

if TYPE_CHECKING:
    from onframe.simulator.scenes.radar import Blip

SKY = ((10, 16, 34), (18, 30, 56), (34, 54, 84), (58, 82, 108))
YARD = ((34, 48, 62), (26, 38, 52), (18, 28, 40))
BOXES = ((156, 84, 66), (52, 104, 122), (166, 128, 62), (84, 96, 120), (70, 116, 92))
LAMPS = ((-26, 46), (26, 46), (-15, 26), (15, 26), (-40, 78), (40, 78))


def background(canvas: Canvas, seed: int) -> None:
    """Everything that stands still."""
    canvas.draw_all(lambda pen: _sky(pen, random.Random(seed)))
    canvas.draw_all(_yard)
    for across, ahead in LAMPS:
        x, y = on_picture(across, ahead)
        canvas.stamp_light(x, y, 9 * FOCAL / ahead)
    canvas.draw_all(_rings)
    canvas.draw_all(lambda pen: _containers(pen, random.Random(seed + 1)))
    for across, ahead in sorted(LAMPS, key=lambda place: -place[1]):
        _mast(canvas, across, ahead)


def _sky(pen: Pen, rng: random.Random) -> None:
    pen.gradient((0, 0, 1280, HORIZON + 4), SKY)
    for _ in range(130):
        pen.disc(
            rng.uniform(0, 1280), rng.uniform(0, 200), rng.uniform(0.4, 1.5), (230, 238, 255, rng.randint(60, 200))
        )
    pen.disc(1060, 74, 30, (238, 236, 218))
    for dx, dy, r in ((-10, -6, 6), (8, 8, 8), (6, -14, 4), (-8, 14, 4)):
        pen.disc(1060 + dx, 74 + dy, r, (220, 216, 198))
    x = 0.0
    while x < 1280:
        width, height = rng.uniform(50, 140), rng.uniform(14, 54)
        pen.box((x, HORIZON + 6 - height, x + width, HORIZON + 8), (22, 34, 54))
        for wx in range(int(x) + 8, int(x + width) - 8, 16):
            if rng.random() < 0.35:
                pen.box((wx, HORIZON - height + 16, wx + 5, HORIZON - height + 21), (250, 214, 140, 190))
        x += width + rng.uniform(0, 30)


def _yard(pen: Pen) -> None:
    pen.gradient((0, HORIZON + 6, 1280, 720), YARD)
    for ahead in (12, 14, 17, 21, 27, 36, 50, 76, 120):
        y = on_picture(0, ahead)[1]
        pen.line([(0, y), (1280, y)], (120, 150, 170, 16), 1.5)
    for column in range(-90, 91, 9):
        pen.line([on_picture(column, 150), on_picture(column, 9)], (120, 150, 170, 16), 1.5)
    for across in (-3.2, 3.2):
        pen.line([on_picture(across, 140), on_picture(across, 9)], (226, 210, 150, 70), 3)


def _rings(pen: Pen) -> None:
    teal = (94, 214, 196)
    for distance in (20, 40, 60, 80, 100):
        arc = [polar_on_picture(angle, distance) for angle in range(-48, 49, 2)]
        pen.line(arc, (*teal, 70 if distance != FENCE[0][0][1] else 90), 1.6)
        x, y = polar_on_picture(0, distance)
        pen.text(x + 16, y - 9, f"{distance} m", (*teal, 130), 13, "lm")
    for angle in range(-45, 46, 15):
        pen.line([polar_on_picture(angle, 12), polar_on_picture(angle, 100)], (*teal, 34), 1.4)
    fence = [polar_on_picture(angle, FENCE[0][0][1]) for angle in range(-24, 25, 2)]
    pen.line(fence, (250, 176, 92, 170), 3.5)
    (a0, d0), (a1, _), (_, d1), _ = FIELD
    near = [polar_on_picture(a0 + (a1 - a0) * i / 10, d0) for i in range(11)]
    far = [polar_on_picture(20 - 14 * i / 10, d1) for i in range(11)]
    pen.polygon([*near, *far], (92, 160, 226, 44))
    pen.line([*near, *far, near[0]], (110, 178, 240, 120), 2)


def _containers(pen: Pen, rng: random.Random) -> None:
    places = [(a, d) for d in (104, 92, 70, 56, 34, 23) for a in (-1.02 * d * 0.62, 1.02 * d * 0.62)]
    for across, ahead in places:
        for level in range(2 if ahead > 40 else 1):
            _container(pen, across + math.copysign(4, across), ahead, level, BOXES[rng.randrange(5)])


def _container(pen: Pen, across: float, ahead: float, level: int, color: tuple[int, ...]) -> None:
    metre = FOCAL / ahead
    x, y = on_picture(across, ahead)
    y -= level * 2.6 * metre
    box = (x - 3.4 * metre, y - 2.6 * metre, x + 3.4 * metre, y)
    if level == 0:
        pen.polygon(
            [(box[0] - metre, y + 0.25 * metre), (box[2] + metre, y + 0.25 * metre), (box[2], y - 4), (box[0], y - 4)],
            (6, 10, 18, 120),
        )
    pen.gradient(box, (shade(color, 0.72), shade(color, 0.46)))
    for k in range(1, 16):
        sx = box[0] + (box[2] - box[0]) * k / 16
        pen.line([(sx, box[1] + 0.15 * metre), (sx, y - 0.15 * metre)], (*shade(color, 0.38), 150), 0.09 * metre)
    pen.box((box[0], box[1], box[2], box[1] + 0.16 * metre), shade(color, 0.95))


def _mast(canvas: Canvas, across: float, ahead: float) -> None:
    metre = FOCAL / ahead
    x, y = on_picture(across, ahead)
    top = y - 6.4 * metre

    def draw(pen: Pen) -> None:
        pen.line([(x, y), (x, top)], (70, 84, 104), max(1.6, 0.14 * metre))
        pen.box((x - 0.7 * metre, top - 0.2 * metre, x + 0.7 * metre, top + 0.06 * metre), (255, 240, 206), 0.1 * metre)

    canvas.draw((x - metre, top - metre, x + metre, y + 2), draw)
    canvas.glow(x, top, 3.2 * metre, (255, 226, 168), 0.7)


def moving(canvas: Canvas, blips: Sequence[Blip], n: int) -> None:
    """The radar's sweep, then people and cars, far ones first."""
    _sweep(canvas, n)
    for blip in blips:
        x0, y0, x1, y1 = box = blip.box
        canvas.shadow((x0 + x1) / 2, y1 - 1, (x1 - x0) * 1.2, 170)
        if blip.track.kind == "human":
            seen = fading(blip.age, blip.track.trip.length) if blip.ahead > 45 else 1.0
            canvas.stamp(person(blip.track.look, step(n)), box, seen)
            continue
        canvas.stamp(car_front((126, 140, 156), "ONF 77"), box)
        for side in (0.13, 0.87):
            canvas.glow(x0 + (x1 - x0) * side, y0 + (y1 - y0) * 0.6, (x1 - x0) * 0.5, (255, 240, 200), 0.8)


def _sweep(canvas: Canvas, n: int) -> None:
    angle = 46 * wave(n, 100)
    way = 1 if wave(n, 100, 0.25) > 0 else -1

    def draw(pen: Pen) -> None:
        for i in range(6):
            a, b = angle - way * i * 1.4, angle - way * (i + 1) * 1.4
            points = [
                polar_on_picture(a, 9),
                polar_on_picture(a, 100),
                polar_on_picture(b, 100),
                polar_on_picture(b, 9),
            ]
            pen.polygon(points, (120, 240, 216, 40 - 6 * i))

    canvas.draw((0, HORIZON, 1280, 720), draw, 1)
