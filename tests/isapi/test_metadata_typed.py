"""The fast way for JSON and the general one give the same Metadata, repairs and warnings, whatever is changed."""

import json
import random
from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onframe import decode
from onframe.errors import OnframeError
from onframe.isapi import bounds, metadata_json, metadata_typed
from onframe.isapi.checks import check
from onframe.isapi.leniency import Notes
from onframe.isapi.metadata import (
    CameraPoint,
    Cct,
    DevInfo,
    GesturePolygon,
    HeadModel,
    HeadModels,
    HeadPolygon,
    JoinMsg,
    Rect,
    Susp,
)

TRACKING = {
    "MetaData": {
        "type": "ruleTarget",
        "subType": "personalTrack",
        "time": "2017-01-01T00:00:00+08:00",
        "DevInfo": {"ipAddress": "192.168.0.64", "portNo": "554", "macAddress": "28:57:BE:EE:D1:5A", "channel": "1"},
        "CameraPoint": [
            {
                "objId": "12498",
                "traComplete": False,
                "isvalid": 1,
                "GesturePolygon": {
                    "id": "12498",
                    "JoinMsg": [
                        {
                            "gestureType": 0,
                            "gestureScore": 0.572535,
                            "gestureValid": 1,
                            "x": 3050.360351,
                            "y": 6995.723632,
                            "z": 1082.0,
                            "x2d": 0.671052,
                            "y2d": 0.53125,
                        }
                    ],
                },
                "HeadPolygon": {
                    "Rect": {"x": 0.660156, "y": 0.388888, "width": 0.089843, "height": 0.125},
                    "cct": {"x": 3057.293212, "y": 7205.725585, "z": 0.0},
                    "HeadModel": {"modelNum": 1, "Data": [{"poseType": 7, "feaLen": 134, "feaData": "AAAA"}]},
                },
            }
        ],
        "SuspList": {"suspNum": 1, "Data": [{"suspID": 5, "timeStamp": 1576657411095, "confidence": 0.567}]},
    }
}


def general(document):
    notes = Notes()
    metadata = metadata_json.read_metadata(document, notes)
    check(metadata, notes)
    return metadata, sorted(notes.repairs), notes.warnings


def fast(document):
    notes = Notes()
    metadata = metadata_typed.read(json.dumps(document).encode(), notes)
    return metadata, sorted(notes.repairs), notes.warnings


@pytest.mark.requirement("R-087", "B.4")
def test_the_fast_way_reads_personal_tracking():
    metadata, repairs, warnings = fast(TRACKING)
    assert (metadata.root, metadata.type, metadata.sub_type) == ("MetaData", "ruleTarget", "personalTrack")
    assert metadata.time.epoch_ms == 1483200000000
    assert metadata.device == DevInfo("192.168.0.64", None, 554, "28:57:be:ee:d1:5a", 1)
    head = HeadPolygon(
        Rect(0.660156, 0.388888, 0.089843, 0.125),
        Cct(3057.293212, 7205.725585, 0),
        HeadModels(1, [HeadModel(7, 134, "AAAA")]),
    )
    joint = JoinMsg(0, 0.572535, 1, 3050.360351, 6995.723632, 1082, 0.671052, 0.53125)
    assert metadata.tracking == [CameraPoint("12498", False, 1, GesturePolygon("12498", [joint]), head)]
    assert metadata.suspects == [Susp(5, 1576657411095, 0.567)]
    assert (repairs, warnings) == (["number_as_text", "root_in_another_case"], [])


def members(value):
    """Every (object, key) inside."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield value, key
            yield from members(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from members(inner)


CHANGES = {
    "absent": lambda value, key: value.pop(key),
    "null": lambda value, key: value.update({key: None}),
    "empty": lambda value, key: value.update({key: ""}),
    "blanks around": lambda value, key: value.update({key: " text "}),
    "a number": lambda value, key: value.update({key: 7}),
    "a number over 64 bits": lambda value, key: value.update({key: 1e30}),
    "an integer over 64 bits": lambda value, key: value.update({key: 2**70}),
    "a number as text": lambda value, key: value.update({key: "5"}),
    "a list": lambda value, key: value.update({key: [value[key]]}),
    "an unknown member beside": lambda value, key: value.update({key + "New": 1}),
}


@pytest.mark.requirement("R-084", "R-087")
@pytest.mark.parametrize("change", CHANGES)
def test_the_fast_way_gives_what_the_general_one_gives_or_leaves_the_document_to_it(change):
    for index in range(len(list(members(TRACKING))))[1:]:
        document = deepcopy(TRACKING)
        value, key = list(members(document))[index]
        CHANGES[change](value, key)
        found = fast(document)
        assert found == (general(document) if found[0] is not None else (None, [], []))


def test_two_changes_at_once_make_no_difference():
    generator = random.Random(1)
    for _ in range(300):
        document = deepcopy(TRACKING)
        for change in generator.choices(list(CHANGES.values()), k=2):
            body = document["MetaData"]
            change(*generator.choice(list(members(body))))
        found = fast(document)
        assert found == (general(document) if found[0] is not None else (None, [], []))


WHOLE = json.dumps(TRACKING, indent=1).encode()
DAMAGE = st.binary(max_size=3) | st.sampled_from(
    [b'"', b"{", b"]", b",", b"null", b" ", b'""', b"1e5", b"\\u0000", b"\xff"]
)


def outcome(payload):
    try:
        document = decode(payload)
    except OnframeError as error:
        return type(error)
    return document.value, sorted(document.repairs), document.warnings


@pytest.mark.requirement("R-084", "R-105")
@settings(max_examples=400)
@given(st.integers(0, len(WHOLE)), st.integers(0, 3), DAMAGE)
def test_damaged_bytes_give_the_same_object_or_error_with_and_without_the_fast_way(place, taken, damage):
    payload = WHOLE[:place] + damage + WHOLE[place + taken :]
    found = outcome(payload)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metadata_typed, "read", lambda text, notes: None)
        assert found == outcome(payload)


@pytest.mark.requirement("R-109")
def test_what_is_deep_or_large_is_left_to_the_general_way():
    deep = WHOLE.replace(b'"28:57', b"[" * 70 + b"]" * 70 + b',"28:57', 1)
    large = WHOLE.replace(b"AAAA", b"A" * bounds.MAX_ELEMENTS)
    for payload in (deep, large):
        assert metadata_typed.read(payload, Notes()) is None


@pytest.mark.requirement("R-087")
def test_a_device_seen_before_is_a_new_object_in_each_document():
    first, second = decode(WHOLE).value, decode(WHOLE).value
    first.device.channel = 9
    assert second.device.channel == 1
    assert decode(WHOLE).value.device.channel == 1
