"""Typed views of a Target's properties (B.10-B.15): what the pairs of texts mean.

The pairs stay as sent; a value that is not of its kind is left out here and stays there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from onframe.isapi.leniency import boolean, known_value
from onframe.isapi.values import integer, number

if TYPE_CHECKING:
    from onframe.isapi.metadata import Number, Target


def _text(text: str) -> str:
    return text


def _known(name: str) -> Callable[[str], str]:
    return lambda text: known_value(name, text)


_READERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    name.lower(): (name, reader)
    for reader, names in (
        (
            _text,
            "direction licensePlate plateType plateColor vehicleColor vehicleType vehicleLogo vehicleSublogo "
            "ageGroup gender regionColor state",
        ),
        (number, "confidence vehicleConfidence faceScore waitTime alarmTime distance length height width speed"),
        (integer, "country count alarmCount"),
        (boolean, "triggerEvent"),
        (_known("eventtype"), "eventType"),
        (_known("crossdirection"), "crossdirection"),
        (_known("directionindex"), "directionIndex"),
    )
    for name in names.split()
}
_TEMPERATURE = frozenset({"tempvalue", "tempunit", "tempproperty"})


def values(target: Target) -> dict[str, Any]:
    """The typed views that apply, by the guide's property names; temperatures as one object."""
    found: dict[str, Any] = {}
    for description, text in target.properties:
        lowered = description.lower()
        if lowered in _READERS:
            name, reader = _READERS[lowered]
            value = reader(text)
            if value is not None and name not in found and text != "":
                found[name] = value
        elif lowered in _TEMPERATURE and "temperature" not in found:
            measured = temperature_of(target)
            if measured is not None:
                found["temperature"] = {"value": measured.value, "unit": measured.unit, "property": measured.kind}
    return found


class Temperature(msgspec.Struct, frozen=True):
    """A measured temperature (B.15): ``kind`` is its tempProperty: highest, lowest, average or None."""

    value: float
    unit: str | None = None
    kind: str | None = None

    @property
    def celsius(self) -> float | None:
        """In degrees Celsius; None where the unit is unknown."""
        unit = (self.unit or "").lower()
        if unit in ("centigrade", "celsius"):
            return self.value
        if unit == "fahrenheit":
            return (self.value - 32) * 5 / 9
        return self.value - 273.15 if unit == "kelvin" else None

    @property
    def fahrenheit(self) -> float | None:
        """In degrees Fahrenheit; None where the unit is unknown."""
        return None if self.celsius is None else self.celsius * 9 / 5 + 32

    @property
    def kelvin(self) -> float | None:
        """In kelvin; None where the unit is unknown."""
        return None if self.celsius is None else self.celsius + 273.15


class Plate(msgspec.Struct, frozen=True):
    """A licence plate and its vehicle (B.10); confidences are 0..100."""

    number: str
    confidence: Number | None = None
    plate_type: str | None = None
    plate_color: str | None = None
    direction: str | None = None
    driving_direction: str | None = None
    country: int | None = None
    vehicle_color: str | None = None
    vehicle_type: str | None = None
    vehicle_logo: str | None = None
    vehicle_sublogo: str | None = None
    vehicle_confidence: Number | None = None


class Queue(msgspec.Struct, frozen=True):
    """A queue (B.13): waiting and alarm time (the unit is not said; seconds are assumed), people and alarm count."""

    wait_time: Number | None = None
    alarm_time: Number | None = None
    count: int | None = None
    alarm_count: int | None = None

    @property
    def alarm(self) -> bool:
        """Whether a measured value has reached its threshold."""
        waits = self.wait_time is not None and self.alarm_time is not None and self.wait_time >= self.alarm_time
        crowd = self.count is not None and self.alarm_count is not None and self.count >= self.alarm_count
        return waits or crowd


class Face(msgspec.Struct, frozen=True):
    """A captured face (B.12); the range of the score is not said."""

    score: Number | None = None
    age_group: str | None = None
    gender: str | None = None


class Ship(msgspec.Struct, frozen=True):
    """A ship (B.15): metres, and metres per second."""

    direction: str | None = None
    state: str | None = None
    length: Number | None = None
    height: Number | None = None
    width: Number | None = None
    speed: Number | None = None


class BehaviorEvent(msgspec.Struct, frozen=True):
    """An event of behaviour analysis (B.11, B.14). ``triggered`` is false where triggerEvent is absent."""

    event_type: str | None = None
    triggered: bool = False
    cross_direction: str | None = None


def temperature_of(target: Target) -> Temperature | None:
    """The temperature of a target (B.15), or None where no number is sent."""
    value = number(target.get("tempValue") or "")
    if value is None:
        return None
    unit = target.get("tempUnit") or None
    return Temperature(float(value), unit and known_value("tempunit", unit), target.get("tempProperty") or None)


def plate_of(target: Target) -> Plate | None:
    """The licence plate of a target (B.10), or None."""
    found = values(target)
    if "licensePlate" not in found:
        return None
    names = (
        "licensePlate confidence plateType plateColor direction directionIndex country vehicleColor vehicleType "
        "vehicleLogo vehicleSublogo vehicleConfidence"
    )
    return Plate(*(found.get(name) for name in names.split()))  # type: ignore[arg-type]


def queue_of(target: Target) -> Queue | None:
    """The queue a target tells of (B.13), or None."""
    found = values(target)
    queue = Queue(found.get("waitTime"), found.get("alarmTime"), found.get("count"), found.get("alarmCount"))
    return None if queue == Queue() else queue


def face_of(target: Target) -> Face | None:
    """The face of a target (B.12), or None."""
    found = values(target)
    face = Face(found.get("faceScore"), found.get("ageGroup"), found.get("gender"))
    return face if face != Face() or (target.recognition or "").lower() == "face" else None


def ship_of(target: Target) -> Ship | None:
    """The ship of a target (B.15), or None where its recognition is another and it has no state."""
    found = values(target)
    if (target.recognition or "").lower() != "ship" and "state" not in found:
        return None
    return Ship(*(found.get(name) for name in ("direction", "state", "length", "height", "width", "speed")))


def event_of(target: Target) -> BehaviorEvent | None:
    """The behaviour event of a target (B.11), or None where it has neither eventType nor triggerEvent."""
    found = values(target)
    if "eventType" not in found and "triggerEvent" not in found:
        return None
    return BehaviorEvent(found.get("eventType"), bool(found.get("triggerEvent")), found.get("crossdirection"))
