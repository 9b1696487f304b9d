"""What of a picture is made unrecognisable. Pure: no I/O, no clock.

A target is covered where its Record of this very picture says; otherwise, for a second after it was last seen and half
a second before it is first seen, where the nearest Record says, the more generously the further that one is away. So a
target that a camera misses for some pictures, or tells of too late, is not bared.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final, TypeAlias

import msgspec

from onframe.overlay.playout import Binding, Drawn
from onframe.overlay.view import HOWS, Area, How, View, plated_of, private_area, private_areas
from onframe.overlay.vocabulary import Shape, Shapes

AFTER: Final = 90_000
"""Ticks for which a target that is not told of any more stays covered."""
BEFORE: Final = 45_000
"""Ticks for which it is covered before it is told of first, as far as that is known by then."""
_GROWING = 2.0
"""Of a target's width and height on each side, for each second: about as fast as somebody runs past."""
_MOST_GROWN = 1.0
_MOST = 4096
"""Records: a file's are read three seconds ahead of its pictures, of many layers."""
_TICKS = 90_000

Privacy: TypeAlias = tuple[tuple[str, How], ...]
_Key: TypeAlias = tuple[object, ...]


class _Told:
    """One Record, and its areas by privacy."""

    __slots__ = ("areas", "message")

    def __init__(self, message: Shapes) -> None:
        self.message = message
        self.areas: dict[Privacy, dict[_Key, Area]] = {}

    def of(self, privacy: Privacy) -> dict[_Key, Area]:
        if privacy not in self.areas:
            self.areas[privacy] = _by_target(self.message.layer, self.message.shapes, privacy)
        return self.areas[privacy]


class Veil:
    """Keeps what was told lately."""

    def __init__(self) -> None:
        self._told: deque[_Told] = deque(maxlen=_MOST)

    @staticmethod
    def of(message: Shapes, privacy: Privacy) -> bool:
        """Whether this Record has something private."""
        return bool(private_areas([Drawn(shape, "exact") for shape in message.shapes], privacy))

    def tell(self, message: Shapes) -> None:
        """One more Record."""
        self._told.append(_Told(message))

    def forget_before(self, pts: int) -> None:
        """Pictures before this one are not asked about any more."""
        while self._told and self._told[0].message.pts < pts - AFTER:
            self._told.popleft()

    def areas(self, pts: int, binding: Binding, privacy: Privacy) -> list[Area]:
        """Of the picture with this timestamp and what the Store has for it."""
        if not privacy:
            return []
        found: dict[_Key, Area] = {}
        near = [told for told in self._told if -AFTER <= told.message.pts - pts <= BEFORE]
        for told in sorted(near, key=lambda one: abs(one.message.pts - pts)):
            message = told.message
            apart = max(abs(message.pts - pts) / _TICKS, 0.0 if message.exact else message.uncertainty or 0.0)
            for key, area in told.of(privacy).items():
                found.setdefault(key, grown(area, apart))
        between = [one for one in binding.drawn if one.state == "interpolated"]
        return [*found.values(), *private_areas(between, privacy)]


def grown(area: Area, seconds: float) -> Area:
    """Where it may be so long before or after."""
    margin = min(_MOST_GROWN, _GROWING * seconds)
    if margin <= 0:
        return area
    left, top = max(0.0, area.x - margin * area.w), max(0.0, area.y - margin * area.h)
    right = min(1.0, area.x + (1 + margin) * area.w)
    bottom = min(1.0, area.y + (1 + margin) * area.h)
    return Area(left, top, right - left, bottom - top, area.how)


def strict(view: View, least: Privacy) -> View:
    """The view with everything that is private anyhow, each class by the stronger way."""
    privacy = dict(view.privacy)
    for name, how in least:
        privacy[name] = max(how, privacy.get(name, how), key=HOWS.index)
    return msgspec.structs.replace(view, privacy=tuple(privacy.items()))


def _by_target(layer: str, shapes: Sequence[Shape], privacy: Privacy) -> dict[_Key, Area]:
    """Areas under a name that stays the same from Record to Record."""
    wanted = dict(privacy)
    plated = plated_of(shapes, wanted)
    found: dict[_Key, Area] = {}
    counts: dict[_Key, int] = {}
    for shape in shapes:
        kind = (layer, shape.subject, type(shape))
        counts[kind] = number = counts.get(kind, 0) + 1
        area = private_area(shape, wanted, plated)
        if area is not None:
            found[*kind, number] = area
    return found
