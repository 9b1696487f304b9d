"""What the viewer's server and its page say to each other over one WebSocket. Pure: no I/O, no clock.

Server → page, binary: one access unit each, little endian, a header of 24 bytes and the bytes of the picture.

    offset  type  field
    0       u8    kind        1 = access unit (Annex B)
    1       u8    flags       bit 0: key picture, bit 1: something was lost before it
    2       u16   stream      1 main, 2 sub, 3 third: that of the last ``hello``
    4       u32   n           counts the access units of this connection, wraps
    8       i64   pts         the video track's extended RTP timestamp, 90 kHz
    16      i64   sent_at     the server's wall clock when it was received, Unix µs (statistics only)
    24      …     payload

Server → page, text: one JSON object each, told apart by ``type``; fields at their default are left out.

    hello    first of all, and again whenever the stream or the epoch changes: forget all earlier pictures and shapes
    shapes   what to draw on the picture with this very ``pts``; several may name one picture
    rules    the standing shapes, all of them: drawn on every picture from ``pts`` on, until the next ``rules``
    state    the connection to the camera changed
    stats    counters, about once a second; names are for people to read
    error    something the onlooker should know; ``code`` is for the page

Page → server, text: ``unsupported``: the page cannot decode this codec. The server answers with ``hello`` for the
sub-stream, or with ``hello`` with ``codec`` null when there is none: no pictures, ``shapes`` go on and the page draws
them on a grid.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from onframe.errors import ProtocolError
from onframe.overlay.vocabulary import Event, Shape

ACCESS_UNIT = 1
KEY = 0b01
LOST_BEFORE = 0b10
HEADER = struct.Struct("<BBHIqq")
MAX_PAGE_MESSAGE = 4096
"""Bytes of a message from the page; set the server's limit to it too."""


class _Message(msgspec.Struct, tag_field="type", omit_defaults=True):
    """Every text message has its ``type``."""


class Hello(_Message, tag="hello"):
    """What is shown from now on. ``codec`` None: there are no pictures; width and height are then those to assume.

    ``rules`` are the standing shapes at this moment, ``legend`` is (name, colour) of the classes, ``coordinates`` says
    in words which space is set. ``duration`` is the usual distance of two pictures, 90 kHz.
    """

    camera: str
    channel: int
    stream: int
    epoch: int
    width: int
    height: int
    codec: str | None = None
    duration: int = 3600
    coordinates: str = ""
    rules: Sequence[Shape] = ()
    legend: Sequence[tuple[str, str]] = ()


class Shapes(_Message, tag="shapes"):
    """What one Record shows, under its picture's ``pts``.

    ``layer`` names the sort of document ("behaviorAnalysis/target"): where a picture has none of a layer of its own,
    the page holds the last one, ``hold_ms`` at most. ``exact`` and ``clock`` are the Record's grade, ``uncertainty``
    is in seconds.
    ``lag_ms``: this Record came so long after its picture did; None where that picture is not known.
    ``frame_number`` is the value of the target property of that name (test mode).
    """

    pts: int
    layer: str
    exact: bool
    clock: str
    uncertainty: float | None = None
    lag_ms: float | None = None
    frame_number: int | None = None
    hold_ms: int = 500
    shapes: Sequence[Shape] = ()
    events: Sequence[Event] = ()


class Rules(_Message, tag="rules"):
    """All standing shapes from the picture ``pts`` on."""

    pts: int
    shapes: Sequence[Shape]


class State(_Message, tag="state"):
    """The StateChange's ``state`` with its ``reason``; ``since`` is ISO 8601."""

    state: str
    reason: str
    since: str


class Stats(_Message, tag="stats"):
    """Counters by name."""

    values: Mapping[str, int | float | str]


class Error(_Message, tag="error"):
    """``code``: "video", "camera" or "server". ``message`` is a sentence, ``hint`` says what to do next."""

    code: str
    message: str
    hint: str | None = None


ServerMessage: TypeAlias = Hello | Shapes | Rules | State | Stats | Error


class Unsupported(_Message, tag="unsupported"):
    """The page cannot decode ``codec`` of ``stream``, and ``why``, in words."""

    codec: str
    why: str
    stream: int = 1


PageMessage: TypeAlias = Unsupported


def encode_access_unit(
    data: bytes, *, stream: int, n: int, pts: int, sent_at: int, key: bool, lost_before: bool = False
) -> bytes:
    """The binary message of one access unit; ``sent_at`` in Unix µs."""
    flags = (KEY if key else 0) | (LOST_BEFORE if lost_before else 0)
    return HEADER.pack(ACCESS_UNIT, flags, stream, n & 0xFFFFFFFF, pts, sent_at) + data


def encode(message: ServerMessage) -> str:
    """The text message, as compact JSON; lone surrogates, which UTF-8 has no form for, become escapes."""
    try:
        return msgspec.json.encode(message).decode()
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(message), separators=(",", ":"))


_page_decoder = msgspec.json.Decoder(Unsupported)


def decode(text: str | bytes) -> PageMessage:
    """Read a message of the page; ProtocolError where it is none."""
    data: Any = text.encode() if isinstance(text, str) else text
    if len(data) > MAX_PAGE_MESSAGE:
        raise ProtocolError(f"the page's message has {len(data)} bytes, at most {MAX_PAGE_MESSAGE} are read")
    try:
        return _page_decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProtocolError(f"the page's message cannot be read: {error}", excerpt=repr(data[:80])) from error
