"""Where Records lie on a video file's time line. Pure.

A file counts its time from where it likes, a Record has the camera's: what relates the two is, in this order,

clip       lines of the kind ``clip`` among the Records, where this program kept both: exact
timestamp  the extended RTP timestamp of the file's first picture, given by the user: exact
instant    the instant in the camera's clock at which the first picture was taken, given by the user
video      (nothing given) the smallest video timestamp among the first Records is taken for the first picture's
wallclock  (nothing given) the file's own pts count from 1970, as with ``-use_wallclock_as_timestamps``
creation   (nothing given) the file says when it was made, and the Records fall into its length from then on
assumed    (nothing known) the first Record and the first picture are taken for simultaneous

Times are in ticks of 90 kHz of the file's own time line throughout, instants in Unix seconds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from onframe.annotate.records import Clip
from onframe.overlay.teller import Place
from onframe.record import Record

TICKS = 90_000
Origin: TypeAlias = Literal["clip", "timestamp", "instant", "video", "wallclock", "creation", "assumed"]
_SINCE_1970 = 10**9
"""Seconds: a file whose pts begin later than in 2001 counts from 1970."""
_MEASURED = 1000
_SLACK = 60.0
"""Seconds by which Records may begin before or after a file whose time of making is known to the second at best."""


class Start(NamedTuple):
    """When the first picture was taken: an extended RTP timestamp, an instant in the camera's clock, or not known."""

    timestamp: int | None = None
    instant: float | None = None
    origin: Origin = "assumed"


class Timeline:
    """``times`` are the ticks of the file's pictures, ascending; ``offset`` (seconds) moves every Record."""

    def __init__(self, times: Sequence[int], start: Start, *, offset: float = 0.0) -> None:
        self.times = times
        self.duration = usual_distance(times)
        self.start = start
        self.offset = round(offset * TICKS)
        self._clips: dict[int, Clip] = {}
        self._epoch: int | None = None

    def clip(self, clip: Clip) -> None:
        """Where an epoch lies in the file."""
        self._clips[clip.epoch] = clip
        if self.start.timestamp is None and self.start.instant is None:
            self.start = self.start._replace(origin="clip")

    def place(self, record: Record) -> Place | None:
        """The picture this Record belongs to, or its own place between pictures; None where nothing tells."""
        found = self._by_video(record) or self._by_clock(record)
        if found is None:
            return None
        at, exact, clock, uncertainty = found
        return Place(self.snap(at + self.offset), exact and not self.offset, clock, uncertainty)

    def snap(self, at: int) -> int:
        """The nearest picture where it is at most half a picture away, else ``at``: that picture is not in the file."""
        i = bisect_left(self.times, at)
        near = min(self.times[max(0, i - 1) : i + 1], key=lambda time: abs(time - at), default=at)
        return near if abs(near - at) <= self.duration / 2 else at

    def _by_video(self, record: Record) -> tuple[int, bool, str, float | None] | None:
        video = record.video
        if video is None:
            return None
        clip = self._clips.get(record.epoch)
        if clip is not None:
            passed = clip.pts + video.timestamp - clip.timestamp
        elif self.start.timestamp is not None and self._epoch in (None, record.epoch):
            self._epoch = record.epoch
            passed = video.timestamp - self.start.timestamp
            self._learn_instant(record, passed)
        else:
            return None
        return self.times[0] + passed, video.exact, video.clock, video.uncertainty

    def _learn_instant(self, record: Record, passed: int) -> None:
        """Another epoch has other timestamps: then the camera's clock tells where it goes on."""
        if self.start.instant is None and record.captured_at is not None:
            self.start = self.start._replace(instant=record.captured_at.timestamp() - passed / TICKS)

    def _by_clock(self, record: Record) -> tuple[int, bool, str, float | None] | None:
        if self.start.instant is None:
            return None
        instant = (record.captured_at or record.received_at).timestamp()
        passed = round((instant - self.start.instant) * TICKS)
        return self.times[0] + passed, False, record.clock, record.uncertainty


def usual_distance(times: Sequence[int]) -> int:
    """The median distance of two pictures, in ticks; that of 25 a second where it is not known."""
    some = times[: 2 * _MEASURED]
    distances = sorted(later - earlier for earlier, later in zip(some, some[1:], strict=False) if later > earlier)
    return distances[len(distances) // 2] if distances else TICKS // 25


def find_start(first: Iterable[Record | Clip], times: Sequence[int], created: datetime | None) -> Start:
    """When the first picture was taken, from the first Records and what the file says of itself."""
    lines = list(first)
    records = [line for line in lines if isinstance(line, Record)]
    if any(isinstance(line, Clip) for line in lines):
        return Start(origin="clip")
    stamps = [one.video.timestamp for one in records if one.video is not None and one.epoch == records[0].epoch]
    if stamps:
        return Start(timestamp=min(stamps), origin="video")
    if times and times[0] > _SINCE_1970 * TICKS:
        return Start(instant=times[0] / TICKS, origin="wallclock")
    instants = [(one.captured_at or one.received_at).timestamp() for one in records]
    if created is not None and times and instants:
        begin, length = created.timestamp(), (times[-1] - times[0]) / TICKS
        if any(begin - _SLACK <= instant <= begin + length + _SLACK for instant in instants):
            return Start(instant=begin, origin="creation")
    return Start(instant=instants[0] if instants else None, origin="assumed")
