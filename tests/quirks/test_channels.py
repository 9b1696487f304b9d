"""A recorder's numbering: digital channels come after the last analog one."""

from __future__ import annotations

import asyncio

import pytest

from onframe.camera.camera import Camera
from onframe.simulator.camera import SimulatedCamera


@pytest.mark.requirement("R-080", "R-079")
async def test_with_sixteen_analog_channels_the_first_digital_one_is_seventeen() -> None:
    async with SimulatedCamera("corner", analog=16, digital=16) as simulated:
        async with Camera.from_url(simulated.url) as camera:
            assert await camera.channels() == list(range(1, 33))
            async with asyncio.timeout(10):
                record = await anext(camera.watch(17))
            assert record.channel == 17
            assert record.metadata.device is not None and record.metadata.device.channel == 17
            uri = await camera.subscribe(17, types=["ANPR"])
        asked = [request.uri for request in simulated.device.requests if request.method == "PLAY"]
    assert "/channels/1701/" in uri
    assert asked == [f"rtsp://127.0.0.1:{simulated.rtsp_port}/ISAPI/Streaming/channels/1701"]
