"""A user's video file as films: H.264 without B pictures as it is, all else coded anew, once."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from onframe.errors import OnframeError
from onframe.simulator.video import BIT_RATES, NS, Encoder, Film, Picture, film, need, parameter_sets

SUB_WIDTH = 640


def film_file(path: Path) -> dict[int, Film]:
    """The films of streams 1 and 2, with the sound as PCMU. Raises OnframeError where the file cannot be read."""
    (av,) = need("av")
    try:
        main = _as_it_is(av, path) or _coded_anew(av, path, None, BIT_RATES[1])
        main.sound = _sound(av, path, main.length)
        sub = main if main.width <= SUB_WIDTH else _coded_anew(av, path, SUB_WIDTH, BIT_RATES[2])
    except (av.error.FFmpegError, IndexError) as error:
        raise OnframeError(f"the video {path} cannot be read: {error}", hint="try to play it with ffplay") from error
    return {1: main, 2: sub}


def _as_it_is(av: Any, path: Path) -> Film | None:
    """The pictures as the file has them; None where they must be coded anew to be sent live."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        if stream.codec_context.name != "h264" or stream.codec_context.pix_fmt not in ("yuv420p", "yuvj420p"):
            return None
        to_annexb = av.bitstream.BitStreamFilterContext("h264_mp4toannexb", stream)
        packets = [p for packet in container.demux(stream) for p in to_annexb.filter(packet) if p.size]
        pictures = [Picture(bytes(p), bool(p.is_keyframe)) for p in packets]
        times = _times([p.pts for p in packets], stream.time_base)
        size = (stream.codec_context.width, stream.codec_context.height)
    if not pictures or times is None or not pictures[0].key or not all(parameter_sets(pictures[0].data)):
        return None
    return film(size, pictures, times, _length(times))


def _times(stamps: list[int | None], base: Fraction) -> list[int] | None:
    """Nanoseconds since the first; None where they do not rise (B pictures) or are missing."""
    if any(stamp is None for stamp in stamps):
        return None
    times = [int((stamp - stamps[0]) * base * NS) for stamp in stamps]  # type: ignore[operator]
    return times if all(a < b for a, b in zip(times, times[1:], strict=False)) else None


def _length(times: list[int]) -> int:
    """The loop's length: the last picture is shown as long as the others are on average."""
    return times[-1] + (times[-1] // (len(times) - 1) if len(times) > 1 else NS // 25)


def _coded_anew(av: Any, path: Path, width: int | None, bit_rate: int) -> Film:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        size = _size(stream.codec_context.width, stream.codec_context.height, width)
        rate = Fraction(stream.average_rate or 25).limit_denominator(1001)
        encoder = Encoder(*size, bit_rate, rate)
        pictures: list[Picture] = []
        stamps: list[int | None] = []
        for frame in container.decode(stream):
            stamps.append(frame.pts)
            pictures.extend(encoder.encode(frame))
        pictures.extend(encoder.flush())
        times = _times(stamps, stream.time_base) or [int(n * NS / rate) for n in range(len(pictures))]
    return film(size, pictures, times, _length(times))


def _size(width: int, height: int, wanted: int | None) -> tuple[int, int]:
    """Even numbers of pixels, of the same shape."""
    new = wanted or width
    return new // 2 * 2, max(2, round(height * new / width / 2) * 2)


def _sound(av: Any, path: Path, length: int) -> bytes:
    """The file's sound as PCMU, exactly as long as the video; silence where there is none."""
    from onframe.wire.payload.pcm import encode_pcmu

    samples = length * 8000 // NS
    with av.open(str(path)) as container:
        raw = _resampled(av, container) if container.streams.audio else b""
    return encode_pcmu(raw[: samples * 2].ljust(samples * 2, b"\0"))


def _resampled(av: Any, container: Any) -> bytes:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=8000)
    pieces = [
        piece for frame in [*container.decode(container.streams.audio[0]), None] for piece in resampler.resample(frame)
    ]
    return b"".join(bytes(piece.planes[0])[: piece.samples * 2] for piece in pieces)
