"""The live table: what is said of each sort of document, and what fits on a terminal."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from onframe.cli.summary import summary
from onframe.cli.table import Table
from onframe.isapi.document import decode
from onframe.isapi.metadata import Metadata
from onframe.record import Gap, Record, StateChange, Undecodable

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)


def record(body: str, *, kind: str = "activityTarget", sub_type: str = "ANPR") -> Record:
    metadata = decode(f"<Metadata><type>{kind}</type><subType>{sub_type}</subType>{body}</Metadata>".encode()).value
    assert isinstance(metadata, Metadata)
    return Record("camera", 1, 1, 1, 1, NOW, metadata, captured_at=NOW)


def target(*properties: tuple[str, str], inside: str = "") -> str:
    pairs = "".join(
        f"<Property><description>{name}</description><value>{value}</value></Property>" for name, value in properties
    )
    return (
        "<TargetDetection><TargetList><Target>"
        f"{inside}<PropertyList>{pairs}</PropertyList></Target></TargetList></TargetDetection>"
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (target(("licensePlate", "ONF 7"), ("plateColor", "white"), ("confidence", "98")), "ONF 7: white plate, 98 %"),
        (
            target(("triggerEvent", "true"), ("eventType", "parking"), inside="<targetID>3</targetID>"),
            "! target 3: parking",
        ),
        (
            target(("tempValue", "20.5"), ("tempUnit", "centigrade"), ("tempProperty", "highest")),
            "target: highest 20.5 °C",
        ),
        (target(("waitTime", "600"), ("alarmTime", "30")), "target: waits 600 s, alarm at 30 s"),
        ("", "nothing in sight"),
    ],
)
def test_a_document_is_said_in_one_line(body: str, said: str) -> None:
    assert summary(record(body)) == said


def test_more_targets_than_fit_are_counted() -> None:
    many = "".join(f"<Target><targetID>{n}</targetID></Target>" for n in range(9))
    body = f"<TargetDetection><TargetList>{many}</TargetList></TargetDetection>"
    assert summary(record(body)) == "target 0 · target 1 · target 2 · target 3 · 5 more"


def drawn(table: Table, height: int) -> list[str]:
    console = Console(file=io.StringIO(), width=100, height=height, force_terminal=False)
    console.print(table)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


def test_the_table_fits_on_the_terminal_and_says_what_it_left_out() -> None:
    table = Table("admin:secret@camera:80", Console(file=io.StringIO(), width=100))
    for n in range(40):
        table.event(record("", sub_type=f"type{n:02}"))
    lines = drawn(table, 20)
    assert len(lines) <= 20
    assert any("… 26 more" in line for line in lines)
    assert lines[0].startswith("camera:80") and "secret" not in "".join(lines)


def test_losses_states_and_unreadable_documents_are_counted_and_told() -> None:
    table = Table("camera", Console(file=io.StringIO(), width=100))
    assert "0 lost   0 unreadable   0 reconnections" in "".join(drawn(table, 20))
    table.event(Gap("camera", 1, 1, 1, NOW, "loss", packets=4))
    table.event(Undecodable("camera", 1, 1, 1, NOW, "DecodeError", "the bytes are not UTF-8"))
    table.event(StateChange("camera", 1, 1, 3, "backoff", "the camera is off", NOW))
    text = "\n".join(drawn(table, 20))
    assert "4 lost   1 unreadable   2 reconnections" in text
    assert "● backoff" in text and "the camera is off" in text


def test_off_a_terminal_each_record_is_a_line() -> None:
    out = io.StringIO()
    table = Table("camera", Console(file=out, width=60))
    table.event(record(target(("licensePlate", "ONF 7"))))
    table.event(StateChange("camera", 1, 1, 1, "live", "the stream plays", NOW))
    assert out.getvalue().splitlines() == [
        "03:04:05.678  ANPR                 activityTarget      ONF 7",
        "03:04:05.678  live: the stream plays",
    ]
