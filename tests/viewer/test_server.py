"""The viewer's server on real sockets: a simulated camera, our client, and WebSockets as pages open them."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from onframe.camera.camera import Camera
from onframe.simulator.camera import SimulatedCamera
from onframe.viewer import server, visit
from onframe.viewer.page import Outlet, Page
from onframe.viewer.server import Viewer
from pages import connected, cookie_of, eventually, get, is_key, is_picture, kind, open_page, requests, until

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_is_logged_or_printed")]


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

            async def status_of(path: str, cookie: str = "") -> int:
                return (await asyncio.to_thread(get, viewer.port, path, cookie))[0]

            assert {path: await status_of(path, cookie) for path in NOWHERE} == dict.fromkeys(NOWHERE, 404)
            for path in ("/", "/main.js", "/style.css", "/icon.svg"):
                assert (await status_of(path, cookie), await status_of(path)) == (200, 403)


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
                for _ in range(2):  # a page that hears nothing any more takes the server for dead
                    await until(page, kind("stats"))
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
                await asyncio.to_thread(get, viewer.port, "/")

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
