"""`radar`: a yard at night, watched by two radars in both forms of the guide (B.14, B.17)."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from onframe.isapi.metadata import (
    Coordinate,
    DevInfo,
    Frame,
    Metadata,
    Property,
    Radar,
    RadarDetectionRegion,
    Target,
    VideoDetectionRegion,
)
from onframe.simulator.scenes.scene import FRAMES_PER_SECOND, Live, Pixels, Scene, SceneDocument, Trip, mix

if TYPE_CHECKING:
    from onframe.simulator.scenes.painting import Canvas

FIELD_OF_VIEW = 70.88
"""Degrees that the picture shows, from edge to edge."""
FOCAL = 640 / math.tan(math.radians(FIELD_OF_VIEW / 2))
HORIZON, GROUND = 236.0, 5600.0
"""Pixels; pixels below the horizon for one metre of distance."""
FENCE = (((-24.0, 40.0), (24.0, 40.0)), 1)
"""The line rule's ends as (angle, distance), and its ruleID."""
FIELD: tuple[Coordinate, ...] = ((4.0, 18.0), (22.0, 18.0), (20.0, 30.0), (6.0, 30.0))
STROLL = ((5.6, 26.0), 4.0)
"""Middle and radius of the round that somebody walks about the field, in metres."""
SECOND_RANGE = 90
HELD = 14


@dataclass(frozen=True)
class Track:
    """A way over the yard, in metres: across (right is positive) and ahead, from one place to another."""

    trip: Trip
    start: tuple[float, float]
    end: tuple[float, float]
    kind: str
    look: int
    second: bool = False
    """Seen by the second radar."""


@dataclass(frozen=True)
class Blip:
    """A target on one frame."""

    track: Track
    target_id: int
    across: float
    ahead: float
    age: int

    @property
    def angle(self) -> float:
        return round(math.degrees(math.atan2(self.across, self.ahead)), 2)

    @property
    def distance(self) -> int:
        return round(math.hypot(self.across, self.ahead))

    @property
    def speed(self) -> int:
        """km/h, from its own motion."""
        (x0, y0), (x1, y1) = _place(self.track, self.age), _place(self.track, self.age + 1)
        return round(math.hypot(x1 - x0, y1 - y0) * FRAMES_PER_SECOND * 3.6)

    @property
    def box(self) -> Pixels:
        x, y = on_picture(self.across, self.ahead)
        metre = FOCAL / self.ahead
        height, width = (1.9 * metre, 0.76 * metre) if self.track.kind == "human" else (2.1 * metre, 2.56 * metre)
        return (x - width / 2, y - height, x + width / 2, y)


def on_picture(across: float, ahead: float) -> tuple[float, float]:
    """Where a place on the ground lies in the picture."""
    return 640 + FOCAL * across / ahead, HORIZON + GROUND / ahead


def polar_on_picture(angle: float, distance: float) -> tuple[float, float]:
    return on_picture(distance * math.sin(math.radians(angle)), distance * math.cos(math.radians(angle)))


class RadarYard(Scene):
    """A fence line and a field, regions of radar and video, targets of two radars."""

    name: ClassVar[str] = "radar"

    @cached_property
    def tracks(self) -> list[Track]:
        offset = random.Random(self.seed).randrange(12)

        def track(start: int, length: int, *way: float, kind: str = "human", second: bool = False) -> Track:
            x0, y0, x1, y1 = way
            return Track(Trip(start + offset, length), (x0, y0), (x1, y1), kind, start % 6, second)

        return [
            track(0, 380, -8, 58, -3.5, 7.2),
            track(110, 380, 9, 60, 3, 7.2),
            track(210, 380, -1.5, 7.2, -9, 56),
            track(40, 200, -52, 62, 52, 66, kind="vehicle", second=True),
            track(240, 200, 62, 76, -62, 74, kind="vehicle", second=True),
            track(150, 300, 31, 36, -31, 34, kind="vehicle"),
            Track(Trip(0, self.frames), STROLL[0], STROLL[0], "human", 4 + offset),
        ]

    def blips(self, n: int) -> list[Blip]:
        """Everything on the yard at frame ``n``, far ones first."""
        return sorted(self._blips(n), key=lambda b: -b.ahead)

    def _blips(self, n: int) -> Iterator[Blip]:
        for index, track in enumerate(self.tracks):
            on_way = track.trip.at(n, self.frames)
            if on_way is not None:
                loop, age = on_way
                target_id = (loop + 1) * len(self.tracks) + index + 1
                yield Blip(track, target_id, *_place(track, age), age)

    def event(self, blip: Blip) -> list[Property]:
        """What the target just does (B.14); none while nothing happens."""
        before = _distance(*_place(blip.track, max(0, blip.age - HELD)))
        now = _distance(blip.across, blip.ahead)
        limit = FENCE[0][0][1]
        if (before > limit) != (now > limit) and abs(blip.angle) < 24 and not blip.track.second:
            way = "lefttoright" if before > limit else "righttoleft"
            return [("triggerEvent", "true"), ("eventType", "linedetection"), ("crossdirection", way)]
        if 4 <= blip.angle <= 22 and 18 <= now <= 30:
            return [("triggerEvent", "true"), ("eventType", "fielddetection")]
        return []

    def rules(self, n: int) -> list[SceneDocument]:
        events = [dict(e) for b in self.blips(n) if (e := self.event(b))]
        line = next((e for e in events if e["eventType"] == "linedetection"), None)
        field = next((e for e in events if e["eventType"] == "fielddetection"), None)
        return [
            _rule(1, FENCE[0], "linedetection", line),
            _rule(2, FIELD, "fielddetection", field),
            _first(Metadata(type="ruleTargetRadar", radar=Radar(detection_region=_detection_region(100.0)))),
            _first(Metadata(type="ruleTargetRadar", radar=Radar(video_region=_video_region()))),
            _second(Metadata(type="ruleTargetRadar", targets=[Target(rule_id=3, polar=[(-40.0, 80), (40.0, 80)])])),
            _second(Metadata(type="ruleTargetRadar", radar=Radar(detection_region=_detection_region(SECOND_RANGE)))),
            _second(Metadata(type="ruleTargetRadar", radar=Radar(video_region=_video_region()))),
        ]

    def live(self) -> list[Live]:
        return [Live(1, self._first_targets), Live(5, self._second_targets)]

    def _first_targets(self, n: int) -> list[SceneDocument]:
        own = [self._target(b) for b in self.blips(n) if not b.track.second]
        return [_first(Metadata(type="activityTargetRadar", targets=own))] if own else []

    def _second_targets(self, n: int) -> list[SceneDocument]:
        far = [
            Target(speed=b.speed, angle=b.angle, distance=b.distance)
            for b in self.blips(n)
            if b.track.second and b.distance <= SECOND_RANGE
        ]
        return [_second(Metadata(type="activityTargetRadar", targets=far))] if far else []

    def _target(self, blip: Blip) -> Target:
        return Target(
            target_id=blip.target_id,
            speed=blip.speed,
            angle=blip.angle,
            distance=blip.distance,
            properties=self.event(blip),
        )

    def paint_background(self, canvas: Canvas) -> None:
        from onframe.simulator.scenes import radar_art

        radar_art.background(canvas, self.seed)

    def paint(self, canvas: Canvas, n: int) -> None:
        from onframe.simulator.scenes import radar_art

        radar_art.moving(canvas, self.blips(n), n)


def _place(track: Track, age: int) -> tuple[float, float]:
    t = age / track.trip.length
    if track.start == track.end:
        (x, y), radius = STROLL
        return x + radius * math.cos(2 * math.pi * t), y + radius * math.sin(2 * math.pi * t)
    return mix(track.start[0], track.end[0], t), mix(track.start[1], track.end[1], t)


def _distance(across: float, ahead: float) -> float:
    return math.hypot(across, ahead)


def _detection_region(distance: float) -> RadarDetectionRegion:
    return RadarDetectionRegion(angle=100.0, distance=distance, towards=0.0, vertices=[(0.5, 0.95)])


def _video_region() -> VideoDetectionRegion:
    return VideoDetectionRegion(angle=0.0, field_view=FIELD_OF_VIEW)


def _rule(rule_id: int, polar: tuple[Coordinate, ...], name: str, event: dict[str, str] | None) -> SceneDocument:
    """A rule of the first radar; what triggers it stands at the level of Metadata (B.14)."""
    properties: list[Property] = []
    if event is not None:
        properties = [("eventType", name), ("triggerEvent", "true")]
        if "crossdirection" in event:
            properties.append(("crossdirection", event["crossdirection"]))
    target = Target(rule_id=rule_id, polar=[(angle, round(distance)) for angle, distance in polar])
    return _first(Metadata(type="ruleTargetRadar", targets=[target], frame=Frame(properties=properties)))


def _first(metadata: Metadata) -> SceneDocument:
    """In the form of B.14: with channel and radarChannel. ``channel`` 0 stands for the channel it is sent on."""
    metadata.sub_type = "behaviorAnalysis"
    metadata.device = DevInfo(channel=0, radar_channel=1)
    return SceneDocument(metadata)


def _second(metadata: Metadata) -> SceneDocument:
    """In the form of B.17: no channel, no targetID."""
    metadata.sub_type = "behaviorAnalysis"
    metadata.device = DevInfo(radar_channel=2)
    return SceneDocument(metadata)


SCENE = RadarYard
