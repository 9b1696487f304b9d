"""The viewer's server on real sockets: a simulated camera, our client, and WebSockets as pages open them."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import re
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from onframe.camera.camera import Camera
from onframe.errors import OnframeError
from onframe.simulator.camera import SimulatedCamera
from onframe.viewer import server, visit
from onframe.viewer.page import Outlet, Page
from onframe.viewer.server import Viewer
from onframe.viewer.source import Source

pytestmark = pytest.mark.timeout(60)
WITHIN = 10.0


@pytest.fixture
async def simulated() -> AsyncIterator[SimulatedCamera]:
    async with SimulatedCamera("gate", clock="sr") as simulated:
        yield simulated


@pytest.fixture
async def viewer(simulated: SimulatedCamera) -> AsyncIterator[Viewer]:
    async with Camera.from_url(simulated.url) as camera, Viewer(camera) as viewer:
        yield viewer


@pytest.fixture(autouse=True)
def nothing_is_logged_or_left(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Whatever pages do, no log tells of an exception and nothing is printed."""
    caplog.set_level(logging.INFO)
    yield
    loud = [entry for entry in caplog.records if entry.levelno >= logging.ERROR or entry.exc_info]
    assert [entry.getMessage() for entry in loud] == []
    assert "Traceback" not in capfd.readouterr().err


def requests(simulated: SimulatedCamera, method: str) -> int:
    """How many RTSP requests of a method the camera has answered."""
    return sum(one.method == method and one.protocol == "rtsp" for one in simulated.device.requests)


def _get(port: int, path: str, cookie: str = "") -> tuple[int, str]:
    """(status, the Set-Cookie header's value); the path is sent as it stands."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.putrequest("GET", path, skip_accept_encoding=True)
    connection.putheader("Cookie", cookie)
    connection.endheaders()
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.getheader("Set-Cookie", "").partition(";")[0]


async def cookie_of(viewer: Viewer) -> str:
    path = viewer.url.removeprefix(f"http://127.0.0.1:{viewer.port}")
    status, cookie = await asyncio.to_thread(_get, viewer.port, path)
    assert status == 303
    return cookie


async def connected(viewer: Viewer, **options: Any) -> AbstractAsyncContextManager[ClientConnection]:
    """A WebSocket as a page opens it, which has not asked for anything yet."""
    headers = {"Cookie": await cookie_of(viewer)}
    origin = f"http://127.0.0.1:{viewer.port}"
    address = f"ws://127.0.0.1:{viewer.port}/ws"
    return connect(address, additional_headers=headers, origin=origin, max_size=None, **options)  # type: ignore[arg-type]


class Watching:
    """A connection that has said what it watches."""

    def __init__(self, opened: AbstractAsyncContextManager[ClientConnection], wanted: dict[str, Any]) -> None:
        self._opened, self._wanted = opened, wanted

    async def __aenter__(self) -> ClientConnection:
        page = await self._opened.__aenter__()
        await watch(page, **self._wanted)
        return page

    async def __aexit__(self, *exception: Any) -> None:
        await self._opened.__aexit__(*exception)


async def open_page(viewer: Viewer, *, wanted: dict[str, Any] | None = None, **options: Any) -> Watching:
    """A page that watches the first camera, unless told otherwise."""
    return Watching(await connected(viewer, **options), wanted or {})


async def say(page: ClientConnection, kind: str, **fields: Any) -> None:
    await page.send(json.dumps({"type": kind, **fields}))


async def watch(page: ClientConnection, **fields: Any) -> None:
    await say(page, "watch", **fields)


async def until(page: ClientConnection, wanted: Callable[[Any], bool], within: float = WITHIN) -> Any:
    """The first message that is wanted: an object where it is text, else bytes."""
    async with asyncio.timeout(within):
        while True:
            message = await page.recv()
            read = json.loads(message) if isinstance(message, str) else message
            if wanted(read):
                return read


def kind(name: str, **fields: Any) -> Callable[[Any], bool]:
    known = {"type": name, **fields}
    return lambda message: isinstance(message, dict) and known.items() <= message.items()


def is_picture(message: Any) -> bool:
    return isinstance(message, bytes)


def is_key(message: Any) -> bool:
    return isinstance(message, bytes) and message[1] & 1 == 1


async def eventually(true: Callable[[], bool], within: float = 5.0) -> None:
    async with asyncio.timeout(within):
        while not true():
            await asyncio.sleep(0.02)


LAZY = {"max_queue": 1, "close_timeout": 0.2}


def narrow(viewer: Viewer) -> socket.socket:
    """A connection that holds little between the server and its page; the server's end of it, too."""
    listener = viewer._site._listener
    assert listener is not None
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    connection.connect(("127.0.0.1", viewer.port))
    connection.setblocking(False)
    return connection


class TestPages:
    async def test_a_page_is_told_what_is_shown_then_pictures_and_their_shapes(self, viewer: Viewer) -> None:
        async with await open_page(viewer) as page:
            welcome = json.loads(await page.recv())
            assert welcome["type"] == "welcome" and [camera["key"] for camera in welcome["cameras"]] == ["1"]
            first = json.loads(await page.recv())
            assert (first["type"], first["stream"], first["key"]) == ("hello", 1, "1")
            hello = await until(page, lambda message: kind("hello")(message) and message.get("codec"))
            assert (hello["width"], hello["height"]) == (1280, 720) and hello["codec"].startswith("avc1.")
            await until(page, is_key)
            shapes = await until(page, lambda message: kind("shapes", exact=True)(message) and message.get("shapes"))
            assert shapes["clock"] == "sender_report"
            assert (await until(page, kind("stats")))["values"]["pages"] == 1

    async def test_the_state_of_the_connection_is_told_though_a_hello_came_after_it(self, viewer: Viewer) -> None:
        async with await open_page(viewer) as page:
            state = await until(page, kind("state", state="live"))
            assert state["reason"] and state["since"]

    @pytest.mark.fault("F70")
    async def test_one_session_with_the_camera_however_many_pages(
        self, viewer: Viewer, simulated: SimulatedCamera
    ) -> None:
        pages = [await (await open_page(viewer)).__aenter__() for _ in range(4)]
        for page in pages:
            await until(page, is_key)
            await until(page, kind("shapes"))
        assert requests(simulated, "PLAY") == 1
        for page in pages[1:]:
            await page.close()
        await until(pages[0], kind("stats"))
        await until(pages[0], lambda message: kind("stats")(message) and message["values"]["pages"] == 1)
        await until(pages[0], is_picture)
        assert requests(simulated, "TEARDOWN") == 0
        await pages[0].close()
        await eventually(lambda: requests(simulated, "TEARDOWN") == 1)

    async def test_a_page_that_comes_back_begins_anew_with_another_session(
        self, viewer: Viewer, simulated: SimulatedCamera
    ) -> None:
        for count in (1, 2):
            async with await open_page(viewer) as page:
                first = await until(page, is_picture)
                assert first[1] & 1, "the first picture is a key picture"
            await eventually(lambda count=count: requests(simulated, "TEARDOWN") == count)  # type: ignore[misc]
        assert requests(simulated, "PLAY") == 2

    async def test_a_page_that_joins_later_begins_with_a_key_picture_and_the_rules(self, viewer: Viewer) -> None:
        async with await open_page(viewer) as one:
            await until(one, kind("rules"))
            await until(one, is_key)
            async with await open_page(viewer) as other:
                hello = await until(other, kind("hello"))
                assert hello["codec"].startswith("avc1.") and hello["rules"]
                assert is_key(await until(other, is_picture))

    @pytest.mark.fault("F70")
    async def test_a_page_that_does_not_read_loses_pictures_only_and_others_go_on(
        self, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with await open_page(viewer) as quick:
            await until(quick, kind("hello"))
            queues: list[Page] = []

            def short(outlet: Outlet) -> Page:
                queues.append(Page(outlet, max_bytes=100_000))
                return queues[-1]

            monkeypatch.setattr(visit, "Page", short)
            slow = await (await open_page(viewer, sock=narrow(viewer), **LAZY)).__aenter__()
            seen: list[Any] = []
            await until(quick, lambda m: seen.append(m) or (queues and queues[0].dropped > 25))  # type: ignore[func-returns-value]
            numbers = [int.from_bytes(message[4:8], "little") for message in seen if is_picture(message)]
            assert len(numbers) > 25 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            shown = [message["pts"] for message in seen if kind("shapes")(message)][-20:]
            told: list[int] = []
            await until(slow, lambda m: kind("shapes")(m) and told.append(m["pts"]) or shown[-1] in told, within=20)  # type: ignore[func-returns-value]
            assert set(shown) <= set(told), "no text is lost"
            await slow.close()

    @pytest.mark.fault("F70")
    async def test_more_pages_than_allowed_are_told_so(self, viewer: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(server, "MAX_PAGES", 1)
        async with await open_page(viewer) as one:
            await until(one, kind("hello"))
            async with await connected(viewer) as other:
                with pytest.raises(ConnectionClosed) as closed:
                    await other.recv()
                assert closed.value.rcvd is not None
                assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1013, "1 pages are open already")
            await until(one, is_picture)
        async with await open_page(viewer) as again:
            await until(again, kind("hello"))


class TestWatch:
    async def test_a_page_that_asks_for_nothing_is_closed_after_a_while(
        self, viewer: Viewer, simulated: SimulatedCamera, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(visit, "WATCH_WITHIN", 0.3)
        async with await connected(viewer) as page:
            assert json.loads(await page.recv())["type"] == "welcome"
            await say(page, "pause", paused=True)
            assert (await until(page, kind("error")))["message"] == "nothing is watched yet"
            with pytest.raises(ConnectionClosed) as closed:
                await page.recv()
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "nothing was asked for within 0.3 s")
        assert requests(simulated, "PLAY") == 0

    async def test_one_that_watches_may_be_silent_for_longer(
        self, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(visit, "WATCH_WITHIN", 0.3)
        async with await open_page(viewer) as page:
            end = time.monotonic() + 1.0
            await until(page, lambda message: time.monotonic() > end)
            await until(page, is_picture)

    async def test_another_stream_and_then_none_while_shapes_go_on(
        self, viewer: Viewer, simulated: SimulatedCamera
    ) -> None:
        async with await open_page(viewer) as page:
            await until(page, is_picture)
            await watch(page, stream=2, why="too large")
            hello = await until(page, lambda m: kind("hello", stream=2)(m) and m.get("codec"))
            assert (hello["width"], hello["height"]) == (640, 360)
            assert int.from_bytes((await until(page, is_key))[2:4], "little") == 2
            await watch(page, stream=2, path="none")
            await until(page, lambda m: kind("hello", stream=2, path="none")(m) and m.get("codec") is None)
            seen: list[Any] = []
            await until(page, lambda m: seen.append(m) or sum(map(kind("shapes"), seen)) >= 20)  # type: ignore[func-returns-value]
            assert not any(map(is_picture, seen))
        await eventually(lambda: requests(simulated, "TEARDOWN") == requests(simulated, "PLAY"))

    async def test_another_path_of_the_same_stream_needs_no_other_session(
        self, viewer: Viewer, simulated: SimulatedCamera
    ) -> None:
        async with await open_page(viewer) as page:
            await until(page, is_key)
            await watch(page, path="fmp4")
            hello = await until(page, lambda m: kind("hello", path="fmp4")(m) and m.get("base"))
            start = await until(page, lambda m: is_picture(m) and m[0] != 1)
            assert start[0] == 2 and start[28:32] == b"ftyp"
            fragment = await until(page, is_picture)
            assert fragment[0] == 3 and fragment[1] & 1 and fragment[28:32] == b"moof"
            assert int.from_bytes(fragment[8:16], "little", signed=True) >= hello["base"]
        assert requests(simulated, "PLAY") == 1

    async def test_a_page_that_joins_by_fmp4_gets_the_start_and_everything_since_the_key_picture(
        self, viewer: Viewer
    ) -> None:
        async with (
            await open_page(viewer, wanted={"path": "fmp4"}) as one,
            await open_page(viewer) as plain,
        ):
            await until(one, lambda m: is_picture(m) and m[0] == 3 and not m[1] & 1)
            async with await open_page(viewer, wanted={"path": "fmp4"}) as other:
                kinds = [(await until(other, is_picture))[:2] for _ in range(3)]
                assert kinds[0][0] == 2 and kinds[1] == b"\x03\x01" and kinds[2][0] == 3
            assert (await until(plain, is_key))[0] == 1

    async def test_by_jpeg_every_picture_can_be_shown_by_itself(
        self, viewer: Viewer, simulated: SimulatedCamera
    ) -> None:
        async with await open_page(viewer, wanted={"path": "jpeg"}) as page, await open_page(viewer) as plain:
            assert (await until(page, kind("welcome")))["jpeg"] is True
            await until(page, kind("hello", path="jpeg"))
            units = {}
            for _ in range(20):
                unit = await until(plain, is_picture)
                units[unit[8:16]] = unit[16:24]
            pictures = [await until(page, is_picture) for _ in range(20)]
            assert {picture[:2] for picture in pictures} == {b"\x04\x01"}
            assert all(picture[24:27] == b"\xff\xd8\xff" for picture in pictures)
            same = [picture for picture in pictures if picture[8:16] in units]
            assert same and all(picture[16:24] == units[picture[8:16]] for picture in same), "and when it came"
            await until(page, kind("shapes"))
        assert requests(simulated, "PLAY") == 1

    async def test_what_is_private_leaves_as_jpeg_alone_whatever_a_page_asks_for(
        self, simulated: SimulatedCamera
    ) -> None:
        async with (
            Camera.from_url(simulated.url) as camera,
            Viewer(camera, privacy="human:fill,plate") as viewer,
            await open_page(viewer, wanted={"path": "annexb"}) as page,
            await open_page(viewer, wanted={"path": "none"}) as bare,
        ):
            welcome = await until(page, kind("welcome"))
            assert (welcome["privacy"], welcome["jpeg"]) == (["human", "plate"], True)
            await until(page, kind("hello", path="jpeg"))
            assert (await until(page, is_picture))[0] == 4
            shapes = await until(bare, lambda m: kind("shapes")(m) and any(s["t"] == "plate" for s in m["shapes"]))
            assert {shape["text"] for shape in shapes["shapes"] if shape["t"] == "plate"} == {"•••"}
            await say(bare, "inspect", n=shapes["n"])
            assert "licensePlate" not in json.dumps(await until(bare, kind("inspected")))

    @pytest.mark.parametrize(
        ("wanted", "told"),
        [
            ({"camera": "nowhere"}, "there is no camera 'nowhere'"),
            ({"camera": "http://169.254.1.1/"}, "there is no camera 'http://169.254.1.1/'"),
            ({"stream": 4}, "there is no stream 4"),
            ({"stream": -1}, "there is no stream -1"),
        ],
    )
    async def test_what_there_is_not_is_an_error_and_what_is_shown_stays(
        self, viewer: Viewer, wanted: dict[str, Any], told: str
    ) -> None:
        async with await connected(viewer) as page:
            for _ in range(2):
                await watch(page, **wanted)
                error = await until(page, kind("error"))
                assert (error["code"], error["message"]) == ("server", told) and error["hint"]
                await watch(page)
                await until(page, is_picture)


class TestPause:
    @pytest.mark.fault("F70")
    async def test_a_hidden_page_gets_counters_alone_and_begins_anew_with_a_key_picture(
        self, viewer: Viewer, simulated: SimulatedCamera
    ) -> None:
        async with await open_page(viewer) as page, await open_page(viewer) as other:
            await until(page, is_picture)
            await say(page, "pause", paused=True)
            await say(page, "inspect", n=-2)
            await until(page, kind("inspected"))  # what was on its way before is through
            seen: list[Any] = []
            await until(page, lambda m: seen.append(m) or sum(map(kind("stats"), seen)) >= 2)  # type: ignore[func-returns-value]
            assert {message["type"] for message in seen if not is_picture(message)} == {"stats"}
            assert not any(map(is_picture, seen))
            await until(other, is_picture)
            await say(page, "pause", paused=False)
            assert (await until(page, kind("hello")))["rules"]
            assert (await until(page, is_picture))[1] & 1
            await until(page, kind("shapes"))
        assert requests(simulated, "PLAY") == 1

    async def test_saying_it_twice_changes_nothing(self, viewer: Viewer) -> None:
        async with await open_page(viewer) as page:
            await until(page, is_picture)
            await say(page, "pause", paused=False)
            seen: list[Any] = []
            await until(page, lambda m: seen.append(m) or sum(map(is_picture, seen)) >= 5)  # type: ignore[func-returns-value]
            assert not any(map(kind("hello"), seen))


def raw_ids(raw: str) -> list[str]:
    return re.findall(r"<targetID>(\d+)</targetID>", raw)


class TestQuestions:
    async def test_a_shape_leads_to_its_document(self, viewer: Viewer) -> None:
        async with await open_page(viewer) as page:
            shapes = await until(page, lambda m: kind("shapes")(m) and any(s.get("subject") for s in m["shapes"]))
            subject = next(shape["subject"] for shape in shapes["shapes"] if shape.get("subject"))
            await say(page, "inspect", n=shapes["n"], subject=subject)
            answer = await until(page, kind("inspected", n=shapes["n"], subject=subject))
            assert answer["raw"].lstrip().startswith("<") and "</Metadata>" in answer["raw"]
            assert shapes["layer"] == f"{answer['facts']['subType']}/target"
            assert str(answer["facts"]["targets"][0]["targetID"]) in raw_ids(answer["raw"])

    async def test_one_that_is_forgotten_is_not_found(self, viewer: Viewer) -> None:
        async with await open_page(viewer) as page:
            await say(page, "inspect", n=2**40, subject="behaviorAnalysis/target/1")
            assert (await until(page, kind("inspected")))["found"] is False

    async def test_another_space_is_told_to_all_pages_with_what_it_changes(self, viewer: Viewer) -> None:
        async with (
            await open_page(viewer) as one,
            await open_page(viewer, wanted={"stream": 2, "path": "none"}) as other,
        ):
            boxed = lambda m: kind("shapes")(m) and any(s["t"] == "box" for s in m["shapes"])  # noqa: E731
            before = await until(one, boxed)
            await until(other, boxed)
            await say(one, "coordinates", space="unit", origin="bottom-left")
            for page in (one, other):
                told = await until(page, kind("coordinates"))
                assert (told["space"], told["origin"]) == ("unit", "bottom-left")
                assert told["coordinates"] == "unit, origin bottom left"
            again = await until(one, kind("shapes", n=before["n"], layer=before["layer"]))
            old, new = (next(s for s in m["shapes"] if s["t"] == "box") for m in (before, again))
            assert (new["x"], new["w"]) == pytest.approx((old["x"] * 1000, old["w"] * 1000))
            async with await open_page(viewer, wanted={"stream": 3, "path": "none"}) as third:
                assert (await until(third, kind("hello")))["space"] == "unit", "for who comes later, too"


class TestSeveralCameras:
    async def test_each_is_watched_by_its_key_with_a_session_of_its_own(self, simulated: SimulatedCamera) -> None:
        async with (
            SimulatedCamera("hall", clock="sr") as hall,
            Camera.from_url(simulated.url) as one,
            Camera.from_url(hall.url) as two,
            Viewer([Source(one, name="The gate"), Source(two, stream=2, key="hall")]) as viewer,
        ):
            async with await connected(viewer) as page, await open_page(viewer) as first:
                welcome = json.loads(await page.recv())
                assert [(camera["key"], camera["name"]) for camera in welcome["cameras"]] == [
                    ("1", "The gate"),
                    ("hall", two.name),
                ]
                await watch(page, camera="hall")
                hello = await until(page, lambda m: kind("hello", key="hall", stream=2)(m) and m.get("codec"))
                assert hello["camera"] == two.name and (hello["width"], hello["height"]) == (640, 360)
                await until(page, is_key)
                assert (await until(first, kind("hello")))["camera"] == "The gate"
                assert (requests(simulated, "PLAY"), requests(hall, "PLAY")) == (1, 1)
                await watch(page, camera="1")
                await until(page, kind("hello", key="1"))
                await until(page, is_key)
                await eventually(lambda: requests(hall, "TEARDOWN") == 1)
            assert requests(simulated, "PLAY") == 1

    async def test_what_is_set_for_one_says_nothing_of_the_other(self, simulated: SimulatedCamera) -> None:
        async with (
            Camera.from_url(simulated.url) as camera,
            Viewer([Source(camera, key="a"), Source(camera, stream=2, key="b")]) as viewer,
            await open_page(viewer, wanted={"camera": "a"}) as a,
            await open_page(viewer, wanted={"camera": "b"}) as b,
        ):
            await say(a, "coordinates", space="unit")
            await until(a, kind("coordinates"))
            seen: list[Any] = []
            await until(b, lambda m: seen.append(m) or sum(map(kind("stats"), seen)) >= 2)  # type: ignore[func-returns-value]
            assert not any(map(kind("coordinates"), seen))

    async def test_keys_are_made_up_where_they_are_left_out_and_never_twice_the_same(self) -> None:
        async with Camera.from_url("http://admin:pw@127.0.0.1:9/") as camera:
            viewer = Viewer(
                [Source(camera), Source(camera, channel=2, key="1"), Source(camera, channel=3, name="Yard")]
            )
            seen = [(one.key, one.name) for one in viewer.welcome().cameras]
            assert seen == [("2", f"{camera.name} channel 1"), ("1", f"{camera.name} channel 2"), ("3", "Yard")]
            for wrong in ([], [Source(camera, key="a"), Source(camera, key="a")], [Source(camera, key="../x")]):
                with pytest.raises(OnframeError):
                    Viewer(wrong)


JUNK: tuple[str | bytes, ...] = (
    "", "{", "null", "[]", '{"type":"hello"}', '{"type":"inspect"}', '"' + "x" * 3000, "\x00", b"", b"\xff\xfe"
)  # fmt: skip


class TestJunk:
    @pytest.mark.fault("F70")
    async def test_it_is_answered_with_an_error_message_and_nothing_else(
        self, viewer: Viewer, simulated: SimulatedCamera
    ) -> None:
        async with await open_page(viewer) as page:
            await until(page, is_picture)
            for junk in JUNK:
                await page.send(junk)
                error = await until(page, kind("error"))
                assert error["code"] == "server" and "cannot be read" in error["message"], junk
            picture = await until(page, is_picture)
            assert int.from_bytes(picture[2:4], "little") == 1
        assert requests(simulated, "PLAY") == 1

    @pytest.mark.fault("F70")
    async def test_a_message_longer_than_any_the_page_sends_closes_the_connection(self, viewer: Viewer) -> None:
        async with await open_page(viewer) as page:
            await until(page, kind("hello"))
            await page.send("x" * 5000)
            with pytest.raises(ConnectionClosed):
                await until(page, kind("error"))


NOWHERE = (
    "/nothing", "/nothing.js", "/..%2f..", "/..%2fserver.py", "/%2e%2e/", "/%2e%2e%2fguard.py", "/../wire.py",
    "/static/main.js", "//main.js", "/.js", "/%00.js", "/main.js%00", "/" + "a" * 5000 + ".js", "/main.js/",
    "/..%5c..%5cmain.js", "/ws/", "/main.JS",
)  # fmt: skip


class TestFiles:
    @pytest.mark.fault("F68")
    async def test_there_is_nothing_but_the_files_of_the_page_and_only_for_who_has_the_cookie(self) -> None:
        async with Camera.from_url("http://admin:pw@127.0.0.1:9/") as camera, Viewer(camera) as viewer:
            cookie = await cookie_of(viewer)

            async def get(path: str, cookie: str = "") -> int:
                return (await asyncio.to_thread(_get, viewer.port, path, cookie))[0]

            assert {path: await get(path, cookie) for path in NOWHERE} == dict.fromkeys(NOWHERE, 404)
            for path in ("/", "/main.js", "/style.css", "/icon.svg"):
                assert (await get(path, cookie), await get(path)) == (200, 403)


class TestTrouble:
    async def test_a_wrong_password_is_an_error_message_with_a_hint_and_the_page_stays(
        self, simulated: SimulatedCamera
    ) -> None:
        wrong = simulated.url.replace(simulated.password, "wrong-password")
        async with Camera.from_url(wrong) as camera, Viewer(camera) as viewer:
            async with await open_page(viewer) as page:
                error = await until(page, kind("error"))
                assert error["code"] == "camera" and error["hint"]
                assert "wrong-password" not in json.dumps(error)
                await (await page.ping())
            async with await open_page(viewer) as another:
                await until(another, kind("state", state="auth_failed"))
                assert (await until(another, kind("error"))) == error
        assert len(simulated.device.log) == 1, "no page costs a further trial"

    async def test_a_camera_that_is_not_there_is_tried_again_and_the_state_says_so(self) -> None:
        url = "http://admin:pw@127.0.0.1:9/?rtsp_port=9"
        async with Camera.from_url(url) as camera, Viewer(camera) as viewer, await open_page(viewer) as page:
            state = await until(page, kind("state", state="backoff"))
            assert state["reason"]


class TestEnd:
    async def test_it_closes_every_socket_within_two_seconds_and_leaves_no_task(
        self, simulated: SimulatedCamera
    ) -> None:
        async with Camera.from_url(simulated.url) as camera:
            before = asyncio.all_tasks()
            async with Viewer(camera) as viewer:
                pages = [await (await open_page(viewer)).__aenter__() for _ in range(3)]
                for page in pages[:2]:
                    await until(page, is_picture)
                started = time.monotonic()
            assert time.monotonic() - started < 2.0
            for page in pages:
                with pytest.raises(ConnectionClosed):
                    await until(page, lambda message: False, within=2.0)
            await eventually(lambda: requests(simulated, "TEARDOWN") == 1)
            await asyncio.sleep(0.05)
            left = [task.get_name() for task in asyncio.all_tasks() - before if not task.done()]
            assert [name for name in left if "viewer" in name or "site" in name] == []
            with pytest.raises(OSError):
                await asyncio.to_thread(_get, viewer.port, "/")

    @pytest.mark.fault("F70")
    async def test_a_page_that_does_not_read_holds_nothing_up(self, viewer: Viewer) -> None:
        page = await (await open_page(viewer, sock=narrow(viewer), **LAZY)).__aenter__()
        await asyncio.sleep(2.0)
        started = time.monotonic()
        await viewer.__aexit__(None, None, None)
        assert time.monotonic() - started < 2.0
        with pytest.raises(ConnectionClosed):
            await until(page, lambda message: False)

    @pytest.mark.fault("F70")
    async def test_a_page_that_is_torn_off_ends_the_session(self, viewer: Viewer, simulated: SimulatedCamera) -> None:
        async with await open_page(viewer) as page:
            await until(page, is_picture)
            page.transport.abort()
            await eventually(lambda: requests(simulated, "TEARDOWN") == 1)
        assert requests(simulated, "PLAY") == 1
