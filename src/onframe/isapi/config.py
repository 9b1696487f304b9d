"""Which metadata a device sends: capability, configuration, subscription (B.6, B.7, B.8, B.16, B.19)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from onframe.errors import DecodeError
from onframe.isapi.devicecap import NAMESPACE as NAMESPACE
from onframe.isapi.devicecap import DeviceCap as DeviceCap
from onframe.isapi.devicecap import device_cap_element, read_device_cap
from onframe.isapi.leniency import Notes, boolean, supported
from onframe.isapi.metadata import Metadata
from onframe.isapi.xml import Element, build

METADATA_TYPES = (
    "thermometry",
    "fireDetection",
    "shipsDetection",
    "behaviorAnalysis",
    "ANPR",
    "personQueue",
    "faceSnap",
    "radarDetection",
    "personalTrack",
)
"""The nine configuration types of B.7, B.8, B.16 and B.19, in the guide's order."""

MAX_RTSP_URI = 128
"""Longest rtspURI, in characters (B.6)."""
MAX_TYPE = 64
"""Longest type in a subscription, in characters (B.7)."""

_SUB_TYPES = {name: (name,) for name in METADATA_TYPES} | {
    "personQueue": ("personQueueTime", "personQueueCounting", "personQueue"),
    "radarDetection": ("behaviorAnalysis",),
}
_TYPE_OF = {sub.lower(): name for name, subs in _SUB_TYPES.items() if name != "radarDetection" for sub in subs}


class MetadataType(msgspec.Struct):
    """One entry of a configuration (B.16, B.19). ``enable`` None: the element was absent or no boolean."""

    type: str
    enable: bool | None = None


class MetadataCap(msgspec.Struct):
    """What can be configured (B.8). ``size`` is as sent, and means nothing for sure."""

    types: list[str] = []
    size: int | None = None
    formats: list[str] = msgspec.field(default_factory=lambda: ["xml"])
    supports_subscribe_type: bool = False


class MetadataCfg(msgspec.Struct):
    """What is uploaded (B.16). ``upload_data_format`` None means xml."""

    types: list[MetadataType] = []
    upload_data_format: str | None = None


class SingleMetadataCfg(msgspec.Struct):
    """Whether one type is uploaded (B.19)."""

    type: str
    enable: bool | None = None


class SubscribeType(msgspec.Struct):
    """Which types are asked for (B.7). None: the whole channel."""

    type: list[str] | None = None


class RTSPMetadataURI(msgspec.Struct):
    """Where the subscribed metadata is (B.6); opaque text."""

    rtsp_uri: str


def configuration_type(metadata: Metadata) -> str | None:
    """The configuration type a document belongs to; None for those that belong to none (R-061).

    Heat map, people counting and PTZ documents belong to none: they are sent in channel streams only.
    """
    if metadata.is_radar:
        return "radarDetection"
    if metadata.sub_type:
        return _TYPE_OF.get(metadata.sub_type.lower())
    return "personalTrack" if metadata.tracking or metadata.suspects else None


def sub_types_of(metadata_type: str) -> tuple[str, ...]:
    """The subTypes documents of a configuration type carry (R-061); empty for an unknown type.

    Those of radarDetection share behaviorAnalysis with the video's: their ``type`` ends in Radar.
    """
    return _SUB_TYPES.get(metadata_type, ())


def read_metadata_cfg(root: Element, notes: Notes) -> MetadataCap | MetadataCfg:
    """A MetadataCfg document: a capability where it has opt lists or isSupportSubscribeType, else a configuration.

    Raises DecodeError for another root or where MetadataList is missing.
    """
    entries = _entries(root)
    uploads = root.find("uploadDataFormat")
    told = [entry.find("type") for entry in entries] + [uploads]
    if root.find("isSupportSubscribeType") is not None or any(
        one is not None and "opt" in one.attributes for one in told
    ):
        return _capability(root, entries, uploads, notes)
    return MetadataCfg([_metadata_type(entry, notes) for entry in entries], _some(root.findtext("uploadDataFormat")))


def read_single_metadata_cfg(root: Element, notes: Notes) -> SingleMetadataCfg:
    """A SingleMetadataCfg document (B.19). Raises DecodeError for another root or without Metadata."""
    _check_root(root, "SingleMetadataCfg")
    entry = root.find("Metadata")
    if entry is None:
        raise DecodeError("Metadata is missing", path="SingleMetadataCfg")
    one = _metadata_type(entry, notes)
    return SingleMetadataCfg(one.type, one.enable)


def read_subscribe_type(source: Mapping[str, Any], notes: Notes) -> SubscribeType:
    """A subscription request (B.7). Raises DecodeError where ``type`` is not an array of texts."""
    types = source.get("type")
    if types is None:
        return SubscribeType()
    if not isinstance(types, list) or not all(isinstance(one, str) for one in types):
        raise DecodeError("type is not an array of texts", path="type")
    for one in types:
        if len(one) > MAX_TYPE:
            notes.warn(f"a type is longer than {MAX_TYPE} characters")
    return SubscribeType(list(types))


def read_rtsp_uri(source: Mapping[str, Any], notes: Notes) -> RTSPMetadataURI:
    """The answer to a subscription (B.6). Raises DecodeError where rtspURI is missing, empty or no text."""
    uri = source.get("rtspURI")
    if not isinstance(uri, str) or not uri.strip():
        raise DecodeError("rtspURI is missing or no text", path="rtspURI")
    if len(uri) > MAX_RTSP_URI:
        notes.warn(f"rtspURI is longer than {MAX_RTSP_URI} characters")
    return RTSPMetadataURI(uri.strip())


def config_element(value: MetadataCap | MetadataCfg | SingleMetadataCfg | DeviceCap) -> Element:
    """The XML document of a capability or configuration, to be written by `onframe.isapi.xml.write`."""
    if isinstance(value, DeviceCap):
        return device_cap_element(value)
    if isinstance(value, SingleMetadataCfg):
        return _document("SingleMetadataCfg", _entry(value.type, value.enable))
    if isinstance(value, MetadataCfg):
        entries = [_entry(one.type, one.enable) for one in value.types]
        return _document("MetadataCfg", build("MetadataList", *entries), *_upload(value.upload_data_format))
    return _capability_element(value)


def config_object(value: SubscribeType | RTSPMetadataURI) -> dict[str, Any]:
    """The JSON document of a subscription or its answer, as plain objects."""
    if isinstance(value, RTSPMetadataURI):
        return {"rtspURI": value.rtsp_uri}
    return {} if value.type is None else {"type": value.type}


READERS = {
    "DeviceCap": read_device_cap,
    "MetadataCfg": read_metadata_cfg,
    "SingleMetadataCfg": read_single_metadata_cfg,
}
"""The readers of XML documents by the local name of their root."""


def _check_root(root: Element, name: str) -> None:
    if root.name != name:
        raise DecodeError(f"the root is {root.name!r}, not {name}", path=root.name)


def _entries(root: Element) -> list[Element]:
    _check_root(root, "MetadataCfg")
    entries = root.find("MetadataList")
    if entries is None:
        raise DecodeError("MetadataList is missing", path="MetadataCfg")
    return entries.findall("Metadata")


def _capability(root: Element, entries: list[Element], uploads: Element | None, notes: Notes) -> MetadataCap:
    types: dict[str, None] = {}
    for entry in entries:
        types.update(dict.fromkeys(_listed(entry.find("type"))))
    size = root.find("MetadataList").attributes.get("size", "")  # type: ignore[union-attr]
    return MetadataCap(
        list(types),
        int(size) if size.strip().isascii() and size.strip().isdigit() and len(size) < 10 else None,
        _listed(uploads) or ["xml"],
        supported(root.findtext("isSupportSubscribeType"), notes),
    )


def _listed(element: Element | None) -> list[str]:
    """The opt list and the text of one element, blanks and line breaks around the values removed."""
    if element is None:
        return []
    values = [value.strip() for value in element.attributes.get("opt", "").split(",")] + [element.text]
    return list(dict.fromkeys(value for value in values if value))


def _metadata_type(entry: Element, notes: Notes) -> MetadataType:
    text = entry.findtext("enable")
    enable = None if text is None else boolean(text, notes)
    name = entry.findtext("type") or ""
    if not name:
        notes.warn("a Metadata entry has no type")
    if enable is None:
        notes.warn(f"{name or 'a Metadata entry'}: enable is " + ("absent" if text is None else "no boolean"))
    return MetadataType(name, enable)


def _some(text: str | None) -> str | None:
    return text or None


def _document(name: str, *content: Element) -> Element:
    return build(name, *content, namespace=NAMESPACE, version="2.0")


def _entry(name: str, enable: bool | None) -> Element:
    value = [] if enable is None else [build("enable", "true" if enable else "false")]
    return build("Metadata", build("type", name), *value)


def _upload(upload_data_format: str | None) -> list[Element]:
    return [] if upload_data_format is None else [build("uploadDataFormat", upload_data_format)]


def _capability_element(cap: MetadataCap) -> Element:
    entry = build("Metadata", build("type", opt=",".join(cap.types)), build("enable", "true"))
    entries = build("MetadataList", entry, size=str(len(cap.types) if cap.size is None else cap.size))
    uploads = build("uploadDataFormat", opt=",".join(cap.formats))
    subscribe = [build("isSupportSubscribeType", "true")] if cap.supports_subscribe_type else []
    return _document("MetadataCfg", entries, uploads, *subscribe)
