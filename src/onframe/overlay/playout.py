"""What is drawn on which picture, and how long pictures wait for it. Pure: no I/O, no clock.

A layer that has a Record for the very picture is drawn from it. Otherwise its Shapes lie between the Record before and
the one after, where both are known exactly, or those of the last one are held for a while.
The page does the same in ``store.js`` and ``sync.js``; both are tested by the same cases.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, Literal, TypeAlias

import msgspec

from onframe.overlay.vocabulary import (
    Box,
    Card,
    Counter,
    Fire,
    Line,
    Plate,
    Point,
    Polygon,
    Shape,
    Shapes,
    Skeleton,
    Temperature,
)

State: TypeAlias = Literal["exact", "approximate", "interpolated", "held", "none"]
"""Of a picture: the best that it has."""

_TICKS_PER_MS = 90
_KEPT = 90_000 * _TICKS_PER_MS
_MOVING = 1000
"""ms; what is held longer does not move."""
_GAP = 1000 * _TICKS_PER_MS
"""Between two Records that something lies between."""

_POSITIONS: dict[type, tuple[str, ...]] = {
    Box: ("x", "y", "w", "h"),
    Card: ("x", "y", "w", "h"),
    Point: ("x", "y"),
    Plate: ("x", "y"),
    Temperature: ("x", "y"),
    Counter: ("x", "y"),
    Polygon: ("points",),
    Line: ("points",),
    Fire: ("points",),
    Skeleton: ("joints",),
}
"""Which fields of a Shape are positions: all else is taken over."""


class Drawn(msgspec.Struct, frozen=True):
    """One Shape to be drawn.

    ``age`` is in ms: 0 for standing Shapes and the picture's own, for held ones since their Record, for interpolated
    ones to the nearer of both Records. ``message`` is that Record; None for standing Shapes.
    """

    shape: Shape
    state: Literal["rule", "exact", "approximate", "interpolated", "held"]
    age: float = 0.0
    message: Shapes | None = None


class Binding(msgspec.Struct, frozen=True):
    """What belongs on one picture: ``bound`` are the Records of this very picture.

    ``drawn`` has the standing Shapes first, then held, then interpolated, then the picture's own.
    """

    state: State
    drawn: Sequence[Drawn] = ()
    bound: Sequence[Shapes] = ()


class _Told(msgspec.Struct, frozen=True):
    shape: Shape
    message: Shapes


class _Rules(msgspec.Struct, frozen=True):
    pts: float
    shapes: Sequence[Shape]


_pts = attrgetter("pts")


def between(before: Shape, after: Shape, share: float) -> Shape | None:
    """The Shape at ``share`` (0..1) of the way from one to the other, or None where there is none.

    What is no position is the nearer one's.
    """
    names = _POSITIONS.get(type(before))
    if names is None or type(before) is not type(after):
        return None
    nearer = before if share <= 0.5 else after
    moved: dict[str, Any] = {}
    for name in names:
        a, b = getattr(before, name), getattr(after, name)
        if isinstance(a, (int, float)):
            moved[name] = a + (b - a) * share
        elif len(a) != len(b):
            return None
        else:
            moved[name] = [_point(*points, share) for points in zip(a, b, getattr(nearer, name), strict=True)]
    return msgspec.structs.replace(nearer, **moved)


def _point(a: Sequence[float], b: Sequence[float], nearer: Sequence[float], share: float) -> tuple[float, ...]:
    return (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, *nearer[2:])


class _Layer:
    """The Records of one layer, by timestamp; of the same timestamp, in the order in which they came."""

    def __init__(self) -> None:
        self.messages: list[Shapes] = []
        self._numbered: dict[int, Shapes] = {}

    def add(self, message: Shapes, most: int) -> None:
        former = self._numbered.get(message.n) if message.n else None
        if message.n:
            self._numbered[message.n] = message
        if former is not None:
            at = self._place_of(former)
            if former.pts == message.pts:
                self.messages[at] = message
                return
            del self.messages[at]
        insort(self.messages, message, key=_pts)
        self._forget(message.pts, most)

    def _place_of(self, message: Shapes) -> int:
        at = bisect_left(self.messages, message.pts, key=_pts)
        while self.messages[at] is not message:
            at += 1
        return at

    def _forget(self, pts: int, most: int) -> None:
        """Keep what lies within 90 s of this time, and the last one before."""
        messages = self.messages
        first = max(0, bisect_right(messages, pts - _KEPT, key=_pts) - 1)
        while first > 0 and messages[first - 1].pts == messages[first].pts:
            first -= 1
        end = bisect_right(messages, pts + _KEPT, key=_pts)
        first = max(first, end - most)
        if first == 0 and end == len(messages):
            return
        for message in (*messages[:first], *messages[end:]):
            self._numbered.pop(message.n, None)
        self.messages = messages[first:end]

    def group(self, at: int) -> list[Shapes]:
        """All of the same timestamp as the one at this place."""
        if not 0 <= at < len(self.messages):
            return []
        pts = self.messages[at].pts
        return self.messages[bisect_left(self.messages, pts, key=_pts) : bisect_right(self.messages, pts, key=_pts)]

    def own(self, pts: int, duration: int) -> list[Shapes]:
        """The Records of this picture: exact ones name it, others belong to the picture that they are nearest to."""
        half = duration / 2
        near = self.messages[
            bisect_left(self.messages, pts - half, key=_pts) : bisect_right(self.messages, pts + half, key=_pts)
        ]
        near = [one for one in near if (one.pts == pts if one.exact else one.pts - pts > -half)]
        if not near:
            return []
        nearest = min(near, key=lambda message: abs(message.pts - pts)).pts
        return [message for message in near if message.pts == nearest]


class Store:
    """The Records of the last 90 s, by layer, and the rules in force; ``duration`` of one picture, 90 kHz."""

    PER_LAYER = 4096
    LAYERS = 64
    RULES = 256

    def __init__(self, duration: int = 3600) -> None:
        self.duration = duration
        self._layers: dict[str, _Layer] = {}
        self._rules: list[_Rules] = []

    def add(self, message: Shapes) -> None:
        """Keep a Record; one of the same layer and n is replaced. n 0 is no number."""
        layer = self._layers.get(message.layer)
        if layer is None:
            if len(self._layers) >= self.LAYERS:
                del self._layers[next(iter(self._layers))]
            layer = self._layers[message.layer] = _Layer()
        layer.add(message, self.PER_LAYER)

    def set_rules(self, pts: float, shapes: Sequence[Shape]) -> None:
        """All standing Shapes from this picture on (-inf: from the beginning); what was set for later ones is void."""
        del self._rules[bisect_left(self._rules, pts, key=_pts) :]
        self._rules.append(_Rules(pts, shapes))
        if len(self._rules) > self.RULES:
            del self._rules[0]

    def lookup(self, pts: int) -> Binding:
        """What is drawn on the picture of this timestamp."""
        bound: list[Shapes] = []
        held: list[Drawn] = []
        moving: list[Drawn] = []
        for layer in self._layers.values():
            messages = layer.own(pts, self.duration)
            bound += messages
            if not messages:
                _look_between(layer, pts, held, moving)
        own = [
            Drawn(shape, "exact" if message.exact else "approximate", message=message)
            for message in bound
            for shape in message.shapes
        ]
        standing = [Drawn(shape, "rule") for shape in self._rules_at(pts)]
        return Binding(_state(bound, moving, held), [*standing, *held, *moving, *own], bound)

    def times(self) -> list[int]:
        """The timestamps of all Records, ascending, each once."""
        return sorted({message.pts for layer in self._layers.values() for message in layer.messages})

    def _rules_at(self, pts: int) -> Sequence[Shape]:
        at = bisect_right(self._rules, pts, key=_pts) - 1
        return self._rules[max(0, at)].shapes if self._rules else ()


def _state(bound: Sequence[Shapes], moving: Sequence[Drawn], held: Sequence[Drawn]) -> State:
    if bound:
        return "exact" if any(message.exact for message in bound) else "approximate"
    if moving:
        return "interpolated"
    return "held" if held else "none"


def _look_between(layer: _Layer, pts: int, held: list[Drawn], moving: list[Drawn]) -> None:
    """The picture has no Record of this layer: what lies between its neighbours, and what is held of the former."""
    at = bisect_left(layer.messages, pts, key=_pts)
    former, later = layer.group(at - 1), layer.group(at)
    if not former:
        return
    joined = later and later[0].pts - former[0].pts <= _GAP and all(moves(one) for one in (*former, *later))
    partners = _by_subject(later if joined else ())
    for message in former:
        age = (pts - message.pts) / _TICKS_PER_MS
        for shape in message.shapes:
            waiting = partners.get((type(shape), shape.subject))
            drawn = _between(_Told(shape, message), waiting.popleft(), pts) if waiting else None
            if drawn is not None:
                moving.append(drawn)
            elif age <= message.hold_ms:
                held.append(Drawn(shape, "held", age, message))


def moves(message: Shapes) -> bool:
    """Whether its Shapes lie wrong on another picture than its own."""
    return message.exact and message.hold_ms <= _MOVING


def _by_subject(messages: Iterable[Shapes]) -> dict[tuple[type, str], deque[_Told]]:
    """Shapes that say whom they are about, in their order."""
    found: dict[tuple[type, str], deque[_Told]] = {}
    for message in messages:
        for shape in message.shapes:
            if shape.subject:
                found.setdefault((type(shape), shape.subject), deque()).append(_Told(shape, message))
    return found


def _between(before: _Told, after: _Told, pts: int) -> Drawn | None:
    share = (pts - before.message.pts) / (after.message.pts - before.message.pts)
    shape = between(before.shape, after.shape, share)
    if shape is None:
        return None
    message = before.message if share <= 0.5 else after.message
    return Drawn(shape, "interpolated", abs(pts - message.pts) / _TICKS_PER_MS, message)


class Hold:
    """How long pictures are held back: the lag that 98 % of the last Records kept to, and two pictures more.

    ``picture`` is ms of one picture, ``value`` ms that pictures are held back now.
    """

    START, MOST = 200.0, 1500.0
    MORE = 2
    WINDOW, WARM_UP = 500, 50
    RISE, FALL = 2.0, 1.0
    SHARE = 0.98

    def __init__(self, picture: float = 40.0) -> None:
        self.picture = picture
        self.value = self.START
        self._lags: deque[float] = deque()
        self._sorted: list[float] = []
        self._measured = 0

    @property
    def p98(self) -> float:
        """The lag in ms that 98 % of the last Records kept to (the longest of fewer than 50); NaN before the first."""
        return self._sorted[math.ceil(self.SHARE * len(self._sorted)) - 1] if self._sorted else math.nan

    def measured(self, lag: float) -> None:
        """A Record came so late, in ms, after its picture. The first ones count at once where they ask for more."""
        if not math.isfinite(lag):
            return
        value = max(0.0, lag)
        self._lags.append(value)
        insort(self._sorted, value)
        if len(self._lags) > self.WINDOW:
            del self._sorted[bisect_left(self._sorted, self._lags.popleft())]
        self._measured += 1
        if self._measured <= self.WARM_UP:
            self.value = max(self.value, self._bounded(value + self.MORE * self.picture))

    def step(self) -> None:
        """One picture was shown: come a step nearer to what the lags ask for."""
        if self._measured >= self.WARM_UP:
            self.value += max(-self.FALL, min(self.RISE, self.target() - self.value))

    def target(self) -> float:
        """What the lags measured so far ask for, in ms."""
        return self._bounded(self.p98 + self.MORE * self.picture) if self._sorted else self.START

    def _bounded(self, value: float) -> float:
        return max(0.0, min(self.MOST, value))
