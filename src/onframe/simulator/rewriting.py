"""The one place where quirks change what documents look like: the guide's way goes in, a device's comes out.

Documents are written as the guide has them and then rewritten as trees, so nothing else of the simulator knows
these quirks. Without a quirk a document passes as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from onframe.isapi import xml
from onframe.isapi.document import encode
from onframe.isapi.metadata import DevInfo, Metadata, Time
from onframe.isapi.xml import Element, build
from onframe.simulator.quirks import Quirks
from onframe.simulator.scenes.scene import Format

NAMESPACES: Final[dict[str, str | None]] = {
    "isapi": "http://www.isapi.org/ver20/XMLSchema",
    "hikvision": "http://www.hikvision.com/ver20/XMLSchema",
    "std-cgi": "http://www.std-cgi.org/ver20/XMLSchema",
    "none": None,
}
_BOOLEANS = {"one_zero": {"true": "1", "false": "0"}, "capital": {"true": "True", "false": "False"}}
_BARE_IP = re.compile(rb'("ipAddress":)"([0-9.]+)"')
_DIGITS = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?")
_TEXTS = frozenset({"objId", "data", "dataType", "feaData", "time", "ipAddress", "macAddress", "domainName"})
"""Members that are texts even where they look like numbers."""


# Metadata


def metadata_encoder(quirks: Quirks) -> Callable[[Metadata, Format], bytes]:
    """Writes documents as a device with these quirks does."""
    steps = _xml_steps(quirks)
    switches: dict[str, Any] = {"version": None, "namespace": NAMESPACES[quirks.ns], "time_as_given": True}

    def write(metadata: Metadata, form: Format) -> bytes:
        stamped = _stamped(metadata, form, quirks)
        body = encode(stamped, form, **switches)
        if form == "json":
            return rewrite_json(body, quirks)
        if not steps:
            return body
        root = xml.parse_tree(body)
        for step in steps:
            step(root)
        return xml.write(root)

    return write


def _stamped(metadata: Metadata, form: Format, quirks: Quirks) -> Metadata:
    return msgspec.structs.replace(
        metadata,
        time=None if metadata.time is None else _time(metadata.time, quirks.tz),
        device=None if metadata.device is None else _device(metadata.device, quirks.devinfo),
        version=quirks.meta_version if form == "xml" else None,
    )


def _time(time: Time, form: str) -> Time:
    """``iso`` is local time with ±hh:mm; Z is the same instant at Greenwich."""
    iso = time.iso or time.raw
    if form == "+0800":
        return Time(iso[:-3] + iso[-2:], iso, time.epoch_ms)
    if form == "none":
        return Time(iso[:-6], iso, time.epoch_ms)
    if form == "Z" and time.epoch_ms is not None:
        return Time(_greenwich(time.epoch_ms), iso, time.epoch_ms)
    return Time(iso, iso, time.epoch_ms)


def _greenwich(epoch_ms: int) -> str:
    from datetime import UTC, datetime, timedelta

    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=epoch_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _device(device: DevInfo, form: str) -> DevInfo | None:
    if form == "absent":
        return None
    if form == "bogus_mac":  # the firmware printed the address's own letters, as in the guide's capture
        letters = (device.ip_address or "").ljust(6)[:6].encode("ascii", "replace")
        return msgspec.structs.replace(device, mac_address=letters.hex(":"), domain_name="")
    return msgspec.structs.replace(device, domain_name="") if form == "empty_domain" else device


# XML of documents: the places and the form of properties


def _xml_steps(quirks: Quirks) -> list[Callable[[Element], None]]:
    steps: list[Callable[[Element], None]] = []
    if quirks.property_list == "detection":
        steps.append(_properties_in_detection)
    if quirks.property_list == "root":
        steps.append(_properties_in_root)
    if quirks.property_pairs == "two_in_one":
        steps.append(_two_pairs_in_one)
    return steps


def _take_properties(root: Element) -> tuple[Element, Element] | None:
    """(TargetDetection, PropertyList) of a sole target: of several nobody could tell whose properties they were."""
    detection = root.find("TargetDetection")
    targets = detection.find("TargetList") if detection is not None else None
    if detection is None or targets is None or len(targets.children) != 1:
        return None
    target = targets.children[0]
    listed = target.find("PropertyList")
    if listed is None:
        return None
    target.children.remove(listed)
    return detection, listed


def _properties_in_detection(root: Element) -> None:
    if (found := _take_properties(root)) is not None:
        detection, listed = found
        detection.children.append(listed)


def _properties_in_root(root: Element) -> None:
    if (found := _take_properties(root)) is not None:
        root.children.append(found[1])


def _two_pairs_in_one(element: Element) -> None:
    for child in element.children:
        _two_pairs_in_one(child)
    if element.name == "PropertyList":
        pairs = element.children
        element.children = [
            build("Property", *(part for one in pairs[n : n + 2] for part in one.children))
            for n in range(0, len(pairs), 2)
        ]


# JSON of documents


def rewrite_json(body: bytes, quirks: Quirks) -> bytes:
    """A JSON document of the guide with this device's spellings, places and numbers."""
    document: dict[str, Any] = msgspec.json.decode(body)
    name = next(iter(document))
    inside: dict[str, Any] = document[name]
    _place_situation(document, inside, quirks.json_situation)
    if "PcitureList" in inside and quirks.json_pictures != "PcitureList":
        inside[quirks.json_pictures] = inside.pop("PcitureList")
    if quirks.json_root != "guide":
        document = {quirks.json_root if key == name else key: value for key, value in document.items()}
    if quirks.json_numbers != "guide":
        convert = _as_text if quirks.json_numbers == "texts" else _as_number
        document = {key: _each(value, key, convert) for key, value in document.items()}
    body = msgspec.json.encode(document)
    return _BARE_IP.sub(rb"\1\2", body) if quirks.json_ip == "unquoted" else body


def _place_situation(document: dict[str, Any], inside: dict[str, Any], place: str) -> None:
    if place == "inside" and "Situation" in document:
        inside["Situation"] = document.pop("Situation")
    elif place == "beside" and "Situation" in inside:
        document["Situation"] = inside.pop("Situation")


def _each(value: Any, name: str, convert: Callable[[Any, str], Any]) -> Any:
    if isinstance(value, dict):
        return {key: _each(one, key, convert) for key, one in value.items()}
    if isinstance(value, list):
        return [_each(one, name, convert) for one in value]
    return convert(value, name)


def _as_text(value: Any, name: str) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _as_number(value: Any, name: str) -> Any:
    if not isinstance(value, str) or name in _TEXTS or not _DIGITS.fullmatch(value):
        return value
    return float(value) if "." in value else int(value)


# What HTTP answers


def answer_xml(body: bytes, quirks: Quirks) -> bytes:
    """A document that HTTP answers with, in this device's namespace and booleans; a ResponseStatus in its own."""
    root = xml.parse_tree(body)
    status = root.name == "ResponseStatus"
    namespace = NAMESPACES[quirks.status_ns if status else quirks.ns]
    _renamed(root, namespace)
    if status:
        _status_xml(root, quirks)
    elif quirks.bool_text in _BOOLEANS:
        _booleans(root, _BOOLEANS[quirks.bool_text])
    return xml.write(root)


def answer_json(body: bytes, quirks: Quirks) -> bytes:
    """A ResponseStatus in JSON, as this device writes it; any other document passes."""
    document: dict[str, Any] = msgspec.json.decode(body)
    if "statusCode" not in document:
        return body
    if quirks.no_request_url:
        document.pop("requestURL", None)
    if document["statusCode"] in (0, 1):
        document["statusCode"] = int(quirks.status_code)
    code = document.pop("errorCode", None)
    if code is not None and quirks.error_code != "absent":
        document["errorCode"] = {"hex": f"{code:#x}", "text": str(code)}.get(quirks.error_code, code)
    return msgspec.json.encode(document)


def _renamed(element: Element, namespace: str | None) -> None:
    element.namespace = namespace
    for child in element.children:
        _renamed(child, namespace)


def _status_xml(root: Element, quirks: Quirks) -> None:
    if quirks.no_request_url:
        root.children = [child for child in root.children if child.name != "requestURL"]
    code = root.find("statusCode")
    if code is not None and code.text in ("0", "1"):
        code.text = quirks.status_code


def _booleans(element: Element, texts: dict[str, str]) -> None:
    for child in element.children:
        _booleans(child, texts)
    element.text = texts.get(element.text, element.text)


# Bodies of a 401


def refusal_body(quirks: Quirks, response_status: bytes, lock: dict[str, str]) -> tuple[bytes, str]:
    """(body, media type) of a 401 with the fields about the lock, where there are any."""
    if quirks.error_body == "html":
        return b"<html><head><title>Unauthorized</title></head><body>Authorization required.</body></html>", "text/html"
    if quirks.error_body == "empty":
        return b"", "text/html"
    if quirks.error_body == "user_check":
        fields = {"statusValue": "401", "statusString": "Unauthorized", **lock}
        root = build("userCheck", *(build(name, text) for name, text in fields.items()))
        return xml.write(root), "application/xml"
    if not lock:
        return response_status, "application/xml"
    root = xml.parse_tree(response_status)
    words = {"retryLoginTime": "retryTimes", "unlockTime": "resLockTime"}
    root.children += [build(words.get(name, name), text) for name, text in lock.items()]
    return xml.write(root), "application/xml"
