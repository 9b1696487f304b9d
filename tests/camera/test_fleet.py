"""Five hundred cameras in one loop, half of them out of reach: the others notice nothing."""

import asyncio
import gc
import itertools
import logging
import socket
import time

import pytest

from onframe.camera.backoff import Backoff
from onframe.camera.camera import Camera
from onframe.camera.limiter import ConnectLimiter
from onframe.record import Record
from waiting import own_time, until

pytestmark = pytest.mark.fault("F72")

HEALTHY, AWAY = 250, 250
RATE = 100  # five times the default, so that the test is short


@pytest.fixture
def black_hole():
    """A port whose queue is full: SYNs are not answered."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for filler in fillers:
            filler.close()


@pytest.fixture
def closed():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield probe.getsockname()[1]  # bound and not listening: refused


class Fleet:
    """Cameras and what each of them saw."""

    def __init__(self, cameras):
        self.cameras = cameras
        self.records = dict.fromkeys(cameras, 0)
        self.lag = 0.0
        self.tasks = []

    async def __aenter__(self):
        self.tasks = [asyncio.create_task(self._watch(camera)) for camera in self.cameras]
        self.tasks.append(asyncio.create_task(self._measure()))
        return self

    async def __aexit__(self, *error):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await asyncio.gather(*(camera.close() for camera in self.cameras))

    async def _watch(self, camera):
        async for event in camera.watch(via="channel"):
            self.records[camera] += isinstance(event, Record)

    async def _measure(self):
        """The longest time for which the loop did nothing but one thing."""
        while True:
            before = own_time()
            await asyncio.sleep(0.01)
            self.lag = max(self.lag, own_time() - before - 0.01)

    def playing(self):
        return [camera for camera in self.cameras if camera.state in ("live", "quiet")]


def cameras_of(ports, limiter, **options):
    backoff = Backoff(initial=1.0, maximum=30.0)
    given = {"username": "admin", "password": "abcd1234", "limiter": limiter, "backoff": backoff, "timeout": 2.0}
    given |= {"remember_logins": False} | options
    return [
        Camera("127.0.0.1", http_port=http, rtsp_port=rtsp, name=f"camera {number}", **given)
        for number, (http, rtsp) in enumerate(ports)
    ]


async def test_unreachable_cameras_do_not_disturb_the_healthy_ones(device, make_document, black_hole, closed, caplog):
    caplog.set_level(logging.INFO, logger="onframe")
    limiter = ConnectLimiter(RATE)
    healthy = cameras_of([(device.http_port, device.rtsp_port)] * HEALTHY, limiter)
    away = cameras_of(itertools.islice(itertools.cycle([(closed, closed), (black_hole, black_hole)]), AWAY), limiter)
    began = time.monotonic()
    async with Fleet([camera for pair in zip(healthy, away, strict=True) for camera in pair]) as fleet:
        await until(lambda: len(fleet.playing()) == HEALTHY, 60)
        for number in range(20):
            device.send(make_document(target_id=number), timestamp=number * 3600)
            await asyncio.sleep(0.05)
        await until(lambda: min(fleet.records[camera] for camera in healthy) == 20, 20)
        attempts, seconds = limiter.passed, time.monotonic() - began
        assert attempts <= RATE * (seconds + 1)
        assert fleet.lag < 1.0
        assert not any(fleet.records[camera] for camera in away)
        assert {camera.counters["reconnects"] for camera in healthy} == {0}
        downs = [record.getMessage() for record in caplog.records if " is down: " in record.getMessage()]
        assert len(downs) == len({text.split(" channel")[0] for text in downs}) <= AWAY
        assert not [record for record in caplog.records if record.levelno > logging.WARNING]
        closing = time.monotonic()
    assert time.monotonic() - closing < 10
    gc.collect()


@pytest.mark.fault("F73")
async def test_names_that_take_seconds_to_look_up_do_not_hold_the_loop_up(device, make_document, monkeypatch):
    lookup, asked = socket.getaddrinfo, []

    def slow(host, *arguments, **options):
        if host == "slow.example":
            asked.append(host)
            time.sleep(1.5)
            raise socket.gaierror(socket.EAI_AGAIN, "the name server is slow")
        return lookup(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    slow_one = Camera("slow.example", username="admin", password="x", timeout=1.0, remember_logins=False)
    healthy = cameras_of([(device.http_port, device.rtsp_port)], ConnectLimiter(RATE))
    async with Fleet([slow_one, *healthy]) as fleet:
        await until(lambda: asked and fleet.playing() == healthy, 20)
        for number in range(10):
            device.send(make_document(target_id=number), timestamp=number * 3600)
            await asyncio.sleep(0.1)
        await until(lambda: fleet.records[healthy[0]] == 10, 10)
        assert fleet.lag < 1.0
        assert slow_one.state in ("connecting", "authenticating", "backoff", "stopped")


async def test_cameras_that_all_reboot_at_once_come_back_spread_over_time(device, make_document):
    limiter = ConnectLimiter(20)
    cameras = cameras_of([(device.http_port, device.rtsp_port)] * 40, limiter, backoff=Backoff(initial=0.5, maximum=2))
    async with Fleet(cameras) as fleet:
        await until(lambda: len(fleet.playing()) == 40, 30)
        await device.stop()
        device.rtsp_log.clear()
        times = []
        original = device._rtsp

        async def timed(reader, writer):
            times.append(time.monotonic())
            await original(reader, writer)

        device._rtsp = timed
        await until(lambda: not fleet.playing(), 10)
        await device.start()
        await until(lambda: len(fleet.playing()) == 40, 30)
    times.sort()
    assert len(times) >= 40
    assert all(later - earlier > 0.7 for earlier, later in zip(times, times[20:], strict=False)), "20 a second at most"
    assert {camera.counters["reconnects"] for camera in cameras} == {1}
