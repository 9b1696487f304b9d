"""How `hall` looks: a bright hall with tall windows, tiles and a counter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from onframe.simulator.scenes.figures import person, step
from onframe.simulator.scenes.painting import Canvas, Pen

if TYPE_CHECKING:
    from onframe.simulator.scenes.hall import Visitor

WALL = ((214, 220, 226), (232, 232, 228), (240, 236, 226))
FLOOR = ((214, 208, 198), (196, 190, 182), (170, 166, 164))
VANISH, DEPTH = 206.0, 514.0


def floor(side: float, scale: float) -> tuple[float, float]:
    return 640 + side * scale, VANISH + DEPTH * scale


def background(canvas: Canvas) -> None:
    """Everything that stands still."""
    canvas.draw_all(_walls)
    canvas.draw_all(_tiles)
    for i in range(6):
        _light_on_floor(canvas, 70 + i * 226)
    canvas.draw_all(_queue_floor)
    canvas.draw_all(_counter)
    for x, y, size in ((60, 430, 1.0), (1236, 452, 1.15)):
        _plant(canvas, x, y, size)


def _walls(pen: Pen) -> None:
    pen.gradient((0, 0, 1280, 372), WALL)
    pen.polygon([(0, 0), (1280, 0), (1180, 46), (100, 46)], (198, 206, 214))
    for i in range(7):
        x = 190 + i * 150
        pen.polygon([(x - 44, 14), (x + 44, 14), (x + 34, 30), (x - 34, 30)], (255, 252, 238))
    for i in range(6):
        x = 40 + i * 208
        pen.box((x - 6, 84, x + 158, 330), (250, 250, 246), 10)
        pen.gradient((x, 90, x + 152, 324), ((126, 178, 214), (174, 210, 226), (226, 234, 226)))
        pen.polygon([(x, 270), (x + 60, 240), (x + 152, 282), (x + 152, 324), (x, 324)], (150, 186, 170))
        for k in (1, 2):
            pen.box((x + k * 51 - 2, 90, x + k * 51 + 2, 324), (250, 250, 246))
        pen.box((x, 196, x + 152, 200), (250, 250, 246))
    pen.box((0, 340, 1280, 376), (222, 216, 206))
    pen.box((0, 340, 1280, 344), (200, 194, 186))
    _doorway(pen)
    pen.box((96, 104, 330, 182), (44, 56, 78), 8)
    for row, (time, place) in enumerate((("10:05", "North Quay"), ("10:12", "Old Town"), ("10:20", "Airport"))):
        pen.text(112, 122 + row * 21, time, (250, 208, 110), 15, "lm")
        pen.text(172, 122 + row * 21, place, (226, 234, 244), 15, "lm")


def _doorway(pen: Pen) -> None:
    pen.box((428, 196, 622, 378), (236, 232, 222), 6)
    pen.gradient((438, 208, 612, 378), ((150, 176, 186), (186, 198, 196), (210, 206, 196)))
    for x in (438, 566):
        pen.gradient((x, 208, x + 46, 378), ((176, 208, 216), (206, 222, 220)))
        pen.box((x + 43 if x < 500 else x, 208, x + 46 if x < 500 else x + 3, 378), (246, 244, 238))
    pen.box((458, 180, 592, 202), (66, 128, 118), 5)
    pen.text(525, 191, "Platforms", (244, 250, 244), 14)


def _tiles(pen: Pen) -> None:
    pen.gradient((0, 372, 1280, 720), FLOOR)
    rows = [0.323 * 1.13**i for i in range(11)]
    for i, scale in enumerate(rows[:-1]):
        for k in range(-16, 17):
            if (i + k) % 2 == 0:
                a, b = floor(k * 160, scale), floor((k + 1) * 160, scale)
                c, d = floor((k + 1) * 160, rows[i + 1]), floor(k * 160, rows[i + 1])
                pen.polygon([a, b, c, d], (255, 252, 244, 46))
    pen.gradient((0, 372, 1280, 384), ((170, 164, 158), (206, 200, 190)))
    line = [floor(-620, 0.66), floor(-160, 0.66)]
    pen.line(line, (86, 150, 160), 5)
    pen.text(*floor(-390, 0.69), "exit / entrance", (86, 130, 140), 15)


def _light_on_floor(canvas: Canvas, x: float) -> None:
    canvas.draw_all(
        lambda pen: pen.polygon([(x, 384), (x + 110, 384), (x + 40, 600), (x - 130, 600)], (255, 250, 226, 30)), 1
    )


def _queue_floor(pen: Pen) -> None:
    area = [(536, 446), (1034, 446), (1050, 512), (522, 512)]
    pen.polygon(area, (86, 134, 196, 60))
    pen.line([*area, area[0]], (70, 116, 180), 3)
    for x in (530, 660, 790, 920):
        pen.line([(x + 4, 446), (x + 4, 398)], (160, 150, 130), 4)
        pen.disc(x + 4, 396, 5, (212, 180, 96))
        pen.ellipse((x - 8, 442, x + 16, 450), (150, 142, 128))
        if x < 920:
            pen.line([(x + 4, 402), (x + 69, 416), (x + 134, 402)], (178, 70, 78), 4)


def _counter(pen: Pen) -> None:
    pen.polygon([(1010, 438), (1262, 438), (1262, 452), (996, 452)], (120, 116, 116, 120))
    pen.gradient((1020, 362, 1256, 444), ((96, 136, 150), (70, 104, 122)))
    pen.box((1010, 350, 1266, 366), (236, 226, 206), 5)
    pen.box((1034, 262, 1242, 300), (58, 84, 110), 8)
    pen.text(1138, 281, "Tickets", (246, 240, 222), 24)
    for x in (1096, 1186):
        pen.disc(x, 318, 12, (206, 158, 124))
        pen.box((x - 18, 330, x + 18, 352), (196, 96, 84), 7)
    pen.box((1130, 330, 1160, 350), (40, 48, 60), 3)


def _plant(canvas: Canvas, x: float, y: float, size: float) -> None:
    canvas.shadow(x, y, 70 * size)

    def draw(pen: Pen) -> None:
        for dx, dy, r in ((-20, -70, 20), (18, -76, 22), (0, -98, 22), (-8, -60, 18), (14, -54, 16)):
            pen.disc(x + dx * size, y + dy * size, r * size, (96 + dx, 150 + dy // 4 + 30, 112))
        pen.polygon(
            [(x - 24 * size, y - 44 * size), (x + 24 * size, y - 44 * size), (x + 17 * size, y), (x - 17 * size, y)],
            (206, 128, 96),
        )

    canvas.draw((x - 60 * size, y - 130 * size, x + 60 * size, y + 2), draw)


def moving(canvas: Canvas, visitors: Sequence[Visitor], n: int) -> None:
    """The people, far ones first; those in the queue turn their backs."""
    for visitor in visitors:
        box = visitor.box
        canvas.shadow(visitor.x, visitor.y - 3 * visitor.scale, (box[2] - box[0]) * 1.1, 80)
        phase = step(n) if visitor.walking else 0
        canvas.stamp(
            person(visitor.look, phase, 400 if visitor.scale > 0.7 else 240, face=visitor.face), box, visitor.opacity
        )
