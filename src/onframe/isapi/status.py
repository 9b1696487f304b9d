"""Answers that are no data: ResponseStatus in both forms (B.5, B.18), and the codes of Appendix C.

The table lies beside this file (``response_codes.csv``). Its key is (status, name): one name can
stand under two statuses, and a name can stand twice under one.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from onframe.errors import DecodeError, StatusError
from onframe.isapi.leniency import Notes
from onframe.isapi.xml import Element, build

NAMESPACE = "http://www.std-cgi.org/ver20/XMLSchema"
"""The namespace of B.18, unlike that of all other messages."""

SUBSCRIBE_TYPE_ERROR = 0x4000A016
"""errorCode of subscribeTypeErr: 1073782806."""

STATUS_STRINGS = {
    0: "OK",
    1: "OK",
    2: "Device Busy",
    3: "Device Error",
    4: "Invalid Operation",
    5: "Invalid XML Format",
    6: "Invalid XML Content",
    7: "Reboot Required",
    9: "Additional Error",
}
"""statusString of each statusCode (B.18). 9 stands in no table of Appendix C."""

_ALSO_PRINTED = {"masterslavelsenable": "masterslaveisenable"}
_NINE_DIGITS = range(0x1_0000_0000, 0x10_0000_0000)
_HEX = re.compile(r"(?:0x)?[0-9a-f]{1,16}", re.IGNORECASE)
_DECIMAL = re.compile(r"[0-9]{1,20}")


class ResponseCode(msgspec.Struct, frozen=True):
    """One row of Appendix C. ``error_code`` is None for the nine rows without one; ``meaning`` is our wording."""

    status_code: int
    sub_status_code: str
    error_code: int | None
    meaning: str
    note: str = ""

    @property
    def hex(self) -> str | None:
        """The code as the guide writes it, in lower case: ``0x4000a016``."""
        return None if self.error_code is None else f"{self.error_code:#x}"


class ResponseStatus(msgspec.Struct):
    """The device's verdict on a request (B.5, B.18). ``error_code`` and ``error_msg`` are those that were sent."""

    status_code: int
    status_string: str | None = None
    sub_status_code: str | None = None
    error_code: int | None = None
    error_msg: str | None = None
    request_url: str | None = None

    @property
    def ok(self) -> bool:
        """True for statusCode 0 and 1, and for 7: accepted, restart needed."""
        return self.status_code in (0, 1, 7)

    @property
    def reboot_required(self) -> bool:
        """True where the setting takes effect after a restart only (statusCode 7)."""
        return self.status_code == 7

    @property
    def code(self) -> ResponseCode | None:
        """The row of Appendix C: by name first, by errorCode where the name says nothing."""
        found = lookup(self.status_code, self.sub_status_code or "")
        if found is None and self.error_code is not None:
            found = by_code(self.error_code)
        return found


@cache
def response_codes() -> tuple[ResponseCode, ...]:
    """All rows of Appendix C in the guide's order."""
    table = (files("onframe.isapi") / "response_codes.csv").read_text(encoding="utf-8")
    return tuple(_row(fields) for fields in csv.DictReader(table.splitlines()))


def lookup(status: int | None, name: str) -> ResponseCode | None:
    """The row of this name under this status, else the first of this name; None where there is none.

    Case, blanks and trailing dots of the name are ignored.
    """
    rows = _by_name().get(_plain(name), ())
    return next((row for row in rows if row.status_code == status), rows[0] if rows else None)


def by_code(code: int | str) -> ResponseCode | None:
    """The row with this errorCode, given as a number or as decimal or hexadecimal text.

    Codes that the guide prints with nine digits (0x600000012) are taken as the eight they stand for.
    """
    number = parse_code(code)
    return None if number is None else _by_number().get(number)


def parse_code(code: int | str) -> int | None:
    """The number in a code's decimal or hexadecimal text, nine digits repaired; None for other text."""
    if isinstance(code, str):
        return next(_numbers(code.strip()), None)
    return repair_code(code)


def repair_code(number: int) -> int:
    """0x600000012 → 0x60000012 (R-112); every other number is returned as it is."""
    if number in _NINE_DIGITS and number & 0xF000_0000 == 0:
        return (number >> 32) << 28 | number & 0x0FFF_FFFF
    return number


def explain(text: str) -> list[ResponseCode]:
    """All rows that a code (decimal, hexadecimal) or a name may mean, in the guide's order."""
    found = [row for number in _numbers(text.strip()) if (row := _by_number().get(number))]
    return found or list(_by_name().get(_plain(text), ()))


def status_error(status: ResponseStatus, *, request: str | None = None, http_status: int | None = None) -> StatusError:
    """The exception for an answer that is not ok: names the code, its meaning and the request."""
    row = status.code
    meaning = row.meaning if row else status.error_msg
    code = status.error_code if status.error_code is not None else (row.error_code if row else None)
    text = _name(status, code)
    if meaning:
        text += f": {meaning}"
    return StatusError(
        f"{request or status.request_url or 'the request'} was refused with {text}",
        status_code=status.status_code,
        sub_status_code=status.sub_status_code,
        error_code=code,
        meaning=meaning,
        request=request or status.request_url,
        http_status=http_status,
        hint=_HINTS.get(_plain(status.sub_status_code or "")),
    )


def read_response_status(source: Element | Mapping[str, Any], notes: Notes) -> ResponseStatus:
    """A ResponseStatus in either form (B.5, B.18), in any namespace. Raises DecodeError without a statusCode."""
    get = source.findtext if isinstance(source, Element) else source.get
    status_code = _integer(get("statusCode"))
    if status_code is None:
        raise DecodeError("statusCode is missing or no number", path="ResponseStatus.statusCode")
    if not isinstance(source, Element) and isinstance(source["statusCode"], str):
        notes.repair("status_code_as_text")
    sent = get("errorCode")
    status = ResponseStatus(
        status_code,
        _text(get("statusString")),
        _text(get("subStatusCode")),
        _error_code(sent, notes, in_json=not isinstance(source, Element)),
        _text(get("errorMsg")),
        _text(get("requestURL")),
    )
    if sent not in (None, "") and status.error_code is None:
        notes.warn(f"errorCode is no number: {str(sent)[:40]!r}")
    return status


def response_status_element(status: ResponseStatus) -> Element:
    """B.18, with the four fields it has."""
    return build(
        "ResponseStatus",
        build("requestURL", status.request_url or ""),
        build("statusCode", status.status_code),
        build("statusString", _status_string(status)),
        build("subStatusCode", status.sub_status_code or ""),
        namespace=NAMESPACE,
        version="2.0",
    )


def response_status_object(status: ResponseStatus) -> dict[str, Any]:
    """B.5: errorCode and errorMsg are sent where statusCode is not OK; a name without a code has none."""
    result: dict[str, Any] = {
        "requestURL": status.request_url or "",
        "statusCode": status.status_code,
        "statusString": _status_string(status),
        "subStatusCode": status.sub_status_code or "",
    }
    if status.status_code in (0, 1):
        return result
    row = status.code
    code = status.error_code if status.error_code is not None else (row.error_code if row else None)
    if code is not None:
        result["errorCode"] = code
    return result | {"errorMsg": status.error_msg or status.sub_status_code or _status_string(status)}


def refusal(status_code: int, sub_status_code: str, request_url: str = "") -> ResponseStatus:
    """What a device answers: statusString, errorCode and errorMsg are filled in from the tables."""
    row = lookup(status_code, sub_status_code)
    return ResponseStatus(
        status_code,
        STATUS_STRINGS.get(status_code),
        sub_status_code,
        row.error_code if row else None,
        sub_status_code,
        request_url,
    )


_HINTS = {
    "subscribetypeerr": "ask for types that the metadata capability lists, or watch the whole channel stream",
    "notactivated": "activate the device: set its first password with the maker's tool or its web page",
    "lowprivilege": "use a user with the right to view and configure this channel",
    "invalidid": "the device has no such channel; list them with Camera.channels()",
    "devicebusy": "try again later, or close other clients of the device",
}


def _name(status: ResponseStatus, code: int | None) -> str:
    name = status.sub_status_code or status.status_string or f"statusCode {status.status_code}"
    return name if code is None else f"{name} ({code:#x})"


def _status_string(status: ResponseStatus) -> str:
    return status.status_string or STATUS_STRINGS.get(status.status_code, "")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and _DECIMAL.fullmatch(value.strip()):
        return int(value)
    return value if isinstance(value, int) else None


def _error_code(value: Any, notes: Notes, *, in_json: bool) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    if isinstance(value, str) and in_json and value:
        notes.repair("error_code_as_text")
    code = parse_code(value)
    sent = _integer(value)
    if code is not None and (code != sent if sent is not None else len(str(value).strip()) > 10):
        notes.repair("nine_digit_error_code")
    return code


def _row(fields: dict[str, str]) -> ResponseCode:
    code = fields["error_code"]
    return ResponseCode(
        int(fields["status_code"]),
        fields["sub_status_code"],
        int(code, 16) if code else None,
        fields["meaning"],
        fields["note"],
    )


def _plain(name: str) -> str:
    plain = "".join(name.split()).rstrip(".").casefold()
    return _ALSO_PRINTED.get(plain, plain)


def _numbers(text: str) -> Iterator[int]:
    if _DECIMAL.fullmatch(text):
        yield repair_code(int(text))
    if _HEX.fullmatch(text):
        yield repair_code(int(text, 16))


@cache
def _by_name() -> dict[str, list[ResponseCode]]:
    table: dict[str, list[ResponseCode]] = {}
    for row in response_codes():
        table.setdefault(_plain(row.sub_status_code), []).append(row)
    return table


@cache
def _by_number() -> dict[int, ResponseCode]:
    return {row.error_code: row for row in response_codes() if row.error_code is not None}
