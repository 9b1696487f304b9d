"""RTP timestamps ⇄ camera time, with how well it is known (RFC 3550 section 6.4.1, RFC 2326 section 12.33).

Every track of a session has a time base of its own. What relates them is, best first: sender
reports, RTP-Info, timestamps seen to share one base, the documents' own time, arrival.
Nothing here reads a clock: ``now_ns`` is an argument, in ns since 1970.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import OrderedDict, deque
from enum import StrEnum
from typing import NamedTuple

from onframe.wire.rtcp import ntp_to_unix_ns
from onframe.wire.rtp import TimestampExtender

NS = 1_000_000_000

_WRAP = 1 << 32
_NTP_WRAP = 1 << 64

_STEP = NS // 10
"""A sender report this far (ns) from what the one before says means that the camera's clock was set."""
_DRIFT = 500e-6
"""How far an oscillator may run off the wall clock, as a share of the time between two reports."""
_LAG_JUMP = 10 * NS
"""Arrival that moves this far (ns) from one sample to the next: a clock was set, so what was measured is void."""
_PLAUSIBLE = 10 * NS
"""An advisory relation further than this (ns) from what arrival says is a wrong one."""
_EARLY, _LATE = NS // 2, 2 * NS
"""How long (ns) before or after its picture a document may arrive to count for a shared base."""
_SHARED_BASE_DOCUMENTS = 8
_FEW_SAMPLES = 8
_SAMPLES = 250
_UNMEASURED = 0.5
"""Uncertainty (s) of arrival while too few samples are there."""
_HALF_FRAME = 0.02
"""Half a frame (s) at 25 frames/s, where the rate is not known yet."""


class Grade(StrEnum):
    """How well a time is known, best first. The first three put a document on its very frame."""

    SENDER_REPORT = "sender_report"
    RTP_INFO = "rtp_info"
    SHARED_BASE = "shared_base"
    DOCUMENT = "document"
    ARRIVAL = "arrival"

    @property
    def exact(self) -> bool:
        """Whether this relation between two tracks is exact to the frame."""
        return self in (Grade.SENDER_REPORT, Grade.RTP_INFO, Grade.SHARED_BASE)


class CameraTime(NamedTuple):
    """An instant in the camera's clock: ns since 1970, its grade, and the uncertainty in seconds."""

    ns: int
    grade: Grade
    uncertainty: float


class TrackTime(NamedTuple):
    """An extended timestamp on another track, the grade of the relation, and the uncertainty in seconds."""

    timestamp: int
    grade: Grade
    uncertainty: float


class SessionClock:
    """The clocks of all tracks of one RTSP session.

    ``timestamp`` is always an extended one, as ``extend`` returned it; ``steps`` counts how often
    the camera's clock was seen to be set. Asking for a track that was not added raises KeyError.
    """

    def __init__(self) -> None:
        self.steps = 0
        self._tracks: dict[str, _Track] = {}
        self._evidence: dict[tuple[str, str], _Evidence] = {}

    def add_track(self, track: str, clock_rate: int) -> None:
        """A track and its RTP clock rate in Hz."""
        self._tracks[track] = _Track(clock_rate)

    def reset(self, track: str | None = None) -> None:
        """Forget what was learnt, of one track or of all: the camera restarted."""
        for name in [track] if track is not None else list(self._tracks):
            self._tracks[name] = _Track(self._tracks[name].clock_rate)
        self._evidence = {
            pair: kept for pair, kept in self._evidence.items() if track is not None and track not in pair
        }

    def extend(self, track: str, timestamp: int, now_ns: int) -> int:
        """A packet's 32-bit timestamp as an extended one; call it for every packet, as it arrives."""
        clock = self._tracks[track]
        if clock.goes_on(timestamp, now_ns):
            return clock.frames[-1]
        extended = clock.extend(timestamp, now_ns)
        if clock.arrived(extended, now_ns):
            self._resolve(track, clock)
        return extended

    def goes_on(self, track: str, extended: int, now_ns: int) -> bool:
        """As ``extend`` of a further packet of the newest picture; False where that has another timestamp."""
        return self._tracks[track].is_newest(extended, now_ns)

    def sender_report(self, track: str, ntp: int, rtp_timestamp: int, now_ns: int) -> None:
        """A sender report's 64-bit NTP time and RTP timestamp. NTP 0 says nothing and is ignored."""
        if ntp == 0:
            return
        clock = self._tracks[track]
        if clock.report(_Report(ntp, clock.extend(rtp_timestamp, now_ns), ntp_to_unix_ns(ntp))):
            self.steps = max(self.steps, clock.generation)

    def rtp_info(self, track: str, rtptime: int) -> None:
        """The rtptime of the answer to PLAY; all tracks' are of one instant. A hint: used where it fits arrival."""
        self._tracks[track].rtptime = rtptime

    def document_time(self, track: str, timestamp: int, epoch_ms: int | None, now_ns: int) -> None:
        """A document with this timestamp arrived, and says this time of itself (ms since 1970, or None)."""
        clock = self._tracks[track]
        if epoch_ms is not None:
            clock.document(timestamp, epoch_ms * 1_000_000, now_ns)
        for name, other in self._tracks.items():
            if clock.latest_report is not None and other.latest_report is not None:
                continue  # sender reports relate the two, and need no evidence
            if name != track and other.clock_rate == clock.clock_rate:
                evidence = self._evidence.get((track, name))
                if evidence is None:
                    evidence = self._evidence[track, name] = _Evidence()
                evidence.add(other, timestamp, now_ns)

    def camera_time(self, track: str, timestamp: int) -> CameraTime:
        """The instant of this timestamp in the camera's clock, as well as it is known.

        The grade ``arrival`` is in our clock; before any packet its uncertainty is infinite.
        """
        clock = self._tracks[track]
        latest = clock.latest_report
        if latest is not None:
            age = abs(timestamp - latest.rtp_timestamp) / clock.clock_rate
            return CameraTime(clock.reported_ns(latest, timestamp), Grade.SENDER_REPORT, clock.tick + age * _DRIFT)
        return self._through_other(track, timestamp) or clock.documented(timestamp) or clock.by_arrival(timestamp)

    def convert(self, from_track: str, timestamp: int, to_track: str) -> TrackTime | None:
        """The timestamp on ``to_track`` of the same instant, by the best relation known, or None."""
        if from_track == to_track:
            return TrackTime(timestamp, Grade.SENDER_REPORT, 0.0)
        source, target = self._tracks[from_track], self._tracks[to_track]
        return (
            _by_reports(source, timestamp, target)
            or _by_rtp_info(source, timestamp, target)
            or self._by_shared_base(from_track, timestamp, to_track)
            or _by_document(source, timestamp, target)
            or _by_arrival(source, timestamp, target)
        )

    def frame_interval(self, track: str) -> float | None:
        """Seconds from one picture to the next, as last seen."""
        clock = self._tracks[track]
        interval = clock.interval
        return None if interval is None else interval / clock.clock_rate

    def _through_other(self, track: str, timestamp: int) -> CameraTime | None:
        """By the sender reports of another track, where the relation to it is exact."""
        for name, other in self._tracks.items():
            if name == track or other.latest_report is None:
                continue
            there = self.convert(track, timestamp, name)
            if there is not None and there.grade.exact:
                time = self.camera_time(name, there.timestamp)
                return CameraTime(time.ns, there.grade, time.uncertainty + there.uncertainty)
        return None

    def _by_shared_base(self, from_track: str, timestamp: int, to_track: str) -> TrackTime | None:
        for pair in ((from_track, to_track), (to_track, from_track)):
            evidence = self._evidence.get(pair)
            if evidence is not None and evidence.verified:
                return TrackTime(timestamp, Grade.SHARED_BASE, self._tracks[from_track].tick)
        return None

    def _resolve(self, track: str, clock: _Track) -> None:
        """A new picture came: documents that arrived before it can be judged now."""
        for (_, name), evidence in self._evidence.items():
            if name == track:
                evidence.resolve(clock)


class _Report(NamedTuple):
    ntp: int
    rtp_timestamp: int
    ns: int


class _Relation(NamedTuple):
    """How many ticks a track is ahead of another, ``target``, by the latest sender reports of both."""

    ours: _Report | None
    target: _Track
    theirs: _Report | None
    apart: int
    uncertainty: float

    def fits(self, source: _Track, target: _Track) -> bool:
        """Whether it still holds."""
        same = self.target is target and self.ours is source.latest_report
        return same and self.theirs is target.latest_report


class _Lags:
    """Arrival minus stamp, in ns, of the last samples: the least of them is the way without queueing."""

    __slots__ = ("_ordered", "_samples")

    def __init__(self) -> None:
        self._samples: deque[int] = deque()
        self._ordered: list[int] = []

    def __bool__(self) -> bool:
        return bool(self._samples)

    def add(self, lag: int) -> None:
        samples, ordered = self._samples, self._ordered
        if samples and abs(lag - samples[-1]) > _LAG_JUMP:
            samples.clear()
            ordered.clear()
        if len(samples) == _SAMPLES:
            del ordered[bisect_left(ordered, samples.popleft())]
        samples.append(lag)
        insort(ordered, lag)

    @property
    def least(self) -> int:
        return self._ordered[0]

    @property
    def spread(self) -> float:
        """Seconds from the least to the middle lag; never too small while there are few samples."""
        ordered = self._ordered
        spread = (ordered[len(ordered) // 2] - ordered[0]) / NS
        return spread if len(ordered) >= _FEW_SAMPLES else max(spread, _UNMEASURED)


class _Track:
    """What is known of one track's clock."""

    def __init__(self, clock_rate: int) -> None:
        self.clock_rate = clock_rate
        self.tick = 1 / clock_rate
        self.rtptime: int | None = None
        self.first: int | None = None
        self.generation = 0
        self.reports: dict[int, _Report] = {}
        self.latest_report: _Report | None = None
        self.relation: _Relation | None = None
        self.jitter = 0.0
        self.lags = _Lags()
        self.document_lags = _Lags()
        self.frames: deque[int] = deque(maxlen=128)
        self._documents: OrderedDict[int, int] = OrderedDict()
        self._document_offsets: deque[int] = deque(maxlen=31)
        self._extender = TimestampExtender()
        self._extended_at = 0

    # arrival

    def extend(self, timestamp: int, now_ns: int) -> int:
        """By the time that passed, so that hours of silence do not lose a wrap.

        A timestamp close to the last one follows it, however far our own clock was set meanwhile.
        """
        expected = last = self._extender.last
        if last is not None and abs(_signed(timestamp - last, _WRAP)) > _LAG_JUMP // NS * self.clock_rate:
            expected = last + (now_ns - self._extended_at) * self.clock_rate // NS
        self._extended_at = now_ns
        extended = self._extender.extend(timestamp, expected)
        if self.first is None:
            self.first = extended
        return extended

    def goes_on(self, timestamp: int, now_ns: int) -> bool:
        """Whether this is a further packet of the newest picture, as most are: nothing else is learnt of it."""
        if not self.frames:
            return False
        newest, last = self.frames[-1], self._extender.last
        goes_on = newest == last and newest & (_WRAP - 1) == timestamp
        self._extended_at = now_ns if goes_on else self._extended_at
        return goes_on

    def is_newest(self, extended: int, now_ns: int) -> bool:
        """As ``goes_on``, of an extended timestamp."""
        if not self.frames or extended != self.frames[-1] or extended != self._extender.last:
            return False
        self._extended_at = now_ns
        return True

    @property
    def playing_from(self) -> int | None:
        """The extended rtptime of RTP-Info, once a packet says which wrap it belongs to."""
        if self.rtptime is None or self.first is None:
            return None
        return self.first + _signed(self.rtptime - self.first, _WRAP)

    def arrived(self, timestamp: int, now_ns: int) -> bool:
        """Note the first packet of a new timestamp; False for further ones and for late ones."""
        if self.frames and timestamp <= self.frames[-1]:
            if self.frames[-1] - timestamp < _LAG_JUMP // NS * self.clock_rate:
                return False
            self.frames.clear()
        self.frames.append(timestamp)
        self.lags.add(now_ns - self.to_ns(timestamp))
        return True

    @property
    def interval(self) -> int | None:
        """Ticks between the last two pictures."""
        return self.frames[-1] - self.frames[-2] if len(self.frames) > 1 else None

    @property
    def half_frame(self) -> float:
        """Seconds; what 25 frames/s have where it is unknown or absurd."""
        interval = self.interval
        return min(interval / self.clock_rate / 2, 0.5) if interval else _HALF_FRAME

    def to_ns(self, timestamp: int) -> int:
        return timestamp * NS // self.clock_rate

    def to_timestamp(self, ns: int) -> int:
        return _rounded(ns * self.clock_rate, NS)

    def by_arrival(self, timestamp: int) -> CameraTime:
        if not self.lags:
            return CameraTime(0, Grade.ARRIVAL, float("inf"))
        uncertainty = max(self.lags.spread, self.half_frame)
        return CameraTime(self.to_ns(timestamp) + self.lags.least, Grade.ARRIVAL, uncertainty)

    # sender reports

    def report(self, report: _Report) -> bool:
        """Keep it; True where it says that the camera's clock was set since the last one."""
        previous, stepped = self.latest_report, False
        if previous is not None:
            ticks = report.rtp_timestamp - previous.rtp_timestamp
            off = _ntp_ns(report.ntp, previous.ntp) - self.to_ns(ticks)
            stepped = abs(off) > _STEP + abs(self.to_ns(ticks)) * _DRIFT
            if stepped:
                self.generation += 1
                self.reports.pop(self.generation - 8, None)
            self.jitter = 0.0 if stepped else max(abs(off) / NS, self.jitter * 0.9)
        self.reports[self.generation] = self.latest_report = report
        return stepped

    def reported_ns(self, report: _Report, timestamp: int) -> int:
        """Unix ns of the timestamp by this report."""
        return report.ns + _rounded((timestamp - report.rtp_timestamp) * NS, self.clock_rate)

    # the documents' own time

    def document(self, timestamp: int, ns: int, now_ns: int) -> None:
        self._documents[timestamp] = ns
        if len(self._documents) > 64:
            self._documents.popitem(last=False)
        self._document_offsets.append(ns - self.to_ns(timestamp))
        self.document_lags.add(now_ns - ns)

    def documented(self, timestamp: int) -> CameraTime | None:
        """By the document of this very timestamp, else by the middle of the last ones."""
        ns = self._documents.get(timestamp)
        if ns is not None:
            return CameraTime(ns, Grade.DOCUMENT, 0.001)
        if not self._document_offsets:
            return None
        ordered = sorted(self._document_offsets)
        spread = (ordered[-1] - ordered[0]) / NS
        return CameraTime(
            self.to_ns(timestamp) + ordered[len(ordered) // 2], Grade.DOCUMENT, max(spread, self.half_frame)
        )


class _Evidence:
    """Whether the timestamps of one track's documents are those of another track's pictures.

    Two random bases pass by accident about once in 10⁸ sessions: a document must lie on a
    picture (or on their even grid) and arrive about when that picture did.
    """

    __slots__ = ("_last", "_misses", "_pending", "_streak", "verified")

    def __init__(self) -> None:
        self.verified = False
        self._streak = 0
        self._misses = 0
        self._last: int | None = None
        self._pending: deque[tuple[int, int]] = deque(maxlen=16)

    def add(self, pictures: _Track, timestamp: int, now_ns: int) -> None:
        if timestamp == self._last:
            return
        self._last = timestamp
        if pictures.frames and timestamp > pictures.frames[-1]:
            self._pending.append((timestamp, now_ns))
        else:
            self._judge(pictures, timestamp, now_ns)

    def resolve(self, pictures: _Track) -> None:
        while self._pending and self._pending[0][0] <= pictures.frames[-1]:
            self._judge(pictures, *self._pending.popleft())

    def _judge(self, pictures: _Track, timestamp: int, now_ns: int) -> None:
        fits = _arrives_with(pictures, timestamp, now_ns)
        if fits and _on_picture(pictures, timestamp):
            self._streak, self._misses = self._streak + 1, 0
            self.verified = self.verified or self._streak >= _SHARED_BASE_DOCUMENTS
            return
        self._streak, self._misses = 0, self._misses + 1
        if not fits or self._misses >= _SHARED_BASE_DOCUMENTS:
            self.verified = False


def _arrives_with(pictures: _Track, timestamp: int, now_ns: int) -> bool:
    if not pictures.lags:
        return False
    return -_EARLY <= now_ns - pictures.to_ns(timestamp) - pictures.lags.least <= _LATE


def _on_picture(pictures: _Track, timestamp: int) -> bool:
    """Whether the timestamp is one of the pictures' or of the even grid they lie on."""
    if timestamp in pictures.frames:
        return True
    frames = list(pictures.frames)
    intervals = {after - before for before, after in zip(frames[-17:], frames[-16:], strict=False)}
    return len(frames) > 16 and len(intervals) == 1 and (frames[-1] - timestamp) % intervals.pop() == 0


def _by_reports(source: _Track, timestamp: int, target: _Track) -> TrackTime | None:
    """By both tracks' reports of one setting of the camera's clock, so that a step moves neither."""
    known = source.relation
    if known is not None and known.fits(source, target):
        return TrackTime(timestamp + known.apart, Grade.SENDER_REPORT, known.uncertainty)
    generation = min(source.generation, target.generation)
    ours, theirs = source.reports.get(generation), target.reports.get(generation)
    if ours is None or theirs is None:
        ours, theirs = source.latest_report, target.latest_report
    if ours is None or theirs is None:
        return None
    apart = _signed(ours.ntp - theirs.ntp, _NTP_WRAP)
    ticks = (apart * source.clock_rate + ((timestamp - ours.rtp_timestamp) << 32)) * target.clock_rate
    uncertainty = source.tick + target.tick + source.jitter + target.jitter
    there = theirs.rtp_timestamp + _rounded(ticks, source.clock_rate << 32)
    if source.clock_rate == target.clock_rate:  # then it is the same for every timestamp, until the next report
        source.relation = _Relation(source.latest_report, target, target.latest_report, there - timestamp, uncertainty)
    return TrackTime(there, Grade.SENDER_REPORT, uncertainty)


def _by_rtp_info(source: _Track, timestamp: int, target: _Track) -> TrackTime | None:
    ours, theirs = source.playing_from, target.playing_from
    if ours is None or theirs is None:
        return None
    there = theirs + _rounded((timestamp - ours) * target.clock_rate, source.clock_rate)
    arrival = _by_arrival(source, timestamp, target)
    if arrival is not None and abs(target.to_ns(there - arrival.timestamp)) > _PLAUSIBLE:
        return None  # devices are known that answer rtptime=0 whatever they then send
    return TrackTime(there, Grade.RTP_INFO, source.tick + target.tick)


def _by_document(source: _Track, timestamp: int, target: _Track) -> TrackTime | None:
    """The document's time against the arrival of both, or against the other track's sender reports."""
    time = source.documented(timestamp)
    if time is None or not target.lags or source.document_lags.spread > _PLAUSIBLE / NS:
        return None
    ns = time.ns + source.document_lags.least - target.lags.least
    there = target.to_timestamp(ns)
    spread = source.document_lags.spread + target.lags.spread + time.uncertainty
    report = target.latest_report
    if report is not None:
        ticks = _rounded((time.ns - target.reported_ns(report, report.rtp_timestamp)) * target.clock_rate, NS)
        reported = report.rtp_timestamp + ticks
        # the two clocks of one camera may name different zones: then only arrival relates them
        if abs(target.to_ns(reported - there)) <= _LATE:
            return TrackTime(reported, Grade.DOCUMENT, max(target.half_frame, time.uncertainty))
    return TrackTime(there, Grade.DOCUMENT, max(target.half_frame, spread))


def _by_arrival(source: _Track, timestamp: int, target: _Track) -> TrackTime | None:
    if not source.lags or not target.lags:
        return None
    ns = source.to_ns(timestamp) + source.lags.least - target.lags.least
    uncertainty = max(target.half_frame, source.lags.spread + target.lags.spread)
    return TrackTime(target.to_timestamp(ns), Grade.ARRIVAL, uncertainty)


def _rounded(numerator: int, denominator: int) -> int:
    """The nearest integer; halves go up."""
    return (2 * numerator + denominator) // (2 * denominator)


def _signed(value: int, wrap: int) -> int:
    return (value + wrap // 2) % wrap - wrap // 2


def _ntp_ns(later: int, earlier: int) -> int:
    return _rounded(_signed(later - earlier, _NTP_WRAP) * NS, 1 << 32)
