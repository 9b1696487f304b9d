"""The one shape that leaves a camera: Record, and beside it Gap, StateChange and Undecodable.

Outer keys of their JSON are snake_case; inside ``metadata`` stand the guide's own names.
Instants are ISO 8601 with offset.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec

from onframe.isapi.metadata import Metadata

SCHEMA = "onframe.record/1"

CoordinateSpace: TypeAlias = Literal["0..1000", "unit", "pixels"]
Origin: TypeAlias = Literal["top-left", "bottom-left"]


class Coordinates(msgspec.Struct, frozen=True):
    """In which space the points are. ``assumed`` until somebody set it: the guide does not say.

    ``width`` and ``height`` are of the picture, and needed by the space "pixels" alone.
    """

    space: CoordinateSpace = "0..1000"
    origin: Origin = "top-left"
    assumed: bool = True
    width: int | None = None
    height: int | None = None


class VideoTime(msgspec.Struct, frozen=True):
    """The picture a Record belongs to: the video track's extended RTP timestamp, and how well that is known.

    ``clock`` is the grade of the relation between the two tracks, ``uncertainty`` is in seconds;
    ``exact`` is true for the grades sender_report, rtp_info and shared_base alone.
    """

    timestamp: int
    clock: str
    uncertainty: float
    exact: bool


class Gap(msgspec.Struct, tag="gap", tag_field="kind"):
    """Something was lost, and how much.

    ``reason`` is "loss" (RTP sequence numbers are missing), "overflow" (our own queue was full)
    or "reconnect". ``packets`` counts RTP packets, ``records`` Records; None is unknown.
    """

    camera: str
    channel: int
    stream: int
    epoch: int
    received_at: datetime
    reason: str
    packets: int | None = None
    records: int | None = None
    first_sequence: int | None = None
    last_sequence: int | None = None


class StateChange(msgspec.Struct, tag="state", tag_field="kind"):
    """The connection is now in ``state`` since ``since``, because of ``reason``.

    States: connecting, authenticating, live, quiet, stale, backoff, auth_failed, no_track, stopped.
    """

    camera: str
    channel: int
    stream: int
    epoch: int
    state: str
    reason: str
    since: datetime
    previous: str | None = None


class Undecodable(msgspec.Struct, tag="undecodable", tag_field="kind"):
    """A document that could not be read; it costs only itself.

    ``raw`` holds its bytes; it is empty for one longer than 4 MiB, which is not kept.
    """

    camera: str
    channel: int
    stream: int
    epoch: int
    received_at: datetime
    error: str
    message: str
    path: str | None = None
    offset: int | None = None
    excerpt: str | None = None
    timestamp: int | None = None
    raw: bytes = b""


class Record(msgspec.Struct, tag="record", tag_field="kind"):
    """One metadata document, and all that is known of its way here.

    ``epoch`` counts connections, ``n`` rises within one. ``timestamp`` is the metadata track's RTP
    timestamp, extended to 64 bits (90 kHz). ``captured_at`` is in the camera's clock, of the grade
    ``clock`` (sender_report, rtp_info, shared_base, document, arrival), right to ``uncertainty`` seconds;
    the grade is "untrusted" where it is a day or more from ours, as after a reboot until the camera asks for the time.
    ``video`` names the picture it belongs to where video is received with it.
    """

    camera: str
    channel: int
    stream: int
    epoch: int
    n: int
    received_at: datetime
    metadata: Metadata
    format: str = "xml"
    timestamp: int | None = None
    captured_at: datetime | None = None
    clock: str = "arrival"
    uncertainty: float | None = None
    coordinates: Coordinates = Coordinates()
    video: VideoTime | None = None
    repairs: list[str] = []
    warnings: list[str] = []
    gap_before: Gap | None = None
    raw: bytes = b""
    schema: str = SCHEMA


class AccessUnit(msgspec.Struct):
    """One coded picture of the video track: Annex B bytes, as received.

    ``timestamp`` is the video track's extended RTP timestamp (90 kHz), ``codec`` "H264" or "H265". ``key``: decoding
    can begin here. ``lost_before`` counts what is missing in it or right before it.
    """

    camera: str
    channel: int
    stream: int
    epoch: int
    received_at: datetime
    timestamp: int
    data: bytes
    key: bool
    codec: str = "H264"
    lost_before: int = 0


Event: TypeAlias = Record | Gap | StateChange | Undecodable
StreamEvent: TypeAlias = Event | AccessUnit


def to_dict(event: Event, *, raw: bool = False) -> dict[str, Any]:
    """The JSON form as plain objects; ``raw`` adds the payload, base64."""
    from onframe.isapi.document import facts

    if isinstance(event, Record):
        result: dict[str, Any] = {
            "kind": "record",
            "schema": event.schema,
            "camera": event.camera,
            "channel": event.channel,
            "stream": event.stream,
            "epoch": event.epoch,
            "n": event.n,
            "received_at": _instant(event.received_at),
            "timestamp": event.timestamp,
            "captured_at": _instant(event.captured_at),
            "clock": event.clock,
            "uncertainty": event.uncertainty,
            "video": msgspec.to_builtins(event.video),
            "coordinates": msgspec.to_builtins(event.coordinates),
            "format": event.format,
            "metadata": facts(event.metadata),
            "repairs": event.repairs,
            "warnings": event.warnings,
            "gap_before": to_dict(event.gap_before) if event.gap_before else None,
        }
        if raw:
            result["raw"] = msgspec.to_builtins(event.raw)
        return result
    result = msgspec.to_builtins(event)
    for name in ("received_at", "since"):
        if name in result:
            result[name] = _instant(getattr(event, name))
    if not raw:
        result.pop("raw", None)
    return result


def to_json(event: Event, *, raw: bool = False) -> bytes:
    """One line of JSON, without the line's end."""
    return msgspec.json.encode(to_dict(event, raw=raw))


def _instant(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat(timespec="milliseconds")
