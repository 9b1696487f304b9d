"""Sequence parameter sets of known streams."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onframe.errors import ProtocolError
from onframe.wire.payload.sps import codec_string, parse_sprop, parse_sps, profile_level_id, serialize_sprop


class Writer:
    """Bits written by hand, by H.264 section 9.1."""

    def __init__(self):
        self.bits = ""

    def u(self, width, value):
        self.bits += format(value, f"0{width}b")
        return self

    def ue(self, *values):
        for value in values:
            code = format(value + 1, "b")
            self.bits += "0" * (len(code) - 1) + code
        return self

    def bytes(self):
        bits = self.bits + "1"
        bits += "0" * (-len(bits) % 8)
        return int(bits, 2).to_bytes(len(bits) // 8, "big")


def main_profile(*, width_mbs, height_units, crop=None, frame_only=1, order=0):
    writer = Writer().ue(0, 0, order)
    if order == 0:
        writer.ue(0)
    elif order == 1:
        writer.u(1, 0).ue(2, 3, 2, 1, 4)
    writer.ue(1).u(1, 0).ue(width_mbs - 1, height_units - 1).u(1, frame_only)
    if not frame_only:
        writer.u(1, 1)
    writer.u(1, 1)
    if crop:
        writer.u(1, 1).ue(*crop)
    else:
        writer.u(1, 0)
    return b"\x67\x4d\x40\x1f" + writer.u(1, 0).bytes()


def test_720p_of_the_main_profile():
    sps = parse_sps(main_profile(width_mbs=80, height_units=45))
    assert (sps.width, sps.height, sps.codec) == (1280, 720, "avc1.4d401f")


def test_1080p_is_1088_lines_cropped():
    sps = parse_sps(main_profile(width_mbs=120, height_units=68, crop=(0, 0, 0, 4)))
    assert (sps.width, sps.height) == (1920, 1080)


@pytest.mark.parametrize("order", [0, 1, 2])
def test_interlaced_and_all_kinds_of_picture_order(order):
    sps = parse_sps(main_profile(width_mbs=45, height_units=18, frame_only=0, order=order))
    assert (sps.width, sps.height) == (720, 576)


def test_a_high_profile_with_scaling_lists():
    writer = Writer().ue(0, 1, 0, 0).u(1, 0).u(1, 1)
    writer.u(1, 1).ue(*[0] * 16)  # one list of 16 differences of 0
    writer.u(1, 1).ue(16)  # one that falls back at once: -8
    writer.u(6, 0)
    writer.ue(0, 2, 1).u(1, 0).ue(39, 22).u(1, 1).u(1, 1).u(1, 1).ue(0, 0, 0, 4).u(1, 0)
    sps = parse_sps(b"\x67\x64\x00\x1e" + writer.bytes())
    assert (sps.width, sps.height, sps.codec) == (640, 360, "avc1.64001e")


def hrd(writer):
    """Two schedules (H.264 section E.1.2)."""
    return writer.ue(1).u(8, 0).ue(7, 8).u(1, 0).ue(9, 10).u(1, 1).u(20, 0)


def with_vui(*, restriction, rich=False, profile=b"\x4d", order=0):
    """A set with VUI parameters (H.264 section E.1.1), all of their parts where ``rich``."""
    writer = Writer().ue(0, 0, order)
    writer = writer if order else writer.ue(0)
    writer.ue(1).u(1, 0).ue(79, 44).u(1, 1).u(1, 1).u(1, 0).u(1, 1)
    if rich:
        writer.u(1, 1).u(8, 255).u(32, 0x00040003)  # a sample aspect ratio of its own
        writer.u(2, 0b11).u(1, 1).u(5, 0b10111).u(24, 0x010101)
        writer.u(1, 1).ue(2, 2).u(1, 1).u(32, 1).u(32, 50).u(1, 1)
        hrd(writer.u(1, 1))
        hrd(writer.u(1, 1)).u(1, 0)
    else:
        writer.u(1, 1).u(8, 1).u(1, 0).u(1, 1).u(4, 0b1010).u(2, 0).u(3, 0)
    writer.u(1, 0)
    if restriction is None:
        writer.u(1, 0)
    else:
        writer.u(1, 1).u(1, 1).ue(0, 0, 11, 11, restriction, 16)
    return b"\x67" + profile + b"\x40\x1f" + writer.bytes()


@pytest.mark.parametrize("rich", [False, True])
@pytest.mark.parametrize(("restriction", "reorder"), [(0, 0), (2, 2), (200, 16), (None, None)])
def test_how_far_pictures_are_reordered_stands_in_the_vui_parameters(restriction, rich, reorder):
    assert parse_sps(with_vui(restriction=restriction, rich=rich)).max_num_reorder_frames == reorder


def test_without_b_slices_nothing_is_reordered():
    assert parse_sps(with_vui(restriction=None, profile=b"\x42")).max_num_reorder_frames == 0
    assert parse_sps(with_vui(restriction=None, order=2)).max_num_reorder_frames == 0
    assert parse_sps(main_profile(width_mbs=80, height_units=45)).max_num_reorder_frames is None


def test_vui_parameters_that_end_too_early_cost_no_picture():
    whole = with_vui(restriction=2, rich=True)
    cut = parse_sps(whole[:-12])
    assert (cut.width, cut.height, cut.max_num_reorder_frames) == (1280, 720, None)


def test_a_high_profile_says_its_chroma_format_and_bit_depths():
    writer = Writer().ue(0, 3).u(1, 0).ue(2, 1).u(2, 0).ue(0, 2, 1).u(1, 0).ue(39, 22).u(3, 0b110).u(2, 0)
    found = parse_sps(b"\x67\xf4\x00\x1e" + writer.bytes())
    assert (found.chroma_format_idc, found.bit_depth_luma, found.bit_depth_chroma) == (3, 2, 1)
    plain = parse_sps(main_profile(width_mbs=80, height_units=45))
    assert (plain.chroma_format_idc, plain.bit_depth_luma, plain.bit_depth_chroma) == (1, 0, 0)


def test_emulation_prevention_is_removed():
    plain = main_profile(width_mbs=80, height_units=45)
    assert parse_sps(plain[:4] + plain[4:].replace(b"\0\0", b"\0\0\3")).width == 1280


def test_a_set_made_by_x264():
    sps = parse_sps(bytes.fromhex("6764001facd9405005bb016a02020280000003008000001907 8c18cb".replace(" ", "")))
    assert (sps.width, sps.height, sps.codec) == (1280, 720, "avc1.64001f")


@pytest.mark.parametrize(
    "nal", [b"", b"\x67", b"\x68\x4d\x40\x1f\xff", b"\x67\x4d\x40\x1f", b"\x67\x4d\x40\x1f" + b"\0" * 9]
)
def test_what_is_no_parameter_set_is_a_protocol_error(nal):
    with pytest.raises(ProtocolError):
        parse_sps(nal)


def test_codec_strings():
    assert codec_string(bytes.fromhex("6742c01e00")) == "avc1.42c01e"
    assert profile_level_id(bytes.fromhex("674d401f00")) == "4d401f"
    with pytest.raises(ProtocolError):
        codec_string(b"\x68abc")


def test_sprop_parameter_sets_in_and_out():
    assert parse_sprop("Z01AH5ZUAoAt0A==, aO48gA==") == [
        bytes.fromhex("674d401f965402802dd0"),
        bytes.fromhex("68ee3c80"),
    ]
    assert parse_sprop("Z01AH5ZUAoAt0A,aO48gA") == [bytes.fromhex("674d401f965402802dd0"), bytes.fromhex("68ee3c80")]
    assert parse_sprop("") == parse_sprop("§,*") == []
    assert serialize_sprop([bytes.fromhex("68ee3c80"), b"\x67a"]) == "aO48gA==,Z2E="


@settings(max_examples=100)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data):
    try:
        parse_sps(b"\x67" + data)
    except ProtocolError:
        pass


def test_a_nal_unit_of_another_type_is_no_parameter_set():
    picture = bytes([0x68]) + main_profile(width_mbs=80, height_units=45)[1:]
    with pytest.raises(ProtocolError, match="not a sequence parameter set"):
        parse_sps(picture)
