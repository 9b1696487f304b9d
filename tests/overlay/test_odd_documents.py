"""Documents that are legal and odd: what is drawn of them is bounded, can be seen, and says what was sent."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onframe.isapi.metadata import (
    Frame,
    Metadata,
    Picture,
    PTZInfo,
    Radar,
    RadarDetectionRegion,
    Region,
    Situation,
    Target,
    VideoDetectionRegion,
)
from onframe.overlay import style
from onframe.overlay.shapes import events_of, shapes_of
from onframe.overlay.teller import Place, Teller
from onframe.overlay.vocabulary import Box, Card, Plate, Point, Polygon, Row, Shape
from onframe.overlay.vocabulary import Radar as RadarShape
from onframe.record import Coordinates, Record

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SQUARE: Region = [(100, 200), (300, 200), (300, 600), (100, 600)]


def shapes(sub_type: str | None, *targets: Target, **more: Any) -> list[Shape]:
    document = Metadata(type="activityTarget", sub_type=sub_type, targets=list(targets), **more)
    return shapes_of(document, Coordinates())


def inset_of(document: Metadata) -> RadarShape:
    (inset,) = shapes_of(document, Coordinates())
    assert isinstance(inset, RadarShape)
    return inset


class TestRegions:
    @pytest.mark.parametrize("count", [1, 2, 4, 7])
    def test_points_that_are_all_at_one_place_are_drawn_as_a_point(self, count: int) -> None:
        (found,) = shapes("behaviorAnalysis", Target(target_id=1, regions=[[(200, 300)] * count]))
        assert isinstance(found, Point) and (found.x, found.y, found.labels) == (0.2, 0.3, ["target 1"])

    def test_a_polygon_that_ends_where_it_begins_stays_one(self) -> None:
        (found,) = shapes("behaviorAnalysis", Target(regions=[[(0, 0), (500, 0), (250, 400), (0, 0)]]))
        assert isinstance(found, Polygon)


class TestFaces:
    @pytest.mark.requirement("B.12")
    def test_what_a_device_tells_beyond_the_guide_stands_on_the_card_in_its_own_words(self) -> None:
        told = [("faceScore", "87"), ("gender", "female"), ("glass", "yes"), ("faceExpression", "happy"), ("mask", "")]
        corners, card = shapes("faceSnap", Target(target_id=1, recognition="face", regions=[SQUARE], properties=told))
        assert isinstance(corners, Box) and isinstance(card, Card)
        assert card.rows == [
            Row("gender", "female"), Row("score", "87"), Row("glass", "yes"), Row("face expression", "happy"),
        ]  # fmt: skip

    def test_a_card_has_eight_rows_at_most(self) -> None:
        told = [("gender", "female"), *((f"p{n}", f"{n}") for n in range(30))]
        _, card = shapes("faceSnap", Target(target_id=1, regions=[SQUARE], properties=told))
        assert isinstance(card, Card)
        assert [row.name for row in card.rows] == ["gender", *(f"p{n}" for n in range(7))]


class TestVehicles:
    @pytest.mark.requirement("B.10")
    def test_colour_and_way_are_told_in_words(self) -> None:
        told = [
            ("licensePlate", "XA12345"), ("vehicleColor", "deepBlue"), ("vehicleType", "largeBus"),
            ("directionIndex", "noerthSouth"),
        ]  # fmt: skip
        bus = Target(target_id=1, recognition="vehicle", regions=[SQUARE], properties=told)
        box, _ = shapes("ANPR", bus)
        assert isinstance(box, Box) and box.labels == ["vehicle 1 · deep blue large bus", "north south"]
        (event,) = events_of(Metadata(type="activityTarget", sub_type="ANPR", targets=[bus]))
        assert event.text == "deep blue large bus"

    @pytest.mark.requirement("B.10")
    def test_a_colour_that_the_device_does_not_know_is_not_named(self) -> None:
        box, *_ = shapes("ANPR", Target(target_id=1, regions=[SQUARE], properties=[("vehicleColor", "unknown")]))
        assert isinstance(box, Box) and box.labels == ["vehicle 1"]

    @pytest.mark.requirement("B.10")
    @pytest.mark.parametrize("sub_type", [None, "behaviorAnalysis", "faceSnap", "personQueueTime"])
    def test_a_plate_is_shown_of_whatever_document_tells_it(self, sub_type: str | None) -> None:
        told = [("licensePlate", "XA12345"), ("plateColor", "blue")]
        found = shapes(sub_type, Target(target_id=1, recognition="vehicle", regions=[SQUARE], properties=told))
        (plate,) = (one for one in found if isinstance(one, Plate))
        assert (plate.text, plate.color, plate.subject) == ("XA12345", "#1d5fd6", f"{sub_type or 'none'}/target/1")


class TestRadar:
    @pytest.mark.requirement("B.17")
    def test_a_target_beyond_the_inset_stands_on_its_edge_and_says_how_far_it_is(self) -> None:
        far = Target(target_id=1, speed=-5, angle=-30, distance=300)
        (blip,) = inset_of(Metadata(type="activityTargetRadar", targets=[far])).blips
        # 30 degrees to the left on the ring of 150 m
        assert (blip.x, blip.y) == pytest.approx((-0.5, math.cos(math.radians(30))), abs=1e-5)
        assert blip.labels == ["1 · -5 km/h", "300 m"]

    @pytest.mark.requirement("B.17")
    @pytest.mark.parametrize(
        ("middle", "width", "start", "end"),
        [(350, 70, -45, 25), (359, -50, -26, 24), (-300, 720, -120, 240), (180, 20, -190, -170)],
    )
    def test_a_wedge_is_a_circle_at_most_and_never_what_is_left_of_one(
        self, middle: float, width: float, start: float, end: float
    ) -> None:
        radar = Radar(video_region=VideoDetectionRegion(angle=middle, field_view=width))
        (wedge,) = inset_of(Metadata(type="ruleTargetRadar", radar=radar)).wedges
        assert (wedge.start, wedge.end, wedge.color) == (start, end, style.RULE)


numbers = st.one_of(
    st.integers(-(2**63), 2**63), st.floats(), st.sampled_from([0, 1, 500, 1000, math.nan, math.inf, 1e300, -1e308])
)
points = st.lists(st.tuples(numbers, numbers), max_size=6)
names = st.sampled_from([
    "eventType", "triggerEvent", "crossdirection", "regionColor", "licensePlate", "plateColor", "confidence", "country",
    "tempValue", "tempUnit", "tempProperty", "distance", "direction", "state", "length", "speed", "count", "alarmCount",
    "waitTime", "alarmTime", "gender", "glass", "frameNumber", "",
])  # fmt: skip
values = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["true", "lefttoright", "kelvin", "highest", "-273.16", "NaN", "1e999", "9" * 400, "\u202e", "😀"]),
)
targets = st.builds(
    Target,
    target_id=st.none() | st.integers(-5, 2**70) | st.text(max_size=9),
    rule_id=st.none() | st.integers(0, 3),
    recognition=st.none() | st.sampled_from(["human", "face", "vehicle", "x" * 5000, "שלום", "车辆"]),
    regions=st.lists(points, max_size=3),
    properties=st.lists(st.tuples(names, values), max_size=8),
    polar=points,
    speed=st.none() | numbers,
    angle=st.none() | numbers,
    distance=st.none() | numbers,
)
documents = st.builds(
    Metadata,
    type=st.sampled_from(["activityTarget", "ruleTarget", "ruleTargetRadar", "activityTargetRadar", "PTZ", "", "x"]),
    sub_type=st.none()
    | st.sampled_from([
        "ANPR", "behaviorAnalysis", "faceSnap", "thermometry", "fireDetection", "shipsDetection", "heatmap",
        "personQueueTime", "personQueueCounting", "personQueue", "PeopleCounting", "personalTrack", "?",
    ]),
    targets=st.lists(targets, max_size=4),
    frame=st.builds(Frame, regions=st.lists(points, max_size=2)),
    ptz=st.none() | st.builds(PTZInfo, numbers, numbers, numbers, numbers, numbers),
    situation=st.none() | st.builds(Situation, st.integers(-5, 2**80), st.none(), st.none()),
    pictures=st.lists(
        st.builds(Picture, st.none(), st.sampled_from(["", "iVBORw0KGgo", "Qk0", "http://x/", "%"])), max_size=1
    ),
    radar=st.none()
    | st.builds(
        Radar,
        st.none() | st.builds(RadarDetectionRegion, numbers, numbers, numbers, points),
        st.none() | st.builds(VideoDetectionRegion, numbers, numbers),
    ),
)  # fmt: skip


def numbers_in(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for inner in value:
            yield from numbers_in(inner)
    elif isinstance(value, float):
        yield value


@settings(max_examples=150)
@given(st.lists(documents, min_size=1, max_size=4), st.sampled_from(["0..1000", "unit", "pixels"]))
def test_whatever_is_told_can_be_sent_to_a_page_and_has_finite_places(told: list[Metadata], space: Any) -> None:
    teller = Teller(Coordinates(space))
    for n, document in enumerate(told, 1):
        record = Record("camera", 1, 1, 1, n, NOON, document, captured_at=NOON)
        for message in teller.tell(record, Place(3600 * n, True, "sender_report")):
            assert len(msgspec.json.encode(message)) < 1_000_000
            assert all(math.isfinite(number) for number in numbers_in(msgspec.to_builtins(message)))
