"""A scene so small that it is coded in an instant, and cameras with quirks that play it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from onframe.isapi.metadata import (
    CameraPoint,
    DevInfo,
    GesturePolygon,
    JoinMsg,
    Metadata,
    Picture,
    Situation,
    Susp,
    Target,
)
from onframe.simulator import scenes
from onframe.simulator.scenes.painting import Canvas
from onframe.simulator.scenes.scene import Live, Scene, SceneDocument

BOX = [(100, 200), (300, 200), (300, 400), (100, 400)]
EVENT = [("eventType", "linedetection"), ("triggerEvent", "true"), ("crossdirection", "lefttoright")]
PLATES = ["ONF 0", "ONF 1", "ONF 2", "ONF 3", "ONF 4", "ONF 5", "ONF 6", "ONF 7"]


class Corner(Scene):
    """A rule that never changes and, five times a second, the same four documents: two in XML, two in JSON."""

    name = "corner"
    frames = 10

    def rules(self, n: int) -> list[SceneDocument]:
        rule = Target(rule_id=1, regions=[[(500, 0), (500, 1000)]])
        return [SceneDocument(Metadata(type="ruleTarget", sub_type="behaviorAnalysis", targets=[rule]))]

    def live(self) -> list[Live]:
        return [Live(5, self._vehicle), Live(5, self._plates), Live(5, self._warmth), Live(5, self._people)]

    def _vehicle(self, n: int) -> list[SceneDocument]:
        target = Target(target_id=7, recognition="vehicle", regions=[BOX], properties=EVENT)
        return [SceneDocument(Metadata(type="activityTarget", sub_type="behaviorAnalysis", targets=[target]))]

    def _plates(self, n: int) -> list[SceneDocument]:
        """More than one packet of 1 000 bytes."""
        targets = [
            Target(target_id=10 + k, regions=[BOX], properties=[("licensePlate", plate)])
            for k, plate in enumerate(PLATES)
        ]
        return [SceneDocument(Metadata(type="activityTarget", sub_type="ANPR", targets=targets))]

    def _warmth(self, n: int) -> list[SceneDocument]:
        target = Target(rule_id=3, regions=[BOX])
        metadata = Metadata(
            type="ruleTarget",
            sub_type="heatmap",
            device=DevInfo(channel=0),
            targets=[target],
            situation=Situation(person_count=3),
            pictures=[Picture("base64", "QUJD")],
        )
        return [SceneDocument(metadata, "json")]

    def _people(self, n: int) -> list[SceneDocument]:
        joint = JoinMsg(3, 0.75, 1, 1.5, 2.5, 3.5, 0.25, 0.5)
        person = CameraPoint("P1", False, 1, GesturePolygon("G1", [joint]))
        metadata = Metadata(
            root="MetaData",
            type="ruleTarget",
            sub_type="personalTrack",
            tracking=[person],
            suspects=[Susp(5, 40 * n, 0.5)],
        )
        return [SceneDocument(metadata, "json")]

    def paint_background(self, canvas: Canvas) -> None:
        canvas.image.paste((60, 80, 100), (0, 0, *canvas.image.size))


@pytest.fixture(scope="session", autouse=True)
def _corner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The scene has a name like all others; its film is coded once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("films")))
        patch.setattr(scenes, "SCENES", (*scenes.SCENES, "corner"))
        patch.setitem(sys.modules, "onframe.simulator.scenes.corner", SimpleNamespace(SCENE=Corner))
        yield
