"""The fast way for XML metadata (B.10-B.15, B.17, B.20): documents of the usual shape.

expat checks that the document is well-formed; then it is cut at the tags that are expected, in the guide's order.
Anything else (another element or attribute, text between elements, references, comments, CDATA, a repair that is
needed) makes ``read`` return None, and `onframe.isapi.metadata_xml` reads the document: both give the same Metadata.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pyexpat import ExpatError, ParserCreate

from onframe.isapi import bounds
from onframe.isapi.leniency import Notes, is_misspelt
from onframe.isapi.metadata import DevInfo, Metadata, Property, PTZInfo, Region, Target
from onframe.isapi.values import identifier, integer, number, read_time

_HEAD = re.compile(
    r'(?:<\?xml[^<>]*\?>)?<Metadata((?: [\w:]+="[^"<>&]*"){0,4})><type>([^<>]+)</type>'
    r"(?:<subType>([^<>]*)</subType>)?<time>([^<>]+)</time>(?:<DevInfo>(.*?)</DevInfo>)?"
)
_ATTRIBUTE = re.compile(r' ([\w:]+)="([^"]*)"')
_DEV_INFO = re.compile(
    r"(?:<ipAddress>([^<>]*)</ipAddress>)?(?:<ipv6Address>([^<>]*)</ipv6Address>)?(?:<portNo>(\d{1,9})</portNo>)?"
    r"(?:<macAddress>([^<>]*)</macAddress>)?(?:<channel>(\d{1,9})</channel>)?(?:<domainName>([^<>]*)</domainName>)?"
    r"(?:<radarChannel>(\d{1,9})</radarChannel>)?"
)
_TARGET = re.compile(
    r"(?:<targetID>([^<>]*)</targetID>)?(?:<recognition>([^<>]*)</recognition>)?(?:<ruleID>([^<>]*)</ruleID>)?"
    r"(?:<recognition>([^<>]*)</recognition>)?"
    r"(?:<speed>([^<>]+)</speed><angle>([^<>]+)</angle><distance>([^<>]+)</distance>)?"
)
_PTZ = re.compile(
    r"<elevation>([^<>]+)</elevation><azimuth>([^<>]+)</azimuth>(?:<zoom>([^<>]+)</zoom>)?"
    r"(?:<focus>([^<>]+)</focus>)?(?:<presetNo>([^<>]+)</presetNo>)?"
)
_TARGET_LIST = ("<TargetDetection><TargetList>", "</TargetList></TargetDetection></Metadata>")
_ACTIVITY_LIST = ("<ActivityTargetList>", "</ActivityTargetList></Metadata>")
_REGIONS = ("<RegionList><Region><Point><x>", "</y></Point></Region></RegionList>")
_PROPERTIES = ("<PropertyList><Property><description>", "</value></Property></PropertyList>")


class _Unusual(Exception):
    """The document is for the general reader."""


def read(text: bytes, notes: Notes) -> Metadata | None:
    """The Metadata of a whole document in UTF-8, or None where the general reader has to read it."""
    if len(text) > bounds.MAX_MARKUP or b"<!" in text or b"&" in text or b"\0" in text:
        return None
    seen = notes.marks()
    try:
        metadata = _metadata(_compact(text.decode("utf-8")), notes)
        ParserCreate("utf-8").Parse(text, True)
    except (_Unusual, ValueError, ExpatError):
        notes.reset(seen)
        return None
    return metadata


def _compact(text: str) -> str:
    """The document without blanks between elements, where each line is one or several whole tags."""
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if text.count("\n") != text.count(">\n"):
        raise _Unusual
    lines = text.split("\n")
    compact = "".join(map(str.strip, lines) if text.isascii() else (line.strip(" \t") for line in lines))
    if "> " in compact or " <" in compact or "\t" in compact or "\r" in compact:
        raise _Unusual
    return compact


def _metadata(text: str, notes: Notes) -> Metadata:
    head = _HEAD.match(text)
    if head is None:
        raise _Unusual
    attributes, kind, sub_type, time, device = head.groups()
    version, namespace = _attributes(attributes)
    metadata = Metadata(
        kind,
        sub_type or None,
        read_time(time, notes),
        None if device is None else DevInfo(*_dev_info(device)),
        version=version,
        namespace=namespace,
    )
    _body(text[head.end() :], metadata)
    return metadata


@lru_cache(maxsize=64)
def _attributes(text: str) -> tuple[str | None, str | None]:
    found = dict(_ATTRIBUTE.findall(text))
    if not found.keys() <= {"version", "xmlns"}:
        raise _Unusual
    return found.get("version"), found.get("xmlns")


@lru_cache(maxsize=256)
def _dev_info(text: str) -> tuple[str | None, str | None, int | None, str | None, int | None, int | None, str | None]:
    """The fields of a DevInfo block; a camera sends the same block in every document."""
    found = _DEV_INFO.fullmatch(text) if len(text) < 1024 else None
    if found is None:
        raise _Unusual
    address, address6, port, mac, channel, domain, radar = found.groups()
    ports = (int(one) if one else None for one in (port, channel, radar))
    port_no, channel_no, radar_no = ports
    return address or None, address6 or None, port_no, mac.lower() if mac else None, channel_no, radar_no, domain


def _body(text: str, metadata: Metadata) -> None:
    kind = (metadata.type or "").lower()
    if text.startswith("<TargetDetection>"):
        start, end = _TARGET_LIST
    elif text.startswith("<ActivityTargetList>") and kind != "ruletargetradar":
        start, end = _ACTIVITY_LIST
    else:
        _ptz(text, metadata)
        return
    if not text.startswith(start) or not text.endswith(end) or len(text) < len(start) + len(end):
        raise _Unusual
    targets = text[len(start) : -len(end)]
    if targets:
        metadata.targets = [_target(target) for target in _cut(targets, "<Target>", "</Target><Target>", "</Target>")]


def _cut(text: str, start: str, between: str, end: str) -> list[str]:
    if not text.startswith(start) or not text.endswith(end):
        raise _Unusual
    return text[len(start) : -len(end)].split(between)


def _target(text: str) -> Target:
    head = _TARGET.match(text)
    if head is None:
        raise _Unusual
    target_id, recognition, rule_id, later, speed, angle, distance = head.groups()
    rest = text[head.end() :]
    target = Target(
        identifier(target_id) if target_id else None,
        identifier(rule_id) if rule_id else None,
        recognition or later or None,
    )
    if speed:
        target.speed, target.angle, target.distance = _number(speed), _number(angle), _number(distance)
    if rest.startswith("<R"):
        regions, end, rest = rest.partition("</RegionList>")
        target.regions = _regions(regions + end)
    if rest:
        target.properties = _properties(rest)
    if recognition and later:
        raise _Unusual
    return target


def _number(text: str) -> int | float:
    value = number(text)
    if value is None:
        raise _Unusual
    return value


def _regions(text: str) -> list[Region]:
    regions = _cut(text, _REGIONS[0], "</y></Point></Region><Region><Point><x>", _REGIONS[1])
    return [_region(region) for region in regions]


def _region(text: str) -> Region:
    couples = [point.split("</x><y>") for point in text.split("</y></Point><Point><x>")]
    if "_" not in text and len(text) < 40 * len(couples):
        try:
            return [(int(x), int(y)) for x, y in couples]
        except ValueError:
            pass
    return [(_number(x), _number(y)) for x, y in couples]


def _properties(text: str) -> list[Property]:
    found: list[Property] = []
    pairs = _cut(text, _PROPERTIES[0], "</value></Property><Property><description>", _PROPERTIES[1])
    if text.count("<") != 6 * len(pairs) + 2 or text.count(">") != 6 * len(pairs) + 2:
        raise _Unusual
    for pair in pairs:
        name, value = pair.split("</description><value>")
        if is_misspelt(value):
            raise _Unusual
        found.append((name, value))
    return found


def _ptz(text: str, metadata: Metadata) -> None:
    (block,) = _cut(text, "<PTZInfo>", "</PTZInfo><PTZInfo>", "</PTZInfo></Metadata>")
    found = _PTZ.fullmatch(block)
    if found is None:
        raise _Unusual
    elevation, azimuth, zoom, focus, preset = found.groups()
    ptz = PTZInfo(_number(elevation), _number(azimuth))
    ptz.zoom = None if zoom is None else _number(zoom)
    ptz.focus = None if focus is None else integer(focus)
    ptz.preset_no = None if preset is None else integer(preset)
    if (focus and ptz.focus is None) or (preset and ptz.preset_no is None):
        raise _Unusual
    metadata.ptz = ptz
