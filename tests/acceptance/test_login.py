"""A wrong password costs one request: devices lock the account after a few."""

from __future__ import annotations

import asyncio
import time

import pytest

from onframe import AuthenticationError, Backoff, Camera, StateChange
from onframe.camera.supervisor import Timing

WATCHED = 4.0
"""Seconds of supervision, with pauses a fiftieth of what they are otherwise: more rounds than a minute has."""
QUICK = {"backoff": Backoff(initial=0.02, maximum=0.6), "timing": Timing(recheck=1.0, busy=0.6), "keepalive": 0.3}


def wrong(simulated, **options):
    ports = {"http_port": simulated.http_port, "rtsp_port": simulated.rtsp_port}
    return Camera("127.0.0.1", username="admin", password="wrong", **{**ports, **QUICK, **options})


async def attempt(call):
    """What one caller gets: it is the refusal, whatever it called."""
    with pytest.raises(AuthenticationError, match="refused the user 'admin'"):
        await call


async def insist(camera):
    """Somebody who begins anew whenever a watch ends."""
    end = time.monotonic() + WATCHED
    refusals = 0
    while time.monotonic() < end:
        try:
            async for event in camera.events(via="channel"):
                assert isinstance(event, StateChange) and event.state in ("connecting", "authenticating", "auth_failed")
        except AuthenticationError:
            refusals += 1
        await asyncio.sleep(0.05)
    return refusals


async def refusals_of(simulated, camera):
    async with camera:
        callers = [camera.device_capability, camera.metadata_capability, camera.configuration, camera.subscribe]
        callers += [camera.channels, camera.supports_metadata]
        over_http = [attempt(call()) for call in callers]
        over_rtsp = [attempt(anext(camera.watch(via=via, stream=n))) for via in ("channel", "auto") for n in (1, 2)]
        assert len(over_http + over_rtsp) == 10
        *_, begun = await asyncio.gather(*over_http, *over_rtsp, insist(camera))
        assert begun > 5
        assert camera.state == "auth_failed"
    return simulated.refused


@pytest.mark.requirement("R-018")
async def test_ten_callers_and_a_supervision_cost_one_refused_request(simulate):
    simulated = simulate("--scene", "gate")
    refused = await refusals_of(simulated, wrong(simulated))
    assert len(refused) == 1
    assert "over http: GET /ISAPI/" in refused[0]


@pytest.mark.requirement("R-018")
async def test_where_rtsp_is_asked_first_it_is_one_refused_request_too(simulate):
    simulated = simulate("--scene", "gate")
    async with wrong(simulated, http_port=1) as camera:
        calls = [attempt(anext(camera.watch(stream=n % 2 + 1))) for n in range(10)]
        *_, begun = await asyncio.gather(*calls, insist(camera))
        assert begun > 5
    assert len(simulated.refused) == 1
    assert "over rtsp: DESCRIBE rtsp://" in simulated.refused[0]


@pytest.mark.parametrize("command", ["watch", "config get", "doctor", "view"])
def test_every_command_says_it_once_and_ends(gate, command):
    before = len(gate.refused)
    done = gate.onframe(command, password="wr0ng-secret")
    assert done.returncode == (1 if command == "doctor" else 3), done.stderr
    assert "refused the user 'admin'" in done.stdout + done.stderr
    assert "check user name and password" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr and "wr0ng-secret" not in done.stdout + done.stderr
    assert len(gate.refused) - before == 1
