"""Metadata documents in JSON (B.1-B.4): plain objects → Metadata, whatever the document holds.

What the guide does not know, and what cannot be read, is kept in ``extras`` under its path.
`onframe.isapi.metadata_typed` reads documents without anything unknown faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from onframe.errors import DecodeError
from onframe.isapi import bounds
from onframe.isapi.leniency import BLANKS, Notes, as_list, flag, same_root
from onframe.isapi.metadata import (
    CameraPoint,
    Cct,
    DevInfo,
    GesturePolygon,
    HeadModel,
    HeadModels,
    HeadPolygon,
    JoinMsg,
    Metadata,
    Number,
    Picture,
    Point,
    Rect,
    Region,
    Situation,
    Susp,
    Target,
)
from onframe.isapi.values import identifier, number, plain, read_time

Object = dict[str, Any]
T = TypeVar("T")

_ROOT = frozenset(
    "type subType time DevInfo TargetDetection PcitureList PictureList Situation CameraPoint SuspList".split()
)
_DEV_INFO = frozenset("ipAddress ipv6Address portNo macAddress channel domainName radarChannel".split())
_COUNTS = ("personCount", "enterRegionPeopleNum", "leaveRegionPeopleNum")
_JOINT = frozenset("gestureType gestureScore gestureValid x y z x2d y2d".split())


def root_name(document: Object) -> str | None:
    """The key under which the metadata stands, compared without case; None where there is none."""
    return next((name for name in document if name.lower() == "metadata"), None)


def read_metadata(document: Object, notes: Notes) -> Metadata:
    """The Metadata of a whole JSON document. Raises DecodeError where it has none."""
    name = root_name(document)
    if name is None or not isinstance(document[name], dict):
        raise DecodeError("the document has no Metadata object", path=name)
    same_root(name, "Metadata", notes)
    return _Reader(notes).metadata(document, name)


class _Reader:
    """Reads one document; ``extras`` gathers what has no place elsewhere."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.extras: Object = {}

    def metadata(self, document: Object, name: str) -> Metadata:
        metadata = Metadata(root=name, extras=self.extras)
        beside = self._take(document, "", frozenset({name, "Situation", "SuspList"}))
        found = self._take(beside[name], f"{name}.", _ROOT)
        path = f"{name}."
        metadata.type = self._text(found, "type", path)
        metadata.sub_type = self._text(found, "subType", path)
        time = self._text(found, "time", path)
        metadata.time = None if time is None else read_time(time, self.notes)
        device = self._object(found, "DevInfo", path)
        metadata.device = None if device is None else self._dev_info(device, path + "DevInfo.")
        metadata.targets = self._targets(found, path)
        metadata.pictures = self._pictures(found, path)
        metadata.situation = self._situations(found, beside, path)
        metadata.tracking = list(self._people(found, path, metadata))
        self._suspects(found, path, metadata)
        if "SuspList" in beside:
            self.notes.repair("susp_list_beside_metadata")
            self._suspects(beside, "", metadata)
        return metadata

    def _dev_info(self, device: Object, path: str) -> DevInfo:
        found = self._take(device, path, _DEV_INFO)
        mac = self._text(found, "macAddress", path)
        return DevInfo(
            self._text(found, "ipAddress", path),
            self._text(found, "ipv6Address", path),
            self._integer(found, "portNo", path),
            None if mac is None else mac.lower(),
            self._integer(found, "channel", path),
            self._integer(found, "radarChannel", path),
            self._text(found, "domainName", path, empty=""),
        )

    # Targets, pictures, counts

    def _targets(self, found: Object, path: str) -> list[Target]:
        detection = self._object(found, "TargetDetection", path)
        if detection is None:
            return []
        path += "TargetDetection."
        listed = self._take(detection, path, frozenset({"TargetList"}))
        return [self._target(one, place) for place, one in self._items(listed, "TargetList", path)]

    def _target(self, target: Object, path: str) -> Target:
        found = self._take(target, path, frozenset({"targetID", "ruleID", "recognition", "RegionList"}))
        read = Target(
            target_id=self._identifier(found, "targetID", path),
            rule_id=self._identifier(found, "ruleID", path),
            recognition=self._text(found, "recognition", path),
        )
        if isinstance(found.get("RegionList"), list):
            read.regions = [self._region(one, place) for place, one in self._items(found, "RegionList", path)]
        else:
            region = self._object(found, "RegionList", path)
            read.regions = [] if region is None else [self._region(region, path + "RegionList.")]
        read.regions = [region for region in read.regions if region]
        return read

    def _region(self, region: Object, path: str) -> Region:
        found = self._take(region, path, frozenset({"Point"}))
        return [point for place, one in self._items(found, "Point", path) for point in self._point(one, place)]

    def _point(self, point: Object, path: str) -> list[Point]:
        found = self._take(point, path, frozenset({"x", "y"}))
        x, y = self._number(found, "x", path), self._number(found, "y", path)
        if x is not None and y is not None:
            return [(plain(x) or 0, plain(y) or 0)]
        if any(found.values()):
            self.notes.warn(f"{path[:-1]} lacks {'x' if x is None else 'y'} and is left out")
            for name, value in found.items():
                self.extras.setdefault(path + name, value)
        return []

    def _pictures(self, found: Object, path: str) -> list[Picture]:
        pictures = []
        for name in ("PcitureList", "PictureList"):
            if name == "PcitureList" and name in found:
                self.notes.repair("pciture_list")
            if name in found and isinstance(found[name], dict):  # one picture: an object in B.1 and B.2 alike
                found[name] = [found[name]]
            for place, one in self._items(found, name, path):
                parts = self._take(one, place, frozenset({"dataType", "data"}))
                if parts.get("dataType") == {}:
                    self.notes.repair("data_type_as_object")
                    parts["dataType"] = None
                pictures.append(Picture(self._text(parts, "dataType", place), self._text(parts, "data", place)))
        return pictures

    def _situations(self, found: Object, beside: Object, path: str) -> Situation | None:
        inside = self._situation(found, path)
        if "Situation" not in beside:
            return inside
        self.notes.repair("situation_beside_metadata")
        if inside is None:
            return self._situation(beside, "")
        self.extras["Situation"] = beside["Situation"]
        return inside

    def _situation(self, found: Object, path: str) -> Situation | None:
        situation = self._object(found, "Situation", path)
        if situation is None:
            return None
        path += "Situation."
        counts = self._take(situation, path, frozenset(_COUNTS))
        return Situation(*(self._integer(counts, name, path) for name in _COUNTS))

    # Tracking (B.4)

    def _people(self, found: Object, path: str, metadata: Metadata) -> Iterator[CameraPoint]:
        names = frozenset("objId traComplete isvalid GesturePolygon HeadPolygon SuspList".split())
        for place, one in self._items(found, "CameraPoint", path):
            parts = self._take(one, place, names)
            person = CameraPoint(
                self._text(parts, "objId", place),
                self._flag(parts, "traComplete", place),
                self._flag(parts, "isvalid", place),
            )
            gesture = self._object(parts, "GesturePolygon", place)
            person.gesture = None if gesture is None else self._gesture(gesture, place + "GesturePolygon.")
            head = self._object(parts, "HeadPolygon", place)
            person.head = None if head is None else self._head(head, place + "HeadPolygon.")
            if "SuspList" in parts:
                self.notes.repair("susp_list_inside_camera_point")
                self._suspects(parts, place, metadata, person.obj_id)
            yield person

    def _gesture(self, gesture: Object, path: str) -> GesturePolygon:
        found = self._take(gesture, path, frozenset({"id", "JoinMsg"}))
        joints = [self._joint(one, place) for place, one in self._items(found, "JoinMsg", path)]
        return GesturePolygon(self._text(found, "id", path), joints)

    def _joint(self, joint: Object, path: str) -> JoinMsg:
        found = self._take(joint, path, _JOINT)
        return JoinMsg(
            self._integer(found, "gestureType", path),
            self._number(found, "gestureScore", path),
            self._flag(found, "gestureValid", path),
            *(self._number(found, name, path) for name in ("x", "y", "z", "x2d", "y2d")),
        )

    def _head(self, head: Object, path: str) -> HeadPolygon:
        found = self._take(head, path, frozenset({"Rect", "cct", "HeadModel"}))
        rect = self._object(found, "Rect", path)
        space = self._object(found, "cct", path)
        model = self._object(found, "HeadModel", path)
        return HeadPolygon(
            None if rect is None else self._rect(rect, path + "Rect."),
            None if space is None else self._cct(space, path + "cct."),
            None if model is None else self._head_models(model, path + "HeadModel."),
        )

    def _rect(self, rect: Object, path: str) -> Rect | None:
        """The box; what was sent of an incomplete one goes to the extras."""
        names = ("x", "y", "width", "height")
        found = self._take(rect, path, frozenset(names))
        numbers = [self._number(found, name, path) for name in names]
        whole = [number for number in numbers if number is not None]
        if len(whole) == len(names):
            return Rect(*whole)
        for name in names:
            if found.get(name) is not None:
                self.extras.setdefault(path + name, found[name])
        return None

    def _cct(self, space: Object, path: str) -> Cct:
        found = self._take(space, path, frozenset("xyz"))
        return Cct(*(self._number(found, name, path) for name in "xyz"))

    def _head_models(self, model: Object, path: str) -> HeadModels:
        found = self._take(model, path, frozenset({"modelNum", "Data"}))
        read = HeadModels(self._integer(found, "modelNum", path))
        for place, one in self._items(found, "Data", path):
            parts = self._take(one, place, frozenset({"poseType", "feaLen", "feaData"}))
            read.data.append(
                HeadModel(
                    self._integer(parts, "poseType", place),
                    self._integer(parts, "feaLen", place),
                    self._text(parts, "feaData", place, empty=""),
                )
            )
        return read

    def _suspects(self, found: Object, path: str, metadata: Metadata, owner: str | None = None) -> None:
        listed = self._object(found, "SuspList", path)
        if listed is None:
            return
        path += "SuspList."
        parts = self._take(listed, path, frozenset({"suspNum", "Data"}))
        count = self._integer(parts, "suspNum", path)
        items = list(self._items(parts, "Data", path))
        if count is not None and count != len(items):
            self.notes.warn(f"{path}suspNum is {count}, but {len(items)} patterns are listed")
            self.extras[path + "suspNum"] = parts["suspNum"]
        metadata.suspects += [self._suspect(one, place, owner) for place, one in items]

    def _suspect(self, suspect: Object, path: str, owner: str | None) -> Susp:
        found = self._take(suspect, path, frozenset({"suspID", "timeStamp", "confidence"}))
        return Susp(
            self._integer(found, "suspID", path),
            self._integer(found, "timeStamp", path),
            self._number(found, "confidence", path),
            owner,
        )

    # Values in general

    def _take(self, source: Object, path: str, names: frozenset[str]) -> Object:
        """The members of ``names``; all others go to the extras."""
        if len(source) > bounds.MAX_ATTRIBUTES:
            raise bounds.exceeded("attributes", bounds.MAX_ATTRIBUTES)
        found: Object = {}
        for name, value in source.items():
            if name in names:
                found[name] = value
            else:
                self.extras[path + name] = value
        return found

    def _items(self, found: Object, name: str, path: str) -> Iterator[tuple[str, Object]]:
        """The objects of a list with their paths; anything else in it goes to the extras."""
        for index, one in enumerate(as_list(found.get(name), self.notes)):
            if isinstance(one, dict):
                yield f"{path}{name}[{index}].", one
            else:
                self._unreadable(f"{path}{name}[{index}]", one, "an object")

    def _object(self, found: Object, name: str, path: str) -> Object | None:
        value = found.get(name)
        if value is None or isinstance(value, dict):
            return value
        self._unreadable(path + name, value, "an object")
        return None

    def _text(self, found: Object, name: str, path: str, *, empty: str | None = None) -> str | None:
        value = found.get(name)
        if isinstance(value, str):
            return value.strip(BLANKS) or empty
        if value is None:
            return None
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            self.notes.repair("text_as_number")
            return str(value)
        self._unreadable(path + name, value, "a text")
        return None

    def _number(self, found: Object, name: str, path: str) -> Number | None:
        value = found.get(name)
        if value is None or value == "":
            return None
        read: Number | None = None
        if isinstance(value, str):
            self.notes.repair("number_as_text")
            read = number(value)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            read = None if plain(value) is None else value
        if read is None:
            self._unreadable(path + name, value, "a number")
        return read

    def _integer(self, found: Object, name: str, path: str) -> int | None:
        read = self._number(found, name, path)
        if read is not None and plain(read) == read and isinstance(plain(read), int):
            return int(read)
        if read is None:
            return None
        self._unreadable(path + name, found[name], "an integer")
        return None

    def _identifier(self, found: Object, name: str, path: str) -> int | str | None:
        value = found.get(name)
        if isinstance(value, str):
            read = identifier(value.strip(BLANKS))
            if isinstance(read, int):
                self.notes.repair("number_as_text")
            return read
        return self._integer(found, name, path)

    def _flag(self, found: Object, name: str, path: str) -> bool | None:
        value = found.get(name)
        read = None if value is None else flag(value, self.notes, as_number=name != "traComplete")
        if value is not None and read is None:
            self._unreadable(path + name, value, "a boolean")
        return read

    def _unreadable(self, path: str, value: Any, wanted: str) -> None:
        self.notes.warn(f"{path}: {str(value)[:40]!r} is not {wanted}")
        self.extras[path] = value
