"""Faults of the network and of RTP, from the bytes of a whole session to its records."""

import struct
import time
import tracemalloc

import pytest

from onframe.camera.receiver import Receiver
from onframe.errors import LimitExceeded, LocalProtocolError, OnframeError, RemoteProtocolError
from onframe.record import Gap, Record, Undecodable
from onframe.wire.headers import Transport
from onframe.wire.payload.message import Depacketizer
from onframe.wire.rtsp import NEED_DATA, Connection, InterleavedFrame, Request, Response
from onframe.wire.sdp import SessionDescription
from onframe.wire.session import Answered, ClientSession

URL = "rtsp://192.0.2.7:554/ISAPI/Streaming/channels/101"
NOW = 1_700_000_000 * 1_000_000_000
NTP = (1_700_000_000 + 2_208_988_800) << 32
SDP = (
    "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=Media\r\nt=0 0\r\na=control:*\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:trackID=1\r\n"
    "m=application 0 RTP/AVP 107\r\na=rtpmap:107 isapi.metadata/90000\r\na=control:trackID=3\r\n"
)


def answer(status, cseq, *lines, body=""):
    length = [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([f"RTSP/1.0 {status} x", f"CSeq: {cseq}", *lines, *length, "", body]).encode()


def frame(channel, payload):
    return b"$" + struct.pack(">BH", channel, len(payload)) + payload


def rtp(sequence, payload, *, marker=True, timestamp=0, payload_type=107, ssrc=0x55667788):
    """One RTP packet, written out by RFC 3550 section 5.1."""
    return struct.pack(">BBHII", 0x80, marker << 7 | payload_type, sequence & 0xFFFF, timestamp, ssrc) + payload


def xml(target_id, declaration=b'<?xml version="1.0" encoding="UTF-8"?>'):
    return declaration + (
        b"<Metadata><type>activityTarget</type><time>2023-11-14T22:13:20Z</time><TargetDetection><TargetList>"
        b"<Target><targetID>%d</targetID></Target></TargetList></TargetDetection></Metadata>" % target_id
    )


def metadata(made=None):
    made = made or Receiver("gate", 1, 1, 1)
    made.add_metadata("m", payload_type=107)
    return made


def push(made, *packets):
    return [event for packet in packets for event in made.packet("m", packet, NOW)]


def told(events):
    """Target ids of the records, and the other events by the names of their types."""
    return [e.metadata.targets[0].target_id if isinstance(e, Record) else type(e).__name__ for e in events]


# -- a whole session, cut anywhere


def whole_session():
    """What a device sends from DESCRIBE to TEARDOWN: answers, pictures, documents, reports, noise, a loss."""
    first, second = xml(1), xml(2)
    return b"".join(
        [
            answer(200, 1, "Content-Base: " + URL + "/", body=SDP),
            answer(200, 2, "Session: 7;timeout=60", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"),
            answer(200, 3, "Session: 7", "Transport: RTP/AVP/TCP;unicast;interleaved=2-3"),
            frame(2, rtp(10, xml(0), timestamp=90_000)),  # before PLAY is answered
            answer(200, 4, "Session: 7", "RTP-Info: url=trackID=1;seq=1,url=trackID=3;seq=10"),
            frame(1, struct.pack(">BBHIQIII", 0x80, 200, 6, 7, NTP, 500, 0, 0)),
            frame(0, rtp(1, b"\x65\x88picture", timestamp=500, payload_type=96, ssrc=7)),
            frame(3, struct.pack(">BBHIQIII", 0x80, 200, 6, 0x55667788, NTP, 90_000, 0, 0)),
            frame(2, rtp(11, first[:40], marker=False, timestamp=93_600)),
            frame(9, b"nobody set this channel up"),
            frame(2, rtp(12, first[40:], timestamp=93_600)),
            b"\x01 noise $ noise",
            frame(2, rtp(14, second, timestamp=97_200)),
            b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n",
            frame(2, rtp(15, b"<Metadata><type>", timestamp=100_800)),
            frame(2, rtp(16, xml(3), timestamp=104_400)),
            answer(200, 5, "Session: 7"),
        ]
    )


def watched(pieces):
    """The records of a session whose bytes come in these pieces, the counters, and what was answered."""
    session, made = ClientSession(URL), Receiver("gate", 1, 1, 1, ssrc=1)
    made.add_metadata("m", payload_type=107)
    made.add_video("v", payload_type=96)
    names = {0: "v", 2: "m"}
    session.describe(0.0)
    found = []
    for piece in pieces:
        session.receive_data(piece, 0.0)
        while (event := session.next_event()) is not NEED_DATA:
            if isinstance(event, Answered):
                ask_next(session, event.request.method)
                found.append((event.request.method, event.response.status))
            elif isinstance(event, InterleavedFrame) and event.interleaved % 2 and event.interleaved < 4:
                found.append(made.rtcp(names[event.interleaved - 1], event.payload, NOW))
            elif isinstance(event, InterleavedFrame):
                found += made.packet(names.get(event.interleaved, "?"), event.payload, NOW)
    return found, made.counters, session.skipped, session.data_to_send()


def ask_next(session, method):
    if method == "DESCRIBE":
        session.setup(session.description.media[0], 0.0)
    elif method == "SETUP" and len(session.tracks) == 1:
        session.setup(session.description.media[1], 0.0)
    elif method == "SETUP":
        session.play(0.0)
    elif method == "PLAY":
        session.teardown(0.0)


@pytest.mark.fault("F18", "F22")
def test_a_whole_session_cut_at_every_place_and_into_single_bytes_gives_the_same_records():
    data = whole_session()
    expected = watched([data])
    found, counters, skipped, sent = expected
    assert [event for event in found if isinstance(event, tuple)] == [
        ("DESCRIBE", 200), ("SETUP", 200), ("SETUP", 200), ("PLAY", 200), ("TEARDOWN", 200)
    ]  # fmt: skip
    assert told(e for e in found if isinstance(e, Record | Gap | Undecodable)) == [0, 1, "Gap", 2, "Undecodable", 3]
    assert (counters["unknown_track"], counters["lost"], counters["video_pictures"]) == (1, 1, 1)
    assert skipped == len(b"\x01 noise $ noise")
    assert sent.startswith(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n")
    assert watched([data[n : n + 1] for n in range(len(data))]) == expected
    for cut in range(1, len(data)):
        assert watched([data[:cut], data[cut:]]) == expected, cut


# -- RTSP without end, and misspelt


@pytest.mark.fault("F19")
@pytest.mark.parametrize("start", [b"RTSP/1.0 200 OK\r\nX: ", b"OPTIONS rtsp://"])
def test_an_endless_header_line_ends_the_connection_at_its_bound_and_nothing_more_is_kept(start):
    connection, fed = Connection(), 0
    connection.receive_data(start)
    with pytest.raises(LimitExceeded) as caught:
        while connection.next_event() is NEED_DATA:
            connection.receive_data(b"a" * 512)
            fed += 512
    assert (caught.value.limit, caught.value.maximum) == ("rtsp line", 8192)
    assert fed <= 8192 + 512
    kept = connection.buffered
    for _ in range(1000):
        connection.receive_data(b"a" * 65_536)
        with pytest.raises(LimitExceeded):
            connection.next_event()
    assert connection.buffered == kept


@pytest.mark.fault("F19")
def test_endless_headers_in_single_bytes_end_at_their_bound_in_linear_time():
    connection, fed = Connection(max_fields=1_000_000), 0
    connection.receive_data(b"RTSP/1.0 200 OK\r\n")
    line = b"X: " + b"a" * 1000 + b"\r\n"
    started = time.process_time()
    with pytest.raises(LimitExceeded) as caught:
        while connection.next_event() is NEED_DATA:
            connection.receive_data(line[fed % len(line) : fed % len(line) + 1])
            fed += 1
    assert caught.value.limit == "rtsp headers"
    assert fed < 64 * 1024 + 2 * len(line)
    assert time.process_time() - started < 5


@pytest.mark.fault("F20")
@pytest.mark.parametrize(
    ("data", "name", "value"),
    [
        (b"RTSP/1.0 200 OK\ncseq:4\n\n", "CSeq", "4"),
        (b"RTSP/1.0 200\r\nCSEQ : 4\r\n\r\n", "CSeq", "4"),
        (b"RTSP/2.0 200 OK\r\nX: a\r\n  b\r\n\tc\r\n\r\n", "x", "a b c"),
        (b"RTSP/1.0 200 OK\r\nSeq:3\r\n\r\n", "CSeq", None),
        ('RTSP/1.0 401 x\r\nX: Digest realm="北京"\r\n\r\n'.encode("gb2312"), "X", b'Digest realm="\xb1\xb1\xbe\xa9"'),
    ],
)
def test_misspelt_headers_of_known_kinds_are_read(data, name, value):
    response = Response.parse(data)
    if isinstance(value, bytes):  # text of another encoding comes back as the very bytes
        assert response.headers.get(name).encode("utf-8", "surrogateescape") == value
        assert value in response.serialize()
    else:
        assert response.headers.get(name) == value


@pytest.mark.fault("F20")
@pytest.mark.parametrize(
    "data", [b"X: a\x00b", b"X: a\rb", b"\x00: b", b": b", b" folded before any field", b"no colon", b"X\x80: a"]
)
def test_headers_that_are_none_end_the_connection_with_our_own_error(data):
    connection = Connection()
    connection.receive_data(b"RTSP/1.0 200 OK\r\n" + data + b"\r\n\r\n")
    with pytest.raises(RemoteProtocolError) as caught:
        connection.next_event()
    assert caught.value.offset is not None and caught.value.offset >= 17


@pytest.mark.fault("F20")
@pytest.mark.parametrize("bad", ["a\r\nInjected: 1", "a\n b", "\x00"])
def test_no_line_end_and_no_nul_ever_leave_in_a_header(bad):
    for message in (Request("OPTIONS", "*", [("X", bad)]), Response(200, "OK", [("X", bad)])):
        with pytest.raises(LocalProtocolError):
            message.serialize()


@pytest.mark.fault("F21")
def test_a_frame_within_headers_is_a_frame_and_within_a_body_is_body():
    picture = frame(2, b"\x80" + bytes(11))
    connection = Connection()
    connection.receive_data(
        b"RTSP/1.0 200 OK\r\n" + picture + b"Content-Length: 16\r\n" + picture + b"\r\n" + picture + picture
    )
    events = [connection.next_event() for _ in range(4)]
    assert events[:2] == [InterleavedFrame(2, picture[4:])] * 2
    assert events[2].body == picture
    assert events[3] == InterleavedFrame(2, picture[4:])
    assert connection.next_event() is NEED_DATA


@pytest.mark.fault("F24")
def test_garbage_between_frames_is_counted_and_the_next_frame_is_read_until_it_is_too_much():
    connection = Connection()
    whole = frame(2, b"\x80" + bytes(11))
    connection.receive_data(whole + b"\xff" * 60_000 + whole)
    assert [connection.next_event(), connection.next_event()] == [InterleavedFrame(2, whole[4:])] * 2
    assert (connection.skipped, connection.resynchronised) == (60_000, 1)
    connection.receive_data(b"\xff" * 60_000 + whole)  # the bound begins anew with each frame
    assert connection.next_event() == InterleavedFrame(2, whole[4:])
    connection.receive_data(b"\xff" * 70_000)
    with pytest.raises(LimitExceeded, match="neither RTSP nor interleaved"):
        connection.next_event()


# -- session descriptions


@pytest.mark.fault("F25")
@pytest.mark.parametrize(
    ("lines", "payload_type"),
    [
        ("s=x|m=application 0 RTP/AVP 107|a=rtpmap:107 isapi.metadata/90000", 107),  # no v=
        ("v=0|o= 0 0|s=|m=|m=application 0 RTP/AVP 98|a=rtpmap:98 ISAPI.METADATA/90000", 98),
        ("v=0|o=IP Camera (1) 1 1 IN IP4|m=application 0 RTP/AVP 107|a=rtpmap:107 isapi.metadata", 107),
        ("m=application 0 RTP/AVP 107|a=rtpmap:107 isapi.metadata/90000|v=0|o=-|s=x", 107),
        ("v=0|m=application 0 RTP/AVP 96 107|a=rtpmap:96 H264/90000|a=rtpmap:107 isapi.metadata/1", 107),
        ("v=0|m=application 0 RTP/AVP 107", None),
        ("v=0|m=application 0 RTP/AVP 107|a=rtpmap:107 vnd.onvif.metadata/90000", None),
        ("v=0|m=video 0 RTP/AVP 107|a=rtpmap:107 H264/90000", None),
    ],
)
def test_descriptions_that_lack_repeat_or_contradict_are_read_by_the_encodings_name(lines, payload_type):
    description = SessionDescription.parse(lines.replace("|", "\r\n"))
    media = description.metadata_media()
    assert (None if media is None else media.payload_type_of("isapi.metadata")) == payload_type


@pytest.mark.fault("F25")
def test_ten_thousand_media_end_at_the_bound():
    with pytest.raises(LimitExceeded) as caught:
        SessionDescription.parse("v=0\n" + "m=\n" * 10_000)
    assert (caught.value.limit, caught.value.maximum) == ("sdp media", 64)


# -- RTP: order, loss, markers, timestamps, sources


@pytest.mark.fault("F38")
def test_a_sequence_number_that_wraps_inside_one_document_makes_one_record():
    made, document = metadata(), xml(5)
    pieces = [document[at : at + 30] for at in range(0, len(document), 30)]
    last = len(pieces) - 1
    assert told(push(made, *(rtp(65_533 + n, p, marker=n == last) for n, p in enumerate(pieces)))) == [5]
    assert (made.counters["lost"], made.counters["resets"]) == (0, 0)


@pytest.mark.fault("F39")
@pytest.mark.parametrize("lost", [0, 1, 2], ids=["first", "middle", "last"])
def test_a_lost_packet_costs_its_document_is_told_as_a_gap_and_the_next_document_is_whole(lost):
    made, document = metadata(), xml(1)
    push(made, rtp(9, xml(0)))
    pieces = [document[:60], document[60:120], document[120:]]
    packets = [rtp(10 + n, piece, marker=n == 2, timestamp=3600) for n, piece in enumerate(pieces) if n != lost]
    events = push(made, *packets, rtp(13, xml(2), timestamp=7200))
    assert told(events) == ["Gap", 2]
    assert (events[0].reason, events[0].packets) == ("loss", 1)
    assert (events[0].first_sequence, events[0].last_sequence) == (10 + lost, 10 + lost)
    assert (events[1].raw, events[1].gap_before) == (xml(2), events[0])
    assert made.counters["lost"] == 1


@pytest.mark.fault("F40")
def test_packets_that_come_twice_are_dropped_and_counted():
    made, document = metadata(), xml(1)
    packets = [rtp(1, document[:50], marker=False), rtp(2, document[50:])]
    assert told(push(made, packets[0], packets[0], packets[1], packets[0], packets[1])) == [1]
    assert (made.counters["duplicates"], made.counters["late"], made.counters["lost"]) == (3, 0, 0)


@pytest.mark.fault("F41")
def test_a_packet_that_comes_after_its_document_was_closed_is_counted_as_late_and_changes_nothing():
    made = metadata()
    events = push(made, rtp(1, xml(1)), rtp(3, xml(3), timestamp=7200))
    assert told(events) == [1, "Gap", 3]
    assert push(made, rtp(2, xml(2), timestamp=3600)) == []
    assert told(push(made, rtp(4, xml(4), timestamp=10_800))) == [4]
    assert (made.counters["late"], made.counters["duplicates"], made.counters["lost"]) == (1, 0, 1)


@pytest.mark.fault("F42")
def test_markers_that_are_never_set_leave_the_timestamp_to_end_a_document():
    made, document = metadata(), xml(1)
    packets = [rtp(1, document[:50], marker=False), rtp(2, document[50:], marker=False)]
    (record,) = push(made, *packets, rtp(3, xml(2), marker=False, timestamp=3600))
    assert record.raw == document
    assert record.warnings == ["the message ended without a marker"]


@pytest.mark.fault("F42")
def test_markers_on_every_packet_cost_the_documents_of_several_packets_alone():
    made, document = metadata(), xml(1)
    events = push(made, rtp(1, document[:90]), rtp(2, document[90:]), rtp(3, xml(2), timestamp=3600))
    assert told(events) == ["Undecodable", "Undecodable", 2]
    assert [event.raw for event in events[:2]] == [document[:90], document[90:]]
    assert made.counters["undecodable"] == 2


@pytest.mark.fault("F42")
@pytest.mark.parametrize(
    ("payload", "ids"),
    [
        (xml(1, b""), [1]),
        (xml(1, b"") + xml(2, b""), [1, 2]),
        (xml(1) + b"\r\n" + xml(2), [1, 2]),
        (xml(1) + b"\0", [1]),
        (xml(1) + b"\r\n", [1]),
        (b"\xef\xbb\xbf\r\n" + xml(1) + b"\0\0\0", [1]),
    ],
)
def test_documents_without_prolog_in_pairs_and_with_bytes_behind_are_all_delivered(payload, ids):
    assert told(push(metadata(), rtp(1, payload))) == ids


@pytest.mark.fault("F43")
def test_a_timestamp_that_wraps_goes_on_in_64_bits():
    events = push(metadata(), rtp(1, xml(1), timestamp=0xFFFFFFFF - 1799), rtp(2, xml(2), timestamp=1800))
    assert [event.timestamp for event in events] == [0xFFFFFFFF - 1799, 0x100000000 + 1800]
    assert [event.warnings for event in events] == [[], []]


@pytest.mark.fault("F43")
def test_timestamps_that_stand_still_or_jump_back_keep_the_order_of_arrival():
    made = metadata()
    stamps = [324_000_000, 324_000_000, 0, 0, 3600]  # an hour back
    events = push(made, *(rtp(n, xml(n), timestamp=stamp) for n, stamp in enumerate(stamps)))
    assert told(events) == [0, 1, 2, 3, 4]
    assert [event.warnings for event in events] == [[], [], ["the RTP timestamp went back"], [], []]


@pytest.mark.fault("F43")
def test_a_timestamp_that_changes_within_a_document_costs_that_document():
    made, document = metadata(), xml(1)
    packets = [rtp(1, document[:90], marker=False, timestamp=5), rtp(2, document[90:], timestamp=6)]
    assert told(push(made, *packets, rtp(3, xml(2), timestamp=3600))) == ["Undecodable", "Undecodable", 2]


@pytest.mark.fault("F44")
def test_another_source_begins_anew_without_the_packets_of_the_old_one():
    made, document = metadata(), xml(1)
    events = push(made, rtp(1, document[:90], marker=False), rtp(700, xml(2), ssrc=9, timestamp=77))
    assert told(events) == ["Gap", 2]
    assert events[0].packets is None  # how many are missing is not known
    assert (events[1].timestamp, events[1].gap_before) == (77, events[0])
    assert (made.counters["resets"], made.counters["dropped"], made.counters["lost"]) == (1, 1, 0)


@pytest.mark.fault("F44")
def test_two_sources_in_turns_give_their_whole_documents_and_count_each_change():
    made = metadata()
    packets = [rtp(100 + n // 2, xml(n), ssrc=1 + n % 2, timestamp=3600 * n) for n in range(20)]
    events = push(made, *packets)
    assert [one for one in told(events) if one != "Gap"] == list(range(20))
    assert made.counters["resets"] == 19


@pytest.mark.fault("F46")
def test_a_document_that_grows_without_end_is_dropped_at_4_mib_and_memory_stays_flat():
    made = metadata()
    push(made, rtp(0, xml(0)))
    tracemalloc.start()
    events = []
    for n in range(1, 12_001):  # 12 MB
        events += made.packet("m", rtp(n, b"x" * 1000, marker=False, timestamp=3600), NOW)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert told(events) == ["Undecodable"]
    assert (events[0].error, events[0].raw) == ("LimitExceeded", b"")
    assert made.counters["oversize"] == 1
    assert peak < 16 * 1024 * 1024
    assert told(push(made, rtp(12_001, xml(7), timestamp=7200))) == [7]
    assert made.counters["messages"] == 2


@pytest.mark.fault("F46")
def test_packets_without_payload_and_without_end_hold_no_memory():
    depacketizer = Depacketizer()
    tracemalloc.start()
    for n in range(20_000):
        depacketizer.push(rtp(n, b"", marker=False))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1024 * 1024


@pytest.mark.fault("F26")
def test_a_control_address_of_another_host_is_asked_for_verbatim_on_the_same_connection_with_a_warning():
    session = ClientSession(URL)
    session.describe(0.0)
    body = SDP.replace("a=control:trackID=3", "a=control:rtsp://203.0.113.9:8554/x?q=1")
    session.receive_data(answer(200, 1, body=body), 0.0)
    session.next_event()
    asked = Request.parse(session.setup(session.description.metadata_media(), 0.0))
    assert asked.uri == "rtsp://203.0.113.9:8554/x?q=1"
    assert session.warnings == ["the device names 203.0.113.9:8554; the connection stays where it is"]
    assert Transport.parse(asked.headers.get("Transport")).tcp


@pytest.mark.fault("F26")
@pytest.mark.parametrize(
    ("base", "control", "url"),
    [
        (None, "*", URL),
        (None, "trackID=3", URL + "/trackID=3"),
        (URL + "/", "trackID=3", URL + "/trackID=3"),
        (URL + "/?token=1", "trackID=3", URL + "/trackID=3?token=1"),
        (None, "/av_stream/trackID=3", "rtsp://192.0.2.7:554/av_stream/trackID=3"),
        ("192.0.2.7:554/av_stream/ch1", "trackID=3", "rtsp://192.0.2.7:554/av_stream/ch1/trackID=3"),
        ("rtsp://203.0.113.9/x/", "trackID=3", "rtsp://203.0.113.9/x/trackID=3"),
    ],
)
def test_control_addresses_of_every_form_are_resolved(base, control, url):
    description = SessionDescription.parse(SDP.replace("trackID=3", control))
    media = description.metadata_media()
    assert description.media_url(media, URL, base) == url


@pytest.mark.fault("F25", "F19")
@pytest.mark.parametrize("size", [65_537, 1_000_000])
def test_a_description_beyond_its_bound_is_refused_before_it_is_read(size):
    with pytest.raises(OnframeError, match=str(size)):
        SessionDescription.parse(b"v=0\r\n" + b"a" * (size - 5))
