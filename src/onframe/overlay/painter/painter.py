"""The painter: Shapes straight into the planes of a picture."""

from __future__ import annotations

from collections.abc import Sequence

from onframe.overlay.painter.cache import Cache
from onframe.overlay.painter.canvas import Canvas, manner_of
from onframe.overlay.painter.fills import Fill
from onframe.overlay.painter.labels import Pens
from onframe.overlay.painter.planes import Colors, Planes
from onframe.overlay.painter.shapes import DRAWERS
from onframe.overlay.painter.strokes import Mark
from onframe.overlay.playout import Drawn
from onframe.overlay.view import Area

MOST_SHAPES = 1000
"""Of one picture; the first ones are left out, since the picture's own come last."""
_WIDTH = 1180
"""Columns at which sizes are as they stand in the drawing's constants."""
_LEAST_UNIT, _LEAST_TEXT = 0.5, 0.84


class Painter:
    """Paints pictures of one size, one after the other; what it has drawn before it need not draw anew."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.unit = max(_LEAST_UNIT, width / _WIDTH)
        self._marks: Cache[Mark] = Cache(1024, 32 << 20)
        self._fills: Cache[Fill] = Cache(256, 8 << 20)
        self._pens: Pens | None = None

    def paint(self, planes: Planes, drawn: Sequence[Drawn], areas: Sequence[Area] = ()) -> None:
        """First make the areas unrecognisable, then draw all Shapes, in place.

        Raises:
            ValueError: the picture is of another size than the painter.
        """
        if (planes.width, planes.height) != (self.width, self.height):
            raise ValueError(f"a painter for {self.width}x{self.height} got a picture of {planes.width}x{planes.height}")
        canvas = Canvas(planes, self.unit, self._pens_for(planes.colors), self._marks, self._fills)
        for kind, group in _by_type(drawn[-MOST_SHAPES:]).items():
            for one in group:
                canvas.manner = manner_of(one)
                DRAWERS[kind](canvas, one.shape)
        canvas.labels.draw()

    def _pens_for(self, colors: Colors) -> Pens:
        if self._pens is None or self._pens.colors != colors:
            self._pens = Pens(max(_LEAST_TEXT, self.unit), colors)
            self._marks.clear()
        return self._pens


def _by_type(drawn: Sequence[Drawn]) -> dict[type, list[Drawn]]:
    """In the order in which they are drawn."""
    groups: dict[type, list[Drawn]] = {kind: [] for kind in DRAWERS}
    for one in drawn:
        group = groups.get(type(one.shape))
        if group is not None:
            group.append(one)
    return groups
