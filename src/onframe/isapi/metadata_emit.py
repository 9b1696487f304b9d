"""Metadata → documents: XML for B.10-B.15, B.17 and B.20, JSON for B.1-B.4 (R-118)."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from onframe.errors import UnsupportedError
from onframe.isapi.metadata import CameraPoint, DevInfo, HeadPolygon, Metadata, Number, PTZInfo, Region, Target, Time
from onframe.isapi.xml import escape

NAMESPACE = "http://www.isapi.org/ver20/XMLSchema"

_CORRECTED = {"fieldddetection": "fielddetection", "righttopleft": "righttoleft", "noerthSouth": "northSouth"}


class Switches(msgspec.Struct, kw_only=True, frozen=True):
    """How a device writes its documents; the defaults are the guide's text.

    ``version`` None takes the object's own. ``time_as_given`` writes the time's raw text, otherwise milliseconds and
    ±hh:mm. ``spellings_as_given`` keeps the guide's misprints in values, ``noerth_south`` makes one (B.10).
    ``radar_type_as_printed`` sends radar targets under ruleTargetRadar (B.14). ``declaration`` is the XML declaration.
    """

    version: str | None = "2.0"
    namespace: str | None = NAMESPACE
    time_as_given: bool = False
    spellings_as_given: bool = False
    noerth_south: bool = False
    radar_type_as_printed: bool = False
    declaration: bool = True


def format_of(metadata: Metadata) -> Literal["xml", "json"]:
    """The one format that the guide has for this document (R-118)."""
    return "json" if metadata.situation or metadata.tracking or metadata.suspects or metadata.pictures else "xml"


def emit(metadata: Metadata, format: Literal["xml", "json"], switches: Switches) -> bytes:
    """The document; raises UnsupportedError where the guide does not have it in this format."""
    if format == "xml" and format_of(metadata) == "json":
        raise UnsupportedError("the guide has this document in JSON only", hint='encode(value, "json")')
    if format == "json" and _only_xml(metadata):
        raise UnsupportedError("the guide has this document in XML only", hint='encode(value, "xml")')
    if format == "json":
        return msgspec.json.encode(_Json(switches).document(metadata))
    return "".join(_Xml(switches).document(metadata)).encode("utf-8")


def _only_xml(metadata: Metadata) -> bool:
    if metadata.radar is not None or metadata.ptz is not None or metadata.frame.regions or metadata.frame.properties:
        return True
    return any(target.properties or target.polar or target.angle is not None for target in metadata.targets)


def _time(time: Time, switches: Switches) -> str:
    return time.raw if switches.time_as_given or time.iso is None else time.iso


class _Xml:
    def __init__(self, switches: Switches) -> None:
        self.switches = switches
        self.parts: list[str] = []

    def document(self, metadata: Metadata) -> list[str]:
        switches, parts = self.switches, self.parts
        if switches.declaration:
            parts.append('<?xml version="1.0" encoding="utf-8"?>\n')
        version = switches.version if switches.version is not None else metadata.version
        attributes = f' version="{escape(version)}"' if version is not None else ""
        if switches.namespace is not None:
            attributes += f' xmlns="{escape(switches.namespace)}"'
        parts.append(f"<Metadata{attributes}>")
        self._leaf("type", self._type(metadata))
        self._leaf("subType", metadata.sub_type)
        self._leaf("time", None if metadata.time is None else _time(metadata.time, switches))
        if metadata.device is not None:
            self._dev_info(metadata.device)
        self._blocks(metadata)
        parts.append("</Metadata>")
        return parts

    def _type(self, metadata: Metadata) -> str | None:
        if not self._radar_targets(metadata):
            return metadata.type
        return "ruleTargetRadar" if self.switches.radar_type_as_printed else "activityTargetRadar"

    def _radar_targets(self, metadata: Metadata) -> bool:
        return metadata.is_radar and any(target.angle is not None for target in metadata.targets)

    def _dev_info(self, device: DevInfo) -> None:
        self.parts.append("<DevInfo>")
        self._leaf("ipAddress", device.ip_address)
        self._leaf("ipv6Address", device.ipv6_address)
        self._leaf("portNo", device.port_no)
        self._leaf("macAddress", device.mac_address)
        self._leaf("channel", device.channel)
        self._leaf("domainName", device.domain_name)
        self._leaf("radarChannel", device.radar_channel)
        self.parts.append("</DevInfo>")

    def _blocks(self, metadata: Metadata) -> None:
        if self._radar_targets(metadata):
            self._targets("ActivityTargetList", metadata.targets)
            self._properties(metadata.frame.properties)
        elif metadata.is_radar:
            self._radar(metadata)
        elif metadata.ptz is None or metadata.targets:
            self._detection(metadata)
        if metadata.ptz is not None:
            self._ptz(metadata.ptz)

    def _detection(self, metadata: Metadata) -> None:
        frame, sole = metadata.frame, metadata.targets[0] if len(metadata.targets) == 1 else Target()
        self.parts.append("<TargetDetection>")
        self._targets("TargetList", metadata.targets)
        if frame.regions != sole.regions:
            self._regions(frame.regions)
        if frame.properties != sole.properties:
            self._properties(frame.properties)
        self.parts.append("</TargetDetection>")

    def _radar(self, metadata: Metadata) -> None:
        """A rule or a region of a radar: its properties stand under Metadata (B.17)."""
        properties = list(metadata.frame.properties)
        if metadata.targets:
            self.parts.append("<TargetDetection>")
            if len(metadata.targets) == 1 and metadata.targets[0].properties:
                properties = metadata.targets[0].properties
                self._targets("TargetList", metadata.targets, properties=False)
            else:
                self._targets("TargetList", metadata.targets)
            self.parts.append("</TargetDetection>")
        self._radar_regions(metadata)
        self._properties(properties)

    def _radar_regions(self, metadata: Metadata) -> None:
        covered = metadata.radar.detection_region if metadata.radar else None
        seen = metadata.radar.video_region if metadata.radar else None
        if covered is not None:
            self.parts.append("<RadarDetectionRegion>")
            for name, value in (("angle", covered.angle), ("distance", covered.distance), ("towards", covered.towards)):
                self._leaf(name, value)
            for x, y in covered.vertices:
                self.parts.append(f"<VertexPoint><x>{x}</x><y>{y}</y></VertexPoint>")
            self.parts.append("</RadarDetectionRegion>")
        if seen is not None:
            self.parts.append("<VideoDetectionRegion>")
            self._leaf("angle", seen.angle)
            self._leaf("fieldView", seen.field_view)
            self.parts.append("</VideoDetectionRegion>")

    def _ptz(self, ptz: PTZInfo) -> None:
        self.parts.append("<PTZInfo>")
        self._leaf("elevation", ptz.elevation)
        self._leaf("azimuth", ptz.azimuth)
        self._leaf("zoom", ptz.zoom)
        self._leaf("focus", ptz.focus)
        self._leaf("presetNo", ptz.preset_no)
        self.parts.append("</PTZInfo>")

    def _targets(self, name: str, targets: list[Target], *, properties: bool = True) -> None:
        self.parts.append(f"<{name}>")
        for target in targets:
            self._target(target, properties)
        self.parts.append(f"</{name}>")

    def _target(self, target: Target, properties: bool) -> None:
        self.parts.append("<Target>")
        self._leaf("targetID", target.target_id)
        self._leaf("recognition", target.recognition)
        self._leaf("ruleID", target.rule_id)
        self._leaf("speed", target.speed)
        self._leaf("angle", target.angle)
        self._leaf("distance", target.distance)
        self._regions(target.regions)
        if target.polar:
            self.parts.append("<PolarCoordinatesList>")
            for angle, distance in target.polar:
                self.parts.append(f"<Coordinate><angle>{angle}</angle><distance>{distance}</distance></Coordinate>")
            self.parts.append("</PolarCoordinatesList>")
        if properties:
            self._properties(target.properties)
        self.parts.append("</Target>")

    def _regions(self, regions: list[Region]) -> None:
        if not regions:
            return
        self.parts.append("<RegionList>")
        for region in regions:
            points = "".join(f"<Point><x>{x}</x><y>{y}</y></Point>" for x, y in region)
            self.parts.append(f"<Region>{points}</Region>")
        self.parts.append("</RegionList>")

    def _properties(self, properties: list[tuple[str, str]]) -> None:
        if not properties:
            return
        self.parts.append("<PropertyList>")
        for name, value in properties:
            text = escape(self._spelt(value))
            self.parts.append(f"<Property><description>{escape(name)}</description><value>{text}</value></Property>")
        self.parts.append("</PropertyList>")

    def _spelt(self, value: str) -> str:
        if not self.switches.spellings_as_given:
            value = _CORRECTED.get(value, value)
        return "noerthSouth" if value == "northSouth" and self.switches.noerth_south else value

    def _leaf(self, name: str, value: object) -> None:
        if value is not None:
            self.parts.append(f"<{name}>{escape(str(value))}</{name}>")


class _Json:
    def __init__(self, switches: Switches) -> None:
        self.switches = switches

    def document(self, metadata: Metadata) -> dict[str, Any]:
        tracked = bool(metadata.tracking or metadata.suspects)
        inside: dict[str, Any] = _present(type=metadata.type, subType=metadata.sub_type)
        if metadata.time is not None:
            inside["time"] = _time(metadata.time, self.switches)
        if metadata.device is not None:
            inside["DevInfo"] = _dev_info(metadata.device)
        if metadata.targets:
            inside["TargetDetection"] = {"TargetList": [_target(target) for target in metadata.targets]}
        if metadata.pictures:
            pictures = [_present(dataType=picture.data_type, data=picture.data) for picture in metadata.pictures]
            inside["PcitureList"] = pictures[0] if len(pictures) == 1 else pictures
        document: dict[str, Any] = {"MetaData" if tracked else "Metadata": inside}
        self._situation(metadata, document, inside)
        if tracked:
            _track(metadata, inside)
        return document

    def _situation(self, metadata: Metadata, document: dict[str, Any], inside: dict[str, Any]) -> None:
        """Beside Metadata with heat maps (B.2), inside with counts (B.3)."""
        if metadata.situation is None:
            return
        place = document if (metadata.sub_type or "").lower() == "heatmap" else inside
        place["Situation"] = _present(
            personCount=metadata.situation.person_count,
            enterRegionPeopleNum=metadata.situation.enter_region_people_num,
            leaveRegionPeopleNum=metadata.situation.leave_region_people_num,
        )


def _present(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _quoted(value: Number | str | None) -> str | None:
    return None if value is None else str(value)


def _dev_info(device: DevInfo) -> dict[str, Any]:
    return _present(
        ipAddress=device.ip_address,
        ipv6Address=device.ipv6_address,
        portNo=_quoted(device.port_no),
        macAddress=device.mac_address,
        channel=_quoted(device.channel),
        domainName=device.domain_name or None,
    )


def _target(target: Target) -> dict[str, Any]:
    regions = [{"Point": [{"x": str(x), "y": str(y)} for x, y in region]} for region in target.regions]
    return _present(
        targetID=_quoted(target.target_id),
        ruleID=_quoted(target.rule_id),
        recognition=target.recognition,
        RegionList=None if not regions else regions[0] if len(regions) == 1 else regions,
    )


def _track(metadata: Metadata, inside: dict[str, Any]) -> None:
    inside["CameraPoint"] = [_person(person) for person in metadata.tracking]
    inside["SuspList"] = {
        "suspNum": len(metadata.suspects),
        "Data": [
            _present(suspID=one.susp_id, timeStamp=one.time_stamp, confidence=one.confidence)
            for one in metadata.suspects
        ],
    }


def _person(person: CameraPoint) -> dict[str, Any]:
    joints = []
    for joint in person.joints:
        members = _present(
            gestureType=joint.gesture_type,
            gestureScore=joint.gesture_score,
            gestureValid=_one(joint.gesture_valid),
            x=joint.x,
            y=joint.y,
            z=joint.z,
            x2d=joint.x2d,
            y2d=joint.y2d,
        )
        joints.append(members)
    found = _present(objId=person.obj_id, traComplete=person.tra_complete, isvalid=_one(person.isvalid))
    if person.gesture is not None:
        found["GesturePolygon"] = _present(id=person.gesture_id) | {"JoinMsg": joints}
    if person.head is not None:
        found["HeadPolygon"] = _head(person.head)
    return found


def _head(head: HeadPolygon) -> dict[str, Any]:
    models = [_present(poseType=one.pose_type, feaLen=one.fea_len, feaData=one.fea_data) for one in head.models]
    found: dict[str, Any] = {}
    if head.rect is not None:
        found["Rect"] = dict(zip(("x", "y", "width", "height"), head.rect, strict=True))
    if head.space is not None:
        found["cct"] = _present(**dict(zip("xyz", head.space, strict=True)))
    if head.model is not None:
        found["HeadModel"] = {"modelNum": len(models) if head.model_num is None else head.model_num, "Data": models}
    return found


def _one(flag: int | None) -> int | None:
    return None if flag is None else int(flag)
