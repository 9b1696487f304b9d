"""JSON lines of Records, as ``onframe watch --json`` writes them, read back one by one.

A line that cannot be used costs itself: it comes as a BadLine with its number. Lines of other kinds (``gap``,
``state``, ``undecodable``) say nothing about pictures and are passed over, as are empty ones.

A line of the kind ``clip`` says where the video timestamps of one epoch lie in the video file that was kept with
these Records; `onframe.annotate.keep` writes it::

    {"kind": "clip", "epoch": 1, "timestamp": 8589934592, "pts": 0}

The picture with this extended RTP timestamp (90 kHz) stands ``pts`` ticks (90 kHz) after the file's first one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import msgspec

from onframe.errors import OnframeError
from onframe.isapi.from_facts import metadata_from_facts
from onframe.record import Coordinates, Record, VideoTime

MAX_LINE = 16 * 1024 * 1024
"""Bytes of one line: a document of 4 MiB, its payload in base64 and its facts fit."""
_MOST_TICKS = 2**62


class Clip(msgspec.Struct, tag="clip", tag_field="kind", frozen=True):
    """Where an epoch's timestamps lie in the file: see this module."""

    epoch: int
    timestamp: int
    pts: int


class BadLine(msgspec.Struct, frozen=True):
    """A line that could not be used, and why."""

    number: int
    reason: str


Line: TypeAlias = Record | Clip | BadLine


class _Record(msgspec.Struct):
    """A Record's JSON form, as far as it is used here."""

    received_at: datetime
    metadata: dict[str, Any]
    camera: str = ""
    channel: int = 1
    stream: int = 1
    epoch: int = 0
    n: int = 0
    format: str = "xml"
    timestamp: int | None = None
    captured_at: datetime | None = None
    clock: str = "arrival"
    uncertainty: float | None = None
    coordinates: Coordinates = Coordinates()
    video: VideoTime | None = None
    repairs: list[str] = []
    warnings: list[str] = []
    raw: bytes = b""


class _Kind(msgspec.Struct):
    kind: str


_kind = msgspec.json.Decoder(_Kind)
_record = msgspec.json.Decoder(_Record)
_clip = msgspec.json.Decoder(Clip)


def read_records(path: Path) -> Iterator[Line]:
    """The lines of a file, one by one. Raises OnframeError where it cannot be opened or read."""
    try:
        with path.open("rb") as file:
            for number, text in _lines(file):
                line = BadLine(number, f"it has more than {MAX_LINE} bytes") if text is None else _read(number, text)
                if line is not None:
                    yield line
    except OSError as error:
        raise OnframeError(f"the Records in {path} cannot be read: {error.strerror or error}") from error


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """(number, bytes) of each line; None for the bytes of one that is too long."""
    number = 0
    while text := file.readline(MAX_LINE + 1):
        number += 1
        if len(text) <= MAX_LINE:
            yield number, text
            continue
        while text and not text.endswith(b"\n"):
            text = file.readline(MAX_LINE)
        yield number, None


def _read(number: int, text: bytes) -> Line | None:
    if not text.strip():
        return None
    try:
        kind = _kind.decode(text).kind
        if kind == "record":
            return record_of(text)
        if kind == "clip":
            clip: Clip = _clip.decode(text)
            if max(abs(clip.timestamp), abs(clip.pts)) > _MOST_TICKS:
                raise ValueError("its time is beyond all bounds")
            return clip
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        return BadLine(number, str(error) or type(error).__name__)
    return None


def record_of(text: bytes | str) -> Record:
    """The Record of one line, without ``gap_before``. Raises ValueError (msgspec.DecodeError is one)."""
    found: _Record = _record.decode(text)
    for instant in (found.received_at, found.captured_at):
        if instant is not None and instant.tzinfo is None:
            raise ValueError("an instant has no offset from UTC")
    if found.video is not None and abs(found.video.timestamp) > _MOST_TICKS:
        raise ValueError("its time is beyond all bounds")
    for name in ("type", "subType"):
        if name not in found.metadata:
            raise ValueError(f"the metadata does not fit: it has no {name}, not even null")
    values = {name: getattr(found, name) for name in found.__struct_fields__ if name != "metadata"}
    return Record(metadata=metadata_from_facts(found.metadata), **values)
