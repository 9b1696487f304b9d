"""`hall`: a station hall with a queue, people who come and go, and their faces (B.2, B.3, B.12, B.13)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, ClassVar, Literal

from onframe.isapi.metadata import Metadata, Picture, Property, Situation, Target
from onframe.simulator.scenes.scene import (
    Live,
    Pixels,
    Scene,
    SceneDocument,
    Trip,
    box_region,
    fading,
    inside,
    mix,
    region,
    rule_document,
    smooth,
    target_document,
    visible,
)

if TYPE_CHECKING:
    from onframe.simulator.scenes.painting import Canvas

XY = tuple[float, float]
VANISH, DEPTH, HEIGHT_AT_1 = 206.0, 514.0, 312.0
TURN = 100
"""Frames between two customers."""
SLOTS = 5
WALK_IN, WALK_OUT = 90, 80
QUEUE_FLOOR: tuple[XY, ...] = ((536.0, 446.0), (1034.0, 446.0), (1050.0, 512.0), (522.0, 512.0))
HALL_FLOOR: tuple[XY, ...] = ((0.0, 372.0), (1280.0, 372.0), (1280.0, 720.0), (0.0, 720.0))
FACE_AREA: tuple[XY, ...] = ((60.0, 180.0), (560.0, 180.0), (560.0, 715.0), (60.0, 715.0))
FACE_SCALE = 0.58
COUNT_SCALE = 0.66
"""How near the counting line lies."""
ALARM_SECONDS, ALARM_COUNT = 15, 6
AGES = ("young", "middle", "old", "young")


@dataclass(frozen=True)
class Visitor:
    """Somebody in the hall on one frame."""

    target_id: int
    look: int
    x: float
    y: float
    scale: float
    face: bool
    walking: bool
    opacity: float = 1.0
    waited: int = 0
    """Frames since joining the queue."""

    @property
    def height(self) -> float:
        return HEIGHT_AT_1 * self.scale

    @property
    def box(self) -> Pixels:
        half = self.height * 0.2
        return (self.x - half, self.y - self.height, self.x + half, self.y)

    @property
    def head(self) -> Pixels:
        r = 0.105 * self.height
        return (self.x - r, self.y - 0.995 * self.height, self.x + r, self.y - 0.774 * self.height)


def floor(side: float, scale: float) -> XY:
    """A place on the floor, ``side`` pixels beside the middle at scale 1."""
    return 640 + side * scale, VANISH + DEPTH * scale


def scale_at(y: float) -> float:
    return (y - VANISH) / DEPTH


class Hall(Scene):
    """A queue with waiting times, faces of those who come nearer, counts of people, a heat map."""

    name: ClassVar[str] = "hall"

    @cached_property
    def walks(self) -> list[tuple[Trip, Literal["coming", "going"], float, int]]:
        offset = self.seed * 7 % 20
        return [
            (Trip(0 + offset, 190), "coming", -470, 1 + self.seed),
            (Trip(60 + offset, 200), "going", -300, 3 + self.seed),
            (Trip(130 + offset, 190), "coming", -380, 4 + self.seed),
            (Trip(200 + offset, 190), "coming", -520, 2 + self.seed),
            (Trip(265 + offset, 200), "going", -250, 5 + self.seed),
            (Trip(310 + offset, 190), "coming", -420, self.seed),
        ]

    def prepare(self) -> None:
        self.heat_map(0)

    def visitors(self, n: int) -> list[Visitor]:
        """Everybody in the hall at frame ``n``, far ones first."""
        return sorted([*self.customers(n), *self._walkers(n)], key=lambda v: v.y)

    def customers(self, n: int) -> Iterator[Visitor]:
        """Those on their way to the counter, in the queue, or leaving it."""
        life = WALK_IN + SLOTS * TURN + WALK_OUT
        for k in range((n - life) // TURN + 1, n // TURN + 1):
            age = n - k * TURN
            x, y = _customer_place(age)
            waiting = WALK_IN <= age < life - WALK_OUT and (age - WALK_IN) % TURN > 24
            waited = max(0, age - _joined_at()) if inside(x, y, QUEUE_FLOOR) else 0
            yield Visitor(1000 + k + 10, (k + self.seed) % 4 + 1, x, y, scale_at(y), False, not waiting, 1.0, waited)

    def _walkers(self, n: int) -> Iterator[Visitor]:
        for index, (trip, way, side, look) in enumerate(self.walks):
            on_way = trip.at(n, self.frames)
            if on_way is not None:
                loop, age = on_way
                scale = _walk_scale(age / trip.length, way)
                target_id = (loop + 1) * len(self.walks) + index + 1
                seen = fading(age, trip.length) if scale < 0.5 else 1.0
                yield Visitor(target_id, look, *floor(side, scale), scale, way == "coming", True, seen)

    def queue(self, n: int) -> list[Visitor]:
        """Those who stand in the queue's region; others are left out (R-116)."""
        return [v for v in self.customers(n) if inside(v.x, v.y, QUEUE_FLOOR)]

    def faces(self, n: int) -> list[Visitor]:
        """Those whose face is near enough."""
        return [v for v in self._walkers(n) if v.face and v.scale >= FACE_SCALE and visible(v.head, 0.98)]

    def people(self, n: int) -> int:
        """How many stand on the floor of the hall, within the picture."""
        return sum(inside(v.x, v.y, HALL_FLOOR) for v in self.visitors(n))

    def passed(self, n: int, way: Literal["coming", "going"]) -> int:
        """How many have crossed the counting line in this direction since the start."""
        total = 0
        for trip, direction, _, _ in self.walks:
            if direction == way:
                age = next(a for a in range(trip.length) if _beyond(a / trip.length, way))
                total += max(0, (n - trip.start - age) // self.frames + 1)
        return total

    def rules(self, n: int) -> list[SceneDocument]:
        blue: list[Property] = [("regionColor", "blue")]
        return [
            rule_document("personQueueTime", 1, QUEUE_FLOOR, blue),
            rule_document("personQueueCounting", 2, QUEUE_FLOOR, blue),
            rule_document("faceSnap", 3, FACE_AREA),
        ]

    def live(self) -> list[Live]:
        return [
            Live(1, self._waiting),
            Live(1, self._faces),
            Live(5, self._counting),
            Live(10, self._frames_counting),
            Live(25, self._people_counting),
            Live(50, self.heat_map),
        ]

    def _waiting(self, n: int) -> list[SceneDocument]:
        return target_document("personQueueTime", [_waiting(v) for v in self.queue(n)])

    def _faces(self, n: int) -> list[SceneDocument]:
        return target_document("faceSnap", [_face(v) for v in self.faces(n)])

    def _counting(self, n: int) -> list[SceneDocument]:
        return target_document("personQueueCounting", [_count(len(self.queue(n)))])

    def _frames_counting(self, n: int) -> list[SceneDocument]:
        return [_situation("framesPeopleCounting", Situation(person_count=self.people(n)))]

    def _people_counting(self, n: int) -> list[SceneDocument]:
        enter, leave = self.passed(n, "going"), self.passed(n, "coming")
        return [_situation("PeopleCounting", Situation(enter_region_people_num=enter, leave_region_people_num=leave))]

    def heat_map(self, n: int) -> list[SceneDocument]:
        """Where people have been during the last four seconds, as a picture (B.2)."""
        spots = [(v.x, v.y, v.scale) for k in range(n - 100, n + 1, 5) for v in self.visitors(k)]
        from onframe.simulator.scenes.heat import heat_picture

        metadata = Metadata(
            type="ruleTarget",
            sub_type="heatmap",
            targets=[Target(rule_id=4, regions=[region(HALL_FLOOR)])],
            pictures=[Picture("base64", heat_picture(tuple(spots)))],
            situation=Situation(person_count=self.people(n)),
        )
        return [SceneDocument(metadata, "json")]

    def paint_background(self, canvas: Canvas) -> None:
        from onframe.simulator.scenes import hall_art

        hall_art.background(canvas)

    def paint(self, canvas: Canvas, n: int) -> None:
        from onframe.simulator.scenes import hall_art

        hall_art.moving(canvas, self.visitors(n), n)


def _customer_place(age: int) -> XY:
    def slot(index: int) -> XY:
        return 990.0 - 98.0 * index, 482.0

    if age < WALK_IN:
        t = smooth(age / WALK_IN)
        return mix(-60, slot(SLOTS - 1)[0], t), mix(500, 482, t)
    step, rest = divmod(age - WALK_IN, TURN)
    if step >= SLOTS:
        t = smooth(rest / WALK_OUT) if step == SLOTS else 1.0
        return mix(990, 1350, t), mix(482, 520, t)
    here = SLOTS - 1 - step
    before = slot(here + 1)[0] if step else slot(here)[0]
    return mix(before, slot(here)[0], smooth(rest / 24)), 482.0


@lru_cache(maxsize=1)
def _joined_at() -> int:
    return next(age for age in range(WALK_IN + 1) if inside(*_customer_place(age), QUEUE_FLOOR))


def _walk_scale(t: float, way: str) -> float:
    far, near = 0.34, 2.6
    if way == "going":
        far, near = near, far
    return float(far * (near / far) ** t)


def _beyond(t: float, way: str) -> bool:
    scale = _walk_scale(t, way)
    return scale >= COUNT_SCALE if way == "coming" else scale <= COUNT_SCALE


def _waiting(visitor: Visitor) -> Target:
    return Target(
        target_id=visitor.target_id,
        rule_id=1,
        recognition="human",
        regions=[box_region(visitor.box)],
        properties=[("waitTime", str(visitor.waited // 25)), ("alarmTime", str(ALARM_SECONDS))],
    )


def _count(count: int) -> Target:
    return Target(rule_id=2, properties=[("count", str(count)), ("alarmCount", str(ALARM_COUNT))])


def _face(visitor: Visitor) -> Target:
    return Target(
        target_id=visitor.target_id,
        rule_id=3,
        recognition="face",
        regions=[box_region(visitor.head)],
        properties=[
            ("faceScore", str(min(100, round(visitor.scale * 90)))),
            ("ageGroup", AGES[visitor.look % 4]),
            ("gender", "female" if visitor.look % 2 else "male"),
        ],
    )


def _situation(sub_type: str, situation: Situation) -> SceneDocument:
    return SceneDocument(Metadata(type="ruleTarget", sub_type=sub_type, situation=situation), "json")


SCENE = Hall
