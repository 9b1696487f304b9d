"""Texts in the picture: chips that do not collide, cards of rows, number plates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from onframe.overlay.painter.cache import Cache
from onframe.overlay.painter.layout import Edges, Rect, overlap, place_label
from onframe.overlay.painter.planes import Colors, Planes
from onframe.overlay.painter.sprites import Composition, Cover, Sprite, even, rounded
from onframe.overlay.painter.text import Run, Type

INK, DIM, CARD = "#f4f7fb", "#e2e8f0", "#0a0e14"
CARD_OPACITY, DIM_OPACITY = 0.80, 0.72
ALARM_INK = "#1a0205"
MOST_LABELS = 150
"""Finding places takes time that grows with their square."""
MOST_LINES = 8
_BASELINE = 0.36
"""Of the size: this far below a line's middle stands the foot of its letters."""


class Request(NamedTuple):
    """A label that wants a place; of equal urgency the lower ``rank`` finds its own first."""

    anchor: Rect
    lines: tuple[str, ...]
    color: str
    alarm: bool
    rank: int
    alpha: float


class Pens:
    """The types in use at one size, and the sprites made with them."""

    def __init__(self, unit: float, colors: Colors) -> None:
        self.unit, self.colors = unit, colors
        self.sprites: Cache[Sprite] = Cache(2048, 48 << 20)
        self._bases: Cache[Composition] = Cache(256, 8 << 20)
        self._types: dict[tuple[float, bool], Type] = {}

    def type(self, size: float, *, bold: bool = False) -> Type:
        """``size`` in units."""
        found = self._types.get((size, bold))
        if found is None:
            found = self._types[size, bold] = Type(size * self.unit, bold=bold)
        return found

    def line(self, number: int) -> Type:
        """The type of a label's line: the first stands out."""
        return self.type(11.5) if number else self.type(12.5, bold=True)

    def label(self, lines: tuple[str, ...], color: str, alarm: bool, widest: int) -> Sprite:
        """A chip with its lines, no wider than this."""
        key = ("label", lines, color, alarm)
        return self.sprites.get(key) or self._keep(key, self._label(lines[:MOST_LINES], color, alarm, widest))

    def _keep(self, key: tuple[object, ...], sprite: Sprite) -> Sprite:
        return self.sprites.put(key, sprite, sprite.size)

    def _label(self, lines: tuple[str, ...], color: str, alarm: bool, widest: int) -> Sprite:
        unit = self.unit
        room = max(0, widest - 15 * unit)
        runs = [self.line(i).run(self.line(i).fitting(line, room)) for i, line in enumerate(lines)]
        width = even(max(run.width for run in runs) + 15 * unit)
        height = even((len(lines) * 16 + 6) * unit)
        chip = self._chip(width, height, color, alarm).copy()
        for i, run in enumerate(runs):
            ink, opacity = (ALARM_INK, 1.0) if alarm else (DIM, DIM_OPACITY) if i else (INK, 1.0)
            write(chip, run, 8 * unit, (11 + i * 16) * unit, self.line(i).size, ink, opacity)
        return chip.sprite()

    def _chip(self, width: int, height: int, color: str, alarm: bool) -> Composition:
        key = (width, height, color, alarm)
        found = self._bases.get(key)
        if found is None:
            found = self._new_chip(width, height, color, alarm)
            self._bases.put(key, found, 16 * width * height)
        return found

    def _new_chip(self, width: int, height: int, color: str, alarm: bool) -> Composition:
        chip = Composition(width, height, self.colors)
        body = rounded(width, height, 4 * self.unit)
        chip.add(body, color if alarm else CARD, 1.0 if alarm else CARD_OPACITY)
        if not alarm:
            edge = max(2, round(3 * self.unit))
            chip.add(rounded(edge, height, 1.5 * self.unit) * body[:, :edge], color)
        return chip


def write(
    onto: Composition, run: Run, x: float, middle: float, size: float, color: str, opacity: float = 1.0
) -> None:
    """A text from x on, its line's middle at this height."""
    if run.mask.size:
        top = round(middle + _BASELINE * size) + run.top
        onto.add(cover_of(run), color, opacity, round(x), top)


def cover_of(run: Run) -> Cover:
    return run.mask.astype(np.float32) * np.float32(1 / 255)


class Labels:
    """The texts of one picture: what is taken, and labels that are drawn when all of them are known."""

    def __init__(self, planes: Planes, pens: Pens, bounds: Rect, *, brief: bool = False) -> None:
        self.planes, self.pens, self.bounds, self.brief = planes, pens, bounds, brief
        self.unit = pens.unit
        self.taken: list[Edges] = []
        self.spared: list[Edges] = []
        """What a label covers only where it must: targets."""
        self._requests: list[Request] = []

    def add(
        self, anchor: Rect, lines: Sequence[str], color: str, *, alarm: bool = False, rank: int = 1, alpha: float = 1.0
    ) -> None:
        """Ask for a label at this anchor."""
        if self.brief:
            lines = lines[:1]
            if rank > 2 and not alarm:
                return
        if lines:
            self._requests.append(Request(anchor, tuple(lines), color, alarm, rank, alpha))

    def draw(self) -> None:
        """Draw all; alarms find their place first."""
        self._requests.sort(key=lambda request: (not request.alarm, request.rank))
        for request in self._requests[:MOST_LABELS]:
            self._draw(request)
        self._requests.clear()

    def _draw(self, request: Request) -> None:
        sprite = self.pens.label(request.lines, request.color, request.alarm, int(self.bounds.w))
        size = (sprite.width, sprite.height)
        place = place_label(request.anchor, size, self.taken, self.bounds, 3 * self.unit, self.spared)
        if self.brief and not request.alarm and overlap(place, self.taken) > 0.15 * place.w * place.h:
            return
        self.put(sprite, place.x, place.y, request.alpha)

    def put(self, sprite: Sprite, x: float, y: float, alpha: float = 1.0) -> None:
        """Lay down a sprite near (x, y), and take its place."""
        left, top = even(x), even(y)
        self.taken.append((left, top, left + sprite.width, top + sprite.height))
        sprite.blend(self.planes, left, top, alpha)
