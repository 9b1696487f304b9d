"""Session descriptions: a tolerant reader, a writer, and the rules by which a control URL is formed (RFC 4566, R-024).

The metadata track is chosen by its encoding name, never by payload type 107 or trackID=3: the same numbers carry
ONVIF metadata on other URLs (R-023).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from onframe.errors import LimitExceeded, LocalProtocolError, RemoteProtocolError

MAX_SIZE = 64 * 1024
MAX_MEDIA = 64
METADATA_ENCODING = "isapi.metadata"
ONVIF_ENCODING = "vnd.onvif.metadata"
_DEFAULT_PORT = ":554"
_MAX_WARNINGS = 100

_LINE = re.compile(r"\s?([A-Za-z])\s?=(.*)", re.DOTALL)
_LINE_END = re.compile(r"\r\n|\n|\r")
_RTPMAP = re.compile(r"\s*(\d{1,3})\s+([^\s/]+)(?:\s*/\s*(\d{1,9}))?(?:\s*/\s*(\S+))?\s*")
_FMTP = re.compile(r"\s*(\d{1,3})[\s;]+(.*)", re.DOTALL)
_TRACK_ID = re.compile(r"trackID=(\d{1,4})(?=[?/&#]|\Z)", re.IGNORECASE)
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")
_AUTHORITY = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://(?:[^/?#]*@)?([^/?#]*)")
_BARE_AUTHORITY = re.compile(r"[^/\s]+\.[^/\s]+|[^/\s]+:\d+|\[[0-9A-Fa-f:.]+\]")
_BARE_IPV6 = re.compile(r"[0-9A-Fa-f]*(?::[0-9A-Fa-f]*){2,}(?:\d+(?:\.\d+){3})?")


class RtpMap(NamedTuple):
    """What a payload type holds: its encoding's name as printed, clock rate in Hz, and parameters (channels)."""

    encoding_name: str
    clock_rate: int
    parameters: str = ""


_STATIC = {
    0: RtpMap("PCMU", 8000),
    8: RtpMap("PCMA", 8000),
    9: RtpMap("G722", 8000),
    14: RtpMap("MPA", 90000),
    26: RtpMap("JPEG", 90000),
    32: RtpMap("MPV", 90000),
    33: RtpMap("MP2T", 90000),
}

Attribute = tuple[str, str | None]


class _Attributes:
    attributes: list[Attribute]

    def attribute(self, name: str) -> str | None:
        """The first value of that attribute, "" for one without value, None where it is missing; any case."""
        return next(iter(self.attribute_values(name)), None)

    def attribute_values(self, name: str) -> list[str]:
        """All values of that attribute."""
        return [value or "" for key, value in self.attributes if key.lower() == name.lower()]

    @property
    def control(self) -> str | None:
        """The control URL as printed; the last one that says something."""
        return next((value.strip() for value in reversed(self.attribute_values("control")) if value.strip()), None)


@dataclass
class MediaDescription(_Attributes):
    """One ``m=`` section. ``formats`` are the payload types as printed."""

    media: str
    port: int = 0
    protocol: str = "RTP/AVP"
    formats: list[str] = field(default_factory=list)
    information: str | None = None
    connection: str | None = None
    bandwidth: list[str] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)
    others: list[tuple[str, str]] = field(default_factory=list)

    @property
    def rtpmap(self) -> dict[int, RtpMap]:
        """Payload type → encoding: the printed ones, and RFC 3551's for static types not printed."""
        result = {pt: _STATIC[pt] for pt in self.payload_types if pt in _STATIC}
        for value in self.attribute_values("rtpmap"):
            if found := _RTPMAP.fullmatch(value):
                rate = int(found[3] or 0) or 90000
                result[int(found[1])] = RtpMap(found[2], rate, found[4] or "")
        return result

    @property
    def fmtp(self) -> dict[int, dict[str, str]]:
        """Payload type → its parameters, names in lower case."""
        result: dict[int, dict[str, str]] = {}
        for value in self.attribute_values("fmtp"):
            if found := _FMTP.fullmatch(value):
                parts = (part.partition("=") for part in found[2].split(";"))
                named = {name.strip().lower(): content.strip().strip('"') for name, _, content in parts}
                named.pop("", None)
                result.setdefault(int(found[1]), {}).update(named)
        return result

    @property
    def payload_types(self) -> list[int]:
        """The formats that are numbers of payload types."""
        return [int(text) for text in self.formats if text.isascii() and text.isdigit() and int(text[:4]) < 128]

    @property
    def payload_type(self) -> int | None:
        """The first payload type whose encoding is known, else the first."""
        known = self.rtpmap
        types = [*(pt for pt in self.payload_types if pt in known), *self.payload_types, *known]
        return next(iter(types), None)

    @property
    def encoding(self) -> RtpMap | None:
        """The encoding of ``payload_type``."""
        return None if (pt := self.payload_type) is None else self.rtpmap.get(pt)

    @property
    def encoding_name(self) -> str:
        """The name of ``encoding`` in lower case; "" where unknown."""
        return "" if self.encoding is None else self.encoding.encoding_name.lower()

    @property
    def clock_rate(self) -> int:
        """Ticks a second of the RTP timestamp; 90000 where not said."""
        return 90000 if self.encoding is None else self.encoding.clock_rate

    @property
    def sprop(self) -> list[bytes]:
        """The parameter sets of the codec (H.264 SPS, PPS; H.265 VPS, SPS, PPS); what is no base64 is left out."""
        parameters = self.fmtp.get(-1 if self.payload_type is None else self.payload_type, {})
        names = ("sprop-parameter-sets", "sprop-vps", "sprop-sps", "sprop-pps")
        texts = [text for name in names for text in parameters.get(name, "").split(",")]
        return [decoded for text in texts if (decoded := _base64(text))]

    @property
    def dimensions(self) -> tuple[int, int] | None:
        """``a=x-dimensions``: width and height in pixels."""
        found = re.fullmatch(r"\s*(\d{1,5})\s*,\s*(\d{1,5})\s*", self.attribute("x-dimensions") or "")
        return (int(found[1]), int(found[2])) if found else None

    @property
    def track_id(self) -> int | None:
        """The number in ``trackID=3`` of the control URL."""
        found = _TRACK_ID.findall(self.control or "")
        return int(found[-1]) if found else None

    @property
    def backchannel(self) -> bool:
        """Whether this section is for sound sent to the device; some print sendonly for all that they send."""
        return self.media.lower() == "audio" and any(name.lower() == "sendonly" for name, _ in self.attributes)

    def payload_type_of(self, encoding_name: str) -> int | None:
        """The payload type with that encoding, any case."""
        wanted = encoding_name.lower()
        return next((pt for pt, known in self.rtpmap.items() if known.encoding_name.lower() == wanted), None)

    def _lines(self) -> list[str]:
        first = " ".join([self.media, str(self.port), self.protocol, *self.formats])
        lines = [("m", first), ("i", self.information), ("c", self.connection)]
        lines += [("b", value) for value in self.bandwidth]
        return [f"{name}={value}" for name, value in lines if value is not None] + _attribute_lines(self.attributes)


@dataclass
class SessionDescription(_Attributes):
    """A session description; ``warnings`` says what the reader had to pass over."""

    origin: str = "- 0 0 IN IP4 0.0.0.0"
    name: str = "Media Presentation"
    information: str | None = None
    email: str | None = None
    connection: str | None = None
    bandwidth: list[str] = field(default_factory=list)
    timing: str = "0 0"
    attributes: list[Attribute] = field(default_factory=list)
    media: list[MediaDescription] = field(default_factory=list)
    others: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @classmethod
    def parse(cls, data: bytes | str) -> SessionDescription:
        """Reads what real devices send. Not SDP at all: RemoteProtocolError; 64 KiB or 64 media: LimitExceeded."""
        size = len(data) if isinstance(data, bytes) else len(data.encode("utf-8", "replace"))
        if size > MAX_SIZE:
            raise LimitExceeded(f"a session description of {size} bytes", limit="sdp size", maximum=MAX_SIZE)
        text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
        result = cls()
        lines = _unfold(text, result.warnings)
        if not any(name in "vosm" for name, _ in lines):
            raise RemoteProtocolError("this is no session description", offset=0, excerpt=repr(text[:60]))
        for name, value in lines:
            result._take(name, value)
        _give_stray_fmtp_back(result.media)
        return result

    def _take(self, name: str, value: str) -> None:
        if name == "m":
            if len(self.media) >= MAX_MEDIA:
                raise LimitExceeded("too many media in one description", limit="sdp media", maximum=MAX_MEDIA)
            self.media.append(_media(value, self.warnings))
        elif name == "a":
            key, colon, content = value.partition(":")
            owner: _Attributes = self.media[-1] if self.media else self
            owner.attributes.append((key.strip(), content if colon else None))
        elif name == "b":
            (self.media[-1] if self.media else self).bandwidth.append(value)
        elif name in "ic":
            owner_ic = self.media[-1] if self.media else self
            setattr(owner_ic, {"i": "information", "c": "connection"}[name], value)
        elif name in "oset" and not self.media:
            setattr(self, {"o": "origin", "s": "name", "e": "email", "t": "timing"}[name], value)
        elif name != "v":
            (self.media[-1] if self.media else self).others.append((name, value))

    def serialize(self) -> bytes:
        """The description with CRLF line ends, fields in the order of RFC 4566 (and of the guide's capture)."""
        fields = [("v", "0"), ("o", self.origin), ("s", self.name), ("i", self.information), ("e", self.email)]
        fields += [("c", self.connection), *(("b", value) for value in self.bandwidth), ("t", self.timing)]
        lines = [f"{name}={value}" for name, value in fields if value is not None]
        lines += _attribute_lines(self.attributes)
        lines += [line for media in self.media for line in media._lines()]
        if bad := next((line for line in lines if re.search(r"[\r\n\x00]", line)), None):
            raise LocalProtocolError("a line of SDP must not contain CR, LF or NUL", excerpt=repr(bad[:60]))
        return ("\r\n".join(lines) + "\r\n").encode()

    def metadata_media(self) -> MediaDescription | None:
        """The section that carries isapi.metadata, by its encoding name alone; None means no metadata here (R-023)."""
        return next((media for media in self.media if media.payload_type_of(METADATA_ENCODING) is not None), None)

    @property
    def onvif_metadata(self) -> bool:
        """Whether a section carries ONVIF's metadata: an /ISAPI/Streaming/channels/ URL is the one to ask (R-023)."""
        return any(media.payload_type_of(ONVIF_ENCODING) is not None for media in self.media)

    def first(self, media: str) -> MediaDescription | None:
        """The first section of that kind ("video", "audio") that the device sends."""
        wanted = media.lower()
        return next((each for each in self.media if each.media.lower() == wanted and not each.backchannel), None)

    def aggregate_url(
        self, request_url: str, content_base: str | None = None, content_location: str | None = None
    ) -> str:
        """The URL of the whole presentation, for PLAY and TEARDOWN."""
        return control_url(request_url, content_base, content_location, self.control)

    def media_url(
        self,
        media: MediaDescription,
        request_url: str,
        content_base: str | None = None,
        content_location: str | None = None,
    ) -> str:
        """The URL to SETUP that section with. An absolute control of the session is the base where no header is."""
        if not (content_base or content_location) and self.control and _ABSOLUTE.match(self.control):
            content_base = self.control
        return control_url(request_url, content_base, content_location, media.control)


def control_url(request_url: str, content_base: str | None, content_location: str | None, control: str | None) -> str:
    """The URL that ``a=control`` means (RFC 2326 C.1.1, R-024).

    An absolute control is used as it is, ``*`` or none means the base itself; a relative one is appended to the
    base, before the base's query. The base is Content-Base, else Content-Location, else the request's URL.
    """
    base = _base_url(request_url, content_base) or _base_url(request_url, content_location) or request_url
    control = (control or "*").strip()
    if _ABSOLUTE.match(control):
        return control
    if control in ("*", ""):
        return base
    if control.startswith("/"):
        found = _AUTHORITY.match(base)
        return (found[0] if found else "") + control
    path, mark, query = base.partition("?")
    if control.startswith("?"):
        return path + control
    url = f"{path.rstrip('/')}/{control}"
    return url if "?" in control or not mark else f"{url}?{query}"


def other_host(url: str, request_url: str) -> str | None:
    """The host (and port) that ``url`` names, where it is not the one that was asked: behind NAT that is usual."""
    named, asked = (_AUTHORITY.match(text) for text in (url, request_url))
    if named is None or asked is None:
        return None
    if named[1].lower().removesuffix(_DEFAULT_PORT) == asked[1].lower().removesuffix(_DEFAULT_PORT):
        return None
    return named[1][:100]


def _base_url(request_url: str, text: str | None) -> str | None:
    """A base that cameras print: also without scheme, with the scheme doubled, or with IPv6 outside brackets."""
    text = (text or "").strip()
    if not text:
        return None
    scheme = request_url.partition("://")[0]
    found = _ABSOLUTE.match(text)
    while found and _ABSOLUTE.match(text, found.end()):
        text = text[found.end() :]
        found = _ABSOLUTE.match(text)
    if found:
        authority, slash, path = text[found.end() :].partition("/")
        scheme = found[0][:-3]
    else:
        authority, slash, path = text.lstrip("/").partition("/") if text.startswith("//") else text.partition("/")
    if not found and not _BARE_AUTHORITY.fullmatch(authority):
        return control_url(request_url, None, None, text)
    if _BARE_IPV6.fullmatch(authority):
        authority = f"[{authority}]"
    return f"{scheme}://{authority}{slash}{path}"


def _unfold(text: str, warnings: list[str]) -> list[tuple[str, str]]:
    """(type, value) of each line; a line that is none continues the one before it."""
    lines: list[tuple[str, list[str]]] = []
    for line in _LINE_END.split(text):
        line = line.strip("\x00")
        if not line.strip():
            continue
        found = _LINE.fullmatch(line)
        if found:
            lines.append((found[1].lower(), [found[2].strip()]))
        elif lines:
            lines[-1][1].append(line.strip())
            warnings.append(f"a line without type was joined to the one before it: {line[:40]!r}")
        else:
            warnings.append(f"a line without type was passed over: {line[:40]!r}")
    del warnings[_MAX_WARNINGS:]
    return [(name, "".join(parts)) for name, parts in lines]


def _media(value: str, warnings: list[str]) -> MediaDescription:
    words = value.split()
    if len(words) < 4:
        warnings.append(f"an m= line is incomplete: {value[:40]!r}")
    media, port, protocol, *formats = [*words, "", "", ""] if len(words) < 3 else words
    digits = re.match(r"\d{1,5}", port)
    return MediaDescription(media, int(digits[0]) if digits else 0, protocol, [text for text in formats if text])


def _give_stray_fmtp_back(media: list[MediaDescription]) -> None:
    """Some devices print the video's fmtp under the audio section: it goes to the one that has the payload type."""
    wanting: dict[int, MediaDescription] = {}
    served: set[int] = set()
    for each in media:
        if each.attribute("fmtp") is None:
            wanting = dict.fromkeys(each.payload_types, each) | wanting
    for owner in media:
        types, kept = set(owner.payload_types), []
        for name, value in owner.attributes:
            found = _FMTP.fullmatch(value or "") if name.lower() == "fmtp" else None
            other = None if found is None or int(found[1]) in types else wanting.get(int(found[1]))
            if other is None or id(other) in served:
                kept.append((name, value))
            else:
                other.attributes.append((name, value))
                served.add(id(other))
        owner.attributes[:] = kept


def _attribute_lines(attributes: Iterable[Attribute]) -> list[str]:
    return [f"a={name}" if value is None else f"a={name}:{value}" for name, value in attributes]


def _base64(text: str) -> bytes:
    text = text.strip()
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
