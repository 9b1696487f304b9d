"""H.264 pictures out of hand-written RTP packets, and into them."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onframe.errors import LocalProtocolError
from onframe.wire.payload.h264 import CodedPicture, H264Depacketizer, H264Packetizer, join_nals, split_nals

SPS = bytes.fromhex("674d401f965402802dd0")
PPS = bytes.fromhex("68ee3c80")
IDR = b"\x65\x88\x84" + b"i" * 20
SLICE = b"\x41\x9a" + b"p" * 20
START = b"\0\0\0\1"


def rtp(sequence, payload, *, marker=False, timestamp=3600, payload_type=96, ssrc=9):
    """The bytes of one RTP packet, written out by RFC 3550 section 5.1."""
    head = struct.pack(">BBHII", 0x80, marker << 7 | payload_type, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)
    return head + payload


def push_all(depacketizer, packets):
    pictures = []
    for packet in packets:
        picture = depacketizer.push(packet)
        while picture is not None:
            pictures.append(picture)
            picture = depacketizer.pop()
    return pictures


def stap_a(*nals):
    return b"\x78" + b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)


def fu_a(nal, at, end, *, start=False, last=False):
    return bytes((nal[0] & 0xE0 | 28, start << 7 | last << 6 | nal[0] & 31)) + nal[at:end]


@pytest.mark.requirement("R-032")
def test_single_nal_units_up_to_the_marker_are_one_picture():
    packets = [rtp(1, SPS), rtp(2, PPS), rtp(3, IDR, marker=True)]
    (picture,) = push_all(H264Depacketizer(), packets)
    assert picture == CodedPicture(START + SPS + START + PPS + START + IDR, 3600, True, 0)


def test_a_stap_a_holds_several_nal_units():
    (picture,) = push_all(H264Depacketizer(), [rtp(1, stap_a(SPS, PPS)), rtp(2, IDR, marker=True)])
    assert picture.data == START + SPS + START + PPS + START + IDR


def test_an_fu_a_is_put_together():
    packets = [
        rtp(1, fu_a(SLICE, 1, 8, start=True)),
        rtp(2, fu_a(SLICE, 8, 15)),
        rtp(3, fu_a(SLICE, 15, 22, last=True), marker=True),
    ]
    assert push_all(H264Depacketizer(), packets) == [CodedPicture(START + SLICE, 3600, False, 0)]


def test_a_new_timestamp_ends_a_picture_without_marker():
    packets = [rtp(1, SLICE), rtp(2, SLICE, timestamp=7200), rtp(3, SLICE, timestamp=10800, marker=True)]
    assert [p.timestamp for p in push_all(H264Depacketizer(), packets)] == [3600, 7200, 10800]


def test_a_packet_lost_inside_a_picture_flags_it():
    packets = [
        rtp(1, fu_a(SLICE, 1, 8, start=True)),
        rtp(3, fu_a(SLICE, 15, 22, last=True)),
        rtp(4, SLICE, marker=True),
    ]
    (picture,) = push_all(H264Depacketizer(), packets)
    assert picture.data == START + SLICE
    assert picture.lost > 0


def test_a_packet_lost_between_pictures_flags_the_one_after_it():
    packets = [rtp(1, SLICE, marker=True), rtp(3, SLICE, marker=True, timestamp=7200)]
    assert [p.lost for p in push_all(H264Depacketizer(), packets)] == [0, 1]


def test_a_lost_end_flags_the_picture_and_its_successor():
    packets = [rtp(1, SLICE), rtp(3, SLICE, marker=True, timestamp=7200), rtp(4, SLICE, marker=True, timestamp=10800)]
    assert [p.lost for p in push_all(H264Depacketizer(), packets)] == [1, 1, 0]


def test_an_fu_a_without_its_start_is_not_used():
    packets = [rtp(1, fu_a(SLICE, 8, 15)), rtp(2, SLICE, marker=True)]
    assert push_all(H264Depacketizer(), packets) == [CodedPicture(START + SLICE, 3600, False, 1)]


def test_an_fu_a_that_never_ends_is_not_used():
    packets = [rtp(1, fu_a(SLICE, 1, 8, start=True)), rtp(2, SLICE, marker=True)]
    assert push_all(H264Depacketizer(), packets) == [CodedPicture(START + SLICE, 3600, False, 1)]


@pytest.mark.parametrize("payload", [b"\x78\xff\xff\x00", b"\x78\0\0", b"\x7c", b"\x79\0\0\0", b"\x7a1234"])
def test_broken_payloads_flag_the_picture(payload):
    (picture,) = push_all(H264Depacketizer(), [rtp(1, payload), rtp(2, SLICE, marker=True)])
    assert picture == CodedPicture(START + SLICE, 3600, False, 1)


def test_a_key_picture_without_parameter_sets_is_given_those_of_the_sdp():
    (picture,) = push_all(H264Depacketizer(parameter_sets=[SPS, PPS]), [rtp(1, IDR, marker=True)])
    assert picture.data == START + SPS + START + PPS + START + IDR


def test_later_parameter_sets_of_the_stream_replace_those_of_the_sdp():
    depacketizer = H264Depacketizer(parameter_sets=[b"\x67\x42\0\x1e\0", PPS])
    assert depacketizer.codec == "avc1.42001e"
    push_all(depacketizer, [rtp(1, SPS), rtp(2, IDR, marker=True)])
    assert (depacketizer.codec, depacketizer.sps, depacketizer.pps) == ("avc1.4d401f", SPS, PPS)
    assert depacketizer.push(rtp(3, IDR, marker=True)).data.startswith(START + SPS)


def test_the_sequence_number_wraps_inside_a_picture():
    packets = [rtp(65535, SPS), rtp(0, PPS), rtp(1, IDR, marker=True)]
    assert push_all(H264Depacketizer(), packets)[0].lost == 0


def test_duplicates_and_other_payload_types_change_nothing():
    depacketizer = H264Depacketizer()
    packets = [rtp(1, SPS), rtp(1, SPS), rtp(2, b"x", payload_type=98), rtp(3, IDR, marker=True)]
    assert push_all(depacketizer, packets) == [CodedPicture(START + SPS + START + IDR, 3600, True, 0)]
    assert (depacketizer.duplicates, depacketizer.foreign) == (1, 1)


def test_another_ssrc_ends_the_picture_in_progress():
    packets = [rtp(1, SLICE), rtp(700, SLICE, ssrc=10, timestamp=5, marker=True)]
    pictures = push_all(H264Depacketizer(), packets)
    assert [(p.timestamp, p.lost) for p in pictures] == [(3600, 1), (5, 0)]


def test_an_oversize_picture_is_dropped_and_the_next_is_flagged():
    depacketizer = H264Depacketizer(max_size=200)
    packets = [rtp(1, SLICE), rtp(2, b"\x41" + b"x" * 150), rtp(3, SLICE, timestamp=7200, marker=True)]
    assert push_all(depacketizer, packets) == [CodedPicture(START + SLICE, 7200, False, 1)]
    assert depacketizer.oversize == 1


def test_empty_pictures_are_not_delivered():
    assert push_all(H264Depacketizer(), [rtp(1, b"", marker=True), rtp(2, b"\x7c\x05x", marker=True)]) == []


def test_packetizer_puts_small_units_together_and_splits_great_ones():
    packetizer = H264Packetizer(ssrc=9, sequence_number=65535, max_payload=20)
    packets = packetizer.packetize(START + SPS + START + PPS + b"\0\0\1" + IDR, 2**32 + 3600)
    assert [p.payload for p in packets] == [
        b"\x78\x00\x0a" + SPS + b"\x00\x04" + PPS,
        b"\x7c\x85\x88\x84" + b"i" * 16,
        b"\x7c\x45" + b"i" * 4,
    ]
    assert [p.marker for p in packets] == [False, False, True]
    assert [p.sequence_number for p in packets] == [65535, 0, 1]
    assert {(p.timestamp, p.payload_type, p.ssrc) for p in packets} == {(3600, 96, 9)}


def test_packetizer_needs_room_for_the_headers():
    with pytest.raises(LocalProtocolError):
        H264Packetizer(ssrc=1, sequence_number=0, max_payload=2)


def test_start_codes_of_three_and_four_bytes_are_understood():
    assert split_nals(b"\0\0\1\x67a\0\0\0\1\x68b\0\0\1\x65c\0\0") == [b"\x67a", b"\x68b", b"\x65c"]
    assert split_nals(b"") == split_nals(b"\x65abc") == []
    assert join_nals([b"\x67a", b"\x68b"]) == b"\0\0\0\1\x67a\0\0\0\1\x68b"


_nal = st.tuples(st.sampled_from([0x67, 0x68, 0x65, 0x41, 0x06]), st.binary(min_size=1, max_size=90)).map(
    lambda t: bytes((t[0],)) + t[1].replace(b"\0", b"\x07")
)


@settings(max_examples=60)
@given(st.lists(_nal, min_size=1, max_size=8), st.integers(3, 60), st.integers(0, 65535))
def test_a_picture_survives_any_packet_size(nals, max_payload, sequence_number):
    packets = H264Packetizer(ssrc=1, sequence_number=sequence_number, max_payload=max_payload).packetize(
        join_nals(nals), 3600
    )
    assert all(len(p.payload) <= max_payload for p in packets)
    (picture,) = push_all(H264Depacketizer(), [p.serialize() for p in packets])
    assert [nal for nal in split_nals(picture.data) if nal in nals] == nals
    assert picture.lost == 0


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.binary(max_size=12)), max_size=30))
def test_any_payload_is_taken(packets):
    depacketizer = H264Depacketizer(max_size=400)
    for sequence, marker, payload in packets:
        depacketizer.push(rtp(sequence, payload, marker=marker, timestamp=sequence // 3))
        depacketizer.push(payload)


def pieces_of_a_picture() -> list[bytes]:
    """An IDR slice in eleven packets: the first begins it, the last ends it."""
    packets = H264Packetizer(ssrc=9, sequence_number=65_533, max_payload=100).packetize(
        join_nals([b"\x65" + bytes(range(1, 250)) * 4]), 3600
    )
    return [packet.serialize() for packet in packets]


def begun(first: bytes, **options) -> H264Depacketizer:
    depacketizer = H264Depacketizer(**options)
    assert depacketizer.push(first, 3600) is None
    return depacketizer


def test_the_middle_of_a_nal_unit_is_taken_together_over_the_wrap_of_its_numbers():
    packets = pieces_of_a_picture()
    long, short = begun(packets[0]), begun(packets[0])
    assert short.go_on(packets, 0, 3600) == 0, "that one begins it"
    assert short.go_on(packets, 1, 3600) == len(packets) - 2, "and the last one ends it"
    for packet in packets[1:-1]:
        assert long.push(packet, 3600) is None
    assert short.push(packets[-1], 3600) == long.push(packets[-1], 3600) is not None
    assert short.receiver.packets == long.receiver.packets == len(packets)
    assert short.go_on(packets, 1, 3600) == 0, "no picture is in progress"


@pytest.mark.parametrize(
    ("spoil", "taken"),
    [
        (lambda data: data[:11], 1),
        (lambda data: b"\x90" + data[1:], 1),
        (lambda data: data[:1] + b"\x61" + data[2:], 1),
        (lambda data: data[:7] + b"\xff" + data[8:], 1),
        (lambda data: data[:11] + b"\xff" + data[12:], 1),
        (lambda data: data[:3] + b"\x77" + data[4:], 1),
        (lambda data: data[:12] + b"\x65" + data[13:], 1),
    ],
    ids=["short", "extension", "type", "timestamp", "source", "number", "whole"],
)
def test_what_is_unlike_the_one_before_is_left_for_the_long_way(spoil, taken):
    packets = pieces_of_a_picture()
    packets[2] = spoil(packets[2])
    depacketizer = begun(packets[0])
    assert depacketizer.go_on(packets, 1, 3600) == taken
    assert begun(packets[0]).go_on(packets, 2, 3600) == 0, "nor is it taken where it is the first"


def test_what_follows_a_loss_or_belongs_to_another_picture_or_is_too_long_is_not_taken_together():
    packets = pieces_of_a_picture()
    assert begun(packets[0]).go_on(packets, 2, 3600) == 0
    assert begun(packets[0]).go_on(packets, 1, 7200) == 0
    assert begun(packets[0], max_size=500).go_on(packets, 1, 3600) == 2
    assert H264Depacketizer().go_on(packets, 1, 3600) == 0
