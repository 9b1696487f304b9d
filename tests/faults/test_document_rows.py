"""Faults of documents: what a hostile or careless device writes, from one RTP packet to a record or an error."""

import struct
import time
import tracemalloc
from datetime import UTC, datetime

import msgspec
import pytest

from onframe import decode, decode_all
from onframe.camera.receiver import Receiver
from onframe.errors import DecodeError, LimitExceeded
from onframe.live import Live
from onframe.overlay.shapes import shapes_of
from onframe.record import Coordinates, Record, Undecodable

NOW = 1_700_000_000 * 1_000_000_000
MEBIBYTE = 1024 * 1024
GOOD = b"<Metadata><type>PTZ</type><time>2023-11-14T22:13:20Z</time></Metadata>"


def rtp(sequence, payload):
    """One RTP packet with the marker, written out by RFC 3550 section 5.1."""
    return struct.pack(">BBHII", 0x80, 0x80 | 107, sequence & 0xFFFF, sequence * 3600, 0x55667788) + payload


def made(epoch=1):
    receiver = Receiver("gate", 1, 1, epoch)
    receiver.add_metadata("m", payload_type=107)
    return receiver


def received(payload, receiver=None):
    """What one message becomes, with a good document behind it, which must be read whatever came before."""
    receiver = receiver or made()
    events = receiver.packet("m", rtp(1, payload), NOW)
    (after,) = receiver.packet("m", rtp(2, GOOD), NOW)
    assert isinstance(after, Record) and after.metadata.type == "PTZ"
    return events, receiver.counters


def only(payload):
    (record,), counters = received(payload)
    assert isinstance(record, Record), record
    assert counters["undecodable"] == 0
    return record


def refused(payload):
    (event,), counters = received(payload)
    assert isinstance(event, Undecodable), event
    assert (event.raw, counters["undecodable"]) == (payload, 1)
    return event


def xml(inside, start="<Metadata>"):
    return f"{start}<type>activityTarget</type><time>2023-11-14T22:13:20Z</time>{inside}</Metadata>".encode()


def target(inside):
    return xml(f"<TargetDetection><TargetList><Target>{inside}</Target></TargetList></TargetDetection>")


# -- F49, F50: attempts to read files and to exhaust


@pytest.mark.fault("F49")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE Metadata>",
        '<!DOCTYPE Metadata SYSTEM "{file}">',
        '<!DOCTYPE Metadata [<!ENTITY a SYSTEM "{file}">]>',
        '<!DOCTYPE Metadata [<!ENTITY % p SYSTEM "{file}"> %p;]>',
        '<!DOCTYPE l [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>',
        '<!DOCTYPE l [<!ENTITY a "{long}">]>',
    ],
)
def test_a_document_type_and_all_its_entities_are_refused_before_parsing_and_counted(doctype, encoding, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("canary")
    text = doctype.format(file=secret.as_uri(), long="y" * 50_000)
    payload = f'<?xml version="1.0"?>{text}<Metadata><type>&a;{"&a;" * 1000}</type></Metadata>'.encode(encoding)
    event = refused_with(payload, "document type declaration")
    assert "canary" not in repr(event)


def refused_with(payload, message):
    (event,), counters = received(payload)
    assert isinstance(event, Undecodable)
    assert message in event.message
    assert (counters["xml_forbidden"], counters["undecodable"]) == (1, 1)
    return event


@pytest.mark.fault("F49")
def test_includes_schemas_and_instructions_are_never_followed(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("canary")
    address = secret.as_uri()
    inside = (
        f'<?xml-stylesheet href="{address}"?><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{address}" '
        f'parse="text"/>'
    )
    start = (
        f'<Metadata xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="{address}">'
    )
    record = only(xml(inside, start))
    assert record.metadata.extras == {
        "@noNamespaceSchemaLocation": address,
        "include": {"@href": address, "@parse": "text"},
    }
    assert "canary" not in repr(record)


@pytest.mark.fault("F49")
def test_an_entity_that_nobody_declared_costs_its_document():
    assert "undefined entity" in refused(b"<Metadata><type>&a;</type></Metadata>").message


EXHAUSTING = {
    "depth": b"<Metadata>" + b"<a>" * 100_000,
    "attributes": b"<Metadata " + b" ".join(b'a%d="1"' % n for n in range(100_000)) + b"/>",
    "elements": b"<Metadata>" + b"<a/>" * 1_000_000 + b"</Metadata>",
    "one text": b"<Metadata><type>" + b"x" * MEBIBYTE + b"</type></Metadata>",
    "depth in JSON": b'{"Metadata":' + b'{"a":' * 100_000,
    "arrays in JSON": b'{"Metadata":' + b"[" * 100_000,
    "values in JSON": b'{"Metadata":[' + b"0," * 1_000_000 + b"0]}",
    "members in JSON": b'{"Metadata":{' + b",".join(b'"a%d":1' % n for n in range(100_000)) + b"}}",
}


@pytest.mark.fault("F50", "F16")
@pytest.mark.parametrize("kind", EXHAUSTING)
def test_a_document_deep_wide_long_or_heavy_costs_little_time_and_memory(kind):
    payload = EXHAUSTING[kind]
    seconds = min(cpu(payload) for _ in range(3))
    tracemalloc.start()
    (result,) = decode_all(payload)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    if kind == "one text":  # within every bound: it is read
        assert len(result.value.type) == MEBIBYTE
    else:
        assert isinstance(result, LimitExceeded)
    assert seconds < 1.0  # a tenth of that on an idle machine
    assert peak < 32 * MEBIBYTE


WIDE = {
    "one unknown element 49 000 times": b"<Metadata>" + b"<a/>" * 49_000 + b"</Metadata>",
    "one unknown child 49 000 times": b"<Metadata><b>" + b"<a/>" * 49_000 + b"</b></Metadata>",
    "one known element 49 000 times": b"<Metadata>" + b"<type/>" * 49_000 + b"</Metadata>",
    "40 000 names without a value": target(
        "<PropertyList><Property>" + "<description>a</description>" * 40_000 + "</Property></PropertyList>"
    ),
    "12 000 targets": xml(
        "<TargetDetection><TargetList>"
        + "<Target><targetID>1</targetID><hat/></Target>" * 12_000
        + "</TargetList></TargetDetection>"
    ),
    "namespaces": b"<Metadata>" + b"<a>" * 60 + b"<b xmlns:x='y'/>" * 20_000 + b"</a>" * 60 + b"</Metadata>",
    "patterns": b'{"Metadata":{"x":1,"SuspList":{"Data":[' + b",".join([b'{"suspID":1}'] * 20_000) + b"]}}}",
    "patterns of many people": b'{"Metadata":{"CameraPoint":['
    + b",".join([b'{"SuspList":{"Data":[{"suspID":1}]}}'] * 8_000)
    + b"]}}",
    "points that are none": b'{"Metadata":{"TargetDetection":{"TargetList":[{"RegionList":{"Point":['
    + b",".join([b'{"x":"q"}'] * 20_000)
    + b"]}}]}}}",
}


@pytest.mark.fault("F50", "F16")
@pytest.mark.parametrize("kind", WIDE)
def test_a_document_that_just_fits_every_bound_is_read_in_linear_time(kind):
    assert cpu(WIDE[kind]) < 3  # a tenth of that on an idle machine; the square of its parts would be minutes
    (document,) = decode_all(WIDE[kind])
    assert document.kind == "metadata"


@pytest.mark.fault("F50", "F42")
@pytest.mark.parametrize("one", [b"<Metadata/>", b"<Metadata/>\n", b"{}", b'{"Metadata":{}}\0'])
def test_documents_of_one_message_end_at_a_thousand(one):
    events, counters = received(one * 200_000)
    assert len(events) == 1001
    assert (events[-1].error, counters["undecodable"]) == ("LimitExceeded", 1 if b"Metadata" in one else 1001)


def cpu(payload):
    before = time.process_time()
    list(decode_all(payload))
    return time.process_time() - before


# -- F51: bytes and characters


@pytest.mark.fault("F51")
@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ('<?xml version="1.0" encoding="GB2312"?><Metadata><type>北京</type></Metadata>'.encode("gb2312"), "北京"),
        ('<?xml version="1.0" encoding="UTF-16"?><Metadata><type>北京</type></Metadata>'.encode("utf-16"), "北京"),
        ("\ufeff<Metadata><type>北京</type></Metadata>".encode(), "北京"),
        ('<?xml version="1.0" encoding="x-none"?><Metadata><type>北京</type></Metadata>'.encode(), "北京"),
        ('{"Metadata":{"type":"北京"}}'.encode("utf-16-le"), "北京"),
    ],
)
def test_text_in_the_encoding_that_it_declares_is_read(payload, kind):
    record = only(payload)
    assert (record.metadata.type, record.raw) == (kind, payload)


@pytest.mark.fault("F51")
@pytest.mark.parametrize(
    "payload",
    [
        b"<Metadata><type>\xff\xfe</type></Metadata>",
        "<Metadata><type>北京</type></Metadata>".encode("gb2312"),  # undeclared: nothing is invented
        '<?xml version="1.0" encoding="UTF-8"?><Metadata><type>北京</type></Metadata>'.encode("gb2312"),
        b'<?xml version="1.0" encoding="GB2312"?><Metadata><type>\xff\xff</type></Metadata>',
        b"<Metadata><type>a\0b</type></Metadata>",
        b"<Metadata><type>a\x1bb</type></Metadata>",
        b"<Metadata><type>&#27;</type></Metadata>",
        b'{"Metadata":{"type":"\xff"}}',
        b'{"Metadata":{"type":"a\x1bb"}}',
    ],
)
def test_bytes_that_are_not_the_text_they_say_cost_their_document_and_are_kept_raw(payload):
    event = refused(payload)
    assert event.error == "DecodeError"
    assert event.excerpt is None or event.excerpt.isprintable()


# -- F52 to F54: what nobody knows, what is missing, what is misprinted


@pytest.mark.fault("F52")
@pytest.mark.parametrize(
    "start",
    [
        "<Metadata>",
        '<Metadata version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">',
        '<Metadata version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">',
        '<Metadata xmlns="http://www.std-cgi.com/ver20/XMLSchema">',
        '<Metadata xmlns="urn:nobody">',
        '<?xml version="1.0"?><m:Metadata xmlns:m="urn:nobody">',
        "<m:Metadata>",
    ],
)
def test_unknown_types_elements_and_namespaces_make_a_record_that_keeps_them(start):
    end = "</m:Metadata>" if "m:" in start else "</Metadata>"
    body = "<type>holograms</type><subType>ufo</subType><time>2023-11-14T22:13:20Z</time><wings n='2'><w>1</w></wings>"
    payload = (start + body + end).encode()
    record = only(payload)
    assert (record.metadata.type, record.metadata.sub_type) == ("holograms", "ufo")
    assert record.metadata.extras == {"wings": {"@n": "2", "w": "1"}}
    assert record.raw == payload  # the way back is without loss


@pytest.mark.fault("F52")
def test_an_undeclared_prefix_is_read_past_and_noted():
    record = only(b"<Metadata><x:type>holograms</x:type><time>2023-11-14T22:13:20Z</time></Metadata>")
    assert (record.metadata.type, record.repairs) == ("holograms", ["undeclared_prefix"])


@pytest.mark.fault("F53")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        (" 12 ", 12),
        ("12.50", 12.5),
        ("1,5", None),
        ("NaN", None),
        ("1e309", None),
        ("9223372036854775808", None),
        ("-", None),
    ],
)
def test_a_field_that_is_no_number_is_none_and_noted_and_its_document_is_delivered(text, value):
    record = only(xml(f"<PTZInfo><elevation>{text}</elevation><azimuth>1</azimuth></PTZInfo>"))
    assert (record.metadata.ptz.elevation, record.metadata.ptz.azimuth) == (value, 1)
    unreadable = bool(text) and value is None
    assert record.metadata.extras == ({"PTZInfo.elevation": text} if unreadable else {})
    assert any("is not a number" in warning for warning in record.warnings) is unreadable


@pytest.mark.fault("F53")
@pytest.mark.parametrize(("text", "value"), [("True", True), ("1", True), ("yes", True), ("0", False), ("maybe", None)])
def test_a_flag_in_any_spelling_is_read_and_another_text_is_none(text, value):
    pair = f"<Property><description>triggerEvent</description><value>{text}</value></Property>"
    record = only(target(f"<targetID>1</targetID><PropertyList>{pair}</PropertyList>"))
    assert record.metadata.targets[0].values.get("triggerEvent") is value
    assert record.metadata.targets[0].properties == [("triggerEvent", text)]


@pytest.mark.fault("F53")
@pytest.mark.parametrize(
    ("payload", "warnings"),
    [
        (b"<Metadata/>", ["type is required and absent", "time is required and absent"]),
        (b'{"Metadata":{}}', ["type is required and absent", "time is required and absent"]),
        (
            b"<Metadata><type/><time/><DevInfo/></Metadata>",
            ["type is required and absent", "time is required and absent"],
        ),
        (xml("<TargetDetection><TargetList/></TargetDetection>"), []),
    ],
)
def test_required_fields_that_are_missing_or_empty_are_noted_and_the_document_is_delivered(payload, warnings):
    assert only(payload).warnings == warnings


PRINTED = '{"%s":{"type":"ruleTarget","time":"2023-11-14T22:13:20Z",%s"PcitureList":{"dataType":"url","data":"/a"}}}'


@pytest.mark.fault("F54")
@pytest.mark.parametrize(
    ("root", "repairs"), [("Metadata", ["pciture_list"]), ("MetaData", ["root_in_another_case", "pciture_list"])]
)
def test_json_with_the_guides_own_misprints_is_read_and_each_is_named(root, repairs):
    record = only((PRINTED % (root, '"TargetDetection":{"TargetList":{"targetID":"7"}},')).encode())
    assert record.metadata.targets[0].target_id == 7
    assert record.metadata.pictures[0].data == "/a"
    assert sorted(record.repairs) == sorted([*repairs, "object_in_place_of_a_list", "number_as_text"])


@pytest.mark.fault("F54")
@pytest.mark.parametrize("inside", ["/*a comment*/", "//a comment\n", '"a":1,,', '"channel":01,'])
def test_json_that_is_none_costs_its_document_and_says_where(inside):
    payload = (PRINTED % ("Metadata", inside)).encode()
    event = refused(payload)
    assert event.offset is not None and 50 < event.offset < 110


@pytest.mark.fault("F54")
def test_an_address_without_quotes_is_read_where_the_caller_asks_for_it():
    payload = (PRINTED % ("Metadata", '"DevInfo":{"ipAddress":192.0.2.7},')).encode()
    with pytest.raises(DecodeError) as caught:
        decode(payload)
    assert "lenient_ip=True" in (caught.value.hint or "")
    document = decode(payload, lenient_ip=True)
    assert document.value.device.ip_address == "192.0.2.7"
    assert "bare_ip_in_json" in document.repairs
    assert "bare_ip_in_json" in only(payload).repairs  # as the track of a camera is read


# -- F55 to F57: places, times, identities


def region(*points):
    inside = "".join(f"<Point><x>{x}</x><y>{y}</y></Point>" for x, y in points)
    return f"<RegionList><Region>{inside}</Region></RegionList>"


@pytest.mark.fault("F55")
@pytest.mark.parametrize("space", ["0..1000", "unit"])
@pytest.mark.parametrize(
    "points",
    [
        [(-5, -5), (2000, -5), (2000, 2000), (-5, 2000)],
        [(900, 900), (100, 900), (100, 100), (900, 100)],  # inverted
        [(500, 500)],
        [],
        [(0, 0), (1000, 1000), (1000, 0), (0, 1000)],  # crosses itself
        [(n % 1000, n * 7 % 1000) for n in range(10_000)],
        [(1e300, -1e300), (0.1, 0.2)],
    ],
    ids=["outside", "inverted", "one point", "no point", "self-crossing", "10 000 points", "huge"],
)
def test_coordinates_outside_their_range_and_shapes_that_are_none_are_kept_as_sent_and_drawn_without_error(
    points, space
):
    record = only(target("<targetID>1</targetID>" + region(*points)))
    (kept,) = record.metadata.targets[0].regions or [[]]
    readable = [point for point in points if max(map(abs, point)) < 2**63]
    assert kept == readable
    shapes = shapes_of(record.metadata, Coordinates(space))
    msgspec.json.encode(shapes)
    beyond = [p for p in readable if not all(0 <= value <= (1 if space == "unit" else 1000) for value in p)]
    assert any("do not fit" in getattr(shape, "text", "") for shape in shapes) is bool(beyond)


@pytest.mark.fault("F56")
@pytest.mark.parametrize(
    ("raw", "epoch_ms"),
    [
        ("2023-11-14T22:13:20", None),  # local: no instant
        ("2023-11-15T06:13:20+0800", 1_700_000_000_000),
        ("2023-11-14T22:13:20Z", 1_700_000_000_000),
        ("2023-11-14T22:13:60Z", None),
        ("0000-01-01T00:00:00Z", None),
        ("2099-12-31T23:59:59Z", 4_102_444_799_000),
        ("9999-12-31T23:59:59-14:00", 253_402_351_199_000),
        ("2023-11-05T01:30:00-04:00", 1_699_162_200_000),  # the hour that comes twice, first
        ("2023-11-05T01:30:00-05:00", 1_699_165_800_000),  # and again
        ("Tue Nov 14 2023", None),
        ("x" * 5000, None),
    ],
)
def test_times_of_every_form_are_an_instant_or_none_and_stay_as_sent(raw, epoch_ms):
    record = only(f"<Metadata><type>PTZ</type><time>{raw}</time></Metadata>".encode())
    assert (record.metadata.time.raw, record.metadata.time.epoch_ms) == (raw, epoch_ms)
    assert bool(record.warnings) is (epoch_ms is None)
    near = epoch_ms is not None and abs(epoch_ms - NOW // 1_000_000) < 86_400_000
    assert record.clock == ("arrival" if epoch_ms is None else "document" if near else "untrusted")


@pytest.mark.fault("F57")
def test_the_same_target_number_twice_in_a_document_is_drawn_twice_and_followed_as_one():
    places = [region((100, 100), (200, 200)), region((800, 800), (900, 900))]
    record = only(target(f"<targetID>7</targetID>{places[0]}</Target><Target><targetID>7</targetID>{places[1]}"))
    live = Live()
    live.add(record)
    assert [one.target_id for one in record.metadata.targets] == [7, 7]
    assert len(shapes_of(record.metadata, Coordinates())) == 2
    assert [one.key.target_id for one in live.targets()] == [7]


@pytest.mark.fault("F57")
def test_a_target_number_longer_than_any_is_kept_as_text():
    digits = "9" * 400
    assert only(target(f"<targetID>{digits}</targetID>")).metadata.targets[0].target_id == digits
    person = '{"MetaData":{"type":"ruleTarget","time":"2023-11-14T22:13:20Z","CameraPoint":[{"objId":"%s"}]}}'
    record = only((person % digits).encode())
    assert record.metadata.tracking[0].obj_id == digits
    assert "objId is longer than 32 characters" in record.warnings


@pytest.mark.fault("F57")
def test_a_document_that_comes_again_after_a_reconnection_is_another_record_with_the_same_bytes():
    payload = target("<targetID>7</targetID>" + region((100, 100), (200, 200)))
    live, records = Live(), []
    for epoch in (1, 2):
        (record,), _ = received(payload, made(epoch))
        records.append(record)
        live.add(record)
    assert [(record.epoch, record.n) for record in records] == [(1, 1), (2, 1)]
    assert records[0].raw == records[1].raw  # by these and the document's time a reader may know it again
    (alive,) = live.targets()
    assert (alive.key.epoch, len(alive.trail)) == (2, 1)
    assert records[0].received_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
