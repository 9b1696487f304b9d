"""What earlier documents of a stream told, as far as it is drawn: where radar targets were, how long people wait."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Sequence
from operator import is_not
from typing import NamedTuple

from onframe.isapi.metadata import Coordinate, Metadata, Number, Point, Target
from onframe.overlay.coordinates import drawable, places
from onframe.overlay.subjects import Sort, name_of, sort_of
from onframe.overlay.vocabulary import XY
from onframe.record import Coordinates

TRACK_SECONDS = 4.0
"""How much of a radar target's way is drawn."""
AIM_SECONDS = 1.0
"""Over how long its direction is taken: long enough for the whole degrees that radars send."""
_NEAREST = 0.25
"""Metres; who moved less has no direction that could be told from the grain of the angle."""
_SOONEST = 0.08
_LONGEST = 64
_MOST = 1000
_MOST_TRAILS = 256
_WAIT_SECONDS = 2.0


class _Trail(NamedTuple):
    """A trail as it was asked for last: as sent, and where its points are in the picture."""

    coordinates: Coordinates
    points: Sequence[Point]
    placed: list[XY]


class Memory:
    """Folds the live documents of one stream: ``at`` is the time of each in seconds, of any origin."""

    def __init__(self) -> None:
        self._tracks: OrderedDict[str, deque[tuple[float, XY]]] = OrderedDict()
        self._waits: dict[int | str, tuple[float, int]] = {}
        self._trails: OrderedDict[str, _Trail] = OrderedDict()

    def add(self, metadata: Metadata, at: float, sort: Sort | None = None) -> None:
        """Remember where its radar targets are and how long its people wait; ``sort`` is the document's."""
        sort = sort or sort_of(metadata)
        for target in metadata.targets:
            if target.angle is not None and target.distance is not None and drawable(target.angle, target.distance):
                self._see(name_of(sort, target), at, metres((target.angle, target.distance)))
        if sort.sub_type == "personqueuetime" and sort.kind == "target":
            self._waits = {rule: wait for rule, wait in self._waits.items() if 0 <= at - wait[0] <= _WAIT_SECONDS}
            for target in metadata.targets:
                self._wait(target, at)

    def placed(self, name: str, points: Sequence[Point], coordinates: Coordinates) -> list[XY]:
        """The trail of this name, as ``points`` were sent, in the picture: what was placed before is not again."""
        known = self._trails.pop(name, None)
        placed = None if known is None or known.coordinates != coordinates else _continued(known, points)
        if placed is None:
            placed = places(points, coordinates)
        if len(placed) == len(points):  # else some cannot be drawn, and the two do not run side by side
            self._trails[name] = _Trail(coordinates, points, placed)
            if len(self._trails) > _MOST_TRAILS:
                self._trails.popitem(last=False)
        return placed

    def track(self, name: str, at: float) -> list[XY]:
        """The radar target's way up to this time, oldest first: (metres to the right, metres ahead)."""
        return [place for _, place in self._recent(name, at, TRACK_SECONDS)]

    def velocity(self, name: str, at: float, speed: Number | None = None) -> XY | None:
        """Metres a second to the right and ahead; None while it has not moved far enough to tell.

        The direction is that of its last positions; the length too, where ``speed`` (km/h) was not sent.
        """
        known = self._recent(name, at, AIM_SECONDS)
        if len(known) < 2:
            return None
        (begin, (x0, y0)), (end, (x1, y1)) = known[0], known[-1]
        way = math.hypot(x1 - x0, y1 - y0)
        if way < _NEAREST or end - begin < _SOONEST:
            return None
        sent = speed is not None and drawable(speed) and speed >= 0
        rate = float(speed or 0) / 3.6 if sent else way / (end - begin)
        return ((x1 - x0) / way * rate, (y1 - y0) / way * rate)

    def longest_wait(self, rule_id: int | str, at: float) -> int | None:
        """Seconds that the one who waits longest in this rule's region has waited."""
        seen, seconds = self._waits.get(rule_id, (-math.inf, 0))
        return seconds if abs(at - seen) <= _WAIT_SECONDS else None

    def _see(self, name: str, at: float, place: XY) -> None:
        if not name:
            return
        track = self._tracks.pop(name, None)
        if track is None or not 0 <= at - track[-1][0] <= TRACK_SECONDS:
            track = deque(maxlen=_LONGEST)
        track.append((at, place))
        self._tracks[name] = track
        if len(self._tracks) > _MOST:
            self._tracks.popitem(last=False)

    def _recent(self, name: str, at: float, seconds: float) -> list[tuple[float, XY]]:
        return [known for known in self._tracks.get(name, ()) if 0 <= at - known[0] <= seconds]

    def _wait(self, target: Target, at: float) -> None:
        text = (target.get("waitTime") or "").strip()
        if target.rule_id is None or not text.isdecimal() or len(text) > 18:
            return
        seen, longest = self._waits.get(target.rule_id, (at, 0))
        self._waits[target.rule_id] = (at, max(longest if seen == at else 0, int(text)))


def _continued(known: _Trail, points: Sequence[Point]) -> list[XY] | None:
    """The points placed, where they are those of ``known`` but for some at its beginning, and new ones at the end."""
    if not points:
        return []
    first, gone = points[0], 0
    for point in known.points:
        if point is first:
            break
        gone += 1
    else:
        return None
    kept = len(known.points) - gone
    if kept > len(points) or any(map(is_not, known.points[gone:], points)):
        return None
    return known.placed[gone:] + places(points[kept:], known.coordinates)


def metres(coordinate: Coordinate) -> XY:
    """(angle in degrees, metres) as (to the right, ahead): 0 degrees is ahead, positive to the right (assumed)."""
    angle, distance = math.radians(coordinate[0]), coordinate[1]
    return (distance * math.sin(angle), distance * math.cos(angle))
