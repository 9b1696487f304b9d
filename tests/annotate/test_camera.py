"""From a camera's RTSP to the pixels of the file: each box on the very picture that it describes.

The simulator paints each picture's number and one target as a plain green box, whose place is known. What the painted
files show is read from their decoded pixels.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pytest

from onframe.annotate.file import annotate_file
from onframe.annotate.keep import DecodingTimes, KeptRecords, KeptVideo
from onframe.annotate.live import annotate_camera
from onframe.annotate.render import Wanted
from onframe.annotate.tally import Tally
from onframe.camera.camera import Camera
from onframe.cli.annotate import start_of
from onframe.errors import ConnectionLost
from onframe.overlay.style import ALARM, class_color
from onframe.simulator.camera import SimulatedCamera
from onframe.simulator.scenes import load

SECONDS = 12.0
LEFT, TOP, SQUARE = 16, 16, 24
COLORS = [np.array(list(bytes.fromhex(c[1:]))) for c in (class_color("human"), class_color("vehicle"), ALARM)]

pytestmark = pytest.mark.timeout(300)


class Seen(NamedTuple):
    """One picture of a file: the number painted into it, and how far the drawn box's edges are off, in pixels."""

    number: int
    off: list[float]
    looked_for: int


def number_of(luma: np.ndarray) -> int:
    row = luma[TOP + 8 : TOP + 16]
    return sum(int(row[:, LEFT + SQUARE * bit + 8 : LEFT + SQUARE * bit + 16].mean() > 128) << bit for bit in range(16))


def drawn_edge(picture: np.ndarray, box: tuple[int, ...], side: int) -> float | None:
    """Where the drawn box's left (0), top (1), right (2) or bottom (3) edge is; None where it cannot be seen."""
    if side % 2:
        picture, box = picture.swapaxes(0, 1), (box[1], box[0], box[3], box[2])
    near, start, end = box[2 if side > 1 else 0], box[1], box[3]
    rows = slice(int(start + 0.2 * (end - start)), int(end - 0.2 * (end - start)))
    first = near - 6
    if first < 0 or rows.start < 0 or rows.stop > len(picture) or first + 13 > picture.shape[1]:
        return None
    part = picture[rows, first : first + 13]
    like = np.any([np.abs(part - color).sum(axis=2) < 110 for color in COLORS], axis=0)
    strong = np.nonzero(like.mean(axis=0) > 0.6)[0]
    runs = np.split(strong, np.nonzero(np.diff(strong) > 1)[0] + 1)
    lines = [float(run.mean()) for run in runs if 0 < len(run) < 7]  # an alarm's label is as red as its box
    return min((first + line + 0.5 for line in lines), key=lambda edge: abs(edge - near), default=None)


def seen(path: Path) -> Iterator[Seen]:
    """What a file shows. Rules and trails cross boxes too: the line nearest to the target is its box's."""
    scene = load("gate", 1)
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            number = number_of(frame.to_ndarray(format="gray"))
            place = scene.landmark(number)
            if place is None:
                yield Seen(number, [], 0)
                continue
            box = tuple(round(edge) for edge in place)
            picture = frame.reformat(format="rgb24", src_colorspace=1).to_ndarray().astype(np.int16)
            edges = [drawn_edge(picture, box, side) for side in range(4)]
            off = [abs(edge - box[side]) for side, edge in enumerate(edges) if edge is not None]
            yield Seen(number, off, 4)


def times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(frame.pts * frame.time_base) for frame in container.decode(video=0)]  # type: ignore[operator]


class Recording(NamedTuple):
    directory: Path
    tally: Tally


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Twelve seconds from a camera whose metadata comes up to 0.4 s late, kept and painted at once."""
    directory = tmp_path_factory.mktemp("recording")

    async def record() -> Tally:
        simulated = SimulatedCamera("gate", clock="sr", frame_marks=True, metadata_delay=(0.0, 0.4))
        async with simulated, Camera.from_url(simulated.url) as camera:
            return await annotate_camera(
                camera,
                Wanted(output=directory / "live.mp4", preset="ultrafast", json=directory / "live.jsonl"),
                seconds=SECONDS,
                video=KeptVideo(directory / "clip.mp4"),
                records=KeptRecords(directory / "records.jsonl"),
            )

    return Recording(directory, asyncio.run(record()))


def judge(pictures: list[Seen]) -> tuple[float, float]:
    """(the worst edge in pixels, the share of edges that could be seen)."""
    assert sum(one.looked_for > 0 for one in pictures) >= 100
    distances = [off for one in pictures for off in one.off]
    return max(distances), len(distances) / sum(one.looked_for for one in pictures)


def test_what_is_recorded_live_has_every_box_on_its_picture(recording: Recording) -> None:
    pictures = list(seen(recording.directory / "live.mp4"))
    worst, share = judge(pictures)
    print(f"{len(pictures)} pictures, at most {worst:.1f} pixels off, {share:.0%} of edges seen, {recording.tally}")
    assert len(pictures) == recording.tally.pictures >= SECONDS * 25 - 5
    assert worst <= 2.0
    assert share >= 0.9
    assert recording.tally.states["approximate"] == recording.tally.states["none"] == 0


def test_what_was_kept_is_annotated_again_picture_for_picture(recording: Recording) -> None:
    directory = recording.directory
    out, side = directory / "again.mp4", directory / "again.jsonl"
    wanted = Wanted(output=out, json=side)
    tally = annotate_file(directory / "clip.mp4", directory / "records.jsonl", wanted)
    worst, share = judge(list(seen(out)))
    print(f"at most {worst:.1f} pixels off, {share:.0%} of edges seen, {tally.shares()}")
    assert worst <= 2.0
    assert share >= 0.9
    assert tally.origin == "clip" and tally.hints() == []
    assert times(out) == times(directory / "clip.mp4") == times(directory / "live.mp4")
    live, again = (
        [json.loads(line)["shapes"] for line in path.read_text().splitlines()]
        for path in (directory / "live.jsonl", side)
    )
    assert live == again


def test_a_binding_that_is_one_picture_off_is_noticed(recording: Recording) -> None:
    directory = recording.directory
    out = directory / "off.mp4"
    annotate_file(directory / "clip.mp4", directory / "records.jsonl", Wanted(output=out), offset=0.04)
    off = [distance for one in seen(out) for distance in one.off]
    assert max(off) > 4
    assert sum(distance > 2 for distance in off) > 0.1 * len(off)


def test_records_of_watch_find_the_video_by_the_clock(recording: Recording) -> None:
    """As `onframe watch --json` writes them, without a picture's time: --start says when the first one was taken."""
    directory = recording.directory
    first, *lines = [json.loads(line) for line in (directory / "records.jsonl").read_text().splitlines()]
    of_first = next(line for line in lines if line["video"]["timestamp"] == first["timestamp"])
    bare = directory / "bare.jsonl"
    bare.write_text("".join(json.dumps(line | {"video": None}) + "\n" for line in lines))
    out = directory / "by_clock.mp4"
    tally = annotate_file(directory / "clip.mp4", bare, Wanted(output=out), start=start_of(of_first["captured_at"]))
    worst, share = judge(list(seen(out)))
    assert (worst <= 2.0, share >= 0.9) == (True, True)
    assert tally.states["exact"] == 0 and tally.states["approximate"] >= SECONDS * 25 - 10


async def test_a_camera_without_pictures_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onframe.annotate.live.PATIENCE", 1.5)
    async with Camera("127.0.0.1", username="a", password="b", http_port=1, rtsp_port=1) as camera:
        with pytest.raises(ConnectionLost, match="no picture came within"):
            await annotate_camera(camera, Wanted(output=tmp_path / "out.mp4", json=tmp_path / "j"))
    assert list(tmp_path.iterdir()) == []


async def test_the_video_goes_on_after_a_reboot(tmp_path: Path) -> None:
    async with SimulatedCamera("gate", clock="sr", frame_marks=True) as simulated:
        async with Camera.from_url(simulated.url) as camera:
            running = asyncio.create_task(
                annotate_camera(
                    camera,
                    Wanted(output=tmp_path / "out.mp4", preset="ultrafast"),
                    seconds=14.0,
                    video=KeptVideo(tmp_path / "clip.mkv"),
                    records=KeptRecords(tmp_path / "records.jsonl"),
                )
            )
            await asyncio.sleep(5)
            await simulated.faults.inject("reboot=1s")
            tally = await running
    lines = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    clips = [line for line in lines if line["kind"] == "clip"]
    assert [clip["epoch"] > 1 for clip in clips] == [False, True]
    assert clips[1]["pts"] > 90_000
    assert tally.states["approximate"] == 0
    for path in (tmp_path / "out.mp4", tmp_path / "again.mp4"):
        if path.name == "again.mp4":
            annotate_file(tmp_path / "clip.mkv", tmp_path / "records.jsonl", Wanted(output=path))
        assert judge(list(seen(path)))[0] <= 2.0


def test_times_of_decoding_rise_and_are_never_after_showing() -> None:
    decoding = DecodingTimes()
    shown = [0, 120, 40, 80, 240, 160, 200] + [240 + 40 * n for n in range(1, 40)]
    done = [one for n, pts in enumerate(shown) for one in decoding.push(pts, n)] + decoding.flush()
    assert [(pts, n) for pts, _, n in done] == list(zip(shown, range(len(shown)), strict=True))
    dts = [dts for _, dts, _ in done]
    assert dts == sorted(set(dts))
    assert all(dts <= pts for pts, dts, _ in done)
    assert dts[:4] == [-40, 0, 40, 80]  # the one shown at 40 is decoded third: one picture of delay


def test_without_reordering_pictures_are_decoded_when_they_are_shown() -> None:
    decoding = DecodingTimes()
    done = [one for pts in range(0, 400, 40) for one in decoding.push(pts, None)] + decoding.flush()
    assert [(pts, dts) for pts, dts, _ in done] == [(pts, pts) for pts in range(0, 400, 40)]
