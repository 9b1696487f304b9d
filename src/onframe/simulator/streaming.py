"""What one playing session sends: its tracks as RTP packets, sender reports, and the SDP that announces them.

Each track of each session draws its own SSRC, first sequence number and first timestamp.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from onframe.simulator.source import MediaItem, VideoParameters
from onframe.wire.headers import RTPInfo, StreamInfo
from onframe.wire.payload.h264 import H264Packetizer
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
from onframe.wire.sdp import MediaDescription, SessionDescription

Clock: TypeAlias = Literal["sr", "rtpinfo", "shared-base", "document", "none"]
"""What the device tells about time. None instead of one of these is the guide's camera: RTP-Info without rtptime,
seq=0 for metadata, sender reports on picture and sound alone."""

CLOCKS: tuple[Clock, ...] = ("sr", "rtpinfo", "shared-base", "document", "none")
TRACK_IDS = {"video": 1, "audio": 2, "metadata": 3}
CLOCK_RATES = {"video": 90000, "audio": 8000, "metadata": 90000}
REPORT_INTERVAL = 5.0
"""Seconds between sender reports."""
_NS = 1_000_000_000
_MEDIAINFO = "494D4B48010200000400000110710110401F000000FA" + "0" * 36


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
    ) -> None:
        self.name = name
        self.clock_rate = CLOCK_RATES[name]
        self.base = draw.getrandbits(32) if base is None else base
        self.ssrc = draw.getrandbits(32) if ssrc is None else ssrc
        self.announced_ssrc = self.ssrc if announced_ssrc is None else announced_ssrc
        self.packets = 0
        self.octets = 0
        self._packetizer = _packetizer(name, self.ssrc, draw.getrandbits(16))

    @property
    def sequence_number(self) -> int:
        """Of the next packet."""
        return self._packetizer.sequence_number

    def timestamp(self, at: int) -> int:
        """The RTP timestamp (32 bits) of the instant ``at``, ns since the source's start."""
        return (self.base + (at * self.clock_rate + _NS // 2) // _NS) & 0xFFFFFFFF

    def packetize(self, item: MediaItem) -> list[RTPPacket]:
        """The packets of one item."""
        return self._packetizer.packetize(item.payload, self.timestamp(item.at))

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


def _packetizer(name: str, ssrc: int, sequence_number: int) -> _Packetizer:
    if name == "video":
        return H264Packetizer(96, ssrc=ssrc, sequence_number=sequence_number)
    if name == "audio":
        return PCMPacketizer(0, ssrc=ssrc, sequence_number=sequence_number)
    return Packetizer(107, ssrc=ssrc, sequence_number=sequence_number)


class Streaming:
    """The tracks of one session under one way of telling the time.

    ``loss`` is the share of metadata packets that are dropped before sending; their sequence numbers still pass.
    What was hit is added to ``lost``. ``ssrc`` is that of the metadata packets, ``announced_ssrc`` what SETUP says of
    them; None draws.
    """

    def __init__(
        self,
        *,
        clock: Clock | None,
        draw: random.Random,
        loss: float = 0.0,
        lost: list[Lost] | None = None,
        ssrc: int | None = None,
        announced_ssrc: int | None = None,
    ) -> None:
        self.clock = clock
        self._ssrcs = (ssrc, announced_ssrc)
        self.tracks: dict[str, OutgoingTrack] = {}
        self.lost = [] if lost is None else lost
        self._draw = draw
        self._loss = loss
        self._losses = random.Random(draw.getrandbits(64))
        self._shared_base = draw.getrandbits(32)

    def track(self, name: str) -> OutgoingTrack:
        """That track, made when first asked for."""
        if name not in self.tracks:
            shared = self.clock == "shared-base" and CLOCK_RATES[name] == 90000
            ssrc, announced = self._ssrcs if name == "metadata" else (None, None)
            base = self._shared_base if shared else None
            self.tracks[name] = OutgoingTrack(name, self._draw, ssrc=ssrc, announced_ssrc=announced, base=base)
        return self.tracks[name]

    def rtp_info(self, names: Sequence[str], at: int) -> RTPInfo | None:
        """RTP-Info of the answer to PLAY at the instant ``at``; urls are relative as the guide prints them (R-034)."""
        if self.clock in ("shared-base", "document", "none"):
            return None
        return RTPInfo(tuple(self._info(self.track(name), at) for name in sorted(names, key=TRACK_IDS.__getitem__)))

    def _info(self, track: OutgoingTrack, at: int) -> StreamInfo:
        url = f"trackID={TRACK_IDS[track.name]}"
        if self.clock is None:
            return StreamInfo(url, 0 if track.name == "metadata" else track.sequence_number)
        rtptime = track.timestamp(at) if self.clock == "rtpinfo" else None
        return StreamInfo(url, track.sequence_number, rtptime)

    def reports(self, track: OutgoingTrack) -> bool:
        """Whether sender reports are sent on that track."""
        if self.clock in (None, "rtpinfo"):
            return track.name != "metadata"
        return self.clock == "sr"

    def packets(self, item: MediaItem) -> Iterator[RTPPacket]:
        """What is sent of ``item``."""
        track = self.track(item.track)
        dropped = 0
        for packet in track.packetize(item):
            if self._loss and item.track == "metadata" and self._losses.random() < self._loss:
                dropped += 1
                continue
            track.count(packet)
            yield packet
        if dropped:
            self.lost.append(Lost(item.at, dropped))


def describe(parameters: VideoParameters, *, address: str, session: int, metadata: bool = True) -> SessionDescription:
    """The description that the guide prints, for this picture (R-021). ``session`` numbers the ``o=`` line."""
    family = "IP6" if ":" in address else "IP4"
    sections = [_video(parameters), _section("audio", "0", "PCMU/8000", 50)]
    if metadata:
        sections.append(_section("application", "107", "isapi.metadata/90000", 50))
    sections[-1].attributes += [("Media_header", f"MEDIAINFO={_MEDIAINFO};"), ("appversion", "1.0")]
    return SessionDescription(
        origin=f"- {session} {session} IN {family} {address}",
        email="NONE",
        bandwidth=["AS:5100"],
        attributes=[("control", "*")],
        media=sections,
    )


def _section(media: str, payload_type: str, encoding: str, bandwidth: int) -> MediaDescription:
    track_id = TRACK_IDS["metadata" if media == "application" else media]
    control, rtpmap = ("control", f"trackID={track_id}"), ("rtpmap", f"{payload_type} {encoding}")
    return MediaDescription(
        media,
        formats=[payload_type],
        connection="IN IP4 0.0.0.0",
        bandwidth=[f"AS:{bandwidth}"],
        attributes=[("recvonly", None), control, rtpmap],
    )


def _video(parameters: VideoParameters) -> MediaDescription:
    section = _section("video", "96", "H264/90000", 5000)
    section.attributes.insert(1, ("x-dimensions", f"{parameters.width},{parameters.height}"))
    sets = ",".join(base64.b64encode(nal).decode() for nal in (parameters.sps, parameters.pps))
    level = parameters.sps[1:4].hex().upper()
    fmtp = f"96 profile-level-id={level}; packetization-mode=1; sprop-parameter-sets={sets}"
    section.attributes.append(("fmtp", fmtp))
    return section
