"""H.265 pictures out of hand-written RTP packets, and into them."""

import struct
from fractions import Fraction

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onframe.errors import LocalProtocolError
from onframe.wire.payload.h265 import H265Depacketizer, H265Packetizer
from onframe.wire.payload.nal import CodedPicture, join_nals, split_nals

# Two bytes of header: the type stands in bits 1 to 6 of the first, the temporal layer plus 1 in the last three.
VPS = b"\x40\x01\x0c\x01" + b"v" * 4
SPS = bytes.fromhex("420101016000000300900000030000030078a0050201693600")
PPS = b"\x44\x01\xc1\x72"
IDR = b"\x28\x01\xaf\x1d" + b"i" * 18
CRA = b"\x2a\x01\xaf\x1d" + b"c" * 18
SLICE = b"\x02\x01\xd0\x10" + b"p" * 18
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


def aggregated(*nals):
    """Type 48, layer 0, temporal layer 0 (RFC 7798 section 4.4.2)."""
    return b"\x60\x01" + b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)


def fragment(nal, at, end, *, start=False, last=False):
    """Type 49 with its own third byte (RFC 7798 section 4.4.3)."""
    return b"\x62" + nal[1:2] + bytes((start << 7 | last << 6 | nal[0] >> 1,)) + nal[at:end]


@pytest.mark.requirement("R-032")
def test_single_nal_units_up_to_the_marker_are_one_picture():
    packets = [rtp(1, VPS), rtp(2, SPS), rtp(3, PPS), rtp(4, IDR, marker=True)]
    (picture,) = push_all(H265Depacketizer(), packets)
    assert picture == CodedPicture(START + VPS + START + SPS + START + PPS + START + IDR, 3600, True, 0)


def test_an_aggregation_packet_holds_several_nal_units():
    packets = [rtp(1, aggregated(VPS, SPS, PPS)), rtp(2, IDR, marker=True)]
    (picture,) = push_all(H265Depacketizer(), packets)
    assert picture.data == START + VPS + START + SPS + START + PPS + START + IDR


def test_fragmentation_units_are_put_together_with_the_header_of_the_whole():
    deep = b"\x02\x0b" + SLICE[2:]  # layer 1, temporal layer 2
    packets = [
        rtp(1, fragment(deep, 2, 8, start=True)),
        rtp(2, fragment(deep, 8, 15)),
        rtp(3, fragment(deep, 15, 22, last=True), marker=True),
    ]
    assert push_all(H265Depacketizer(), packets) == [CodedPicture(START + deep, 3600, False, 0)]


@pytest.mark.parametrize("at", range(3, len(IDR)))
def test_a_picture_that_is_split_anywhere_is_the_same(at):
    packets = [rtp(1, fragment(IDR, 2, at, start=True)), rtp(2, fragment(IDR, at, None, last=True), marker=True)]
    assert push_all(H265Depacketizer(), packets) == [CodedPicture(START + IDR, 3600, True, 0)]


@pytest.mark.parametrize(
    ("kind", "key"), [(0, False), (1, False), (9, False), (15, False), (16, True), (19, True), (21, True), (23, True)]
)
def test_decoding_can_begin_at_irap_pictures_alone(kind, key):
    (picture,) = push_all(H265Depacketizer(), [rtp(1, bytes((kind << 1,)) + b"\x01slice", marker=True)])
    assert picture.key is key


def test_a_new_timestamp_ends_a_picture_without_marker():
    packets = [rtp(1, SLICE), rtp(2, SLICE, timestamp=7200), rtp(3, SLICE, timestamp=10800, marker=True)]
    assert [p.timestamp for p in push_all(H265Depacketizer(), packets)] == [3600, 7200, 10800]


def test_a_packet_lost_inside_a_picture_flags_it():
    packets = [
        rtp(1, fragment(SLICE, 2, 8, start=True)),
        rtp(3, fragment(SLICE, 15, 22, last=True)),
        rtp(4, SLICE, marker=True),
    ]
    (picture,) = push_all(H265Depacketizer(), packets)
    assert picture.data == START + SLICE
    assert picture.lost > 0


def test_a_packet_lost_between_pictures_flags_the_one_after_it():
    packets = [rtp(1, SLICE, marker=True), rtp(3, SLICE, marker=True, timestamp=7200)]
    assert [p.lost for p in push_all(H265Depacketizer(), packets)] == [0, 1]


@pytest.mark.parametrize(
    "payload",
    [
        b"\x02",  # half a header
        b"\x02\x01",  # a header and nothing behind it
        b"\x62\x01",  # a fragment without its third byte
        fragment(SLICE, 8, 15),  # without its start
        fragment(SLICE, 2, 8, start=True),  # without its end
        b"\x60\x01\xff\xff\x00",  # an aggregate that is longer than its packet
        b"\x60\x01\x00\x01\x02",  # one of half a header
        b"\x60\x01\x00",
        b"\x64\x01\x00\x00",  # type 50, PACI
        b"\x7e\x01\x00\x00",  # type 63, which nobody has given a meaning
    ],
)
def test_broken_payloads_flag_the_picture(payload):
    (picture,) = push_all(H265Depacketizer(), [rtp(1, payload), rtp(2, SLICE, marker=True)])
    assert picture == CodedPicture(START + SLICE, 3600, False, 1)


@pytest.mark.parametrize("key", [IDR, CRA])
def test_a_key_picture_without_parameter_sets_is_given_those_of_the_sdp(key):
    (picture,) = push_all(H265Depacketizer(parameter_sets=[PPS, VPS, SPS]), [rtp(1, key, marker=True)])
    assert picture.data == START + VPS + START + SPS + START + PPS + START + key


def test_later_parameter_sets_of_the_stream_replace_those_of_the_sdp():
    depacketizer = H265Depacketizer(parameter_sets=[VPS, b"\x42\x01old", PPS])
    assert depacketizer.codec is None, "what cannot be read names no codec"
    push_all(depacketizer, [rtp(1, SPS), rtp(2, IDR, marker=True)])
    assert (depacketizer.vps, depacketizer.sps, depacketizer.pps) == (VPS, SPS, PPS)
    assert depacketizer.codec == "hvc1.1.6.L120.90"
    assert depacketizer.push(rtp(3, IDR, marker=True)).data == START + VPS + START + SPS + START + PPS + START + IDR


def test_a_parameter_set_of_absurd_length_is_passed_on_and_not_kept():
    depacketizer = H265Depacketizer(parameter_sets=[VPS, SPS, PPS])
    (picture,) = push_all(depacketizer, [rtp(1, SPS + b"x" * 65536), rtp(2, IDR, marker=True)])
    assert len(picture.data) > 65536
    assert depacketizer.sps == SPS


def test_an_oversize_picture_is_dropped_and_the_next_is_flagged():
    depacketizer = H265Depacketizer(max_size=200)
    packets = [rtp(1, SLICE), rtp(2, b"\x02\x01" + b"x" * 150), rtp(3, SLICE, timestamp=7200, marker=True)]
    assert push_all(depacketizer, packets) == [CodedPicture(START + SLICE, 7200, False, 1)]
    assert depacketizer.oversize == 1


def test_many_small_nal_units_in_one_packet_count_for_more_than_their_bytes():
    depacketizer = H265Depacketizer(max_size=20_000)
    assert push_all(depacketizer, [rtp(1, aggregated(*[SLICE[:2]] * 350), marker=True)]) == []
    assert depacketizer.oversize == 1


def test_packetizer_puts_small_units_together_and_splits_great_ones():
    packetizer = H265Packetizer(ssrc=9, sequence_number=65535, max_payload=20)
    packets = packetizer.packetize(START + VPS + START + PPS + b"\0\0\1" + IDR, 2**32 + 3600)
    assert [p.payload for p in packets] == [
        b"\x60\x01\x00\x08" + VPS + b"\x00\x04" + PPS,
        b"\x62\x01\x94\xaf\x1d" + b"i" * 15,
        b"\x62\x01\x54" + b"i" * 3,
    ]
    assert [p.marker for p in packets] == [False, False, True]
    assert [p.sequence_number for p in packets] == [65535, 0, 1]
    assert {(p.timestamp, p.payload_type, p.ssrc) for p in packets} == {(3600, 96, 9)}


def test_the_header_of_several_is_of_the_lowest_layers_among_them():
    one, other = b"\x02\x0a12", b"\x03\x0334"  # layer 1, temporal 2; layer 32, temporal 3
    (packet,) = H265Packetizer(ssrc=9, sequence_number=1).packetize(join_nals([one, other]), 0)
    assert packet.payload == b"\x60\x0a\x00\x04" + one + b"\x00\x04" + other


def test_packetizer_needs_room_for_the_headers():
    with pytest.raises(LocalProtocolError, match="at least 4 bytes"):
        H265Packetizer(ssrc=1, sequence_number=0, max_payload=3)


_nal = st.tuples(st.sampled_from([0x40, 0x42, 0x44, 0x28, 0x02, 0x4E]), st.binary(min_size=1, max_size=90)).map(
    lambda t: bytes((t[0], 1)) + t[1].replace(b"\0", b"\x07")
)


@settings(max_examples=60)
@given(st.lists(_nal, min_size=1, max_size=8), st.integers(4, 60), st.integers(0, 65535))
def test_a_picture_survives_any_packet_size(nals, max_payload, sequence_number):
    packetizer = H265Packetizer(ssrc=1, sequence_number=sequence_number, max_payload=max_payload)
    packets = packetizer.packetize(join_nals(nals), 3600)
    assert all(len(p.payload) <= max_payload for p in packets)
    (picture,) = push_all(H265Depacketizer(), [p.serialize() for p in packets])
    assert (split_nals(picture.data), picture.lost) == (nals, 0)


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.binary(max_size=12)), max_size=30))
def test_any_payload_is_taken(packets):
    depacketizer = H265Depacketizer(max_size=400)
    for sequence, marker, payload in packets:
        depacketizer.push(rtp(sequence, payload, marker=marker, timestamp=sequence // 3))
        depacketizer.push(payload)
        assert depacketizer.codec is None or depacketizer.codec.startswith("hvc1.")


def coded(width=320, height=240, count=12):
    """Pictures by an encoder that is not ours: a key picture with its parameter sets every six."""
    context = av.CodecContext.create("libx265", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.framerate, context.time_base = Fraction(25), Fraction(1, 25)
    context.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "x265-params": "keyint=6:min-keyint=6:bframes=0:repeat-headers=1:pools=none:frame-threads=1:log-level=none",
    }
    pictures = []
    for n in range(count):
        frame = av.VideoFrame(width, height, "yuv420p")
        for plane, level in zip(frame.planes, (20 * n, 90, 160), strict=True):
            plane.update(bytes((level + i * i % 61) % 256 for i in range(plane.buffer_size)))
        frame.pts = n
        pictures += [(bytes(p), bool(p.is_keyframe)) for p in context.encode(frame)]
    return pictures + [(bytes(p), bool(p.is_keyframe)) for p in context.encode(None)]


def test_a_stream_by_another_encoder_comes_through_byte_for_byte():
    pictures = coded()
    packetizer = H265Packetizer(ssrc=9, sequence_number=65530, max_payload=500)
    packets = [p for n, (data, _) in enumerate(pictures) for p in packetizer.packetize(data, 3600 * n)]
    assert len(packets) > 2 * len(pictures), "some are split"
    depacketizer = H265Depacketizer()
    received = push_all(depacketizer, [packet.serialize() for packet in packets])
    assert [(split_nals(p.data), p.key, p.lost) for p in received] == [(split_nals(d), k, 0) for d, k in pictures]
    assert [n for n, picture in enumerate(received) if picture.key] == [0, 6]
    decoder = av.CodecContext.create("hevc", "r")
    decoded = [frame for p in received for frame in decoder.decode(av.Packet(p.data))] + decoder.decode(None)
    assert [(frame.width, frame.height) for frame in decoded] == [(320, 240)] * len(pictures)
    assert depacketizer.codec == "hvc1.1.6.L60.90"
