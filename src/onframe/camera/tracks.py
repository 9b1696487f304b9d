"""The tracks of one RTSP session as they are received: numbering, jitter, and where the last pictures were."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from operator import sub

from onframe.record import Gap
from onframe.wire.clock import SessionClock
from onframe.wire.payload.message import Depacketizer, Message
from onframe.wire.payload.nal import NALDepacketizer
from onframe.wire.rtcp import Bye
from onframe.wire.rtp import RTPPacket, TrackReceiver

_NS = 1_000_000_000
_REMEMBERED = 3
"""Seconds of pictures that a document can still be put on."""
_MOST_TIMES = _REMEMBERED * 60
_ROUNDING = 2
"""Ticks by which the sender reports of two tracks may be rounded apart."""
_KNOWN = 8
"""Pictures that must have come before half the distance between two of them counts as half a frame."""
_CLOSE = 120
"""Until then, half of the shortest frame that cameras have counts: one part of a second in so many."""


class ReceivedTrack:
    """What every track has: its numbering, and what receiver reports say of it."""

    def __init__(self, name: str, clock_rate: int, receiver: TrackReceiver, payload_type: int | None = None) -> None:
        """``payload_type`` of its packets; None: any."""
        self.name, self.clock_rate, self.receiver = name, clock_rate, receiver
        self.payload_type = payload_type
        self.jitter = 0.0
        self.reported_at = 0
        self.last_report = (0, 0)
        self.reporter: int | None = None
        self._ssrc: int | None = None
        self._transit: int | None = None

    def is_left(self, bye: Bye) -> bool:
        """Whether it is the track's source that ends: devices report under another SSRC than that of their packets."""
        sources = {self._ssrc, self.reporter} - {None}
        return not sources or not bye.sources or not sources.isdisjoint(bye.sources)

    def carries(self, packet: RTPPacket) -> bool:
        """Whether this packet is one of the track's payload type."""
        return self.payload_type is None or packet.payload_type == self.payload_type

    def take_foreign(self, packet: RTPPacket) -> None:
        """A packet of another payload type: it is numbered and counted."""

    def begins_anew(self, packet: RTPPacket) -> bool:
        """Whether another source took over: its timestamps continue nothing."""
        if packet.ssrc == self._ssrc or not self.carries(packet):
            return False
        changed = self._ssrc is not None
        self._ssrc = packet.ssrc
        if changed:
            self._forget()
        return changed

    def _forget(self) -> None:
        self._transit, self.reporter, self.last_report = None, None, (0, 0)

    def measure(self, timestamp: int, now_ns: int) -> None:
        """Interarrival jitter, in ticks (RFC 3550 appendix A.8); ``timestamp`` is the packet's, of 32 bits."""
        transit = now_ns * self.clock_rate // _NS - timestamp
        if self._transit is not None:
            apart = abs((transit - self._transit + (1 << 31)) % (1 << 32) - (1 << 31))
            self.jitter += (apart - self.jitter) / 16
        self._transit = transit

    def counters(self) -> dict[str, int]:
        return {}


class DocumentTrack(ReceivedTrack):
    """The metadata track. ``gap`` is what was lost since the last Record, ``newest`` its SSRC and timestamp."""

    def __init__(self, name: str, clock_rate: int, depacketizer: Depacketizer) -> None:
        super().__init__(name, clock_rate, depacketizer.receiver, depacketizer.payload_type)
        self.depacketizer = depacketizer
        self.gap: Gap | None = None
        self.newest = (-1, 0)

    def goes_back(self, message: Message) -> bool:
        """Whether the same source's message before this one had a later timestamp."""
        newest, self.newest = self.newest, (message.ssrc, message.timestamp)
        return newest[0] == message.ssrc and newest[1] > message.timestamp

    def take_foreign(self, packet: RTPPacket) -> None:
        self.depacketizer.push(packet)

    def counters(self) -> dict[str, int]:
        names = ("packets", "messages", "lost", "duplicates", "late", "dropped", "foreign", "oversize", "resets")
        return {name: getattr(self.depacketizer, name) for name in names}


class VideoTrack(ReceivedTrack):
    """The track of the picture, and when its last pictures were."""

    def __init__(self, name: str, clock_rate: int, pictures: NALDepacketizer | None) -> None:
        if pictures is None:
            super().__init__(name, clock_rate, TrackReceiver())
        else:
            super().__init__(name, clock_rate, pictures.receiver, pictures.payload_type)
        self.pictures = pictures
        self.newest: int | None = None
        """The timestamp remembered last."""
        self._times: deque[int] = deque()
        self._ordered: list[int] = []
        self._apart: list[int] | None = None

    def take_foreign(self, packet: RTPPacket) -> None:
        if self.pictures is not None:
            self.pictures.push(packet)

    def _forget(self) -> None:
        super()._forget()
        self._times.clear()
        self._ordered.clear()
        self.newest = self._apart = None

    def go_on(self, packets: Sequence[bytes], at: int, clock: SessionClock, now_ns: int) -> int:
        """Take packets from the middle of a picture's NAL unit, as most are, the short way: how many, from ``at`` on.

        None with a marker, of another picture or in any other way unlike the one before.
        """
        pictures, newest = self.pictures, self.newest
        if pictures is None or newest is None or not clock.goes_on(self.name, newest, now_ns):
            return 0
        taken = pictures.go_on(packets, at, newest)
        if taken:
            self.measure(newest & 0xFFFFFFFF, now_ns)
            for _ in range(1, taken):  # they came together
                self.jitter -= self.jitter / 16
        return taken

    def remember(self, timestamp: int) -> None:
        """A packet of this picture came; what is older than 3 s is forgotten."""
        times, ordered = self._times, self._ordered
        if times and times[-1] == timestamp:
            return
        index = bisect_left(ordered, timestamp)
        if index == len(ordered) or ordered[index] != timestamp:
            if len(times) == _MOST_TIMES:
                self._forget_first()
            times.append(timestamp)
            insort(ordered, timestamp)
            self._apart = None
        while abs(timestamp - times[0]) > _REMEMBERED * self.clock_rate:
            self._forget_first()
        self.newest = times[-1]

    def _forget_first(self) -> None:
        del self._ordered[bisect_left(self._ordered, self._times.popleft())]
        self._apart = None

    def nearest(self, timestamp: int) -> int:
        """The received picture within half a frame, or one that is due; else the timestamp itself."""
        times = self._ordered
        index = bisect_left(times, timestamp)
        if len(times) < 2 or (index < len(times) and times[index] == timestamp):
            return timestamp
        if self._apart is None:
            self._apart = sorted(map(sub, times[1:], times))
        apart = self._apart
        reach = apart[len(apart) // 2] // 2
        if len(times) < _KNOWN:  # what lies between two of them may not have come yet
            reach = min(reach, self.clock_rate // _CLOSE)
        found = min(times[max(index - 1, 0) : index + 1], key=lambda time: abs(time - timestamp))
        if abs(found - timestamp) <= reach:
            return found
        even = all(distance % apart[0] == 0 for distance in apart)  # B pictures and lost ones leave holes
        return _due(times[-1], apart[0], timestamp) if even else timestamp

    def counters(self) -> dict[str, int]:
        if self.pictures is None:
            return {}
        names = ("pictures", "lost", "duplicates", "foreign", "oversize", "resets")
        return {f"video_{name}": getattr(self.pictures, name) for name in names}


def _due(newest: int, interval: int, timestamp: int) -> int:
    """The picture of an even rate that was not received yet, or is lost, but for the rounding of sender reports."""
    frames = (2 * (timestamp - newest) + interval) // (2 * interval)
    due = newest + frames * interval
    return due if abs(due - timestamp) <= _ROUNDING else timestamp
