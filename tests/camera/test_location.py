"""The addresses of a camera and of its streams."""

import pytest

from onframe.camera.location import (
    Location,
    address,
    authority,
    host_name,
    session_url,
    stream_address,
    without_zone,
)
from onframe.errors import ProtocolError


def test_the_ports_are_80_and_554_or_with_tls_443_and_322():
    assert address("http://cam.example") == ("cam.example", 80, 554, None, None, False)
    assert address("rtsp://u@cam.example/") == ("cam.example", 80, 554, "u", None, False)
    assert address("https://cam.example") == ("cam.example", 443, 322, None, None, True)
    assert address("rtsps://cam.example/x") == ("cam.example", 443, 322, None, None, True)
    assert address("HTTPS://cam.example:8443/?rtsp_port=8322") == ("cam.example", 8443, 8322, None, None, True)
    assert address("rtsps://cam.example:8322?http_port=8443") == ("cam.example", 8443, 8322, None, None, True)


def test_a_host_alone_is_an_address_too_and_may_be_asked_for_with_tls():
    assert address("cam.example") == ("cam.example", 80, 554, None, None, False)
    assert address(" 10.0.0.7:8080 ") == ("10.0.0.7", 8080, 554, None, None, False)
    assert address("u@cam.example", secure=True) == ("cam.example", 443, 322, "u", None, True)


@pytest.mark.fault("F37")
@pytest.mark.parametrize(
    ("user_info", "username", "password"),
    [
        ("admin:p%40ss%3Aw%2Ford%25", "admin", "p@ss:w/ord%"),
        ("admin:p@ss:word", "admin", "p@ss:word"),
        ("admin:@@::@", "admin", "@@::@"),
        ("admin:100%", "admin", "100%"),
        ("ad%3Amin:x", "ad:min", "x"),
        ("admin:", "admin", ""),
        ("admin", "admin", None),
        (":x", None, "x"),
        ("k%C3%A4the:%E5%AF%86", "k\u00e4the", "\u5bc6"),
    ],
)
def test_user_info_with_at_colon_slash_and_percent_is_parsed(user_info, username, password):
    for scheme in ("http", "https", "rtsp", "rtsps"):
        found = address(f"{scheme}://{user_info}@cam.example:99/x?http_port=7")
        assert (found.host, found.username, found.password) == ("cam.example", username, password)


@pytest.mark.fault("F37")
@pytest.mark.parametrize(
    ("place", "host", "port"),
    [
        ("[2001:db8::7]:8080", "2001:db8::7", 8080),
        ("[2001:db8::7]", "2001:db8::7", 80),
        ("2001:db8::7", "2001:db8::7", 80),
        ("[fe80::1%25eth0]:8080", "fe80::1%eth0", 8080),
        ("[fe80::1%eth0]", "fe80::1%eth0", 80),
        ("fe80::1%eth0", "fe80::1%eth0", 80),
        ("fe80::1%25eth0.7", "fe80::1%eth0.7", 80),
    ],
)
def test_ipv6_literals_and_link_local_zones_are_parsed(place, host, port):
    for url in (f"http://u:p@{place}", f"http://{place}/", place):
        assert address(url)[:2] == (host, port)
    assert host_name(place.removesuffix(":8080")) == host


@pytest.mark.fault("F37")
@pytest.mark.parametrize(
    "url",
    [
        "http://admin:can/ary@cam.example/",
        "http://admin:12/canary@cam.example/",
        "http://admin:can?ary@cam.example/",
        "http://admin:can#ary@cam.example/",
        "http://admin:canary@",
        "http://admin:canary@:80",
        "http://admin:canary@cam.example:port",
        "http://admin:canary@cam.example:99999",
        "http://admin:canary@cam.example:0",
        "http://admin:canary@cam.example:" + "9" * 5000,
        "http://admin:canary@cam.example:\u0661",
        "http://admin:canary@[::1",
        "http://admin:canary@[canary]/",
        "http://admin:canary@[fe80::1%]/",
        "http://admin:canary@[fe80::1%eth0/canary]/",
        "http://admin:canary@cam example/",
        "http://admin:canary@cam\nexample/",
        "http://admin:canary@cam%20example/",
        "http://admin:canary@1:2:3/",
        "http://admin:canary@cam.example/?rtsp_port=canary",
        "canary://admin:canary@cam.example",
        "http://",
        "",
        "http://" + "a" * 64,
        "http://canary..example",
        "http://\u200b/",
        "http://a\uff0fcanary",
    ],
)
def test_what_is_no_address_is_refused_without_a_word_of_it(url):
    with pytest.raises(ValueError) as caught:
        address(url)
    assert "canary" not in str(caught.value) + repr(caught.value)
    assert caught.value.__cause__ is None and "canary" not in str(caught.value.__context__)


def test_a_name_beyond_ascii_is_written_as_the_resolver_takes_it():
    assert address("http://k\u00e4mera.example").host == "xn--kmera-gra.example"


@pytest.mark.fault("F37")
def test_an_address_shows_neither_user_nor_password():
    shown = repr(address("https://admin:canary@[fe80::1%25eth0]:8443"))
    assert shown == "Address('[fe80::1%eth0]:8443', secure=True)"


@pytest.mark.fault("F37")
def test_the_request_line_has_brackets_and_no_zone():
    assert session_url("fe80::1%eth0", 8554, 1, 1) == "rtsp://[fe80::1]:8554/ISAPI/Streaming/channels/101"
    assert session_url("::1", 554, 2, 2) == "rtsp://[::1]/ISAPI/Streaming/channels/202"
    assert session_url("cam", 322, 1, 1, secure=True) == "rtsps://cam/ISAPI/Streaming/channels/101"
    assert session_url("::1", 554, 1, 1, secure=True) == "rtsps://[::1]:554/ISAPI/Streaming/channels/101"
    assert stream_address("/x", "fe80::1%eth0", 322, secure=True) == "rtsps://[fe80::1]/x"
    assert without_zone("host%name") == "host%name"


@pytest.mark.parametrize(
    ("uri", "asked"),
    [
        ("rtsp://192.0.2.9:5554/ISAPI/x?token=1", "rtsp://192.0.2.9:5554/ISAPI/x?token=1"),
        ("rtsp://admin:secret@192.0.2.9/x", "rtsp://192.0.2.9/x"),
        ("RTSP://host/x", "rtsp://host/x"),
        ("/ISAPI/x", "rtsp://[fe80::1]:8554/ISAPI/x"),
    ],
)
@pytest.mark.requirement("R-056")
def test_the_uri_of_a_subscription_is_asked_for_as_it_is_but_without_credentials(uri, asked):
    assert stream_address(uri, "fe80::1", 8554) == asked


@pytest.mark.parametrize("uri", ["http://host/x", "x", "rtsp:///x", "rtsp://[::1/x"])
@pytest.mark.requirement("R-056")
def test_a_uri_that_is_none_is_a_protocol_error(uri):
    with pytest.raises(ProtocolError, match="rtspURI"):
        stream_address(uri, "host", 554)


def test_ipv6_stands_in_brackets_and_the_default_port_is_left_out():
    assert authority("fe80::1", 80, 80) == "[fe80::1]"
    assert authority("cam", 8080, 80) == "cam:8080"


async def test_a_subscription_that_was_forgotten_is_asked_for_again():
    uris = iter(["rtsp://a/1", "rtsp://a/2"])

    async def subscribe():
        return next(uris)

    location = Location(None, subscribe)
    assert [await location.url(), await location.url()] == ["rtsp://a/1", "rtsp://a/1"]
    assert location.forget()
    assert await location.url() == "rtsp://a/2"
    assert not Location("rtsp://a/3").forget()
