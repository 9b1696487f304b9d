"""Where things are: the camera's address from a URL, and the RTSP address of a stream or a subscription."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

from onframe.errors import ProtocolError, StatusError
from onframe.isapi.resources import RTSP_PORT, stream_url
from onframe.isapi.status import SUBSCRIBE_TYPE_ERROR

HTTP_PORT: Final = 80
HTTPS_PORT: Final = 443
RTSPS_PORT: Final = 322

_SCHEMES = ("http", "https", "rtsp", "rtsps")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_AFTER_AUTHORITY = re.compile(r"[/?#]")
_BRACKETED = re.compile(r"\[([^\[\]]*)\](?::(.*))?", re.DOTALL)
_ZONE = re.compile(r"%(?:25)?([A-Za-z0-9._~-]{1,64})")
_NOT_IN_NAMES = re.compile(r"[\s/@?#\[\]%\\<>\x00-\x1f\x7f]")
_MALFORMED = "the camera's URL is malformed; percent-encode @ : / ? # and % in user and password"


class Address(NamedTuple):
    """What a camera's URL says; ports that it leaves out are those of its scheme. ``secure`` asks for TLS."""

    host: str
    http_port: int
    rtsp_port: int
    username: str | None
    password: str | None
    secure: bool = False

    def __repr__(self) -> str:
        return f"Address({authority(self.host, self.http_port)!r}, secure={self.secure})"


def address(url: str, *, secure: bool = False) -> Address:
    """A camera's URL, or a host alone, or host:port of HTTP.

    ``http://user:password@host:port/?rtsp_port=…`` or ``rtsp://user:password@host:port/?http_port=…``; https and
    rtsps, or ``secure``, turn both ports to TLS. User and password are percent-decoded; ``@`` and ``:`` may stand in
    a password as they are. IPv6 addresses need brackets where a port follows, and may have a zone (RFC 6874). Raises
    ValueError, whose text never holds anything of the URL: it may hold a password.
    """
    match = _URL.fullmatch(url.strip())
    scheme, rest = (match[1].lower(), match[2]) if match else ("http", url.strip())
    if scheme not in _SCHEMES:
        raise ValueError("a camera's URL begins with http://, https://, rtsp:// or rtsps://")
    cut = _AFTER_AUTHORITY.search(rest)
    end = cut.start() if cut else len(rest)
    if "@" in rest[end:]:  # a slash in a password, not encoded: what stands before it is no host
        raise ValueError(_MALFORMED)
    user_info, has_user, place = rest[:end].rpartition("@")
    username, has_password, password = user_info.partition(":")
    host, port = _split_place(place)
    secure = secure or scheme in ("https", "rtsps")
    http_port, rtsp_port = _ports(parse_qs(urlsplit("//" + rest[end:]).query), secure)
    if port is not None:
        http_port, rtsp_port = (port, rtsp_port) if scheme.startswith("http") else (http_port, port)
    return Address(
        host_name(host),
        http_port,
        rtsp_port,
        unquote(username) if has_user and username else None,
        unquote(password) if has_password else None,
        secure,
    )


def _split_place(place: str) -> tuple[str, int | None]:
    """Host and port; the port is None where it is left out."""
    if match := _BRACKETED.fullmatch(place):
        host, port = match[1], match[2]
        if not _is_ipv6(host):
            raise ValueError("what stands in brackets in the camera's URL is no IPv6 address")
    elif place.count(":") > 1:
        host, port = place, None  # an IPv6 address without brackets, or nothing
    else:
        host, _, port = place.partition(":")
    return host, _port(port, "the port") if port else None


def host_name(text: str) -> str:
    """A host as sockets take it: ASCII, brackets gone, a zone after one ``%``. Raises ValueError without quoting it."""
    text = text.strip()
    host = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if ":" in host:
        if not _is_ipv6(host):
            raise ValueError("the camera's address is no host, no host:port and no IPv6 address")
        bare, percent, zone = host.partition("%")
        return f"{bare}%{zone.removeprefix('25')}" if percent else bare
    if not host:
        raise ValueError("the camera's URL names no host; write http://user:password@host")
    try:
        name = host.encode("idna").decode("ascii")  # also refuses labels that are empty or too long
    except UnicodeError:
        raise ValueError(_MALFORMED) from None
    if _NOT_IN_NAMES.search(host) or _NOT_IN_NAMES.search(name) or len(name) > 253:
        raise ValueError(_MALFORMED)
    return name


def _is_ipv6(text: str) -> bool:
    bare, percent, _ = text.partition("%")
    if percent and not _ZONE.fullmatch(text[len(bare) :]):
        return False
    try:
        ipaddress.IPv6Address(bare)
    except ValueError:
        return False
    return True


def _ports(query: dict[str, list[str]], secure: bool) -> tuple[int, int]:
    defaults = (HTTPS_PORT, RTSPS_PORT) if secure else (HTTP_PORT, RTSP_PORT)
    named = [_port(query[name][-1], name) if name in query else None for name in ("http_port", "rtsp_port")]
    return named[0] or defaults[0], named[1] or defaults[1]


def _port(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536):
        raise ValueError(f"{name} in the camera's URL is no number from 1 to 65535")
    return int(text)


def without_zone(host: str) -> str:
    """The host as a peer may know it: a zone means something on this machine alone (RFC 6874 section 1)."""
    return host.partition("%")[0] if ":" in host else host


def authority(host: str, port: int, default: int | None = None) -> str:
    """``host[:port]`` as it stands in a URL: IPv6 in brackets, the default port left out."""
    name = f"[{host}]" if ":" in host else host
    return name if port == default else f"{name}:{port}"


def session_url(host: str, rtsp_port: int, channel: int, stream: int, *, secure: bool = False) -> str:
    """What to DESCRIBE for a channel's stream; rtsps:// over TLS."""
    bare = without_zone(host)
    if not secure:
        return stream_url(bare, rtsp_port, channel, stream)
    path = urlsplit(stream_url(bare, RTSP_PORT, channel, stream)).path
    return f"rtsps://{authority(bare, rtsp_port, RTSPS_PORT)}{path}"


def stream_address(uri: str, host: str, rtsp_port: int, *, secure: bool = False) -> str:
    """A device's rtspURI as it may be asked for and shown: absolute, without user and password.

    Its host and scheme stay as the device wrote them; the connection goes to the configured host all the same.
    """
    uri = uri.strip()
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise ProtocolError("the device's rtspURI is malformed") from None
    if not parts.scheme and uri.startswith("/"):
        scheme, default = ("rtsps", RTSPS_PORT) if secure else ("rtsp", RTSP_PORT)
        return f"{scheme}://{authority(without_zone(host), rtsp_port, default)}{uri}"
    if parts.scheme.lower() not in ("rtsp", "rtsps") or not parts.netloc:
        raise ProtocolError("the device's rtspURI is no rtsp:// address", hint="watch with via='channel'")
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class Location:
    """The URL of a session: fixed, or asked of the device and asked again when it has expired (R-060).

    ``otherwise`` is taken where the device has no subscription after all, which ``on_otherwise`` is told.
    """

    def __init__(
        self,
        url: str | None,
        subscribe: Callable[[], Awaitable[str]] | None = None,
        *,
        otherwise: str | None = None,
        on_otherwise: Callable[[StatusError], None] = lambda error: None,
    ) -> None:
        self._fixed, self._subscribe = url, subscribe
        self._otherwise, self._on_otherwise = otherwise, on_otherwise
        self._subscribed: str | None = None
        self.unsubscribed: str | None = None  # why the URL is that of the channel stream instead of a subscription's

    async def url(self) -> str:
        """Where to DESCRIBE."""
        if self._fixed is not None:
            return self._fixed
        if self._subscribed is None:
            assert self._subscribe is not None
            self.unsubscribed = None
            try:
                self._subscribed = await self._subscribe()
            except StatusError as error:
                if self._otherwise is None or not _has_no_subscription(error):
                    raise
                self._on_otherwise(error)
                self.unsubscribed = str(error)  # the URL is not kept: the next connection asks again
                return self._otherwise
        return self._subscribed

    def forget(self) -> bool:
        """The device no longer knows the URL; True when another can be had."""
        self._subscribed = None
        return self._fixed is None


def _has_no_subscription(error: StatusError) -> bool:
    """The device refuses subscribing as such, and not this type: subscribeTypeErr (0x4000a016) says the latter."""
    name = (error.sub_status_code or "").lower()
    if name.startswith("subscribe") or error.error_code == SUBSCRIBE_TYPE_ERROR or error.status_code in (2, 3):
        return False  # 2 is busy, 3 a fault
    return error.http_status in (403, 404) or name in ("notsupport", "methodnotallowed")
