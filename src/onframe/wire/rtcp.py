"""RTCP: reports, source descriptions, good-byes, both ways (RFC 3550 section 6), and NTP time."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import ClassVar, Final, TypeAlias

import msgspec

from onframe.errors import LocalProtocolError, RemoteProtocolError

NTP_UNIX: Final = 2_208_988_800
"""Seconds from 1900, where NTP begins, to 1970."""
CNAME: Final = 1
"""The item of a source description that names its sender (section 6.5.1)."""

_NS: Final = 1_000_000_000
_ERA: Final = 1 << 32
_COMMON: Final = struct.Struct(">BBH")
_SENDER: Final = struct.Struct(">IQIII")
_BLOCK: Final = struct.Struct(">IIIIII")


def ntp_to_unix_ns(ntp: int) -> int:
    """Unix time in ns of a 64-bit NTP time; seconds below 2**31 belong to the era that begins in 2036 (RFC 4330)."""
    seconds, fraction = ntp >> 32, ntp & 0xFFFFFFFF
    if seconds < 1 << 31:
        seconds += _ERA
    return (seconds - NTP_UNIX) * _NS + (fraction * _NS + (_ERA >> 1)) // _ERA


def unix_ns_to_ntp(ns: int) -> int:
    """The 64-bit NTP time of a Unix time in ns."""
    return ((ns + NTP_UNIX * _NS) * _ERA + _NS // 2) // _NS & 0xFFFFFFFFFFFFFFFF


class ReportBlock(msgspec.Struct, frozen=True, gc=False):
    """What a receiver says of one source (section 6.4.1).

    ``fraction_lost`` in 1/256, ``jitter`` in clock ticks, ``last_sender_report`` the middle 32 bits of its NTP time,
    ``delay`` since it came in 1/65536 s.
    """

    ssrc: int
    fraction_lost: int = 0
    packets_lost: int = 0
    highest_sequence: int = 0
    jitter: int = 0
    last_sender_report: int = 0
    delay: int = 0

    def serialize(self) -> bytes:
        """24 bytes; LocalProtocolError for a field that does not fit."""
        try:
            return _BLOCK.pack(
                self.ssrc,
                self.fraction_lost << 24 | self.packets_lost & 0xFFFFFF,
                self.highest_sequence,
                self.jitter,
                self.last_sender_report,
                self.delay,
            )
        except struct.error as error:
            raise LocalProtocolError(f"a field of a report block does not fit: {error}") from error


class SenderReport(msgspec.Struct, frozen=True):
    """Which RTP timestamp belongs to which wall clock time, and what was sent so far (section 6.4.1).

    ``ntp`` is the 64-bit NTP time.
    """

    TYPE: ClassVar[int] = 200
    ssrc: int
    ntp: int
    rtp_timestamp: int
    packet_count: int = 0
    octet_count: int = 0
    reports: tuple[ReportBlock, ...] = ()

    def serialize(self) -> bytes:
        """LocalProtocolError for a field that does not fit."""
        try:
            info = _SENDER.pack(self.ssrc, self.ntp, self.rtp_timestamp, self.packet_count, self.octet_count)
        except struct.error as error:
            raise LocalProtocolError(f"a field of a sender report does not fit: {error}") from error
        return _packet(self.TYPE, len(self.reports), info, *(block.serialize() for block in self.reports))


class ReceiverReport(msgspec.Struct, frozen=True):
    """What was received of each source (section 6.4.2)."""

    TYPE: ClassVar[int] = 201
    ssrc: int
    reports: tuple[ReportBlock, ...] = ()

    def serialize(self) -> bytes:
        """LocalProtocolError for a field that does not fit."""
        return _packet(self.TYPE, len(self.reports), _words(self.ssrc), *(block.serialize() for block in self.reports))


class SourceChunk(msgspec.Struct, frozen=True):
    """The items of one source: (type, text) pairs (section 6.5). Text beyond UTF-8 is kept by surrogates."""

    ssrc: int
    items: tuple[tuple[int, str], ...] = ()

    def serialize(self) -> bytes:
        """Ends with at least one zero byte, on a word's boundary."""
        parts = [_words(self.ssrc)]
        for kind, text in self.items:
            value = text.encode("utf-8", "surrogateescape")
            if not 1 <= kind <= 255 or len(value) > 255:
                raise LocalProtocolError("an item of a source description has a type of 1 to 255 and 255 bytes at most")
            parts.append(bytes((kind, len(value))) + value)
        chunk = b"".join(parts)
        return chunk + bytes(4 - len(chunk) % 4)


class SourceDescription(msgspec.Struct, frozen=True):
    """Who the sources are (section 6.5)."""

    TYPE: ClassVar[int] = 202
    chunks: tuple[SourceChunk, ...] = ()

    def serialize(self) -> bytes:
        """LocalProtocolError for a field that does not fit."""
        return _packet(self.TYPE, len(self.chunks), *(chunk.serialize() for chunk in self.chunks))


class Bye(msgspec.Struct, frozen=True):
    """These sources end (section 6.6)."""

    TYPE: ClassVar[int] = 203
    sources: tuple[int, ...] = ()
    reason: str = ""

    def serialize(self) -> bytes:
        """LocalProtocolError for a reason over 255 bytes."""
        text = self.reason.encode("utf-8", "surrogateescape")
        if len(text) > 255:
            raise LocalProtocolError("the reason of a BYE has 255 bytes at most")
        tail = bytes((len(text),)) + text if text else b""
        return _packet(self.TYPE, len(self.sources), _words(*self.sources), tail + bytes(-len(tail) % 4))


class Application(msgspec.Struct, frozen=True):
    """An application's own packet (APP, section 6.7); ``data`` is whole words."""

    TYPE: ClassVar[int] = 204
    subtype: int
    ssrc: int
    name: bytes
    data: bytes = b""

    def serialize(self) -> bytes:
        """LocalProtocolError for a field that does not fit."""
        if len(self.name) != 4 or len(self.data) % 4:
            raise LocalProtocolError("the name of an APP packet has 4 bytes, its data whole words")
        return _packet(self.TYPE, self.subtype, _words(self.ssrc), self.name, self.data)


class UnknownReport(msgspec.Struct, frozen=True):
    """A packet of another type, as it came: ``count`` is the five bits beside the version."""

    packet_type: int
    count: int
    body: bytes

    def serialize(self) -> bytes:
        """The packet as it came."""
        return _packet(self.packet_type, self.count, self.body)


Report: TypeAlias = SenderReport | ReceiverReport | SourceDescription | Bye | Application | UnknownReport


def serialize_compound(reports: Iterable[Report]) -> bytes:
    """One datagram of several packets (section 6.1); put a report first and a source description with a CNAME in."""
    return b"".join(report.serialize() for report in reports)


def _words(*values: int) -> bytes:
    try:
        return struct.pack(f">{len(values)}I", *values)
    except struct.error as error:
        raise LocalProtocolError(f"an SSRC does not fit: {error}") from error


def _packet(packet_type: int, count: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    if not 0 <= count <= 31 or len(body) % 4 or len(body) > 4 * 0xFFFF:
        raise LocalProtocolError("an RTCP packet counts 31 entries at most and has whole words")
    return _COMMON.pack(0x80 | count, packet_type, len(body) // 4) + body


# --- reading -----------------------------------------------------------------------------------------------------


def parse_compound(data: bytes | bytearray | memoryview) -> list[Report]:
    """The packets of one datagram or interleaved frame, in order.

    Which of them stands first is not insisted on. Raises RemoteProtocolError where one is cut off or no RTCP.
    """
    data = bytes(data)
    if not data:
        raise RemoteProtocolError("an empty RTCP packet")
    reports: list[Report] = []
    position = 0
    while position < len(data):
        report, position = _next(data, position)
        reports.append(report)
    return reports


def _next(data: bytes, position: int) -> tuple[Report, int]:
    if len(data) - position < 4:
        raise RemoteProtocolError("an RTCP packet is shorter than its header", offset=position)
    first, packet_type, words = _COMMON.unpack_from(data, position)
    end = position + 4 + 4 * words
    if first >> 6 != 2:
        raise RemoteProtocolError(f"RTCP version {first >> 6}, not 2", offset=position)
    if end > len(data):
        raise RemoteProtocolError(
            f"an RTCP packet of {words} words is cut off after {len(data) - position} bytes", offset=position
        )
    body = data[position + 4 : end]
    if first & 0x20:
        body = _without_padding(body, position)
    return _read(packet_type, first & 0x1F, body, position), end


def _without_padding(body: bytes, position: int) -> bytes:
    padding = body[-1] if body else 0
    if not 1 <= padding <= len(body):
        raise RemoteProtocolError(f"RTCP padding of {padding} bytes in {len(body)}", offset=position)
    return body[:-padding]


def _read(packet_type: int, count: int, body: bytes, position: int) -> Report:
    if packet_type not in _READERS:
        return UnknownReport(packet_type, count, body)
    try:
        return _READERS[packet_type](count, body)
    except (struct.error, IndexError) as error:
        raise RemoteProtocolError(
            f"an RTCP packet of type {packet_type} is shorter than its {count} entries", offset=position
        ) from error


def _sender_report(count: int, body: bytes) -> Report:
    ssrc, ntp, rtp_timestamp, packet_count, octet_count = _SENDER.unpack_from(body)
    return SenderReport(ssrc, ntp, rtp_timestamp, packet_count, octet_count, _blocks(count, body, 24))


def _receiver_report(count: int, body: bytes) -> Report:
    (ssrc,) = struct.unpack_from(">I", body)
    return ReceiverReport(ssrc, _blocks(count, body, 4))


def _blocks(count: int, body: bytes, start: int) -> tuple[ReportBlock, ...]:
    return tuple(_block(body, start + 24 * index) for index in range(count))


def _block(body: bytes, start: int) -> ReportBlock:
    ssrc, lost, highest, jitter, last, delay = _BLOCK.unpack_from(body, start)
    packets_lost = lost & 0xFFFFFF
    if packets_lost >= 0x800000:  # duplicates make it negative
        packets_lost -= 0x1000000
    return ReportBlock(ssrc, lost >> 24, packets_lost, highest, jitter, last, delay)


def _source_description(count: int, body: bytes) -> Report:
    chunks = []
    position = 0
    for _ in range(count):
        chunk, position = _chunk(body, position)
        chunks.append(chunk)
    return SourceDescription(tuple(chunks))


def _chunk(body: bytes, position: int) -> tuple[SourceChunk, int]:
    (ssrc,) = struct.unpack_from(">I", body, position)
    position += 4
    items = []
    while position < len(body) and body[position]:
        kind, text, position = body[position], *_text(body, position + 1)
        items.append((kind, text))
    return SourceChunk(ssrc, tuple(items)), position + 4 - position % 4


def _text(body: bytes, position: int) -> tuple[str, int]:
    """A length and so many bytes."""
    end = position + 1 + body[position]
    if end > len(body):
        raise IndexError(end)
    return body[position + 1 : end].decode("utf-8", "surrogateescape"), end


def _bye(count: int, body: bytes) -> Report:
    sources = struct.unpack_from(f">{count}I", body)
    reason = _text(body, 4 * count)[0] if len(body) > 4 * count else ""
    return Bye(sources, reason)


def _application(count: int, body: bytes) -> Report:
    ssrc, name = struct.unpack_from(">I4s", body)
    return Application(count, ssrc, name, body[8:])


_READERS: Final = {
    SenderReport.TYPE: _sender_report,
    ReceiverReport.TYPE: _receiver_report,
    SourceDescription.TYPE: _source_description,
    Bye.TYPE: _bye,
    Application.TYPE: _application,
}
