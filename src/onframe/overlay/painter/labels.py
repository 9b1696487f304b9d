"""The texts of one picture: all are placed together, none on another."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from onframe.overlay.painter.chips import Card, Chip, Form, Pens, PlateChip
from onframe.overlay.painter.geometry import Rect, nearest
from onframe.overlay.painter.layout import Item, Memory, Room, Side, arrange
from onframe.overlay.painter.planes import Planes
from onframe.overlay.painter.sprites import Sprite
from onframe.overlay.painter.strokes import Sketch

_MOST = 150
"""Finding places takes time that grows with their square."""
_ALARM, _PLATE, _COUNTER, _LABEL, _CARD = 0, 10, 20, 30, 35
"""Which text is placed first."""


class _Text(Item):
    """One that waits to be placed and drawn."""

    __slots__ = ("_forms", "_pens", "_room", "_sprites", "color", "alpha")

    def __init__(
        self,
        labels: Labels,
        forms: tuple[Form, ...],
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

    def add(
        self,
        anchor: Rect,
        lines: Sequence[str],
        color: str,
        *,
        alarm: bool = False,
        rank: int = 1,
        alpha: float = 1.0,
        key: str = "",
    ) -> None:
        """A chip of lines above the anchor; where there is no room for all, its first line."""
        if self.brief and rank > 2 and not alarm:
            return
        forms: tuple[Form, ...] = (Chip((lines[0],), color, alarm),)
        if len(lines) > 1 and not self.brief:
            forms = (Chip(tuple(lines), color, alarm), *forms)
        self._request(forms, anchor, color, alpha, "above", _ALARM if alarm else _LABEL + rank, alarm, 3, key)

    def line(
        self, anchor: Rect, lines: Sequence[str], color: str, *, alarm: bool = False, rank: int = 1, key: str = ""
    ) -> None:
        """A chip of one line: the first of these that finds room."""
        forms = tuple(Chip((line,), color, alarm) for line in lines)
        self._request(forms, anchor, color, 1.0, "above", _ALARM if alarm else _LABEL + rank, alarm, 3, key)

    def plate(self, chip: PlateChip, x: float, y: float, *, alpha: float = 1.0, key: str = "") -> None:
        """A number plate below (x, y), centred."""
        short = chip._replace(caption="")
        forms = (short,) if self.brief or not chip.caption else (chip, short)
        self._request(forms, Rect(x, y, 0, 0), chip.color, alpha, "below", _PLATE, False, 5, key)

    def counter(self, card: Card, x: float, y: float, *, alpha: float = 1.0, key: str = "") -> None:
        """A card in the middle of its place."""
        value = card.rows[0].value if card.rows else ""
        chip = Chip((f"{card.title} · {value}",), card.color, card.alarm)
        forms: tuple[Form, ...] = (chip,) if self.brief else (card, chip)
        rank = _ALARM if card.alarm else _COUNTER
        self._request(forms, Rect(x, y, 0, 0), card.color, alpha, "on", rank, card.alarm, 4, key)

    def card(self, card: Card, anchor: Rect, *, alpha: float = 1.0, key: str = "") -> None:
        """A card beside a rectangle; where it finds no room, its title and first values."""
        line = " · ".join([card.title, *(row.value for row in card.rows[:2])])
        chips = (Chip((line,), card.color, False), Chip((card.title,), card.color, False))
        forms: tuple[Form, ...] = chips if self.brief else (card, *chips)
        self._request(forms, anchor, card.color, alpha, "beside", _CARD, False, 6, key)

    def _request(self, forms: tuple[Form, ...], *how: Any) -> None:
        if len(self._texts) < 4 * _MOST:
            self._texts.append(_Text(self, forms, *how))

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
        self._texts.clear()

    def _leader(self, rect: Rect, text: _Text) -> None:
        """From a text that stands far away to what it is about."""
        x, y, w, h = text.anchor
        start = nearest(rect, x + w / 2, y + h / 2)
        end = nearest(text.anchor, *start)
        line = self.sketch.stroke([(*start, *end)], 1.2 * self.unit, text.color, 0.8)
        line.blend(self.planes, text.alpha)

    def put(self, sprite: Sprite, x: float, y: float) -> Rect:
        """Lay down a sprite near (x, y), and take its place."""
        left, top = 2 * round(x / 2), 2 * round(y / 2)
        place = Rect(left, top, sprite.width, sprite.height)
        self.room.taken.append(place.edges)
        sprite.blend(self.planes, left, top)
        return place
