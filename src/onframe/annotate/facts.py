"""The way back from the JSON form of a metadata document (`onframe.isapi.facts`) to Metadata. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from onframe.isapi.metadata import (
    CameraPoint,
    Cct,
    DevInfo,
    Frame,
    GesturePolygon,
    HeadModel,
    HeadModels,
    HeadPolygon,
    JoinMsg,
    Metadata,
    Picture,
    Point,
    PTZInfo,
    Radar,
    RadarDetectionRegion,
    Rect,
    Situation,
    Susp,
    Target,
    Time,
    VideoDetectionRegion,
)

Facts = Mapping[str, Any]
T = TypeVar("T")


def metadata_of(facts: Facts) -> Metadata:
    """The document that has these facts. Raises ValueError where they do not fit."""
    try:
        return _metadata(facts)
    except (AttributeError, LookupError, TypeError, msgspec.ValidationError) as error:
        raise ValueError(f"the metadata does not fit: {error}") from error


def _metadata(facts: Facts) -> Metadata:
    return Metadata(
        type=facts["type"],
        sub_type=facts["subType"],
        time=_struct(Time, facts.get("time")),
        device=_struct(DevInfo, facts.get("device")),
        targets=[_target(one) for one in facts.get("targets") or ()],
        frame=_frame(facts.get("frame") or {}),
        radar=_radar(facts.get("radar")),
        ptz=_struct(PTZInfo, _named(facts.get("ptz"), presetNo="preset_no")),
        situation=_situation(facts.get("situation")),
        pictures=[Picture(_text(one["dataType"]), _text(one["data"])) for one in facts.get("pictures") or ()],
        tracking=[_person(one) for one in facts.get("tracking") or ()],
        suspects=[_suspect(one) for one in facts.get("suspects") or ()],
        root=facts.get("root") or "Metadata",
        version=facts.get("version"),
        namespace=facts.get("namespace"),
        extras=dict(facts.get("extras") or {}),
    )


def _struct(kind: type[T], facts: Facts | None) -> T | None:
    """A Struct whose fields are named as these facts, or in camel case; None for none."""
    if facts is None:
        return None
    names = {_camel(field): field for field in kind.__struct_fields__}  # type: ignore[attr-defined]
    return msgspec.convert({names.get(name, name): value for name, value in facts.items()}, kind)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _named(facts: Facts | None, **names: str) -> dict[str, Any] | None:
    """The same facts under other names."""
    return None if facts is None else {names.get(name, name): value for name, value in facts.items()}


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _points(points: Any) -> list[Point]:
    return msgspec.convert(points or [], list[tuple[int | float, int | float]])


def _regions(facts: Facts) -> list[list[Point]]:
    return [_points(region) for region in facts.get("regions") or ()]


def _properties(facts: Facts) -> list[tuple[str, str]]:
    return msgspec.convert(facts.get("properties") or [], list[tuple[str, str]])


def _target(facts: Facts) -> Target:
    return msgspec.convert(
        {
            "target_id": facts.get("targetID"),
            "rule_id": facts.get("ruleID"),
            "recognition": facts.get("recognition"),
            "regions": _regions(facts),
            "properties": _properties(facts),
            "polar": _points(facts.get("polar")),
            "speed": facts.get("speed"),
            "angle": facts.get("angle"),
            "distance": facts.get("distance"),
        },
        Target,
    )


def _frame(facts: Facts) -> Frame:
    return Frame(_regions(facts), _properties(facts))


def _radar(facts: Facts | None) -> Radar | None:
    if facts is None:
        return None
    covered = facts.get("detectionRegion")
    if covered is not None:
        covered = {**covered, "vertices": _points(covered.get("vertices"))}
    return Radar(_struct(RadarDetectionRegion, covered), _struct(VideoDetectionRegion, facts.get("videoRegion")))


def _situation(facts: Facts | None) -> Situation | None:
    return _struct(Situation, facts)


def _person(facts: Facts) -> CameraPoint:
    joints = [_joint(one) for one in facts.get("joints") or ()]
    identity, head = _text(facts.get("gestureId")), facts.get("head")
    return CameraPoint(
        obj_id=_text(facts.get("objId")),
        tra_complete=facts.get("traComplete"),
        isvalid=_bit(facts.get("isvalid")),
        gesture=GesturePolygon(identity, joints) if joints or identity is not None else None,
        head=None if head is None else _head(head),
    )


def _bit(value: bool | None) -> int | None:
    return None if value is None else int(value)


def _joint(facts: Facts) -> JoinMsg:
    x, y, z = facts.get("space") or (None, None, None)
    x2d, y2d = facts.get("plane") or (None, None)
    joint = JoinMsg(facts.get("type"), facts.get("score"), _bit(facts.get("valid")), x, y, z, x2d, y2d)
    return msgspec.convert(msgspec.to_builtins(joint), JoinMsg)


def _head(facts: Facts) -> HeadPolygon:
    rect, space, count = facts.get("rect"), facts.get("space"), facts.get("modelNum")
    models = [HeadModel(one["poseType"], one["feaLen"], one["feaData"]) for one in facts.get("models") or ()]
    head = HeadPolygon(
        None if rect is None else Rect(*rect),
        None if space is None else Cct(*space),
        HeadModels(count, models) if models or count is not None else None,
    )
    return msgspec.convert(msgspec.to_builtins(head), HeadPolygon)


def _suspect(facts: Facts) -> Susp:
    found = Susp(facts.get("suspID"), facts.get("timeStamp"), facts.get("confidence"), facts.get("owner"))
    return msgspec.convert(msgspec.to_builtins(found), Susp)
