"""`lab`: people at work, with skeletons, heads and a list of abnormal patterns (B.4, JSON)."""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from onframe.isapi.metadata import (
    CameraPoint,
    Cct,
    GesturePolygon,
    HeadModel,
    HeadModels,
    HeadPolygon,
    JoinMsg,
    Metadata,
    Rect,
    Susp,
)
from onframe.simulator.scenes.scene import HEIGHT, WIDTH, Live, Pixels, Scene, SceneDocument, Trip, mix, smooth, wave

if TYPE_CHECKING:
    from onframe.simulator.scenes.painting import Canvas

XY = tuple[float, float]
LEFT_WRIST, LEFT_ELBOW, LEFT_SHOULDER, HEAD, RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST = range(7)
FEATURE_LENGTH = 134
MILLIMETRES_PER_PIXEL = 2.6


@dataclass(frozen=True)
class Worker:
    index: int
    trip: Trip
    x: float
    y: float
    """Where the neck is."""
    scale: float
    look: int
    task: str


@dataclass(frozen=True)
class Pose:
    """A worker on one frame: the joints in logical pixels, by their gestureType."""

    worker: Worker
    obj_id: str
    joints: tuple[XY, ...]
    leaving: bool

    @property
    def head(self) -> Pixels:
        x, y = self.joints[HEAD]
        r = 40 * self.worker.scale
        return (x - r, y - r * 1.05, x + r, y + r * 1.1)

    @property
    def head_and_shoulders(self) -> Pixels:
        (lx, ly), (rx, _) = self.joints[LEFT_SHOULDER], self.joints[RIGHT_SHOULDER]
        _, top, _, _ = self.head
        edge = 20 * self.worker.scale
        return (min(lx, rx) - edge, top, max(lx, rx) + edge, ly + 2 * edge)

    @property
    def hands_up(self) -> bool:
        top = self.joints[HEAD][1]
        return self.joints[LEFT_WRIST][1] < top and self.joints[RIGHT_WRIST][1] < top


class Lab(Scene):
    """Three people at a bench, and one who comes and goes; both hands up is the abnormal pattern."""

    name: ClassVar[str] = "lab"

    @cached_property
    def workers(self) -> list[Worker]:
        look = random.Random(self.seed).randrange(6)
        return [
            Worker(1, Trip(0, self.frames), 270, 344, 1.05, look, "pour"),
            Worker(2, Trip(0, self.frames), 600, 334, 1.0, look + 1, "signal"),
            Worker(3, Trip(0, self.frames), 946, 344, 1.05, look + 3, "write"),
            Worker(4, Trip(60, 300), 0, 300, 0.8, look + 2, "walk"),
        ]

    def poses(self, n: int) -> list[Pose]:
        """Everybody at frame ``n``, far ones first."""
        return sorted(self._poses(n), key=lambda pose: pose.worker.y)

    def _poses(self, n: int) -> Iterator[Pose]:
        for worker in self.workers:
            on_way = worker.trip.at(n, self.frames)
            if on_way is not None:
                loop, age = on_way
                number = worker.index if worker.task != "walk" else (loop + 1) * 10 + worker.index
                yield Pose(
                    worker,
                    str(number),
                    _joints(worker, n, age),
                    age == worker.trip.length - 1 and worker.task == "walk",
                )

    def live(self) -> list[Live]:
        return [Live(1, self._tracking)]

    def _tracking(self, n: int) -> list[SceneDocument]:
        poses = [pose for pose in self.poses(n) if 0 < pose.joints[HEAD][0] < WIDTH or pose.leaving]
        metadata = Metadata(
            root="MetaData",
            type="ruleTarget",
            sub_type="personalTrack",
            tracking=[_camera_point(pose) for pose in poses],
            suspects=self._suspects(n, poses),
        )
        return [SceneDocument(metadata, "json")]

    def _suspects(self, n: int, poses: list[Pose]) -> list[Susp]:
        """One entry for each who has both hands up; its time is in ms since the source's start."""
        return [Susp(susp_id=int(p.obj_id), time_stamp=n * 40, confidence=0.93) for p in poses if p.hands_up]

    def paint_background(self, canvas: Canvas) -> None:
        from onframe.simulator.scenes import lab_art

        lab_art.background(canvas)

    def paint(self, canvas: Canvas, n: int) -> None:
        from onframe.simulator.scenes import lab_art

        lab_art.moving(canvas, self.poses(n), n)


def _joints(worker: Worker, n: int, age: int) -> tuple[XY, ...]:
    x = worker.x + 5 * wave(n, 200, worker.index / 4)
    if worker.task == "walk":
        x = mix(-90, WIDTH + 90, age / (worker.trip.length - 1))
    y = worker.y + 2.5 * wave(n, 100, worker.index / 3) + (4 * wave(n, 20) if worker.task == "walk" else 0)
    s = worker.scale
    left, right = _arms(worker.task, n)
    joints = (left[1], left[0], (-58.0, 20.0), (4.0 * wave(n, 100), -52.0), (58.0, 20.0), right[0], right[1])
    return tuple((x + dx * s, y + dy * s) for dx, dy in joints)


def _arms(task: str, n: int) -> tuple[tuple[XY, XY], tuple[XY, XY]]:
    """(elbow, wrist) of the left and the right arm, beside the neck at scale 1; left is the picture's left."""
    if task == "signal":
        up = smooth(wave(n, 100) * 1.6 + 0.2)
        elbow, wrist = (mix(84, 106, up), mix(100, -8, up)), (mix(48, 84, up), mix(160, -96, up))
        return ((-elbow[0], elbow[1]), (-wrist[0], wrist[1])), (elbow, wrist)
    if task == "pour":
        lift = 18 * wave(n, 100)
        return ((-88.0, 96.0), (-40.0, 138 + lift * 0.4)), ((92.0, 84 - lift), (62.0, 26 - lift * 1.4))
    if task == "write":
        return ((-84.0, 100.0), (-36.0, 150.0)), ((86.0, 98.0), (28 + 16 * wave(n, 40), 146 + 5 * wave(n, 20)))
    swing = 26 * wave(n, 40)
    return ((-76.0, 96.0), (-70 + swing, 160 - abs(swing) * 0.4)), ((76.0, 96.0), (70 + swing, 160 - abs(swing) * 0.4))


def _camera_point(pose: Pose) -> CameraPoint:
    return CameraPoint(
        obj_id=pose.obj_id,
        tra_complete=pose.leaving,
        isvalid=1,
        gesture=GesturePolygon(pose.obj_id, [_join_msg(kind, x, y, pose) for kind, (x, y) in enumerate(pose.joints)]),
        head=_head(pose),
    )


def _space(x: float, y: float, pose: Pose) -> tuple[float, float, float]:
    depth = 3000 / pose.worker.scale
    scale = MILLIMETRES_PER_PIXEL / pose.worker.scale
    return round((x - WIDTH / 2) * scale, 6), round((HEIGHT - y) * scale, 6), round(depth, 6)


def _join_msg(kind: int, x: float, y: float, pose: Pose) -> JoinMsg:
    seen = 0 <= x <= WIDTH and 0 <= y <= HEIGHT
    return JoinMsg(kind, 0.96 if seen else 0.0, int(seen), *_space(x, y, pose), *_unit(x, y))


def _unit(x: float, y: float) -> tuple[float, float]:
    return round(min(1.0, max(0.0, x / WIDTH)), 6), round(min(1.0, max(0.0, y / HEIGHT)), 6)


def _head(pose: Pose) -> HeadPolygon:
    x0, y0, x1, y1 = pose.head_and_shoulders
    (left, top), (right, bottom) = _unit(x0, y0), _unit(x1, y1)
    return HeadPolygon(
        Rect(left, top, round(right - left, 6), round(bottom - top, 6)),
        Cct(*_space(*pose.joints[HEAD], pose)),
        HeadModels(1, [HeadModel(pose_type=1, fea_len=FEATURE_LENGTH, fea_data=_features(pose.obj_id))]),
    )


def _features(obj_id: str) -> str:
    """A vector that means nothing, always the same for one person."""
    data = b"".join(hashlib.sha256(f"{obj_id}:{i}".encode()).digest() for i in range(5))
    return base64.b64encode(data[:FEATURE_LENGTH]).decode()


SCENE = Lab
