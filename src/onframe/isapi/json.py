"""JSON documents, bounded: what is read, and where one document ends and the next begins."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from onframe.errors import DecodeError
from onframe.isapi import bounds
from onframe.isapi.encodings import to_utf8
from onframe.isapi.leniency import Notes, quote_bare_ip

_MARKS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)
_QUOTE, _COMMA = b'",'
_BARE_IP = re.compile(rb":\s*\d{1,3}\.\d{1,3}\.\d")
_BYTE = re.compile(r"\(byte (\d+)\)")
_BLANKS = b" \t\r\n\0"


def loads(payload: bytes, notes: Notes | None = None, *, lenient_ip: bool = False) -> Any:
    """The plain objects of the one document in ``payload``. Raises DecodeError or LimitExceeded."""
    notes = notes or Notes()
    bounds.check_size(len(payload))
    text = to_utf8(payload, notes)
    value, end = parse_document(text, notes=notes, lenient_ip=lenient_ip)
    if text[end:].strip(_BLANKS):
        raise bounds.unreadable("something follows the document", text, end)
    return value


def parse_document(
    text: bytes, start: int = 0, *, notes: Notes | None = None, lenient_ip: bool = False
) -> tuple[Any, int]:
    """The first document of UTF-8 ``text`` at ``start``, and the offset behind it.

    Raises DecodeError or LimitExceeded.
    """
    quoting = notes if lenient_ip else None
    if start == 0 and _is_small(text):
        try:
            return _decode(text, quoting), len(text)
        except msgspec.DecodeError as error:
            if "trailing characters" not in str(error):
                raise _malformed(error, text, 0) from None
        except UnicodeDecodeError:
            raise _not_utf8(text, 0) from None
    end = _end(text, start)
    try:
        return _decode(text[start:end], quoting), end
    except msgspec.DecodeError as error:
        raise _malformed(error, text, start) from None
    except UnicodeDecodeError:
        raise _not_utf8(text, start) from None


def _is_small(text: bytes) -> bool:
    """Whether no bound can be exceeded, by counts that are quick and never too low."""
    return len(text) <= bounds.MAX_ELEMENTS and text.count(b"{") + text.count(b"[") <= bounds.MAX_DEPTH


def _end(text: bytes, start: int) -> int:
    """Behind the bracket that closes the first one; depth and values are counted on the way."""
    depth = values = strings = 0
    for found in _MARKS.finditer(text, start, start + bounds.MAX_SIZE):
        mark = text[found.start()]
        if mark == _QUOTE:
            strings += 1
            if (
                found.end() - found.start() > bounds.MAX_MARKUP
                and text[found.end() : found.end() + 8].lstrip()[:1] == b":"
            ):
                raise bounds.exceeded("markup", bounds.MAX_MARKUP)
        elif mark in b"}]":
            depth -= 1
            if depth <= 0:
                return found.end()
        else:
            depth += mark != _COMMA
            values += 1
        if depth > bounds.MAX_DEPTH:
            raise bounds.exceeded("depth", bounds.MAX_DEPTH)
        if values > bounds.MAX_ELEMENTS or strings > 2 * bounds.MAX_ELEMENTS:
            raise bounds.exceeded("elements", bounds.MAX_ELEMENTS)
    if len(text) - start > bounds.MAX_SIZE:
        raise bounds.exceeded("size", bounds.MAX_SIZE)
    raise bounds.unreadable("the document ends early", text, len(text))


def _decode(text: bytes, notes: Notes | None) -> Any:
    return msgspec.json.decode(text if notes is None else quote_bare_ip(text, notes))


def _not_utf8(text: bytes, start: int) -> DecodeError:
    """msgspec says where in a string; this says where in the text."""
    offset = start
    try:
        text[start:].decode()
    except UnicodeDecodeError as error:
        offset += error.start
    return bounds.unreadable("the bytes are not UTF-8", text, offset)


def _malformed(error: msgspec.DecodeError, text: bytes, start: int) -> DecodeError:
    found = _BYTE.search(str(error))
    offset = start + int(found[1]) if found else len(text)
    hint = None
    if _BARE_IP.search(text, max(0, offset - 20), offset + 20):
        hint = "an address stands without quotes, as the guide prints it; decode(payload, lenient_ip=True) reads it"
    return bounds.unreadable(_BYTE.sub("", str(error)).strip(), text, offset, hint=hint)
