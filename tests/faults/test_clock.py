"""Clocks that are set or run off, the camera's and the host's: records keep their picture, and say what happened."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from onframe.record import AccessUnit, Record
from onframe.simulator import playback
from onframe.simulator.camera import SimulatedCamera
from onframe.wire.clock import Grade, SessionClock

pytestmark = pytest.mark.timeout(120)
NS = 1_000_000_000
FRAME = NS // 25
START = 1_700_000_000 * NS
NTP = (1_700_000_000 + 2_208_988_800) << 32


@pytest.fixture
def reports_every_half_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 3550 lets a camera report as often as it likes; the simulated one does so every 5 s."""
    monkeypatch.setattr(playback, "REPORT_INTERVAL", 0.5)


def off(record: Record) -> float:
    """Hours that the camera's clock is ahead of ours."""
    return (record.captured_at - record.received_at) / timedelta(hours=1)


@pytest.mark.fault("F48")
async def test_a_camera_clock_that_is_set_an_hour_forth_and_back_freezes_no_overlay(
    watch, reports_every_half_second: None
) -> None:
    async with SimulatedCamera("gate") as simulated:
        watching = await watch(simulated, watching={"video": True})
        await watching.until(lambda event: isinstance(event, AccessUnit) and event.key)
        await watching.until(lambda event: isinstance(event, Record) and event.video and event.video.exact)
        bound = len(watching.records())
        for step, hours in (("clock-jump=+1h", 1), ("clock-jump=-2h", -1)):
            here = len(watching.events)
            simulated.faults.inject(step)
            await watching.until(lambda event, h=hours: isinstance(event, Record) and abs(off(event) - h) < 0.1, here)
        await asyncio.sleep(1)
        pictures = {unit.timestamp for unit in watching.pictures()}
        records, counters = watching.records()[bound:], watching.camera.counters
    assert all(record.video.exact and record.clock == "sender_report" for record in records)
    bound_to = {record.video.timestamp for record in records if record.video.timestamp >= min(pictures)}
    assert len(bound_to) > 20 and bound_to <= pictures | {max(pictures) + 3600}, "each on a picture that came"
    said = [record.warnings for record in records if record.warnings]
    assert said == [["the camera's clock was set"]] * 2 and counters["clock_steps"] == 2
    assert counters["reconnects"] == 0


@pytest.mark.fault("F48")
async def test_a_camera_that_tells_its_time_in_documents_alone_is_followed_when_it_is_set(watch) -> None:
    async with SimulatedCamera("gate", clock="document") as simulated:
        watching = await watch(simulated, watching={"video": True})
        await watching.until(lambda event: isinstance(event, Record) and event.n >= 20 and event.video)
        here = len(watching.events)
        simulated.faults.inject("clock-jump=+1h")
        first = await watching.until(lambda event: isinstance(event, Record) and off(event) > 0.9, here)
        last = await watching.until(lambda event: isinstance(event, Record) and event.n >= first.n + 40, here)
        newest = max(unit.timestamp for unit in watching.pictures())
        reconnects = watching.camera.counters["reconnects"]
    assert (first.clock, last.clock) == ("document", "document") and abs(off(last) - 1) < 0.01
    assert abs(newest - last.video.timestamp) < 90_000 * 5 and not last.video.exact
    assert reconnects == 0


@pytest.mark.fault("F48")
async def test_a_drift_is_no_step(watch, reports_every_half_second: None) -> None:
    async with SimulatedCamera("gate", faults="clock-drift=200ppm") as simulated:
        watching = await watch(simulated, watching={"video": True})
        await watching.until(lambda event: isinstance(event, Record) and event.video and event.video.exact)
        bound = len(watching.records())
        await asyncio.sleep(2)
        assert simulated.trouble.clock_offset_ns > 300_000, "200 ppm of the seconds so far"
        records, counters = watching.records()[bound:], watching.camera.counters
    assert records and all(record.video.exact for record in records)
    assert (counters["clock_steps"], counters["reconnects"]) == (0, 0)


class Session:
    """A session's clock fed by hand: video and metadata at 25/s, both RTP clocks ``drift`` too fast."""

    def __init__(self, drift: float = 0.0, reports: bool = True) -> None:
        self.clock = SessionClock()
        self.clock.add_track("video", 90_000)
        self.clock.add_track("metadata", 90_000)
        self.host = START
        self.n = 0
        self._drift, self._reports = drift, reports

    def frame(self) -> tuple[int, int]:
        """One picture with its document; their extended timestamps."""
        self.n, self.host = self.n + 1, self.host + FRAME
        ticks = round(self.n * 3600 * (1 + self._drift))
        if self._reports and self.n % 125 == 1:
            ntp = NTP + self.n * FRAME * (1 << 32) // NS
            self.clock.sender_report("video", ntp, (4_294_000_000 + ticks) % (1 << 32), self.host)
            self.clock.sender_report("metadata", ntp, 1000 + ticks, self.host)
        video = self.clock.extend("video", (4_294_000_000 + ticks) % (1 << 32), self.host)
        return video, self.clock.extend("metadata", 1000 + ticks, self.host)


@pytest.mark.fault("F48")
@pytest.mark.parametrize("drift", [200e-6, -200e-6])
def test_an_hour_of_200_ppm_costs_no_picture_and_no_step(drift: float) -> None:
    session = Session(drift)
    for _ in range(25 * 3600):
        video, metadata = session.frame()
        there = session.clock.convert("metadata", metadata, "video")
        assert there is not None and abs(there.timestamp - video) <= 1 and there.grade.exact
    told = session.clock.camera_time("metadata", metadata)
    assert abs(told.ns - START - session.n * FRAME) < 2_000_000, "2 ms: at most 5 s of drift since the last report"
    assert session.clock.steps == 0


@pytest.mark.fault("F48")
@pytest.mark.parametrize("reports", [True, False])
@pytest.mark.parametrize("hours", [1, -1, 13, -13, 490_000, -470_000])
def test_a_host_clock_that_is_set_moves_no_picture_and_no_timestamp(hours: int, reports: bool) -> None:
    session = Session(reports=reports)
    for n in range(1000):
        if n == 500:
            session.host += hours * 3600 * NS
        video, metadata = session.frame()
        assert (video, metadata) == (4_294_000_000 + session.n * 3600, 1000 + session.n * 3600)
        there = session.clock.convert("metadata", metadata, "video")
        if there is not None:
            assert there.timestamp == video
    told = session.clock.camera_time("metadata", metadata)
    assert there is not None and session.clock.steps == 0
    if reports:
        assert told.grade is Grade.SENDER_REPORT and told.ns == START + session.n * FRAME, "in the camera's clock"
    else:
        assert told.grade is Grade.ARRIVAL and told.ns == session.host, "arrival is in ours, set as it is"
