"""One client's connection to the simulated camera: bytes in both directions, with their limits and their faults."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import time
from typing import TYPE_CHECKING, cast

from onframe.errors import LimitExceeded, ProtocolError
from onframe.simulator.visit import Ends, Visit
from onframe.wire.rtsp import NEED_DATA, Connection, InterleavedFrame, Request, Response
from onframe.wire.server_session import REASONS

if TYPE_CHECKING:
    from onframe.simulator.rtsp import RTSPServer

_RESET = struct.pack("ii", 1, 0)
_PUMP = 0.02
_BURST = 0.25
"""Seconds of silence that a slow line makes up for at once."""


class Peer(asyncio.Protocol):
    """The connection; its session is ``visit``, once there are two ends."""

    def __init__(self, server: RTSPServer, secure: ssl.SSLContext | None = None) -> None:
        self.visit: Visit | None = None
        self.since = self._active = time.monotonic()
        self._server = server
        self._trouble = server.trouble
        self._secure = secure
        self._connection = Connection()
        self._transport: asyncio.Transport | None = None
        self._handshake: asyncio.Task[None] | None = None
        self._unread = bytearray()
        self._incomplete_since: float | None = None
        self._outbox = bytearray()
        self._pumped = 0.0
        self._pump_handle: asyncio.TimerHandle | None = None
        self._cut_after: int | None = None

    # --- the socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)
        self._transport = transport
        self._cut_after, self._trouble.cut_after = self._trouble.cut_after, None
        sock: socket.socket = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        welcome = self._server.join(self)
        if self._secure is not None and welcome:
            transport.pause_reading()
            self._handshake = asyncio.get_running_loop().create_task(self._secured(transport, self._secure))
            return
        if welcome:
            self._begin(transport, secure=False)
            return
        if self._secure is None:
            transport.write(Response(503, REASONS[503]).serialize())
        transport.close()

    async def _secured(self, transport: asyncio.Transport, context: ssl.SSLContext) -> None:
        """TLS within the deadline of a message; what is read meanwhile waits for the session."""
        loop, limit = asyncio.get_running_loop(), self._server.message_deadline
        try:
            under_tls = await loop.start_tls(
                transport, self, context, server_side=True, ssl_handshake_timeout=limit, ssl_shutdown_timeout=limit
            )
        except (OSError, asyncio.CancelledError):
            transport.abort()
            self.connection_lost(None)
            return
        if under_tls is None or self._transport is None:
            self.connection_lost(None)
            return
        self._transport = under_tls
        self._begin(under_tls, secure=True)
        self._read_on()

    def _begin(self, transport: asyncio.Transport, *, secure: bool) -> None:
        server, local, client = self._server, transport.get_extra_info("sockname"), transport.get_extra_info("peername")
        if not client:  # gone already
            transport.abort()
            return
        ends = Ends(local, client, transport.get_extra_info("socket").family, secure)
        timeout = server.session_timeout
        self.visit = Visit(server.station, server.groups, ends, self._write, known=server.knows, timeout=timeout)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.visit is not None:
            self.visit.stop(teardown=False)
        if self._pump_handle is not None:
            self._pump_handle.cancel()
        self._transport = None
        self._server.leave(self)

    def data_received(self, data: bytes) -> None:
        self._active = time.monotonic()
        self._unread += data
        if self.visit is not None:
            self._read_on()

    def _read_on(self) -> None:
        """Takes what has been received, unless the cable is cut: then nothing more is received either."""
        if self._trouble.half_open:
            if self._transport is not None and not self._transport.is_closing():
                self._transport.pause_reading()
            return
        data, self._unread = bytes(self._unread), bytearray()
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
        assert self.visit is not None
        if isinstance(event, InterleavedFrame):
            if event.interleaved % 2:
                self.visit.renew()
        elif isinstance(event, Request):
            self.visit.receive(event, self._active)

    # --- what is written

    def _write(self, data: bytes) -> None:
        transport = self._transport
        if transport is None or transport.is_closing() or self._server.station.mute:
            return
        if self._trouble.bytes_per_second is not None or self._outbox:
            self._outbox += data
            self._pump()
        else:
            self._write_now(transport, data)
        if transport.get_write_buffer_size() + len(self._outbox) > self._server.send_limit:
            self._server.disconnected_slow += 1
            self.abort()

    def _write_now(self, transport: asyncio.Transport, data: bytes) -> None:
        if self._cut_after is None:
            transport.write(data)
            return
        transport.write(data[: self._cut_after])
        self._cut_after -= len(data)
        if self._cut_after <= 0:
            transport.close()

    def _pump(self) -> None:
        """Writes as much as the slow line takes, and comes again for the rest."""
        transport, rate = self._transport, self._trouble.bytes_per_second
        if transport is None or transport.is_closing():
            return
        now = time.monotonic()
        room = len(self._outbox) if rate is None else int(rate * min(now - self._pumped, _BURST))
        if room > 0:
            self._pumped = now
            data = bytes(self._outbox[:room])
            del self._outbox[:room]
            self._write_now(transport, data)
        if self._outbox and self._pump_handle is None:
            self._pump_handle = asyncio.get_running_loop().call_later(_PUMP, self._pump_again)

    def _pump_again(self) -> None:
        self._pump_handle = None
        self._pump()

    # --- the end

    def end(self) -> None:
        """BYE, then the end of the connection once what waits is written."""
        if self.visit is not None:
            self.visit.stop(teardown=False)
        self._close()

    def abort(self, *, reset: bool = False) -> None:
        """The end at once; what waits is thrown away. ``reset`` tells the client so (RST)."""
        if self.visit is not None:
            self.visit.stop(teardown=False, bye=False)
        if self._transport is not None:
            if reset:
                sock = self._transport.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._transport.abort()

    def cut_after(self, count: int) -> None:
        """So many more bytes are written, then the connection is closed."""
        self._cut_after = count
        if count <= 0:
            self._close()

    def _close(self) -> None:
        if self._handshake is not None and not self._handshake.done():
            self._handshake.cancel()
        elif self._transport is not None:
            self._transport.close()

    # --- time

    @property
    def idle(self) -> bool:
        """Whether nobody has logged in here, so that the place may be given to another."""
        return self.visit is None or not (self.visit.authenticated or self.visit.session.session_id)

    def tick(self, now: float) -> None:
        """Expiry, unfinished messages, sender reports."""
        if self._trouble.half_open or self.visit is None:
            return
        if self._unread:
            self._read_on()
        if self._transport is not None and not self._transport.is_closing() and not self._transport.is_reading():
            self._transport.resume_reading()
        incomplete, session = self._incomplete_since, self.visit.session
        if incomplete is not None and now - incomplete > self._server.message_deadline:
            self._server.disconnected_late += 1
            self.end()
        elif session.expired(now):
            self._server.expired += 1
            self.end()
        elif session.session_id is None and now - self._active > self._server.session_timeout:
            self._server.disconnected_idle += 1
            self.end()
        else:
            self.visit.tick(now)
