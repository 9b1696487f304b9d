"""From Records to what is drawn of them under their pictures: one Teller per stream. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from onframe.live import Live
from onframe.overlay.coordinates import describe, for_picture
from onframe.overlay.memory import Memory
from onframe.overlay.shapes import events_of, frame_number_of, hold_of, shapes_of, standing_shapes
from onframe.overlay.subjects import Sort, sort_of
from onframe.overlay.targets import Subject, subjects_of
from onframe.overlay.vocabulary import Event, Rules, Shape, Shapes
from onframe.record import Coordinates, Record

FLASH = 1.5
"""Seconds from an alarm's beginning until its flash has decayed."""
_TICKS = 90_000
_MOST_ALARMS = 1000


class Place(NamedTuple):
    """The picture that a Record is drawn on: its pts (90 kHz), and how well that is known."""

    pts: int
    exact: bool
    clock: str
    uncertainty: float | None = None
    lag_ms: float | None = None


class Teller:
    """Folds the Records of one stream, in their order; ``size`` (pixels) is needed for coordinates in pixels."""

    def __init__(self, coordinates: Coordinates, size: tuple[int, int] = (1280, 720)) -> None:
        self.coordinates = coordinates
        self.size = size
        self._live = Live()
        self._memory = Memory()
        self._alarms: dict[str, tuple[int, int]] = {}
        self._placed: tuple[Coordinates, tuple[int, int], Coordinates] | None = None

    def begin(self) -> None:
        """Another connection: rules and targets of the last one mean nothing any more."""
        self._live = Live()
        self._memory = Memory()
        self._alarms.clear()

    def standing(self) -> list[Shape]:
        """The Shapes of the rules in force."""
        return standing_shapes(self._live, self._placing())

    def describe(self) -> str:
        """The coordinate space in words."""
        return describe(self.coordinates)

    def tell(self, record: Record, place: Place) -> list[Shapes | Rules]:
        """What is drawn because of this Record. Raises what its drawing raises; the Record then changes nothing."""
        metadata, coordinates, sort = record.metadata, self._placing(), sort_of(record.metadata)
        subjects = subjects_of(metadata, coordinates, sort)
        events = events_of(metadata, subjects)
        if sort.is_rule:
            # What cannot be drawn is not kept, and harms no other rule.
            shapes_of(metadata, coordinates, subjects=subjects)
        self._live.add(record)
        if sort.is_rule:
            standing = Rules(place.pts, self.standing())
            return [standing, self._shapes(record, place, subjects, sort, [], events)] if events else [standing]
        self._memory.add(metadata, place.pts / _TICKS, sort)
        shapes = self._flashing(self._draw(record, place, subjects), place.pts)
        return [self._shapes(record, place, subjects, sort, shapes, events)]

    def again(self, record: Record, place: Place) -> Shapes:
        """The Shapes of a Record told before, in the coordinates that are set now; nothing else changes."""
        sort = sort_of(record.metadata)
        subjects = subjects_of(record.metadata, self._placing(), sort)
        shapes = [self._lit(shape, place.pts) for shape in self._draw(record, place, subjects)]
        return self._shapes(record, place, subjects, sort, shapes, [])

    def _draw(self, record: Record, place: Place, subjects: list[Subject]) -> list[Shape]:
        return shapes_of(
            record.metadata,
            self._placing(),
            live=self._live,
            memory=self._memory,
            at=place.pts / _TICKS,
            subjects=subjects,
        )

    def _shapes(
        self,
        record: Record,
        place: Place,
        subjects: list[Subject],
        sort: Sort,
        shapes: Sequence[Shape],
        events: Sequence[Event],
    ) -> Shapes:
        return Shapes(
            pts=place.pts,
            layer=sort.layer,
            exact=place.exact,
            clock=place.clock,
            uncertainty=place.uncertainty,
            lag_ms=place.lag_ms,
            frame_number=frame_number_of(subjects),
            hold_ms=hold_of(record.metadata, sort),
            shapes=shapes,
            events=events,
            n=record.n,
            captured_at=None if record.captured_at is None else record.captured_at.timestamp(),
        )

    def _flashing(self, shapes: list[Shape], pts: int) -> list[Shape]:
        """Alarms with how much of their flash is left; an alarm that was not told for a flash's time is a new one."""
        for index, shape in enumerate(shapes):
            if getattr(shape, "alarm", False) and shape.subject:
                first, last = self._alarms.pop(shape.subject, (pts, pts))
                if not -_TICKS < pts - last < FLASH * _TICKS:
                    first = pts
                self._alarms[shape.subject] = (first, pts)
                shapes[index] = self._lit(shape, pts)
        while len(self._alarms) > _MOST_ALARMS:
            self._alarms.pop(next(iter(self._alarms)))
        return shapes

    def _lit(self, shape: Shape, pts: int) -> Shape:
        """The Shape with how much of its alarm's flash is left at this time."""
        if not getattr(shape, "alarm", False) or shape.subject not in self._alarms:
            return shape
        left = 1.0 - (pts - self._alarms[shape.subject][0]) / (FLASH * _TICKS)
        return msgspec.structs.replace(shape, flash=round(left, 3)) if 0 < left <= 1 else shape

    def _placing(self) -> Coordinates:
        known = self._placed
        if known is None or known[0] is not self.coordinates or known[1] != self.size:
            placing = for_picture(self.coordinates, *self.size)
            known = self._placed = (self.coordinates, self.size, placing)
        return known[2]
