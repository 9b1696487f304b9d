"""One device over HTTP: bounded, without redirects, and decided by what the body says (R-056).

Requests to one device go one after another: cameras want the nonce's count to rise, and concurrent requests
would overtake each other.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import NoReturn

import httpx2

from onframe.camera.http_auth import DigestAuth, lock_state
from onframe.camera.login import Login
from onframe.errors import ConnectionLost, DecodeError, LimitExceeded, OnframeError, RemoteProtocolError, StatusError
from onframe.isapi.document import Document, decode
from onframe.isapi.resources import Request
from onframe.isapi.status import ResponseStatus, status_error

MAX_BODY = 4 * 1024 * 1024
"""Longest body of an answer that is read, in bytes."""
TIMEOUT = 10.0
"""Seconds that one request may take from beginning to end."""

_HTML = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_TITLE = re.compile(rb"<title[^>]*>\s*([^<]{1,80})", re.IGNORECASE)
_CUT = ("disconnected", "without sending complete", "closed connection", "incomplete")


class DeviceHTTP:
    """HTTP requests to one host and port, signed by ``login`` when the device asks for it.

    ``timeout`` bounds each request as a whole, in seconds, waiting for its turn included. Nothing is retried.
    """

    def __init__(self, host: str, port: int, login: Login, *, timeout: float = TIMEOUT, tls: None = None) -> None:
        name = f"[{host}]" if ":" in host and not host.startswith("[") else host
        self._address = f"{name}:{port}"
        self._timeout = timeout
        self._auth = DigestAuth(login)
        self._turn = asyncio.Lock()
        self._client = httpx2.AsyncClient(
            base_url=f"http://{self._address}",
            transport=_BoundedTransport(),
            headers={"Accept-Encoding": "identity", "User-Agent": "Onframe"},
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
        )

    async def request(self, request: Request) -> Document:
        """The document that answers ``request``.

        Raises StatusError (the device says no), AuthenticationError, ConnectionLost (refused, cut, out of time),
        RemoteProtocolError (a redirect, a page for humans), DecodeError or LimitExceeded.
        """
        try:
            async with asyncio.timeout(self._timeout), self._turn:
                response = await self._send(request)
        except TimeoutError as error:
            raise self._lost(f"{request} was not answered within {self._timeout:g} s") from error
        except httpx2.HTTPError as error:
            self._translate(request, error)
        return _answer(request, response)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _send(self, request: Request) -> httpx2.Response:
        headers = {"Content-Type": request.resource.content_type} if request.resource.content_type else {}
        return await self._client.request(
            request.method, request.target, content=request.body or None, headers=headers, auth=self._auth
        )

    def _translate(self, request: Request, error: httpx2.HTTPError) -> NoReturn:
        text = str(error) or type(error).__name__
        if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
            raise self._lost(f"{self._address} cannot be reached: {text}") from error
        if isinstance(error, httpx2.TimeoutException):
            raise self._lost(f"{request} was not answered within {self._timeout:g} s") from error
        if isinstance(error, httpx2.ProtocolError) and not any(word in text for word in _CUT):
            raise RemoteProtocolError(f"the answer to {request} breaks the rules of HTTP: {text}") from error
        raise self._lost(f"the connection was cut while {request} was on its way: {text}") from error

    def _lost(self, message: str) -> ConnectionLost:
        return ConnectionLost(message, hint=f"is the device on, and is {self._address} its HTTP port?")


class _BoundedTransport(httpx2.AsyncHTTPTransport):
    """Refuses encoded bodies and ends bodies at the limit, for every answer, challenges included."""

    def __init__(self) -> None:
        super().__init__(verify=False, trust_env=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            await response.aclose()
            raise RemoteProtocolError(f"the answer is encoded with {encoding[:40]!r} though that was not asked for")
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _BoundedStream(response.stream)
        return response


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
