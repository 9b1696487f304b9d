"""Every value of the guide's example documents is shown somewhere, and here it says where.

``SHOWN`` names the text it reads as on the picture or in the list beside it, per document; ``PLACES`` are values that
are drawn as where something is, ``LOOKS`` as how it looks, ``INSPECTED`` stand in the facts that a click on the Shape
brings up. A value that is in none of these lists fails the test, as does one that is not where it is said to be.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from onframe import decode
from onframe.isapi.facts import facts
from onframe.isapi.metadata import Metadata
from onframe.overlay import style
from onframe.overlay.shapes import events_of, shapes_of
from onframe.overlay.vocabulary import Line, Notice, Polygon, Radar
from onframe.record import Coordinates

SAMPLES = Path(__file__).parent.parent / "isapi" / "samples"
DOCUMENTS = sorted(file for file in SAMPLES.iterdir() if not file.name.endswith(".expected.json"))

SHOWN: dict[str, dict[str, str]] = {
    "b01_general": {"personCount 12": "12", "ruleID 1": "rule 1 · heat map"},
    "b02_heatmap": {
        "personCount 0": '"people","0"',
        "ruleID 1": "rule 1 · heat map",
        "data xxxxxxxxxxx": "the heat map's picture is of no kind that can be shown",
    },
    "b03_counting": {"enterRegionPeopleNum 3": '"entered","3"', "leaveRegionPeopleNum 0": '"left","0"'},
    "b03_regional": {"personCount 0": '"people","0"'},
    "b04_tracking": {
        "objId 12498": "person 12498",
        "suspID 5": "suspicious pattern 5",
        "confidence 0.567": "confidence 0.567",
    },
    "b10_anpr": {
        "targetID 1": "vehicle 1",
        "recognition vehicle": "vehicle 1",
        "direction reverse": "plate reverse",
        "licensePlate XA12345": "XA12345",
        "plateType arm": "arm",
        "vehicleColor yellow": "yellow large bus",
        "vehicleType largeBus": "yellow large bus",
        "vehicleLogo 1026": "logo 1026/5",
        "vehicleSublogo 5": "logo 1026/5",
        "confidence 100": "100 % · arm · country 16",
        "country 16": "country 16",
        "directionIndex forward": "forward · plate reverse",
        "vehicleConfidence 100": "yellow large bus 100 %",
    },
    "b11_rule_idle": {"ruleID 1": "rule 1", "eventType linedetection": "rule 1 · line crossing"},
    "b11_rule_triggered": {"ruleID 1": "rule 1", "eventType linedetection": "line crossing"},
    "b11_target_idle": {"targetID 1": "human 1", "recognition human": "human 1"},
    "b11_target_triggered": {
        "targetID 1": "human 1",
        "recognition human": "human 1",
        "eventType fieldddetection": "intrusion",
    },
    "b12_face_rule": {"ruleID 1": "rule 1 · faces"},
    "b12_face_target": {
        "targetID 1": "face 1",
        "recognition face": "face 1",
        "faceScore 100": '"score","100"',
        "ageGroup 100": '"age group","100"',
        "gender male": '"gender","male"',
    },
    "b13_counting_rule": {"ruleID 1": "rule 1 · queue length"},
    "b13_counting_target": {"ruleID 1": "queue 1", "count 5": '"people","5"', "alarmCount 10": '"alarm at","10"'},
    "b13_waiting_rule": {"ruleID 1": "rule 1 · queue time"},
    "b13_waiting_target": {
        "targetID 1": "human 1",
        "recognition human": "human 1",
        "ruleID 1": "rule 1",
        "waitTime 600": "waits 10 min",
        "alarmTime 600": "of 10 min",
    },
    "b14_detection_region": {
        "angle 30.15": "30.15° · 10.5 m · towards 10.3°",
        "distance 10.50": "10.5 m",
        "towards 10.30": "towards 10.3°",
    },
    "b14_video_region": {"angle 36.66": "camera 70.88° at 36.66°", "fieldView 70.88": "camera 70.88°"},
    "b14_rule_idle": {"ruleID 1": "rule 1"},
    "b14_rule_triggered": {
        "ruleID 1": "rule 1",
        "eventType linedetection": "rule 1 · line crossing",
        "crossdirection lefttoright": "line crossing · left to right",
    },
    "b14_target_idle": {"targetID 1": "1 · 30 km/h", "speed 30": "30 km/h", "distance 30": '"30 m'},
    "b14_target_triggered": {
        "targetID 1": "1 · 30 km/h",
        "speed 30": "30 km/h",
        "distance 30": "30 m · line crossing",
        "eventType linedetection": "line crossing",
    },
    "b15_fire": {"distance 1000": "fire · 1000 m", "tempValue 100": "100 °C", "tempUnit centigrade": "100 °C"},
    "b15_ship_rule": {"ruleID 1": "rule 1 · ships"},
    "b15_ship_target": {
        "targetID 1": "ship 1",
        "recognition ship": "ship 1",
        "state crossing": "ship 1 · crossing",
        "length 50": "50 × 5 × 3 m",
        "width 5": "50 × 5 × 3 m",
        "height 3": "50 × 5 × 3 m",
        "speed 4": "4 m/s",
    },
    "b15_temperature": {
        "tempValue 30": "30 °C",
        "tempValue 20": "20 °C",
        "tempValue 40": "40 °C",
        "tempUnit centigrade": "°C",
    },
    "b17_radar": {
        "ruleID 1": "rule 1",
        "speed 42": "42 km/h",
        "distance 150": "150 m",
        "angle 60.00": "60° · 100 m · towards 0.5°",
        "distance 100.00": "100 m",
        "towards 0.50": "towards 0.5°",
        "angle 359.00": "camera 180° at 359°",
        "fieldView 180.00": "camera 180°",
    },
    "b20_ptz": {
        "elevation -12.500": "-12.5°",
        "azimuth 183.250": "183.25°",
        "zoom 4.00": '"zoom","4"',
        "focus 1200": '"focus","1200"',
        "presetNo 3": '"preset","3"',
    },
    "b20_without_sub_type": {"targetID 7": "target 7"},
}
PLACES = {
    "x": "where it lies",
    "y": "where it lies",
    "angle": "where it lies on the radar",
    "distance": "where it lies on the radar",
    "x2d": "a joint",
    "y2d": "a joint",
    "width": "a head's box",
    "height": "a head's box",
}
LOOKS = {
    "plateColor": "the chip's colour",
    "regionColor": "the region's colour",
    "triggerEvent": "an alarm's colour, or not",
    "crossdirection": "arrows across the line",
    "tempProperty": "the mark and the colour of the cross",
    "direction": "an arrow out of the ship",
    "gestureScore": "how bright a joint is",
    "gestureValid": "whether the joint is drawn",
    "isvalid": "the skeleton's colour",
    "traComplete": "whether the person is drawn",
    "ruleID": "the field ``rule`` of its Shapes: filter, colour, selection",
}
INSPECTED = {
    "type subType": "the sort of document",
    "time": "also the time of the picture",
    "ipAddress ipv6Address portNo macAddress channel radarChannel domainName": "the device as it names itself",
    "gestureType": "which joint it is; drawn as what it is joined to",
    "id": "the skeleton's own identifier",
    "z": "the third dimension, of which the guide gives no unit",
    "modelNum poseType feaLen feaData": "feature vectors of a head",
    "suspNum": "the number of patterns, each of which is shown",
    "timeStamp": "when the pattern was seen",
    "eventType": "of a document with several targets, which does not say whose it is (B.17)",
    "dataType": "how a picture is sent",
    "x y": "in space, of which the guide gives no unit",
}
_INSPECTED = {name for names in INSPECTED for name in names.split()}


def leaves(file: Path) -> Iterator[tuple[str, str]]:
    """(name, value) of everything that a document says; of properties their own names."""
    if file.suffix == ".json":
        yield from _json_leaves(json.loads(file.read_text()))
        return
    for parent in ET.fromstring(file.read_text()).iter():
        children = list(parent)
        if _tag(parent) == "Property":
            names = [child.text or "" for child in children if _tag(child) == "description"]
            values = [(child.text or "").lstrip(">") for child in children if _tag(child) == "value"]
            yield from zip(names, values, strict=True)
        for child in children:
            if not len(child) and _tag(child) not in ("description", "value") and (child.text or "").strip():
                yield _tag(child), (child.text or "").strip()


def _tag(element: ET.Element) -> str:
    return element.tag.split("}")[-1]


def _json_leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _json_leaves(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _json_leaves(inner, name)
    elif value != "":
        yield name, json.dumps(value) if isinstance(value, bool | int | float) else value


def metadata_of(file: Path) -> Metadata:
    metadata = decode(file.read_bytes()).value
    assert isinstance(metadata, Metadata)
    return metadata


def told(metadata: Metadata) -> str:
    """All texts of its Shapes and events, as JSON: rows stand as "name","value"."""
    shapes = msgspec.to_builtins([shapes_of(metadata, Coordinates()), events_of(metadata)])
    return json.dumps(shapes, ensure_ascii=False, separators=(",", ":"))


@pytest.mark.requirement("R-043", "B.1", "B.4", "B.10", "B.11", "B.12", "B.13", "B.14", "B.15", "B.17", "B.20")
@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.stem)
def test_every_value_of_the_document_is_shown_where_it_is_said_to_be(file: Path) -> None:
    metadata = metadata_of(file)
    drawn, known = told(metadata), msgspec.json.encode(facts(metadata)).decode()
    shown = dict(SHOWN.get(file.stem, {}))
    for name, value in leaves(file):
        said = SHOWN.get(file.stem, {}).get(f"{name} {value}")
        shown.pop(f"{name} {value}", None)
        if said is not None:
            assert said in drawn, f"{name} = {value} does not read as {said!r} in {drawn}"
        elif name not in PLACES and name not in LOOKS:
            assert name in _INSPECTED, f"{name} = {value} is shown nowhere"
            assert value.lower() in known.lower(), f"{name} = {value} is not among the facts {known}"
    assert not shown, f"not in the document: {shown}"


def shapes(name: str) -> list[Any]:
    return shapes_of(metadata_of(SAMPLES / name), Coordinates())


class TestPlacesAndLooks:
    """Those values of the examples that are no text."""

    def test_colours(self) -> None:
        box, plate = shapes("b10_anpr.xml")
        assert (plate.color, plate.ink) == style.plate_colors("yellow") == ("#ffd02e", "#1c1500")
        assert box.color == style.class_color("vehicle")
        assert shapes("b13_counting_rule.xml")[0].color == style.named_color("blue", "") == "#60a5fa"

    def test_alarms(self) -> None:
        assert [shape.alarm for shape in shapes("b11_target_triggered.xml")] == [True]
        assert [shape.alarm for shape in shapes("b11_target_idle.xml")] == [False]
        assert shapes("b14_target_triggered.xml")[0].blips[0].alarm
        assert shapes("b13_waiting_target.xml")[0].alarm

    def test_arrows(self) -> None:
        assert shapes("b11_rule_idle.xml")[0].crossing == "left-to-right"
        assert shapes("b11_rule_triggered.xml")[0].crossing == "right-to-left"
        assert shapes("b15_ship_target.xml")[0].heading == "left"

    def test_temperatures(self) -> None:
        line, average, lowest, highest = shapes("b15_temperature.xml")
        assert isinstance(line, Line) and line.points == [(0.1, 0.1), (0.2, 0.2)]
        assert [reading.mark for reading in (average, lowest, highest)] == ["average", "low", "high"]
        assert [(reading.x, reading.celsius) for reading in (average, lowest, highest)] == [
            (0.15, 30.0),
            (0.1, 20.0),
            (0.2, 40.0),
        ]

    def test_the_radar(self) -> None:
        inset = shapes("b17_radar.xml")[0]
        assert isinstance(inset, Radar)
        # two vertices: x 0.5, y 1 is the radar itself; x 0.25, y 0 half of the reach to the left, at the far edge
        vertices, rule = inset.paths
        assert vertices.points == [(0.0, 0.0), (-0.5, 1.0)]
        # 80 m at -12.5°: 80 / 150 * sin = -0.11543, * cos = 0.52069
        assert rule.points[0] == pytest.approx((-0.11543, 0.52069), abs=1e-5)
        # 150 m at -3.25° is on the outermost ring
        assert (inset.blips[0].x, inset.blips[0].y) == pytest.approx((-0.05669, 0.99839), abs=1e-5)

    def test_one_vertex_of_the_radar_is_a_point(self) -> None:
        inset = shapes("b14_detection_region.xml")[0]
        # 2 * 0.046 - 1 and 1 - 0.057
        assert (inset.blips[0].x, inset.blips[0].y) == pytest.approx((-0.908, 0.943))

    def test_a_tracked_person(self) -> None:
        skeleton, head, notice = shapes("b04_tracking.json")
        assert skeleton.joints == [(0.671052, 0.53125, 0.573)]
        assert (head.x, head.y, head.w, head.h) == (0.660156, 0.388888, 0.089843, 0.125)
        assert isinstance(notice, Notice)

    def test_regions(self) -> None:
        region = shapes("b12_face_rule.xml")[0]
        assert isinstance(region, Polygon)
        assert region.points == [(0.0, 0.0), (0.6, 0.0), (0.6, 0.6), (0.0, 0.6)]


def test_there_is_an_example_of_every_part_of_the_guide() -> None:
    parts = {file.stem[:3] for file in DOCUMENTS}
    assert parts >= {"b01", "b02", "b03", "b04", "b10", "b11", "b12", "b13", "b14", "b15", "b17", "b20"}
