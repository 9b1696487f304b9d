"""Every word of the language of faults: what the camera does, and that our client lives through it and says so."""

from __future__ import annotations

import asyncio

import pytest

from onframe.camera.camera import Camera
from onframe.errors import AuthenticationError
from onframe.record import Gap, Record, Undecodable
from onframe.simulator.camera import SimulatedCamera
from onframe.simulator.proxy import FaultProxy

pytestmark = pytest.mark.timeout(120)


async def more(watching, count: int = 10) -> None:
    """Wait for so many Records from now on."""
    wanted = len(watching.records()) + count
    await watching.until(lambda event: len(watching.records()) >= wanted)


async def counted(watching, name: str, least: int = 1) -> dict[str, int]:
    """The client's counters, once that one is so high."""
    async with asyncio.timeout(60):
        while watching.camera.counters.get(name, 0) < least:
            await asyncio.sleep(0.05)
    return watching.camera.counters


@pytest.mark.fault("F39")
async def test_loss(watch) -> None:
    async with SimulatedCamera("gate", faults="loss=20%") as simulated:
        watching = await watch(simulated)
        counters = await counted(watching, "lost", 10)
        await more(watching)
    gaps = [event for event in watching.events if isinstance(event, Gap)]
    assert {gap.reason for gap in gaps} == {"loss"} and all(gap.packets for gap in gaps)
    assert counters["reconnects"] == counters["undecodable"] == 0


@pytest.mark.fault("F40")
async def test_reorder(watch) -> None:
    async with SimulatedCamera("gate", faults="reorder=20%") as simulated:
        watching = await watch(simulated, transport="udp")
        await more(watching, 60)
        counters = watching.camera.counters
    assert counters["reconnects"] == counters["undecodable"] == counters["lost"] == 0


@pytest.mark.fault("F40")
async def test_duplicate(watch) -> None:
    async with SimulatedCamera("gate", faults="duplicate=50%") as simulated:
        watching = await watch(simulated)
        counters = await counted(watching, "duplicates", 10)
        await more(watching)
    assert counters["reconnects"] == counters["undecodable"] == counters["lost"] == 0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("cut", "closed"),
        ("cut@bytes=3000", "closed"),
        ("rst", "reset"),
        ("bye", "good-bye"),
    ],
)
async def test_connections_that_end(watch, text: str, reason: str) -> None:
    async with SimulatedCamera("gate") as simulated:
        watching = await watch(simulated)
        await watching.record()
        here = len(watching.events)
        simulated.faults.inject(text)
        down = await watching.state("backoff", here)
        assert reason in down.reason
        back = await watching.until(lambda event: isinstance(event, Record) and event.epoch > down.epoch, here)
        assert back.gap_before is not None and back.gap_before.reason == "reconnect"
        assert watching.camera.counters["reconnects"] == 1
        assert simulated.faults.done == {text.partition("@")[0]: 1}


async def test_a_cut_before_anybody_is_there_is_for_the_next_connection(watch) -> None:
    async with SimulatedCamera("gate", faults="cut@bytes=700") as simulated:
        watching = await watch(simulated)
        await more(watching)
        assert "backoff" in watching.states(), "the answer to DESCRIBE is longer than that"
        assert simulated.trouble.cut_after is None


@pytest.mark.fault("F32")
@pytest.mark.parametrize("word", ["stall", "halfopen"])
async def test_silence_is_stale_first_then_a_reconnect(watch, word: str) -> None:
    async with SimulatedCamera("gate") as simulated:
        watching = await watch(simulated)
        await watching.record()
        here = len(watching.events)
        simulated.faults.inject(word)
        await watching.state("stale", here)
        await watching.state("backoff", here)
        assert watching.states(here)[:2] == ["stale", "backoff"]
        simulated.faults.clear(word)
        here = len(watching.events)
        await watching.state("live", here)
        await watching.record(here)
        assert watching.camera.counters["reconnects"] == 1


async def test_slow(watch) -> None:
    async with SimulatedCamera("gate") as simulated:
        watching = await watch(simulated)
        await watching.record()
        simulated.faults.inject("slow=8kB/s")
        await more(watching)
        simulated.faults.clear("slow")
        await more(watching, 40)
        assert watching.camera.counters["reconnects"] == 0 and watching.camera.counters["lost"] == 0


@pytest.mark.fault("F8")
async def test_nonces_that_expire_every_few_requests_cost_no_request_and_no_login(watch) -> None:
    async with SimulatedCamera("gate", faults="nonce-expiry=every 5") as simulated:
        watching = await watch(simulated)
        enabled = await asyncio.gather(*(watching.camera.type_enabled("ANPR") for _ in range(20)))
        assert enabled == [True] * 20
        assert simulated.device.log == [] and watching.camera.counters["reconnects"] == 0


async def test_nonces_that_expire_while_a_session_plays_do_not_end_it(watch) -> None:
    async with SimulatedCamera("gate") as simulated:
        watching = await watch(simulated)
        for _ in range(3):
            simulated.faults.inject("nonce-expiry")
            asked = len(simulated.device.requests)
            await watching.until(lambda event, n=asked: len(simulated.device.requests) > n)
        await more(watching)
        assert simulated.device.log == [] and watching.camera.counters["reconnects"] == 0
        assert simulated.faults.done == {"nonce-expiry": 3}


async def test_lockout(watch) -> None:
    async with SimulatedCamera("gate", faults="lockout=1") as simulated:
        simulated.device.lock_seconds = 2.0
        watching = await watch(simulated, keepalive=30.0)  # nothing is asked while the lock lasts
        ports = {"http_port": simulated.http_port, "rtsp_port": simulated.rtsp_port}
        async with Camera("127.0.0.1", username="admin", password="wrong", **ports) as wrong:
            with pytest.raises(AuthenticationError):
                await wrong.configuration()
            assert simulated.device.locked
            with pytest.raises(AuthenticationError):
                await wrong.configuration()
        assert len(simulated.device.log) == 1, "the second call was not even sent"
        await more(watching)
        async with asyncio.timeout(30):
            while simulated.device.locked:
                await asyncio.sleep(0.05)
        assert await watching.camera.type_enabled("ANPR") and len(simulated.device.log) == 1
        simulated.faults.clear("lockout")
        assert simulated.device.lockout is None and watching.states()[-1] == "live"


async def test_sequence_jump(watch) -> None:
    async with SimulatedCamera("gate") as simulated:
        watching = await watch(simulated)
        await watching.record()
        simulated.faults.inject("sequence-jump=1000")
        gap = await watching.gap("loss")
        await more(watching)
        assert gap.packets == 1000 and watching.camera.counters["lost"] == 1000
        assert watching.camera.counters["reconnects"] == 0


@pytest.mark.fault("F44")
async def test_ssrc_change(watch) -> None:
    async with SimulatedCamera("gate") as simulated:
        watching = await watch(simulated, watching={"video": True})
        await watching.until(lambda event: isinstance(event, Record) and event.video and event.video.exact)
        simulated.faults.inject("ssrc-change")
        counters = await counted(watching, "resets")
        here = len(watching.events)
        await watching.until(lambda event: isinstance(event, Record) and event.video and event.video.exact, here)
        assert counters["reconnects"] == 0 and counters["lost"] == 0


@pytest.mark.fault("F46")
async def test_oversize(watch) -> None:
    async with SimulatedCamera("gate") as simulated:
        watching = await watch(simulated)
        await watching.record()
        simulated.faults.inject("oversize=5MiB")
        lost = await watching.until(lambda event: isinstance(event, Undecodable))
        await more(watching)
        assert lost.error == "LimitExceeded" and lost.raw == b""
        assert (await counted(watching, "oversize"))["reconnects"] == 0


async def test_a_fault_proxy_between_camera_and_client(watch) -> None:
    async with SimulatedCamera("gate") as simulated:
        script = "split=1@0s..1s, flip@bytes=9000, drop@bytes=12000..12100, dup@bytes=15000..15200, cut@bytes=40000"
        async with FaultProxy(simulated.host, simulated.rtsp_port, to_client=script, connections=1) as proxy:
            watching = await watch(simulated, rtsp_port=proxy.port)
            await watching.gap("reconnect")
            await more(watching)
            assert proxy.to_client.done == {"split": 1, "flip": 1, "drop": 1, "dup": 1, "cut": 1}
            assert proxy.accepted == watching.camera.counters["connections"] == 2
            proxy.to_client.inject("halfopen")
            here = len(watching.events)
            await watching.state("stale", here)
            proxy.to_client.clear()
            await watching.state("live", here)
            await more(watching)
