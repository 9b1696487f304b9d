"""The way back from the JSON form of a metadata document (`onframe.isapi.facts`) to Metadata.

The types below have the shape of the facts. What is only worked out from other facts (a target's ``box`` and
``values``) is passed over, as are names that the facts do not have; what is left out is absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec

from onframe.isapi import metadata as guide
from onframe.isapi.metadata import Coordinate, Metadata, Number, Point, Property, Region, Space

T = TypeVar("T")
_Flag: TypeAlias = bool | Annotated[int, msgspec.Meta(ge=0, le=1)] | None


class _Device(msgspec.Struct, rename="camel"):
    ip_address: str | None = None
    ipv6_address: str | None = None
    port_no: int | None = None
    mac_address: str | None = None
    channel: int | None = None
    radar_channel: int | None = None
    domain_name: str | None = None


class _Target(msgspec.Struct, rename={"target_id": "targetID", "rule_id": "ruleID"}):
    target_id: int | str | None = None
    rule_id: int | str | None = None
    recognition: str | None = None
    regions: list[Region] = []
    properties: list[Property] = []
    polar: list[Coordinate] = []
    speed: Number | None = None
    angle: Number | None = None
    distance: Number | None = None


class _Seen(msgspec.Struct, rename="camel"):
    angle: Number | None = None
    field_view: Number | None = None


class _Radar(msgspec.Struct, rename="camel"):
    detection_region: guide.RadarDetectionRegion | None = None
    video_region: _Seen | None = None


class _Ptz(msgspec.Struct, rename="camel"):
    elevation: Number | None = None
    azimuth: Number | None = None
    zoom: Number | None = None
    focus: int | None = None
    preset_no: int | None = None


class _Situation(msgspec.Struct, rename="camel"):
    person_count: int | None = None
    enter_region_people_num: int | None = None
    leave_region_people_num: int | None = None


class _Picture(msgspec.Struct, rename="camel"):
    data_type: str | None = None
    data: str | None = None


class _Joint(msgspec.Struct):
    type: int | None = None
    score: Number | None = None
    valid: _Flag = None
    space: Space | None = None
    plane: Point | None = None


class _Model(msgspec.Struct, rename="camel"):
    pose_type: int | None = None
    fea_len: int | None = None
    fea_data: str | None = None


class _Head(msgspec.Struct, rename="camel"):
    rect: tuple[Number, Number, Number, Number] | None = None
    space: Space | None = None
    model_num: int | None = None
    models: list[_Model] = []


class _Person(msgspec.Struct, rename="camel"):
    obj_id: str | None = None
    tra_complete: bool | None = None
    isvalid: _Flag = None
    gesture_id: str | None = None
    joints: list[_Joint] = []
    head: _Head | None = None


class _Suspect(msgspec.Struct, rename={"susp_id": "suspID", "time_stamp": "timeStamp"}):
    susp_id: int | None = None
    time_stamp: int | None = None
    confidence: Number | None = None
    owner: str | None = None


class _Facts(msgspec.Struct, rename="camel"):
    type: str | None = None
    sub_type: str | None = None
    time: guide.Time | None = None
    device: _Device | None = None
    targets: list[_Target] = []
    frame: guide.Frame = msgspec.field(default_factory=guide.Frame)
    radar: _Radar | None = None
    ptz: _Ptz | None = None
    situation: _Situation | None = None
    pictures: list[_Picture] = []
    tracking: list[_Person] = []
    suspects: list[_Suspect] = []
    root: str = "Metadata"
    version: str | None = None
    namespace: str | None = None
    extras: dict[str, Any] = {}


def metadata_from_facts(facts: Mapping[str, Any]) -> Metadata:
    """The document that has these facts. Raises ValueError that names the fact which does not fit."""
    try:
        found = msgspec.convert(facts, _Facts)
    except msgspec.ValidationError as error:
        raise ValueError(f"the metadata does not fit: {error}") from error
    return Metadata(
        type=found.type,
        sub_type=found.sub_type,
        time=found.time,
        device=_same(guide.DevInfo, found.device),
        targets=[guide.Target(**msgspec.structs.asdict(one)) for one in found.targets],
        frame=found.frame,
        radar=_radar(found.radar),
        ptz=_same(guide.PTZInfo, found.ptz),
        situation=_same(guide.Situation, found.situation),
        pictures=[guide.Picture(one.data_type, one.data) for one in found.pictures],
        tracking=[_person(one) for one in found.tracking],
        suspects=[guide.Susp(**msgspec.structs.asdict(one)) for one in found.suspects],
        root=found.root,
        version=found.version,
        namespace=found.namespace,
        extras=found.extras,
    )


def _same(kind: type[T], facts: msgspec.Struct | None) -> T | None:
    """The Struct whose fields are those of these facts."""
    return None if facts is None else kind(**msgspec.structs.asdict(facts))


def _radar(facts: _Radar | None) -> guide.Radar | None:
    if facts is None:
        return None
    return guide.Radar(facts.detection_region, _same(guide.VideoDetectionRegion, facts.video_region))


def _person(facts: _Person) -> guide.CameraPoint:
    joints = [_joint(one) for one in facts.joints]
    return guide.CameraPoint(
        obj_id=facts.obj_id,
        tra_complete=facts.tra_complete,
        isvalid=_bit(facts.isvalid),
        gesture=guide.GesturePolygon(facts.gesture_id, joints) if joints or facts.gesture_id is not None else None,
        head=None if facts.head is None else _head(facts.head),
    )


def _bit(value: _Flag) -> int | None:
    return None if value is None else int(value)


def _joint(facts: _Joint) -> guide.JoinMsg:
    space = facts.space or (None, None, None)
    plane = facts.plane or (None, None)
    return guide.JoinMsg(facts.type, facts.score, _bit(facts.valid), *space, *plane)


def _head(facts: _Head) -> guide.HeadPolygon:
    models = [guide.HeadModel(**msgspec.structs.asdict(one)) for one in facts.models]
    return guide.HeadPolygon(
        None if facts.rect is None else guide.Rect(*facts.rect),
        None if facts.space is None else guide.Cct(*facts.space),
        guide.HeadModels(facts.model_num, models) if models or facts.model_num is not None else None,
    )
