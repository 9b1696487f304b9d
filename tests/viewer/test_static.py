"""The page's modules in a real browser, and the page itself against a scripted server."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, WebSocketRoute

from onframe.overlay.vocabulary import Box, Event, Line, Polygon
from onframe.viewer import wire

pytestmark = pytest.mark.browser

STATIC = Path(wire.__file__).parent / "static"
ORIGIN = "http://localhost:9"  # nobody answers there: every request is served from the files
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ws:; base-uri 'none'"
)
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


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
    page = browser.new_page(viewport={"width": 1280, "height": 760})
    page.route("**/*", serve)
    yield page
    page.close()


@pytest.fixture(scope="module")
def modules(browser: Browser) -> Iterator[Page]:
    """A blank page that may import the modules."""
    page = browser.new_page()
    page.route("**/*", lambda route: serve(route) if ".js" in route.request.url else route.fulfill(body=""))
    page.goto(ORIGIN)
    yield page
    page.close()


def run(page: Page, module: str, body: str) -> Any:
    """The value of ``body`` with everything that the module exports in scope as ``m``."""
    return page.evaluate(f"async () => {{ const m = await import('{ORIGIN}/{module}'); {body} }}")


class TestClock:
    def test_the_least_delayed_arrival_counts(self, modules: Page) -> None:
        body = """
            const clock = new m.Clock();
            clock.arrived(9000, 1000);   // 100 ms of camera time: offset 900
            clock.arrived(12600, 1010);  // 140 ms: offset 870, earlier than thought
            clock.arrived(16200, 1300);  // 180 ms: offset 1120, late
            return clock.at(16200);
        """
        assert run(modules, "playout.js", body) == pytest.approx(180 + 870 + 0.01)

    def test_time_stamps_that_start_anew_are_followed_at_once(self, modules: Page) -> None:
        body = "const c = new m.Clock(); c.arrived(9000000, 0); c.arrived(0, 40); return c.at(0);"
        assert run(modules, "playout.js", body) == 40

    def test_before_the_first_picture_nothing_is_known(self, modules: Page) -> None:
        assert run(modules, "playout.js", "return Number.isNaN(new m.Clock().at(1));") is True


class TestHold:
    def test_it_starts_at_200_ms(self, modules: Page) -> None:
        assert run(modules, "playout.js", "return new m.Hold(40).value;") == 200

    def test_the_first_lag_applies_at_once_with_two_pictures_more(self, modules: Page) -> None:
        assert run(modules, "playout.js", "const h = new m.Hold(40); h.measured(390); return h.value;") == 470

    def test_it_never_exceeds_1500_ms(self, modules: Page) -> None:
        assert run(modules, "playout.js", "const h = new m.Hold(40); h.measured(9000); return h.value;") == 1500

    def test_it_asks_for_the_longest_of_the_last_lags(self, modules: Page) -> None:
        body = """
            const h = new m.Hold(40);
            for (let i = 1; i <= 100; i++) h.measured(i);
            const asked = h.target();
            for (let i = 0; i < 500; i++) h.measured(10);
            return [asked, h.target()];
        """
        assert run(modules, "playout.js", body) == [100 + 80, 10 + 80]

    def test_later_changes_are_slewed(self, modules: Page) -> None:
        body = """
            const h = new m.Hold(40);
            for (let i = 0; i < 60; i++) h.measured(100);   // stays at 200, asks for 180
            h.step();
            const fallen = h.value;
            for (let i = 0; i < 60; i++) h.measured(500);   // asks for 580
            h.step();
            return [fallen, h.value];
        """
        assert run(modules, "playout.js", body) == pytest.approx([199.8, 201.8])

    def test_a_negative_lag_asks_for_two_pictures(self, modules: Page) -> None:
        assert run(modules, "playout.js", "const h = new m.Hold(40); h.measured(-80); return h.target();") == 80


STORE = """
    const store = new m.Store(3600);
    const record = (pts, more) => ({ type: 'shapes', layer: 'a', exact: true, pts, ...more });
"""


class TestStore:
    def test_an_exact_record_belongs_to_the_picture_it_names_alone(self, modules: Page) -> None:
        body = STORE + "store.add(record(7200)); return [3600, 7199, 7200].map((pts) => store.lookup(pts).state);"
        assert run(modules, "playout.js", body) == ["none", "none", "exact"]

    def test_a_record_is_found_in_whatever_order_records_come(self, modules: Page) -> None:
        body = (
            STORE
            + """
            for (const pts of [10800, 3600, 7200]) store.add(record(pts, { frame_number: pts / 3600 }));
            return [3600, 7200, 10800].map((pts) => store.lookup(pts).bound.map((r) => r.frame_number));
        """
        )
        assert run(modules, "playout.js", body) == [[1], [2], [3]]

    def test_an_approximate_record_belongs_to_the_nearest_picture(self, modules: Page) -> None:
        body = (
            STORE
            + """
            store.add(record(7200 + 1500, { exact: false }));
            return [3600, 7200, 10800].map((pts) => store.lookup(pts).state);
        """
        )
        assert run(modules, "playout.js", body) == ["none", "approximate", "held"]

    def test_two_records_of_one_picture_are_both_drawn(self, modules: Page) -> None:
        body = (
            STORE
            + """
            store.add(record(7200)); store.add(record(7200)); store.add(record(7200, { layer: 'b' }));
            return store.lookup(7200).bound.length;
        """
        )
        assert run(modules, "playout.js", body) == 3

    def test_the_last_record_is_held_for_its_time_only(self, modules: Page) -> None:
        body = (
            STORE
            + """
            store.add(record(0)); store.add(record(0, { layer: 'slow', hold_ms: 10000 }));
            const layers = (ms) => store.lookup(ms * 90).held.map((h) => [h.message.layer, h.age]);
            return [layers(500), layers(501)];
        """
        )
        assert run(modules, "playout.js", body) == [[["a", 500], ["slow", 500]], [["slow", 501]]]

    def test_a_layer_with_a_record_of_its_own_does_not_hold_an_older_one(self, modules: Page) -> None:
        body = (
            STORE
            + """
            store.add(record(0)); store.add(record(3600));
            const found = store.lookup(3600); return [found.state, found.bound.length, found.held.length];
        """
        )
        assert run(modules, "playout.js", body) == ["exact", 1, 0]

    def test_rules_hold_from_their_picture_on(self, modules: Page) -> None:
        body = (
            STORE
            + """
            store.setRules(-Infinity, [{ t: 'line' }]); store.setRules(7200, [{ t: 'polygon' }]);
            return [3600, 7200, 99999].map((pts) => store.lookup(pts).rules[0].t);
        """
        )
        assert run(modules, "playout.js", body) == ["line", "polygon", "polygon"]

    def test_what_is_kept_is_bounded(self, modules: Page) -> None:
        body = (
            STORE
            + """
            for (let i = 0; i < 1000; i++) store.add(record(i * 3600));
            for (let i = 0; i < 200; i++) store.add(record(0, { layer: 'layer ' + i }));
            return [store._layers.size, Math.max(...[...store._layers.values()].map((l) => l.length))];
        """
        )
        layers, longest = run(modules, "playout.js", body)
        assert layers <= 64 and longest <= 256


def test_the_newest_picture_that_is_due_is_taken_and_older_ones_are_closed(modules: Page) -> None:
    body = """
        const closed = [], waiting = new m.Waiting();
        for (const pts of [3, 1, 2, 9]) waiting.add({ pts, close: () => closed.push(pts) });
        const taken = waiting.take((pts) => pts, 5);
        return [taken.pts, closed, waiting.size, waiting.dropped];
    """
    assert run(modules, "playout.js", body) == [3, [1, 2], 1, 2]


def test_the_share_of_exact_pictures_is_among_those_that_show_targets(modules: Page) -> None:
    body = """
        const tally = new m.Tally();
        for (const state of ['exact', 'exact', 'exact', 'held', 'none', 'none']) tally.add(state);
        return [tally.exactShare(), tally.total.none];
    """
    assert run(modules, "playout.js", body) == [0.75, 2]


def test_the_header_of_an_access_unit_is_read_as_it_is_written(modules: Page) -> None:
    message = wire.encode_access_unit(b"\x01\x02", stream=2, n=7, pts=2**33 + 5, sent_at=1_500_000, key=True)
    body = f"""
        const unit = m.parseAccessUnit(new Uint8Array({list(message)}).buffer);
        return [unit.key, unit.lostBefore, unit.stream, unit.n, unit.pts, unit.sentAt, [...unit.data]];
    """
    assert run(modules, "wire.js", body) == [True, False, 2, 7, 2**33 + 5, 1500, [1, 2]]


def test_what_is_no_access_unit_is_not_taken_for_one(modules: Page) -> None:
    body = "return [new ArrayBuffer(3), new Uint8Array(24).fill(9).buffer].map((b) => m.parseAccessUnit(b));"
    assert run(modules, "wire.js", body) == [None, None]


def test_the_codec_string_is_read_from_the_parameter_set(modules: Page) -> None:
    body = """
        const unit = new Uint8Array([0, 0, 0, 1, 9, 16, 0, 0, 1, 0x67, 0x4d, 0x40, 0x1f, 0, 0, 1, 0x65]);
        return [m.codecString('h264', unit), m.codecString('h264', unit.subarray(0, 6)), m.codecString('h265', unit)];
    """
    assert run(modules, "codec.js", body) == ["avc1.4d401f", None, "hev1.1.6.L153.B0"]


def clip(pictures: int) -> list[bytes]:
    """Grey pictures of 1280x720, H.264, the first of them a key picture."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 1280, 720, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25)
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline"}
    frame = av.VideoFrame.from_image(Image.new("RGB", (1280, 720), (96, 96, 96)))
    units = []
    for i in range(pictures):
        frame.pts = i
        units += [bytes(packet) for packet in encoder.encode(frame)]
    return units


class Script:
    """A server that says what it is told to and keeps what the page says."""

    def __init__(self, page: Page, *messages: str | bytes, pictures: int = 0, per_picture: Any = None) -> None:
        self.said: list[Any] = []
        self._messages, self._pictures, self._per_picture = messages, pictures, per_picture
        page.route_web_socket("**/ws**", self._serve)

    def _serve(self, socket: WebSocketRoute) -> None:
        socket.on_message(lambda text: self.said.append(json.loads(text)))
        for message in self._messages:
            socket.send(message)
        for i, unit in enumerate(clip(self._pictures) if self._pictures else []):
            for message in self._per_picture(i) if self._per_picture else []:
                socket.send(message)
            pts = 2**33 + 3600 * i
            socket.send(wire.encode_access_unit(unit, stream=1, n=i, pts=pts, sent_at=0, key=i == 0))


def hello(**fields: Any) -> str:
    known = {"camera": "gate", "channel": 1, "stream": 1, "epoch": 1, "width": 1280, "height": 720, "codec": "h264"}
    return wire.encode(wire.Hello(**{**known, **fields}))


def shapes(i: int, **fields: Any) -> str:
    known: dict[str, Any] = {"pts": 2**33 + 3600 * i, "layer": "a", "exact": True, "clock": "sender_report"}
    return wire.encode(wire.Shapes(**{**known, "frame_number": 0b1010_0000_0000_0001, **fields}))


LIVE = wire.encode(wire.State("live", "the stream plays", "2030-05-01T12:00:00+00:00"))


def picture_of(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def number_in(picture: Image.Image) -> int | None:
    if picture.getpixel((16 + 24 * 16 + 12, 60)) != (255, 0, 255):
        return None
    return sum(1 << bit for bit in range(16) if picture.getpixel((16 + 24 * bit + 12, 60))[0] > 128)  # type: ignore[index]


def painted(page: Page, pictures: int = 1) -> dict[str, Any]:
    page.wait_for_function(f"() => window.onframe && window.onframe.composited >= {pictures}", timeout=15_000)
    counters: dict[str, Any] = page.evaluate("window.onframe")
    return counters


class TestPage:
    BOX = Box(0.25, 0.5, 0.25, 0.25, "#5fe39a", labels=["human 1"])

    @pytest.mark.requirement("R-043")
    def test_picture_and_shapes_are_painted_and_the_number_is_the_value_that_came(self, page: Page) -> None:
        Script(page, hello(), pictures=1, per_picture=lambda i: [shapes(i, shapes=[self.BOX])])
        page.goto(f"{ORIGIN}/?test=1")
        counters = painted(page)
        picture = picture_of(page)
        assert (counters["exact"], counters["errors"]) == (1, [])
        assert number_in(picture) == 0b1010_0000_0000_0001
        # 1280 * 0.25 = 320, 720 * 0.5 = 360; 320 + 320 = 640, 360 + 180 = 540
        for x, y in [(320, 450), (640, 450), (480, 360), (480, 540)]:
            seen = {picture.getpixel((x + dx, y + dy)) for dx in (-1, 0, 1) for dy in (-1, 0, 1)}
            assert any(isinstance(rgb, tuple) and rgb[1] > rgb[0] + 60 for rgb in seen), (x, y, seen)
        grey = picture.getpixel((480, 450))
        assert isinstance(grey, tuple) and max(abs(value - 96) for value in grey) < 8

    def test_binding_shifted_by_one_picture_draws_another_number_or_none(self, page: Page) -> None:
        Script(page, hello(), pictures=1, per_picture=lambda i: [shapes(i, shapes=[self.BOX])])
        page.goto(f"{ORIGIN}/?test=1&shift=1")
        assert painted(page)["exact"] == 0
        assert number_in(picture_of(page)) is None

    def test_a_picture_without_its_own_record_holds_the_last_one_without_a_number(self, page: Page) -> None:
        def early(i: int) -> list[str]:
            return [shapes(-1, shapes=[self.BOX])] if i == 0 else []

        Script(page, hello(), pictures=1, per_picture=early)
        page.goto(f"{ORIGIN}/?test=1")
        assert painted(page)["held"] == 1
        picture = picture_of(page)
        assert number_in(picture) is None
        seen = [picture.getpixel((320 + dx, 450)) for dx in (-1, 0, 1)]
        assert any(isinstance(rgb, tuple) and rgb[1] > rgb[0] + 40 for rgb in seen)

    def test_standing_rules_are_painted_on_every_picture(self, page: Page) -> None:
        rules = [Line([(0.0, 0.5), (1.0, 0.5)], "#7dd3fc", crossing="both")]
        Script(page, hello(rules=rules), pictures=1)
        page.goto(f"{ORIGIN}/?test=1")
        painted(page)
        rgb = picture_of(page).getpixel((200, 360))
        assert isinstance(rgb, tuple) and rgb[2] > rgb[0] + 60

    def test_a_codec_without_a_decoder_is_reported_and_drawn_on_a_grid(self, page: Page) -> None:
        script = Script(page, hello(codec="h265"), shapes(0, shapes=[self.BOX]), pictures=1)
        page.goto(f"{ORIGIN}/")
        page.wait_for_selector("#notice:not([hidden])")
        notice = page.inner_text("#notice")
        assert "stream 101 (H.265" in notice and "no decoder" in notice
        assert "--stream 2" in notice and "H.264" in notice, "it says what to do"
        page.wait_for_function("() => document.querySelector('#sync-title').textContent === 'No picture'")
        assert script.said and script.said[0]["type"] == "unsupported" and script.said[0]["stream"] == 1
        assert wire.decode(json.dumps(script.said[0])).codec.startswith("hev1")

    def test_a_page_without_a_video_decoder_says_why(self, page: Page) -> None:
        page.add_init_script("delete globalThis.VideoDecoder")
        script = Script(page, hello(), shapes(0, shapes=[self.BOX]), pictures=1)
        page.goto(f"{ORIGIN}/")
        page.wait_for_selector("#notice:not([hidden])")
        assert "no WebCodecs" in page.inner_text("#notice")
        assert script.said[0]["type"] == "unsupported"

    def test_metadata_without_pictures_is_drawn_on_a_grid(self, page: Page) -> None:
        Script(page, hello(codec=None), shapes(0, shapes=[self.BOX]))
        page.goto(f"{ORIGIN}/?test=1")
        page.wait_for_timeout(300)
        picture = picture_of(page)
        assert any(isinstance(p := picture.getpixel((320 + dx, 450)), tuple) and p[1] > 150 for dx in (-1, 0, 1))

    def test_the_grade_is_shown_in_words(self, page: Page) -> None:
        approximate = shapes(0, exact=False, clock="arrival", uncertainty=0.04)
        Script(page, hello(), LIVE, pictures=1, per_picture=lambda i: [approximate])
        page.goto(f"{ORIGIN}/")
        page.wait_for_function("() => document.querySelector('#sync-title').textContent === 'Approximate'")
        assert page.inner_text("#sync-line").startswith("±40 ms (arrival)")

    @pytest.mark.fault("F69")
    def test_text_of_the_camera_is_never_markup(self, page: Page) -> None:
        attack = "<img src=x onerror=\"document.title='owned'\">"
        event = Event("k", "alarm", attack, attack, 'red" onclick="1')
        box = Box(0.1, 0.1, 0.1, 0.1, attack, labels=[attack])
        state = wire.encode(wire.State("live", attack, ""))
        first = hello(camera=attack, codec=None, legend=[(attack, attack)], rules=[Polygon([(0, 0)], attack)])
        Script(page, first, state, shapes(0, shapes=[box], events=[event]), wire.encode(wire.Stats({attack: attack})))
        page.goto(f"{ORIGIN}/")
        page.wait_for_selector("#events .title")
        assert page.inner_text("#events .title") == attack
        assert page.evaluate("document.querySelectorAll('main img, main [onclick]').length") == 0
        assert "owned" != page.title()

    def test_a_lost_connection_is_said_and_tried_again(self, page: Page) -> None:
        times: list[WebSocketRoute] = []

        def closing(socket: WebSocketRoute) -> None:
            times.append(socket)
            socket.close(reason="the server stops")

        page.route_web_socket("**/ws**", closing)
        page.goto(f"{ORIGIN}/")
        page.wait_for_function("() => document.querySelector('#state-name').textContent === 'offline'")
        assert page.inner_text("#reason") == "the server stops"
        page.wait_for_timeout(1200)
        assert len(times) >= 2

    def test_it_fits_a_phone(self, browser: Browser) -> None:
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.route("**/*", serve)
        Script(page, hello(camera="a camera with a rather long name at the gate of the yard"), pictures=1)
        page.goto(f"{ORIGIN}/")
        painted(page)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert page.evaluate("document.querySelector('canvas').clientWidth") == 390
        page.close()


@pytest.mark.parametrize("file", sorted(STATIC.iterdir()), ids=lambda file: file.name)
def test_the_page_contacts_no_other_host_and_writes_no_markup(file: Path) -> None:
    text = file.read_text()
    addresses = set(re.findall(r"(?:https?|wss?)://[\w.]+", text)) - {"http://www.w3.org"}
    assert not addresses
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", text)
    if file.suffix == ".js":
        assert text.startswith("// @ts-check")
    if file.suffix == ".html":
        assert "style=" not in text and "<style" not in text and not re.search(r"<script(?![^>]*src=)", text)
        assert not re.search(r"\son\w+=", text)
