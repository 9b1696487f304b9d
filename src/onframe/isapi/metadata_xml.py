"""Metadata documents in XML (B.10-B.15, B.17, B.20): Element → Metadata, whatever the document holds.

Elements are found by local name and in any order. What the guide does not know, and what cannot be read,
is kept in ``extras`` under its path. `onframe.isapi.metadata_usual` reads the usual shapes faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from onframe.isapi.leniency import Notes, inherit, pairs, radar_type
from onframe.isapi.metadata import (
    Coordinate,
    DevInfo,
    Frame,
    Metadata,
    Number,
    Point,
    Property,
    PTZInfo,
    Radar,
    RadarDetectionRegion,
    Region,
    Target,
    VideoDetectionRegion,
)
from onframe.isapi.values import identifier, integer, number, read_time
from onframe.isapi.xml import Element

_ROOT = frozenset(
    "type subType time DevInfo TargetDetection ActivityTargetList RadarDetectionRegion VideoDetectionRegion "
    "RegionList PropertyList PTZInfo".split()
)
_DEV_INFO = frozenset("ipAddress ipv6Address portNo macAddress channel radarChannel domainName".split())
_DETECTION = frozenset({"TargetList", "RegionList", "PropertyList"})
_TARGET = frozenset(
    "targetID ruleID recognition RegionList PropertyList PolarCoordinatesList speed angle distance".split()
)
_PAIR = frozenset({"description", "value"})

Found = dict[str, Element]


def read_metadata(root: Element, notes: Notes) -> Metadata:
    """The Metadata of a document's root element."""
    return _Reader(notes).metadata(root)


class _Reader:
    """Reads one document; ``extras`` gathers what has no place elsewhere."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.extras: dict[str, Any] = {}
        self._repeated: dict[str, int] = {}

    def metadata(self, root: Element) -> Metadata:
        version = root.attributes.get("version")
        found = self._take(root, "", _ROOT, attributes=frozenset({"version"}))
        metadata = Metadata(root=root.name, version=version, namespace=root.namespace, extras=self.extras)
        metadata.type = self._text(found, "type", "")
        metadata.sub_type = self._text(found, "subType", "")
        time = self._text(found, "time", "")
        metadata.time = None if time is None else read_time(time, self.notes)
        if "DevInfo" in found:
            metadata.device = self._dev_info(found["DevInfo"])
        self._blocks(found, metadata)
        inherit(metadata, self.notes)
        radar_type(metadata, radar_targets="ActivityTargetList" in found, notes=self.notes)
        return metadata

    def _blocks(self, found: Found, metadata: Metadata) -> None:
        if "TargetDetection" in found:
            self._detection(found["TargetDetection"], metadata)
        if "ActivityTargetList" in found:
            metadata.targets += self._targets(found["ActivityTargetList"], "ActivityTargetList.")
        self._outside(found, "", metadata.frame)
        metadata.radar = self._radar(found)
        if "PTZInfo" in found:
            metadata.ptz = self._ptz(found["PTZInfo"])

    def _dev_info(self, element: Element) -> DevInfo:
        path = "DevInfo."
        found = self._take(element, path, _DEV_INFO)
        mac = self._text(found, "macAddress", path)
        return DevInfo(
            ip_address=self._text(found, "ipAddress", path),
            ipv6_address=self._text(found, "ipv6Address", path),
            port_no=self._integer(found, "portNo", path),
            mac_address=None if mac is None else mac.lower(),
            channel=self._integer(found, "channel", path),
            radar_channel=self._integer(found, "radarChannel", path),
            domain_name=self._text(found, "domainName", path, empty=""),
        )

    # Targets

    def _detection(self, element: Element, metadata: Metadata) -> None:
        path = "TargetDetection."
        found = self._take(element, path, _DETECTION)
        if "TargetList" in found:
            metadata.targets = self._targets(found["TargetList"], path + "TargetList.")
        self._outside(found, path, metadata.frame)

    def _outside(self, found: Found, path: str, frame: Frame) -> None:
        if "RegionList" in found:
            frame.regions = frame.regions + self._regions(found["RegionList"], path + "RegionList.")
        if "PropertyList" in found:
            frame.properties = frame.properties + self._properties(found["PropertyList"], path + "PropertyList.")

    def _targets(self, element: Element, path: str) -> list[Target]:
        return [self._target(child, place) for place, child in self._items(element, path, "Target")]

    def _target(self, element: Element, path: str) -> Target:
        found = self._take(element, path, _TARGET)
        target = Target(
            target_id=identifier(self._text(found, "targetID", path) or ""),
            rule_id=identifier(self._text(found, "ruleID", path) or ""),
            recognition=self._text(found, "recognition", path),
            speed=self._number(found, "speed", path),
            angle=self._number(found, "angle", path),
            distance=self._number(found, "distance", path),
        )
        if "RegionList" in found:
            target.regions = self._regions(found["RegionList"], path + "RegionList.")
        if "PropertyList" in found:
            target.properties = self._properties(found["PropertyList"], path + "PropertyList.")
        if "PolarCoordinatesList" in found:
            target.polar = self._polar(found["PolarCoordinatesList"], path + "PolarCoordinatesList.")
        return target

    def _regions(self, element: Element, path: str) -> list[Region]:
        return [self._region(child, place) for place, child in self._items(element, path, "Region")]

    def _region(self, element: Element, path: str) -> Region:
        return list(self._couples(element, path, "Point", ("x", "y")))

    def _polar(self, element: Element, path: str) -> list[Coordinate]:
        return list(self._couples(element, path, "Coordinate", ("angle", "distance")))

    def _couples(self, element: Element, path: str, name: str, names: tuple[str, str]) -> Iterator[Point]:
        for place, child in self._items(element, path, name):
            found = self._take(child, place, frozenset(names))
            first, second = self._number(found, names[0], place), self._number(found, names[1], place)
            if first is not None and second is not None:
                yield first, second
            else:
                self.notes.warn(f"{place[:-1]} lacks {names[0] if first is None else names[1]} and is left out")
                self._keep_couple(found, place, names)

    def _keep_couple(self, found: Found, place: str, names: tuple[str, str]) -> None:
        for name in names:
            if name in found:
                self.extras.setdefault(place + name, found[name].text)

    def _properties(self, element: Element, path: str) -> list[Property]:
        found: list[Property] = []
        for place, child in self._items(element, path, "Property"):
            nodes: list[tuple[str, str]] = []
            for node in child.children:
                if node.name in _PAIR:
                    self._leaf(node, place)
                    nodes.append((node.name, node.text))
                else:
                    self._keep(place, node)
            self._around(child, place)
            found += pairs(nodes, self.notes)
        return found

    # Radar and PTZ

    def _radar(self, found: Found) -> Radar | None:
        radar = Radar()
        if "RadarDetectionRegion" in found:
            path = "RadarDetectionRegion."
            element = found["RadarDetectionRegion"]
            parts = self._take(element, path, frozenset({"angle", "distance", "towards"}), "VertexPoint")
            radar.detection_region = RadarDetectionRegion(
                self._number(parts, "angle", path),
                self._number(parts, "distance", path),
                self._number(parts, "towards", path),
                list(self._couples(element, path, "VertexPoint", ("x", "y"))),
            )
        if "VideoDetectionRegion" in found:
            path = "VideoDetectionRegion."
            parts = self._take(found["VideoDetectionRegion"], path, frozenset({"angle", "fieldView"}))
            radar.video_region = VideoDetectionRegion(
                self._number(parts, "angle", path), self._number(parts, "fieldView", path)
            )
        return radar if radar.detection_region is not None or radar.video_region is not None else None

    def _ptz(self, element: Element) -> PTZInfo:
        path = "PTZInfo."
        found = self._take(element, path, frozenset({"elevation", "azimuth", "zoom", "focus", "presetNo"}))
        return PTZInfo(
            self._number(found, "elevation", path),
            self._number(found, "azimuth", path),
            self._number(found, "zoom", path),
            self._integer(found, "focus", path),
            self._integer(found, "presetNo", path),
        )

    # Elements in general

    def _take(
        self,
        element: Element,
        path: str,
        names: frozenset[str],
        listed: str | None = None,
        *,
        attributes: frozenset[str] = frozenset(),
    ) -> Found:
        """The first child of each of ``names``; everything else but ``listed`` goes to the extras."""
        found: Found = {}
        for child in element.children:
            if child.name in names and child.name not in found:
                found[child.name] = child
            elif child.name != listed:
                self._keep(path, child)
        self._around(element, path, attributes)
        return found

    def _items(self, element: Element, path: str, name: str) -> Iterator[tuple[str, Element]]:
        """Each child called ``name`` with its path; the others of a list go to the extras."""
        index = 0
        for child in element.children:
            if child.name == name:
                yield f"{path}{name}[{index}].", child
                index += 1
            elif element.name.endswith("List") or element.name == "Region":
                self._keep(path, child)
        if element.name.endswith("List") or element.name == "Region":
            self._around(element, path)

    def _around(self, element: Element, path: str, expected: frozenset[str] = frozenset()) -> None:
        for name, value in element.attributes.items():
            if name not in expected:
                self.extras[f"{path}@{name}"] = value
        if element.text:
            self.notes.repair("text_between_elements")

    def _leaf(self, element: Element, path: str) -> None:
        for name, value in element.attributes.items():
            self._put(f"{path}{element.name}.@{name}", value)
        for child in element.children:
            self._keep(f"{path}{element.name}.", child)

    def _keep(self, path: str, element: Element) -> None:
        self._put(path + element.name, as_plain(element))

    def _put(self, key: str, value: Any) -> None:
        count = self._repeated.get(key, 0)
        place = f"{key}[{count}]" if count else key
        while place in self.extras:
            count += 1
            place = f"{key}[{count}]"
        self.extras[place] = value
        self._repeated[key] = count + 1

    def _text(self, found: Found, name: str, path: str, *, empty: str | None = None) -> str | None:
        element = found.get(name)
        if element is None:
            return None
        if element.children or element.attributes:
            self._leaf(element, path)
        return element.text or empty

    def _number(self, found: Found, name: str, path: str) -> Number | None:
        text = self._text(found, name, path)
        value = None if text is None else number(text)
        if text is not None and value is None:
            self._unreadable(path + name, text, "a number")
        return value

    def _integer(self, found: Found, name: str, path: str) -> int | None:
        text = self._text(found, name, path)
        value = None if text is None else integer(text)
        if text is not None and value is None:
            self._unreadable(path + name, text, "an integer")
        return value

    def _unreadable(self, path: str, text: str, wanted: str) -> None:
        self.notes.warn(f"{path}: {text[:40]!r} is not {wanted}")
        self._put(path, text)


def as_plain(element: Element) -> Any:
    """An element as text, or as an object with ``@attribute``, ``#text`` and its children by name."""
    if not element.children and not element.attributes:
        return element.text
    plain: dict[str, Any] = {f"@{name}": value for name, value in element.attributes.items()}
    if element.text:
        plain["#text"] = element.text
    for child in element.children:
        value = as_plain(child)
        if child.name not in plain:
            plain[child.name] = value
        elif isinstance(plain[child.name], _Several):
            plain[child.name].append(value)
        else:
            plain[child.name] = _Several([plain[child.name], value])
    return plain


class _Several(list[Any]):
    """The values of elements of one name; never a value itself."""
