"""Metadata messages to measure with: generated, all distinct, laid out as the guide prints them."""

from __future__ import annotations

import base64
import json
import random
from datetime import datetime, timedelta, timezone

NAMESPACE = "http://www.isapi.org/ver20/XMLSchema"
_ZONE = timezone(timedelta(hours=8))
_EVENTS = ("linedetection", "fielddetection", "regionEntrance", "loitering", "parking")
_COLOURS = ("yellow", "blue", "white", "black", "green")


def messages(shape: str, count: int, batch: int = 0) -> list[bytes]:
    """``count`` distinct messages of one shape, in random order; no two batches share one, nor a time."""
    generator = random.Random(f"{shape} {batch}")
    made = [SHAPES[shape](generator, number) for number in range(batch * count, (batch + 1) * count)]
    generator.shuffle(made)
    assert len(set(made)) == count
    return made


def _time(number: int) -> str:
    return (datetime(2024, 5, 1, 8, tzinfo=_ZONE) + timedelta(milliseconds=40 * number)).isoformat(
        timespec="milliseconds"
    )


def _document(kind: str, sub_type: str, number: int, blocks: str) -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Metadata version="2.0" xmlns="{NAMESPACE}">
  <type>{kind}</type>
  <subType>{sub_type}</subType>
  <time>{_time(number)}</time>
  <DevInfo>
    <ipAddress>192.168.0.64</ipAddress>
    <portNo>554</portNo>
    <macAddress>28:57:be:ee:d1:5a</macAddress>
    <channel>1</channel>
  </DevInfo>
{blocks}</Metadata>
""".encode()


def _detection(targets: list[str]) -> str:
    return "  <TargetDetection>\n    <TargetList>\n" + "".join(targets) + "    </TargetList>\n  </TargetDetection>\n"


def _target(ids: str, points: list[tuple[int, int]], properties: list[tuple[str, str]]) -> str:
    corners = "".join(
        f"            <Point>\n              <x>{x}</x>\n              <y>{y}</y>\n            </Point>\n"
        for x, y in points
    )
    pairs = "".join(
        "          <Property>\n"
        f"            <description>{description}</description>\n            <value>{value}</value>\n"
        "          </Property>\n"
        for description, value in properties
    )
    return (
        f"      <Target>\n{ids}        <RegionList>\n          <Region>\n{corners}          </Region>\n"
        f"        </RegionList>\n        <PropertyList>\n{pairs}        </PropertyList>\n      </Target>\n"
    )


def _box(generator: random.Random) -> list[tuple[int, int]]:
    x, y = generator.randrange(800), generator.randrange(800)
    width, height = generator.randrange(20, 200), generator.randrange(20, 200)
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def _behaviour(generator: random.Random, number: int, targets: int) -> bytes:
    made = []
    for index in range(targets):
        ids = (
            f"        <targetID>{generator.randrange(1, 100_000)}</targetID>\n"
            f"        <recognition>{generator.choice(('human', 'vehicle'))}</recognition>\n"
            f"        <ruleID>{index % 4 + 1}</ruleID>\n"
        )
        properties = [("eventType", generator.choice(_EVENTS)), ("triggerEvent", "true")]
        made.append(_target(ids, _box(generator), properties))
    return _document("activityTarget", "behaviorAnalysis", number, _detection(made))


def _anpr(generator: random.Random, number: int) -> bytes:
    ids = (
        f"        <targetID>{generator.randrange(1, 100_000)}</targetID>\n"
        "        <recognition>vehicle</recognition>\n        <ruleID>1</ruleID>\n"
    )
    properties = [
        ("direction", generator.choice(("forward", "reverse"))),
        ("licensePlate", f"XA{generator.randrange(100_000):05d}"),
        ("confidence", str(generator.randrange(50, 101))),
        ("plateType", "arm"),
        ("plateColor", generator.choice(_COLOURS)),
        ("vehicleColor", generator.choice(_COLOURS)),
        ("vehicleType", "largeBus"),
        ("vehicleLogo", str(generator.randrange(1000, 2000))),
    ]
    return _document("activityTarget", "ANPR", number, _detection([_target(ids, _box(generator), properties)]))


def _thermal(generator: random.Random, number: int) -> bytes:
    line = _box(generator)[:2]
    made = []
    for points, what in ((line, "average"), (line[:1], "lowest"), (line[1:], "highest")):
        value = f"{generator.uniform(-20, 400):.1f}"
        properties = [("tempValue", value), ("tempUnit", "centigrade"), ("tempProperty", what)]
        made.append(_target("        <ruleID>1</ruleID>\n", points, properties))
    return _document("activityTarget", "thermometry", number, _detection(made))


def _radar(generator: random.Random, number: int) -> bytes:
    targets = "".join(
        f"    <Target>\n      <speed>{generator.randrange(80)}</speed>\n"
        f"      <angle>{generator.uniform(-75, 75):.2f}</angle>\n"
        f"      <distance>{generator.randrange(150)}</distance>\n    </Target>\n"
        for _ in range(6)
    )
    blocks = f"""  <RadarDetectionRegion>
    <angle>150.25</angle>
    <distance>{generator.randrange(80, 150)}</distance>
    <towards>12.5</towards>
    <VertexPoint>
      <x>0.125</x>
      <y>0.5</y>
    </VertexPoint>
  </RadarDetectionRegion>
  <VideoDetectionRegion>
    <angle>10.5</angle>
    <fieldView>90.25</fieldView>
  </VideoDetectionRegion>
  <ActivityTargetList>
{targets}  </ActivityTargetList>
"""
    return _document("activityTargetRadar", "behaviorAnalysis", number, blocks)


def _tracking(generator: random.Random, number: int, persons: int) -> bytes:
    def place(low: float, high: float) -> float:
        return round(generator.uniform(low, high), 6)

    def person() -> dict[str, object]:
        identity = str(generator.randrange(10_000, 99_999))
        joints = [
            {
                "gestureType": kind,
                "gestureScore": place(0, 1),
                "gestureValid": 1,
                "x": place(0, 9000),
                "y": place(0, 9000),
                "z": place(0, 2000),
                "x2d": place(0, 1),
                "y2d": place(0, 1),
            }
            for kind in range(7)
        ]
        model = {"poseType": 7, "feaLen": 134, "feaData": base64.b64encode(generator.randbytes(134)).decode()}
        head = {
            "Rect": {"x": place(0, 1), "y": place(0, 1), "width": place(0, 1), "height": place(0, 1)},
            "cct": {"x": place(0, 9000), "y": place(0, 9000), "z": 0.0},
            "HeadModel": {"modelNum": 1, "Data": [model]},
        }
        return {
            "objId": identity,
            "traComplete": False,
            "isvalid": 1,
            "GesturePolygon": {"id": identity, "JoinMsg": joints},
            "HeadPolygon": head,
        }

    suspect = {"suspID": 5, "timeStamp": 1_576_657_411_095 + number, "confidence": place(0, 1)}
    device = {"ipAddress": "192.168.0.64", "portNo": "554", "macAddress": "28:57:be:ee:d1:5a", "channel": "1"}
    body = {
        "type": "ruleTarget",
        "subType": "personalTrack",
        "time": _time(number),
        "DevInfo": device,
        "CameraPoint": [person() for _ in range(persons)],
        "SuspList": {"suspNum": 1, "Data": [suspect]},
    }
    return json.dumps({"MetaData": body}, indent=1).encode()


SHAPES = {
    "behaviour analysis, 1 target": lambda generator, number: _behaviour(generator, number, 1),
    "behaviour analysis, 5 targets": lambda generator, number: _behaviour(generator, number, 5),
    "behaviour analysis, 20 targets": lambda generator, number: _behaviour(generator, number, 20),
    "ANPR": _anpr,
    "thermal, 3 targets": _thermal,
    "radar, 6 targets": _radar,
    "tracking, 1 person": lambda generator, number: _tracking(generator, number, 1),
    "tracking, 10 persons": lambda generator, number: _tracking(generator, number, 10),
}
"""Each shape by name: (generator, number) → message."""

XML_SHAPES = tuple(name for name in SHAPES if not name.startswith("tracking"))
JSON_SHAPES = tuple(name for name in SHAPES if name.startswith("tracking"))
