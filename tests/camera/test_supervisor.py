"""The supervisor alone, on a clock that the test advances: hours pass in milliseconds, no socket is opened."""

import asyncio
import gc
import logging
import selectors
from datetime import UTC, datetime

import pytest

from onframe.camera.backoff import Backoff
from onframe.camera.limiter import ConnectLimiter
from onframe.camera.supervisor import CLOSING, Supervisor, Timing, Where
from onframe.camera.suspension import Suspension
from onframe.errors import (
    AuthenticationError,
    CertificateError,
    ConnectionLost,
    DecodeError,
    LimitExceeded,
    RemoteProtocolError,
    StatusError,
    UnsupportedError,
)
from onframe.isapi.metadata import Metadata
from onframe.record import Gap, Record, StateChange, Undecodable

WHERE = {"camera": "gate", "channel": 1, "stream": 1}
NOW = datetime(2024, 5, 1, tzinfo=UTC)
EVENTS = (Record, Gap, StateChange, Undecodable)


class CompressedLoop(asyncio.SelectorEventLoop):
    """A loop that never waits: where others would sleep, its clock jumps to the next timer."""

    def __init__(self):
        super().__init__(_Selector(self))
        self.now = 1000.0

    def time(self):
        return self.now


class _Selector(selectors.DefaultSelector):
    def __init__(self, loop):
        super().__init__()
        self.loop = loop

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready and timeout is not None and timeout > 0:
            self.loop.now += timeout
        return ready


def run(main):
    """Run a coroutine function to its end; whatever of its tasks was left behind is a failure."""
    unheard = []
    with asyncio.Runner(loop_factory=CompressedLoop) as runner:
        runner.get_loop().set_exception_handler(lambda loop, context: unheard.append(context))

        async def checked():
            result = await main()
            gc.collect()
            assert asyncio.all_tasks() == {asyncio.current_task()}
            return result

        result = runner.run(checked())
    gc.collect()
    assert unheard == []
    return result


class Script:
    """What the device does, connection by connection; the last part is repeated. ``begun`` holds their times."""

    def __init__(self, *parts):
        self.parts, self.begun, self.paused, self.running, self.goodbyes = parts, [], [], 0, 0

    def link(self, session):
        return _ScriptedLink(self, session)


class _ScriptedLink:
    def __init__(self, script, session):
        self.script, self.session = script, session

    async def run(self):
        script = self.script
        part = script.parts[min(len(script.begun), len(script.parts) - 1)]
        script.begun.append(now())
        script.running += 1
        try:
            await part(self.session)
        except asyncio.CancelledError:
            script.goodbyes += 1
            raise
        finally:
            script.running -= 1

    def pause(self, paused):
        self.script.paused.append(paused)

    def counters(self):
        return {"frames": 1}


def now():
    return asyncio.get_running_loop().time()


def fails(error, after=0.0):
    async def part(session):
        await asyncio.sleep(after)
        raise error

    return part


def plays(seconds=None, then=None, every=None, make=None):
    """PLAY, then a document ``every`` so many seconds, for ``seconds`` and the end ``then``."""

    async def part(session):
        session.played()
        end = None if seconds is None else now() + seconds
        while end is None or now() < end:
            await asyncio.sleep(every or (seconds if seconds is not None else 3600))
            if make is not None:
                session.publish(make(session))
        raise then or ConnectionLost("cut")

    return part


def document(session):
    return Record(**WHERE, epoch=session.epoch, n=1, received_at=NOW, metadata=Metadata(type="activityTarget"))


def undecodable(session):
    return Undecodable(**WHERE, epoch=session.epoch, received_at=NOW, error="DecodeError", message="no XML")


def supervisor(script, **options):
    epochs = iter(range(1, 100_000))
    given = {
        "relocate": lambda: False,
        "next_epoch": lambda: next(epochs),
        "backoff": Backoff(uniform=lambda low, high: high),
        "timing": Timing(),
        "limiter": ConnectLimiter(10_000),
        "suspension": Suspension(clock=lambda: 0.0, every=3600.0),
    }
    return Supervisor(Where("gate", 1, 1), script.link, **(given | options))


def watched(session, **queue):
    return session.join(EVENTS, {"accept": lambda record: True, "maxsize": 4096, "overflow": "drop_oldest", **queue})


async def told(subscriber):
    """What stands in its queue, and the error at its end."""
    events = []
    try:
        async for event in subscriber:
            events.append(event)
    except Exception as error:
        return events, error
    return events, None


def states(events):
    return [event.state for event in events if isinstance(event, StateChange)]


# -- what is no reason to reconnect


@pytest.mark.fault("F33")
def test_a_quiet_scene_for_an_hour_is_no_reconnect_and_the_age_of_the_last_document_is_told():
    script = Script(plays(every=7200, make=document))

    async def main():
        session = supervisor(script)
        subscriber = watched(session)
        await asyncio.sleep(1)
        session.publish(document(session))
        await asyncio.sleep(3600)
        status = session.status()
        await session.stop()
        return status, states((await told(subscriber))[0])

    status, seen = run(main)
    assert len(script.begun) == 1
    assert seen == ["connecting", "live", "stopped"]
    assert (status.state, status.documents, status.counters["reconnects"]) == ("live", 1, 0)
    assert status.last_document_age == pytest.approx(3600, abs=1)


@pytest.mark.fault("F33")
def test_the_age_of_the_last_document_is_unknown_before_the_first_and_outlives_a_reconnection():
    script = Script(plays(seconds=10, every=2, make=document), plays())

    async def main():
        session = supervisor(script)
        watched(session)
        await asyncio.sleep(1)
        before = session.status().last_document_age
        await asyncio.sleep(99)
        after = session.status()
        await session.stop()
        return before, after

    before, after = run(main)
    assert before is None
    assert after.counters["reconnects"] == 1
    assert after.last_document_age == pytest.approx(90, abs=3)


@pytest.mark.fault("F51", "F53")
def test_documents_that_cannot_be_read_are_never_a_reconnect():
    script = Script(plays(every=1, make=undecodable))

    async def main():
        session = supervisor(script)
        subscriber = watched(session)
        await asyncio.sleep(600.5)
        await session.stop()
        return session.documents, (await told(subscriber))[0]

    documents, events = run(main)
    assert len(script.begun) == 1
    assert documents == sum(isinstance(event, Undecodable) for event in events) == 600
    assert states(events) == ["connecting", "live", "stopped"]


# -- states, waits, ends


@pytest.mark.fault("F32")
def test_a_silent_peer_is_stale_before_it_is_given_up():
    async def goes_silent(session):
        session.played()
        await asyncio.sleep(22.5)
        session.enter("stale", "no byte")
        await asyncio.sleep(7)
        raise ConnectionLost("no byte for 29.5 s")

    script = Script(goes_silent, plays())

    async def main():
        session = supervisor(script)
        subscriber = watched(session)
        await asyncio.sleep(60)
        await session.stop()
        return (await told(subscriber))[0]

    events = run(main)
    assert states(events) == ["connecting", "live", "stale", "backoff", "connecting", "live", "stopped"]
    gap = next(event for event in events if isinstance(event, Gap))
    assert (gap.reason, gap.epoch) == ("reconnect", 2)


@pytest.mark.fault("F1")
def test_a_camera_that_is_away_is_asked_after_1_2_4_8_16_30_and_30_seconds():
    script = Script(fails(ConnectionLost("refused")))

    async def main():
        session = supervisor(script)
        watched(session)
        await asyncio.sleep(92)
        counts = session.counters()
        await session.stop()
        return counts

    counts = run(main)
    waits = [later - earlier for earlier, later in zip(script.begun, script.begun[1:], strict=False)]
    assert waits == pytest.approx([1, 2, 4, 8, 16, 30, 30])
    assert counts["attempts"] == 8


@pytest.mark.fault("F1", "F72")
def test_a_day_of_failed_attempts_is_one_line_of_log_and_the_return_another(caplog):
    script = Script(*[fails(ConnectionLost("refused"))] * 2800, plays())

    async def main():
        session = supervisor(script)
        watched(session)
        await asyncio.sleep(86400)
        state = session.state.state
        await session.stop()
        return state

    caplog.set_level(logging.INFO)
    assert run(main) == "live"
    assert len(script.begun) == 2801
    down, up = caplog.records
    assert (down.levelname, down.getMessage()) == (
        "WARNING",
        "gate channel 1 stream 1 is down: refused; next attempt in 1.0 s",
    )
    assert up.levelname == "INFO" and "is up again after 8" in up.getMessage()


def test_each_time_that_it_goes_down_is_logged_again(caplog):
    script = Script(plays(seconds=60), fails(ConnectionLost("refused")), plays(seconds=60), plays())

    async def main():
        session = supervisor(script)
        watched(session)
        await asyncio.sleep(600)
        await session.stop()

    caplog.set_level(logging.INFO)
    run(main)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"] * 2


@pytest.mark.fault("F5")
def test_a_refused_login_is_final():
    script = Script(fails(AuthenticationError("wrong password")))

    async def main():
        session = supervisor(script)
        events, error = await told(watched(session))
        await asyncio.sleep(86400)
        return events, error, session.ended

    events, error, ended = run(main)
    assert states(events) == ["connecting", "auth_failed"]
    assert isinstance(error, AuthenticationError)
    assert ended and len(script.begun) == 1


@pytest.mark.fault("F36")
def test_a_certificate_that_is_not_the_cameras_ends_the_session_for_good():
    refused = CertificateError("another certificate", cause="pin_changed", hint="look, then pin it anew")
    script = Script(plays(seconds=60), fails(refused))

    async def main():
        session = supervisor(script)
        events, error = await told(watched(session))
        await asyncio.sleep(86400)
        return events, error

    events, error = run(main)
    assert states(events) == ["connecting", "live", "backoff", "connecting", "stopped"]
    assert error is refused
    assert events[-1].reason == "another certificate (look, then pin it anew)"
    assert len(script.begun) == 2


@pytest.mark.fault("F27")
def test_a_stream_without_the_track_is_looked_at_again_every_60_seconds_and_says_the_remedy():
    missing = UnsupportedError("no isapi.metadata track", hint="enable a metadata type")
    script = Script(plays(seconds=10), *[fails(missing)] * 10, plays())

    async def main():
        session = supervisor(script)
        subscriber = watched(session)
        await asyncio.sleep(700)
        await session.stop()
        return (await told(subscriber))[0]

    events = run(main)
    waits = [later - earlier for earlier, later in zip(script.begun[1:], script.begun[2:], strict=False)]
    assert waits == pytest.approx([60] * 10)
    reason = next(event.reason for event in events if isinstance(event, StateChange) and event.state == "no_track")
    assert reason == "no isapi.metadata track (enable a metadata type); next attempt in 60.0 s"
    assert states(events)[-2:] == ["live", "stopped"]


@pytest.mark.fault("F27")
@pytest.mark.parametrize("wait_for_track", [False, True])
def test_a_track_that_never_was_is_an_error_unless_it_is_to_be_waited_for(wait_for_track):
    script = Script(*[fails(UnsupportedError("no track"))] * 5, plays())

    async def main():
        session = supervisor(script, wait_for_track=wait_for_track)
        subscriber = watched(session)
        await asyncio.sleep(3600)
        ended = session.ended
        await session.stop()
        return ended, await told(subscriber)

    ended, (events, error) = run(main)
    assert ended is not wait_for_track
    if wait_for_track:
        assert states(events)[-2:] == ["live", "stopped"]
        assert script.begun[5] - script.begun[0] == pytest.approx(300)
    else:
        assert isinstance(error, UnsupportedError) and len(script.begun) == 1


@pytest.mark.fault("F28")
def test_a_device_without_room_is_left_alone_for_half_a_minute():
    script = Script(fails(StatusError("no room", http_status=453)), plays())

    async def main():
        session = supervisor(script)
        watched(session)
        await asyncio.sleep(60)
        await session.stop()

    run(main)
    assert script.begun[1] - script.begun[0] == pytest.approx(30)


@pytest.mark.parametrize(
    "error",
    [
        RemoteProtocolError("no RTSP"),
        LimitExceeded("too long", limit="header", maximum=1),
        DecodeError("no SDP"),
        ConnectionLost("cut"),
        StatusError("busy", http_status=500),
    ],
)
def test_whatever_else_a_device_does_is_waited_for(error):
    script = Script(fails(error), plays())

    async def main():
        session = supervisor(script)
        subscriber = watched(session)
        await asyncio.sleep(60)
        await session.stop()
        return states((await told(subscriber))[0])

    assert run(main) == ["connecting", "backoff", "connecting", "live", "stopped"]


def test_a_fault_of_ours_ends_the_session_and_is_raised_to_its_watchers(caplog):
    script = Script(fails(KeyError("a fault")))

    async def main():
        return await told(watched(supervisor(script)))

    events, error = run(main)
    assert states(events) == ["connecting", "stopped"]
    assert isinstance(error, KeyError)
    assert "ended by a fault of ours" in caplog.text


# -- the host


@pytest.mark.fault("F73")
def test_a_host_that_slept_connects_anew_at_once_whether_it_played_or_waited():
    asleep = 0.0
    script = Script(plays(), fails(ConnectionLost("no network yet")), fails(ConnectionLost("no network yet")), plays())

    async def main():
        nonlocal asleep
        suspension = Suspension(clock=lambda: asleep, every=1.0)
        backoff = Backoff(initial=600, maximum=600, uniform=lambda low, high: high)
        session = supervisor(script, suspension=suspension, backoff=backoff)
        subscriber = watched(session)
        await asyncio.sleep(100)
        asleep += 3600
        await asyncio.sleep(10)
        asleep += 30
        await asyncio.sleep(10)
        asleep += 30
        await asyncio.sleep(10)
        await session.stop()
        return (await told(subscriber))[0]

    events = run(main)
    first = script.begun[0]
    assert [begun - first for begun in script.begun] == pytest.approx([0, 100, 110, 120], abs=1.1)
    assert script.goodbyes == 2  # one by the sleep, one by the end
    reasons = [event.reason for event in events if isinstance(event, StateChange) and event.state == "connecting"]
    assert reasons[1] == "this machine slept for 3600 s"


@pytest.mark.fault("F73")
def test_a_short_nap_and_a_clock_that_creeps_are_no_reason_to_reconnect():
    script = Script(plays())

    async def main():
        session = supervisor(script, suspension=Suspension(clock=lambda: 4.0 * now(), every=1.0))
        watched(session)
        await asyncio.sleep(3600)
        await session.stop()

    run(main)
    assert len(script.begun) == 1


@pytest.mark.fault("F73", "F48")
def test_a_clock_of_the_host_that_is_set_disturbs_no_session(monkeypatch):
    script = Script(plays(every=1, make=document))

    async def main():
        session = supervisor(script, suspension=None)
        watched(session)
        await asyncio.sleep(30)
        monkeypatch.setattr("time.time", lambda: 4_000_000_000.0)
        await asyncio.sleep(30)
        monkeypatch.setattr("time.time", lambda: 0.0)
        await asyncio.sleep(30)
        status = session.status()
        await session.stop()
        return status

    status = run(main)
    assert len(script.begun) == 1 and status.state == "live"
    assert status.last_document_age <= 1


@pytest.mark.fault("F73")
def test_a_process_without_descriptors_names_it_counts_it_and_recovers():
    def exhausted():
        error = ConnectionLost("no RTSP connection")
        error.__cause__ = OSError(24, "Too many open files")
        return error

    script = Script(fails(exhausted()), fails(exhausted()), plays())

    async def main():
        session = supervisor(script)
        subscriber = watched(session)
        await asyncio.sleep(60)
        counts = session.counters()
        await session.stop()
        return counts, (await told(subscriber))[0]

    counts, events = run(main)
    assert counts["no_descriptors"] == 2
    reasons = [event.reason for event in events if isinstance(event, StateChange) and event.state == "backoff"]
    assert all("may open no more files" in reason and "ulimit -n" in reason for reason in reasons)
    assert states(events)[-2:] == ["live", "stopped"]


# -- watchers


@pytest.mark.fault("F62")
def test_a_subscriber_cancelled_or_failing_at_any_moment_leaves_session_and_others_alone():
    script = Script(plays(every=0.1, make=document))

    async def main():
        session = supervisor(script)
        steady = watched(session)

        async def fragile(steps, failing):
            subscriber = watched(session)
            try:
                async for _event in subscriber:
                    steps -= 1
                    if not steps and failing:
                        raise RuntimeError("the subscriber's own fault")
            finally:
                subscriber.discard()

        tasks = [asyncio.create_task(fragile(n % 20 + 1, n % 2)) for n in range(40)]
        for n, task in enumerate(tasks):
            await asyncio.sleep(0.05)
            if not n % 2:
                task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(60)
        alive, watchers = session.state.state, len(session.hub)
        await session.stop()
        return results, alive, watchers, (await told(steady))[0]

    results, alive, watchers, events = run(main)
    assert {type(result) for result in results} == {RuntimeError, asyncio.CancelledError}
    assert (alive, watchers) == ("live", 1)
    assert len(script.begun) == 1
    assert sum(isinstance(event, Record) for event in events) >= 600


@pytest.mark.fault("F71")
@pytest.mark.parametrize(
    "part",
    [
        fails(ConnectionLost("refused")),
        fails(ConnectionLost("refused"), after=100),
        plays(),
        plays(every=1, make=document),
        fails(UnsupportedError("no track")),
        fails(AuthenticationError("no")),
    ],
)
@pytest.mark.parametrize("after", [0, 0.5, 3, 50])
def test_a_session_can_be_stopped_in_every_state_and_leaves_no_task(part, after):
    script = Script(part)

    async def main():
        session = supervisor(script, wait_for_track=True)
        subscriber = watched(session)
        await asyncio.sleep(after)
        began = now()
        await session.stop()
        return now() - began, states((await told(subscriber))[0])

    spent, seen = run(main)
    assert spent <= 2
    assert seen[-1] in ("stopped", "auth_failed")
    assert script.running == 0


@pytest.mark.fault("F71")
def test_a_goodbye_that_is_never_answered_is_cut_short():
    async def never_ends(session):
        session.played()
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(3600)

    script = Script(never_ends)

    async def main():
        session = supervisor(script)
        watched(session)
        await asyncio.sleep(5)
        began = now()
        await session.stop()
        return now() - began

    assert CLOSING <= run(main) < 2
    assert script.running == 0


def test_a_stop_wins_over_a_restart_that_comes_with_it():
    script = Script(plays())

    async def main():
        session = supervisor(script)
        watched(session)
        await asyncio.sleep(5)
        stopping = asyncio.create_task(session.stop())
        await asyncio.sleep(0)
        session.resumed(3600)
        session.want_video()
        await stopping
        await asyncio.sleep(3600)
        return session.state.state

    assert run(main) == "stopped"
    assert len(script.begun) == 1


def test_the_reading_pauses_while_a_watcher_that_blocks_is_full():
    script = Script(plays(every=1, make=document))

    async def main():
        session = supervisor(script)
        patient = watched(session, overflow="block", maxsize=4)
        await asyncio.sleep(10)
        paused = list(script.paused)
        for _ in range(8):
            await anext(patient)
        await session.stop()
        return paused

    assert run(main) == [True]
    assert script.paused[:2] == [True, False]
