"""From what a camera's stream yields to what a page is sent: events in, messages out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onframe.isapi.metadata import Metadata, PTZInfo, Radar, RadarDetectionRegion, Target
from onframe.overlay.view import View
from onframe.overlay.vocabulary import Plate, Rules, Shapes
from onframe.record import AccessUnit, Coordinates, Gap, Record, StateChange, Undecodable, VideoTime
from onframe.viewer import wire
from onframe.viewer.narrator import Narrator, Output, Picture

NOON = datetime(2030, 5, 1, 12, 0, 0, tzinfo=UTC)
START = b"\0\0\0\1"
# Baseline, level 3.1, 80 x 45 macroblocks without cropping: 1280 x 720; and 40 x 23 less 8 lines: 640 x 360
SPS_720 = bytes.fromhex("6742001ff402802dc8")
SPS_360 = bytes.fromhex("6742001ff405017fca")
# H.265: Main, level 2.1, 640 x 368 less 4 units of 2 lines
SPS_H265 = bytes.fromhex("42010101600000030090000003000003003fa005020171f2c0")
IDR, SLICE = b"\x65\x88\x84", b"\x41\x9a\x24"
ENDS = {"camera": "gate", "channel": 1, "stream": 1}


def unit(timestamp: int, *, sps: bytes | None = None, epoch: int = 1, at: float = 0.0, lost: int = 0) -> AccessUnit:
    """A picture; a key picture where it has parameters."""
    data = START + SLICE if sps is None else START + sps + START + IDR
    received = NOON + timedelta(seconds=at)
    return AccessUnit(
        **ENDS, epoch=epoch, received_at=received, timestamp=timestamp, data=data, key=sps is not None, lost_before=lost
    )


def record(
    *targets: Target, pts: int | None = 9000, epoch: int = 1, at: float = 0.0, n: int = 1, **fields: Any
) -> Record:
    document = {"type": "target", "sub_type": "behaviorAnalysis"} | fields.pop("document", {})
    coordinates = fields.pop("coordinates", Coordinates())
    video = None if pts is None else fields.pop("video", VideoTime(pts, "sender_report", 0.0, True))
    return Record(
        **ENDS,
        epoch=epoch,
        n=n,
        received_at=NOON + timedelta(seconds=at),
        metadata=Metadata(targets=list(targets), **document),
        coordinates=coordinates,
        video=video,
        **fields,
    )


def square(x: Any, y: Any, size: Any, **fields: Any) -> Target:
    corners = [(x, y), (x + size, y), (x + size, y + size), (x, y + size)]
    return Target(regions=[corners], **{"target_id": 7, "recognition": "human"} | fields)


def rule(*targets: Target, **fields: Any) -> Record:
    return record(*targets, document={"type": "rule"}, **fields)


LINE = Target(rule_id=1, regions=[[(100, 500), (900, 500)]])


def narrator(**fields: Any) -> Narrator:
    return Narrator("gate", 1, 1, fields.pop("coordinates", Coordinates()), **fields)


def tell(narrator: Narrator, *events: Any) -> list[Output]:
    return [output for event in events for output in narrator.tell(event)]


def of(kind: type, outputs: Iterable[Output]) -> list[Any]:
    return [output for output in outputs if isinstance(output, kind)]


class TestHello:
    def test_the_first_key_picture_brings_codec_and_size(self) -> None:
        hello, picture = tell(narrator(), unit(9000, sps=SPS_720))[-2:]
        assert isinstance(hello, wire.Hello) and isinstance(picture, Picture)
        assert (hello.codec, hello.width, hello.height, hello.epoch) == ("avc1.42001f", 1280, 720, 1)
        assert (hello.camera, hello.channel, hello.stream) == ("gate", 1, 1)

    def test_no_picture_is_sent_before_the_first_key_picture(self) -> None:
        assert of(Picture, tell(narrator(), unit(9000), unit(12600))) == []

    def test_a_key_picture_of_the_same_codec_and_size_brings_no_other(self) -> None:
        said = narrator()
        tell(said, unit(9000, sps=SPS_720))
        assert of(wire.Hello, tell(said, unit(12600), unit(16200, sps=SPS_720))) == []

    def test_another_size_brings_another(self) -> None:
        said = narrator()
        tell(said, unit(9000, sps=SPS_720))
        (hello,) = of(wire.Hello, tell(said, unit(12600, sps=SPS_360)))
        assert (hello.width, hello.height) == (640, 360)

    def test_h265_is_named_as_browsers_know_it(self) -> None:
        key = unit(9000, sps=SPS_H265)
        key.codec = "H265"
        *_, hello = of(wire.Hello, tell(narrator(), key))
        assert (hello.codec, hello.width, hello.height) == ("hvc1.1.6.L63.90", 640, 360)

    def test_a_new_epoch_brings_another_at_once_and_forgets_its_rules(self) -> None:
        said = narrator()
        tell(said, unit(9000, sps=SPS_720), rule(LINE))
        assert len(said.hello().rules) == 1
        (hello,) = of(wire.Hello, tell(said, record(epoch=2)))
        assert (hello.epoch, hello.codec, list(hello.rules)) == (2, "avc1.42001f", [])

    def test_it_says_which_space_is_set_and_whether_that_is_assumed(self) -> None:
        assert narrator().hello().coordinates == "0..1000, origin top left (assumed)"

    def test_a_page_without_pictures_is_told_no_codec(self) -> None:
        said = narrator()
        tell(said, unit(9000, sps=SPS_720))
        assert (said.hello("none").codec, said.hello("none").path) == (None, "none")

    def test_it_says_by_which_path_and_where_the_time_line_begins(self) -> None:
        hello = narrator(key="yard").hello("fmp4", 123)
        assert (hello.key, hello.path, hello.base) == ("yard", "fmp4", 123)
        assert (hello.space, hello.origin) == ("0..1000", "top-left")

    def test_it_says_how_far_pictures_are_apart(self) -> None:
        said = narrator()
        tell(said, unit(0, sps=SPS_720), unit(7200), unit(14400), unit(21600))
        assert said.hello().duration == 7200


class TestPicture:
    @pytest.mark.requirement("R-043")
    def test_it_is_told_as_it_came(self) -> None:
        key = unit(2**33 + 9000, sps=SPS_720, lost=2)
        assert tell(narrator(), key)[-1] == Picture(key)

    def test_after_a_new_connection_none_is_told_before_the_first_key_picture(self) -> None:
        said = narrator()
        tell(said, unit(9000, sps=SPS_720))
        assert of(Picture, tell(said, unit(12600, epoch=2), unit(16200, epoch=2))) == []
        assert len(of(Picture, tell(said, unit(19800, sps=SPS_720, epoch=2), unit(23400, epoch=2)))) == 2

    def test_what_came_before_the_picture_that_it_is_drawn_on_is_told_again_after_a_hello(self) -> None:
        said = narrator()
        tell(said, record(square(0, 0, 10), pts=5400), record(square(0, 0, 10), pts=9000, n=2))
        hello, shapes, picture = tell(said, unit(9000, sps=SPS_720))
        assert isinstance(hello, wire.Hello) and isinstance(picture, Picture)
        assert (shapes.pts, shapes.n) == (9000, 2), "and what belongs to a picture that never came is not"
        assert said.remembered() == [shapes, picture]

    def test_parameters_that_are_garbage_are_an_error_message_told_once(self) -> None:
        said = narrator()
        outputs = tell(said, unit(0, sps=b"\x67\xff"), unit(3600, sps=b"\x67\xff"), unit(7200, sps=SPS_720))
        (error,) = of(wire.Error, outputs)
        assert error.code == "video" and "parameters" in error.message
        assert len(of(Picture, outputs)) == 1

    @settings(max_examples=100)
    @given(st.binary(max_size=60), st.sampled_from(["H264", "H265", "other"]))
    def test_whatever_stands_in_a_picture_no_exception_leaves(self, rest: bytes, codec: str) -> None:
        key = unit(0, sps=(b"\x42\x01" if codec == "H265" else b"\x67") + rest)
        key.codec = codec
        tell(narrator(), key, unit(3600))


class TestRecord:
    @pytest.mark.requirement("R-043")
    def test_shapes_go_out_under_the_timestamp_of_the_picture_that_they_describe(self) -> None:
        (shapes,) = tell(narrator(), record(square(250, 500, 100), pts=12600))[-1:]
        assert isinstance(shapes, Shapes)
        assert (shapes.pts, shapes.exact, shapes.clock, shapes.uncertainty) == (12600, True, "sender_report", 0.0)
        (box,) = shapes.shapes
        assert (box.x, box.y, box.w, box.h) == (0.25, 0.5, 0.1, 0.1)
        assert box.labels == ["human 7"]

    def test_an_approximate_relation_is_never_called_exact(self) -> None:
        video = VideoTime(12600, "document", 0.12, False)
        (shapes,) = of(Shapes, tell(narrator(), record(square(0, 0, 10), pts=0, video=video)))
        assert (shapes.exact, shapes.clock, shapes.uncertainty) == (False, "document", 0.12)

    def test_what_is_bound_to_no_picture_is_drawn_on_the_newest_by_arrival(self) -> None:
        said = narrator()
        tell(said, unit(9000, sps=SPS_720), unit(12600))
        (shapes,) = of(Shapes, tell(said, record(square(0, 0, 10), pts=None)))
        assert (shapes.pts, shapes.exact, shapes.clock) == (12600, False, "arrival")
        assert said.counters["unbound"] == 1

    def test_the_lag_is_from_the_arrival_of_its_picture(self) -> None:
        said = narrator()
        tell(said, unit(9000, sps=SPS_720, at=1.0))
        known, unknown = of(Shapes, tell(said, record(pts=9000, at=1.25), record(pts=12600, at=1.25)))
        assert known.lag_ms == pytest.approx(250)
        assert unknown.lag_ms is None

    def test_the_number_of_the_frame_is_the_value_that_was_sent(self) -> None:
        target = square(0, 0, 10, properties=[("frameNumber", "213")])
        (shapes,) = of(Shapes, tell(narrator(), record(target)))
        assert shapes.frame_number == 213

    @pytest.mark.requirement("R-035")
    def test_rules_are_told_as_a_whole_from_their_picture_on(self) -> None:
        (rules,) = of(Rules, tell(narrator(), rule(LINE, pts=5400)))
        assert rules.pts == 5400
        (line,) = rules.shapes
        assert line.points == [(0.1, 0.5), (0.9, 0.5)]

    def test_rules_without_targets_clear_what_stood(self) -> None:
        said = narrator()
        *_, last = of(Rules, tell(said, rule(LINE), rule()))
        assert list(last.shapes) == []

    def test_pixels_are_measured_by_the_picture_once_its_size_is_known(self) -> None:
        pixels = Coordinates("pixels", assumed=False)
        said = narrator(coordinates=pixels)
        corner = Target(rule_id=1, regions=[[(0, 0), (640, 360)]])
        (before,) = of(Rules, tell(said, rule(corner, coordinates=pixels)))
        assert before.shapes[0].points[1] == (0.5, 0.5)  # of 1280 x 720, assumed
        (hello,) = of(wire.Hello, tell(said, unit(9000, sps=SPS_360)))
        assert hello.rules[0].points[1] == (1.0, 1.0)


class TestOthers:
    def test_a_state_is_told_and_remembered(self) -> None:
        said = narrator()
        change = StateChange(**ENDS, epoch=1, state="backoff", reason="the connection was closed", since=NOON)
        (state,) = tell(said, change)
        assert state == wire.State("backoff", "the connection was closed", "2030-05-01T12:00:00.000+00:00")
        assert state in said.remembered()

    def test_losses_and_unreadable_documents_are_counted(self) -> None:
        said = narrator()
        gap = Gap(**ENDS, epoch=1, received_at=NOON, reason="loss", packets=3)
        broken = Undecodable(**ENDS, epoch=1, received_at=NOON, error="xml", message="half a document")
        assert tell(said, gap, broken) == []
        assert (said.counters["lost"], said.counters["unreadable"]) == (3, 1)


class TestCatchUp:
    def test_a_page_that_joins_gets_everything_since_the_last_key_picture(self) -> None:
        said = narrator()
        tell(said, unit(0, sps=SPS_720), unit(3600), rule(LINE, pts=3600))
        tell(said, unit(7200, sps=SPS_720), record(square(0, 0, 10), pts=7200), unit(10800))
        key, shapes, picture = said.remembered()
        assert len(said.hello().rules) == 1
        assert isinstance(key, Picture) and key.unit.key
        assert isinstance(shapes, Shapes) and shapes.pts == 7200
        assert isinstance(picture, Picture) and not picture.unit.key

    def test_it_is_bounded_where_no_key_picture_comes(self) -> None:
        said = narrator()
        tell(said, unit(0, sps=SPS_720))
        tell(said, *(record(square(0, 0, 10), pts=3600 * i) for i in range(5000)))
        assert len(said.remembered()) <= 1000

    def test_it_is_bounded_in_bytes_too(self) -> None:
        said = narrator()
        tell(said, unit(0, sps=SPS_720))
        for i in range(12):
            large = unit(3600 * i)
            large.data += bytes(1_000_000)
            tell(said, large)
        assert sum(len(picture.unit.data) for picture in of(Picture, said.remembered())) < 9_500_000


class TestCoordinates:
    def test_another_space_moves_what_comes_and_what_was_told_by_its_old_number(self) -> None:
        said = narrator()
        tell(said, unit(9000, sps=SPS_720), rule(LINE, n=1, pts=9000))
        tell(said, record(square(250, 500, 100), n=2, pts=9000), unit(12600), record(square(0, 0, 10), n=3, pts=12600))
        told, rules, *again = said.set_coordinates(Coordinates("pixels", assumed=False))
        assert told == wire.Coordinates("pixels, origin top left", "pixels", "top-left")
        assert isinstance(rules, Rules) and rules.pts == 9000
        assert rules.shapes[0].points[0] == pytest.approx((100 / 1280, 500 / 720), abs=1e-5)
        assert [(shapes.n, shapes.pts) for shapes in of(Shapes, again)] == [(2, 9000), (3, 12600)]
        box = of(Shapes, again)[0].shapes[0]
        assert (box.x, box.y) == pytest.approx((250 / 1280, 500 / 720), abs=1e-5)
        (later,) = of(Shapes, tell(said, record(square(640, 360, 64), n=4, pts=12600)))
        box = later.shapes[-1]
        assert (box.x, box.y) == (0.5, 0.5), "the Record says 0..1000, the choice stands"

    def test_a_page_that_joins_after_it_is_told_of_the_new_space_alone(self) -> None:
        said = narrator()
        tell(said, unit(9000, sps=SPS_720), record(square(640, 360, 64), pts=9000))
        said.set_coordinates(Coordinates("pixels", assumed=False))
        assert said.hello().space == "pixels"
        (shapes,) = of(Shapes, said.remembered())
        assert (shapes.shapes[0].x, shapes.shapes[0].y) == (0.5, 0.5)

    def test_it_survives_another_connection(self) -> None:
        said = narrator()
        said.set_coordinates(Coordinates("unit", "bottom-left", assumed=False))
        hello, *_ = tell(said, record(epoch=2))
        assert (hello.space, hello.origin) == ("unit", "bottom-left")

    def test_only_the_last_ten_seconds_are_told_again(self) -> None:
        said = narrator()
        for number in range(30):
            tell(said, record(square(0, 0, 10), n=number, pts=9000 + 90_000 * number, at=float(number)))
        _, *again = said.set_coordinates(Coordinates("unit"))
        assert [shapes.n for shapes in of(Shapes, again)] == list(range(19, 30))


CHINESE = '<?xml version="1.0" encoding="GB2312"?><a>车</a>'
PLATE = Target(target_id=4, regions=[[(100, 100), (200, 200)]], properties=[("licensePlate", "B 1234")])


class TestInspect:
    def test_it_is_the_document_with_its_facts_and_the_properties_of_the_target(self) -> None:
        said = narrator()
        raw = b'<?xml version="1.0" encoding="UTF-8"?><Metadata/>'
        tell(said, record(PLATE, n=7, raw=raw, document={"sub_type": "ANPR"}))
        answer = said.inspect(7, "ANPR/target/4")
        assert (answer.found, answer.format, answer.raw, answer.cut) == (True, "xml", raw.decode(), False)
        assert list(answer.properties) == [("licensePlate", "B 1234")]
        assert answer.facts["subType"] == "ANPR" and len(answer.facts["targets"]) == 1

    def test_what_was_never_told_or_in_another_epoch_is_not_found(self) -> None:
        said = narrator()
        tell(said, record(n=7))
        assert said.inspect(8, "").found is False
        tell(said, record(n=1, epoch=2))
        assert said.inspect(7, "").found is False and said.inspect(1, "").found is True

    def test_after_a_minute_and_a_half_it_is_forgotten(self) -> None:
        said = narrator()
        tell(said, record(n=1), record(n=2, at=60.0), record(n=3, at=91.0))
        assert [said.inspect(n, "").found for n in (1, 2, 3)] == [False, True, True]

    def test_4096_are_remembered_and_no_more_than_16_mib(self) -> None:
        said = narrator()
        tell(said, *(record(n=n) for n in range(5000)))
        assert [said.inspect(n, "").found for n in (0, 903, 904, 4999)] == [False, False, True, True]
        large = bytes(1024 * 1024)
        tell(said, *(record(n=n, raw=large) for n in range(5000, 5010)))
        assert [said.inspect(n, "").found for n in (4999, 5004, 5005, 5009)] == [False, False, True, True]

    def test_a_rule_is_found_by_its_subject_however_old_it_is(self) -> None:
        said = narrator()
        tell(said, rule(LINE, n=1, raw=b"<rule/>"), *(record(n=n, at=float(n)) for n in range(2, 200)))
        assert said.inspect(-1, "behaviorAnalysis/rule/1").raw == "<rule/>"
        assert said.inspect(-1, "behaviorAnalysis/rule/2").found is False

    @pytest.mark.parametrize(
        ("raw", "text"),
        [
            ("<a>é</a>".encode(), "<a>é</a>"),
            (b"\xef\xbb\xbf<a/>", "<a/>"),
            (CHINESE.encode("gb2312"), CHINESE),
            ("<a>é</a>".encode("utf-16"), "<a>é</a>"),
            (b'<?xml version="1.0" encoding="no-such"?><a/>', '<?xml version="1.0" encoding="no-such"?><a/>'),
            (b"<a>\xff\0\x1b[31m</a>", "<a>\ufffd\ufffd\ufffd[31m</a>"),
        ],
    )  # fmt: skip
    def test_a_document_becomes_text_whatever_it_is(self, raw: bytes, text: str) -> None:
        said = narrator()
        tell(said, record(n=1, raw=raw))
        assert said.inspect(1, "").raw == text

    def test_a_long_document_is_cut_at_64_kib_not_within_a_character(self) -> None:
        said = narrator()
        tell(said, record(n=1, raw=b"x" + "é".encode() * 40_000))
        answer = said.inspect(1, "")
        assert answer.cut and answer.raw == "x" + "é" * 32_767

    def test_where_plates_are_private_neither_shapes_nor_documents_name_them(self) -> None:
        said = narrator(private=View(privacy=(("plate", "pixelate"),)))
        plate = record(PLATE, n=1, raw=b"<licensePlate>B 1234</licensePlate>", document={"sub_type": "ANPR"})
        outputs = [*tell(said, plate), said.inspect(1, "ANPR/target/4"), *said.set_coordinates(Coordinates("unit"))]
        assert not any("1234" in wire.encode(output) for output in outputs if not isinstance(output, Picture))
        (chip,) = [shape for shape in of(Shapes, outputs)[0].shapes if isinstance(shape, Plate)]
        assert chip.text == "•••"


NAN, INFINITE, HUGE = float("nan"), float("inf"), 10**5000
ATTACK = '<img src=x onerror="alert(1)">\u202e\u200b\0\ud800'


@pytest.mark.parametrize(
    "target",
    [
        square(NAN, 0, 10),
        square(INFINITE, -INFINITE, 10),
        square(1e308, 1e308, 1e308),
        square(HUGE, 0, 10),
        square(0, 0, 10, target_id=HUGE),
        square(0, 0, 10, rule_id=HUGE),
        square(0, 0, 10, target_id=ATTACK, recognition=ATTACK, properties=[("licensePlate", ATTACK)]),
        square(0, 0, 10, properties=[("frameNumber", "9" * 5000), ("triggerEvent", "true"), ("eventType", ATTACK)]),
        square(0, 0, 10, properties=[("count", "-1"), ("waitTime", "1e999"), ("alarmTime", "²")]),
        Target(regions=[[]], speed=NAN, angle=HUGE, distance=INFINITE, polar=[(NAN, HUGE)]),
    ],
)
@pytest.mark.fault("F69")
@pytest.mark.parametrize("sub_type", ["behaviorAnalysis", "ANPR", "personQueueTime", "thermometry", "shipsDetection"])
@pytest.mark.parametrize("space", ["0..1000", "unit", "pixels"])
@pytest.mark.parametrize("kind", ["target", "rule", f"rule{ATTACK}"])
def test_a_hostile_record_never_ends_the_feed(target: Target, sub_type: str, space: Any, kind: str) -> None:
    said = narrator(coordinates=Coordinates(space))
    document = {"type": kind, "sub_type": sub_type}
    hostile = record(target, square(1, 1, 1), coordinates=Coordinates(space), document=document)
    outputs = tell(said, hostile, unit(9000, sps=SPS_720), hostile, rule(LINE), unit(0, sps=SPS_360, epoch=2))
    said.set_coordinates(Coordinates("pixels"))
    for output in [*outputs, said.hello(), said.inspect(1, "behaviorAnalysis/target/7"), *said.remembered()]:
        if not isinstance(output, Picture):
            wire.encode(output).encode()
    assert len(of(Picture, outputs)) == 2


def test_what_cannot_be_drawn_is_counted_said_and_kept_out_of_the_rules() -> None:
    said = narrator()
    outputs = tell(said, rule(LINE), rule(Target(rule_id=HUGE, regions=[[(0, 0), (1, 1)]])))
    (error,) = of(wire.Error, outputs)
    assert "could not be drawn" in error.message
    assert said.counters["undrawable"] == 1
    assert len(said.hello().rules) == 1


def test_hostile_numbers_of_a_dome_and_a_radar_are_told_as_far_as_they_can_be_drawn() -> None:
    region = RadarDetectionRegion(angle=NAN, distance=HUGE, towards=INFINITE, vertices=[(NAN, 0)])
    document = {"type": "ptz", "ptz": PTZInfo(NAN, HUGE, -INFINITE)}
    for hostile in (record(document=document), record(document={"type": "ruleRadar", "radar": Radar(region)})):
        for output in tell(narrator(), hostile):
            assert not isinstance(output, Picture)
            wire.encode(output).encode()
