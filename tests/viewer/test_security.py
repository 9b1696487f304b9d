"""What other sites, other users and broken pages may try against the viewer: on real sockets, byte by byte."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import struct
import time
from collections.abc import AsyncIterator

import psutil
import pytest
from websockets.asyncio.client import ClientConnection, connect

from onframe.camera.camera import Camera
from onframe.errors import OnframeError
from onframe.simulator.camera import SimulatedCamera
from onframe.viewer import connection
from onframe.viewer.page import MAX_BYTES, Page
from onframe.viewer.server import Viewer
from pages import requests
from waiting import until

pytestmark = [pytest.mark.timeout(90), pytest.mark.usefixtures("nothing_is_logged_or_printed")]

TOKEN = "sesame-open-sesame"


@pytest.fixture
async def viewer() -> AsyncIterator[Viewer]:
    """A page of a camera that is not there: who is let in is another matter."""
    async with Camera.from_url("http://admin:pw@127.0.0.1:9/") as camera, Viewer(camera, token=TOKEN) as viewer:
        yield viewer


@pytest.fixture
async def shown(simulated: SimulatedCamera) -> AsyncIterator[Viewer]:
    async with Camera.from_url(simulated.url) as camera, Viewer(camera, token=TOKEN) as viewer:
        yield viewer


class Answer:
    """An HTTP answer: its status, headers in lower case, and body."""

    def __init__(self, data: bytes) -> None:
        head, _, self.body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(first.split()[1]) if first else 0
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


async def send(viewer: Viewer, request: bytes, within: float = 10.0) -> Answer:
    """What the server answers to these very bytes, until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", viewer.port)
    try:
        writer.write(request)
        data = b""
        async with asyncio.timeout(within):
            with contextlib.suppress(ConnectionResetError):  # what was not read any more
                while piece := await reader.read(65536):
                    data += piece
        return Answer(data)
    finally:
        writer.close()


async def ask(viewer: Viewer, path: str = "/", method: str = "GET", body: bytes = b"", **headers: str) -> Answer:
    """A request with these headers; Host is the viewer's own unless given."""
    lines = {"Host": f"127.0.0.1:{viewer.port}", "Connection": "close", "Content-Length": str(len(body))}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return await send(viewer, f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)


async def cookie_of(viewer: Viewer) -> str:
    answer = await ask(viewer, f"/?t={TOKEN}")
    assert answer.status == 303
    return answer.headers["set-cookie"].partition(";")[0]


async def upgrade(viewer: Viewer, **headers: str) -> Answer:
    """A WebSocket's handshake; the server closes where it refuses it."""
    key = base64.b64encode(bytes(16)).decode()
    return await ask(
        viewer, "/ws", Connection="Upgrade", Upgrade="websocket", Sec_WebSocket_Version="13", Sec_WebSocket_Key=key,
        **headers,
    )  # fmt: skip


HOSTS = (
    "evil.example", "169.254.1.1", "127.0.0.1.evil.example", "a/?b#c", "127.0.0.1/?b#c", "127.0.0.1:80/?b#c",
    "x@127.0.0.1", "127.0.0.1:80:80", "127.0.0.1:x", "[::1", "[", "::1", "127.0.0.1%00", "127.0.0.1, evil.example",
    "localhost.", "\xff", "",
)  # fmt: skip
ORIGINS = ("http://evil.example", "null", "http://127.0.0.1:1", "http://[", "file://", "", "//", "http://127.0.0.1")


@pytest.mark.fault("F66")
class TestStrangers:
    @pytest.mark.parametrize("path", ["/", "/?t=", "/?t=sesame", f"/?t={TOKEN}x", "/?t=%ff%00", "/main.js", "/nothing"])
    async def test_without_the_token_there_is_nothing_but_a_refusal(self, viewer: Viewer, path: str) -> None:
        answer = await ask(viewer, path)
        assert answer.status == 403
        assert b"token" in answer.body and TOKEN.encode() not in answer.body
        assert "set-cookie" not in answer.headers

    @pytest.mark.parametrize("host", HOSTS)
    async def test_a_foreign_host_is_refused_with_token_and_cookie(self, viewer: Viewer, host: str) -> None:
        cookie = await cookie_of(viewer)
        assert (await ask(viewer, f"/?t={TOKEN}", Host=host)).status in (400, 403)
        assert (await ask(viewer, Host=host, Cookie=cookie)).status in (400, 403)

    async def test_two_hosts_or_none_are_refused(self, viewer: Viewer) -> None:
        own = f"Host: 127.0.0.1:{viewer.port}\r\n"
        for lines in (own + "Host: evil.example\r\n", "Host: evil.example\r\n" + own, own + own, ""):
            request = f"GET /?t={TOKEN} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n"
            assert (await send(viewer, request.encode())).status in (400, 403)

    @pytest.mark.parametrize("origin", ORIGINS)
    async def test_a_foreign_origin_is_refused_with_token_and_cookie(self, viewer: Viewer, origin: str) -> None:
        cookie = await cookie_of(viewer)
        assert (await ask(viewer, f"/?t={TOKEN}", Origin=origin)).status == 403
        assert (await ask(viewer, Origin=origin, Cookie=cookie)).status == 403

    async def test_a_websocket_is_accepted_from_the_page_alone(self, viewer: Viewer) -> None:
        cookie, own = await cookie_of(viewer), f"http://127.0.0.1:{viewer.port}"
        strangers: list[dict[str, str]] = [{}, {"Cookie": cookie}, {"Origin": own}]
        strangers += [{"Cookie": cookie, "Origin": origin} for origin in ORIGINS]
        strangers += [{"Cookie": cookie, "Origin": own, "Host": host} for host in HOSTS]
        strangers += [{"Cookie": cookie, "Origin": f"http://{host}", "Host": host} for host in HOSTS[:6]]
        strangers += [{"Cookie": f"{cookie}x", "Origin": own}, {"Cookie": cookie.upper(), "Origin": own}]
        for headers in strangers:
            assert (await upgrade(viewer, **headers)).status in (400, 403), headers
        answer = await send_upgrade(viewer, cookie, own)
        assert answer.startswith(b"HTTP/1.1 101 ")

    async def test_a_websocket_is_not_opened_by_the_token(self, viewer: Viewer) -> None:
        own = f"http://127.0.0.1:{viewer.port}"
        lines = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        lines += f"Host: 127.0.0.1:{viewer.port}\r\nOrigin: {own}\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        assert (await send(viewer, f"GET /ws?t={TOKEN} HTTP/1.1\r\n{lines}\r\n".encode())).status == 403

    async def test_there_is_always_a_token_whatever_address_is_listened_on(self) -> None:
        async with Camera.from_url("http://admin:pw@127.0.0.1:9/") as camera:
            for token in (None, ""):
                viewer = Viewer(camera, host="0.0.0.0", token=token)
                assert len(viewer.url.partition("?t=")[2]) >= 32
            with pytest.raises(OnframeError, match="not opened to the network") as error:
                Viewer(camera, host="0.0.0.0", token="short")
            assert error.value.hint

    async def test_the_cookie_tells_nothing_of_the_token(self, viewer: Viewer) -> None:
        cookie = await cookie_of(viewer)
        assert TOKEN not in cookie
        for guess in (TOKEN, cookie.partition("=")[2]):
            assert (await ask(viewer, Cookie=f"{cookie.partition('=')[0]}={guess}x")).status == 403


async def send_upgrade(viewer: Viewer, cookie: str, origin: str) -> bytes:
    """The first line of the answer to a handshake that is in order."""
    reader, writer = await asyncio.open_connection("127.0.0.1", viewer.port)
    writer.write(
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{viewer.port}\r\nOrigin: {origin}\r\nCookie: {cookie}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    async with asyncio.timeout(10):
        line = await reader.readline()
    writer.close()
    return line


@pytest.mark.fault("F67")
class TestOtherSites:
    async def test_a_form_of_another_site_is_refused_and_one_without_origin_finds_nothing_to_post_to(
        self, viewer: Viewer
    ) -> None:
        cookie = await cookie_of(viewer)
        form = {"Content_Type": "application/x-www-form-urlencoded", "body": b"stream=2"}
        for path in ("/", "/ws", "/main.js", "/anything"):
            for method in ("POST", "PUT", "DELETE", "PATCH"):
                foreign = await ask(viewer, path, method, Cookie=cookie, Origin="http://evil.example", **form)  # type: ignore[arg-type]
                assert foreign.status == 403
                silent = await ask(viewer, path, method, Cookie=cookie, **form)  # type: ignore[arg-type]
                assert silent.status in (404, 405)

    async def test_the_token_in_the_address_of_a_post_is_worth_nothing(self, viewer: Viewer) -> None:
        answer = await ask(viewer, f"/?t={TOKEN}", "POST")
        assert answer.status == 403 and "set-cookie" not in answer.headers

    async def test_a_cors_preflight_is_allowed_nothing(self, viewer: Viewer) -> None:
        cookie = await cookie_of(viewer)
        for origin in ("http://evil.example", f"http://127.0.0.1:{viewer.port}"):
            answer = await ask(
                viewer, "/", "OPTIONS", Cookie=cookie, Origin=origin, Access_Control_Request_Method="POST"
            )
            assert answer.status in (403, 405)
            assert not [name for name in answer.headers if name.startswith("access-control-")]

    async def test_no_other_page_may_frame_it_or_take_its_parts_not_even_of_a_refusal(self, viewer: Viewer) -> None:
        cookie = await cookie_of(viewer)
        for answer in (
            await ask(viewer),
            await ask(viewer, Cookie=cookie),
            await ask(viewer, "/main.js", Cookie=cookie),
        ):
            policy = answer.headers["content-security-policy"]
            assert "frame-ancestors 'none'" in policy and "form-action 'none'" in policy
            assert "unsafe" not in policy and "*" not in policy
            assert answer.headers["x-frame-options"] == "DENY"
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"
            assert answer.headers["x-content-type-options"] == "nosniff"

    async def test_the_cookie_is_for_this_site_alone_and_not_for_scripts(self, viewer: Viewer) -> None:
        given = (await ask(viewer, f"/?t={TOKEN}")).headers["set-cookie"].lower()
        assert "samesite=strict" in given and "httponly" in given


CLIMBING = (
    "/../wire.py", "/..%2fwire.py", "/%2e%2e/wire.py", "/%2e%2e%2fwire.py", "/..%5cwire.py", "/....//wire.py",
    "/./main.js/../wire.py", "//etc/passwd", "/%2fetc%2fpasswd", "/etc/passwd", "/file:///etc/passwd", "/C:%5cboot.ini",
    "/main.js%00", "/%00", "/%00main.js", "/static/main.js", "/__init__.py", "/guard.py", "/.", "/..", "/%ff%fe",
    "/main.js%0d%0aSet-Cookie:x=1", "/" + "%2e%2e%2f" * 200,
)  # fmt: skip


@pytest.mark.fault("F68")
class TestPaths:
    @pytest.mark.parametrize("path", CLIMBING)
    async def test_a_path_that_climbs_leads_nowhere(self, viewer: Viewer, path: str) -> None:
        answer = await ask(viewer, path, Cookie=await cookie_of(viewer))
        assert answer.status in (400, 404)
        assert "set-cookie" not in answer.headers and b"import" not in answer.body

    @pytest.mark.parametrize(
        "ranges",
        [
            "bytes=0-99999999999999999999",
            "bytes=" + ",".join(f"{n}-{n}" for n in range(5000)),
            "bytes=" + "0-," * 9000 + "0-",
            "bytes=-1-1-1,x",
            "bytes=5-1",
        ],
        ids=["huge", "many", "overlapping", "garbage", "reversed"],
    )
    async def test_ranges_without_measure_cost_no_more_than_the_whole_file(self, viewer: Viewer, ranges: str) -> None:
        cookie = await cookie_of(viewer)
        whole = await ask(viewer, "/main.js", Cookie=cookie)
        started = time.perf_counter()
        answer = await ask(viewer, "/main.js", Cookie=cookie, Range=ranges)
        assert time.perf_counter() - started < 2.0
        assert (answer.status, answer.body) == (200, whole.body), "ranges are not served"
        assert "accept-ranges" not in whole.headers

    async def test_headers_without_end_are_refused(self, viewer: Viewer) -> None:
        answer = await ask(viewer, "/", Range="bytes=" + "0-," * 100_000)
        assert answer.status in (0, 400, 431), "or nothing at all: the connection is gone"


def frame(opcode: int, payload: bytes = b"", *, last: bool = True, length: int | None = None) -> bytes:
    """A client's frame (RFC 6455 section 5.2), masked with zeros; ``length`` may lie."""
    size = len(payload) if length is None else length
    head = bytes((last << 7 | opcode,))
    head += bytes((0x80 | size,)) if size < 126 else b"\xfe" + struct.pack(">H", size)
    return head + bytes(4) + payload


def code_of(data: bytes) -> int | None:
    """The code of the close frame at the end of what a server sent."""
    found = data.rfind(b"\x88")
    return struct.unpack_from(">H", data, found + 2)[0] if found >= 0 and len(data) >= found + 4 else None


async def raw_page(viewer: Viewer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A WebSocket as the page opens it, of which every byte is ours."""
    reader, writer = await asyncio.open_connection("127.0.0.1", viewer.port)
    writer.write(
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{viewer.port}\r\nOrigin: http://127.0.0.1:{viewer.port}\r\n"
        f"Cookie: {await cookie_of(viewer)}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    return reader, writer


TEXT, BINARY, CONT = 1, 2, 0
BROKEN = {
    "no UTF-8": (frame(TEXT, b"\xff\xfe\xfd"), 1007),
    "half a character": (frame(TEXT, '{"type":"€'.encode()[:-1]), 1007),
    "no UTF-8 over two frames": (frame(TEXT, b"\xe2", last=False) + frame(CONT, b"\x28"), 1007),
    "too long": (frame(TEXT, b"x" * 5000), 1009),
    "too long over many frames": (
        frame(TEXT, b"x" * 2000, last=False) + frame(CONT, b"x" * 2000, last=False) * 2,
        1009,
    ),
    "empty fragments without end": (frame(TEXT, last=False) + frame(CONT, last=False) * 500, 1009),
    "a continuation of nothing": (frame(CONT, b"x"), 1002),
    "an opcode that is none": (frame(5, b"x"), 1002),
    "not masked": (b"\x81\x02ab", 1002),
}


@pytest.mark.fault("F70")
class TestBrokenPages:
    @pytest.mark.parametrize("name", BROKEN)
    async def test_a_frame_that_no_page_sends_ends_its_connection_quietly(self, viewer: Viewer, name: str) -> None:
        data, code = BROKEN[name]
        reader, writer = await raw_page(viewer)
        writer.write(data)
        async with asyncio.timeout(15):
            assert code_of(await reader.read()) == code
        writer.close()

    async def test_a_page_that_breaks_off_in_the_middle_of_a_frame_leaves_nothing(
        self, shown: Viewer, simulated: SimulatedCamera
    ) -> None:
        for torn in (frame(TEXT, b"half", length=100), b"\x81", frame(TEXT, b"x" * 900, last=False)):
            reader, writer = await raw_page(shown)
            await reader.read(100)
            writer.write(frame(TEXT, b'{"type":"watch"}') + torn)
            await writer.drain()
            writer.transport.abort()
            await until(lambda: shown._pages == 0)
        await until(lambda: requests(simulated, "TEARDOWN") == requests(simulated, "PLAY"))


@pytest.mark.fault("F70")
class TestIdleClients:
    async def test_more_connections_than_allowed_are_closed_at_once_and_the_others_go_on(
        self, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connection, "MAX_CONNECTIONS", 5)
        idle = [await asyncio.open_connection("127.0.0.1", viewer.port) for _ in range(5)]
        await asyncio.sleep(0.2)
        assert (await ask(viewer)).status == 0, "closed without an answer"
        reader, writer = idle[0]
        writer.write(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{viewer.port}\r\nConnection: close\r\n\r\n".encode())
        async with asyncio.timeout(10):
            assert (await reader.read()).startswith(b"HTTP/1.1 403 ")
        for _, writer in idle:
            writer.close()
        await until(lambda: len(viewer._site._server.server_state.connections) == 0)
        assert (await ask(viewer)).status == 403

    async def test_a_request_that_drips_in_is_given_up_the_first_and_any_later_one(
        self, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connection, "REQUEST_WITHIN", 0.5)
        whole = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{viewer.port}\r\n\r\n".encode()
        for before in (b"", whole):
            reader, writer = await asyncio.open_connection("127.0.0.1", viewer.port)
            writer.write(before)
            if before:
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 403 ")
            with pytest.raises(ConnectionError):
                async with asyncio.timeout(15):
                    for byte in whole * 100:
                        writer.write(bytes((byte,)).replace(b"\n", b"x"))
                        await writer.drain()
                        await asyncio.sleep(0.05)
            writer.close()

    async def test_a_page_may_say_nothing_for_longer_than_a_request_may_take(
        self, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connection, "REQUEST_WITHIN", 0.2)
        reader, writer = await raw_page(viewer)
        await asyncio.sleep(0.8)
        writer.write(frame(TEXT, b"{}"))
        async with asyncio.timeout(10):
            assert b"cannot be read" in await reader.readuntil(b"cannot be read")
        writer.close()


@pytest.mark.fault("F70")
class TestManyPages:
    async def test_sixty_four_pages_share_one_session_and_each_gets_its_pictures(
        self, shown: Viewer, simulated: SimulatedCamera
    ) -> None:
        headers = {"Cookie": await cookie_of(shown)}
        origin = f"http://127.0.0.1:{shown.port}"

        async def visit() -> int:
            address = f"ws://127.0.0.1:{shown.port}/ws"
            async with connect(address, additional_headers=headers, origin=origin, max_size=None) as page:  # type: ignore[arg-type]
                await page.send('{"type":"watch"}')
                return await pictures_of(page, 30)

        async with asyncio.timeout(60):
            firsts = await asyncio.gather(*(visit() for _ in range(64)))
        assert all(flags & 1 for flags in firsts), "each begins with a key picture"
        assert requests(simulated, "PLAY") == 1
        await until(lambda: shown._pages == 0 and requests(simulated, "TEARDOWN") == 1)

    async def test_fifty_pages_that_do_not_read_cost_no_memory_without_end(self) -> None:
        pages = [Page(Blocked(), max_bytes=200_000) for _ in range(50)]
        before = psutil.Process().memory_info().rss
        for n in range(2000):
            picture, told = bytes(20_000) + n.to_bytes(4, "big"), b"x" * 500 + str(n).encode()
            for page in pages:
                page.picture(picture, key=n % 25 == 0)
                page.text(told)
        assert psutil.Process().memory_info().rss - before < 100_000_000
        assert all(page.dropped > 900 for page in pages)
        assert 50 * MAX_BYTES < 1_000_000_000, "and that is the bound with what a page holds by default"


class Blocked:
    """The outlet of a page that does not read."""

    ready = False

    def write(self, frame: bytes) -> None:
        raise AssertionError("nothing is written to it")


async def pictures_of(page: ClientConnection, wanted: int) -> int:
    """Reads so many pictures; the flags of the first."""
    flags: list[int] = []
    async with asyncio.timeout(50):
        while len(flags) < wanted:
            message = await page.recv()
            if isinstance(message, bytes):
                flags.append(message[1])
            else:
                assert json.loads(message)["type"] != "error"
    return flags[0]
