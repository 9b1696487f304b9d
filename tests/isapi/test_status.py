"""Appendix C and the verdict of a device."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onframe.errors import DecodeError
from onframe.isapi.leniency import Notes
from onframe.isapi.status import (
    SUBSCRIBE_TYPE_ERROR,
    ResponseStatus,
    by_code,
    explain,
    lookup,
    read_response_status,
    refusal,
    response_codes,
    response_status_element,
    response_status_object,
    status_error,
)
from onframe.isapi.xml import parse_tree, write


@pytest.mark.requirement("R-111")
def test_the_table_has_every_row_of_the_guide():
    rows = response_codes()
    assert len(rows) == 654
    assert sum(row.error_code is not None for row in rows) == 645
    assert {row.status_code for row in rows} == {1, 2, 3, 4, 5, 6, 7}
    assert all(row.meaning for row in rows)


@pytest.mark.requirement("R-110", "R-111")
@pytest.mark.parametrize(
    ("status", "name", "code"),
    [
        (1, "ok", 1),
        (2, "deviceBusy", 0x20000004),
        (3, "deviceError", 0x30000001),
        (4, "notSupport", 1073741825),
        (4, "subscribeTypeErr", 1073782806),
        (4, "badAuthorization", 1073741827),
        (5, "badXmlFormat", 1342177281),
        (6, "badXmlContent", 1610612739),
        (6, "badParameters", 1610612737),
        (7, "rebootRequired", 1879048193),
        (2, "noMemory", 0x20000001),
        (4, "noMemory", 0x4000202A),
        (4, "nameExist", 0x40001066),
        (6, "nameExist", 0x60008001),
        (1, "riskPassword", 0x10000002),
        (6, "riskPassword", 0x60000015),
    ],
)
def test_a_name_means_what_it_means_under_its_status(status, name, code):
    row = lookup(status, name)
    assert row is not None
    assert (row.status_code, row.sub_status_code, row.error_code) == (status, name, code)


@pytest.mark.requirement("R-114")
@pytest.mark.parametrize(
    "name", ["SUBSCRIBETYPEERR", " subscribeTypeErr ", "subscribe TypeErr", "subscribeTypeErr.", "subscribeTypeErr. \n"]
)
def test_case_blanks_and_trailing_dots_of_a_name_do_not_matter(name):
    assert lookup(4, name).error_code == SUBSCRIBE_TYPE_ERROR


@pytest.mark.requirement("R-114")
def test_the_name_printed_with_a_wrong_letter_is_found_too():
    assert lookup(4, "masterSlavelsEnable").error_code == lookup(4, "masterSlaveIsEnable").error_code == 0x4000802C


@pytest.mark.requirement("R-111")
def test_an_unknown_name_is_no_row_and_no_error():
    assert lookup(4, "someNewReason") is None
    assert lookup(None, "") is None


@pytest.mark.requirement("R-111")
def test_a_known_name_under_another_status_is_still_explained():
    assert lookup(9, "deviceBusy").error_code == 0x20000004


@pytest.mark.requirement("R-115", "R-111")
@pytest.mark.parametrize("code", [1073782806, "1073782806", "0x4000A016", "0x4000a016", " 0X4000a016 ", "4000a016"])
def test_a_code_is_found_as_number_decimal_or_hexadecimal_text(code):
    assert by_code(code).sub_status_code == "subscribeTypeErr"


@pytest.mark.requirement("R-112")
@pytest.mark.parametrize("code", ["0x600000012", "0x60000012", 25769803794, "25769803794", 1610612754])
def test_nine_digit_codes_are_recognised_as_received(code):
    assert by_code(code).sub_status_code == "incorrentUserNameOrPassword"


@pytest.mark.requirement("R-112")
def test_all_nine_digit_codes_of_the_guide_are_the_eight_they_stand_for():
    printed = [row for row in response_codes() if "nine digits" in row.note]
    assert len(printed) == 14
    for row in printed:
        assert by_code(row.note.split("nine digits: ")[1].split(";")[0]) == row


@pytest.mark.requirement("R-111")
@pytest.mark.parametrize("code", [0, -1, 2**70, "", "zz", "0x", "12.5", "١٢", "0x1234567890"])
def test_what_is_no_code_is_none(code):
    assert by_code(code) is None


@pytest.mark.requirement("R-111")
def test_rows_without_a_code_are_found_by_name_alone():
    assert lookup(6, "laneAndRegionOverlap").error_code is None
    assert explain("noFlash") == [row for row in response_codes() if row.sub_status_code == "noFlash"]
    assert len(explain("noFlash")) == 2


@pytest.mark.requirement("R-111")
def test_explain_gives_every_row_a_text_may_mean():
    assert [(row.status_code, row.hex) for row in explain("nomemory")] == [(2, "0x20000001"), (4, "0x4000202a")]
    assert [row.hex for row in explain("IDNotExist")] == ["0x40001001", "0x40001068"]
    assert [row.sub_status_code for row in explain("0x4000a016")] == ["subscribeTypeErr"]
    assert explain("nothing of the kind") == []


@pytest.mark.requirement("R-101", "R-113", "B.18")
@pytest.mark.parametrize(
    ("code", "ok", "reboot"),
    [
        (0, True, False),
        (1, True, False),
        (7, True, True),
        (2, False, False),
        (4, False, False),
        (9, False, False),
        (42, False, False),
    ],
)
def test_zero_one_and_seven_are_success_and_all_else_is_not(code, ok, reboot):
    status = ResponseStatus(code)
    assert (status.ok, status.reboot_required) == (ok, reboot)


@pytest.mark.requirement("R-113")
def test_a_success_with_a_hint_is_a_success_and_says_the_hint():
    status = ResponseStatus(1, sub_status_code="riskPassword")
    assert status.ok
    assert status.code.meaning == "password is weak"


@pytest.mark.requirement("R-110", "R-057")
def test_a_refusal_says_name_code_and_meaning():
    error = status_error(
        ResponseStatus(4, "Invalid Operation", "subscribeTypeErr", 1073782806), request="POST /x", http_status=403
    )
    assert str(error) == "POST /x was refused with subscribeTypeErr (0x4000a016): metadata type cannot be subscribed"
    assert (error.status_code, error.sub_status_code, error.error_code) == (4, "subscribeTypeErr", 1073782806)
    assert error.http_status == 403
    assert error.hint


@pytest.mark.requirement("R-110")
@pytest.mark.parametrize(
    ("status", "words"),
    [
        (ResponseStatus(9, "Additional Error"), "Additional Error"),
        (ResponseStatus(42), "statusCode 42"),
        (ResponseStatus(4, sub_status_code="brandNew", error_msg="some text"), "brandNew: some text"),
        (ResponseStatus(4, error_code=0x40000001), "(0x40000001): function or request not supported"),
    ],
)
def test_unknown_statuses_pass_through_as_errors(status, words):
    assert words in str(status_error(status))


@pytest.mark.requirement("B.5")
def test_name_and_code_that_disagree_are_both_kept_and_the_name_is_believed():
    error = status_error(ResponseStatus(4, sub_status_code="subscribeTypeErr", error_code=0x40000001))
    assert error.meaning == "metadata type cannot be subscribed"
    assert error.error_code == 0x40000001


@given(st.text())
def test_any_text_can_be_explained(text):
    assert isinstance(explain(text), list)


XML_FORM = b"""<?xml version="1.0" encoding="UTF-8"?>
<ResponseStatus version="2.0" xmlns="http://www.std-cgi.org/ver20/XMLSchema">
<requestURL>/ISAPI/Streaming/channels/101/metadata</requestURL><statusCode>4</statusCode>
<statusString>Invalid Operation</statusString><subStatusCode>lowPrivilege</subStatusCode></ResponseStatus>"""


@pytest.mark.requirement("R-101", "B.18")
@pytest.mark.parametrize(
    "payload",
    [
        XML_FORM,
        XML_FORM.replace(b"http://www.std-cgi.org/ver20/XMLSchema", b"http://www.isapi.org/ver20/XMLSchema"),
        XML_FORM.replace(b' xmlns="http://www.std-cgi.org/ver20/XMLSchema"', b""),
    ],
)
def test_the_xml_form_is_read_in_any_namespace(payload):
    assert read_response_status(parse_tree(payload), Notes()) == ResponseStatus(
        4, "Invalid Operation", "lowPrivilege", request_url="/ISAPI/Streaming/channels/101/metadata"
    )


@pytest.mark.requirement("R-088", "R-101", "B.5", "B.18")
def test_codes_that_devices_add_and_fields_they_leave_out():
    root = parse_tree(b"<ResponseStatus><statusCode> 3 </statusCode><errorCode>0x30000001</errorCode></ResponseStatus>")
    assert read_response_status(root, Notes()) == ResponseStatus(3, error_code=805306369)
    assert read_response_status({"statusCode": 1}, Notes()) == ResponseStatus(1)


@pytest.mark.requirement("R-088", "R-115", "B.5")
@pytest.mark.parametrize(
    ("sent", "read", "repairs"),
    [
        (1073741825, 1073741825, []),
        ("1073741825", 1073741825, ["error_code_as_text"]),
        ("0x40000001", 1073741825, ["error_code_as_text"]),
        (25769803794, 1610612754, ["nine_digit_error_code"]),
        ("0x600000012", 1610612754, ["error_code_as_text", "nine_digit_error_code"]),
    ],
)
def test_the_error_code_is_read_in_every_form(sent, read, repairs):
    notes = Notes()
    status = read_response_status({"statusCode": 4, "errorCode": sent}, notes)
    assert (status.error_code, notes.repairs) == (read, repairs)


@pytest.mark.requirement("R-088", "B.5")
@pytest.mark.parametrize("sent", ["many", True, [], 1.5, {}])
def test_an_error_code_that_is_no_number_is_a_warning(sent):
    notes = Notes()
    assert read_response_status({"statusCode": 4, "errorCode": sent}, notes).error_code is None
    assert notes.warnings


@pytest.mark.requirement("R-088", "R-101", "B.5", "B.18")
@pytest.mark.parametrize(
    "source", [{}, {"statusCode": None}, {"statusCode": "four"}, {"statusCode": True}, {"statusCode": []}]
)
def test_a_status_without_a_number_is_a_decode_error(source):
    with pytest.raises(DecodeError):
        read_response_status(source, Notes())
    with pytest.raises(DecodeError):
        read_response_status(parse_tree(b"<ResponseStatus><statusCode>four</statusCode></ResponseStatus>"), Notes())


@pytest.mark.requirement("B.5")
def test_a_status_code_in_quotes_is_read_and_said():
    notes = Notes()
    assert read_response_status({"statusCode": "4"}, notes).status_code == 4
    assert notes.repairs == ["status_code_as_text"]


@pytest.mark.requirement("R-101", "B.18")
def test_the_written_xml_form_has_the_guides_namespace_and_four_fields():
    assert write(response_status_element(refusal(4, "notSupport", "/x"))) == (
        b'<?xml version="1.0" encoding="utf-8"?>\n'
        b'<ResponseStatus version="2.0" xmlns="http://www.std-cgi.org/ver20/XMLSchema"><requestURL>/x</requestURL>'
        b"<statusCode>4</statusCode><statusString>Invalid Operation</statusString>"
        b"<subStatusCode>notSupport</subStatusCode></ResponseStatus>"
    )


@pytest.mark.requirement("R-088", "R-115", "B.5")
def test_the_written_json_form_has_the_decimal_code_where_it_is_required():
    assert response_status_object(refusal(4, "subscribeTypeErr", "/x")) == {
        "requestURL": "/x",
        "statusCode": 4,
        "statusString": "Invalid Operation",
        "subStatusCode": "subscribeTypeErr",
        "errorCode": 1073782806,
        "errorMsg": "subscribeTypeErr",
    }
    assert response_status_object(refusal(1, "ok", "/x")) == {
        "requestURL": "/x",
        "statusCode": 1,
        "statusString": "OK",
        "subStatusCode": "ok",
    }
    without_a_code = response_status_object(refusal(6, "laneAndRegionOverlap"))
    assert "errorCode" not in without_a_code
    assert without_a_code["errorMsg"] == "laneAndRegionOverlap"
