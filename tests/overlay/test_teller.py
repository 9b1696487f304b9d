"""What a stream's earlier documents add to a later one: flashes, trails, radar vectors, waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from onframe.isapi.metadata import Metadata, Region, Target
from onframe.overlay.memory import Memory
from onframe.overlay.teller import FLASH, Place, Teller
from onframe.overlay.vocabulary import Box, Counter, Line, Polygon, Radar, Row, Rules, Shapes, Trail
from onframe.record import Coordinates, Record

START = datetime(2030, 5, 1, 12, tzinfo=UTC)
FIELD: Region = [(0, 0), (1000, 0), (1000, 500), (0, 500)]
T = TypeVar("T")


def square(x: int) -> Region:
    return [(x, 100), (x + 100, 100), (x + 100, 300), (x, 300)]


class Stream:
    """Tells documents at the seconds that are said, as one connection's Records."""

    def __init__(self, coordinates: Coordinates | None = None) -> None:
        self.teller = Teller(coordinates or Coordinates())
        self.told: list[tuple[Record, Place]] = []

    def tell(self, metadata: Metadata, seconds: float) -> list[Shapes | Rules]:
        at = START + timedelta(seconds=seconds)
        record = Record("gate", 1, 1, 1, len(self.told), at, metadata, captured_at=at)
        place = Place(round(seconds * 90_000), True, "sender_report")
        self.told.append((record, place))
        return self.teller.tell(record, place)

    def drawn(self, metadata: Metadata, seconds: float, kind: type[T]) -> list[T]:
        shapes = [shape for told in self.tell(metadata, seconds) for shape in told.shapes]
        return [shape for shape in shapes if isinstance(shape, kind)]

    def again(self, i: int, kind: type[T]) -> list[T]:
        return [shape for shape in self.teller.again(*self.told[i]).shapes if isinstance(shape, kind)]


def alarm(target_id: int = 7, triggered: str = "true") -> Metadata:
    target = Target(target_id=target_id, regions=[square(100)], properties=[("triggerEvent", triggered)])
    return Metadata(type="activityTarget", sub_type="behaviorAnalysis", targets=[target])


class TestFlash:
    def flash(self, stream: Stream, seconds: float, triggered: str = "true") -> float:
        return stream.drawn(alarm(triggered=triggered), seconds, Box)[0].flash

    def test_an_alarm_begins_with_a_flash_that_decays_within_a_second_and_a_half(self) -> None:
        stream = Stream()
        # 1 - t / 1.5, never below 0
        told = [self.flash(stream, seconds) for seconds in (0.0, 0.3, 0.75, 1.4, 1.6, 2.5)]
        assert told == pytest.approx([1.0, 0.8, 0.5, 0.067, 0.0, 0.0], abs=0.001)
        assert FLASH == 1.5

    def test_an_alarm_that_was_silent_for_that_long_flashes_anew(self) -> None:
        stream = Stream()
        assert [self.flash(stream, seconds) for seconds in (0.0, 1.0, 2.6)] == pytest.approx([1, 1 / 3, 1], abs=0.001)

    def test_what_is_no_alarm_does_not_flash(self) -> None:
        assert self.flash(Stream(), 0, "false") == 0.0

    def test_each_target_has_its_own(self) -> None:
        stream = Stream()
        stream.tell(alarm(1), 0)
        assert stream.drawn(alarm(2), 1, Box)[0].flash == 1.0

    def test_a_record_told_again_has_the_flash_of_its_own_time(self) -> None:
        stream = Stream()
        for seconds in (0.0, 0.3, 1.2):
            stream.tell(alarm(), seconds)
        assert [stream.again(i, Box)[0].flash for i in range(3)] == pytest.approx([1.0, 0.8, 0.2], abs=0.001)

    def test_another_connection_begins_anew(self) -> None:
        stream = Stream()
        stream.tell(alarm(), 0)
        stream.teller.begin()
        assert self.flash(stream, 0.5) == 1.0


class TestTrails:
    def test_a_record_told_again_has_the_trail_of_its_own_time(self) -> None:
        stream = Stream()
        for i, x in enumerate((100, 200, 300, 400)):
            target = Target(target_id=7, regions=[square(x)])
            stream.tell(Metadata(type="activityTarget", sub_type="behaviorAnalysis", targets=[target]), i / 10)
        trail = stream.again(2, Trail)[0]
        assert trail.points == [(0.15, 0.2), (0.25, 0.2), (0.35, 0.2)]

    def test_it_is_told_in_the_coordinates_that_are_set_now(self) -> None:
        stream = Stream()
        stream.tell(alarm(), 0)
        stream.teller.coordinates = Coordinates("pixels", width=1000, height=500)
        box = stream.again(0, Box)[0]
        # 100..200 of 1000, 100..300 of 500
        assert (box.x, box.y, box.w, box.h) == (0.1, 0.2, 0.1, 0.4)


def blip_at(angle: float, distance: float, speed: float | None = None) -> Metadata:
    target = Target(target_id=4, angle=angle, distance=distance, speed=speed)
    return Metadata(type="activityTargetRadar", sub_type="behaviorAnalysis", targets=[target])


class TestRadar:
    @pytest.mark.requirement("B.14", "B.17")
    def test_the_vector_has_the_direction_of_the_last_positions_and_the_length_of_the_speed(self) -> None:
        stream = Stream()
        # straight ahead, from 60 m to 57 m in half a second: towards the radar. 54 km/h = 15 m/s = 0.1 of 150 m
        stream.tell(blip_at(0, 60, 54), 0)
        inset = stream.drawn(blip_at(0, 57, 54), 0.5, Radar)[0]
        assert inset.blips[0].vector == pytest.approx((0.0, -0.1), abs=1e-5)

    def test_without_a_speed_its_length_is_measured(self) -> None:
        stream = Stream()
        # 90° is to the right: from 30 m to 33 m in half a second is 6 m/s, 0.04 of 150 m
        stream.tell(Metadata(type="activityTargetRadar", targets=[Target(target_id=4, angle=90, distance=30)]), 0)
        document = Metadata(type="activityTargetRadar", targets=[Target(target_id=4, angle=90, distance=33)])
        assert stream.drawn(document, 0.5, Radar)[0].blips[0].vector == pytest.approx((0.04, 0.0), abs=1e-5)

    def test_who_stands_or_was_seen_once_has_no_vector(self) -> None:
        stream = Stream()
        assert stream.drawn(blip_at(0, 60, 54), 0, Radar)[0].blips[0].vector is None
        assert stream.drawn(blip_at(0, 60.1, 54), 0.5, Radar)[0].blips[0].vector is None

    def test_old_positions_do_not_count(self) -> None:
        stream = Stream()
        stream.tell(blip_at(0, 20, 54), 0)
        stream.tell(blip_at(0, 60, 54), 2)
        # only the way from 60 m to 63 m is of the last second: away from the radar
        vector = stream.drawn(blip_at(0, 63, 54), 2.5, Radar)[0].blips[0].vector
        assert vector == pytest.approx((0.0, 0.1), abs=1e-5)

    def test_its_way_is_drawn_as_a_trail(self) -> None:
        stream = Stream()
        stream.tell(blip_at(0, 60), 0)
        path = stream.drawn(blip_at(0, 75), 0.5, Radar)[0].paths[0]
        assert isinstance(path, Line)
        assert (path.kind, path.points) == ("trail", [(0.0, 0.4), (0.0, 0.5)])

    def test_a_record_told_again_has_the_vector_of_its_own_time(self) -> None:
        stream = Stream()
        for i, distance in enumerate((60, 57, 90)):
            stream.tell(blip_at(0, distance, 54), i / 2)
        inset = stream.again(1, Radar)[0]
        assert inset.blips[0].vector == pytest.approx((0.0, -0.1), abs=1e-5)
        assert inset.paths[0].points == [(0.0, 0.4), (0.0, 0.38)]

    def test_what_is_remembered_is_bounded(self) -> None:
        memory = Memory()
        for i in range(3000):
            memory.add(Metadata(targets=[Target(target_id=i % 1500, angle=0, distance=1)]), i)
        assert len(memory._tracks) == 1000


def waiting(*seconds: int, rule_id: int = 1) -> Metadata:
    targets = [Target(target_id=i, rule_id=rule_id, properties=[("waitTime", str(s))]) for i, s in enumerate(seconds)]
    return Metadata(type="activityTarget", sub_type="personQueueTime", targets=targets)


COUNT = Metadata(
    type="activityTarget",
    sub_type="personQueueCounting",
    targets=[Target(rule_id=2, properties=[("count", "3"), ("alarmCount", "6")])],
)


class TestQueues:
    def stream(self, *, time_region: Region) -> Stream:
        stream = Stream()
        rules = (("personQueueTime", 1, time_region), ("personQueueCounting", 2, FIELD))
        for sub_type, rule_id, region in rules:
            target = Target(rule_id=rule_id, regions=[region])
            stream.tell(Metadata(type="ruleTarget", sub_type=sub_type, targets=[target]), 0)
        return stream

    @pytest.mark.requirement("B.13")
    def test_a_count_says_how_long_people_wait_in_the_same_region(self) -> None:
        stream = self.stream(time_region=FIELD)
        stream.tell(waiting(12, 93, 40), 1)
        counter = stream.drawn(COUNT, 1.5, Counter)[0]
        assert (counter.x, counter.y, counter.kind) == (0.5, 0.25, "queue")
        assert counter.rows == [Row("people", "3"), Row("longest wait", "1 min 33 s"), Row("alarm at", "6")]

    @pytest.mark.requirement("B.13")
    def test_waits_in_another_region_or_of_long_ago_are_not_the_counts(self) -> None:
        plain = [Row("people", "3"), Row("alarm at", "6")]
        other = self.stream(time_region=square(0))
        other.tell(waiting(93), 1)
        assert other.drawn(COUNT, 1.5, Counter)[0].rows == plain
        late = self.stream(time_region=FIELD)
        late.tell(waiting(93), 1)
        assert late.drawn(COUNT, 3.5, Counter)[0].rows == plain

    @pytest.mark.requirement("B.13")
    def test_the_wait_is_that_of_those_who_are_still_there(self) -> None:
        stream = self.stream(time_region=FIELD)
        stream.tell(waiting(93, 12), 1)
        stream.tell(waiting(13), 2)
        assert stream.drawn(COUNT, 2, Counter)[0].rows[1] == Row("longest wait", "13 s")


def test_rules_are_told_whole_each_time_and_name_themselves() -> None:
    stream = Stream()
    (rules,) = stream.tell(
        Metadata(type="ruleTarget", sub_type="behaviorAnalysis", targets=[Target(rule_id=1, regions=[FIELD])]), 1
    )
    assert isinstance(rules, Rules) and rules.pts == 90_000
    assert isinstance(rules.shapes[0], Polygon) and rules.shapes[0].subject == "behaviorAnalysis/rule/1"
