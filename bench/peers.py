"""What a competent programmer writes by hand: other parsers, walked into the same typed objects.

They trust the document: no bounds, no repairs, no encodings but UTF-8, no place for what they do not know.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

import xmltodict
from lxml import etree

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
    Radar,
    RadarDetectionRegion,
    Rect,
    Susp,
    Target,
    Time,
    VideoDetectionRegion,
)

_NS = "{http://www.isapi.org/ver20/XMLSchema}"
_LXML = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)


def number(text: str) -> int | float:
    """An int where the text is one."""
    try:
        return int(text)
    except ValueError:
        return float(text)


def time_of(raw: str) -> Time:
    """The document's time with its instant."""
    moment = datetime.fromisoformat(raw)
    return Time(raw, moment.isoformat(timespec="milliseconds"), round(moment.timestamp() * 1000))


# --- lxml and ElementTree: the same walk -------------------------------------------------------------------------


def with_lxml(payload: bytes) -> Metadata:
    """lxml and a walk."""
    return _walk(etree.fromstring(payload, _LXML))


def with_element_tree(payload: bytes) -> Metadata:
    """The standard library's ElementTree and a walk."""
    return _walk(ElementTree.fromstring(payload))


def _walk(root: Any) -> Metadata:
    metadata = Metadata(version=root.get("version"), namespace=_NS[1:-1])
    for child in root:
        tag = child.tag
        if tag == _NS + "type":
            metadata.type = child.text
        elif tag == _NS + "subType":
            metadata.sub_type = child.text
        elif tag == _NS + "time":
            metadata.time = time_of(child.text)
        elif tag == _NS + "DevInfo":
            metadata.device = _device(child)
        elif tag == _NS + "TargetDetection":
            for targets in child:
                metadata.targets = [_target(target) for target in targets]
        elif tag == _NS + "ActivityTargetList":
            metadata.targets = [_radar_target(target) for target in child]
        elif tag == _NS + "RadarDetectionRegion":
            metadata.radar = metadata.radar or Radar()
            metadata.radar.detection_region = _detection_region(child)
        elif tag == _NS + "VideoDetectionRegion":
            metadata.radar = metadata.radar or Radar()
            values = _numbers(child)
            metadata.radar.video_region = VideoDetectionRegion(values.get("angle"), values.get("fieldView"))
    return metadata


def _device(element: Any) -> DevInfo:
    device = DevInfo()
    for child in element:
        tag = child.tag
        if tag == _NS + "ipAddress":
            device.ip_address = child.text
        elif tag == _NS + "portNo":
            device.port_no = int(child.text)
        elif tag == _NS + "macAddress":
            device.mac_address = child.text.lower()
        elif tag == _NS + "channel":
            device.channel = int(child.text)
    return device


def _target(element: Any) -> Target:
    target = Target()
    for child in element:
        tag = child.tag
        if tag == _NS + "targetID":
            target.target_id = int(child.text)
        elif tag == _NS + "ruleID":
            target.rule_id = int(child.text)
        elif tag == _NS + "recognition":
            target.recognition = child.text
        elif tag == _NS + "RegionList":
            target.regions = [[(number(x.text), number(y.text)) for x, y in region] for region in child]
        elif tag == _NS + "PropertyList":
            target.properties = [(description.text, value.text) for description, value in child]
    return target


def _numbers(element: Any) -> dict[str, Any]:
    return {child.tag[len(_NS) :]: number(child.text) for child in element if not len(child)}


def _radar_target(element: Any) -> Target:
    values = _numbers(element)
    return Target(speed=values["speed"], angle=values["angle"], distance=values["distance"])


def _detection_region(element: Any) -> RadarDetectionRegion:
    values = _numbers(element)
    vertices = [(number(x.text), number(y.text)) for x, y in element.findall(_NS + "VertexPoint")]
    return RadarDetectionRegion(values["angle"], values["distance"], values["towards"], vertices)


# --- xmltodict ---------------------------------------------------------------------------------------------------


def with_xmltodict(payload: bytes) -> Metadata:
    """xmltodict and a conversion."""
    root = xmltodict.parse(payload)["Metadata"]
    metadata = Metadata(version=root["@version"], namespace=root["@xmlns"])
    metadata.type, metadata.sub_type, metadata.time = root["type"], root["subType"], time_of(root["time"])
    metadata.device = _device_of(root["DevInfo"])
    if detection := root.get("TargetDetection"):
        metadata.targets = [_target_of(target) for target in _many(detection["TargetList"]["Target"])]
    if active := root.get("ActivityTargetList"):
        metadata.targets = [
            Target(speed=number(one["speed"]), angle=number(one["angle"]), distance=number(one["distance"]))
            for one in _many(active["Target"])
        ]
        metadata.radar = _radar_of(root["RadarDetectionRegion"], root["VideoDetectionRegion"])
    return metadata


def _many(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else (value,)


def _device_of(device: dict[str, Any]) -> DevInfo:
    return DevInfo(
        ip_address=device["ipAddress"],
        port_no=int(device["portNo"]),
        mac_address=device["macAddress"].lower(),
        channel=int(device["channel"]),
    )


def _target_of(target: dict[str, Any]) -> Target:
    return Target(
        target_id=int(target["targetID"]) if "targetID" in target else None,
        rule_id=int(target["ruleID"]) if "ruleID" in target else None,
        recognition=target.get("recognition"),
        regions=[
            [(number(point["x"]), number(point["y"])) for point in _many(region["Point"])]
            for region in _many(target["RegionList"]["Region"])
        ],
        properties=[(pair["description"], pair["value"]) for pair in _many(target["PropertyList"]["Property"])],
    )


def _radar_of(detection: dict[str, Any], video: dict[str, Any]) -> Radar:
    vertices = [(number(point["x"]), number(point["y"])) for point in _many(detection["VertexPoint"])]
    return Radar(
        RadarDetectionRegion(
            number(detection["angle"]), number(detection["distance"]), number(detection["towards"]), vertices
        ),
        VideoDetectionRegion(number(video["angle"]), number(video["fieldView"])),
    )


# --- JSON --------------------------------------------------------------------------------------------------------


def with_json(payload: bytes) -> Metadata:
    """The standard library's json and typing by hand."""
    ((root, body),) = json.loads(payload).items()
    metadata = Metadata(root=root)
    metadata.type, metadata.sub_type, metadata.time = body["type"], body["subType"], time_of(body["time"])
    metadata.device = _device_of(body["DevInfo"])
    metadata.tracking = [_person(point) for point in body["CameraPoint"]]
    metadata.suspects = [Susp(one["suspID"], one["timeStamp"], one["confidence"]) for one in body["SuspList"]["Data"]]
    return metadata


def _person(point: dict[str, Any]) -> CameraPoint:
    gestures, head = point["GesturePolygon"], point["HeadPolygon"]
    return CameraPoint(
        point["objId"],
        point["traComplete"],
        point["isvalid"],
        GesturePolygon(gestures["id"], [_joint(joint) for joint in gestures["JoinMsg"]]),
        _head(head),
    )


def _joint(joint: dict[str, Any]) -> JoinMsg:
    return JoinMsg(
        joint["gestureType"],
        joint["gestureScore"],
        joint["gestureValid"],
        joint["x"],
        joint["y"],
        joint["z"],
        joint["x2d"],
        joint["y2d"],
    )


def _head(head: dict[str, Any]) -> HeadPolygon:
    rect, space, models = head["Rect"], head["cct"], head["HeadModel"]
    return HeadPolygon(
        Rect(rect["x"], rect["y"], rect["width"], rect["height"]),
        Cct(space["x"], space["y"], space["z"]),
        HeadModels(
            models["modelNum"], [HeadModel(one["poseType"], one["feaLen"], one["feaData"]) for one in models["Data"]]
        ),
    )


XML_PEERS: dict[str, Callable[[bytes], Metadata]] = {
    "lxml + walk": with_lxml,
    "ElementTree + walk": with_element_tree,
    "xmltodict + convert": with_xmltodict,
}
JSON_PEERS: dict[str, Callable[[bytes], Metadata]] = {"json + hand typing": with_json}
