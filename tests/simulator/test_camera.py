"""The simulated camera as a whole: in this loop, in a thread, as a fixture; it leaves nothing behind."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
import urllib.error
import urllib.request

import pytest

from onframe.camera.camera import Camera
from onframe.errors import OnframeError
from onframe.simulator.camera import SimulatedCamera
from onframe.simulator.device import PROFILES


async def records(camera: Camera, count: int, **options: object) -> list[object]:
    found: list[object] = []
    async with asyncio.timeout(15):
        async for record in camera.watch(**options):  # type: ignore[arg-type]
            found.append(record)
            if len(found) == count:
                break
    return found


@pytest.mark.requirement("R-035")
async def test_a_client_gets_the_rules_first_and_then_targets() -> None:
    async with SimulatedCamera("gate") as simulated, Camera.from_url(simulated.url) as camera:
        found = await records(camera, 20)
    kinds = [r.metadata.kind for r in found]  # type: ignore[attr-defined]
    assert kinds[:5] == ["rule"] * 5 and "target" in kinds[5:]


@pytest.mark.requirement("R-062")
async def test_a_disabled_type_is_subscribed_and_sends_nothing_until_it_is_enabled() -> None:
    async with SimulatedCamera("gate") as simulated, Camera.from_url(simulated.url) as camera:
        simulated.device.channels[1].enabled["ANPR"] = False
        got: list[object] = []

        async def watch() -> None:
            async for record in camera.watch(types=["ANPR"], via="subscribe"):
                got.append(record)

        task = asyncio.create_task(watch())
        await asyncio.sleep(2)
        assert not got and not task.done()
        simulated.device.channels[1].enabled["ANPR"] = True
        async with asyncio.timeout(10):
            while not got:
                await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait([task])


@pytest.mark.requirement("R-118")
async def test_the_upload_format_never_changes_the_form_of_a_message() -> None:
    async with SimulatedCamera("all") as simulated, Camera.from_url(simulated.url) as camera:
        for form in ("json", "xml"):
            simulated.device.channels[1].upload_data_format = form
            for record in await records(camera, 150):
                json_only = record.metadata.sub_type in {  # type: ignore[attr-defined]
                    "heatmap", "framesPeopleCounting", "PeopleCounting", "personalTrack",
                }  # fmt: skip
                assert record.format == ("json" if json_only else "xml")  # type: ignore[attr-defined]


async def test_it_stops_within_two_seconds_and_leaves_nothing() -> None:
    before = asyncio.all_tasks()
    simulated = SimulatedCamera("gate")
    await simulated.start()
    async with Camera.from_url(simulated.url) as camera:
        await records(camera, 3)
        started = time.monotonic()
        await simulated.stop()
        assert time.monotonic() - started < 2
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == before
    with pytest.raises(OSError):
        socket.create_connection((simulated.host, simulated.http_port), timeout=1)


async def test_it_comes_again_on_its_ports() -> None:
    simulated = SimulatedCamera("gate")
    async with simulated:
        ports = simulated.http_port, simulated.rtsp_port
    async with simulated:
        assert (simulated.http_port, simulated.rtsp_port) == ports
        with pytest.raises(OnframeError):
            await simulated.start()


def test_it_runs_in_a_thread_of_its_own() -> None:
    before = threading.active_count()
    with SimulatedCamera("gate", password="a/b c") as simulated:
        assert "a%2Fb%20c" in simulated.url
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"http://127.0.0.1:{simulated.http_port}/ISAPI/System/capabilities", timeout=5)
        assert caught.value.code == 401
        caught.value.close()
    assert threading.active_count() == before


def test_the_fixture_serves_a_synchronous_test(simulated_camera: SimulatedCamera) -> None:
    with socket.create_connection((simulated_camera.host, simulated_camera.rtsp_port), timeout=5) as connection:
        connection.sendall(b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n")
        assert connection.recv(100).startswith(b"RTSP/1.0 200")


@pytest.mark.simulated_camera("gate", username="operator", profile="guide-2017")
def test_the_mark_carries_the_fixtures_options(simulated_camera: SimulatedCamera) -> None:
    assert simulated_camera.url.startswith("http://operator:")
    assert simulated_camera.profile is PROFILES["guide-2017"]


def test_each_camera_has_a_password_of_its_own() -> None:
    one, other = SimulatedCamera("gate").password, SimulatedCamera("gate").password
    assert one != other and len(one) >= 12


def test_what_is_not_known_is_told_at_once() -> None:
    for options in ({"scene": "moon"}, {"profile": "nobody"}, {"video": "/nowhere.mp4"}):
        with pytest.raises(OnframeError):
            camera = SimulatedCamera(**options)  # type: ignore[arg-type]
            asyncio.run(camera.start())


async def test_a_port_in_use_is_told_as_such() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(OnframeError, match=str(taken.getsockname()[1])):
            async with SimulatedCamera("gate", http_port=taken.getsockname()[1]):
                pass
