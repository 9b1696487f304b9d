"""What the viewer's server costs: one H.264 camera at 25 pictures a second, for 1, 16 and 64 pages.

    python bench/viewer.py [--pages 1,16,64] [--paths annexb,fmp4] [--seconds 20] [--scene gate]

Three processes: a simulated camera over real RTSP, the server (our client, Shapes, WebSockets), and the pages, which
read and count. What counts is the CPU time of the server's process for each second, less what the same process spends
with no page: its idle loop. It rises with the documents that the scene sends (texts/s), and with what else runs on the
machine. Each page must get every picture; the bounds are those that the project promises.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import functools
import http.client
import json
import logging
import multiprocessing
import os
import statistics
import struct
import time
from contextlib import AsyncExitStack
from multiprocessing.connection import Connection
from typing import NamedTuple

PICTURES = 25
SETTLING = 3.0
"""Seconds after the last page has come."""
BOUNDS = {("annexb", 1): 3.0, ("annexb", 64): 15.0}
"""Percent of a core."""


class Spent(NamedTuple):
    """CPU and wall clock, seconds, and the resident bytes."""

    cpu: float
    wall: float
    resident: int


class Got(NamedTuple):
    """What a page has read."""

    pictures: int
    texts: int
    bytes: int


# -- the camera's process, the server's process


def simulate(here: Connection, scene: str) -> None:
    """A camera, until the pipe is closed."""
    from onframe.simulator.camera import SimulatedCamera

    async def main() -> None:
        async with SimulatedCamera(scene, clock="sr") as camera:
            here.send(camera.url)
            await asyncio.get_running_loop().run_in_executor(None, _until_closed, here)

    asyncio.run(main())


def serve(here: Connection, url: str) -> None:
    """The viewer, as ``onframe view`` runs it; tells its address, and what it has spent whenever it is asked."""
    from onframe.camera.camera import Camera
    from onframe.cli.process import collect_seldom
    from onframe.viewer.server import Viewer

    logging.getLogger("onframe").setLevel(logging.CRITICAL)

    async def main() -> None:
        async with AsyncExitStack() as stack:
            camera = await stack.enter_async_context(Camera.from_url(url))
            viewer = await stack.enter_async_context(Viewer(camera))
            collect_seldom()
            here.send(viewer.url)
            ended = asyncio.Event()
            asyncio.get_running_loop().add_reader(here.fileno(), _answer, here, ended)
            await ended.wait()

    asyncio.run(main())


def _answer(here: Connection, ended: asyncio.Event) -> None:
    try:
        here.recv()
        here.send(Spent(time.process_time(), time.monotonic(), _resident()))
    except EOFError:
        asyncio.get_running_loop().remove_reader(here.fileno())
        ended.set()


def _until_closed(here: Connection) -> None:
    try:
        while True:
            here.recv()
    except EOFError:
        pass


def _resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# -- the pages' process


class Page(asyncio.Protocol):
    """Opens the WebSocket, says what it watches, and counts the pictures; it looks at the frames' heads alone."""

    def __init__(self, port: int, cookie: str, path: str) -> None:
        self._port, self._cookie, self._path = port, cookie, path
        self._data = bytearray()
        self._skip = 0
        self._is_open = False
        self.pictures = self.texts = self.bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        assert isinstance(transport, asyncio.Transport)
        head = (
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nOrigin: http://127.0.0.1:{self._port}\r\n"
            f"Cookie: {self._cookie}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\n\r\n"
        )
        self._transport = transport
        transport.write(head.encode())

    def data_received(self, data: bytes) -> None:
        """Count."""
        self.bytes += len(data)
        if self._skip >= len(data):
            self._skip -= len(data)
            return
        self._data += data[self._skip :]
        self._skip = 0
        if not self._is_open:
            end = self._data.find(b"\r\n\r\n")
            if end < 0:
                return
            del self._data[: end + 4]
            self._is_open = True
            watch = json.dumps({"type": "watch", "path": self._path}).encode()
            self._transport.write(bytes((0x81, 0x80 | len(watch))) + bytes(4) + watch)
        self._frames()

    def _frames(self) -> None:
        while len(self._data) >= 2:
            size, head = self._data[1], 2
            if size == 126 and len(self._data) >= 4:
                (size,), head = struct.unpack_from(">H", self._data, 2), 4
            elif size == 127 and len(self._data) >= 10:
                (size,), head = struct.unpack_from(">Q", self._data, 2), 10
            elif size >= 126:
                return
            if self._data[0] == 0x82 and len(self._data) <= head:
                return
            self.texts += self._data[0] == 0x81
            self.pictures += self._data[0] == 0x82 and self._data[head] != 2
            whole = head + size
            self._skip = max(0, whole - len(self._data))
            del self._data[:whole]


def visit(here: Connection) -> None:
    """Pages as they are asked for: (address, count, path), None for how many pictures and bytes came since."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        transports: list[asyncio.BaseTransport] = []
        pages: list[Page] = []
        while (asked := await loop.run_in_executor(None, here.recv)) != "end":
            if asked is None:
                here.send([Got(page.pictures, page.texts, page.bytes) for page in pages])
                continue
            for transport in transports:
                transport.close()
            await asyncio.sleep(1.0)  # the server must have seen them go: it takes a limited number
            url, count, path = asked
            port = int(url.split(":")[2].partition("/")[0])
            cookie = _cookie(port, url.partition(str(port))[2]) if count else ""
            page = functools.partial(Page, port, cookie, path)
            made = [await loop.create_connection(page, "127.0.0.1", port) for _ in range(count)]
            transports, pages = [transport for transport, _ in made], [page for _, page in made]
            here.send(count)

    asyncio.run(main())


def _cookie(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", path)
    cookie = connection.getresponse().getheader("Set-Cookie", "").partition(";")[0]
    connection.close()
    return cookie


# -- the measurement


class Bench:
    """The pipes to the three processes."""

    def __init__(self, server: Connection, pages: Connection, url: str, seconds: float) -> None:
        self._server, self._pages, self._url, self._seconds = server, pages, url, seconds

    def measure(self, count: int, path: str) -> tuple[float, int, list[Got]]:
        """(percent of a core, resident bytes, what each page got) with so many pages."""
        self._ask(self._pages, (self._url, count, path))
        time.sleep(SETTLING)
        before, first = self._spent(), self._ask(self._pages, None)
        time.sleep(self._seconds)
        after, last = self._spent(), self._ask(self._pages, None)
        got = [Got(*(b - a for a, b in zip(*each, strict=True))) for each in zip(first, last, strict=True)]
        return 100 * (after.cpu - before.cpu) / (after.wall - before.wall), after.resident, got

    def _spent(self) -> Spent:
        spent = self._ask(self._server, "spent")
        assert isinstance(spent, Spent)
        return spent

    def _ask(self, pipe: Connection, question: object) -> object:
        pipe.send(question)
        return pipe.recv()


def run(bench: Bench, counts: list[int], paths: list[str], seconds: float) -> bool:
    """Print the table; whether it is within the bounds."""
    idle, resident, _ = bench.measure(0, "annexb")
    print("path     pages  of a core  over idle   a page   Mbit/s  texts/s  resident  bound")
    print(f"{'idle':8} {0:5} {idle:9.2f}% {'':10} {'':8} {'':8} {'':8} {resident / 2**20:5.0f} MiB")
    fine = True
    for path in paths:
        for count in counts:
            percent, resident, got = bench.measure(count, path)
            fewest = min(one.pictures for one in got)
            rate = 8 * sum(one.bytes for one in got) / seconds / 1e6
            texts = statistics.mean(one.texts for one in got) / seconds
            bound = BOUNDS.get((path, count))
            verdict = "" if bound is None else f"{bound:g}%: {'met' if percent - idle <= bound else 'MISSED'}"
            fine = fine and (bound is None or percent - idle <= bound)
            if fewest < 0.9 * PICTURES * seconds:
                verdict, fine = f"{verdict} a page got {fewest} pictures only", False
            print(
                f"{path:8} {count:5} {percent:9.2f}% {percent - idle:9.2f}% {(percent - idle) / count:7.2f}% "
                f"{rate:8.1f} {texts:8.1f} {resident / 2**20:5.0f} MiB  {verdict}",
                flush=True,
            )
    return fine


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pages", default="1,16,64")
    options.add_argument("--paths", default="annexb,fmp4")
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--scene", default="gate")
    chosen = options.parse_args()
    spawn = multiprocessing.get_context("spawn")
    processes, pipes = [], []

    def start(target: object, *arguments: object) -> Connection:
        here, there = spawn.Pipe()
        process = spawn.Process(target=target, args=(there, *arguments), daemon=True)  # type: ignore[arg-type]
        process.start()
        there.close()
        processes.append(process)
        pipes.append(here)
        return here

    try:
        camera = start(simulate, chosen.scene).recv()
        server = start(serve, camera)
        bench = Bench(server, start(visit), server.recv(), chosen.seconds)
        counts = [int(word) for word in chosen.pages.split(",")]
        fine = run(bench, counts, chosen.paths.split(","), chosen.seconds)
    finally:
        for process in processes:
            process.terminate()
            process.join()
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(main())
