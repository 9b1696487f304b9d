"""What a person wants to know of a document, in one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from onframe.isapi.metadata import Target
from onframe.record import Record

SHOWN = 4
"""Targets that are told one by one."""

# How a property is said; those that are not named here are said as "name value".
_SAYINGS: dict[str, str] = {
    "plateColor": "{} plate",
    "vehicleColor": "{}",
    "vehicleType": "{}",
    "vehicleLogo": "logo {}",
    "direction": "{}",
    "eventType": "{}",
    "crossdirection": "{}",
    "confidence": "{:g} %",
    "faceScore": "score {:g}",
    "ageGroup": "{}",
    "gender": "{}",
    "waitTime": "waits {:g} s",
    "alarmTime": "alarm at {:g} s",
    "count": "{} waiting",
    "alarmCount": "alarm at {}",
    "distance": "{:g} m away",
    "length": "{:g} m long",
    "height": "{:g} m high",
    "width": "{:g} m wide",
    "speed": "{:g} km/h",
    "regionColor": "{}",
}
_UNSAID = {
    "licensePlate",
    "frameNumber",
    "triggerEvent",
    "country",
    "vehicleConfidence",
    "vehicleSublogo",
    "plateType",
    "state",
}
_UNITS = {"centigrade": "°C", "fahrenheit": "°F", "kelvin": "K"}
_NAMES = {"human": "person", "zoology": "animal"}


def summary(record: Record) -> str:
    """One line without a line's end, however much the document says."""
    metadata = record.metadata
    parts = [_target(target, metadata.kind or "target") for target in metadata.targets[:SHOWN]]
    if len(metadata.targets) > SHOWN:
        parts.append(f"{len(metadata.targets) - SHOWN} more")
    parts += _counts(record)
    if metadata.ptz is not None:
        ptz = metadata.ptz
        seen = (("azimuth", ptz.azimuth, "°"), ("elevation", ptz.elevation, "°"), ("zoom", ptz.zoom, "×"))
        parts.append(" ".join(f"{name} {value:g}{unit}" for name, value, unit in seen if value is not None))
    return " · ".join(part for part in parts if part) or "nothing in sight"


def _target(target: Target, kind: str) -> str:
    values = target.values
    name = f"! {_name(target, kind)}" if values.get("triggerEvent") else _name(target, kind)
    polar = ((target.distance, "{:g} m"), (target.angle, "at {:g}°"), (target.speed, "{:g} km/h"))
    said = [form.format(number) for number, form in polar if number is not None]
    said += [_property(name, value) for name, value in values.items() if name not in _UNSAID]
    return f"{name}: {', '.join(said)}" if said else name


def _name(target: Target, kind: str) -> str:
    if target.plate:
        return target.plate
    name = _NAMES.get(target.recognition or "", target.recognition) or kind
    number = target.rule_id if kind == "rule" or target.target_id is None else target.target_id
    return name if number is None else f"{name} {number}"


def _property(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return _measured(value)
    if name in _SAYINGS:
        return _SAYINGS[name].format(value)
    return f"{name} {value}"


def _measured(value: dict[str, Any]) -> str:
    number, unit = value.get("value"), str(value.get("unit") or "")
    return " ".join(str(word) for word in (value.get("property"), number, _UNITS.get(unit, unit)) if word)


def _counts(record: Record) -> Iterator[str]:
    metadata, situation = record.metadata, record.metadata.situation
    if situation is not None:
        counts = (
            (situation.person_count, "people"),
            (situation.enter_region_people_num, "in"),
            (situation.leave_region_people_num, "out"),
        )
        yield ", ".join(f"{number} {what}" for number, what in counts if number is not None)
    if metadata.tracking:
        yield f"{len(metadata.tracking)} tracked"
    if metadata.pictures:
        yield f"{len(metadata.pictures)} picture" + ("s" if len(metadata.pictures) > 1 else "")
    if metadata.radar is not None:
        region = metadata.radar.detection_region
        yield "the picture's place" if region is None else f"radar region {region.distance or 0:g} m"
