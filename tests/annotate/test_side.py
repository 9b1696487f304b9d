"""What is written beside the video: WebVTT, JSON lines and PNG."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image

from onframe.annotate.side import Cues, Frames, Pictures, Told
from onframe.errors import OnframeError
from onframe.overlay.playout import Drawn
from onframe.overlay.vocabulary import Box, Event, Plate, Shape, Shapes

STEP = 3600


def box(label: str, subject: str = "t/1") -> Box:
    return Box(x=0.1, y=0.1, w=0.2, h=0.2, color="#ffffff", labels=[label, "second line"], subject=subject)


def told(n: int, *shapes: Shape, state: str = "exact", events: tuple[Event, ...] = ()) -> Told:
    frame = av.VideoFrame(64, 48, "yuv420p")
    for plane in frame.planes:
        plane.update(bytes([235 if plane.width == 64 else 128]) * plane.buffer_size)
    frame.pts, frame.time_base = n * STEP, Fraction(1, 90_000)
    drawn = [Drawn(shape, "exact") for shape in shapes]
    bound = [Shapes(pts=n * STEP, layer="l", exact=True, clock="rtp_info", events=events)]
    return Told(n, n * STEP, frame, state, drawn, bound)


def cues(path: Path) -> list[tuple[str, str]]:
    head, *blocks = path.read_text(encoding="utf-8").strip().split("\n\n")
    assert head == "WEBVTT"
    return [tuple(block.split("\n")) for block in blocks]  # type: ignore[misc]


def test_who_is_seen_is_one_cue_over_short_gaps(tmp_path: Path) -> None:
    side = Cues(tmp_path / "a.vtt")
    for n in range(100):
        shapes = [box("human 1")] if n < 10 or 15 <= n < 20 or n >= 90 else []
        side.picture(told(n, *shapes))
    side.finish(STEP)
    # 10 to 14 are a gap of 0.2 s, 20 to 89 one of 2.8 s; the last picture is shown for 0.04 s
    assert cues(tmp_path / "a.vtt") == [
        ("00:00:00.000 --> 00:00:00.800", "human 1"),
        ("00:00:03.600 --> 00:00:04.000", "human 1"),
    ]


def test_events_last_two_seconds_from_their_last_time_on_and_cues_are_in_order(tmp_path: Path) -> None:
    side = Cues(tmp_path / "a.vtt")
    alarm = Event("k", "alarm", "intrusion", "human · rule 3", "#ff0000")
    for n in range(76):
        plate = [Plate(x=0.5, y=0.5, text="ONF <1>", color="#fff", ink="#000", subject="t/2")] if n == 30 else []
        side.picture(told(n, *plate, events=(alarm,) if n in (0, 25) else ()))
    side.finish(STEP)
    assert cues(tmp_path / "a.vtt") == [
        ("00:00:00.000 --> 00:00:03.040", "! intrusion: human · rule 3"),
        ("00:00:01.200 --> 00:00:01.240", "ONF &lt;1&gt;"),
    ]


def test_a_text_can_break_no_cue(tmp_path: Path) -> None:
    side = Cues(tmp_path / "a.vtt")
    side.picture(told(0, box("a\n\n00:00:00.000 --> 00:00:09.000\n<b>evil")))
    side.finish(STEP)
    expected = "a 00:00:00.000 --&gt; 00:00:09.000 &lt;b&gt;evil"
    assert cues(tmp_path / "a.vtt") == [("00:00:00.000 --> 00:00:00.040", expected)]


def test_json_lines_say_what_is_drawn_when(tmp_path: Path) -> None:
    side = Frames(tmp_path / "a.jsonl")
    side.picture(told(0, state="none"))
    side.picture(told(1, box("human 1")))
    assert not (tmp_path / "a.jsonl").exists()
    side.finish(STEP)
    first, second = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert first == {"n": 0, "pts": 0, "time_base": [1, 90_000], "time": 0.0, "state": "none", "shapes": []}
    assert (second["n"], second["pts"], second["time"], second["state"]) == (1, 3600, 0.04, "exact")
    (drawn,) = second["shapes"]
    assert (drawn["state"], drawn["age"], drawn["shape"]["t"], drawn["shape"]["labels"][0]) == (
        "exact",
        0.0,
        "box",
        "human 1",
    )


def test_pictures_are_written_every_so_often_under_their_numbers(tmp_path: Path) -> None:
    side = Pictures(tmp_path / "png", every=0.1)
    for n in range(10):
        side.picture(told(n))
    side.finish(STEP)
    # the first at or after 0, 0.1, 0.2 and 0.3 s: 0, 0.12, 0.2 and 0.32 s
    names = ["frame-000000.png", "frame-000003.png", "frame-000005.png", "frame-000008.png"]
    assert sorted(one.name for one in (tmp_path / "png").iterdir()) == names
    with Image.open(tmp_path / "png" / names[0]) as image:
        assert (image.size, image.mode, image.getpixel((5, 5))) == ((64, 48), "RGB", (255, 255, 255))


def test_a_directory_with_pictures_is_not_mixed_up(tmp_path: Path) -> None:
    Pictures(tmp_path).picture(told(0))
    with pytest.raises(OnframeError, match="has pictures already"):
        Pictures(tmp_path)
    Pictures(tmp_path, force=True).picture(told(0))
    (tmp_path / "file").write_text("")
    with pytest.raises(OnframeError, match="no directory"):
        Pictures(tmp_path / "file")
