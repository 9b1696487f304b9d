"""A scene so small that it is coded in an instant; the tests of the RTSP server find `rtsp_wire`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from onframe.isapi.metadata import Metadata, Susp, Target
from onframe.simulator.scenes.painting import Canvas
from onframe.simulator.scenes.scene import Live, Scene, SceneDocument, box_region, rule_document, target_document
from sharing import share

share(Path(__file__).parent, "rtsp_wire")


class Square(Scene):
    """A square that goes once across the picture in two seconds; its rule is triggered in the right half."""

    name = "square"
    frames = 50

    def __init__(self, seed: int = 1) -> None:
        super().__init__(seed)
        self.painted: list[int] = []
        self.asked: list[int] = []

    def box(self, n: int) -> tuple[float, float, float, float]:
        x = 1200 * (n % self.frames) / self.frames
        return (x, 300, x + 80, 380)

    def rules(self, n: int) -> list[SceneDocument]:
        triggered = self.box(n)[0] > 640
        return [
            rule_document(
                "behaviorAnalysis", 1, [(640, 0), (640, 720)], [("triggerEvent", "true")] if triggered else []
            )
        ]

    def live(self) -> list[Live]:
        return [Live(1, self._square), Live(10, self._plate), Live(25, self._suspicion)]

    def _square(self, n: int) -> list[SceneDocument]:
        self.asked.append(n)
        return target_document("behaviorAnalysis", [Target(target_id=1, regions=[box_region(self.box(n))])])

    def _plate(self, n: int) -> list[SceneDocument]:
        return target_document("ANPR", [Target(target_id=2, properties=[("licensePlate", "ONF 1234")])])

    def _suspicion(self, n: int) -> list[SceneDocument]:
        metadata = Metadata(
            root="MetaData", type="ruleTarget", sub_type="personalTrack", suspects=[Susp(1, n * 40, 0.5)]
        )
        return [SceneDocument(metadata, "json")]

    def paint_background(self, canvas: Canvas) -> None:
        canvas.image.paste((60, 80, 100), (0, 0, *canvas.image.size))

    def paint(self, canvas: Canvas, n: int) -> None:
        self.painted.append(n)
        x0, y0, x1, y1 = (round(v) for v in self.box(n))
        canvas.image.paste((230, 160, 60), (x0, y0, x1, y1))


@pytest.fixture
def square(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Square]:
    """Makes such scenes; their films go to an empty cache, and nothing of them stays in memory."""
    from onframe.simulator import video

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(video, "_films", {})
    return Square
