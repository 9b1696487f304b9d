"""Whatever a client asks, in whatever order: an answer with a known status, and a session that agrees with it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from onframe.errors import ProtocolError
from onframe.wire.headers import Transport
from onframe.wire.rtsp import METHODS, Request
from onframe.wire.server_session import REASONS, Resource, ServerSession
from onframe.wire.session import State

TRACKS = ("video", "audio", "metadata")


class Device:
    """Three tracks by any transport."""

    def check(self, request):
        pass

    def challenges(self, request):
        return None if request.headers.get("Authorization") != "bad" else ["Basic"]

    def resource(self, uri):
        name = uri.rpartition("/")[2]
        return Resource("101", TRACKS, name if name in TRACKS else None) if uri.startswith("rtsp://h/101") else None

    def describe(self, resource, uri):
        return b"v=0\r\n"

    def transport(self, resource, track, offered):
        return Transport(offered.protocol, offered.unicast, client_port=offered.client_port)

    def rtp_info(self, resource, tracks, uri):
        return None


words = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=40)
transports = st.one_of(
    words,
    st.sampled_from(
        [
            "RTP/AVP/TCP;unicast;interleaved=0-1",
            "RTP/AVP;unicast;client_port=1-2",
            "RTP/AVP;multicast",
            "RTP/AVP/TCP;unicast;interleaved=255-255,RTP/AVP/TCP",
            "RTP/AVP/TCP;unicast;interleaved=300-1",
        ]
    ),
)
odd = st.one_of(
    st.tuples(st.just("CSeq"), st.sampled_from(["-1", "x", "9" * 40])),
    st.tuples(st.just("Session"), words),
    st.tuples(st.just("Transport"), transports),
    st.tuples(st.sampled_from(["Authorization", "Range", "Require", "Content-Length"]), words),
)
usual = [("CSeq", "1"), ("Transport", "RTP/AVP/TCP;unicast;interleaved=0-1")]
headers = st.one_of(
    st.builds(lambda: [*usual]),
    st.builds(lambda: [*usual]),
    st.builds(lambda one: [("CSeq", "1"), ("Session", "7"), one], odd),
    st.lists(odd, max_size=6),
)
requests = st.builds(
    Request,
    st.sampled_from([*METHODS, "BREW", *["SETUP", "PLAY", "PAUSE"] * 5]),
    st.sampled_from([*[f"rtsp://h/101/{name}" for name in TRACKS] * 2, "rtsp://h/101", "rtsp://h/102", "", "*", "x"]),
    headers,
    st.one_of(st.just(b""), st.binary(max_size=60)),
    st.sampled_from([*["RTSP/1.0"] * 8, "RTSP/2.0", ""]),
)


@settings(max_examples=300)
@given(st.lists(st.tuples(requests, st.booleans()), max_size=16), st.booleans(), st.integers(0, 2))
def test_every_request_is_answered_and_the_answer_agrees_with_the_session(asked, strict, begun):
    session = ServerSession(Device(), new_session_id=lambda: "7", strict_cseq=strict)
    for method, uri in (("SETUP", "rtsp://h/101/metadata"), ("PLAY", "rtsp://h/101"))[:begun]:
        session.receive(Request(method, uri, [*usual, ("Session", "7")][: len(usual) + (method == "PLAY")]), 0.0)
    assert session.state is [State.INIT, State.READY, State.PLAYING][begun]
    for now, (request, names_the_session) in enumerate(asked):
        if names_the_session and session.session_id and "Session" not in request.headers:
            request.headers.add("Session", session.session_id)
        reply = session.receive(request, float(now))
        response = reply.response
        assert response.status in REASONS
        assert response.ok or not (reply.plays or reply.pauses or reply.ended)
        try:
            assert response.serialize().startswith(b"RTSP/1.0 ")
        except ProtocolError as error:  # nothing of a request may get into an answer so
            raise AssertionError("an answer that cannot be written") from error
        assert (session.state is State.INIT) == (session.session_id is None) == (not session.tracks)
        channels = [number for track in session.tracks for number in track.transport.interleaved or ()]
        assert len(channels) == len(set(channels))
        assert len({track.transport.kind for track in session.tracks}) <= 1
        assert len(session.tracks) <= len(TRACKS)
