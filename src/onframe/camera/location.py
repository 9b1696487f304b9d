"""Where things are: the camera's address from a URL, and the RTSP address of a stream or a subscription."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit, urlunsplit

from onframe.errors import ProtocolError, UnsupportedError
from onframe.isapi.resources import RTSP_PORT

HTTP_PORT = 80


class Address(NamedTuple):
    """What a camera's URL says."""

    host: str
    http_port: int
    rtsp_port: int
    username: str | None
    password: str | None


def address(url: str) -> Address:
    """``http://user:password@host:port/?rtsp_port=…`` or ``rtsp://user:password@host:port/?http_port=…``.

    User and password are percent-decoded. Raises ValueError, whose text never holds the URL: it may hold a password.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("the URL is malformed; percent-encode @ : / and % in user and password") from None
    if not host:
        raise ValueError("the URL names no host; write http://user:password@host")
    if parts.scheme not in ("http", "rtsp"):
        if parts.scheme in ("https", "rtsps"):
            raise UnsupportedError(f"{parts.scheme}:// is not implemented yet", hint="use http:// in a trusted network")
        raise ValueError(f"a camera's URL begins with http:// or rtsp://, not with {parts.scheme}://")
    http_port, rtsp_port = _ports(parts, port)
    username, password = (None if text is None else unquote(text) for text in (parts.username, parts.password))
    return Address(host, http_port, rtsp_port, username, password)


def _ports(parts: SplitResult, port: int | None) -> tuple[int, int]:
    query = parse_qs(parts.query)
    http = port if parts.scheme == "http" else None
    rtsp = port if parts.scheme == "rtsp" else None
    if http is None:
        http = _port(query, "http_port", HTTP_PORT)
    if rtsp is None:
        rtsp = _port(query, "rtsp_port", RTSP_PORT)
    return http, rtsp


def _port(query: dict[str, list[str]], name: str, default: int) -> int:
    text = query.get(name, [str(default)])[-1]
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise ValueError(f"{name} in the URL is no port number")
    return int(text)


def authority(host: str, port: int, default: int) -> str:
    """``host[:port]`` as it stands in a URL: IPv6 in brackets, the default port left out."""
    name = f"[{host}]" if ":" in host else host
    return name if port == default else f"{name}:{port}"


def stream_address(uri: str, host: str, rtsp_port: int) -> str:
    """A device's rtspURI as it may be asked for and shown: absolute, without user and password.

    Its host stays as the device wrote it; the connection goes to the configured one all the same.
    """
    try:
        parts = urlsplit(uri.strip())
    except ValueError:
        raise ProtocolError("the device's rtspURI is malformed") from None
    if not parts.scheme and uri.strip().startswith("/"):
        return f"rtsp://{authority(host, rtsp_port, RTSP_PORT)}{uri.strip()}"
    if parts.scheme.lower() != "rtsp" or not parts.netloc:
        raise ProtocolError("the device's rtspURI is no rtsp:// address", hint="watch with via='channel'")
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class Location:
    """The URL of a session: fixed, or asked of the device and asked again when it has expired (R-060)."""

    def __init__(self, url: str | None, subscribe: Callable[[], Awaitable[str]] | None = None) -> None:
        self._fixed, self._subscribe = url, subscribe
        self._subscribed: str | None = None

    async def url(self) -> str:
        """Where to DESCRIBE."""
        if self._fixed is not None:
            return self._fixed
        if self._subscribed is None:
            assert self._subscribe is not None
            self._subscribed = await self._subscribe()
        return self._subscribed

    def forget(self) -> bool:
        """The device no longer knows the URL; True when another can be had."""
        self._subscribed = None
        return self._fixed is None
