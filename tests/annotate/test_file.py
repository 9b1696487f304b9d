"""Video files with their Records: every picture keeps its time, other streams their bytes, and boxes their place."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
import pytest

from onframe.annotate.file import annotate_file
from onframe.annotate.render import Wanted
from onframe.annotate.timeline import Start
from onframe.errors import OnframeError
from onframe.isapi.metadata import Metadata, Target
from onframe.overlay.style import class_color
from onframe.overlay.view import View
from onframe.record import Record, VideoTime, to_json

SIZE = (320, 240)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BASE = Fraction(1, 90_000)
STEADY = [3600 * n for n in range(30)]
UNEVEN = [5401, 7000, 12_345, 12_400, 30_000, 33_003, 90_000, 91_111, 95_000, 200_000]


def film(
    path: Path,
    times: Sequence[int] = STEADY,
    *,
    base: Fraction = BASE,
    size: tuple[int, int] = SIZE,
    bframes: int = 0,
    full_range: bool = False,
    sound: bool = False,
    tags: dict[str, str] | None = None,
) -> Path:
    """A grey film; ``sound`` adds a second of AAC."""
    options = {"movie_timescale": "90000"} if path.suffix in (".mp4", ".mov") else {}  # else the first is rounded
    with av.open(str(path), "w", container_options=options) as container:
        container.metadata.update(tags or {})
        video = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = *size, "yuvj420p" if full_range else "yuv420p"
        video.time_base = video.codec_context.time_base = base
        video.codec_context.options = {"preset": "ultrafast", "bf": str(bframes), "b-adapt": "0"}
        context = video.codec_context
        context.colorspace = context.color_primaries = context.color_trc = 6 if full_range else 1
        context.color_range = 2 if full_range else 1
        audio = container.add_stream("aac", rate=8000) if sound else None
        for n in range(8 if audio else 0):
            wave = np.sin(np.arange(1024) * (n + 1) / 9).astype(np.float32).reshape(1, -1)
            piece = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
            piece.sample_rate, piece.pts = 8000, n * 1024
            container.mux(audio.encode(piece))  # type: ignore[union-attr]
        if audio:
            container.mux(audio.encode(None))
        for at in times:
            container.mux(video.encode(grey(size, at, base)))
        container.mux(video.encode(None))
    return path


def grey(size: tuple[int, int], at: int, base: Fraction) -> av.VideoFrame:
    frame = av.VideoFrame(*size, "yuv420p")
    for plane in frame.planes:
        plane.update(bytes([100 if plane.width == size[0] else 128]) * plane.buffer_size)
    frame.pts, frame.time_base = at, base
    return frame


def box(n: int, x: int, *, at: float = 0.0, timestamp: int | None = None) -> Record:
    """A vehicle from (x, 300) to (x + 300, 700) of 1000."""
    corners: list[Any] = [(x, 300), (x + 300, 300), (x + 300, 700), (x, 700)]
    target = Target(target_id=1, recognition="vehicle", regions=[corners])
    return Record(
        "c",
        1,
        1,
        1,
        n,
        NOON + timedelta(seconds=at),
        Metadata(type="activityTarget", sub_type="behaviorAnalysis", targets=[target]),
        captured_at=NOON + timedelta(seconds=at),
        video=None if timestamp is None else VideoTime(timestamp, "sender_report", 0.0, True),
    )


def records(path: Path, *lines: Record | bytes) -> Path:
    path.write_bytes(b"".join((line if isinstance(line, bytes) else to_json(line)) + b"\n" for line in lines))
    return path


def frames(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def times(path: Path) -> list[Fraction]:
    return [frame.pts * frame.time_base for frame in frames(path)]  # type: ignore[operator]


def packets(path: Path, kind: str) -> list[tuple[bytes, Fraction]]:
    with av.open(str(path)) as container:
        stream = next(one for one in container.streams if one.type == kind)
        return [(bytes(p), p.pts * p.time_base) for p in container.demux(stream) if p.size]


def left_edge(frame: av.VideoFrame) -> int | None:
    """The column where a box's colour stands at half the picture's height."""
    row = frame.reformat(format="rgb24", src_colorspace=1).to_ndarray()[frame.height // 2].astype(int)
    wanted = np.array(list(bytes.fromhex(class_color("vehicle")[1:])))
    near = np.nonzero(np.abs(row - wanted).sum(axis=1) < 110)[0]
    return int(near[0]) if len(near) else None


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("bframes", [0, 3])
def test_every_picture_keeps_its_time(tmp_path: Path, suffix: str, bframes: int) -> None:
    source = film(tmp_path / f"in{suffix}", UNEVEN, bframes=bframes)
    tally = annotate_file(source, None, Wanted(output=tmp_path / f"out{suffix}"))
    assert tally.pictures == len(UNEVEN)
    assert times(tmp_path / f"out{suffix}") == times(source)
    if suffix == ".mp4":
        assert times(source) == [at * BASE for at in UNEVEN]


def test_times_of_another_container_are_kept_to_what_the_new_one_has(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mkv", [0, 40, 77, 200], base=Fraction(1, 1000))
    annotate_file(source, None, Wanted(output=tmp_path / "out.mp4"))
    assert times(tmp_path / "out.mp4") == [Fraction(n, 1000) for n in (0, 40, 77, 200)]


@pytest.mark.parametrize("full_range", [False, True])
def test_the_colours_mean_what_they_did(tmp_path: Path, full_range: bool) -> None:
    source = film(tmp_path / "in.mp4", full_range=full_range)
    annotate_file(source, None, Wanted(output=tmp_path / "out.mp4"))
    before, after = frames(source)[3], frames(tmp_path / "out.mp4")[3]
    for name in ("color_range", "colorspace", "color_primaries", "color_trc", "width", "height"):
        assert getattr(after, name) == getattr(before, name), name
    luma = [np.asarray(one.to_ndarray()[:240], dtype=int) for one in (before, after)]
    assert np.abs(luma[0] - luma[1]).max() <= 3


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_video_that_players_turn_is_still_turned(tmp_path: Path, suffix: str) -> None:
    with av.open(str(film(tmp_path / "in.mp4"))) as straight, av.open(str(tmp_path / "turned.mp4"), "w") as container:
        stream = container.add_stream_from_template(straight.streams.video[0])
        stream.set_display_rotation(90)
        for packet in straight.demux(video=0):
            if packet.size:
                packet.stream = stream
                container.mux_one(packet)
    source, out = tmp_path / "turned.mp4", tmp_path / f"out{suffix}"
    annotate_file(source, None, Wanted(output=out))
    assert [frame.rotation for frame in (frames(source)[0], frames(out)[0])] == [90, 90]
    assert (frames(out)[0].width, frames(out)[0].height) == SIZE


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_sound_is_copied_byte_for_byte(tmp_path: Path, suffix: str) -> None:
    source = film(tmp_path / "in.mp4", sound=True, tags={"title": "gate 4"})
    out = tmp_path / f"out{suffix}"
    annotate_file(source, None, Wanted(output=out))
    # AAC begins with a packet at -0.128 s that is decoded and not heard; Matroska has no such times
    original = packets(source, "audio")[0 if suffix == ".mp4" else 1 :]
    copied = packets(out, "audio")
    assert len(original) >= 8
    assert [data for data, _ in copied] == [data for data, _ in original]
    assert all(abs(a - b) <= Fraction(1, 2000) for (_, a), (_, b) in zip(copied, original, strict=True))
    assert times(out) == times(source)
    with av.open(str(out)) as container:
        assert {name.lower(): text for name, text in container.metadata.items()}["title"] == "gate 4"


def test_a_timecode_goes_along(tmp_path: Path) -> None:
    """In .mp4 it is a track of its own, which is made anew of what the video says of itself."""
    source = film(tmp_path / "in.mp4", tags={"timecode": "10:11:12:13"})
    with av.open(str(source)) as container:
        assert [one.type for one in container.streams] == ["video", "data"]
    for suffix, types in ((".mp4", ["video", "data"]), (".mkv", ["video"])):
        out = tmp_path / f"out{suffix}"
        tally = annotate_file(source, None, Wanted(output=out))
        with av.open(str(out)) as container:
            assert [one.type for one in container.streams] == types
            tags = {name.lower(): text for name, text in container.streams.video[0].metadata.items()}
        assert tags["timecode"] == "10:11:12:13"
        assert tally.hints() == []


def test_attached_files_are_copied_where_there_is_room_for_them_else_it_is_said(tmp_path: Path) -> None:
    source = tmp_path / "in.mkv"
    with av.open(str(film(tmp_path / "plain.mp4"))) as plain, av.open(str(source), "w") as container:
        stream = container.add_stream_from_template(plain.streams.video[0])
        container.add_attachment("notes.txt", "text/plain", b"gate 4")
        for packet in plain.demux(video=0):
            if packet.size:
                packet.stream = stream
                container.mux_one(packet)
    assert annotate_file(source, None, Wanted(output=tmp_path / "out.mkv")).hints() == []
    with av.open(str(tmp_path / "out.mkv")) as container:
        attached = container.streams[1]
        assert (attached.metadata["filename"], attached.data) == ("notes.txt", b"gate 4")  # type: ignore[attr-defined]
    tally = annotate_file(source, None, Wanted(output=tmp_path / "out.mp4"))
    assert tally.hints() == ["not copied, since the output cannot hold it: attachment (stream 1)"]
    assert times(tmp_path / "out.mp4") == times(tmp_path / "out.mkv") == times(source)


def test_data_of_others_is_left_out_and_that_is_said(tmp_path: Path) -> None:
    source = tmp_path / "in.ts"
    with av.open(str(source), "w") as container:
        video, data = container.add_stream("libx264", rate=25), container.add_data_stream("klv")
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        for n in range(10):
            packet = av.Packet(b"\x06\x0e\x2b\x34" + bytes(20))
            packet.stream, packet.pts, packet.dts = data, 3600 * n, 3600 * n
            container.mux(packet)
            container.mux(video.encode(grey(SIZE, n, Fraction(1, 25))))
        container.mux(video.encode(None))
    tally = annotate_file(source, None, Wanted(output=tmp_path / "out.mp4"))
    assert tally.pictures == 10
    assert tally.hints() == ["not copied, since the output cannot hold it: data (stream 1)"]


def test_only_video_leaves_sound_out(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mp4", sound=True)
    annotate_file(source, None, Wanted(output=tmp_path / "out.mp4"), only_video=True)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [one.type for one in container.streams] == ["video"]


def test_sound_that_the_container_cannot_hold_is_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "in.mov"
    with av.open(str(path), "w") as container:
        video, audio = container.add_stream("libx264", rate=25), container.add_stream("pcm_mulaw", rate=8000)
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        audio.layout = "mono"
        piece = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
        piece.sample_rate, piece.pts = 8000, 0
        container.mux(audio.encode(piece))
        container.mux(video.encode(grey(SIZE, 0, Fraction(1, 25))))
        container.mux(video.encode(None))
    with pytest.raises(OnframeError, match="cannot hold a stream of the input: audio") as error:
        annotate_file(path, None, Wanted(output=tmp_path / "out.mp4"))
    assert ".mkv" in str(error.value.hint)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["in.mov"]
    annotate_file(path, None, Wanted(output=tmp_path / "out.mov"))
    assert packets(tmp_path / "out.mov", "audio") == packets(path, "audio")


def test_each_record_is_painted_on_its_own_picture(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mp4", UNEVEN, bframes=3)
    of_each = [box(n + 1, 60 * n, timestamp=77 + at - UNEVEN[0]) for n, at in enumerate(UNEVEN)]
    path = records(tmp_path / "r", *reversed(of_each))  # all are within the time that lines are read ahead
    start = Start(timestamp=77, origin="timestamp")
    tally = annotate_file(source, path, Wanted(output=tmp_path / "out.mp4", crf=5), start=start)
    assert tally.states == {"exact": 10, "approximate": 0, "interpolated": 0, "held": 0, "none": 0}
    assert tally.hints() == []
    for n, frame in enumerate(frames(tmp_path / "out.mp4")):
        edge = left_edge(frame)
        assert edge is not None and abs(edge - 0.060 * n * 320) <= 2, n


def test_between_two_records_a_box_is_on_its_way(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mp4")
    path = records(tmp_path / "r", box(1, 100, timestamp=0), box(2, 500, timestamp=10 * 3600))
    side = tmp_path / "drawn.jsonl"
    tally = annotate_file(source, path, Wanted(output=tmp_path / "out.mp4", json=side))
    # 0 and 10 have their own, 1 to 9 lie between, 11 to 22 are held: 12 pictures of 40 ms are 480 of 500 ms
    assert tally.states == {"exact": 2, "approximate": 0, "interpolated": 9, "held": 12, "none": 7}
    lines = [json.loads(line) for line in side.read_text().splitlines()]
    fifth = next(one for one in lines[5]["shapes"] if one["shape"]["t"] == "box")
    assert fifth["state"] == "interpolated"
    assert fifth["shape"]["x"] == pytest.approx(0.3)
    assert [line["state"] for line in lines].count("none") == 7
    assert (lines[5]["pts"], lines[5]["time_base"], lines[5]["time"]) == (18_000, [1, 90_000], 0.2)


def test_records_that_miss_the_video_are_told_with_a_way_out(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mp4")  # 0 to 1.16 s
    path = records(tmp_path / "r", box(1, 100, at=3.16))
    start = Start(instant=NOON.timestamp(), origin="instant")
    tally = annotate_file(source, path, Wanted(output=tmp_path / "out.mp4"), start=start)
    assert tally.states["none"] == 30
    assert [hint for hint in tally.hints() if "no Record falls into the video" in hint] == [
        "no Record falls into the video: the nearest lies 2.0 s after the last picture (as given); "
        "--offset -2.0 would move it to the edge"
    ]
    again = Wanted(output=tmp_path / "out.mp4", force=True)
    tally = annotate_file(source, path, again, start=start, offset=-2.0)
    assert tally.states["approximate"] == 1


def test_broken_lines_cost_themselves(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mp4")
    path = records(tmp_path / "r", b"{", box(1, 100, timestamp=0), b'{"kind":"record"}', box(2, 100, timestamp=3600))
    tally = annotate_file(source, path, Wanted(output=tmp_path / "out.mp4"))
    assert (tally.records, tally.bad, tally.states["exact"]) == (2, 2, 2)
    assert [hint.split(":")[0] for hint in tally.hints()][:2] == [
        "line 1 of the Records cannot be used",
        "line 3 of the Records cannot be used",
    ]


def test_what_is_private_is_hidden_and_what_is_hidden_is_not_written(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mp4")
    path = records(tmp_path / "r", *(box(n + 1, 300, timestamp=at) for n, at in enumerate(STEADY)))
    side, view = tmp_path / "drawn.jsonl", View.parse({"hide": "target,trail", "privacy": "vehicle:fill"})
    annotate_file(source, path, Wanted(output=tmp_path / "out.mp4", crf=5, json=side, view=view))
    assert all(json.loads(line)["shapes"] == [] for line in side.read_text().splitlines())
    before, after = (
        frame[5].to_ndarray()[:240].astype(int) for frame in (frames(source), frames(tmp_path / "out.mp4"))
    )
    assert np.abs(before[80:160, 110:180] - after[80:160, 110:180]).min() > 30  # the filled area
    assert np.abs(before[:40] - after[:40]).max() <= 3


def test_what_is_private_stays_hidden_after_its_last_record_and_is_before_its_first(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mp4", [3600 * n for n in range(40)])
    path = records(tmp_path / "r", box(1, 300, timestamp=3600 * 12))
    view = View.parse({"hide": "target,trail", "privacy": "vehicle:fill"})
    start = Start(timestamp=0, origin="timestamp")
    annotate_file(source, path, Wanted(output=tmp_path / "out.mp4", crf=5, view=view), start=start)
    before, after = frames(source), frames(tmp_path / "out.mp4")

    def is_hidden(n: int) -> bool:
        grey, shown = (one[n].to_ndarray()[80:160, 110:180].astype(int) for one in (before, after))
        return bool(np.abs(grey - shown).min() > 30)

    # told on picture 12 alone: half a second before it begins with picture 0, the second after it ends with picture 37
    assert [n for n in range(40) if is_hidden(n)] == list(range(38))


def test_no_file_names_a_plate_that_is_private(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mp4")
    corners: list[Any] = [(300, 300), (600, 300), (600, 700), (300, 700)]
    seen = box(1, 300, timestamp=0)
    plate = Target(target_id=1, recognition="vehicle", regions=[corners], properties=[("licensePlate", "XA12345")])
    seen = msgspec.structs.replace(seen, metadata=Metadata(type="activityTarget", sub_type="ANPR", targets=[plate]))
    path = records(tmp_path / "r", seen)
    cues, drawn = tmp_path / "cues.vtt", tmp_path / "drawn.jsonl"
    annotate_file(source, path, Wanted(output=tmp_path / "open.mp4", vtt=cues, json=drawn))
    assert "XA12345" in cues.read_text() and "XA12345" in drawn.read_text()
    secret = Wanted(
        output=tmp_path / "out.mp4", vtt=cues, json=drawn, view=View.parse({"privacy": "plate"}), force=True
    )
    annotate_file(source, path, secret)
    assert "XA12345" not in cues.read_text() + drawn.read_text()
    assert "•••" in cues.read_text()


def test_a_picture_of_another_size_is_scaled_to_the_first(tmp_path: Path) -> None:
    parts = []
    for size in ((320, 240), (160, 120)):
        with av.open(str(film(tmp_path / f"{size[0]}.h264", STEADY[:5], size=size)), format="h264") as container:
            parts.append(b"".join(bytes(packet) for packet in container.demux(video=0)))
    (tmp_path / "both.h264").write_bytes(b"".join(parts))
    with av.open(str(tmp_path / "both.h264")) as raw, av.open(str(tmp_path / "in.mkv"), "w") as container:
        stream = container.add_stream_from_template(raw.streams.video[0])
        for n, packet in enumerate(one for one in raw.demux(video=0) if one.size):
            packet.stream, packet.time_base = stream, Fraction(1, 1000)
            packet.pts = packet.dts = 40 * n
            container.mux_one(packet)
    tally = annotate_file(tmp_path / "in.mkv", None, Wanted(output=tmp_path / "out.mp4"))
    assert (tally.pictures, tally.resized) == (10, 5)
    assert {(frame.width, frame.height) for frame in frames(tmp_path / "out.mp4")} == {(320, 240)}
    assert "5 pictures had another size than the first, and were scaled to it" in tally.hints()


def test_an_odd_row_is_left_out(tmp_path: Path) -> None:
    film(tmp_path / "even.mp4", STEADY[:3])
    with av.open(str(tmp_path / "odd.mkv"), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 321, 241, "yuvj420p"
        for n in range(3):
            frame = av.VideoFrame(321, 241, "yuvj420p")
            frame.pts, frame.time_base = n, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    annotate_file(tmp_path / "odd.mkv", None, Wanted(output=tmp_path / "out.mp4"))
    assert {(frame.width, frame.height) for frame in frames(tmp_path / "out.mp4")} == {(320, 240)}


def test_damage_in_the_middle_costs_its_pictures_alone(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mkv", [40 * n for n in range(100)], base=Fraction(1, 1000))
    data = bytearray(source.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4] = bytes(4)
    (tmp_path / "bad.mkv").write_bytes(data)
    tally = annotate_file(tmp_path / "bad.mkv", None, Wanted(output=tmp_path / "out.mp4"))
    assert 50 <= tally.pictures <= 100
    assert len(frames(tmp_path / "out.mp4")) == tally.pictures


def test_stopped_early_it_leaves_a_video_of_what_was_done(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mp4", [3600 * n for n in range(500)])
    stop = threading.Event()
    report = lambda tally, total: stop.set() if tally.pictures == 40 else None  # noqa: E731
    tally = annotate_file(source, None, Wanted(output=tmp_path / "out.mp4"), report=report, stop=stop)
    assert tally.pictures == 40
    assert times(tmp_path / "out.mp4") == [Fraction(n, 25) for n in range(40)]


def test_nothing_is_overwritten_and_nothing_is_left_behind(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mp4")
    (tmp_path / "out.mp4").write_bytes(b"mine")
    with pytest.raises(OnframeError, match="exists"):
        annotate_file(source, None, Wanted(output=tmp_path / "out.mp4"))
    with pytest.raises(OnframeError, match="overwrite the input"):
        annotate_file(source, None, Wanted(output=source, force=True))
    with pytest.raises(OnframeError, match="there is no directory"):
        annotate_file(source, None, Wanted(output=tmp_path / "no" / "out.mp4"))
    with pytest.raises(OnframeError, match="no video that can be written"):
        annotate_file(source, None, Wanted(output=tmp_path / "out.txt"))
    (tmp_path / "text.mp4").write_text("no video at all")
    with pytest.raises(OnframeError, match="cannot be read"):
        annotate_file(tmp_path / "text.mp4", None, Wanted(output=tmp_path / "new.mp4"))
    with pytest.raises(OnframeError, match="the Records in"):
        annotate_file(source, tmp_path / "nothing", Wanted(output=tmp_path / "new.mp4", json=tmp_path / "j"))
    assert (tmp_path / "out.mp4").read_bytes() == b"mine"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["in.mp4", "out.mp4", "text.mp4"]
    annotate_file(source, None, Wanted(output=tmp_path / "out.mp4", force=True))
    assert times(tmp_path / "out.mp4") == times(source)
