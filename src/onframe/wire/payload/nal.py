"""What H.264 and H.265 have in common over RTP: NAL units joined to pictures, and pictures split into packets.

Pictures are Annex B bytes: every NAL unit behind a four-byte start code.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import ClassVar, NamedTuple

from onframe.errors import LocalProtocolError, ProtocolError
from onframe.wire.rtp import HEADER as RTP_HEADER
from onframe.wire.rtp import PacketSource, RTPPacket, TimestampExtender, TrackReceiver

PAYLOAD_TYPE = 96
MAX_SIZE = 8 * 1024 * 1024
MAX_PAYLOAD = 1400

_START = b"\0\0\0\1"
_OVERHEAD = 64
"""Bytes that each packet and each NAL unit is counted for beside its own, so that empty ones are bounded too."""
_PLAIN = 12
"""Bytes of a plain RTP header."""
_LONGEST_SET = 64 * 1024
"""Bytes of a parameter set that is kept; the longest that make sense have some hundreds."""


class CodedPicture(NamedTuple):
    """One access unit, as received.

    ``timestamp`` is extended (64 bits); ``key`` says that decoding can begin here (H.264: it has an IDR slice,
    H.265: an IRAP one). ``lost`` counts packets missing inside or right before it, and pieces that could not be
    used: 0 is whole.
    """

    data: bytes
    timestamp: int
    key: bool
    lost: int


class NALDepacketizer(ABC):
    """Joins the packets of one video track to pictures; holds at most ``max_size`` bytes.

    A key picture that comes without parameter sets is given those last seen, or those of the SDP.
    Counters: ``pictures``, ``lost`` (packets missing), ``duplicates``, ``foreign``, ``malformed``, ``oversize``,
    ``resets``.
    """

    ENCODING: ClassVar[str]
    """Its name in an SDP's rtpmap."""
    PARAMETER_SETS: ClassVar[tuple[int, ...]]
    """The types of NAL units that say how to decode, in the order in which they are sent."""

    def __init__(
        self, payload_type: int = PAYLOAD_TYPE, *, parameter_sets: Iterable[bytes] = (), max_size: int = MAX_SIZE
    ) -> None:
        self.payload_type = payload_type
        self.max_size = max_size
        self.pictures = self.lost = self.duplicates = self.foreign = self.malformed = self.oversize = self.resets = 0
        self._parameter_sets = {self.kind(nal): bytes(nal) for nal in parameter_sets if nal}
        self._receiver = TrackReceiver()
        self._extender = TimestampExtender()
        self._picture: UnfinishedPicture | None = None
        self._ready: deque[CodedPicture] = deque()
        self._lost_before = 0
        self._sequence: int | None = None
        self._ssrc: int | None = None

    # -- what the codecs differ in ---------------------------------------------------------------

    @staticmethod
    @abstractmethod
    def kind(nal: bytes) -> int:
        """The type of a NAL unit that is not empty."""

    @staticmethod
    @abstractmethod
    def is_key(kind: int) -> bool:
        """Whether decoding can begin at a NAL unit of this type."""

    @abstractmethod
    def take_payload(self, picture: UnfinishedPicture, payload: bytes) -> None:
        """Put what one RTP payload has into the picture."""

    @staticmethod
    @abstractmethod
    def middle(data: bytes) -> int:
        """Where in an RTP packet with a plain header a piece from the middle of a NAL unit begins; 0: it is none."""

    @property
    @abstractmethod
    def codec(self) -> str | None:
        """The codec string of the stream, as browsers name it (RFC 6381), once its parameter set is known."""

    # -- what they share -------------------------------------------------------------------------

    @property
    def receiver(self) -> TrackReceiver:
        """The numbering of this track, for receiver reports."""
        return self._receiver

    def parameter_set(self, kind: int) -> bytes | None:
        """The parameter set of this type last seen, or that of the SDP."""
        return self._parameter_sets.get(kind)

    def push(self, packet: RTPPacket | bytes, timestamp: int | None = None) -> CodedPicture | None:
        """Take one packet; the picture it completes, if any: at the marker or at the next timestamp.

        ``timestamp`` is its extended timestamp where the caller keeps one. Nothing a peer sends raises.
        A packet that ends two pictures gives the second one at the next ``push`` or by ``pop``.
        """
        if not isinstance(packet, RTPPacket):
            try:
                packet = RTPPacket.parse(packet)
            except ProtocolError:
                self.malformed += 1
                return self.pop()
        if packet.payload_type != self.payload_type:
            self.foreign += 1
            if packet.ssrc == self._ssrc:
                self._number(packet)
        elif self._number(packet):
            self._take(packet, self._extender.extend(packet.timestamp) if timestamp is None else timestamp)
        return self._ready.popleft() if self._ready else None

    def go_on(self, packets: Sequence[bytes], at: int, timestamp: int) -> int:
        """Of the packets from ``at`` on take those with a plain header and the next piece of the NAL unit in progress.

        As ``push`` of each, which would complete nothing. How many they are; 0 where the first is anything else.
        """
        picture, ssrc = self._picture, self._ssrc
        if picture is None or picture.fragment is None or picture.timestamp != timestamp or self._ready or ssrc is None:
            return 0
        header = (0x80, self.payload_type, timestamp & 0xFFFFFFFF, ssrc)
        pieces: list[bytes] = []
        size, first = picture.size, None
        for data in islice(packets, at, None):
            if len(data) < _PLAIN:
                break
            bits, second, number, stamp, source = RTP_HEADER.unpack_from(data)
            start, longer = self.middle(data), size + len(data) - _PLAIN + _OVERHEAD
            if (bits, second, stamp, source) != header or not start or longer > self.max_size:
                break
            first = number if first is None else first
            if number != (first + len(pieces)) & 0xFFFF:
                break
            pieces.append(data[start:])
            size = longer
        if first is None or (last := self._receiver.go_on(first, ssrc, self._sequence, len(pieces))) is None:
            return 0
        self._sequence, self._lost_before, picture.size = last, 0, size
        picture.fragment += b"".join(pieces)
        return len(pieces)

    def pop(self) -> CodedPicture | None:
        """A picture that is complete already and was not returned yet."""
        return self._ready.popleft() if self._ready else None

    def _number(self, packet: RTPPacket) -> bool:
        """Place the packet; False for one that was here already."""
        placed = self._receiver.push(packet)
        if placed is None:
            self.duplicates += 1
            return False
        sequence, loss = placed
        if loss is not None:
            self.lost += loss.packets
            self._damage(loss.packets)
        elif self._sequence is not None and (sequence != self._sequence + 1 or packet.ssrc != self._ssrc):
            self._begin_anew()
        self._sequence, self._ssrc = sequence, packet.ssrc
        return True

    def _damage(self, packets: int) -> None:
        """The picture in progress and the one after it may both miss what was lost."""
        self._lost_before += packets
        if self._picture is not None:
            self._picture.lost += packets
            self._picture.forget_fragment()

    def _begin_anew(self) -> None:
        self.resets += 1
        self._damage(1)
        self._finish()
        self._lost_before = 0
        self._extender = TimestampExtender()

    def _take(self, packet: RTPPacket, timestamp: int) -> None:
        picture = self._picture
        if picture is not None and picture.timestamp != timestamp:
            self._finish()
            picture = None
        if picture is None:
            picture = self._picture = UnfinishedPicture(timestamp, self._lost_before)
        self._lost_before = 0
        picture.size += len(packet.payload) + _OVERHEAD
        if packet.payload:
            self.take_payload(picture, packet.payload)
        if picture.size > self.max_size:
            self.oversize += 1
            self._picture = None
            self._lost_before += 1
        elif packet.marker:
            self._finish()

    def _finish(self) -> None:
        picture, self._picture = self._picture, None
        if picture is None:
            return
        nals = picture.close()
        if not nals:
            self._lost_before += picture.lost
            return
        kinds = {self.kind(nal) for nal in nals}
        key = any(map(self.is_key, kinds))
        for nal in nals:
            if self.kind(nal) in self.PARAMETER_SETS and len(nal) <= _LONGEST_SET:
                self._parameter_sets[self.kind(nal)] = nal
        missing = [kind for kind in self.PARAMETER_SETS if kind not in kinds and kind in self._parameter_sets]
        self.pictures += 1
        data = join_nals([*(self._parameter_sets[kind] for kind in missing), *nals] if key else nals)
        self._ready.append(CodedPicture(data, picture.timestamp, key, picture.lost))


class UnfinishedPicture:
    """The picture in progress: its NAL units, and the one of which fragments come."""

    __slots__ = ("fragment", "lost", "nals", "size", "timestamp")

    def __init__(self, timestamp: int, lost: int) -> None:
        self.timestamp = timestamp
        self.lost = lost
        self.nals: list[bytes] = []
        self.size = 0
        self.fragment: bytearray | None = None
        """The pieces of a NAL unit whose end has not come."""

    def add(self, nal: bytes) -> None:
        """A whole NAL unit."""
        self.drop_fragment()
        self.nals.append(nal)

    def add_aggregate(self, payload: bytes, at: int, *, shortest: int) -> None:
        """NAL units of at least ``shortest`` bytes from ``at`` on, each behind its length in two bytes."""
        self.drop_fragment()
        while at + 2 <= len(payload):
            size = int.from_bytes(payload[at : at + 2], "big")
            nal = payload[at + 2 : at + 2 + size]
            if size < shortest or len(nal) < size:
                break
            self.nals.append(nal)
            self.size += _OVERHEAD
            at += 2 + size
        if at != len(payload):
            self.lost += 1

    def add_fragment(self, header: bytes, piece: bytes, *, start: bool, end: bool) -> None:
        """A piece of a NAL unit; ``header`` is that of the whole one, and looked at where it starts alone."""
        if start:
            self.drop_fragment()
            self.fragment = bytearray(header)
        if self.fragment is None:
            self.lost = self.lost or 1  # its start is missing
            return
        self.fragment += piece
        if end:
            self.nals.append(bytes(self.fragment))
            self.fragment = None

    def spoil(self) -> None:
        """Something came that cannot be used."""
        self.drop_fragment()
        self.lost += 1

    def drop_fragment(self) -> None:
        """The NAL unit in progress did not come to its end."""
        if self.fragment is not None:
            self.fragment = None
            self.lost += 1

    def forget_fragment(self) -> None:
        """Its rest is among what was counted as lost."""
        self.fragment = None

    def close(self) -> list[bytes]:
        """The NAL units that are whole."""
        self.drop_fragment()
        return self.nals


class NALPacketizer(PacketSource, ABC):
    """Splits pictures into RTP packets: small NAL units go together in one, great ones over several."""

    HEADER: ClassVar[int]
    """Bytes before the first NAL unit of several in one packet."""
    FRAGMENT_HEADER: ClassVar[int]
    """Bytes before a fragment."""

    def __init__(
        self,
        payload_type: int = PAYLOAD_TYPE,
        *,
        ssrc: int,
        sequence_number: int,
        max_payload: int = MAX_PAYLOAD,
    ) -> None:
        if max_payload <= self.FRAGMENT_HEADER:
            least = self.FRAGMENT_HEADER + 1
            raise LocalProtocolError(f"max_payload must be at least {least} bytes: all but one of them are headers")
        super().__init__(payload_type, ssrc=ssrc, sequence_number=sequence_number)
        self.max_payload = max_payload

    def packetize(self, annexb: bytes, timestamp: int) -> list[RTPPacket]:
        """The packets of one picture, the marker on the last; of the timestamp the lower 32 bits are sent."""
        payloads = list(self._payloads(split_nals(annexb)))
        return [self.packet(payload, timestamp, marker=n == len(payloads) - 1) for n, payload in enumerate(payloads)]

    @abstractmethod
    def aggregate_header(self, nals: list[bytes]) -> bytes:
        """What stands before several NAL units in one packet."""

    @abstractmethod
    def fragments(self, nal: bytes) -> Iterator[bytes]:
        """The payloads of one NAL unit that is too long for a packet."""

    def _payloads(self, nals: list[bytes]) -> Iterator[bytes]:
        together: list[bytes] = []
        for nal in nals:
            size = self.HEADER + sum(2 + len(each) for each in together) + 2 + len(nal)
            if together and size > self.max_payload:
                yield self._together(together)
                together = []
            if len(nal) > self.max_payload:
                yield from self.fragments(nal)
            else:
                together.append(nal)
        if together:
            yield self._together(together)

    def _together(self, nals: list[bytes]) -> bytes:
        if len(nals) == 1:
            return nals[0]
        return self.aggregate_header(nals) + b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)


def split_nals(annexb: bytes) -> list[bytes]:
    """The NAL units between start codes of three or four bytes; what stands before the first is left out."""
    pieces = annexb.split(b"\0\0\1")
    return [nal for piece in pieces[1:] if (nal := piece.rstrip(b"\0"))]


def join_nals(nals: Iterable[bytes]) -> bytes:
    """NAL units as Annex B bytes."""
    return b"".join([part for nal in nals for part in (_START, nal)])
