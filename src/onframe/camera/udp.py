"""RTP over UDP: pairs of ports, multicast groups, and from whom a datagram is taken (RFC 3550 section 11)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from onframe.errors import ConnectionLost, RemoteProtocolError
from onframe.wire.headers import Transport
from onframe.wire.reorder import ReorderBuffer
from onframe.wire.rtcp import ReceiverReport
from onframe.wire.track import Track, datagram_channels

RECEIVE_BUFFER = 4 * 1024 * 1024
"""Bytes that the kernel is asked to keep for a socket: a key picture comes as one burst."""
PUNCH_INTERVAL = 0.5
"""Seconds between the packets that open a way back through NAT and firewalls, until the first datagram."""
REFRESH_INTERVAL = 15.0
"""Seconds between them afterwards, so that the way stays open in a quiet scene."""
_TRIES = 64
_PUNCHES = 20
_PUNCH = ReceiverReport(0).serialize()
_RTCP_TYPES = range(200, 208)

SocketAddress: TypeAlias = tuple[Any, ...]
"""``(host, port)``, for IPv6 with flow and scope too."""


class DatagramMedia:
    """The UDP side of one RTSP session: two sockets for each track, RTP on the even port.

    ``local`` and ``peer`` are the addresses of the RTSP connection: datagrams from any other host than ``peer`` are
    counted and dropped, whatever the device's answer names. ``deliver(channel, data)`` gets RTP in order, and RTCP.
    While ``paused``, what comes is dropped and counted: UDP knows no back-pressure.
    """

    def __init__(self, local: SocketAddress, peer: SocketAddress, deliver: Callable[[int, bytes], None]) -> None:
        self.paused = False
        self._local, self._peer, self._deliver = local, peer, deliver
        self._family = socket.AF_INET6 if len(local) == 4 else socket.AF_INET
        self._counts = {"datagrams": 0, "foreign_datagrams": 0, "unread_datagrams": 0}
        self._pairs: list[_Pair] = []
        self._timer: asyncio.TimerHandle | None = None

    @property
    def counters(self) -> dict[str, int]:
        """``datagrams`` taken, ``foreign_datagrams``, ``unread_datagrams``, and what the order needed."""
        buffers = [pair.buffer for pair in self._pairs]
        order = {name: sum(getattr(buffer, name) for buffer in buffers) for name in ("reordered", "duplicates", "late")}
        return self._counts | order

    async def offer(self, *, multicast: bool = False) -> Transport:
        """What to ask for the next track; opens its two ports, or for a group none yet. Raises ConnectionLost."""
        pair = _Pair(self, datagram_channels(len(self._pairs)))
        self._pairs.append(pair)
        if multicast:
            return Transport("RTP/AVP", unicast=False)
        try:
            rtp, rtcp = _bind_pair(self._family, self._local)
        except OSError as error:
            text = f"no two UDP ports could be opened: {error.strerror or error}"
            raise ConnectionLost(text, hint="take RTP over TCP (transport='tcp')") from error
        ports = rtp.getsockname()[1], rtcp.getsockname()[1]
        await pair.listen(rtp, rtcp)
        return Transport("RTP/AVP", client_port=ports)

    async def attach(self, track: Track) -> None:
        """The track that was offered last is set up: join its group, or open the way to the device's ports."""
        pair, agreed = self._pairs[-1], track.transport
        if pair.closed:  # the connection was lost meanwhile
            return
        if agreed.tcp:
            pair.close()
        elif agreed.unicast:
            pair.remote = agreed.server_port
            self._punch()
        else:
            assert agreed.destination is not None and agreed.port is not None
            try:
                rtp, rtcp = self._join(agreed.destination, agreed.port, agreed.ttl)
            except OSError as error:
                text = f"the multicast group {agreed.destination} cannot be joined: {error.strerror or error}"
                raise RemoteProtocolError(text, hint="take RTP over TCP (transport='tcp')") from error
            pair.group, pair.remote = agreed.destination, agreed.port
            await pair.listen(rtp, rtcp)

    def send(self, channel: int, payload: bytes) -> None:
        """Sends RTCP of the track with that channel, once it is known to which port."""
        for pair in self._pairs:
            if channel == pair.channels[1]:
                pair.send(payload)

    def close(self) -> None:
        """Closes every socket; may be called again."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        for pair in self._pairs:
            pair.close()

    def _join(self, group: str, ports: tuple[int, int], ttl: int | None) -> tuple[socket.socket, socket.socket]:
        rtp = _group_socket(self._family, group, ports[0], self._local, ttl)
        try:
            return rtp, _group_socket(self._family, group, ports[1], self._local, ttl)
        except OSError:
            rtp.close()
            raise

    def _punch(self, tries: int = _PUNCHES) -> None:
        """Packets to the device's ports: they open the way back, for its RTP and its RTCP."""
        if self._timer is not None:
            self._timer.cancel()
        silent = [pair for pair in self._pairs if not pair.heard] if tries else self._pairs
        for pair in silent:
            pair.punch()
        tries = tries - 1 if tries and silent else 0
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(PUNCH_INTERVAL if tries else REFRESH_INTERVAL, self._punch, tries)

    def _taken(self, host: str) -> bool:
        """Whether a datagram from that host is read; counts it either way."""
        if host != self._peer[0] and _bare(host) != _bare(self._peer[0]):
            self._counts["foreign_datagrams"] += 1
        elif self.paused:
            self._counts["unread_datagrams"] += 1
        else:
            self._counts["datagrams"] += 1
            return True
        return False

    def _address(self, host: str | None, port: int) -> SocketAddress:
        """Where to send to: ``host``, or the device itself."""
        if host is None:
            return (self._peer[0], port, *self._peer[2:])
        return (host, port, 0, _interface(self._local)) if self._family == socket.AF_INET6 else (host, port)


class _Pair:
    """The two sockets of one track. ``remote`` are the device's ports, where they are known."""

    def __init__(self, media: DatagramMedia, channels: tuple[int, int]) -> None:
        self.channels = channels
        self.buffer = ReorderBuffer()
        self.remote: tuple[int, int] | None = None
        self.group: str | None = None
        self._media = media
        self.heard = False
        self.closed = False
        self._transports: list[asyncio.DatagramTransport] = []
        self._timer: asyncio.TimerHandle | None = None

    async def listen(self, rtp: socket.socket, rtcp: socket.socket) -> None:
        """Takes both sockets over."""
        loop = asyncio.get_running_loop()
        waiting = [(rtcp, self.rtcp), (rtp, self.rtp)]
        try:
            while waiting:
                sock, receive = waiting[-1]
                transport, _ = await loop.create_datagram_endpoint(partial(_Port, receive), sock=sock)
                waiting.pop()
                if self.closed:
                    transport.abort()
                else:
                    self._transports.append(transport)
        finally:
            for sock, _ in waiting:
                sock.close()

    def close(self) -> None:
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        for transport in self._transports:
            transport.abort()
        self._transports = []

    def punch(self) -> None:
        """A packet to each of the device's ports."""
        if self.remote is not None and self.group is None:
            for transport, port in zip(self._transports, self.remote, strict=False):
                transport.sendto(_PUNCH, self._media._address(None, port))

    def send(self, payload: bytes) -> None:
        if self.remote is not None and len(self._transports) == 2:
            self._transports[1].sendto(payload, self._media._address(self.group, self.remote[1]))

    def rtp(self, data: bytes, sender: SocketAddress) -> None:
        """One datagram on the even port; RTCP that strayed there is known by its type."""
        if not self._media._taken(sender[0]):
            return
        self.heard = True
        if len(data) > 1 and data[1] in _RTCP_TYPES:
            self._media._deliver(self.channels[1], data)
            return
        if self.remote is None and 0 < sender[1] < 65535:  # the answer to SETUP named no ports
            self.remote = (sender[1], sender[1] + 1)
        self._go_on(self.buffer.push(data, asyncio.get_running_loop().time()))

    def rtcp(self, data: bytes, sender: SocketAddress) -> None:
        """One datagram on the odd port."""
        if self._media._taken(sender[0]):
            self.heard = True
            self._media._deliver(self.channels[1], data)

    def _go_on(self, packets: list[bytes]) -> None:
        for packet in packets:
            self._media._deliver(self.channels[0], packet)
        deadline = self.buffer.next_deadline()
        if deadline is not None and self._timer is None and not self.closed:
            self._timer = asyncio.get_running_loop().call_at(deadline, self._flush)

    def _flush(self) -> None:
        self._timer = None
        self._go_on(self.buffer.flush(asyncio.get_running_loop().time()))


class _Port(asyncio.DatagramProtocol):
    """One socket. That a port of the peer is closed (ICMP) says nothing: silence is judged elsewhere."""

    def __init__(self, take: Callable[[bytes, SocketAddress], None]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: SocketAddress) -> None:
        self._take(data, addr)

    def error_received(self, exc: Exception) -> None:
        pass


def _socket(family: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setblocking(False)
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    return sock


def _bind_pair(family: int, local: SocketAddress) -> tuple[socket.socket, socket.socket]:
    """Two sockets on the local address: any free port, and the one that makes an even and odd pair of it."""
    last: OSError | None = None
    for _ in range(_TRIES):
        one = _socket(family)
        try:
            one.bind((local[0], 0, *local[2:]))
            port = one.getsockname()[1]
            other = _socket(family)
        except OSError:
            one.close()
            raise
        try:
            other.bind((local[0], port ^ 1, *local[2:]))
        except OSError as error:
            last = error
            one.close()
            other.close()
            continue
        return (other, one) if port % 2 else (one, other)
    assert last is not None
    raise last


def _group_socket(family: int, group: str, port: int, local: SocketAddress, ttl: int | None) -> socket.socket:
    """A socket that hears the group through the interface on which the RTSP connection is."""
    sock = _socket(family)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sys.platform == "darwin":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        here = group if os.name == "posix" else ""  # bound to the group, only what is sent to it arrives
        if family == socket.AF_INET6:
            index = _interface(local)
            sock.bind((here, port, 0, index))
            membership = socket.inet_pton(family, _bare(group)) + struct.pack("@I", index)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, membership)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, ttl or 1)
        else:
            sock.bind((here, port))
            interface = socket.inet_aton(local[0])
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + interface)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, ttl or 1)
    except OSError:
        sock.close()
        raise
    return sock


def _interface(local: SocketAddress) -> int:
    """The index of the interface with that IPv6 address: its scope, loopback, else the system's choice."""
    if local[3] or local[0] != "::1":
        return int(local[3])
    names = dict((name, index) for index, name in socket.if_nameindex())
    return names.get("lo", names.get("lo0", 0))


def _bare(host: str) -> str:
    """An address without its zone."""
    return host.partition("%")[0]
