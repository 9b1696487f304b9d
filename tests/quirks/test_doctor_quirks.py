"""The doctor on every profile and on every value of every quirk: the cause of what is missing, and nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from onframe.camera.backoff import Backoff
from onframe.camera.camera import Camera
from onframe.camera.doctor import diagnose
from onframe.camera.findings import Finding
from onframe.camera.limiter import ConnectLimiter
from onframe.simulator.camera import SimulatedCamera
from onframe.simulator.profiles import PROFILES
from onframe.simulator.quirks import QUIRKS

AT_ONCE = 12
NUMBERS = {
    "lockout": ["3"],
    "nonce_uses": ["1"],
    "mtu": ["64", "60000"],
    "loss": ["0.3"],
    "seq_jump": ["5"],
    "silence": ["60"],
    "wrap_after": ["2"],
}
"""Values of the quirks that are numbers."""
GROUPS = sorted({quirk.group for quirk in QUIRKS.values()})
NO_CAPABILITY = {
    "device capability": "does not say isSupportMetadata",
    "metadata capability": "notSupport",
    "types enabled": "notSupport",
}


def refused_by(name: str, rtsp_status: int) -> dict[str, str]:
    """What a device that refuses everything by that name answers."""
    return {"device capability": name, "track": str(rtsp_status)}


BASIC = {"login": "Basic alone"}
TROUBLES: dict[str, dict[str, str]] = {
    "account=nothing": refused_by("lowPrivilege", 403),
    "account=look": {"rights": "not subscribe"},
    "condition=notActivated": {"activation": "notActivated"},
    "condition=deviceBusy": refused_by("deviceBusy", 453),
    "condition=serviceUnavailable": refused_by("serviceUnavailable", 503),
    "condition=upgrading": refused_by("upgrading", 503),
    "condition=deviceError": refused_by("deviceError", 500),
    "track=onvif": {"track": "ONVIF"},
    "firmware=old": {"firmware": "CVE-2017-7921"},
    "nvr": NO_CAPABILITY | {"track": "no isapi.metadata track"},
    "basic": BASIC,
    "auth=basic": BASIC,
    "no_capability_node=on": NO_CAPABILITY,
    "subscribe=403": {"rights": "not subscribe"},
    "subscribe=404": {"rights": "not subscribe"},
    "setup_subset=off": {"track": "SETUP was answered 455"},
    "loss=0.3": {"packets": "lost"},
    "seq_jump=5": {"packets": "lost"},
    "ts_change_mid_message=on": {"documents": "cannot be read"},
    "rule_on_change_only=on": {"rules": "no rule"},
    "silence=60": {"packets": "none within"},
}
"""What is not well, by profile or quirk: the finding, and words of its cause. Everywhere else all is well."""


async def diagnosed(profile: str = "guide", quirks: dict[str, Any] | None = None, **options: Any) -> list[Finding]:
    options = {"limiter": ConnectLimiter(1000), "remember_logins": False} | options
    async with SimulatedCamera("corner", profile=profile, quirks=quirks) as simulated:
        quick = Backoff(initial=0.05, maximum=0.2)
        async with Camera.from_url(simulated.url, backoff=quick, **options) as camera:
            return [finding async for finding in diagnose(camera, wait=2.5, listen=0.8)]


def check(name: str, found: list[Finding]) -> None:
    """Exactly the expected troubles are named, each with its cause and a remedy."""
    troubles = {finding.name: finding for finding in found if finding.level != "ok"}
    expected = TROUBLES.get(name, {})
    assert set(troubles) == set(expected), (name, list(troubles.values()))
    for finding, words in expected.items():
        assert words in troubles[finding].detail, (name, troubles[finding])
        assert len(troubles[finding].remedy or "") > 20, (name, troubles[finding])


@pytest.mark.parametrize("profile", PROFILES)
async def test_on_each_profile_the_cause_of_what_is_missing_is_named(profile):
    check(profile, await diagnosed(profile))


@pytest.mark.parametrize("group", GROUPS)
async def test_on_each_value_of_each_quirk_the_cause_of_what_is_missing_is_named(group):
    room = asyncio.Semaphore(AT_ONCE)

    async def one(name: str, value: str) -> None:
        async with room:
            check(f"{name}={value}", await diagnosed(quirks={name: value}))

    values = {name: NUMBERS.get(name, quirk.values) for name, quirk in QUIRKS.items() if quirk.group == group}
    assert values
    async with asyncio.TaskGroup() as tasks:
        for name, choices in values.items():
            for value in choices:
                if QUIRKS[name].read(value) != QUIRKS[name].default:
                    tasks.create_task(one(name, value))


def test_every_trouble_belongs_to_a_profile_or_a_quirk():
    known = {f"{name}={value}" for name, quirk in QUIRKS.items() for value in NUMBERS.get(name, quirk.values)}
    assert set(TROUBLES) <= known | set(PROFILES)


async def test_a_recorder_is_told_from_a_camera_without_a_type():
    (track,) = [finding for finding in await diagnosed("nvr") if finding.name == "track"]
    assert "connect to the camera itself, not to a recorder" in (track.remedy or "")


async def test_basic_alone_works_once_it_is_allowed_and_digests_alone_when_they_are_not():
    assert all(finding.ok for finding in await diagnosed("basic", allow_basic=True))
    (login,) = [finding for finding in await diagnosed("sha256", digest=["MD5"]) if not finding.ok]
    assert login.name == "login" and "none of the digests offered can be answered: SHA-256" in login.detail
    assert "allowed are MD5" in (login.remedy or "")
