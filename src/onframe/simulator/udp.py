"""RTP over UDP as a camera sends it: pairs of ports to one client, and groups to everybody who joins (RFC 2326 10.4).

What is sent goes to the address that the RTSP connection came from, never to one that a request names.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from onframe.errors import LimitExceeded

MAX_PAIRS = 256
"""Pairs of UDP ports that are open at once, for all clients together."""
TTL = 1
"""Routers that a multicast packet may pass is one less than this."""
_TRIES = 64
_SEND_BUFFER = 1 << 20
_READ = 65536

Address: TypeAlias = tuple[Any, ...]
"""As the socket module has it: host and port, for IPv6 flow and scope too."""


class Ports:
    """The UDP ports of one camera: counts what is open and what could not be sent."""

    def __init__(self, max_pairs: int = MAX_PAIRS) -> None:
        self.open = 0
        self.unsent = 0
        self._max_pairs = max_pairs

    def bind(self, local: Address, family: int) -> PortPair:
        """Two neighbouring ports at that address. Raises LimitExceeded where too many are open, and OSError."""
        if self.open >= self._max_pairs:
            raise LimitExceeded("no UDP port is left for another track", limit="udp ports", maximum=self._max_pairs)
        pair = PortPair(self, _bind_pair(local, family))
        self.open += 1
        return pair


class PortPair:
    """An even port for RTP and the odd one above it for RTCP."""

    def __init__(self, ports: Ports, sockets: tuple[socket.socket, socket.socket]) -> None:
        self._ports = ports
        self._sockets = sockets
        self._reader: asyncio.Task[None] | None = None
        self._closed = False
        self.numbers: tuple[int, int] = (sockets[0].getsockname()[1], sockets[1].getsockname()[1])

    def send(self, packets: Iterable[bytes], address: Address, *, rtcp: bool) -> None:
        """Sends each as a datagram; what the system does not take at once is lost, as on a full wire."""
        if self._closed:
            return
        sock = self._sockets[rtcp]
        for packet in packets:
            try:
                sock.sendto(packet, address)
            except OSError:
                self._ports.unsent += 1

    def listen(self, on_report: Callable[[bytes, Address], None]) -> None:
        """Hands over what arrives at the RTCP port, and who sent it; the other port is never read."""
        sock = self._sockets[1]
        self._reader = asyncio.get_running_loop().create_task(_read(sock, on_report), name="rtcp port")
        self._reader.add_done_callback(lambda _: sock.close())

    def multicast_from(self, local: str) -> None:
        """Sends to groups by the interface that has this IPv4 address, no farther than its network."""
        for sock in self._sockets:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(local))
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, TTL)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)

    def close(self) -> None:
        """Gives the ports back; may be called again."""
        if self._closed:
            return
        self._closed = True
        self._ports.open -= 1
        self._sockets[0].close()
        if self._reader is None:
            self._sockets[1].close()
        else:
            self._reader.cancel()  # which closes its socket


async def _read(sock: socket.socket, on_datagram: Callable[[bytes, Address], None]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        try:
            data, address = await loop.sock_recvfrom(sock, _READ)
        except OSError:  # a client that is gone may be reported here
            await asyncio.sleep(0.1)
            continue
        on_datagram(data, address)
        await asyncio.sleep(0)  # a flood of datagrams waits, not everybody else


def _bind_pair(local: Address, family: int) -> tuple[socket.socket, socket.socket]:
    """An even free port and the next one; OSError where none is found."""
    for _ in range(_TRIES):
        first = _bind((local[0], 0, *local[2:]), family)
        number = first.getsockname()[1]
        other = number + 1 if number % 2 == 0 else number - 1
        try:
            second = _bind((local[0], other, *local[2:]), family)
        except OSError:
            first.close()
            continue
        return (first, second) if number < other else (second, first)
    raise OSError(f"no pair of free UDP ports in {_TRIES} tries")


def _bind(address: Address, family: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        sock.bind(address)
    except OSError:
        sock.close()
        raise
    return sock


class ClientPorts:
    """One track to one client: our pair of ports and the client's, at the address of its RTSP connection."""

    def __init__(self, pair: PortPair, client: Address, numbers: tuple[int, int]) -> None:
        self._pair = pair
        self._host = client[0]
        self._addresses = [(client[0], number, *client[2:]) for number in numbers]

    def listen(self, on_report: Callable[[], None]) -> None:
        """``on_report`` is called for each RTCP packet of this client; anybody else's is thrown away."""

        def arrived(data: bytes, address: Address) -> None:
            if address[0] == self._host and _is_rtcp(data):
                on_report()

        self._pair.listen(arrived)

    def send(self, packets: Iterable[bytes], *, rtcp: bool = False) -> None:
        """Datagrams to the client's port for RTP or RTCP."""
        self._pair.send(packets, self._addresses[rtcp], rtcp=rtcp)

    def close(self) -> None:
        """Gives the ports back."""
        self._pair.close()


def _is_rtcp(data: bytes) -> bool:
    return len(data) >= 8 and data[0] >> 6 == 2 and 200 <= data[1] <= 204


class GroupPorts:
    """A multicast group of the site's own range (RFC 2365): its address, and a pair of ports for each track.

    Raises LimitExceeded and OSError as `Ports.bind` does.
    """

    def __init__(self, ports: Ports, local: Address, tracks: Iterable[str]) -> None:
        self.address = f"239.255.{secrets.randbelow(256)}.{1 + secrets.randbelow(254)}"
        self._pair = ports.bind(local, socket.AF_INET)
        try:
            self._pair.multicast_from(local[0])
            self.numbers = {name: _free_pair() for name in tracks}
        except OSError:
            self._pair.close()
            raise

    def send(self, track: str, packets: Iterable[bytes], *, rtcp: bool = False) -> None:
        """Datagrams to the track's port for RTP or RTCP."""
        self._pair.send(packets, (self.address, self.numbers[track][rtcp]), rtcp=rtcp)

    def close(self) -> None:
        """Gives the ports back."""
        self._pair.close()


def _free_pair() -> tuple[int, int]:
    """Two ports that nobody on this machine has now: those who join on it will want them."""
    first, second = _bind_pair(("0.0.0.0", 0), socket.AF_INET)
    with first, second:
        return first.getsockname()[1], second.getsockname()[1]
