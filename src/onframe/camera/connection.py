"""The TCP or TLS connection of an RTSP session, and what the socket says."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from typing import Any, cast
from weakref import WeakKeyDictionary

from onframe.camera.tls import TLS, explain, handshake_failure, server_name
from onframe.errors import ConnectionLost

_RECEIVE_BUFFER = 256 * 1024

_buffers: WeakKeyDictionary[asyncio.AbstractEventLoop, memoryview] = WeakKeyDictionary()


def _receive_buffer() -> memoryview:
    """One for all connections of a loop: it is read out before the next one is filled."""
    loop = asyncio.get_running_loop()
    buffer = _buffers.get(loop)
    if buffer is None:
        buffer = _buffers[loop] = memoryview(bytearray(_RECEIVE_BUFFER))
    return buffer


class Wire(asyncio.BufferedProtocol):
    """Between the socket and its owner; all connections of a loop share one buffer."""

    def __init__(
        self,
        made: Callable[[asyncio.Transport], None],
        received: Callable[[memoryview], None],
        lost: Callable[[Exception | None], None],
    ) -> None:
        self._made, self._received, self._lost = made, received, lost
        self._buffer = _receive_buffer()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._made(cast(asyncio.Transport, transport))

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._received(self._buffer[:nbytes])

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(exc)


async def connect(wire: Wire, host: str, port: int, *, tls: TLS | None, timeout: float) -> None:
    """Connects ``wire``; with ``tls`` nothing is written before the device has proved who it is.

    Raises ConnectionLost, and with ``tls`` CertificateError and RemoteProtocolError too.
    """
    options: dict[str, Any] = {}
    if tls is not None:
        options = {"ssl": tls.context(host, port), "server_hostname": server_name(host)}
    try:
        async with asyncio.timeout(timeout):
            transport, _ = await asyncio.get_running_loop().create_connection(lambda: wire, host, port, **options)
    except TimeoutError as error:
        raise ConnectionLost(f"{host}:{port} did not answer in {timeout:g} s") from error
    except OSError as error:
        failure = handshake_failure(error) if tls is not None else None
        if tls is not None and failure is not None:
            raise await explain(failure, host, port, tls) from error
        hint = "check the address and the RTSP port"
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise ConnectionLost(f"no RTSP connection to {host}:{port}: {reason}", hint=hint) from error
    _tune(transport.get_extra_info("socket"))


def _tune(sock: socket.socket | None) -> None:
    """Small requests at once, and dead peers found by the kernel too."""
    if sock is None:
        return
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
