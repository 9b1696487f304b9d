"""H.265 sequence parameter sets, written bit by bit."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onframe.errors import ProtocolError
from onframe.wire.payload.h265_sps import parse_sps

MAIN = 0x60000000
"""Compatible with profiles 1 and 2: bits 1 and 2 from the left."""
PROGRESSIVE = 0x900000000000
"""general_progressive_source_flag and general_frame_only_constraint_flag."""


def ue(value):
    code = format(value + 1, "b")
    return "0" * (len(code) - 1) + code


def sps(
    size,
    *,
    crop=None,
    chroma=1,
    space=0,
    tier=0,
    profile=1,
    compatibility=MAIN,
    constraints=PROGRESSIVE,
    layers=(),
    depths=(0, 0),
    reorder=(),
):
    """``layers`` is (has a profile, has a level) of each sub-layer below the highest; level 93 throughout.

    ``reorder`` is sps_max_num_reorder_pics of each sub-layer, or of all of them; without it the set ends before.
    """
    bits = f"0000{len(layers):03b}1{space:02b}{tier}{profile:05b}{compatibility:032b}{constraints:048b}{93:08b}"
    bits += "".join(f"{has_profile}{has_level}" for has_profile, has_level in layers)
    bits += "00" * (8 - len(layers)) if layers else ""
    for has_profile, has_level in layers:
        bits += "1" * 88 * has_profile + "0" * 8 * has_level
    bits += ue(0) + ue(chroma) + ("0" if chroma == 3 else "") + ue(size[0]) + ue(size[1])
    bits += "1" + "".join(map(ue, crop)) if crop else "0"
    if reorder:
        bits += ue(depths[0]) + ue(depths[1]) + ue(4) + f"{int(len(reorder) > 1)}"
        bits += "".join(ue(5) + ue(most) + ue(0) for most in reorder)
    bits += "1" + "0" * (-(len(bits) + 1) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big")
    # emulation prevention (H.265 section 7.3.1.1)
    safe = bytearray()
    for byte in data:
        if byte <= 3 and safe[-2:] == b"\0\0":
            safe.append(3)
        safe.append(byte)
    return b"\x42\x01" + bytes(safe)


def test_the_size_and_the_codec_string_of_the_main_profile():
    found = parse_sps(sps((1280, 720)))
    assert (found.width, found.height, found.codec) == (1280, 720, "hvc1.1.6.L93.90")


@pytest.mark.parametrize(
    ("chroma", "crop", "size"),
    [
        (1, (0, 0, 0, 4), (1920, 1080)),  # 4:2:0: two lines a unit
        (1, (1, 2, 3, 4), (1914, 1074)),
        (2, (1, 1, 4, 4), (1916, 1080)),  # 4:2:2: two columns, one line
        (3, (0, 0, 0, 8), (1920, 1080)),
        (0, (0, 0, 8, 0), (1920, 1080)),
    ],
)
def test_what_is_cropped_is_not_seen(chroma, crop, size):
    found = parse_sps(sps((1920, 1088), crop=crop, chroma=chroma))
    assert (found.width, found.height) == size


@pytest.mark.parametrize(
    ("fields", "codec"),
    [
        ({"profile": 2, "compatibility": 0x20000000, "constraints": 0xB00000000000}, "hvc1.2.4.L93.B0"),
        ({"constraints": 0}, "hvc1.1.6.L93"),
        ({"constraints": 0x90000000000F}, "hvc1.1.6.L93.90.0.0.0.0.F"),
        ({"tier": 1}, "hvc1.1.6.H93.90"),
        ({"space": 1, "profile": 4, "compatibility": 1}, "hvc1.A4.80000000.L93.90"),
    ],
)
def test_profile_tier_and_constraints_are_in_the_codec_string(fields, codec):
    assert parse_sps(sps((640, 360), **fields)).codec == codec


@pytest.mark.parametrize("layers", [[(0, 0)], [(1, 1)], [(1, 0), (0, 1)], [(1, 1)] * 6])
def test_sub_layers_are_passed_over(layers):
    found = parse_sps(sps((640, 360), layers=layers))
    assert (found.width, found.height) == (640, 360)


@pytest.mark.parametrize(
    ("layers", "reorder", "expected"),
    [((), (2,), 2), (((1, 1),) * 2, (0, 1, 3), 3), (((1, 1),) * 2, (1,), 1), ((), (99,), 16)],
)
def test_how_far_pictures_are_reordered_is_the_highest_layers(layers, reorder, expected):
    found = parse_sps(sps((640, 360), layers=layers, reorder=reorder, depths=(2, 1)))
    assert (found.max_num_reorder_pics, found.temporal_layers) == (expected, len(layers) + 1)
    assert (found.bit_depth_luma, found.bit_depth_chroma) == (2, 1)
    assert found.temporal_id_nested


def test_a_set_that_ends_after_the_size_still_tells_it():
    found = parse_sps(sps((640, 360)))
    assert (found.width, found.height, found.max_num_reorder_pics, found.bit_depth_luma) == (640, 360, None, 0)


@pytest.mark.parametrize(
    "nal",
    [
        b"",
        b"\x42",
        b"\x42\x01",
        b"\x40\x01" + bytes(40),  # a video parameter set
        sps((640, 360))[:-3],
        sps((0, 360)),
        sps((20_000, 360)),
        sps((640, 360), crop=(0, 0, 90, 90)),
        b"\x42\x01" + bytes(60),  # a number of more than 32 bits
    ],
)
def test_what_is_none_is_refused(nal):
    with pytest.raises(ProtocolError):
        parse_sps(nal)


@settings(max_examples=200)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data):
    try:
        found = parse_sps(b"\x42\x01" + data)
    except ProtocolError:
        return
    assert found.codec.startswith("hvc1.")
