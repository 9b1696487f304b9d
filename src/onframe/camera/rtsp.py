"""The asyncio shell around ``wire.session``: one RTSP connection to the configured host and port (Chapter 2)."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Callable, Sequence
from functools import partial
from weakref import WeakKeyDictionary

from onframe.camera.login import Login
from onframe.errors import (
    AuthenticationError,
    ConnectionLost,
    OnframeError,
    RemoteProtocolError,
    StatusError,
)
from onframe.wire.digest import ChallengeKind
from onframe.wire.headers import RTPInfo
from onframe.wire.rtsp import NEED_DATA, InterleavedFrame, Request, Response
from onframe.wire.sdp import MediaDescription, SessionDescription
from onframe.wire.session import MAX_KEEP_ALIVE, Answered, Challenged, ClientSession, Due, Served, State
from onframe.wire.track import Track

TEARDOWN_DEADLINE = 2.0
_RECEIVE_BUFFER = 256 * 1024
_MEANINGS = {
    404: ("there is no such channel or stream", "check channel and stream: 101 is the main stream of channel 1"),
    453: ("the device has no room for another viewer", "end another session, or take the sub-stream"),
    454: ("the device does not know the session any more", None),
    461: ("the device does not send RTP over TCP here", None),
    503: ("the device is busy", "try again later"),
}


_buffers: WeakKeyDictionary[asyncio.AbstractEventLoop, memoryview] = WeakKeyDictionary()


def _receive_buffer() -> memoryview:
    """One for all connections of a loop: it is read out before the next one is filled."""
    loop = asyncio.get_running_loop()
    buffer = _buffers.get(loop)
    if buffer is None:
        buffer = _buffers[loop] = memoryview(bytearray(_RECEIVE_BUFFER))
    return buffer


class RTSPClient:
    """One RTSP session over one TCP connection: open, setup, play, teardown.

    ``on_frame(interleaved, payload)`` gets each frame; ``on_closed(error)`` is called once when a connection that was
    made has ended, with None when it was closed from here. ``timeout`` bounds connecting and each answer, in seconds.
    ``keep_alive`` caps the seconds between two keep-alives (half of the session's timeout anyhow). Once playing, a
    connection that stays silent for nearly two of them is ConnectionLost.
    """

    def __init__(
        self,
        host: str,
        port: int,
        login: Login,
        *,
        on_frame: Callable[[int, bytes], None],
        on_closed: Callable[[Exception | None], None] = lambda error: None,
        timeout: float = 10.0,
        keep_alive: float | None = None,
        user_agent: str = "onframe",
    ) -> None:
        self.host = host.strip("[]")
        self.port = port
        self.session: ClientSession | None = None
        self.last_received = 0.0
        self.frames = 0
        self.unexpected_requests = 0
        self._login = login
        self._on_frame = on_frame
        self._on_closed = on_closed
        self._timeout = timeout
        self._max_keep_alive = min(keep_alive or MAX_KEEP_ALIVE, MAX_KEEP_ALIVE)
        self._user_agent = user_agent
        self._transport: asyncio.Transport | None = None
        self._waiter: tuple[int, asyncio.Future[Answered | Challenged]] | None = None
        self._turn = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._closed = False
        self._error: Exception | None = None

    # --- the way of a session

    async def open(self, url: str) -> SessionDescription:
        """Connects, asks OPTIONS and DESCRIBE (R-012). On any failure the connection is closed.

        Raises ConnectionLost, AuthenticationError, StatusError, ProtocolError, LimitExceeded.
        """
        session = self._new_session(url)
        try:
            await self._connect()
            await self._exchange(session.options)
            request, response = await self._exchange(session.describe)
            _check(request, response)
        except BaseException as error:
            self.close(error if isinstance(error, Exception) else None)
            raise
        assert session.description is not None
        return session.description

    async def setup(self, media: Sequence[MediaDescription]) -> list[Track]:
        """Sets these sections up, in this order; the device's channels win (R-027)."""
        session = self._opened()
        for section in media:
            request, response = await self._exchange(partial(session.setup, section))
            _check(request, response)
        self._schedule()
        return session.tracks

    async def play(self) -> RTPInfo:
        """Starts the tracks that were set up; what RTP-Info says is a hint (R-034)."""
        request, response = await self._exchange(self._opened().play)
        _check(request, response)
        self._schedule()
        return RTPInfo.parse(",".join(response.headers.get_all("RTP-Info")))

    async def teardown(self) -> None:
        """Ends the session within 2 s and closes the connection; never raises for what the device does (R-046)."""
        session = self.session
        try:
            if session is not None and session.state in (State.READY, State.PLAYING) and not self._closed:
                self._stop_keeping()
                async with asyncio.timeout(TEARDOWN_DEADLINE):
                    await self._exchange(session.teardown)
        except (OnframeError, TimeoutError):
            pass
        finally:
            self.close()

    def close(self, error: Exception | None = None) -> None:
        """Closes the connection at once; may be called again."""
        if self._closed:
            return
        self._closed = True
        self._error = error or ConnectionLost("the connection was closed")
        self._stop_keeping()
        if self._waiter is not None and not self._waiter[1].done():
            self._waiter[1].set_exception(self._error)
        if self._transport is not None:
            self._transport.abort()
            self._on_closed(error)

    def send_frame(self, interleaved: int, payload: bytes) -> None:
        """Sends one frame, such as an RTCP receiver report; quietly nothing once closed."""
        if self._transport is not None and not self._closed:
            self._transport.write(InterleavedFrame(interleaved, payload).serialize())

    def pause_reading(self) -> None:
        """Leaves received bytes in the kernel: back-pressure on the device."""
        if self._transport is not None and not self._closed:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Goes on reading; what time it took is not held against the device."""
        if self._transport is not None and not self._closed:
            self._transport.resume_reading()

    @property
    def paused(self) -> bool:
        """Whether reading is paused."""
        return self._transport is not None and not self._closed and not self._transport.is_reading()

    async def __aenter__(self) -> RTSPClient:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.teardown()

    # --- requests and answers

    def _new_session(self, url: str) -> ClientSession:
        self.session = ClientSession(
            url,
            user_agent=self._user_agent,
            digest=self._login.client("rtsp"),
            cnonce=lambda: secrets.token_hex(8),
            max_keep_alive=self._max_keep_alive,
        )
        return self.session

    def _opened(self) -> ClientSession:
        if self.session is None or self.session.description is None:
            raise ConnectionLost("the connection is not open", hint="await open(url) first")
        return self.session

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout):
                transport, _ = await loop.create_connection(lambda: _Wire(self), self.host, self.port)
        except TimeoutError as error:
            raise ConnectionLost(f"{self.host}:{self.port} did not answer in {self._timeout:g} s") from error
        except OSError as error:
            hint = "check the address and the RTSP port"
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
            raise ConnectionLost(f"no RTSP connection to {self.host}:{self.port}: {reason}", hint=hint) from error
        _tune(transport.get_extra_info("socket"))
        self.last_received = loop.time()

    async def _exchange(
        self, start: Callable[[float], bytes], timeout: float | None = None
    ) -> tuple[Request, Response]:
        """One request to its final answer; challenges are met as ``Login`` permits."""
        async with self._turn:
            session = self.session
            assert session is not None
            signed = session.signs
            if signed:
                await self._login.permit()
            try:
                event = await self._ask(start(self._now()), timeout)
                while isinstance(event, Challenged):
                    if not signed:
                        await self._login.permit()
                        signed = True
                    data = session.repeat(event, self._now(), accepted=self._login.accepted)
                    if data is None:
                        raise self._refusal(event)
                    event = await self._ask(data, timeout)
            except AuthenticationError:
                raise
            except BaseException:
                if signed:
                    self._login.release()
                raise
            if signed:
                self._login.accept()
            return event.request, event.response

    def _refusal(self, event: Challenged) -> OnframeError:
        if event.signed and event.kind is ChallengeKind.STALE:
            return RemoteProtocolError("the device calls each of its own nonces stale")
        return self._login.refuse(f"the device refused user name or password ({event.request.method}, RTSP 401)")

    async def _ask(self, data: bytes, timeout: float | None) -> Answered | Challenged:
        if self._closed or self._transport is None or self.session is None:
            raise self._error or ConnectionLost("the connection is closed")
        future: asyncio.Future[Answered | Challenged] = asyncio.get_running_loop().create_future()
        self._waiter = (self.session.cseq, future)
        self._transport.write(data)
        limit = timeout or self._timeout
        try:
            async with asyncio.timeout(limit):
                return await future
        except TimeoutError as error:
            raise ConnectionLost(f"the device did not answer in {limit:g} s") from error
        finally:
            self._waiter = None

    # --- time

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        session = self.session
        deadline = None if session is None else session.next_deadline()
        if session is not None and deadline is not None and not self._closed:
            at = max(deadline, self._now() + session.keep_alive_interval / 20)
            self._timer = asyncio.get_running_loop().call_at(at, self._tick)

    def _tick(self) -> None:
        session = self.session
        if session is None or self._closed:
            return
        if self.paused:  # nothing can arrive: only keep the session up
            session.excuse(self._now())
        due = session.due(self._now())
        if due is Due.LOST:
            silence = self._now() - self.last_received
            self.close(ConnectionLost(f"no byte for {silence:.1f} s although a keep-alive was sent"))
        elif due is Due.KEEP_ALIVE and (self._keeper is None or self._keeper.done()):
            self._keeper = asyncio.get_running_loop().create_task(self._keep(session), name="rtsp keep-alive")
        self._schedule()

    async def _keep(self, session: ClientSession) -> None:
        """An error answer is an answer, and no answer is judged by silence alone; only 454 ends the session."""
        try:
            request, response = await self._exchange(session.keep_alive, session.silence_limit)
            if response.status == 454:
                self.close(_status_error(request, response))
        except ConnectionLost:
            return
        except OnframeError as error:
            self.close(error)

    def _stop_keeping(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if self._keeper is not None and self._keeper is not asyncio.current_task():
            self._keeper.cancel()

    # --- what the socket says

    def _received(self, data: memoryview) -> None:
        session = self.session
        if self._closed or session is None:
            return
        self.last_received = self._now()
        try:
            session.receive_data(data, self.last_received)
            while not self._closed and (event := session.next_event()) is not NEED_DATA:
                if isinstance(event, InterleavedFrame):
                    self.frames += 1
                    self._on_frame(event.interleaved, event.payload)
                elif isinstance(event, Served):
                    self._serve(session, event)
                else:
                    self._deliver(event)
        except Exception as error:
            self.close(error)

    def _serve(self, session: ClientSession, event: Served) -> None:
        if self._transport is not None:
            self._transport.write(session.data_to_send())
        if event.request.method == "TEARDOWN":
            self.close(ConnectionLost("the device ended the session"))

    def _deliver(self, event: Answered | Challenged) -> None:
        if self._waiter is not None and self._waiter[0] == event.request.cseq and not self._waiter[1].done():
            self._waiter[1].set_result(event)

    def _made(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        if self._closed:
            transport.abort()

    def _lost(self, error: Exception | None) -> None:
        text = f"the connection broke: {error}" if error else "the device closed the connection"
        lost = ConnectionLost(text)
        lost.__cause__ = error
        self.close(lost)


class _Wire(asyncio.BufferedProtocol):
    """Between the socket and the client; all connections of a loop share one buffer."""

    def __init__(self, client: RTSPClient) -> None:
        self._client = client
        self._buffer = _receive_buffer()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._client._made(transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._client._received(self._buffer[:nbytes])

    def connection_lost(self, exc: Exception | None) -> None:
        self._client._lost(exc)


def _tune(sock: socket.socket | None) -> None:
    """Small requests at once, and dead peers found by the kernel too."""
    if sock is None:
        return
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _check(request: Request, response: Response) -> None:
    if 300 <= response.status < 400:
        target = (response.headers.get("Location") or "?")[:200]
        raise RemoteProtocolError(
            f"the device redirects {request.method} to {target}, which is not followed",
            hint="connect to that address itself if you trust it",
        )
    if not response.ok:
        raise _status_error(request, response)


def _status_error(request: Request, response: Response) -> StatusError:
    meaning, hint = _MEANINGS.get(response.status, (response.reason[:100] or "the device refused", None))
    return StatusError(
        f"{request.method} was answered {response.status}: {meaning}",
        meaning=meaning,
        request=f"{request.method} {request.uri}",
        http_status=response.status,
        hint=hint,
    )
