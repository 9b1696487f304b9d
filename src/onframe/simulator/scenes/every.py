"""`all`: the other scenes on one wall, and every message of the guide on one channel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import msgspec

from onframe.isapi.metadata import CameraPoint, GesturePolygon, HeadPolygon, JoinMsg, Point, Rect, Region, Target
from onframe.simulator.scenes.gate import Gate
from onframe.simulator.scenes.hall import Hall
from onframe.simulator.scenes.harbour import Harbour
from onframe.simulator.scenes.lab import Lab
from onframe.simulator.scenes.radar import RadarYard
from onframe.simulator.scenes.scene import Scene, SceneDocument
from onframe.simulator.scenes.thermal import Thermal

if TYPE_CHECKING:
    from onframe.simulator.scenes.painting import Canvas

IDS = 1000
"""Rules and targets of the i-th scene are numbered from i times this."""


THINNED = 8
"""Frames between two documents of a kind in the small panes."""


@dataclass(frozen=True)
class Pane:
    """Where a scene hangs on the wall, in thirds of the picture, and how often its documents are taken."""

    scene: Scene
    number: int
    column: int
    row: int
    thirds: int

    @property
    def share(self) -> float:
        return self.thirds / 3

    def documents(self, n: int) -> list[SceneDocument]:
        """The scene's live documents, fewer of them: only the gate's moving kind stays on every frame."""
        found = []
        for i, live in enumerate(self.scene.live()):
            every = 1 if self.number == i == 0 else max(live.every, THINNED)
            if (n - self.number - 2 * i) % every == 0:
                found += live.make(n)
        return found

    def point(self, point: Point) -> Point:
        """0..1000 of the scene to 0..1000 of the wall."""
        x, y = point
        return round(self.column * 1000 / 3 + x * self.share), round(self.row * 1000 / 3 + y * self.share)

    def unit(self, x: float, y: float) -> tuple[float, float]:
        """0..1 of the scene to 0..1 of the wall."""
        return round(self.column / 3 + x * self.share, 6), round(self.row / 3 + y * self.share, 6)


class All(Scene):
    """Six scenes at once; the gate is the large one and has documents on every frame."""

    name: ClassVar[str] = "all"

    @cached_property
    def panes(self) -> list[Pane]:
        def pane(kind: type[Scene], number: int, *place: int) -> Pane:
            return Pane(kind(self.seed, outside=self.outside), number, *place)

        return [
            pane(Gate, 0, 0, 0, 2),
            pane(Hall, 1, 2, 0, 1),
            pane(Thermal, 2, 2, 1, 1),
            pane(Harbour, 3, 0, 2, 1),
            pane(RadarYard, 4, 1, 2, 1),
            pane(Lab, 5, 2, 2, 1),
        ]

    def prepare(self) -> None:
        for pane in self.panes:
            pane.scene.prepare()

    def rules(self, n: int) -> list[SceneDocument]:
        return [_moved(document, pane) for pane in self.panes for document in pane.scene.rules(n)]

    def targets(self, n: int) -> list[SceneDocument]:
        return [_moved(document, pane) for pane in self.panes for document in pane.documents(n)]

    def paint_background(self, canvas: Canvas) -> None:
        from PIL import Image

        canvas.image.paste((16, 20, 28), (0, 0, *canvas.image.size))
        self._backgrounds: dict[int, Image.Image] = {}
        for pane in self.panes:
            small = _pane_canvas(canvas, pane)
            pane.scene.paint_background(small)
            self._backgrounds[pane.number] = small.image

    def paint(self, canvas: Canvas, n: int) -> None:
        for pane in self.panes:
            small = _pane_canvas(canvas, pane)
            small.image = self._backgrounds[pane.number].copy()
            pane.scene.paint(small, n)
            x, y = _corner(canvas, pane)
            canvas.image.paste(small.image, (x, y))
        _paint_gutters(canvas)


def _pane_canvas(canvas: Canvas, pane: Pane) -> Canvas:
    from onframe.simulator.scenes.painting import Canvas

    width, height = canvas.image.size
    return Canvas(-(-width * pane.thirds // 3), -(-height * pane.thirds // 3))


def _corner(canvas: Canvas, pane: Pane) -> tuple[int, int]:
    width, height = canvas.image.size
    return round(width * pane.column / 3), round(height * pane.row / 3)


def _paint_gutters(canvas: Canvas) -> None:
    """Thin lines between the panes."""
    width, height = canvas.image.size
    dark = (16, 20, 28)
    third, two = round(width / 3), round(width * 2 / 3)
    upper, lower = round(height / 3), round(height * 2 / 3)
    canvas.image.paste(dark, (two - 1, 0, two + 1, height))
    canvas.image.paste(dark, (0, lower - 1, width, lower + 1))
    canvas.image.paste(dark, (two, upper - 1, width, upper + 1))
    canvas.image.paste(dark, (third - 1, lower, third + 1, height))


def _moved(document: SceneDocument, pane: Pane) -> SceneDocument:
    """The document with its IDs and places as they are on the wall."""
    metadata, form = document
    changed = msgspec.structs.replace(
        metadata,
        targets=[_target(target, pane) for target in metadata.targets],
        tracking=[_tracked(point, pane) for point in metadata.tracking],
    )
    return SceneDocument(changed, form)


def _target(target: Target, pane: Pane) -> Target:
    def number(value: int | str | None) -> int | str | None:
        return value + pane.number * IDS if isinstance(value, int) else value

    regions: list[Region] = [[pane.point(point) for point in region] for region in target.regions]
    return msgspec.structs.replace(
        target, target_id=number(target.target_id), rule_id=number(target.rule_id), regions=regions
    )


def _tracked(point: CameraPoint, pane: Pane) -> CameraPoint:
    head = None if point.head is None else _head(point.head, pane)
    gesture = GesturePolygon(point.gesture_id, [_joint(joint, pane) for joint in point.joints])
    return msgspec.structs.replace(point, gesture=gesture, head=head)


def _joint(joint: JoinMsg, pane: Pane) -> JoinMsg:
    if joint.plane is None:
        return joint
    x2d, y2d = pane.unit(*joint.plane)
    return msgspec.structs.replace(joint, x2d=x2d, y2d=y2d)


def _head(head: HeadPolygon, pane: Pane) -> HeadPolygon:
    if head.rect is None:
        return head
    x, y, width, height = head.rect
    left, top = pane.unit(x, y)
    box = Rect(left, top, round(width * pane.share, 6), round(height * pane.share, 6))
    return msgspec.structs.replace(head, rectangle=box)


SCENE = All
