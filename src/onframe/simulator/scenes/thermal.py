"""`thermal`: a substation in false colours; temperatures and a fire (B.15)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from onframe.isapi.metadata import Property, Target
from onframe.simulator.scenes.scene import (
    Live,
    Pixels,
    Scene,
    SceneDocument,
    box_region,
    region,
    rule_document,
    smooth,
    target_document,
    wave,
)

if TYPE_CHECKING:
    from onframe.simulator.scenes.painting import Canvas

COLDEST, HOTTEST = 0.0, 140.0
"""Degrees centigrade at the two ends of the colours."""
PIPE = ((150.0, 566.0), (806.0, 566.0))
MOTOR = (956.0, 508.0)
FIRE = (1112.0, 432.0)
FIRE_DISTANCE = 64
"""Metres."""
BURNING = 60.0
"""Degrees from which a fire is reported."""
SAMPLES = 83


class Thermal(Scene):
    """The pipe's average, lowest and highest temperature, the motor's, and a fire that comes and goes."""

    name: ClassVar[str] = "thermal"

    def prepare(self) -> None:
        self.at(*MOTOR, 0)

    def fire(self, n: int) -> float:
        """How strongly it burns, 0..1."""
        t = (n + self.seed * 13) % self.frames / self.frames
        return smooth((t - 0.05) * 6) * smooth((1 - t) * 6)

    def temperatures(self, xs: Any, ys: Any, n: int) -> Any:
        """Degrees centigrade at these places (numpy arrays of logical pixels): what is painted and what is sent."""
        from onframe.simulator.scenes import thermal_art

        return thermal_art.temperatures(self, xs, ys, n)

    def at(self, x: float, y: float, n: int) -> float:
        """Degrees centigrade at one place."""
        import numpy

        return float(self.temperatures(numpy.array([x]), numpy.array([y]), n)[0])

    def along_pipe(self, n: int) -> list[tuple[float, float, float]]:
        """(x, y, degrees) along the line."""
        import numpy

        (x0, y), (x1, _) = PIPE
        xs = numpy.linspace(x0, x1, SAMPLES)
        degrees = self.temperatures(xs, numpy.full(SAMPLES, y), n)
        return [(float(x), y, float(t)) for x, t in zip(xs, degrees, strict=True)]

    def fire_box(self, n: int) -> Pixels:
        strength = self.fire(n)
        x, y = FIRE
        width = 34 + 46 * strength + 3 * wave(n, 16)
        height = 40 + 74 * strength + 5 * wave(n, 10)
        return (x - width, y - height, x + width, y + 24)

    def rules(self, n: int) -> list[SceneDocument]:
        return [
            rule_document("thermometry", 1, PIPE),
            rule_document("thermometry", 2, (MOTOR,)),
            rule_document("fireDetection", 3, ((1000, 240), (1230, 240), (1230, 470), (1000, 470))),
        ]

    def live(self) -> list[Live]:
        return [Live(1, self._fire), Live(5, self._thermometry)]

    def _thermometry(self, n: int) -> list[SceneDocument]:
        return target_document("thermometry", [*self._line(n), self._point(n)])

    def _line(self, n: int) -> list[Target]:
        samples = self.along_pipe(n)
        lowest, highest = min(samples, key=lambda s: s[2]), max(samples, key=lambda s: s[2])
        average = sum(s[2] for s in samples) / len(samples)
        return [
            Target(rule_id=1, regions=[region(PIPE)], properties=_degrees(average, "average")),
            Target(rule_id=1, regions=[region([lowest[:2]])], properties=_degrees(lowest[2], "lowest")),
            Target(rule_id=1, regions=[region([highest[:2]])], properties=_degrees(highest[2], "highest")),
        ]

    def _point(self, n: int) -> Target:
        return Target(rule_id=2, regions=[region([MOTOR])], properties=_degrees(self.at(*MOTOR, n)))

    def hottest(self, n: int) -> tuple[float, float, float]:
        """(x, y, degrees) of the fire's hottest place."""
        x, y = FIRE[0] + 6 * wave(n, 40), FIRE[1] - 12 - 20 * self.fire(n)
        return x, y, self.at(x, y, n)

    def _fire(self, n: int) -> list[SceneDocument]:
        x, y, degrees = self.hottest(n)
        if degrees < BURNING:
            return []
        return target_document(
            "fireDetection",
            [
                Target(regions=[box_region(self.fire_box(n))], properties=[("distance", str(FIRE_DISTANCE))]),
                Target(regions=[region([(x, y)])], properties=_degrees(degrees, "highest")),
            ],
        )

    def paint_background(self, canvas: Canvas) -> None:
        """All of the picture is temperature, and is painted anew on every frame."""

    def paint(self, canvas: Canvas, n: int) -> None:
        from onframe.simulator.scenes import thermal_art

        thermal_art.paint(self, canvas, n)


def _degrees(value: float, name: str | None = None) -> list[Property]:
    properties = [("tempValue", f"{value:.1f}"), ("tempUnit", "centigrade")]
    return properties + ([("tempProperty", name)] if name else [])


SCENE = Thermal
