"""The three planes of a 4:2:0 picture, and colours as they stand there."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple, TypeAlias

import av
import numpy as np
from av.video.plane import VideoPlane
from numpy.typing import NDArray

Bytes: TypeAlias = NDArray[np.uint8]
YUV: TypeAlias = tuple[int, int, int]

_PLANAR = {"yuv420p": False, "yuvj420p": True}
_BT709, _BT601 = (0.2126, 0.0722), (0.299, 0.114)
_HIGH = 720
"""Rows from which on a picture that does not name its matrix is taken for BT.709."""
_MATRIX_709, _MATRICES_601 = 1, (5, 6)
_FULL = 2
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_PLAIN = (226, 232, 240)


class Colors(NamedTuple):
    """How a picture's values are meant: its matrix (red's and blue's share of luma) and whether its range is full."""

    shares: tuple[float, float] = _BT709
    full: bool = False

    @classmethod
    def of(cls, frame: av.VideoFrame) -> Colors:
        """As the frame says; a matrix that it does not name is guessed by its height."""
        matrix = int(frame.colorspace)
        if matrix in _MATRICES_601:
            shares = _BT601
        else:
            shares = _BT709 if matrix == _MATRIX_709 or frame.height >= _HIGH else _BT601
        return cls(shares, _PLANAR.get(frame.format.name, False) or int(frame.color_range) == _FULL)

    def yuv(self, color: str) -> YUV:
        """``#rrggbb`` in whole levels; what is no colour is taken for a light grey."""
        return _yuv(color, self)

    def exact(self, color: str) -> tuple[float, float, float]:
        """The same, not rounded."""
        r, g, b = bytes.fromhex(color[1:]) if _COLOR.fullmatch(color) else _PLAIN
        red, blue = self.shares
        luma = red * r + (1 - red - blue) * g + blue * b
        scale, foot, swing = (1.0, 0.0, 255.0) if self.full else (219 / 255, 16.0, 224.0)
        u = 128 + (b - luma) / (2 * (1 - blue)) * swing / 255
        v = 128 + (r - luma) / (2 * (1 - red)) * swing / 255
        return foot + scale * luma, u, v

    def rgb(self, y: int, u: int, v: int) -> tuple[int, int, int]:
        """The way back."""
        red, blue = self.shares
        scale, foot, swing = (1.0, 0.0, 255.0) if self.full else (255 / 219, 16.0, 224.0)
        luma = (int(y) - foot) * scale
        r = luma + 2 * (1 - red) * (int(v) - 128) * 255 / swing
        b = luma + 2 * (1 - blue) * (int(u) - 128) * 255 / swing
        g = (luma - red * r - blue * b) / (1 - red - blue)
        return _byte(r), _byte(g), _byte(b)


@functools.lru_cache(maxsize=4096)
def _yuv(color: str, colors: Colors) -> YUV:
    y, u, v = colors.exact(color)
    return _byte(y), _byte(u), _byte(v)


def _byte(value: float) -> int:
    return max(0, min(255, round(value)))


class Plane:
    """One plane: ``data`` (rows, columns), and the memory it lies in, with ``stride`` bytes a row: ``flat`` for single
    pixels, ``memory`` for a piece of one row, which costs less there than in numpy."""

    __slots__ = ("data", "flat", "memory", "stride")

    def __init__(self, rows: Bytes, width: int) -> None:
        """``rows``: C-contiguous, at least ``width`` columns.

        Raises:
            ValueError: the rows do not lie one behind the other, or cannot be written to.
        """
        if not rows.flags.c_contiguous or not rows.flags.writeable or rows.dtype != np.uint8:
            raise ValueError("a plane is a writable, C-contiguous array of bytes")
        self.data = rows[:, :width]
        self.flat = rows.reshape(-1)
        self.memory = self.flat.data
        self.stride = rows.shape[1]


class Planes:
    """A yuv420p picture to paint on, in place."""

    __slots__ = ("y", "u", "v", "width", "height", "colors", "_frame")

    def __init__(self, y: Bytes, u: Bytes, v: Bytes, colors: Colors | None = None, *, width: int | None = None) -> None:
        """``y`` (height, width), ``u`` and ``v`` half as many rows and columns, rounded up; rows may be padded.

        ``colors``: BT.709 or BT.601 by height and limited range unless given.

        Raises:
            ValueError: the planes do not fit together.
        """
        self.width, self.height = width or y.shape[1], y.shape[0]
        half = ((self.height + 1) // 2, (self.width + 1) // 2)
        if any(plane.shape[0] != half[0] or plane.shape[1] < half[1] for plane in (u, v)):
            raise ValueError(f"chroma planes of {u.shape} and {v.shape} do not fit luma of {y.shape}: 4:2:0 is needed")
        self.y, self.u, self.v = Plane(y, self.width), Plane(u, half[1]), Plane(v, half[1])
        self.colors = colors or Colors(_BT709 if self.height >= _HIGH else _BT601)
        self._frame: av.VideoFrame | None = None

    @classmethod
    def of(cls, frame: av.VideoFrame) -> Planes:
        """The frame's own planes, where it is 4:2:0 with 8 bits; else those of a converted one.

        What is painted then is painted into the frame that `frame` gives; others that share its memory keep theirs.
        """
        if frame.format.name in _PLANAR:
            frame.make_writable()
        else:
            frame = _converted(frame)
        rows = [_rows(plane) for plane in frame.planes]
        half = (frame.height + 1) // 2
        y, u, v = rows[0][: frame.height], rows[1][:half], rows[2][:half]
        planes = cls(y, u, v, Colors.of(frame), width=frame.width)
        planes._frame = frame
        return planes

    def frame(self) -> av.VideoFrame:
        """The picture as a frame: the one that `of` was given or has converted, its time stamp kept."""
        if self._frame is None:
            self._frame = self._copied()
        return self._frame

    def _copied(self) -> av.VideoFrame:
        frame = av.VideoFrame(self.width, self.height, "yuv420p")
        for plane, own in zip(frame.planes, (self.y, self.u, self.v), strict=True):
            rows, columns = own.data.shape
            _rows(plane)[:rows, :columns] = own.data
        frame.color_range = _FULL if self.colors.full else 1
        frame.colorspace = _MATRIX_709 if self.colors.shares == _BT709 else _MATRICES_601[0]
        return frame


def _rows(plane: VideoPlane) -> Bytes:
    """The plane's own memory."""
    return np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)


def _converted(frame: av.VideoFrame) -> av.VideoFrame:
    """In yuv420p, limited range; a matrix is chosen where the frame has none to keep."""
    matrix = int(frame.colorspace)
    if matrix not in (_MATRIX_709, *_MATRICES_601):
        matrix = _MATRIX_709 if frame.height >= _HIGH else _MATRICES_601[0]
    source = None if frame.format.is_rgb else matrix
    converted = frame.reformat(format="yuv420p", src_colorspace=source, dst_colorspace=matrix, dst_color_range=1)
    converted.colorspace, converted.color_range = matrix, 1
    return converted
