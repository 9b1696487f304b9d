"""What a container must know of a video stream, read from its parameter sets. Pure: no I/O.

H.264 sections 7.3.2.1 and E.1, H.265 section 7.3.2.2; the boxes: ISO/IEC 14496-15 sections 5.3.3.1 and 8.3.3.1.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from onframe.errors import ProtocolError
from onframe.wire.payload import h265_sps, sps
from onframe.wire.payload.bits import Bits
from onframe.wire.payload.h264 import H264Depacketizer
from onframe.wire.payload.h265 import H265Depacketizer

_HIGH_PROFILES = frozenset({44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244})
_WITH_FORMAT = frozenset({100, 110, 122, 144, 244})
"""Profiles whose avcC says chroma format and bit depths (ISO/IEC 14496-15 section 5.3.3.1.2)."""
_BASELINE = 66
_EXTENDED_ASPECT = 255
_LONGEST = 0xFFFF
_MOST = 31
"""Parameter sets of one type that an avcC has room for."""


class VideoParameters(NamedTuple):
    """A video track: codec string, visible size in pixels, and its sample entry's type and configuration box.

    ``reorder`` is how many pictures may be decoded before one that is shown earlier; None where that is not told.
    """

    codec: str
    width: int
    height: int
    entry: bytes
    box: bytes
    configuration: bytes
    reorder: int | None


def read_parameters(codec: str, nals: Sequence[bytes]) -> VideoParameters:
    """From the NAL units of a key picture; ``codec`` is "H264" or "H265". Raises ProtocolError."""
    kinds = H265Depacketizer if codec == "H265" else H264Depacketizer
    sets = {
        wanted: [nal for nal in dict.fromkeys(nals) if kinds.kind(nal) == wanted] for wanted in kinds.PARAMETER_SETS
    }
    for found in sets.values():
        if not 1 <= len(found) <= _MOST or max(map(len, found)) > _LONGEST:
            raise ProtocolError(f"a key picture with {len(found)} parameter sets of one type, or one too long")
    if codec == "H265":
        return _h265(*sets.values())
    return _h264(*sets.values())


def _h264(sequence: list[bytes], picture: list[bytes]) -> VideoParameters:
    parsed = sps.parse_sps(sequence[0])
    detail = _h264_detail(sequence[0])
    configuration = bytes((1, *sequence[0][1:4], 0xFF, 0xE0 | len(sequence))) + _counted(sequence)
    configuration += bytes((len(picture),)) + _counted(picture)
    if parsed.profile_idc in _WITH_FORMAT:
        configuration += bytes((0xFC | detail.chroma & 3, 0xF8 | detail.luma & 7, 0xF8 | detail.colour & 7, 0))
    return VideoParameters(parsed.codec, parsed.width, parsed.height, b"avc1", b"avcC", configuration, detail.reorder)


def _h265(video: list[bytes], sequence: list[bytes], picture: list[bytes]) -> VideoParameters:
    parsed = h265_sps.parse_sps(sequence[0])
    detail = _h265_detail(sequence[0])
    configuration = bytes((1, parsed.profile_space << 6 | parsed.high_tier << 5 | parsed.profile_idc))
    configuration += parsed.compatibility.to_bytes(4, "big") + parsed.constraints.to_bytes(6, "big")
    configuration += bytes((parsed.level_idc, 0xF0, 0, 0xFC, 0xFC | detail.chroma & 3))
    configuration += bytes((0xF8 | detail.luma & 7, 0xF8 | detail.colour & 7, 0, 0))  # the frame rate is not told
    configuration += bytes(
        (detail.layers << 3 | detail.nested << 2 | 3, 3)
    )  # lengths have 4 bytes; three arrays follow
    for kind, nals in zip(H265Depacketizer.PARAMETER_SETS, (video, sequence, picture), strict=True):
        configuration += struct.pack(">BH", 0x80 | kind, len(nals)) + _counted(nals)
    return VideoParameters(parsed.codec, parsed.width, parsed.height, b"hvc1", b"hvcC", configuration, detail.reorder)


def _counted(nals: list[bytes]) -> bytes:
    return b"".join(struct.pack(">H", len(nal)) + nal for nal in nals)


class _Detail(NamedTuple):
    """Bit depths are those above 8."""

    chroma: int = 1
    luma: int = 0
    colour: int = 0
    reorder: int | None = None
    layers: int = 1
    nested: int = 1


def _h264_detail(nal: bytes) -> _Detail:
    profile, bits = nal[1], Bits(nal[4:])
    bits.unsigned()  # seq_parameter_set_id
    chroma, luma, colour = _h264_format(bits) if profile in _HIGH_PROFILES else (1, 0, 0)
    bits.unsigned()  # log2_max_frame_num_minus4
    order = _skip_order_count(bits)
    _skip_size(bits)
    reorder = _h264_reorder(bits) if bits.take(1) else None
    if reorder is None and (profile == _BASELINE or order == 2):
        reorder = 0  # there are no B slices, or pictures are shown in the order of decoding
    return _Detail(chroma, luma, colour, reorder)


def _h264_format(bits: Bits) -> tuple[int, int, int]:
    chroma = bits.unsigned()
    if chroma == 3:
        bits.take(1)  # separate_colour_plane_flag
    luma, colour = bits.unsigned(), bits.unsigned()
    bits.take(1)  # qpprime_y_zero_transform_bypass_flag
    if bits.take(1):
        for index in range(8 if chroma != 3 else 12):
            if bits.take(1):
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return chroma, luma, colour


def _skip_scaling_list(bits: Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last


def _skip_order_count(bits: Bits) -> int:
    """pic_order_cnt_type, after all that belongs to it."""
    kind = bits.unsigned()
    if kind == 0:
        bits.unsigned()
    elif kind == 1:
        bits.take(1)
        for _ in range(2):
            bits.signed()
        for _ in range(min(bits.unsigned(), 256)):
            bits.signed()
    return kind


def _skip_size(bits: Bits) -> None:
    bits.unsigned()  # max_num_ref_frames
    bits.take(1)
    bits.unsigned()
    bits.unsigned()
    if not bits.take(1):  # frame_mbs_only_flag
        bits.take(1)
    bits.take(1)
    if bits.take(1):
        for _ in range(4):
            bits.unsigned()


def _h264_reorder(bits: Bits) -> int | None:
    """max_num_reorder_frames of the VUI parameters (H.264 annex E.1.1)."""
    if bits.take(1) and bits.take(8) == _EXTENDED_ASPECT:
        bits.take(32)
    if bits.take(1):
        bits.take(1)
    if bits.take(1):
        bits.take(4)
        bits.take(24 * bits.take(1))
    if bits.take(1):
        bits.unsigned()
        bits.unsigned()
    bits.take(65 * bits.take(1))  # timing
    has_hrd = False
    for _ in range(2):
        if bits.take(1):
            has_hrd = True
            _skip_hrd(bits)
    bits.take(has_hrd)
    bits.take(1)  # pic_struct_present_flag
    if not bits.take(1):
        return None
    bits.take(1)
    for _ in range(4):
        bits.unsigned()
    return min(bits.unsigned(), 16)


def _skip_hrd(bits: Bits) -> None:
    count = bits.unsigned() + 1
    bits.take(8)
    for _ in range(min(count, 32)):
        bits.unsigned()
        bits.unsigned()
        bits.take(1)
    bits.take(20)


def _h265_detail(nal: bytes) -> _Detail:
    bits = Bits(nal[2:])
    bits.take(4)
    layers = bits.take(3)  # sps_max_sub_layers_minus1
    nested = bits.take(1)
    bits.take(96)
    present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    if layers:
        bits.take(2 * (8 - layers))
    for has_profile, has_level in present:
        bits.take(88 * has_profile + 8 * has_level)
    bits.unsigned()  # sps_seq_parameter_set_id
    chroma = bits.unsigned()
    if chroma == 3:
        bits.take(1)
    bits.unsigned()
    bits.unsigned()
    if bits.take(1):
        for _ in range(4):
            bits.unsigned()
    luma, colour = bits.unsigned(), bits.unsigned()
    bits.unsigned()  # log2_max_pic_order_cnt_lsb_minus4
    reorder = 0
    for _ in range(layers + 1 if bits.take(1) else 1):  # the highest layer's is the last
        bits.unsigned()
        reorder = bits.unsigned()
        bits.unsigned()
    return _Detail(chroma, luma, colour, min(reorder, 16), layers + 1, nested)
