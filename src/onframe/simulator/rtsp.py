"""The simulated camera's RTSP server: sessions over ``wire.server_session``, RTP interleaved (Chapter 2)."""

from __future__ import annotations

import asyncio
import random
import secrets
import socket
import time
from collections.abc import Mapping, Sequence
from email.utils import formatdate

from onframe.errors import LimitExceeded, OnframeError, ProtocolError
from onframe.simulator.device import Device, Place
from onframe.simulator.source import Attachment, MediaItem, Source
from onframe.simulator.streaming import (
    CLOCKS,
    REPORT_INTERVAL,
    TRACK_IDS,
    Clock,
    Lost,
    Streaming,
    describe,
)
from onframe.wire.headers import DEFAULT_SESSION_TIMEOUT, RTPInfo
from onframe.wire.rtsp import NEED_DATA, Connection, InterleavedFrame, Request, Response
from onframe.wire.server_session import REASONS, Resource, ServerSession

MAX_CONNECTIONS = 256
SEND_LIMIT = 4 * 1024 * 1024
"""Bytes that may wait for one client; one that reads too slowly is disconnected."""
MESSAGE_DEADLINE = 10.0
"""Seconds that a message may take from its first byte to its last."""
_TICK = 0.25
_CLOSING = 0.5
_TRACK_NAMES = {number: name for name, number in TRACK_IDS.items()}


class RTSPServer:
    """Serves the streams of ``device`` from its ``sources`` (by channel number), which must have been prepared.

    ``clock`` is what the device tells about time, None is as its profile does. ``metadata_loss`` (0 to 1) is the share
    of metadata packets dropped before sending, drawn by ``seed``; ``lost`` lists the documents hit. Port 0 takes a
    free one: see ``port`` after ``start``.
    """

    def __init__(
        self,
        device: Device,
        sources: Mapping[int, Source],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
        metadata_loss: float = 0.0,
        seed: int = 1,
        session_timeout: int = DEFAULT_SESSION_TIMEOUT,
        max_connections: int = MAX_CONNECTIONS,
        send_limit: int = SEND_LIMIT,
        message_deadline: float = MESSAGE_DEADLINE,
    ) -> None:
        told = clock or device.profile.clock
        if told is not None and told not in CLOCKS:
            raise OnframeError(f"there is no clock {told!r}", hint=f"choose one of {', '.join(CLOCKS)}")
        self.device = device
        self.sources = sources
        self.host = host
        self.port = port
        self.clock: Clock | None = next((known for known in CLOCKS if known == told), None)
        self.metadata_loss = metadata_loss
        self.session_timeout = session_timeout
        self.send_limit = send_limit
        self.message_deadline = message_deadline
        self.lost: list[Lost] = []
        self.disconnected_slow = 0
        self._seed = seed
        self._drawn = 0
        self._max_connections = max_connections
        self._viewers: set[_Viewer] = set()
        self._server: asyncio.Server | None = None
        self._ticker: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listens; raises OSError where the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Viewer(self), self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        self._ticker = loop.create_task(self._tick(), name="rtsp server")

    async def close(self) -> None:
        """Says BYE to every client, and ends within half a second."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        if self._ticker is not None:
            self._ticker.cancel()
        for viewer in tuple(self._viewers):
            viewer.end()
        deadline = time.monotonic() + _CLOSING
        while self._viewers and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        for viewer in tuple(self._viewers):
            viewer.abort()
        await server.wait_closed()

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._viewers)

    @property
    def playing(self) -> int:
        """How many sessions play."""
        return sum(viewer.plays for viewer in self._viewers)

    def streaming(self) -> Streaming:
        """A new session's tracks, with numbers of its own."""
        self._drawn += 1
        profile = self.device.profile
        return Streaming(
            clock=self.clock,
            draw=random.Random(f"{self._seed}/{self._drawn}"),
            loss=self.metadata_loss,
            lost=self.lost,
            ssrc=profile.ssrc,
            announced_ssrc=profile.announced_ssrc,
        )

    def _join(self, viewer: _Viewer) -> bool:
        self._viewers.add(viewer)
        return len(self._viewers) <= self._max_connections and self._server is not None

    def _leave(self, viewer: _Viewer) -> None:
        self._viewers.discard(viewer)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            now = time.monotonic()
            for viewer in tuple(self._viewers):
                viewer.tick(now)


class _Viewer(asyncio.Protocol):
    """One client's connection; it is the session's ``Content`` too."""

    def __init__(self, server: RTSPServer) -> None:
        self._server = server
        self._device = server.device
        self._connection = Connection()
        self._streaming = server.streaming()
        self._session = ServerSession(
            self,
            new_session_id=lambda: str(100_000_000 + secrets.randbelow(900_000_000)),
            date=self._date,
            timeout=server.session_timeout,
        )
        self._transport: asyncio.Transport | None = None
        self._attachment: Attachment | None = None
        self._place: Place | None = None
        self._channels: dict[str, tuple[int, int]] = {}
        self._active = time.monotonic()
        self._incomplete_since: float | None = None
        self._next_report = 0.0

    # --- the socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        sock: socket.socket = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if not self._server._join(self):
            self._write(Response(503, REASONS[503]).serialize())
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop(teardown=False)
        self._transport = None
        self._server._leave(self)

    def data_received(self, data: bytes) -> None:
        self._active = time.monotonic()
        try:
            self._connection.receive_data(data)
            while (event := self._connection.next_event()) is not NEED_DATA:
                self._take(event)
        except (ProtocolError, LimitExceeded):
            self._write(Response(400, REASONS[400]).serialize())
            self.end()
        if not self._connection.mid_message:
            self._incomplete_since = None
        elif self._incomplete_since is None:
            self._incomplete_since = self._active

    def _take(self, event: Request | Response | InterleavedFrame) -> None:
        self._incomplete_since = None
        if isinstance(event, InterleavedFrame):
            if event.interleaved % 2:
                self._session.renew(self._active)
            return
        if isinstance(event, Response):
            return
        reply = self._session.receive(event, self._active)
        credentials = bool((event.headers.get("Authorization") or "").strip())
        self._device.log_request("rtsp", event.method, event.uri, reply.response.status, credentials)
        if reply.ended:
            self._stop(teardown=True)
        self._write(reply.response.serialize())
        if reply.plays and not self.plays:
            self._play()

    def _write(self, data: bytes) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        transport.write(data)
        if transport.get_write_buffer_size() > self._server.send_limit:
            self._server.disconnected_slow += 1
            self.abort()

    def end(self) -> None:
        """BYE, then the end of the connection once what waits is written."""
        self._stop(teardown=False)
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """The end at once; what waits is thrown away."""
        self._detach(teardown=False)
        if self._transport is not None:
            self._transport.abort()

    def tick(self, now: float) -> None:
        """Expiry, unfinished messages, sender reports."""
        incomplete = self._incomplete_since
        if incomplete is not None and now - incomplete > self._server.message_deadline:
            self.end()
        elif self._session.expired(now):
            self.end()
        elif self._session.session_id is None and now - self._active > self._server.session_timeout:
            self.end()
        elif self.plays and now >= self._next_report:
            self._report(now)

    # --- what the session asks

    def challenges(self, request: Request) -> Sequence[str] | None:
        """The device's challenge, or None where it accepts the request."""
        authorization = request.headers.get("Authorization")
        return self._device.authenticate("rtsp", request.method, request.uri, authorization, body=request.body)

    def resource(self, uri: str) -> Resource | None:
        """The channel, subscription or track that the URL names."""
        place = self._device.place(uri)
        if place is None or place.channel not in self._server.sources or place.stream > 2:
            return None
        last = uri.partition("?")[0].rstrip("/").rpartition("/")[2].lower()
        track = None
        if last.startswith("trackid="):
            number = last.removeprefix("trackid=")
            track = _TRACK_NAMES.get(int(number)) if number.isascii() and number.isdigit() and len(number) < 4 else None
            if track not in self._tracks():
                return None
        return Resource(place, self._tracks(), track)

    def _tracks(self) -> tuple[str, ...]:
        return ("video", "audio", "metadata") if self._device.types else ("video", "audio")

    def describe(self, resource: Resource, uri: str) -> bytes:
        """The guide's SDP for this stream."""
        place = _place_of(resource)
        parameters = self._source(place).video_parameters(place.stream)
        address = "127.0.0.1" if self._transport is None else self._transport.get_extra_info("sockname")[0]
        metadata = "metadata" in resource.tracks
        session = time.time_ns() // 1000
        return describe(parameters, address=address, session=session, metadata=metadata).serialize()

    def ssrc(self, resource: Resource, track: str) -> int:
        """What SETUP's answer claims, which for the guide's metadata is not what is sent."""
        return self._streaming.track(track).announced_ssrc

    def rtp_info(self, resource: Resource, tracks: Sequence[str]) -> RTPInfo | None:
        """As the clock has it."""
        return self._streaming.rtp_info(tracks, self._source(_place_of(resource)).now())

    def _placed(self) -> Place:
        assert self._place is not None
        return self._place

    def _source(self, place: Place) -> Source:
        return self._server.sources[place.channel]

    def _date(self) -> str:
        text = formatdate(usegmt=True)
        if not self._device.profile.guide_dates:
            return text
        weekday, day, month, rest = text.split(" ", 3)
        return f"{weekday} {month} {day} {rest}"

    # --- playing

    @property
    def plays(self) -> bool:
        """Whether media are sent."""
        return self._attachment is not None

    def _play(self) -> None:
        """Reports first, then the rules as they stand (R-035), then what happens."""
        assert self._session.resource is not None
        self._place = place = _place_of(self._session.resource)
        source = self._source(place)
        self._channels = {track.name: track.interleaved for track in self._session.tracks}
        self._attachment = source.attach(place.stream, self._on_item)
        if place.subscription is not None:
            self._device.begin(place.subscription)
        self._report(time.monotonic())
        for item in source.rules():
            self._on_item(item)

    def _report(self, now: float) -> None:
        self._next_report = now + REPORT_INTERVAL
        source = self._source(self._placed())
        at, frames = source.now(), bytearray()
        for name, (_, rtcp) in self._channels.items():
            track = self._streaming.track(name)
            if self._streaming.reports(track):
                frames += InterleavedFrame(rtcp, track.sender_report(at, source.epoch_ns)).serialize()
        if frames:
            self._write(bytes(frames))

    def _on_item(self, item: MediaItem) -> None:
        channels = self._channels.get(item.track)
        if channels is None or self._attachment is None or not self._wanted(item):
            return
        frames = bytearray()
        for packet in self._streaming.packets(item):
            frames += InterleavedFrame(channels[0], packet.serialize()).serialize()
        if frames:
            self._write(bytes(frames))

    def _wanted(self, item: MediaItem) -> bool:
        """Only enabled and subscribed types; what has no type goes to whole channels only (R-060, R-061)."""
        if item.track != "metadata":
            return True
        place = self._placed()
        if not self._device.enabled(place.channel, item.metadata_type):
            return False
        return place.subscription is None or place.subscription.wants(item.metadata_type)

    def _stop(self, *, teardown: bool) -> None:
        """Ends the playing with BYE on each track; a subscription's URI ends with TEARDOWN."""
        if self._attachment is None:
            return
        source = self._source(self._placed())
        at = source.now()
        self._detach(teardown=teardown)
        for name, (_, rtcp) in self._channels.items():
            track = self._streaming.track(name)
            bye = track.bye(at, source.epoch_ns, report=self._streaming.reports(track))
            self._write(InterleavedFrame(rtcp, bye).serialize())
        self._channels = {}
        self._streaming = self._server.streaming()

    def _detach(self, *, teardown: bool) -> None:
        if self._attachment is None:
            return
        self._attachment.detach()
        self._attachment = None
        if self._place is not None and self._place.subscription is not None:
            self._device.end(self._place.subscription, teardown=teardown)


def _place_of(resource: Resource) -> Place:
    assert isinstance(resource.key, Place)
    return resource.key
