"""How `gate` looks: dusk over a road, a gatehouse and a lawn."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from onframe.simulator.scenes.figures import car_front, person, step
from onframe.simulator.scenes.painting import Canvas, Pen
from onframe.simulator.scenes.scene import Pixels, fading

if TYPE_CHECKING:
    from onframe.simulator.scenes.gate import Sight

HORIZON, NEAR, CENTRE = 292.0, 428.0, 640.0
SKY = ((38, 52, 92), (84, 92, 140), (172, 132, 150), (246, 184, 138), (255, 214, 160))
GRASS = ((92, 112, 92), (70, 102, 82), (52, 84, 70))
ROAD = ((112, 112, 124), (84, 86, 98), (66, 68, 80))


def ground(side: float, scale: float) -> tuple[float, float]:
    """A place on the ground: ``side`` pixels beside the road's middle at scale 1."""
    return CENTRE + side * scale, HORIZON + NEAR * scale


def strip(left: float, right: float, far: float = 0.02, near: float = 1.05) -> list[tuple[float, float]]:
    return [ground(left, far), ground(right, far), ground(right, near), ground(left, near)]


def background(canvas: Canvas, seed: int) -> None:
    """Everything that stands still."""
    canvas.draw_all(lambda pen: _far(pen, random.Random(seed)))
    canvas.glow(930, 268, 330, (255, 226, 170), 0.75)
    canvas.draw_all(_land)
    canvas.draw_all(_road)
    canvas.draw_all(_gatehouse)
    for side, scale in ((-760, 0.3), (760, 0.3), (-700, 0.16), (700, 0.16)):
        _lamp(canvas, *ground(side, scale), scale)
    for x, y, size in ((1130, 424, 60), (1212, 446, 84), (1010, 398, 44), (38, 452, 88), (118, 420, 58)):
        _tree(canvas, x, y, size)


def _far(pen: Pen, rng: random.Random) -> None:
    pen.gradient((0, 0, 1280, 300), SKY)
    for _ in range(40):
        pen.disc(rng.uniform(0, 1280), rng.uniform(0, 120), rng.uniform(0.5, 1.2), (255, 255, 255, 120))
    for y, breadth in ((96, 190), (132, 260), (178, 330), (206, 210)):
        x = rng.uniform(40, 900)
        for i in range(5):
            pen.box((x + i * 22, y + i * 2, x + breadth - i * 16, y + 9 + i * 2), (255, 214, 190, 26), 5)
    hills = [
        (x, 262 + 26 * ((x * 7 % 320) / 320 - 0.5) ** 2 * 4 - (30 if 200 < x < 520 else 0)) for x in range(0, 1281, 80)
    ]
    pen.polygon([(0, 300), *hills, (1280, 300)], (118, 106, 138))
    x = 0.0
    while x < 1280:
        width, height = rng.uniform(26, 64), rng.uniform(18, 74)
        pen.box((x, 292 - height, x + width, 300), (84, 84, 118))
        _windows(pen, rng, (x, 298 - height, x + width, 286))
        x += width + rng.uniform(0, 22)


def _windows(pen: Pen, rng: random.Random, box: Pixels) -> None:
    for x in range(int(box[0]) + 5, int(box[2]) - 5, 9):
        for y in range(int(box[1]), int(box[3]), 11):
            if rng.random() < 0.3:
                pen.box((x, y, x + 3.4, y + 4.6), (255, 220, 150, 210))


def _land(pen: Pen) -> None:
    pen.gradient((0, HORIZON, 1280, 720), GRASS)
    for i in range(9):
        near, far = 1.1 * 0.72**i, 1.1 * 0.72 ** (i + 0.5)
        pen.polygon(
            [(0, ground(0, far)[1]), (1280, ground(0, far)[1]), (1280, ground(0, near)[1]), (0, ground(0, near)[1])],
            (255, 255, 220, 9),
        )
    lawn = [(985, 430), (1280, 430), (1280, 640), (1105, 640)]
    pen.polygon(lawn, (112, 158, 104))
    for i in range(7):
        a, b = 430 + i * 30, 430 + i * 30 + 15
        pen.polygon([(985 + (a - 430) * 0.571, a), (1280, a), (1280, b), (985 + (b - 430) * 0.571, b)], (126, 172, 112))
    pen.line([(985, 430), (1105, 640), (1280, 640)], (214, 204, 176), 4)


def _road(pen: Pen) -> None:
    pen.polygon(strip(-545, 545), (150, 146, 150))
    pen.gradient((0, HORIZON, 1280, 720), ROAD, strip(-500, 500))
    for left in (-486, 478):
        pen.polygon(strip(left, left + 8), (226, 224, 214))
    for i in range(24):
        near = 1.15 * 0.84**i
        pen.polygon(strip(-6, 6, near * 0.9, near), (236, 232, 216))
    pen.polygon(strip(-690, -560, 0.05), (176, 164, 150))
    for i in range(16):
        near = 1.1 * 0.82**i
        pen.polygon(strip(-690, -560, near * 0.985, near), (156, 146, 136))
    for i in range(11):
        left = -470 + i * 88
        pen.polygon(strip(left, left + 50, 0.395, 0.432), (230, 228, 220, 110))


def _gatehouse(pen: Pen) -> None:
    for x in range(0, 1281, 32):
        if not 395 < x < 880:
            pen.line([(x, 300), (x, 334)], (92, 92, 110), 2)
    for y in (306, 318, 330):
        pen.line([(0, y), (398, y)], (108, 108, 126), 1.4)
        pen.line([(884, y), (1280, y)], (108, 108, 126), 1.4)
    pen.polygon([(206, 396), (410, 396), (400, 404), (196, 404)], (40, 52, 56, 120))
    pen.gradient((222, 306, 392, 398), ((236, 226, 212), (206, 194, 186)))
    pen.box((210, 292, 404, 310), (84, 98, 128), 4)
    pen.box((236, 322, 304, 362), (255, 222, 150), 3)
    pen.box((268, 322, 271, 362), (150, 120, 96))
    pen.box((336, 326, 374, 398), (104, 120, 150), 2)
    pen.disc(368, 364, 2.4, (236, 220, 170))
    pen.box((410, 352, 424, 400), (228, 170, 70), 3)
    for i in range(9):
        a, b = i / 9, (i + 1) / 9
        color = (220, 78, 72) if i % 2 == 0 else (246, 244, 238)
        pen.line([(417 + 38 * a, 356 - 168 * a), (417 + 38 * b, 356 - 168 * b)], color, 5)


def _lamp(canvas: Canvas, x: float, y: float, scale: float) -> None:
    top, reach = y - 720 * scale, 90 * scale * (1 if x < 640 else -1)

    def draw(pen: Pen) -> None:
        pen.line([(x, y), (x, top), (x + reach, top - 10 * scale)], (70, 74, 92), max(1.6, 12 * scale))
        pen.box(
            (x + reach - 26 * scale, top - 16 * scale, x + reach + 26 * scale, top - 2 * scale),
            (255, 236, 190),
            4 * scale,
        )

    canvas.draw((x - 120 * scale, top - 30 * scale, x + 120 * scale, y + 2), draw)
    canvas.glow(x + reach, top, 260 * scale, (255, 226, 160), 0.8)


def _tree(canvas: Canvas, x: float, y: float, size: float) -> None:
    canvas.shadow(x, y, size)

    def draw(pen: Pen) -> None:
        pen.box((x - size * 0.06, y - size * 0.6, x + size * 0.06, y), (92, 74, 70), 2)
        for dx, dy, r, shade in (
            (-0.2, -0.8, 0.34, 0),
            (0.2, -0.85, 0.36, 8),
            (0, -1.15, 0.38, 16),
            (-0.08, -1.25, 0.22, 28),
        ):
            pen.disc(x + dx * size, y + dy * size, r * size, (60 + shade, 104 + shade, 92 + shade))

    canvas.draw((x - size, y - size * 1.7, x + size, y + 2), draw)


def moving(canvas: Canvas, sights: Sequence[Sight], n: int) -> None:
    """Cars and people, far ones first."""
    from onframe.simulator.scenes.gate import COLORS

    for sight in sights:
        actor, box = sight.actor, sight.box
        seen = fading(sight.age, actor.trip.length) if sight.scale < 0.2 else 1.0
        if actor.kind == "human":
            canvas.shadow(sight.x, sight.y - 2 * sight.scale, (box[2] - box[0]) * 1.1)
            canvas.stamp(person(actor.look, step(n)), box, seen)
            continue
        canvas.shadow(sight.x, sight.y - 4 * sight.scale, (box[2] - box[0]) * 1.15, 150)
        canvas.stamp(car_front(COLORS[actor.color], actor.plate, rear=actor.way == "going"), box, seen)
        if actor.way == "coming":
            for side in (-0.37, 0.37):
                x = sight.x + side * (box[2] - box[0])
                canvas.glow(x, box[1] + (box[3] - box[1]) * 0.6, 90 * sight.scale + 6, (255, 240, 200), 0.5)
