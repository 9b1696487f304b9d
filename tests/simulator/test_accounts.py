"""Logins of the simulated camera: challenges of every kind, nonces that run out, locks."""

from __future__ import annotations

import base64

import pytest

from onframe.simulator.device import Device, Profile
from onframe.simulator.profiles import PROFILES
from onframe.simulator.quirks import Quirks
from onframe.wire.digest import DigestClient

URL = "rtsp://127.0.0.1/ISAPI/Streaming/channels/101"
TRACK = f"{URL}/trackID=3"


def device_with(**quirks: object) -> Device:
    return Device("admin", "abcd1234", Profile(quirks=Quirks.parse(quirks)), viewers={"eve": "eve12345"})


def client_of(device: Device, password: str = "abcd1234", *, uri: str = URL) -> DigestClient:
    """A client that holds a challenge given for ``uri``."""
    client = DigestClient("admin", password)
    challenges = device.authenticate("rtsp", "DESCRIBE", uri, None)
    assert challenges is not None
    client.receive_challenge(challenges)
    return client


def ask(device: Device, client: DigestClient, uri: str = URL, *, signed: str | None = None) -> list[str] | None:
    return device.authenticate("rtsp", "SETUP", uri, client.authorize("SETUP", signed or uri, cnonce="c"))


def test_the_track_may_be_signed_with_the_channels_url_unless_the_device_is_strict() -> None:
    device, strict = device_with(), device_with(uri_strict=True)
    assert ask(device, client_of(device), TRACK, signed=URL) is None
    assert ask(strict, client_of(strict), TRACK, signed=URL) is not None
    assert len(strict.log) == 1
    assert ask(strict, client_of(strict), TRACK) is None


def test_a_nonce_of_another_url_is_refused_without_being_stale_and_is_no_wrong_password() -> None:
    device = device_with(nonce_per_url=True)
    client = client_of(device)
    assert ask(device, client) is None
    [again] = ask(device, client, TRACK) or []
    assert again.endswith('stale="FALSE"') and device.log == []
    client.receive_challenge([again])
    assert ask(device, client, TRACK) is None


@pytest.mark.parametrize(("nonce_stale", "told"), [(True, "TRUE"), (False, "FALSE")])
def test_a_nonce_holds_for_so_many_requests(nonce_stale: bool, told: str) -> None:
    device = device_with(nonce_uses=2, nonce_stale=nonce_stale)
    client = client_of(device)
    assert [ask(device, client), ask(device, client)] == [None, None]
    [again] = ask(device, client) or []
    assert again.endswith(f'stale="{told}"') and device.log == []


def test_nonces_can_be_let_expire() -> None:
    device = device_with()
    client = client_of(device)
    assert ask(device, client) is None
    device.expire_nonces()
    [again] = ask(device, client) or []
    assert again.endswith('stale="TRUE"')


def test_after_so_many_refusals_in_a_row_even_the_right_password_is_refused() -> None:
    device = device_with(lockout=2)
    right = client_of(device)
    assert ask(device, client_of(device, "wrong")) is not None
    assert device.accounts.lock_fields() == {"lockStatus": "unlock", "retryLoginTime": "1"}
    assert ask(device, right) is None  # which begins the count anew
    for _ in range(2):
        assert not device.locked
        assert ask(device, client_of(device, "wrong")) is not None
    assert device.locked
    assert ask(device, right) is not None
    assert device.accounts.lock_fields() == {"lockStatus": "lock", "unlockTime": "1800"}
    assert len(device.log) == 3  # what comes during the lock is not counted


def test_a_lock_ends() -> None:
    device = device_with(lockout=1)
    device.lock_seconds = 0.0
    assert ask(device, client_of(device, "wrong")) is not None
    assert not device.locked
    assert ask(device, client_of(device)) is None


def test_a_viewer_is_known_by_either_kind_of_credentials() -> None:
    device = device_with(auth="digest+basic")
    basic = "Basic " + base64.b64encode(b"eve:eve12345").decode()
    assert device.authenticate("http", "GET", "/x", basic) is None
    assert device.is_viewer(basic)
    assert device.is_viewer('Digest username="eve", realm="r"')
    assert not device.is_viewer("Basic " + base64.b64encode(b"admin:abcd1234").decode())
    assert not any(device.is_viewer(odd) for odd in (None, "", "Basic", "Basic =", 'Digest realm="eve'))


@pytest.mark.parametrize(
    ("quirks", "over_http", "over_rtsp"),
    [
        ({}, ['Digest qop="auth", realm='], ["Digest realm="]),
        ({"auth": "md5_noqop"}, ["Digest realm="], ["Digest realm="]),
        ({"auth": "md5_qop"}, ['Digest qop="auth", realm='], ['Digest qop="auth", realm=']),
        ({"auth": "md5+sha256"}, ['Digest qop="auth", realm='] * 2, ["Digest realm="] * 2),
        ({"auth": "digest+basic"}, ['Digest qop="auth", realm=', "Basic realm="], ["Digest realm=", "Basic realm="]),
        ({"auth": "basic"}, ["Basic realm="], ["Basic realm="]),
    ],
)
def test_the_challenges_of_each_way(quirks: dict[str, object], over_http: list[str], over_rtsp: list[str]) -> None:
    device = device_with(**quirks)
    for protocol, expected in (("http", over_http), ("rtsp", over_rtsp)):
        told = device.authenticate(protocol, "GET", "/x", None)  # type: ignore[arg-type]
        assert told is not None and len(told) == len(expected)
        assert all(one.startswith(start) for one, start in zip(told, expected, strict=True)), told


def test_the_recorders_challenge_is_that_of_its_own_server() -> None:
    device = Device("admin", "abcd1234", PROFILES["nvr"])
    [http] = device.authenticate("http", "GET", "/x", None) or []
    assert 'domain="::", opaque="", algorithm="MD5"' in http
    [rtsp] = device.authenticate("rtsp", "DESCRIBE", URL, None) or []
    assert "opaque" not in rtsp and len(rtsp.partition('nonce="')[2].partition('"')[0]) == 9
