"""The page's files, and the page against a server that says what no camera of ours brings about."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsers import clean_page, until
from PIL import Image
from playwright.sync_api import Browser, Page, Route, WebSocketRoute

from onframe.overlay.vocabulary import Box, Shapes
from onframe.viewer import wire
from onframe.viewer.guard import POLICY

STATIC = Path(wire.__file__).parent / "static"
FILES = sorted(STATIC.iterdir())
ENTRIES = {"index.html", "element.js"}
"""What is opened by others: the page, and the module that other pages load."""
ORIGIN = "http://localhost:9"  # nobody answers there: every request is served from the files
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
IMPORTED = re.compile(r"""^(?:import|export|\}) *(?:[^'"();]*? from )?'\./([\w.-]+)';$""", re.MULTILINE)
LINKED = re.compile(r"""\b(?:src|href)="([\w.-]+)"|\burl\(['"]?([\w.-]+)""")


def uses(file: Path) -> set[str]:
    """The names of the files that this one asks a browser for; what a comment imports is a type alone."""
    text = file.read_text()
    if file.suffix == ".js":
        return set(IMPORTED.findall(text))
    return {name for names in LINKED.findall(text) for name in names if name}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_names_no_other_host_and_writes_no_markup(file: Path) -> None:
    text = file.read_text()
    addresses = set(re.findall(r"(?:https?|wss?)://[\w.]+", text)) - {"http://www.w3.org", "https://SERVER"}
    assert not addresses
    assert not re.search(r"(?:src|href|url|from|import)\W{1,3}//", text), "an address may leave its scheme out"
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", text)
    if file.suffix == ".js":
        assert text.startswith("// @ts-check")
    if file.suffix == ".html":
        assert "style=" not in text and "<style" not in text and not re.search(r"<script(?![^>]*src=)", text)
        assert not re.search(r"\son\w+=", text)


def test_every_file_is_reached_from_the_page_or_from_the_element() -> None:
    reached: set[str] = set()
    waiting = set(ENTRIES)
    while waiting:
        name = waiting.pop()
        assert (STATIC / name).is_file(), f"{name} is asked for and is not there"
        reached.add(name)
        if Path(name).suffix in (".html", ".js", ".css"):
            waiting |= uses(STATIC / name) - reached
    assert {file.name for file in FILES} - reached == set()


def test_how_files_ask_for_each_other_is_read_as_a_browser_reads_it(tmp_path: Path) -> None:
    """A module that only a comment names does not count, whatever form the imports have."""
    module = tmp_path / "module.js"
    module.write_text(
        "// @ts-check\n/** @typedef {import('./type.js').Type} Type */\n// import { a } from './comment.js';\n"
        "import { a } from './one.js';\nimport * as b from './two.js';\nimport './three.js';\nimport {\n  c,\n  d,\n"
        "} from './four.js';\nexport { e } from './five.js';\n"
    )
    assert uses(module) == {"one.js", "two.js", "three.js", "four.js", "five.js"}


def serve(route: Route) -> None:
    name = route.request.url.removeprefix(ORIGIN).split("?")[0].lstrip("/") or "index.html"
    file = STATIC / name
    if not file.is_file():
        route.fulfill(status=404)
        return
    headers = {"Content-Type": TYPES[file.suffix], "Content-Security-Policy": POLICY}
    route.fulfill(body=file.read_bytes(), headers=headers)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with clean_page(browser, 1280, 760) as page:
        page.route("**/*", serve)
        yield page


class Script:
    """A server of one camera that answers ``watch`` with these messages, and keeps what the page says."""

    def __init__(self, page: Page, *messages: str | bytes, camera: str = "gate") -> None:
        self.said: list[Any] = []
        self._messages, self._camera = messages, camera
        page.route_web_socket("**/ws**", self._serve)

    def _serve(self, socket: WebSocketRoute) -> None:
        def heard(text: str | bytes) -> None:
            self.said.append(json.loads(text))
            if self.said[-1]["type"] == "watch":
                for message in self._messages:
                    socket.send(message)

        socket.on_message(heard)
        socket.send(wire.encode(wire.Welcome([wire.Seen("gate", self._camera)])))

    def hears(self, page: Page, message: dict[str, Any], within: float = 10.0) -> None:
        """Waits until this is the last that the page has said."""
        deadline = time.monotonic() + within
        while self.said[-1:] != [message]:
            assert time.monotonic() < deadline, self.said
            page.wait_for_timeout(30)


def hello(**fields: Any) -> str:
    known = {"camera": "gate", "channel": 1, "stream": 1, "epoch": 1, "width": 1280, "height": 720, "key": "gate"}
    return wire.encode(wire.Hello(**{**known, **fields}))


LIVE = wire.encode(wire.State("live", "the stream plays", "2030-05-01T12:00:00+00:00"))


@pytest.mark.browser
class TestPage:
    def test_metadata_of_a_camera_without_pictures_is_drawn_on_a_grid(self, page: Page) -> None:
        box = Box(0.25, 0.5, 0.25, 0.25, "#5fe39a")
        shapes = Shapes(2**33, "a", True, "sender_report", shapes=[box], n=1)
        Script(page, hello(path="none"), LIVE, wire.encode(shapes))
        page.goto(f"{ORIGIN}/?test=1")
        until(page, "document.querySelector('#sync-title').textContent === 'No picture'")
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        # 1280 * 0.25 = 320, 720 * 0.5 = 360; 320 + 320 = 640, 360 + 180 = 540
        for x, y in [(320, 450), (640, 450), (480, 360), (480, 540)]:
            seen = [picture.getpixel((x + dx, y + dy)) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
            assert any(max(abs(a - b) for a, b in zip(rgb, (0x5F, 0xE3, 0x9A), strict=True)) < 30 for rgb in seen)  # type: ignore[arg-type]
        assert max(picture.getpixel((480, 450))) < 60  # type: ignore[arg-type]

    def test_why_a_connection_was_closed_is_said_and_it_is_tried_again(self, page: Page) -> None:
        times: list[WebSocketRoute] = []

        def closing(socket: WebSocketRoute) -> None:
            times.append(socket)
            socket.close(reason="the server stops")

        page.route_web_socket("**/ws**", closing)
        page.goto(f"{ORIGIN}/")
        until(page, "document.querySelector('#state-name').textContent === 'offline'")
        assert page.inner_text("#reason") == "the server stops"
        assert "Onframe server cannot be reached" in page.inner_text("#trouble")
        deadline = time.monotonic() + 15
        while len(times) < 3:
            assert time.monotonic() < deadline
            page.wait_for_timeout(50)

    def test_the_server_is_told_when_the_tab_goes_out_of_sight_and_when_it_comes_back(self, page: Page) -> None:
        script = Script(page, hello(path="none"), LIVE)
        page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => window.away ?? false })")
        page.goto(f"{ORIGIN}/")
        until(page, "document.querySelector('#state-name').textContent === 'live'")
        for away in (True, False):
            page.evaluate(f"window.away = {str(away).lower()}; document.dispatchEvent(new Event('visibilitychange'))")
            script.hears(page, {"type": "pause", "paused": away})
        assert [one["type"] for one in script.said] == ["watch", "pause", "pause"]

    def test_a_page_that_opens_out_of_sight_says_so(self, page: Page) -> None:
        script = Script(page, hello(path="none"), LIVE)
        page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => true })")
        page.goto(f"{ORIGIN}/")
        script.hears(page, {"type": "pause", "paused": True})

    def test_long_names_and_reasons_fit_a_phone(self, page: Page) -> None:
        name = "the camera at the northern gate of the yard, above the second barrier"
        since = "2030-05-01T12:00:00+00:00"
        state = wire.State("backoff", "the camera at 192.0.2.217 does not answer: " + "W" * 200, since)
        error = wire.Error("camera", "no route to host " + "x" * 300, hint="look at the cable, and " + "y" * 100)
        Script(page, hello(camera=name, path="none"), wire.encode(state), wire.encode(error), camera=name)
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(f"{ORIGIN}/")
        until(page, "document.querySelector('#trouble-hint').textContent.startsWith('look at the cable')")
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        picture, trouble = page.locator("#picture").bounding_box(), page.locator("#trouble").bounding_box()
        assert picture is not None and trouble is not None
        assert picture["width"] == pytest.approx(390, abs=30)
        assert picture["x"] <= trouble["x"] and trouble["x"] + trouble["width"] <= picture["x"] + picture["width"]
        assert picture["y"] <= trouble["y"] and trouble["y"] + trouble["height"] <= picture["y"] + picture["height"]
