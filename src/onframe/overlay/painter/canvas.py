"""What all drawing shares: the planes, the size of things, and the manner of the Shape at hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from onframe.overlay.painter.boxes import Sides
from onframe.overlay.painter.cache import Cache
from onframe.overlay.painter.chips import Pens
from onframe.overlay.painter.fills import Fill
from onframe.overlay.painter.geometry import XY, Edges, Rect
from onframe.overlay.painter.heat import HeatMaps
from onframe.overlay.painter.labels import Labels
from onframe.overlay.painter.layout import Memory
from onframe.overlay.painter.planes import Planes
from onframe.overlay.painter.strokes import Mark, Sketch
from onframe.overlay.painter.twins import Told
from onframe.overlay.playout import Drawn
from onframe.overlay.vocabulary import Shape

_DASHED_AFTER = 120
"""ms that a held Shape is drawn firmly: one or two pictures without a Record of their own."""
_MOVING = 500
"""ms; what is held longer does not move, and stays as it is."""
_FLASH = 1500
"""ms until an alarm's flash has decayed."""
_FAR = 8
"""Pictures; what lies further off is moved to there."""


class Manner(NamedTuple):
    """How firmly a Shape is drawn; ``rank`` 1: the picture's own, 2: not its own, 3: standing."""

    alpha: float = 1.0
    dashed: bool = False
    thin: bool = False
    rank: int = 1


FIRM = Manner()
_STANDING, _BETWEEN = Manner(rank=3), Manner(thin=True)


def manner_of(drawn: Drawn) -> Manner:
    """What lies between two Records is as firm as what has one of its own, but thinner; what is held fades."""
    if drawn.state == "held":
        hold = drawn.message.hold_ms if drawn.message is not None else _MOVING
        if hold > _MOVING or hold <= 0:
            return Manner(rank=2)
        share = max(0.0, min(1.0, drawn.age / hold))
        return Manner(1 - 0.5 * share, drawn.age > _DASHED_AFTER, True, 2)
    return _STANDING if drawn.state == "rule" else _BETWEEN if drawn.state == "interpolated" else FIRM


def flash_of(drawn: Drawn) -> float:
    """How much of an alarm's flash is left, 0..1."""
    shape = drawn.shape
    if not shape.flash > 0 or not getattr(shape, "alarm", False):
        return 0.0
    return max(0.0, min(1.0, shape.flash - (0 if drawn.state == "rule" else drawn.age / _FLASH)))


class Kept:
    """What outlives a picture: drawings made before, and where texts stood."""

    def __init__(self) -> None:
        self.marks: Cache[Mark] = Cache(1024, 32 << 20)
        self.fills: Cache[Fill] = Cache(256, 8 << 20)
        self.places = Memory()
        self.heat = HeatMaps()
        self.sides = Sides()
        self._sketch: Sketch | None = None

    @property
    def used(self) -> int:
        """Bytes."""
        return self.marks.used + self.fills.used + self.heat.used + self.sides.used

    def sketch(self, planes: Planes) -> Sketch:
        """For this size and these colours; drawings in others are forgotten."""
        if self._sketch is None or self._sketch.colors != planes.colors:
            self.marks.clear()
            self._sketch = Sketch(planes.width, planes.height, planes.colors)
        return self._sketch


class Canvas:
    """One picture that is being painted."""

    def __init__(self, planes: Planes, unit: float, pens: Pens, kept: Kept, now: float) -> None:
        """``unit``: pixels of one unit of line width; ``now``: the picture's time in ms."""
        self.planes, self.unit, self.pens, self.kept, self.now = planes, unit, pens, kept, now
        self.width, self.height = planes.width, planes.height
        self.bounds = Rect(0, 0, self.width, self.height)
        self.sketch = kept.sketch(planes)
        self.labels = Labels(planes, pens, self.sketch, self.bounds, kept.places, now, brief=self.width < BRIEF)
        self.manner = FIRM
        self.flash = 0.0
        self.shape: Shape | None = None

    def at(self, x: float, y: float) -> XY:
        """Pixels; what is far out is moved nearer, what is no number lies at 0."""
        return _near(x, self.width), _near(y, self.height)

    def rect(self, x: float, y: float, w: float, h: float) -> Rect:
        if -_FAR < x < _FAR and -_FAR < y < _FAR and 0 <= w < _FAR and 0 <= h < _FAR:
            return Rect(x * self.width, y * self.height, w * self.width, h * self.height)
        left, top = self.at(x, y)
        right, bottom = self.at(x + w, y + h)
        return Rect(min(left, right), min(top, bottom), abs(right - left), abs(bottom - top))

    def points(self, points: list[XY]) -> list[XY]:
        return [self.at(x, y) for x, y in points]

    def thickness(self, units: float) -> float:
        """Of a line in pixels."""
        return units * self.unit * (0.75 if self.manner.thin else 1.0)

    @property
    def key(self) -> str:
        """Of the texts of the Shape at hand, the same from picture to picture."""
        shape = self.shape
        return f"{shape.subject} {type(shape).__name__}" if shape is not None and shape.subject else ""

    def label(self, anchor: Rect, lines: list[str], color: str, *, alarm: bool = False) -> None:
        if lines:
            self.labels.add(Told(anchor, tuple(lines), color, alarm, self.manner.rank, self.manner.alpha, self.key))

    def spare(self, place: Rect) -> None:
        """Texts are put there only when there is nothing better."""
        x, y, w, h = place
        self.labels.room.spared.append((x, y, x + w, y + h))

    def mark(self, key: tuple[object, ...], make: Callable[[Sketch], Mark], clip: Edges | None = None) -> None:
        """Lay down the mark of this key, which is drawn once."""
        marks = self.kept.marks
        found = marks.get(key)
        if found is None:
            found = make(self.sketch.clipped(clip) if clip else self.sketch)
            marks.put(key, found, found.size)
        found.blend(self.planes, self.manner.alpha)

    def fill(
        self, points: Sequence[XY], color: str, top: float, bottom: float | None = None, clip: Edges | None = None
    ) -> None:
        """The inside of a polygon; its opacity goes from ``top`` to ``bottom``."""
        fills, key = self.kept.fills, (tuple(points), clip)
        found = fills.get(key)
        if found is None:
            found = Fill(points, clip or self.bounds.edges)
            fills.put(key, found, found.size)
        found.blend(self.planes, color, (top, top if bottom is None else bottom), self.manner.alpha)


BRIEF = 560
"""Columns; a narrower picture has room for few texts."""


def _near(value: float, size: int) -> float:
    if not math.isfinite(value):
        return 0.0
    return max(-_FAR, min(_FAR, value)) * size
