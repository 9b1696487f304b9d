"""Every metadata message of the guide, written by hand, against facts written by hand.

A file ``NAME.expected.json`` holds what differs from an empty document; the guide's usual device and time are the
default, because nearly every example of the guide has them.
"""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from onframe import decode
from onframe.isapi import metadata_typed, metadata_usual
from onframe.isapi.document import document_json

SAMPLES = Path(__file__).parent / "samples"
REQUIREMENTS = {
    "b01": ("R-084", "B.1"),
    "b02": ("R-085", "B.2"),
    "b03": ("R-086", "B.3"),
    "b04": ("R-087", "B.4"),
    "b10": ("R-093", "B.10"),
    "b11": ("R-094", "B.11"),
    "b12": ("R-095", "B.12"),
    "b13": ("R-096", "B.13"),
    "b14": ("R-097", "B.14"),
    "b15": ("R-098", "B.15"),
    "b17": ("R-100", "B.17"),
    "b20": ("R-103", "B.20"),
    "cha": ("R-044", "R-043"),
}
DEVICE = {
    "ipAddress": "192.168.0.64",
    "ipv6Address": None,
    "portNo": 554,
    "macAddress": "28:57:be:ee:d1:5a",
    "channel": 1,
    "radarChannel": None,
    "domainName": None,
}
TIMES = {
    2017: {"raw": "2017-01-01T00:00:00+08:00", "iso": "2017-01-01T00:00:00.000+08:00", "epoch_ms": 1483200000000},
    2020: {"raw": "2020-01-01T00:00:00+08:00", "iso": "2020-01-01T00:00:00.000+08:00", "epoch_ms": 1577808000000},
}
TARGET = {
    "targetID": None,
    "ruleID": None,
    "recognition": None,
    "regions": [],
    "properties": [],
    "polar": [],
    "box": None,
    "values": {},
}
FACTS: dict[str, Any] = {
    "root": "Metadata",
    "version": None,
    "namespace": None,
    "type": None,
    "subType": None,
    "time": 2017,
    "device": {},
    "targets": [],
    "frame": {"regions": [], "properties": []},
    "radar": None,
    "ptz": None,
    "situation": None,
    "pictures": [],
    "tracking": [],
    "suspects": [],
    "extras": {},
}
XML = {"version": "2.0", "namespace": "http://www.isapi.org/ver20/XMLSchema"}


def samples() -> list[Any]:
    files = sorted(path for path in SAMPLES.iterdir() if not path.name.endswith(".expected.json"))
    return [
        pytest.param(path, id=path.name, marks=pytest.mark.requirement(*REQUIREMENTS[path.name[:3]])) for path in files
    ]


def expected(path: Path) -> dict[str, Any]:
    told = json.loads(path.with_suffix(".expected.json").read_text())
    facts = deepcopy(FACTS) | (XML if path.suffix == ".xml" else {}) | told["facts"]
    if isinstance(facts["time"], int):
        facts["time"] = TIMES[facts["time"]]
    if facts["device"] is not None:
        facts["device"] = DEVICE | facts["device"]
    facts["targets"] = [TARGET | target for target in facts["targets"]]
    return {
        "kind": "metadata",
        "format": path.suffix[1:],
        "facts": facts,
        "repairs": told.get("repairs", []),
        "warnings": told.get("warnings", []),
    }


@pytest.mark.parametrize("path", samples())
def test_a_message_of_the_guide_decodes_to_its_facts(path: Path) -> None:
    decoded = json.loads(document_json(decode(path.read_bytes())))
    wanted = expected(path)
    decoded["repairs"].sort()
    wanted["repairs"].sort()
    assert decoded == wanted


@pytest.mark.parametrize("path", samples())
def test_the_fast_ways_read_what_the_general_readers_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = decode(path.read_bytes())
    monkeypatch.setattr(metadata_usual, "read", lambda text, notes: None)
    monkeypatch.setattr(metadata_typed, "read", lambda text, notes: None)
    general = decode(path.read_bytes())
    assert (fast.value, sorted(fast.repairs), fast.warnings) == (
        general.value,
        sorted(general.repairs),
        general.warnings,
    )


def test_the_usual_shapes_take_the_fast_way() -> None:
    from onframe.isapi.leniency import Notes

    for name in ("b11_rule_idle", "b12_face_target", "b15_ship_target", "b14_target_triggered", "chapter_2_capture"):
        assert metadata_usual.read((SAMPLES / f"{name}.xml").read_bytes(), Notes()) is not None, name
    assert metadata_typed.read((SAMPLES / "b04_tracking.json").read_bytes(), Notes()) is not None


@pytest.mark.requirement("R-043")
def test_the_first_byte_tells_xml_from_json() -> None:
    assert decode((SAMPLES / "b11_rule_idle.xml").read_bytes()).format == "xml"
    assert decode(b"\n " + (SAMPLES / "b03_counting.json").read_bytes()).format == "json"
