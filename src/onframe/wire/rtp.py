"""RTP packets and their order (RFC 3550 sections 5.1, 5.3.1 and appendix A.1)."""

from __future__ import annotations

import struct
from collections import deque
from typing import Final

import msgspec

from onframe.errors import LocalProtocolError, RemoteProtocolError
from onframe.wire.rtcp import ReportBlock

MAX_DROPOUT: Final = 3000
"""More packets than this missing at once is no loss but a new beginning (RFC 3550 A.1)."""
MAX_MISORDER: Final = 100
"""A packet this far behind the newest is late; one farther behind is a new beginning."""
_MAX_REWOUND: Final = 16
_KEPT_LOSSES: Final = 32

HEADER: Final = struct.Struct(">BBHII")
"""The first 12 bytes of a packet."""
_EXTENSION: Final = struct.Struct(">HH")


class HeaderExtension(msgspec.Struct, frozen=True, gc=False):
    """The header extension of a packet (section 5.3.1): ``profile`` is its first 16 bits, ``data`` whole words."""

    profile: int
    data: bytes


class RTPPacket(msgspec.Struct, frozen=True, gc=False):
    """One packet (section 5.1); ``payload`` is without padding. ``timestamp`` has 32 bits, in clock ticks."""

    payload_type: int
    sequence_number: int
    timestamp: int
    ssrc: int
    payload: bytes = b""
    marker: bool = False
    csrcs: tuple[int, ...] = ()
    extension: HeaderExtension | None = None

    @classmethod
    def parse(cls, data: bytes | bytearray | memoryview) -> RTPPacket:
        """Read one packet; RemoteProtocolError when the bytes are none. Only the payload is copied.

        The error's ``reason`` is "short", "version", "csrc", "extension" or "padding".
        """
        if len(data) < 12:
            raise _malformed("short", f"an RTP packet of {len(data)} bytes is shorter than its header")
        first, second, sequence_number, timestamp, ssrc = HEADER.unpack_from(data)
        if first == 0x80:  # no CSRCs, no extension, no padding: nearly all packets
            payload = data[12:] if type(data) is bytes else _cut(data, 12, len(data))
            return cls(second & 0x7F, sequence_number, timestamp, ssrc, payload, second > 0x7F)
        if first >> 6 != 2:
            raise _malformed("version", f"RTP version {first >> 6}, not 2", offset=0)
        csrcs, start = _csrcs(data, first & 0x0F)
        extension = None
        if first & 0x10:
            extension, start = _extension(data, start)
        end = _padding_start(data, start) if first & 0x20 else len(data)
        payload = _cut(data, start, end)
        return cls(second & 0x7F, sequence_number, timestamp, ssrc, payload, second > 0x7F, csrcs, extension)

    def serialize(self) -> bytes:
        """The packet as bytes, without padding; LocalProtocolError for a field that does not fit."""
        if not 0 <= self.payload_type <= 127 or len(self.csrcs) > 15:
            raise LocalProtocolError("an RTP payload type is 0 to 127, and there are at most 15 CSRCs")
        first = 0x80 | len(self.csrcs) | (0x10 if self.extension is not None else 0)
        second = self.payload_type | (0x80 if self.marker else 0)
        try:
            header = HEADER.pack(first, second, self.sequence_number, self.timestamp, self.ssrc)
            if first == 0x80:
                return header + self.payload
            return b"".join((header, struct.pack(f">{len(self.csrcs)}I", *self.csrcs), self._tail(), self.payload))
        except struct.error as error:
            raise LocalProtocolError(f"a field of an RTP packet does not fit: {error}") from error

    def _tail(self) -> bytes:
        extension = self.extension
        if extension is None:
            return b""
        if len(extension.data) % 4:
            raise LocalProtocolError("a header extension is whole words of 4 bytes")
        return _EXTENSION.pack(extension.profile, len(extension.data) // 4) + extension.data


def _cut(data: bytes | bytearray | memoryview, start: int, end: int) -> bytes:
    return data[start:end] if type(data) is bytes else bytes(memoryview(data)[start:end])


def _csrcs(data: bytes | bytearray | memoryview, count: int) -> tuple[tuple[int, ...], int]:
    end = 12 + 4 * count
    if end > len(data):
        raise _malformed("csrc", f"an RTP packet of {len(data)} bytes cannot have {count} CSRCs", offset=12)
    return struct.unpack_from(f">{count}I", data, 12), end


def _extension(data: bytes | bytearray | memoryview, start: int) -> tuple[HeaderExtension, int]:
    body = start + 4
    if body > len(data):
        raise _malformed("extension", "the RTP header extension is cut off", offset=start)
    profile, words = _EXTENSION.unpack_from(data, start)
    end = body + 4 * words
    if end > len(data):
        raise _malformed("extension", f"the RTP header extension of {words} words does not fit", offset=start)
    return HeaderExtension(profile, _cut(data, body, end)), end


def _padding_start(data: bytes | bytearray | memoryview, start: int) -> int:
    padding = data[-1] if len(data) > start else 0
    if not 1 <= padding <= len(data) - start:
        raise _malformed("padding", f"RTP padding of {padding} bytes in {len(data) - start}", offset=len(data) - 1)
    return len(data) - padding


def _malformed(reason: str, text: str, *, offset: int | None = None) -> RemoteProtocolError:
    error = RemoteProtocolError(text, offset=offset)
    error.reason = reason
    return error


class Loss(msgspec.Struct, frozen=True, gc=False):
    """Packets that are missing: extended sequence numbers, both included."""

    first: int
    last: int

    @property
    def packets(self) -> int:
        """How many are missing."""
        return self.last - self.first + 1


class SequenceTracker:
    """Extends 16-bit sequence numbers across their wrap (RFC 3550 A.1); the first one stays as it is."""

    def __init__(self) -> None:
        self.highest: int | None = None

    def extend(self, sequence_number: int) -> int:
        """The number nearest to the highest seen; one from before the first packet may lie below zero."""
        highest = self.highest
        if highest is None:
            self.highest = sequence_number
            return sequence_number
        step = (sequence_number - highest) & 0xFFFF
        if step < 0x8000:
            self.highest = highest + step
            return self.highest
        return highest + step - 0x10000

    def restart(self, sequence_number: int) -> int:
        """Begin anew at this number, above all that was seen."""
        above = 0 if self.highest is None else (self.highest | 0xFFFF) + 1
        self.highest = above + sequence_number
        return self.highest


class TimestampExtender:
    """32-bit RTP timestamps as 64-bit ones: safe across the wrap and with reordering (RFC 3550 section 5.1).

    The first timestamp stands for itself; one from before it may become negative.
    """

    __slots__ = ("last",)

    def __init__(self) -> None:
        self.last: int | None = None

    def extend(self, timestamp: int, expected: int | None = None) -> int:
        """The value nearest to ``expected``, or to the last one, that has these 32 bits."""
        reference = self.last if expected is None else expected
        if reference is None:
            self.last = timestamp & 0xFFFFFFFF
        else:
            self.last = reference + ((timestamp - reference + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        return self.last


class TrackReceiver:
    """Orders the packets of one track: numbers them, finds what is missing, drops what was there before.

    Counters: ``packets`` taken, ``lost``, ``duplicates``, ``late`` (came after they were reported lost), ``resets``
    (another SSRC, or a jump that is no loss: a new beginning, whose numbers continue above the old ones).
    """

    def __init__(self) -> None:
        self.packets = self.lost = self.duplicates = self.late = self.resets = 0
        self.ssrc: int | None = None
        self._tracker = SequenceTracker()
        self._losses: deque[Loss] = deque(maxlen=_KEPT_LOSSES)
        self._rewound = self._rewound_to = 0
        self._base = 0
        self._received = 0
        self._reported = (0, 0)

    @property
    def highest(self) -> int | None:
        """The highest extended sequence number, None before the first packet."""
        return self._tracker.highest

    def push(self, packet: RTPPacket) -> tuple[int, Loss | None] | None:
        """The packet's extended sequence number and what is missing before it; None for a late or double one."""
        highest = self._tracker.highest
        if highest is None or packet.ssrc != self.ssrc:
            return self._restart(packet)
        step = (packet.sequence_number - highest) & 0xFFFF
        if step == 1:
            return self._take(highest + 1), None
        if 1 < step <= MAX_DROPOUT:
            return self._take(highest + step), self._lose(highest + 1, highest + step - 1)
        if step and step < 0x10000 - MAX_MISORDER:
            return self._restart(packet)
        return self._behind(packet, highest + (step - 0x10000 if step else 0))

    def go_on(self, sequence_number: int, ssrc: int, after: int | None, count: int = 1) -> int | None:
        """As ``push`` of the packet right after the extended number ``after``, and of as many as ``count`` in turn.

        The number of the last one; None where the first is not that, or not next. Nothing is counted then.
        """
        highest = self._tracker.highest
        if highest is None or highest != after or ssrc != self.ssrc or sequence_number != (highest + 1) & 0xFFFF:
            return None
        self._tracker.highest = sequence = highest + count
        self.packets += count
        self._received += count
        self._rewound = 0
        return sequence

    def _take(self, sequence: int) -> int:
        self._tracker.highest = sequence
        self.packets += 1
        self._received += 1
        self._rewound = 0
        return sequence

    def _lose(self, first: int, last: int) -> Loss:
        loss = Loss(first, last)
        self._losses.append(loss)
        self.lost += loss.packets
        return loss

    def _restart(self, packet: RTPPacket) -> tuple[int, None]:
        if self.ssrc is not None:
            self.resets += 1
        self.ssrc = packet.ssrc
        self._base = self._tracker.restart(packet.sequence_number)
        self._losses.clear()
        self._received = 0
        self._reported = (0, 0)
        return self._take(self._base), None

    def _behind(self, packet: RTPPacket, sequence: int) -> tuple[int, None] | None:
        """A late or double packet, unless so many follow one another that the sender began anew."""
        in_turn = packet.sequence_number == (self._rewound_to + 1) & 0xFFFF
        self._rewound = self._rewound + 1 if in_turn else 1
        self._rewound_to = packet.sequence_number
        if self._rewound > _MAX_REWOUND:
            return self._restart(packet)
        if any(loss.first <= sequence <= loss.last for loss in self._losses):
            self.late += 1
        else:
            self.duplicates += 1
        return None

    def report_block(self, *, last_sender_report: int = 0, delay: float = 0.0, jitter: int = 0) -> ReportBlock | None:
        """What a receiver report says of this track (section 6.4.1), None before the first packet.

        ``last_sender_report`` is the NTP time (64 bits) of the last one, ``delay`` the seconds since it came,
        ``jitter`` in clock ticks. Fractions count from one call to the next.
        """
        if self.ssrc is None or self._tracker.highest is None:
            return None
        expected = self._tracker.highest - self._base + 1
        lost = expected - self._received
        expected_now, lost_now = expected - self._reported[0], lost - self._reported[1]
        self._reported = (expected, lost)
        return ReportBlock(
            ssrc=self.ssrc,
            fraction_lost=min(255, max(0, (lost_now << 8) // expected_now)) if expected_now else 0,
            packets_lost=min(lost, 0x7FFFFF),
            highest_sequence=self._tracker.highest & 0xFFFFFFFF,
            jitter=jitter & 0xFFFFFFFF,
            last_sender_report=(last_sender_report >> 16) & 0xFFFFFFFF,
            delay=min(0xFFFFFFFF, max(0, round(delay * 65536))) if last_sender_report else 0,
        )


class PacketSource:
    """Numbers the packets of one sender: what a packetizer is built on. ``sequence_number`` is the next packet's."""

    def __init__(self, payload_type: int, *, ssrc: int, sequence_number: int) -> None:
        self.payload_type = payload_type
        self.ssrc = ssrc
        self.sequence_number = sequence_number

    def packet(self, payload: bytes, timestamp: int, *, marker: bool) -> RTPPacket:
        """The next packet; ``timestamp`` may be an extended one, its lower 32 bits are sent."""
        sequence_number = self.sequence_number
        self.sequence_number = (sequence_number + 1) & 0xFFFF
        return RTPPacket(
            payload_type=self.payload_type,
            marker=marker,
            sequence_number=sequence_number,
            timestamp=timestamp & 0xFFFFFFFF,
            ssrc=self.ssrc,
            payload=payload,
        )
