"""A subscription from end to end: asked for over HTTP, played over RTSP."""

import asyncio

import pytest

from onframe import Camera, SimulatedCamera


@pytest.mark.requirement("R-051", "R-055", "R-059", "R-060")
async def test_the_uri_of_a_subscription_plays_its_types_and_nothing_else():
    async with SimulatedCamera(scene="gate") as simulated, Camera.from_url(simulated.url) as camera:
        records = []
        async with asyncio.timeout(30):
            async for record in camera.watch(channel=1, types={"ANPR"}, via="subscribe"):
                records.append(record)
                if len(records) == 10:
                    break
        await camera.close()
        asked = [(one.method, one.uri) for one in simulated.device.requests if one.protocol == "rtsp"]
    assert {record.metadata.sub_type for record in records} == {"ANPR"}
    played = {uri for method, uri in asked if method in ("DESCRIBE", "PLAY", "TEARDOWN")}
    assert all("/ISAPI/Streaming/channels/101/metadata/" in uri for uri in played)
    assert {"DESCRIBE", "SETUP", "PLAY"} <= {method for method, _ in asked}
    assert simulated.device.log == []


@pytest.mark.requirement("R-062", "R-009")
async def test_a_disabled_type_that_is_subscribed_sends_nothing():
    async with SimulatedCamera(scene="gate") as simulated, Camera.from_url(simulated.url) as camera:
        await camera.configure(1, disable={"ANPR"})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                async for record in camera.watch(channel=1, types={"ANPR"}, via="subscribe"):
                    pytest.fail(f"{record.metadata.sub_type} was sent")
        assert any(one.method == "PLAY" and one.status == 200 for one in simulated.device.requests)
