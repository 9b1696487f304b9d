"""Types that were to be subscribed, on a device that has no subscription after all: filtered here instead."""

import dataclasses
from functools import partial

import pytest

import waiting
from onframe.camera.backoff import Backoff
from onframe.camera.camera import Camera
from onframe.errors import UnsupportedError
from onframe.record import Record, StateChange
from onframe.simulator.camera import SimulatedCamera

next_of = partial(waiting.next_of, seconds=15.0)

QUICK = Backoff(initial=0.05, maximum=0.2)


def warnings_in(caplog):
    return [record.message for record in caplog.records if "subscription is refused" in record.message]


@pytest.mark.requirement("R-053", "R-051")
@pytest.mark.parametrize("status", ["403", "404"])
async def test_a_subscription_that_is_refused_is_replaced_by_a_filter_here(status, caplog):
    async with (
        SimulatedCamera("gate", quirks={"subscribe": status}) as simulated,
        Camera.from_url(simulated.url, backoff=QUICK) as camera,
    ):
        events, others = camera.events(types=["ANPR"]), camera.events(types=["ANPR"])
        change = await next_of(events, StateChange, state="live")
        assert "filtered here" in change.reason and "notSupport" in change.reason
        seen = {(await next_of(events, Record)).metadata.sub_type for _ in range(3)}
        seen |= {(await next_of(others, Record)).metadata.sub_type}
        assert seen == {"ANPR"}
        (status_now,) = camera.status()
        assert "notSupport" in status_now.unsubscribed
        assert camera.counters["records"] > 4  # the whole stream comes
        with pytest.raises(UnsupportedError, match="notSupport"):
            await anext(camera.watch(types=["ANPR"], via="subscribe"))
    assert len(warnings_in(caplog)) == 1


@pytest.mark.requirement("R-056")
async def test_a_type_that_cannot_be_subscribed_stays_an_error_however_it_is_asked_for():
    async with SimulatedCamera("gate") as simulated, Camera.from_url(simulated.url, backoff=QUICK) as camera:
        with pytest.raises(UnsupportedError, match=r"subscribeTypeErr \(0x4000a016\)") as caught:
            await anext(camera.watch(types=["heatmap"]))
        assert caught.value.hint
        assert camera.status() == [] or camera.status()[0].unsubscribed is None


@pytest.mark.requirement("R-053", "R-059")
async def test_a_device_that_cannot_subscribe_any_more_after_a_reboot_is_filtered_here_until_it_can_again(caplog):
    async with SimulatedCamera("gate") as simulated, Camera.from_url(simulated.url, backoff=QUICK) as camera:
        device, usual = simulated.device, simulated.device.profile
        events, strict = camera.events(types=["ANPR"]), camera.events(types=["ANPR"], via="subscribe")
        await next_of(strict, Record)
        await next_of(events, Record)
        assert [status.unsubscribed for status in camera.status()] == [None, None]
        device.profile = dataclasses.replace(usual, quirks=dataclasses.replace(usual.quirks, subscribe="unsupported"))
        await simulated.faults.inject("reboot=0.5s")
        change = await next_of(events, StateChange, state="live")
        assert "filtered here" in change.reason
        assert {(await next_of(events, Record)).metadata.sub_type for _ in range(3)} == {"ANPR"}
        waiting = await next_of(strict, StateChange, state="backoff")
        while "notSupport" not in waiting.reason:
            waiting = await next_of(strict, StateChange, state="backoff")
        assert len(warnings_in(caplog)) == 1
        device.profile = usual
        await simulated.faults.inject("reboot=0.5s")
        change = await next_of(events, StateChange, state="live")
        assert change.reason == "the stream plays"
        await next_of(strict, StateChange, state="live")
        assert [status.unsubscribed for status in camera.status()] == [None, None]
