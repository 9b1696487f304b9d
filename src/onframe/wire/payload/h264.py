"""H.264 pictures ⇄ RTP packets: single NAL units, STAP-A and FU-A (RFC 6184 sections 5.6 to 5.8).

Pictures are Annex B bytes: every NAL unit behind a four-byte start code.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from onframe.errors import LocalProtocolError, ProtocolError
from onframe.wire.clock import TimestampExtender
from onframe.wire.payload.sps import codec_string as codec_string
from onframe.wire.payload.sps import parse_sprop as parse_sprop
from onframe.wire.payload.sps import parse_sps as parse_sps
from onframe.wire.payload.sps import profile_level_id as profile_level_id
from onframe.wire.payload.sps import serialize_sprop as serialize_sprop
from onframe.wire.rtp import PacketSource, RTPPacket, TrackReceiver

PAYLOAD_TYPE = 96
MAX_SIZE = 8 * 1024 * 1024
MAX_PAYLOAD = 1400

_START = b"\0\0\0\1"
_IDR, _SPS, _PPS = 5, 7, 8
_STAP_A, _FU_A = 24, 28


class CodedPicture(NamedTuple):
    """One access unit, as received.

    ``timestamp`` is extended (64 bits); ``key`` says that it has an IDR slice. ``lost`` counts
    packets missing inside or right before it, and pieces that could not be used: 0 is whole.
    """

    data: bytes
    timestamp: int
    key: bool
    lost: int


class H264Depacketizer:
    """Joins the packets of one video track to pictures; holds at most ``max_size`` bytes.

    A key picture that comes without parameter sets is given those last seen, or those of the SDP.
    Counters: ``pictures``, ``lost`` (packets missing), ``duplicates``, ``foreign``, ``malformed``, ``oversize``,
    ``resets``.
    """

    def __init__(
        self, payload_type: int = PAYLOAD_TYPE, *, parameter_sets: Iterable[bytes] = (), max_size: int = MAX_SIZE
    ) -> None:
        self.payload_type = payload_type
        self.max_size = max_size
        self.pictures = self.lost = self.duplicates = self.foreign = self.malformed = self.oversize = self.resets = 0
        self._parameter_sets = {nal[0] & 31: bytes(nal) for nal in parameter_sets if nal}
        self._receiver = TrackReceiver()
        self._extender = TimestampExtender()
        self._picture: _Picture | None = None
        self._ready: deque[CodedPicture] = deque()
        self._lost_before = 0
        self._sequence: int | None = None
        self._ssrc: int | None = None

    @property
    def receiver(self) -> TrackReceiver:
        """The numbering of this track, for receiver reports."""
        return self._receiver

    @property
    def sps(self) -> bytes | None:
        """The sequence parameter set last seen, or that of the SDP."""
        return self._parameter_sets.get(_SPS)

    @property
    def pps(self) -> bytes | None:
        """The picture parameter set last seen, or that of the SDP."""
        return self._parameter_sets.get(_PPS)

    @property
    def codec(self) -> str | None:
        """The codec string of the stream ("avc1.4d401f"), once its parameter set is known."""
        return None if self.sps is None or len(self.sps) < 4 else codec_string(self.sps)

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
        return self.pop()

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
            self._picture.fragment = None

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
            picture = self._picture = _Picture(timestamp, self._lost_before)
        self._lost_before = 0
        picture.add(packet.payload)
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
        key = any(nal[0] & 31 == _IDR for nal in nals)
        for nal in nals:
            if nal[0] & 31 in (_SPS, _PPS):
                self._parameter_sets[nal[0] & 31] = bytes(nal)
        self.pictures += 1
        data = join_nals([*self._missing_sets(nals), *nals] if key else nals)
        self._ready.append(CodedPicture(data, picture.timestamp, key, picture.lost))

    def _missing_sets(self, nals: list[bytes]) -> list[bytes]:
        kinds = {nal[0] & 31 for nal in nals}
        return [
            self._parameter_sets[kind] for kind in (_SPS, _PPS) if kind not in kinds and kind in self._parameter_sets
        ]


class _Picture:
    """The picture in progress."""

    __slots__ = ("fragment", "lost", "nals", "size", "timestamp")

    def __init__(self, timestamp: int, lost: int) -> None:
        self.timestamp = timestamp
        self.lost = lost
        self.nals: list[bytes] = []
        self.fragment: bytearray | None = None
        self.size = 0

    def add(self, payload: bytes) -> None:
        """One RTP payload (RFC 6184 section 5.2)."""
        kind = payload[0] & 31 if payload else 0
        self.size += len(payload) + 64
        if kind == _FU_A:
            self._add_fragment(payload)
            return
        self._drop_fragment()
        if kind == _STAP_A:
            self._add_aggregate(payload)
        elif 1 <= kind <= 23:
            self.nals.append(payload)
        elif payload:
            self.lost += 1  # interleaved mode, which nobody asked for

    def close(self) -> list[bytes]:
        self._drop_fragment()
        return self.nals

    def _drop_fragment(self) -> None:
        if self.fragment is not None:
            self.fragment = None
            self.lost += 1

    def _add_aggregate(self, payload: bytes) -> None:
        at = 1
        while at + 2 <= len(payload):
            size = int.from_bytes(payload[at : at + 2], "big")
            nal = payload[at + 2 : at + 2 + size]
            if size == 0 or len(nal) < size:
                break
            self.nals.append(nal)
            at += 2 + size
        if at != len(payload):
            self.lost += 1

    def _add_fragment(self, payload: bytes) -> None:
        if len(payload) < 2:
            self.lost += 1
            return
        start, end = payload[1] & 0x80, payload[1] & 0x40
        if start:
            self._drop_fragment()
            self.fragment = bytearray([payload[0] & 0xE0 | payload[1] & 0x1F])
        if self.fragment is None:
            self.lost = self.lost or 1  # its start is missing
            return
        self.fragment += payload[2:]
        if end:
            self.nals.append(bytes(self.fragment))
            self.fragment = None


class H264Packetizer(PacketSource):
    """Splits pictures into RTP packets: small NAL units together in one STAP-A, great ones over FU-As."""

    def __init__(
        self,
        payload_type: int = PAYLOAD_TYPE,
        *,
        ssrc: int,
        sequence_number: int,
        max_payload: int = MAX_PAYLOAD,
    ) -> None:
        if max_payload < 3:
            raise LocalProtocolError("max_payload must be at least 3 bytes: two of them are headers")
        super().__init__(payload_type, ssrc=ssrc, sequence_number=sequence_number)
        self.max_payload = max_payload

    def packetize(self, annexb: bytes, timestamp: int) -> list[RTPPacket]:
        """The packets of one picture, the marker on the last; of the timestamp the lower 32 bits are sent."""
        payloads = list(self._payloads(split_nals(annexb)))
        return [self.packet(payload, timestamp, marker=n == len(payloads) - 1) for n, payload in enumerate(payloads)]

    def _payloads(self, nals: list[bytes]) -> Iterator[bytes]:
        together: list[bytes] = []
        for nal in nals:
            size = 1 + sum(2 + len(each) for each in together) + 2 + len(nal)
            if together and size > self.max_payload:
                yield _aggregate(together)
                together = []
            if len(nal) > self.max_payload:
                yield from self._fragments(nal)
            else:
                together.append(nal)
        if together:
            yield _aggregate(together)

    def _fragments(self, nal: bytes) -> Iterator[bytes]:
        indicator, kind = nal[0] & 0xE0 | _FU_A, nal[0] & 0x1F
        step = self.max_payload - 2
        for at in range(1, len(nal), step):
            start = 0x80 if at == 1 else 0
            end = 0x40 if at + step >= len(nal) else 0
            yield bytes((indicator, start | end | kind)) + nal[at : at + step]


def _aggregate(nals: list[bytes]) -> bytes:
    """One NAL unit as it is, several as a STAP-A (RFC 6184 section 5.7.1)."""
    if len(nals) == 1:
        return nals[0]
    importance = max(nal[0] & 0x60 for nal in nals)
    return bytes((importance | _STAP_A,)) + b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)


def split_nals(annexb: bytes) -> list[bytes]:
    """The NAL units between start codes of three or four bytes; what stands before the first is left out."""
    pieces = annexb.split(b"\0\0\1")
    return [nal for piece in pieces[1:] if (nal := piece.rstrip(b"\0"))]


def join_nals(nals: Iterable[bytes]) -> bytes:
    """NAL units as Annex B bytes."""
    return b"".join([part for nal in nals for part in (_START, nal)])
