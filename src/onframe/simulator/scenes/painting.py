"""Painting with Pillow: soft-edged shapes in logical pixels, on a canvas of any size."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy
from PIL import Image, ImageDraw, ImageFont

from onframe.simulator.scenes.scene import HEIGHT, WIDTH, Pixels

Color = tuple[int, ...]
"""(red, green, blue) or (red, green, blue, alpha), 0..255."""
XY = tuple[float, float]


class Pen:
    """Draws in logical pixels onto an image that is ``scale`` times as fine and begins at ``origin``."""

    def __init__(self, image: Image.Image, scale: float, origin: XY = (0.0, 0.0)) -> None:
        self.image = image
        self._draw = ImageDraw.Draw(image, "RGBA" if image.mode == "RGB" else image.mode)
        self.scale = scale
        self._origin = origin

    def at(self, x: float, y: float) -> XY:
        return (x - self._origin[0]) * self.scale, (y - self._origin[1]) * self.scale

    def _box(self, box: Pixels) -> list[XY]:
        return [self.at(box[0], box[1]), self.at(box[2], box[3])]

    def polygon(self, points: Sequence[XY], fill: Color) -> None:
        self._draw.polygon([self.at(*p) for p in points], fill=fill)

    def box(self, box: Pixels, fill: Color, radius: float = 0.0) -> None:
        if box[2] > box[0] and box[3] > box[1]:
            self._draw.rounded_rectangle(self._box(box), radius * self.scale, fill=fill)

    def ellipse(self, box: Pixels, fill: Color) -> None:
        if box[2] > box[0] and box[3] > box[1]:
            self._draw.ellipse(self._box(box), fill=fill)

    def disc(self, x: float, y: float, radius: float, fill: Color) -> None:
        self.ellipse((x - radius, y - radius, x + radius, y + radius), fill)

    def ring(self, box: Pixels, color: Color, width: float = 1.0, start: float = 0, end: float = 360) -> None:
        self._draw.arc(self._box(box), start, end, fill=color, width=max(1, round(width * self.scale)))

    def line(self, points: Sequence[XY], color: Color, width: float = 1.0) -> None:
        self._draw.line(
            [self.at(*p) for p in points], fill=color, width=max(1, round(width * self.scale)), joint="curve"
        )

    def limb(self, points: Sequence[XY], color: Color, width: float) -> None:
        """A line with round joints and ends."""
        self.line(points, color, width)
        for x, y in points:
            self.disc(x, y, width / 2, color)

    def text(self, x: float, y: float, text: str, color: Color, size: float, anchor: str = "mm") -> None:
        font = ImageFont.load_default(size=max(4.0, size * self.scale))
        self._draw.text(self.at(x, y), text, fill=color, font=font, anchor=anchor)

    def gradient(self, box: Pixels, colors: Sequence[Color], mask: Sequence[XY] | None = None) -> None:
        """Colours from top to bottom of the box; ``mask`` is a polygon that limits them."""
        (x0, y0), (x1, y1) = self._box(box)
        left, top, width, height = round(x0), round(y0), max(1, round(x1 - x0)), max(1, round(y1 - y0))
        piece = Image.fromarray(numpy.repeat(_column(colors, height)[:, None, :], width, axis=1), "RGB")
        if mask is None:
            self.image.paste(piece, (left, top))
            return
        stencil = Image.new("L", (width, height), 0)
        ImageDraw.Draw(stencil).polygon([(x - left, y - top) for x, y in (self.at(*p) for p in mask)], fill=255)
        self.image.paste(piece, (left, top), stencil)


def _column(colors: Sequence[Color], height: int) -> numpy.ndarray:
    stops = numpy.linspace(0, 1, len(colors))
    t = numpy.linspace(0, 1, height)
    channels = [numpy.interp(t, stops, [c[i] for c in colors]) for i in range(3)]
    return numpy.stack(channels, axis=-1).round().astype(numpy.uint8)


class Canvas:
    """A picture in the making; ``image`` is its RGB image."""

    def __init__(self, width: int = WIDTH, height: int = HEIGHT) -> None:
        self.image: Image.Image = Image.new("RGB", (width, height))
        self.scale = width / WIDTH

    @property
    def pixels_per_side(self) -> tuple[int, int]:
        return self.image.size

    def draw_all(self, draw: Callable[[Pen], None], fineness: int = 2) -> None:
        """Draw over the whole picture with soft edges; for backgrounds."""
        width, height = self.image.size
        fine = self.image.resize((width * fineness, height * fineness), Image.Resampling.NEAREST)
        draw(Pen(fine, self.scale * fineness))
        self.image = fine.reduce(fineness)

    def draw(self, box: Pixels, draw: Callable[[Pen], None], fineness: int = 3) -> None:
        """Draw within the box with soft edges, over what is there."""
        x0, y0 = int(box[0] * self.scale), int(box[1] * self.scale)
        x1, y1 = int(box[2] * self.scale) + 1, int(box[3] * self.scale) + 1
        x0, y0, x1, y1 = max(0, x0), max(0, y0), min(self.image.width, x1), min(self.image.height, y1)
        if x1 <= x0 or y1 <= y0:
            return
        patch = Image.new("RGBA", ((x1 - x0) * fineness, (y1 - y0) * fineness))
        draw(Pen(patch, self.scale * fineness, (x0 / self.scale, y0 / self.scale)))
        patch = patch.reduce(fineness)
        self.image.paste(patch, (x0, y0), patch)

    def stamp(self, sprite: Image.Image, box: Pixels, opacity: float = 1.0) -> None:
        """Lay a sprite (RGBA) over the picture, filling the box; ``opacity`` below 1 lets the ground shine through."""
        x0, y0, x1, y1 = (round(v * self.scale) for v in box)
        size = (max(1, x1 - x0), max(1, y1 - y0))
        if sprite.size != size:
            sprite = sprite.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
        mask = sprite if opacity >= 1 else sprite.getchannel("A").point(lambda value: round(value * opacity))
        self.image.paste(sprite, (x0, y0), mask)

    def shadow(self, x: float, y: float, width: float, strength: int = 90) -> None:
        """A soft flat shadow on the ground under something that stands at (x, y)."""
        soft = _shadow(strength)
        self.stamp(soft, (x - width * 0.62, y - width * 0.13, x + width * 0.62, y + width * 0.13))

    def glow(self, x: float, y: float, radius: float, color: Color, strength: float = 1.0) -> None:
        """Light around a point."""
        key = (tuple(color), round(strength, 2))
        if key not in _glows:
            _glows[key] = _radial(color, strength)
        self.stamp(_glows[key], (x - radius, y - radius, x + radius, y + radius))

    def stamp_light(self, x: float, y: float, width: float, color: Color = (255, 226, 168)) -> None:
        """A pool of light on the ground."""
        soft = _radial(color, 0.34)
        self.stamp(soft, (x - width, y - width * 0.22, x + width, y + width * 0.22))


_glows: dict[object, Image.Image] = {}
_shadows: dict[int, Image.Image] = {}


def _shadow(strength: int) -> Image.Image:
    if strength not in _shadows:
        _shadows[strength] = _radial((6, 10, 18), strength / 255, 1.3)
    return _shadows[strength]


def _radial(color: Color, strength: float, power: float = 2.0, size: int = 128) -> Image.Image:
    axis = numpy.linspace(-1, 1, size)
    distance = numpy.sqrt(axis[None, :] ** 2 + axis[:, None] ** 2)
    alpha = (numpy.clip(1 - distance, 0, 1) ** power * 255 * strength).astype(numpy.uint8)
    pixels = numpy.empty((size, size, 4), numpy.uint8)
    pixels[..., :3] = color[:3]
    pixels[..., 3] = alpha
    return Image.fromarray(pixels, "RGBA")


def sprite(width: float, height: float, draw: Callable[[Pen], None], fineness: int = 3) -> Image.Image:
    """A picture with a transparent ground, drawn in its own logical pixels."""
    fine = Image.new("RGBA", (round(width * fineness), round(height * fineness)))
    draw(Pen(fine, fineness))
    return fine.resize((round(width), round(height)), Image.Resampling.BOX)
