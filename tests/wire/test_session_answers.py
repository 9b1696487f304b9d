"""Answers that are not what was asked for, against bytes written by hand."""

import hashlib
import re

import pytest

from onframe.errors import LocalProtocolError, RemoteProtocolError
from onframe.wire.digest import DigestClient
from onframe.wire.headers import Transport
from onframe.wire.rtsp import NEED_DATA
from onframe.wire.session import Answered, Challenged, ClientSession, Due, State

URL = "rtsp://10.10.36.212:554/ISAPI/Streaming/channels/101"
SDP = (
    "v=0\r\no=- 1 1 IN IP4 10.10.36.212\r\ns=Media Presentation\r\nc=IN IP4 239.4.4.4/127\r\nt=0 0\r\na=control:*\r\n"
    "m=video 0 RTP/AVP 96\r\na=control:trackID=1\r\na=rtpmap:96 H264/90000\r\n"
    "m=application 0 RTP/AVP 107\r\na=control:trackID=3\r\na=rtpmap:107 isapi.metadata/90000\r\n"
)
UDP = Transport("RTP/AVP", client_port=(50000, 50001))


def answer(status, *lines, body=""):
    length = [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([f"RTSP/1.0 {status} x", *lines, *length, "", body]).encode()


def feed(session, data, now=0.0):
    session.receive_data(data, now)
    events = []
    while (event := session.next_event()) is not NEED_DATA:
        events.append(event)
    return events


def described(**options):
    session = ClientSession(URL, **options)
    session.describe(0.0)
    feed(session, answer(200, "CSeq: 1", body=SDP))
    return session


def playing(*, timeout=60):
    session = described()
    session.public = frozenset({"GET_PARAMETER"})
    session.setup(session.description.metadata_media(), 0.0)
    feed(session, answer(200, "CSeq: 2", f"Session: 77;timeout={timeout}", "Transport: RTP/AVP/TCP;interleaved=6-7"))
    session.play(0.0)
    feed(session, answer(200, "CSeq: 3", "Session: 77"))
    return session


# -- other transports


def test_setup_over_udp_names_our_ports_and_keeps_those_of_the_device():
    session = described()
    data = session.setup(session.description.metadata_media(), 0.0, UDP)
    assert b"Transport: RTP/AVP;unicast;client_port=50000-50001\r\n" in data
    given = "RTP/AVP/UDP;unicast;client_port=50000-50001;server_port=8318-8319;ssrc= d6d6627;mode=play"
    feed(session, answer(200, "CSeq: 2", "Session: 77", f"Transport: {given}"))
    track = session.tracks[0]
    assert (track.transport.kind, track.transport.server_port, track.ssrc) == ("udp", (8318, 8319), 0xD6D6627)
    assert (track.interleaved, track.channels) == (None, (256, 257))


def test_the_tracks_of_a_session_over_udp_have_channels_of_their_own():
    session = described()
    for number, media in enumerate(session.description.media):
        session.setup(media, 0.0, UDP)
        feed(session, answer(200, f"CSeq: {number + 2}", "Session: 77", "Transport: RTP/AVP;unicast"))
    assert [track.channels for track in session.tracks] == [(256, 257), (258, 259)]
    assert session.warnings == []


def test_setup_of_a_group_takes_the_address_of_the_description_where_the_answer_has_none():
    session = described()
    data = session.setup(session.description.metadata_media(), 0.0, Transport("RTP/AVP", unicast=False))
    assert b"Transport: RTP/AVP;multicast\r\n" in data
    feed(session, answer(200, "CSeq: 2", "Session: 77", "Transport: RTP/AVP;multicast;port=5000-5001;ttl=127"))
    agreed = session.tracks[0].transport
    assert (agreed.kind, agreed.destination, agreed.port, agreed.ttl) == ("multicast", "239.4.4.4", (5000, 5001), 127)


@pytest.mark.fault("F29")
def test_a_setup_answered_with_udp_ends_in_an_error_that_names_it():
    session = described()
    session.setup(session.description.metadata_media(), 0.0)
    with pytest.raises(RemoteProtocolError, match="another transport"):
        feed(session, answer(200, "CSeq: 2", "Session: 5", "Transport: RTP/AVP;unicast;server_port=8318-8319"))


@pytest.mark.fault("F29")
def test_a_wrong_ssrc_in_the_answer_is_kept_as_a_hint_and_changes_nothing():
    session = described()
    session.setup(session.description.metadata_media(), 0.0)
    lines = ("Session: 5", "Transport: RTP/AVP/TCP;unicast;interleaved=6-7;ssrc=14b37590")
    feed(session, answer(200, "CSeq: 2", *lines))
    assert (session.tracks[0].ssrc, session.state, session.warnings) == (0x14B37590, State.READY, [])


@pytest.mark.fault("F29")
def test_another_session_id_at_the_second_setup_is_used_from_then_on_with_a_warning():
    session = described()
    for number, (media, name) in enumerate(zip(session.description.media, ("111", "222"), strict=True)):
        session.setup(media, 0.0)
        transport = f"Transport: RTP/AVP/TCP;unicast;interleaved={2 * number}-{2 * number + 1}"
        feed(session, answer(200, f"CSeq: {number + 2}", f"Session: {name}", transport))
    assert b"Session: 222\r\n" in session.play(0.0)
    assert session.warnings == ["the device changed the session's id; the latest is used"]


# -- pause and parameters


def test_pause_leaves_the_session_ready_to_play_again():
    session = playing()
    data = session.pause(1.0)
    assert data.startswith(f"PAUSE {URL} RTSP/1.0\r\n".encode()) and b"Session: 77\r\n" in data
    feed(session, answer(200, "CSeq: 4", "Session: 77"))
    assert session.state is State.READY
    with pytest.raises(LocalProtocolError):
        session.pause(2.0)
    session.play(2.0)
    feed(session, answer(200, "CSeq: 5", "Session: 77"))
    assert session.state is State.PLAYING


def test_parameters_are_sent_with_their_type_and_length():
    data = playing().set_parameter(1.0, b"barparam: barstuff\r\n")
    assert data.startswith(f"SET_PARAMETER {URL} RTSP/1.0\r\n".encode())
    assert b"Content-Type: text/parameters\r\n" in data
    assert data.endswith(b"Content-Length: 20\r\n\r\nbarparam: barstuff\r\n")


# -- keep-alive


@pytest.mark.fault("F30")
def test_a_session_time_of_15_s_is_renewed_every_seven_and_a_half():
    session = playing(timeout=15)
    assert session.due(7.4) is Due.NOTHING
    assert session.due(7.5) is Due.KEEP_ALIVE
    session.keep_alive(7.5)
    feed(session, answer(200, "CSeq: 4"), 7.6)
    assert session.next_deadline() == 15.0


@pytest.mark.fault("F30")
@pytest.mark.parametrize("status", [400, 405])
def test_get_parameter_that_is_advertised_and_refused_gives_way_to_options(status):
    session = playing()
    assert session.keep_alive(30.0).startswith(b"GET_PARAMETER ")
    feed(session, answer(status, "CSeq: 4"), 30.1)
    assert session.keep_alive(60.0).startswith(b"OPTIONS ")
    assert session.state is State.PLAYING


@pytest.mark.fault("F30")
def test_454_to_the_keep_alive_ends_the_session():
    session = playing()
    session.keep_alive(30.0)
    feed(session, answer(454, "CSeq: 4"), 30.1)
    assert session.state is State.CLOSED


@pytest.mark.fault("F30")
@pytest.mark.parametrize("cseq", ["CSeq: 4711", "CSeq: x", "Seq: 4", "X: y"])
def test_an_answer_with_a_wrong_cseq_is_the_answer_to_the_one_request_that_waits(cseq):
    session = playing()
    session.keep_alive(30.0)
    (answered,) = feed(session, answer(200, cseq), 30.1)
    assert isinstance(answered, Answered) and answered.request.method == "GET_PARAMETER"
    assert session.due(59.0) is Due.NOTHING


# -- a frame that does not end


@pytest.mark.fault("F23")
def test_a_frame_that_never_ends_swallows_answers_and_is_found_like_silence():
    session = playing()
    feed(session, b"$\x06\xff\xff" + b"x" * 100, 10.0)
    session.keep_alive(30.0)
    assert feed(session, answer(200, "CSeq: 4"), 30.1) == []
    assert session.alive_at == 10.0
    assert session.due(60.1) is Due.KEEP_ALIVE
    session.keep_alive(60.1)
    assert feed(session, answer(200, "CSeq: 5"), 60.2) == []
    assert session.due(67.0) is Due.LOST  # 1.9 keep-alives after the frame began


@pytest.mark.fault("F23")
def test_a_frame_of_the_greatest_length_that_comes_slowly_is_life_once_it_ends():
    session = playing()
    feed(session, b"$\x06\xff\xff", 0.0)
    session.keep_alive(30.0)
    for second in range(1, 53):
        assert feed(session, b"x" * 1260, float(second)) == []
    (frame,) = feed(session, b"x" * 15, 53.0)
    assert len(frame.payload) == 65535
    assert session.alive_at == 53.0
    assert session.due(67.0) is Due.KEEP_ALIVE


# -- text that is not UTF-8


def test_a_realm_in_another_encoding_is_signed_and_echoed_byte_for_byte():
    realm = "网络摄像机".encode("gb2312")
    digest = DigestClient("admin", "abcd1234")
    session = ClientSession(URL, digest=digest)
    session.describe(0.0)
    challenge = b'RTSP/1.0 401 x\r\nCSeq: 1\r\nWWW-Authenticate: Digest realm="' + realm + b'", nonce="n1"\r\n\r\n'
    (challenged,) = feed(session, challenge)
    assert isinstance(challenged, Challenged)
    data = session.repeat(challenged, 0.0, accepted=False)
    assert b'realm="' + realm + b'"' in data
    ha1 = hashlib.md5(b"admin:" + realm + b":abcd1234").hexdigest()
    ha2 = hashlib.md5(f"DESCRIBE:{URL}".encode()).hexdigest()
    expected = hashlib.md5(f"{ha1}:n1:{ha2}".encode()).hexdigest()
    assert re.search(rb'response="(\w+)"', data)[1].decode() == expected
