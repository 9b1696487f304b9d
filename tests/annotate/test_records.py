"""JSON lines of Records come back as they were written; a line that is broken costs itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from onframe.annotate.records import MAX_LINE, BadLine, Clip, read_records
from onframe.errors import OnframeError
from onframe.isapi.metadata import Metadata
from onframe.record import Coordinates, Gap, Record, VideoTime, to_json

AT = datetime(2026, 3, 1, 12, 0, 0, 40_000, tzinfo=UTC)


def record(**changes: object) -> Record:
    plain = Record("camera", 1, 1, 1, 7, AT, Metadata(type="activityTarget", sub_type="ANPR"))
    for name, value in changes.items():
        setattr(plain, name, value)
    return plain


def written(path: Path, *lines: bytes) -> Path:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def test_a_record_comes_back_with_its_times(tmp_path: Path) -> None:
    sent = record(
        captured_at=AT,
        clock="sender_report",
        uncertainty=0.001,
        timestamp=2**33 + 5,
        video=VideoTime(2**33 + 3600, "sender_report", 0.001, True),
        coordinates=Coordinates("unit", "bottom-left", assumed=False),
        repairs=["number_as_text"],
    )
    assert list(read_records(written(tmp_path / "r", to_json(sent)))) == [sent]


def test_other_events_and_empty_lines_are_passed_over(tmp_path: Path) -> None:
    gap = Gap("camera", 1, 1, 1, AT, "loss", packets=3)
    clip = b'{"kind":"clip","epoch":1,"timestamp":8589934592,"pts":0}'
    path = written(tmp_path / "r", to_json(gap), b"", b"  ", clip, to_json(record(), raw=True))
    assert list(read_records(path)) == [Clip(1, 2**33, 0), record()]


def test_a_broken_line_is_named_and_costs_itself(tmp_path: Path) -> None:
    good = to_json(record())
    lines = [
        good,
        b'{"kind":"record"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"kind":"record","received_at":"2026-03-01T12:00:00","metadata":{"type":null,"subType":null}}',
        b'{"kind":"record","received_at":"2026-03-01T12:00:00Z","metadata":{"type":null}}',
        b'{"kind":"clip","epoch":1,"timestamp":9223372036854775807,"pts":0}',
        good,
    ]
    read = list(read_records(written(tmp_path / "r", *lines)))
    assert [line.number for line in read if isinstance(line, BadLine)] == [2, 3, 4, 5, 6, 7]
    assert [line for line in read if not isinstance(line, BadLine)] == [record(), record()]
    assert read[4] == BadLine(5, "an instant has no offset from UTC")


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        (b"{}", "the metadata does not fit: it has no type, not even null"),
        (b'{"type":null}', "the metadata does not fit: it has no subType, not even null"),
        (
            b'{"type":null,"subType":null,"targets":[{"regions":[[[1]]]}]}',
            "the metadata does not fit: Expected `array` of length 2, got 1 - at `$.targets[0].regions[0][0]`",
        ),
    ],
)
def test_what_does_not_fit_in_a_line_is_said(tmp_path: Path, metadata: bytes, reason: str) -> None:
    line = b'{"kind":"record","received_at":"2026-03-01T12:00:00Z","metadata":' + metadata + b"}"
    assert list(read_records(written(tmp_path / "r", b"", line))) == [BadLine(2, reason)]


def test_a_line_without_end_costs_no_memory_and_not_the_next(tmp_path: Path) -> None:
    path = tmp_path / "r"
    with path.open("wb") as file:
        file.write(b'{"kind":"record","x":"')
        file.write(b"x" * (MAX_LINE * 2 + 10))
        file.write(b"\n" + to_json(record()) + b"\n")
    assert list(read_records(path)) == [BadLine(1, f"it has more than {MAX_LINE} bytes"), record()]


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(OnframeError, match="cannot be read"):
        list(read_records(tmp_path / "nothing"))
