"""What a scene is: a loop that can be painted, and the documents that belong to each of its frames.

A scene is counted in frames since its start, for ever: the picture repeats after ``frames`` of them,
while target IDs and counters go on. Everything follows from the frame's number and the seed.
Positions are in logical pixels of a 1280x720 picture; documents carry 0..1000, origin top left.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from onframe.isapi.metadata import DevInfo, Metadata, Point, Property, Region, Target

if TYPE_CHECKING:
    from onframe.simulator.scenes.painting import Canvas

WIDTH, HEIGHT = 1280, 720
FRAMES_PER_SECOND = 25
Format = Literal["xml", "json"]
Pixels = tuple[float, float, float, float]
"""(x0, y0, x1, y1) in logical pixels."""


class SceneDocument(NamedTuple):
    """One document of a scene, not yet stamped with time and device, and the form it has in the guide (R-118)."""

    metadata: Metadata
    format: Format = "xml"


class Trip(NamedTuple):
    """A way through the picture that starts at frame ``start`` of each loop and takes ``length`` frames."""

    start: int
    length: int

    def at(self, n: int, frames: int) -> tuple[int, int] | None:
        """(which loop, frames since the start) at frame ``n``, or None when nobody is on the way."""
        loop, age = divmod(n - self.start, frames)
        return (loop, age) if age < self.length else None


class Live(NamedTuple):
    """One kind of live document: of every so many frames, made for frame ``n``."""

    every: int
    make: Callable[[int], list[SceneDocument]]


class Scene:
    """One loop of pictures and the metadata of each of its frames."""

    name: ClassVar[str] = ""
    frames: int = 400

    def __init__(self, seed: int = 1, *, outside: Literal["leave_out", "without_sub_type"] = "leave_out") -> None:
        """``outside``: what becomes of targets outside the range of every rule (R-116)."""
        self.seed = seed
        self.outside = outside

    def prepare(self) -> None:
        """Do what takes long the first time, such as imports; called in a thread before the scene plays."""

    def rules(self, n: int) -> list[SceneDocument]:
        """Every rule in the state it has at frame ``n``."""
        return []

    def live(self) -> list[Live]:
        """The kinds of live documents; the first is the moving one, of every frame."""
        return []

    def targets(self, n: int) -> list[SceneDocument]:
        """The live documents of frame ``n``; kinds that are not of every frame take turns."""
        turns = enumerate(self.live())
        return [d for i, live in turns if (n - 3 * i) % live.every == 0 for d in live.make(n)]

    def changes(self, n: int) -> list[SceneDocument]:
        """The rules whose state is another at frame ``n`` than one frame before."""
        before = self.rules(n - 1)
        return [rule for rule in self.rules(n) if rule not in before]

    def documents(self, n: int) -> list[SceneDocument]:
        """All documents of frame ``n``: changed rules first (R-035)."""
        return self.changes(n) + self.targets(n)

    def landmark(self, n: int) -> Pixels | None:
        """The box of one target of frame ``n`` that nothing hides; painted in one colour with the frame marks."""
        return None

    def paint_background(self, canvas: Canvas) -> None:
        """Paint what never moves."""

    def paint(self, canvas: Canvas, n: int) -> None:
        """Paint what moves, onto a copy of the background."""


def wave(n: float, period: float, phase: float = 0.0) -> float:
    """A sine of ``n`` in -1..1; ``phase`` in turns. Periodic scenes use divisors of their length as period."""
    return math.sin(2 * math.pi * (n % period / period + phase))


def fading(age: int, length: int, frames: int = 14) -> float:
    """How much of something is seen that appears at the start of its way and vanishes at its end, 0..1."""
    return min(1.0, (age + 1) / frames, (length - age) / frames)


def smooth(t: float) -> float:
    """0..1 to 0..1 with a soft start and end."""
    t = min(1.0, max(0.0, t))
    return t * t * (3 - 2 * t)


def mix(a: float, b: float, t: float) -> float:
    return a + (b - a) * t


def units(x: float, y: float) -> Point:
    """Logical pixels to the 0..1000 of documents, kept within the picture."""
    return (
        min(1000, max(0, round(x * 1000 / WIDTH))),
        min(1000, max(0, round(y * 1000 / HEIGHT))),
    )


def region(points: Sequence[tuple[float, float]]) -> Region:
    """A point, line or polygon of logical pixels in 0..1000."""
    return [units(x, y) for x, y in points]


def box_region(box: Pixels) -> Region:
    """A box of logical pixels as four points in 0..1000, clockwise from the top left."""
    x0, y0, x1, y1 = box
    return region([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])


def visible(box: Pixels, least: float = 0.4) -> bool:
    """Whether at least this share of the box lies within the picture."""
    x0, y0, x1, y1 = box
    width = min(x1, WIDTH) - max(x0, 0)
    height = min(y1, HEIGHT) - max(y0, 0)
    return width > 0 and height > 0 and width * height >= least * (x1 - x0) * (y1 - y0)


def inside(x: float, y: float, polygon: Sequence[tuple[float, float]]) -> bool:
    """Whether a point lies within a polygon (even-odd rule)."""
    result = False
    for (ax, ay), (bx, by) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
            result = not result
    return result


def rule_document(
    sub_type: str,
    rule_id: int,
    points: Sequence[tuple[float, float]],
    properties: Sequence[Property] = (),
    *,
    valid: bool = True,
) -> SceneDocument:
    """A rule; the position of one that is not valid is not uploaded (R-117)."""
    regions = [region(points)] if valid else []
    target = Target(rule_id=rule_id, regions=regions, properties=list(properties))
    return SceneDocument(Metadata(type="ruleTarget", sub_type=sub_type, targets=[target]))


def target_document(sub_type: str | None, targets: Sequence[Target]) -> list[SceneDocument]:
    """The targets in one document; none where there is no target (R-035)."""
    if not targets:
        return []
    return [SceneDocument(Metadata(type="activityTarget", sub_type=sub_type, targets=list(targets)))]


def device_of(metadata: Metadata, default: DevInfo) -> DevInfo:
    """The device a document names: the scene's choice of channels (0: that of ``default``), the rest of ``default``."""
    own = metadata.device
    if own is None:
        return default
    return DevInfo(
        ip_address=default.ip_address,
        port_no=default.port_no,
        mac_address=default.mac_address,
        channel=default.channel if own.channel == 0 else own.channel,
        radar_channel=own.radar_channel,
        domain_name=default.domain_name,
    )
