"""What Shapes say they are about: the same for all of one target, and from document to document."""

from __future__ import annotations

import pytest

from onframe.isapi.metadata import (
    CameraPoint,
    GesturePolygon,
    HeadPolygon,
    JoinMsg,
    Metadata,
    PTZInfo,
    Rect,
    Region,
    Situation,
    Susp,
    Target,
)
from onframe.overlay.shapes import events_of, shapes_of
from onframe.overlay.subjects import class_of, layer_of, subject_name
from onframe.overlay.vocabulary import Radar, Shape
from onframe.record import Coordinates

SQUARE: Region = [(100, 200), (300, 200), (300, 600), (100, 600)]
Said = tuple[str, str, str, str]


def said(metadata: Metadata) -> dict[str, Said]:
    """Of each kind of Shape (subject, kind, cls, rule)."""
    shapes = shapes_of(metadata, Coordinates())
    return {type(shape).__name__: (shape.subject, shape.kind, shape.cls, shape.rule) for shape in shapes}


def activity(sub_type: str | None, target: Target) -> Metadata:
    return Metadata(type="activityTarget", sub_type=sub_type, targets=[target])


def rule(sub_type: str | None, target: Target) -> Metadata:
    return Metadata(type="ruleTarget", sub_type=sub_type, targets=[target])


class TestTargets:
    def test_box_and_plate_of_a_vehicle_are_about_the_same(self) -> None:
        target = Target(target_id=1, rule_id=2, regions=[SQUARE], properties=[("licensePlate", "XA12345")])
        assert said(activity("ANPR", target)) == {
            "Box": ("ANPR/target/1", "target", "vehicle", "2"),
            "Plate": ("ANPR/target/1", "plate", "vehicle", "2"),
        }
        event = events_of(activity("ANPR", target))[0]
        assert (event.subject, event.kind, event.rule) == ("ANPR/target/1", "plate", "2")

    def test_a_trail_is_about_its_target(self) -> None:
        class Trails:
            def rules_in_force(self) -> list[Metadata]:
                return []

            def trail(self, sub_type: str | None, target_id: int | str) -> list[tuple[int, int]]:
                return [(1, 1), (2, 2)]

        target = Target(target_id=12, recognition="human", regions=[SQUARE])
        trail, box = shapes_of(activity("behaviorAnalysis", target), Coordinates(), live=Trails())
        assert (trail.subject, trail.kind, trail.cls) == ("behaviorAnalysis/target/12", "trail", "human")
        assert (box.subject, box.kind, box.cls) == ("behaviorAnalysis/target/12", "target", "human")

    @pytest.mark.parametrize(
        ("sub_type", "recognition", "kind", "cls"),
        [
            ("behaviorAnalysis", "Human", "target", "human"),
            ("behaviorAnalysis", None, "target", ""),
            ("faceSnap", None, "face", "face"),
            ("shipsDetection", None, "ship", "ship"),
            ("shipsDetection", "ship", "ship", "ship"),
            ("personQueueTime", "human", "queue", "human"),
            (None, "zoology", "target", "zoology"),
        ],
    )
    def test_kind_and_class(self, sub_type: str | None, recognition: str | None, kind: str, cls: str) -> None:
        target = Target(target_id=7, recognition=recognition, regions=[SQUARE])
        assert said(activity(sub_type, target))["Box"] == (f"{sub_type or 'none'}/target/7", kind, cls, "")

    def test_a_face_and_its_card_are_about_the_same(self) -> None:
        target = Target(target_id=3, regions=[SQUARE], properties=[("gender", "male")])
        known = said(activity("faceSnap", target))
        assert known["Box"] == known["Card"] == ("faceSnap/target/3", "face", "face", "")

    def test_what_is_measured_for_a_rule_is_about_that_rule(self) -> None:
        target = Target(rule_id=1, regions=[[(100, 100)]], properties=[("tempValue", "20")])
        assert said(activity("thermometry", target))["Temperature"] == ("thermometry/rule/1", "temperature", "", "1")
        assert said(rule("thermometry", Target(rule_id=1, regions=[SQUARE])))["Polygon"][0] == "thermometry/rule/1"

    def test_what_has_no_id_is_told_apart_by_nothing(self) -> None:
        assert said(activity("fireDetection", Target(regions=[SQUARE])))["Fire"] == ("", "fire", "", "")


class TestRules:
    def test_a_rule(self) -> None:
        known = said(rule("behaviorAnalysis", Target(rule_id=1, regions=[SQUARE])))
        assert known["Polygon"] == ("behaviorAnalysis/rule/1", "rule", "", "1")

    def test_a_count_is_about_its_rule(self) -> None:
        target = Target(rule_id=1, properties=[("count", "5")])
        assert said(activity("personQueueCounting", target))["Panel"] == (
            "personQueueCounting/rule/1",
            "queue",
            "",
            "1",
        )


class TestPictures:
    def test_a_tracked_person_and_the_head(self) -> None:
        gesture = GesturePolygon(joints=[JoinMsg(3, 1.0, 1, x2d=0.5, y2d=0.5)])
        person = CameraPoint(obj_id="12498", gesture=gesture, head=HeadPolygon(Rect(0.4, 0.1, 0.1, 0.1)))
        known = said(Metadata(type="ruleTarget", sub_type="personalTrack", tracking=[person]))
        assert known["Skeleton"] == ("personalTrack/target/12498", "skeleton", "human", "")
        assert known["Box"] == ("personalTrack/target/12498", "skeleton", "face", "")

    @pytest.mark.parametrize(
        ("document", "kind"),
        [
            (Metadata(type="PTZ", ptz=PTZInfo(azimuth=1)), "ptz"),
            (Metadata(sub_type="PeopleCounting", situation=Situation(person_count=1)), "people"),
            (Metadata(sub_type="personalTrack", suspects=[Susp(susp_id=1)]), "suspicion"),
            (Metadata(sub_type="personalTrack", suspects=[Susp(susp_id=1), Susp(susp_id=2)]), "suspicion"),
            (Metadata(type="activityTargetRadar", targets=[Target(target_id=1, angle=0, distance=9)]), "radar"),
        ],
    )
    def test_what_belongs_to_the_whole_picture_has_its_kind(self, document: Metadata, kind: str) -> None:
        shapes: list[Shape] = shapes_of(document, Coordinates())
        assert [shape.kind for shape in shapes] == [kind]


class TestRadar:
    DOCUMENT = Metadata(
        type="activityTargetRadar",
        sub_type="behaviorAnalysis",
        targets=[Target(target_id=4, angle=0, distance=9), Target(rule_id=2, polar=[(0, 10), (9, 10)])],
    )

    def test_targets_and_rules_on_the_radar_say_who_they_are(self) -> None:
        inset = shapes_of(self.DOCUMENT, Coordinates())[0]
        assert isinstance(inset, Radar)
        assert inset.blips[0].subject == "radar behaviorAnalysis/target/4"
        assert (inset.paths[0].subject, inset.paths[0].kind) == ("radar behaviorAnalysis/rule/2", "rule")

    def test_names_are_apart_from_those_of_the_video(self) -> None:
        video = activity("behaviorAnalysis", Target(target_id=4))
        assert subject_name(video, video.targets[0]) == "behaviorAnalysis/target/4"
        assert layer_of(self.DOCUMENT) == "radar behaviorAnalysis/target"


def test_a_rule_says_a_class_only_where_it_was_sent() -> None:
    assert class_of(rule("faceSnap", Target(rule_id=1)), Target(rule_id=1)) == ""
    assert class_of(rule("faceSnap", Target(rule_id=1)), Target(recognition="Human")) == "human"
