"""The Shapes: all that the page and the painter know how to draw.

Positions are in one space: 0..1 of the picture, origin top left, x to the right, y down.
Colours are ``#rrggbb`` and texts are final, units included: who draws decides neither.
Each Shape is one JSON object; its ``t`` names the kind, fields at their default are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

XY: TypeAlias = tuple[float, float]
Heading: TypeAlias = Literal["up", "down", "left", "right"]
Crossing: TypeAlias = Literal["left-to-right", "right-to-left", "both"]
Kind: TypeAlias = Literal[
    "target", "rule", "trail", "plate", "face", "temperature", "fire", "ship", "queue", "people", "heatmap", "radar",
    "ptz", "skeleton", "suspicion", "notice",
]  # fmt: skip
"""What a Shape is about: each can be switched off by itself."""


class _Shape(msgspec.Struct, tag_field="t", omit_defaults=True, kw_only=True):
    """What every Shape has in common: tagged and compact.

    ``subject`` is the same for all Shapes of one target or rule, from Record to Record ("behaviorAnalysis/target/12");
    empty where nothing can be told apart. ``cls`` is the target's class in lower case ("human", "vehicle", "face"),
    ``rule`` the ID of the rule that it is or has triggered. ``flash`` is 1 when an alarm begins and decays to 0.
    """

    subject: str = ""
    kind: Kind = "target"
    cls: str = ""
    rule: str = ""
    flash: float = 0.0


class Box(_Shape, tag="box"):
    """A target's upright rectangle with its label lines.

    ``alarm`` asks for attention; ``heading`` draws an arrow out of that side; ``look`` is how its outline is drawn.
    """

    x: float
    y: float
    w: float
    h: float
    color: str
    labels: list[str] = []
    alarm: bool = False
    heading: Heading | None = None
    look: Literal["box", "corners", "head"] = "box"


class Polygon(_Shape, tag="polygon"):
    """A closed region; ``fill`` is the opacity of its inside, 0..1."""

    points: list[XY]
    color: str
    labels: list[str] = []
    fill: float = 0.0
    alarm: bool = False


class Line(_Shape, tag="line"):
    """An open line. ``crossing`` draws arrows across it; left and right are as seen going from the first point on."""

    points: list[XY]
    color: str
    labels: list[str] = []
    crossing: Crossing | None = None
    alarm: bool = False


class Point(_Shape, tag="point"):
    """A single place."""

    x: float
    y: float
    color: str
    labels: list[str] = []
    alarm: bool = False


class Trail(_Shape, tag="trail"):
    """Where a target has been, oldest first; the older part fades (R-119)."""

    points: list[XY]
    color: str


class Plate(_Shape, tag="plate"):
    """A licence plate as a chip in the plate's own colours, below (x, y), centred; ``caption`` stands under it."""

    x: float
    y: float
    text: str
    color: str
    ink: str
    caption: str | None = None


class Temperature(_Shape, tag="temperature"):
    """A cross with a value at the place that was measured; ``mark`` says which of several values it is.

    ``text`` is the value as sent; ``celsius`` is the same in degrees Celsius where its unit is known, for who chooses
    another unit.
    """

    x: float
    y: float
    text: str
    color: str
    mark: Literal["high", "low", "average"] | None = None
    celsius: float | None = None


class Fire(_Shape, tag="fire"):
    """A fire source: its outline and a flame at its upper edge."""

    points: list[XY]
    color: str
    labels: list[str] = []


class Row(msgspec.Struct, omit_defaults=True, frozen=True, array_like=True):
    """One line of a Counter or Panel; ``color`` sets its value off from the rest."""

    name: str
    value: str
    color: str | None = None


class Card(_Shape, tag="card"):
    """What is known of one target, beside its rectangle (x, y, w, h): a face's attributes."""

    x: float
    y: float
    w: float
    h: float
    title: str
    rows: list[Row]
    color: str


class Counter(_Shape, tag="counter"):
    """Numbers that belong to a place in the picture: people in a queue and how long they wait."""

    x: float
    y: float
    title: str
    rows: list[Row]
    color: str
    alarm: bool = False


class Panel(_Shape, tag="panel"):
    """Numbers that belong to the whole picture; who draws stacks them where they hide no targets."""

    title: str
    rows: list[Row]
    color: str
    alarm: bool = False


class Ring(msgspec.Struct, frozen=True, array_like=True):
    """A circle of equal distance around the radar: ``radius`` 0..1 of the inset's reach."""

    radius: float
    text: str


class Wedge(msgspec.Struct, frozen=True, array_like=True):
    """A sector in degrees, 0 ahead, positive to the right; ``reach`` 0..1 of the inset's reach."""

    start: float
    end: float
    reach: float
    color: str
    text: str


class Blip(msgspec.Struct, omit_defaults=True, frozen=True):
    """Something on the radar: (x, y) with the radar at (0, 0), x to the right, y ahead, 1 = the inset's reach.

    ``vector`` is how far it gets in a second, as far as its last positions tell.
    """

    x: float
    y: float
    color: str
    labels: list[str] = []
    alarm: bool = False
    vector: XY | None = None
    subject: str = ""


class Radar(_Shape, tag="radar"):
    """A polar inset: what the radar sees, from above."""

    title: str
    rings: list[Ring]
    wedges: list[Wedge] = []
    blips: list[Blip] = []
    paths: list[Polygon | Line] = []
    """In the inset's own space, as Blip; one of the kind "trail" is where a target has been, oldest first."""


class Skeleton(_Shape, tag="skeleton"):
    """Joints as (x, y, score 0..1) and the pairs of them that are joined."""

    joints: list[tuple[float, float, float]]
    edges: list[tuple[int, int]]
    color: str
    labels: list[str] = []


class HeatMap(_Shape, tag="heatmap"):
    """A picture over the whole picture; ``data`` is base64, ``media_type`` is read from its first bytes."""

    media_type: str
    data: str
    opacity: float


class Notice(_Shape, tag="notice"):
    """A sentence to whoever looks on: a hint that the coordinates do not fit, a suspicion."""

    text: str
    color: str


Shape: TypeAlias = (
    Box
    | Polygon
    | Line
    | Point
    | Trail
    | Plate
    | Temperature
    | Fire
    | Card
    | Counter
    | Panel
    | Radar
    | Skeleton
    | HeatMap
    | Notice
)


class Event(msgspec.Struct, omit_defaults=True, frozen=True):
    """Something worth a line in the list beside the picture; the same ``key`` is the same occurrence going on.

    ``subject``, ``kind`` and ``rule`` are those of the Shapes that it is about.
    """

    key: str
    level: Literal["alarm", "info"]
    title: str
    text: str
    color: str
    ink: str | None = None
    subject: str = ""
    kind: Kind = "target"
    rule: str = ""


class Shapes(msgspec.Struct, tag_field="type", tag="shapes", omit_defaults=True):
    """What one Record shows, under its picture's ``pts``: the video track's extended RTP timestamp, 90 kHz.

    ``n`` is the Record's own within its epoch, ``captured_at`` the instant in the camera's clock, Unix seconds.
    ``layer`` names the sort of document ("behaviorAnalysis/target"): where a picture has none of a layer of its own,
    its Shapes lie between the last one and the next, or the last one is held, ``hold_ms`` at most.
    ``exact`` and ``clock`` are the Record's grade, ``uncertainty`` is in seconds.
    ``lag_ms``: this Record came so long after its picture did; None where that picture is not known.
    ``frame_number`` is the value of the target property of that name (test mode).
    """

    pts: int
    layer: str
    exact: bool
    clock: str
    uncertainty: float | None = None
    lag_ms: float | None = None
    frame_number: int | None = None
    hold_ms: int = 500
    shapes: Sequence[Shape] = ()
    events: Sequence[Event] = ()
    n: int = 0
    captured_at: float | None = None


class Rules(msgspec.Struct, tag_field="type", tag="rules", omit_defaults=True):
    """All standing Shapes from the picture ``pts`` on."""

    pts: int
    shapes: Sequence[Shape]
