"""The device's side: requests written by hand, answers read as bytes."""

import pytest

from onframe.wire.headers import RTPInfo, StreamInfo, Transport
from onframe.wire.rtsp import Request
from onframe.wire.server_session import Refusal, Resource, ServerSession
from onframe.wire.session import State

URL = "rtsp://192.0.2.7/ISAPI/Streaming/channels/101"
TRACKS = {"trackID=1": "video", "trackID=2": "audio", "trackID=3": "metadata"}


class Camera:
    """Two presentations of three tracks, one of a single track; the credentials are the word "good"."""

    udp = True
    busy = False

    def check(self, request):
        if self.busy:
            raise Refusal(453, [("Retry-After", "5")])

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

    def transport(self, resource, track, offered):
        if offered.kind == "tcp":
            return Transport(ssrc=0x14B37590)
        if offered.kind == "udp" and self.udp and offered.client_port:
            return Transport(offered.protocol, client_port=offered.client_port, server_port=(6256, 6257))
        if offered.kind == "multicast" and self.udp:
            return Transport(offered.protocol, unicast=False, destination="239.255.1.2", port=(3456, 3457), ttl=1)
        return None

    def rtp_info(self, resource, tracks, uri):
        return RTPInfo(tuple(StreamInfo(f"{track}", 7) for track in tracks))


class Client:
    """Sends requests as text and gives the answer's status, headers and body."""

    def __init__(self, **options):
        ids = iter(["408703626", "408703627", "408703628"])
        self.camera = Camera()
        self.session = ServerSession(self.camera, new_session_id=lambda: next(ids), **options)
        self.cseq = 0
        self.reply = None

    def __call__(self, method, uri=URL, *lines, authorization="good", cseq=True, now=0.0, body=b""):
        self.cseq += 1
        head = [f"{method} {uri} RTSP/1.0"]
        head += [f"CSeq: {self.cseq}"] if cseq else []
        head += [f"Authorization: {authorization}"] if authorization is not None else []
        lines = (*lines, f"Content-Length: {len(body)}") if body else lines
        request = Request.parse("\r\n".join([*head, *lines, "", ""]).encode() + body)
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
    client = Client()
    client.camera.udp = False
    assert client.setup(transport=transport).status == 461
    assert client.session.session_id is None


def test_the_first_transport_that_can_be_sent_is_taken():
    offered = "RTP/AVP;unicast;client_port=8-9,RTP/AVP/TCP;unicast;interleaved=4-5"
    assert "client_port=8-9;server_port=6256-6257;" in Client().setup(transport=offered).headers.get("Transport")
    client = Client()
    client.camera.udp = False
    assert "interleaved=4-5;" in client.setup(transport=offered).headers.get("Transport")


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (
            "RTP/AVP;unicast;client_port=5000-5001",
            'RTP/AVP;unicast;client_port=5000-5001;server_port=6256-6257;mode="play"',
        ),
        (
            "RTP/AVP/UDP;unicast;client_port=5000-5001;mode=play",
            'RTP/AVP/UDP;unicast;client_port=5000-5001;server_port=6256-6257;mode="play"',
        ),
        ("RTP/AVP;multicast", 'RTP/AVP;multicast;destination=239.255.1.2;port=3456-3457;ttl=1;mode="play"'),
    ],
)
def test_setup_over_udp_is_answered_with_the_devices_ports_or_group(asked, answered):
    assert Client().setup(transport=asked).headers.get("Transport") == answered


@pytest.mark.parametrize(
    "transport", ["RTP/AVP;unicast;client_port=8-9;mode=record", "RTP/AVP;unicast;interleaved=0-1"]
)
def test_a_transport_that_contradicts_itself_or_records_is_461(transport):
    assert Client().setup(transport=transport).status == 461


@pytest.mark.parametrize("second", ["RTP/AVP/TCP;unicast;interleaved=2-3", "RTP/AVP;multicast"])
def test_a_session_mixes_no_transports(second):
    client = Client()
    assert client.setup(transport="RTP/AVP;unicast;client_port=8-9").status == 200
    assert client.setup("trackID=1", SESSION, transport=second).status == 461
    offered = f"{second},RTP/AVP;unicast;client_port=10-11"
    assert "client_port=10-11" in client.setup("trackID=1", SESSION, transport=offered).headers.get("Transport")


def test_channels_of_its_own_give_no_heed_to_what_was_asked():
    response = Client(own_channels=True).setup(transport="RTP/AVP/TCP;unicast;interleaved=0-1")
    assert "interleaved=6-7;" in response.headers.get("Transport")


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
@pytest.mark.fault("F58")
def test_a_double_setup_of_one_track_is_455_and_the_first_stands():
    client = Client()
    assert client.setup().status == 200
    assert client.setup("trackID=3", SESSION, transport="RTP/AVP/TCP;unicast;interleaved=4-5").status == 455
    assert [track.transport.interleaved for track in client.session.tracks] == [(0, 1)]
    assert client("PLAY", URL, SESSION).status == 200


@pytest.mark.fault("F58")
@pytest.mark.parametrize("track", ["trackID=1", "trackID=3"])
def test_setup_after_play_is_455_and_names_what_is_allowed(track):
    client = Client()
    client.setup()
    client("PLAY", URL, SESSION)
    refused = client.setup(track, SESSION)
    assert refused.status == 455
    assert "PAUSE" in refused.headers.get("Allow") and "SETUP" not in refused.headers.get("Allow")
    assert client.session.state is State.PLAYING


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
@pytest.mark.fault("F58")
def test_play_without_setup_is_455():
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


@pytest.mark.fault("F58")
def test_pause_stops_what_plays_and_is_refused_where_nothing_does():
    client = Client()
    assert client("PAUSE").status == 454
    client.setup()
    assert client("PAUSE", URL, SESSION).status == 455
    client("PLAY", URL, SESSION)
    assert client("PAUSE", URL, SESSION).status == 200
    assert client.reply.pauses
    assert client.session.state is State.READY
    assert client("PAUSE", URL, SESSION).status == 455
    assert not client.reply.pauses


def test_a_paused_session_plays_on():
    client = Client()
    client.setup()
    client("PLAY", URL, SESSION)
    client("PAUSE", URL, SESSION)
    response = client("PLAY", URL, SESSION)
    assert response.status == 200 and client.reply.plays
    assert response.headers.get("RTP-Info") == "url=metadata;seq=7"


@pytest.mark.parametrize("method", ["GET_PARAMETER", "SET_PARAMETER"])
def test_a_parameter_that_is_not_known_is_451_and_named(method):
    client = Client()
    for body in (b"", b"\r\n", b"  \n\n"):
        assert client(method, URL, body=body).status == 200
    response = client(method, URL, "Content-Type: text/parameters", body=b"barparam: barstuff\r\nother\r\n")
    assert (response.status, response.body) == (451, b"barparam\r\nother\r\n")
    assert response.headers.get("Content-Type") == "text/parameters"


@pytest.mark.parametrize("method", ["DESCRIBE", "SETUP", "PLAY", "GET_PARAMETER"])
def test_a_busy_device_refuses_all_but_options_and_teardown(method):
    client = Client()
    client.setup()
    client.camera.busy = True
    response = client(method, f"{URL}/trackID=3", SESSION, "Transport: RTP/AVP/TCP;unicast")
    assert (response.status, response.headers.get("Retry-After")) == (453, "5")
    assert client("OPTIONS", URL, SESSION).status == 200
    assert client("TEARDOWN", URL, SESSION).status == 200


def test_a_stranger_is_not_told_that_the_device_is_busy():
    client = Client()
    client.camera.busy = True
    assert client("DESCRIBE", authorization="bad").status == 401


@pytest.mark.requirement("R-047")
def test_the_timeout_in_a_requests_session_is_cut():
    client = Client()
    client.setup()
    response = client("TEARDOWN", URL, "Session:408703626;timeout=60")
    assert response.status == 200
    assert response.headers.get("Session") == "408703626"


@pytest.mark.requirement("R-046", "R-048", "R-078")
@pytest.mark.fault("F58")
def test_teardown_twice_is_454_and_ends_the_session_once():
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


def test_where_get_parameter_alone_renews_nothing_else_does():
    client = Client(renewed_by=("GET_PARAMETER",))
    client.setup(now=0.0)
    client("PLAY", URL, SESSION, now=10.0)
    client("OPTIONS", URL, SESSION, now=20.0)
    client.session.renew(25.0)
    assert client.session.next_deadline() == 60.0
    client("GET_PARAMETER", URL, SESSION, now=30.0)
    assert client.session.next_deadline() == 90.0


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
