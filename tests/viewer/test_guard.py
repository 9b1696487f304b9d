"""The viewer's guard: token, cookie, Host, Origin and headers, on real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from onframe.asgi import Site
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


def client(site: Site) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=f"http://127.0.0.1:{site.port}", trust_env=False)


@pytest.mark.fault("F66")
async def test_without_the_token_nothing_is_shown(site: Site) -> None:
    async with client(site) as browser:
        answer = await browser.get("/")
        assert answer.status_code == 403
        assert "token" in answer.text and "the page" not in answer.text


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
