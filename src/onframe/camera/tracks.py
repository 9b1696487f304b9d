"""The tracks of one RTSP session as they are received: numbering, jitter, and where the last pictures were."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque

from onframe.record import Gap
from onframe.wire.payload.message import Depacketizer, Message
from onframe.wire.payload.nal import NALDepacketizer
from onframe.wire.rtcp import Bye
from onframe.wire.rtp import RTPPacket, TrackReceiver

_NS = 1_000_000_000
_REMEMBERED = 3
"""Seconds of pictures that a document can still be put on."""
_ROUNDING = 2
"""Ticks by which the sender reports of two tracks may be rounded apart."""
_KNOWN = 8
"""Pictures that must have come before half the distance between two of them counts as half a frame."""
_CLOSE = 120
"""Until then, half of the shortest frame that cameras have counts: one part of a second in so many."""


class ReceivedTrack:
    """What every track has: its numbering, and what receiver reports say of it."""

    def __init__(self, name: str, clock_rate: int, receiver: TrackReceiver) -> None:
        self.name, self.clock_rate, self.receiver = name, clock_rate, receiver
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
        return True

    def take_foreign(self, packet: RTPPacket) -> None:
        """A packet of another payload type: it is numbered and counted."""

    def begins_anew(self, packet: RTPPacket) -> bool:
        """Whether another source took over: its timestamps continue nothing."""
        if not self.carries(packet):
            return False
        changed = self._ssrc is not None and packet.ssrc != self._ssrc
        self._ssrc = packet.ssrc
        if changed:
            self._transit, self.reporter, self.last_report = None, None, (0, 0)
        return changed

    def measure(self, packet: RTPPacket, now_ns: int) -> None:
        """Interarrival jitter, in ticks (RFC 3550 appendix A.8)."""
        transit = now_ns * self.clock_rate // _NS - packet.timestamp
        if self._transit is not None:
            apart = abs((transit - self._transit + (1 << 31)) % (1 << 32) - (1 << 31))
            self.jitter += (apart - self.jitter) / 16
        self._transit = transit

    def counters(self) -> dict[str, int]:
        return {}


class DocumentTrack(ReceivedTrack):
    """The metadata track. ``gap`` is what was lost since the last Record, ``newest`` its SSRC and timestamp."""

    def __init__(self, name: str, clock_rate: int, depacketizer: Depacketizer) -> None:
        super().__init__(name, clock_rate, depacketizer.receiver)
        self.depacketizer = depacketizer
        self.gap: Gap | None = None
        self.newest = (-1, 0)

    def goes_back(self, message: Message) -> bool:
        """Whether the same source's message before this one had a later timestamp."""
        newest, self.newest = self.newest, (message.ssrc, message.timestamp)
        return newest[0] == message.ssrc and newest[1] > message.timestamp

    def carries(self, packet: RTPPacket) -> bool:
        return packet.payload_type == self.depacketizer.payload_type

    def take_foreign(self, packet: RTPPacket) -> None:
        self.depacketizer.push(packet)

    def counters(self) -> dict[str, int]:
        names = ("packets", "messages", "lost", "duplicates", "late", "dropped", "foreign", "oversize", "resets")
        return {name: getattr(self.depacketizer, name) for name in names}


class VideoTrack(ReceivedTrack):
    """The track of the picture, and when its last pictures were."""

    def __init__(self, name: str, clock_rate: int, pictures: NALDepacketizer | None) -> None:
        super().__init__(name, clock_rate, pictures.receiver if pictures is not None else TrackReceiver())
        self.pictures = pictures
        self._times: deque[int] = deque(maxlen=_REMEMBERED * 60)

    def carries(self, packet: RTPPacket) -> bool:
        return self.pictures is None or packet.payload_type == self.pictures.payload_type

    def take_foreign(self, packet: RTPPacket) -> None:
        if self.pictures is not None:
            self.pictures.push(packet)

    def begins_anew(self, packet: RTPPacket) -> bool:
        changed = super().begins_anew(packet)
        if changed:
            self._times.clear()
        return changed

    def remember(self, timestamp: int) -> None:
        """A packet of this picture came; what is older than 3 s is forgotten."""
        if self._times and self._times[-1] == timestamp:
            return
        if timestamp not in self._times:
            self._times.append(timestamp)
        while abs(timestamp - self._times[0]) > _REMEMBERED * self.clock_rate:
            self._times.popleft()

    def nearest(self, timestamp: int) -> int:
        """The received picture within half a frame, or one that is due; else the timestamp itself."""
        times = sorted(self._times)
        if len(times) < 2:
            return timestamp
        apart = sorted(after - before for before, after in zip(times, times[1:], strict=False))
        reach = apart[len(apart) // 2] // 2
        if len(times) < _KNOWN:  # what lies between two of them may not have come yet
            reach = min(reach, self.clock_rate // _CLOSE)
        index = bisect_left(times, timestamp)
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
