"""Documents in a device's own way: each quirk on one document, written out by hand."""

from __future__ import annotations

import pytest

from onframe.isapi.metadata import DevInfo, Metadata, Situation, Target, Time
from onframe.simulator.quirks import Quirks
from onframe.simulator.rewriting import answer_json, answer_xml, metadata_encoder, refusal_body

TIME = Time("2017-12-18T04:37:31.000+08:00", "2017-12-18T04:37:31.000+08:00", 1_513_543_051_000)
DEVICE = DevInfo(ip_address="10.10.36.212", port_no=554, mac_address="02:00:00:00:00:01", channel=1)
PAIRS = [("eventType", "linedetection"), ("triggerEvent", "true"), ("crossdirection", "lefttoright")]
GUIDE = {"meta_version": "2.0", "tz": "+08:00", "devinfo": "right"}


def xml(targets: list[Target], **quirks: object) -> str:
    metadata = Metadata(type="ruleTarget", sub_type="ANPR", time=TIME, device=DEVICE, targets=targets)
    return metadata_encoder(Quirks.parse(GUIDE | quirks))(metadata, "xml").decode()


def json(**quirks: object) -> str:
    metadata = Metadata(
        type="ruleTarget", sub_type="heatmap", time=TIME, device=DEVICE, situation=Situation(person_count=3)
    )
    return metadata_encoder(Quirks.parse(GUIDE | quirks))(metadata, "json").decode()


@pytest.mark.requirement("R-044")
def test_the_guides_own_camera_writes_its_address_as_a_mac() -> None:
    document = xml([], meta_version="1.0", tz="+0800", devinfo="bogus_mac")
    assert '<Metadata version="1.0"' in document and "<time>2017-12-18T04:37:31.000+0800</time>" in document
    assert "<macAddress>31:30:2e:31:30:2e</macAddress><channel>1</channel><domainName></domainName>" in document


@pytest.mark.parametrize(
    ("tz", "text"),
    [
        ("+08:00", "2017-12-18T04:37:31.000+08:00"),
        ("Z", "2017-12-17T20:37:31.000Z"),
        ("none", "2017-12-18T04:37:31.000"),
    ],
)
def test_times(tz: str, text: str) -> None:
    assert f"<time>{text}</time>" in xml([], tz=tz)


@pytest.mark.parametrize(
    ("quirks", "ending"),
    [
        ({"property_list": "detection"}, "</TargetList>{list}</TargetDetection></Metadata>"),
        ({"property_list": "root"}, "</TargetList></TargetDetection>{list}</Metadata>"),
        ({"property_list": "target"}, "{list}</Target></TargetList></TargetDetection></Metadata>"),
    ],
)
def test_the_places_of_a_property_list(quirks: dict[str, object], ending: str) -> None:
    properties = "".join(
        f"<Property><description>{name}</description><value>{value}</value></Property>" for name, value in PAIRS
    )
    document = xml([Target(target_id=1, properties=PAIRS)], **quirks)
    assert document.endswith(ending.format(list=f"<PropertyList>{properties}</PropertyList>"))


def test_properties_of_several_targets_stay_where_they_are() -> None:
    two = [Target(target_id=1, properties=PAIRS), Target(target_id=2, properties=PAIRS)]
    assert xml(two, property_list="root").count("</PropertyList></Target>") == 2


def test_two_pairs_in_one_property() -> None:
    document = xml([Target(target_id=1, properties=PAIRS)], property_pairs="two_in_one")
    assert (
        "<PropertyList><Property><description>eventType</description><value>linedetection</value>"
        "<description>triggerEvent</description><value>true</value></Property>"
        "<Property><description>crossdirection</description><value>lefttoright</value></Property></PropertyList>"
    ) in document


@pytest.mark.parametrize(
    ("quirks", "piece"),
    [
        ({"json_root": "metadata"}, '{"metadata":{"type"'),
        ({"json_ip": "unquoted"}, '"ipAddress":10.10.36.212,"portNo":"554"'),
        ({"json_numbers": "numbers"}, '"portNo":554,'),
        ({"json_numbers": "texts"}, '"Situation":{"personCount":"3"}'),
        ({"json_situation": "inside"}, '"Situation":{"personCount":3}}}'),
        ({"json_situation": "beside"}, '},"Situation":{"personCount":3}}'),
    ],
)
def test_json(quirks: dict[str, object], piece: str) -> None:
    assert piece in json(**quirks)


def test_answers_in_another_namespace_and_with_other_booleans() -> None:
    body = b'<A xmlns="http://www.isapi.org/ver20/XMLSchema"><enable>true</enable><type opt="true,false"/></A>'
    quirks = Quirks.parse({"ns": "none", "bool_text": "one_zero"})
    assert answer_xml(body, quirks).endswith(b'<A><enable>1</enable><type opt="true,false"></type></A>')


def test_a_refusal_in_json() -> None:
    body = b'{"requestURL":"/x","statusCode":4,"errorCode":1073782806}'
    quirks = Quirks.parse({"no_request_url": True, "error_code": "hex"})
    assert answer_json(body, quirks) == b'{"statusCode":4,"errorCode":"0x4000a016"}'
    assert answer_json(b'{"statusCode":1}', Quirks.parse({"status_code": "0"})) == b'{"statusCode":0}'
    assert answer_json(b'{"rtspURI":"rtsp://h/"}', quirks) == b'{"rtspURI":"rtsp://h/"}'


@pytest.mark.parametrize(
    ("form", "ending"),
    [
        (
            "user_check",
            b"<userCheck><statusValue>401</statusValue><statusString>Unauthorized</statusString>"
            b"<lockStatus>lock</lockStatus><unlockTime>9</unlockTime></userCheck>",
        ),
        ("response_status", b"<R><lockStatus>lock</lockStatus><resLockTime>9</resLockTime></R>"),
        ("empty", b""),
    ],
)
def test_the_body_of_a_401_names_the_lock(form: str, ending: bytes) -> None:
    lock = {"lockStatus": "lock", "unlockTime": "9"}
    body, _ = refusal_body(Quirks.parse({"error_body": form}), b"<R/>", lock)
    assert body.endswith(ending)
