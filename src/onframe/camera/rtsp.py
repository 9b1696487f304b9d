"""The asyncio shell around ``wire.session``: one RTSP connection to the configured host and port (Chapter 2)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from functools import partial

from onframe.camera.answers import check, status_error
from onframe.camera.connection import Wire, connect
from onframe.camera.login import Login
from onframe.camera.tls import TLS
from onframe.camera.udp import DatagramMedia
from onframe.errors import (
    AuthenticationError,
    ConnectionLost,
    LimitExceeded,
    OnframeError,
    RemoteProtocolError,
    UnsupportedError,
)
from onframe.wire.digest import ChallengeKind
from onframe.wire.headers import RTPInfo, TransportKind
from onframe.wire.rtsp import NEED_DATA, InterleavedFrame, Request, Response
from onframe.wire.sdp import MediaDescription, SessionDescription
from onframe.wire.session import MAX_KEEP_ALIVE, Answered, Challenged, ClientSession, Due, Served, State
from onframe.wire.track import FIRST_DATAGRAM_CHANNEL, Track

TEARDOWN_DEADLINE = 2.0
_MAX_UNREAD = 256 * 1024  # bytes of our answers that a device may leave unread


def _was_checked(event: Answered) -> bool:
    """Whether an answer says that the credentials are good: OPTIONS is answered to anybody, and so is a fault."""
    return event.request.method != "OPTIONS" and event.response.status < 500


class RTSPClient:
    """One RTSP session over one TCP connection, TLS with ``tls``: open, setup, play, teardown.

    ``transport`` is how RTP comes: within the connection, or over UDP to ports or to a group of the device's choice.
    ``on_frame(channel, payload)`` gets each frame and datagram (`Track.channels`); ``on_frames``, where it is given,
    gets those that came together instead. ``on_closed(error)`` is called once when a connection that was made has
    ended, with None when it was closed from here. ``timeout`` bounds connecting and each answer, in seconds.
    ``keep_alive`` caps the seconds between two keep-alives (half of the session's timeout anyhow). Once playing, a
    connection that stays silent for nearly two of them is ConnectionLost, however many datagrams come. Raises
    UnsupportedError for UDP together with ``tls``.
    """

    def __init__(
        self,
        host: str,
        port: int,
        login: Login,
        *,
        on_frame: Callable[[int, bytes], None] = lambda channel, payload: None,
        on_frames: Callable[[list[tuple[int, bytes]]], None] | None = None,
        on_closed: Callable[[Exception | None], None] = lambda error: None,
        on_answer: Callable[[Request, Response], None] = lambda request, response: None,
        timeout: float = 10.0,
        keep_alive: float | None = None,
        user_agent: str = "onframe",
        transport: TransportKind = "tcp",
        tls: TLS | None = None,
    ) -> None:
        check_transport(transport, tls)
        self.host = host.strip("[]")
        self.port = port
        self.session: ClientSession | None = None
        self.last_received = 0.0
        self.frames = 0
        self.unexpected_requests = 0
        self._login = login
        self._on_frame = on_frame
        self._on_frames = self._one_by_one if on_frames is None else on_frames
        self._on_closed, self._on_answer = on_closed, on_answer
        self._timeout = timeout
        self._max_keep_alive = min(keep_alive or MAX_KEEP_ALIVE, MAX_KEEP_ALIVE)
        self._user_agent = user_agent
        self.choice, self._tls = transport, tls
        self._transport: asyncio.Transport | None = None
        self._datagrams: DatagramMedia | None = None
        self._waiter: tuple[int, asyncio.Future[Answered | Challenged]] | None = None
        self._turn = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._closed = False
        self._error: Exception | None = None

    # --- the way of a session

    async def open(self, url: str) -> SessionDescription:
        """Connects, asks OPTIONS and DESCRIBE (R-012). On any failure the connection is closed.

        Raises ConnectionLost, AuthenticationError (before connecting, while a refusal is in force), StatusError,
        ProtocolError, LimitExceeded.
        """
        self._login.check()
        session = self._new_session(url)
        try:
            await self._connect()
            await self._exchange(session.options)
            request, response = await self._exchange(session.describe)
            check(request, response)
        except BaseException as error:
            self.close(error if isinstance(error, Exception) else None)
            raise
        assert session.description is not None
        return session.description

    async def setup(self, media: Sequence[MediaDescription]) -> list[Track]:
        """Sets these sections up, in this order; the device's channels win (R-027)."""
        session = self._opened()
        for section in media:
            await self._set_up(session, section)
        self._schedule()
        return session.tracks

    async def _set_up(self, session: ClientSession, section: MediaDescription) -> None:
        media = self._media()
        offered = None if media is None else await media.offer(multicast=self.choice == "multicast")
        request, response = await self._exchange(partial(session.setup, section, transport=offered))
        check(request, response)
        if media is not None:
            await media.attach(session.tracks[-1])

    def _media(self) -> DatagramMedia | None:
        if self.choice == "tcp" or self._closed or self._transport is None:
            return None
        if self._datagrams is None:
            local, peer = (self._transport.get_extra_info(name) for name in ("sockname", "peername"))
            self._datagrams = DatagramMedia(local, peer, self._datagram)
        return self._datagrams

    async def play(self) -> RTPInfo:
        """Starts the tracks that were set up; what RTP-Info says is a hint (R-034)."""
        request, response = await self._exchange(self._opened().play)
        check(request, response)
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
        if self._datagrams is not None:
            self._datagrams.close()
        if self._waiter is not None and not self._waiter[1].done():
            self._waiter[1].set_exception(self._error)
        if self._transport is not None:
            self._transport.abort()
            self._on_closed(error)

    def send_frame(self, channel: int, payload: bytes) -> None:
        """Sends one frame or datagram, such as an RTCP receiver report; quietly nothing once closed."""
        if self._transport is None or self._closed:
            return
        if channel < FIRST_DATAGRAM_CHANNEL:
            self._transport.write(InterleavedFrame(channel, payload).serialize())
        elif self._datagrams is not None:
            self._datagrams.send(channel, payload)

    def pause_reading(self) -> None:
        """Leaves received bytes in the kernel: back-pressure on the device. Datagrams are dropped and counted."""
        if self._transport is not None and not self._closed:
            self._transport.pause_reading()
            if self._datagrams is not None:
                self._datagrams.paused = True

    def resume_reading(self) -> None:
        """Goes on reading; what time it took is not held against the device."""
        if self._transport is not None and not self._closed:
            self._transport.resume_reading()
            if self._datagrams is not None:
                self._datagrams.paused = False

    @property
    def closed(self) -> bool:
        """Whether the connection has ended."""
        return self._closed

    @property
    def paused(self) -> bool:
        """Whether reading is paused."""
        return self._transport is not None and not self._closed and not self._transport.is_reading()

    @property
    def transport(self) -> TransportKind:
        """How RTP comes: as the tracks were set up, before that as was asked for."""
        tracks = self.session.tracks if self.session is not None else []
        return next(
            (track.transport.kind for track in tracks if not track.transport.tcp), "tcp" if tracks else self.choice
        )

    @property
    def alive_at(self) -> float:
        """Loop time of the device's last sign of life over RTSP (`ClientSession.alive_at`)."""
        alive = self.session.alive_at if self.session is not None else None
        return self.last_received if alive is None else alive

    @property
    def counters(self) -> dict[str, int]:
        """Frames within the connection, bytes passed over, and what came over UDP (`DatagramMedia.counters`)."""
        counts = {"frames": self.frames, "skipped_bytes": self.session.skipped if self.session is not None else 0}
        return counts if self._datagrams is None else counts | self._datagrams.counters

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
        wire = Wire(self._made, self._received, self._lost)
        await connect(wire, self.host, self.port, tls=self._tls, timeout=self._timeout)
        self.last_received = self._now()

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
            if signed and _was_checked(event):
                self._login.accept()
            elif signed:
                self._login.release()
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
            if self._login.refused is None:
                request, response = await self._exchange(session.keep_alive, session.silence_limit)
            else:
                request, response = await self._greet(session)
            if response.status == 454:
                self.close(status_error(request, response))
        except ConnectionLost:
            return
        except AuthenticationError as error:
            if error.retry_after is None:
                self.close(error)
            else:  # the account is locked: packets may flow all the same, and nothing is signed until that is over
                session.sign_with(self._login.client("rtsp"))
        except OnframeError as error:
            self.close(error)

    async def _greet(self, session: ClientSession) -> tuple[Request, Response]:
        """A sign of life without credentials: 401 too is an answer."""
        async with self._turn:
            event = await self._ask(session.keep_alive(self._now(), greeting=True), session.silence_limit)
            session.sign_with(self._login.client("rtsp"))
            return event.request, event.response

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
            if frames := session.take_frames():  # nearly all there is, once the stream plays
                self.frames += len(frames)
                self._on_frames(frames)
            while not self._closed and (event := session.next_event()) is not NEED_DATA:
                if isinstance(event, InterleavedFrame):
                    self.frames += 1
                    self._on_frames([(event.interleaved, event.payload)])
                elif isinstance(event, Served):
                    self._serve(session, event)
                else:
                    self._deliver(event)
        except Exception as error:
            self.close(error)

    def _one_by_one(self, frames: list[tuple[int, bytes]]) -> None:
        for channel, payload in frames:
            if not self._closed:
                self._on_frame(channel, payload)

    def _datagram(self, channel: int, data: bytes) -> None:
        if self._closed:
            return
        try:
            self._on_frames([(channel, data)])
        except Exception as error:
            self.close(error)

    def _serve(self, session: ClientSession, event: Served) -> None:
        if self._transport is not None:
            self._transport.write(session.data_to_send())
            if self._transport.get_write_buffer_size() > _MAX_UNREAD:
                self.close(LimitExceeded("the device asks and reads no answer", limit="answers", maximum=_MAX_UNREAD))
                return
        if event.request.method == "TEARDOWN":
            self.close(ConnectionLost("the device ended the session"))

    def _deliver(self, event: Answered | Challenged) -> None:
        self._on_answer(event.request, event.response)
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


def check_transport(transport: TransportKind, tls: TLS | None) -> None:
    """UnsupportedError where plain RTP over UDP would leave the protection of TLS."""
    if tls is not None and transport != "tcp":
        raise UnsupportedError(
            f"RTP over {transport} is not encrypted, whatever protects the RTSP connection",
            hint="leave transport at 'tcp': RTP then comes within the TLS connection",
        )
