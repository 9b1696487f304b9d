"""Golden Shapes: every expected number here was worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onframe.isapi.metadata import (
    CameraPoint,
    Frame,
    GesturePolygon,
    HeadPolygon,
    JoinMsg,
    Metadata,
    Picture,
    Point,
    PTZInfo,
    Radar,
    RadarDetectionRegion,
    Rect,
    Region,
    Situation,
    Susp,
    Target,
    VideoDetectionRegion,
)
from onframe.overlay import style
from onframe.overlay.shapes import events_of, frame_number_of, hold_of, layer_of, shapes_of, standing_shapes
from onframe.overlay.targets import subjects_of
from onframe.overlay.vocabulary import (
    Blip,
    Box,
    Card,
    Counter,
    Fire,
    HeatMap,
    Line,
    Notice,
    Panel,
    Plate,
    Polygon,
    Row,
    Shape,
    Skeleton,
    Temperature,
    Trail,
    Wedge,
)
from onframe.overlay.vocabulary import Point as PointShape
from onframe.overlay.vocabulary import Radar as RadarShape
from onframe.record import Coordinates

THOUSAND = Coordinates()
SQUARE: Region = [(100, 200), (300, 200), (300, 600), (100, 600)]


def activity(sub_type: str | None, *targets: Target, **fields: object) -> Metadata:
    return Metadata(type="activityTarget", sub_type=sub_type, targets=list(targets), **fields)  # type: ignore[arg-type]


def rule(sub_type: str | None, *targets: Target, **fields: object) -> Metadata:
    return Metadata(type="ruleTarget", sub_type=sub_type, targets=list(targets), **fields)  # type: ignore[arg-type]


def one(shapes: list[Shape]) -> Shape:
    assert len(shapes) == 1, shapes
    return shapes[0]


def numbered(document: Metadata) -> int | None:
    return frame_number_of(subjects_of(document, Coordinates()))


def unsaid(shape: Shape) -> Shape:
    """The Shape alone, without what it says of its subject (test_subjects)."""
    return msgspec.structs.replace(shape, subject="", kind="target", cls="", rule="")


def pixels(box: Shape, width: int = 1280, height: int = 720) -> tuple[float, float, float, float]:
    assert isinstance(box, Box)
    return (box.x * width, box.y * height, (box.x + box.w) * width, (box.y + box.h) * height)


class TestCoordinates:
    """The same rectangle, 128..384 x 144..432 of 1280x720, in each space."""

    EXPECTED = (128, 144, 384, 432)

    @pytest.mark.requirement("B.20")
    @pytest.mark.parametrize(
        ("coordinates", "region"),
        [
            (Coordinates("0..1000"), [(100, 200), (300, 200), (300, 600), (100, 600)]),
            (Coordinates("unit"), [(0.1, 0.2), (0.3, 0.2), (0.3, 0.6), (0.1, 0.6)]),
            (
                Coordinates("pixels", width=1280, height=720),
                [(128, 144), (384, 144), (384, 432), (128, 432)],
            ),
            # bottom left: y counts from the lower edge, so 200 from above is 800
            (Coordinates("0..1000", "bottom-left"), [(100, 800), (300, 800), (300, 400), (100, 400)]),
            (Coordinates("unit", "bottom-left"), [(0.1, 0.8), (0.3, 0.8), (0.3, 0.4), (0.1, 0.4)]),
            (
                Coordinates("pixels", "bottom-left", width=1280, height=720),
                [(128, 576), (384, 576), (384, 288), (128, 288)],
            ),
        ],
    )
    def test_a_box_lies_on_its_pixels(self, coordinates: Coordinates, region: list[Point]) -> None:
        box = one(shapes_of(activity("behaviorAnalysis", Target(target_id=1, regions=[region])), coordinates))
        assert pixels(box) == pytest.approx(self.EXPECTED, abs=0.01)

    def test_odd_values_are_right_to_a_hundredth_of_a_pixel(self) -> None:
        region: Region = [(333, 77), (667, 77), (667, 913), (333, 913)]
        box = one(shapes_of(activity("behaviorAnalysis", Target(regions=[region])), THOUSAND))
        # 333 * 1.28 = 426.24, 77 * .72 = 55.44, 667 * 1.28 = 853.76, 913 * .72 = 657.36
        assert pixels(box) == pytest.approx((426.24, 55.44, 853.76, 657.36), abs=0.01)

    def test_pixels_need_the_pictures_size(self) -> None:
        with pytest.raises(ValueError, match="width and height"):
            shapes_of(activity("ANPR", Target(regions=[SQUARE])), Coordinates("pixels"))

    @pytest.mark.fault("F55")
    @pytest.mark.parametrize(
        ("space", "region", "said"),
        [
            ("0..1000", [(1804, 20), (10, 20)], "do not fit 0..1000, origin top left (assumed): 1804 was sent"),
            ("unit", [(500, 20), (10, 20)], "do not fit unit"),
            ("0..1000", [(-5, 20), (10, 20)], "-5 was sent"),
            ("0..1000", [(0.25, 0.5), (0.75, 0.5)], "look like 0..1"),
        ],
    )
    def test_values_that_do_not_fit_give_a_hint_and_are_drawn_as_set(
        self, space: str, region: list[Point], said: str
    ) -> None:
        shapes = shapes_of(activity("x", Target(regions=[region])), Coordinates(space))  # type: ignore[arg-type]
        line, hint = shapes
        assert isinstance(hint, Notice) and said in hint.text
        assert isinstance(line, Line)
        extent = 1 if space == "unit" else 1000
        assert line.points[0] == pytest.approx((region[0][0] / extent, region[0][1] / extent), abs=1e-5)

    def test_the_edges_fit(self) -> None:
        assert len(shapes_of(activity("x", Target(regions=[[(0, 0), (1000, 1000)]])), THOUSAND)) == 1


class TestRegions:
    @pytest.mark.fault("F55")
    @pytest.mark.requirement("B.20")
    def test_one_point_two_points_and_more_are_point_line_and_region(self) -> None:
        regions: list[Region] = [[(500, 500)], [(0, 0), (1000, 500)], [(0, 0), (500, 0), (250, 500)]]
        point, line, polygon = shapes_of(activity("new", Target(target_id=7, regions=regions)), THOUSAND)
        assert isinstance(point, PointShape) and (point.x, point.y) == (0.5, 0.5)
        assert point.labels == ["target 7"]
        assert isinstance(line, Line) and line.points == [(0.0, 0.0), (1.0, 0.5)] and line.labels == []
        assert isinstance(polygon, Polygon) and polygon.points == [(0.0, 0.0), (0.5, 0.0), (0.25, 0.5)]

    @pytest.mark.fault("F55")
    def test_a_region_without_points_shows_nothing(self) -> None:
        assert shapes_of(activity("behaviorAnalysis", Target(regions=[[]])), THOUSAND) == []

    @pytest.mark.requirement("R-116")
    def test_a_document_without_sub_type_is_drawn_plainly(self) -> None:
        box = one(shapes_of(activity(None, Target(target_id=4, recognition="human", regions=[SQUARE])), THOUSAND))
        assert isinstance(box, Box)
        assert (box.labels, box.alarm, box.color) == (["human 4"], False, style.class_color("human"))

    def test_an_empty_document_shows_nothing(self) -> None:
        assert shapes_of(Metadata(), THOUSAND) == []

    @pytest.mark.requirement("R-104", "B.12")
    def test_regions_outside_of_a_sole_target_are_that_targets(self) -> None:
        document = rule("faceSnap", Target(rule_id=1), frame=Frame(regions=[SQUARE]))
        region = one(shapes_of(document, THOUSAND))
        assert isinstance(region, Polygon) and region.labels == ["rule 1 · faces"]

    @pytest.mark.requirement("R-104")
    def test_regions_outside_of_several_targets_are_drawn_without_a_name(self) -> None:
        document = rule("faceSnap", Target(rule_id=1), Target(rule_id=2), frame=Frame(regions=[SQUARE]))
        region = one(shapes_of(document, THOUSAND))
        assert isinstance(region, Polygon) and region.labels == []

    @pytest.mark.requirement("R-104")
    def test_regions_that_the_sole_target_has_already_are_not_drawn_twice(self) -> None:
        document = rule("faceSnap", Target(rule_id=1, regions=[SQUARE]), frame=Frame(regions=[SQUARE]))
        assert len(shapes_of(document, THOUSAND)) == 1


class TestBehaviour:
    @pytest.mark.requirement("B.11")
    @pytest.mark.parametrize(
        ("sent", "drawn"),
        [
            ("lefttoright", "left-to-right"),
            ("righttoleft", "right-to-left"),
            ("righttopleft", "right-to-left"),
            ("bothdirection", "both"),
            ("upwards", None),
        ],
    )
    def test_a_line_rule_says_which_way_it_is_crossed(self, sent: str, drawn: str | None) -> None:
        properties = [("eventType", "linedetection"), ("crossdirection", sent)]
        target = Target(rule_id=2, regions=[[(0, 500), (1000, 500)]], properties=properties)
        line = one(shapes_of(rule("behaviorAnalysis", target), THOUSAND))
        assert isinstance(line, Line)
        assert (line.crossing, line.labels, line.alarm) == (drawn, ["rule 2 · line crossing"], False)

    @pytest.mark.requirement("B.11")
    @pytest.mark.parametrize("value", ["true", ">true", " True"])
    def test_a_triggered_rule_is_in_alarm(self, value: str) -> None:
        properties = [("eventType", "fieldddetection"), ("triggerEvent", value)]
        target = Target(rule_id=1, regions=[SQUARE], properties=properties)
        region = one(shapes_of(rule("behaviorAnalysis", target), THOUSAND))
        assert isinstance(region, Polygon)
        assert (region.alarm, region.color, region.labels) == (True, style.ALARM, ["rule 1 · intrusion"])

    @pytest.mark.requirement("B.11")
    def test_a_triggered_target_names_its_event(self) -> None:
        properties = [("triggerEvent", "true"), ("eventType", "linedetection")]
        target = Target(target_id=12, recognition="human", regions=[SQUARE], properties=properties)
        document = activity("behaviorAnalysis", target)
        box = one(shapes_of(document, THOUSAND))
        assert isinstance(box, Box) and box.alarm and box.labels == ["human 12", "line crossing"]
        event = events_of(document)[0]
        assert (event.level, event.title, event.text) == ("alarm", "line crossing", "human 12")

    def test_a_target_that_is_not_triggered_is_no_event(self) -> None:
        target = Target(target_id=12, regions=[SQUARE], properties=[("triggerEvent", "false")])
        document = activity("behaviorAnalysis", target)
        box = one(shapes_of(document, THOUSAND))
        assert isinstance(box, Box) and not box.alarm and events_of(document) == []

    def test_an_unknown_event_type_reads_as_sent(self) -> None:
        target = Target(
            target_id=1, regions=[SQUARE], properties=[("triggerEvent", "true"), ("eventType", "tailgating")]
        )
        box = one(shapes_of(activity("behaviorAnalysis", target), THOUSAND))
        assert isinstance(box, Box) and box.labels[1] == "tailgating"


@pytest.mark.requirement("B.10")
def test_a_plate_is_a_chip_in_its_own_colour_under_the_vehicle() -> None:
    properties = [
        ("licensePlate", "XA12345"),
        ("plateColor", "yellow"),
        ("vehicleColor", "white"),
        ("vehicleType", "largeBus"),
        ("confidence", "97"),
        ("country", "16"),
        ("directionIndex", "southNorth"),
    ]
    target = Target(target_id=1, recognition="vehicle", regions=[SQUARE], properties=properties)
    document = activity("ANPR", target)
    box, plate = shapes_of(document, THOUSAND)
    assert isinstance(box, Box) and box.labels == ["vehicle 1 · white large bus", "south north"]
    assert unsaid(plate) == Plate(0.2, 0.6, "XA12345", "#ffd02e", "#1c1500", caption="97 % · country 16")
    event = events_of(document)[0]
    assert (event.key, event.title, event.text) == ("plate/XA12345", "XA12345", "white large bus")


@pytest.mark.requirement("B.10")
def test_a_plate_colour_that_is_none_of_the_named_is_grey() -> None:
    target = Target(regions=[SQUARE], properties=[("licensePlate", "A1"), ("plateColor", "0xff")])
    plate = shapes_of(activity("ANPR", target), THOUSAND)[1]
    assert isinstance(plate, Plate) and plate.color == "#cbd5e1"


@pytest.mark.requirement("B.12")
def test_a_face_has_corners_and_what_is_known_of_it() -> None:
    properties = [("faceScore", "100"), ("ageGroup", "young"), ("gender", "male")]
    target = Target(target_id=3, recognition="face", regions=[SQUARE], properties=properties)
    box, card = shapes_of(activity("faceSnap", target), THOUSAND)
    assert isinstance(box, Box) and (box.look, box.labels) == ("corners", [])
    rows = [Row("gender", "male"), Row("age group", "young"), Row("score", "100")]
    assert unsaid(card) == Card(0.1, 0.2, 0.2, 0.4, "face 3", rows, style.class_color("face"))


@pytest.mark.requirement("B.12")
def test_a_face_of_which_nothing_is_known_has_its_name_and_no_card() -> None:
    target = Target(target_id=3, recognition="face", regions=[SQUARE])
    box = one(shapes_of(activity("faceSnap", target), THOUSAND))
    assert isinstance(box, Box) and box.labels == ["face 3"]


class Room:
    """What earlier documents told, as hand-made."""

    def __init__(self, *rules: Metadata, trails: dict[tuple[str | None, int | str], list[Point]] | None = None) -> None:
        self._rules = rules
        self._trails = trails or {}

    def rules_in_force(self) -> tuple[Metadata, ...]:
        return self._rules

    def trail(self, sub_type: str | None, target_id: int | str) -> list[Point]:
        return self._trails.get((sub_type, target_id), [])


class TestQueues:
    COUNT = activity("personQueueCounting", Target(rule_id=1, properties=[("count", "5"), ("alarmCount", "10")]))
    REGION = rule("personQueueCounting", Target(rule_id=1, regions=[SQUARE], properties=[("regionColor", "blue")]))

    @pytest.mark.requirement("B.13")
    def test_a_waiting_person_says_how_long(self) -> None:
        properties = [("waitTime", "93"), ("alarmTime", "600")]
        target = Target(target_id=1, rule_id=1, recognition="human", regions=[SQUARE], properties=properties)
        box = one(shapes_of(activity("personQueueTime", target), THOUSAND))
        assert isinstance(box, Box) and (box.labels, box.alarm) == (["human 1", "waits 1 min 33 s"], False)

    @pytest.mark.requirement("B.13")
    def test_a_wait_that_reaches_its_threshold_is_in_alarm(self) -> None:
        target = Target(target_id=1, regions=[SQUARE], properties=[("waitTime", "600"), ("alarmTime", "600")])
        document = activity("personQueueTime", target)
        box = one(shapes_of(document, THOUSAND))
        assert isinstance(box, Box) and box.alarm and box.labels[1] == "waits 10 min of 10 min"
        assert events_of(document)[0].level == "alarm"

    @pytest.mark.requirement("B.13")
    def test_a_count_stands_in_the_middle_of_its_rules_region(self) -> None:
        counter = one(shapes_of(self.COUNT, THOUSAND, live=Room(self.REGION)))
        rows = [Row("people", "5"), Row("alarm at", "10")]
        assert unsaid(counter) == Counter(0.2, 0.4, "queue 1", rows, style.PEOPLE)

    @pytest.mark.requirement("B.13")
    def test_a_count_whose_rule_is_not_known_stands_in_a_panel(self) -> None:
        assert isinstance(one(shapes_of(self.COUNT, THOUSAND)), Panel)
        assert isinstance(one(shapes_of(self.COUNT, THOUSAND, live=Room())), Panel)

    @pytest.mark.requirement("B.13")
    def test_a_rules_region_has_the_colour_it_asks_for(self) -> None:
        region = one(shapes_of(self.REGION, THOUSAND))
        assert isinstance(region, Polygon) and region.color == "#60a5fa"


class TestThermal:
    @pytest.mark.requirement("B.15")
    def test_temperatures_are_crosses_with_value_and_unit(self) -> None:
        def reading(region: Region, value: str, unit: str, kind: str) -> Target:
            properties = [("tempValue", value), ("tempUnit", unit), ("tempProperty", kind)]
            return Target(rule_id=1, regions=[region], properties=properties)

        document = activity(
            "thermometry",
            reading([(100, 100), (300, 200)], "30.0", "centigrade", "average"),
            reading([(100, 100)], "68", "fahrenheit", "lowest"),
            reading([(300, 200)], "313", "kelvin", "highest"),
        )
        line, average, low, high = shapes_of(document, THOUSAND)
        assert isinstance(line, Line) and line.points == [(0.1, 0.1), (0.3, 0.2)]
        assert unsaid(average) == Temperature(0.2, 0.15, "30.0 °C", style.MILD, mark="average", celsius=30)
        # (68 - 32) * 5 / 9 = 20; 313 - 273.15 = 39.85
        assert unsaid(low) == Temperature(0.1, 0.1, "68 °F", style.COLD, mark="low", celsius=20)
        assert unsaid(high) == Temperature(0.3, 0.2, "313 K", style.HOT, mark="high", celsius=39.85)

    @pytest.mark.requirement("B.15")
    @pytest.mark.parametrize(
        ("value", "unit"), [("warm", "centigrade"), ("20", "rankine"), ("20", ""), ("1e999", "kelvin")]
    )
    def test_a_temperature_that_cannot_be_converted_is_shown_as_sent(self, value: str, unit: str) -> None:
        properties = [("tempValue", value), ("tempUnit", unit)]
        reading = one(shapes_of(activity("thermometry", Target(regions=[[(1, 1)]], properties=properties)), THOUSAND))
        assert isinstance(reading, Temperature) and reading.text.startswith(value) and reading.celsius is None

    @pytest.mark.requirement("B.15")
    def test_a_fire_has_its_outline_distance_and_hottest_point(self) -> None:
        document = activity(
            "fireDetection",
            Target(regions=[SQUARE], properties=[("distance", "1000")]),
            Target(regions=[[(200, 400)]], properties=[("tempValue", "100"), ("tempUnit", "centigrade")]),
        )
        fire, hottest = shapes_of(document, THOUSAND)
        points = [(0.1, 0.2), (0.3, 0.2), (0.3, 0.6), (0.1, 0.6)]
        assert unsaid(fire) == Fire(points, style.FIRE, labels=["fire · 1000 m"])
        assert isinstance(hottest, Temperature) and (hottest.x, hottest.y, hottest.text) == (0.2, 0.4, "100 °C")
        assert events_of(document)[0].title == "fire"

    @pytest.mark.requirement("B.15")
    def test_a_ship_says_size_speed_and_heading(self) -> None:
        properties = [
            ("direction", "left"),
            ("state", "crossing"),
            ("length", "120"),
            ("height", "30"),
            ("width", "20"),
            ("speed", "5"),
        ]
        target = Target(target_id=9, recognition="ship", rule_id=1, regions=[SQUARE], properties=properties)
        box = one(shapes_of(activity("shipsDetection", target), THOUSAND))
        assert isinstance(box, Box)
        assert (box.labels, box.heading) == (["ship 9 · crossing", "120 × 20 × 30 m · 5 m/s"], "left")


class TestRadar:
    @pytest.mark.requirement("B.14", "B.17")
    def test_targets_are_placed_by_angle_and_distance(self) -> None:
        target = Target(target_id=1, speed=30, angle=30, distance=75)
        inset = one(shapes_of(Metadata(type="activityTargetRadar", targets=[target]), THOUSAND))
        assert isinstance(inset, RadarShape)
        name = "radar none/target/1"
        # half of 150 m; sin 30° = 1/2, cos 30° = 0.866025
        assert inset.blips == [
            Blip(0.25, 0.43301, style.class_color("human"), labels=["1 · 30 km/h", "75 m"], subject=name)
        ]
        assert [(ring.radius, ring.text) for ring in inset.rings][-1] == (1.0, "150 m")

    @pytest.mark.requirement("B.14")
    def test_a_triggered_radar_target_is_in_alarm(self) -> None:
        properties = [("triggerEvent", "true"), ("eventType", "fielddetection")]
        target = Target(target_id=1, speed=3, angle=0, distance=150, properties=properties)
        inset = one(shapes_of(Metadata(type="ruleTargetRadar", targets=[target]), THOUSAND))
        assert isinstance(inset, RadarShape)
        assert (inset.blips[0].x, inset.blips[0].y, inset.blips[0].alarm) == (0.0, 1.0, True)
        assert inset.blips[0].labels == ["1 · 3 km/h", "150 m · intrusion"]

    @pytest.mark.requirement("B.14", "B.17")
    def test_the_radars_and_the_cameras_view_are_wedges(self) -> None:
        radar = Radar(
            RadarDetectionRegion(angle=30.5, distance=75, towards=10.25, vertices=[(0.046, 0.057)]),
            VideoDetectionRegion(angle=350, field_view=70),
        )
        inset = one(shapes_of(Metadata(type="ruleTargetRadar", radar=radar), THOUSAND))
        assert isinstance(inset, RadarShape)
        assert inset.wedges == [
            Wedge(-5.0, 25.5, 0.5, style.RADAR, "30.5° · 75 m · towards 10.25°"),
            Wedge(-45.0, 25.0, 1.0, style.RULE, "camera 70° at 350°"),
        ]

    @pytest.mark.requirement("B.14", "B.17")
    def test_a_radar_rule_is_drawn_by_its_polar_points(self) -> None:
        target = Target(rule_id=2, polar=[(-90, 150), (0, 75)])
        document = Metadata(type="ruleTargetRadar", targets=[target])
        inset = one(shapes_of(document, THOUSAND))
        assert isinstance(inset, RadarShape)
        path = inset.paths[0]
        assert isinstance(path, Line) and path.points == [(-1.0, 0.0), (0.0, 0.5)] and path.labels == ["rule 2"]

    @pytest.mark.requirement("B.14")
    def test_a_triggered_radar_rule_names_its_event_and_the_way_it_was_crossed(self) -> None:
        properties = [("eventType", "linedetection"), ("triggerEvent", ">true"), ("crossdirection", "lefttoright")]
        fence = Target(rule_id=1, polar=[(-90, 150), (0, 75)], properties=properties)
        post = Target(rule_id=2, polar=[(0, 75)], properties=properties)
        inset = one(shapes_of(Metadata(type="ruleTargetRadar", targets=[fence, post]), THOUSAND))
        assert isinstance(inset, RadarShape)
        path = inset.paths[0]
        assert isinstance(path, Line) and path.alarm and path.crossing == "left-to-right"
        assert (path.labels, path.kind, path.subject) == (["rule 1 · line crossing"], "rule", "radar none/rule/1")
        assert inset.blips[0].labels == ["rule 2 · line crossing · left to right"]

    @pytest.mark.requirement("B.14", "B.17")
    def test_one_vertex_of_what_the_radar_covers_is_a_point_and_two_are_a_line(self) -> None:
        def covered(*vertices: Point) -> RadarShape:
            region = RadarDetectionRegion(vertices=list(vertices))
            inset = one(shapes_of(Metadata(type="ruleTargetRadar", radar=Radar(region)), THOUSAND))
            assert isinstance(inset, RadarShape)
            return inset

        # x 0..1 is -1..1 of the inset, y 0..1 from its far edge to the radar
        blip = covered((0.75, 0.25)).blips[0]
        assert (blip.x, blip.y) == (0.5, 0.75)
        line = covered((0.5, 1), (0.25, 0)).paths[0]
        assert isinstance(line, Line) and line.points == [(0.0, 0.0), (-0.5, 1.0)]

    @pytest.mark.requirement("B.14")
    def test_radar_and_video_behaviour_are_layers_apart(self) -> None:
        target = Target(target_id=1, angle=0, distance=5, speed=1)
        radar = Metadata(type="ruleTargetRadar", sub_type="behaviorAnalysis", targets=[target])
        assert layer_of(radar) == "radar behaviorAnalysis/target"
        assert layer_of(activity("behaviorAnalysis")) == "behaviorAnalysis/target"


class TestJson:
    @pytest.mark.requirement("B.2")
    def test_a_heat_map_is_its_picture_its_region_and_its_count(self) -> None:
        document = rule(
            "heatmap",
            Target(rule_id=1, regions=[SQUARE]),
            pictures=[Picture("base64", "iVBORw0KGgoAAAA")],
            situation=Situation(person_count=3),
        )
        picture, region, panel = shapes_of(document, THOUSAND)
        assert unsaid(picture) == HeatMap("image/png", "iVBORw0KGgoAAAA", 0.45)
        assert isinstance(region, Box) and region.labels == ["rule 1 · heat map"]
        assert isinstance(panel, Panel) and panel.rows == [Row("people", "3")]

    @pytest.mark.requirement("B.2")
    def test_a_picture_that_is_an_address_is_named_and_never_fetched(self) -> None:
        document = rule("heatmap", pictures=[Picture("url", "http://192.0.2.1/heat.png")])
        notice = one(shapes_of(document, THOUSAND))
        assert isinstance(notice, Notice) and "http://192.0.2.1/heat.png" in notice.text

    @pytest.mark.requirement("B.2")
    def test_a_picture_of_no_known_kind_is_said_to_be_so(self) -> None:
        assert isinstance(
            one(shapes_of(rule("heatmap", pictures=[Picture("base64", "xxxxxxxxxxx")]), THOUSAND)), Notice
        )

    @pytest.mark.requirement("B.1", "B.3")
    def test_people_counts_are_a_panel(self) -> None:
        situation = Situation(enter_region_people_num=12, leave_region_people_num=0)
        panel = one(shapes_of(rule("PeopleCounting", situation=situation), THOUSAND))
        assert isinstance(panel, Panel)
        assert (panel.title, panel.rows) == ("people counting", [Row("entered", "12"), Row("left", "0")])

    @pytest.mark.requirement("B.4")
    def test_a_person_is_a_skeleton_and_a_head(self) -> None:
        kinds = {3: (0.5, 0.2), 2: (0.4, 0.3), 4: (0.6, 0.3), 99: (0.9, 0.9)}
        joints = [JoinMsg(kind, 0.9, 1, x2d=plane[0], y2d=plane[1]) for kind, plane in kinds.items()]
        joints.append(JoinMsg(0, 0.1, 0, x2d=0.0, y2d=0.0))
        head = HeadPolygon(Rect(0.45, 0.1, 0.1, 0.2))
        person = CameraPoint(obj_id="a1b2c3d4e5", gesture=GesturePolygon(joints=joints), head=head)
        skeleton, box = shapes_of(rule("personalTrack", tracking=[person]), THOUSAND)
        assert isinstance(skeleton, Skeleton)
        assert skeleton.joints == [(0.5, 0.2, 0.9), (0.4, 0.3, 0.9), (0.6, 0.3, 0.9), (0.9, 0.9, 0.9)]
        # shoulder to shoulder, left shoulder to head, head to right shoulder; the unknown joint stands alone
        assert skeleton.edges == [(1, 2), (1, 0), (0, 2)]
        assert skeleton.labels == ["person a1b2c3d4"]
        assert isinstance(box, Box) and (box.x, box.y, box.w, box.h, box.look) == (0.45, 0.1, 0.1, 0.2, "head")

    @pytest.mark.requirement("B.4")
    def test_a_person_who_has_gone_is_not_drawn(self) -> None:
        person = CameraPoint(tra_complete=True, gesture=GesturePolygon(None, [JoinMsg(3, 1.0, 1, x2d=0.5, y2d=0.5)]))
        assert shapes_of(rule("personalTrack", tracking=[person]), THOUSAND) == []

    @pytest.mark.requirement("B.4")
    def test_a_suspicion_is_a_notice_and_an_event(self) -> None:
        document = rule("personalTrack", suspects=[Susp(susp_id=12, confidence=0.87)])
        notice = one(shapes_of(document, THOUSAND))
        assert isinstance(notice, Notice) and notice.text == "suspicious pattern 12 · confidence 0.87"
        assert notice.kind == "suspicion"
        event = events_of(document)[0]
        assert (event.level, event.kind, event.text) == ("alarm", "suspicion", "pattern 12 · confidence 0.87")

    @pytest.mark.requirement("B.4")
    def test_several_suspicions_are_one_list_and_none_is_nothing(self) -> None:
        document = rule("personalTrack", suspects=[Susp(susp_id=5, confidence=0.567), Susp(susp_id=6)])
        panel = one(shapes_of(document, THOUSAND))
        assert isinstance(panel, Panel) and (panel.kind, panel.title, panel.alarm) == ("suspicion", "suspicions", True)
        assert panel.rows == [Row("pattern 5", "0.567", style.ALARM), Row("pattern 6", "–", style.ALARM)]
        assert len(events_of(document)) == 2
        assert shapes_of(rule("personalTrack"), THOUSAND) == []


@pytest.mark.requirement("B.20")
def test_ptz_is_a_readout() -> None:
    document = Metadata(type="PTZ", ptz=PTZInfo(elevation=-1.5, azimuth=359.125, zoom=4.0, focus=0))
    panel = one(shapes_of(document, THOUSAND))
    assert isinstance(panel, Panel)
    assert panel.rows == [Row("azimuth", "359.125°"), Row("elevation", "-1.5°"), Row("zoom", "4"), Row("focus", "0")]


class TestLive:
    @pytest.mark.requirement("R-119")
    def test_a_target_has_the_trail_of_its_own_id_and_sub_type(self) -> None:
        room = Room(trails={("behaviorAnalysis", 1): [(100, 100), (200, 100), (300, 200)]})
        target = Target(target_id=1, recognition="human", regions=[SQUARE])
        trail, box = shapes_of(activity("behaviorAnalysis", target), THOUSAND, live=room)
        assert unsaid(trail) == Trail([(0.1, 0.1), (0.2, 0.1), (0.3, 0.2)], style.class_color("human"))
        assert isinstance(box, Box)
        assert len(shapes_of(activity("faceSnap", target), THOUSAND, live=room)) == 1

    @pytest.mark.requirement("R-119")
    def test_a_target_seen_once_or_without_an_id_has_no_trail(self) -> None:
        room = Room(trails={("behaviorAnalysis", 1): [(100, 100)]})
        for target in (Target(target_id=1, regions=[SQUARE]), Target(regions=[SQUARE])):
            assert len(shapes_of(activity("behaviorAnalysis", target), THOUSAND, live=room)) == 1

    def test_rules_in_force_are_standing_shapes(self) -> None:
        first = rule("behaviorAnalysis", Target(rule_id=1, regions=[SQUARE]))
        second = rule("ANPR", Target(rule_id=2, regions=[[(0, 0), (10, 10)]]))
        kinds = [type(found) for found in standing_shapes(Room(first, second), THOUSAND)]
        assert kinds == [Polygon, Line]


NUMBERS: Any = st.one_of(st.integers(), st.floats(), st.sampled_from([10**310, -(10**310)]))
TEXTS = st.one_of(st.none(), st.text(max_size=8))
PAIRS: Any = st.tuples(NUMBERS, NUMBERS)
NAMES = ["triggerEvent", "eventType", "licensePlate", "tempValue", "tempUnit", "count", "alarmCount", "frameNumber"]
PROPERTIES = st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=30)), max_size=4)
REGIONS: Any = st.lists(st.lists(PAIRS, max_size=5), max_size=3)
TARGETS = st.builds(
    Target,
    target_id=st.one_of(st.none(), st.integers(), st.text(max_size=4)),
    recognition=TEXTS,
    regions=REGIONS,
    properties=PROPERTIES,
    polar=st.lists(PAIRS, max_size=3),
    speed=st.one_of(st.none(), NUMBERS),
    angle=st.one_of(st.none(), NUMBERS),
    distance=st.one_of(st.none(), NUMBERS),
)
SUB_TYPES = ["ANPR", "faceSnap", "thermometry", "fireDetection", "shipsDetection", "behaviorAnalysis", "personQueue"]
JOINTS = st.builds(JoinMsg, gesture_type=st.integers(0, 8), gesture_score=st.floats(), x2d=NUMBERS, y2d=NUMBERS)
DETECTION = st.builds(RadarDetectionRegion, NUMBERS, NUMBERS, NUMBERS, st.lists(PAIRS, max_size=4))
RECT = st.builds(Rect, NUMBERS, NUMBERS, NUMBERS, NUMBERS)
GESTURE = st.builds(GesturePolygon, joints=st.lists(JOINTS, max_size=4))
PERSON = st.builds(CameraPoint, gesture=GESTURE, head=st.builds(HeadPolygon, RECT))
DOCUMENTS = st.builds(
    Metadata,
    type=st.sampled_from([None, "ruleTarget", "activityTarget", "ruleTargetRadar", "PTZ"]),
    sub_type=st.one_of(TEXTS, st.sampled_from(SUB_TYPES)),
    targets=st.lists(TARGETS, max_size=3),
    frame=st.builds(Frame, regions=REGIONS, properties=PROPERTIES),
    radar=st.none() | st.builds(Radar, DETECTION, st.builds(VideoDetectionRegion, NUMBERS, NUMBERS)),
    ptz=st.none() | st.builds(PTZInfo, NUMBERS, NUMBERS),
    situation=st.none() | st.builds(Situation, st.sampled_from([0, 7, 10**400])),
    pictures=st.lists(st.builds(Picture, TEXTS, TEXTS), max_size=2),
    tracking=st.lists(PERSON, max_size=2),
    suspects=st.lists(st.builds(Susp, susp_id=st.none() | st.integers()), max_size=2),
)


@pytest.mark.fault("F55")
@settings(max_examples=100)
@given(DOCUMENTS)
def test_whatever_a_document_holds_its_shapes_are_finite(document: Metadata) -> None:
    shapes = msgspec.to_builtins(shapes_of(document, THOUSAND))
    msgspec.json.encode([events_of(document), numbered(document), layer_of(document)])
    assert all(math.isfinite(number) for number in numbers_in(shapes))


def test_a_number_of_thousands_of_digits_costs_nothing() -> None:
    digits = "9" * 5000
    properties = [("waitTime", digits), ("alarmTime", "60"), ("frameNumber", digits)]
    document = activity("personQueueTime", Target(target_id=1, regions=[SQUARE], properties=properties))
    assert len(shapes_of(document, THOUSAND)) == 1
    assert (events_of(document), numbered(document)) == ([], None)


def numbers_in(value: Any) -> list[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [number for inner in value for number in numbers_in(inner)]
    return [value] if isinstance(value, int | float) else []


def test_a_frame_number_is_the_value_that_was_sent() -> None:
    assert numbered(activity("x", Target(), Target(properties=[("frameNumber", "513")]))) == 513
    assert numbered(activity("x", Target(properties=[("frameNumber", "many")]))) is None
    assert numbered(activity("x")) is None


def test_counts_and_readouts_are_held_longer_than_targets() -> None:
    assert hold_of(activity("behaviorAnalysis")) == 500
    assert hold_of(activity("thermometry")) == 2_000
    assert hold_of(rule("PeopleCounting", situation=Situation(person_count=1))) == 10_000
    assert hold_of(Metadata(type="PTZ", ptz=PTZInfo())) == 10_000


def test_shapes_are_compact_json() -> None:
    box = Box(0.1, 0.2, 0.3, 0.4, "#ffffff")
    assert msgspec.json.encode(box) == b'{"t":"box","x":0.1,"y":0.2,"w":0.3,"h":0.4,"color":"#ffffff"}'
