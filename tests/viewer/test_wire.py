"""The viewer's messages, byte for byte."""

import json

import pytest

from onframe.errors import ProtocolError
from onframe.overlay.vocabulary import Box, Event, Line, Rules, Shapes
from onframe.viewer import wire


def test_an_access_unit_has_a_header_of_24_bytes() -> None:
    message = wire.encode_picture(
        b"\x00\x00\x00\x01\x65", stream=2, n=7, pts=0x1_0000_0E10, sent_at=1_000_000, key=True
    )
    assert message.hex() == (
        "01 01 0200 07000000 100e000001000000 40420f0000000000".replace(" ", "") + "0000000165"  # fmt: skip
    )


def test_an_access_unit_after_a_loss_says_so() -> None:
    message = wire.encode_picture(b"", stream=1, n=0, pts=0, sent_at=0, key=False, lost_before=True)
    assert message[1] == 2


def test_the_count_of_access_units_wraps() -> None:
    message = wire.encode_picture(b"", stream=1, n=2**32 + 5, pts=0, sent_at=0, key=False)
    assert message[4:8] == b"\x05\x00\x00\x00"


def test_a_timestamp_before_zero_is_carried() -> None:
    message = wire.encode_picture(b"", stream=1, n=0, pts=-1, sent_at=0, key=False)
    assert message[8:16] == b"\xff" * 8


def test_shapes_are_compact_json_under_their_pts() -> None:
    box = Box(x=0.1, y=0.2, w=0.3, h=0.4, color="#4ade80", labels=["human 1"])
    event = Event(key="a", level="alarm", title="Line crossing", text="rule 1", color="#ff4d5e")
    text = wire.encode(
        Shapes(
            pts=4294970896,
            layer="behaviorAnalysis/target",
            exact=True,
            clock="sender_report",
            uncertainty=0.001,
            lag_ms=120.5,
            frame_number=513,
            shapes=[box],
            events=[event],
        )
    )
    assert json.loads(text) == {
        "type": "shapes",
        "pts": 4294970896,
        "layer": "behaviorAnalysis/target",
        "exact": True,
        "clock": "sender_report",
        "uncertainty": 0.001,
        "lag_ms": 120.5,
        "frame_number": 513,
        "shapes": [{"t": "box", "x": 0.1, "y": 0.2, "w": 0.3, "h": 0.4, "color": "#4ade80", "labels": ["human 1"]}],
        "events": [{"key": "a", "level": "alarm", "title": "Line crossing", "text": "rule 1", "color": "#ff4d5e"}],
    }


def test_hello_carries_the_standing_rules() -> None:
    line = Line(points=[(0.0, 0.5), (1.0, 0.5)], color="#7dd3fc")
    hello = wire.Hello(camera="gate", channel=1, stream=1, epoch=3, width=1280, height=720, codec="h264", rules=[line])
    assert json.loads(wire.encode(hello)) == {
        "type": "hello",
        "camera": "gate",
        "channel": 1,
        "stream": 1,
        "epoch": 3,
        "width": 1280,
        "height": 720,
        "codec": "h264",
        "rules": [{"t": "line", "points": [[0.0, 0.5], [1.0, 0.5]], "color": "#7dd3fc"}],
    }


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (Rules(pts=5, shapes=[]), {"type": "rules", "pts": 5, "shapes": []}),
        (
            wire.State(state="live", reason="first packet", since="2026-01-01T00:00:00.000+00:00"),
            {"type": "state", "state": "live", "reason": "first packet", "since": "2026-01-01T00:00:00.000+00:00"},
        ),
        (wire.Stats(values={"records": 12}), {"type": "stats", "values": {"records": 12}}),
        (
            wire.Error(code="video", message="no video track"),
            {"type": "error", "code": "video", "message": "no video track"},
        ),
    ],
)
def test_every_text_message_says_its_type(message: wire.ServerMessage, expected: dict[str, object]) -> None:
    assert json.loads(wire.encode(message)) == expected


@pytest.mark.parametrize(
    ("kind", "first"), [(wire.ACCESS_UNIT, 1), (wire.FMP4_START, 2), (wire.FMP4_FRAGMENT, 3), (wire.JPEG, 4)]
)
def test_the_first_byte_says_what_it_is(kind: int, first: int) -> None:
    assert wire.encode_picture(b"x", stream=1, n=0, pts=0, sent_at=0, key=True, kind=kind)[0] == first


def test_the_server_says_what_there_is_to_watch() -> None:
    cameras = [wire.Seen("gate", "The gate"), wire.Seen("2", "Yard", channel=3, stream=2)]
    assert json.loads(wire.encode(wire.Welcome(cameras, jpeg=True, privacy=("face",)))) == {
        "type": "welcome",
        "cameras": [{"key": "gate", "name": "The gate"}, {"key": "2", "name": "Yard", "channel": 3, "stream": 2}],
        "jpeg": True,
        "privacy": ["face"],
    }


def test_coordinates_leave_no_field_out() -> None:
    message = wire.Coordinates("0..1000, origin top left", "0..1000", "top-left")
    assert json.loads(wire.encode(message)) == {
        "type": "coordinates",
        "coordinates": "0..1000, origin top left",
        "space": "0..1000",
        "origin": "top-left",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"type":"watch"}', wire.Watch()),
        (
            '{"type":"watch","camera":"2","stream":2,"path":"fmp4","why":"no WebCodecs over http"}',
            wire.Watch("2", 2, "fmp4", "no WebCodecs over http"),
        ),
        ('{"type":"inspect","n":7,"subject":"ANPR/target/4"}', wire.Inspect(7, "ANPR/target/4")),
        ('{"type":"coordinates","space":"unit"}', wire.SetCoordinates("unit")),
        (
            '{"type":"coordinates","space":"pixels","origin":"bottom-left"}',
            wire.SetCoordinates("pixels", "bottom-left"),
        ),
        ('{"type":"pause","paused":true}', wire.Pause(True)),
    ],
)
def test_what_the_page_says_is_read(text: str, expected: wire.PageMessage) -> None:
    assert wire.decode(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"type":"other"}',
        '{"type":"welcome"}',
        '{"type":"inspect"}',
        '{"type":"watch","path":"webrtc"}',
        '{"type":"watch","stream":"1"}',
        '{"type":"coordinates","space":"miles"}',
        '{"type":"pause","paused":1}',
        b"\xff",
    ],
)
def test_what_is_no_message_of_the_page_is_a_protocol_error(text: str | bytes) -> None:
    with pytest.raises(ProtocolError):
        wire.decode(text)


def test_an_oversize_message_of_the_page_is_refused_unread() -> None:
    with pytest.raises(ProtocolError, match="at most 4096"):
        wire.decode(" " * 5000)
