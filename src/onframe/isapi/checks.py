"""What a readable metadata document lacks or oversteps, as warnings; the values stay as sent."""

from __future__ import annotations

from collections.abc import Callable

from onframe.isapi.leniency import Notes
from onframe.isapi.metadata import CameraPoint, Metadata, Number, PTZInfo, Radar, Target
from onframe.isapi.values import number


def check(metadata: Metadata, notes: Notes) -> None:
    """Warn about absent required fields and values out of the guide's ranges."""
    if metadata.type is None:
        notes.warn("type is required and absent")
    if metadata.time is None:
        notes.warn("time is required and absent")
    special = _SUB_TYPES.get((metadata.sub_type or "").lower())
    if special is not None:
        special(metadata, notes)
    if metadata.ptz is not None:
        _ptz(metadata.ptz, notes)
    if metadata.radar is not None:
        _radar(metadata.radar, notes)
    if metadata.tracking:
        _tracking(metadata.tracking, notes)


def _range(notes: Notes, what: str, value: Number | None, low: Number, high: Number) -> None:
    if value is not None and not low <= value <= high:
        notes.warn(f"{what} {value} is outside {low}..{high}")


def _required(target: Target, names: tuple[str, ...], notes: Notes) -> None:
    for name in names:
        if target.get(name) is None:
            _lacks(name, notes)


def _lacks(name: str, notes: Notes) -> None:
    notes.warn(f"property {name} is required and absent")


_CONFIDENCES = {"confidence": "confidence", "vehicleconfidence": "vehicleConfidence"}


def _plates(metadata: Metadata, notes: Notes) -> None:
    for target in metadata.targets:
        keys = [description.lower() for description, _ in target.properties]
        if "licenseplate" not in keys and metadata.type == "activityTarget":
            _lacks("licensePlate", notes)
        for key, (_, value) in zip(keys, target.properties, strict=True):
            if key in _CONFIDENCES:
                _range(notes, _CONFIDENCES[key], number(value), 0, 100)


def _temperatures(metadata: Metadata, notes: Notes) -> None:
    for target in metadata.targets:
        if metadata.type == "activityTarget":
            _required(target, ("tempValue", "tempUnit"), notes)


def _counting(metadata: Metadata, notes: Notes) -> None:
    situation = metadata.situation
    if situation is None or situation.enter_region_people_num is None or situation.leave_region_people_num is None:
        notes.warn("enterRegionPeopleNum and leaveRegionPeopleNum are required with PeopleCounting")


def _polar(metadata: Metadata, notes: Notes) -> None:
    for target in metadata.targets:
        if target.angle is not None or target.distance is not None:
            _range(notes, "angle", target.angle, -75, 75)
            _range(notes, "distance", target.distance, 0, 150)
        for angle, distance in target.polar:
            _range(notes, "angle", angle, -75, 75)
            _range(notes, "distance", distance, 0, 150)


def _ptz(ptz: PTZInfo, notes: Notes) -> None:
    _range(notes, "elevation", ptz.elevation, -90, 270)
    _range(notes, "azimuth", ptz.azimuth, 0, 360)
    _range(notes, "zoom", ptz.zoom, 0, 100_000)
    _range(notes, "focus", ptz.focus, 0, 100_000)
    if ptz.elevation is None or ptz.azimuth is None:
        notes.warn("elevation and azimuth are required in PTZInfo")


def _radar(radar: Radar, notes: Notes) -> None:
    if radar.detection_region is not None:
        for x, y in radar.detection_region.vertices:
            _range(notes, "VertexPoint x", x, 0, 1)
            _range(notes, "VertexPoint y", y, 0, 1)
    if radar.video_region is not None:
        _range(notes, "VideoDetectionRegion angle", radar.video_region.angle, 0, 360)
        _range(notes, "fieldView", radar.video_region.field_view, 0, 180)


def _tracking(people: list[CameraPoint], notes: Notes) -> None:
    for person in people:
        if person.obj_id is None:
            notes.warn("objId is required and absent")
        elif len(person.obj_id) > 32:
            notes.warn("objId is longer than 32 characters")
        for joint in person.joints:
            score = joint.gesture_score
            if score is not None and not 0 <= score <= 1:
                _range(notes, "gestureScore", score, 0, 1)


_SUB_TYPES: dict[str, Callable[[Metadata, Notes], None]] = {
    "anpr": _plates,
    "thermometry": _temperatures,
    "peoplecounting": _counting,
    "behavioranalysis": _polar,
}
