"""The viewer's messages, byte for byte."""

import json

import pytest

from onframe.errors import ProtocolError
from onframe.overlay.vocabulary import Box, Event, Line
from onframe.viewer import wire


def test_an_access_unit_has_a_header_of_24_bytes() -> None:
    message = wire.encode_access_unit(
        b"\x00\x00\x00\x01\x65", stream=2, n=7, pts=0x1_0000_0E10, sent_at=1_000_000, key=True
    )
    assert message.hex() == (
        "01 01 0200 07000000 100e000001000000 40420f0000000000".replace(" ", "") + "0000000165"  # fmt: skip
    )


def test_an_access_unit_after_a_loss_says_so() -> None:
    message = wire.encode_access_unit(b"", stream=1, n=0, pts=0, sent_at=0, key=False, lost_before=True)
    assert message[1] == 2


def test_the_count_of_access_units_wraps() -> None:
    message = wire.encode_access_unit(b"", stream=1, n=2**32 + 5, pts=0, sent_at=0, key=False)
    assert message[4:8] == b"\x05\x00\x00\x00"


def test_a_timestamp_before_zero_is_carried() -> None:
    message = wire.encode_access_unit(b"", stream=1, n=0, pts=-1, sent_at=0, key=False)
    assert message[8:16] == b"\xff" * 8


def test_shapes_are_compact_json_under_their_pts() -> None:
    box = Box(x=0.1, y=0.2, w=0.3, h=0.4, color="#4ade80", labels=["human 1"])
    event = Event(key="a", level="alarm", title="Line crossing", text="rule 1", color="#ff4d5e")
    text = wire.encode(
        wire.Shapes(
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
        (wire.Rules(pts=5, shapes=[]), {"type": "rules", "pts": 5, "shapes": []}),
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


def test_the_page_says_why_it_cannot_decode() -> None:
    message = wire.decode('{"type":"unsupported","codec":"h265","why":"no decoder","stream":1}')
    assert message == wire.Unsupported(codec="h265", why="no decoder", stream=1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"type":"other"}',
        '{"type":"unsupported"}',
        b"\xff",
        '{"type":"unsupported","codec":1,"why":""}',
    ],
)
def test_what_is_no_message_of_the_page_is_a_protocol_error(text: str | bytes) -> None:
    with pytest.raises(ProtocolError):
        wire.decode(text)


def test_an_oversize_message_of_the_page_is_refused_unread() -> None:
    with pytest.raises(ProtocolError, match="at most 4096"):
        wire.decode(" " * 5000)
