"""Appendix A as one table for both sides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onframe.isapi.resources import (
    DEVICE_CAPABILITY,
    GET_METADATA,
    GET_METADATA_TYPE,
    METADATA_CAPABILITY,
    SET_METADATA,
    SET_METADATA_TYPE,
    SUBSCRIBE_TYPE,
    channel_id,
    match,
    parse_id,
    stream_url,
)


@pytest.mark.requirement("R-002", "R-006", "R-008", "R-010", "R-055", "R-073", "R-074")
@pytest.mark.parametrize(
    ("resource", "line"),
    [
        (DEVICE_CAPABILITY, "GET /ISAPI/System/capabilities"),
        (METADATA_CAPABILITY, "GET /ISAPI/Streaming/channels/302/metadata/capabilities"),
        (GET_METADATA, "GET /ISAPI/Streaming/channels/302/metadata"),
        (SET_METADATA, "PUT /ISAPI/Streaming/channels/302/metadata"),
        (SUBSCRIBE_TYPE, "POST /ISAPI/Streaming/channels/3/metadata/subscribeType?format=json"),
        (GET_METADATA_TYPE, "GET /ISAPI/Streaming/channels/302/Metadata/ANPR"),
        (SET_METADATA_TYPE, "PUT /ISAPI/Streaming/channels/302/Metadata/ANPR"),
    ],
)
def test_a_request_is_sent_exactly_as_printed(resource, line):
    assert str(resource.request(channel=3, stream=2, metadata_type="ANPR")) == line


@pytest.mark.requirement("R-074")
def test_the_form_of_the_id_can_be_overridden():
    assert GET_METADATA.request(channel=3, id_form="channel").target == "/ISAPI/Streaming/channels/3/metadata"
    line = SUBSCRIBE_TYPE.request(channel=3, stream=2, id_form="stream").target
    assert line == "/ISAPI/Streaming/channels/302/metadata/subscribeType?format=json"


@pytest.mark.requirement("R-073")
def test_the_other_case_of_the_metadata_segment_is_the_fall_back():
    request = GET_METADATA_TYPE.request(metadata_type="ANPR")
    assert request.other_case().target == "/ISAPI/Streaming/channels/101/metadata/ANPR"
    assert request.other_case().other_case() == request
    assert GET_METADATA.request().other_case().target == "/ISAPI/Streaming/channels/101/Metadata"
    assert DEVICE_CAPABILITY.request().other_case() is None


def test_a_type_cannot_leave_its_segment_of_the_path():
    assert GET_METADATA_TYPE.request(metadata_type="../x?y").target.endswith("/Metadata/..%2Fx%3Fy")


@pytest.mark.requirement("R-064", "R-073")
@pytest.mark.parametrize("segment", ["metadata", "Metadata"])
def test_a_device_finds_the_row_in_both_cases_of_the_segment(segment):
    base = f"/ISAPI/Streaming/channels/101/{segment}"
    assert match("GET", base).resource is GET_METADATA
    assert match("PUT", base).resource is SET_METADATA
    assert match("GET", base + "/capabilities").resource is METADATA_CAPABILITY
    assert match("POST", base + "/subscribeType").resource is SUBSCRIBE_TYPE
    found = match("PUT", base + "/faceSnap")
    assert (found.resource, found.identifier, found.metadata_type) == (SET_METADATA_TYPE, "101", "faceSnap")


@pytest.mark.requirement("R-064")
def test_a_known_path_with_another_method_names_the_methods_it_has():
    found = match("DELETE", "/ISAPI/Streaming/channels/1/metadata")
    assert found.resource is None
    assert found.allow == ("GET", "PUT")
    assert match("POST", "/ISAPI/System/capabilities").allow == ("GET",)


@pytest.mark.parametrize(
    "path", ["/", "", "/ISAPI", "/ISAPI/Streaming/channels//metadata", "/isapi/System/capabilities"]
)
def test_an_unknown_path_is_no_row(path):
    assert match("GET", path) is None


@pytest.mark.requirement("R-079", "R-081")
def test_an_id_is_channel_times_hundred_plus_stream():
    assert channel_id(1) == 101
    assert channel_id(1, 2) == 102
    assert channel_id(2, 1) == 201
    assert channel_id(16, 1) == 1601
    assert parse_id("102") == (1, 2)
    assert parse_id("201") == (2, 1)
    assert parse_id("1601") == (16, 1)


@pytest.mark.requirement("R-074", "R-082")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", (1, 1)),
        ("33", (33, 1)),
        ("99", (99, 1)),
        ("103", (1, 3)),
        ("0", None),
        ("100", None),
        ("104", None),
        ("001", (1, 1)),
        ("-1", None),
        ("1.0", None),
        ("", None),
        ("101 ", None),
        ("١", None),
        ("9" * 5000, None),
    ],
)
def test_a_device_takes_both_forms_and_nothing_else(text, expected):
    assert parse_id(text) == expected


@pytest.mark.requirement("R-083")
def test_the_default_port_is_554_and_ipv6_hosts_stand_in_brackets():
    assert stream_url("10.0.0.1") == "rtsp://10.0.0.1/ISAPI/Streaming/channels/101"
    assert stream_url("10.0.0.1", 8554, 16, 2) == "rtsp://10.0.0.1:8554/ISAPI/Streaming/channels/1602"
    assert stream_url("fe80::1", 8554) == "rtsp://[fe80::1]:8554/ISAPI/Streaming/channels/101"
    assert stream_url("[::1]") == "rtsp://[::1]/ISAPI/Streaming/channels/101"


@given(st.text(), st.text())
def test_no_request_line_breaks_the_match(method, path):
    match(method, path)
    parse_id(path)


def test_a_failure_is_answered_in_json_where_the_address_asks_for_it():
    assert SUBSCRIBE_TYPE.error_format == "json"
    assert GET_METADATA.error_format == "xml"
