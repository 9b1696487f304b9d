"""`gate`: a site entrance at dusk. Cars come and go, people walk beside the road (B.10, B.11)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal

from onframe.isapi.metadata import Property, Target
from onframe.simulator.scenes.scene import (
    Live,
    Pixels,
    Scene,
    SceneDocument,
    Trip,
    box_region,
    inside,
    mix,
    rule_document,
    smooth,
    target_document,
    visible,
)

if TYPE_CHECKING:
    from onframe.simulator.scenes.painting import Canvas

HORIZON = 292.0
NEAR = 428.0
"""Pixels from the horizon to the ground at a scale of 1."""
PERSON_HEIGHT, CAR_HEIGHT = 268.0, 236.0
HELD = 14
"""Frames for which a crossing is reported."""
ROAD_LINE = ((308.0, 478.0), (972.0, 478.0))
PATH_LINE = ((88.0, 520.0), (322.0, 520.0))
LAWN = ((985.0, 430.0), (1268.0, 430.0), (1268.0, 640.0), (1105.0, 640.0))
RANGE = ((0.0, 372.0), (1280.0, 372.0), (1280.0, 720.0), (0.0, 720.0))
"""Where the behaviour rules look: who stands outside is left out (R-116)."""
PLATE_RANGE = ((380.0, 410.0), (900.0, 410.0), (1200.0, 760.0), (80.0, 760.0))
COLORS: dict[str, tuple[int, int, int]] = {
    "red": (204, 78, 74),
    "silver": (176, 186, 196),
    "blue": (76, 122, 186),
    "yellow": (226, 180, 84),
    "green": (94, 156, 116),
    "white": (232, 232, 226),
}


@dataclass(frozen=True)
class Actor:
    """Somebody on a trip: ``way`` names it, ``side`` is the lateral position at scale 1, in pixels."""

    index: int
    kind: Literal["human", "vehicle"]
    trip: Trip
    way: Literal["coming", "going", "lawn"]
    side: float
    look: int
    plate: str = ""
    color: str = "white"


@dataclass(frozen=True)
class Sight:
    """An actor as seen on one frame: where the feet stand, how large, and the box around it."""

    actor: Actor
    target_id: int
    x: float
    y: float
    scale: float
    age: int

    @property
    def box(self) -> Pixels:
        from_feet = PERSON_HEIGHT if self.actor.kind == "human" else CAR_HEIGHT
        height = from_feet * self.scale
        half = height * (0.40 if self.actor.kind == "human" else 1.22) / 2
        return (self.x - half, self.y - height, self.x + half, self.y)


class Gate(Scene):
    """Line crossing on the road and on the path, intrusion onto the lawn, plates."""

    name: ClassVar[str] = "gate"

    @cached_property
    def actors(self) -> list[Actor]:
        rng = random.Random(self.seed)
        colors = rng.sample(list(COLORS), 4)
        numbers = rng.sample(range(1000, 9999), 4)
        first, second = rng.randrange(12), rng.randrange(12)
        cars = [
            Actor(1, "vehicle", Trip(0 + first, 190), "coming", -236, 0),
            Actor(2, "vehicle", Trip(95 + first, 190), "going", 236, 1),
            Actor(3, "vehicle", Trip(200 + first, 190), "coming", -236, 2),
            Actor(4, "vehicle", Trip(292 + first, 190), "going", 236, 3),
        ]
        people = [
            Actor(5, "human", Trip(40 + second, 230), "coming", -560, rng.randrange(6)),
            Actor(6, "human", Trip(150 + second, 230), "going", -640, rng.randrange(6)),
            Actor(7, "human", Trip(250 + second, 230), "coming", -600, rng.randrange(6)),
            Actor(8, "human", Trip(10 + second, 250), "lawn", 0, rng.randrange(6)),
            Actor(9, "human", Trip(300 + second, 180), "lawn", 0, rng.randrange(6)),
        ]
        plated = [
            Actor(c.index, c.kind, c.trip, c.way, c.side, c.look, f"ONF {numbers[i]}", colors[i])
            for i, c in enumerate(cars)
        ]
        return plated + people

    def sights(self, n: int) -> list[Sight]:
        """Everybody who is on the way at frame ``n``, far ones first."""
        return sorted(self._sights(n), key=lambda sight: sight.y)

    def _sights(self, n: int) -> Iterator[Sight]:
        for actor in self.actors:
            on_way = actor.trip.at(n, self.frames)
            if on_way is not None:
                loop, age = on_way
                x, y, scale = _place(actor, age)
                yield Sight(actor, (loop + 1) * len(self.actors) + actor.index, x, y, scale, age)

    def in_range(self, n: int) -> list[Sight]:
        """Those a document carries: within the rules' range, and mostly within the picture."""
        return [s for s in self.sights(n) if inside(s.x, min(s.y, 719), RANGE) and visible(s.box, 0.35)]

    def crossing(self, sight: Sight) -> str | None:
        """The direction in which a line is being crossed: from the frame on which it happens, for HELD frames."""
        line = ROAD_LINE if sight.actor.kind == "vehicle" else PATH_LINE
        if sight.actor.way == "lawn":
            return None
        height = line[0][1]
        before = _place(sight.actor, max(0, sight.age - HELD))[1]
        if before < height <= sight.y:
            return "lefttoright"
        if sight.y <= height < before:
            return "righttoleft"
        return None

    def event(self, sight: Sight) -> list[Property]:
        """The properties of a target at this moment (B.11); none while nothing happens."""
        direction = self.crossing(sight)
        if direction:
            return [("eventType", "linedetection"), ("triggerEvent", "true"), ("crossdirection", direction)]
        if sight.actor.way == "lawn" and inside(sight.x, sight.y, LAWN):
            return [("eventType", "fielddetection"), ("triggerEvent", "true")]
        return []

    def rules(self, n: int) -> list[SceneDocument]:
        crossings = {s.actor.kind: d for s in self.in_range(n) if (d := self.crossing(s))}
        intruded = any(s.actor.way == "lawn" and inside(s.x, s.y, LAWN) for s in self.in_range(n))
        return [
            _line_rule(1, ROAD_LINE, crossings.get("vehicle")),
            _line_rule(2, PATH_LINE, crossings.get("human")),
            rule_document(
                "behaviorAnalysis", 3, LAWN, [("eventType", "fielddetection")] + [("triggerEvent", "true")] * intruded
            ),
            rule_document("behaviorAnalysis", 4, (), [("eventType", "loitering")], valid=False),
            rule_document("ANPR", 5, PLATE_RANGE),
        ]

    def live(self) -> list[Live]:
        return [Live(1, self._behaviours), Live(1, self._plates), Live(1, self._outsiders)]

    def _behaviours(self, n: int) -> list[SceneDocument]:
        return target_document("behaviorAnalysis", [self._behaviour(s) for s in self.in_range(n)])

    def _plates(self, n: int) -> list[SceneDocument]:
        return [document for s in self.in_range(n) for document in self._plate(s)]

    def _behaviour(self, sight: Sight) -> Target:
        return Target(
            target_id=sight.target_id,
            recognition=sight.actor.kind,
            regions=[box_region(sight.box)],
            properties=self.event(sight),
        )

    def _outsiders(self, n: int) -> list[SceneDocument]:
        """Who is outside the rules' range: left out, or without subType (R-116)."""
        if self.outside == "leave_out":
            return []
        seen = self.in_range(n)
        others = [s for s in self.sights(n) if s not in seen and visible(s.box)]
        return target_document(None, [self._behaviour(s) for s in others])

    def _plate(self, sight: Sight) -> list[SceneDocument]:
        actor = sight.actor
        if actor.kind != "vehicle" or not inside(sight.x, sight.y, PLATE_RANGE):
            return []
        forward = actor.way == "coming"
        properties: list[Property] = [
            ("direction", "forward" if forward else "reverse"),
            ("licensePlate", actor.plate),
            ("plateType", "civil"),
            ("plateColor", "white"),
            ("vehicleColor", actor.color),
            ("vehicleType", "saloonCar"),
            ("vehicleLogo", "1026"),
            ("vehicleSublogo", "5"),
            ("confidence", str(min(99, round(60 + 60 * sight.scale)))),
            ("country", "16"),
            ("directionIndex", "northSouth" if forward else "southNorth"),
            ("vehicleConfidence", "97"),
        ]
        target = Target(
            target_id=sight.target_id,
            recognition="vehicle",
            rule_id=5,
            regions=[box_region(sight.box)],
            properties=properties,
        )
        return target_document("ANPR", [target])

    def landmark(self, n: int) -> Pixels | None:
        whole = [s.box for s in self.in_range(n) if visible(s.box, 0.999)]
        return whole[-1] if whole else None

    def paint_background(self, canvas: Canvas) -> None:
        from onframe.simulator.scenes import gate_art

        gate_art.background(canvas, self.seed)

    def paint(self, canvas: Canvas, n: int) -> None:
        from onframe.simulator.scenes import gate_art

        gate_art.moving(canvas, self.sights(n), n)


def _line_rule(rule_id: int, line: tuple[tuple[float, float], ...], direction: str | None) -> SceneDocument:
    properties = [("eventType", "linedetection")]
    if direction:
        properties.append(("triggerEvent", "true"))
    properties.append(("crossdirection", direction or "bothdirection"))
    return rule_document("behaviorAnalysis", rule_id, line, properties)


def _place(actor: Actor, age: int) -> tuple[float, float, float]:
    """Where the feet stand after ``age`` frames, and the scale there."""
    t = age / actor.trip.length
    if actor.way == "lawn":
        scale = 0.52 + 0.06 * (actor.index % 2)
        x = mix(1345, 1090, smooth(t * 2.6)) if t < 0.5 else mix(1090, 1345, smooth((t - 0.5) * 2.2))
        return x, HORIZON + NEAR * scale, scale
    if actor.way == "going":
        t = 1 - t
    far, near = (0.05, 2.26) if actor.kind == "vehicle" else (0.13, 2.7)
    scale = far * (near / far) ** t
    return 640 + actor.side * scale, HORIZON + NEAR * scale, scale


SCENE = Gate
