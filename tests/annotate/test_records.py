"""JSON lines of Records come back as they were written; a line that is broken costs itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from onframe.annotate.facts import metadata_of
from onframe.annotate.records import MAX_LINE, BadLine, Clip, read_records
from onframe.errors import OnframeError
from onframe.isapi.document import decode
from onframe.isapi.facts import facts
from onframe.isapi.metadata import Metadata
from onframe.record import Coordinates, Gap, Record, VideoTime, to_json

SAMPLES = Path(__file__).resolve().parent.parent / "isapi" / "samples"
AT = datetime(2026, 3, 1, 12, 0, 0, 40_000, tzinfo=UTC)


def documents() -> Iterator[Metadata]:
    for path in sorted(SAMPLES.rglob("*")):
        try:
            value = decode(path.read_bytes()).value if path.is_file() else None
        except OnframeError:
            continue
        if isinstance(value, Metadata):
            yield value


def record(**changes: object) -> Record:
    plain = Record("camera", 1, 1, 1, 7, AT, Metadata(type="activityTarget", sub_type="ANPR"))
    for name, value in changes.items():
        setattr(plain, name, value)
    return plain


def written(path: Path, *lines: bytes) -> Path:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def test_every_document_of_the_guide_comes_back_equal() -> None:
    all_of_them = list(documents())
    assert len(all_of_them) >= 25
    for metadata in all_of_them:
        assert metadata_of(json.loads(json.dumps(facts(metadata)))) == metadata


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"type": 7, "subType": None, "targets": 3},
        {"type": None, "subType": None, "targets": [{"regions": [[[1]]]}]},
        {"type": None, "subType": None, "targets": [{"properties": [["name", 3]]}]},
        {"type": None, "subType": None, "tracking": [{"joints": [{"score": "high"}]}]},
        {"type": None, "subType": None, "ptz": {"zoom": "far"}},
        {"type": None, "subType": None, "time": {"iso": "2026"}},
    ],
)
def test_facts_that_do_not_fit_are_refused(broken: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="the metadata does not fit"):
        metadata_of(broken)


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
