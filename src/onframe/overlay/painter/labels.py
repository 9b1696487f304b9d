"""The texts of one picture: all are placed together, none on another."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from onframe.overlay.painter.chips import NARROW, Card, Chip, Form, Pens, PlateChip
from onframe.overlay.painter.geometry import Rect, nearest
from onframe.overlay.painter.layout import Item, Memory, Room, Side, arrange
from onframe.overlay.painter.planes import Planes
from onframe.overlay.painter.sprites import Sprite
from onframe.overlay.painter.strokes import Sketch
from onframe.overlay.painter.text import PARTED
from onframe.overlay.painter.twins import Told, Twins

_MOST = 150
"""Finding places takes time that grows with their square."""
_TINY = 300
"""Units of the room's width: in less an alarm too is told in one line."""
_ALARM, _PLATE, _COUNTER, _LABEL, _CARD = 0, 10, 20, 30, 35
"""Which text is placed first."""


class _Text(Item):
    """One that waits to be placed and drawn."""

    __slots__ = ("_forms", "_pens", "_room", "_sprites", "color", "alpha")

    def __init__(
        self,
        labels: Labels,
        forms: Sequence[Form],
        anchor: Rect,
        color: str,
        alpha: float,
        side: Side,
        rank: int,
        keep: bool,
        gap: float,
        key: str,
    ) -> None:
        Item.__init__(self, anchor, len(forms), side, rank, keep, gap * labels.unit, key)
        self._forms, self._pens, self._room = forms, labels.pens, labels.bounds.w
        self._sprites: list[Sprite | None] = [None] * len(forms)
        self.color, self.alpha = color, alpha

    def size(self, form: int) -> tuple[float, float]:
        sprite = self.sprite(form)
        return sprite.width, sprite.height

    def sprite(self, form: int) -> Sprite:
        found = self._sprites[form]
        if found is None:
            found = self._sprites[form] = self._pens.sprite(self._forms[form], self._room)
        return found


class Labels:
    """Texts that are drawn when all of them are known."""

    def __init__(
        self,
        planes: Planes,
        pens: Pens,
        sketch: Sketch,
        bounds: Rect,
        memory: Memory | None = None,
        now: float = 0.0,
        *,
        brief: bool = False,
    ) -> None:
        """Texts stay within ``bounds``; with ``memory`` they stay where they were, ``now`` in ms."""
        self.planes, self.pens, self.sketch, self.bounds, self.brief = planes, pens, sketch, bounds, brief
        self.unit = pens.unit
        self.room = Room(bounds, memory, now)
        self._texts: list[_Text] = []
        self._twins = Twins()

    def add(self, told: Told) -> None:
        """A chip of lines above the anchor; where there is no room for all, its first two or its first.

        Those of several documents about one target are told in one.
        """
        if self.brief and told.rank > 2 and not told.alarm:
            return
        told, index = self._twins.merge(told, len(self._texts))
        lines = told.lines
        if self.brief:
            lines = lines[: 2 if told.alarm and self.bounds.w >= _TINY * self.unit else 1]
        counts = dict.fromkeys((len(lines), min(2, len(lines)), 1))
        text = self._chips(told, [Chip(lines[:count], told.color, told.alarm) for count in counts], lines[0])
        if index < len(self._texts):
            self._texts[index] = text
        else:
            self._keep(text)

    def line(self, told: Told) -> None:
        """A chip of one line: the first of the lines that finds room."""
        last = told.lines[-1]
        lines = [line for line in told.lines if line == last or self.pens.fits(line, self.bounds.w)]
        self._keep(self._chips(told, [Chip((line,), told.color, told.alarm) for line in lines], last))

    def _chips(self, told: Told, forms: list[Form], shortest: str) -> _Text:
        """What must be shown takes little room where there is no more."""
        if told.alarm:
            forms.append(Chip((shortest,), told.color, True, NARROW))
        rank = _ALARM if told.alarm else _LABEL + told.rank
        return _Text(self, forms, told.anchor, told.color, told.alpha, "above", rank, told.alarm, 3, told.key)

    def plate(self, chip: PlateChip, x: float, y: float, *, alpha: float = 1.0, key: str = "") -> None:
        """A number plate below (x, y), centred."""
        short = chip._replace(caption="")
        forms = (short,) if self.brief or not chip.caption else (chip, short)
        self._request(forms, Rect(x, y, 0, 0), chip.color, alpha, "below", _PLATE, False, 5, key)

    def counter(self, card: Card, x: float, y: float, *, alpha: float = 1.0, key: str = "") -> None:
        """A card in the middle of its place."""
        value = card.rows[0].value if card.rows else ""
        chip = Chip((f"{card.title}{PARTED}{value}",), card.color, card.alarm)
        forms: tuple[Form, ...] = (chip,) if self.brief else (card, chip)
        rank = _ALARM if card.alarm else _COUNTER
        self._request(forms, Rect(x, y, 0, 0), card.color, alpha, "on", rank, card.alarm, 4, key)

    def card(self, card: Card, anchor: Rect, *, alpha: float = 1.0, key: str = "") -> None:
        """A card beside a rectangle; where it finds no room, its title and first values."""
        line = PARTED.join([card.title, *(row.value for row in card.rows[:2])])
        chips = (Chip((line,), card.color, False), Chip((card.title,), card.color, False))
        forms: tuple[Form, ...] = chips if self.brief else (card, *chips)
        self._request(forms, anchor, card.color, alpha, "beside", _CARD, False, 6, key)

    def _request(self, forms: Sequence[Form], *how: Any) -> None:
        self._keep(_Text(self, forms, *how))

    def _keep(self, text: _Text) -> None:
        if len(self._texts) < 4 * _MOST:
            self._texts.append(text)

    def draw(self) -> None:
        """Draw all; the more important find their place first, and are drawn last."""
        self._texts.sort(key=attrgetter("rank"))
        most = self._texts[:_MOST]
        places = arrange(most, self.room)
        for place, text in zip(reversed(places), reversed(most), strict=True):
            if place is not None:
                if place.far:
                    self._leader(place.rect, text)
                text.sprite(place.form).blend(self.planes, int(place.rect.x), int(place.rect.y), text.alpha)

    def _leader(self, rect: Rect, text: _Text) -> None:
        """From a text that stands far away to what it is about."""
        x, y, w, h = text.anchor
        start = nearest(rect, x + w / 2, y + h / 2)
        end = nearest(text.anchor, *start)
        line = self.sketch.stroke([(*start, *end)], 1.2 * self.unit, text.color, 0.8)
        line.blend(self.planes, text.alpha)

    def put(self, sprite: Sprite, x: float, y: float) -> Rect:
        """Lay down a sprite near (x, y), and take its place."""
        place = place_of(sprite, x, y)
        self.room.taken.append(place.edges)
        sprite.blend(self.planes, int(place.x), int(place.y))
        return place


def place_of(sprite: Sprite, x: float, y: float) -> Rect:
    """Near (x, y), at an even column and row."""
    return Rect(2 * round(x / 2), 2 * round(y / 2), sprite.width, sprite.height)
