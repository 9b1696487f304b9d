"""One device over HTTP: bounded, without redirects, and decided by what the body says (R-056).

Requests to one device go one after another: cameras want the nonce's count to rise, and concurrent requests
would overtake each other.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx2

from onframe.camera.http_auth import DigestAuth, lock_state
from onframe.camera.location import HTTP_PORT, HTTPS_PORT, authority, without_zone
from onframe.camera.login import Login
from onframe.camera.tls import TLS, explain, handshake_failure, server_name
from onframe.errors import ConnectionLost, DecodeError, LimitExceeded, OnframeError, RemoteProtocolError, StatusError
from onframe.isapi.document import Document, decode
from onframe.isapi.resources import Request
from onframe.isapi.status import ResponseStatus, status_error

MAX_BODY = 4 * 1024 * 1024
"""Longest body of an answer that is read, in bytes."""
MAX_FIELDS = 128
"""Most header fields that an answer may have."""
TIMEOUT = 10.0
"""Seconds that one request may take from beginning to end."""
CONNECT_TIMEOUT = 5.0
"""Seconds for the TCP connection, and again for the handshake of TLS."""
SILENCE_TIMEOUT = 10.0
"""Seconds that may pass before the first byte of an answer, and between any two pieces of it."""

_HTML = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_TITLE = re.compile(rb"<title[^>]*>\s*([^<]{1,80})", re.IGNORECASE)
_CUT = ("disconnected", "without sending complete", "closed connection", "incomplete")
_HANDSHAKE = "the handshake of TLS"
_PHASES = {
    "connection.connect_tcp.started": "the TCP connection",
    "connection.start_tls.started": _HANDSHAKE,
    "http11.send_request_headers.started": "sending the request",
    "http11.receive_response_headers.started": "waiting for the answer",
    "http11.receive_response_body.started": "reading the answer",
}


class DeviceHTTP:
    """HTTP requests to one host and port, signed by ``login`` when the device asks for it; HTTPS with ``tls``.

    ``timeout`` bounds each request as a whole, in seconds, waiting for its turn included. Nothing is retried.
    """

    def __init__(self, host: str, port: int, login: Login, *, timeout: float = TIMEOUT, tls: TLS | None = None) -> None:
        self._host, self._port, self._tls = host.strip("[]"), port, tls
        self._address = authority(self._host, port)
        self._timeout = timeout
        self._auth = DigestAuth(login)
        self._turn = asyncio.Lock()
        self._opened: httpx2.AsyncClient | None = None

    async def request(self, request: Request) -> Document:
        """The document that answers ``request``.

        Raises StatusError (the device says no), AuthenticationError, ConnectionLost (refused, cut, out of time),
        RemoteProtocolError (a redirect, a page for humans), CertificateError, DecodeError or LimitExceeded.
        """
        return _answer(request, await self._exchange(request))

    async def read(self, request: Request) -> bytes:
        """The body of the answer as it came, for documents that are not the guide's. Raises as `request` does."""
        response = await self._exchange(request)
        if response.status_code != 200:
            raise _http_error(request, response)
        return response.content

    async def _exchange(self, request: Request) -> httpx2.Response:
        course = _Course()
        try:
            async with asyncio.timeout(self._timeout), self._turn:
                try:
                    return await self._send(request, course)
                finally:
                    await course.abandon()
        except TimeoutError as error:
            raise self._late(request, course, self._timeout) from error
        except httpx2.HTTPError as error:
            raise await self._translate(request, course, error) from error
        except OSError as error:  # this machine's own limits, as of open files
            raise ConnectionLost(f"{request} could not be sent: {error.strerror or error}") from error

    async def aclose(self) -> None:
        """Close the connections."""
        if self._opened is not None:
            await self._opened.aclose()

    def _client(self) -> httpx2.AsyncClient:
        """Made when first needed: a pin that is not known yet is an error of the request."""
        if self._opened is None:
            context = None if self._tls is None else self._tls.context(self._host, self._port, protocol="http")
            patience = min(CONNECT_TIMEOUT, self._timeout)
            scheme, default = ("http", HTTP_PORT) if context is None else ("https", HTTPS_PORT)
            silence = min(SILENCE_TIMEOUT, self._timeout)
            self._opened = httpx2.AsyncClient(
                base_url=f"{scheme}://{self._address}",
                transport=_BoundedTransport(context),
                headers={
                    "Host": authority(without_zone(self._host), self._port, default),
                    "Accept-Encoding": "identity",
                    "User-Agent": "Onframe",
                },
                timeout=httpx2.Timeout(silence, connect=patience),
                follow_redirects=False,
                trust_env=False,
            )
        return self._opened

    async def _send(self, request: Request, course: _Course) -> httpx2.Response:
        headers = {"Content-Type": request.resource.content_type} if request.resource.content_type else {}
        return await self._client().request(
            request.method,
            request.target,
            content=request.body or None,
            headers=headers,
            auth=self._auth,
            extensions={"trace": course.trace, "sni_hostname": server_name(self._host)},
        )

    async def _translate(self, request: Request, course: _Course, error: httpx2.HTTPError) -> OnframeError:
        text = str(error) or type(error).__name__
        if isinstance(error, httpx2.ConnectError) and self._tls is not None and course.phase == _HANDSHAKE:
            failure = handshake_failure(error) or OSError(0, text)
            return await explain(failure, self._host, self._port, self._tls)
        if isinstance(error, httpx2.ConnectTimeout):
            return self._late(request, course, min(CONNECT_TIMEOUT, self._timeout))
        if isinstance(error, httpx2.TimeoutException):
            return self._late(request, course, min(SILENCE_TIMEOUT, self._timeout))
        if isinstance(error, httpx2.ConnectError):
            return self._lost(f"{self._address} cannot be reached: {text}")
        if isinstance(error, httpx2.ProtocolError) and not any(word in text for word in _CUT):
            return RemoteProtocolError(f"the answer to {request} breaks the rules of HTTP: {text}")
        return self._lost(f"the connection was cut while {request} was on its way, {course.phase}: {text}")

    def _late(self, request: Request, course: _Course, seconds: float) -> ConnectionLost:
        return self._lost(f"{request} was not answered within {seconds:g} s: no end of {course.phase}")

    def _lost(self, message: str) -> ConnectionLost:
        port = "HTTP" if self._tls is None else "HTTPS"
        return ConnectionLost(message, hint=f"is the device on, and is {self._address} its {port} port?")


class _Course:
    """How far a request has come."""

    def __init__(self) -> None:
        self.phase = "waiting for its turn"
        self._stream: Any = None

    async def trace(self, event: str, info: Mapping[str, object]) -> None:
        self.phase = _PHASES.get(event, self.phase)
        if event == "connection.connect_tcp.complete":
            self._stream = info["return_value"]
        elif event == "connection.start_tls.complete":
            self._stream = None

    async def abandon(self) -> None:
        """Close the connection of a handshake that was cancelled: the client forgets it then."""
        stream, self._stream = self._stream, None
        if stream is not None and self.phase == _HANDSHAKE:
            await stream.aclose()


class _BoundedTransport(httpx2.AsyncHTTPTransport):
    """Refuses encoded bodies and too many fields, and ends bodies at the limit, in challenges too."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        super().__init__(verify=False if context is None else context, trust_env=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        try:
            _check_head(response.headers)
        except OnframeError:
            await response.aclose()
            raise
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _BoundedStream(response.stream)
        return response


def _check_head(headers: httpx2.Headers) -> None:
    if len(headers.raw) > MAX_FIELDS:
        text = f"the answer has {len(headers.raw)} header fields, more than {MAX_FIELDS}"
        raise LimitExceeded(text, limit="header fields", maximum=MAX_FIELDS)
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise RemoteProtocolError(f"the answer is encoded with {encoding[:40]!r} though that was not asked for")
    length = headers.get("content-length")
    if length is not None and "transfer-encoding" in headers:  # two lengths: RFC 9112 section 6.3
        raise RemoteProtocolError("the answer has both Content-Length and Transfer-Encoding")
    if length is not None and length.isdigit() and int(length) > MAX_BODY:
        raise LimitExceeded(f"the answer is longer than {MAX_BODY} bytes", limit="body", maximum=MAX_BODY)


class _BoundedStream(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._stream:
            size += len(piece)
            if size > MAX_BODY:
                raise LimitExceeded(f"the answer is longer than {MAX_BODY} bytes", limit="body", maximum=MAX_BODY)
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


def _answer(request: Request, response: httpx2.Response) -> Document:
    status = response.status_code
    if 300 <= status < 400:
        raise RemoteProtocolError(
            f"{request} was answered with a redirect to {response.headers.get('location', 'nowhere')[:200]!r}",
            hint="credentials go to the host you named alone; if the device moved, name its new address",
        )
    document = _document(request, response)
    if isinstance(document.value, ResponseStatus) and not document.value.ok:
        raise status_error(document.value, request=str(request), http_status=status)
    if status >= 400:
        raise _http_error(request, response)
    return document


def _document(request: Request, response: httpx2.Response) -> Document:
    try:
        return decode(response.content)
    except (DecodeError, LimitExceeded) as error:
        raise _undecodable(request, response, error) from None


def _undecodable(request: Request, response: httpx2.Response, error: OnframeError) -> OnframeError:
    if response.status_code >= 400:
        return _http_error(request, response)
    if _HTML.match(response.content):
        title = _TITLE.search(response.content)
        name = f" ({title[1].decode('utf-8', 'replace').strip()})" if title else ""
        return RemoteProtocolError(
            f"{request} was answered with an HTML page{name} instead of a document",
            hint="is this the camera's own HTTP port? a login page or a proxy may stand before it",
        )
    if not response.content.strip():
        return RemoteProtocolError(f"{request} was answered with HTTP {response.status_code} and an empty body")
    error.message = f"the answer to {request} cannot be read: {error.message}"
    return error


def _http_error(request: Request, response: httpx2.Response) -> StatusError:
    locked = lock_state(response.content)
    return StatusError(
        f"{request} was refused with HTTP {response.status_code} {response.reason_phrase}"
        + (f"; the device says: {locked}" if locked else ""),
        request=str(request),
        http_status=response.status_code,
        hint=_HINTS.get(response.status_code),
    )


_HINTS = {
    403: "the user may lack the right, or the device the function",
    404: "the device does not know this URL: old firmware, another product, or not its HTTP port",
    503: "the device is busy; try again later",
}
