"""Documents: bytes ⇄ typed objects, of every kind the guide has, in XML or JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeAlias

import msgspec

from onframe.errors import DecodeError, LimitExceeded, OnframeError, UnsupportedError
from onframe.isapi import bounds, json, metadata_emit, metadata_json, metadata_typed, metadata_usual, metadata_xml, xml
from onframe.isapi.checks import check
from onframe.isapi.config import (
    DeviceCap,
    MetadataCap,
    MetadataCfg,
    RTSPMetadataURI,
    SingleMetadataCfg,
    SubscribeType,
    config_element,
    config_object,
    read_metadata_cfg,
    read_rtsp_uri,
    read_single_metadata_cfg,
    read_subscribe_type,
)
from onframe.isapi.devicecap import read_device_cap
from onframe.isapi.encodings import to_utf8
from onframe.isapi.facts import facts as facts
from onframe.isapi.leniency import Notes, same_root
from onframe.isapi.metadata import Metadata
from onframe.isapi.status import (
    ResponseStatus,
    read_response_status,
    response_status_element,
    response_status_object,
)

Kind: TypeAlias = Literal["metadata", "response_status", "rtsp_uri", "subscribe", "capability", "devicecap", "config"]
Format: TypeAlias = Literal["xml", "json"]


class Document(msgspec.Struct):
    """One decoded document. ``repairs`` names the leniencies applied, ``raw`` holds the bytes it was read from."""

    kind: Kind
    format: Format
    value: Any
    repairs: list[str] = []
    warnings: list[str] = []
    raw: bytes = b""


def decode(payload: bytes, *, kind: Kind | None = None, lenient_ip: bool = False) -> Document:
    """The one document in ``payload``.

    ``kind`` says what it must be, where the caller knows; ``lenient_ip`` reads JSON with a bare IPv4 address,
    as the guide prints it. Raises DecodeError or LimitExceeded.
    """
    notes = Notes()
    document = _usual(payload, notes)
    if document is None:
        document = _only(payload, notes, lenient_ip)
    if kind is not None and document.kind != kind:
        raise DecodeError(f"the document is of kind {document.kind}, not {kind}")
    return document


def _usual(payload: bytes, notes: Notes) -> Document | None:
    """The document of a payload that is one whole metadata document of a usual shape, in UTF-8; else None."""
    first = payload[:1]
    if first == b"{":
        metadata = metadata_typed.read(payload, notes)
        if metadata is not None:  # checked by its types
            return Document("metadata", "json", metadata, notes.repairs, notes.warnings, payload)
    elif first == b"<":
        metadata = metadata_usual.read(payload, notes)
        if metadata is not None:
            check(metadata, notes)
            return Document("metadata", "xml", metadata, notes.repairs, notes.warnings, payload)
    return None


def _only(payload: bytes, notes: Notes, lenient_ip: bool) -> Document:
    """The one document of a payload that is none of `_usual` as it came."""
    bounds.check_size(len(payload))
    text = to_utf8(payload, notes)
    document = None if text is payload else _usual(text, notes)
    if document is None:
        document, end = _document(text, 0, notes, lenient_ip)
        if end < len(text) and text[end:].strip(_BLANKS):
            raise bounds.unreadable("something follows the document; decode_all reads several", text, end)
    document.raw = payload
    return document


def decode_all(payload: bytes, *, lenient_ip: bool = False) -> Iterator[Document | DecodeError | LimitExceeded]:
    """Every document in ``payload``, in order; one that cannot be read is its error, and the next is still read."""
    notes = Notes()
    whole = _usual(payload, notes)
    return _several(payload, notes, lenient_ip) if whole is None else iter((whole,))


def _several(payload: bytes, notes: Notes, lenient_ip: bool) -> Iterator[Document | DecodeError | LimitExceeded]:
    """The documents of a payload that is none of `_usual` as it came."""
    try:
        text = to_utf8(payload, notes)
    except (DecodeError, LimitExceeded) as error:
        yield error
        return
    position, refused, count = _skip(text, 0), 0, 0
    while position < len(text) or not payload:
        count += 1
        if count > bounds.MAX_DOCUMENTS:
            yield bounds.exceeded("documents", bounds.MAX_DOCUMENTS)
            return
        try:
            usual = None if position or text is payload else _usual(text, notes)
            document, end = _document(text, position, notes, lenient_ip) if usual is None else (usual, len(text))
        except (DecodeError, LimitExceeded) as error:
            error.format = "json" if text[position : position + 1] == b"{" else "xml"
            yield error
            refused += 1
            if not payload or refused == _MOST_REFUSED:
                return
            end = _next_start(text, position + 1)
        else:
            document.raw = payload if position == 0 and _skip(text, end) == len(text) else text[position:end]
            yield document
        position = _skip(text, end)
        notes = Notes()


_BLANKS = b" \t\r\n\0"
_GAP = re.compile(rb"(?:[ \t\r\n\0]|\xef\xbb\xbf)*")
_ROOT_START = rb'(?:<[A-Za-z]+\s[^<>]{0,200}xmlns\s*=|\{\s*"(?:Meta[Dd]ata|statusCode|rtspURI)")'
_START = re.compile(rb"<\?xml\s|\n" + _ROOT_START + rb"|\0" + _ROOT_START)
_MOST_REFUSED = 64
"""Documents of one payload that may be unreadable before the rest of it is given up."""


def _skip(text: bytes, position: int) -> int:
    """Past blanks, NULs and byte order marks between documents."""
    found = _GAP.match(text, position)
    return found.end() if found else position


def _next_start(text: bytes, position: int) -> int:
    """Where the next document starts after one that could not be read: at a declaration, or a root on its own line."""
    found = _START.search(text, position)
    return found.start() if found else len(text)


def _document(text: bytes, start: int, notes: Notes, lenient_ip: bool) -> tuple[Document, int]:
    first = text[start : start + 1]
    if first == b"<":
        return _xml_document(text, start, notes)
    if first == b"{":
        return _json_document(text, start, notes, lenient_ip)
    what = "the payload is empty" if not text[start:] else "the document starts neither with < nor with {"
    raise bounds.unreadable(what, text, start, hint="check that the track is isapi.metadata and its packets are joined")


# XML


def _xml_document(text: bytes, start: int, notes: Notes) -> tuple[Document, int]:
    root, end = xml.parse_document(text, start, notes)
    kind, value = _read_root(root, notes)
    return Document(kind, "xml", value, notes.repairs, notes.warnings), end


def _read_root(root: xml.Element, notes: Notes) -> tuple[Kind, Any]:
    if same_root(root.name, "Metadata", notes):
        metadata = metadata_xml.read_metadata(root, notes)
        check(metadata, notes)
        return "metadata", metadata
    reader = _ROOTS.get(root.name)
    if reader is None:
        raise DecodeError(
            f"{root.name[:60]!r} is no root of the guide's documents",
            path=root.name[:60],
            hint="an ONVIF MetadataStream or an event of another interface is not read here",
        )
    value = reader(root, notes)
    return _KINDS[type(value)], value


_ROOTS: dict[str, Callable[[xml.Element, Notes], Any]] = {
    "MetadataCfg": read_metadata_cfg,
    "SingleMetadataCfg": read_single_metadata_cfg,
    "DeviceCap": read_device_cap,
    "ResponseStatus": read_response_status,
}

_KINDS: dict[type[Any], Kind] = {
    Metadata: "metadata",
    MetadataCap: "capability",
    MetadataCfg: "config",
    SingleMetadataCfg: "config",
    DeviceCap: "devicecap",
    ResponseStatus: "response_status",
    RTSPMetadataURI: "rtsp_uri",
    SubscribeType: "subscribe",
}


# JSON


def _json_document(text: bytes, start: int, notes: Notes, lenient_ip: bool) -> tuple[Document, int]:
    source, end = json.parse_document(text, start, notes=notes, lenient_ip=lenient_ip)
    kind, value = _read_object(source, notes)
    return Document(kind, "json", value, notes.repairs, notes.warnings), end


def _read_object(source: dict[str, Any], notes: Notes) -> tuple[Kind, Any]:
    if metadata_json.root_name(source) is not None:
        metadata = metadata_json.read_metadata(source, notes)
        check(metadata, notes)
        return "metadata", metadata
    inner = _unwrapped(source)
    if "rtspURI" in inner:
        return "rtsp_uri", read_rtsp_uri(inner, notes)
    if "statusCode" in inner or "subStatusCode" in inner or "errorCode" in inner:
        return "response_status", read_response_status(inner, notes)
    if "type" in inner or not inner:
        return "subscribe", read_subscribe_type(inner, notes)
    names = ", ".join(list(source)[:5])
    raise DecodeError(f"none of the guide's JSON documents has these members: {names[:80]}")


def _unwrapped(source: dict[str, Any]) -> dict[str, Any]:
    """What stands under the document's own name, where a device wraps it."""
    if len(source) == 1:
        name, value = next(iter(source.items()))
        if name in ("ResponseStatus", "RTSPMetadataURI", "SubscribeType") and isinstance(value, dict):
            return value
    return source


# Writing


def encode(value: Any, format: Format, **switches: Any) -> bytes:
    """The document of ``value``: Metadata and everything of `onframe.isapi.config` and `onframe.isapi.status`.

    The switches are those of `onframe.isapi.metadata_emit.Switches`, for Metadata alone. Raises UnsupportedError
    where the guide does not have the document in ``format`` (R-118).
    """
    if isinstance(value, Metadata):
        return metadata_emit.emit(value, format, metadata_emit.Switches(**switches))
    if format == "xml":
        return xml.write(_element(value))
    return msgspec.json.encode(_object(value))


def _element(value: Any) -> xml.Element:
    if isinstance(value, ResponseStatus):
        return response_status_element(value)
    if isinstance(value, MetadataCap | MetadataCfg | SingleMetadataCfg | DeviceCap):
        return config_element(value)
    raise UnsupportedError(f"the guide has no {type(value).__name__} in XML")


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, ResponseStatus):
        return response_status_object(value)
    if isinstance(value, SubscribeType | RTSPMetadataURI):
        return config_object(value)
    raise UnsupportedError(f"the guide has no {type(value).__name__} in JSON")


# What `onframe decode` prints


def document_json(document: Document) -> bytes:
    """One line of JSON: kind, format, facts, repairs, warnings; without the line's end."""
    return msgspec.json.encode(
        {
            "kind": document.kind,
            "format": document.format,
            "facts": facts(document.value),
            "repairs": document.repairs,
            "warnings": document.warnings,
        }
    )


def error_json(error: OnframeError) -> bytes:
    """The line of JSON for a document that could not be read; without the line's end."""
    return msgspec.json.encode(
        {
            "kind": "error",
            "format": getattr(error, "format", None),
            "error": {
                "type": type(error).__name__,
                "message": error.message,
                "path": getattr(error, "path", None),
                "offset": getattr(error, "offset", None),
                "excerpt": getattr(error, "excerpt", None),
            },
        }
    )
