"""The kinds of device that have a name: our client on each of them."""

from __future__ import annotations

import asyncio

import pytest

from onframe.camera.backoff import Backoff
from onframe.camera.camera import Camera
from onframe.errors import UnsupportedError
from onframe.simulator.camera import SimulatedCamera


@pytest.mark.parametrize(
    ("profile", "version"), [("guide-2017", "1.0"), ("guide", "2.0"), ("av-stream-2023", "2.0"), ("sha256", "2.0")]
)
async def test_records_come_from_every_profile(profile: str, version: str) -> None:
    async with SimulatedCamera("corner", profile=profile) as simulated:
        async with Camera.from_url(simulated.url) as camera:
            assert await camera.supports_metadata()
            async with asyncio.timeout(10), camera.watch(types=["ANPR"]) as records:
                record = await anext(records)
            assert record.metadata.version == version and len(record.metadata.targets) == 8
        assert simulated.device.log == []


async def test_a_device_that_knows_basic_alone_is_used_where_that_is_allowed() -> None:
    async with SimulatedCamera("corner", profile="basic") as simulated:
        async with Camera.from_url(simulated.url, allow_basic=True) as camera, asyncio.timeout(10):
            assert (await anext(camera.watch())).metadata.type == "ruleTarget"
        assert simulated.device.log == []


@pytest.mark.requirement("R-004")
async def test_a_recorder_without_the_track_is_told_with_both_facts() -> None:
    async with SimulatedCamera("corner", profile="nvr") as simulated:
        async with Camera.from_url(simulated.url, backoff=Backoff(initial=0.05, maximum=0.2)) as camera:
            assert not await camera.supports_metadata()
            with pytest.raises(UnsupportedError, match="no isapi.metadata track.* does not say isSupportMetadata"):
                async with asyncio.timeout(10):
                    await anext(camera.watch())
        assert simulated.device.log == []
