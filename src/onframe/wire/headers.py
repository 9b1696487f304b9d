"""Values of RTSP header fields: parse ⇄ serialize (RFC 2326 section 12).

Readers never refuse a session over an advisory field: what cannot be read in one is None.
A ProtocolError is raised only where nothing usable is left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from onframe.errors import RemoteProtocolError

DEFAULT_SESSION_TIMEOUT = 60

TransportKind: TypeAlias = Literal["tcp", "udp", "multicast"]

_HEX32 = re.compile(r"(?:0[xX])?([0-9A-Fa-f]{1,8})")
_PAIR = re.compile(r"(\d{1,5})(?:\s*-\s*(\d{1,5}))?")
_NPT_CLOCK = re.compile(r"(\d+):(\d{1,2}):(\d{1,2}(?:\.\d*)?)")
_SESSION_ID = re.compile(r"[^\s;,\x00-\x1f\x7f]+")


@dataclass
class Transport:
    """One transport (RFC 2326 section 12.39). ``interleaved`` holds the channels of RTP and RTCP.

    ``port`` is the pair of a multicast group whose address is ``destination``. ``ssrc`` is advisory: the guide's own
    packets carry another (R-042).
    """

    protocol: str = "RTP/AVP/TCP"
    unicast: bool = True
    interleaved: tuple[int, int] | None = None
    client_port: tuple[int, int] | None = None
    server_port: tuple[int, int] | None = None
    destination: str | None = None
    source: str | None = None
    port: tuple[int, int] | None = None
    ttl: int | None = None
    ssrc: int | None = None
    mode: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def tcp(self) -> bool:
        """Whether RTP comes interleaved in the connection: said so, or channels are given."""
        return self.protocol.upper().endswith("/TCP") or self.interleaved is not None

    @property
    def kind(self) -> TransportKind:
        """How RTP travels: interleaved in the connection, over UDP to one client, or to a multicast group."""
        if self.tcp:
            return "tcp"
        return "udp" if self.unicast else "multicast"

    @classmethod
    def parse(cls, value: str) -> Transport:
        """The first transport of the value; none is a RemoteProtocolError."""
        return parse_transports(value)[0]

    def serialize(self) -> str:
        """The value, parameters in the order of the guide's answer (R-029)."""
        parts = [self.protocol, "unicast" if self.unicast else "multicast"]
        parts += [f"{name}={text}" for name in ("destination", "source") if (text := getattr(self, name)) is not None]
        for name in ("interleaved", "port", "client_port", "server_port"):
            if (pair := getattr(self, name)) is not None:
                parts.append(f"{name}={pair[0]}-{pair[1]}")
        if self.ttl is not None:
            parts.append(f"ttl={self.ttl}")
        if self.ssrc is not None:
            parts.append(f"ssrc={self.ssrc:08x}")
        if self.mode is not None:
            parts.append(f'mode="{self.mode}"')
        return ";".join(parts)


def parse_transports(value: str) -> list[Transport]:
    """All transports of one value, best first; none is a RemoteProtocolError."""
    transports = [_transport(part) for part in _split(value, ",") if part.strip()]
    if not transports:
        raise RemoteProtocolError("the Transport header names no transport", excerpt=value[:60])
    return transports


def _transport(text: str) -> Transport:
    result = Transport(protocol="")
    for part in _split(text, ";"):
        name, equals, content = (piece.strip() for piece in part.partition("="))
        name = name.lower()
        if not equals:
            _transport_word(result, part.strip())
        elif name in ("interleaved", "port", "client_port", "server_port"):
            setattr(result, name, _pair(content, 255 if name == "interleaved" else 65535))
        elif name in ("destination", "source"):
            setattr(result, name, content.strip('"') or None)
        elif name == "ttl":
            result.ttl = _number(content, 255)
        elif name == "ssrc":
            result.ssrc = parse_ssrc(content)
        elif name == "mode":
            result.mode = content.strip("\"'").lower()
        elif name:
            result.parameters[name] = content.strip('"')
    if not result.protocol:
        raise RemoteProtocolError("the Transport header names no protocol", excerpt=text[:60])
    return result


def _transport_word(transport: Transport, word: str) -> None:
    if "/" in word and not transport.protocol:
        transport.protocol = word.upper()
    elif word.lower() in ("unicast", "multicast"):
        transport.unicast = word.lower() == "unicast"
    elif word:
        transport.parameters[word.lower()] = ""


def _pair(text: str, maximum: int) -> tuple[int, int] | None:
    found = _PAIR.fullmatch(text.strip('" '))
    if not found:
        return None
    first = int(found[1])
    last = int(found[2]) if found[2] else min(first + 1, maximum)
    return (first, last) if first <= maximum and last <= maximum else None


def parse_ssrc(text: str) -> int | None:
    """Up to eight hex digits, also with blanks before them or ``0x``; None for anything else."""
    found = _HEX32.fullmatch(text.strip().strip('"'))
    return int(found[1], 16) if found else None


@dataclass(frozen=True)
class Session:
    """A session's id and timeout in seconds (RFC 2326 section 12.37); ``timeout`` is None where not said."""

    session_id: str
    timeout: int | None = None

    @classmethod
    def parse(cls, value: str) -> Session:
        """The id is cut at ``;`` (R-030, R-047); an unusable id is a RemoteProtocolError, a bad timeout is None."""
        first, *parameters = value.split(";")
        session_id = first.strip()
        if not _SESSION_ID.fullmatch(session_id):
            raise RemoteProtocolError("the Session header holds no usable id", excerpt=value[:60])
        timeout = None
        for name, _, content in (parameter.partition("=") for parameter in parameters):
            if name.strip().lower() == "timeout" and (digits := re.match(r'\s*"?(\d{1,7})', content)):
                timeout = int(digits[1]) or None
        return cls(session_id, timeout)

    def serialize(self) -> str:
        """``id`` or ``id;timeout=60``."""
        return self.session_id if self.timeout is None else f"{self.session_id};timeout={self.timeout}"


@dataclass(frozen=True)
class StreamInfo:
    """What RTP-Info says of one track. All of it is a hint only: devices send seq=0 (R-034)."""

    url: str
    seq: int | None = None
    rtptime: int | None = None
    ssrc: int | None = None

    def serialize(self) -> str:
        """``url=…;seq=…;rtptime=…``, leaving out what is None."""
        parts = [f"url={self.url}"]
        parts += [f"{name}={getattr(self, name)}" for name in ("seq", "rtptime") if getattr(self, name) is not None]
        return ";".join(parts)


@dataclass(frozen=True)
class RTPInfo:
    """The RTP-Info header (RFC 2326 section 12.33)."""

    streams: tuple[StreamInfo, ...] = ()

    @classmethod
    def parse(cls, value: str) -> RTPInfo:
        """Never fails: parts that cannot be read are left out, numbers out of range are None."""
        parts = re.split(r",\s*(?=url\s*=)", value.strip(), flags=re.IGNORECASE)
        infos = [_stream_info(part.strip().rstrip(",")) for part in parts]
        return cls(tuple(info for info in infos if info is not None))

    def serialize(self) -> str:
        """The value of the header."""
        return ",".join(info.serialize() for info in self.streams)

    def __iter__(self) -> Iterator[StreamInfo]:
        return iter(self.streams)

    def __len__(self) -> int:
        return len(self.streams)


def _stream_info(text: str) -> StreamInfo | None:
    name, _, rest = text.partition("=")
    if name.strip().lower() != "url":
        return None
    # A URL may hold ";" itself, so what is known is taken from the end.
    pieces = rest.split(";")
    values: dict[str, str] = {}
    while len(pieces) > 1 and (known := re.fullmatch(r"\s*(\w+)\s*=\s*(.*?)\s*", pieces[-1])):
        values.setdefault(known[1].lower(), known[2])
        pieces.pop()
    ssrc = parse_ssrc(values.get("ssrc", ""))
    url = ";".join(pieces).strip().strip('"')
    return StreamInfo(url, _number(values.get("seq"), 0xFFFF), _number(values.get("rtptime"), 0xFFFFFFFF), ssrc)


def _number(text: str | None, maximum: int) -> int | None:
    if text is None or not re.fullmatch(r"[0-9]{1,10}", text):
        return None
    return int(text) if int(text) <= maximum else None


@dataclass(frozen=True)
class Range:
    """A range (RFC 2326 section 12.29).

    ``start`` and ``end`` are seconds of npt; None is open, "now" or another unit.
    """

    unit: str = "npt"
    start: float | None = 0.0
    end: float | None = None

    @classmethod
    def parse(cls, value: str) -> Range:
        """Never fails: of units other than npt the name alone is read."""
        unit, _, times = value.split(";")[0].partition("=")
        if unit.strip().lower() != "npt":
            return cls(unit.strip().lower(), None, None)
        start, _, end = times.partition("-")
        return cls("npt", _npt(start), _npt(end))

    def serialize(self) -> str:
        """``npt=0.000-``; a range without start begins now."""
        start = "now" if self.start is None else f"{self.start:.3f}"
        return f"{self.unit}={start}-" + ("" if self.end is None else f"{self.end:.3f}")


def _npt(text: str) -> float | None:
    text = text.strip()
    if clock := _NPT_CLOCK.fullmatch(text):
        return int(clock[1]) * 3600.0 + int(clock[2]) * 60.0 + float(clock[3])
    return float(text) if re.fullmatch(r"\d{1,12}(\.\d{0,12})?", text) else None


def parse_methods(value: str) -> frozenset[str]:
    """The methods of Public or Allow, upper case."""
    return frozenset(word.upper() for word in re.split(r"[\s,]+", value) if word)


def _split(text: str, separator: str) -> list[str]:
    """Splits outside double quotes; a quote that is never closed reaches to the end."""
    if '"' not in text:
        return text.split(separator)
    parts, quoted, start = [], False, 0
    for position, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]
