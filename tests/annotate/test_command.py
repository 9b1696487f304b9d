"""``onframe annotate`` as its users run it."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import av
import pytest

from onframe.cli.annotate import start_of
from onframe.cli.app import run
from onframe.cli.options import UsageError

ONFRAME = [sys.executable, "-m", "onframe"]
RECORD = (
    '{"kind":"record","received_at":"2026-03-01T12:00:00Z","captured_at":"2026-03-01T12:00:00Z","epoch":1,"n":1,'
    '"metadata":{"type":"activityTarget","subType":"behaviorAnalysis","targets":[{"targetID":1,"recognition":"human",'
    '"regions":[[[100,100],[300,100],[300,500],[100,500]]]}]}}\n'
)


def film(path: Path, pictures: int = 50, size: tuple[int, int] = (320, 240), *, noise: bool = False) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.options = {"preset": "ultrafast"}
        for n in range(pictures):
            frame = av.VideoFrame(*size, "yuv420p")
            for plane in frame.planes:
                plane.update(os.urandom(plane.buffer_size) if noise else bytes([n % 200]) * plane.buffer_size)
            frame.pts, frame.time_base = n, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def onframe(*arguments: str | Path, timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
    command = [*ONFRAME, "annotate", *map(str, arguments)]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)


def count(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def test_a_file_is_annotated_with_everything_beside_it(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mp4")
    records = tmp_path / "r.jsonl"
    records.write_text(RECORD + "broken\n")
    beside = [
        "--png",
        tmp_path / "png",
        "--png-every",
        "1s",
        "--vtt",
        tmp_path / "a.vtt",
        "--json",
        tmp_path / "a.json",
    ]
    done = onframe(source, "--records", records, "-o", tmp_path / "out.mp4", *beside)
    assert (done.returncode, done.stdout) == (0, "")
    first, *notes = done.stderr.splitlines()
    # 1 of 50 has the Record, 12 hold it for 480 of 500 ms
    assert first.startswith(f"{tmp_path / 'out.mp4'}: 50 pictures of 2.0 s in ")
    assert first.endswith("metadata: 2.0 % approximate, 24.0 % held, 74.0 % none")
    assert notes[0].startswith("note: line 2 of the Records cannot be used: ")
    assert notes[1].startswith("note: the Records' place in the video is not certain")
    assert count(tmp_path / "out.mp4") == 50
    assert len(list((tmp_path / "png").iterdir())) == 2
    assert (tmp_path / "a.vtt").read_text().endswith("00:00:00.000 --> 00:00:00.520\nhuman 1\n")
    assert len((tmp_path / "a.json").read_text().splitlines()) == 50
    assert not list(tmp_path.glob("*.part"))


def test_quiet_says_nothing(tmp_path: Path) -> None:
    done = onframe(film(tmp_path / "in.mp4"), "-o", tmp_path / "out.mp4", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_exists_is_kept_unless_forced(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mp4", 5)
    (tmp_path / "out.mp4").write_text("mine")
    done = onframe(source, "-o", tmp_path / "out.mp4")
    assert (done.returncode, done.stderr.splitlines()[1]) == (1, "hint: --force overwrites it")
    assert (tmp_path / "out.mp4").read_text() == "mine"
    assert onframe(source, "-o", tmp_path / "out.mp4", "--force").returncode == 0
    assert count(tmp_path / "out.mp4") == 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gone.mp4", "-o", "out.mp4"], "there is no video file gone.mp4"),
        (["gone", "--records", "r", "-o", "out.mp4"], "there is no video file gone"),
        (["IN", "-o", "out.mp4", "--for", "3s"], "--for is for a camera, and INPUT is a file"),
        (["192.0.2.1", "-o", "out.mp4", "--offset", "1"], "--offset is for a video file, and '192.0.2.1' is none"),
        (["IN", "-o", "out.mp4", "--start", "noon"], "--start noon: write 2026-03-01T12:00:00.000+01:00"),
        (["IN", "-o", "out.mp4", "--json", "out.mp4"], "two outputs have the same name"),
        (["IN", "-o", "out.mp4", "--crf", "60"], "--crf 60.0: choose 0 to 51"),
        (["IN", "-o", "out.mp4", "--color", "red"], "--color=red: there is no such choice"),
        (["IN", "-o", "out.mp4", "--privacy", "face:smear"], "--privacy=face: how=smear"),
        (["IN"], ""),
    ],
)
def test_a_wrong_command_line_is_said(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    film(tmp_path / "in.mp4", 3)
    assert run(["annotate", *(text.replace("IN", "in.mp4") for text in arguments)]) == 2
    assert said in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["in.mp4"]


def test_start_is_an_instant_or_a_timestamp() -> None:
    start = start_of("2026-03-01T13:00:00.500+01:00")
    assert start is not None and start.instant == 1772366400.5
    assert start_of("8589934592") == (2**33, None, "timestamp")
    assert start_of(None) is None
    with pytest.raises(UsageError):
        start_of("2026-03-01T13:00:00")  # whose noon?


def test_without_the_extra_it_says_which_one_is_missing(tmp_path: Path) -> None:
    blind = "import sys; sys.modules['av'] = None; from onframe.cli.app import run; sys.exit(run())"
    source = film(tmp_path / "in.mp4", 3)
    command = [sys.executable, "-c", blind, "annotate", str(source), "-o", str(tmp_path / "out.mp4")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "hint: pip install 'onframe[video]'")


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film that takes some seconds to code."""
    return film(tmp_path_factory.mktemp("film") / "in.mp4", 400, noise=True)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_leaves_what_was_done_as_a_video(noise: Path, tmp_path: Path, number: int, code: int) -> None:
    out = tmp_path / "out.mp4"
    command = [*ONFRAME, "annotate", str(noise), "-o", str(out), "--preset", "medium"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not (part := tmp_path / "out.mp4.part").exists() or part.stat().st_size < 10_000:
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(number)
        _, errors = process.communicate(timeout=10)
    assert process.returncode == code
    assert "Traceback" not in errors and f"{out} (interrupted): " in errors
    done = count(out)
    assert 0 < done < 400
    assert f"(interrupted): {done} pictures" in errors
    assert not list(tmp_path.glob("*.part"))


def test_a_terminal_is_shown_a_bar(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mp4", 300)
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ |= {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "24"}
        os.execv(ONFRAME[0], [*ONFRAME, "annotate", str(source), "-o", str(tmp_path / "out.mp4")])
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 65_536)
        except OSError:  # Linux says so where the other side is closed
            break
        if not piece:
            break
        shown += piece
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert b"painting" in shown and b"%" in shown and b"/s" in shown
    assert b"300 pictures of 12.0 s" in shown
