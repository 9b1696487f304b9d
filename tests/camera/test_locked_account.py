"""An account that somebody else's wrong passwords have locked, while we were logged in."""

import asyncio
import time
from functools import partial

import pytest

import waiting
from onframe.camera.attempts import COOL_DOWN, Attempts, pause_after
from onframe.camera.backoff import Backoff
from onframe.camera.camera import Camera
from onframe.camera.login import Login
from onframe.errors import AuthenticationError
from onframe.record import Record, StateChange
from onframe.simulator.camera import SimulatedCamera

next_of = partial(waiting.next_of, seconds=20.0)
until = partial(waiting.until, seconds=20.0)

pytestmark = pytest.mark.fault("F5")

QUICK = Backoff(initial=0.05, maximum=0.2)
LOCKED, COOLING = 2.5, 4.0
"""Seconds of the device's lock and of our cool-down; in life 1800 and 1860."""


@pytest.fixture
async def simulated():
    async with SimulatedCamera("gate") as camera:
        camera.device.lockout, camera.device.lock_seconds = 2, LOCKED
        yield camera


class Signed:
    """When requests with credentials came, from the moment of the lock on."""

    def __init__(self, device):
        self.times = []
        judge = device.accounts.judge

        def counting(protocol, method, uri, authorization, body):
            self.times += [time.monotonic()] * (authorization is not None)
            return judge(protocol, method, uri, authorization, body)

        device.accounts.judge = counting


async def lock(simulated):
    for _ in range(2):
        async with Camera.from_url(simulated.url, password="guessed", remember_logins=False) as somebody:
            with pytest.raises(AuthenticationError):
                await somebody.device_capability()
    assert simulated.device.locked


def camera_of(simulated):
    camera = Camera.from_url(simulated.url, keepalive=0.3, backoff=QUICK, remember_logins=False)
    camera.login.cool_down = COOLING
    return camera


async def test_a_session_that_plays_goes_on_while_its_account_is_locked_and_sends_no_credentials(simulated):
    async with camera_of(simulated) as camera:
        events = camera.events()
        await next_of(events, Record)
        await lock(simulated)
        signed = Signed(simulated.device)
        await until(lambda: camera.login.refused is not None)
        left = camera.login.refused.retry_after
        assert COOLING - 0.5 <= left <= COOLING
        refused, over = len(signed.times), time.monotonic() + left
        assert refused <= 3  # the keep-alive, and R-018's two repetitions of a login that was accepted
        with pytest.raises(AuthenticationError, match="not before"):
            await camera.configuration()
        while camera.login.refused is not None:
            await next_of(events, Record)
        await until(lambda: camera.login.accepted)
        assert [at >= over - 0.01 for at in signed.times[refused:]] == [True]
        assert camera.counters["reconnects"] == 0 and camera.state in ("live", "quiet")


async def test_a_connection_lost_while_the_account_is_locked_is_made_anew_when_that_is_over(simulated, caplog):
    async with camera_of(simulated) as camera:
        events = camera.events()
        await next_of(events, Record)
        await lock(simulated)
        await until(lambda: camera.login.refused is not None)
        signed = Signed(simulated.device)
        simulated.rtsp.abort_all()
        while "not before" not in (waiting := await next_of(events, StateChange, state="backoff")).reason:
            pass
        assert "next attempt in" in waiting.reason and "locked" in waiting.reason
        assert camera.state == "backoff"
        late = asyncio.create_task(next_of(camera.events(types=["ANPR"]), StateChange, state="live"))
        while camera.login.refused is not None:
            assert signed.times == []
            await asyncio.sleep(0.02)
        await next_of(events, StateChange, state="live")
        await next_of(events, Record)
        await late
    told = [record.levelname for record in caplog.records if record.message.startswith("127.0.0.1 refused the user")]
    assert told == ["WARNING"]


async def test_a_lock_that_outlasts_the_cool_down_costs_one_more_request_for_each(simulated):
    simulated.device.lock_seconds = 60.0
    async with camera_of(simulated) as camera:
        camera.login.cool_down = 1.0
        events = camera.events()
        await next_of(events, Record)
        await lock(simulated)
        await until(lambda: camera.login.refused is not None)
        signed = Signed(simulated.device)
        await asyncio.sleep(4.0)
        assert 1 <= len(signed.times) <= 4
        assert all(later - earlier >= 0.95 for earlier, later in zip(signed.times, signed.times[1:], strict=False))
        await next_of(events, Record)
        assert camera.counters["reconnects"] == 0


async def test_credentials_that_were_accepted_once_are_held_back_for_31_minutes():
    login = Login("admin", "secret", host="10.0.0.1")
    await login.permit()
    login.accept()
    error = login.refuse("RTSP 401")
    assert 31 * 60 - 5 < error.retry_after <= 31 * 60
    assert login.refused.retry_after <= error.retry_after and not login.accepted
    with pytest.raises(AuthenticationError, match=r"it had accepted them, .* not before \d{4}-"):
        await login.permit()


async def test_credentials_that_were_never_accepted_are_refused_for_good():
    login = Login("admin", "secret", host="10.0.0.1", cool_down=0.0)
    await login.permit()
    assert login.refuse("RTSP 401").retry_after is None
    with pytest.raises(AuthenticationError):
        await login.permit()


async def test_a_refusal_of_another_process_holds_back_what_was_accepted_here(tmp_path):
    now = [1_700_000_000.0]
    attempts = Attempts(tmp_path, now=lambda: now[0])
    login = Login("admin", "secret", host="10.0.0.1", attempts=attempts, cool_down=0.05)
    await login.permit()
    login.accept()
    login.refuse("RTSP 401", remember=False)
    await asyncio.sleep(0.1)
    attempts.record("10.0.0.1", "admin", "secret")
    now[0] += 60
    with pytest.raises(AuthenticationError) as caught:
        await login.permit()
    assert 30 * 60 - 5 < caught.value.retry_after <= 30 * 60


@pytest.mark.parametrize(("told", "seconds"), [(0.0, COOL_DOWN), (60.0, 1860.0), (7200.0, 7260.0), (1e9, 86460.0)])
def test_the_lock_that_a_device_tells_is_outlasted_up_to_a_day(told, seconds):
    assert pause_after(told) == seconds
