"""What belongs to the whole picture: radar (B.14, B.17), PTZ (B.20), people and heat (B.1-B.3), tracking (B.4)."""

from __future__ import annotations

import math
from collections.abc import Iterable

from onframe.isapi.metadata import (
    CameraPoint,
    Coordinate,
    Metadata,
    Number,
    Picture,
    PTZInfo,
    RadarDetectionRegion,
    Situation,
    Target,
    VideoDetectionRegion,
)
from onframe.overlay import style
from onframe.overlay.coordinates import drawable
from onframe.overlay.targets import Subject
from onframe.overlay.vocabulary import (
    XY,
    Blip,
    Box,
    HeatMap,
    Line,
    Notice,
    Panel,
    Polygon,
    Radar,
    Ring,
    Row,
    Shape,
    Skeleton,
    Wedge,
)

RADAR_REACH = 150.0
"""Metres; the most that the guide allows (B.17). One reach for all, so that insets of several documents are one."""

_JOINED = ((0, 1), (1, 2), (2, 4), (4, 5), (5, 6), (2, 3), (3, 4))
"""wrist-elbow-shoulder, shoulder-shoulder, both shoulders to the head (B.4 gestureType)."""

_MEDIA_TYPES = {
    "iVBORw0KGgo": "image/png",
    "/9j/": "image/jpeg",
    "R0lGOD": "image/gif",
    "Qk": "image/bmp",
    "UklGR": "image/webp",
}


def ptz_panel(ptz: PTZInfo) -> Panel:
    """Where a speed dome looks (B.20)."""
    rows = [
        Row("azimuth", _degrees(ptz.azimuth)),
        Row("elevation", _degrees(ptz.elevation)),
        Row("zoom", _number(ptz.zoom)),
        Row("focus", _number(ptz.focus)),
        Row("preset", _number(ptz.preset_no)),
    ]
    return Panel("PTZ", [row for row in rows if row.value], style.RULE, corner="bottom-right")


def _number(value: Number | None) -> str:
    if value is None:
        return ""
    return f"{value:.10g}" if drawable(value) else "–"


def _degrees(value: Number | None) -> str:
    return f"{_number(value)}°" if drawable(value) else _number(value)


def people_panel(metadata: Metadata, situation: Situation) -> list[Shape]:
    """Counts of people (B.1-B.3)."""
    rows = [
        Row("people", _number(situation.person_count)),
        Row("entered", _number(situation.enter_region_people_num)),
        Row("left", _number(situation.leave_region_people_num)),
    ]
    rows = [row for row in rows if row.value]
    return [Panel(style.sub_type_name(metadata.sub_type), rows, style.PEOPLE)] if rows else []


def picture_shape(picture: Picture) -> Shape | None:
    """A picture sent with the document (B.2); one that is only named by its address is never fetched."""
    if not picture.data:
        return None
    if picture.data_type == "url" or "://" in picture.data[:16]:
        return Notice(f"heat map at {picture.data[:200]}", style.PEOPLE)
    for start, media_type in _MEDIA_TYPES.items():
        if picture.data.startswith(start):
            return HeatMap(media_type, picture.data, style.HEAT_OPACITY)
    return Notice("the heat map's picture is of no kind that can be shown", style.PEOPLE)


def radar_shape(metadata: Metadata, subjects: Iterable[Subject]) -> Radar:
    """This document's part of the radar inset."""
    rings = [Ring(metres / RADAR_REACH, f"{metres} m") for metres in (25, 50, 75, 100, 125, 150)]
    inset = Radar("radar", rings)
    if metadata.radar is not None:
        _add_detection(inset, metadata.radar.detection_region)
        _add_video(inset, metadata.radar.video_region)
    for subject in subjects:
        _add_target(inset, subject)
    return inset


def polar(coordinate: Coordinate) -> XY:
    """(angle in degrees, metres) in the inset's space: 0 degrees is ahead, positive to the right (assumed)."""
    angle, radius = math.radians(coordinate[0]), coordinate[1] / RADAR_REACH
    return (round(radius * math.sin(angle), 5), round(radius * math.cos(angle), 5))


def _add_detection(inset: Radar, region: RadarDetectionRegion | None) -> None:
    if region is None:
        return
    if region.angle is not None and region.distance is not None and drawable(region.angle, region.distance):
        text = f"{region.angle:g}° · {region.distance:g} m"
        towards = region.towards if region.towards is not None and drawable(region.towards) else 0
        wedge = _wedge(towards, region.angle, region.distance / RADAR_REACH, style.RADAR, text)
        inset.wedges.append(wedge)
    vertices = [vertex for vertex in region.vertices if drawable(*vertex)]
    if len(vertices) > 2:
        points = [(round(2.0 * x - 1.0, 5), round(1.0 - y, 5)) for x, y in vertices]
        inset.paths.append(Polygon(points, style.RADAR))


def _add_video(inset: Radar, region: VideoDetectionRegion | None) -> None:
    if region is None or region.angle is None or region.field_view is None:
        return
    if not drawable(region.angle, region.field_view):
        return
    middle = region.angle - 360 if region.angle > 180 else region.angle
    inset.wedges.append(_wedge(middle, region.field_view, 1.0, style.RULE, f"camera {region.field_view:g}°"))


def _wedge(middle: Number, width: Number, reach: float, color: str, text: str) -> Wedge:
    return Wedge(round(middle - width / 2, 3), round(middle + width / 2, 3), round(reach, 5), color, text)


def _add_target(inset: Radar, subject: Subject) -> None:
    target, alarm = subject.target, subject.triggered
    if target.angle is not None and target.distance is not None and drawable(target.angle, target.distance):
        color = style.ALARM if alarm else style.class_color("human")
        x, y = polar((target.angle, target.distance))
        inset.blips.append(Blip(x, y, color, labels=_radar_labels(subject), alarm=alarm))
    points = [polar(coordinate) for coordinate in target.polar if drawable(*coordinate)]
    if points:
        _add_rule(inset, points, target, alarm)


def _radar_labels(subject: Subject) -> list[str]:
    target = subject.target
    name = "target" if target.target_id is None else f"{target.target_id}"
    speed = None if target.speed is None else f"{_number(target.speed)} km/h"
    event = style.event_name(subject.values.get("eventtype")) if subject.triggered else None
    return style.lines(style.joined(name, speed), style.joined(f"{_number(target.distance)} m", event))


def _add_rule(inset: Radar, points: list[XY], target: Target, alarm: bool) -> None:
    color = style.ALARM if alarm else style.RULE
    labels = ["rule" if target.rule_id is None else f"rule {target.rule_id}"]
    if len(points) == 1:
        inset.blips.append(Blip(points[0][0], points[0][1], color, labels=labels, alarm=alarm))
    elif len(points) == 2:
        inset.paths.append(Line(points, color, labels=labels, alarm=alarm))
    else:
        inset.paths.append(Polygon(points, color, labels=labels, fill=0.12, alarm=alarm))


def tracking_shapes(person: CameraPoint) -> list[Shape]:
    """One person's skeleton and head (B.4), in 0..1 as sent; who has gone (traComplete) is not drawn."""
    if person.tra_complete:
        return []
    color = style.PLAIN if person.isvalid == 0 else style.class_color("human")
    name = f"person {(person.obj_id or '')[:8]}".strip()
    shapes: list[Shape] = []
    skeleton = _skeleton(person, color, name)
    if skeleton is not None:
        shapes.append(skeleton)
    if person.head is not None and person.head.rect is not None and drawable(*person.head.rect):
        x, y, w, h = (float(value) for value in person.head.rect)
        shapes.append(Box(x, y, w, h, style.class_color("face"), labels=[] if skeleton else [name], look="head"))
    return shapes


def _skeleton(person: CameraPoint, color: str, name: str) -> Skeleton | None:
    joints: list[tuple[float, float, float]] = []
    index: dict[int, int] = {}
    for joint in person.joints:
        if joint.plane is None or joint.gesture_valid == 0 or not drawable(*joint.plane):
            continue
        if joint.gesture_type is not None:
            index[joint.gesture_type] = len(joints)
        score = joint.gesture_score
        score = round(float(score), 3) if score is not None and 0 <= score <= 1 else 1.0
        joints.append((float(joint.plane[0]), float(joint.plane[1]), score))
    edges = [(index[a], index[b]) for a, b in _JOINED if a in index and b in index]
    return Skeleton(joints, edges, color, labels=[name]) if joints else None
