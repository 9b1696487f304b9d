"""From the facts that `onframe decode` prints back to a Metadata object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from onframe.isapi.metadata import (
    CameraPoint,
    Cct,
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
    VideoDetectionRegion,
)

Facts = Mapping[str, Any]


def metadata_of(facts: Facts) -> Metadata:
    """The document these facts describe, without its time and device. Raises ValueError where they do not fit."""
    try:
        return _metadata(facts)
    except (AttributeError, LookupError, TypeError) as error:
        raise ValueError(f"the facts do not fit: {error}") from error


def _metadata(facts: Facts) -> Metadata:
    frame, radar = facts.get("frame") or {}, facts.get("radar")
    return Metadata(
        root=facts.get("root") or "Metadata",
        type=facts.get("type"),
        sub_type=facts.get("subType"),
        targets=[_target(one) for one in facts.get("targets") or ()],
        frame=Frame(_regions(frame), _pairs(frame)),
        radar=_radar(radar) if radar else None,
        ptz=_struct(PTZInfo, facts.get("ptz")),
        situation=_struct(Situation, facts.get("situation")),
        pictures=[Picture(one.get("dataType"), one.get("data")) for one in facts.get("pictures") or ()],
        tracking=[_tracked(one) for one in facts.get("tracking") or ()],
        suspects=[_suspect(one) for one in facts.get("suspects") or ()],
    )


def _struct(kind: type[Any], facts: Facts | None) -> Any:
    """A Struct whose fields have the guide's names in camelCase, or None."""
    if facts is None:
        return None
    names = {_camel(field): field for field in kind.__struct_fields__}
    return msgspec.convert({names[key]: value for key, value in facts.items() if key in names}, kind)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _points(points: Any) -> list[Point]:
    return [(x, y) for x, y in points]


def _regions(facts: Facts) -> list[list[Point]]:
    return [_points(region) for region in facts.get("regions") or ()]


def _pairs(facts: Facts) -> list[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in facts.get("properties") or ()]


def _target(facts: Facts) -> Target:
    return Target(
        target_id=facts.get("targetID"),
        rule_id=facts.get("ruleID"),
        recognition=facts.get("recognition"),
        regions=_regions(facts),
        properties=_pairs(facts),
        polar=_points(facts.get("polar") or ()),
        speed=facts.get("speed"),
        angle=facts.get("angle"),
        distance=facts.get("distance"),
    )


def _radar(facts: Facts) -> Radar:
    region, video = facts.get("detectionRegion"), facts.get("videoRegion")
    return Radar(
        RadarDetectionRegion(
            region.get("angle"), region.get("distance"), region.get("towards"), _points(region.get("vertices") or ())
        )
        if region
        else None,
        _struct(VideoDetectionRegion, video),
    )


def _tracked(facts: Facts) -> CameraPoint:
    head = facts.get("head")
    return CameraPoint(
        obj_id=facts.get("objId"),
        tra_complete=facts.get("traComplete"),
        isvalid=facts.get("isvalid"),
        gesture=_gesture(facts),
        head=_head(head) if head else None,
    )


def _gesture(facts: Facts) -> GesturePolygon | None:
    joints = [_joint(one) for one in facts.get("joints") or ()]
    identity = facts.get("gestureId")
    return GesturePolygon(identity, joints) if joints or identity is not None else None


def _joint(facts: Facts) -> JoinMsg:
    return JoinMsg(
        facts.get("type"),
        facts.get("score"),
        facts.get("valid"),
        *(facts.get("space") or (None, None, None)),
        *(facts.get("plane") or (None, None)),
    )


def _head(facts: Facts) -> HeadPolygon:
    models = [
        HeadModel(one.get("poseType"), one.get("feaLen"), one.get("feaData")) for one in facts.get("models") or ()
    ]
    rect, space, count = facts.get("rect"), facts.get("space"), facts.get("modelNum")
    return HeadPolygon(
        Rect(*rect) if rect else None,
        Cct(*space) if space else None,
        HeadModels(count, models) if models or count is not None else None,
    )


def _suspect(facts: Facts) -> Susp:
    return Susp(facts.get("suspID"), facts.get("timeStamp"), facts.get("confidence"), facts.get("owner"))
