"""The client's side, against bytes written by hand."""

import re

import pytest

from onframe.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from onframe.wire.digest import ChallengeKind, DigestClient
from onframe.wire.rtsp import NEED_DATA, InterleavedFrame
from onframe.wire.session import TRANSITIONS, Answered, Challenged, ClientSession, Due, Served, State

URL = "rtsp://10.10.36.212:554/ISAPI/Streaming/channels/101"
SDP = (
    "v=0\r\no=- 1 1 IN IP4 10.10.36.212\r\ns=Media Presentation\r\nt=0 0\r\na=control:*\r\n"
    "m=video 0 RTP/AVP 96\r\na=control:trackID=1\r\na=rtpmap:96 H264/90000\r\n"
    "m=audio 0 RTP/AVP 0\r\na=control:trackID=2\r\na=rtpmap:0 PCMU/8000\r\n"
    "m=application 0 RTP/AVP 107\r\na=control:trackID=3\r\na=rtpmap:107 isapi.metadata/90000\r\n"
)
NONCE = "9fe43f1322976c0aa218b0f23f554b44"
CHALLENGE = f'WWW-Authenticate: Digest realm="IP Camera(51289)", nonce="{NONCE}",\r\n stale="FALSE"'


def answer(status: int, *lines: str, body: str = "") -> bytes:
    length = [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([f"RTSP/1.0 {status} x", *lines, *length, "", body]).encode()


def feed(session: ClientSession, data: bytes, now: float = 0.0) -> list[object]:
    session.receive_data(data, now)
    events: list[object] = []
    while (event := session.next_event()) is not NEED_DATA:
        events.append(event)
    return events


def described(**options: object) -> ClientSession:
    session = ClientSession(URL, **options)  # type: ignore[arg-type]
    session.describe(0.0)
    feed(session, answer(200, "CSeq: 1", body=SDP))
    return session


def set_up(**options: object) -> ClientSession:
    """Metadata alone, at 6-7."""
    session = described(**options)
    session.setup(session.description.metadata_media(), 0.0)
    transport = 'Transport: RTP/AVP/TCP;unicast;interleaved=6-7;ssrc=14b37590;mode="play"'
    feed(session, answer(200, "CSeq: 2", "Session:        408703626;timeout=60", transport))
    return session


def playing(**options: object) -> ClientSession:
    session = set_up(**options)
    session.play(0.0)
    feed(session, answer(200, "CSeq: 3", "Session: 408703626", "RTP-Info: url=trackID=3;seq=0"))
    return session


@pytest.mark.requirement("R-012", "R-014")
def test_describe_asks_for_sdp_and_sends_no_empty_authorization():
    assert ClientSession(URL, user_agent="probe").describe(0.0) == (
        b"DESCRIBE rtsp://10.10.36.212:554/ISAPI/Streaming/channels/101 RTSP/1.0\r\n"
        b"Accept: application/sdp\r\nCSeq: 1\r\nUser-Agent: probe\r\n\r\n"
    )


@pytest.mark.requirement("R-083")
@pytest.mark.parametrize("user", ["admin:secret@", "admin:sec/ret@", "admin@", "admin:a@b@", "admin:p%40ss/w:d@"])
@pytest.mark.parametrize("rest", ["192.0.2.7/x@y", "[2001:db8::7]:8554/x", "h:554/c/101?a=b:c"])
def test_user_and_password_in_the_url_are_never_sent(user, rest):
    if "@b@" in user and "@y" in rest:
        rest = rest.removesuffix("@y")
    assert ClientSession(f"rtsp://{user}{rest}").url == f"rtsp://{rest}"
    assert ClientSession(f"rtsp://{rest}").url == f"rtsp://{rest}"


@pytest.mark.requirement("R-015", "R-016")
def test_the_guides_transcript_is_answered_as_printed():
    session = ClientSession(URL, digest=DigestClient("admin", "abcd1234"))
    session.describe(0.0)
    assert not session.signs
    (challenged,) = feed(session, answer(401, "CSeq: 1", CHALLENGE))
    assert isinstance(challenged, Challenged)
    assert (challenged.signed, challenged.kind) == (False, ChallengeKind.FRESH)
    assert session.signs
    data = session.repeat(challenged, 0.0, accepted=False)
    assert data is not None
    assert b'response="99b683462210bd819c8d6bafb39dd262"' in data
    assert b"CSeq: 2\r\n" in data
    (answered,) = feed(session, answer(200, "CSeq: 2", body=SDP))
    assert isinstance(answered, Answered) and answered.response.status == 200
    assert session.description is not None


@pytest.mark.requirement("R-018", "R-019")
def test_every_request_is_signed_with_the_one_nonce():
    session = ClientSession(URL, digest=DigestClient("admin", "abcd1234"))
    session.describe(0.0)
    (challenged,) = feed(session, answer(401, "CSeq: 1", CHALLENGE))
    session.repeat(challenged, 0.0, accepted=False)
    feed(session, answer(200, "CSeq: 2", body=SDP))
    setup = session.setup(session.description.metadata_media(), 0.0)
    assert f'uri="{URL}/trackID=3"'.encode() in setup
    feed(session, answer(200, "CSeq: 3", "Session: 1", "Transport: RTP/AVP/TCP;interleaved=0-1"))
    for data in (session.play(0.0), session.keep_alive(0.0), session.teardown(0.0)):
        assert NONCE.encode() in data
        assert f'uri="{URL}"'.encode() in data


def refused(*, accepted: bool, challenges: list[str]) -> list[bytes | None]:
    """What is sent on a row of 401 answers, from the first signed request on."""
    session = ClientSession(URL, digest=DigestClient("admin", "wrong"))
    session.describe(0.0)
    sent: list[bytes | None] = []
    for cseq, challenge in enumerate(challenges, 1):
        (event,) = feed(session, answer(401, f"CSeq: {cseq}", f"WWW-Authenticate: Digest {challenge}"))
        assert isinstance(event, Challenged)
        sent.append(session.repeat(event, 0.0, accepted=accepted))
        if sent[-1] is None:
            break
    return sent


@pytest.mark.requirement("R-018")
def test_the_first_refusal_of_unproved_credentials_is_final():
    sent = refused(accepted=False, challenges=['realm="r", nonce="a"', 'realm="r", nonce="b"', 'realm="r", nonce="c"'])
    assert [data is not None for data in sent] == [True, False]


@pytest.mark.requirement("R-018")
def test_proved_credentials_are_tried_once_for_a_fresh_nonce_and_once_with_the_channel_url():
    challenges = [f'realm="r", nonce="{n}"' for n in "abcdef"]
    sent = refused(accepted=True, challenges=challenges)
    assert [data is not None for data in sent] == [True, True, True, False]


@pytest.mark.requirement("R-017", "R-018")
def test_a_device_that_wants_the_channel_url_signed_gets_it_from_then_on():
    session = ClientSession(URL, digest=DigestClient("admin", "x"))
    session.describe(0.0)
    challenge = 'WWW-Authenticate: Digest realm="r", nonce="a"'
    (event,) = feed(session, answer(401, "CSeq: 1", challenge))
    session.repeat(event, 0.0, accepted=True)
    feed(session, answer(200, "CSeq: 2", body=SDP))
    data = session.setup(session.description.metadata_media(), 0.0)
    assert f'uri="{URL}/trackID=3"'.encode() in data
    (event,) = feed(session, answer(401, "CSeq: 3", challenge))
    assert event.kind is ChallengeKind.REPEATED
    data = session.repeat(event, 0.0, accepted=True)
    assert data is not None and f'uri="{URL}"'.encode() in data
    assert data.startswith(f"SETUP {URL}/trackID=3 ".encode())
    feed(session, answer(200, "CSeq: 4", "Session: 1", "Transport: RTP/AVP/TCP;interleaved=0-1"))
    data = session.setup(session.description.media[0], 0.0)
    assert f'uri="{URL}"'.encode() in data


@pytest.mark.requirement("R-019")
def test_a_stale_nonce_is_replaced_without_asking_anybody():
    sent = refused(accepted=False, challenges=['realm="r", nonce="a"', 'realm="r", nonce="b", stale="TRUE"'])
    assert None not in sent
    assert b'nonce="b"' in sent[1]


@pytest.mark.requirement("R-019")
def test_a_device_that_calls_every_nonce_stale_is_given_up():
    challenges = ['realm="r", nonce="a"'] + [f'realm="r", nonce="{n}", stale=true' for n in "bcdefgh"]
    sent = refused(accepted=False, challenges=challenges)
    assert [data is not None for data in sent] == [True, True, True, False]


@pytest.mark.requirement("R-025", "R-032")
def test_metadata_alone_is_set_up_on_its_track_url_with_channels_offered():
    session = described()
    data = session.setup(session.description.metadata_media(), 0.0)
    assert data.startswith(f"SETUP {URL}/trackID=3 RTSP/1.0\r\n".encode())
    assert b"Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n" in data
    assert b"\r\nSession:" not in data


@pytest.mark.requirement("R-076")
def test_setup_goes_to_the_track_url_and_play_to_the_channel_url():
    session = set_up()
    assert session.tracks[0].url == f"{URL}/trackID=3"
    assert session.play(0.0).startswith(f"PLAY {URL} RTSP/1.0\r\n".encode())


@pytest.mark.requirement("R-027", "R-030", "R-042")
def test_the_devices_channels_id_and_timeout_win():
    session = set_up()
    (track,) = session.tracks
    assert (track.name, track.interleaved, track.payload_type, track.clock_rate) == ("metadata", (6, 7), 107, 90000)
    assert track.ssrc == 0x14B37590
    assert (session.session_id, session.timeout) == ("408703626", 60)
    assert session.state is State.READY


@pytest.mark.requirement("R-038")
def test_the_payload_type_is_that_of_the_isapi_metadata_line():
    session = ClientSession(URL)
    session.describe(0.0)
    sdp = SDP.replace("AVP 107", "AVP 107 98").replace("rtpmap:107", "rtpmap:98")
    feed(session, answer(200, "CSeq: 1", body=sdp))
    session.setup(session.description.metadata_media(), 0.0)
    feed(session, answer(200, "CSeq: 2", "Session: 1"))
    assert (session.tracks[0].name, session.tracks[0].payload_type) == ("metadata", 98)


@pytest.mark.requirement("R-031")
def test_a_further_track_carries_the_session_and_other_channels():
    session = set_up()
    data = session.setup(session.description.media[0], 0.0)
    assert b"Session: 408703626\r\n" in data
    assert b"interleaved=8-9" in data


@pytest.mark.requirement("R-029")
@pytest.mark.parametrize("transport", [None, "RTP/AVP/TCP;unicast", "RTP/AVP;unicast;interleaved=0-1"])
def test_an_answer_without_channels_means_those_asked_for(transport):
    session = described()
    session.setup(session.description.metadata_media(), 0.0)
    lines = ["Session: 5"] + ([f"Transport: {transport}"] if transport else [])
    feed(session, answer(200, "CSeq: 2", *lines))
    assert session.tracks[0].interleaved == (0, 1)
    assert session.timeout == 60


def test_an_answer_over_udp_is_an_error():
    session = described()
    session.setup(session.description.metadata_media(), 0.0)
    with pytest.raises(RemoteProtocolError, match="another transport"):
        feed(session, answer(200, "CSeq: 2", "Session: 5", "Transport: RTP/AVP/UDP;unicast;server_port=8318-8319"))


def test_a_setup_without_session_is_an_error():
    session = described()
    session.setup(session.description.metadata_media(), 0.0)
    with pytest.raises(RemoteProtocolError, match="no Session"):
        feed(session, answer(200, "CSeq: 2", "Transport: RTP/AVP/TCP;interleaved=0-1"))


def test_a_new_session_id_is_taken_with_a_warning():
    session = set_up()
    session.setup(session.description.media[0], 0.0)
    feed(session, answer(200, "CSeq: 3", "Session: 9;timeout=30", "Transport: RTP/AVP/TCP;interleaved=6-7"))
    assert (session.session_id, session.timeout) == ("9", 30)
    assert len(session.warnings) == 2


@pytest.mark.requirement("R-028", "R-029")
def test_an_answer_without_cseq_belongs_to_the_one_request_that_waits():
    session = described()
    session.setup(session.description.metadata_media(), 0.0)
    lines = ("Session: 408703626;timeout=60", "Transport: RTP/AVP/TCP;interleaved=6-7")
    (answered,) = feed(session, answer(200, *lines))
    assert isinstance(answered, Answered) and answered.request.method == "SETUP"
    assert session.state is State.READY


def test_a_wrong_cseq_in_an_answer_is_advisory():
    session = ClientSession(URL)
    session.describe(0.0)
    (answered,) = feed(session, answer(200, "CSeq: 77", body=SDP))
    assert answered.request.method == "DESCRIBE"
    assert "77" in session.warnings[0]


def test_answers_out_of_order_find_their_requests():
    session = playing()
    session.keep_alive(0.0)
    session.keep_alive(0.0)
    found = feed(session, answer(200, "CSeq: 5") + answer(400, "CSeq: 4"))
    assert [(event.request.cseq, event.response.status) for event in found] == [(5, 200), (4, 400)]


def test_an_answer_to_nothing_is_counted():
    session = ClientSession(URL)
    assert feed(session, answer(200, "CSeq: 1") + answer(200)) == []
    assert session.unmatched == 2


def test_a_provisional_answer_is_not_the_answer():
    session = ClientSession(URL)
    session.describe(0.0)
    assert feed(session, answer(100, "CSeq: 1")) == []
    assert len(feed(session, answer(200, "CSeq: 1", body=SDP))) == 1


def test_frames_that_come_after_a_half_one_are_signs_of_life():
    frame = b"$\x00\x00\x0c" + bytes(12)
    session = set_up()
    for at in range(1, len(frame)):
        session.receive_data(frame[:at], 1.0)
        assert session.take_frames() == [] and session.next_event() is NEED_DATA
        session.receive_data(frame[at:] + frame, 2.0)
        assert session.take_frames() == [(0, bytes(12))] * 2
        assert session.next_event() is NEED_DATA


@pytest.mark.requirement("R-033", "R-077")
def test_play_asks_for_live_from_now():
    data = set_up().play(0.0)
    for line in (b"Session: 408703626", b"Range: npt=0.000000-", b"Scale: 1.000"):
        assert line + b"\r\n" in data


@pytest.mark.requirement("R-034")
@pytest.mark.parametrize(
    "url",
    [
        "trackID=3",
        f"{URL}/trackID=3",
        "rtsp://10.10.36.160/ISAPI/Streaming/channels/101/trackID=3",
        "ISAPI/Streaming/channels/101/trackID=3?transportmode=unicast&profile=Profile_1",
    ],
)
def test_rtp_info_finds_its_track_by_any_form_of_url(url):
    session = set_up()
    session.play(0.0)
    feed(session, answer(200, "CSeq: 3", f"RTP-Info: url=trackID=1;seq=9,url={url};seq=0;rtptime=5"))
    info = session.tracks[0].info
    if "10.10.36.160" in url:
        assert info is None  # a foreign authority: a hint that is not taken
    else:
        assert info is not None and (info.seq, info.rtptime) == (0, 5)
    assert session.state is State.PLAYING


@pytest.mark.requirement("R-034")
@pytest.mark.parametrize("line", ["X: y", "RTP-Info:", "RTP-Info: nonsense", "RTP-Info: url=trackID=3;seq=-1"])
def test_play_works_without_usable_rtp_info(line):
    session = set_up()
    session.play(0.0)
    feed(session, answer(200, "CSeq: 3", line))
    assert session.state is State.PLAYING
    assert session.timeout == 60


@pytest.mark.requirement("R-036")
def test_play_and_setup_stay_with_the_channel_that_was_described():
    assert "10.10.36.160" not in playing().keep_alive(0.0).decode()


@pytest.mark.fault("F21")
@pytest.mark.requirement("R-037")
def test_frames_between_answers_come_out_in_order():
    session = set_up()
    session.play(0.0)
    frame = b"$\x06\x00\x02ab"
    found = feed(session, frame + answer(200, "CSeq: 3") + frame)
    assert [type(event) for event in found] == [InterleavedFrame, Answered, InterleavedFrame]


@pytest.mark.requirement("R-024")
def test_the_bases_of_the_answer_form_the_urls():
    session = ClientSession(URL)
    session.describe(0.0)
    feed(session, answer(200, "CSeq: 1", f"Content-Base: {URL}/av_stream/", body=SDP))
    data = session.setup(session.description.metadata_media(), 0.0)
    assert data.startswith(f"SETUP {URL}/av_stream/trackID=3 ".encode())


@pytest.mark.requirement("R-046")
def test_teardown_names_the_session_and_ends_it():
    session = playing()
    data = session.teardown(0.0)
    assert data.startswith(f"TEARDOWN {URL} RTSP/1.0\r\n".encode())
    assert b"Session: 408703626\r\n" in data
    feed(session, answer(200, "CSeq: 4", "Session: 408703626"))
    assert session.state is State.CLOSED
    assert session.next_deadline() is None
    with pytest.raises(LocalProtocolError):
        session.play(0.0)


@pytest.mark.requirement("R-030")
def test_the_keep_alive_comes_at_half_the_timeout():
    session = playing()
    assert session.next_deadline() == 30.0
    assert session.due(29.9) is Due.NOTHING
    assert session.due(30.0) is Due.KEEP_ALIVE


@pytest.mark.requirement("R-030")
@pytest.mark.parametrize(
    ("public", "method"),
    [(None, "OPTIONS"), ("OPTIONS, PLAY", "OPTIONS"), ("options, get_parameter", "GET_PARAMETER")],
)
def test_the_keep_alive_is_get_parameter_where_public_lists_it(public, method):
    session = ClientSession(URL)
    session.options(0.0)
    feed(session, answer(200, "CSeq: 1", *([f"Public: {public}"] if public else [])))
    session.describe(0.0)
    feed(session, answer(200, "CSeq: 2", body=SDP))
    session.setup(session.description.media[0], 0.0)
    feed(session, answer(200, "CSeq: 3", "Session: 8"))
    data = session.keep_alive(0.0)
    assert data.startswith(f"{method} {URL} RTSP/1.0\r\n".encode())
    assert b"Session: 8\r\n" in data


@pytest.mark.requirement("R-030")
@pytest.mark.parametrize("status", [400, 405, 500, 551])
def test_an_error_answer_to_the_keep_alive_is_an_answer(status):
    session = playing()
    session.public = frozenset({"GET_PARAMETER"})
    session.keep_alive(30.0)
    feed(session, answer(status, "CSeq: 4"), 31.0)
    assert session.state is State.PLAYING
    assert session.due(59.9) is Due.NOTHING
    assert session.keep_alive(60.0).startswith(b"OPTIONS ")


@pytest.mark.requirement("R-030")
def test_454_ends_the_session():
    session = playing()
    session.keep_alive(30.0)
    feed(session, answer(454, "CSeq: 4"), 31.0)
    assert session.state is State.CLOSED


@pytest.mark.requirement("R-049")
def test_a_keep_alive_without_any_byte_means_the_connection_is_lost():
    session = playing()
    feed(session, b"\r\n", 10.0)
    session.keep_alive(30.0)
    assert session.due(66.9) is not Due.LOST
    assert session.due(67.0) is Due.LOST  # 1.9 keep-alives after the last byte


@pytest.mark.requirement("R-030")
def test_any_byte_is_life_though_the_keep_alive_stays_unanswered():
    session = playing()
    session.keep_alive(30.0)
    feed(session, b"$", 45.0)
    assert session.due(59.0) is Due.NOTHING
    assert session.due(60.0) is Due.KEEP_ALIVE


def test_silence_alone_is_never_death():
    session = playing()
    for minute in range(1, 60):
        now = 30.0 * minute
        assert session.due(now) is Due.KEEP_ALIVE
        session.keep_alive(now)
        feed(session, answer(200, f"CSeq: {session.cseq}"), now + 0.1)


@pytest.mark.parametrize(("timeout", "interval"), [(4, 2.0), (60, 30.0), (1_000_000, 30.0)])
def test_the_interval_is_half_the_timeout_and_bounded(timeout, interval):
    session = described()
    session.setup(session.description.media[0], 0.0)
    feed(session, answer(200, "CSeq: 2", f"Session: 1;timeout={timeout}"))
    assert session.keep_alive_interval == interval


def test_requests_of_the_device_are_answered():
    session = playing()
    found = feed(session, b"OPTIONS * RTSP/1.0\r\nCSeq: 900\r\nSession: 408703626\r\n\r\n")
    assert isinstance(found[0], Served)
    data = session.data_to_send()
    assert data.startswith(b"RTSP/1.0 200 OK\r\nCSeq: 900\r\nSession: 408703626\r\nPublic: OPTIONS")
    assert session.data_to_send() == b""
    feed(session, b"BOO x RTSP/1.0\r\nCSeq: 901\r\n\r\n")
    assert session.data_to_send().startswith(b"RTSP/1.0 501 ")


def test_a_method_out_of_its_state_is_the_callers_error():
    session = ClientSession(URL)
    for call in (session.play, session.teardown):
        with pytest.raises(LocalProtocolError):
            call(0.0)
    with pytest.raises(LocalProtocolError, match="DESCRIBE"):
        session.setup(described().description.media[0], 0.0)


@pytest.mark.requirement("R-022", "R-023")
@pytest.mark.parametrize("body", ["", "<html></html>"])
def test_a_description_that_is_none_is_an_error(body):
    session = ClientSession(URL)
    session.describe(0.0)
    with pytest.raises(ProtocolError):
        feed(session, answer(200, "CSeq: 1", body=body))


def test_the_table_names_every_state_and_leads_to_states_alone():
    assert set(TRANSITIONS) == set(State)
    for methods in TRANSITIONS.values():
        assert all(isinstance(state, State) for state in methods.values())


@pytest.mark.fault("F18")
@pytest.mark.requirement("R-037")
def test_the_whole_session_reads_the_same_at_every_split():
    script = answer(200, "CSeq: 1", body=SDP)
    for cut in range(1, len(script)):
        session = ClientSession(URL)
        session.describe(0.0)
        assert feed(session, script[:cut]) == []
        assert len(feed(session, script[cut:])) == 1
        assert re.match(r"rtsp://", session.setup(session.description.media[2], 0.0).decode().split()[1])


def test_of_more_than_32_requests_that_nobody_answers_the_oldest_are_forgotten():
    session = set_up()
    for _ in range(40):
        session.keep_alive(0.0)
    assert feed(session, answer(200, f"CSeq: {session.cseq - 32}")) == []
    assert session.unmatched == 1
    assert len(feed(session, answer(200, f"CSeq: {session.cseq - 31}"))) == 1


def test_an_answer_to_a_request_long_answered_is_counted_while_others_wait():
    session = set_up()
    session.keep_alive(0.0)
    session.keep_alive(0.0)
    assert feed(session, answer(200, "CSeq: 1")) == []
    assert (session.unmatched, session.warnings) == (1, [])


def test_no_bytes_are_no_sign_of_life():
    session = playing()
    session.keep_alive(10.0)
    session.receive_data(b"", 11.0)
    assert session.last_received == 0.0


def test_a_refused_request_without_a_password_is_not_repeated():
    session = ClientSession(URL)
    session.describe(0.0)
    (refused,) = feed(session, answer(401, "CSeq: 1", CHALLENGE))
    assert isinstance(refused, Answered) and refused.response.status == 401
    assert not session.signs


def test_the_first_hundred_warnings_are_kept_each_once():
    session = ClientSession(URL)
    for number in [*range(150), 7]:
        session.describe(0.0)
        feed(session, answer(200, f"CSeq: {1000 + number}", body=SDP))
    assert len(session.warnings) == 100
