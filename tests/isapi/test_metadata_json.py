"""The general reader of metadata in JSON: what is of another kind than the guide's is kept and said."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from onframe import decode
from onframe.errors import DecodeError
from onframe.isapi.document import Document
from onframe.isapi.metadata import Cct, JoinMsg, Rect, Susp


def read(**inside: Any) -> Document:
    metadata = {"type": "ruleTarget", "subType": "x", "time": "2023-11-14T22:13:20Z", **inside}
    return decode(msgspec.json.encode({"Metadata": metadata}))


def target(**inside: Any) -> Document:
    return read(TargetDetection={"TargetList": [inside]})


def person(**inside: Any) -> Document:
    return read(CameraPoint=[{"objId": "1", "traComplete": False, "isvalid": 1, **inside}])


@pytest.mark.parametrize("value", [None, 7, [], "text"])
def test_metadata_that_is_no_object_is_refused(value: Any) -> None:
    with pytest.raises(DecodeError, match="no Metadata object") as refused:
        decode(msgspec.json.encode({"Metadata": value}))
    assert refused.value.path == "Metadata"


def test_regions_are_a_list_or_one_object_and_empty_ones_are_none() -> None:
    one = {"Point": [{"x": "1", "y": "2"}]}
    assert target(RegionList=one).value.targets[0].regions == [[(1, 2)]]
    assert target(RegionList=[one, {"Point": []}, one]).value.targets[0].regions == [[(1, 2)], [(1, 2)]]


@pytest.mark.parametrize(
    ("point", "warning", "extra"),
    [
        ({"x": "1"}, "lacks y and is left out", {"x": "1"}),
        ({"y": 2}, "lacks x and is left out", {"y": 2}),
        ({"x": "1,5", "y": "2"}, "lacks x and is left out", {"x": "1,5", "y": "2"}),
        ({}, None, {}),
        ({"x": "", "y": ""}, None, {}),
    ],
)
def test_half_a_point_is_left_out_said_and_kept(point: dict[str, Any], warning: str | None, extra: Any) -> None:
    document = target(RegionList={"Point": [point, {"x": 3, "y": 4}]})
    path = "Metadata.TargetDetection.TargetList[0].RegionList.Point[0]"
    assert document.value.targets[0].regions == [[(3, 4)]]
    assert (f"{path} {warning}" in document.warnings) is (warning is not None)
    assert document.value.extras == {f"{path}.{name}": value for name, value in extra.items()}


@pytest.mark.parametrize(
    ("value", "read_as", "said"),
    [
        (True, None, "is not a number"),
        ([1], None, "is not a number"),
        ("x", None, "is not a number"),
        (1.5, None, "is not an integer"),
        ("7", 7, None),
        (7.0, 7, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_a_count_is_an_integer_or_absent_and_kept(value: Any, read_as: int | None, said: str | None) -> None:
    document = read(Situation={"personCount": value})
    assert document.value.situation.person_count == read_as
    assert any(said is not None and said in warning for warning in document.warnings) is (said is not None)
    assert document.value.extras == ({"Metadata.Situation.personCount": value} if said else {})


def test_texts_and_lists_of_another_kind_are_kept_and_said() -> None:
    document = read(DevInfo={"ipAddress": {"a": 1}}, TargetDetection={"TargetList": [7, {"targetID": 1}]})
    assert document.value.device.ip_address is None
    assert [one.target_id for one in document.value.targets] == [1]
    assert document.value.extras == {
        "Metadata.DevInfo.ipAddress": {"a": 1},
        "Metadata.TargetDetection.TargetList[0]": 7,
    }
    assert [text.rpartition(" is not ")[2] for text in document.warnings] == ["a text", "an object"]


def test_half_a_rectangle_is_no_rectangle_and_is_kept() -> None:
    document = person(HeadPolygon={"Rect": {"x": 0.1, "y": 0.2, "width": None}, "cct": {"x": 1}})
    (one,) = document.value.tracking
    assert (one.head.rect, one.head.cct, one.head.space) == (None, Cct(1, None, None), (1, None, None))
    path = "Metadata.CameraPoint[0].HeadPolygon.Rect."
    assert document.value.extras == {path + "x": 0.1, path + "y": 0.2}
    assert person(HeadPolygon={"cct": {}}).value.tracking[0].head.space is None


def test_a_whole_rectangle_is_one() -> None:
    box = {"x": 0.1, "y": 0.2, "width": 0.3, "height": 0.4, "depth": 1}
    document = person(HeadPolygon={"Rect": box})
    assert document.value.tracking[0].head.rectangle == Rect(0.1, 0.2, 0.3, 0.4)
    assert document.value.extras == {"Metadata.CameraPoint[0].HeadPolygon.Rect.depth": 1}


@pytest.mark.parametrize(("value", "valid"), [(1, True), (0, False), (True, True), ("yes", True), ("perhaps", None)])
def test_flags_in_any_form_are_read_and_others_are_said(value: Any, valid: bool | None) -> None:
    document = person(GesturePolygon={"JoinMsg": [{"gestureType": 3, "gestureValid": value}]})
    (joint,) = document.value.tracking[0].joints
    assert (joint.gesture_type, joint.gesture_valid) == (3, valid)
    assert any("is not a boolean" in text for text in document.warnings) is (valid is None)
    assert JoinMsg(3) == JoinMsg(gesture_type=3)


def test_a_count_of_patterns_that_is_wrong_is_said_and_kept() -> None:
    document = read(SuspList={"suspNum": 2, "Data": [{"suspID": 5, "timeStamp": 1, "confidence": 0.5}]})
    assert document.value.suspects == [Susp(5, 1, 0.5, None)]
    assert "Metadata.SuspList.suspNum is 2, but 1 patterns are listed" in document.warnings
    assert document.value.extras == {"Metadata.SuspList.suspNum": 2}


def test_two_situations_are_told_apart_and_the_inner_one_wins() -> None:
    inside = {"type": "ruleTarget", "time": "2023-11-14T22:13:20Z", "Situation": {"personCount": 1}}
    document = decode(msgspec.json.encode({"Metadata": inside, "Situation": {"personCount": 2}}))
    assert document.value.situation.person_count == 1
    assert document.value.extras == {"Situation": {"personCount": 2}}
