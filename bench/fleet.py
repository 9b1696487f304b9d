"""Five hundred cameras in one process, half of them out of reach: what the others notice.

    python bench/fleet.py [--cameras 500] [--seconds 12] [--rate 2]

Two runs in one process: the healthy half alone, then the same half together with as many that are out of reach (in
turns a closed port, and one that never answers). The healthy ones are sent the same documents at the same pace by a
server in a process of its own. What counts is the ratio of the Records per second, and the lag of the event loop: how
much later than asked for a sleep of 10 ms ends.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import multiprocessing
import socket
import statistics
import struct
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import NamedTuple

from onframe import Backoff, Camera, ConnectLimiter

CONNECTING = 100
"""Connections a second; five times the default, so that all are up soon."""
SETTLING = 20.0
"""Seconds that the healthy ones may take to play, at most."""
TICK = 0.01
DOCUMENT = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b'<Metadata version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">'
    b"<type>activityTarget</type><subType>behaviorAnalysis</subType><time>2024-05-01T12:00:00.000+08:00</time>"
    b"<TargetDetection><TargetList><Target><targetID>1</targetID><ruleID>1</ruleID></Target></TargetList>"
    b"</TargetDetection></Metadata>"
)
SDP = (
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=Media Presentation\r\nt=0 0\r\na=control:*\r\n"
    "m=application 0 RTP/AVP 107\r\na=rtpmap:107 isapi.metadata/90000\r\na=control:trackID=3\r\n"
)
CAPABILITY = (
    b'<DeviceCap version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">'
    b"<SysCap><isSupportMetadata>true</isSupportMetadata></SysCap></DeviceCap>"
)


# -- the device, in a process of its own


class Device:
    """Answers HTTP and RTSP without a login, and sends every player ``rate`` documents a second."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.playing: set[asyncio.StreamWriter] = set()

    async def http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The device capability to whatever is asked."""
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(CAPABILITY), CAPABILITY))
        writer.close()

    async def rtsp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One session."""
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while first := await reader.readexactly(1):
                if first == b"$":
                    await reader.readexactly(struct.unpack("!BH", await reader.readexactly(3))[1])
                    continue
                self._answer((first + await reader.readuntil(b"\r\n\r\n")).decode(), writer)
        self.playing.discard(writer)
        writer.close()

    def _answer(self, head: str, writer: asyncio.StreamWriter) -> None:
        method = head.partition(" ")[0]
        cseq = head.lower().partition("cseq:")[2].partition("\r\n")[0].strip()
        more, body = "Session: 77;timeout=60\r\n", ""
        if method == "OPTIONS":
            more = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN\r\n"
        elif method == "DESCRIBE":
            more, body = f"Content-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n", SDP
        elif method == "SETUP":
            more += "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
        writer.write(f"RTSP/1.0 200 OK\r\nCSeq: {cseq}\r\n{more}\r\n{body}".encode())
        if method == "PLAY":
            self.playing.add(writer)

    async def send(self) -> None:
        """The same moment for all of them would be a burst: each tick serves its share."""
        number, began, turns = 0, time.monotonic(), 10
        while True:
            number += 1
            await asyncio.sleep(max(0.0, began + number / self.rate / turns - time.monotonic()))
            packet = struct.pack("!BBHII", 0x80, 0x80 | 107, number // turns & 0xFFFF, number // turns * 3600, 1)
            frame = struct.pack("!cBH", b"$", 0, len(packet) + len(DOCUMENT)) + packet + DOCUMENT
            for writer in [one for one in self.playing if id(one) // 64 % turns == number % turns]:
                writer.write(frame)


def serve(rate: float, ports: Connection) -> None:
    """The device's process."""

    async def main() -> None:
        device = Device(rate)
        servers = [await asyncio.start_server(each, "127.0.0.1", 0, backlog=512) for each in (device.http, device.rtsp)]
        ports.send([server.sockets[0].getsockname()[1] for server in servers])
        await device.send()

    asyncio.run(main())


# -- out of reach


@contextlib.contextmanager
def black_hole() -> Iterator[int]:
    """A port whose queue is full: nothing answers."""
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@contextlib.contextmanager
def closed() -> Iterator[int]:
    """A port that is bound and does not listen: refused."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield probe.getsockname()[1]


# -- a run


class Figures(NamedTuple):
    """What one run gave; ``lags`` in seconds."""

    playing: int
    records: float
    attempts: float
    lags: list[float]


class Fleet:
    """Cameras of these (HTTP, RTSP) ports, each watched by a task of its own."""

    def __init__(self, ports: list[tuple[int, int]]) -> None:
        self.limiter, self.records, self.lags = ConnectLimiter(CONNECTING), 0, list[float]()
        self.cameras = [
            Camera(
                "127.0.0.1",
                username="admin",
                password="abcd1234",
                http_port=http,
                rtsp_port=rtsp,
                name=f"camera {number}",
                backoff=Backoff(initial=1.0, maximum=30.0),
                timeout=2.0,
                limiter=self.limiter,
                remember_logins=False,
            )
            for number, (http, rtsp) in enumerate(ports)
        ]

    async def run(self, healthy: int, seconds: float) -> Figures:
        """Wait until the healthy ones play, then measure for so long."""
        tasks = [asyncio.create_task(self._watch(camera)) for camera in self.cameras]
        tasks.append(asyncio.create_task(self._lag()))
        end = time.monotonic() + SETTLING
        while (playing := self._playing()) < healthy and time.monotonic() < end:
            await asyncio.sleep(0.1)
        began, records, passed = time.monotonic(), self.records, self.limiter.passed
        self.lags.clear()
        await asyncio.sleep(seconds)
        spent = time.monotonic() - began
        figures = Figures(
            playing, (self.records - records) / spent, (self.limiter.passed - passed) / spent, sorted(self.lags)
        )
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(camera.close() for camera in self.cameras))
        return figures

    def _playing(self) -> int:
        return sum(camera.state in ("live", "quiet") for camera in self.cameras)

    async def _watch(self, camera: Camera) -> None:
        async for _ in camera.watch(via="channel"):
            self.records += 1

    async def _lag(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(TICK)
            self.lags.append(time.monotonic() - before - TICK)


def show(name: str, figures: Figures) -> None:
    """One line."""
    hundredths = statistics.quantiles(figures.lags, n=100)
    lags = " / ".join(f"{1000 * value:.1f}" for value in (hundredths[49], hundredths[98], figures.lags[-1]))
    print(
        f"  {name:26} {figures.playing:4} playing   {figures.records:7.0f} Records/s   "
        f"{figures.attempts:5.1f} attempts/s   lag {lags} ms",
        flush=True,
    )


async def measure(cameras: int, seconds: float, ports: tuple[int, int]) -> None:
    """The healthy half alone, then all."""
    healthy = cameras // 2
    with black_hole() as silent, closed() as refused:
        away = [((refused, refused), (silent, silent))[number % 2] for number in range(cameras - healthy)]
        alone = await Fleet([ports] * healthy).run(healthy, seconds)
        show(f"{healthy} healthy alone", alone)
        mixed = [port for pair in zip([ports] * healthy, away, strict=False) for port in pair]
        together = await Fleet(mixed).run(healthy, seconds)
        show(f"{healthy} with {len(away)} out of reach", together)
    print(f"the healthy ones give x{together.records / alone.records:.3f} of the Records that they give alone")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--cameras", type=int, default=500)
    options.add_argument("--seconds", type=float, default=12)
    options.add_argument("--rate", type=float, default=2, help="documents a second and camera")
    chosen = options.parse_args()
    logging.getLogger("onframe").setLevel(logging.CRITICAL)
    raise_descriptors()
    here, there = multiprocessing.Pipe()
    device = multiprocessing.get_context("spawn").Process(target=serve, args=(chosen.rate, there), daemon=True)
    device.start()
    try:
        http, rtsp = here.recv()
        print("lag of the event loop: p50 / p99 / max")
        asyncio.run(measure(chosen.cameras, chosen.seconds, (http, rtsp)))
    finally:
        device.terminate()
        device.join()


def raise_descriptors() -> None:
    """Two descriptors a camera are more than many systems allow at first."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192) if hard > 0 else 8192, hard))


if __name__ == "__main__":
    main()
