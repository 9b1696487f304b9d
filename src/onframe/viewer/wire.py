"""What the viewer's server and its page say to each other over one WebSocket. Pure: no I/O, no clock.

Server → page, binary: one picture or a part of its container each, little endian, a header of 24 bytes and its bytes.

    offset  type  field
    0       u8    kind        1 access unit (Annex B), 2 fMP4 initialisation segment, 3 fMP4 fragment, 4 JPEG
    1       u8    flags       bit 0: key picture, bit 1: something was lost before it
    2       u16   stream      1 main, 2 sub, 3 third: that of the last ``hello``
    4       u32   n           counts the pictures of this connection, wraps
    8       i64   pts         the video track's extended RTP timestamp, 90 kHz
    16      i64   sent_at     the server's wall clock when it was received, Unix µs (statistics only)
    24      …     payload

Server → page, text: one JSON object each, told apart by ``type``; fields at their default are left out.

    welcome    first of all: which cameras there are, and what the server can do; then it waits for ``watch``
    hello      the answer to ``watch``, and again whenever stream, path, epoch, codec or size change: forget all earlier
               pictures and Shapes
    shapes     what to draw on the picture with this very ``pts``; several may name one picture. One of the same
               ``layer`` and ``n`` as one before takes its place
    rules      the standing Shapes, all of them: drawn on every picture from ``pts`` on, until the next ``rules``; one
               with the ``pts`` of one before takes its place
    coordinates
               another space is set, by this page or another; ``rules`` and the ``shapes`` of the last seconds follow,
               by their old ``pts`` and ``n``, and bit by bit those of the last 90 s. Takes the place of the three
               fields of the last ``hello``
    state      the connection to the camera changed
    stats      counters, about once a second; names are for people to read
    error      something the onlooker should know; ``code`` is for the page
    inspected  the answer to ``inspect``

Page → server, text:

    watch        what to show, and in which form; the first message, and again to change it
    inspect      the document that a Shape came from
    coordinates  another space for this camera's points: for all pages, until the server ends
    pause        send no pictures and Shapes while the page is hidden; after it, as for one that joins

The WebSocket is ``/ws``. A page whose own address still holds the token (``?t=…``: it stands within another site, where
no cookie is sent) opens ``/ws?t=…`` with the same.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec

from onframe.errors import ProtocolError
from onframe.overlay.vocabulary import Rules, Shape, Shapes

ACCESS_UNIT, FMP4_START, FMP4_FRAGMENT, JPEG = 1, 2, 3, 4
Path: TypeAlias = Literal["annexb", "fmp4", "jpeg", "none"]
"""In which form the pictures come: "none" is metadata alone."""
KEY = 0b01
LOST_BEFORE = 0b10
HEADER = struct.Struct("<BBHIqq")
MAX_PAGE_MESSAGE = 4096
"""Bytes of a message from the page; set the server's limit to it too."""


class _Message(msgspec.Struct, tag_field="type", omit_defaults=True):
    """Every text message has its ``type``."""


class Seen(msgspec.Struct, omit_defaults=True):
    """A camera that can be watched: ``key`` names it in ``watch`` and in addresses, ``name`` is for people."""

    key: str
    name: str
    channel: int = 1
    stream: int = 1


class Welcome(_Message, tag="welcome"):
    """What there is to watch, and what this server can do.

    ``jpeg``: it can send any stream as JPEG. ``privacy`` names the classes that it makes unrecognisable by itself; such
    a stream is sent as JPEG alone.
    """

    cameras: Sequence[Seen]
    jpeg: bool = False
    privacy: Sequence[str] = ()
    version: str = ""


class Hello(_Message, tag="hello"):
    """What is shown from now on. ``codec`` None: there are no pictures; width and height are then those to assume.

    ``rules`` are the standing shapes at this moment, ``legend`` is (name, colour) of the classes, ``coordinates`` says
    in words which space is set, ``space`` and ``origin`` as in ``coordinates``. ``duration`` is the usual distance of
    two pictures, 90 kHz. ``base`` is the pts at which the time line of the fMP4 begins. ``key`` is the camera's.
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
    key: str = ""
    path: Path = "annexb"
    base: int = 0
    space: str = "0..1000"
    origin: str = "top-left"


class State(_Message, tag="state"):
    """The StateChange's ``state`` with its ``reason``; ``since`` is ISO 8601."""

    state: str
    reason: str
    since: str


class Coordinates(_Message, tag="coordinates"):
    """Another space is set for this camera's points; as the fields of ``hello``, none left out."""

    coordinates: str
    space: str
    origin: str


class Stats(_Message, tag="stats"):
    """Counters by name."""

    values: Mapping[str, int | float | str]


class Error(_Message, tag="error"):
    """``code``: "video", "camera" or "server". ``message`` is a sentence, ``hint`` says what to do next."""

    code: str
    message: str
    hint: str | None = None


class Inspected(_Message, tag="inspected"):
    """The document of Record ``n``: ``raw`` as it came, as text, cut where ``cut``; ``facts`` is its JSON form.

    ``found`` is False where the server does not remember it any more.
    """

    n: int
    subject: str
    found: bool = True
    format: str = "xml"
    raw: str = ""
    cut: bool = False
    facts: Mapping[str, Any] = {}
    properties: Sequence[tuple[str, str]] = ()


ServerMessage: TypeAlias = Welcome | Hello | Shapes | Rules | Coordinates | State | Stats | Error | Inspected


class Watch(_Message, tag="watch"):
    """Show ``stream`` (0: the one that is set for it) of ``camera`` (empty: the first) in the form ``path``.

    ``why``, in words, is why the page takes no better path.
    """

    camera: str = ""
    stream: int = 0
    path: Path = "annexb"
    why: str = ""


class Inspect(_Message, tag="inspect"):
    """What was Record ``n`` of this epoch, and in it the target or rule ``subject``?

    For a rule's Shape, which comes with no number: -1, and what is known of that rule.
    """

    n: int
    subject: str = ""


class SetCoordinates(_Message, tag="coordinates"):
    """As ``Coordinates`` of a Record."""

    space: Literal["0..1000", "unit", "pixels"]
    origin: Literal["top-left", "bottom-left"] = "top-left"


class Pause(_Message, tag="pause"):
    """``paused``: the page is hidden."""

    paused: bool


PageMessage: TypeAlias = Watch | Inspect | SetCoordinates | Pause


def encode_picture(
    data: bytes,
    *,
    stream: int,
    n: int,
    pts: int,
    sent_at: int,
    key: bool,
    lost_before: bool = False,
    kind: int = ACCESS_UNIT,
) -> bytes:
    """The binary message of one picture; ``sent_at`` in Unix µs."""
    flags = (KEY if key else 0) | (LOST_BEFORE if lost_before else 0)
    return HEADER.pack(kind, flags, stream, n & 0xFFFFFFFF, pts, sent_at) + data


def encode(message: ServerMessage) -> str:
    """The text message, as compact JSON; lone surrogates, which UTF-8 has no form for, become escapes."""
    try:
        return msgspec.json.encode(message).decode()
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(message), separators=(",", ":"))


_page_decoder = msgspec.json.Decoder(PageMessage)


def decode(text: str | bytes) -> PageMessage:
    """Read a message of the page; ProtocolError where it is none."""
    data: Any = text.encode() if isinstance(text, str) else text
    if len(data) > MAX_PAGE_MESSAGE:
        raise ProtocolError(f"the page's message has {len(data)} bytes, at most {MAX_PAGE_MESSAGE} are read")
    try:
        message: PageMessage = _page_decoder.decode(data)
        return message
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProtocolError(f"the page's message cannot be read: {error}", excerpt=repr(data[:80])) from error
