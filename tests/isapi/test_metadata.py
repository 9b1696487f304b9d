"""What a Metadata says of itself."""

from __future__ import annotations

import pytest

from onframe.isapi.metadata import (
    CameraPoint,
    HeadPolygon,
    Metadata,
    Picture,
    PTZInfo,
    Radar,
    Rect,
    Situation,
    Susp,
    Target,
)


@pytest.mark.parametrize(
    ("metadata", "kind"),
    [
        (Metadata("PTZ"), "ptz"),
        (Metadata("activityTarget", ptz=PTZInfo()), "ptz"),
        (Metadata("activityTarget", ptz=PTZInfo(), targets=[Target()]), "target"),
        (Metadata("ruleTarget"), "rule"),
        (Metadata("RuleTarget", "behaviorAnalysis"), "rule"),
        (Metadata("activityTarget"), "target"),
        (Metadata(None), "target"),
        (Metadata("ruleTarget", "HeatMap"), "target"),
        (Metadata("ruleTarget", situation=Situation()), "target"),
        (Metadata("ruleTarget", pictures=[Picture()]), "target"),
        (Metadata("ruleTarget", tracking=[CameraPoint()]), "target"),
        (Metadata("ruleTarget", suspects=[Susp()]), "target"),
        (Metadata("ruleTargetRadar"), "rule"),
        (Metadata("ruleTarget", radar=Radar()), "rule"),
        (Metadata("ruleTarget", targets=[Target(angle=1, distance=2)]), "target"),
    ],
)
def test_a_document_is_a_rule_a_target_or_where_a_dome_looks(metadata: Metadata, kind: str) -> None:
    assert metadata.kind == kind


def test_a_plate_is_found_in_any_case() -> None:
    assert Target(properties=[("LicensePlate", "A1")]).plate == "A1"
    assert Target().plate is None


def test_a_head_without_a_box_has_none() -> None:
    assert HeadPolygon().rect is None
    assert HeadPolygon(Rect(1, 2, 3, 4)).rect == (1, 2, 3, 4)
    assert (HeadPolygon().model_num, HeadPolygon().models) == (None, [])


@pytest.mark.parametrize(
    ("target", "is_radar"),
    [(Target(distance=1), False), (Target(angle=1), False), (Target(angle=0, distance=0), True)],
)
def test_a_target_with_both_polar_coordinates_makes_a_radar_document(target: Target, is_radar: bool) -> None:
    assert Metadata("activityTarget", targets=[Target(), target]).is_radar is is_radar
