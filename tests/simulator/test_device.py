"""The simulated camera's state: configuration, subscriptions, logins."""

import pytest

from onframe.isapi.config import MetadataCfg, MetadataType
from onframe.isapi.devicecap import device_cap_table
from onframe.simulator.device import MAX_SUBSCRIPTIONS, PROFILES, Device, Profile
from onframe.wire.digest import DigestClient


def device(**options):
    return Device(password="abcd1234", channel_numbers=(1, 2), rtsp_port=8554, **options)


@pytest.mark.requirement("R-009", "R-061")
def test_only_enabled_types_are_uploaded_and_those_of_no_type_always():
    one = device()
    assert one.enabled(1, "ANPR")
    one.configure(1, MetadataCfg([MetadataType("ANPR", False)]))
    assert not one.enabled(1, "ANPR")
    assert one.enabled(2, "ANPR")
    assert one.enabled(1, None)
    assert not one.enabled(1, "heatmap")
    assert not one.enabled(9, None)


@pytest.mark.requirement("R-092", "B.9", "R-005")
def test_the_capability_holds_the_tables_elements_but_those_that_are_true_or_absent():
    cap = device().device_capability()
    left_out = [row for row in device_cap_table().values() if row.note == "true or absent"]
    assert cap.elements == 192 - 1 - (len(left_out) - 1)
    assert cap.get("SysCap/isSupportMetadata") == "true"
    assert cap.get("SysCap/isSupportThermalStreamData") is None
    assert cap.value("isSupportRadar") is True
    assert cap.get("ResourceSwitch/workMode") == "4KPreview"
    assert Device(profile=PROFILES["nvr"]).device_capability().get("SysCap/isSupportMetadata") is None


@pytest.mark.requirement("R-060")
def test_a_subscription_ends_sixty_seconds_after_its_last_use():
    one = device()
    uri = one.subscribe(1, ["ANPR"], now=0.0)
    assert one.place(uri, now=59.0).subscription.types == ("ANPR",)
    assert one.place(uri, now=118.0) is not None
    assert one.place(uri, now=178.0) is None
    assert one.place(uri, now=179.0) is None


@pytest.mark.requirement("R-060")
def test_a_subscription_that_is_played_lives_until_teardown():
    one = device()
    uri = one.subscribe(1, ["ANPR"], now=0.0)
    played = one.place(uri, now=1.0).subscription
    one.begin(played)
    assert one.place(uri, now=1000.0) is not None
    one.end(played, teardown=False, now=1001.0)
    assert one.place(uri, now=1060.0) is not None
    one.begin(played)
    one.end(played, teardown=True, now=1061.0)
    assert one.place(uri, now=1061.0) is None


@pytest.mark.requirement("R-060", "R-061")
def test_a_subscription_wants_its_types_and_ptz_only_in_whole_channels():
    one = device()
    some = one.place(one.subscribe(1, ["ANPR", "ANPR", "faceSnap"])).subscription
    assert some.types == ("ANPR", "faceSnap")
    assert some.wants("ANPR")
    assert not some.wants("thermometry")
    assert not some.wants(None)
    whole = one.place(one.subscribe(1, None)).subscription
    assert whole.wants("thermometry")
    assert whole.wants(None)


@pytest.mark.requirement("R-060")
def test_each_subscription_has_its_own_uri_and_there_is_an_end_to_them():
    one = device()
    uris = [one.subscribe(1, None, now=0.0) for _ in range(MAX_SUBSCRIPTIONS)]
    assert len(set(uris)) == MAX_SUBSCRIPTIONS
    assert one.subscribe(1, None, now=1.0) is None
    assert one.subscribe(1, None, now=61.0) is not None


@pytest.mark.requirement("R-063", "R-083")
def test_a_uri_has_at_most_128_characters_and_names_the_port_unless_it_is_554():
    one = device()
    assert one.subscribe(1, None, host="h" * 200).startswith("rtsp://127.0.0.1:8554/")
    assert len(one.subscribe(1, None, host="h" * 200)) <= 128
    assert one.subscribe(2, None, stream=2, host="fe80::1").startswith(
        "rtsp://[fe80::1]:8554/ISAPI/Streaming/channels/202/metadata/"
    )
    assert Device().subscribe(1, None).startswith("rtsp://127.0.0.1/ISAPI/Streaming/channels/101/")


@pytest.mark.requirement("R-079", "R-082", "R-074")
@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/ISAPI/Streaming/channels/101", (1, 1)),
        ("/ISAPI/Streaming/channels/102/", (1, 2)),
        ("/ISAPI/Streaming/Channels/203/trackID=3", (2, 3)),
        ("/ISAPI/Streaming/channels/2", (2, 1)),
        ("/ISAPI/Streaming/channels/101?transportmode=unicast", (1, 1)),
        ("/ISAPI/Streaming/channels/301", None),
        ("/ISAPI/Streaming/channels/104", None),
        ("/ISAPI/Streaming/channels/0", None),
        ("/ISAPI/Streaming/channels/101/other", None),
        ("/ISAPI/Streaming/channels/101/metadata/0123456789abcdef", None),
        ("/Streaming/channels/101", None),
        ("", None),
    ],
)
def test_an_rtsp_url_points_at_a_channel_and_a_stream(path, place):
    found = device().place("rtsp://127.0.0.1:8554" + path)
    assert (None if found is None else (found.channel, found.stream)) == place


def test_a_url_that_is_none_points_at_nothing():
    assert device().place("rtsp://[/ISAPI") is None


@pytest.mark.requirement("R-060")
def test_a_subscription_of_one_channel_is_not_found_under_another():
    one = device()
    assert one.place(one.subscribe(1, None).replace("/101/", "/201/")) is None


@pytest.mark.requirement("R-013", "R-014")
def test_refused_logins_of_both_protocols_are_in_one_log():
    one = device()
    uri = "rtsp://127.0.0.1:8554/ISAPI/Streaming/channels/101"
    (value,) = one.authenticate("rtsp", "DESCRIBE", uri, "")
    assert value.startswith('Digest realm="IP Camera(51289)", nonce="')
    assert value.endswith('stale="FALSE"')
    assert "qop" not in value
    assert one.log == []
    wrong = DigestClient("admin", "wrong")
    wrong.receive_challenge([value])
    assert one.authenticate("rtsp", "DESCRIBE", uri, wrong.authorize("DESCRIBE", uri, cnonce="c"))
    assert one.authenticate("http", "GET", "/x", 'Digest username="admin"')
    assert [(entry.protocol, entry.method) for entry in one.log] == [("rtsp", "DESCRIBE"), ("http", "GET")]


@pytest.mark.requirement("R-019")
def test_a_right_answer_to_a_spent_nonce_is_stale_and_no_refused_login():
    one = device(nonce_uses=1)
    client = DigestClient("admin", "abcd1234")
    client.receive_challenge(one.authenticate("http", "GET", "/x", None))
    assert one.authenticate("http", "GET", "/x", client.authorize("GET", "/x", cnonce="c")) is None
    (value,) = one.authenticate("http", "GET", "/x", client.authorize("GET", "/x", cnonce="c"))
    assert value.endswith('stale="TRUE"')
    assert one.log == []


@pytest.mark.requirement("R-107")
def test_the_default_profile_follows_the_guides_capture():
    profile = Profile()
    quirks = profile.quirks
    assert (profile.name, quirks.meta_version, quirks.tz, quirks.devinfo) == ("guide-2017", "1.0", "+0800", "bogus_mac")
    assert (quirks.ssrc, quirks.date_format) == ("fixed55667788", "hik")
    assert PROFILES["guide"].quirks.meta_version == "2.0"
