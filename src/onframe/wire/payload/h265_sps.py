"""The H.265 sequence parameter set, as far as size, codec string and a container need it.

H.265 sections 7.3.2.2 and 7.3.3.
"""

from __future__ import annotations

from typing import NamedTuple

from onframe.errors import ProtocolError
from onframe.wire.payload.bits import Bits

_SPS = 33
_HEADER = 2
_MOST_REORDERED = 16
_CROP_UNITS = {0: (1, 1), 1: (2, 2), 2: (2, 1), 3: (1, 1)}
"""chroma_format_idc → luma samples per unit of cropping, across and down."""
_SPACES = ("", "A", "B", "C")


class SequenceParameterSet(NamedTuple):
    """What a picture of this stream is: profile, tier, level, and the visible size in pixels.

    ``compatibility`` has 32 bits, ``constraints`` 48, both as they stand in the stream. ``bit_depth_luma`` and
    ``bit_depth_chroma`` are those above 8. ``max_num_reorder_pics`` is how many pictures may be decoded before one that
    is shown earlier, at most 16; None where that is not told.
    """

    profile_space: int
    high_tier: bool
    profile_idc: int
    compatibility: int
    constraints: int
    level_idc: int
    width: int
    height: int
    chroma_format_idc: int = 1
    bit_depth_luma: int = 0
    bit_depth_chroma: int = 0
    max_num_reorder_pics: int | None = None
    temporal_layers: int = 1
    temporal_id_nested: bool = True

    @property
    def codec(self) -> str:
        """As browsers name it: "hvc1.1.6.L93.90" (ISO/IEC 14496-15 annex E.3)."""
        compatibility = int(f"{self.compatibility:032b}"[::-1], 2)
        tier = "H" if self.high_tier else "L"
        constraints = self.constraints.to_bytes(6, "big").rstrip(b"\0")
        parts = [f"{_SPACES[self.profile_space]}{self.profile_idc}", f"{compatibility:X}", f"{tier}{self.level_idc}"]
        return ".".join(["hvc1", *parts, *(f"{byte:X}" for byte in constraints)])


def parse_sps(nal: bytes) -> SequenceParameterSet:
    """Read one sequence parameter set, its NAL header included. Raises ProtocolError."""
    if len(nal) < _HEADER or nal[0] >> 1 & 63 != _SPS:
        raise ProtocolError("not a sequence parameter set", excerpt=nal[:8].hex())
    bits = Bits(nal[_HEADER:])
    bits.take(4)  # sps_video_parameter_set_id
    layers = bits.take(3)
    nested = bool(bits.take(1))
    space, tier, profile = bits.take(2), bool(bits.take(1)), bits.take(5)
    compatibility, constraints, level = bits.take(32), bits.take(48), bits.take(8)
    _skip_sub_layers(bits, layers)
    bits.unsigned()  # sps_seq_parameter_set_id
    chroma, width, height = _size(bits)
    depths, reorder = _depths_and_reorder(bits, layers)
    return SequenceParameterSet(
        space, tier, profile, compatibility, constraints, level, width, height, chroma, *depths,
        max_num_reorder_pics=reorder, temporal_layers=layers + 1, temporal_id_nested=nested,
    )  # fmt: skip


def _skip_sub_layers(bits: Bits, layers: int) -> None:
    present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    if layers:
        bits.take(2 * (8 - layers))
    for has_profile, has_level in present:
        bits.take(88 * has_profile + 8 * has_level)


def _size(bits: Bits) -> tuple[int, int, int]:
    """chroma_format_idc, and the visible width and height."""
    chroma = bits.unsigned()
    if chroma == 3:
        bits.take(1)  # separate_colour_plane_flag
    width, height = bits.unsigned(), bits.unsigned()
    if bits.take(1):
        left, right, top, bottom = (bits.unsigned() for _ in range(4))
        across, down = _CROP_UNITS.get(chroma, (1, 1))
        width -= across * (left + right)
        height -= down * (top + bottom)
    if not 0 < width <= 16384 or not 0 < height <= 16384:
        raise ProtocolError(f"a sequence parameter set of {width}x{height} pixels")
    return chroma, width, height


def _depths_and_reorder(bits: Bits, layers: int) -> tuple[tuple[int, int], int | None]:
    """Both bit depths, and sps_max_num_reorder_pics; nothing of it where the set ends before: a size needs it not."""
    try:
        depths = bits.unsigned(), bits.unsigned()
        bits.unsigned()  # log2_max_pic_order_cnt_lsb_minus4
        reorder = 0
        for _ in range(layers + 1 if bits.take(1) else 1):  # the highest layer's is the last
            bits.unsigned()
            reorder = bits.unsigned()
            bits.unsigned()
    except ProtocolError:
        return (0, 0), None
    return depths, min(reorder, _MOST_REORDERED)
