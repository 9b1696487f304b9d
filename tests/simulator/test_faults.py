"""Faults as one object: a plan by a clock of the test's own, what is injected, what is ended, and what was done."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from onframe.errors import OnframeError
from onframe.simulator.fault_plan import Fault, parse
from onframe.simulator.faults import Active, Faults, random_plan


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Notes:
    """Actions that write down what they are told."""

    def __init__(self, again: float | None = None) -> None:
        self.said: list[object] = []
        self.again = again

    def strike(self, fault: Fault) -> asyncio.Task[None] | None:
        self.said.append(fault.word)
        return None

    def hold(self, active: Sequence[Active], now: float) -> float | None:
        self.said.append([(one.fault.word, one.fault.value, one.since) for one in active])
        return self.again


def started(plan: str, again: float | None = None) -> tuple[Faults, Clock, Notes]:
    clock, notes = Clock(), Notes(again)
    faults = Faults(plan, clock=clock)
    faults.begin(notes)
    faults.advance()
    return faults, clock, notes


def test_a_plan_runs_by_the_clock_that_it_is_given() -> None:
    faults, clock, notes = started("loss=5%@10s..20s, reboot@15s")
    assert notes.said == [] and faults.next == 10.0
    clock.now += 12
    faults.advance()
    assert faults.active == ["loss"] and notes.said == [[("loss", 0.05, 10.0)]]
    clock.now += 3
    faults.advance()
    assert notes.said[1:] == ["reboot"]
    clock.now += 5
    faults.advance()
    assert faults.active == [] and notes.said[2:] == [[]]
    assert faults.done == {"loss": 1, "reboot": 1} and faults.next is None


def test_times_of_what_is_injected_count_from_then() -> None:
    faults, clock, notes = started("")
    clock.now += 100
    faults.inject("stall, rst@2s")
    assert faults.active == ["stall"] and faults.next == 102.0
    clock.now += 2
    faults.advance()
    assert notes.said == [[("stall", None, 100.0)], "rst"]


def test_what_is_cleared_is_over_and_comes_no_more() -> None:
    faults, clock, notes = started("loss=5%, loss=20%, stall, stall@50s..60s")
    assert faults.active == ["loss", "loss", "stall"]
    faults.clear("loss")
    assert faults.active == ["stall"] and notes.said[-1] == [("stall", None, 0.0)]
    faults.clear("stall")
    assert faults.active == [] and faults.next is None and notes.said[-1] == []
    assert faults.done == {"loss": 2, "stall": 1}


def test_clearing_without_a_word_ends_everything() -> None:
    faults, _, _ = started("loss=5%, stall, rst every 5s")
    faults.clear()
    assert faults.active == [] and faults.next is None


def test_a_nonce_that_is_good_for_so_many_requests_lasts_and_one_that_expires_now_does_not() -> None:
    faults, _, notes = started("nonce-expiry=every 5")
    faults.inject("nonce-expiry")
    assert faults.active == ["nonce-expiry"]
    assert notes.said == [[("nonce-expiry", 5, 0.0)], "nonce-expiry"]


def test_what_changes_by_itself_is_asked_for_again() -> None:
    faults, clock, notes = started("clock-drift=200ppm", again=0.1)
    assert faults.next == pytest.approx(0.1)
    clock.now += 0.2
    faults.advance()
    assert notes.said == [[("clock-drift", 0.0002, 0.0)]] * 2
    faults.end()
    assert notes.said[-1] == []


def test_faults_are_injected_into_a_camera_that_runs() -> None:
    with pytest.raises(OnframeError, match="not running"):
        Faults().inject("stall")
    faults, _, _ = started("")
    with pytest.raises(OnframeError, match="there is no fault 'bang'"):
        faults.clear("bang")
    with pytest.raises(OnframeError, match="there is no fault 'bang'"):
        faults.inject("bang")


async def test_a_plan_runs_by_itself_on_a_loop_and_another_thread_can_inject() -> None:
    notes = Notes()
    faults = Faults("rst@50ms")
    faults.begin(notes)
    faults.run_on(asyncio.get_running_loop())
    async with asyncio.timeout(10):
        while not faults.done["rst"]:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(faults.inject, "stall")
        assert faults.active == ["stall"]
        await asyncio.to_thread(faults.clear, "stall")
    assert notes.said == ["rst", [("stall", None, pytest.approx(0, abs=10))], []]
    faults.end()


def test_a_random_plan_can_be_read_and_is_the_same_for_the_same_seed() -> None:
    plan = random_plan(3, 600.0)
    assert plan == random_plan(3, 600.0) != random_plan(4, 600.0)
    faults = parse(plan)
    assert len(faults) >= 10 and max(fault.start for fault in faults) < 600
