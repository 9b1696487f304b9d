"""How `lab` looks: a bright laboratory, people in coats behind a bench."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from PIL.Image import Image

from onframe.simulator.scenes.figures import SKINS, cloth, paint_head, shade
from onframe.simulator.scenes.lab import (
    HEAD,
    LEFT_ELBOW,
    LEFT_SHOULDER,
    LEFT_WRIST,
    RIGHT_ELBOW,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)
from onframe.simulator.scenes.painting import Canvas, Color, Pen, sprite
from onframe.simulator.scenes.scene import wave

if TYPE_CHECKING:
    from onframe.simulator.scenes.lab import Pose

WALL = ((208, 226, 228), (222, 234, 232), (230, 236, 230))
COAT = (246, 248, 250)
LIQUIDS = ((104, 190, 196), (238, 170, 96), (196, 124, 176), (130, 190, 120), (240, 208, 110))
BENCH = 520.0


def background(canvas: Canvas) -> None:
    """Everything that stands still behind the people."""
    canvas.draw_all(_wall)
    canvas.draw_all(_shelves)


def _wall(pen: Pen) -> None:
    pen.gradient((0, 0, 1280, 720), WALL)
    for x in range(0, 1281, 160):
        pen.box((x, 0, x + 2, 720), (198, 216, 218))
    pen.box((0, 246, 1280, 249), (198, 216, 218))
    for x in (150, 520, 890):
        pen.polygon([(x, 0), (x + 240, 0), (x + 224, 14), (x + 16, 14)], (255, 255, 246))
    pen.box((92, 52, 420, 236), (246, 250, 250), 8)
    pen.gradient((100, 60, 412, 228), ((142, 196, 220), (192, 222, 226), (226, 236, 222)))
    pen.polygon([(100, 190), (190, 156), (280, 198), (340, 172), (412, 204), (412, 228), (100, 228)], (132, 178, 156))
    pen.box((253, 60, 259, 228), (246, 250, 250))
    pen.box((980, 64, 1190, 200), (60, 78, 98), 8)
    pen.box((988, 72, 1182, 192), (40, 56, 76), 5)
    for i in range(5):
        pen.line([(1000, 96 + i * 22), (1080 + i * 17 % 60, 96 + i * 22)], (116, 206, 196), 4)
    pen.ring((1108, 112, 1166, 170), (240, 176, 96), 8, -90, 160)


def _shelves(pen: Pen) -> None:
    for y in (136, 222):
        pen.box((498, y, 880, y + 9), (178, 152, 124), 2)
        for k in range(10):
            x = 516 + k * 37
            _flask(pen, x, y, 0.8 + 0.3 * ((k * 7 + y) % 3) / 2, LIQUIDS[(k * 3 + y // 40) % 5], (k + y) % 2 == 0)


def _flask(pen: Pen, x: float, y: float, size: float, liquid: tuple[int, ...], round_one: bool) -> None:
    glass = (236, 246, 248)
    pen.box((x - 5 * size, y - 44 * size, x + 5 * size, y - 18 * size), glass, 2)
    if round_one:
        pen.disc(x, y - 15 * size, 15 * size, glass)
        pen.ellipse((x - 12 * size, y - 20 * size, x + 12 * size, y - 2 * size), liquid)
        return
    pen.polygon(
        [(x - 4 * size, y - 36 * size), (x + 4 * size, y - 36 * size), (x + 15 * size, y), (x - 15 * size, y)], glass
    )
    pen.polygon(
        [(x - 9 * size, y - 18 * size), (x + 9 * size, y - 18 * size), (x + 14 * size, y - 2), (x - 14 * size, y - 2)],
        liquid,
    )


def moving(canvas: Canvas, poses: Sequence[Pose], n: int) -> None:
    """The one who walks by, the bench's people, the bench, and what bubbles on it."""
    for pose in poses:
        x0, y0, x1, _ = pose.head_and_shoulders
        reach = 70 * pose.worker.scale
        canvas.draw((x0 - reach, y0 - reach * 1.3, x1 + reach, 640), partial(_worker, pose=pose), 2)
    canvas.stamp(_bench(), (0, BENCH, 1280, 720))
    for i, x in enumerate((96, 448, 782, 1150)):
        canvas.draw((x - 20, 380, x + 20, 520), partial(_bubbles, x=x, color=LIQUIDS[i], t=n / 50 + i / 7), 2)


def _bubbles(pen: Pen, x: float, color: Color, t: float) -> None:
    for k in range(4):
        age = (t + k / 4) % 1
        tint = (*shade(color, 1.15), round(200 * (1 - age)))
        pen.disc(x + 6 * wave(age, 1, x), 496 - 60 * age, 3.4 * (1 - age) + 1, tint)


def _worker(pen: Pen, pose: Pose) -> None:
    s, j = pose.worker.scale, pose.joints
    (lx, ly), (rx, ry) = j[LEFT_SHOULDER], j[RIGHT_SHOULDER]
    middle, skin, tint = (lx + rx) / 2, SKINS[pose.worker.look % len(SKINS)], cloth(pose.worker.look)
    pen.polygon([(lx - 8 * s, ly), (rx + 8 * s, ry), (rx + 16 * s, 660), (lx - 16 * s, 660)], COAT)
    pen.limb([(lx + 10 * s, ly), (rx - 10 * s, ry)], COAT, 46 * s)
    pen.polygon([(middle - 24 * s, ly - 22 * s), (middle + 24 * s, ly - 22 * s), (middle, ly + 66 * s)], tint)
    pen.line([(middle, ly + 66 * s), (middle, 660)], (214, 222, 228), 3 * s)
    pen.box((rx - 36 * s, ry + 62 * s, rx - 6 * s, ry + 66 * s), (214, 222, 228))
    for shoulder, elbow, wrist in ((LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST), (RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST)):
        pen.limb([j[shoulder], j[elbow], j[wrist]], (206, 216, 224), 37 * s)
        pen.limb([j[shoulder], j[elbow], j[wrist]], (238, 242, 246), 32 * s)
        pen.disc(*j[wrist], 15 * s, skin)
    x, y = j[HEAD]
    paint_head(pen, x, y - 2 * s, 38 * s, pose.worker.look, skin)


@lru_cache(maxsize=1)
def _bench() -> Image:
    return sprite(1280, 720 - BENCH, _draw_bench, 2)


def _draw_bench(pen: Pen) -> None:
    pen.box((0, 44, 1280, 74), (240, 240, 234))
    pen.gradient((0, 74, 1280, 200), ((92, 132, 142), (72, 108, 120)))
    for x in range(0, 1280, 214):
        pen.box((x + 8, 86, x + 206, 190), (104, 146, 156), 5)
        pen.box((x + 90, 98, x + 124, 104), (228, 230, 224), 3)
    for i, x in enumerate((96, 448, 782, 1150)):
        _flask(pen, x, 50, 1.15, LIQUIDS[i], i % 2 == 0)
