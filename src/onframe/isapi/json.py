"""JSON documents, bounded: what is read, and where one document ends and the next begins."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from onframe.errors import DecodeError, LimitExceeded
from onframe.isapi import bounds
from onframe.isapi.encodings import to_utf8
from onframe.isapi.leniency import Notes, quote_bare_ip

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_NOT_MARKS = bytes(set(range(256)) - set(b"[{,"))
_TRAILING = re.compile(r"trailing characters \(byte (\d+)\)")
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
    rest = text[start:] if start else text
    if len(rest) > bounds.MAX_SIZE:
        rest = rest[: bounds.MAX_SIZE + 1]
    end = len(rest)
    head = rest
    while True:
        check(head)
        try:
            return _decode(head, notes if lenient_ip else None), start + end
        except msgspec.DecodeError as error:
            found = _TRAILING.search(str(error))
            if found is None or end != len(rest):
                raise _malformed(error, text, start, len(rest)) from None
            end = int(found[1])
            head = rest[:end]
        except (RecursionError, UnicodeDecodeError) as error:
            raise _beyond(error, rest) from None


def _decode(text: bytes, notes: Notes | None) -> Any:
    return msgspec.json.decode(text if notes is None else quote_bare_ip(text, notes))


def check(text: bytes) -> None:
    """Raise LimitExceeded where ``text`` is too large, too deep or has too many values."""
    bounds.check_size(len(text))
    if text.count(b"{") + text.count(b"[") > bounds.MAX_DEPTH:
        _check_depth(text)
    if len(text) > bounds.MAX_ELEMENTS and _values(text) > bounds.MAX_ELEMENTS:
        if _values(_STRING.sub(b"", text)) > bounds.MAX_ELEMENTS:
            raise bounds.exceeded("elements", bounds.MAX_ELEMENTS)


def _values(text: bytes) -> int:
    return len(text.translate(None, _NOT_MARKS))


def _check_depth(text: bytes) -> None:
    brackets = _STRING.sub(b"", text).translate(None, _NOT_BRACKETS)
    depth = 0
    for piece in re.findall(rb"[\[{]+|[\]}]+", brackets):
        depth += len(piece) if piece[:1] in b"[{" else -len(piece)
        if depth > bounds.MAX_DEPTH:
            raise bounds.exceeded("depth", bounds.MAX_DEPTH)


def _beyond(error: Exception, text: bytes) -> DecodeError | LimitExceeded:
    if isinstance(error, RecursionError):
        return bounds.exceeded("depth", bounds.MAX_DEPTH)
    return bounds.unreadable("the bytes are not UTF-8", text, getattr(error, "start", 0))


def _malformed(error: msgspec.DecodeError, text: bytes, start: int, size: int) -> DecodeError | LimitExceeded:
    if size > bounds.MAX_SIZE:
        return bounds.exceeded("size", bounds.MAX_SIZE)
    found = _BYTE.search(str(error))
    offset = start + int(found[1]) if found else None
    message = _BYTE.sub("", str(error)).strip()
    hint = None
    if re.match(rb"\s*\d{1,3}(\.\d{1,3}){2,3}\s*[,}]", text[max(0, (offset or 0) - 8) :][:30].lstrip(b'": ipAdres')):
        hint = "an address stands without quotes, as the guide prints it; decode(payload, lenient_ip=True) reads it"
    return DecodeError(message, offset=offset, excerpt=bounds.excerpt(text, offset or start), hint=hint)
