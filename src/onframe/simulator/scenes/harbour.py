"""`harbour`: ships pass a quay while the camera slowly pans (B.15 ships, B.20 PTZ)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from onframe.isapi.metadata import Metadata, PTZInfo, Target
from onframe.simulator.scenes.scene import (
    FRAMES_PER_SECOND,
    Live,
    Pixels,
    Scene,
    SceneDocument,
    Trip,
    box_region,
    rule_document,
    target_document,
    visible,
    wave,
)

if TYPE_CHECKING:
    from onframe.simulator.scenes.painting import Canvas

PAN = 56.0
"""Pixels to either side that the camera pans."""
PIXELS_PER_DEGREE = 20.0
AZIMUTH, ELEVATION, ZOOM = 214.0, 4.5, 2.0
CHANNEL = ((250.0, 300.0), (1030.0, 300.0), (1030.0, 610.0), (250.0, 610.0))
"""The ship rule's region, in the picture."""


@dataclass(frozen=True)
class Class:
    """A kind of ship: its size in metres, its look, and how high it floats in the picture."""

    name: str
    length: float
    height: float
    width: float
    waterline: float
    pixels_per_metre: float
    speed: float
    """Metres per second."""


CARGO = Class("cargo", 76.0, 22.0, 13.0, 452.0, 5.4, 14.6)
SAIL = Class("sail", 14.0, 19.0, 4.0, 556.0, 9.4, 9.2)
TUG = Class("tug", 22.0, 14.0, 8.0, 608.0, 8.6, 9.8)
FERRY = Class("ferry", 42.0, 13.0, 9.0, 392.0, 3.4, 19.4)


@dataclass(frozen=True)
class Voyage:
    kind: Class
    trip: Trip
    right: bool
    look: int


@dataclass(frozen=True)
class Ship:
    """A ship on one frame, in the picture as the camera stands then."""

    voyage: Voyage
    target_id: int
    x: float
    """The middle of the ship."""
    heave: float

    @property
    def box(self) -> Pixels:
        kind = self.voyage.kind
        half = kind.length * kind.pixels_per_metre / 2
        bottom = kind.waterline + self.heave
        return (self.x - half, bottom - kind.height * kind.pixels_per_metre, self.x + half, bottom)

    @property
    def state(self) -> str:
        """Whether the bow, the middle or the stern is in the region (B.15)."""
        x0, _, x1, _ = self.box
        left, right = CHANNEL[0][0], CHANNEL[1][0]
        bow, stern = (x1, x0) if self.voyage.right else (x0, x1)
        if left <= bow <= right and not left <= stern <= right:
            return "nose"
        return "crossing" if left <= bow <= right or x0 < left < right < x1 else "tail"


class Harbour(Scene):
    """Ships with direction, state, size and speed; PTZ positions as the camera pans."""

    name: ClassVar[str] = "harbour"

    @cached_property
    def voyages(self) -> list[Voyage]:
        offset = random.Random(self.seed).randrange(20)
        plan = ((CARGO, 10, True, 0), (SAIL, 120, False, 1), (TUG, 260, True, 2), (FERRY, 190, False, 3))
        return [Voyage(kind, Trip(start + offset, _frames(kind)), right, look) for kind, start, right, look in plan]

    def pan(self, n: int) -> float:
        """How many pixels the camera looks to the right of its middle."""
        return PAN * wave(n, self.frames)

    def ships(self, n: int) -> list[Ship]:
        """Every ship at frame ``n``, far ones first."""
        return sorted(self._ships(n), key=lambda ship: ship.voyage.kind.waterline)

    def _ships(self, n: int) -> Iterator[Ship]:
        for index, voyage in enumerate(self.voyages):
            loop, age = divmod(n - voyage.trip.start, self.frames)
            while age < voyage.trip.length:
                x = _place(voyage, age) - self.pan(n)
                yield Ship(voyage, (loop + 3) * 10 + index, x, 2 * wave(n, 100, index / 4))
                loop, age = loop - 1, age + self.frames

    def in_region(self, n: int) -> list[Ship]:
        """The ships within the rule's region; others are left out (R-116)."""
        left, right = CHANNEL[0][0], CHANNEL[1][0]
        return [s for s in self.ships(n) if s.box[2] > left and s.box[0] < right and visible(s.box)]

    def rules(self, n: int) -> list[SceneDocument]:
        return [rule_document("shipsDetection", 1, CHANNEL)]

    def live(self) -> list[Live]:
        return [Live(1, self._ships_seen), Live(5, self._position)]

    def _ships_seen(self, n: int) -> list[SceneDocument]:
        return target_document("shipsDetection", [self._target(s) for s in self.in_region(n)])

    def _target(self, ship: Ship) -> Target:
        kind = ship.voyage.kind
        return Target(
            target_id=ship.target_id,
            recognition="ship",
            rule_id=1,
            regions=[box_region(ship.box)],
            properties=[
                ("direction", "right" if ship.voyage.right else "left"),
                ("state", ship.state),
                ("length", f"{kind.length:g}"),
                ("height", f"{kind.height:g}"),
                ("width", f"{kind.width:g}"),
                ("speed", f"{kind.speed:.1f}"),
            ],
        )

    def _position(self, n: int) -> list[SceneDocument]:
        azimuth = round(AZIMUTH + self.pan(n) / PIXELS_PER_DEGREE, 3)
        ptz = PTZInfo(elevation=ELEVATION, azimuth=azimuth, zoom=ZOOM, focus=420, preset_no=1)
        return [SceneDocument(Metadata(type="PTZ", ptz=ptz))]

    def paint_background(self, canvas: Canvas) -> None:
        """The camera pans, so that all of the picture moves."""

    def paint(self, canvas: Canvas, n: int) -> None:
        from onframe.simulator.scenes import harbour_art

        harbour_art.paint(canvas, self.ships(n), self.pan(n), n)


def _reach(kind: Class) -> float:
    return 1280 + 2 * PAN + kind.length * kind.pixels_per_metre + 20


def _frames(kind: Class) -> int:
    """Frames of a voyage from beyond one edge to beyond the other."""
    return round(_reach(kind) / (kind.speed * kind.pixels_per_metre) * FRAMES_PER_SECOND)


def _place(voyage: Voyage, age: int) -> float:
    """The middle of the ship after ``age`` frames, while the camera looks straight ahead."""
    way = voyage.kind.speed * voyage.kind.pixels_per_metre * age / FRAMES_PER_SECOND
    return 640 - _reach(voyage.kind) / 2 + way if voyage.right else 640 + _reach(voyage.kind) / 2 - way


SCENE = Harbour
