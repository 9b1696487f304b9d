"""The simulated camera's RTSP server: its listeners, its limits, and what a test may do to its clients (Chapter 2)."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping
from functools import partial

from onframe.errors import OnframeError
from onframe.simulator.device import Device
from onframe.simulator.multicast import Groups
from onframe.simulator.peer import Peer
from onframe.simulator.playback import Playback, Station
from onframe.simulator.source import Source
from onframe.simulator.streaming import CLOCKS, Clock, Lost
from onframe.simulator.trouble import Trouble
from onframe.simulator.udp import MAX_PAIRS, Ports
from onframe.wire.headers import DEFAULT_SESSION_TIMEOUT

MAX_CONNECTIONS = 256
SEND_LIMIT = 4 * 1024 * 1024
"""Bytes that may wait for one client; one that reads too slowly is disconnected."""
MESSAGE_DEADLINE = 10.0
"""Seconds that a message may take from its first byte to its last, and a TLS handshake."""
IDLE_GRACE = 1.0
"""Seconds after which a connection where nobody has logged in may lose its place to a new one."""
_TICK = 0.25
_CLOSING = 0.5


class RTSPServer:
    """Serves the streams of ``device`` from its ``sources`` (by channel number), which must have been prepared.

    ``clock`` is what the device tells about time, None is as its profile does. ``metadata_loss`` (0 to 1) is the share
    of metadata packets dropped before sending, drawn by ``seed``; ``lost`` lists the documents hit. ``trouble`` is what
    is wrong at any moment. With ``ssl_context`` RTSPS is served beside RTSP. Port 0 takes a free one: see ``port`` and
    ``rtsps_port`` after ``start``.

    Counters: ``refused`` (connections for which there was no place), ``evicted`` (those that lost theirs because nobody
    had logged in), ``disconnected_slow`` (did not read), ``disconnected_late`` (did not finish a message),
    ``disconnected_idle`` (asked for nothing), ``expired`` (sessions).
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
        trouble: Trouble | None = None,
        ssl_context: ssl.SSLContext | None = None,
        rtsps_port: int = 0,
        max_udp_pairs: int = MAX_PAIRS,
    ) -> None:
        told = clock or device.profile.clock
        if told is not None and told not in CLOCKS:
            raise OnframeError(f"there is no clock {told!r}", hint=f"choose one of {', '.join(CLOCKS)}")
        chosen: Clock | None = next((known for known in CLOCKS if known == told), None)
        self.host = host
        self.port = port
        self.rtsps_port = rtsps_port
        self.trouble = trouble or Trouble()
        self.station = Station(device, sources, self.trouble, chosen, metadata_loss, seed, ports=Ports(max_udp_pairs))
        self.groups = Groups(self.station)
        self.session_timeout = session_timeout
        self.send_limit = send_limit
        self.message_deadline = message_deadline
        self.refused = self.evicted = self.expired = 0
        self.disconnected_slow = self.disconnected_late = self.disconnected_idle = 0
        self._ssl_context = ssl_context
        self._max_connections = max_connections
        self._peers: set[Peer] = set()
        self._servers: list[asyncio.Server] = []
        self._ticker: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listens; raises OSError where a port is taken."""
        loop = asyncio.get_running_loop()
        plain = await loop.create_server(partial(Peer, self), self.host, self.port)
        self._servers.append(plain)
        self.port = plain.sockets[0].getsockname()[1]
        try:
            if self._ssl_context is not None:
                factory = partial(Peer, self, self._ssl_context)
                secure = await loop.create_server(factory, self.host, self.rtsps_port)
                self._servers.append(secure)
                self.rtsps_port = secure.sockets[0].getsockname()[1]
        except OSError:
            await self.close()
            raise
        self._ticker = loop.create_task(self._tick(), name="rtsp server")

    async def close(self) -> None:
        """Says BYE to every client, and ends within half a second."""
        servers, self._servers = self._servers, []
        for server in servers:
            server.close()
        if self._ticker is not None:
            self._ticker.cancel()
            self._ticker = None
        self.end_all()
        deadline = time.monotonic() + _CLOSING
        while self._peers and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        self._abort(reset=False)
        for server in servers:
            await server.wait_closed()

    @property
    def device(self) -> Device:
        """What is served."""
        return self.station.device

    @property
    def sources(self) -> Mapping[int, Source]:
        """What plays, by channel number."""
        return self.station.sources

    @property
    def clock(self) -> Clock | None:
        """What is told about time."""
        return self.station.clock

    @property
    def lost(self) -> list[Lost]:
        """The metadata documents of which packets were dropped on purpose."""
        return self.station.lost

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._peers)

    @property
    def playing(self) -> int:
        """How many sessions play."""
        return sum(peer.visit is not None and peer.visit.plays for peer in self._peers)

    # --- what a test may do

    def abort_all(self) -> None:
        """Resets every connection (RST), without a word."""
        self._abort(reset=True)

    def end_all(self) -> None:
        """Says BYE on every track, and ends every connection (FIN)."""
        for peer in tuple(self._peers):
            peer.end()

    def cut_after(self, count: int) -> None:
        """Writes so many more bytes on each connection, then closes it, in the middle of whatever it is."""
        for peer in tuple(self._peers):
            peer.cut_after(count)

    def jump_sequence(self, by: int) -> None:
        """Leaves out so many sequence numbers on every track of every playing session."""
        for playback in self._playbacks():
            for track in playback.streaming.tracks.values():
                track.jump(by)

    def change_ssrc(self) -> None:
        """Goes on under other SSRCs on every track of every playing session, without BYE."""
        for playback in self._playbacks():
            playback.streaming.change_ssrc()

    def send_metadata(self, payload: bytes, metadata_type: str | None = None) -> None:
        """Sends this document as it is to every playing session; one of a type only where that is wanted."""
        for playback in self._playbacks():
            playback.send_document(payload, metadata_type)

    def _playbacks(self) -> list[Playback]:
        visits = [peer.visit for peer in self._peers if peer.visit is not None and peer.visit.plays]
        senders = {id(visit.sender): visit.sender for visit in visits if visit.sender is not None}
        return list(senders.values())

    def _abort(self, *, reset: bool) -> None:
        for peer in tuple(self._peers):
            peer.abort(reset=reset)

    # --- what the connections need

    def join(self, peer: Peer) -> bool:
        """Whether there is a place; where none is, the one that has waited longest for a login loses its own."""
        self._peers.add(peer)
        if not self._servers:
            return False
        if len(self._peers) <= self._max_connections:
            return True
        now = time.monotonic()
        idle = [each for each in self._peers if each.idle and now - each.since > IDLE_GRACE]
        if not idle:
            self.refused += 1
            return False
        self.evicted += 1
        min(idle, key=lambda each: each.since).abort()
        return True

    def leave(self, peer: Peer) -> None:
        """The connection has ended."""
        self._peers.discard(peer)

    def knows(self, session_id: str) -> bool:
        """Whether a session with that id lives on any connection."""
        return any(peer.visit is not None and peer.visit.session.session_id == session_id for peer in self._peers)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            now = time.monotonic()
            for peer in tuple(self._peers):
                peer.tick(now)
            for playback in self.groups.playbacks():
                playback.tick(now)
