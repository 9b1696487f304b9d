"""Scenes as H.264: decodes without error, loops without a seam, is made once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy
import pytest

from onframe.simulator import video
from onframe.simulator.scenes import Scene
from onframe.simulator.sound import ambience


def decode(pictures: list[video.Picture]) -> list[numpy.ndarray]:
    """The pictures as a strict decoder sees them."""
    context: Any = av.CodecContext.create("h264", "r")
    context.options = {"err_detect": "explode"}
    frames = [f for p in pictures for f in context.decode(av.Packet(p.data))]
    return [f.to_ndarray(format="rgb24").astype(int) for f in frames + context.decode(None)]


def test_both_streams_decode_without_error_twice_around(square: Callable[[], Scene]) -> None:
    films = video.films_of(square())
    for stream, (width, height) in ((1, (1280, 720)), (2, (640, 360))):
        frames = decode(films[stream].pictures * 2)
        assert len(frames) == 100
        assert {f.shape for f in frames} == {(height, width, 3)}
        assert numpy.abs(frames[0] - frames[50]).max() <= 2


def test_key_pictures_come_every_second_with_their_parameter_sets(square: Callable[[], Scene]) -> None:
    main = video.films_of(square())[1]
    assert [n for n, p in enumerate(main.pictures) if p.key] == [0, 25]
    for n in (0, 25):
        assert video.parameter_sets(main.pictures[n].data) == (main.sps, main.pps)
    assert main.sps[0] & 31 == 7 and main.pps[0] & 31 == 8
    assert main.times[:3] == [0, 40_000_000, 80_000_000] and main.length == 2_000_000_000


def test_the_painted_square_is_where_its_box_is_after_coding(square: Callable[[], Scene]) -> None:
    scene: Any = square()
    frames = decode(video.films_of(scene)[1].pictures)
    for n in (3, 26, 44):
        ys, xs = numpy.nonzero(frames[n][..., 0] > 180)
        x0, y0, x1, y1 = scene.box(n)
        assert (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1) == pytest.approx((x0, y0, x1, y1), abs=2)


def test_frame_marks_are_read_back_from_the_coded_picture(square: Callable[[], Scene]) -> None:
    frames = decode(video.films_of(square(), frame_marks=True)[1].pictures)
    for n, frame in enumerate(frames):
        centres = [frame[28, 16 + 24 * bit + 12].sum() for bit in range(17)]
        assert sum(1 << bit for bit in range(16) if centres[bit] > 382) == n
        red, green, blue = frame[28, 16 + 24 * 16 + 12]
        assert red < 60 and green > 200 and blue > 200


def test_a_film_is_made_once_per_machine(square: Callable[[], Scene], monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = square(), square(), square()
    films = video.films_of(first)
    assert video.films_of(second) is films
    monkeypatch.setattr(video, "_films", {})
    assert video.films_of(third) == films
    assert len(first.painted) == 50 and second.painted == third.painted == []  # type: ignore[attr-defined]


def test_a_broken_film_in_the_cache_is_made_anew(square: Callable[[], Scene], monkeypatch: pytest.MonkeyPatch) -> None:
    films = video.films_of(square())
    (path,) = video.cache_directory().glob("*.films")
    path.write_bytes(b"\x81\x01")
    monkeypatch.setattr(video, "_films", {})
    assert video.films_of(square())[1].sps == films[1].sps


def test_a_cache_that_cannot_be_written_costs_only_the_keeping(
    square: Callable[[], Scene], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a directory")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert len(video.films_of(square())[2].pictures) == 50


def test_the_sound_is_as_long_as_the_loop_and_never_loud() -> None:
    from onframe.wire.payload.pcm import decode_pcmu

    sound = ambience(2.0)
    assert len(sound) == 16000
    samples = numpy.frombuffer(decode_pcmu(sound), "<i2").astype(int)
    assert 500 < numpy.abs(samples).max() < 8000
    assert abs(samples[0] - samples[-1]) < 1500
