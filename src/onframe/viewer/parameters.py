"""What a container must know of a video stream, read from its parameter sets. Pure: no I/O.

The boxes: ISO/IEC 14496-15 sections 5.3.3.1 and 8.3.3.1.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from onframe.errors import ProtocolError
from onframe.wire.payload import h265_sps, sps
from onframe.wire.payload.h264 import H264Depacketizer
from onframe.wire.payload.h265 import H265Depacketizer

_WITH_FORMAT = frozenset({100, 110, 122, 144, 244})
"""Profiles whose avcC says chroma format and bit depths (ISO/IEC 14496-15 section 5.3.3.1.2)."""
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
    configuration = bytes((1, *sequence[0][1:4], 0xFF, 0xE0 | len(sequence))) + _counted(sequence)
    configuration += bytes((len(picture),)) + _counted(picture)
    if parsed.profile_idc in _WITH_FORMAT:
        configuration += bytes((*_format(parsed), 0))
    reorder = parsed.max_num_reorder_frames
    return VideoParameters(parsed.codec, parsed.width, parsed.height, b"avc1", b"avcC", configuration, reorder)


def _h265(video: list[bytes], sequence: list[bytes], picture: list[bytes]) -> VideoParameters:
    parsed = h265_sps.parse_sps(sequence[0])
    configuration = bytes((1, parsed.profile_space << 6 | parsed.high_tier << 5 | parsed.profile_idc))
    configuration += parsed.compatibility.to_bytes(4, "big") + parsed.constraints.to_bytes(6, "big")
    configuration += bytes((parsed.level_idc, 0xF0, 0, 0xFC, *_format(parsed), 0, 0))  # the frame rate is not told
    layers = parsed.temporal_layers << 3 | parsed.temporal_id_nested << 2
    configuration += bytes((layers | 3, 3))  # lengths have 4 bytes; three arrays follow
    for kind, nals in zip(H265Depacketizer.PARAMETER_SETS, (video, sequence, picture), strict=True):
        configuration += struct.pack(">BH", 0x80 | kind, len(nals)) + _counted(nals)
    reorder = parsed.max_num_reorder_pics
    return VideoParameters(parsed.codec, parsed.width, parsed.height, b"hvc1", b"hvcC", configuration, reorder)


def _format(parsed: sps.SequenceParameterSet | h265_sps.SequenceParameterSet) -> tuple[int, int, int]:
    """Chroma format and bit depths, their spare bits set."""
    depths = parsed.bit_depth_luma, parsed.bit_depth_chroma
    return 0xFC | parsed.chroma_format_idc & 3, 0xF8 | depths[0] & 7, 0xF8 | depths[1] & 7


def _counted(nals: list[bytes]) -> bytes:
    return b"".join(struct.pack(">H", len(nal)) + nal for nal in nals)
