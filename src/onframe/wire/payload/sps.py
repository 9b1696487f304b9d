"""The H.264 sequence parameter set, as far as size, codec string and a container need it.

H.264 sections 7.3.2.1.1 and E.1.1; its text forms in SDP: RFC 6184 section 8.1.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import NamedTuple

from onframe.errors import ProtocolError
from onframe.wire.payload.bits import Bits

_HIGH_PROFILES = frozenset({44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244})
_BASELINE = 66
_EXTENDED_ASPECT = 255
_MOST_REORDERED = 16
_CROP_UNITS = {0: (1, 1), 1: (2, 2), 2: (2, 1), 3: (1, 1)}
"""chroma_format_idc → luma samples per unit of cropping, across and down."""


class SequenceParameterSet(NamedTuple):
    """What a picture of this stream is: profile, level, and the visible size in pixels.

    ``bit_depth_luma`` and ``bit_depth_chroma`` are those above 8. ``max_num_reorder_frames`` is how many pictures may
    be decoded before one that is shown earlier, at most 16; None where that is not told.
    """

    profile_idc: int
    constraints: int
    level_idc: int
    width: int
    height: int
    chroma_format_idc: int = 1
    bit_depth_luma: int = 0
    bit_depth_chroma: int = 0
    max_num_reorder_frames: int | None = None

    @property
    def codec(self) -> str:
        """As browsers name it: "avc1.PPCCLL" (RFC 6381 section 3.3)."""
        return f"avc1.{self.profile_idc:02x}{self.constraints:02x}{self.level_idc:02x}"


def codec_string(sps: bytes) -> str:
    """ "avc1.PPCCLL" from the three bytes after the NAL unit's header. Raises ProtocolError."""
    return f"avc1.{profile_level_id(sps)}"


def profile_level_id(sps: bytes) -> str:
    """The six hexadecimal digits of an SDP's profile-level-id. Raises ProtocolError."""
    if len(sps) < 4 or sps[0] & 31 != 7:
        raise ProtocolError("not a sequence parameter set", excerpt=sps[:8].hex())
    return sps[1:4].hex()


def parse_sprop(text: str) -> list[bytes]:
    """The parameter sets of an SDP's sprop-parameter-sets; what is no base64 is left out."""
    nals = []
    for part in text.split(","):
        try:
            nal = base64.b64decode(part.strip() + "=" * (-len(part.strip()) % 4), validate=True)
        except (binascii.Error, ValueError):
            continue
        if nal:
            nals.append(nal)
    return nals


def serialize_sprop(nals: Iterable[bytes]) -> str:
    """Parameter sets as an SDP's sprop-parameter-sets."""
    return ",".join(base64.b64encode(nal).decode("ascii") for nal in nals)


def parse_sps(nal: bytes) -> SequenceParameterSet:
    """Read one sequence parameter set, its NAL header included. Raises ProtocolError."""
    profile_level_id(nal)
    bits = Bits(nal[4:])
    bits.unsigned()  # seq_parameter_set_id
    chroma, luma_depth, chroma_depth = _format(bits) if nal[1] in _HIGH_PROFILES else (1, 0, 0)
    order = _order_count(bits)
    width, height, frame_only = _size(bits)
    if bits.take(1):
        left, right, top, bottom = (bits.unsigned() for _ in range(4))
        across, down = _CROP_UNITS.get(chroma, (1, 1))
        width -= across * (left + right)
        height -= down * (2 - frame_only) * (top + bottom)
    if not 0 < width <= 16384 or not 0 < height <= 16384:
        raise ProtocolError(f"a sequence parameter set of {width}x{height} pixels")
    reorder = _reorder(bits)
    if reorder is None and (nal[1] == _BASELINE or order == 2):
        reorder = 0  # there are no B slices, or pictures are shown in the order of decoding
    return SequenceParameterSet(
        nal[1], nal[2], nal[3], width, height, chroma, luma_depth, chroma_depth, max_num_reorder_frames=reorder
    )


def _format(bits: Bits) -> tuple[int, int, int]:
    """What only the high profiles have: chroma_format_idc and both bit depths."""
    chroma = bits.unsigned()
    if chroma == 3:
        bits.take(1)  # separate_colour_plane_flag
    luma_depth, chroma_depth = bits.unsigned(), bits.unsigned()
    bits.take(1)  # qpprime_y_zero_transform_bypass_flag
    if bits.take(1):
        for index in range(8 if chroma != 3 else 12):
            if bits.take(1):
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return chroma, luma_depth, chroma_depth


def _skip_scaling_list(bits: Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last


def _order_count(bits: Bits) -> int:
    """pic_order_cnt_type, after all that belongs to it."""
    bits.unsigned()  # log2_max_frame_num_minus4
    kind = bits.unsigned()
    if kind == 0:
        bits.unsigned()
    elif kind == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        for _ in range(min(bits.unsigned(), 256)):
            bits.signed()
    return kind


def _size(bits: Bits) -> tuple[int, int, int]:
    """Coded width and height, and frame_mbs_only_flag."""
    bits.unsigned()  # max_num_ref_frames
    bits.take(1)  # gaps_in_frame_num_value_allowed_flag
    width = 16 * (bits.unsigned() + 1)
    units = bits.unsigned() + 1
    frame_only = bits.take(1)
    if not frame_only:
        bits.take(1)  # mb_adaptive_frame_field_flag
    bits.take(1)  # direct_8x8_inference_flag
    return width, 16 * units * (2 - frame_only), frame_only


def _reorder(bits: Bits) -> int | None:
    """max_num_reorder_frames of the VUI parameters; None also where they cannot be read: a picture needs them not."""
    try:
        return _reorder_of_vui(bits) if bits.take(1) else None
    except ProtocolError:
        return None


def _reorder_of_vui(bits: Bits) -> int | None:
    if bits.take(1) and bits.take(8) == _EXTENDED_ASPECT:
        bits.take(32)
    if bits.take(1):
        bits.take(1)  # overscan_appropriate_flag
    if bits.take(1):
        bits.take(4)
        bits.take(24 * bits.take(1))  # colour_description_present_flag
    if bits.take(1):
        bits.unsigned()
        bits.unsigned()
    bits.take(65 * bits.take(1))  # timing_info_present_flag
    has_hrd = False
    for _ in range(2):
        if bits.take(1):
            has_hrd = True
            _skip_hrd(bits)
    bits.take(has_hrd)  # low_delay_hrd_flag
    bits.take(1)  # pic_struct_present_flag
    if not bits.take(1):
        return None
    bits.take(1)
    for _ in range(4):
        bits.unsigned()
    return min(bits.unsigned(), _MOST_REORDERED)


def _skip_hrd(bits: Bits) -> None:
    count = bits.unsigned() + 1
    bits.take(8)
    for _ in range(min(count, 32)):
        bits.unsigned()
        bits.unsigned()
        bits.take(1)
    bits.take(20)
