"""A camera's video and its Records, painted into a file while they come.

Pictures wait coded until their Records had time to come; each then gets those of its very timestamp.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections import deque
from collections.abc import Collection
from contextlib import aclosing
from fractions import Fraction
from typing import Any, NamedTuple

from onframe.annotate.file import Report
from onframe.annotate.keep import KeptRecords, KeptVideo
from onframe.annotate.output import need
from onframe.annotate.records import Clip
from onframe.annotate.render import Painting, Wanted, look_of
from onframe.annotate.tally import Tally
from onframe.annotate.timeline import TICKS, usual_distance
from onframe.camera.camera import Camera
from onframe.errors import ConnectionLost
from onframe.overlay.teller import Place
from onframe.record import AccessUnit, Gap, Record, StateChange, StreamEvent

HOLD = 3 * TICKS
"""A picture waits until one so much later has come: late metadata still finds it, and what lies between is known."""
GRACE = 2.0
"""Seconds that the last picture's Records get."""
LATE = 10.0
"""Seconds that the video may come later than in real time, or the camera be away, before it ends all the same."""
PATIENCE = 30.0
"""Seconds until the first picture, at most."""
_WAITING_BYTES = 256 * 1024 * 1024
_EARLY = 1000
"""Records of a connection that may come before its first picture."""
_EVENTS = 2000
_LEAVING = 1.0
"""Seconds for painting what still waits when the user has had enough."""


class Waiting(NamedTuple):
    """A coded picture and its time in the file."""

    unit: AccessUnit
    at: int


class Splice:
    """One time line for all connections: each begins where the wall clock says, after the last picture.

    ``begins`` is where the timestamps of an epoch lie: (its first timestamp, that picture's ticks).
    """

    def __init__(self) -> None:
        self.begins: dict[int, tuple[int, int]] = {}
        self._last: tuple[int, float] | None = None

    def picture(self, unit: AccessUnit) -> int | None:
        """The picture's time, in ticks from the first one; None before the first key picture of a connection."""
        arrived = unit.received_at.timestamp()
        if unit.epoch not in self.begins:
            if not unit.key:
                return None
            at = 0
            if self._last is not None:
                at = self._last[0] + max(TICKS // 25, round((arrived - self._last[1]) * TICKS))
            self.begins = {unit.epoch: (unit.timestamp, at)}
        found = self.at(unit.epoch, unit.timestamp)
        if found is not None and (self._last is None or found > self._last[0]):
            self._last = found, arrived
        return found

    def at(self, epoch: int, timestamp: int) -> int | None:
        """Where a timestamp lies; None for one of a connection that has no picture yet, or is over."""
        if epoch not in self.begins:
            return None
        first, at = self.begins[epoch]
        return at + timestamp - first


class Recorder:
    """Takes a stream's events, in their order, and paints: in a thread of its own. ``seconds`` is how long it lasts."""

    def __init__(
        self, wanted: Wanted, *, seconds: float | None, video: KeptVideo | None, records: KeptRecords | None
    ) -> None:
        (self._av,) = need("av")
        self.tally = Tally()
        self._painting = Painting(wanted, self.tally)
        self._end = None if seconds is None else round(seconds * TICKS)
        self._kept_video, self._kept_records = video, records
        self._splice = Splice()
        self._waiting: deque[Waiting] = deque()
        self._bytes = 0
        self._newest = 0
        self._early: list[Record] = []
        self._decoder: Any = None
        self._decoded: tuple[int, str] | None = None
        self._needs_key = True

    def event(self, event: StreamEvent) -> None:
        """One more."""
        if isinstance(event, AccessUnit):
            self._unit(event)
        elif isinstance(event, Record):
            self.tally.records += 1
            if event.epoch in self._splice.begins:
                self._record(event)
            elif len(self._early) < _EARLY:
                self._early.append(event)
        elif isinstance(event, Gap):
            self.tally.lost += event.packets or 0
            if event.reason == "overflow":
                self._needs_key = True

    def _unit(self, unit: AccessUnit) -> None:
        if self._needs_key and not unit.key:
            return
        self._needs_key = False
        is_new = unit.epoch not in self._splice.begins
        at = self._splice.picture(unit)
        if at is None or at < 0 or (self._end is not None and at >= self._end):
            return
        if is_new:
            self._begin(unit.epoch)
        self._waiting.append(Waiting(unit, at))
        self._bytes += len(unit.data)
        self._newest = max(self._newest, at)
        self.tally.received = self._newest / TICKS
        self._paint(self._newest - HOLD)

    def _begin(self, epoch: int) -> None:
        """A connection's first picture has come: its Records have a place now."""
        if self._kept_records is not None:
            timestamp, at = self._splice.begins[epoch]
            self._kept_records.clip(Clip(epoch, timestamp, at))
        early, self._early = self._early, []
        for record in early:
            if record.epoch == epoch:
                self._record(record)

    def _record(self, record: Record) -> None:
        if self._kept_records is not None:
            self._kept_records.record(record)
        self._painting.record(record, self._place(record))

    def _place(self, record: Record) -> Place:
        video = record.video
        at = None if video is None else self._splice.at(record.epoch, video.timestamp)
        if video is None or at is None:
            return Place(self._newest, False, "arrival")
        return Place(at, video.exact, video.clock, video.uncertainty)

    def _paint(self, until: int, deadline: float | None = None) -> None:
        """Paint the pictures up to a time that wait; all of them where there are too many."""
        while self._waiting and (self._waiting[0].at <= until or self._bytes > _WAITING_BYTES):
            if deadline is not None and time.monotonic() > deadline:
                return
            one = self._waiting.popleft()
            self._bytes -= len(one.unit.data)
            self._decode(one)

    def _decode(self, one: Waiting) -> None:
        unit = one.unit
        if self._decoded != (unit.epoch, unit.codec):
            self._flush()
            self._decoded = unit.epoch, unit.codec
            self._decoder = self._av.CodecContext.create({"H264": "h264", "H265": "hevc"}[unit.codec], "r")
        packet = self._av.Packet(unit.data)
        packet.pts, packet.time_base = one.at, Fraction(1, TICKS)
        try:
            frames = self._decoder.decode(packet)
        except self._av.error.InvalidDataError:
            self.tally.undecodable_pictures += 1
            return
        self._show(frames)
        self._keep(one)

    def _keep(self, one: Waiting) -> None:
        if self._kept_video is not None:
            self._kept_video.picture(one.unit, one.at, (self._decoder.width, self._decoder.height))

    def _flush(self) -> None:
        if self._decoder is not None:
            try:
                self._show(self._decoder.decode(None))
            except self._av.error.FFmpegError:
                self.tally.undecodable_pictures += 1

    def _show(self, frames: list[Any]) -> None:
        for frame in frames:
            frame.time_base = Fraction(1, TICKS)
            if not self._painting.is_open:
                times = sorted({frame.pts, *(one.at for one in self._waiting)})
                rate = Fraction(TICKS, usual_distance(times)).limit_denominator(1001)
                self._painting.open(look_of(frame, frame.time_base, rate))
            self._painting.picture(frame, frame.pts)

    def finish(self, *, hurry: bool = False) -> None:
        """No more comes: paint what waits (for a second at most, in a hurry), and make every file whole."""
        self._paint(self._newest, time.monotonic() + _LEAVING if hurry else None)
        self._flush()
        for one in self._waiting:
            self._keep(one)
        self._painting.finish(TICKS // 25)
        if self._kept_video is not None:
            self._kept_video.finish()
        if self._kept_records is not None:
            for record in self._early:
                self._kept_records.record(record)
            self._kept_records.finish()

    def abandon(self) -> None:
        """Leave nothing half written behind."""
        self._painting.abandon()
        for kept in (self._kept_video, self._kept_records):
            if kept is not None:
                kept.abandon()


async def annotate_camera(
    camera: Camera,
    wanted: Wanted,
    *,
    channel: int = 1,
    stream: int = 1,
    types: Collection[str] | None = None,
    seconds: float | None = None,
    video: KeptVideo | None = None,
    records: KeptRecords | None = None,
    report: Report | None = None,
) -> Tally:
    """Paint what a camera sends, for ``seconds`` or until this is cancelled; what came of it.

    Cancelled or failing, it leaves the video of what was done until then. ``video`` and ``records`` are kept besides.
    Raises OnframeError, ConnectionLost where no picture comes.
    """
    recorder = Recorder(wanted, seconds=seconds, video=video, records=records)
    work = _Work(recorder, report)
    try:
        events = camera.stream(channel=channel, stream=stream, types=types)
        async with aclosing(events):
            await _follow(events, work, seconds)
    except BaseException:
        await _ended(work, hurry=True)
        raise
    await _ended(work, hurry=False)
    return recorder.tally


async def _follow(events: Any, work: _Work, seconds: float | None) -> None:
    """Hand events over until the last picture's Records had time to come."""
    loop = asyncio.get_running_loop()
    state = "no answer yet"
    first: AccessUnit | None = None
    is_last = False
    try:
        async with asyncio.timeout(PATIENCE) as deadline:
            async for event in events:
                if isinstance(event, StateChange):
                    state = f"{event.state}: {event.reason}"
                elif isinstance(event, AccessUnit) and event.key and first is None:
                    first = event
                    deadline.reschedule(None if seconds is None else loop.time() + seconds + LATE)
                elif isinstance(event, AccessUnit) and not is_last and _is_after(event, first, seconds):
                    is_last = True
                    deadline.reschedule(loop.time() + GRACE)
                while not work.put(event):
                    await asyncio.sleep(0.02)
    except TimeoutError:
        if not deadline.expired():
            raise
    if first is None:
        raise ConnectionLost(
            f"no picture came within {PATIENCE:.0f} s ({state})", hint="onframe doctor says what is missing"
        )


def _is_after(unit: AccessUnit, first: AccessUnit | None, seconds: float | None) -> bool:
    """So many seconds of the first connection's video have come."""
    if first is None or seconds is None or unit.epoch != first.epoch:
        return False
    return unit.timestamp - first.timestamp >= seconds * TICKS


async def _ended(work: _Work, *, hurry: bool) -> None:
    """The thread has ended, whatever cancels this meanwhile; raises what went wrong in it."""
    work.end(hurry=hurry)
    while work.is_alive():
        await asyncio.sleep(0.02)
    if work.error is not None and not hurry:
        raise work.error


class _Work:
    """The recorder's thread, and its queue."""

    def __init__(self, recorder: Recorder, report: Report | None) -> None:
        self._recorder, self._report = recorder, report
        self._queue: queue.Queue[StreamEvent] = queue.Queue(_EVENTS)
        self._over, self._hurry = threading.Event(), threading.Event()
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="onframe annotate: painting", daemon=True)
        self._thread.start()

    def put(self, event: StreamEvent) -> bool:
        """Hand an event over; False where there is no room yet. Raises what went wrong."""
        if self.error is not None:
            raise self.error
        try:
            self._queue.put_nowait(event)
        except queue.Full:
            return False
        return True

    def end(self, *, hurry: bool) -> None:
        """No more comes; in a hurry what was not begun yet is left out."""
        if hurry:
            self._hurry.set()
        self._over.set()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._hurry.is_set():
                try:
                    event = self._queue.get(timeout=0.1)
                except queue.Empty:
                    if self._over.is_set():
                        break
                    continue
                self._recorder.event(event)
                if self._report is not None:
                    self._report(self._recorder.tally, None)
            self._recorder.finish(hurry=self._hurry.is_set())
        except BaseException as error:
            self.error = error
            self._recorder.abandon()
