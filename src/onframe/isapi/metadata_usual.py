"""The fast way for XML metadata (B.10-B.15, B.17, B.20): documents of the usual shape.

The document is cut at its tags, and the tags alone are its shape. A shape is checked once, strictly, and remembered
with the places of its values: a camera sends few shapes and many documents. What is accepted here is a small part of
XML: the guide's elements, no attributes but the root's, no references, comments or CDATA, printable text in the
leaves, blanks elsewhere. All of that is well-formed. Anything else, and whatever needs a repair, makes ``read`` return
None; then expat and `onframe.isapi.metadata_xml` read the document, and both ways give the same Metadata.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import starmap
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeAlias

from onframe.isapi import bounds
from onframe.isapi.leniency import BLANKS, Notes, is_misspelt
from onframe.isapi.metadata import (
    DevInfo,
    Metadata,
    Number,
    Point,
    Property,
    PTZInfo,
    Radar,
    RadarDetectionRegion,
    Target,
    VideoDetectionRegion,
)
from onframe.isapi.values import identifier, number, read_time

MAX_SIZE: Final = 4 * bounds.MAX_MARKUP
"""Bytes of a document read here: so few that it cannot have too many elements."""
_MAX_SHAPE: Final = 8192
_LARGEST: Final = 10**18

_DECLARATION = re.compile(r"<\?xml version=\"1\.0\"(?: encoding=\"(?:utf|UTF)-8\")? ?\?")
_ROOT = re.compile(r"<Metadata(?: version=\"([\w.]*)\")?(?: xmlns=\"([\w.:/#-]+)\")?", re.ASCII)

_Schema: TypeAlias = "dict[str, _Schema | None]"
_FIELDS: Final = ("targetID", "ruleID", "recognition", "speed", "angle", "distance")
_TARGET: Final[_Schema] = {
    "Target": {
        **dict.fromkeys(_FIELDS),
        "RegionList": {"Region": {"Point": {"x": None, "y": None}}},
        "PropertyList": {"Property": {"description": None, "value": None}},
        "PolarCoordinatesList": {"Coordinate": {"angle": None, "distance": None}},
    }
}
_METADATA: Final[_Schema] = {
    "type": None,
    "subType": None,
    "time": None,
    "DevInfo": dict.fromkeys("ipAddress ipv6Address portNo macAddress channel radarChannel domainName".split()),
    "TargetDetection": {"TargetList": {}},
    "ActivityTargetList": {},
    "RadarDetectionRegion": {**dict.fromkeys(("angle", "distance", "towards")), "VertexPoint": {"x": None, "y": None}},
    "VideoDetectionRegion": dict.fromkeys(("angle", "fieldView")),
    "PTZInfo": dict.fromkeys("elevation azimuth zoom focus presetNo".split()),
}


class _Unusual(Exception):
    """The document is for the general reader."""


def read(text: bytes, notes: Notes) -> Metadata | None:
    """The Metadata of a whole document in UTF-8, or None where the general reader has to read it."""
    if len(text) > MAX_SIZE or b"&" in text:
        return None
    seen = notes.marks()
    try:
        return _metadata(text.decode("utf-8").replace("<", "><").split(">"), notes)
    except (_Unusual, ValueError, IndexError):  # IndexError: the tags end early
        notes.reset(seen)
        return None


def _metadata(pieces: list[str], notes: Notes) -> Metadata:
    """``pieces`` are texts and tags by turns, beginning and ending with a text; tags still have their ``<``."""
    texts, tags = pieces[::2], pieces[1::2]
    targets: list[Target] = []
    if "<Target" in tags:
        first = after = tags.index("<Target")
        while tags[after] == "<Target":
            end = tags.index("</Target", after) + 1
            targets.append(_target(texts[after:end], _target_shape(">".join(tags[after:end]))))
            after = end
        texts[first:after] = ()
        tags[first:after] = ()
    return _rest(texts, _rest_shape(">".join(tags)), targets, notes)


# Shapes


class _Node(NamedTuple):
    """One element of a shape; ``place`` is that of its text where it is a leaf."""

    name: str
    place: int
    children: list[_Node]


def _node(tags: Sequence[str], at: int, schema: _Schema) -> tuple[_Node, int]:
    """The element that begins at ``at``, and where the next one does."""
    name = tags[at][1:]
    if tags[at][:1] != "<" or name not in schema:
        raise _Unusual
    inner, end = schema[name], "</" + name
    children: list[_Node] = []
    at += 1
    if inner is None and tags[at] != end:
        raise _Unusual
    while tags[at] != end:
        child, at = _node(tags, at, inner or {})
        children.append(child)
    return _Node(name, at, children), at + 1


def _once(nodes: list[_Node], *several: str) -> dict[str, _Node]:
    """The elements by name, each there once but for ``several``."""
    found = {node.name: node for node in nodes}
    if len(found) + sum(node.name in several for node in nodes) - len(found.keys() & set(several)) != len(nodes):
        raise _Unusual
    return found


def _couples(nodes: list[_Node], first: str, second: str) -> Iterator[int]:
    """The places of two leaves in each of ``nodes``, which hold nothing else."""
    for node in nodes:
        if [child.name for child in node.children] != [first, second]:
            raise _Unusual
        yield from (child.place for child in node.children)


def _getter(places: Sequence[int]) -> Callable[[list[str]], tuple[str, ...]]:
    if len(places) < 2:
        raise _Unusual
    return itemgetter(*places)


class _TargetShape(NamedTuple):
    """Where the values of a Target are: six fields, the points, the properties, the polar coordinates.

    ``points`` and ``pairs`` are where those end among the ``leaves``; ``regions`` how many points each has.
    """

    leaves: Callable[[list[str]], tuple[str, ...]]
    blanks: Callable[[list[str]], tuple[str, ...]]
    points: int
    pairs: int
    regions: tuple[int, ...]


@lru_cache(maxsize=256)
def _target_shape(shape: str) -> _TargetShape:
    tags = _tags(shape)
    node, _ = _node(tags, 0, _TARGET)
    found = _once(node.children)
    if not all(node.children and all(child.children for child in node.children) for node in _lists(found)):
        raise _Unusual
    regions = _children(found, "RegionList")
    points = list(_couples([point for region in regions for point in region.children], "x", "y"))
    pairs = list(_couples(_children(found, "PropertyList"), "description", "value"))
    polar = list(_couples(_children(found, "PolarCoordinatesList"), "angle", "distance"))
    fields = [found[name].place if name in found else -1 for name in _FIELDS]
    leaves = [*fields, *points, *pairs, *polar]
    blanks = [place for place in range(len(tags)) if place not in leaves]
    lengths = tuple(len(region.children) for region in regions)
    after = len(fields) + len(points)
    return _TargetShape(_getter(leaves), _getter(blanks), after, after + len(pairs), lengths)


def _tags(shape: str) -> list[str]:
    if len(shape) > _MAX_SHAPE:
        raise _Unusual
    return shape.split(">")


def _lists(found: dict[str, _Node]) -> list[_Node]:
    return [node for name, node in found.items() if name.endswith("List")]


def _children(found: dict[str, _Node], name: str) -> list[_Node]:
    return found[name].children if name in found else []


class _RestShape(NamedTuple):
    """Where the values outside the targets are: those with ``names``, then the vertices of the radar's region.

    The first ``head`` of them are type, subType and DevInfo, the next is the time.
    """

    version: str | None
    namespace: str | None
    blocks: frozenset[str]
    names: tuple[str, ...]
    head: int
    leaves: Callable[[list[str]], tuple[str, ...]]
    blanks: Callable[[list[str]], tuple[str, ...]]


@lru_cache(maxsize=256)
def _rest_shape(shape: str) -> _RestShape:
    tags = _tags(shape)
    start = 1 if _DECLARATION.fullmatch(tags[0]) else 0
    root = _ROOT.fullmatch(tags[start])
    if root is None or tags[-1] != "</Metadata":
        raise _Unusual
    blocks: list[_Node] = []
    at = start + 1
    while at < len(tags) - 1:
        node, at = _node(tags, at, _METADATA)
        blocks.append(node)
    found = _once(blocks)
    unsorted = dict(_places(found))
    names = tuple(sorted(unsorted.keys() | {"time"}, key=_rank))
    places = {name: unsorted.get(name, -1) for name in names}
    vertices = [node for node in _children(found, "RadarDetectionRegion") if node.name == "VertexPoint"]
    leaves = [*places.values(), *_couples(vertices, "x", "y")]
    blanks = [place for place in range(len(tags) + 1) if place not in leaves]
    return _RestShape(root[1], root[2], frozenset(found), names, names.index("time"), _getter(leaves), _getter(blanks))


def _rank(name: str) -> tuple[int, str]:
    if name in ("type", "subType") or name.startswith("DevInfo."):
        return 0, name
    return (1 if name == "time" else 2), name


def _places(found: dict[str, _Node]) -> Iterator[tuple[str, int]]:
    """The leaves by their paths."""
    if "TargetDetection" in found and "ActivityTargetList" in found:
        raise _Unusual
    for name, node in found.items():
        if _METADATA[name] is None:
            yield name, node.place
        elif not node.children and name != "ActivityTargetList":
            raise _Unusual
        else:
            inside = _once(node.children, "VertexPoint")
            yield from ((f"{name}.{leaf}", one.place) for leaf, one in inside.items() if _is_leaf(name, leaf))


def _is_leaf(name: str, leaf: str) -> bool:
    inner = _METADATA[name]
    return inner is not None and inner[leaf] is None


# Values


def _target(texts: list[str], shape: _TargetShape) -> Target:
    leaves_of, blanks_of, points, pairs, regions = shape
    texts.append("")
    leaves = leaves_of(texts)
    joined = "".join(leaves)
    if not _are_plain(joined, "".join(blanks_of(texts))):
        raise _Unusual
    said = leaves[:3] + leaves[points:pairs]
    target_id, rule_id, recognition, properties = (_known_said if len(joined) < _SHORT else _said)(said)
    target = Target(target_id, rule_id, recognition)
    if regions:
        found = _points(leaves[6:points], joined)
        target.regions = [found] if len(regions) == 1 else _regions(found, regions)
    if properties:
        target.properties = list(properties)
    _, _, _, speed, angle, distance = leaves[:6]
    if len(leaves) > pairs:
        target.polar = _points(leaves[pairs:], joined)
    if speed or angle or distance:
        target.speed, target.angle, target.distance = _number(speed), _number(angle), _number(distance)
    return target


_Said: TypeAlias = "tuple[int | str | None, int | str | None, str | None, tuple[Property, ...]]"
"""What a target says beside where it is: targetID, ruleID, recognition, properties."""


def _said(leaves: tuple[str, ...]) -> _Said:
    target_id, rule_id, recognition, *values = map(str.strip, leaves)
    properties = tuple(zip(values[::2], values[1::2], strict=True))
    if any(starmap(is_misspelt, properties)):
        raise _Unusual
    return identifier(target_id), identifier(rule_id), recognition or None, properties


_known_said = lru_cache(maxsize=512)(_said)
"""A target says the same in most of its documents: the texts are read, and kept, once."""
_SHORT: Final = 2048
"""Characters of a target's leaves; what says more is not kept."""


def _are_plain(leaves: str, blanks: str) -> bool:
    """Whether the joined leaves are printable text and what stands between them is blank."""
    if not leaves.isprintable() or "<" in leaves:
        return False
    return _are_known_blanks(blanks) if len(blanks) < _MAX_SHAPE else _are_blanks(blanks)


def _are_blanks(text: str) -> bool:
    return not text.strip(BLANKS)


_are_known_blanks = lru_cache(maxsize=256)(_are_blanks)
"""A camera lays out every target alike."""


def _points(texts: Sequence[str], joined: str) -> list[Point]:
    """The couples; ``joined`` holds all values of the target, and tells where int() would be too generous."""
    numbers: list[Number]
    try:
        if "_" in joined:
            raise ValueError
        numbers = list(map(int, texts))
    except ValueError:
        numbers = [_required(text) for text in texts]
    if max(numbers) > _LARGEST or min(numbers) < -_LARGEST:
        raise _Unusual
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _regions(points: list[Point], lengths: tuple[int, ...]) -> list[list[Point]]:
    regions = []
    for length in lengths:
        regions.append(points[:length])
        points = points[length:]
    return regions


def _required(text: str) -> Number:
    value = number(text.strip())
    if value is None:
        raise _Unusual
    return value


def _number(text: str | None) -> Number | None:
    """The number of a leaf; None where it is absent or empty."""
    return _required(text) if text and text.strip() else None


def _integer(text: str | None) -> int | None:
    value = _number(text)
    if isinstance(value, float):
        raise _Unusual
    return value


def _rest(texts: list[str], shape: _RestShape, targets: list[Target], notes: Notes) -> Metadata:
    leaves = shape.leaves(texts)
    if texts[0] or not _are_plain("".join(leaves), "".join(shape.blanks(texts))):
        raise _Unusual
    head = leaves[: shape.head]
    kind, sub_type, device = (_known_head if sum(map(len, head)) < _SHORT else _head)(shape.names[: shape.head], head)
    blocks, time = shape.blocks, leaves[shape.head].strip()
    if kind is not None and "ActivityTargetList" in blocks and kind.lower() == "ruletargetradar":
        raise _Unusual
    metadata = Metadata(kind, sub_type, read_time(time, notes) if time else None)
    metadata.version, metadata.namespace, metadata.targets = shape.version, shape.namespace, targets
    if device is not None:
        metadata.device = DevInfo(*device)
    if len(leaves) > shape.head + 1:
        get = dict(zip(shape.names, map(str.strip, leaves), strict=False)).get
        if "RadarDetectionRegion" in blocks or "VideoDetectionRegion" in blocks:
            metadata.radar = _radar(get, blocks, leaves[len(shape.names) :])
        if "PTZInfo" in blocks:
            metadata.ptz = _ptz(get)
    return metadata


_Get: TypeAlias = Callable[[str], Any]
_Head: TypeAlias = "tuple[str | None, str | None, tuple[Any, ...] | None]"
"""type, subType, the fields of DevInfo where there is one."""


def _head(names: tuple[str, ...], leaves: tuple[str, ...]) -> _Head:
    get = dict(zip(names, map(str.strip, leaves), strict=True)).get
    has_device = any(name.startswith("DevInfo.") for name in names)
    return get("type") or None, get("subType") or None, _dev_info(get) if has_device else None


_known_head = lru_cache(maxsize=256)(_head)
"""A camera begins its documents of one sort alike, but for their time."""


def _dev_info(get: _Get) -> tuple[Any, ...]:
    return (
        get("DevInfo.ipAddress") or None,
        get("DevInfo.ipv6Address") or None,
        _integer(get("DevInfo.portNo")),
        (get("DevInfo.macAddress") or "").lower() or None,
        _integer(get("DevInfo.channel")),
        _integer(get("DevInfo.radarChannel")),
        get("DevInfo.domainName"),
    )


def _radar(get: _Get, blocks: frozenset[str], vertices: Sequence[str]) -> Radar:
    radar = Radar()
    if "RadarDetectionRegion" in blocks:
        path = "RadarDetectionRegion."
        radar.detection_region = RadarDetectionRegion(
            _number(get(path + "angle")), _number(get(path + "distance")), _number(get(path + "towards"))
        )
        if vertices:
            radar.detection_region.vertices = _points(vertices, "_")
    if "VideoDetectionRegion" in blocks:
        path = "VideoDetectionRegion."
        radar.video_region = VideoDetectionRegion(_number(get(path + "angle")), _number(get(path + "fieldView")))
    return radar


def _ptz(get: _Get) -> PTZInfo:
    return PTZInfo(
        _number(get("PTZInfo.elevation")),
        _number(get("PTZInfo.azimuth")),
        _number(get("PTZInfo.zoom")),
        _integer(get("PTZInfo.focus")),
        _integer(get("PTZInfo.presetNo")),
    )
