"""Pictures coded anew, not painted anew: the sub-stream as H.265 (stream 3), when first asked for; with B pictures."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from itertools import islice
from typing import Any

from onframe.errors import OnframeError
from onframe.simulator.video import BIT_RATES, GROUP, NS, Encoder, Film, Picture, need, parameter_sets
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


def with_b_pictures(film: Film) -> Film:
    """The pictures of an H.264 film with two B pictures between others, in decoding order. Raises OnframeError."""
    (av,) = need("av")
    encoder = BPictureEncoder(film.width, film.height, BIT_RATES[1], _rate(film))
    coded: list[tuple[int, Picture]] = []
    try:
        for frame in _decoded(av, film.pictures):
            coded += encoder.numbered(frame)
        coded += encoder.numbered(None)
    except av.error.FFmpegError as error:
        raise OnframeError(f"the pictures cannot be coded with B pictures: {error}") from error
    shown = [number for number, _ in coded]
    if sorted(shown) != list(range(len(film.pictures))):
        raise OnframeError(f"{len(film.pictures)} pictures became {len(coded)} with B pictures")
    behind = max(number - place for place, number in enumerate(shown))
    made = _film_of(film, [picture for _, picture in coded])
    made.shown, made.behind = shown, behind
    return made


def _film_of(film: Film, pictures: list[Picture]) -> Film:
    sps, pps = parameter_sets(pictures[0].data)
    return Film(film.width, film.height, sps, pps, pictures, film.times, film.length, film.sound)


class BPictureEncoder(Encoder):
    """H.264 with two B pictures between others, none of which another one needs."""

    def options(self, bit_rate: int) -> dict[str, str]:
        """Groups are closed, so that a loop has no seam."""
        return {
            "preset": "ultrafast",
            "profile": "main",
            "x264-params": (
                f"keyint={GROUP}:min-keyint={GROUP}:scenecut=0:bframes=2:b-adapt=0:b-pyramid=none:open-gop=0:"
                "rc-lookahead=0:sync-lookahead=0:repeat-headers=1:annexb=1:aud=0:sliced-threads=0:threads=1:crf=23"
            ),
        }

    def numbered(self, frame: Any) -> list[tuple[int, Picture]]:
        """What is coded by now, in decoding order, each with its number in the order of showing."""
        if frame is not None:
            frame.pts, frame.pict_type = self._count, self._av.video.frame.PictureType.NONE
            self._count += 1
        packets = self._context.encode(frame)
        return [(int(packet.pts), Picture(bytes(packet), bool(packet.is_keyframe))) for packet in packets]


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
