"""A camera that is set up anew while it is watched: a type, the picture's size, a channel, what it can do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from onframe.isapi.config import configuration_type
from onframe.record import AccessUnit, Record
from onframe.simulator.camera import SimulatedCamera
from onframe.simulator.programme import SceneProgramme
from onframe.simulator.scenes import load
from onframe.simulator.source import Source
from onframe.wire.payload.sps import parse_sps

pytestmark = pytest.mark.timeout(120)


def is_of(metadata_type: str) -> Any:
    return lambda event: isinstance(event, Record) and configuration_type(event.metadata) == metadata_type


def types(records: Iterable[Record]) -> set[str | None]:
    return {configuration_type(record.metadata) for record in records}


@pytest.mark.fault("F35")
async def test_a_type_that_is_switched_off_stops_alone_and_resumes_without_a_reconnect(watch) -> None:
    async with SimulatedCamera("all") as simulated:
        watching = await watch(simulated)
        await watching.until(is_of("ANPR"))
        simulated.faults.inject("type-off=ANPR")
        assert not await watching.camera.type_enabled("ANPR")
        await asyncio.sleep(0.2)  # what was on its way has come
        here = len(watching.events)
        while len(watching.records(here)) < 40:
            await asyncio.sleep(0.05)
        assert "ANPR" not in types(watching.records(here)) and len(types(watching.records(here))) >= 3
        here = len(watching.events)
        simulated.faults.clear("type-off")
        await watching.until(is_of("ANPR"), here)
        assert await watching.camera.type_enabled("ANPR")
        assert watching.states() == ["connecting", "authenticating", "live"]
        assert watching.camera.counters["reconnects"] == 0 and simulated.faults.done == {"type-off": 1}


@pytest.mark.fault("F35")
async def test_the_same_by_our_own_hand(watch) -> None:
    async with SimulatedCamera("all") as simulated:
        watching = await watch(simulated, watching={"types": ["ANPR"], "via": "subscribe"})
        await watching.record()
        await watching.camera.configure(disable={"ANPR"})
        await asyncio.sleep(0.2)
        here = len(watching.events)
        await asyncio.sleep(1.5)
        assert not watching.records(here)
        await watching.camera.configure(enable={"ANPR"})
        assert configuration_type((await watching.record(here)).metadata) == "ANPR"
        assert watching.camera.counters["reconnects"] == 0


class Smaller(SceneProgramme):
    """The scene, with the sub-stream's picture on the main stream too."""

    def prepare(self) -> None:
        super().prepare()
        self.films[1] = self.films[2]


def size(unit: AccessUnit) -> tuple[int, int]:
    """Of a key picture, by its own parameter set."""
    sps = next(nal for nal in unit.data.split(b"\0\0\0\1") if nal and nal[0] & 31 == 7)
    parameters = parse_sps(sps)
    return parameters.width, parameters.height


@pytest.mark.fault("F35")
async def test_another_size_of_the_picture_is_taken_as_it_comes_and_the_space_of_points_stays(watch) -> None:
    async with SimulatedCamera("gate") as simulated:
        watching = await watch(simulated, watching={"video": True})
        key = await watching.until(lambda event: isinstance(event, AccessUnit) and event.key)
        before = await watching.record()
        assert size(key) == (1280, 720)
        old, new = simulated.sources[1], Source(Smaller(load("gate", 1)), trouble=simulated.trouble)
        await new.prepare()
        simulated.sources[1] = new
        here = len(watching.events)
        simulated.faults.inject("bye")
        await old.close()
        key = await watching.until(lambda event: isinstance(event, AccessUnit) and event.key, here)
        after = await watching.until(lambda event: getattr(event, "video", None) and event.video.exact, here)
    assert size(key) == (640, 360) and key.epoch == after.epoch > before.epoch
    assert after.coordinates == before.coordinates and after.coordinates.width is None
    assert watching.camera.counters["reconnects"] == 1


@pytest.mark.fault("F35")
async def test_a_channel_that_is_taken_away_is_asked_for_again_until_it_is_back(watch) -> None:
    async with SimulatedCamera({1: "gate", 2: "gate"}) as simulated:
        watching = await watch(simulated, watching={"channel": 2})
        await watching.record(channel=2)
        state = simulated.device.channels.pop(2)
        simulated.faults.inject("bye")
        refused = await watching.until(lambda event: getattr(event, "state", "") == "backoff" and "404" in event.reason)
        assert refused.channel == 2 and await watching.camera.channels() == [1]
        here = len(watching.events)
        simulated.device.channels[2] = state
        await watching.state("live", here)
        await watching.record(here, channel=2)
        assert watching.camera.counters["reconnects"] == 1


@pytest.mark.fault("F35")
async def test_after_a_reconnect_the_capability_is_read_anew(watch) -> None:
    async with SimulatedCamera("all") as simulated:
        device = simulated.device
        device.profile = replace(device.profile, supports_subscribe_type=False)
        watching = await watch(simulated, watching={"types": ["ANPR"]})
        await watching.record()
        assert subscriptions(simulated) == 0, "the channel's stream is taken, filtered here"
        device.profile = replace(device.profile, supports_subscribe_type=True)
        await simulated.faults.inject("reboot=300ms")
        await watching.gap("reconnect")
        async with asyncio.timeout(30):
            async for record in watching.camera.watch(types=["faceSnap"]):
                assert configuration_type(record.metadata) == "faceSnap"
                break
        assert subscriptions(simulated) == 1


def subscriptions(simulated: SimulatedCamera) -> int:
    """How many have been made (A.4)."""
    return sum("subscribeType" in each.uri and each.status == 200 for each in simulated.device.requests)
