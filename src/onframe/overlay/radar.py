"""The radar inset (B.14, B.17): what the radar covers, its rules, its targets and how they move."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from onframe.isapi.metadata import Coordinate, Metadata, Number, RadarDetectionRegion, VideoDetectionRegion
from onframe.overlay import style
from onframe.overlay.coordinates import drawable
from onframe.overlay.memory import Memory, metres
from onframe.overlay.targets import CROSSINGS, Subject
from onframe.overlay.vocabulary import XY, Blip, Line, Polygon, Radar, Ring, Wedge

REACH = 150.0
"""Metres; the most that the guide allows (B.17). One reach for all, so that insets of several documents are one."""
_DIGITS = 5


class Past:
    """What is remembered of radar targets, at the time ``at`` (s) of one document."""

    def __init__(self, memory: Memory, at: float) -> None:
        self._memory, self._at = memory, at

    def vector(self, name: str, speed: Number | None) -> XY | None:
        """Its way of one second in the inset's space."""
        velocity = self._memory.velocity(name, self._at, speed)
        return None if velocity is None else _scaled(velocity)

    def trail(self, name: str) -> list[XY]:
        """Where it has been, in the inset's space."""
        return [_within_reach(_scaled(place)) for place in self._memory.track(name, self._at)]


def radar_shape(metadata: Metadata, subjects: Iterable[Subject], past: Past | None = None) -> Radar:
    """This document's part of the radar inset."""
    rings = [Ring(distance / REACH, f"{distance} m") for distance in (25, 50, 75, 100, 125, 150)]
    inset = Radar("radar", rings, kind="radar")
    if metadata.radar is not None:
        _add_detection(inset, metadata.radar.detection_region)
        _add_video(inset, metadata.radar.video_region)
    for subject in subjects:
        _add_target(inset, subject, past)
    return inset


def polar(coordinate: Coordinate) -> XY:
    """(angle in degrees, metres) in the inset's space: 0 degrees is ahead, positive to the right (assumed)."""
    return _scaled(metres(coordinate))


def _within_reach(place: XY) -> XY:
    """What is farther away stands on the outermost ring, in its direction; its label says how far it is."""
    far = math.hypot(*place)
    return place if far <= 1 else (round(place[0] / far, _DIGITS), round(place[1] / far, _DIGITS))


def _scaled(place: XY) -> XY:
    return (round(place[0] / REACH, _DIGITS), round(place[1] / REACH, _DIGITS))


def _add_detection(inset: Radar, region: RadarDetectionRegion | None) -> None:
    if region is None:
        return
    if region.angle is not None and region.distance is not None and drawable(region.angle, region.distance):
        towards = region.towards if region.towards is not None and drawable(region.towards) else 0
        text = style.joined(
            f"{region.angle:g}°", f"{region.distance:g} m", f"towards {towards:g}°" if towards else None
        )
        inset.wedges.append(_wedge(towards, region.angle, region.distance / REACH, style.RADAR, text))
    vertices = [vertex for vertex in region.vertices if drawable(*vertex)]
    points = [(round(2.0 * x - 1.0, _DIGITS), round(1.0 - y, _DIGITS)) for x, y in vertices]
    _add_region(inset, points, style.RADAR, [])


def _add_video(inset: Radar, region: VideoDetectionRegion | None) -> None:
    if region is None or region.angle is None or region.field_view is None:
        return
    if not drawable(region.angle, region.field_view):
        return
    text = f"camera {region.field_view:g}° at {region.angle:g}°"
    inset.wedges.append(_wedge(region.angle, region.field_view, 1.0, style.RULE, text))


def _wedge(middle: Number, width: Number, reach: float, color: str, text: str) -> Wedge:
    """At most a whole circle, its middle within half a turn of straight ahead."""
    half = min(360.0, abs(width)) / 2
    middle = (middle + 180) % 360 - 180
    return Wedge(round(middle - half, 3), round(middle + half, 3), round(reach, _DIGITS), color, text)


def _add_target(inset: Radar, subject: Subject, past: Past | None) -> None:
    target, alarm = subject.target, subject.triggered
    name = subject.name
    if target.angle is not None and target.distance is not None and drawable(target.angle, target.distance):
        color = style.ALARM if alarm else style.class_color("human")
        trail = past.trail(name) if past else []
        if len(trail) > 1:
            inset.paths.append(Line(trail, color, kind="trail", subject=name))
        x, y = _within_reach(polar((target.angle, target.distance)))
        vector = past.vector(name, target.speed) if past else None
        inset.blips.append(Blip(x, y, color, labels=_labels(subject), alarm=alarm, vector=vector, subject=name))
    points = [polar(coordinate) for coordinate in target.polar if drawable(*coordinate)]
    if points:
        _add_rule(inset, points, subject, name)


def _labels(subject: Subject) -> list[str]:
    target = subject.target
    name = "target" if target.target_id is None else f"{target.target_id}"
    speed = None if target.speed is None else f"{_number(target.speed)} km/h"
    event = style.event_name(subject.values.get("eventtype")) if subject.triggered else None
    return style.lines(style.joined(name, speed), style.joined(f"{_number(target.distance)} m", event))


def _number(value: Number | None) -> str:
    return f"{value:.10g}" if value is not None and drawable(value) else "–"


def _add_rule(inset: Radar, points: list[XY], subject: Subject, name: str) -> None:
    values = subject.values
    color = style.ALARM if subject.triggered else style.RULE
    rule = "rule" if subject.target.rule_id is None else f"rule {subject.target.rule_id}"
    event = style.event_name(values["eventtype"]) if values.get("eventtype") else None
    way = values.get("crossdirection", "").lower()
    told = style.crossing_name(way) if len(points) != 2 else None
    known = len(inset.paths)
    _add_region(inset, points, color, [style.joined(rule, event, told)], alarm=subject.triggered, name=name)
    for path in inset.paths[known:]:
        path.kind, path.subject = "rule", name
        path.rule = "" if subject.target.rule_id is None else str(subject.target.rule_id)
        if isinstance(path, Line):
            path.crossing = CROSSINGS.get(way)


def _add_region(
    inset: Radar, points: Sequence[XY], color: str, labels: list[str], *, alarm: bool = False, name: str = ""
) -> None:
    """1 point, 2 a line, more a polygon (B.20)."""
    if len(points) == 1:
        inset.blips.append(Blip(points[0][0], points[0][1], color, labels=labels, alarm=alarm, subject=name))
    elif len(points) == 2:
        inset.paths.append(Line(list(points), color, labels=labels, alarm=alarm, kind="radar"))
    elif points:
        fill = 0.12 if labels else 0.0
        inset.paths.append(Polygon(list(points), color, labels=labels, fill=fill, alarm=alarm, kind="radar"))
