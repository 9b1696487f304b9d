"""The sub-stream as H.265: what was painted, in another codec, made only when somebody asks for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import Any

import av
import numpy
import pytest

from onframe.simulator import recoding, video
from onframe.simulator.programme import SceneProgramme
from onframe.simulator.scenes import Scene
from onframe.simulator.source import MediaItem, Source
from onframe.wire.payload.h265_sps import parse_sps
from onframe.wire.payload.nal import split_nals


def decode(codec: str, pictures: list[video.Picture]) -> list[numpy.ndarray]:
    """The pictures as a strict decoder sees them."""
    context: Any = av.CodecContext.create(codec, "r")
    context.options = {"err_detect": "explode"}
    context.thread_count = 1
    frames = [f for p in pictures for f in context.decode(av.Packet(p.data))]
    return [f.to_ndarray(format="rgb24").astype(int) for f in frames + context.decode(None)]


def test_it_shows_what_the_sub_stream_shows_twice_around(square: Callable[[], Scene]) -> None:
    sub = video.films_of(square())[2]
    film = recoding.recoded(sub)
    assert (film.codec, film.width, film.height, film.times, film.length) == ("H265", 640, 360, sub.times, sub.length)
    frames, before = decode("hevc", film.pictures * 2), decode("h264", sub.pictures * 2)
    assert len(frames) == 100
    assert max(numpy.abs(a - b).mean() for a, b in zip(frames, before, strict=True)) < 3


def test_its_key_pictures_bring_their_parameter_sets_every_second(square: Callable[[], Scene]) -> None:
    film = recoding.recoded(video.films_of(square())[2])
    assert [n for n, p in enumerate(film.pictures) if p.key] == [0, 25]
    for n in (0, 25):
        assert split_nals(film.pictures[n].data)[:3] == [film.vps, film.sps, film.pps]
    assert [nal[0] >> 1 for nal in (film.vps, film.sps, film.pps)] == [32, 33, 34]
    found = parse_sps(film.sps)
    assert (found.width, found.height) == (640, 360)


def test_its_parameter_sets_are_known_from_one_picture(square: Callable[[], Scene]) -> None:
    sub = video.films_of(square())[2]
    head, whole = recoding.head_of(sub), recoding.recoded(sub)
    assert (head.vps, head.sps, head.pps) == (whole.vps, whole.sps, whole.pps)
    assert len(head.pictures) == 1


async def test_it_is_made_when_it_is_first_asked_for_and_then_begins_with_a_key_picture(
    square: Callable[[], Scene],
) -> None:
    source = Source(SceneProgramme(square()))
    await source.prepare()
    assert source.streams == (1, 2, 3)
    assert [path.name for path in video.cache_directory().iterdir() if "h265" in path.name] == []
    parameters = source.video_parameters(3)
    assert (parameters.codec, parameters.width, parameters.height) == ("H265", 640, 360)
    assert source.video_parameters(2).codec == "H264"
    items: list[MediaItem] = []
    source.attach(3, items.append)
    async with asyncio.timeout(30):
        while sum(item.track == "video" for item in items) < 30:
            await asyncio.sleep(0.02)
    pictures = [item for item in items if item.track == "video"]
    assert pictures[0].key and split_nals(pictures[0].payload)[0] == parameters.vps
    assert {b.at - a.at for a, b in zip(pictures, pictures[1:], strict=False)} == {40_000_000}
    assert len([path for path in video.cache_directory().iterdir() if "h265" in path.name]) == 1
    await source.close()


async def test_a_source_that_is_closed_does_not_wait_until_it_is_made(
    square: Callable[[], Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = square()
    scene.frames = 150  # type: ignore[misc]
    source = Source(SceneProgramme(scene))
    await source.prepare()
    made: list[video.Film] = []
    recoded = recoding.recoded
    monkeypatch.setattr(recoding, "recoded", lambda film: made.append(recoded(film)) or made[0])
    source.video_parameters(3)
    await asyncio.sleep(0.05)
    await source.close()
    await asyncio.get_running_loop().shutdown_default_executor()
    assert made == []


@pytest.fixture
def without_h265(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(av, "codecs_available", av.codecs_available - {"libx265"})
    recoding.available.cache_clear()
    yield
    recoding.available.cache_clear()


async def test_a_build_that_cannot_code_it_offers_no_such_stream_and_says_so(
    square: Callable[[], Scene], without_h265: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "onframe")
    source = Source(SceneProgramme(square()))
    await source.prepare()
    assert source.streams == (1, 2)
    assert "libx265" in caplog.text
    await source.close()
