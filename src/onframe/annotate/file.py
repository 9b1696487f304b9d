"""A video file and its Records, painted into another video file."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec

from onframe.annotate.output import KEPT_TAGS, Frame, need, said_by
from onframe.annotate.records import BadLine, Clip, Line, read_records
from onframe.annotate.render import Painting, Wanted, look_of, ticks
from onframe.annotate.tally import Tally
from onframe.annotate.timeline import TICKS, Start, Timeline, find_start, usual_distance
from onframe.errors import OnframeError
from onframe.overlay.teller import Place
from onframe.record import Coordinates, Record

AHEAD = 3 * TICKS
"""Records are read so far beyond a picture before it is painted: late ones still find it, others lie around it."""
PEEKED = 500
"""Lines that are looked at to find out where the Records lie."""
_WAITING = 8
_EARLY = 100_000
"""Packets of other streams that may stand before the first picture."""
Report = Callable[[Tally, int | None], None]
"""Told the counts and how many pictures there will be, where that is known."""


class Index(msgspec.Struct, frozen=True):
    """What is known of a file before it is decoded: its pictures' times in ticks, ascending, and its first picture's
    instant where the file says it."""

    times: list[int]
    created: datetime | None

    @property
    def duration(self) -> int:
        return usual_distance(self.times)


def read_index(path: Path) -> Index:
    """Read through a file without decoding it. Raises OnframeError where it has no video."""
    (av,) = need("av")
    try:
        with av.open(str(path)) as container:
            stream = _video(container, path)
            base, times = stream.time_base, set()
            for packet in container.demux(stream):
                pts = packet.pts if packet.pts is not None else packet.dts
                if packet.size and pts is not None and not packet.is_discard:
                    times.add(ticks(pts, base))
            tags = {name.lower(): text for name, text in {**stream.metadata, **container.metadata}.items()}
    except av.error.FFmpegError as error:
        raise _unreadable(path, error) from error
    if not times:
        raise OnframeError(f"{path} has no pictures")
    return Index(sorted(times), _created(tags))


def _video(container: Any, path: Path) -> Any:
    streams = [one for one in container.streams.video if not int(one.disposition) & _ATTACHED]
    if not streams:
        raise OnframeError(f"{path} has no video stream")
    return streams[0]


_ATTACHED = 0x400
"""A cover picture (AV_DISPOSITION_ATTACHED_PIC)."""


def _unreadable(path: Path, error: Exception) -> OnframeError:
    return OnframeError(f"the video {path} cannot be read: {said_by(error)}", hint="try to play it with ffplay")


def _created(tags: dict[str, str]) -> datetime | None:
    """The instant of its first picture, as recorders write it."""
    for name in ("com.apple.quicktime.creationdate", "creation_time", "date_utc", "date"):
        try:
            found = datetime.fromisoformat(tags[name])
        except (KeyError, ValueError):
            continue
        if found.year > 1970:
            return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def annotate_file(
    source: Path,
    records: Path | None,
    wanted: Wanted,
    *,
    start: Start | None = None,
    offset: float = 0.0,
    coordinates: Coordinates | None = None,
    only_video: bool = False,
    report: Report | None = None,
    stop: threading.Event | None = None,
) -> Tally:
    """Paint the Records of ``records`` into the video ``source``; what came of it.

    ``start`` says when the first picture was taken, ``offset`` (seconds) moves every Record; ``stop`` ends it early,
    with a video of what was done. Blocks; raises OnframeError.
    """
    if wanted.output.exists() and source.samefile(wanted.output):
        raise OnframeError("the output would overwrite the input")
    index = read_index(source)
    tally = Tally()
    painting = Painting(wanted, tally, duration=index.duration, coordinates=coordinates)
    reading: _Reading | None = None
    try:
        feed = _Feed(records, index, start, offset, painting) if records is not None else None
        reading = _Reading(source, only_video, stop or threading.Event())
        _paint(reading, painting, feed, index, report)
        painting.finish(index.duration)
    except BaseException:
        painting.abandon()
        raise
    finally:
        if reading is not None:
            reading.close()
    return tally


def _paint(reading: _Reading, painting: Painting, feed: _Feed | None, index: Index, report: Report | None) -> None:
    copies: dict[int, Any] = {}
    early: list[Any] = []
    last = index.times[0] - index.duration
    for kind, item in reading.items():
        if kind == "damaged":
            painting.tally.undecodable_pictures += 1
        elif kind == "packet":
            if painting.is_open:
                _copy(item, painting, copies)
            elif len(early) < _EARLY:
                early.append(item)
        else:
            if not painting.is_open:
                copies = painting.open(reading.look(item), reading.others, reading.tags)
                for packet in early:
                    _copy(packet, painting, copies)
            _stamp(item, reading.time_base, last, index.duration)
            last = ticks(item.pts, reading.time_base)
            if feed is not None:
                feed.until(last)
            painting.picture(item, last)
            if report is not None:
                report(painting.tally, len(index.times))
    if not painting.is_open:
        raise OnframeError("no picture of the video could be decoded")
    if feed is not None:
        feed.end()


def _copy(packet: Any, painting: Painting, copies: dict[int, Any]) -> None:
    stream = copies.get(packet.stream_index)
    if stream is not None:
        painting.video.packet(stream, packet)


def _stamp(frame: Frame, base: Fraction, last: int, duration: int) -> None:
    """Give a picture without a time that of its packet, or the next one."""
    if frame.pts is None:
        frame.pts = frame.dts if frame.dts is not None else round(Fraction(last + duration, TICKS) / base)
    frame.time_base = base


class _Reading:
    """Reads and decodes in a thread of its own, a few pictures ahead."""

    def __init__(self, path: Path, only_video: bool, stop: threading.Event) -> None:
        (self._av,) = need("av")
        self._path, self._stop, self._closed = path, stop, threading.Event()
        self._container = self._av.open(str(path))
        stream = self._stream = _video(self._container, path)
        stream.thread_type = "AUTO"
        self.time_base: Fraction = stream.time_base
        self.tags = dict(self._container.metadata)
        self.others = [] if only_video else [one for one in self._container.streams if one is not stream]
        self._queue: queue.Queue[tuple[str, Any]] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._work, name="onframe annotate: decoding", daemon=True)
        self._thread.start()

    def look(self, frame: Frame) -> Any:
        stream = self._stream
        rate = stream.average_rate or stream.guessed_rate
        tags = {name: text for name, text in stream.metadata.items() if name in KEPT_TAGS}
        return look_of(frame, stream.time_base, rate, stream.sample_aspect_ratio, tags)

    def items(self) -> Iterator[tuple[str, Any]]:
        """("picture", frame), ("packet", packet of another stream) or ("damaged", None), until the end or `stop`."""
        while not self._stop.is_set():
            kind, item = self._queue.get()
            if kind == "end":
                return
            if kind == "error":
                raise item
            yield kind, item

    def close(self) -> None:
        self._closed.set()
        while self._thread.is_alive():
            try:
                self._queue.get(timeout=0.05)
            except queue.Empty:
                continue
        self._container.close()

    def _work(self) -> None:
        try:
            for packet in self._container.demux(self._stream, *self.others):
                if packet.stream.index != self._stream.index:  # the last one, which is empty, has no index of its own
                    if packet.size and not self._put("packet", packet):
                        return
                    continue
                try:
                    frames = packet.decode()
                except self._av.error.InvalidDataError:
                    frames = []
                    if not self._put("damaged", None):
                        return
                if not all(self._put("picture", frame) for frame in frames):
                    return
            self._put("end", None)
        except self._av.error.FFmpegError as error:
            self._put("error", _unreadable(self._path, error))
        except BaseException as error:
            self._put("error", error)

    def _put(self, kind: str, item: Any) -> bool:
        """False where nobody wants it any more."""
        while not self._closed.is_set():
            try:
                self._queue.put((kind, item), timeout=0.2)
                return True
            except queue.Full:
                continue
        return False


class _Feed:
    """Hands Records on to the painting in time for each picture; a bounded number of lines is known at once."""

    def __init__(self, path: Path, index: Index, start: Start | None, offset: float, painting: Painting) -> None:
        self._painting, self._tally, self._times = painting, painting.tally, index.times
        self._margin = index.duration
        self._lines = read_records(path)
        self._peeked = deque(line for _, line in zip(range(PEEKED), self._lines, strict=False))
        if start is None:
            some = [line for line in self._peeked if not isinstance(line, BadLine)]
            start = find_start(some, index.times, index.created)
        self._timeline = Timeline(index.times, start, offset=offset)
        self._tally.offset = offset
        self._head: tuple[Record, Place] | None = None

    def until(self, at: int) -> None:
        """Tell everything that a picture of the time ``at`` may need."""
        while (head := self._next()) is not None and head[1].pts <= at + AHEAD:
            self._head = None
            self._tell(*head)

    def end(self) -> None:
        """The last picture is painted."""
        if self._head is not None:
            self._tell(*self._head)
        self._tally.origin = self._timeline.start.origin

    def _next(self) -> tuple[Record, Place] | None:
        while self._head is None:
            line = self._line()
            if line is None:
                return None
            if isinstance(line, BadLine):
                self._tally.bad_line(line)
            elif isinstance(line, Clip):
                self._timeline.clip(line)
            else:
                self._tally.records += 1
                place = self._timeline.place(line)
                if place is None:
                    self._tally.nowhere += 1
                else:
                    self._head = line, place
        return self._head

    def _line(self) -> Line | None:
        return self._peeked.popleft() if self._peeked else next(self._lines, None)

    def _tell(self, record: Record, place: Place) -> None:
        first, last = self._times[0] - self._margin, self._times[-1] + self._margin
        if not first <= place.pts <= last:
            edge = self._times[0] if place.pts < first else self._times[-1]
            self._tally.outside((place.pts - edge) / TICKS)
        self._painting.record(record, place)
