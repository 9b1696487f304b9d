import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onframe.errors import LimitExceeded, LocalProtocolError, OnframeError, RemoteProtocolError
from onframe.wire.rtsp import NEED_DATA, Connection, Headers, InterleavedFrame, Request, Response

DESCRIBE = (
    b"DESCRIBE rtsp://192.0.2.7:554/ISAPI/Streaming/channels/101 RTSP/1.0\r\n"
    b"CSeq:0\r\nAccept:application/sdp\r\nAuthorization:\r\nUser-Agent:probe\r\n\r\n"
)
UNAUTHORIZED = (
    b"RTSP/1.0 401 Unauthorized\r\nCSeq: 0\r\n"
    b'WWW-Authenticate: Digest realm="IP Camera(4711)", nonce="0123456789abcdef",\r\n stale="FALSE"\r\n'
    b"Date: Mon, Dec 18 2017 04:37:30 GMT\r\n\r\n"
)
OK = b"RTSP/1.0 200 OK\r\ncseq: 1\r\nContent-Length: 5\r\n\r\nv=0\r\n"
FRAME = b"$\x06\x00\x0c" + b"\x80\xeb\x40\x82\x00\x00\x00\x01\x55\x66\x77\x88"


def events(data: bytes, *, pieces: list[int] | None = None, connection: Connection | None = None) -> list[object]:
    connection = connection or Connection()
    result: list[object] = []
    start = 0
    for cut in [*(pieces or []), len(data)]:
        connection.receive_data(data[start:cut])
        start = cut
        while (event := connection.next_event()) is not NEED_DATA:
            result.append(event)
    return result


@pytest.mark.requirement("R-012", "R-014")
def test_a_request_with_no_blank_after_the_colon_is_read():
    (request,) = events(DESCRIBE)
    assert isinstance(request, Request)
    assert (request.method, request.uri) == ("DESCRIBE", "rtsp://192.0.2.7:554/ISAPI/Streaming/channels/101")
    assert request.cseq == 0
    assert request.headers.get("authorization") == ""
    assert request.headers.get("ACCEPT") == "application/sdp"


@pytest.mark.fault("F20")
@pytest.mark.requirement("R-013", "R-020", "R-050")
def test_a_folded_challenge_is_one_value():
    (response,) = events(UNAUTHORIZED)
    assert isinstance(response, Response)
    assert response.status == 401
    assert response.headers.get("WWW-Authenticate") == (
        'Digest realm="IP Camera(4711)", nonce="0123456789abcdef", stale="FALSE"'
    )
    assert response.headers.get("Date") == "Mon, Dec 18 2017 04:37:30 GMT"


@pytest.mark.requirement("R-020", "R-034")
@pytest.mark.parametrize(
    "continuation", ['stale="FALSE"', "url=trackID=1;seq=24874", 'uri="rtsp://192.0.2.7/x"', "\turl=a;seq=1"]
)
def test_a_continuation_line_printed_without_its_blank_is_folded(continuation):
    (response,) = events(f"RTSP/1.0 200 OK\r\nX: first,\r\n{continuation}\r\nCSeq: 3\r\n\r\n".encode())
    assert response.headers.get("x") == "first, " + continuation.strip()
    assert response.cseq == 3


@pytest.mark.fault("F20")
@pytest.mark.requirement("R-028")
def test_seq_is_not_cseq():
    (request,) = events(b"SETUP rtsp://192.0.2.7/x/trackID=3 RTSP/1.0\r\nSeq:3\r\n\r\n")
    assert request.cseq is None


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "99999999999", "²"])
def test_a_cseq_that_is_no_number_is_none(text):
    assert Request("OPTIONS", "*", [("CSeq", text)]).cseq is None


@pytest.mark.fault("F20")
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r\r\n"])
def test_line_ends_of_any_kind_are_read(line_end):
    (response,) = events(line_end.join([b"RTSP/1.0 200 OK", b"CSeq: 7", b"", b""]))
    assert (response.status, response.reason, response.cseq) == (200, "OK", 7)


@pytest.mark.fault("F20")
@pytest.mark.parametrize(
    ("line", "status", "reason"),
    [("RTSP/1.0 200", 200, ""), ("RTSP/1.0  404  Not  There ", 404, "Not  There"), ("RTSP/2.0 505 No", 505, "No")],
)
def test_a_status_line_is_read_with_or_without_reason(line, status, reason):
    (response,) = events(f"{line}\r\n\r\n".encode())
    assert (response.status, response.reason) == (status, reason)


@pytest.mark.parametrize("line", ["RTSP/1.0 020 x", "RTSP/1.0 20 x", "RTSP/1.0 \u0662\u0660\u0660 OK", "RTSP/1.0 OK"])
def test_a_status_line_whose_status_is_none_is_passed_over(line):
    connection = Connection()
    assert events(f"{line}\r\n\r\n".encode() + OK, connection=connection) == events(OK)
    assert connection.skipped == len(f"{line}\r\n\r\n".encode())


@pytest.mark.requirement("R-037")
def test_messages_and_frames_in_any_mix_come_out_in_their_order():
    found = events(OK + FRAME + DESCRIBE + FRAME + FRAME + UNAUTHORIZED)
    assert [type(event).__name__ for event in found] == (
        ["Response", "InterleavedFrame", "Request", "InterleavedFrame", "InterleavedFrame", "Response"]
    )
    assert found[1] == InterleavedFrame(6, FRAME[4:])
    assert found[0].body == b"v=0\r\n"


@pytest.mark.fault("F18")
@pytest.mark.requirement("R-037")
def test_every_split_point_gives_the_same_events():
    data = OK + FRAME + UNAUTHORIZED + FRAME + DESCRIBE
    whole = events(data)
    assert len(whole) == 5
    for cut in range(len(data) + 1):
        assert events(data, pieces=[cut]) == whole
    assert events(data, pieces=list(range(1, len(data)))) == whole


@pytest.mark.fault("F18")
@given(st.lists(st.sampled_from([OK, FRAME, DESCRIBE, UNAUTHORIZED, b"\r\n"]), max_size=6), st.data())
@settings(max_examples=60)
def test_any_mix_at_any_splits_is_the_same(parts, data):
    stream = b"".join(parts)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8).map(sorted))
    assert events(stream, pieces=cuts) == events(stream)


@given(st.binary(max_size=400), st.data())
@settings(max_examples=150)
def test_any_bytes_end_in_events_or_our_own_errors(garbage, data):
    cut = data.draw(st.integers(0, len(garbage)))
    try:
        events(b"RTSP/1.0 200 OK\r\n" + garbage, pieces=[17 + cut])
        events(garbage + OK)
    except OnframeError:
        pass


@pytest.mark.fault("F21")
@pytest.mark.requirement("R-022")
def test_exactly_content_length_bytes_are_the_body():
    connection = Connection()
    connection.receive_data(b"RTSP/1.0 200 OK\r\nContent-Length: 4\r\n\r\n$\x00\x00")
    assert connection.next_event() is NEED_DATA
    connection.receive_data(b"\x01RTSP/1.0 404 No\r\n\r\n")
    assert connection.next_event().body == b"$\x00\x00\x01"
    assert connection.next_event().status == 404


@pytest.mark.parametrize("length", ["-1", "abc", "5, 6", "0x10", "", "٣", "7\udcff"])
def test_a_content_length_that_is_no_number_is_an_error(length):
    with pytest.raises(RemoteProtocolError, match="Content-Length is not a number"):
        events(f"RTSP/1.0 200 OK\r\nContent-Length: {length}\r\n\r\n".encode("utf-8", "surrogateescape"))


def test_two_content_lengths_must_agree():
    assert events(b"RTSP/1.0 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx")[0].body == b"x"
    with pytest.raises(RemoteProtocolError, match="disagree"):
        events(b"RTSP/1.0 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\xff\r\n\r\nx")


@pytest.mark.fault("F21")
def test_a_frame_between_header_lines_is_taken_out():
    found = events(b"RTSP/1.0 200 OK\r\n" + FRAME + b"CSeq: 4\r\n\r\n")
    assert [type(event) for event in found] == [InterleavedFrame, Response]
    assert found[1].cseq == 4


@pytest.mark.parametrize("size", [0, 1, 65535])
def test_frames_of_every_size_pass(size):
    payload = bytes(size)
    (frame,) = events(b"$\xff" + size.to_bytes(2, "big") + payload)
    assert frame == InterleavedFrame(255, payload)
    assert Connection().send(frame) == b"$\xff" + size.to_bytes(2, "big") + payload


@pytest.mark.fault("F24")
@pytest.mark.requirement("R-037")
@pytest.mark.parametrize("garbage", [b"\x00\x01\x02", b"\xff" * 5000, b"noise $ noise", b"\x00\x00\x10", b"RTSP/9"])
def test_garbage_between_frames_is_skipped_and_counted(garbage):
    connection = Connection()
    assert events(FRAME + garbage + FRAME + OK, connection=connection) == events(FRAME + FRAME + OK)
    assert connection.skipped == len(garbage)
    assert connection.resynchronised >= 1


@pytest.mark.fault("F24")
def test_garbage_split_anywhere_is_skipped_alike():
    data = OK + b"\x01noise $ noise RTSP noise" + FRAME + OK
    whole = events(data)
    assert len(whole) == 3
    assert events(data, pieces=list(range(1, len(data)))) == whole


@pytest.mark.fault("F24")
def test_resynchronising_ends_at_its_bound():
    connection = Connection()
    connection.receive_data(FRAME + b"\x00" * 70_000)
    assert isinstance(connection.next_event(), InterleavedFrame)
    with pytest.raises(LimitExceeded) as caught:
        connection.next_event()
    assert (caught.value.limit, caught.value.maximum) == ("rtsp garbage", 65536)
    with pytest.raises(LimitExceeded):
        connection.next_event()


@pytest.mark.fault("F19")
@pytest.mark.parametrize(
    ("data", "limit"),
    [
        (b"RTSP/1.0 200 OK\r\nX: " + b"a" * 9000, "rtsp line"),
        (b"OPTIONS rtsp://" + b"a" * 9000, "rtsp line"),
        (b"RTSP/1.0 200 OK\r\n" + b"X: a\r\n" * 129, "rtsp fields"),
        (b"RTSP/1.0 200 OK\r\nX: a\r\n" + b" a\r\n" * 128, "rtsp fields"),
        (b"RTSP/1.0 200 OK\r\n" + (b"X: " + b"a" * 8000 + b"\r\n") * 9, "rtsp headers"),
        (b"RTSP/1.0 200 OK\r\nContent-Length: 262145\r\n\r\n", "rtsp body"),
        (b"RTSP/1.0 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", "rtsp body"),
    ],
)
def test_every_bound_is_named(data, limit):
    with pytest.raises(LimitExceeded) as caught:
        events(data)
    assert caught.value.limit == limit


@pytest.mark.fault("F20")
@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (b"RTSP/1.0 200 OK\r\nno colon\r\n\r\n", 17),
        (b"RTSP/1.0 200 OK\r\nX: a\x00b\r\n\r\n", 21),
        (b"RTSP/1.0 200 OK\r\nX: a\rb\r\n\r\n", 21),
        (FRAME + b"RTSP/1.0 200 OK\r\n: x\r\n\r\n", 33),
    ],
)
def test_an_error_says_at_which_byte(data, offset):
    with pytest.raises(RemoteProtocolError) as caught:
        events(data)
    assert caught.value.offset == offset


def test_an_http_server_on_the_port_is_named():
    with pytest.raises(RemoteProtocolError, match="speaks HTTP") as caught:
        events(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert "port" in (caught.value.hint or "")


@pytest.mark.requirement("R-078")
def test_unknown_methods_and_missing_versions_reach_the_caller():
    assert events(b"TEARDOW rtsp://h/x RTSP/1.0\r\n\r\n")[0].method == "TEARDOW"
    assert events(b"DESCRIBE\r\n\r\n")[0].version == ""
    assert events(b"GET / HTTP/1.1\r\n\r\n")[0].version == "HTTP/1.1"


@pytest.mark.fault("F20")
def test_invalid_utf_8_in_a_header_comes_back_byte_for_byte():
    data = b"RTSP/1.0 200 OK\r\nServer: caf\xe9 \xc3\xa9\r\n\r\n"
    (response,) = events(data)
    assert response.headers.get("server") == "caf\udce9 é"
    assert response.serialize() == data


def test_text_without_bytes_never_leaves():
    with pytest.raises(LocalProtocolError):
        Request("OPTIONS", "*", [("X", "\ud800")]).serialize()


@pytest.mark.fault("F20")
@pytest.mark.parametrize("bad", ["a\r\nX: y", "a\nb", "a\rb", "a\x00b"])
def test_line_ends_and_nul_never_leave(bad):
    with pytest.raises(LocalProtocolError):
        Connection().send(Request("OPTIONS", "*", [("X", bad)]))
    with pytest.raises(LocalProtocolError):
        Connection().send(Request("OPTIONS", bad))
    with pytest.raises(LocalProtocolError):
        Connection().send(Response(200, bad))
    with pytest.raises(LocalProtocolError):
        Connection().send(Response(200, "OK", [(bad, "x")]))


def test_messages_serialize_to_the_bytes_of_the_rfc():
    request = Request("PLAY", "rtsp://h/x", [("CSeq", "4"), ("Range", "npt=0.000000-")])
    assert request.serialize() == b"PLAY rtsp://h/x RTSP/1.0\r\nCSeq: 4\r\nRange: npt=0.000000-\r\n\r\n"
    response = Response(200, "OK", [("CSeq", "4")], b"abc")
    assert response.serialize() == b"RTSP/1.0 200 OK\r\nCSeq: 4\r\nContent-Length: 3\r\n\r\nabc"


@pytest.mark.parametrize(
    "frame", [InterleavedFrame(256, b""), InterleavedFrame(-1, b""), InterleavedFrame(0, bytes(65536))]
)
def test_a_frame_that_does_not_fit_is_refused(frame):
    with pytest.raises(LocalProtocolError):
        frame.serialize()


def test_exactly_one_message_is_parsed():
    assert Response.parse(OK).body == b"v=0\r\n"
    assert Request.parse(DESCRIBE).method == "DESCRIBE"
    for data in (OK + OK, OK[:-1], DESCRIBE, b""):
        with pytest.raises(RemoteProtocolError):
            Response.parse(data)


def test_headers_compare_names_without_case_and_keep_their_order():
    headers = Headers([("CSeq", "1"), ("WWW-Authenticate", "a"), ("www-authenticate", "b")])
    assert headers.get_all("WWW-AUTHENTICATE") == ["a", "b"]
    assert "cseq" in headers and "Session" not in headers and 3 not in headers
    headers.set("cseq", "2")
    headers.add("X", "y")
    assert headers.items() == [("WWW-Authenticate", "a"), ("www-authenticate", "b"), ("cseq", "2"), ("X", "y")]
    assert list(headers) == ["WWW-Authenticate", "www-authenticate", "cseq", "X"]
    assert len(headers) == 4
    assert headers.get("none", "default") == "default"


def _seconds(work) -> float:
    """Of this thread's own: other programs have the cores meanwhile."""
    start = time.thread_time()
    work()
    return time.thread_time() - start


def test_one_byte_at_a_time_is_linear():
    def feed(size: int) -> None:
        data = b"RTSP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size)
        connection = Connection()
        for position in range(len(data)):
            connection.receive_data(data[position : position + 1])
            found = connection.next_event()
        assert found is not NEED_DATA

    small = min(_seconds(lambda: feed(20_000)) for _ in range(3))
    assert _seconds(lambda: feed(200_000)) < 10 * small * 4


def test_a_long_stream_of_frames_in_one_piece_is_linear():
    frame = b"$\x00" + (1400).to_bytes(2, "big") + bytes(1400)
    connection = Connection()
    connection.receive_data(frame * 20_000)
    count = 0
    start = time.process_time()
    while connection.next_event() is not NEED_DATA:
        count += 1
    assert count == 20_000
    assert time.process_time() - start < 5


def test_events_of_the_same_bytes_are_equal_and_say_what_they_are():
    assert Headers([("A", "b")]) == Headers([("A", "b")]) != Headers([("A", "c")])
    assert (InterleavedFrame(1, b"x") == b"x") is False
    assert len({InterleavedFrame(1, b"x"), InterleavedFrame(1, b"x"), InterleavedFrame(2, b"x")}) == 2
    assert repr(InterleavedFrame(1, b"x")) == "InterleavedFrame(1, b'x')"
    assert repr(Request("PLAY", "*", [("A", "b")])) == "Request('PLAY', '*', Headers([('A', 'b')]), b'', 'RTSP/1.0')"


def test_headers_of_just_the_greatest_length_are_read():
    assert events(b"RTSP/1.0 200 OK\r\nX: 4567\r\n\r\n", connection=Connection(max_headers=7))[0].status == 200
    with pytest.raises(LimitExceeded):
        events(b"RTSP/1.0 200 OK\r\nX: 45678\r\n\r\n", connection=Connection(max_headers=7))


def test_an_error_shows_what_stood_there():
    with pytest.raises(RemoteProtocolError) as caught:
        events(b"RTSP/1.0 200 OK\r\nno 'colon'\xff\r\n\r\n")
    assert caught.value.excerpt == "no 'colon'\\\\xff"


def taken(data: bytes, pieces: list[int]) -> list[object]:
    """As ``events``, by ``take_frames`` first wherever there is something new."""
    connection, result, start = Connection(), [], 0
    for cut in [*pieces, len(data)]:
        connection.receive_data(data[start:cut])
        start = cut
        result += [InterleavedFrame(channel, payload) for channel, payload in connection.take_frames()]
        while (event := connection.next_event()) is not NEED_DATA:
            result.append(event)
            result += [InterleavedFrame(channel, payload) for channel, payload in connection.take_frames()]
        assert connection.take_frames() == []
    assert connection.at_rest
    return result


def test_frames_taken_together_and_one_by_one_are_the_same_at_every_split_point():
    data = FRAME + FRAME + OK + FRAME + b"#garbage#" + FRAME + UNAUTHORIZED + FRAME
    whole = events(data)
    assert [type(event).__name__ for event in whole].count("InterleavedFrame") == 5
    for at in range(len(data)):
        assert [repr(event) for event in taken(data, [at])] == [repr(event) for event in whole], at


def test_a_connection_that_failed_gives_no_frames_and_says_so_again():
    connection = Connection()
    connection.receive_data(b"HTTP/1.1 400 Bad Request\r\n" + FRAME)
    with pytest.raises(RemoteProtocolError):
        connection.next_event()
    assert connection.take_frames() == [] and not connection.at_rest
    with pytest.raises(RemoteProtocolError):
        connection.next_event()
