"""The sub-stream's pictures as H.265 (stream 3): coded anew when they are first asked for, not painted anew."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import islice
from typing import Any

from onframe.errors import OnframeError
from onframe.simulator.video import GROUP, NS, Encoder, Film, Picture, need
from onframe.wire.payload.h265 import H265Depacketizer
from onframe.wire.payload.nal import split_nals

BIT_RATE = 400_000

log = logging.getLogger(__name__)


@cache
def available() -> bool:
    """Whether this PyAV can code H.265; says so once where it cannot."""
    (av,) = need("av")
    if "libx265" in av.codecs_available:
        return True
    log.info("there is no stream 3: this build of PyAV cannot code H.265 (libx265)")
    return False


def recoded(film: Film) -> Film:
    """The pictures of an H.264 film as H.265, with the same instants. Raises OnframeError."""
    pictures = list(_pictures(film, film.pictures))
    if len(pictures) != len(film.pictures):
        raise OnframeError(f"{len(film.pictures)} pictures became {len(pictures)} as H.265")
    return _film(film, pictures)


def head_of(film: Film) -> Film:
    """What `recoded` will give, with one picture alone: its parameter sets are those of all. Takes milliseconds."""
    return _film(film, list(islice(_pictures(film, film.pictures[:1]), 1)))


def _film(film: Film, pictures: list[Picture]) -> Film:
    if not pictures:
        raise OnframeError("the sub-stream's pictures cannot be decoded", hint="try to play the video with ffplay")
    first: dict[int, bytes] = {}
    for nal in split_nals(pictures[0].data):
        first.setdefault(H265Depacketizer.kind(nal), nal)
    vps, sps, pps = (first.get(kind, b"") for kind in H265Depacketizer.PARAMETER_SETS)
    return Film(film.width, film.height, sps, pps, pictures, film.times, film.length, codec="H265", vps=vps)


def _pictures(film: Film, pictures: list[Picture]) -> Iterator[Picture]:
    (av,) = need("av")
    encoder = H265Encoder(film.width, film.height, _rate(film))
    try:
        for frame in _decoded(av, pictures):
            yield from encoder.encode(frame)
        yield from encoder.flush()
    except av.error.FFmpegError as error:
        raise OnframeError(f"the pictures cannot be coded as H.265: {error}") from error


def _decoded(av: Any, pictures: list[Picture]) -> Iterator[Any]:
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    for picture in pictures:
        yield from decoder.decode(av.Packet(picture.data))
    yield from decoder.decode(None)


def _rate(film: Film) -> Fraction:
    return Fraction(len(film.pictures) * NS, film.length).limit_denominator(1001)


class H265Encoder(Encoder):
    """H.265 without B pictures, one thread, parameter sets before every IDR picture."""

    LIBRARY = "libx265"

    def __init__(self, width: int, height: int, rate: Fraction) -> None:
        super().__init__(width, height, BIT_RATE, rate)

    def options(self, bit_rate: int) -> dict[str, str]:
        """libx265 works in threads of its own unless told not to."""
        rate = bit_rate // 1000
        return {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "x265-params": (
                f"keyint={GROUP}:min-keyint={GROUP}:scenecut=0:bframes=0:repeat-headers=1:annexb=1:aud=0:info=0:"
                f"open-gop=0:pools=none:frame-threads=1:log-level=none:"
                f"vbv-maxrate={rate * 3 // 2}:vbv-bufsize={rate * 2}"
            ),
        }
