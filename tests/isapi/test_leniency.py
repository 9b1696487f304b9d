"""Each leniency by its name: what it reads, and that its name comes back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import onframe.isapi
from onframe import decode
from onframe.errors import DecodeError
from onframe.isapi.document import Document
from onframe.isapi.leniency import LENIENCIES, Notes, supported
from onframe.isapi.metadata import Metadata


def xml(inside: str, kind: str = "activityTarget", sub_type: str = "behaviorAnalysis") -> bytes:
    return (
        f'<Metadata version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema"><type>{kind}</type>'
        f"<subType>{sub_type}</subType><time>2017-01-01T00:00:00+08:00</time>{inside}</Metadata>"
    ).encode()


def target(inside: str) -> bytes:
    return xml(f"<TargetDetection><TargetList><Target>{inside}</Target></TargetList></TargetDetection>")


def prop(name: str, value: str) -> bytes:
    pair = f"<Property><description>{name}</description><value>{value}</value></Property>"
    return target(f"<PropertyList>{pair}</PropertyList>")


def json(inside: str, root: str = "Metadata", beside: str = "") -> bytes:
    head = '"type":"ruleTarget","time":"2017-01-01T00:00:00+08:00"'
    return f'{{"{root}":{{{head},{inside}}}{beside}}}'.encode()


def read(payload: bytes, *names: str, **switches: Any) -> Metadata:
    document: Document = decode(payload, **switches)
    assert document.repairs == list(names)
    value = document.value
    assert isinstance(value, Metadata)
    return value


PLAIN = xml("")


@pytest.mark.fault("F51")
def test_byte_order_mark() -> None:
    assert read(b"\xef\xbb\xbf" + PLAIN, "byte_order_mark").type == "activityTarget"


def test_leading_blanks() -> None:
    assert read(b"\r\n \0" + PLAIN, "leading_blanks").type == "activityTarget"


@pytest.mark.fault("F42")
def test_trailing_nuls() -> None:
    assert read(PLAIN + b"\0\0\0", "trailing_nuls").type == "activityTarget"
    assert read(json('"subType":"heatmap"') + b"\0", "trailing_nuls").sub_type == "heatmap"


@pytest.mark.fault("F51")
def test_encoding_declared_wrongly() -> None:
    declared = b'<?xml version="1.0" encoding="utf-16"?>' + PLAIN
    assert read(declared, "encoding_declared_wrongly").type == "activityTarget"


@pytest.mark.fault("F52")
def test_undeclared_prefix() -> None:
    payload = b"<m:Metadata><m:type>PTZ</m:type><m:time>2017-01-01T00:00:00Z</m:time></m:Metadata>"
    metadata = read(payload, "undeclared_prefix")
    assert (metadata.type, metadata.namespace) == ("PTZ", None)


@pytest.mark.requirement("R-104")
def test_stray_gt_before_a_value() -> None:
    metadata = read(prop("triggerEvent", ">true"), "stray_gt_before_a_value")
    assert metadata.targets[0].properties == [("triggerEvent", "true")]


@pytest.mark.requirement("R-104")
def test_text_between_elements() -> None:
    assert read(target("//who<targetID>4</targetID>"), "text_between_elements").targets[0].target_id == 4


@pytest.mark.requirement("R-104")
def test_several_pairs_in_a_property() -> None:
    pairs = "<description>a</description><value>1</value><description>b</description><value>2</value>"
    payload = target(f"<PropertyList><Property>{pairs}</Property></PropertyList>")
    assert read(payload, "several_pairs_in_a_property").targets[0].properties == [("a", "1"), ("b", "2")]


REGION = "<RegionList><Region><Point><x>1</x><y>2</y></Point></Region></RegionList>"


@pytest.mark.requirement("R-104")
def test_region_list_outside_target() -> None:
    inside = f"<TargetDetection><TargetList><Target/></TargetList>{REGION}</TargetDetection>"
    metadata = read(xml(inside), "region_list_outside_target")
    assert metadata.targets[0].regions == metadata.frame.regions == [[(1, 2)]]


@pytest.mark.requirement("R-104")
def test_region_list_outside_target_is_not_inherited_by_one_of_two() -> None:
    inside = f"<TargetDetection><TargetList><Target/><Target/></TargetList>{REGION}</TargetDetection>"
    metadata = read(xml(inside), "region_list_outside_target")
    assert [one.regions for one in metadata.targets] == [[], []]
    assert metadata.frame.regions == [[(1, 2)]]


@pytest.mark.requirement("R-104")
def test_property_list_outside_target() -> None:
    properties = "<PropertyList><Property><description>count</description><value>5</value></Property></PropertyList>"
    inside = f"<TargetDetection><TargetList><Target/></TargetList></TargetDetection>{properties}"
    metadata = read(xml(inside), "property_list_outside_target")
    assert metadata.targets[0].properties == metadata.frame.properties == [("count", "5")]


def test_fieldddetection() -> None:
    one = read(prop("eventType", "fieldddetection"), "fieldddetection").targets[0]
    assert (one.get("eventType"), one.values) == ("fieldddetection", {"eventType": "fielddetection"})


def test_righttopleft() -> None:
    one = read(prop("crossdirection", "righttopleft"), "righttopleft").targets[0]
    assert (one.get("crossdirection"), one.values) == ("righttopleft", {"crossdirection": "righttoleft"})


def test_noerth_south() -> None:
    one = read(prop("directionIndex", "noerthSouth"), "noerth_south").targets[0]
    assert (one.get("directionIndex"), one.values) == ("noerthSouth", {"directionIndex": "northSouth"})


def test_names_in_another_case() -> None:
    one = read(prop("eventType", "LineDetection"), "names_in_another_case").targets[0]
    assert one.values == {"eventType": "linedetection"}


@pytest.mark.fault("F53")
def test_boolean_in_another_form() -> None:
    payload = json('"CameraPoint":[{"objId":"1","traComplete":0,"isvalid":true}]')
    person = read(payload, "boolean_in_another_form").tracking[0]
    assert (person.tra_complete, person.isvalid) == (False, True)


def test_radar_target_under_rule_type() -> None:
    inside = "<ActivityTargetList><Target><angle>5</angle><distance>9</distance></Target></ActivityTargetList>"
    assert read(xml(inside, "ruleTargetRadar"), "radar_target_under_rule_type").kind == "target"


@pytest.mark.fault("F56")
@pytest.mark.requirement("R-106")
def test_time_offset_without_colon() -> None:
    payload = PLAIN.replace(b"+08:00", b"+0800")
    time = read(payload, "time_offset_without_colon").time
    assert time is not None
    assert (time.iso, time.epoch_ms) == ("2017-01-01T00:00:00.000+08:00", 1483200000000)


@pytest.mark.fault("F54")
@pytest.mark.parametrize("root", ["MetaData", "METADATA", "metadata"])
def test_root_in_another_case(root: str) -> None:
    assert read(json('"subType":"heatmap"', root), "root_in_another_case").root == root


@pytest.mark.fault("F54")
def test_pciture_list() -> None:
    picture = '{"dataType":"url","data":"http://x/1.jpg"}'
    misprint = read(json(f'"PcitureList":{picture}'), "pciture_list")
    corrected = read(json(f'"PictureList":[{picture}]'))
    assert misprint.pictures == corrected.pictures
    assert misprint.pictures[0].data == "http://x/1.jpg"


@pytest.mark.fault("F54")
def test_object_in_place_of_a_list() -> None:
    payload = json('"TargetDetection":{"TargetList":{"ruleID":7,"RegionList":{"Point":{"x":1,"y":2}}}}')
    metadata = read(payload, "object_in_place_of_a_list")
    assert (metadata.targets[0].rule_id, metadata.targets[0].regions) == (7, [[(1, 2)]])


@pytest.mark.fault("F53")
def test_number_as_text() -> None:
    metadata = read(json('"Situation":{"personCount":"12"}'), "number_as_text")
    assert metadata.situation is not None and metadata.situation.person_count == 12


def test_text_as_number() -> None:
    assert read(json('"CameraPoint":[{"objId":12498}]'), "text_as_number").tracking[0].obj_id == "12498"


def test_situation_beside_metadata() -> None:
    beside = ',"Situation":{"personCount":3}'
    metadata = read(json('"subType":"heatmap"', beside=beside), "situation_beside_metadata")
    assert metadata.situation is not None and metadata.situation.person_count == 3
    both = read(json('"Situation":{"personCount":4}', beside=beside), "situation_beside_metadata")
    assert both.situation is not None and both.situation.person_count == 4
    assert both.extras == {"Situation": {"personCount": 3}}


SUSPECTS = '"SuspList":{"suspNum":1,"Data":[{"suspID":5,"timeStamp":1,"confidence":0.5}]}'


def test_susp_list_inside_camera_point() -> None:
    payload = json(f'"CameraPoint":[{{"objId":"7",{SUSPECTS}}}]')
    (suspect,) = read(payload, "susp_list_inside_camera_point").suspects
    assert (suspect.susp_id, suspect.owner) == (5, "7")


def test_susp_list_beside_metadata() -> None:
    metadata = read(json('"subType":"personalTrack"', beside="," + SUSPECTS), "susp_list_beside_metadata")
    assert metadata.suspects[0].susp_id == 5


def test_data_type_as_object() -> None:
    metadata = read(json('"PictureList":{"dataType":{},"data":"x"}'), "data_type_as_object")
    assert metadata.pictures[0].data_type is None


@pytest.mark.fault("F54")
@pytest.mark.requirement("B.2")
def test_bare_ip_in_json() -> None:
    payload = json('"DevInfo":{"ipAddress":192.168.0.64,"portNo":554,"domainName":"at 10.0.0.1, here"}')
    with pytest.raises(DecodeError) as refused:
        decode(payload)
    assert "lenient_ip" in (refused.value.hint or "")
    device = read(payload, "bare_ip_in_json", lenient_ip=True).device
    assert device is not None
    assert (device.ip_address, device.domain_name) == ("192.168.0.64", "at 10.0.0.1, here")


def test_status_code_as_text() -> None:
    document = decode(b'{"statusCode":"1","statusString":"OK","subStatusCode":"ok"}')
    assert (document.value.status_code, document.repairs) == (1, ["status_code_as_text"])


def test_error_code_as_text() -> None:
    document = decode(b'{"statusCode":4,"subStatusCode":"notSupport","errorCode":"0x40000001"}')
    assert (document.value.error_code, document.repairs) == (1073741825, ["error_code_as_text"])


def test_nine_digit_error_code() -> None:
    document = decode(b'{"statusCode":6,"subStatusCode":"x","errorCode":25769803794}')
    assert (document.value.error_code, document.repairs) == (0x60000012, ["nine_digit_error_code"])


def test_presence_is_support() -> None:
    notes = Notes()
    assert supported("", notes) and not supported("0", notes) and not supported(None, notes)
    assert notes.repairs == ["presence_is_support"]


def test_every_leniency_has_a_test_of_its_name() -> None:
    assert [name for name in LENIENCIES if f"test_{name}" not in globals()] == []


def test_every_repair_in_the_source_is_a_known_leniency() -> None:
    room = Path(onframe.isapi.__file__).parent
    named = {name for path in room.glob("*.py") for name in re.findall(r'\.repair\("(\w+)"\)', path.read_text())}
    assert named <= LENIENCIES.keys()


def test_notes_are_kept_once_each() -> None:
    notes = Notes()
    notes.repair("leading_blanks")
    notes.repair("leading_blanks")
    assert notes.repairs == ["leading_blanks"]


def test_the_first_hundred_warnings_are_kept() -> None:
    notes = Notes()
    for number in range(150):
        notes.warn(str(number))
    assert notes.warnings == [str(number) for number in range(100)]


def test_json_without_a_bare_address_needs_no_repair() -> None:
    assert decode(b'{"type":["ANPR"]}', lenient_ip=True).repairs == []


def test_a_root_of_xml_in_another_case_is_read_as_well() -> None:
    document = decode(PLAIN.replace(b"Metadata", b"MetaData"))
    assert (document.kind, document.value.root, document.repairs) == ("metadata", "MetaData", ["root_in_another_case"])
