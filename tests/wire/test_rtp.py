"""RTP packets read and written, and the order of a track: wraps, losses, late and double packets, new beginnings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onframe.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from onframe.wire.rtp import HeaderExtension, Loss, RTPPacket, SequenceTracker, TrackReceiver

# Figure 2-3 of the guide: version 2, marker, 107, 16514, 3027143702, 0x55667788; payload begins with <?xml
GUIDE = bytes.fromhex("80eb4082b46e8c1655667788") + b"<?xml"


@pytest.mark.requirement("R-040", "R-038")
def test_the_packet_of_the_guide_is_read():
    packet = RTPPacket.parse(GUIDE)
    assert (packet.payload_type, packet.marker) == (107, True)
    assert (packet.sequence_number, packet.timestamp, packet.ssrc) == (16514, 3027143702, 0x55667788)
    assert (packet.payload, packet.csrcs, packet.extension) == (b"<?xml", (), None)


@pytest.mark.requirement("R-040")
def test_the_packet_of_the_guide_is_written():
    packet = RTPPacket(
        payload_type=107,
        marker=True,
        sequence_number=16514,
        timestamp=3027143702,
        ssrc=0x55667788,
        payload=b"<?xml",
    )
    assert packet.serialize() == GUIDE


@pytest.mark.requirement("R-042")
def test_csrcs_header_extension_and_padding_are_skipped():
    data = (
        bytes.fromhex("b26b0001000000020000000300000004ffffffff")  # padding, extension, two CSRCs, no marker
        + bytes.fromhex("bede0002" + "1022334455667788")
        + b"<a/>"
        + b"\0\0\0\4"
    )
    packet = RTPPacket.parse(data)
    assert packet.payload == b"<a/>"
    assert packet.csrcs == (4, 0xFFFFFFFF)
    assert packet.extension == HeaderExtension(0xBEDE, bytes.fromhex("1022334455667788"))
    assert not packet.marker


def test_csrcs_and_header_extension_are_written():
    packet = RTPPacket(107, 1, 2, 3, b"<a/>", csrcs=(4,), extension=HeaderExtension(0xBEDE, b"1234"))
    assert packet.serialize() == bytes.fromhex("916b0001000000020000000300000004bede0001") + b"1234<a/>"


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_is_read_and_the_payload_is_a_copy(kind):
    buffer = bytearray(GUIDE)
    packet = RTPPacket.parse(kind(buffer))
    buffer[12:] = b"xxxxx"
    assert packet.payload == b"<?xml"
    assert type(packet.payload) is bytes


@pytest.mark.requirement("R-042")
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80",
        GUIDE[:11],
        b"\x40" + GUIDE[1:],  # version 1
        b"\xc0" + GUIDE[1:],  # version 3
        b"\x8f" + GUIDE[1:],  # 15 CSRCs in 5 bytes
        b"\x90" + GUIDE[1:12],  # no room for the header extension
        b"\x90" + GUIDE[1:12] + bytes.fromhex("bede0002") + b"1234",  # an extension beyond the end
        b"\xa0" + GUIDE[1:12] + b"<a>\0",  # padding of none
        b"\xa0" + GUIDE[1:12] + b"<a>\5",  # more padding than bytes
        b"\xa0" + GUIDE[1:12],  # padding where nothing follows
    ],
)
def test_what_is_no_packet_is_a_protocol_error(data):
    with pytest.raises(RemoteProtocolError):
        RTPPacket.parse(data)


@pytest.mark.parametrize("payload", [b"", b"<a/>"])
def test_a_packet_of_padding_alone_and_an_empty_one_are_packets(payload):
    assert RTPPacket.parse(GUIDE[:12] + payload).payload == payload
    assert RTPPacket.parse(b"\xa0" + GUIDE[1:12] + payload + b"\0\2").payload == payload


@pytest.mark.parametrize(
    "packet",
    [
        RTPPacket(128, 0, 0, 0),
        RTPPacket(107, 65536, 0, 0),
        RTPPacket(107, 0, -1, 0),
        RTPPacket(107, 0, 0, 1 << 32),
        RTPPacket(107, 0, 0, 0, csrcs=(1,) * 16),
        RTPPacket(107, 0, 0, 0, csrcs=(-1,)),
        RTPPacket(107, 0, 0, 0, extension=HeaderExtension(0, b"123")),
        RTPPacket(107, 0, 0, 0, extension=HeaderExtension(1 << 16, b"")),
    ],
)
def test_fields_that_do_not_fit_are_the_callers_fault(packet):
    with pytest.raises(LocalProtocolError):
        packet.serialize()


@given(st.binary(max_size=80))
def test_any_bytes_are_a_packet_or_a_protocol_error(data):
    for sample in (data, b"\xb1" + data):
        try:
            RTPPacket.parse(sample)
        except ProtocolError:
            pass


@given(
    st.builds(
        RTPPacket,
        payload_type=st.integers(0, 127),
        sequence_number=st.integers(0, 65535),
        timestamp=st.integers(0, 2**32 - 1),
        ssrc=st.integers(0, 2**32 - 1),
        payload=st.binary(max_size=20),
        marker=st.booleans(),
        csrcs=st.lists(st.integers(0, 2**32 - 1), max_size=15).map(tuple),
        extension=st.none() | st.builds(HeaderExtension, st.integers(0, 65535), st.sampled_from([b"", b"1234"])),
    )
)
def test_what_is_written_is_read_again(packet):
    assert RTPPacket.parse(packet.serialize()) == packet


# --- order


def packet(sequence, ssrc=7):
    return RTPPacket(107, sequence & 0xFFFF, 0, ssrc)


def pushed(receiver, *sequences, ssrc=7):
    return [receiver.push(packet(sequence, ssrc)) for sequence in sequences]


@pytest.mark.requirement("R-040")
def test_sequence_numbers_continue_across_their_wrap():
    receiver = TrackReceiver()
    assert pushed(receiver, 65534, 65535, 0, 1) == [(65534, None), (65535, None), (65536, None), (65537, None)]
    assert (receiver.packets, receiver.lost, receiver.highest) == (4, 0, 65537)


def test_a_loss_names_what_is_missing_also_across_the_wrap():
    receiver = TrackReceiver()
    assert pushed(receiver, 65530, 2) == [(65530, None), (65538, Loss(65531, 65537))]
    assert receiver.lost == Loss(65531, 65537).packets == 7


@pytest.mark.fault("F40")
def test_duplicates_are_dropped_and_counted():
    receiver = TrackReceiver()
    assert pushed(receiver, 5, 6, 6, 5, 7) == [(5, None), (6, None), None, None, (7, None)]
    assert (receiver.duplicates, receiver.late, receiver.packets) == (2, 0, 3)


@pytest.mark.fault("F41")
def test_a_packet_that_comes_after_it_was_reported_lost_is_late():
    receiver = TrackReceiver()
    assert pushed(receiver, 65535, 2, 0, 3) == [(65535, None), (65538, Loss(65536, 65537)), None, (65539, None)]
    assert (receiver.late, receiver.duplicates) == (1, 0)


@pytest.mark.fault("F44")
def test_another_ssrc_is_a_new_beginning_and_no_loss():
    receiver = TrackReceiver()
    assert pushed(receiver, 100, 101) == [(100, None), (101, None)]
    assert pushed(receiver, 40000, ssrc=8) == [(65536 + 40000, None)]
    assert (receiver.resets, receiver.lost, receiver.ssrc) == (1, 0, 8)


@pytest.mark.parametrize(("sequence", "loss"), [(3000, Loss(1, 2999)), (3001, None), (65000, None), (32768, None)])
def test_a_great_jump_is_a_new_beginning_and_no_loss(sequence, loss):
    receiver = TrackReceiver()
    receiver.push(packet(0))
    extended, found = receiver.push(packet(sequence))
    assert found == loss
    assert extended == (sequence if loss else 65536 + sequence)
    assert receiver.resets == (0 if loss else 1)


def test_a_sender_that_begins_anew_just_below_is_found_out():
    receiver = TrackReceiver()
    pushed(receiver, *range(1000, 1101))
    answers = pushed(receiver, *range(1040, 1070))
    assert answers[:16] == [None] * 16
    assert [extended for extended, _ in answers[16:]] == list(range(65536 + 1056, 65536 + 1070))
    assert (receiver.resets, receiver.duplicates) == (1, 16)


def test_the_tracker_extends_both_ways():
    tracker = SequenceTracker()
    numbers = (65000, 10, 64990, 20, 40000)
    assert [tracker.extend(number) for number in numbers] == [65000, 65546, 64990, 65556, 40000]
    assert tracker.highest == 65556
    assert SequenceTracker().extend(3) == 3
    early = SequenceTracker()
    early.extend(3)
    assert early.extend(65535) == -1


@given(st.integers(0, 65535), st.lists(st.integers(1, 200), min_size=1, max_size=50))
def test_every_number_is_received_or_reported_lost(first, steps):
    receiver = TrackReceiver()
    assert receiver.push(packet(first)) == (first, None)
    number, missing = first, 0
    for step in steps:
        number += step
        extended, loss = receiver.push(packet(number))
        assert extended == number
        missing += loss.packets if loss else 0
    assert missing + receiver.packets == number - first + 1


@given(st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 1)), max_size=60))
def test_extended_numbers_only_rise(pairs):
    receiver, last = TrackReceiver(), -1
    for sequence, ssrc in pairs:
        if placed := receiver.push(packet(sequence, ssrc)):
            assert placed[0] > last
            last = placed[0]


def test_a_report_block_counts_since_the_one_before():
    receiver = TrackReceiver()
    assert receiver.report_block() is None
    pushed(receiver, 65535, 0, 1, 3)  # 5 expected, 1 lost
    block = receiver.report_block(last_sender_report=0x1122334455667788, delay=1.5, jitter=9)
    assert (block.ssrc, block.fraction_lost, block.packets_lost) == (7, 51, 1)
    assert (block.highest_sequence, block.jitter) == (0x10003, 9)
    assert (block.last_sender_report, block.delay) == (0x33445566, 98304)
    pushed(receiver, 4, 5)
    again = receiver.report_block()
    assert (again.fraction_lost, again.packets_lost, again.last_sender_report, again.delay) == (0, 1, 0, 0)
    assert receiver.report_block().fraction_lost == 0


def test_one_byte_of_padding_is_its_own_count():
    packet = RTPPacket.parse(bytes.fromhex("a06b000100000e1055667788") + b"<a/>\x01")
    assert packet.payload == b"<a/>"
