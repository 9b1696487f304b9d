"""Coded pictures with their numbers painted in, as the access units of a camera."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import av
import numpy as np

from onframe.record import AccessUnit

SIZE = (320, 180)
SQUARE = 16
BITS = 10
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_LIBRARY = {"H264": ("libx264", "x264-params"), "H265": ("libx265", "x265-params")}


def painted(number: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """A grey picture whose first row of squares is the number, lowest bit first, black and white."""
    picture = np.full((size[1], size[0], 3), 90, np.uint8)
    for bit in range(BITS):
        picture[:SQUARE, SQUARE * bit : SQUARE * (bit + 1)] = 255 if number >> bit & 1 else 0
    return picture


def number_in(picture: np.ndarray) -> int:
    """The number that is painted in a picture (rows, columns, and perhaps colours)."""
    middle = slice(SQUARE // 4, 3 * SQUARE // 4)
    squares = (picture[middle, SQUARE * bit :][:, middle].mean() for bit in range(BITS))
    return sum(int(value > 128) << bit for bit, value in enumerate(squares))


def coded(
    times: Sequence[int],
    *,
    codec: str = "H264",
    b_frames: int = 0,
    size: tuple[int, int] = SIZE,
    group: int = 25,
    first: int = 0,
    extra: str = "",
) -> list[AccessUnit]:
    """Pictures numbered from ``first`` on, shown at ``times`` (90 kHz), in decoding order."""
    library, name = _LIBRARY[codec]
    context = av.CodecContext.create(library, "w")
    context.width, context.height = size
    context.pix_fmt = "yuv420p"
    context.time_base = Fraction(1, 90_000)
    context.framerate = Fraction(25)
    context.options = {
        "preset": "veryfast",
        "threads": "1",
        name: f"keyint={group}:min-keyint={group}:scenecut=0:bframes={b_frames}:b-adapt=0:repeat-headers=1:annexb=1:"
        f"log-level=none:{'sliced-threads=0' if codec == 'H264' else 'pools=none:frame-threads=1:open-gop=0'}{extra}",
    }
    packets = []
    for number, time in enumerate(times):
        frame = av.VideoFrame.from_ndarray(painted(first + number, size), format="rgb24")
        frame.pts, frame.time_base = time, Fraction(1, 90_000)
        packets += context.encode(frame)
    packets += context.encode(None)
    return [
        AccessUnit(
            camera="test",
            channel=1,
            stream=1,
            epoch=1,
            received_at=BEGIN + timedelta(milliseconds=40 * n),
            timestamp=int(packet.pts or 0),
            data=bytes(packet),
            key=bool(packet.is_keyframe),
            codec=codec,
        )
        for n, packet in enumerate(packets)
    ]
