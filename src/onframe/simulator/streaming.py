"""What one playing session sends: its tracks as RTP packets, and sender reports.

Each track of each session draws its own SSRC, first sequence number and first timestamp.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from onframe.simulator.packing import Disorder, Packing
from onframe.simulator.quirks import Quirks
from onframe.simulator.source import MediaItem
from onframe.simulator.trouble import Trouble
from onframe.wire.headers import RTPInfo, StreamInfo
from onframe.wire.payload.h264 import H264Packetizer
from onframe.wire.payload.h265 import H265Packetizer
from onframe.wire.payload.message import Packetizer
from onframe.wire.payload.pcm import PCMPacketizer
from onframe.wire.rtcp import (
    Bye,
    ReceiverReport,
    SenderReport,
    SourceChunk,
    SourceDescription,
    serialize_compound,
    unix_ns_to_ntp,
)
from onframe.wire.rtp import RTPPacket

Clock: TypeAlias = Literal["sr", "rtpinfo", "shared-base", "document", "none"]
"""What the device tells about time. None instead of one of these is the guide's camera: RTP-Info without rtptime,
seq=0 for metadata, sender reports on picture and sound alone."""

CLOCKS: tuple[Clock, ...] = ("sr", "rtpinfo", "shared-base", "document", "none")
TRACK_IDS = {"video": 1, "audio": 2, "metadata": 3}
CLOCK_RATES = {"video": 90000, "audio": 8000, "metadata": 90000}
REPORT_INTERVAL = 5.0
"""Seconds between sender reports."""
FIXED_SSRC = 0x55667788
ANNOUNCED_SSRC = 0x14B37590
"""Of the metadata in the guide's capture: what its packets carry, and what SETUP had said."""
_NS = 1_000_000_000


class _Packetizer(Protocol):
    ssrc: int
    sequence_number: int

    def packetize(self, payload: bytes, timestamp: int, /) -> list[RTPPacket]: ...


@dataclass
class Lost:
    """A metadata document of which ``packets`` packets were dropped on purpose; ``at`` is its capture instant (ns)."""

    at: int
    packets: int


class OutgoingTrack:
    """One track of one session: timestamps, packets, and the counts that its sender reports tell."""

    def __init__(
        self,
        name: str,
        draw: random.Random,
        *,
        ssrc: int | None = None,
        announced_ssrc: int | None = None,
        base: int | None = None,
        max_payload: int = 1000,
        codec: str = "H264",
    ) -> None:
        self.name = name
        self.clock_rate = CLOCK_RATES[name]
        self.base = draw.getrandbits(32) if base is None else base
        self.ssrc = draw.getrandbits(32) if ssrc is None else ssrc
        self.announced_ssrc = self.ssrc if announced_ssrc is None else announced_ssrc
        self.packets = 0
        self.octets = 0
        self._packetizer = _packetizer(name, codec, self.ssrc, draw.getrandbits(16), max_payload)

    @property
    def sequence_number(self) -> int:
        """Of the next packet."""
        return self._packetizer.sequence_number

    def timestamp(self, at: int) -> int:
        """The RTP timestamp (32 bits) of the instant ``at``, ns since the source's start."""
        return (self.base + (at * self.clock_rate + _NS // 2) // _NS) & 0xFFFFFFFF

    def packetize(self, payload: bytes, at: int) -> list[RTPPacket]:
        """The packets of what was captured at that instant."""
        return self._packetizer.packetize(payload, self.timestamp(at))

    def jump(self, by: int) -> None:
        """So many sequence numbers are never used."""
        self._packetizer.sequence_number = (self._packetizer.sequence_number + by) & 0xFFFF

    def change_ssrc(self, ssrc: int) -> None:
        """Another SSRC from now on, of which no packet has been counted yet."""
        self.ssrc = self._packetizer.ssrc = ssrc
        self.packets = self.octets = 0

    def count(self, packet: RTPPacket) -> None:
        """Counts a packet that is sent."""
        self.packets += 1
        self.octets += len(packet.payload)

    def sender_report(self, at: int, epoch_ns: int) -> bytes:
        """A report with the source's description: the instant ``at`` in both clocks (RFC 3550 section 6.4.1)."""
        ntp = unix_ns_to_ntp(epoch_ns + at)
        octets, packets = self.octets & 0xFFFFFFFF, self.packets & 0xFFFFFFFF
        report = SenderReport(self.ssrc, ntp, self.timestamp(at), packets, octets)
        return serialize_compound([report, SourceDescription((SourceChunk(self.ssrc, ((1, "camera"),)),))])

    def bye(self, at: int, epoch_ns: int, *, report: bool) -> bytes:
        """The end of the track, behind a report (RFC 3550 section 6.1); an empty one where the time is not told."""
        bye = Bye((self.ssrc,)).serialize()
        return (self.sender_report(at, epoch_ns) if report else ReceiverReport(self.ssrc).serialize()) + bye


def _packetizer(name: str, codec: str, ssrc: int, sequence_number: int, max_payload: int) -> _Packetizer:
    if name == "video" and codec == "H265":
        return H265Packetizer(96, ssrc=ssrc, sequence_number=sequence_number)
    if name == "video":
        return H264Packetizer(96, ssrc=ssrc, sequence_number=sequence_number)
    if name == "audio":
        return PCMPacketizer(0, ssrc=ssrc, sequence_number=sequence_number)
    return Packetizer(107, ssrc=ssrc, sequence_number=sequence_number, max_payload=max_payload)


class Streaming:
    """The tracks of one session under one way of telling the time, with the device's ``quirks``.

    ``loss`` is the share of metadata packets that are dropped before sending; their sequence numbers still pass.
    What was hit is added to ``lost``. ``trouble`` is the network behind it, ``now`` the instant, ns since the source's
    start.
    """

    def __init__(
        self,
        *,
        clock: Clock | None,
        draw: random.Random,
        quirks: Quirks | None = None,
        trouble: Trouble | None = None,
        loss: float = 0.0,
        lost: list[Lost] | None = None,
        codec: str = "H264",
        now: int = 0,
    ) -> None:
        self.clock = clock
        self._now = now
        self._codec = codec
        self.tracks: dict[str, OutgoingTrack] = {}
        self.lost = [] if lost is None else lost
        self._quirks = quirks or Quirks()
        self._draw = draw
        self._loss = max(loss, self._quirks.loss)
        self._losses = random.Random(draw.getrandbits(64))
        self._shared_base = draw.getrandbits(32)
        self._packing = Packing(self._quirks)
        self._disorder = Disorder(trouble or Trouble(), random.Random(draw.getrandbits(64)))

    def track(self, name: str) -> OutgoingTrack:
        """That track, made when first asked for."""
        if name not in self.tracks:
            shared = self.clock == "shared-base" and CLOCK_RATES[name] == 90000
            fixed = name == "metadata" and self._quirks.ssrc == "fixed55667788"
            self.tracks[name] = OutgoingTrack(
                name,
                self._draw,
                ssrc=FIXED_SSRC if fixed else self.new_ssrc(),
                announced_ssrc=ANNOUNCED_SSRC if fixed else None,
                base=self._base(name, shared),
                max_payload=self._packing.max_payload,
                codec=self._codec,
            )
        return self.tracks[name]

    def _base(self, name: str, shared: bool) -> int | None:
        """The timestamp of the source's start where it is not drawn for each track."""
        if self._quirks.wrap_after and CLOCK_RATES[name] == 90000:
            later = self._quirks.wrap_after + (0.5 if name == "metadata" and not shared else 0.0)
            return -(self._now + int(later * _NS)) * 90000 // _NS & 0xFFFFFFFF
        return self._shared_base if shared else None

    def new_ssrc(self) -> int:
        """One of the length that the device's SETUP answers have."""
        drawn = self._draw.getrandbits(32)
        if self._quirks.ssrc == "space":  # seven digits behind the blank
            return drawn & 0x0FFFFFFF | 0x01000000
        return drawn & 0xFFFFF | 0x10000 if self._quirks.ssrc == "short" else drawn

    def change_ssrc(self) -> None:
        """Every track goes on under another SSRC, and nobody is told."""
        for track in self.tracks.values():
            track.change_ssrc(self.new_ssrc())

    def rtp_info(self, names: Sequence[str], at: int, uri: str = "") -> RTPInfo | None:
        """RTP-Info of the answer to PLAY of ``uri`` at the instant ``at``; None where the device sends none (R-034)."""
        if self.clock in ("shared-base", "document", "none") or self._quirks.rtpinfo == "none":
            return None
        ordered = sorted(names, key=TRACK_IDS.__getitem__)
        return RTPInfo(tuple(self._info(self.track(name), at, uri) for name in ordered))

    def _info(self, track: OutgoingTrack, at: int, uri: str) -> StreamInfo:
        absolute, timed = self._quirks.rtpinfo == "absolute", self.clock == "rtpinfo"
        url = f"trackID={TRACK_IDS[track.name]}"
        if absolute:
            path, mark, query = uri.partition("?")
            url = f"{path.rstrip('/')}/{url}{mark}{query}"
        if self._quirks.rtpinfo == "seq0" and not timed:
            return StreamInfo(url, 0 if track.name == "metadata" else track.sequence_number)
        return StreamInfo(url, track.sequence_number, track.timestamp(at) if timed or absolute else None)

    def reports(self, track: OutgoingTrack) -> bool:
        """Whether sender reports are sent on that track."""
        if self.clock in (None, "rtpinfo"):
            return track.name != "metadata"
        return self.clock == "sr"

    def packets(self, item: MediaItem) -> Iterator[RTPPacket]:
        """What is sent of ``item``."""
        track = self.track(item.track)
        document = item.track == "metadata"
        packets = self._of_document(track, item) if document else track.packetize(item.payload, item.at)
        kept = [packet for packet in packets if not (document and self._loss and self._losses.random() < self._loss)]
        arriving = list(self._disorder.apply(item.track, kept))
        for packet in arriving:
            track.count(packet)
        if document and len(kept) < len(packets):
            self.lost.append(Lost(item.at, len(packets) - len(kept)))
        yield from arriving

    def _of_document(self, track: OutgoingTrack, item: MediaItem) -> list[RTPPacket]:
        payload = self._packing.pack(item.payload)
        if payload is None:
            return []
        track.jump(self._packing.jump())
        return self._packing.finish(track.packetize(payload, item.at))
