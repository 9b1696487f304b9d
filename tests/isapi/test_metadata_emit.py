"""Documents written: expected bytes by hand; and what is written is read back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onframe import decode, encode
from onframe.errors import UnsupportedError
from onframe.isapi import metadata_typed, metadata_usual
from onframe.isapi.metadata import (
    CameraPoint,
    Cct,
    DevInfo,
    Frame,
    GesturePolygon,
    HeadModel,
    HeadModels,
    HeadPolygon,
    JoinMsg,
    Metadata,
    Picture,
    PTZInfo,
    Radar,
    RadarDetectionRegion,
    Rect,
    Situation,
    Susp,
    Target,
    Time,
    VideoDetectionRegion,
)
from onframe.isapi.metadata_emit import format_of

TIME = Time("2017-12-18T04:37:31.000+0800", "2017-12-18T04:37:31.000+08:00", 1513543051000)
DEVICE = DevInfo("10.10.36.212", None, 554, "31:30:2e:31:30:2e", 1, None, "")
HEAD = b'<?xml version="1.0" encoding="utf-8"?>\n'
ROOT = b'<Metadata version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">'


@pytest.mark.requirement("R-107", "B.20")
def test_milliseconds_an_offset_with_colon_and_version_2_are_the_default() -> None:
    metadata = Metadata("ruleTarget", "behaviorAnalysis", TIME, DEVICE, version="1.0")
    assert encode(metadata, "xml") == HEAD + ROOT + (
        b"<type>ruleTarget</type><subType>behaviorAnalysis</subType><time>2017-12-18T04:37:31.000+08:00</time>"
        b"<DevInfo><ipAddress>10.10.36.212</ipAddress><portNo>554</portNo><macAddress>31:30:2e:31:30:2e</macAddress>"
        b"<channel>1</channel><domainName></domainName></DevInfo>"
        b"<TargetDetection><TargetList></TargetList></TargetDetection></Metadata>"
    )


@pytest.mark.requirement("R-107", "R-044")
def test_the_capture_of_chapter_2_is_a_switch() -> None:
    written = encode(Metadata("ruleTarget", None, TIME), "xml", version="1.0", time_as_given=True, declaration=False)
    assert written == (
        b'<Metadata version="1.0" xmlns="http://www.isapi.org/ver20/XMLSchema"><type>ruleTarget</type>'
        b"<time>2017-12-18T04:37:31.000+0800</time>"
        b"<TargetDetection><TargetList></TargetList></TargetDetection></Metadata>"
    )


def body(metadata: Metadata, **switches: Any) -> str:
    written = encode(metadata, "xml", declaration=False, **switches).decode()
    return written[written.index(">") + 1 : written.rindex("<")]


@pytest.mark.requirement("B.10", "R-093")
def test_a_target_in_the_order_of_the_guide() -> None:
    target = Target(1, 2, "vehicle", [[(0, 0), (600, 1.5)]], [("licensePlate", "<A&1>")])
    assert body(Metadata("activityTarget", "ANPR", targets=[target])) == (
        "<type>activityTarget</type><subType>ANPR</subType><TargetDetection><TargetList><Target>"
        "<targetID>1</targetID><recognition>vehicle</recognition><ruleID>2</ruleID>"
        "<RegionList><Region><Point><x>0</x><y>0</y></Point><Point><x>600</x><y>1.5</y></Point></Region></RegionList>"
        "<PropertyList><Property><description>licensePlate</description><value>&lt;A&amp;1&gt;</value></Property>"
        "</PropertyList></Target></TargetList></TargetDetection>"
    )


@pytest.mark.requirement("R-117")
def test_a_rule_without_valid_position_has_no_region_list() -> None:
    metadata = Metadata("ruleTarget", "faceSnap", targets=[Target(rule_id=1)])
    assert "RegionList" not in body(metadata)


@pytest.mark.requirement("B.12", "B.13")
def test_what_a_target_inherited_is_written_inside_it_alone() -> None:
    region = [(0, 0), (1, 1)]
    metadata = Metadata("ruleTarget", "faceSnap", targets=[Target(rule_id=1, regions=[region])], frame=Frame([region]))
    assert body(metadata).count("<RegionList>") == 1
    two = Metadata("ruleTarget", "faceSnap", targets=[Target(), Target()], frame=Frame([region]))
    assert body(two).endswith(
        "</TargetList><RegionList><Region><Point><x>0</x><y>0</y></Point><Point><x>1</x><y>1</y></Point></Region>"
        "</RegionList></TargetDetection>"
    )


def value(text: str, **switches: Any) -> str:
    written = body(Metadata("ruleTarget", targets=[Target(properties=[("a", text)])]), **switches)
    return written.split("<value>")[1].split("</value>")[0]


@pytest.mark.requirement("B.11", "B.10")
def test_misprints_are_corrected_unless_asked_for() -> None:
    assert [value(text) for text in ("fieldddetection", "righttopleft", "noerthSouth")] == [
        "fielddetection",
        "righttoleft",
        "northSouth",
    ]
    assert value("fieldddetection", spellings_as_given=True) == "fieldddetection"
    assert value("northSouth", noerth_south=True) == "noerthSouth"


RADAR_TARGET = Target(1, speed=30, angle=50, distance=30, properties=[("triggerEvent", "true")])


@pytest.mark.requirement("B.14", "B.17", "R-097")
def test_radar_targets_are_of_type_activity_target_radar_unless_as_printed() -> None:
    metadata = Metadata("ruleTargetRadar", "behaviorAnalysis", targets=[RADAR_TARGET])
    assert body(metadata) == (
        "<type>activityTargetRadar</type><subType>behaviorAnalysis</subType><ActivityTargetList><Target>"
        "<targetID>1</targetID><speed>30</speed><angle>50</angle><distance>30</distance>"
        "<PropertyList><Property><description>triggerEvent</description><value>true</value></Property></PropertyList>"
        "</Target></ActivityTargetList>"
    )
    assert body(metadata, radar_type_as_printed=True).startswith("<type>ruleTargetRadar</type>")


@pytest.mark.requirement("B.14", "B.17", "R-100")
def test_the_properties_of_a_radar_rule_stand_under_metadata() -> None:
    target = Target(rule_id=1, polar=[(30, 10)], properties=[("eventType", "linedetection")])
    assert body(Metadata("ruleTargetRadar", "behaviorAnalysis", targets=[target])) == (
        "<type>ruleTargetRadar</type><subType>behaviorAnalysis</subType><TargetDetection><TargetList><Target>"
        "<ruleID>1</ruleID><PolarCoordinatesList><Coordinate><angle>30</angle><distance>10</distance></Coordinate>"
        "</PolarCoordinatesList></Target></TargetList></TargetDetection>"
        "<PropertyList><Property><description>eventType</description><value>linedetection</value></Property>"
        "</PropertyList>"
    )


@pytest.mark.requirement("B.14", "B.17")
def test_the_regions_of_a_radar() -> None:
    radar = Radar(RadarDetectionRegion(30.15, 10.5, 10.3, [(0.046, 0.057)]), VideoDetectionRegion(36.66, 70.88))
    assert body(Metadata("ruleTargetRadar", radar=radar)) == (
        "<type>ruleTargetRadar</type><RadarDetectionRegion><angle>30.15</angle><distance>10.5</distance>"
        "<towards>10.3</towards><VertexPoint><x>0.046</x><y>0.057</y></VertexPoint></RadarDetectionRegion>"
        "<VideoDetectionRegion><angle>36.66</angle><fieldView>70.88</fieldView></VideoDetectionRegion>"
    )


@pytest.mark.requirement("B.20", "R-103")
def test_ptz_info() -> None:
    assert body(Metadata("PTZ", ptz=PTZInfo(-12.5, 183.25, 4, None, 3))) == (
        "<type>PTZ</type><PTZInfo><elevation>-12.5</elevation><azimuth>183.25</azimuth><zoom>4</zoom>"
        "<presetNo>3</presetNo></PTZInfo>"
    )


def as_json(metadata: Metadata) -> Any:
    return json.loads(encode(metadata, "json"))


@pytest.mark.requirement("B.2", "R-085")
def test_a_heat_map_has_its_situation_beside() -> None:
    metadata = Metadata(
        "ruleTarget",
        "heatmap",
        device=DevInfo("192.168.0.64", None, 554, "28:57:be:ee:d1:5a", 1),
        targets=[Target(rule_id=1, regions=[[(0, 0), (600, 0)]])],
        pictures=[Picture("url", "http://192.168.0.64/1.jpg")],
        situation=Situation(person_count=4),
    )
    assert as_json(metadata) == {
        "Metadata": {
            "type": "ruleTarget",
            "subType": "heatmap",
            "DevInfo": {
                "ipAddress": "192.168.0.64",
                "portNo": "554",
                "macAddress": "28:57:be:ee:d1:5a",
                "channel": "1",
            },
            "TargetDetection": {
                "TargetList": [{"ruleID": "1", "RegionList": {"Point": [{"x": "0", "y": "0"}, {"x": "600", "y": "0"}]}}]
            },
            "PcitureList": {"dataType": "url", "data": "http://192.168.0.64/1.jpg"},
        },
        "Situation": {"personCount": 4},
    }


@pytest.mark.requirement("B.3", "R-086")
def test_counts_have_their_situation_inside() -> None:
    metadata = Metadata("ruleTarget", "PeopleCounting", situation=Situation(None, 3, 0))
    assert as_json(metadata) == {
        "Metadata": {
            "type": "ruleTarget",
            "subType": "PeopleCounting",
            "Situation": {"enterRegionPeopleNum": 3, "leaveRegionPeopleNum": 0},
        }
    }


TRACKING = Metadata(
    "ruleTarget",
    "personalTrack",
    tracking=[
        CameraPoint(
            "12498",
            False,
            1,
            GesturePolygon("12498", [JoinMsg(0, 0.572535, 1, 3050.360351, 6995.723632, 1082.0, 0.671052, 0.53125)]),
            HeadPolygon(
                Rect(0.66, 0.38, 0.08, 0.125), Cct(3057.29, 7205.72, 0.0), HeadModels(1, [HeadModel(7, 134, "")])
            ),
        )
    ],
    suspects=[Susp(5, 1576657411095, 0.567)],
)


@pytest.mark.requirement("B.4", "R-087")
def test_tracking_as_printed() -> None:
    joint = {
        "gestureType": 0,
        "gestureScore": 0.572535,
        "gestureValid": 1,
        "x": 3050.360351,
        "y": 6995.723632,
        "z": 1082.0,
        "x2d": 0.671052,
        "y2d": 0.53125,
    }
    assert as_json(TRACKING) == {
        "MetaData": {
            "type": "ruleTarget",
            "subType": "personalTrack",
            "CameraPoint": [
                {
                    "objId": "12498",
                    "traComplete": False,
                    "isvalid": 1,
                    "GesturePolygon": {"id": "12498", "JoinMsg": [joint]},
                    "HeadPolygon": {
                        "Rect": {"x": 0.66, "y": 0.38, "width": 0.08, "height": 0.125},
                        "cct": {"x": 3057.29, "y": 7205.72, "z": 0.0},
                        "HeadModel": {"modelNum": 1, "Data": [{"poseType": 7, "feaLen": 134, "feaData": ""}]},
                    },
                }
            ],
            "SuspList": {"suspNum": 1, "Data": [{"suspID": 5, "timeStamp": 1576657411095, "confidence": 0.567}]},
        }
    }


@pytest.mark.requirement("R-118")
def test_each_document_has_one_format() -> None:
    anpr = Metadata("activityTarget", "ANPR", targets=[Target(properties=[("licensePlate", "A1")])])
    counting = Metadata("ruleTarget", "PeopleCounting", situation=Situation(None, 1, 2))
    assert (format_of(anpr), format_of(counting), format_of(TRACKING)) == ("xml", "json", "json")
    assert format_of(Metadata("PTZ", ptz=PTZInfo(1, 2))) == "xml"
    with pytest.raises(UnsupportedError, match="XML only"):
        encode(anpr, "json")
    with pytest.raises(UnsupportedError, match="JSON only"):
        encode(counting, "xml")
    with pytest.raises(UnsupportedError):
        encode(object(), "xml")
    with pytest.raises(UnsupportedError):
        encode(object(), "json")


words = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"], exclude_characters=">"), min_size=1, max_size=8
)
numbers = st.integers(-(10**6), 10**6) | st.floats(-1000, 1000).map(lambda x: round(x, 3)).filter(lambda x: x % 1 != 0)
points = st.tuples(numbers, numbers)
ids = st.none() | st.integers(0, 10**9)
targets = st.builds(
    Target,
    ids,
    ids,
    st.none() | words,
    st.lists(st.lists(points, min_size=1, max_size=5), max_size=2),
    st.lists(st.tuples(words, words), max_size=3),
    st.lists(points, max_size=2),
)


@settings(max_examples=150)
@given(st.lists(targets, max_size=4), words, st.booleans())
def test_what_is_written_in_xml_is_read_back(found: list[Target], sub_type: str, indented: bool) -> None:
    metadata = Metadata(
        "activityTarget", sub_type, TIME, targets=found, version="2.0", namespace="http://www.isapi.org/ver20/XMLSchema"
    )
    written = encode(metadata, "xml", spellings_as_given=True)
    if indented:
        written = written.replace(b"><", b">\n  <")
    read = decode(written).value
    metadata.time = Time("2017-12-18T04:37:31.000+08:00", TIME.iso, TIME.epoch_ms)
    assert read == metadata


@settings(max_examples=150)
@given(st.lists(targets, max_size=3), words, st.sampled_from(["", "\n", "\n\t", " ", "\r\n  ", "\u3000"]))
def test_the_fast_way_in_xml_reads_what_the_general_reader_reads(found: list[Target], word: str, gap: str) -> None:
    metadata = Metadata("activityTarget", word, TIME, DEVICE, targets=found)
    written = encode(metadata, "xml").replace(b"><", b">" + gap.encode() + b"<")
    fast = decode(written)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metadata_usual, "read", lambda text, notes: None)
        general = decode(written)
    assert fast.value == general.value
    assert fast.repairs == general.repairs


shares = st.floats(0, 1).map(lambda x: round(x, 6))
flags = st.sampled_from([0, 1])
joints = st.builds(JoinMsg, st.integers(0, 6), shares, flags, shares, shares, shares, shares, shares)
people = st.builds(
    CameraPoint,
    words,
    st.booleans(),
    st.booleans(),
    st.none() | st.builds(GesturePolygon, st.none() | words, st.lists(joints, max_size=4)),
    st.none(),
)


@settings(max_examples=100)
@given(st.lists(people, min_size=1, max_size=3))
def test_what_is_written_in_json_is_read_back_both_ways(found: list[CameraPoint]) -> None:
    metadata = Metadata("ruleTarget", "personalTrack", TIME, tracking=found, root="MetaData")
    written = encode(metadata, "json")
    fast = decode(written)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metadata_typed, "read", lambda text, notes: None)
        general = decode(written)
    metadata.time = Time("2017-12-18T04:37:31.000+08:00", TIME.iso, TIME.epoch_ms)
    assert fast.value == general.value == metadata


def test_two_targets_of_a_radar_rule_keep_their_own_properties() -> None:
    rules = [Target(rule_id=n, polar=[(1, 2)], properties=[("triggerEvent", "true")]) for n in (1, 2)]
    written = body(Metadata("ruleTargetRadar", targets=rules))
    assert written.count("<PropertyList>") == 2
    assert written.endswith("</TargetList></TargetDetection>")


def test_the_root_may_be_without_a_namespace() -> None:
    written = encode(Metadata("PTZ"), "xml", namespace=None)
    assert written.startswith(HEAD + b'<Metadata version="2.0"><type>PTZ</type>')


@pytest.mark.parametrize(
    "metadata",
    [
        Metadata("ruleTargetRadar", radar=Radar()),
        Metadata("PTZ", ptz=PTZInfo()),
        Metadata("ruleTarget", frame=Frame(regions=[[(1, 2)]])),
        Metadata("ruleTarget", targets=[Target(properties=[("a", "b")])]),
    ],
)
def test_what_the_guide_has_in_xml_only_is_not_written_as_json(metadata: Metadata) -> None:
    with pytest.raises(UnsupportedError, match="XML only"):
        encode(metadata, "json")


def test_a_head_of_which_nothing_is_known_is_an_empty_object() -> None:
    metadata = Metadata("ruleTarget", tracking=[CameraPoint("1", head=HeadPolygon())])
    assert as_json(metadata)["MetaData"]["CameraPoint"] == [{"objId": "1", "HeadPolygon": {}}]


def test_a_device_in_json_has_its_numbers_as_text_and_its_domain_where_there_is_one() -> None:
    device = DevInfo("192.0.2.7", None, 80, "00:11:22:33:44:55", 2, None, "cam.example")
    written = as_json(Metadata("ruleTarget", device=device, situation=Situation(person_count=1)))
    assert written["Metadata"]["DevInfo"] == {
        "ipAddress": "192.0.2.7",
        "portNo": "80",
        "macAddress": "00:11:22:33:44:55",
        "channel": "2",
        "domainName": "cam.example",
    }
