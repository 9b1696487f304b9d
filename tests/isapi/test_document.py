"""decode, decode_all and what `onframe decode` prints; hostile inputs."""

from __future__ import annotations

import json
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onframe import decode, decode_all, encode
from onframe.errors import DecodeError, LimitExceeded, UnsupportedError
from onframe.isapi import metadata_usual, metadata_xml, xml
from onframe.isapi.document import Document, document_json, error_json, facts
from onframe.isapi.leniency import Notes

GOOD = (
    b'<?xml version="1.0"?><Metadata version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">'
    b"<type>PTZ</type><time>2017-01-01T00:00:00Z</time></Metadata>"
)
GOOD_JSON = b'{"Metadata":{"type":"ruleTarget","subType":"heatmap","time":"2017-01-01T00:00:00Z"}}'
BOMB = (
    '<!DOCTYPE l [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + "]><Metadata>&a9;</Metadata>"
).replace("&a0;", "&a;")
MEGABYTE = 1024 * 1024
HOSTILE = {
    "an entity bomb": BOMB.encode(),
    "an entity bomb in UTF-16": BOMB.encode("utf-16"),
    "an external entity": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><Metadata>&b;</Metadata>',
    "deep XML": b"<Metadata>" * 100_000,
    "deep JSON objects": b'{"Metadata":' * 100_000,
    "deep JSON arrays": b'{"Metadata":' + b"[" * 100_000,
    "an attribute of 10 MB": b'<Metadata a="' + b"x" * 10_000_000 + b'"/>',
    "an attribute of 3 MB": b'<Metadata a="' + b">" * 3_000_000 + b'"/>',
    "a key of 10 MB": b'{"' + b"x" * 10_000_000 + b'":1}',
    "a key of 3 MB": b'{"' + b"x" * 3_000_000 + b'":1}',
    "100 000 attributes": b"<Metadata " + b" ".join(b'a%d="1"' % n for n in range(100_000)) + b"/>",
    "1 500 attributes": b"<Metadata " + b" ".join(b'a%d="1"' % n for n in range(1_500)) + b"/>",
    "1 500 members": b'{"Metadata":{' + b",".join(b'"a%d":1' % n for n in range(1_500)) + b"}}",
    "a million elements": b"<Metadata>" + b"<a/>" * 1_000_000 + b"</Metadata>",
    "a million values": b'{"Metadata":[' + b"0," * 1_000_000 + b"0]}",
    "a million objects": b'{"Metadata":[' + b"{}," * 1_000_000 + b"0]}",
    "an endless text": b'{"' + b'\\"' * 2_000_000,
    "invalid UTF-8": b"<Metadata><type>\xff\xfe</type></Metadata>",
    "invalid UTF-8 in JSON": b'{"Metadata":{"type":"\xff\xfe"}}',
    "half a document": GOOD[:120],
    "half a JSON document": GOOD_JSON[:40],
    "nothing": b"",
    "no document": b"hello",
}


@pytest.mark.fault("F49", "F50")
@pytest.mark.requirement("R-109", "R-105")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_costs_one_error_and_the_next_is_read(name: str) -> None:
    payload = HOSTILE[name]
    with pytest.raises((DecodeError, LimitExceeded)):
        decode(payload)
    tracemalloc.start()
    started = time.process_time()
    results = [*decode_all(payload), *decode_all(GOOD)]
    elapsed = time.process_time() - started
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [type(one) for one in results[1:]] == [Document]
    assert isinstance(results[0], DecodeError | LimitExceeded)
    assert elapsed < 10
    assert peak < 32 * MEGABYTE


@pytest.mark.requirement("R-105")
@pytest.mark.parametrize("name", [name for name in HOSTILE if "UTF-16" not in name and name != "nothing"])
def test_after_a_hostile_document_the_next_of_the_same_payload_is_read(name: str) -> None:
    first, second, third = decode_all(HOSTILE[name] + b"\n" + GOOD + b"\n" + GOOD_JSON)
    assert isinstance(first, DecodeError | LimitExceeded)
    assert isinstance(second, Document) and second.value.type == "PTZ"
    assert isinstance(third, Document) and third.value.sub_type == "heatmap"


@pytest.mark.fault("F42")
def test_several_documents_of_one_payload_are_all_read() -> None:
    payload = GOOD + GOOD + b"\0\0" + GOOD_JSON + b"\n" + GOOD_JSON + GOOD
    documents = list(decode_all(payload))
    assert [one.format for one in documents if isinstance(one, Document)] == ["xml", "xml", "json", "json", "xml"]
    assert [one.raw for one in documents if isinstance(one, Document)] == [GOOD, GOOD, GOOD_JSON, GOOD_JSON, GOOD]


def test_decode_is_for_exactly_one_document() -> None:
    with pytest.raises(DecodeError, match="decode_all"):
        decode(GOOD + GOOD)
    with pytest.raises(DecodeError):
        decode(GOOD_JSON + GOOD_JSON)


def test_the_raw_bytes_stay_as_they_came() -> None:
    payload = "\ufeff".encode() + GOOD + b"\0"
    assert decode(payload).raw == payload
    assert [one.raw for one in decode_all(payload) if isinstance(one, Document)] == [payload]


def test_a_wanted_kind_is_enforced() -> None:
    assert decode(GOOD, kind="metadata").kind == "metadata"
    with pytest.raises(DecodeError, match="not response_status"):
        decode(GOOD, kind="response_status")


def test_a_foreign_root_is_named() -> None:
    with pytest.raises(DecodeError, match="MetadataStream") as refused:
        decode(b'<tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema"/>')
    assert "ONVIF" in (refused.value.hint or "")
    with pytest.raises(DecodeError, match="foo, bar"):
        decode(b'{"foo":1,"bar":2}')


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b'{"rtspURI":"rtsp://10.0.0.1/x"}', "rtsp_uri"),
        (b'{"type":["ANPR"]}', "subscribe"),
        (b"{}", "subscribe"),
        (b'{"statusCode":1,"statusString":"OK","subStatusCode":"ok"}', "response_status"),
        (b"<ResponseStatus><statusCode>0</statusCode></ResponseStatus>", "response_status"),
        (b"<DeviceCap><SysCap><isSupportMetadata>true</isSupportMetadata></SysCap></DeviceCap>", "devicecap"),
        (
            b'<MetadataCfg><MetadataList><Metadata><type opt="ANPR"/></Metadata></MetadataList></MetadataCfg>',
            "capability",
        ),
        (
            b"<MetadataCfg><MetadataList><Metadata><type>ANPR</type><enable>true</enable></Metadata></MetadataList>"
            b"</MetadataCfg>",
            "config",
        ),
        (
            b"<SingleMetadataCfg><Metadata><type>ANPR</type><enable>true</enable></Metadata></SingleMetadataCfg>",
            "config",
        ),
    ],
)
def test_every_other_document_is_recognised(payload: bytes, kind: str) -> None:
    assert decode(payload).kind == kind


def test_the_facts_of_configuration_documents() -> None:
    single = b"<SingleMetadataCfg><Metadata><type>ANPR</type><enable>true</enable></Metadata></SingleMetadataCfg>"
    assert facts(decode(single).value) == {"types": [["ANPR", True]], "uploadDataFormat": None}
    assert facts(decode(b"{}").value) == {"type": None}
    assert facts(decode(b'{"rtspURI":"rtsp://10.0.0.1/x"}').value) == {"rtspURI": "rtsp://10.0.0.1/x"}
    status = b"<ResponseStatus><statusCode>7</statusCode><subStatusCode>rebootRequired</subStatusCode></ResponseStatus>"
    assert facts(decode(status).value) == {
        "statusCode": 7,
        "statusString": None,
        "subStatusCode": "rebootRequired",
        "errorCode": None,
        "errorMsg": None,
        "requestURL": None,
        "ok": True,
    }
    with pytest.raises(TypeError):
        facts(object())


def test_the_printed_line_has_five_members() -> None:
    assert list(json.loads(document_json(decode(GOOD)))) == ["kind", "format", "facts", "repairs", "warnings"]


def test_the_printed_error_says_where() -> None:
    (error,) = decode_all(b"<Metadata>\n<type></Metadata>")
    assert isinstance(error, DecodeError)
    printed = json.loads(error_json(error))
    assert printed == {
        "kind": "error",
        "format": "xml",
        "error": {
            "type": "DecodeError",
            "message": "not well-formed XML: mismatched tag",
            "path": "Metadata/type",
            "offset": 19,
            "excerpt": "<Metadata> <type></Metadata>",
        },
    }


@pytest.mark.fault("F51")
@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("UTF-8", "utf-8"),
        ("GB2312", "gb2312"),
        ("gbk", "gbk"),
        ("GB18030", "gb18030"),
        ("UTF-16", "utf-16"),
        ("UTF-16", "utf-16-be"),
        ("UTF-16", "utf-16-le"),
        ("UTF-8", "utf-8-sig"),
    ],
)
def test_declared_encodings_are_read(declared: str, codec: str) -> None:
    text = f'<?xml version="1.0" encoding="{declared}"?>' + GOOD.decode().split("?>")[1].replace("PTZ", "\u4eacA")
    assert decode(text.encode(codec)).value.type == "\u4eacA"


@pytest.mark.fault("F51")
def test_bytes_that_are_not_of_the_declared_encoding_are_refused() -> None:
    with pytest.raises(DecodeError, match="gb18030"):
        decode(b'<?xml version="1.0" encoding="GB2312"?><Metadata><type>\xff\xff</type></Metadata>')
    with pytest.raises(DecodeError, match="utf-16"):
        decode(b"\xff\xfe<\x00\x00\xd8>\x00")


@pytest.mark.fault("F56")
@pytest.mark.requirement("R-106")
@pytest.mark.parametrize(
    ("raw", "iso", "epoch_ms"),
    [
        ("2017-01-11T17:43:30.256+08:00", "2017-01-11T17:43:30.256+08:00", 1484127810256),
        ("2017-01-11T17:43:30+0800", "2017-01-11T17:43:30.000+08:00", 1484127810000),
        ("2017-01-11T09:43:30Z", "2017-01-11T09:43:30.000+00:00", 1484127810000),
        ("2017-01-11T17:43:30.2569999+08:00", "2017-01-11T17:43:30.256+08:00", 1484127810256),
        ("2017-01-11T17:43:30.123456789+08:00", "2017-01-11T17:43:30.123+08:00", 1484127810123),
        ("1969-12-31T23:59:59.250Z", "1969-12-31T23:59:59.250+00:00", -750),
        ("2017-01-11T17:43:30", "2017-01-11T17:43:30.000", None),
        ("yesterday", None, None),
        ("2017-01-11T17:43:60Z", None, None),
        ("0000-01-11T17:43:30Z", None, None),
    ],
)
def test_times_in_every_form(raw: str, iso: str | None, epoch_ms: int | None) -> None:
    document = decode(GOOD.replace(b"2017-01-01T00:00:00Z", raw.encode()))
    read = document.value.time
    assert (read.raw, read.iso, read.epoch_ms) == (raw, iso, epoch_ms)
    assert bool(document.warnings) == (epoch_ms is None)


@pytest.mark.requirement("R-108")
def test_dev_info_may_be_missing_or_hold_either_address() -> None:
    assert decode(GOOD).value.device is None
    either = GOOD.replace(b"</time>", b"</time><DevInfo><ipv6Address>::1</ipv6Address></DevInfo>")
    assert decode(either).value.device.ipv6_address == "::1"
    assert decode(either).value.device.ip_address is None


@pytest.mark.requirement("R-116")
def test_a_document_without_sub_type_is_read() -> None:
    document = decode(GOOD)
    assert document.value.sub_type is None
    assert document.warnings == []


@pytest.mark.fault("F52")
def test_unknown_parts_are_kept_under_their_path() -> None:
    payload = GOOD.replace(
        b"</time>",
        b'</time><new a="1">x<b>2</b><b>3</b></new><TargetDetection><TargetList><Target kind="k"><hat>red</hat>'
        b"<RegionList><Region><Point><x>1,5</x><y>2</y></Point></Region></RegionList></Target></TargetList>"
        b"</TargetDetection>",
    )
    document = decode(payload)
    assert document.value.extras == {
        "new": {"@a": "1", "#text": "x", "b": ["2", "3"]},
        "TargetDetection.TargetList.Target[0].@kind": "k",
        "TargetDetection.TargetList.Target[0].hat": "red",
        "TargetDetection.TargetList.Target[0].RegionList.Region[0].Point[0].x": "1,5",
        "TargetDetection.TargetList.Target[0].RegionList.Region[0].Point[0].y": "2",
    }
    assert document.warnings


@pytest.mark.fault("F52")
def test_unknown_parts_of_json_are_kept_under_their_path() -> None:
    payload = (
        b'{"Metadata":{"type":"ruleTarget","time":"2017-01-01T00:00:00Z","hat":{"a":[1]},'
        b'"CameraPoint":[{"objId":"1","traComplete":false,"isvalid":1,"mood":"good"}],"SuspList":7},"extra":null}'
    )
    assert decode(payload).value.extras == {
        "Metadata.hat": {"a": [1]},
        "Metadata.CameraPoint[0].mood": "good",
        "Metadata.SuspList": 7,
        "extra": None,
    }


@pytest.mark.fault("F53")
@pytest.mark.parametrize("text", ["", "1,5", "NaN", "1e309", "1_0", "9" * 30, "x"])
def test_numbers_that_are_none_are_absent_and_kept(text: str) -> None:
    inside = f"<PTZInfo><elevation>{text}</elevation><azimuth>5</azimuth></PTZInfo>".encode()
    value = decode(GOOD.replace(b"</time>", b"</time>" + inside)).value
    assert value.ptz.elevation is None
    assert value.extras == ({"PTZInfo.elevation": text} if text else {})


@pytest.mark.fault("F55")
@pytest.mark.parametrize(
    ("inside", "warning"),
    [
        ("<PTZInfo><elevation>271</elevation><azimuth>0</azimuth></PTZInfo>", "elevation 271 is outside -90..270"),
        ("<PTZInfo><azimuth>1</azimuth></PTZInfo>", "elevation and azimuth are required in PTZInfo"),
        ("<VideoDetectionRegion><fieldView>181</fieldView></VideoDetectionRegion>", "fieldView 181 is outside 0..180"),
    ],
)
def test_values_out_of_range_are_kept_with_a_warning(inside: str, warning: str) -> None:
    payload = GOOD.replace(b"</time>", b"</time>" + inside.encode())
    assert decode(payload).warnings == [warning]


@pytest.mark.requirement("B.10")
def test_a_confidence_out_of_range_is_kept_with_a_warning() -> None:
    pairs = "".join(
        f"<Property><description>{name}</description><value>{value}</value></Property>"
        for name, value in (("licensePlate", "A1"), ("confidence", "101"))
    )
    inside = f"<subType>ANPR</subType><TargetDetection><TargetList><Target><PropertyList>{pairs}</PropertyList>"
    payload = GOOD.replace(b"</time>", b"</time>" + inside.encode() + b"</Target></TargetList></TargetDetection>")
    document = decode(payload)
    assert document.warnings == ["confidence 101 is outside 0..100"]
    assert document.value.targets[0].values["confidence"] == 101


@pytest.mark.requirement("B.3")
def test_people_counting_without_counts_is_warned_about() -> None:
    payload = GOOD_JSON.replace(b"heatmap", b"PeopleCounting")
    (warning,) = decode(payload).warnings
    assert "enterRegionPeopleNum" in warning


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_give_documents_or_errors(payload: bytes) -> None:
    for start in (b"", b"<Metadata>", b'{"Metadata":', GOOD[:100]):
        for one in decode_all(start + payload):
            assert isinstance(one, Document | DecodeError | LimitExceeded)


@settings(max_examples=150)
@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=3))
def test_a_damaged_document_gives_documents_or_errors(position: int, damage: bytes) -> None:
    for good in (GOOD, GOOD_JSON):
        payload = good[:position] + damage + good[position + len(damage) :]
        for one in decode_all(payload):
            assert isinstance(one, Document | DecodeError | LimitExceeded)


@pytest.mark.requirement("R-105")
def test_a_document_cut_at_any_byte_is_one_error() -> None:
    for good in (GOOD, GOOD_JSON):
        for end in range(1, len(good)):
            with pytest.raises(DecodeError):
                decode(good[:end])


SAMPLE = (Path(__file__).parent / "samples" / "b12_face_target.xml").read_bytes()


@settings(max_examples=300)
@given(
    st.integers(0, len(SAMPLE) - 1), st.binary(max_size=3) | st.sampled_from([b"<", b">", b"/", b"&", b"\0", b"\x0b"])
)
def test_what_the_fast_way_accepts_the_general_reader_reads_alike(position: int, damage: bytes) -> None:
    payload = SAMPLE[:position] + damage + SAMPLE[position + 1 :]
    notes = Notes()
    fast = metadata_usual.read(payload, notes)
    if fast is not None:
        general = Notes()
        root, _ = xml.parse_document(payload, 0, general)
        assert metadata_xml.read_metadata(root, general) == fast
        assert (general.repairs, general.warnings) == (notes.repairs, notes.warnings)


@pytest.mark.parametrize(
    ("payload", "format"),
    [
        (b"<DeviceCap><SysCap><isSupportMetadata>true</isSupportMetadata></SysCap></DeviceCap>", "xml"),
        (b"<MetadataCfg><MetadataList/></MetadataCfg>", "xml"),
        (b"<ResponseStatus><statusCode>4</statusCode></ResponseStatus>", "xml"),
        (b'{"statusCode":4,"subStatusCode":"notSupport"}', "json"),
        (b'{"rtspURI":"rtsp://192.0.2.7/x"}', "json"),
        (b'{"type":["ANPR"]}', "json"),
    ],
)
def test_every_other_document_is_written_and_read_back_in_its_one_format(payload: bytes, format: Any) -> None:
    value = decode(payload).value
    written = encode(value, format)
    again = decode(written)
    assert (type(again.value), again.format) == (type(value), format)
    assert encode(again.value, format) == written
    other: Any = "json" if format == "xml" else "xml"
    if type(value).__name__ != "ResponseStatus":  # the guide has that one in both
        with pytest.raises(UnsupportedError, match=f"in {other.upper()}"):
            encode(value, other)


WRAPPED = {
    "ResponseStatus": '"statusCode":1',
    "RTSPMetadataURI": '"rtspURI":"rtsp://h/x"',
    "SubscribeType": '"type":[]',
}


@pytest.mark.parametrize("name", WRAPPED)
def test_json_wrapped_in_its_own_name_is_read(name: str) -> None:
    wrapped = decode(f'{{"{name}":{{{WRAPPED[name]}}}}}'.encode())
    assert type(wrapped.value).__name__ == name
    with pytest.raises(DecodeError):
        decode(f'{{"{name}":7}}'.encode())


@pytest.mark.parametrize("second", [b'{"Metadata":tru}', b'{"Metadata":"\xff"}'])
def test_a_broken_document_behind_another_says_where_it_breaks(second: bytes) -> None:
    first, broken = decode_all(GOOD_JSON + second)
    assert isinstance(first, Document)
    assert isinstance(broken, DecodeError)
    assert broken.offset is not None and len(GOOD_JSON) + 12 < broken.offset <= len(GOOD_JSON) + len(second)


def test_utf_16_with_half_a_trailing_nul_is_read() -> None:
    payload = '<?xml version="1.0" encoding="UTF-16"?><Metadata><type>PTZ</type></Metadata>'.encode("utf-16") + b"\0"
    assert decode(payload).value.type == "PTZ"


def test_a_person_without_head_and_gesture_has_neither_among_the_facts() -> None:
    value = decode(b'{"MetaData":{"type":"ruleTarget","CameraPoint":[{"objId":"1"}]}}').value
    (person,) = facts(value)["tracking"]
    assert (person["head"], person["joints"]) == (None, [])
