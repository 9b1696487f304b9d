"""The client against the simulated camera: real HTTP and RTSP between the two, from end to end."""

import asyncio
import contextlib
import signal
import sys
import time
from functools import partial

import pytest

import waiting
from onframe.camera.backoff import Backoff
from onframe.camera.camera import Camera
from onframe.camera.doctor import diagnose
from onframe.errors import AuthenticationError, StatusError, UnsupportedError
from onframe.record import AccessUnit, Gap, Record, StateChange
from onframe.simulator.camera import SimulatedCamera

next_of = partial(waiting.next_of, seconds=20.0)

QUICK = Backoff(initial=0.05, maximum=0.2)


@pytest.fixture
async def simulated():
    async with SimulatedCamera("gate") as camera:
        yield camera


@pytest.mark.requirement("R-001", "R-059")
async def test_watch_yields_rules_first_then_targets(simulated):
    async with Camera.from_url(simulated.url) as camera:
        watch = camera.watch()
        async with asyncio.timeout(8):
            first = await anext(watch)
            while (record := await anext(watch)).metadata.kind != "target":
                pass
    assert first.metadata.kind == "rule"
    assert (first.epoch, first.n) == (1, 1)
    assert record.metadata.targets


@pytest.mark.requirement("R-051", "R-059", "R-060")
async def test_a_subscription_carries_its_types_alone(simulated):
    async with Camera.from_url(simulated.url) as camera:
        events = camera.events(types=["ANPR"], via="subscribe")
        seen = {(await next_of(events, Record)).metadata.sub_type for _ in range(5)}
        assert seen == {"ANPR"}
        assert camera.counters["records"] <= 7


@pytest.mark.requirement("R-056")
async def test_a_type_that_cannot_be_subscribed_is_refused_by_name(simulated):
    async with Camera.from_url(simulated.url) as camera:
        with pytest.raises(StatusError, match=r"subscribeTypeErr \(0x4000a016\)"):
            await camera.subscribe(types=["heatmap"])
        with pytest.raises(UnsupportedError, match=r"subscribeTypeErr \(0x4000a016\)"):
            await anext(camera.watch(types=["heatmap"], via="subscribe"))


@pytest.mark.requirement("R-008")
async def test_the_configuration_is_changed_and_read_back(simulated):
    async with Camera.from_url(simulated.url) as camera:
        result = await camera.configure(disable={"ANPR"})
        assert [str(change) for change in result.changed] == ["ANPR: enabled → disabled"]
        assert not await camera.type_enabled("ANPR")
        result = await camera.configure(enable={"ANPR"}, one_by_one=True)
        assert [str(change) for change in result.changed] == ["ANPR: disabled → enabled"]


@pytest.mark.parametrize(("stream", "codec"), [(1, "H264"), (3, "H265")])
async def test_stream_yields_pictures_and_records_of_one_session(simulated, stream, codec):
    async with Camera.from_url(simulated.url) as camera:
        events = camera.stream(stream=stream)
        picture = await next_of(events, AccessUnit)
        record = await next_of(events, Record)
        assert picture.data.startswith(b"\x00\x00\x00\x01")
        assert (picture.codec, picture.key) == (codec, True)
        assert record.video is not None
        assert len(camera.states()) == 1


@pytest.mark.requirement("R-018")
async def test_a_wrong_password_costs_one_refused_request_over_http_and_rtsp(simulated):
    async with Camera.from_url(simulated.url, password="wrong") as camera:
        calls = [anext(camera.watch()) for _ in range(4)] + [anext(camera.events(via="channel")) for _ in range(2)]
        calls += [
            camera.device_capability(),
            camera.configuration(),
            camera.subscribe(),
            camera.configure(enable={"ANPR"}),
        ]
        results = await asyncio.gather(*calls, return_exceptions=True)
        refused = [result for result in results if isinstance(result, AuthenticationError)]
        assert len(refused) == 8
        assert {result.state for result in results if isinstance(result, StateChange)} == {"auth_failed"}
        await asyncio.sleep(1)
    assert len(simulated.device.log) == 1


@pytest.mark.requirement("R-049")
async def test_a_simulator_that_stops_and_starts_is_resumed(simulated):
    async with Camera.from_url(simulated.url, backoff=QUICK) as camera:
        events = camera.events()
        first = await next_of(events, Record)
        await simulated.stop()
        await next_of(events, StateChange, state="backoff")
        await simulated.start()
        change = await next_of(events, StateChange, state="live")
        assert (await next_of(events, Gap)).reason == "reconnect"
        record = await next_of(events, Record)
        assert record.epoch == change.epoch > first.epoch
        assert record.gap_before.reason == "reconnect"


@pytest.mark.requirement("R-049")
async def test_a_stopped_process_is_stale_within_twice_the_keep_alive_and_live_within_5_s_of_its_return():
    program = (
        "import asyncio\nfrom onframe.simulator.camera import SimulatedCamera\n"
        "async def main():\n async with SimulatedCamera('gate') as c:\n  print(c.url, flush=True)\n"
        "  await asyncio.sleep(60)\nasyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(60):
            url = (await process.stdout.readline()).decode().strip()
        async with Camera.from_url(url, keepalive=1.0) as camera:
            events = camera.events(maxsize=10_000)
            await next_of(events, Record)
            process.send_signal(signal.SIGSTOP)
            stopped = time.monotonic()
            await next_of(events, StateChange, state="stale")
            assert time.monotonic() - stopped < 2.0
            await asyncio.sleep(3)
            process.send_signal(signal.SIGCONT)
            returned = time.monotonic()
            await next_of(events, Record)
            assert time.monotonic() - returned < 5.0
            assert camera.state == "live"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
            process.kill()
        await process.wait()


async def test_the_doctor_is_green(simulated):
    async with Camera.from_url(simulated.url) as camera:
        found = [finding async for finding in diagnose(camera)]
    assert [finding for finding in found if not finding.ok] == []
    assert found[-1].name == "rules"
