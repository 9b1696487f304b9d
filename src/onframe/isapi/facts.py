"""The JSON form of a decoded document: the guide's own names, absent as null, absent lists empty.

`onframe.isapi.from_facts` is the way back for metadata.
"""

from __future__ import annotations

from typing import Any

from onframe.isapi.config import DeviceCap, MetadataCap, MetadataCfg, RTSPMetadataURI, SingleMetadataCfg, SubscribeType
from onframe.isapi.metadata import (
    CameraPoint,
    DevInfo,
    Frame,
    HeadPolygon,
    JoinMsg,
    Metadata,
    PTZInfo,
    Radar,
    Region,
    Situation,
    Target,
    Time,
)
from onframe.isapi.properties import values
from onframe.isapi.status import ResponseStatus


def facts(value: object) -> dict[str, Any]:
    """The facts of a Document's value as plain objects. Raises TypeError for anything else."""
    if isinstance(value, Metadata):
        return metadata_facts(value)
    if isinstance(value, ResponseStatus):
        return _status(value)
    if isinstance(value, RTSPMetadataURI):
        return {"rtspURI": value.rtsp_uri}
    if isinstance(value, SubscribeType):
        return {"type": value.type}
    if isinstance(value, DeviceCap):
        return {"supportsMetadata": value.supports_metadata, "tree": value.tree, "elements": value.elements}
    return _configuration(value)


def _configuration(value: object) -> dict[str, Any]:
    if isinstance(value, MetadataCap):
        return {
            "types": value.types,
            "size": value.size,
            "formats": value.formats,
            "supportsSubscribeType": value.supports_subscribe_type,
        }
    if isinstance(value, MetadataCfg):
        types = [[entry.type, entry.enable] for entry in value.types]
        return {"types": types, "uploadDataFormat": value.upload_data_format}
    if isinstance(value, SingleMetadataCfg):
        return {"types": [[value.type, value.enable]], "uploadDataFormat": None}
    raise TypeError(f"{type(value).__name__} is no document of the guide")


def _status(value: ResponseStatus) -> dict[str, Any]:
    return {
        "statusCode": value.status_code,
        "statusString": value.status_string,
        "subStatusCode": value.sub_status_code,
        "errorCode": value.error_code,
        "errorMsg": value.error_msg,
        "requestURL": value.request_url,
        "ok": value.ok,
    }


def metadata_facts(metadata: Metadata) -> dict[str, Any]:
    """The facts of one metadata document."""
    return {
        "root": metadata.root,
        "version": metadata.version,
        "namespace": metadata.namespace,
        "type": metadata.type,
        "subType": metadata.sub_type,
        "time": _time(metadata.time),
        "device": _device(metadata.device),
        "targets": [_target(target) for target in metadata.targets],
        "frame": _frame(metadata.frame),
        "radar": _radar(metadata.radar),
        "ptz": _ptz(metadata.ptz),
        "situation": _situation(metadata.situation),
        "pictures": [{"dataType": picture.data_type, "data": picture.data} for picture in metadata.pictures],
        "tracking": [_person(person) for person in metadata.tracking],
        "suspects": [
            {"suspID": one.susp_id, "timeStamp": one.time_stamp, "confidence": one.confidence}
            | ({} if one.owner is None else {"owner": one.owner})
            for one in metadata.suspects
        ],
        "extras": metadata.extras,
    }


def _time(time: Time | None) -> dict[str, Any] | None:
    return None if time is None else {"raw": time.raw, "iso": time.iso, "epoch_ms": time.epoch_ms}


def _device(device: DevInfo | None) -> dict[str, Any] | None:
    if device is None:
        return None
    return {
        "ipAddress": device.ip_address,
        "ipv6Address": device.ipv6_address,
        "portNo": device.port_no,
        "macAddress": device.mac_address,
        "channel": device.channel,
        "radarChannel": device.radar_channel,
        "domainName": device.domain_name,
    }


def _target(target: Target) -> dict[str, Any]:
    found: dict[str, Any] = {
        "targetID": target.target_id,
        "ruleID": target.rule_id,
        "recognition": target.recognition,
        "regions": _regions(target.regions),
        "properties": [[name, value] for name, value in target.properties],
        "polar": [[angle, distance] for angle, distance in target.polar],
        "box": None if target.box is None else list(target.box),
        "values": values(target),
    }
    if target.speed is not None or target.angle is not None or target.distance is not None:
        found |= {"speed": target.speed, "angle": target.angle, "distance": target.distance}
    return found


def _regions(regions: list[Region]) -> list[list[list[int | float]]]:
    return [[[x, y] for x, y in region] for region in regions]


def _frame(frame: Frame) -> dict[str, Any]:
    return {"regions": _regions(frame.regions), "properties": [[name, value] for name, value in frame.properties]}


def _radar(radar: Radar | None) -> dict[str, Any] | None:
    if radar is None:
        return None
    covered, seen = radar.detection_region, radar.video_region
    return {
        "detectionRegion": None
        if covered is None
        else {
            "angle": covered.angle,
            "distance": covered.distance,
            "towards": covered.towards,
            "vertices": [[x, y] for x, y in covered.vertices],
        },
        "videoRegion": None if seen is None else {"angle": seen.angle, "fieldView": seen.field_view},
    }


def _ptz(ptz: PTZInfo | None) -> dict[str, Any] | None:
    if ptz is None:
        return None
    return {
        "elevation": ptz.elevation,
        "azimuth": ptz.azimuth,
        "zoom": ptz.zoom,
        "focus": ptz.focus,
        "presetNo": ptz.preset_no,
    }


def _situation(situation: Situation | None) -> dict[str, int] | None:
    """The counts that were sent; those that were not are left out."""
    if situation is None:
        return None
    counts = {
        "personCount": situation.person_count,
        "enterRegionPeopleNum": situation.enter_region_people_num,
        "leaveRegionPeopleNum": situation.leave_region_people_num,
    }
    return {name: count for name, count in counts.items() if count is not None}


def _person(person: CameraPoint) -> dict[str, Any]:
    return {
        "objId": person.obj_id,
        "traComplete": person.tra_complete,
        "isvalid": None if person.isvalid is None else bool(person.isvalid),
        "gestureId": person.gesture_id,
        "joints": [_joint(joint) for joint in person.joints],
        "head": _head(person.head),
    }


def _joint(joint: JoinMsg) -> dict[str, Any]:
    return {
        "type": joint.gesture_type,
        "score": joint.gesture_score,
        "valid": None if joint.gesture_valid is None else bool(joint.gesture_valid),
        "space": None if joint.space is None else list(joint.space),
        "plane": None if joint.plane is None else list(joint.plane),
    }


def _head(head: HeadPolygon | None) -> dict[str, Any] | None:
    if head is None:
        return None
    return {
        "rect": None if head.rect is None else list(head.rect),
        "space": None if head.space is None else list(head.space),
        "modelNum": head.model_num,
        "models": [
            {"poseType": model.pose_type, "feaLen": model.fea_len, "feaData": model.fea_data} for model in head.models
        ],
    }
