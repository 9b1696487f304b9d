"""A camera that reboots while it is watched: it is away, has other numbers then, and no idea of the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from onframe.errors import ConnectionLost
from onframe.isapi.config import configuration_type
from onframe.record import Gap
from onframe.simulator.camera import SimulatedCamera

pytestmark = pytest.mark.timeout(120)


@pytest.mark.fault("F34")
async def test_a_camera_that_reboots_mid_stream_is_live_again_by_itself_in_a_new_epoch(watch) -> None:
    async with SimulatedCamera("gate") as simulated:
        watching = await watch(simulated, watching={"video": True})
        before = await watching.record()
        await simulated.faults.inject("reboot=1s")
        here = len(watching.events)
        after = await watching.until(lambda event: getattr(event, "video", None) and event.video.exact, here)
        told = watching.states()
    assert told[:3] == ["connecting", "authenticating", "live"] and "backoff" in told and told[-1] == "live"
    assert after.epoch > before.epoch
    assert [event.reason for event in watching.events if isinstance(event, Gap)] == ["reconnect"]
    assert watching.camera.counters["reconnects"] == 1 and watching.camera.counters["connections"] == 2
    first = watching.records()[0]
    assert abs(after.timestamp - before.timestamp) > 90_000 * 60, "the timestamps begin anew"
    assert (first.clock, after.clock) == ("sender_report", "sender_report")
    assert abs(after.captured_at - after.received_at) < timedelta(seconds=30)
    assert simulated.faults.done == {"reboot": 1}


@pytest.mark.fault("F34")
async def test_during_the_outage_questions_fail_and_afterwards_the_same_camera_answers_them(watch) -> None:
    async with SimulatedCamera("gate") as simulated:
        watching = await watch(simulated)
        assert await watching.camera.type_enabled("ANPR")
        reboot = simulated.faults.inject("reboot=1s")
        await watching.state("backoff")
        with pytest.raises(ConnectionLost):
            await watching.camera.configuration()
        await reboot
        assert await watching.camera.type_enabled("ANPR")
        assert simulated.device.log == [], "the password was right at every request"


@pytest.mark.fault("F34")
async def test_a_subscription_that_the_reboot_forgot_is_made_again(watch) -> None:
    async with SimulatedCamera("gate") as simulated:
        watching = await watch(simulated, watching={"types": ["ANPR"], "via": "subscribe"})
        before = await watching.record()
        await simulated.faults.inject("reboot=1s")
        after = await watching.until(lambda event: getattr(event, "n", 0) and event.epoch > before.epoch)
    assert [configuration_type(record.metadata) for record in (before, after)] == ["ANPR", "ANPR"]
    posts = [each for each in simulated.device.requests if each.method in ("POST", "PUT") and each.protocol == "http"]
    assert len([each for each in posts if each.status == 200]) == 2


@pytest.mark.fault("F34")
@pytest.mark.parametrize("clock", ["document", "sr"])
async def test_a_clock_at_1970_is_not_trusted_until_the_camera_has_the_time(watch, clock: str) -> None:
    async with SimulatedCamera("gate", clock=clock, faults="clock-1970=2s") as simulated:
        watching = await watch(simulated, watching={"video": True})
        await watching.record()
        await simulated.faults.inject("reboot=500ms")
        here = len(watching.events)
        lost = await watching.until(lambda event: getattr(event, "clock", "") == "untrusted" and event.video, here)
        sane = {"document": "document", "sr": "sender_report"}[clock]
        found = await watching.record(watching.events.index(lost), clock=sane)
        counters = watching.camera.counters
    assert abs(lost.captured_at.timestamp()) < 3600  # the epoch, and what has passed since
    assert lost.video.exact == (clock == "sr"), "the picture is found all the same"
    assert abs(found.captured_at - datetime.now(UTC)) < timedelta(minutes=2)
    assert counters["clock_steps"] == (1 if clock == "sr" else 0)
