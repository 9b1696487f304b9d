"""How lasting faults show in the device and in what its servers look at, and that all of it is undone."""

from __future__ import annotations

import asyncio
import time

import pytest

from onframe.simulator.device import Device
from onframe.simulator.fault_actions import CameraActions
from onframe.simulator.fault_plan import parse
from onframe.simulator.faults import Active
from onframe.simulator.trouble import Trouble


class Away:
    """A camera during its outage."""

    streams = None

    def reboot(self, outage: float) -> asyncio.Task[None]:
        raise AssertionError("nobody asked for it")


def active(plan: str, since: float = 0.0) -> list[Active]:
    return [Active(fault, since) for fault in parse(plan)]


@pytest.fixture
def device() -> Device:
    return Device(password="secret", channel_numbers=(1, 2))


@pytest.fixture
def trouble() -> Trouble:
    return Trouble()


@pytest.fixture
def actions(device: Device, trouble: Trouble) -> CameraActions:
    return CameraActions(device, trouble, Away())


def test_what_lasts_is_in_force_and_over_again(actions: CameraActions, trouble: Trouble) -> None:
    plan = "loss=5%, loss=7%, reorder=2%, duplicate=1%, stall, halfopen, slow=2kB/s, nonce-expiry=every 5, small"
    assert actions.hold(active(plan), 0.0) is None
    assert trouble == Trouble(0.07, 0.02, 0.01, True, True, 2000.0, nonce_requests=5, small=True), (
        "the later of two holds"
    )
    actions.hold((), 1.0)
    assert trouble == Trouble()


def test_a_type_goes_off_where_it_is_on_and_on_again_only_there(actions: CameraActions, device: Device) -> None:
    device.channels[2].enabled["ANPR"] = False
    actions.hold(active("type-off=ANPR, type-off=faceSnap"), 0.0)
    assert [device.enabled(n, "ANPR") for n in (1, 2)] == [False, False] and not device.enabled(2, "faceSnap")
    actions.hold(active("type-off=faceSnap"), 1.0)
    assert [device.enabled(n, "ANPR") for n in (1, 2)] == [True, False] and not device.enabled(2, "faceSnap")
    actions.hold((), 2.0)
    assert device.enabled(1, "faceSnap") and device.enabled(2, "faceSnap")


def test_a_lockout_is_what_the_device_had_before(device: Device, trouble: Trouble) -> None:
    device.lockout = 7
    actions = CameraActions(device, trouble, Away())
    actions.hold(active("lockout=2"), 0.0)
    assert device.lockout == 2
    actions.hold((), 1.0)
    assert device.lockout == 7


def test_steps_of_the_clock_add_up_and_a_drift_grows(actions: CameraActions, trouble: Trouble) -> None:
    assert actions.hold(active("clock-jump=+1h, clock-jump=-30min"), 5.0) is None
    assert trouble.clock_offset_ns == 1800 * 10**9
    again = actions.hold(active("clock-drift=200ppm, clock-drift=-50ppm", since=10.0), 110.0)
    assert trouble.clock_offset_ns == 15_000_000, "150 ppm of 100 s"
    assert again is not None and 0 < again <= 1, "it has to be asked again soon"


def test_the_clock_stands_at_1970_after_a_reboot_for_as_long_as_was_said(
    actions: CameraActions, trouble: Trouble
) -> None:
    plan = active("clock-1970=20s, clock-jump=+1h")
    actions.hold(plan, 0.0)
    assert trouble.clock_offset_ns == 3600 * 10**9, "no reboot yet"
    before = time.time_ns()
    actions.booted()
    assert actions.hold(plan, 100.0) == 20.0
    assert before <= -trouble.clock_offset_ns <= time.time_ns()
    assert actions.hold(plan, 115.0) == 5.0
    assert actions.hold(plan, 120.0) is None and trouble.clock_offset_ns == 3600 * 10**9
    actions.booted()
    actions.hold(active("clock-jump=+1h"), 200.0)
    assert trouble.clock_offset_ns == 3600 * 10**9, "it was cleared before the second reboot"


def test_what_strikes_during_an_outage_strikes_nobody_but_the_next_connection(
    actions: CameraActions, trouble: Trouble
) -> None:
    for fault in parse("rst, bye, cut, sequence-jump, ssrc-change, oversize, nonce-expiry"):
        assert actions.strike(fault) is None
    assert trouble == Trouble()
    actions.strike(parse("cut@bytes=700")[0])
    assert trouble == Trouble(cut_after=700)
