"""The H.264 sequence parameter set, as far as size and codec string need it.

H.264 section 7.3.2.1.1; its text forms in SDP: RFC 6184 section 8.1.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import NamedTuple

from onframe.errors import ProtocolError
from onframe.wire.payload.bits import Bits

_HIGH_PROFILES = frozenset({44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244})
_CROP_UNITS = {0: (1, 1), 1: (2, 2), 2: (2, 1), 3: (1, 1)}
"""chroma_format_idc → luma samples per unit of cropping, across and down."""


class SequenceParameterSet(NamedTuple):
    """What a picture of this stream is: profile, level, and the visible size in pixels."""

    profile_idc: int
    constraints: int
    level_idc: int
    width: int
    height: int

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
    chroma = _skip_high_profile(bits) if nal[1] in _HIGH_PROFILES else 1
    _skip_order_count(bits)
    width, height, frame_only = _size(bits)
    if bits.take(1):
        left, right, top, bottom = (bits.unsigned() for _ in range(4))
        across, down = _CROP_UNITS.get(chroma, (1, 1))
        width -= across * (left + right)
        height -= down * (2 - frame_only) * (top + bottom)
    if not 0 < width <= 16384 or not 0 < height <= 16384:
        raise ProtocolError(f"a sequence parameter set of {width}x{height} pixels")
    return SequenceParameterSet(nal[1], nal[2], nal[3], width, height)


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


def _skip_high_profile(bits: Bits) -> int:
    """What only the high profiles have; chroma_format_idc of it."""
    chroma = bits.unsigned()
    if chroma == 3:
        bits.take(1)
    bits.unsigned()
    bits.unsigned()
    bits.take(1)
    if bits.take(1):
        for index in range(8 if chroma != 3 else 12):
            if bits.take(1):
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return chroma


def _skip_scaling_list(bits: Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last


def _skip_order_count(bits: Bits) -> None:
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
