"""The addresses of a camera and of its streams."""

import pytest

from onframe.camera.location import Location, address, authority, stream_address
from onframe.errors import ProtocolError, UnsupportedError


def test_defaults_are_the_ports_80_and_554():
    assert address("http://cam.example") == ("cam.example", 80, 554, None, None)
    assert address("rtsp://u@cam.example/") == ("cam.example", 80, 554, "u", None)


def test_tls_is_named_as_not_there_yet():
    with pytest.raises(UnsupportedError, match="https"):
        address("https://cam.example")


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
