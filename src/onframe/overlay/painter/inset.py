"""What stands at the picture's edges: panels, notices and the radar inset."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from onframe.overlay.painter.canvas import Canvas
from onframe.overlay.painter.chips import Pill, card_of, even, write
from onframe.overlay.painter.fills import inside_of
from onframe.overlay.painter.geometry import XY, Edges, Rect, ahead, barbs, crossing_arrow, overlap
from onframe.overlay.painter.labels import Labels, place_of
from onframe.overlay.painter.layout import SETTLED
from onframe.overlay.painter.planes import Colors
from onframe.overlay.painter.sprites import Composition, Cover, Sprite, rounded
from onframe.overlay.painter.strokes import Segment, Sketch, arc, path
from onframe.overlay.painter.text import PARTED
from onframe.overlay.painter.twins import Told
from onframe.overlay.vocabulary import Blip, Line, Notice, Panel, Polygon, Radar, Ring, Wedge

_CORNERS = ("top-right", "top-left", "bottom-right", "bottom-left")
"""As they are liked: targets are seldom in the sky."""
_KEY = "panels"
_TOLERATED = 0.05
"""Of the panels' area: so much of it may lie on targets."""
_PATIENCE = 2000.0
"""ms: so long there must be a better corner before panels move there."""
_MOST_PANELS, _MOST_NOTICES = 24, 3
_MOST_PARTS = 64
"""Of each sort in the radar inset."""
_GLASS, _RIM = "#081012", "#5eead4"
_VECTOR_SECONDS = 3.0


def draw_panels(canvas: Canvas, panels: Sequence[Panel]) -> None:
    """Panels stacked at a corner by title, in further columns where one is full; of one title the last counts."""
    named = {panel.title: panel for panel in panels}
    shown = [named[title] for title in sorted(named)[:_MOST_PANELS]]
    cards = [card_of(panel.title, panel.rows, panel.color, panel.alarm) for panel in shown]
    sprites = [canvas.pens.sprite(card, canvas.bounds.w) for card in cards]
    for sprite, place in zip(sprites, _stack_of(canvas, sprites) if sprites else (), strict=True):
        if place is not None:
            canvas.labels.put(sprite, place.x, place.y)


def _stack_of(canvas: Canvas, sprites: Sequence[Sprite]) -> list[Rect | None]:
    """Where panels stand: where they stood, until they have hidden targets there for a while; then where they hide
    least."""
    memory, now = canvas.kept.places, canvas.now
    last = memory.of(_KEY)
    chosen = last[0] if last is not None else 0
    places = _stack_at(canvas, _CORNERS[chosen], sprites)
    harm, since = _harm_of(canvas, places), SETTLED
    if harm > _TOLERATED:
        stacks = [places if i == chosen else _stack_at(canvas, corner, sprites) for i, corner in enumerate(_CORNERS)]
        harms = [_harm_of(canvas, stack) for stack in stacks]
        best = harms.index(min(harms))
        if harms[best] < harm:
            since = now if last is None or last[2] == SETTLED else last[2]
            if last is None or now - since >= _PATIENCE:
                places, chosen, since = stacks[best], best, SETTLED
    memory.keep(_KEY, chosen, 0, since, now)
    return places


def _stack_at(canvas: Canvas, corner: str, sprites: Sequence[Sprite]) -> list[Rect | None]:
    taken, places = list(canvas.labels.room.taken), list[Rect | None]()
    for sprite in sprites:
        corner_place = _corner_place(canvas, taken, corner, sprite.width, sprite.height)
        place = None if corner_place is None else place_of(sprite, *corner_place)
        places.append(place)
        if place is not None:
            taken.append(place.edges)
    return places


def _harm_of(canvas: Canvas, places: Sequence[Rect | None]) -> float:
    """The share of the panels that lies on targets; far more where some are left out."""
    shown = [place for place in places if place is not None]
    hidden = sum(overlap(place, canvas.labels.room.spared) for place in shown)
    area = sum(place.w * place.h for place in shown)
    return 1000.0 * (len(places) - len(shown)) + (hidden / area if area else 0.0)


def _corner_place(canvas: Canvas, taken: Sequence[Edges], corner: str, w: int, h: int) -> XY | None:
    bounds, unit = canvas.bounds, canvas.pens.unit
    margin, gap = 10 * unit, 6 * unit
    left, top = corner.endswith("left"), corner.startswith("top")
    x = margin if left else bounds.w - margin - w
    while 0 <= x <= bounds.w - w:
        y = margin if top else bounds.h - margin - h
        while 0 <= y <= bounds.h - h:
            in_the_way = [e for e in taken if e[0] < x + w and x < e[2] and e[1] < y + h and y < e[3]]
            if not in_the_way:
                return x, y
            y = max(e[3] for e in in_the_way) + gap if top else min(e[1] for e in in_the_way) - gap - h
        x += w + gap if left else -(w + gap)
    return None


def draw_notices(canvas: Canvas, notices: Sequence[Notice]) -> None:
    """Sentences at the lower edge; of one text, and of all hints, the last one counts."""
    told = {notice.kind if notice.kind == "notice" else notice.text: notice for notice in notices}
    for notice in list(told.values())[:_MOST_NOTICES]:
        pill = Pill(notice.text, notice.color)
        for share in (1.0, 0.6, 0.4):  # narrower, in more lines, where things are in the way
            sprite = canvas.pens.sprite(pill, canvas.bounds.w * share)
            place = _lower_place(canvas, sprite.width, sprite.height)
            if place is not None:
                break
        else:
            sprite = canvas.pens.sprite(pill, canvas.bounds.w)
            place = ((canvas.bounds.w - sprite.width) / 2, canvas.bounds.h - 11 * canvas.pens.unit - sprite.height)
        canvas.labels.put(sprite, *place)


def _lower_place(canvas: Canvas, w: int, h: int) -> XY | None:
    """In the middle, or as far to a side as something is in the way; else above it."""
    bounds, unit, taken = canvas.bounds, canvas.pens.unit, canvas.labels.room.taken
    margin, middle, lowest = 8 * unit, (bounds.w - w) / 2, bounds.h - 11 * unit - h
    beside = [x for e in taken for x in (e[2] + margin, e[0] - margin - w)]
    sides = sorted((x for x in beside if margin <= x <= bounds.w - margin - w), key=lambda x: abs(x - middle))
    y = lowest
    while y > bounds.h / 2:
        for x in (middle, *sides):
            if not any(e[0] < x + w and x < e[2] and e[1] < y + h and y < e[3] for e in taken):
                return x, y
        y -= 5 * unit
    return None


def draw_radar(canvas: Canvas, parts: Sequence[Radar]) -> None:
    """All radar documents of one picture, in one inset at the lower left."""
    if parts and min(canvas.width, canvas.height) >= 96:
        _Inset(canvas).draw(parts[-_MOST_PARTS:])


class _Inset:
    def __init__(self, canvas: Canvas) -> None:
        self.canvas, self.unit = canvas, canvas.pens.unit
        bounds, unit = canvas.bounds, self.unit
        self.reach = min(170 * unit, bounds.h * 0.36, bounds.w * 0.22)
        pad, margin = 14 * unit, 10 * unit
        w, h = even(2 * self.reach + 2 * pad), even(self.reach + 2 * pad + 8 * unit)
        self.card = Rect(even(margin), 2 * round((bounds.h - margin - h) / 2), w, h)
        self.x, self.y = self.card.x + w / 2, self.card.y + h - pad
        self.clip: Edges = (self.card.x + 1, self.card.y + 1, self.card.x + w - 1, self.card.y + h - 1)
        inner = Rect(self.card.x + 2, self.card.y + 2, w - 4, h - 4)
        self.inner = Labels(canvas.planes, canvas.pens.smaller(), canvas.sketch, inner, canvas.kept.places, canvas.now)

    def draw(self, parts: Sequence[Radar]) -> None:
        self.reach *= _zoom(parts)
        wedges = tuple(wedge for part in parts for wedge in part.wedges)[:_MOST_PARTS]
        key = ("radar", self.card, self.reach, tuple(parts[0].rings), wedges)
        sprites = self.canvas.pens.sprites
        ground = sprites.get(key)
        if ground is None:
            ground = self._ground(parts[0], wedges)
            sprites.put(key, ground, ground.size)
        self.canvas.labels.put(ground, self.card.x, self.card.y)
        self._reserve(parts[0].rings, wedges)
        for shape in [shape for part in parts for shape in part.paths][:_MOST_PARTS]:
            self._path(shape)
        for blip in [blip for part in parts for blip in part.blips][:_MOST_PARTS]:
            self._blip(blip)
        self.inner.draw()

    def _reserve(self, rings: Sequence[Ring], wedges: Sequence[Wedge]) -> None:
        """Where the names of the rings and the captions of the wedges stand."""
        for ring in rings[:16]:
            x, y = self.x + 4 * self.unit, self.y - _sane(ring.radius) * self.reach - 6 * self.unit
            width = self.canvas.pens.type(10, bold=True).width(ring.text)
            self.inner.room.spared.append((x, y - 6 * self.unit, x + width, y + 6 * self.unit))
        for i, wedge in enumerate(wedges):
            width = self.canvas.pens.type(10, bold=True).fitted(wedge.text, self.card.w - 14 * self.unit).width
            left, top = self.card.x, self.card.y + (i * 14 + 4) * self.unit
            self.inner.room.taken.append((left, top, left + width + 14 * self.unit, top + 14 * self.unit))

    def _at(self, x: float, y: float) -> XY:
        return self.x + _sane(x) * self.reach, self.y - _sane(y) * self.reach

    def _ground(self, part: Radar, wedges: Sequence[Wedge]) -> Sprite:
        """What stands still: the card, rings of equal distance, and what the radar sees."""
        left, top, w, h = (int(value) for value in self.card)
        unit, x, y = self.unit, self.x - left, self.y - top
        made = Composition(w, h, self.canvas.planes.colors)
        body = rounded(w, h, 9 * unit)
        made.add(body, _GLASS, 0.82)
        made.add(np.maximum(body - rounded(w, h, 8 * unit, unit), 0), _RIM, 0.25)
        inner = rounded(w, h, 8 * unit, unit)
        rings = [ring for ring in part.rings[:16] if 0 < ring.radius * self.reach <= y]
        for ring in rings:
            made.add(_along(arc(x, y, ring.radius * self.reach, math.pi, 2 * math.pi), w, h, unit) * inner, _RIM, 0.28)
        for degrees in (-75, -45, 0, 45, 75):
            turn = math.radians(degrees - 90)
            ray = [(x, y), (x + math.cos(turn) * self.reach, y + math.sin(turn) * self.reach)]
            made.add(_along(ray, w, h, unit) * inner, _RIM, 0.14)
        for wedge in wedges:
            start, end = math.radians(_sane(wedge.start, 360) - 90), math.radians(_sane(wedge.end, 360) - 90)
            reach = max(_sane(wedge.reach, 16) * self.reach, 2 * unit)
            points = [(x, y), *arc(x, y, reach, start, end)]
            made.add(inside_of(points, w, h) * inner, wedge.color, 0x26 / 255)
            made.add(_along([*points, (x, y)], w, h, 1.2 * unit) * inner, wedge.color, 0xAA / 255)
        above = math.inf
        for ring in rings:
            height = max(8 * unit, y - ring.radius * self.reach - 6 * unit)
            if above - height >= 12 * unit:  # where rings are close, not each of them is named
                self._text(made, ring.text, x + 4 * unit, height, "#94e9da")
                above = height
        for i, wedge in enumerate(wedges):
            self._text(made, wedge.text, 9 * unit, ((i + 1) * 14 - 3) * unit, wedge.color)
        return made.sprite()

    def _text(self, made: Composition, text: str, x: float, y: float, color: str) -> None:
        """Kept within the card, on a dark seam."""
        unit, letters = self.unit, self.canvas.pens.type(10, bold=True)
        run = letters.fitted(text, made.width - 12 * unit)
        left = max(5 * unit, min(x, made.width - run.width - 6 * unit))
        middle = max(8 * unit, min(y, made.height - 8 * unit))
        more = max(1, round(unit))
        for dx, dy in ((-more, 0), (more, 0), (0, -more), (0, more)):
            write(made, run, left + dx, middle + dy, letters.size, _GLASS, 0.6)
        write(made, run, left, middle, letters.size, color, 0.9)

    def _path(self, shape: Polygon | Line) -> None:
        points = [self._at(x, y) for x, y in shape.points]
        if not points:
            return
        closed, unit, color = isinstance(shape, Polygon), self.unit, shape.color
        segments = path(points, closed=closed)
        if shape.kind == "trail":
            self._trail(segments, color)
            return
        if closed:
            self.canvas.fill(points, color, 0x22 / 255, clip=self.clip)
        self._line(segments, (3 if shape.alarm else 1.8) * unit, color)
        if isinstance(shape, Line) and shape.crossing and len(points) > 1:
            start, end = crossing_arrow(points, 22 * unit)
            if shape.crossing != "right-to-left":
                self._arrow(start, end, color)
            if shape.crossing != "left-to-right":
                self._arrow(end, start, color)
        x, y = points[len(points) // 2]
        self._label(shape, x, y, 1 if shape.alarm else 2)

    def _trail(self, segments: Sequence[Segment], color: str) -> None:
        opacity = [0.1 + 0.5 * (i + 1) / len(segments) for i in range(len(segments))]
        thick = [1.6 * self.unit] * len(segments)
        key = ("inset trail", tuple(segments), self.unit, color)
        self.canvas.mark(key, lambda sketch: sketch.fading(segments, thick, opacity, color), self.clip)

    def _line(self, segments: Sequence[Segment], thickness: float, color: str) -> None:
        key = ("inset", tuple(segments), thickness, color)
        self.canvas.mark(key, lambda sketch: sketch.stroke(segments, thickness, color), self.clip)

    def _arrow(self, start: XY, tip: XY, color: str) -> None:
        left, right = barbs(start, tip, 6 * self.unit)
        self._line([(*start, *tip), (*left, *tip), (*tip, *right)], 2 * self.unit, color)

    def _blip(self, blip: Blip) -> None:
        unit, color = self.unit, blip.color
        x, y = self._at(blip.x, blip.y)
        spot: Segment = (x, y, x, y)
        halo, dot = 2 * (11 if blip.alarm else 8) * unit, 8 * unit
        self.canvas.mark(("blip", spot, halo, color), lambda s: s.fading([spot], [halo], [0.25], color), self.clip)
        if blip.vector is not None:
            step = (_sane(blip.vector[0]) * self.reach, -_sane(blip.vector[1]) * self.reach)
            end = ahead((x, y), step, _VECTOR_SECONDS, 14 * unit)
            if end is not None:
                self._arrow((x, y), end, color)
        self._line([spot], dot, color)
        self._label(blip, x, y, 1)

    def _label(self, shape: Blip | Polygon | Line, x: float, y: float, rank: int) -> None:
        r = 6 * self.unit
        anchor = Rect(x - r, y - r, 2 * r, 2 * r)
        self.inner.room.spared.append(anchor.edges)
        if not shape.labels:
            return
        first, *more = shape.labels
        short = first.partition(PARTED)[0]
        lines = (PARTED.join(shape.labels), PARTED.join((short, *more)), first) if more else (first,)
        key = f"radar {shape.subject}" if shape.subject else ""
        self.inner.line(Told(anchor, lines, shape.color, shape.alarm, rank, 1.0, key))


def _along(points: Sequence[XY], width: int, height: int, thickness: float) -> Cover:
    return Sketch(width, height, Colors()).cover(path(points), thickness)


def _sane(value: float, most: float = 8.0) -> float:
    return max(-most, min(most, value)) if math.isfinite(value) else 0.0


def _zoom(parts: Sequence[Radar]) -> float:
    """Where the radar sees less than its inset could show, that fills it."""
    reaches = [wedge.reach for part in parts for wedge in part.wedges if 0 < wedge.reach < 1]
    reaches += [math.hypot(_sane(blip.x), _sane(blip.y)) for part in parts for blip in part.blips]
    farthest = max(reaches, default=0.0)
    return max(1.0, min(3.0, 1 / (farthest * 1.04))) if farthest > 0 else 1.0
