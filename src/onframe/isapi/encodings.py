"""Bytes as sent → UTF-8: byte order mark, declaration, blanks before and NULs behind."""

from __future__ import annotations

import codecs
import re

from onframe.errors import DecodeError
from onframe.isapi import bounds
from onframe.isapi.leniency import Notes

_DECLARATION = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_BLANKS = b" \t\r\n\0"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_STARTS = b"<{[ \t\r\n"
_CODECS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "gb_2312-80": "gb18030",
    "cp936": "gb18030",
    "iso-8859-1": "iso-8859-1",
    "latin1": "iso-8859-1",
    "windows-1252": "cp1252",
}


def to_utf8(payload: bytes, notes: Notes) -> bytes:
    """The same text in UTF-8, without byte order mark, leading blanks and trailing NULs.

    UTF-8 is passed on unchecked: the parsers refuse what is none. Raises DecodeError where the bytes
    are not of the encoding that the document declares, LimitExceeded where transcoding would be too large.
    """
    if payload[:1] in b"<{" and payload[1:2] != b"\0":
        codec = _declared(payload, notes)
        text = payload
    else:
        codec, text = _start(payload, notes)
    if codec != "utf-8":
        text = _transcode(text, codec)
    if text.endswith(b"\0"):
        notes.repair("trailing_nuls")
        text = text.rstrip(b"\0")
    return text


def _start(payload: bytes, notes: Notes) -> tuple[str, bytes]:
    for mark, codec in _MARKS:
        if payload.startswith(mark):
            notes.repair("byte_order_mark")
            return codec, payload[len(mark) :].lstrip(_BLANKS) if codec == "utf-8" else payload[len(mark) :]
    codec = _unmarked_utf16(payload[:4])
    if codec:
        return codec, payload
    text = payload.lstrip(_BLANKS)
    if len(text) < len(payload):
        notes.repair("leading_blanks")
    return _declared(text, notes), text


def _unmarked_utf16(start: bytes) -> str:
    """The byte order that the first two characters of a document give away, or nothing."""
    if len(start) == 4 and start[1] == start[3] == 0 and start[0] in _STARTS:
        return "utf-16-le"
    if len(start) == 4 and start[0] == start[2] == 0 and start[1] in _STARTS:
        return "utf-16-be"
    return ""


def _declared(text: bytes, notes: Notes) -> str:
    if not text.startswith(b"<?xml"):
        return "utf-8"
    found = _DECLARATION.match(text)
    if found is None:
        return "utf-8"
    name = found[1].decode("ascii").lower()
    if name not in _CODECS:
        notes.repair("encoding_declared_wrongly")
    return _CODECS.get(name, "utf-8")


def _transcode(text: bytes, codec: str) -> bytes:
    bounds.check_size(len(text))
    if codec.startswith("utf-16") and len(text) % 2 and text.endswith(b"\0"):
        text = text[:-1]
    try:
        return text.decode(codec).lstrip("\ufeff \t\r\n").encode("utf-8")
    except UnicodeError as error:
        offset = error.start if isinstance(error, UnicodeDecodeError) else 0
        raise DecodeError(
            f"the bytes are not {codec}, which the document declares",
            offset=offset,
            excerpt=bounds.excerpt(text, offset),
        ) from None
