"""What a readable document lacks or oversteps is said, and its values stay as sent."""

from __future__ import annotations

import pytest

from onframe import decode


def xml(sub_type: str, inside: str, kind: str = "activityTarget") -> bytes:
    time = "<time>2023-11-14T22:13:20Z</time>"
    return f"<Metadata><type>{kind}</type><subType>{sub_type}</subType>{time}{inside}</Metadata>".encode()


def targets(inside: str) -> str:
    return f"<TargetDetection><TargetList><Target>{inside}</Target></TargetList></TargetDetection>"


@pytest.mark.parametrize(
    ("payload", "warnings"),
    [
        (xml("ANPR", targets("<targetID>1</targetID>")), ["property licensePlate is required and absent"]),
        (xml("ANPR", targets("<ruleID>1</ruleID>"), kind="ruleTarget"), []),
        (
            xml("thermometry", targets("<targetID>1</targetID>")),
            ["property tempValue is required and absent", "property tempUnit is required and absent"],
        ),
        (xml("thermometry", targets("<ruleID>1</ruleID>"), kind="ruleTarget"), []),
        (
            xml("behaviorAnalysis", targets("<angle>76</angle><distance>151</distance>")),
            ["angle 76 is outside -75..75", "distance 151 is outside 0..150"],
        ),
        (
            xml("x", "<RadarDetectionRegion><VertexPoint><x>2</x><y>-1</y></VertexPoint></RadarDetectionRegion>"),
            ["VertexPoint x 2 is outside 0..1", "VertexPoint y -1 is outside 0..1"],
        ),
    ],
)
def test_what_is_required_and_what_is_out_of_range_is_said(payload: bytes, warnings: list[str]) -> None:
    assert decode(payload).warnings == warnings


def test_people_without_a_number_and_scores_out_of_range_are_said() -> None:
    person = '{"GesturePolygon":{"JoinMsg":[{"gestureScore":1.5},{"gestureScore":0.5}]}}'
    payload = '{"MetaData":{"type":"ruleTarget","time":"2023-11-14T22:13:20Z","CameraPoint":[' + person + "]}}"
    assert decode(payload.encode()).warnings == [
        "objId is required and absent",
        "gestureScore 1.5 is outside 0..1",
    ]


def test_counts_that_are_there_are_enough() -> None:
    head = '{"Metadata":{"type":"ruleTarget","subType":"PeopleCounting","time":"2023-11-14T22:13:20Z",'
    payload = head + '"Situation":{"enterRegionPeopleNum":1,"leaveRegionPeopleNum":0}}}'
    assert decode(payload.encode()).warnings == []


@pytest.mark.parametrize(("length", "said"), [(32, False), (33, True)])
def test_a_number_of_more_than_32_characters_is_said(length: int, said: bool) -> None:
    person = '[{"objId":"' + "7" * length + '"}]'
    payload = '{"MetaData":{"type":"ruleTarget","time":"2023-11-14T22:13:20Z","CameraPoint":' + person + "}}"
    assert ("objId is longer than 32 characters" in decode(payload.encode()).warnings) is said
