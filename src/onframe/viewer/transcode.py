"""Pictures decoded, fitted and coded as JPEG by libavcodec. Synchronous: made for a thread. Needs the extra "video"."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from fractions import Fraction
from typing import Final

import av
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from onframe.overlay.painter import Painter, Planes
from onframe.overlay.playout import Drawn
from onframe.overlay.view import Area
from onframe.record import AccessUnit

MAX_PIXELS: Final = 36_000_000
"""Of a picture that is decoded: 8192 x 4320, and a little more."""
QUALITY: Final = 80
_CODECS = {"H264": "h264", "H265": "hevc"}
_ENCODERS = 8
_PAINTERS = 8
_HIGH = 720
"""Rows from which on a picture that does not name its matrix is taken for BT.709."""
_MATRICES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
"""matrix_coefficients (H.264 table E-5) as the scaler names them."""


class Decoder:
    """Access units to frames, in the order of showing, each under its unit's timestamp; ``errors`` counts failures."""

    def __init__(self) -> None:
        self.errors = 0
        self._codec = ""
        self._context: av.VideoCodecContext | None = None

    def reset(self) -> None:
        """What comes next has nothing to do with what was before."""
        self._context = None

    def decode(self, unit: AccessUnit) -> list[av.VideoFrame]:
        """What can be shown now: usually the picture itself; with B pictures an earlier one, or several, or none."""
        if self._context is None or unit.codec != self._codec:
            context = av.CodecContext.create(_CODECS[unit.codec], "r")
            assert isinstance(context, av.VideoCodecContext)
            context.thread_count = 1
            context.options = {"max_pixels": str(MAX_PIXELS)}
            self._codec, self._context = unit.codec, context
        if not unit.data:  # to libavcodec that is the end of the stream
            self.errors += 1
            return []
        packet = av.Packet(unit.data)
        packet.pts = unit.timestamp
        try:
            return self._context.decode(packet)
        except av.FFmpegError:
            self.errors += 1
            return []


class Fitter:
    """Frames as JPEG wants them: 4:2:0, full range, BT.601; a new frame each, so that it can be painted on."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def fit(self, frame: av.VideoFrame, width: int | None = None) -> av.VideoFrame:
        """Scaled down to ``width`` pixels where it is wider; never up."""
        target = min(width or frame.width, frame.width)
        height = max(2, round(frame.height * target / frame.width / 2) * 2) if target < frame.width else frame.height
        guess = Colorspace.ITU709 if frame.height >= _HIGH else Colorspace.ITU601
        fitted = self._reformatter.reformat(
            frame,
            target,
            height,
            "yuvj420p",
            src_colorspace=_MATRICES.get(int(frame.colorspace), guess),
            dst_colorspace=Colorspace.ITU601,
            dst_color_range=ColorRange.JPEG,
            # Where only colours change, no filter is faster and nearer to the original than any other.
            interpolation=Interpolation.AREA if target < frame.width else Interpolation.POINT,
        )
        if fitted is frame:
            fitted = _copied(frame)
        fitted.colorspace, fitted.color_range = Colorspace.ITU601, ColorRange.JPEG
        return fitted


def _copied(frame: av.VideoFrame) -> av.VideoFrame:
    copy = av.VideoFrame.from_ndarray(frame.to_ndarray(), format=frame.format.name)
    copy.pts, copy.time_base = frame.pts, frame.time_base
    return copy


class Brush:
    """Paints frames of any size, in place, with a Painter for each size and series."""

    def __init__(self) -> None:
        self._painters: OrderedDict[tuple[int, int, Hashable], Painter] = OrderedDict()

    def paint(
        self, frame: av.VideoFrame, pts: int, drawn: Sequence[Drawn], areas: Sequence[Area], series: Hashable = None
    ) -> None:
        """First the areas, then what is drawn. ``frame`` is a fitted one; within a series texts keep their places."""
        key = (frame.width, frame.height, series)
        if key not in self._painters:
            self._painters[key] = Painter(frame.width, frame.height)
            while len(self._painters) > _PAINTERS:
                self._painters.popitem(last=False)
        self._painters.move_to_end(key)
        self._painters[key].paint(Planes.of(frame), drawn, areas, now=pts / 90)


class JpegEncoder:
    """Fitted frames to JPEG; ``quality`` 1..100 is meant as libjpeg means it."""

    def __init__(self) -> None:
        self._contexts: OrderedDict[tuple[int, int, int], av.VideoCodecContext] = OrderedDict()
        self._count = 0

    def encode(self, frame: av.VideoFrame, quality: int = QUALITY) -> bytes:
        """One whole file. Raises av.FFmpegError."""
        context = self._context(frame.width, frame.height, scale_of(quality))
        self._count += 1
        frame.pts, frame.time_base = self._count, Fraction(1, 25)
        frame.pict_type = av.video.frame.PictureType.NONE
        return b"".join(bytes(packet) for packet in context.encode(frame))

    def _context(self, width: int, height: int, scale: int) -> av.VideoCodecContext:
        key = (width, height, scale)
        if key not in self._contexts:
            context = av.VideoCodecContext.create("mjpeg", "w")
            context.width, context.height, context.pix_fmt = width, height, "yuvj420p"
            context.color_range = ColorRange.JPEG
            context.time_base = Fraction(1, 25)
            context.sample_aspect_ratio = Fraction(1)  # else there is no JFIF header
            context.thread_count = 1
            context.qmin = context.qmax = scale
            context.options = {"huffman": "default"}  # the optimal one costs a quarter more time for a tenth less bytes
            self._contexts[key] = context
            while len(self._contexts) > _ENCODERS:
                self._contexts.popitem(last=False)
        self._contexts.move_to_end(key)
        return self._contexts[key]


def scale_of(quality: int) -> int:
    """libavcodec's scale 1..31 that gives a picture as good as libjpeg's ``quality``: 80 is 4, 50 is 10."""
    factor = (200 - 2 * quality) / 100 if quality >= 50 else 50 / max(1, quality)
    return min(31, max(1, round(10 * factor)))
