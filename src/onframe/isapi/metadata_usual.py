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
_BETWEEN = "</y></Point><Point><x>"
_X_Y = "</x><y>"


class _Unusual(Exception):
    """The document is for the general reader."""


def read(text: bytes, notes: Notes) -> Metadata | None:
    """The Metadata of a whole document in UTF-8, or None where the general reader has to read it."""
    if len(text) > bounds.MAX_MARKUP or b"&" in text or b"\0" in text:
        return None
    seen = notes.marks()
    try:
        compact = _compact(text.decode("utf-8"))
        metadata = _metadata(compact, notes)
        ParserCreate("utf-8").Parse(compact, True)
    except (_Unusual, ValueError, ExpatError):
        notes.reset(seen)
        return None
    return metadata


def _compact(text: str) -> str:
    """The document without blanks between elements, or _Unusual where there are any inside one."""
    start = text.find("<DevInfo>")
    words = text[start:].split()
    if start < 0 or " ".join(words).count("> <") != len(words) - 1:
        raise _Unusual
    return _compact_head(text[:start]) + "".join(words)


def _compact_head(text: str) -> str:
    compact = "".join([line.strip(" \t") for line in text.replace("\r\n", "\n").split("\n")])
    if text.count("\n") != text.count(">\n") + text.count(">\r\n") or "> " in compact or " <" in compact:
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
    """The points; that x and y alternate follows from being well-formed."""
    points = text.count(_BETWEEN) + 1
    texts = text.replace(_BETWEEN, _X_Y).split(_X_Y)
    if len(texts) != 2 * points or text.count(_X_Y) != points:
        raise _Unusual
    if len(text) > 50 * points or "_" in text or "." in text:
        numbers = map(_number, texts)
    else:
        numbers = map(int, texts)
    return list(zip(numbers, numbers, strict=True))


def _properties(text: str) -> list[Property]:
    found = _cut(text, _PROPERTIES[0], "</value></Property><Property><description>", _PROPERTIES[1])
    return [_pair(pair) if len(pair) < 200 else _new_pair(pair) for pair in found]


def _new_pair(text: str) -> Property:
    name, value = text.split("</description><value>")
    if "<" in name or ">" in name or "<" in value or ">" in value or is_misspelt(name, value):
        raise _Unusual
    return name, value


_pair = lru_cache(maxsize=4096)(_new_pair)
"""Most pairs come again and again; their tuples are shared."""


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
