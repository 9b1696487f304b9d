"""The table of quirks: what can be given, and how what cannot be is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from onframe.errors import OnframeError
from onframe.simulator.camera import SimulatedCamera
from onframe.simulator.device import Device
from onframe.simulator.profiles import PROFILES, profile_named
from onframe.simulator.quirks import QUIRKS, Quirks

CAMERAS = Path(__file__).parents[2] / "docs" / "cameras.md"


def test_the_defaults_are_the_guides_own_camera() -> None:
    quirks = Quirks()
    assert PROFILES["guide-2017"].quirks == quirks
    assert (quirks.meta_version, quirks.tz, quirks.devinfo) == ("1.0", "+0800", "bogus_mac")
    assert (quirks.control, quirks.content_base, quirks.rtpinfo) == ("relative", False, "seq0")
    assert (quirks.auth, quirks.lockout, quirks.mtu) == ("md5", 0, 1000)


def test_texts_become_values() -> None:
    texts = ["control=av_stream", "nonce_per_url", "content_base=on", "uri_strict=FALSE", "mtu=1400", "loss = 0.25"]
    assert Quirks.from_texts(texts).changed() == {
        "nonce_per_url": True,
        "control": "av_stream",
        "content_base": True,
        "mtu": 1400,
        "loss": 0.25,
    }


def test_values_that_differ_in_case_alone_are_two() -> None:
    assert [Quirks.parse({"path_case": name}).path_case for name in ("Metadata", "metadata")] == [
        "Metadata",
        "metadata",
    ]
    assert Quirks.parse({"control": "Absolute"}).control == "absolute"


def test_a_base_keeps_what_is_not_named() -> None:
    quirks = Quirks.parse({"lockout": 3}, PROFILES["av-stream-2023"].quirks)
    assert (quirks.lockout, quirks.control, quirks.session_padding) == (3, "av_stream", True)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("contrl=absolute", "there is no quirk 'contrl'", "did you mean control or "),
        ("zzzzzz", "there is no quirk 'zzzzzz'", "onframe simulate --list-quirks shows them all"),
        ("control=round", "control='round' is no value of this quirk", "choose relative | absolute | av_stream |"),
        ("content_base=perhaps", "content_base='perhaps' is no value of this quirk", "choose off | on"),
        ("mtu=2", "mtu='2' is no value of this quirk", "choose 64 to 60 000"),
        ("mtu=64.5", "mtu='64.5' is no value of this quirk", "choose 64 to 60 000"),
        ("loss=nan", "loss='nan' is no value of this quirk", "choose 0 to 1"),
        ("lockout", "lockout='on' is no value of this quirk", "choose 0 to 1 000"),
    ],
)
def test_what_is_wrong_is_named_with_a_way_out(text: str, message: str, hint: str) -> None:
    with pytest.raises(OnframeError) as refused:
        Quirks.from_texts([text])
    assert str(refused.value) == message
    assert refused.value.hint is not None and refused.value.hint.startswith(hint)


def test_every_row_says_what_it_does_and_where_it_was_seen() -> None:
    for row in QUIRKS.values():
        assert len(row.does) > 15 and row.seen, row.name
        assert row.read(row.default) == row.default


def test_every_quirk_stands_on_the_page_about_cameras() -> None:
    page = CAMERAS.read_text("utf-8")
    for row in QUIRKS.values():
        values = row.choices.replace("|", "/")
        assert f"| `{row.name}` | {values} | {row.usual} | {row.does} | {row.seen} |" in page, row.name


def test_profiles_are_known_by_their_names() -> None:
    assert list(PROFILES) == ["guide-2017", "guide", "av-stream-2023", "nvr", "sha256", "basic"]
    with pytest.raises(OnframeError) as refused:
        profile_named("recorder")
    assert refused.value.hint == "choose one of guide-2017, guide, av-stream-2023, nvr, sha256, basic"


def test_a_camera_takes_quirks_over_its_profile() -> None:
    camera = SimulatedCamera("gate", profile="sha256", quirks={"control": "absolute"})
    assert (camera.device.quirks.auth, camera.device.quirks.control) == ("sha256", "absolute")


@pytest.mark.requirement("R-080")
def test_digital_channels_follow_the_last_analog_one() -> None:
    device = Device(analog=16, digital=16)
    assert tuple(device.channels) == tuple(range(1, 33))
    place = device.place("rtsp://127.0.0.1/ISAPI/Streaming/channels/1701")
    assert place is not None and (place.channel, place.stream) == (17, 1)
    assert device.place("rtsp://127.0.0.1/ISAPI/Streaming/channels/3301") is None
    assert tuple(Device(digital=2).channels) == (1, 2)
