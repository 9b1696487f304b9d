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
    Integer,
    Metadata,
    Real,
    Situation,
    Susp,
)
from onframe.isapi.values import integer, read_time

_Word: TypeAlias = Integer | str | None


class _DevInfo(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    ipAddress: str | None = None
    ipv6Address: str | None = None
    portNo: _Word = None
    macAddress: str | None = None
    channel: _Word = None
    radarChannel: _Word = None
    domainName: str | None = None


class _Susp(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    suspID: Integer
    timeStamp: Integer
    confidence: Real


class _SuspList(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    suspNum: Integer
    Data: list[_Susp] = []


class _Situation(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    personCount: Integer | None = None
    enterRegionPeopleNum: Integer | None = None
    leaveRegionPeopleNum: Integer | None = None


class _Metadata(
    msgspec.Struct,
    rename={"sub_type": "subType", "device": "DevInfo", "people": "CameraPoint", "suspects": "SuspList"},
    forbid_unknown_fields=True,
    gc=False,
):
    type: Annotated[str, msgspec.Meta(min_length=1)]
    time: Annotated[str, msgspec.Meta(min_length=1)]
    sub_type: str | None = None
    device: msgspec.Raw = msgspec.Raw(b"null")
    people: list[CameraPoint] = []
    suspects: _SuspList | None = None
    Situation: _Situation | None = None


class _Document(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    MetaData: _Metadata | None = None
    Metadata: _Metadata | None = None


_DECODER = msgspec.json.Decoder(_Document)
_DEV_INFO = msgspec.json.Decoder(_DevInfo | None)
_LONGEST_DEV_INFO = 1000


class _Unusual(Exception):
    """The document is for the general reader."""


def read(text: bytes, notes: Notes) -> Metadata | None:
    """The Metadata of a whole document in UTF-8, or None where the general reader has to read it.

    No bound can be exceeded here: a document of fewer bytes cannot hold too many values, and one of these types
    is neither deep nor has it keys that are long or many.
    """
    if len(text) > bounds.MAX_ELEMENTS:
        return None
    try:
        return _metadata(_DECODER.decode(text), notes)
    except (msgspec.DecodeError, UnicodeDecodeError, _Unusual, RecursionError):
        return None


def _metadata(document: _Document, notes: Notes) -> Metadata:
    """Everything that can be unusual is looked at before the first note is taken."""
    root, sent, other = "MetaData", document.MetaData, document.Metadata
    if other is not None:
        root, sent, other = "Metadata", other, sent
    if sent is None or other is not None:
        raise _Unusual
    kind, sub_type, raw = sent.type, sent.sub_type or None, sent.time
    if kind.strip(BLANKS) != kind or raw.strip(BLANKS) != raw or (sub_type and sub_type.strip(BLANKS) != sub_type):
        raise _Unusual
    metadata = Metadata(kind, sub_type, root=root)
    fields, quoted = _dev_info(bytes(sent.device))
    if fields:
        metadata.device = DevInfo(*fields)
    if sent.people:
        _check_people(sent.people)
        metadata.tracking = sent.people
    if sent.suspects is not None:
        metadata.suspects = _suspects(sent.suspects)
    if sent.Situation is not None or (sub_type and sub_type.lower() == "peoplecounting"):
        metadata.situation = _situation(sent)
    same_root(root, "Metadata", notes)
    metadata.time = read_time(raw, notes)
    if quoted:
        notes.repair("number_as_text")
    return metadata


def _check_people(people: list[CameraPoint]) -> None:
    """Identifiers are there and not empty, and no text has blanks around it."""
    for person in people:
        name, gesture, head = person.obj_id, person.gesture, person.head
        if not name or name.strip(BLANKS) != name:
            raise _Unusual
        if gesture is not None and gesture.id != name and gesture.id is not None:
            name = gesture.id
            if not name or name.strip(BLANKS) != name:
                raise _Unusual
        if head is not None and head.model is not None:
            for model in head.model.data:
                text = model.fea_data
                if text and text.strip(BLANKS) != text:
                    raise _Unusual


def _suspects(listed: _SuspList) -> list[Susp]:
    if listed.suspNum != len(listed.Data):
        raise _Unusual
    return [Susp(one.suspID, one.timeStamp, one.confidence) for one in listed.Data]


def _situation(sent: _Metadata) -> Situation:
    counts = sent.Situation or _Situation()
    if (sent.sub_type or "").lower() == "peoplecounting":
        if counts.enterRegionPeopleNum is None or counts.leaveRegionPeopleNum is None:
            raise _Unusual
    return Situation(counts.personCount, counts.enterRegionPeopleNum, counts.leaveRegionPeopleNum)


def _text(text: str | None) -> str | None:
    if not text:
        return None
    if text.strip(BLANKS) != text:
        raise _Unusual
    return text


def _dev_info(sent: bytes) -> tuple[tuple[Any, ...], bool]:
    """The values of a DevInfo, none where it is null, and whether a number stood in quotes.

    A camera sends the same in every document.
    """
    return _known_dev_info(sent) if len(sent) <= _LONGEST_DEV_INFO else _read_dev_info(sent)


def _read_dev_info(sent: bytes) -> tuple[tuple[Any, ...], bool]:
    device = _DEV_INFO.decode(sent)
    if device is None:
        return (), False
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


_known_dev_info = lru_cache(maxsize=256)(_read_dev_info)
