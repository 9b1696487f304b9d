"""How `thermal` looks: every pixel is a temperature in false colours."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy
from PIL import Image

from onframe.simulator.scenes.painting import Canvas, Pen
from onframe.simulator.scenes.scene import HEIGHT, WIDTH, Pixels, wave
from onframe.simulator.scenes.thermal import COLDEST, FIRE, HOTTEST, MOTOR, PIPE

if TYPE_CHECKING:
    from onframe.simulator.scenes.thermal import Thermal

STOPS = (
    (0.0, (16, 14, 44)), (0.07, (34, 24, 84)), (0.15, (78, 36, 124)), (0.24, (130, 42, 130)),
    (0.34, (184, 56, 112)), (0.48, (222, 88, 76)), (0.64, (246, 142, 56)), (0.8, (253, 200, 84)),
    (0.92, (255, 236, 160)), (1.0, (255, 253, 232)),
)  # fmt: skip
TREES = ((330, 44), (26, 60), (868, 40), (920, 56), (1180, 48))
"""(x, size)."""
WALLS = (
    ((84, 274, 140, 330), 33.0), ((160, 274, 216, 330), 32.0), ((236, 300, 280, 420), 27.0),
    ((50, 238, 310, 254), 17.0),
    ((1040, 410, 1190, 470), 26.0), ((866, 470, 1050, 566), 29.0),
)  # fmt: skip
"""Windows, door and roof of the house, and what motor and fire stand on."""
SCALE = (1222.0, 96.0, 1240.0, 600.0)
"""Where the scale of colours stands."""


@lru_cache(maxsize=1)
def palette() -> Any:
    """1024 colours from COLDEST to HOTTEST."""
    t = numpy.linspace(0, 1, 1024)
    channels = [numpy.interp(t, [s[0] for s in STOPS], [s[1][i] for s in STOPS]) for i in range(3)]
    return numpy.stack(channels, axis=-1).round().astype(numpy.uint8)


Mask = Callable[[Any, Any], Any]
"""How much of a thing is at these places, 0..1."""


def _box(box: Pixels, edge: float = 5.0) -> Mask:
    """1 inside, 0 outside, soft over ``edge`` pixels."""
    x0, y0, x1, y1 = box

    def mask(xs: Any, ys: Any) -> Any:
        depth = numpy.minimum(numpy.minimum(xs - x0, x1 - xs), numpy.minimum(ys - y0, y1 - ys))
        return numpy.clip(depth / edge, 0, 1)

    return mask


def _oval(box: Pixels, edge: float = 0.35) -> Mask:
    x0, y0, x1, y1 = box

    def mask(xs: Any, ys: Any) -> Any:
        dx, dy = (2 * xs - x0 - x1) / (x1 - x0), (2 * ys - y0 - y1) / (y1 - y0)
        return numpy.clip((1 - dx * dx - dy * dy) / edge, 0, 1)

    return mask


def _spot(xs: Any, ys: Any, x: float, y: float, rx: float, ry: float) -> Any:
    return numpy.exp(-(((xs - x) / rx) ** 2) - ((ys - y) / ry) ** 2)


class Field:
    """Degrees centigrade on a grid (xs of one row, ys of one column) or at single places."""

    def __init__(self, xs: Any, ys: Any, values: Any) -> None:
        self.xs, self.ys, self.values = xs, ys, values

    def lay(self, box: Pixels, degrees: Any, mask: Mask) -> None:
        """Cover the box with a thing of so many degrees, a number or a function of the places."""
        self.change(
            box, lambda old, xs, ys: _mixed(old, mask(xs, ys), degrees(xs, ys) if callable(degrees) else degrees)
        )

    def box(self, box: Pixels, degrees: Any, edge: float = 5.0) -> None:
        self.lay(box, degrees, _box(box, edge))

    def oval(self, box: Pixels, degrees: Any) -> None:
        self.lay(box, degrees, _oval(box))

    def change(self, box: Pixels, new: Callable[[Any, Any, Any], Any]) -> None:
        """Replace the values within the box (on a grid, or everywhere at single places)."""
        if self.values.ndim == 1:
            self.values = new(self.values, self.xs, self.ys)
            return
        x0, x1 = numpy.searchsorted(self.xs[0], (box[0], box[2]))
        y0, y1 = numpy.searchsorted(self.ys[:, 0], (box[1], box[3]))
        if x1 > x0 and y1 > y0:
            window = self.values[y0:y1, x0:x1]
            window[...] = new(window, self.xs[:, x0:x1], self.ys[y0:y1])


def _mixed(old: Any, mask: Any, degrees: Any) -> Any:
    return old * (1 - mask) + degrees * mask


def _still(xs: Any, ys: Any) -> Field:
    """What does not change: sky, hills, ground, a building, poles, trees."""
    sky = 6 + 9 * numpy.clip(ys / 330, 0, 1) ** 2
    hills = 296 + 24 * numpy.sin(xs / 170) + 12 * numpy.sin(xs / 61 + 2)
    depth = numpy.clip((ys - 344) / 376, 0, 1)
    ground = (
        18.5 + 8 * depth**0.8 + 1.2 * numpy.sin(xs * (0.03 - 0.018 * depth) + ys / 9) * numpy.sin(ys / 14 + xs / 60)
    )
    far = numpy.where(ys > hills, 14.5 + 1.6 * numpy.sin(xs / 90), sky)
    field = Field(xs, ys, numpy.where(ys > 344, ground, far + 0 * ys))
    for x, size in TREES:
        field.box((x - 4, 344 - size * 0.6, x + 4, 352), 16, 2)
        field.oval((x - size * 0.6, 330 - size * 1.6, x + size * 0.6, 330 - size * 0.1), 18.5)
    field.box((60, 250, 300, 420), lambda x, y: 21 + 4 * (420 - y) / 170)
    for box, degrees in WALLS:
        field.box(box, degrees)
    for x in (360, 560, 760):
        field.box((x, 196, x + 8, 480), 22.0, 2.5)
        field.box((x - 54, 214, x + 62, 221), 22.0, 2.5)
    return field


def temperatures(scene: Thermal, xs: Any, ys: Any, n: int) -> Any:
    """Degrees centigrade at these places."""
    return _moving(scene, _still(xs, ys), n).values


def _moving(scene: Thermal, field: Field, n: int) -> Field:
    _transformers(field, n, scene.frames)
    (x0, y), (x1, _) = PIPE
    field.oval((x0 - 60, y + 12, x1 + 180, y + 46), 23.5)
    field.box(
        (x0 - 30, y - 17, x1 + 150, y + 17), lambda xs, ys: _pipe_degrees(xs, n, scene.frames) - ((ys - y) / 7) ** 2, 5
    )
    mx, my = MOTOR
    warm = 62 + 14 * wave(n, scene.frames, 0.1)
    field.oval((mx - 84, my - 62, mx + 84, my + 62), lambda xs, ys: warm + 14 * _spot(xs, ys, mx, my, 46, 36))
    _walker(field, n, scene.frames)
    _fire(scene, field, n)
    return field


def _transformers(field: Field, n: int, frames: int) -> None:
    for i, x in enumerate((420, 620)):
        body = 46 + 6 * wave(n, frames, i / 3)
        field.box((x, 330, x + 130, 490), lambda xs, ys, body=body: body + 10 * (1 - (ys - 330) / 160), 7)
        for k in range(5):
            field.box((x + 10 + k * 24, 350, x + 20 + k * 24, 480), body - 12, 3)
        for k in range(3):
            field.box((x + 22 + k * 38, 292, x + 36 + k * 38, 334), 60 + 6 * wave(n, frames, k / 3), 4)


def _pipe_degrees(xs: Any, n: int, frames: int) -> Any:
    """Hot water runs through the pipe, twice in a loop."""
    phase = 2 * numpy.pi * (xs / 700 - 2 * n / frames)
    return 54 + 16 * numpy.sin(phase) + 7 * numpy.sin(2 * phase + 1)


def _walker(field: Field, n: int, frames: int) -> None:
    """Somebody who walks by in front of the pipe, and is no target of any rule."""
    x = -80 + (n % frames) / frames * 1440
    step = 10 * wave(n, 20)
    for dx in (step, -step):
        field.lay((x + dx - 12, 652, x + dx + 12, 716), 33.0, _oval((x + dx - 11, 644, x + dx + 11, 722)))
    field.oval((x - 22, 592, x + 22, 672), 35.0)
    for dx in (-step * 0.8, step * 0.8):
        field.oval((x + dx - 7, 606, x + dx + 7, 660), 34.0)
    field.oval((x - 14, 556, x + 14, 596), 39.0)


def _fire(scene: Thermal, field: Field, n: int) -> None:
    strength = scene.fire(n)
    x0, y0, x1, y1 = scene.fire_box(n)
    hot_x, hot_y = FIRE[0] + 6 * wave(n, 40), FIRE[1] - 12 - 20 * strength

    def burn(old: Any, xs: Any, ys: Any) -> Any:
        flame = _spot(xs, ys, hot_x, hot_y, (x1 - x0) / 3.2, (y1 - y0) / 3.2)
        tongue = _spot(xs, ys, hot_x + 12 * wave(n, 20), y0 + 30, 20, 34) * (0.7 + 0.2 * wave(n, 8))
        smoke = _spot(xs, ys, hot_x - 20 + 16 * wave(n, 100), y0 - 60, 50, 70)
        warm = strength * (150 * numpy.maximum(flame, tongue * 0.8) + 14 * smoke)
        return numpy.maximum(old, numpy.minimum(old + warm, 118 + 14 * flame))

    field.change((900, 60, 1280, 560), burn)


_grids: dict[tuple[int, int], tuple[Any, Any, Any]] = {}


def _grid(width: int, height: int) -> tuple[Any, Any, Any]:
    """Places of the pixels, and what never changes there."""
    if (width, height) not in _grids:
        xs = ((numpy.arange(width) + 0.5) * WIDTH / width)[None, :]
        ys = ((numpy.arange(height) + 0.5) * HEIGHT / height)[:, None]
        _grids[width, height] = xs, ys, _still(xs, ys).values
    return _grids[width, height]


def paint(scene: Thermal, canvas: Canvas, n: int) -> None:
    """The field in false colours, and the scale beside it."""
    width, height = canvas.image.size
    coarse = (max(1, width // 3), max(1, height // 3))
    xs, ys, still = _grid(*coarse)
    field = _moving(scene, Field(xs, ys, still.copy()), n)
    index = numpy.clip((field.values - COLDEST) / (HOTTEST - COLDEST) * 1023, 0, 1023).astype(numpy.int32)
    image = Image.fromarray(palette()[index], "RGB")
    canvas.image = image.resize((width, height), Image.Resampling.BILINEAR)
    _paint_scale(canvas)


def _paint_scale(canvas: Canvas) -> None:
    x0, y0, x1, y1 = SCALE

    def draw(pen: Pen) -> None:
        pen.box((x0 - 3, y0 - 3, x1 + 3, y1 + 3), (240, 236, 244), 3)
        pen.gradient((x0, y0, x1, y1), [(*c, 255) for c in map(tuple, palette()[::-64].tolist())])
        for degrees in range(0, 141, 20):
            y = y1 - (y1 - y0) * degrees / 140
            pen.text(x0 - 10, y, f"{degrees}°", (240, 236, 244), 17, "rm")

    canvas.stamp(_scale_sprite(draw), (x0 - 60, y0 - 14, x1 + 20, y1 + 14))


_sprites: list[Image.Image] = []


def _scale_sprite(draw: Any) -> Image.Image:
    """Drawn once: the scale never changes."""
    if not _sprites:
        x0, y0, x1, y1 = SCALE
        fine = Image.new("RGBA", (round(x1 - x0 + 80) * 2, round(y1 - y0 + 28) * 2))
        draw(Pen(fine, 2, (x0 - 60, y0 - 14)))
        _sprites.append(fine.reduce(2))
    return _sprites[0]
