"""The fast way for JSON metadata (B.1-B.4): typed by msgspec, for documents that hold nothing unknown.

Anything that the types below do not have, or have otherwise, makes ``read`` return None, and
`onframe.isapi.metadata_json` reads the document instead: both give the same Metadata.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, TypeAlias

import msgspec

from onframe.isapi import bounds
from onframe.isapi.leniency import BLANKS, Notes, same_root
from onframe.isapi.metadata import (
    CameraPoint,
    DevInfo,
    HeadModel,
    HeadPolygon,
    JoinMsg,
    Metadata,
    Number,
    Situation,
    Susp,
)
from onframe.isapi.values import integer, read_time

_Word: TypeAlias = int | str | None


class _DevInfo(msgspec.Struct, forbid_unknown_fields=True, gc=False, frozen=True):
    ipAddress: str | None = None
    ipv6Address: str | None = None
    portNo: _Word = None
    macAddress: str | None = None
    channel: _Word = None
    radarChannel: _Word = None
    domainName: str | None = None


class _Gesture(msgspec.Struct, forbid_unknown_fields=True, gc=False, rename={"joints": "JoinMsg"}):
    id: str | None = None
    joints: list[JoinMsg] = []


class _Rect(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    x: Number
    y: Number
    width: Number
    height: Number


class _Space(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    x: Number
    y: Number
    z: Number


class _HeadModels(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    modelNum: int
    Data: list[HeadModel] = []


class _Head(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    Rect: _Rect | None = None
    cct: _Space | None = None
    HeadModel: _HeadModels | None = None


class _Person(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    objId: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    traComplete: bool
    isvalid: Annotated[int, msgspec.Meta(ge=0, le=1)]
    GesturePolygon: _Gesture | None = None
    HeadPolygon: _Head | None = None


class _Susp(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    suspID: int
    timeStamp: int
    confidence: Number


class _SuspList(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    suspNum: int
    Data: list[_Susp] = []


class _Situation(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    personCount: int | None = None
    enterRegionPeopleNum: int | None = None
    leaveRegionPeopleNum: int | None = None


class _Metadata(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    type: Annotated[str, msgspec.Meta(min_length=1)]
    time: Annotated[str, msgspec.Meta(min_length=1)]
    subType: str | None = None
    DevInfo: _DevInfo | None = None
    Situation: _Situation | None = None
    CameraPoint: list[_Person] = []
    SuspList: _SuspList | None = None


class _Document(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    Metadata: _Metadata | None = None
    MetaData: _Metadata | None = None


_DECODER = msgspec.json.Decoder(_Document)


class _Unusual(Exception):
    """The document is for the general reader."""


def read(text: bytes, notes: Notes) -> Metadata | None:
    """The Metadata of a whole document in UTF-8, or None where the general reader has to read it."""
    if len(text) > bounds.MAX_ELEMENTS:  # a document of fewer bytes cannot hold too many values
        return None
    seen = notes.marks()
    try:
        document = _DECODER.decode(text)
        read = _metadata(document, notes)
    except (msgspec.DecodeError, UnicodeDecodeError, _Unusual, RecursionError):
        notes.reset(seen)
        return None
    return read


def _metadata(document: _Document, notes: Notes) -> Metadata:
    root, sent = "Metadata", document.Metadata
    if sent is None:
        root, sent = "MetaData", document.MetaData
        same_root(root, "Metadata", notes)
    if sent is None or (sent is document.Metadata and document.MetaData is not None):
        raise _Unusual
    time = read_time(_text(sent.time) or "", notes)
    metadata = Metadata(_text(sent.type), _text(sent.subType), time, root=root)
    if sent.DevInfo is not None:
        fields, repaired = _dev_info(sent.DevInfo)
        metadata.device = DevInfo(*fields)
        if repaired:
            notes.repair("number_as_text")
    metadata.situation = _situation(sent)
    if sent.CameraPoint:
        metadata.tracking = _people(sent.CameraPoint)
    if sent.SuspList is not None:
        if sent.SuspList.suspNum != len(sent.SuspList.Data):
            raise _Unusual
        metadata.suspects = [Susp(one.suspID, one.timeStamp, one.confidence) for one in sent.SuspList.Data]
    return metadata


def _situation(sent: _Metadata) -> Situation | None:
    counts = sent.Situation or _Situation()
    if (sent.subType or "").lower() == "peoplecounting":
        if counts.enterRegionPeopleNum is None or counts.leaveRegionPeopleNum is None:
            raise _Unusual
    if sent.Situation is None:
        return None
    return Situation(counts.personCount, counts.enterRegionPeopleNum, counts.leaveRegionPeopleNum)


def _text(text: str | None) -> str | None:
    if not text:
        return None
    if text.strip(BLANKS) != text:
        raise _Unusual
    return text


@lru_cache(maxsize=256)
def _dev_info(device: _DevInfo) -> tuple[tuple[Any, ...], bool]:
    """The values of a DevInfo, and whether a number stood in quotes; a camera sends the same in every document."""
    numbers = (device.portNo, device.channel, device.radarChannel)
    port_no, channel, radar_channel = map(_number, numbers)
    mac = _text(device.macAddress)
    fields = (
        _text(device.ipAddress),
        _text(device.ipv6Address),
        port_no,
        None if mac is None else mac.lower(),
        channel,
        radar_channel,
        None if device.domainName is None else _text(device.domainName) or "",
    )
    return fields, any(isinstance(number, str) and number for number in numbers)


def _number(value: _Word) -> int | None:
    if not isinstance(value, str):
        return value
    if value == "":
        return None
    read = integer(value)
    if read is None:
        raise _Unusual
    return read


def _people(people: list[_Person]) -> list[CameraPoint]:
    found = []
    for person in people:
        gesture, head = person.GesturePolygon, person.HeadPolygon
        found.append(
            CameraPoint(
                _text(person.objId),
                person.traComplete,
                person.isvalid == 1,
                None if gesture is None else _text(gesture.id),
                [] if gesture is None else gesture.joints,
                None if head is None else _head(head),
            )
        )
    return found


def _head(head: _Head) -> HeadPolygon:
    rect, space, models = head.Rect, head.cct, head.HeadModel
    if models is not None:
        for model in models.Data:
            _text(model.fea_data)
    return HeadPolygon(
        None if rect is None else (rect.x, rect.y, rect.width, rect.height),
        None if space is None else (space.x, space.y, space.z),
        None if models is None else models.modelNum,
        [] if models is None else models.Data,
    )
