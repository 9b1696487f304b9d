"""The device's side: requests written by hand, answers read as bytes."""

import pytest

from onframe.wire.headers import RTPInfo, StreamInfo
from onframe.wire.rtsp import Request
from onframe.wire.server_session import Resource, ServerSession
from onframe.wire.session import State

URL = "rtsp://192.0.2.7/ISAPI/Streaming/channels/101"
TRACKS = {"trackID=1": "video", "trackID=2": "audio", "trackID=3": "metadata"}


class Camera:
    """Two presentations of three tracks, one of a single track; the credentials are the word "good"."""

    def challenges(self, request):
        return None if request.headers.get("Authorization") == "good" else ['Digest realm="r", nonce="n"']

    def resource(self, uri):
        path, _, track = uri.removeprefix("rtsp://192.0.2.7/ISAPI/Streaming/channels/").partition("/")
        if path not in ("101", "102", "201") or (track and track not in TRACKS):
            return None
        tracks = ("metadata",) if path == "201" else ("video", "audio", "metadata")
        return Resource(path, tracks, TRACKS.get(track))

    def describe(self, resource, uri):
        return b"v=0\r\n"

    def ssrc(self, resource, track):
        return 0x14B37590

    def rtp_info(self, resource, tracks):
        return RTPInfo(tuple(StreamInfo(f"{track}", 7) for track in tracks))


class Client:
    """Sends requests as text and gives the answer's status, headers and body."""

    def __init__(self, **options):
        ids = iter(["408703626", "408703627", "408703628"])
        self.session = ServerSession(Camera(), new_session_id=lambda: next(ids), **options)
        self.cseq = 0
        self.reply = None

    def __call__(self, method, uri=URL, *lines, authorization="good", cseq=True, now=0.0):
        self.cseq += 1
        head = [f"{method} {uri} RTSP/1.0"]
        head += [f"CSeq: {self.cseq}"] if cseq else []
        head += [f"Authorization: {authorization}"] if authorization is not None else []
        request = Request.parse("\r\n".join([*head, *lines, "", ""]).encode())
        self.reply = self.session.receive(request, now)
        return self.reply.response

    def setup(self, track="trackID=3", *lines, transport="RTP/AVP/TCP;unicast;interleaved=0-1", uri=URL, now=0.0):
        return self("SETUP", f"{uri}/{track}" if track else uri, f"Transport: {transport}", *lines, now=now)


SESSION = "Session: 408703626"


@pytest.mark.requirement("R-013")
@pytest.mark.parametrize("authorization", [None, "", "bad"])
@pytest.mark.parametrize("method", ["DESCRIBE", "SETUP", "PLAY", "TEARDOWN", "GET_PARAMETER"])
def test_without_good_credentials_every_method_but_options_is_401(method, authorization):
    client = Client(date=lambda: "Mon, Dec 18 2017 04:37:30 GMT")
    response = client(method, URL, authorization=authorization)
    assert response.serialize() == (
        b"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n"
        b'WWW-Authenticate: Digest realm="r", nonce="n"\r\nDate: Mon, Dec 18 2017 04:37:30 GMT\r\n\r\n'
    )
    assert client.session.state is State.INIT


@pytest.mark.requirement("R-012", "R-075")
def test_describe_is_answered_with_the_description():
    response = Client()("DESCRIBE", URL, "Accept: application/sdp")
    assert response.serialize() == (
        b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"
    )


def test_options_needs_no_credentials_and_lists_the_methods():
    response = Client()("OPTIONS", "*", authorization=None)
    assert response.status == 200
    assert "GET_PARAMETER" in response.headers.get("Public")


@pytest.mark.requirement("R-075", "R-082")
@pytest.mark.parametrize("uri", [URL.replace("101", "104"), f"{URL}/trackID=9", "rtsp://192.0.2.7/", "x"])
def test_what_does_not_exist_is_404(uri):
    assert Client()("DESCRIBE", uri).status == 404
    assert Client()("SETUP", uri, "Transport: RTP/AVP/TCP;unicast").status == 404


@pytest.mark.requirement("R-028")
def test_a_request_without_cseq_is_400_unless_tolerated():
    assert Client()("DESCRIBE", URL, cseq=False).status == 400
    assert Client()("DESCRIBE", URL, "Seq:3", cseq=False).status == 400
    response = Client(strict_cseq=False)("DESCRIBE", URL, "Seq:3", cseq=False)
    assert response.status == 200
    assert "CSeq" not in response.headers


@pytest.mark.requirement("R-016", "R-047")
def test_a_repeated_cseq_is_accepted():
    client = Client()
    for _ in range(2):
        client.cseq = 0
        assert client("DESCRIBE").headers.get("CSeq") == "1"


@pytest.mark.requirement("R-078")
@pytest.mark.parametrize("method", ["TEARDOW", "RECORD", "ANNOUNCE", "BREW"])
def test_an_unknown_method_is_405_with_the_known_ones(method):
    response = Client()(method)
    assert response.status == 405
    for name in ("Allow", "Public"):
        assert "TEARDOWN" in response.headers.get(name)


@pytest.mark.parametrize(
    ("line", "status"),
    [("DESCRIBE x RTSP/2.0", 505), ("GET / HTTP/1.1", 505), ("DESCRIBE", 400), ("DESCRIBE rtsp://h/x", 400)],
)
def test_a_start_line_that_does_not_fit_is_refused(line, status):
    session = ServerSession(Camera(), new_session_id=lambda: "1")
    request = Request.parse(f"{line}\r\nCSeq: 1\r\n\r\n".encode())
    assert session.receive(request, 0.0).response.status == status


@pytest.mark.requirement("R-026", "R-029")
def test_setup_without_channels_gets_twice_the_track():
    response = Client().setup(transport="RTP/AVP/TCP;unicast;")
    assert response.serialize() == (
        b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nSession: 408703626;timeout=60\r\n"
        b'Transport: RTP/AVP/TCP;unicast;interleaved=6-7;ssrc=14b37590;mode="play"\r\n\r\n'
    )


def test_channels_asked_for_are_given_unless_taken():
    client = Client()
    assert "interleaved=0-1;" in client.setup().headers.get("Transport")
    response = client.setup("trackID=1", SESSION)
    assert "interleaved=2-3;" in response.headers.get("Transport")


@pytest.mark.parametrize(
    "transport",
    ["RTP/AVP;unicast;client_port=8000-8001", "RTP/AVP/UDP;unicast", "RTP/AVP/TCP;multicast", "RTP/SAVP/TCP;unicast"],
)
def test_a_transport_that_is_not_sent_is_461(transport):
    assert Client().setup(transport=transport).status == 461


def test_the_first_transport_that_can_be_sent_is_taken():
    response = Client().setup(transport="RTP/AVP;unicast;client_port=8-9,RTP/AVP/TCP;unicast;interleaved=4-5")
    assert "interleaved=4-5;" in response.headers.get("Transport")


@pytest.mark.parametrize("line", ["X: y", "Transport:", "Transport: nothing"])
def test_setup_without_a_transport_is_400(line):
    assert Client()("SETUP", f"{URL}/trackID=3", line).status == 400


@pytest.mark.requirement("R-076")
def test_setup_of_the_whole_channel_is_459_where_it_has_several_tracks():
    assert Client().setup("").status == 459
    assert Client().setup("", uri=URL.replace("101", "201")).status == 200


@pytest.mark.requirement("R-031")
def test_one_session_is_of_one_channel():
    client = Client()
    client.setup()
    assert client.setup("trackID=1", SESSION, uri=URL.replace("101", "102")).status == 459


@pytest.mark.requirement("R-031")
def test_a_track_is_set_up_once():
    client = Client()
    assert client.setup().status == 200
    assert client.setup("trackID=3", SESSION).status == 455


def test_setup_after_play_is_455():
    client = Client()
    client.setup()
    client("PLAY", URL, SESSION)
    assert client.setup("trackID=1", SESSION).status == 455


@pytest.mark.requirement("R-032")
@pytest.mark.parametrize("tracks", [["trackID=3"], ["trackID=1"], ["trackID=2", "trackID=3"]])
def test_any_subset_of_tracks_plays(tracks):
    client = Client()
    for track in tracks:
        lines = [SESSION] if client.session.session_id else []
        assert client.setup(track, *lines).status == 200
    response = client("PLAY", URL, SESSION, "Range: npt=0.000000-", "Scale: 1.000")
    assert response.status == 200
    assert client.reply.plays
    names = [TRACKS[track] for track in tracks]
    assert response.headers.get("RTP-Info") == ",".join(f"url={name};seq=7" for name in names)


@pytest.mark.requirement("R-034", "R-077")
def test_play_is_answered_as_the_guide_prints_it():
    client = Client(date=lambda: "Mon, Dec 18 2017 04:37:31 GMT")
    client.setup()
    assert client("PLAY", URL, SESSION).serialize() == (
        b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nSession: 408703626\r\nRTP-Info: url=metadata;seq=7\r\n"
        b"Date: Mon, Dec 18 2017 04:37:31 GMT\r\n\r\n"
    )


@pytest.mark.requirement("R-077")
def test_play_before_setup_is_455():
    client = Client()
    assert client("PLAY").status == 455
    assert not client.reply.plays


@pytest.mark.requirement("R-077")
def test_play_of_another_channel_than_was_set_up_is_404():
    client = Client()
    client.setup()
    assert client("PLAY", URL.replace("101", "102"), SESSION).status == 404


@pytest.mark.parametrize("method", ["PLAY", "TEARDOWN", "GET_PARAMETER", "OPTIONS", "SETUP", "PAUSE"])
@pytest.mark.parametrize("session", ["999", "", "408703626 x", ";timeout=60"])
def test_an_unknown_session_is_454(method, session):
    client = Client()
    client.setup()
    lines = [f"Session: {session}"] + (["Transport: RTP/AVP/TCP;unicast"] if method == "SETUP" else [])
    assert client(method, f"{URL}/trackID=1", *lines).status == 454
    assert client.session.state is State.READY


def test_a_session_is_unknown_on_another_connection():
    first, second = Client(), Client()
    first.setup()
    for method in ("PLAY", "TEARDOWN", "GET_PARAMETER", "SETUP"):
        assert second(method, f"{URL}/trackID=3", SESSION, "Transport: RTP/AVP/TCP;unicast").status == 454
    assert first("PLAY", URL, SESSION).status == 200


def test_pause_is_455_in_every_state():
    client = Client()
    client.setup()
    assert client("PAUSE", URL, SESSION).status == 455
    client("PLAY", URL, SESSION)
    assert client("PAUSE", URL, SESSION).status == 455


@pytest.mark.requirement("R-047")
def test_the_timeout_in_a_requests_session_is_cut():
    client = Client()
    client.setup()
    response = client("TEARDOWN", URL, "Session:408703626;timeout=60")
    assert response.status == 200
    assert response.headers.get("Session") == "408703626"


@pytest.mark.requirement("R-046", "R-048", "R-078")
def test_teardown_ends_the_session_once():
    client = Client()
    client.setup()
    client("PLAY", URL, SESSION)
    response = client("TEARDOWN", URL, SESSION)
    assert response.serialize() == b"RTSP/1.0 200 OK\r\nCSeq: 3\r\nSession: 408703626\r\n\r\n"
    assert client.reply.ended
    assert client("TEARDOWN", URL, SESSION).status == 454
    assert not client.reply.ended


def test_a_new_session_may_follow_on_the_same_connection():
    client = Client()
    client.setup()
    client("TEARDOWN", URL, SESSION)
    assert client.setup().headers.get("Session") == "408703627;timeout=60"


@pytest.mark.requirement("R-030")
@pytest.mark.parametrize("method", ["GET_PARAMETER", "OPTIONS", "SET_PARAMETER"])
def test_any_request_renews_the_session(method):
    client = Client()
    client.setup(now=0.0)
    assert client.session.next_deadline() == 60.0
    assert client(method, URL, SESSION, now=50.0).status == 200
    assert client.session.next_deadline() == 110.0
    assert not client.session.expired(109.9)


@pytest.mark.requirement("R-030")
def test_a_session_left_alone_expires():
    client = Client(timeout=15)
    client.setup(now=0.0)
    assert not client.session.expired(14.9)
    assert client.session.expired(15.0)
    assert client("PLAY", URL, SESSION, now=15.0).status == 454
    assert not client.session.expired(99.0)


def test_a_report_of_the_peer_renews_too():
    client = Client()
    client.session.renew(5.0)
    assert client.session.next_deadline() is None
    client.setup(now=0.0)
    client.session.renew(5.0)
    assert client.session.next_deadline() == 65.0


def test_a_keep_alive_without_session_is_answered():
    assert Client()("GET_PARAMETER").status == 200


def test_content_base_and_server_are_sent_where_asked_for():
    response = Client(content_base=True, server="probe")("DESCRIBE")
    assert response.headers.get("Content-Base") == f"{URL}/"
    assert response.headers.get("Server") == "probe"
