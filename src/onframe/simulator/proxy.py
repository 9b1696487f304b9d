"""FaultProxy: stands between any client and any server over TCP, and does harm to the bytes as its script says.

    async with FaultProxy("127.0.0.1", port, to_client="cut@bytes=4096") as proxy: …   # connect to proxy.port
    proxy.to_client.inject("stall"); proxy.to_client.clear("stall")

The language is that of ``fault_plan`` with the words below, one script for each direction. Times count from the
proxy's start, bytes from the beginning of each connection (the first is byte 0).
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Self

from onframe.simulator.fault_plan import Fault, Word, count, rate, seconds
from onframe.simulator.faults import Active, Faults

READ = 65536
MAX_RANGE = 1 << 20
"""How many bytes of a range are kept to be sent twice."""
MAX_CONNECTIONS = 1024
CONNECTING = 10.0
"""Seconds that the server has to accept."""
LINGER = 5.0
"""Seconds without a byte after which a connection that one side has closed is closed altogether."""
_SLICES = 20  # pieces per second of a slow direction


def _bit(text: str) -> int:
    if text not in ("0", "1", "2", "3", "4", "5", "6", "7"):
        raise ValueError("a bit has a number from 0 to 7")
    return int(text)


PROXY_WORDS: dict[str, Word] = {
    word.name: word
    for word in (
        Word("cut", "the connection is closed on both sides (FIN)", when=("time", "bytes")),
        Word("rst", "the connection is reset on both sides", when=("time", "bytes")),
        Word("stall", "nothing is passed on; after bytes for good", lasts=True, when=("time", "bytes")),
        Word("halfopen", "what comes is thrown away; after bytes for good", lasts=True, when=("time", "bytes")),
        Word("delay", "each piece is passed on so much later", seconds, "200ms", lasts=True),
        Word("slow", "so many bytes per second", rate, "1kB/s", lasts=True),
        Word("split", "so many bytes per write", count, "1", 1, lasts=True),
        Word("dup", "these bytes come twice; at most 1 MiB", when=("range",), placed=True),
        Word("drop", "these bytes are left out", when=("range",), placed=True),
        Word("flip", "one bit of this byte is turned over", _bit, "0", 0, when=("bytes",), placed=True),
    )
}
"""What can go wrong in one direction of a FaultProxy, by name."""


_ENDINGS = ("cut", "rst", "stall", "halfopen")


class ByteScript:
    """The faults of one connection's direction that have a place in its bytes; does no I/O.

    ``feed`` gives what is to be passed on, in order: bytes, and a fault (cut, rst, stall, halfopen) where it strikes.
    Nothing comes behind such a fault: the connection is in its hands. ``hits`` are the words of what has struck.
    """

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self.position = 0
        self.ended = False
        self.hits: list[str] = []
        self._faults = list(faults)
        self._kept: dict[int, bytearray] = {}

    def add(self, fault: Fault) -> None:
        """One more; for bytes that have passed already it comes too late."""
        self._faults.append(fault)

    def feed(self, data: bytes) -> list[bytes | Fault]:
        """What becomes of these bytes."""
        out: list[bytes | Fault] = []
        start, end = self.position, self.position + len(data)
        inner = {edge for fault in self._faults for edge in _edges(fault) if start < edge < end}
        edges = sorted({start, end} | inner)
        for number, edge in enumerate(edges):
            self._end_at(edge, out)
            if self.ended or edge == end:
                break
            self._pass(data[edge - start : edges[number + 1] - start], out)
        return out

    def _end_at(self, edge: int, out: list[bytes | Fault]) -> None:
        for fault in self._faults:
            if fault.word in _ENDINGS and fault.after == edge and not self.ended:
                self.ended = True
                self.hits.append(fault.word)
                out.append(fault)

    def _pass(self, piece: bytes, out: list[bytes | Fault]) -> None:
        """Bytes that are inside or outside of each range as a whole."""
        at, self.position = self.position, self.position + len(piece)
        here = [fault for fault in self._faults if fault.word not in _ENDINGS and _first(fault) <= at <= _last(fault)]
        for fault in here:
            if fault.word == "flip":
                piece = bytes([piece[0] ^ 1 << int(fault.value or 0)])
        if not any(fault.word == "drop" for fault in here):
            out.append(piece)
        for fault in here:
            self._finish(fault, piece, out)

    def _finish(self, fault: Fault, piece: bytes, out: list[bytes | Fault]) -> None:
        if fault.word == "dup":
            kept = self._kept.setdefault(id(fault), bytearray())
            kept += piece[: max(0, MAX_RANGE - len(kept))]
        if self.position <= _last(fault):
            return
        self.hits.append(fault.word)
        if fault.word == "dup":
            out.append(bytes(self._kept.pop(id(fault))))


def _first(fault: Fault) -> int:
    assert fault.after is not None
    return fault.after


def _last(fault: Fault) -> int:
    return _first(fault) if fault.until is None else fault.until


def _edges(fault: Fault) -> tuple[int, int]:
    return _first(fault), _last(fault) + 1


class Direction:
    """One direction of a FaultProxy: its faults, how many bytes were passed on, and what holds at this moment."""

    def __init__(self, script: str, end: Callable[[bool], None], clock: Callable[[], float]) -> None:
        self.faults = Faults(script, words=PROXY_WORDS, counts_places=False, clock=clock)
        self.bytes = 0
        self.placed: list[Fault] = []
        self.scripts: set[ByteScript] = set()
        self.delay, self.rate, self.split, self.discards = 0.0, 0.0, 0, False
        self._end = end
        self._free = asyncio.Event()
        self._free.set()

    def strike(self, fault: Fault) -> None:
        """See ``Actions``: a place in the bytes of every connection, or the end of all that are open."""
        if fault.after is None:
            self._end(fault.word == "rst")
            return
        self.placed.append(fault)
        for script in self.scripts:
            script.add(fault)

    def hold(self, active: Sequence[Active], now: float) -> None:
        """See ``Actions``; of two values of one word the later holds."""
        values = {one.fault.word: one.fault.value for one in active}
        self.delay = float(values.get("delay") or 0.0)
        self.rate = float(values.get("slow") or 0.0)
        self.split = int(values.get("split") or 0)
        self.discards = "halfopen" in values
        if "stall" in values:
            self._free.clear()
        else:
            self._free.set()

    async def carry(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        """Pass bytes on, as the faults of this moment let it."""
        size = self.split or (max(1, int(self.rate / _SLICES)) if self.rate else len(data))
        for start in range(0, len(data), max(1, size)):
            piece = data[start : start + size]
            await self._free.wait()
            if self.delay and not start:
                await asyncio.sleep(self.delay)
            if self.discards:
                continue
            writer.write(piece)
            await writer.drain()
            self.bytes += len(piece)
            await asyncio.sleep(len(piece) / self.rate if self.rate else 0)


class FaultProxy:
    """Listens on ``port``, and connects each client to (host, port); ``to_server`` and ``to_client`` are scripts.

    Faults at a place in the bytes strike the first ``connections`` connections alone, where that is given.
    ``accepted`` counts connections, ``refused`` those that the server did not take, ``open`` those that last.
    Raises OnframeError for a script that cannot be read, and OSError where the port is taken.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        to_server: str = "",
        to_client: str = "",
        connections: int | None = None,
        listen: str = "127.0.0.1",
        listen_port: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.host, self.port = listen, listen_port
        self.accepted = self.refused = 0
        self._target = host, port
        self._connections = connections
        self._directions = tuple(Direction(script, self._end, clock) for script in (to_server, to_client))
        self._links: dict[asyncio.Task[None], tuple[asyncio.StreamWriter, ...]] = {}
        self._server: asyncio.Server | None = None

    @property
    def to_server(self) -> Faults:
        """The faults of what clients send."""
        return self._directions[0].faults

    @property
    def to_client(self) -> Faults:
        """The faults of what the server sends."""
        return self._directions[1].faults

    @property
    def bytes_to_server(self) -> int:
        """How many bytes were passed on to the server."""
        return self._directions[0].bytes

    @property
    def bytes_to_client(self) -> int:
        """How many bytes were passed on to clients."""
        return self._directions[1].bytes

    @property
    def open(self) -> int:
        """How many connections there are."""
        return len(self._links)

    async def start(self) -> None:
        """Listen; times count from now."""
        self._server = await asyncio.start_server(self._accept, self.host, self.port, limit=READ)
        self.port = self._server.sockets[0].getsockname()[1]
        for direction in self._directions:
            direction.placed.clear()
            direction.faults.begin(direction)
            direction.faults.run_on(asyncio.get_running_loop())

    async def stop(self) -> None:
        """Close every connection; no task is left."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for direction in self._directions:
            direction.faults.end()
        tasks = list(self._links)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # -- connections

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None or len(self._links) >= MAX_CONNECTIONS:
            writer.transport.abort()
            return
        self.accepted += 1
        task = asyncio.create_task(self._serve(reader, writer), name=f"fault proxy {self.port}")
        self._links[task] = (writer,)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            async with asyncio.timeout(CONNECTING):
                server_reader, server_writer = await asyncio.open_connection(*self._target, limit=READ)
        except OSError:
            self.refused += 1
            _close((writer,), reset=True)
        else:
            self._links[task] = (writer, server_writer)
            await self._link((reader, server_writer), (server_reader, writer))
        finally:
            for one in self._links.pop(task):
                one.close()

    async def _link(self, *ways: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        """Both directions of one connection, until both are over or one is and the other does not move."""
        struck = self._connections is None or self.accepted <= self._connections
        scripts = [ByteScript(direction.placed if struck else ()) for direction in self._directions]
        pumps = {
            asyncio.create_task(self._pump(direction, script, *way), name="fault proxy")
            for direction, script, way in zip(self._directions, scripts, ways, strict=True)
        }
        for direction, script in zip(self._directions, scripts, strict=True):
            direction.scripts.add(script)
        try:
            left = (await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED))[1]
            moved = -1
            while left and moved != (moved := sum(script.position for script in scripts)):
                left = (await asyncio.wait(left, timeout=LINGER))[1]
        finally:
            for direction, script in zip(self._directions, scripts, strict=True):
                direction.scripts.discard(script)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _pump(
        self, direction: Direction, script: ByteScript, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            data = b""
            while True:
                pieces = script.feed(data)
                direction.faults.done.update(script.hits)
                script.hits.clear()
                for piece in pieces:
                    if isinstance(piece, Fault):
                        await self._come_to(piece, reader, writer)
                        return
                    await direction.carry(piece, writer)
                if not (data := await reader.read(READ)):
                    break
            if not direction.discards and writer.can_write_eof():
                writer.write_eof()
        except OSError:
            writer.transport.abort()

    async def _come_to(self, fault: Fault, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The place in the bytes where this direction ends."""
        if fault.word == "stall":
            await asyncio.get_running_loop().create_future()
        elif fault.word == "halfopen":
            while await reader.read(READ):
                pass
        else:
            for link in self._links.values():
                if writer in link:
                    _close(link, reset=fault.word == "rst")

    def _end(self, reset: bool) -> None:
        for link in self._links.values():
            _close(link, reset=reset)


def _close(link: tuple[asyncio.StreamWriter, ...], *, reset: bool) -> None:
    for writer in link:
        if reset:
            sock: socket.socket = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        else:
            writer.close()
