"""What all drawing shares: the planes, the size of things, and the manner of the Shape at hand."""

from __future__ import annotations

import math
from typing import NamedTuple

from onframe.overlay.painter.cache import Cache
from onframe.overlay.painter.fills import Fill
from onframe.overlay.painter.labels import Labels, Pens
from onframe.overlay.painter.layout import XY, Rect
from onframe.overlay.painter.planes import Planes
from onframe.overlay.painter.strokes import Mark
from onframe.overlay.playout import Drawn

_DASHED_AFTER = 120
"""ms that a held Shape is drawn firmly: one or two pictures without a Record of their own."""
_MOVING = 500
"""ms; what is held longer does not move, and stays as it is."""
_FAR = 8
"""Pictures; what lies further off is moved to there."""


class Manner(NamedTuple):
    """How firmly a Shape is drawn; ``rank`` 1: the picture's own, 2: not its own, 3: standing."""

    alpha: float = 1.0
    dashed: bool = False
    thin: bool = False
    rank: int = 1


FIRM, STANDING, BETWEEN = Manner(), Manner(rank=3), Manner(thin=True, rank=2)


def manner_of(drawn: Drawn) -> Manner:
    """Of moving targets the older is the fainter."""
    if drawn.state == "held":
        hold = drawn.message.hold_ms if drawn.message is not None else _MOVING
        if hold > _MOVING or hold <= 0:
            return Manner(rank=2)
        share = max(0.0, min(1.0, drawn.age / hold))
        return Manner(1 - 0.5 * share, drawn.age > _DASHED_AFTER, True, 2)
    return STANDING if drawn.state == "rule" else BETWEEN if drawn.state == "interpolated" else FIRM


class Canvas:
    """One picture that is being painted."""

    def __init__(self, planes: Planes, unit: float, pens: Pens, marks: Cache[Mark], fills: Cache[Fill]) -> None:
        self.planes, self.unit, self.pens, self.marks, self.fills = planes, unit, pens, marks, fills
        self.width, self.height = planes.width, planes.height
        self.bounds = Rect(0, 0, self.width, self.height)
        self.labels = Labels(planes, pens, self.bounds, brief=self.width < BRIEF)
        self.manner = FIRM

    def at(self, x: float, y: float) -> XY:
        """Pixels; what is far out is moved nearer, what is no number lies at 0."""
        return _near(x, self.width), _near(y, self.height)

    def rect(self, x: float, y: float, w: float, h: float) -> Rect:
        left, top = self.at(x, y)
        right, bottom = self.at(x + w, y + h)
        return Rect(min(left, right), min(top, bottom), abs(right - left), abs(bottom - top))

    def points(self, points: list[XY]) -> list[XY]:
        return [self.at(x, y) for x, y in points]

    def thickness(self, units: float) -> float:
        """Of a line in pixels."""
        return units * self.unit * (0.75 if self.manner.thin else 1.0)

    def label(self, anchor: Rect, lines: list[str], color: str, *, alarm: bool = False, spare: bool = False) -> None:
        if spare:
            self.labels.spared.append(anchor.edges)
        if lines:
            self.labels.add(anchor, lines, color, alarm=alarm, rank=self.manner.rank, alpha=self.manner.alpha)


BRIEF = 560
"""Columns; a narrower picture has room for few texts."""


def _near(value: float, size: int) -> float:
    if not math.isfinite(value):
        return 0.0
    return max(-_FAR, min(_FAR, value)) * size
