"""Messages out of hand-written RTP packets, and into them."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onframe.errors import LocalProtocolError
from onframe.wire.payload.message import Depacketizer, Message, Oversize, Packetizer, Restart
from onframe.wire.rtp import Loss, RTPPacket

GUIDE_PACKET = bytes.fromhex("80eb4082b46e8c1655667788") + b'<?xml version="1.0" encoding="UTF-8"?><Metadata/>'


def rtp(sequence, payload, *, marker=False, timestamp=9000, payload_type=107, ssrc=0x55667788):
    """The bytes of one RTP packet, written out by RFC 3550 section 5.1."""
    head = struct.pack(">BBHII", 0x80, marker << 7 | payload_type, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)
    return head + payload


def push_all(depacketizer, packets):
    messages = []
    for packet in packets:
        message = depacketizer.push(packet)
        while message is not None:
            messages.append(message)
            message = depacketizer.pop()
    return messages


def payloads(messages):
    return [message.payload for message in messages]


@pytest.mark.requirement("R-038", "R-040")
def test_the_guides_packet_is_one_message():
    message = Depacketizer().push(GUIDE_PACKET)
    assert message == Message(
        payload=b'<?xml version="1.0" encoding="UTF-8"?><Metadata/>',
        timestamp=3_027_143_702,
        ended_by="marker",
        first_sequence=0x4082,
        last_sequence=0x4082,
        ssrc=0x55667788,
        loss_before=None,
    )


@pytest.mark.requirement("R-038")
def test_the_payload_type_of_the_sdp_wins_over_107():
    depacketizer = Depacketizer(payload_type=98)
    assert depacketizer.push(rtp(1, b"<a/>", marker=True, payload_type=98)).payload == b"<a/>"
    assert depacketizer.push(rtp(2, b"<b/>", marker=True, payload_type=107)) is None


@pytest.mark.requirement("R-039")
def test_another_payload_type_is_passed_over_and_is_no_loss():
    depacketizer = Depacketizer()
    messages = push_all(
        depacketizer,
        [
            rtp(1, b"<a>"),
            rtp(2, b"\x00\x01", marker=True, payload_type=96, timestamp=5),
            rtp(3, b"</a>", marker=True),
        ],
    )
    assert payloads(messages) == [b"<a></a>"]
    assert (depacketizer.foreign, depacketizer.lost) == (1, 0)


@pytest.mark.requirement("R-039")
def test_another_source_of_another_payload_type_does_not_disturb_the_numbering():
    depacketizer = Depacketizer()
    packets = [rtp(1, b"<a>"), rtp(40000, b"x", payload_type=96, ssrc=7), rtp(2, b"</a>", marker=True)]
    assert payloads(push_all(depacketizer, packets)) == [b"<a></a>"]
    assert depacketizer.resets == 0


@pytest.mark.requirement("R-041")
def test_marker_ends_a_message():
    depacketizer = Depacketizer()
    messages = push_all(
        depacketizer,
        [rtp(1, b"<?xml?>"), rtp(2, b"<Meta"), rtp(3, b"data/>", marker=True), rtp(4, b"<b/>", marker=True)],
    )
    assert payloads(messages) == [b"<?xml?><Metadata/>", b"<b/>"]
    assert [m.ended_by for m in messages] == ["marker", "marker"]
    assert (messages[0].first_sequence, messages[0].last_sequence) == (1, 3)


@pytest.mark.fault("F42")
@pytest.mark.requirement("R-041")
def test_a_new_timestamp_delivers_what_was_gathered():
    depacketizer = Depacketizer()
    assert depacketizer.push(rtp(1, b"<a>")) is None
    assert depacketizer.push(rtp(2, b"</a>")) is None
    message = depacketizer.push(rtp(3, b"<b>", timestamp=12600))
    assert (message.payload, message.ended_by, message.timestamp) == (b"<a></a>", "timestamp", 9000)
    assert depacketizer.push(rtp(4, b"</b>", timestamp=12600, marker=True)).payload == b"<b></b>"


@pytest.mark.fault("F42")
@pytest.mark.requirement("R-041")
def test_one_packet_may_end_two_messages():
    depacketizer = Depacketizer()
    depacketizer.push(rtp(1, b"<a/>"))
    assert depacketizer.push(rtp(2, b"<b/>", timestamp=12600, marker=True)).payload == b"<a/>"
    assert depacketizer.pop().payload == b"<b/>"
    assert depacketizer.pop() is None


def test_a_second_message_also_comes_with_the_next_push():
    depacketizer = Depacketizer()
    depacketizer.push(rtp(1, b"<a/>"))
    depacketizer.push(rtp(2, b"<b/>", timestamp=12600, marker=True))
    assert depacketizer.push(rtp(3, b"<c>", timestamp=16200)).payload == b"<b/>"


@pytest.mark.fault("F39")
@pytest.mark.requirement("R-041")
@pytest.mark.parametrize("lost", [1, 2, 3], ids=["first", "middle", "last"])
def test_a_lost_packet_costs_its_message_alone(lost):
    packets = {1: rtp(1, b"<a>"), 2: rtp(2, b"<x/>"), 3: rtp(3, b"</a>", marker=True)}
    del packets[lost]
    before = rtp(0, b"<z/>", marker=True, timestamp=5400)
    after = rtp(4, b"<b/>", marker=True, timestamp=12600)
    depacketizer = Depacketizer()
    messages = push_all(depacketizer, [before, *packets.values(), after])
    if lost == 1:  # what follows may begin a document by its looks: isapi is to judge it, and it is marked
        assert payloads(messages) == [b"<z/>", b"<x/></a>", b"<b/>"]
        assert messages[1].loss_before == Loss(1, 1)
    else:
        assert payloads(messages) == [b"<z/>", b"<b/>"]
        assert messages[1].loss_before == Loss(1, 3)
    assert depacketizer.lost == 1
    assert depacketizer.take_reports() == [Loss(lost, lost)]


@pytest.mark.requirement("R-041")
def test_after_a_loss_packets_are_dropped_until_one_can_start_a_document():
    depacketizer = Depacketizer()
    messages = push_all(
        depacketizer,
        [
            rtp(1, b"<a>"),
            rtp(3, b"<x/>"),  # same timestamp as before the gap: no boundary
            rtp(4, b"</a>", marker=True),
            rtp(5, b"value</b>", marker=True),  # a boundary, but no document begins so
            rtp(6, b"</c>", marker=True),
            rtp(7, b"{}", marker=True),
        ],
    )
    assert payloads(messages) == [b"{}"]
    assert messages[0].loss_before == Loss(1, 6)
    assert depacketizer.dropped == 5


@pytest.mark.requirement("R-041")
@pytest.mark.parametrize(
    "start", [b"\xef\xbb\xbf<a/>", b"\xff\xfe<\0", b"\xfe\xff\0<", b" \r\n<a/>", b"  ", b"<a/>", b"{}"]
)
def test_what_can_start_a_document(start):
    depacketizer = Depacketizer()
    packets = [rtp(1, b"<z/>", marker=True), rtp(3, start, marker=True, timestamp=12600)]
    assert payloads(push_all(depacketizer, packets)) == [b"<z/>", start]


@pytest.mark.requirement("R-041")
@pytest.mark.parametrize("start", [b"Target>", b"</a>", b"", b" 12</x>", b"]}"])
def test_what_cannot_start_a_document(start):
    depacketizer = Depacketizer()
    packets = [rtp(1, b"<z/>", marker=True), rtp(3, start, marker=True, timestamp=12600)]
    assert payloads(push_all(depacketizer, packets)) == [b"<z/>"]


@pytest.mark.fault("F43")
@pytest.mark.requirement("R-041")
def test_with_one_timestamp_for_all_a_message_after_a_loss_waits_for_a_marker():
    depacketizer = Depacketizer()
    packets = [rtp(n, b"<a/>", marker=True, timestamp=0) for n in (1, 3, 4)]
    assert [m.first_sequence for m in push_all(depacketizer, packets)] == [1, 4]


@pytest.mark.requirement("R-041")
def test_a_loss_seen_on_a_foreign_packet_breaks_the_message_too():
    depacketizer = Depacketizer()
    packets = [
        rtp(1, b"<a>", marker=True),
        rtp(3, b"x", payload_type=96),
        rtp(4, b"<t/></a>", marker=True),
    ]
    assert payloads(push_all(depacketizer, packets)) == [b"<a>"]


def test_a_loss_between_messages_is_reported_and_carried():
    depacketizer = Depacketizer()
    packets = [rtp(1, b"<a/>", marker=True), rtp(4, b"<b/>", marker=True, timestamp=12600)]
    messages = push_all(depacketizer, packets)
    assert [m.loss_before for m in messages] == [None, Loss(2, 3)]
    assert depacketizer.take_reports() == [Loss(2, 3)]
    assert depacketizer.take_reports() == []


def test_a_loss_that_ended_no_message_can_be_asked_for():
    depacketizer = Depacketizer()
    assert depacketizer.push(rtp(1, b"<a>")) is None
    assert depacketizer.push(rtp(9, b"x</a>", marker=True)) is None
    assert depacketizer.take_reports() == [Loss(2, 8)]


@pytest.mark.fault("F38")
@pytest.mark.requirement("R-041")
def test_the_sequence_number_wraps_inside_a_message():
    depacketizer = Depacketizer()
    packets = [rtp(65534, b"<a>"), rtp(65535, b"<b/>"), rtp(0, b"<c/>"), rtp(1, b"</a>", marker=True)]
    (message,) = push_all(depacketizer, packets)
    assert message.payload == b"<a><b/><c/></a>"
    assert message.last_sequence - message.first_sequence == 3
    assert depacketizer.lost == 0


@pytest.mark.fault("F43")
@pytest.mark.requirement("R-041")
def test_the_timestamp_wraps_between_messages():
    depacketizer = Depacketizer()
    packets = [
        rtp(1, b"<a/>", marker=True, timestamp=0xFFFFFFFF - 1799),
        rtp(2, b"<b/>", marker=True, timestamp=1800),
    ]
    first, second = push_all(depacketizer, packets)
    assert second.timestamp - first.timestamp == 3600


@pytest.mark.fault("F40")
@pytest.mark.requirement("R-041")
def test_duplicates_change_nothing():
    depacketizer = Depacketizer()
    packets = [rtp(1, b"<a>"), rtp(1, b"<a>"), rtp(2, b"</a>", marker=True), rtp(2, b"</a>", marker=True)]
    assert payloads(push_all(depacketizer, packets)) == [b"<a></a>"]
    assert (depacketizer.duplicates, depacketizer.lost) == (2, 0)


@pytest.mark.requirement("R-041")
def test_a_document_over_64_kib_is_one_message():
    document = b"<a>" + bytes(97 + n % 26 for n in range(200_000)) + b"</a>"
    pieces = [document[at : at + 1000] for at in range(0, len(document), 1000)]
    packets = [rtp(65500 + n, piece, marker=n == len(pieces) - 1) for n, piece in enumerate(pieces)]
    assert payloads(push_all(Depacketizer(), packets)) == [document]


@pytest.mark.fault("F46")
@pytest.mark.requirement("R-041")
def test_an_oversize_message_is_dropped_and_reported_and_the_next_is_read():
    depacketizer = Depacketizer(max_size=100)
    packets = [rtp(n, b"<a>" + b"x" * 57) for n in range(1, 6)]
    packets += [rtp(6, b"</a>", marker=True), rtp(7, b"<b/>", marker=True, timestamp=12600)]
    (message,) = push_all(depacketizer, packets)
    assert message.payload == b"<b/>"
    assert message.loss_before == Loss(1, 6)
    assert depacketizer.take_reports() == [Oversize(first_sequence=1, last_sequence=2, size=120, timestamp=9000)]
    assert depacketizer.oversize == 1


@pytest.mark.requirement("R-041")
def test_a_message_of_exactly_the_greatest_size_is_taken():
    assert Depacketizer(max_size=4).push(rtp(1, b"<a/>", marker=True)).payload == b"<a/>"


@pytest.mark.requirement("R-042")
def test_contributing_sources_extension_and_padding_are_skipped():
    packet = bytes.fromhex("b2eb000100000e1055667788") + bytes.fromhex("0000000100000002")
    packet += bytes.fromhex("bede0001aabbccdd") + b"<a/>" + b"\0\0\x03"
    assert Depacketizer().push(packet).payload == b"<a/>"


@pytest.mark.fault("F45")
@pytest.mark.requirement("R-042")
@pytest.mark.parametrize(
    "packet", [b"", b"\x80", b"\x40" + bytes(12), b"\x8f" + bytes(12), b"\xa0\x6b" + bytes(10) + b"\x09"]
)
def test_what_is_no_rtp_packet_is_counted_and_no_error(packet):
    depacketizer = Depacketizer()
    assert depacketizer.push(packet) is None
    assert depacketizer.malformed == 1


@pytest.mark.fault("F44")
@pytest.mark.requirement("R-042")
def test_another_ssrc_begins_anew_and_is_not_filtered():
    depacketizer = Depacketizer()
    packets = [rtp(100, b"<a>"), rtp(5, b"<b/>", marker=True, ssrc=1, timestamp=77)]
    messages = push_all(depacketizer, packets)
    assert payloads(messages) == [b"<b/>"]
    assert (messages[0].ssrc, messages[0].timestamp) == (1, 77)
    assert depacketizer.take_reports() == [Restart(65536 + 5)]
    assert (depacketizer.resets, depacketizer.dropped) == (1, 1)


def test_an_empty_payload_with_the_marker_ends_the_message():
    depacketizer = Depacketizer()
    packets = [rtp(1, b"<a/>"), rtp(2, b"", marker=True), rtp(3, b"", marker=True)]
    assert payloads(push_all(depacketizer, packets)) == [b"<a/>"]


def test_reset_drops_what_was_gathered():
    depacketizer = Depacketizer()
    depacketizer.push(rtp(1, b"<a>"))
    depacketizer.reset()
    assert depacketizer.push(rtp(900, b"<b/>", marker=True)).payload == b"<b/>"
    assert depacketizer.dropped == 1


def test_a_timestamp_given_by_the_caller_is_kept():
    assert Depacketizer().push(rtp(1, b"<a/>", marker=True), timestamp=2**33 + 9000).timestamp == 2**33 + 9000


def test_a_parsed_packet_is_as_good_as_its_bytes():
    assert Depacketizer().push(RTPPacket.parse(GUIDE_PACKET)).timestamp == 3_027_143_702


@pytest.mark.requirement("R-040", "R-041")
def test_packetizer_sends_at_most_1000_bytes_and_the_marker_last():
    packetizer = Packetizer(ssrc=0x55667788, sequence_number=65535)
    packets = packetizer.packetize(b"<?xml" + b"x" * 2000, 2**32 + 9000)
    assert [len(p.payload) for p in packets] == [1000, 1000, 5]
    assert [p.marker for p in packets] == [False, False, True]
    assert [p.sequence_number for p in packets] == [65535, 0, 1]
    assert {(p.timestamp, p.payload_type, p.ssrc) for p in packets} == {(9000, 107, 0x55667788)}
    assert packets[0].serialize()[:17] == bytes.fromhex("806bffff0000232855667788") + b"<?xml"


@pytest.mark.requirement("R-041")
def test_the_payload_size_is_configurable():
    packetizer = Packetizer(payload_type=98, ssrc=1, sequence_number=0, max_payload=3)
    assert [p.payload for p in packetizer.packetize(b"<abc/>", 0)] == [b"<ab", b"c/>"]
    with pytest.raises(LocalProtocolError):
        Packetizer(ssrc=1, sequence_number=0, max_payload=0)


def test_an_empty_message_is_not_sent():
    assert Packetizer(ssrc=1, sequence_number=0).packetize(b"", 0) == []


@settings(max_examples=60)
@given(
    documents=st.lists(st.binary(min_size=1, max_size=4000).map(lambda b: b"<a" + b), min_size=1, max_size=6),
    first=st.integers(0, 65535),
    lost=st.sets(st.integers(0, 30), max_size=4),
)
def test_whole_messages_come_whole_and_all_packets_are_accounted_for(documents, first, lost):
    packets, whole = [], []
    for index, document in enumerate(documents):
        pieces = [document[at : at + 700] for at in range(0, len(document), 700)]
        numbers = range(len(packets), len(packets) + len(pieces))
        if not lost.intersection(numbers):
            whole.append(document)
        for n, piece in enumerate(pieces):
            packets.append(rtp(first + len(packets), piece, marker=n == len(pieces) - 1, timestamp=index * 3600))
    depacketizer = Depacketizer()
    messages = push_all(depacketizer, [p for n, p in enumerate(packets) if n not in lost])
    assert [p for p in payloads(messages) if p in whole] == whole
    delivered = sum(m.last_sequence - m.first_sequence + 1 for m in messages)
    seen = depacketizer.packets
    assert delivered + depacketizer.dropped == seen - depacketizer.duplicates


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=40), max_size=30))
def test_any_bytes_are_taken(packets):
    depacketizer = Depacketizer(max_size=64)
    for packet in packets:
        depacketizer.push(packet)
        depacketizer.push(b"\x80\x6b" + packet)
        depacketizer.push(b"\xb0\xeb" + packet)
