"""Decoding, JPEG, the thread that makes pictures, and what of them is covered."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import av
import coded as pictures
import numpy as np
import pytest
from PIL import Image

from onframe.overlay.playout import Binding, Store
from onframe.overlay.veil import Veil, grown, strict
from onframe.overlay.view import Area, View
from onframe.overlay.vocabulary import Box, Plate, Shape, Shapes
from onframe.record import AccessUnit
from onframe.viewer import conveyor, images, wire
from onframe.viewer.branches import Piece
from onframe.viewer.burn import Burned, Burner, Order, Reader, _BurnWorker
from onframe.viewer.conveyor import Conveyor
from onframe.viewer.jpeg import JpegFeed
from onframe.viewer.transcode import Decoder, Fitter, JpegEncoder, scale_of
from waiting import until

pytestmark = [pytest.mark.timeout(90), pytest.mark.usefixtures("picture_threads")]
BEGIN = 1 << 33
TIMES = [BEGIN + 3600 * n for n in range(30)]


def rgb(jpeg: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB"), dtype=np.int16)


# -- decoding and coding -----------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["H264", "H265"])
def test_without_b_pictures_each_comes_out_at_once(codec: str) -> None:
    decoder = Decoder()
    for number, unit in enumerate(pictures.coded(TIMES, codec=codec)):
        (frame,) = decoder.decode(unit)
        assert frame.pts == TIMES[number]
        assert pictures.number_in(frame.to_ndarray(format="rgb24")) == number


@pytest.mark.parametrize("codec", ["H264", "H265"])
def test_b_pictures_come_out_in_the_order_of_showing(codec: str) -> None:
    decoder = Decoder()
    frames = [frame for unit in pictures.coded(TIMES, codec=codec, b_frames=3) for frame in decoder.decode(unit)]
    shown = [(frame.pts, pictures.number_in(frame.to_ndarray(format="rgb24"))) for frame in frames]
    assert shown == list(zip(TIMES, range(30), strict=True))[: len(shown)]
    assert len(shown) >= 27  # the last ones wait for what comes after them


def test_damaged_pictures_cost_themselves() -> None:
    units = pictures.coded(TIMES, group=10)
    units[4].data, units[5].data, units[6].data = b"", b"\0\0\0\1\x41\xff\xff", b"garbage"
    decoder = Decoder()
    frames = {frame.pts: frame for unit in units for frame in decoder.decode(unit)}
    assert decoder.errors >= 1
    for number in (0, 3, 10, 29):  # after the next key picture all is well
        assert pictures.number_in(frames[TIMES[number]].to_ndarray(format="rgb24")) == number


def test_another_size_in_mid_stream() -> None:
    units = pictures.coded(TIMES[:5]) + pictures.coded(TIMES[5:], size=(640, 360), first=5)
    decoder, fitter, encoder = Decoder(), Fitter(), JpegEncoder()
    coded = [encoder.encode(fitter.fit(frame)) for unit in units for frame in decoder.decode(unit)]
    sizes = [Image.open(io.BytesIO(one)).size for one in coded]
    assert sizes == [(320, 180)] * 5 + [(640, 360)] * 25
    assert [pictures.number_in(rgb(one)) for one in coded] == list(range(30))


def yuv_frame(width: int, height: int, yuv: tuple[int, int, int], matrix: int) -> av.VideoFrame:
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, value in zip(frame.planes, yuv, strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    frame.colorspace, frame.color_range, frame.pts, frame.time_base = matrix, 1, 0, Fraction(1, 90_000)
    return frame


@pytest.mark.parametrize(
    ("matrix", "height", "yuv"),
    [
        # pure green, limited range: Y = 16 + 219 kg, U = 128 - 112 kg / (1 - kb), V = 128 - 112 kg / (1 - kr)
        (1, 64, (173, 42, 26)),  # BT.709: kg 0.7152, kb 0.0722, kr 0.2126
        (6, 64, (145, 54, 34)),  # BT.601: kg 0.587, kb 0.114, kr 0.299
        (2, 64, (145, 54, 34)),  # not told: small is BT.601
        (2, 720, (173, 42, 26)),  # and large is BT.709
    ],
)
def test_colours_are_what_they_were(matrix: int, height: int, yuv: tuple[int, int, int]) -> None:
    fitted = Fitter().fit(yuv_frame(64, height, yuv, matrix))
    middle = rgb(JpegEncoder().encode(fitted, 95))[height // 2, 32]
    assert np.abs(middle - (0, 255, 0)).max() <= 4


def test_a_width_is_a_bound_and_sizes_stay_even() -> None:
    frame = yuv_frame(640, 360, (128, 128, 128), 1)
    fitter = Fitter()
    fitted = [fitter.fit(frame, width) for width in (320, 333, 9999)]
    assert [(one.width, one.height) for one in fitted] == [(320, 180), (333, 188), (640, 360)]


def test_qualities_are_those_of_libjpeg() -> None:
    """libjpeg scales its tables by 200-2q percent from 50 on, by 5000/q below; 100 % is 10 here."""
    assert [scale_of(quality) for quality in (100, 90, 80, 75, 50, 25, 10, 1)] == [1, 2, 4, 5, 10, 20, 31, 31]
    noise = np.random.default_rng(1).integers(0, 255, (96, 96, 3), np.uint8)
    fitted = Fitter().fit(av.VideoFrame.from_ndarray(noise, format="rgb24"))
    sizes = [len(JpegEncoder().encode(fitted, quality)) for quality in (95, 70, 30)]
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) == 3


def test_a_jpeg_says_what_it_is() -> None:
    coded = JpegEncoder().encode(Fitter().fit(yuv_frame(64, 64, (128, 128, 128), 1)))
    assert coded[:2] == b"\xff\xd8" and coded[6:11] == b"JFIF\0" and coded[-2:] == b"\xff\xd9"


# -- the thread --------------------------------------------------------------------------------


class Slow:
    """A worker whose pictures wait for permission; it tells what it was given."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, bool]] = []
        self.may_go = threading.Semaphore(0)
        self.began: list[int] = []

    def begin(self, hello: wire.Hello, number: int) -> None:
        self.began.append(number)

    def tell(self, message: Any) -> None: ...

    def show(self, unit: AccessUnit, hurry: bool) -> None:
        self.may_go.acquire()
        self.seen.append((unit.timestamp, hurry))


def unit_of(number: int, *, key: bool = False, size: int = 10) -> AccessUnit:
    return AccessUnit("test", 1, 1, 1, datetime.now(UTC), number, bytes(size), key)


def hello(**fields: Any) -> wire.Hello:
    return wire.Hello("test", 1, 1, 1, 320, 180, codec="avc1.64000c", **fields)


async def test_what_cannot_keep_up_decodes_only_and_then_skips_to_the_newest_key_picture() -> None:
    slow = Slow()
    belt = Conveyor("test of a conveyor", lambda _: slow)
    belt.begin(hello())
    belt.picture(unit_of(0, key=True), time.monotonic())
    await until(lambda: not belt._queue)  # it is being made
    behind = time.monotonic() - (conveyor.BEHIND + conveyor.LATE) / 2
    for number, due in ((1, behind), (2, behind), (3, time.monotonic() + 60), (4, behind)):
        belt.picture(unit_of(number), due)
    for _ in range(5):
        slow.may_go.release()
    await until(lambda: len(slow.seen) == 5)
    # the last one is late too, but nothing waits behind it
    assert slow.seen == [(0, False), (1, True), (2, True), (3, False), (4, False)]
    belt.picture(unit_of(10), time.monotonic())
    await until(lambda: not belt._queue)
    for number in range(11, 20):
        belt.picture(unit_of(number, key=number in (13, 16)), time.monotonic() - conveyor.LATE)
    for _ in range(20):
        slow.may_go.release()
    await until(lambda: len(slow.seen) == 10)
    assert [timestamp for timestamp, _ in slow.seen[5:]] == [10, 16, 17, 18, 19]
    assert belt.skipped == 5
    await belt.close()


async def test_what_waits_is_bounded_and_a_new_beginning_drops_it() -> None:
    slow = Slow()
    belt = Conveyor("test of a conveyor", lambda _: slow)
    belt.begin(hello())
    belt.picture(unit_of(0, key=True), time.monotonic())
    await until(lambda: not belt._queue)
    size = conveyor.MAX_WAITING_BYTES // 4
    for number in range(1, 7):
        belt.picture(unit_of(number, size=size), time.monotonic())
    assert belt._bytes == 0  # the fifth was too much; what follows needs a key picture
    belt.picture(unit_of(7, key=True), time.monotonic())
    belt.begin(hello())
    belt.picture(unit_of(8), time.monotonic())
    belt.picture(unit_of(9, key=True), time.monotonic())
    for _ in range(9):
        slow.may_go.release()
    await until(lambda: len(slow.seen) == 2)
    assert [timestamp for timestamp, _ in slow.seen] == [0, 9]
    assert slow.began == [1, 2]
    await belt.close()
    assert all(thread.name != "test of a conveyor" for thread in threading.enumerate())


async def test_who_reads_slowly_gets_the_newest_picture() -> None:
    reader = Reader(Order(View(), None, 80))
    for number in range(5):
        reader.give(Burned(b"", number))
    assert (await reader.next()).pts == 4
    assert reader.skipped == 4


def test_fewer_pictures_a_second_are_evenly_spread() -> None:
    order = Order(View(), None, 80, fps=5.0)
    worker = _BurnWorker(lambda: (order,), lambda *_: None)
    jitter = [0, 150, -150, 90, -60]
    taken = [n for n in range(50) if worker._wanted((order,), 3600 * n + jitter[n % 5])]
    assert taken == list(range(0, 50, 5))
    everything = order._replace(fps=None)
    assert all(worker._wanted((everything,), 3600 * n) for n in range(50))


# -- what is private ---------------------------------------------------------------------------


def seen(pts: int, *boxes: Shape, layer: str = "faces", exact: bool = True, n: int = 0) -> Shapes:
    return Shapes(pts=pts, layer=layer, exact=exact, clock="sender_report", shapes=boxes, n=n, lag_ms=10.0)


def face(x: float, subject: str = "1") -> Box:
    return Box(x=x, y=0.4, w=0.1, h=0.1, color="#ffffff", cls="face", subject=subject)


FACE = (("face", "pixelate"),)


def veiled(pts: int, *messages: Shapes) -> list[tuple[float, float]]:
    """Left and right edges of the areas of a picture."""
    veil, store = Veil(), Store()
    for message in messages:
        veil.tell(message)
        store.add(message)
    areas = veil.areas(pts, store.lookup(pts), FACE)
    return sorted((round(area.x, 3), round(area.x + area.w, 3)) for area in areas)


def test_areas_are_those_of_the_picture_and_grown() -> None:
    """8 % on each side of 0.1."""
    assert veiled(0, seen(0, face(0.5))) == [(0.492, 0.608)]
    assert veiled(0, seen(0, face(0.0), face(0.5, "2"))) == [(0.0, 0.108), (0.492, 0.608)]
    assert veiled(0, seen(0, Box(x=0.5, y=0.4, w=0.1, h=0.1, color="#ffffff", cls="human", subject="1"))) == []


def test_who_is_missed_for_a_moment_stays_covered_for_a_second() -> None:
    """Grown by twice its width for each second: 0.2 s are 0.4 x 0.116 on each side."""
    lost = (seen(0, face(0.5)), seen(18_000, n=1))
    assert veiled(18_000, *lost) == [(0.446, 0.654)]
    assert veiled(90_000, *lost) == [(0.376, 0.724)]  # by its whole width at most
    assert veiled(90_001, *lost) == []


def test_who_is_told_of_later_is_covered_half_a_second_before() -> None:
    assert veiled(0, seen(0), seen(18_000, face(0.5), n=1)) == [(0.446, 0.654)]
    assert veiled(0, seen(0), seen(45_001, face(0.5), n=1)) == []


def test_between_two_records_both_and_what_lies_between_are_covered() -> None:
    """At 1800 of 3600 ticks: the nearer Record's place, grown by 0.02 s, and the middle."""
    assert veiled(1800, seen(0, face(0.5)), seen(3600, face(0.52), n=1)) == [(0.487, 0.613), (0.502, 0.618)]


def test_where_the_time_is_not_exact_areas_are_larger() -> None:
    message = seen(0, face(0.5), exact=False)
    message.uncertainty = 0.25
    assert veiled(0, message) == [(0.434, 0.666)]


def test_a_vehicle_without_a_name_is_covered_while_its_plate_is_told() -> None:
    vehicle = Box(x=0.5, y=0.4, w=0.1, h=0.1, color="#ffffff", cls="vehicle")
    plate = Plate(0.5, 0.5, "XA12345", "#ffffff", "#000000", kind="plate", cls="vehicle")
    veil, store = Veil(), Store()
    veil.tell(seen(0, vehicle, plate))
    assert [area.x for area in veil.areas(0, store.lookup(0), (("plate", "fill"),))] == pytest.approx([0.492])
    assert veil.areas(0, store.lookup(0), (("face", "fill"),)) == []


def test_an_area_stays_in_the_picture() -> None:
    assert grown(Area(0.0, 0.9, 0.2, 0.1, "fill"), 0.5) == Area(
        0.0, 0.8, pytest.approx(0.4), pytest.approx(0.2), "fill"
    )


def test_what_the_server_hides_nobody_can_ask_for() -> None:
    asked = View.parse({"privacy": "face:blur,human:fill"})
    view = strict(asked, (("face", "pixelate"), ("human", "blur"), ("ship", "blur")))
    assert dict(view.privacy) == {"face": "pixelate", "human": "fill", "ship": "blur"}
    assert Veil().areas(0, Binding("none"), ()) == []


async def test_a_private_picture_waits_for_its_metadata_but_not_for_ever() -> None:
    """The hold begins at 200 ms; the second picture's Record comes after 0.5 s, the third's never."""
    made: list[tuple[float, Piece]] = []
    loop = asyncio.get_running_loop()
    feed = JpegFeed(lambda piece: made.append((loop.time(), piece)), view=View(privacy=FACE))
    feed.hello(hello())
    units = pictures.coded(TIMES[:3])
    begin = loop.time()
    for unit in units:
        unit.received_at = datetime.now(UTC)
    feed.picture(units[0])
    feed.told(seen(TIMES[0], face(0.0)))
    await until(lambda: len(made) == 1)
    assert 0.15 <= made[0][0] - begin < 0.45
    feed.picture(units[1])
    feed.picture(units[2])
    await asyncio.sleep(0.5 - (loop.time() - begin))
    assert len(made) == 1
    feed.told(seen(TIMES[1], face(0.0), n=1))
    await until(lambda: len(made) == 2)
    assert made[1][0] - begin < 0.9
    await until(lambda: len(made) == 3)
    assert 1.4 <= made[2][0] - begin < 2.0
    for _, piece in made:  # the number's squares lie at the left, and it is covered too little to be hidden wholly
        assert piece.kind == wire.JPEG and piece.key
    assert [piece.pts for _, piece in made] == TIMES[:3]
    await feed.close()


async def test_who_joins_is_not_shown_what_is_long_past() -> None:
    """A second of pictures since the last key picture: with a hold of 0.2 s, those over 0.45 s old are decoded only."""
    burner = Burner()
    reader = burner.add(Order(View(), None, 80))
    burner.hello(hello())
    units = pictures.coded(TIMES[:25])
    now = datetime.now(UTC)
    for number, unit in enumerate(units):
        unit.received_at = now - timedelta(seconds=0.04 * (25 - number))
        burner.told(seen(unit.timestamp, n=number + 1))
    with burner.conveyor._changed:  # all at once: one that is alone in the queue is shown, however old it is
        for unit in units:
            burner.picture(unit)
    first = await asyncio.wait_for(reader.next(), 10)
    number = pictures.number_in(rgb(first.data))
    assert TIMES[number] == first.pts
    assert number >= 13
    await burner.close()


async def test_a_picture_says_whether_what_moves_on_it_is_where_its_own_record_says() -> None:
    """The second picture has no Record, so its target stands where the first one's had it."""
    burner = Burner()
    reader = burner.add(Order(View(), None, 80))
    burner.hello(hello())
    burner.told(seen(TIMES[0], face(0.1)))
    whole = {}
    for unit in pictures.coded(TIMES[:2]):
        unit.received_at = datetime.now(UTC)
        burner.picture(unit)
        picture = await asyncio.wait_for(reader.next(), 10)
        whole[picture.pts] = picture.whole
    assert whole == {TIMES[0]: True, TIMES[1]: False}
    await burner.close()


async def test_a_snapshot_waits_a_little_for_a_better_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader(Order(View(), None, 80))
    good, poor, poorer = Burned(b"", 1), Burned(b"", 2, whole=False), Burned(b"", 3, whole=False)
    assert await images._better(reader, good) is good
    reader.give(good)
    assert await images._better(reader, poor) is good
    monkeypatch.setattr(images, "BETTER_WITHIN", 0.05)
    reader.give(poorer)
    assert await images._better(reader, poor) is poorer
