"""Pictures of texts: chips of lines, cards of rows, number plates, notices. Each is put together once, then kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from onframe.overlay.painter.cache import Cache
from onframe.overlay.painter.planes import Colors
from onframe.overlay.painter.sprites import Composition, Cover, Sprite, rounded
from onframe.overlay.painter.text import Run, Type
from onframe.overlay.vocabulary import Row

INK, DIM, CARD = "#f4f7fb", "#e2e8f0", "#0a0e14"
CARD_OPACITY, DIM_OPACITY = 0.80, 0.72
_ALARM_INK = "#1a0205"
_MOST_LINES, _MOST_ROWS = 8, 24
_WIDEST = 340
"""Units of a chip or card."""
WIDE, NARROW = 0.62, 0.3
"""Of the room's width: what a chip takes at most, and one that must be shown where there is no more room."""
_BASELINE = 0.36
"""Of the size: so far below a line's middle stands the foot of its letters."""


class Chip(NamedTuple):
    """Lines of text, at most so wide a share of the room; an alarm's is filled with its colour."""

    lines: tuple[str, ...]
    color: str
    alarm: bool
    share: float = WIDE


class Card(NamedTuple):
    title: str
    rows: tuple[Row, ...]
    color: str
    alarm: bool


class PlateChip(NamedTuple):
    """A number plate in its own colours, and what stands under it."""

    text: str
    caption: str
    color: str
    ink: str


class Pill(NamedTuple):
    """A notice: a sentence beside a dot of its colour."""

    text: str
    color: str
    lines: int = 3


def card_of(title: str, rows: Sequence[Row], color: str, alarm: bool = False) -> Card:
    return Card(title, tuple(rows), color, alarm)


Form: TypeAlias = Chip | Card | PlateChip | Pill


class Pens:
    """The types in use at one size, and the sprites made with them."""

    def __init__(self, unit: float, colors: Colors) -> None:
        self.unit, self.colors = unit, colors
        self.sprites: Cache[Sprite] = Cache(2048, 48 << 20)
        self._bases: Cache[Composition] = Cache(256, 8 << 20)
        self._smaller: Pens | None = None
        self._types: dict[tuple[float, bool], Type] = {}

    def type(self, size: float, *, bold: bool = False) -> Type:
        """``size`` in units."""
        found = self._types.get((size, bold))
        if found is None:
            found = self._types[size, bold] = Type(size * self.unit, bold=bold)
        return found

    @property
    def used(self) -> int:
        """Bytes."""
        own = self.sprites.used + self._bases.used + sum(letters.used for letters in self._types.values())
        return own + (self._smaller.used if self._smaller is not None else 0)

    def smaller(self) -> Pens:
        """For an inset."""
        if self._smaller is None:
            self._smaller = Pens(0.84 * self.unit, self.colors)
        return self._smaller

    def sprite(self, form: Form, room: float) -> Sprite:
        """Its picture, no wider than the room's share of it, which is in pixels."""
        key = (form, room)
        found = self.sprites.get(key)
        if found is None:
            found = self._made(form, room).sprite()
            self.sprites.put(key, found, found.size)
        return found

    def _made(self, form: Form, room: float) -> Composition:
        if isinstance(form, Chip):
            return self._chip(form, room)
        if isinstance(form, Card):
            return self._card(form, room)
        return self._plate(form, room) if isinstance(form, PlateChip) else self._pill(form, room)

    def _chip(self, chip: Chip, room: float) -> Composition:
        unit, most = self.unit, self._within(room, chip.share)
        types = (self.type(12.5, bold=True), self.type(11.5))
        runs = [types[i > 0].shortened(line, most) for i, line in enumerate(chip.lines[:_MOST_LINES])]
        width = wide(max(run.width for run in runs) + 15 * unit)
        height = even((len(runs) * 16 + 6) * unit)
        made = self._ground(width, height, chip.color, chip.alarm).copy()
        for i, run in enumerate(runs):
            ink, opacity = (_ALARM_INK, 1.0) if chip.alarm else (DIM, DIM_OPACITY) if i else (INK, 1.0)
            write(made, run, 8 * unit, (11 + i * 16) * unit, types[i > 0].size, ink, opacity)
        return made

    def fits(self, line: str, room: float) -> bool:
        """Whether a chip shows the whole line."""
        return self.type(12.5, bold=True).width(line) <= self._within(room, WIDE)

    def _within(self, room: float, share: float) -> float:
        """For the text of a chip."""
        return max(24 * self.unit, min(_WIDEST * self.unit, share * room) - 15 * self.unit)

    def _ground(self, width: int, height: int, color: str, alarm: bool) -> Composition:
        """A chip without its text."""
        key = (width, height, color, alarm)
        found = self._bases.get(key)
        if found is None:
            found = Composition(width, height, self.colors)
            body = rounded(width, height, 4 * self.unit)
            found.add(body, color if alarm else CARD, 1.0 if alarm else CARD_OPACITY)
            if not alarm:
                edge = max(2, round(3 * self.unit))
                found.add(rounded(edge, height, 1.5 * self.unit) * body[:, :edge], color)
            self._bases.put(key, found, 16 * width * height)
        return found

    def _plate(self, plate: PlateChip, room: float) -> Composition:
        unit, large, small = self.unit, self.type(16, bold=True), self.type(11)
        text, caption = large.fitted(plate.text, 0.6 * room), small.fitted(plate.caption, 0.6 * room)
        chip, height = wide(text.width + 18 * unit), even(24 * unit)
        width = max(chip, wide(caption.width + 12 * unit) if plate.caption else 0)
        made = Composition(width, height + (even(19 * unit) if plate.caption else 0), self.colors)
        left = (width - chip) // 2
        made.add(rounded(chip, height, 4 * unit), plate.color, x=left)
        made.add(rounded(chip, height, 3.75 * unit, 1.25 * unit), plate.ink, x=left)
        made.add(rounded(chip, height, 2.25 * unit, 2.75 * unit), plate.color, x=left)
        write(made, text, left + (chip - text.width) / 2, height / 2 + unit * 0.2, large.size, plate.ink)
        if plate.caption:
            low = even(17 * unit)
            made.add(rounded(width, low, 4 * unit), CARD, CARD_OPACITY, y=made.height - low)
            middle = made.height - low / 2
            write(made, caption, (width - caption.width) / 2, middle, small.size, DIM, DIM_OPACITY)
        return made

    def _card(self, card: Card, room: float) -> Composition:
        unit, title, names, values = self.unit, self.type(11, bold=True), self.type(12), self.type(14, bold=True)
        rows = card.rows[:_MOST_ROWS]
        wanted = [names.width(row.name) + values.width(row.value) + 20 * unit for row in rows]
        widest = max(110 * unit, min(_WIDEST * unit, 0.5 * room))
        heading = card.title.upper()
        width = wide(min(widest, max(110 * unit, max([title.width(heading), *wanted]) + 24 * unit)))
        made = Composition(width, even((30 + len(rows) * 20) * unit), self.colors)
        within, line = width - 24 * unit, (2 if card.alarm else 1) * unit
        body = rounded(width, made.height, 7 * unit)
        made.add(body, CARD, CARD_OPACITY)
        rim = body - rounded(width, made.height, 7 * unit - line, line)
        made.add(np.maximum(rim, 0), card.color if card.alarm else "#ffffff", 1.0 if card.alarm else 0.10)
        write(made, title.fitted(heading, within), 12 * unit, 14 * unit, title.size, card.color)
        for i, row in enumerate(rows):
            middle = (35 + i * 20) * unit
            value = values.fitted(row.value, 0.7 * within)
            name = names.fitted(row.name, within - value.width - 10 * unit)
            write(made, name, 12 * unit, middle, names.size, DIM, DIM_OPACITY)
            write(made, value, width - 12 * unit - value.width, middle, values.size, row.color or INK)
        return made

    def _pill(self, pill: Pill, room: float) -> Composition:
        unit, letters = self.unit, self.type(12.5)
        runs = letters.wrapped(pill.text, max(24 * unit, room - 50 * unit), pill.lines)
        width = wide(max(run.width for run in runs) + 34 * unit)
        made = Composition(width, even((27 + 16 * (len(runs) - 1)) * unit), self.colors)
        made.add(rounded(made.width, made.height, 13.5 * unit), CARD, CARD_OPACITY)
        dot = max(2, round(7 * unit))
        made.add(rounded(dot, dot, dot / 2), pill.color, x=round(14 * unit - dot / 2), y=round(13.5 * unit - dot / 2))
        for i, run in enumerate(runs):
            write(made, run, 24 * unit, (14 + 16 * i) * unit, letters.size, INK)
        return made


def write(onto: Composition, run: Run, x: float, middle: float, size: float, color: str, opacity: float = 1.0) -> None:
    """A text from x on, its line's middle at this height."""
    if run.mask.size:
        onto.add(cover_of(run), color, opacity, round(x), round(middle + _BASELINE * size) + run.top)


def cover_of(run: Run) -> Cover:
    return run.mask.astype(np.float32) * np.float32(1 / 255)


def wide(value: float) -> int:
    """The least even whole number that is no less: what holds a text may not cut it."""
    return max(2, 2 * math.ceil(value / 2))


def even(value: float) -> int:
    """The nearest even whole number."""
    return max(2, 2 * round(value / 2))
