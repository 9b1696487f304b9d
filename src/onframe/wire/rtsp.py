"""RTSP/1.0 messages and interleaved frames, and a connection that reads and writes them (RFC 2326).

``Connection`` does no I/O: bytes go in by ``receive_data``, events come out of ``next_event``.

    connection.receive_data(data)
    while (event := connection.next_event()) is not NEED_DATA: ...
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Final, Literal, TypeAlias, TypeVar

from onframe.errors import LimitExceeded, LocalProtocolError, ProtocolError, RemoteProtocolError


class NeedData(Enum):
    """The type of ``NEED_DATA``."""

    NEED_DATA = 0


NEED_DATA: Final = NeedData.NEED_DATA

MAX_LINE = 8 * 1024
MAX_HEADERS = 64 * 1024
MAX_FIELDS = 128
MAX_BODY = 256 * 1024
MAX_GARBAGE = 64 * 1024
METHODS = (
    "OPTIONS DESCRIBE ANNOUNCE SETUP PLAY PAUSE TEARDOWN GET_PARAMETER SET_PARAMETER REDIRECT RECORD TEARDOW"
).split()

_TOKEN = re.compile(rb"[!#-'*+\-.0-9A-Z^_`a-z|~]+")
_FORBIDDEN = re.compile(r"[\r\n\x00]")
_UNPRINTABLE = re.compile(rb"[\x00\r]")
_PLAUSIBLE = re.compile(rb"[A-Za-z_]{1,64}(?:[ \t/\r\n]|\Z)")
_RESPONSE_LINE = re.compile(r"RTSP/([0-9]{1,3}\.[0-9]{1,3})[ \t]+([1-9][0-9]{2})(?:[ \t]+(.*))?")
_REQUEST_LINE = re.compile(r"([A-Za-z_]+)(?:[ \t]+(\S+))?(?:[ \t]+([A-Z]+/[0-9]{1,3}\.[0-9]{1,3}))?[ \t]*")
_SYNC = re.compile(rb"\$|RTSP/\d|(?:" + "|".join(METHODS).encode() + rb") (?=rtsp|\*|/)")
_LONGEST_SYNC = 32
_DOLLAR = 0x24


class Headers:
    """Header fields in their order; names compare without case, a name may stand several times.

    Bytes beyond UTF-8 come in and go out as they are (surrogateescape).
    """

    __slots__ = ("_fields",)

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields = list(fields)

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of ``name``."""
        return next(iter(self.get_all(name)), default)

    def get_all(self, name: str) -> list[str]:
        """All values of ``name``, in their order."""
        wanted = name.lower()
        return [value for key, value in self._fields if key.lower() == wanted]

    def add(self, name: str, value: str) -> None:
        """Appends a field, whether or not the name stands there."""
        self._fields.append((name, value))

    def set(self, name: str, value: str) -> None:
        """Replaces all fields of that name by this one."""
        self.remove(name)
        self.add(name, value)

    def remove(self, name: str) -> None:
        """Takes all fields of that name away; none is no error."""
        wanted = name.lower()
        self._fields = [field for field in self._fields if field[0].lower() != wanted]

    def items(self) -> list[tuple[str, str]]:
        """(name, value) of each field."""
        return list(self._fields)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self.get_all(name))

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._fields == other._fields

    def __repr__(self) -> str:
        return f"Headers({self._fields!r})"

    def serialize(self) -> bytes:
        """The fields' lines. CR, LF or NUL in a name or value, or a name that is no token: LocalProtocolError."""
        return b"".join(_field_line(name, value) for name, value in self._fields)


class _Message:
    __slots__ = ("body", "headers", "version")

    def __init__(self, headers: Headers | Iterable[tuple[str, str]], body: bytes, version: str) -> None:
        self.headers = headers if isinstance(headers, Headers) else Headers(headers)
        self.body = body
        self.version = version

    @property
    def cseq(self) -> int | None:
        """The number of CSeq; None where it is missing or no number. The misprint ``Seq`` is not it (R-028)."""
        text = (self.headers.get("CSeq") or "").strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None

    def _start_line(self) -> str:
        raise AssertionError("the two kinds of message have one each")  # pragma: no cover

    def serialize(self) -> bytes:
        """The bytes on the wire; Content-Length is set where there is a body."""
        start = self._start_line()
        if _FORBIDDEN.search(start):
            raise LocalProtocolError("a start line must not contain CR, LF or NUL", excerpt=repr(start[:60]))
        if self.body:
            self.headers.set("Content-Length", str(len(self.body)))
        return _octets(start) + b"\r\n" + self.headers.serialize() + b"\r\n" + self.body

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and repr(self) == repr(other)

    __hash__ = None  # type: ignore[assignment]


class Request(_Message):
    """A request (RFC 2326 section 6). ``uri`` and ``version`` are empty where the peer left them out."""

    __slots__ = ("method", "uri")

    def __init__(
        self,
        method: str,
        uri: str,
        headers: Headers | Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        version: str = "RTSP/1.0",
    ) -> None:
        super().__init__(headers, body, version)
        self.method = method
        self.uri = uri

    def _start_line(self) -> str:
        return f"{self.method} {self.uri} {self.version}"

    @classmethod
    def parse(cls, data: bytes) -> Request:
        """Exactly one request; anything else is a RemoteProtocolError."""
        return _parse_one(data, cls)

    def __repr__(self) -> str:
        return f"Request({self.method!r}, {self.uri!r}, {self.headers!r}, {self.body!r}, {self.version!r})"


class Response(_Message):
    """A response (RFC 2326 section 7)."""

    __slots__ = ("reason", "status")

    def __init__(
        self,
        status: int,
        reason: str = "",
        headers: Headers | Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        version: str = "RTSP/1.0",
    ) -> None:
        super().__init__(headers, body, version)
        self.status = status
        self.reason = reason

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def _start_line(self) -> str:
        return f"{self.version} {self.status} {self.reason}"

    @classmethod
    def parse(cls, data: bytes) -> Response:
        """Exactly one response; anything else is a RemoteProtocolError."""
        return _parse_one(data, cls)

    def __repr__(self) -> str:
        return f"Response({self.status!r}, {self.reason!r}, {self.headers!r}, {self.body!r}, {self.version!r})"


class InterleavedFrame:
    """A binary frame between the messages: ``$``, channel, length, payload (RFC 2326 section 10.12)."""

    __slots__ = ("interleaved", "payload")

    def __init__(self, interleaved: int, payload: bytes) -> None:
        self.interleaved = interleaved
        self.payload = payload

    def serialize(self) -> bytes:
        """Four bytes of header and the payload. Channel over 255 or payload over 65535: LocalProtocolError."""
        if not 0 <= self.interleaved <= 255 or len(self.payload) > 0xFFFF:
            raise LocalProtocolError("an interleaved frame holds channel 0-255 and at most 65535 bytes")
        return bytes((_DOLLAR, self.interleaved)) + len(self.payload).to_bytes(2, "big") + self.payload

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, InterleavedFrame):
            return NotImplemented
        return self.interleaved == other.interleaved and self.payload == other.payload

    def __hash__(self) -> int:
        return hash((self.interleaved, self.payload))

    def __repr__(self) -> str:
        return f"InterleavedFrame({self.interleaved}, {self.payload!r})"


Message: TypeAlias = Request | Response
Event: TypeAlias = Request | Response | InterleavedFrame
_Step: TypeAlias = Request | Response | InterleavedFrame | Literal[NeedData.NEED_DATA] | None


class Connection:
    """One RTSP connection, either side. After an error it stays in it: close the connection.

    ``skipped`` counts bytes of garbage passed over, ``resynchronised`` how often. Raises RemoteProtocolError
    (with the byte's offset since the start) and LimitExceeded.
    """

    def __init__(
        self,
        *,
        max_line: int = MAX_LINE,
        max_headers: int = MAX_HEADERS,
        max_fields: int = MAX_FIELDS,
        max_body: int = MAX_BODY,
        max_garbage: int = MAX_GARBAGE,
    ) -> None:
        self.skipped = 0
        self.resynchronised = 0
        self._limits = {"line": max_line, "headers": max_headers, "fields": max_fields, "body": max_body}
        self._limits |= {"garbage": max_garbage}
        self._buffer = bytearray()
        self._at = 0  # of the first byte not read yet
        self._scan = 0  # of the first byte not yet searched for a line's end
        self._base = 0  # bytes that left the front of the buffer
        self._message: Message | None = None
        self._fields: list[tuple[str, str]] = []
        self._lines = 0
        self._header_bytes = 0
        self._body_length: int | None = None
        self._lost = False
        self._garbage = 0
        self._failure: ProtocolError | LimitExceeded | None = None

    @property
    def offset(self) -> int:
        """How many bytes of the connection have been read."""
        return self._base + self._at

    @property
    def buffered(self) -> int:
        """How many received bytes wait for more."""
        return len(self._buffer) - self._at

    @property
    def at_rest(self) -> bool:
        """Whether nothing was received that is still to be read, and no message or failure is in progress."""
        at_end = self._at == len(self._buffer) and not self._lost
        return at_end and self._message is None and self._failure is None

    @property
    def mid_message(self) -> bool:
        """Whether the rest of a message or frame is awaited."""
        return self._message is not None or self.buffered > 0

    def receive_data(self, data: bytes | bytearray | memoryview) -> None:
        """Takes what the socket gave; the data are copied. After an error nothing is kept."""
        if self._at > MAX_BODY or self._at == len(self._buffer):
            del self._buffer[: self._at]
            self._base += self._at
            self._scan = max(0, self._scan - self._at)
            self._at = 0
        self._buffer += data if self._failure is None else b""

    def next_event(self) -> Event | Literal[NeedData.NEED_DATA]:
        """The next message or frame, or NEED_DATA."""
        if self._failure is not None:
            raise self._failure
        try:
            return self._next_event()
        except (ProtocolError, LimitExceeded) as failure:
            self._failure = failure
            raise

    def take_frames(self) -> list[tuple[int, bytes]]:
        """(channel, payload) of the whole frames that come next; ``next_event`` has what follows them."""
        frames: list[tuple[int, bytes]] = []
        if self._failure is not None or self._body_length is not None or self._lost:
            return frames
        buffer, at = self._buffer, self._at
        with memoryview(buffer) as view:
            while at + 4 <= len(view) and view[at] == _DOLLAR:
                end = at + 4 + (view[at + 2] << 8 | view[at + 3])
                if end > len(view):
                    break
                frames.append((view[at + 1], bytes(view[at + 4 : end])))
                at = end
        if frames:
            self._at = self._scan = at
            self._garbage = 0
        return frames

    def send(self, event: Event) -> bytes:
        """The bytes to write for ``event``; what cannot be written is a LocalProtocolError."""
        return event.serialize()

    def _next_event(self) -> Event | Literal[NeedData.NEED_DATA]:
        while (step := self._step()) is None:
            pass
        self._garbage = self._garbage if step is NEED_DATA else 0
        return step

    def _step(self) -> _Step:
        if self._body_length is not None:
            return self._read_body(self._body_length)
        if self._lost:
            return self._resynchronise()
        if self._at >= len(self._buffer):
            return NEED_DATA
        if self._buffer[self._at] == _DOLLAR:
            return self._read_frame()
        return self._read_start_line() if self._message is None else self._read_header_line(self._message)

    def _read_frame(self) -> InterleavedFrame | Literal[NeedData.NEED_DATA]:
        buffer, at = self._buffer, self._at
        if len(buffer) < at + 4:
            return NEED_DATA
        end = at + 4 + (buffer[at + 2] << 8 | buffer[at + 3])
        if len(buffer) < end:
            return NEED_DATA
        frame = InterleavedFrame(buffer[at + 1], bytes(memoryview(buffer)[at + 4 : end]))
        self._at = self._scan = end
        self._garbage = 0
        return frame

    def _read_line(self) -> bytes | None:
        end = self._buffer.find(b"\n", max(self._scan, self._at))
        length = (end if end >= 0 else len(self._buffer)) - self._at
        if length > self._limits["line"]:
            raise self._exceeded("line", "bytes in one line")
        if end < 0:
            self._scan = len(self._buffer)
            return None
        line = bytes(memoryview(self._buffer)[self._at : end])
        self._at = self._scan = end + 1
        return line.rstrip(b"\r")

    def _read_start_line(self) -> _Step:
        start = self._at
        if self._buffer[start] in b"\r\n":
            self._at += 1
            return None
        if not _PLAUSIBLE.match(self._buffer, start):
            self._lose(start)
            return None
        line = self._read_line()
        if line is None:
            return NEED_DATA
        if line.startswith(b"HTTP/"):
            raise self._broken("the peer speaks HTTP here, not RTSP", start, line, hint="check the RTSP port")
        self._message = None if _UNPRINTABLE.search(line) else _start(line.decode("utf-8", "replace"))
        if self._message is None:
            self._lose(start)
        self._fields, self._lines, self._header_bytes = [], 0, 0
        return None

    def _read_header_line(self, message: Message) -> _Step:
        start = self._at
        line = self._read_line()
        if line is None:
            return NEED_DATA
        if not line:
            return self._end_headers(message, start)
        self._header_bytes += len(line)
        self._lines += 1
        if self._header_bytes > self._limits["headers"]:
            raise self._exceeded("headers", "bytes of headers in one message")
        if self._lines > self._limits["fields"]:
            raise self._exceeded("fields", "header lines in one message")
        self._add_field(line, start)
        return None

    def _add_field(self, line: bytes, start: int) -> None:
        if bad := _UNPRINTABLE.search(line):
            raise self._broken("NUL or a bare CR stands in a header", start + bad.start(), line)
        name, colon, value = line.partition(b":")
        begins_field = colon and line[0] not in b" \t" and _TOKEN.fullmatch(name.rstrip())
        if begins_field:
            self._fields.append((_text(name.rstrip()), _text(value.strip())))
        elif self._fields:  # folded; the guide prints continuation lines without the blank at their start
            name_before, value_before = self._fields[-1]
            self._fields[-1] = (name_before, f"{value_before} {_text(line.strip())}".strip())
        else:
            raise self._broken("a header line has no name", start, line)

    def _end_headers(self, message: Message, start: int) -> _Step:
        message.headers = Headers(self._fields)
        lengths = {value.strip() for value in message.headers.get_all("Content-Length")}
        if len(lengths) > 1:
            raise self._broken("several Content-Length headers disagree", start, _octets(", ".join(sorted(lengths))))
        text = lengths.pop() if lengths else "0"
        if not (text.isascii() and text.isdigit()):
            raise self._broken("Content-Length is not a number", start, _octets(text))
        if len(text) > 18 or int(text) > self._limits["body"]:
            raise self._exceeded("body", "bytes of body in one message")
        self._body_length = int(text)
        return None

    def _read_body(self, length: int) -> _Step:
        message, end = self._message, self._at + length
        if message is None or len(self._buffer) < end:
            return NEED_DATA
        message.body = bytes(memoryview(self._buffer)[self._at : end])
        self._at = self._scan = end
        self._message = self._body_length = None
        return message

    def _lose(self, start: int) -> None:
        """The bytes at ``start`` begin nothing: look for the next frame or message behind them."""
        self._at = start
        self._skip(1)
        self._lost = True
        self.resynchronised += 1

    def _resynchronise(self) -> _Step:
        found = _SYNC.search(self._buffer, self._at)
        if found is None:
            self._skip(max(0, len(self._buffer) - _LONGEST_SYNC - self._at))
            return NEED_DATA
        self._skip(found.start() - self._at)
        if self._buffer[self._at] == _DOLLAR:
            plausible = self._frame_is_plausible()
            if plausible is None:
                return NEED_DATA
            if not plausible:
                self._skip(1)
                return None
        self._lost = False
        return None

    def _frame_is_plausible(self) -> bool | None:
        """Within garbage any ``$`` may be chance: the frame must hold RTP or RTCP of version 2. None: too early."""
        head = self._buffer[self._at : self._at + 5]
        if len(head) < 5:
            return None
        return int.from_bytes(head[2:4], "big") >= 8 and head[4] >> 6 == 2

    def _skip(self, count: int) -> None:
        self._at += count
        self._scan = self._at
        self.skipped += count
        self._garbage += count
        if self._garbage > self._limits["garbage"]:
            raise self._exceeded("garbage", "bytes that are neither RTSP nor interleaved frames")

    def _exceeded(self, limit: str, what: str) -> LimitExceeded:
        maximum = self._limits[limit]
        return LimitExceeded(f"more than {maximum} {what} (byte {self.offset})", limit=f"rtsp {limit}", maximum=maximum)

    def _broken(self, message: str, at: int, excerpt: bytes, hint: str | None = None) -> RemoteProtocolError:
        printable = excerpt[:60].decode("ascii", "backslashreplace")
        return RemoteProtocolError(message, offset=self._base + at, excerpt=repr(printable)[1:-1], hint=hint)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _octets(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise LocalProtocolError("a message holds text that has no bytes", excerpt=ascii(text[:60])) from error


def _start(line: str) -> Message | None:
    if found := _RESPONSE_LINE.fullmatch(line):
        return Response(int(found[2]), (found[3] or "").strip(), version=f"RTSP/{found[1]}")
    found = _REQUEST_LINE.fullmatch(line)
    if found and (found[3] or found[1] in METHODS):
        return Request(found[1], found[2] or "", version=found[3] or "")
    return None


def _field_line(name: str, value: str) -> bytes:
    if not _TOKEN.fullmatch(name.encode("utf-8", "replace")):
        raise LocalProtocolError("a header's name is not a token", excerpt=repr(name[:60]))
    if _FORBIDDEN.search(value):
        raise LocalProtocolError(f"the header {name} must not contain CR, LF or NUL")
    return _octets(f"{name}: {value}\r\n")


_M = TypeVar("_M", bound=_Message)


def _parse_one(data: bytes, kind: type[_M]) -> _M:
    connection = Connection()
    connection.receive_data(data)
    event = connection.next_event()
    if not isinstance(event, kind) or connection.buffered or connection.skipped:
        raise RemoteProtocolError(f"this is not exactly one {kind.__name__}", offset=connection.offset)
    return event
