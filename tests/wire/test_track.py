"""What SETUP's Transport and its answer come to."""

import pytest

from onframe.errors import RemoteProtocolError
from onframe.wire.headers import Transport
from onframe.wire.sdp import MediaDescription
from onframe.wire.track import Track, agree

METADATA = MediaDescription("application", formats=["107"])
TCP = Transport(interleaved=(0, 1))
UDP = Transport("RTP/AVP", client_port=(50000, 50001))
MULTICAST = Transport("RTP/AVP", unicast=False)


@pytest.mark.fault("F29")
@pytest.mark.parametrize(
    ("answer", "interleaved"),
    [
        ("RTP/AVP/TCP;unicast;interleaved=6-7;ssrc=14b37590", (6, 7)),
        ("RTP/AVP/TCP;unicast", (0, 1)),
        ("RTP/AVP;unicast;interleaved=2-3", (2, 3)),
        (None, (0, 1)),
    ],
)
def test_the_channels_of_the_answer_win_and_those_asked_for_hold_where_it_names_none(answer, interleaved):
    agreed, warnings = agree(TCP, answer, METADATA)
    assert (agreed.kind, agreed.interleaved, warnings) == ("tcp", interleaved, [])


@pytest.mark.fault("F29")
@pytest.mark.parametrize("answer", ["RTP/AVP;unicast;server_port=8318-8319", "RTP/AVP;multicast;destination=239.1.1.1"])
def test_udp_where_tcp_was_asked_for_is_refused(answer):
    with pytest.raises(RemoteProtocolError, match="with another transport"):
        agree(TCP, answer, METADATA)


def test_a_device_may_answer_udp_with_channels_of_the_connection():
    agreed, _ = agree(UDP, "RTP/AVP/TCP;unicast;interleaved=4-5", METADATA)
    assert (agreed.kind, agreed.interleaved) == ("tcp", (4, 5))


@pytest.mark.parametrize(
    ("answer", "server_port"),
    [
        ("RTP/AVP/UDP;unicast;client_port=50000-50001;server_port=8318-8319", (8318, 8319)),
        ("RTP/AVP;unicast", None),
        ("RTP/AVP", None),
        ("RTP/AVP;unicast;server_port=0-1", None),
        (None, None),
    ],
)
def test_the_ports_of_the_answer_are_taken_where_it_names_any(answer, server_port):
    agreed, warnings = agree(UDP, answer, METADATA)
    assert (agreed.kind, agreed.client_port, agreed.server_port) == ("udp", (50000, 50001), server_port)
    assert warnings == []


def test_other_client_ports_than_ours_are_a_warning():
    agreed, warnings = agree(UDP, "RTP/AVP;unicast;client_port=6000-6001;server_port=1-2", METADATA)
    assert agreed.client_port == (50000, 50001)
    assert len(warnings) == 1


@pytest.mark.parametrize(
    ("answer", "group", "port"),
    [
        ("RTP/AVP;multicast;destination=239.1.2.3;port=5000-5001;ttl=16", "239.1.2.3", (5000, 5001)),
        ("RTP/AVP;destination=239.1.2.3;port=5000-5001", "239.1.2.3", (5000, 5001)),
        ("RTP/AVP;multicast;destination=ff15::7;port=5000", "ff15::7", (5000, 5001)),
        ("RTP/AVP;multicast;destination=239.1.2.3;client_port=5002-5003", "239.1.2.3", (5002, 5003)),
        ("RTP/AVP;multicast;destination=239.1.2.3;server_port=5004-5005", "239.1.2.3", (5004, 5005)),
        ("RTP/AVP;multicast;port=5006-5007", "239.9.9.9", (5006, 5007)),
        ("RTP/AVP;multicast", "239.9.9.9", (8600, 8601)),
        (None, "239.9.9.9", (8600, 8601)),
    ],
)
def test_a_group_is_completed_by_the_description(answer, group, port):
    media = MediaDescription("application", port=8600, formats=["107"], connection="IN IP4 239.9.9.9/127")
    agreed, _ = agree(MULTICAST, answer, media)
    assert (agreed.kind, agreed.destination, agreed.port) == ("multicast", group, port)


def test_the_group_of_the_whole_description_serves_too():
    agreed, _ = agree(MULTICAST, "RTP/AVP;multicast;port=5000-5001", METADATA, "IN IP4 239.9.9.9/127/2")
    assert agreed.destination == "239.9.9.9"


@pytest.mark.parametrize(
    "answer",
    [
        "RTP/AVP;multicast;destination=192.0.2.7;port=5000-5001",
        "RTP/AVP;multicast;destination=10.0.0.255;port=5000-5001",
        "RTP/AVP;multicast;destination=255.255.255.255;port=5000-5001",
        "RTP/AVP;multicast;destination=fe80::1;port=5000-5001",
        "RTP/AVP;multicast;destination=example.org;port=5000-5001",
        "RTP/AVP;multicast;destination=239.1.1.1;port=0-1",
        "RTP/AVP;multicast;destination=239.1.1.1",
        "RTP/AVP;multicast;port=5000-5001",
        "RTP/AVP;unicast;server_port=5000-5001",
        "RTP/AVP;unicast;destination=239.1.1.1;port=5000-5001",
    ],
)
def test_no_answer_makes_us_join_what_is_no_group(answer):
    with pytest.raises(RemoteProtocolError):
        agree(MULTICAST, answer, METADATA)


def test_a_group_where_unicast_was_asked_for_is_refused():
    with pytest.raises(RemoteProtocolError, match="unicast with multicast"):
        agree(UDP, "RTP/AVP;multicast;destination=239.1.1.1;port=5000-5001", METADATA)


def test_where_nobody_names_channels_they_are_the_first_two():
    agreed, warnings = agree(Transport(), "RTP/AVP/TCP;unicast", MediaDescription("video"))
    assert (agreed.interleaved, warnings) == ((0, 1), [])


def test_a_track_of_no_known_encoding_counts_in_90_khz():
    track = Track(MediaDescription("video", formats=["98"]), "rtsp://h/x", Transport(), (0, 1))
    assert (track.name, track.payload_type, track.clock_rate) == ("video", 98, 90_000)
