"""The painter: Shapes straight into the planes of a picture."""

from __future__ import annotations

from collections.abc import Sequence

from onframe.overlay import style
from onframe.overlay.painter.canvas import BRIEF, FIRM, Canvas, Kept, flash_of, manner_of
from onframe.overlay.painter.chips import Pens
from onframe.overlay.painter.inset import draw_notices, draw_panels, draw_radar
from onframe.overlay.painter.planes import Colors, Planes
from onframe.overlay.painter.privacy import hide
from onframe.overlay.painter.shapes import DRAWERS
from onframe.overlay.playout import Drawn
from onframe.overlay.view import Area
from onframe.overlay.vocabulary import HeatMap, Notice, Panel, Radar

MOST_MEMORY = 512 << 20
"""Bytes; reached by heat maps alone, of which there are at most four."""
MOST_SHAPES = 1000
"""Of one picture; the first ones are left out, since the picture's own come last."""
_UNREADABLE = "the heat map's picture cannot be read"
_WIDTH = 1180
"""Columns at which sizes are as they stand in the drawing's constants."""
_PICTURE = 40.0
"""ms"""
_LEAST_UNIT, _LEAST_TEXT = 0.5, 0.84
_LAYERS = {"rule": 0, "held": 1, "interpolated": 2, "approximate": 3, "exact": 4}


class Painter:
    """Paints pictures of one size, one after the other; what it has drawn before it need not draw anew."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.unit = max(_LEAST_UNIT, width / _WIDTH)
        self._kept = Kept()
        self._pens: Pens | None = None
        self._now = 0.0

    @property
    def memory(self) -> int:
        """Bytes of what was drawn before, at most `MOST_MEMORY`; what it works with comes on top: 8 a pixel."""
        return self._kept.used + (self._pens.used if self._pens is not None else 0)

    def paint(
        self, planes: Planes, drawn: Sequence[Drawn], areas: Sequence[Area] = (), *, now: float | None = None
    ) -> None:
        """First make the areas unrecognisable, then draw all Shapes, in place.

        ``now``: the picture's time in ms, so that texts do not jump; 40 after the last one unless given.

        Raises:
            ValueError: the picture is of another size than the painter.
        """
        if (planes.width, planes.height) != (self.width, self.height):
            size = f"{planes.width}x{planes.height}"
            raise ValueError(f"a painter for {self.width}x{self.height} got a picture of {size}")
        self._now = self._now + _PICTURE if now is None else now
        canvas = Canvas(planes, self.unit, self._pens_for(planes.colors), self._kept, self._now)
        for area in areas:
            hide(planes, area)
        groups = _by_type(drawn)
        for kind, draw in DRAWERS.items():
            for one in groups.get(kind, ()):
                canvas.manner, canvas.flash, canvas.shape = manner_of(one), flash_of(one), one.shape
                draw(canvas, one.shape)
        canvas.manner, canvas.flash, canvas.shape = FIRM, 0.0, None
        draw_radar(canvas, [one.shape for one in groups.get(Radar, ()) if isinstance(one.shape, Radar)])
        if self.width >= BRIEF:
            draw_panels(canvas, [one.shape for one in groups.get(Panel, ()) if isinstance(one.shape, Panel)])
        notices = [one.shape for one in groups.get(Notice, ()) if isinstance(one.shape, Notice)]
        draw_notices(canvas, [*notices, *self._unreadable(planes, groups.get(HeatMap, ()))])
        canvas.labels.draw()

    def _unreadable(self, planes: Planes, drawn: Sequence[Drawn]) -> list[Notice]:
        """What is said of heat maps that cannot be drawn."""
        maps = [one.shape for one in drawn if isinstance(one.shape, HeatMap)]
        failed = any(self._kept.heat.failed(planes, shape.data) for shape in maps)
        return [Notice(_UNREADABLE, style.PEOPLE, kind="heatmap")] if failed else []

    def _pens_for(self, colors: Colors) -> Pens:
        if self._pens is None or self._pens.colors != colors:
            self._pens = Pens(max(_LEAST_TEXT, self.unit), colors)
        return self._pens


def _by_type(drawn: Sequence[Drawn]) -> dict[type, list[Drawn]]:
    """The Shapes of each type, the lowest first: standing ones, held ones, the picture's own; of these alarms last."""
    groups: dict[type, list[Drawn]] = {}
    for one in sorted(drawn[-MOST_SHAPES:], key=_layer):
        groups.setdefault(type(one.shape), []).append(one)
    return groups


def _layer(drawn: Drawn) -> tuple[int, bool]:
    return _LAYERS[drawn.state], getattr(drawn.shape, "alarm", False)
