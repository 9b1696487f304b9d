"""Pictures made on the server: JPEG for pages, /mjpeg and /snapshot.jpg with the overlay, and what is private."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import io
import logging
import socket
import sys
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import av
import httpx2
import numpy as np
import pytest
from PIL import Image
from websockets.asyncio.client import connect

from onframe.camera.camera import Camera
from onframe.overlay.playout import Binding, Store
from onframe.overlay.view import Area, View
from onframe.overlay.vocabulary import Box, Shapes
from onframe.record import AccessUnit
from onframe.simulator.camera import SimulatedCamera
from onframe.viewer import conveyor, images, wire
from onframe.viewer.branches import Piece
from onframe.viewer.burn import Burned, Order, Reader, _BurnWorker
from onframe.viewer.conveyor import Conveyor
from onframe.viewer.jpeg import JpegFeed
from onframe.viewer.server import Viewer
from onframe.viewer.transcode import Decoder, Fitter, JpegEncoder, scale_of
from onframe.viewer.veil import Veil, grown, strict


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


pictures, pixels = _load("coded"), _load("pixels")

pytestmark = pytest.mark.timeout(90)
BEGIN = 1 << 33
TIMES = [BEGIN + 3600 * n for n in range(30)]


@pytest.fixture(autouse=True)
def nothing_is_logged_or_left(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No log tells of an exception, and no thread that makes pictures outlives who looks on."""
    caplog.set_level(logging.INFO)
    yield
    assert [entry.getMessage() for entry in caplog.records if entry.levelno >= logging.ERROR] == []
    assert picture_threads() == []


def picture_threads() -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name in ("JPEG for pages", "pictures with their overlay")]


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


async def eventually(true: Any, within: float = 10.0) -> None:
    async with asyncio.timeout(within):
        while not true():
            await asyncio.sleep(0.01)


async def test_what_cannot_keep_up_decodes_only_and_then_skips_to_the_newest_key_picture() -> None:
    slow = Slow()
    belt = Conveyor("test of a conveyor", lambda _: slow)
    belt.begin(hello())
    for number in range(5):
        belt.picture(unit_of(number, key=number == 0))
    for _ in range(5):
        slow.may_go.release()
    await eventually(lambda: len(slow.seen) == 5)
    assert slow.seen[2:] == [(2, False), (3, False), (4, False)]  # two may wait behind one that is made
    assert slow.seen[0][0] == 0 and slow.seen[1] == (1, True) or slow.seen[1] == (1, False)
    belt.picture(unit_of(10))
    await eventually(lambda: not belt._queue)  # it is being made
    for number in range(11, 20):
        belt.picture(unit_of(number, key=number in (13, 16)))
    await asyncio.sleep(conveyor.LATE + 0.1)
    for _ in range(20):
        slow.may_go.release()
    await eventually(lambda: len(slow.seen) == 10)
    assert [timestamp for timestamp, _ in slow.seen[5:]] == [10, 16, 17, 18, 19]
    assert belt.skipped == 5
    await belt.close()


async def test_what_waits_is_bounded_and_a_new_beginning_drops_it() -> None:
    slow = Slow()
    belt = Conveyor("test of a conveyor", lambda _: slow)
    belt.begin(hello())
    belt.picture(unit_of(0, key=True))
    await eventually(lambda: not belt._queue)
    size = conveyor.MAX_WAITING_BYTES // 4
    for number in range(1, 7):
        belt.picture(unit_of(number, size=size))
    assert belt._bytes == 0  # the fifth was too much; what follows needs a key picture
    belt.picture(unit_of(7, key=True))
    belt.begin(hello())
    belt.picture(unit_of(8))
    belt.picture(unit_of(9, key=True))
    for _ in range(9):
        slow.may_go.release()
    await eventually(lambda: len(slow.seen) == 2)
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


def seen(pts: int, *boxes: Box, layer: str = "faces", exact: bool = True, n: int = 0) -> Shapes:
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
    await eventually(lambda: len(made) == 1)
    assert 0.15 <= made[0][0] - begin < 0.45
    feed.picture(units[1])
    feed.picture(units[2])
    await asyncio.sleep(0.5 - (loop.time() - begin))
    assert len(made) == 1
    feed.told(seen(TIMES[1], face(0.0), n=1))
    await eventually(lambda: len(made) == 2)
    assert made[1][0] - begin < 0.9
    await eventually(lambda: len(made) == 3)
    assert 1.4 <= made[2][0] - begin < 2.0
    for _, piece in made:  # the number's squares lie at the left, and it is covered too little to be hidden wholly
        assert piece.kind == wire.JPEG and piece.key
    assert [piece.pts for _, piece in made] == TIMES[:3]
    await feed.close()


# -- over real RTSP ----------------------------------------------------------------------------


@asynccontextmanager
async def shown(
    viewer: dict[str, Any] | None = None, **options: Any
) -> AsyncIterator[tuple[Viewer, httpx2.AsyncClient]]:
    """A simulated gate with marks, its viewer, and a client with the token in every address."""
    options = {"scene": "gate", "clock": "sr", "frame_marks": True, **options}
    async with SimulatedCamera(**options) as simulated, Camera.from_url(simulated.url) as camera:
        async with Viewer(camera, **(viewer or {})) as served:
            base, _, token = served.url.partition("/?t=")
            async with httpx2.AsyncClient(base_url=base, params={"t": token}, timeout=20) as client:
                yield served, client


class Part(NamedTuple):
    headers: dict[str, str]
    data: bytes


async def parts(client: httpx2.AsyncClient, count: int, **query: Any) -> list[Part]:
    """So many pictures of /mjpeg, as a client reads them that goes by Content-Length."""
    found: list[Part] = []
    async with client.stream("GET", "/mjpeg", params={**client.params, **query}) as answer:
        assert answer.status_code == 200
        kind, _, boundary = answer.headers["content-type"].partition("; boundary=")
        assert kind == "multipart/x-mixed-replace"
        opening = f"--{boundary}\r\n".encode()
        buffer = b""
        async for piece in answer.aiter_raw():
            buffer += piece
            while (part := _first_part(buffer, opening)) is not None:
                found.append(part[0])
                buffer = buffer[part[1] :]
                if len(found) == count:
                    return found
    raise AssertionError("the stream ended")


def _first_part(buffer: bytes, opening: bytes) -> tuple[Part, int] | None:
    head, separator, rest = buffer.partition(b"\r\n\r\n")
    if not separator:
        return None
    assert head.startswith(opening)
    lines = head[len(opening) :].decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    length = int(headers["content-length"])
    if len(rest) < length + 2:
        return None
    assert rest[length : length + 2] == b"\r\n"
    return Part(headers, rest[:length]), len(head) + 4 + length + 2


@pytest.mark.requirement("R-119")
async def test_burned_in_boxes_lie_on_the_picture_that_they_describe() -> None:
    """The painted target moves up to 9 pixels a picture: a box of another picture would not fit."""
    async with shown(metadata_delay=(0.0, 0.3)) as (_, client):
        got = await parts(client, 120, q=100)
    frames = [pixels.Shown(one.data, 0.0) for one in got]
    assert all(frame.has_video for frame in frames)
    passed = [(int(one.headers["x-pts"]) - int(got[0].headers["x-pts"])) / 3600 for one in got]
    assert passed == sorted(passed)
    assert [(one.frame - frames[0].frame) % 400 for one in frames] == [count % 400 for count in passed]
    found, looked_for = pixels.distances(frames)
    print(f"{len(found)} of {looked_for} edges, at most {max(found):.1f} pixels off")
    assert len(found) >= 0.6 * looked_for >= 100
    assert max(found) <= 2.0
    captured = [float(one.headers["x-timestamp"]) for one in got]
    assert all(abs(time - captured[0] - 0.04 * count) < 0.01 for time, count in zip(captured, passed, strict=True))


async def test_a_snapshot_has_its_overlay() -> None:
    async with shown(metadata_delay=(0.0, 0.3)) as (_, client):
        got = [await client.get("/snapshot.jpg", params={**client.params, "q": "100"}) for _ in range(6)]
    for answer in got:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-disposition"].startswith('inline; filename="1-1-')
    assert len({answer.headers["etag"] for answer in got}) == 6
    found, looked_for = pixels.distances(pixels.Shown(answer.content, 0.0) for answer in got)
    assert len(found) >= 0.5 * looked_for > 0
    assert max(found) <= 2.0


async def test_h265_is_shown_where_no_browser_decodes_it() -> None:
    async with shown() as (viewer, client):
        answer = await client.get("/snapshot.jpg", params={**client.params, "stream": "3", "width": "320"})
        assert Image.open(io.BytesIO(answer.content)).size == (320, 180)
        made: list[Piece] = []
        feed = viewer.feed("1", 3)
        listener = JpegFeed(made.append)
        feed.listen(listener)
        await eventually(lambda: len(made) >= 30)
        await feed.unlisten(listener)
    assert all(piece.kind == wire.JPEG and piece.key for piece in made)
    big = [Image.open(io.BytesIO(piece.data)).resize((1280, 720)) for piece in made]
    numbers = [pixels.bits(np.asarray(one.convert("RGB")), pixels.PICTURE_ROW) for one in big]
    passed = [(piece.pts - made[0].pts) // 3600 for piece in made]
    assert [(number - numbers[0]) % 400 for number in numbers] == [count % 400 for count in passed]
    assert passed == sorted(set(passed))


async def pages_pictures(viewer: Viewer, client: httpx2.AsyncClient, count: int) -> list[tuple[int, bytes]]:
    """(kind, payload) of so many binary messages to a page that asks for the coded pictures."""
    assert (await client.get("/")).status_code == 303
    cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in client.cookies.items())}
    host = f"127.0.0.1:{viewer.port}"
    found: list[tuple[int, bytes]] = []
    async with connect(f"ws://{host}/ws", origin=f"http://{host}", additional_headers=cookies, max_size=None) as page:  # type: ignore[arg-type]
        await page.send('{"type":"watch","path":"annexb"}')
        async with asyncio.timeout(30):
            while len(found) < count:
                message = await page.recv()
                if isinstance(message, bytes):
                    found.append((message[0], message[wire.HEADER.size :]))
    return found


def greens(datas: Iterable[bytes]) -> list[float]:
    """How green the painted target is at its greenest pixel, in each picture that has one."""
    shown = [pixels.Shown(data, 0.0) for data in datas]
    boxes = pixels.landmarks({one.frame for one in shown})
    found = []
    for one in shown:
        if (box := boxes.get(one.frame)) is not None:
            left, top, right, bottom = (round(value) for value in box)
            region = one.picture[top:bottom, left:right]
            found.append(float((region[:, :, 1] - region[:, :, 0]).max()))
    return found


async def test_what_is_private_leaves_on_no_path_and_in_no_picture() -> None:
    """Metadata is late and some is lost; from the first picture on nothing of the painted target is to be seen."""
    late = {"metadata_delay": (0.0, 0.3), "metadata_loss": 0.05}
    async with shown({"privacy": "human:fill,vehicle:fill"}, **late) as (viewer, client):
        sent = await pages_pictures(viewer, client, 120)
        burned = await parts(client, 60, q=95, hide="target,trail,rule,plate", privacy="human:blur")
    assert {kind for kind, _ in sent} == {wire.JPEG}
    hidden = greens([*(data for _, data in sent), *(one.data for one in burned)])
    async with shown() as (_, client):
        bare = greens(one.data for one in await parts(client, 40, q=95, hide="target,trail,rule,plate"))
    print(f"{len(hidden)} targets hidden: at most {max(hidden):.0f}; {len(bare)} bare: {min(bare):.0f} and more")
    assert len(hidden) >= 100 and len(bare) >= 10
    assert min(bare) > 200
    assert max(hidden) < 30


async def test_errors_are_sentences() -> None:
    async with shown() as (_, client):
        for path in ("/mjpeg", "/snapshot.jpg"):
            for status, query, words in (
                (404, {"camera": "9"}, "There is no camera '9'; there are: 1"),
                (400, {"q": "101"}, "q=101 is no number from 1 to 100."),
                (400, {"width": "-1"}, "width=-1 is no number from 16 to 8192."),
                (400, {"fps": "nan"}, "fps=nan is no number from 0.1 to 60."),
                (400, {"color": "hot"}, "Choose among class, rule, target, alarm."),
                (400, {"privacy": "face:wipe"}, "Choose among blur, pixelate, fill."),
            ):
                answer = await client.get(path, params={**client.params, **query})
                assert answer.status_code == status
                assert words in answer.text
        refused = await client.get("/snapshot.jpg", params={"t": "wrong"})
        assert refused.status_code == 403
        assert (await client.get("/")).status_code == 303  # and the cookie is there
        head = await client.head("/mjpeg", params={"t": ""})
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"].startswith("multipart/x-mixed-replace; boundary=")


async def test_without_a_picture_a_snapshot_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "FIRST_WITHIN", 0.3)
    silent = socket.create_server(("127.0.0.1", 0))
    port = silent.getsockname()[1]
    async with Camera("127.0.0.1", username="admin", password="x", http_port=port, rtsp_port=port) as camera:
        async with Viewer(camera) as viewer, httpx2.AsyncClient() as client:
            answer = await client.get(viewer.url.replace("/?", "/snapshot.jpg?"))
    silent.close()
    assert answer.status_code == 503
    assert answer.text == f"No picture of {camera.name} has come within 0.3 s.\n"


async def test_without_the_packages_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "find_spec", lambda name: None if name == "av" else object())
    async with shown() as (_, client):
        for path in ("/mjpeg", "/snapshot.jpg"):
            answer = await client.get(path)
            assert answer.status_code == 501
            assert "pip install 'onframe[video]'" in answer.text


async def test_however_many_look_on_a_picture_is_decoded_once() -> None:
    async with shown() as (viewer, client):
        first, second, third = await asyncio.gather(
            parts(client, 40), parts(client, 40), parts(client, 40, width=320, hide="label")
        )
        assert picture_threads() == [] or len(picture_threads()) == 1
    same = {one.headers["x-pts"]: one.data for one in first}
    assert sum(same.get(one.headers["x-pts"]) == one.data for one in second) >= 20
    assert Image.open(io.BytesIO(third[0].data)).size == (320, 180)


async def test_one_that_does_not_read_harms_nobody_and_leaves_nothing() -> None:
    async with shown() as (viewer, client), contextlib.AsyncExitStack() as stack:
        token = viewer.url.partition("t=")[2]
        lazy = stack.enter_context(contextlib.closing(socket.socket()))
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.connect(("127.0.0.1", viewer.port))
        lazy.sendall(f"GET /mjpeg?t={token} HTTP/1.1\r\nHost: 127.0.0.1:{viewer.port}\r\n\r\n".encode())
        assert len(await parts(client, 60)) == 60
        assert picture_threads() == ["pictures with their overlay"]
        assert viewer.feed("1").running
        lazy.close()
        await eventually(lambda: picture_threads() == [] and not viewer.feed("1").running)
        ours = {"pictures for a dashboard", "a dashboard's going"}
        await eventually(lambda: not ours & {task.get_name() for task in asyncio.all_tasks()})


async def test_at_most_so_many_look_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MAX_READERS", 1)
    async with shown() as (_, client):
        async with client.stream("GET", "/mjpeg") as open_one:
            assert open_one.status_code == 200
            answer = await client.get("/snapshot.jpg")
            assert (answer.status_code, answer.text) == (503, "1 programs are shown pictures already.\n")
