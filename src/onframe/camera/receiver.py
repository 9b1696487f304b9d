"""From the packets of one RTSP session to Records: pure, every call is told what time it is.

``now_ns`` is Unix time in ns throughout; tracks go by the names under which they were added.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from onframe.camera.tracks import DocumentTrack, ReceivedTrack, VideoTrack
from onframe.errors import DecodeError, LimitExceeded, OnframeError, ProtocolError, RemoteProtocolError
from onframe.isapi.document import Document, decode_all
from onframe.isapi.metadata import Metadata
from onframe.record import AccessUnit, Coordinates, Gap, Record, Undecodable, VideoTime
from onframe.wire.clock import SessionClock
from onframe.wire.payload.h264 import H264Depacketizer
from onframe.wire.payload.h265 import H265Depacketizer
from onframe.wire.payload.message import MAX_SIZE, PAYLOAD_TYPE, Depacketizer, Message, Oversize, Restart
from onframe.wire.payload.nal import NALDepacketizer
from onframe.wire.rtcp import (
    CNAME,
    Bye,
    ReceiverReport,
    SenderReport,
    SourceChunk,
    SourceDescription,
    parse_compound,
    serialize_compound,
)
from onframe.wire.rtp import Loss, RTPPacket, TrackReceiver

Received: TypeAlias = Record | Gap | Undecodable | AccessUnit

REPORT_EVERY = 5_000_000_000
"""Ns from one receiver report of a track to the next (RFC 3550 section 6.2)."""

log = logging.getLogger("onframe.camera")

_CODECS: dict[str, type[NALDepacketizer]] = {codec.ENCODING: codec for codec in (H264Depacketizer, H265Depacketizer)}
_NS = 1_000_000_000
_UNTRUSTED = 86_400 * _NS
"""A camera's time this far (ns) from ours is no time: no zone explains it, the clock was never set."""
_ASSUMED = Coordinates()
_NONE: Mapping[str, str] = {}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Receiver:
    """One session's way from packets to Records, and the receiver reports back.

    ``epoch`` counts the connections of this camera, ``ssrc`` and ``cname`` name us in receiver reports.
    """

    def __init__(
        self,
        camera: str,
        channel: int,
        stream: int,
        epoch: int,
        *,
        coordinates: Coordinates = _ASSUMED,
        ssrc: int = 0,
        cname: str = "onframe",
        max_size: int = MAX_SIZE,
    ) -> None:
        self.camera, self.channel, self.stream, self.epoch = camera, channel, stream, epoch
        self.coordinates = coordinates
        self.clock = SessionClock()
        self._steps = 0
        self._ssrc, self._cname, self._max_size = ssrc, cname, max_size
        self._tracks: dict[str, ReceivedTrack] = {}
        self._video: VideoTrack | None = None
        self._counts = {"records": 0, "undecodable": 0, "xml_forbidden": 0, "unknown_track": 0}
        self._counts |= {"malformed_rtp": 0, "malformed_rtcp": 0}

    # -- the tracks of the session -----------------------------------------------------------

    def add_metadata(self, track: str, *, payload_type: int = PAYLOAD_TYPE, clock_rate: int = 90_000) -> None:
        """The track that carries documents; its payload type is that of the SDP (R-038)."""
        self._add(DocumentTrack(track, clock_rate, Depacketizer(payload_type, self._max_size)))

    def add_video(
        self,
        track: str,
        *,
        payload_type: int = 96,
        clock_rate: int = 90_000,
        encoding: str = "H264",
        parameter_sets: Iterable[bytes] = (),
        parameters: Mapping[str, str] = _NONE,
    ) -> None:
        """The track of the picture; ``parameters`` are those of the SDP's fmtp, names in lower case.

        One that is neither H.264 nor H.265, or whose NAL units come in another order than they are decoded in
        (RFC 7798 section 7.1, sprop-max-don-diff), gives its clock alone.
        """
        codec = _CODECS.get(encoding.upper())
        pictures = None
        if codec is None:
            log.warning("%s: there is no picture to be had, because it is coded as %s", self.camera, encoding or "?")
        elif parameters.get("sprop-max-don-diff", "0").strip("0"):
            log.warning("%s: there is no picture to be had, because its packets are interleaved", self.camera)
        else:
            pictures = codec(payload_type, parameter_sets=parameter_sets)
        self._video = VideoTrack(track, clock_rate, pictures)
        self._add(self._video)

    def add_other(self, track: str, *, clock_rate: int) -> None:
        """Another track, such as audio: it is timed and reported on, and gives nothing."""
        self._add(ReceivedTrack(track, clock_rate, TrackReceiver()))

    def _add(self, track: ReceivedTrack) -> None:
        self._tracks[track.name] = track
        self.clock.add_track(track.name, track.clock_rate)

    @property
    def video(self) -> NALDepacketizer | None:
        """The picture's depacketizer: parameter sets, codec string, counters."""
        return self._video.pictures if self._video is not None else None

    @property
    def jitter(self) -> float | None:
        """Interarrival jitter of the metadata track, in seconds (RFC 3550 section 6.4.1); None where there is none."""
        documents = (track for track in self._tracks.values() if isinstance(track, DocumentTrack))
        return next((track.jitter / track.clock_rate for track in documents), None)

    # -- what the peer sends -----------------------------------------------------------------

    def rtp_info(self, track: str, rtptime: int) -> None:
        """The rtptime that the answer to PLAY named for this track; a hint (R-034)."""
        if track in self._tracks:
            self.clock.rtp_info(track, rtptime)

    def go_on(self, track: str, packets: Sequence[bytes], at: int, now_ns: int) -> int:
        """Of these RTP packets, which came together, take those from ``at`` on that go on with a picture's NAL unit.

        How many: what ``packet`` would have taken, and none of them completes anything.
        """
        video = self._video
        return 0 if video is None or video.name != track else video.go_on(packets, at, self.clock, now_ns)

    def packet(self, track: str, data: bytes | bytearray | memoryview, now_ns: int) -> list[Received]:
        """One RTP packet. What it completes, in order; nothing a peer sends raises."""
        known = self._tracks.get(track)
        if known is None:
            self._counts["unknown_track"] += 1
            return []
        try:
            packet = RTPPacket.parse(data)
        except RemoteProtocolError as error:
            for name in ("malformed_rtp", f"malformed_rtp_{error.reason}"):
                self._counts[name] = self._counts.get(name, 0) + 1
            return []
        if known.begins_anew(packet):
            self.clock.reset(track)
        if known.payload_type is not None and packet.payload_type != known.payload_type:
            known.take_foreign(packet)
            return self._gaps(known, now_ns) if isinstance(known, DocumentTrack) else []
        timestamp = self.clock.extend(track, packet.timestamp, now_ns)
        known.measure(packet.timestamp, now_ns)
        if isinstance(known, VideoTrack):
            return self._pictures(known, packet, timestamp, now_ns)
        if isinstance(known, DocumentTrack):
            return self._documents(known, packet, timestamp, now_ns)
        known.receiver.push(packet)
        return []

    def rtcp(self, track: str, data: bytes | bytearray | memoryview, now_ns: int) -> bool:
        """One RTCP packet; True where the track's source says good-bye.

        One that is cut off is no packet at all (RFC 3550 appendix A.2): nothing of it is used.
        """
        known = self._tracks.get(track)
        if known is None:
            self._counts["unknown_track"] += 1
            return False
        try:
            reports = parse_compound(data)
        except ProtocolError:
            self._counts["malformed_rtcp"] += 1
            return False
        for report in reports:
            if isinstance(report, SenderReport):
                known.last_report = report.ntp, now_ns
                known.reporter = report.ssrc
                self.clock.sender_report(track, report.ntp, report.rtp_timestamp, now_ns)
        return any(isinstance(report, Bye) and known.is_left(report) for report in reports)

    # -- what we send ------------------------------------------------------------------------

    def reports(self, now_ns: int) -> list[tuple[str, bytes]]:
        """(track, RTCP bytes) of the receiver reports that are due; ask about once a second."""
        due = []
        for track in self._tracks.values():
            if now_ns - track.reported_at >= REPORT_EVERY:
                data = self._report(track, now_ns)
                if data is not None:
                    track.reported_at = now_ns
                    due.append((track.name, data))
        return due

    def _report(self, track: ReceivedTrack, now_ns: int) -> bytes | None:
        ntp, at = track.last_report
        block = track.receiver.report_block(
            last_sender_report=ntp, delay=(now_ns - at) / _NS if ntp else 0.0, jitter=int(track.jitter)
        )
        if block is None:
            return None
        source = SourceDescription((SourceChunk(self._ssrc, ((CNAME, self._cname),)),))
        return serialize_compound([ReceiverReport(self._ssrc, (block,)), source])

    @property
    def counters(self) -> dict[str, int]:
        """All that was counted, metadata under its own names, the picture's with ``video_`` before them."""
        total = self._counts | {"clock_steps": self.clock.steps}
        for track in self._tracks.values():
            for name, value in track.counters().items():
                total[name] = total.get(name, 0) + value
        return total

    # -- pictures ----------------------------------------------------------------------------

    def _pictures(self, track: VideoTrack, packet: RTPPacket, timestamp: int, now_ns: int) -> list[Received]:
        if track.newest != timestamp:
            track.remember(timestamp)
        if track.pictures is None:
            track.receiver.push(packet)
            return []
        picture = track.pictures.push(packet, timestamp)
        units: list[Received] = []
        while picture is not None:
            units.append(
                AccessUnit(
                    camera=self.camera,
                    channel=self.channel,
                    stream=self.stream,
                    epoch=self.epoch,
                    received_at=_instant(now_ns),
                    timestamp=picture.timestamp,
                    data=picture.data,
                    key=picture.key,
                    codec=track.pictures.ENCODING,
                    lost_before=picture.lost,
                )
            )
            picture = track.pictures.pop()
        return units

    # -- documents ---------------------------------------------------------------------------

    def _documents(self, track: DocumentTrack, packet: RTPPacket, timestamp: int, now_ns: int) -> list[Received]:
        depacketizer = track.depacketizer
        message = depacketizer.push(packet, timestamp)
        received = self._gaps(track, now_ns) if depacketizer.has_reports else []
        while message is not None:
            received += self._read(track, message, now_ns)
            message = depacketizer.pop()
        return received

    def _gaps(self, track: DocumentTrack, now_ns: int) -> list[Received]:
        """A Gap for each loss; the next Record will carry them as one. What was too long to keep is Undecodable."""
        received: list[Received] = []
        for report in track.depacketizer.take_reports():
            if isinstance(report, Oversize):
                received.append(self._oversize(report, now_ns))
                continue
            gap = self._gap(report, now_ns)
            track.gap = gap if track.gap is None else _joined(track.gap, gap)
            received.append(gap)
        return received

    def _gap(self, report: Loss | Restart, now_ns: int) -> Gap:
        gap = Gap(self.camera, self.channel, self.stream, self.epoch, _instant(now_ns), "loss")
        if isinstance(report, Loss):
            gap.packets, gap.first_sequence, gap.last_sequence = report.packets, report.first, report.last
        return gap

    def _oversize(self, report: Oversize, now_ns: int) -> Undecodable:
        error = LimitExceeded(
            f"the document is longer than {self._max_size} bytes", limit="document size", maximum=self._max_size
        )
        return self._undecodable(error, report.timestamp, b"", now_ns)

    def _read(self, track: DocumentTrack, message: Message, now_ns: int) -> list[Received]:
        """Every document of a message; one that cannot be read costs itself alone (R-105)."""
        received: list[Received] = []
        try:
            for document in decode_all(message.payload, lenient_ip=True):
                if isinstance(document, OnframeError):
                    received.append(self._undecodable(document, message.timestamp, message.payload, now_ns))
                else:
                    received.append(self._document(track, document, message, now_ns))
        except OnframeError as error:
            received.append(self._undecodable(error, message.timestamp, message.payload, now_ns))
        return received

    def _document(
        self, track: DocumentTrack, document: Document, message: Message, now_ns: int
    ) -> Record | Undecodable:
        if not isinstance(document.value, Metadata):
            error = DecodeError(f"a document of kind {document.kind} on the metadata track")
            return self._undecodable(error, message.timestamp, message.payload, now_ns)
        return self._record(track, document, document.value, message, now_ns)

    def _undecodable(self, error: OnframeError, timestamp: int, raw: bytes, now_ns: int) -> Undecodable:
        self._counts["undecodable"] += 1
        if isinstance(error, DecodeError) and error.forbidden:
            self._counts["xml_forbidden"] += 1
        return Undecodable(
            camera=self.camera,
            channel=self.channel,
            stream=self.stream,
            epoch=self.epoch,
            received_at=_instant(now_ns),
            error=type(error).__name__,
            message=error.message,
            path=getattr(error, "path", None),
            offset=getattr(error, "offset", None),
            excerpt=getattr(error, "excerpt", None),
            timestamp=timestamp,
            raw=raw,
        )

    def _record(
        self, track: DocumentTrack, document: Document, metadata: Metadata, message: Message, now_ns: int
    ) -> Record:
        epoch_ms = metadata.time.epoch_ms if metadata.time is not None else None
        self.clock.document_time(track.name, message.timestamp, epoch_ms, now_ns)
        time = self.clock.camera_time(track.name, message.timestamp)
        self._counts["records"] += 1
        gap, track.gap = track.gap, None
        warnings = list(document.warnings)
        if message.ended_by == "timestamp":
            warnings.append("the message ended without a marker")
        if track.goes_back(message):
            warnings.append("the RTP timestamp went back")
        if self._steps != (steps := self.clock.steps):
            self._steps = steps
            warnings.append("the camera's clock was set")
        return Record(
            camera=self.camera,
            channel=self.channel,
            stream=self.stream,
            epoch=self.epoch,
            n=self._counts["records"],
            received_at=_instant(now_ns),
            metadata=metadata,
            format=document.format,
            timestamp=message.timestamp,
            captured_at=_captured_at(time.ns),
            clock=str(time.grade) if abs(time.ns - now_ns) < _UNTRUSTED else "untrusted",
            uncertainty=time.uncertainty,
            coordinates=self.coordinates,
            video=self._video_time(track, message.timestamp),
            repairs=list(document.repairs),
            warnings=warnings,
            gap_before=gap,
            raw=document.raw,
        )

    def _video_time(self, track: DocumentTrack, timestamp: int) -> VideoTime | None:
        """The picture of this timestamp: snapped to a received one within half a frame."""
        if self._video is None:
            return None
        there = self.clock.convert(track.name, timestamp, self._video.name)
        if there is None:
            return None
        snapped = self._video.nearest(there.timestamp)
        return VideoTime(snapped, str(there.grade), there.uncertainty, there.grade.exact)


def _joined(before: Gap, after: Gap) -> Gap:
    """Two gaps with no Record between them as one; what is unknown of one is unknown of both."""
    return Gap(
        after.camera,
        after.channel,
        after.stream,
        after.epoch,
        after.received_at,
        before.reason if before.reason == after.reason else "loss",
        packets=_sum(before.packets, after.packets),
        records=_sum(before.records, after.records),
        first_sequence=before.first_sequence,
        last_sequence=after.last_sequence,
    )


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def _instant(ns: int) -> datetime:
    return _EPOCH + timedelta(microseconds=ns // 1000)


def _captured_at(ns: int) -> datetime | None:
    """None for a clock that names no year that exists."""
    try:
        return _instant(ns)
    except OverflowError:
        return None
