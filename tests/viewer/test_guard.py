"""The viewer's guard: token, cookie, Host, Origin and headers, on real sockets."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from onframe.asgi import Site
from onframe.errors import OnframeError
from onframe.viewer.guard import Guard


async def _page(request: Request) -> PlainTextResponse:
    return PlainTextResponse("the page")


async def _socket(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("welcome")
    await socket.close()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    app = Starlette(routes=[Route("/", _page), WebSocketRoute("/ws", _socket)])
    async with Site(Guard(app, token="sesame"), "127.0.0.1", 0) as site:
        yield site


DASHBOARD = "https://dashboard.example:8123"


async def _image(request: Request) -> Response:
    return Response(b"a picture", media_type="image/jpeg")


@pytest.fixture
async def embedded() -> AsyncIterator[Site]:
    """A viewer that one site may show within its pages."""
    routes = [
        Route("/", _page),
        Route("/main.js", _page),
        Route("/snapshot.jpg", _image),
        WebSocketRoute("/ws", _socket),
    ]
    guard = Guard(Starlette(routes=routes), token="sesame", embed_in=["HTTPS://Dashboard.example:8123/"])
    async with Site(guard, "127.0.0.1", 0) as site:
        yield site


def client(site: Site) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=f"http://127.0.0.1:{site.port}", trust_env=False)


@pytest.mark.fault("F66")
async def test_without_the_token_nothing_is_shown(site: Site) -> None:
    async with client(site) as browser:
        answer = await browser.get("/")
        assert answer.status_code == 403
        assert "token" in answer.text and "the page" not in answer.text


async def test_a_person_is_refused_on_a_page_whose_style_its_policy_allows_and_a_program_in_a_line(site: Site) -> None:
    async with client(site) as browser:
        page = await browser.get("/?t=sesam", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        line = await browser.get("/?t=sesam")
    assert (page.status_code, line.status_code) == (403, 403)
    assert line.headers["content-type"].startswith("text/plain") and line.text.count("\n") == 1
    assert page.headers["content-type"].startswith("text/html") and line.text.strip() in page.text
    style = re.search(r"<style>(.*)</style>", page.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = page.headers["content-security-policy"]
    assert f"style-src 'sha256-{digest}'" in policy and "script-src 'self'" in policy


@pytest.mark.fault("F66")
async def test_a_wrong_token_is_refused(site: Site) -> None:
    async with client(site) as browser:
        assert (await browser.get("/?t=sesam")).status_code == 403


async def test_the_token_becomes_a_cookie_that_scripts_cannot_read(site: Site) -> None:
    async with client(site) as browser:
        first = await browser.get("/?t=sesame&test=1")
        assert first.status_code == 303
        assert first.headers["location"] == "/?test=1"
        cookie = first.headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=strict" in cookie and "sesame" not in cookie
        assert (await browser.get("/")).text == "the page"


@pytest.mark.fault("F66")
@pytest.mark.parametrize("host", ["camera.example", "127.0.0.1.example", "169.254.1.1", ""])
async def test_another_host_name_is_refused_even_with_the_token(site: Site, host: str) -> None:
    async with client(site) as browser:
        assert (await browser.get("/?t=sesame", headers={"Host": host})).status_code in {400, 403}


@pytest.mark.fault("F66")
@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
async def test_another_origin_is_refused_even_with_the_token(site: Site, origin: str) -> None:
    async with client(site) as browser:
        assert (await browser.get("/?t=sesame", headers={"Origin": origin})).status_code == 403


@pytest.mark.fault("F67")
async def test_every_answer_carries_the_policy(site: Site) -> None:
    async with client(site) as browser:
        for answer in (await browser.get("/"), await browser.get("/?t=sesame"), await browser.get("/")):
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert answer.headers["x-frame-options"] == "DENY"
            assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.fault("F66")
async def test_the_socket_needs_cookie_and_origin(site: Site) -> None:
    url = f"ws://127.0.0.1:{site.port}/ws"
    own = f"http://127.0.0.1:{site.port}"
    async with client(site) as browser:
        await browser.get("/?t=sesame")
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    for headers in (
        {"Origin": own},
        {"Cookie": cookie},
        {"Cookie": cookie, "Origin": "http://evil.example"},
        {"Cookie": cookie, "Origin": own, "Host": "evil.example"},
    ):
        with pytest.raises(InvalidStatus):
            await connect(url, additional_headers=headers, proxy=None)
    async with connect(url, additional_headers={"Cookie": cookie, "Origin": own}, proxy=None) as socket:
        assert await socket.recv() == "welcome"


class TestEmbedding:
    @pytest.mark.fault("F67")
    async def test_the_sites_that_are_named_may_frame_it_and_no_other(self, embedded: Site) -> None:
        async with client(embedded) as browser:
            answer = await browser.get("/?embed=1&t=sesame")
            assert (answer.status_code, answer.text) == (200, "the page"), "no cookie would come back from a frame"
            assert f"frame-ancestors {DASHBOARD}" in answer.headers["content-security-policy"]
            assert "'none'" not in answer.headers["content-security-policy"].partition("frame-ancestors")[2]
            assert "x-frame-options" not in answer.headers
            assert "set-cookie" not in answer.headers

    async def test_a_frame_of_a_browser_that_says_so_needs_no_word_in_the_address(self, embedded: Site) -> None:
        async with client(embedded) as browser:
            framed = await browser.get("/?t=sesame", headers={"Sec-Fetch-Dest": "iframe"})
            assert framed.status_code == 200
            opened = await browser.get("/?t=sesame", headers={"Sec-Fetch-Dest": "document"})
            assert (opened.status_code, opened.headers["location"]) == (303, "/")

    @pytest.mark.fault("F66")
    async def test_the_page_itself_needs_the_token_its_modules_do_not(self, embedded: Site) -> None:
        async with client(embedded) as browser:
            assert (await browser.get("/?embed=1")).status_code == 403
            assert (await browser.get("/?embed=1&t=sesam")).status_code == 403
            assert (await browser.get("/snapshot.jpg")).status_code == 403
            module = await browser.get("/main.js", headers={"Origin": DASHBOARD})
            assert module.status_code == 200
            assert module.headers["access-control-allow-origin"] == DASHBOARD
            assert module.headers["cross-origin-resource-policy"] == "cross-origin"
            assert module.headers["vary"] == "origin"
            own = await browser.get("/main.js")
            assert own.status_code == 200 and "access-control-allow-origin" not in own.headers
            assert (await browser.post("/main.js")).status_code == 403

    @pytest.mark.fault("F66")
    @pytest.mark.parametrize(
        "origin",
        [
            "https://dashboard.example",
            "http://dashboard.example:8123",
            "https://evil.example:8123",
            "https://dashboard.example:8123.evil.example",
            "null",
            "https://dashboard.example:8123, https://evil.example",
        ],
    )
    async def test_another_site_gets_nothing_with_the_token(self, embedded: Site, origin: str) -> None:
        async with client(embedded) as browser:
            for path in ("/main.js", "/?embed=1&t=sesame", "/snapshot.jpg?t=sesame"):
                answer = await browser.get(path, headers={"Origin": origin})
                assert answer.status_code == 403
                assert "access-control-allow-origin" not in answer.headers
                assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        with pytest.raises(InvalidStatus):
            await connect(
                f"ws://127.0.0.1:{embedded.port}/ws?t=sesame", additional_headers={"Origin": origin}, proxy=None
            )

    @pytest.mark.fault("F66")
    async def test_its_socket_is_opened_by_the_token_from_there_and_from_the_frame(self, embedded: Site) -> None:
        url = f"ws://127.0.0.1:{embedded.port}/ws"
        own = f"http://127.0.0.1:{embedded.port}"
        for origin in (DASHBOARD, own):
            async with connect(f"{url}?t=sesame", additional_headers={"Origin": origin}, proxy=None) as socket:
                assert await socket.recv() == "welcome"
            for query in ("", "?t=", "?t=sesam"):
                with pytest.raises(InvalidStatus):
                    await connect(url + query, additional_headers={"Origin": origin}, proxy=None)
        with pytest.raises(InvalidStatus):
            await connect(f"{url}?t=sesame", proxy=None)

    async def test_a_foreign_host_is_refused_all_the_same(self, embedded: Site) -> None:
        async with client(embedded) as browser:
            for path in ("/main.js", "/?embed=1&t=sesame"):
                answer = await browser.get(path, headers={"Host": "evil.example", "Origin": DASHBOARD})
                assert answer.status_code == 403

    @pytest.mark.parametrize(
        "text", ["*", "dashboard.example", "https://", "https://a/b", "https://a b", "null", "file://x", "https://a;b"]
    )
    def test_what_is_no_origin_is_refused_at_once(self, text: str) -> None:
        with pytest.raises(OnframeError, match="is no origin") as error:
            Guard(Starlette(), embed_in=[text])
        assert error.value.hint


class TestImages:
    """An <img> of a dashboard, which holds no cookie of ours and sends no Origin."""

    @pytest.fixture
    async def images(self) -> AsyncIterator[Site]:
        app = Starlette(routes=[Route("/", _page), Route("/snapshot.jpg", _image), WebSocketRoute("/ws", _socket)])
        async with Site(Guard(app, token="sesame"), "127.0.0.1", 0) as site:
            yield site

    async def test_it_is_shown_by_the_token_without_a_redirect_on_any_page(self, images: Site) -> None:
        async with client(images) as browser:
            answer = await browser.get("/snapshot.jpg?camera=1&t=sesame")
            assert (answer.status_code, answer.content) == (200, b"a picture")
            assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
            assert "set-cookie" not in answer.headers and "access-control-allow-origin" not in answer.headers

    async def test_by_the_cookie_it_is_for_our_own_page_alone(self, images: Site) -> None:
        async with client(images) as browser:
            await browser.get("/?t=sesame")
            answer = await browser.get("/snapshot.jpg")
            assert answer.status_code == 200
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"

    @pytest.mark.fault("F66")
    async def test_without_either_it_is_refused(self, images: Site) -> None:
        async with client(images) as browser:
            for path in ("/snapshot.jpg", "/snapshot.jpg?t=", "/snapshot.jpg?t=x"):
                answer = await browser.get(path)
                assert answer.status_code == 403
                assert answer.headers["cross-origin-resource-policy"] == "same-origin"
            foreign = await browser.get("/snapshot.jpg?t=sesame", headers={"Origin": "http://evil.example"})
            assert foreign.status_code == 403


@pytest.mark.parametrize(("host", "said"), [("127.0.0.1", True), ("localhost", True), ("cam.test", False)])
async def test_the_opener_policy_is_said_where_a_browser_knows_it(host: str, said: bool) -> None:
    app = Starlette(routes=[Route("/", _page)])
    async with Site(Guard(app, token="sesame", hosts=["cam.test"]), "127.0.0.1", 0) as site:
        async with client(site) as http:
            answer = await http.get("/?t=sesame", headers={"host": f"{host}:{site.port}"})
    assert ("cross-origin-opener-policy" in answer.headers) is said
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
