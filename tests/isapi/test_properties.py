from __future__ import annotations

import pytest

from onframe.isapi.metadata import Target
from onframe.isapi.properties import (
    BehaviorEvent,
    Face,
    Plate,
    Queue,
    Ship,
    Temperature,
    event_of,
    face_of,
    plate_of,
    queue_of,
    ship_of,
    temperature_of,
)


def target(recognition: str | None = None, **properties: str) -> Target:
    return Target(recognition=recognition, properties=list(properties.items()))


@pytest.mark.requirement("B.15")
@pytest.mark.parametrize(
    ("unit", "value", "celsius", "fahrenheit", "kelvin"),
    [
        ("centigrade", "30", 30.0, 86.0, 303.15),
        ("fahrenheit", "212", 100.0, 212.0, 373.15),
        ("kelvin", "273.15", 0.0, 32.0, 273.15),
        ("Kelvin", "273.15", 0.0, 32.0, 273.15),
    ],
)
def test_a_temperature_in_every_unit(unit: str, value: str, celsius: float, fahrenheit: float, kelvin: float) -> None:
    read = temperature_of(target(tempValue=value, tempUnit=unit, tempProperty="highest"))
    assert read is not None
    assert read.celsius == pytest.approx(celsius)
    assert read.fahrenheit == pytest.approx(fahrenheit)
    assert read.kelvin == pytest.approx(kelvin)
    assert read.kind == "highest"


def test_a_temperature_of_unknown_unit_is_not_converted() -> None:
    read = temperature_of(target(tempValue="30"))
    assert read == Temperature(30.0)
    assert read.celsius is read.fahrenheit is read.kelvin is None
    assert temperature_of(target(tempValue="hot")) is None


@pytest.mark.requirement("B.10")
def test_a_plate_with_its_vehicle() -> None:
    read = plate_of(
        target(
            licensePlate="XA12345",
            confidence="87",
            plateColor="0xff",
            directionIndex="noerthSouth",
            country="16",
            vehicleLogo="1026",
        )
    )
    assert read == Plate(
        "XA12345", confidence=87, plate_color="0xff", driving_direction="northSouth", country=16, vehicle_logo="1026"
    )
    assert plate_of(target(confidence="87")) is None


@pytest.mark.requirement("B.13")
def test_a_queue_and_its_alarm() -> None:
    waiting = queue_of(target(waitTime="600", alarmTime="600"))
    assert waiting == Queue(wait_time=600, alarm_time=600) and waiting.alarm
    counting = queue_of(target(count="5", alarmCount="10"))
    assert counting == Queue(count=5, alarm_count=10) and not counting.alarm
    assert queue_of(target(gender="male")) is None


@pytest.mark.requirement("B.12")
def test_a_face() -> None:
    assert face_of(target("face", faceScore="100", ageGroup="100", gender="male")) == Face(100, "100", "male")
    assert face_of(target("face")) == Face()
    assert face_of(target("human")) is None


@pytest.mark.requirement("B.15")
def test_a_ship() -> None:
    assert ship_of(target("ship", direction="left", length="50", speed="4.5")) == Ship("left", None, 50, speed=4.5)
    assert ship_of(target("human", direction="left")) is None


@pytest.mark.requirement("B.11")
@pytest.mark.parametrize(
    ("properties", "event"),
    [
        ({"eventType": "fieldddetection", "triggerEvent": "true"}, BehaviorEvent("fielddetection", True)),
        ({"triggerEvent": "false"}, BehaviorEvent(None, False)),
        ({"eventType": "linedetection"}, BehaviorEvent("linedetection", False)),
        ({"EVENTTYPE": "REGIONENTRANCE", "triggerevent": "1"}, BehaviorEvent("regionEntrance", True)),
        ({"eventType": "somethingNew"}, BehaviorEvent("somethingNew", False)),
        (
            {"eventType": "linedetection", "triggerEvent": "true", "crossdirection": "righttopleft"},
            BehaviorEvent("linedetection", True, "righttoleft"),
        ),
    ],
)
def test_an_event_is_triggered_only_where_it_says_so(properties: dict[str, str], event: BehaviorEvent) -> None:
    assert event_of(target(**properties)) == event


def test_a_target_without_event_has_none() -> None:
    assert event_of(target(count="5")) is None


def test_values_that_are_not_of_their_kind_are_left_out_and_stay_raw() -> None:
    one = target(country="abc", confidence="high", triggerEvent="maybe", licensePlate="")
    assert one.values == {}
    assert one.get("country") == "abc"


def test_unknown_properties_are_raw_only() -> None:
    one = target(frameNumber="17")
    assert one.values == {}
    assert one.get("FRAMENUMBER") == "17"


def test_a_temperature_without_a_number_is_none() -> None:
    assert target(tempValue="hot", tempUnit="centigrade").values == {}
