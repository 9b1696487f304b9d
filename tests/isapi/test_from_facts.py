"""Metadata from its facts: what the JSON form says comes back, and what does not fit is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onframe.errors import OnframeError
from onframe.isapi import metadata as guide
from onframe.isapi.document import decode
from onframe.isapi.facts import metadata_facts
from onframe.isapi.from_facts import metadata_from_facts
from onframe.isapi.metadata import Metadata

SAMPLES = Path(__file__).resolve().parent / "samples"


def documents() -> Iterator[Metadata]:
    for path in sorted(SAMPLES.rglob("*")):
        try:
            value = decode(path.read_bytes()).value if path.is_file() else None
        except OnframeError:
            continue
        if isinstance(value, Metadata):
            yield value


def through_json(metadata: Metadata) -> Metadata:
    return metadata_from_facts(json.loads(json.dumps(metadata_facts(metadata))))


def test_every_document_of_the_guide_comes_back_equal() -> None:
    all_of_them = list(documents())
    assert len(all_of_them) >= 25
    for metadata in all_of_them:
        assert through_json(metadata) == metadata


def test_what_no_document_of_the_guide_has_comes_back_too() -> None:
    metadata = Metadata(
        time=guide.Time("yesterday"),
        device=guide.DevInfo("192.0.2.7", "2001:db8::7", 80, "02:00:00:00:00:01", 1, 2, "cam.example"),
        radar=guide.Radar(None, guide.VideoDetectionRegion(90, 45.5)),
        ptz=guide.PTZInfo(focus=3, preset_no=2),
        tracking=[
            guide.CameraPoint("of more than thirty-two characters", False, 0),
            guide.CameraPoint(gesture=guide.GesturePolygon(None, [guide.JoinMsg(1, 1.5, 0, None, 2, None, 0.5, 0.25)])),
            guide.CameraPoint(gesture=guide.GesturePolygon("7", [])),
            guide.CameraPoint(
                head=guide.HeadPolygon(guide.Rect(0, 0.5, 1, 1), guide.Cct(1, None, 3), guide.HeadModels(2, []))
            ),
            guide.CameraPoint(
                head=guide.HeadPolygon(None, None, guide.HeadModels(None, [guide.HeadModel(1, 3, "abc")]))
            ),
            guide.CameraPoint(head=guide.HeadPolygon(None, None, None)),
        ],
        suspects=[guide.Susp(1, 2, 0.5, owner="7")],
        root="MetaData",
        version="2.0",
        namespace="urn:x",
        extras={"Metadata.other": [1, {"a": None}]},
    )
    assert through_json(metadata) == metadata


def test_what_is_left_out_is_absent_and_other_names_are_passed_over() -> None:
    assert metadata_from_facts({}) == Metadata()
    assert metadata_from_facts({"radar": {}, "another": 1}) == Metadata(radar=guide.Radar())


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        (7, "Expected `object`, got `int`"),
        ({"type": 7}, "$.type"),
        ({"targets": 3}, "$.targets"),
        ({"targets": [{"regions": [[[1]]]}]}, "$.targets[0].regions[0][0]"),
        ({"targets": [{}, {"properties": [["name", 3]]}]}, "$.targets[1].properties[0][1]"),
        ({"tracking": [{"joints": [{"score": "high"}]}]}, "$.tracking[0].joints[0].score"),
        ({"tracking": [{"isvalid": 2}]}, "$.tracking[0].isvalid"),
        ({"tracking": [{"head": {"rect": [0, 0, 1]}}]}, "$.tracking[0].head.rect"),
        ({"ptz": {"zoom": "far"}}, "$.ptz.zoom"),
        ({"time": {"iso": "2026"}}, "missing required field `raw` - at `$.time`"),
    ],
)
def test_facts_that_do_not_fit_are_refused(broken: Any, place: str) -> None:
    with pytest.raises(ValueError, match="the metadata does not fit") as refused:
        metadata_from_facts(broken)
    assert place in str(refused.value)
