"""A user's video with metadata from a script."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from onframe.errors import OnframeError
from onframe.isapi.document import decode
from onframe.simulator import video
from onframe.simulator.file import FileProgramme, read_script

XML = '<?xml version=\\"1.0\\"?><Metadata><type>activityTarget</type><subType>ANPR</subType></Metadata>'
RULE = (
    '{"type": "ruleTarget", "subType": "behaviorAnalysis", "targets": [{"ruleID": 1, "regions": [[[1, 2], [3, 4]]]}]}'
)
FACE = '{"type": "activityTarget", "subType":"faceSnap", "targets":[{"targetID":7, "properties":[["gender","male"]]}]}'
SCRIPT = f"""# a comment
{{"at": 0.0, "metadata": {RULE}}}

{{"at": 0.5, "xml": "{XML}"}}
{{"at": 0.25, "json": {{"Metadata": {{"type": "ruleTarget", "subType": "PeopleCounting"}}}}}}
{{"at": 0.5, "metadata": {FACE}}}
{{"at": 0.7, "xml": "half a docu"}}
"""
UNUSABLE = ('{"at": -1, "xml": ""}', '{"xml": "x"}', '{"at": 1}', "[1]", "{", '{"at": 1, "metadata": {"targets": [3]}}')


@pytest.fixture
def clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One second of H.264 with B pictures and sound."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "clip.mp4"
    make(path, "-bf", "2")
    return path


def make(path: Path, *options: str) -> None:
    subprocess.run(
        ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=800x450:r=20:d=1", "-f", "lavfi"]
        + ["-i", "sine=d=1", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", *options, str(path)],
        check=True,
    )  # fmt: skip


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.jsonl"
    path.write_text(SCRIPT)
    return path


@pytest.mark.server
def test_pictures_are_streamed_as_they_are_where_that_can_be_done(clip: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.mp4"
    make(plain, "-bf", "0")
    programme = FileProgramme(plain)
    programme.prepare()
    copy = ["ffmpeg", "-v", "error", "-i", str(plain), "-an", "-c", "copy", "-f", "h264", "-"]
    raw = subprocess.run(copy, capture_output=True, check=True).stdout
    assert b"".join(programme.picture(1, n)[0] for n in range(20)) == raw
    parameters = programme.parameters(1), programme.parameters(2)
    assert [(p.width, p.height) for p in parameters] == [(800, 450), (640, 360)]


@pytest.mark.server
def test_pictures_out_of_order_are_coded_anew_and_their_times_kept(clip: Path) -> None:
    programme = FileProgramme(clip)
    programme.prepare()
    assert [programme.at(n) for n in (0, 1, 19, 20, 21)] == [0, 50_000_000, 950_000_000, 1_000_000_000, 1_050_000_000]
    assert programme.picture(1, 20)[1] and programme.frame_at(1_049_999_999) == 20
    assert len(programme.sound(3)) == 400 and len(set(programme.sound(3))) > 5
    assert video.parameter_sets(programme.picture(2, 0)[0])[0]


@pytest.mark.server
def test_the_script_is_played_in_time_and_anew_with_each_loop(clip: Path, script: Path) -> None:
    programme = FileProgramme(clip, script)
    programme.prepare()
    seen = [(n, i.kind, i.format, i.metadata_type, i.at) for n in range(20, 40) for i in programme.documents(n, 0)]
    assert seen == [
        (20, "rule", "xml", "behaviorAnalysis", 1_000_000_000),
        (25, "target", "json", None, 1_250_000_000),
        (30, "target", "xml", "ANPR", 1_500_000_000),
        (30, "target", "xml", "faceSnap", 1_500_000_000),
        (34, "target", "xml", None, 1_700_000_000),
    ]
    (rule,) = programme.rules(3, 0)
    assert decode(rule.payload).value.targets[0].regions == [[(1, 2), (3, 4)]]
    face = programme.documents(30, 0)[1]
    assert decode(face.payload).value.targets[0].get("gender") == "male"


@pytest.mark.parametrize("line", UNUSABLE)
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "script.jsonl"
    path.write_text('{"at": 0, "xml": "<a/>"}\n' + line)
    with pytest.raises(OnframeError) as caught:
        read_script(path)
    assert "line 2" in str(caught.value)


def test_what_does_not_fit_in_its_facts_is_named(tmp_path: Path) -> None:
    path = tmp_path / "script.jsonl"
    path.write_text('{"at": 1, "metadata": {"targets": [{}, {"targetID": [7]}]}}')
    with pytest.raises(OnframeError, match=r"line 1 of .*the metadata does not fit.*at `\$\.targets\[1\]\.targetID`"):
        read_script(path)


def test_the_device_of_a_record_is_not_that_of_the_script(tmp_path: Path) -> None:
    path = tmp_path / "script.jsonl"
    path.write_text('{"at": 1, "metadata": {"type": "activityTarget", "device": {"channel": 7}}}')
    (line,) = read_script(path)
    assert line.metadata is not None and line.metadata.device is None


def test_records_of_watch_are_a_script(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text(
        '{"captured_at": "2020-01-01T00:00:01.000+08:00", "metadata": {"type": "activityTarget"}}\n'
        '{"captured_at": "2020-01-01T00:00:01.240+08:00",'
        ' "metadata": {"type": "PTZ", "ptz": {"azimuth": 1.5, "presetNo": 2}}}'
    )
    lines = read_script(path)
    assert [line.at for line in lines] == [0, 240_000_000]
    ptz = lines[1].metadata.ptz if lines[1].metadata else None
    assert ptz is not None and (ptz.azimuth, ptz.preset_no) == (1.5, 2)


def test_a_file_that_is_no_video_says_so(tmp_path: Path) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("no video")
    with pytest.raises(OnframeError):
        FileProgramme(path).prepare()
    with pytest.raises(OnframeError):
        FileProgramme(tmp_path / "nothing.mp4")
