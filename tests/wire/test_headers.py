import pytest
from hypothesis import given
from hypothesis import strategies as st

from onframe.errors import ProtocolError
from onframe.wire.headers import (
    Range,
    RTPInfo,
    Session,
    StreamInfo,
    Transport,
    parse_methods,
    parse_ssrc,
    parse_transports,
)


@pytest.mark.requirement("R-029")
def test_the_transport_of_an_answer_is_read():
    transport = Transport.parse('RTP/AVP/TCP;unicast;interleaved=6-7;ssrc=14b37590;mode="play"')
    assert (transport.protocol, transport.unicast, transport.interleaved) == ("RTP/AVP/TCP", True, (6, 7))
    assert (transport.ssrc, transport.mode, transport.tcp) == (0x14B37590, "play", True)
    assert transport.serialize() == 'RTP/AVP/TCP;unicast;interleaved=6-7;ssrc=14b37590;mode="play"'


@pytest.mark.requirement("R-026")
def test_a_transport_without_interleaved_is_legal():
    transport = Transport.parse("RTP/AVP/TCP;unicast;")
    assert transport.tcp
    assert transport.interleaved is None


@pytest.mark.requirement("R-042")
@pytest.mark.parametrize(
    ("text", "ssrc"),
    [
        (" d6d6627", 0xD6D6627),
        ("     D93FF", 0xD93FF),
        ("4317f", 0x4317F),
        ("0x6f7c", 0x6F7C),
        ("FFFFEF2D", 0xFFFFEF2D),
        ("1449463210", None),
        ("", None),
        ("xyz", None),
        ("0", 0),
    ],
)
def test_ssrc_with_leading_space_is_no_error(text, ssrc):
    assert parse_ssrc(text) == ssrc
    assert Transport.parse(f"RTP/AVP/TCP;ssrc={text};mode=play").ssrc == ssrc


def test_parameters_may_stand_before_the_protocol():
    transport = Transport.parse('client_port=5000-5001;rtp/avp;mode="PLAY";multicast;ttl=12;layers=1')
    assert (transport.protocol, transport.client_port, transport.mode) == ("RTP/AVP", (5000, 5001), "play")
    assert not transport.unicast
    assert not transport.tcp
    assert transport.ttl == 12
    assert transport.parameters == {"layers": "1"}


def test_a_multicast_transport_names_its_group_and_is_written_as_it_was_read():
    text = 'RTP/AVP;multicast;destination=239.255.1.2;port=3456-3457;ttl=1;ssrc=0000002a;mode="play"'
    transport = Transport.parse(text)
    assert (transport.destination, transport.port, transport.ttl) == ("239.255.1.2", (3456, 3457), 1)
    assert transport.kind == "multicast"
    assert transport.serialize() == text


def test_a_transport_over_udp_names_the_ports_of_both_ends_and_is_written_as_it_was_read():
    text = "RTP/AVP;unicast;destination=192.0.2.9;source=192.0.2.7;client_port=4588-4589;server_port=6256-6257"
    transport = Transport.parse(text)
    assert (transport.destination, transport.source) == ("192.0.2.9", "192.0.2.7")
    assert (transport.client_port, transport.server_port) == ((4588, 4589), (6256, 6257))
    assert transport.kind == "udp"
    assert transport.serialize() == text


@pytest.mark.parametrize("text", ["ttl=256", "ttl=-1", "ttl=x", "ttl=", "destination=", "port=70000-70001"])
def test_what_cannot_be_read_of_a_multicast_group_is_none(text):
    transport = Transport.parse(f"RTP/AVP;multicast;{text}")
    assert (transport.ttl, transport.destination, transport.port) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("4", (4, 5)),
        ("4-5", (4, 5)),
        ("255", (255, 255)),
        ("6 - 7", (6, 7)),
        ("300-301", None),
        ("a-b", None),
        ("", None),
    ],
)
def test_channels_out_of_range_are_none(text, pair):
    assert Transport.parse(f"RTP/AVP/TCP;interleaved={text}").interleaved == pair


def test_several_transports_are_split_outside_quotes():
    transports = parse_transports('RTP/AVP;unicast;client_port=1-2;mode="A,B", RTP/AVP/TCP;unicast;interleaved=0-1')
    assert [transport.protocol for transport in transports] == ["RTP/AVP", "RTP/AVP/TCP"]
    assert transports[1].interleaved == (0, 1)


@pytest.mark.parametrize("text", ["", " , ", "unicast;interleaved=0-1", '"'])
def test_a_transport_without_protocol_is_an_error(text):
    with pytest.raises(ProtocolError):
        parse_transports(text)


@pytest.mark.requirement("R-030", "R-047")
@pytest.mark.parametrize(
    ("text", "session_id", "timeout"),
    [
        ("408703626;timeout=60", "408703626", 60),
        ("       708732579;timeout=60", "708732579", 60),
        ("9a90de54; Timeout = 15", "9a90de54", 15),
        ("l0TtlUFSR", "l0TtlUFSR", None),
        ("abc;timeout=0", "abc", None),
        ("abc;timeout=", "abc", None),
        ("abc;timeout=60s", "abc", 60),
        ("abc;foo;timeout=5", "abc", 5),
    ],
)
def test_a_session_is_cut_at_its_semicolon(text, session_id, timeout):
    assert Session.parse(text) == Session(session_id, timeout)


@pytest.mark.parametrize("text", ["", ";timeout=60", "a b", "a\x00b"])
def test_a_session_without_usable_id_is_an_error(text):
    with pytest.raises(ProtocolError):
        Session.parse(text)


def test_a_session_is_written_with_its_timeout():
    assert Session("408703626", 60).serialize() == "408703626;timeout=60"
    assert Session("408703626").serialize() == "408703626"


@pytest.mark.requirement("R-034")
def test_rtp_info_of_the_guide_is_read():
    info = RTPInfo.parse("url=trackID=1;seq=24874,url=trackID=2;seq=42360,url=trackID=3;seq=0")
    assert list(info) == [
        StreamInfo("trackID=1", 24874),
        StreamInfo("trackID=2", 42360),
        StreamInfo("trackID=3", 0),
    ]
    assert info.serialize() == "url=trackID=1;seq=24874,url=trackID=2;seq=42360,url=trackID=3;seq=0"


@pytest.mark.requirement("R-034")
def test_rtp_info_with_absolute_urls_and_queries_is_read():
    (stream,) = RTPInfo.parse("url=rtsp://h/a,b/trackID=1?x=1&y=2;seq=24104;rtptime=1270711678")
    assert stream == StreamInfo("rtsp://h/a,b/trackID=1?x=1&y=2", 24104, 1270711678)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("url=a;seq=1;rtptime=-1", [StreamInfo("a", 1)]),
        ("url=a;seq=65536;rtptime=4294967296", [StreamInfo("a")]),
        ("url=a;rtptime=4294967295, url=b;seq=x", [StreamInfo("a", None, 4294967295), StreamInfo("b")]),
        ("url=a;seq=5;ssrc=4294962989", [StreamInfo("a", 5)]),
        ("url=a;seq=5;ssrc=ffffef2d", [StreamInfo("a", 5, None, 0xFFFFEF2D)]),
        ("URL=a;SEQ=5,", [StreamInfo("a", 5)]),
        ("nonsense", []),
        ("", []),
    ],
)
def test_rtp_info_is_a_hint_and_never_fails(text, expected):
    assert list(RTPInfo.parse(text)) == expected


@pytest.mark.requirement("R-033")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("npt=0.000000-", Range("npt", 0.0, None)),
        ("npt=0.0-596.48", Range("npt", 0.0, 596.48)),
        ("npt=12:05:35.3-", Range("npt", 43535.3, None)),
        ("npt=now-", Range("npt", None, None)),
        ("clock=19961108T142300Z-;time=19970123T143720Z", Range("clock", None, None)),
        ("ntp", Range("ntp", None, None)),
        ("", Range("", None, None)),
    ],
)
def test_a_range_is_read(text, expected):
    assert Range.parse(text) == expected


def test_a_range_is_written():
    assert Range().serialize() == "npt=0.000-"
    assert Range("npt", None, None).serialize() == "npt=now-"
    assert Range("npt", 1.5, 2.25).serialize() == "npt=1.500-2.250"


def test_methods_are_split_at_commas_and_blanks():
    assert parse_methods("OPTIONS, describe,PLAY GET_PARAMETER") == {"OPTIONS", "DESCRIBE", "PLAY", "GET_PARAMETER"}


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused_by_our_own_error(text):
    for parse in (Transport.parse, Session.parse, RTPInfo.parse, Range.parse):
        try:
            parse(text)
        except ProtocolError:
            pass
