"""<onframe-view> on a page of another origin, in a real browser."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from browsers import Cameras, until
from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

HOST = """<!doctype html><meta charset="utf-8"><title>a dashboard</title>
<meta http-equiv="content-security-policy" content="default-src 'none'; script-src {origin}; connect-src {origin} {ws}">
<h1>A dashboard</h1><script type="module" src="{origin}/element.js"></script>
<onframe-view id="a" src="{origin}/" token="{token}" controls></onframe-view>
<onframe-view id="b" src="{origin}/" token="{token}" theme="light" hide="trail" nohead></onframe-view>"""


class Dashboard:
    """A page of another site; ``html`` is all that it has."""

    def __init__(self) -> None:
        self.html = ""
        dashboard = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = dashboard.html.encode()
                self.send_response(200 if self.path == "/" else 404)
                self.send_header("content-type", "text/html")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: pytest has its own."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.origin = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="module")
def dashboard() -> Iterator[Dashboard]:
    dashboard = Dashboard()
    yield dashboard
    dashboard.close()


@pytest.fixture(scope="module")
def cameras(dashboard: Dashboard) -> Iterator[Cameras]:
    """The first lets the dashboard embed it, the second does not."""
    cameras = Cameras({"scene": "gate", "viewer": {"embed_in": [dashboard.origin]}}, {"scene": "gate"})
    yield cameras
    cameras.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1000, "height": 1400})
    yield page
    page.close()


def opened(page: Page, dashboard: Dashboard, address: str) -> str:
    """The dashboard with the elements of the server at this address; the server's origin."""
    origin, _, token = address.partition("/?t=")
    ws = origin.replace("http", "ws", 1)
    dashboard.html = HOST.format(origin=origin, ws=ws, token=token)
    page.goto(dashboard.origin)
    return origin


def exact(name: str) -> str:
    return f"(document.getElementById('{name}').player?.counters.exact ?? 0)"


def test_two_elements_on_a_page_of_another_origin_show_exact_pictures(
    page: Page, dashboard: Dashboard, cameras: Cameras
) -> None:
    sockets: list[Any] = []
    page.on("websocket", lambda socket: sockets.append(socket))
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    opened(page, dashboard, cameras.urls[0])
    until(page, f"{exact('a')} > 20 && {exact('b')} > 20")
    assert len(sockets) == 2 and all("t=" in socket.url for socket in sockets)
    frame = page.locator("#a .frame").bounding_box()
    assert frame is not None and frame["width"] > 900 and page.locator("#a canvas").evaluate("(e) => e.width") > 900
    assert page.locator("#a .tile-grade").inner_text().endswith("exact")
    assert page.locator("#a .bar").is_visible() and page.locator("#b .bar").count() == 0
    assert not page.locator("#b .tile-head").is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).fontSize") == "32px", (
        "the host's style is its own"
    )
    assert errors == []


def test_it_freezes_steps_and_follows_its_attributes(page: Page, dashboard: Dashboard, cameras: Cameras) -> None:
    opened(page, dashboard, cameras.urls[0])
    until(page, f"{exact('a')} > 40")
    page.get_by_role("button", name="Freeze").click()
    frozen = page.locator("#a time").inner_text()
    assert frozen.startswith("Frozen ")
    page.get_by_role("button", name="One picture back").click()
    until(page, f"document.getElementById('a').shadowRoot.querySelector('time').textContent < {json.dumps(frozen)}")
    page.get_by_role("button", name="Back to live").click()
    player = "document.getElementById('a').player"
    page.evaluate("document.getElementById('a').setAttribute('hide', 'rule,trail')")
    until(page, f"{player}.view.hide.join() === 'rule,trail'")
    before = page.evaluate(f"window.kept = {player}; {player}.counters.exact")
    page.evaluate("document.getElementById('a').setAttribute('mode', 'fixed')")
    page.evaluate("document.getElementById('a').setAttribute('hold', '420')")
    until(page, f"Math.abs({player}.sync.hold - 420) < 1 && {player}.counters.exact > {before}")
    assert page.evaluate(f"window.kept === {player}"), "the connection is the same"
    page.evaluate("document.getElementById('a').setAttribute('stream', '2')")
    until(page, f"window.kept !== {player} && {player}.hello?.stream === 2")
    page.evaluate("document.getElementById('a').removeAttribute('controls')")
    until(page, "!document.getElementById('a').shadowRoot.querySelector('.bar')")


def test_taken_away_it_lets_go_and_comes_back(page: Page, dashboard: Dashboard, cameras: Cameras) -> None:
    closed: list[str] = []
    page.on("websocket", lambda socket: socket.on("close", lambda socket: closed.append(socket.url)))
    opened(page, dashboard, cameras.urls[0])
    until(page, f"{exact('a')} > 10 && {exact('b')} > 10")
    page.evaluate("window.taken = document.getElementById('a'); window.player = taken.player; taken.remove()")
    deadline = time.monotonic() + 10
    while not closed:
        assert time.monotonic() < deadline, "its connection stays open"
        page.wait_for_timeout(50)
    count = page.evaluate("player.counters.composited")
    other = page.evaluate(exact("b"))
    until(page, f"{exact('b')} > {other + 10}")
    assert page.evaluate("player.counters.composited") == count and page.evaluate("taken.player") is None
    page.evaluate("document.body.append(taken)")
    until(page, f"{exact('a')} > 10 && taken.player !== player")
    assert len(closed) == 1


def test_a_site_that_the_server_was_not_told_of_gets_nothing(
    page: Page, dashboard: Dashboard, cameras: Cameras
) -> None:
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.on("response", lambda response: failed.append(response.url) if response.status == 403 else None)
    origin = opened(page, dashboard, cameras.urls[1])
    deadline = time.monotonic() + 10
    while f"{origin}/element.js" not in failed:
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)
    assert page.evaluate("customElements.get('onframe-view') === undefined")
