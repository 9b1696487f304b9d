"""The page's Player on every path, in Chromium over the whole chain: time, history, pictures to keep, and trouble.

The page's own application is left out: a few lines make a Player and read the numbers that simulator and Player paint.
"""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from browsers import Cameras, clean_page, until
from PIL import Image
from pixels import OVERLAY_ROW, PICTURE_ROW, bits, has_mark
from playwright.sync_api import Browser, Page, Route, WebSocketRoute

INSECURE = "cam.test"
PATHS = {"webcodecs": "127.0.0.1", "mse": INSECURE, "jpeg": INSECURE}
CAMERA = {
    "scene": "gate",
    "clock": "sr",
    "frame_marks": True,
    "metadata_delay": (0.0, 0.2),
    "viewer": {"hosts": [INSECURE]},
}
LOOP = 400  # pictures of the scene, after which the painted numbers begin anew
BOOT = f"""
import {{ Player }} from './player.js';
const query = new URLSearchParams(location.search);
const canvas = document.createElement('canvas');
document.body.replaceChildren(canvas);
document.body.style.display = 'block';
canvas.getContext('2d', {{ alpha: false, willReadFrequently: true }});
const player = new Player(canvas, {{ url: document.baseURI, test: true, path: query.get('path') ?? 'auto' }});
const off = {{}}, said = [];
const read = (row) => {{
  const {{ data, width }} = canvas.getContext('2d').getImageData(0, row + 11, 432, 1);
  const at = (x) => [...data.slice(4 * x, 4 * x + 3)];
  let number = 0;
  for (let bit = 0; bit < 16; bit++) number |= (at(16 + 24 * bit + 12)[0] > 128 ? 1 : 0) << bit;
  const [r, g, b] = at(16 + 24 * 16 + 12);
  const marked = row === {PICTURE_ROW} ? r < 90 && g > 160 && b > 160 : r > 160 && g < 90 && b > 160;
  return marked ? number : null;
}};
player.addEventListener('frame', () => {{
  const [painted, drawn] = [read({PICTURE_ROW}), read({OVERLAY_ROW})];
  const key = painted === null ? 'no picture' : drawn === null ? 'none' : String(painted - drawn);
  off[key] = (off[key] ?? 0) + 1;
}});
for (const name of ['status', 'path', 'notice']) {{
  player.addEventListener(name, ({{ detail }}) => said.push([name, detail]));
}}
player.addEventListener('record-event', ({{ detail }}) => said.push(['record-event', {{
  ...detail, epoch: player.stream.hello.epoch,
  thumbnail: detail.thumbnail && [detail.thumbnail.width, detail.thumbnail.height] }}]));
Object.assign(window, {{ player, off, said, read }});
for (const name of ['error', 'unhandledrejection']) {{
  addEventListener(name, (event) => player.failed(String(event.message ?? event.reason)));
}}
"""

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


class Camera(Cameras):
    """One simulated camera and its viewer."""

    def __init__(self, **options: Any) -> None:
        super().__init__({**CAMERA, **options})
        (self.url,) = self.urls


@pytest.fixture(scope="module")
def camera() -> Iterator[Camera]:
    camera = Camera()
    yield camera
    camera.close()


@pytest.fixture(scope="module")
def reordered() -> Iterator[Camera]:
    """A camera that sends B pictures."""
    camera = Camera(quirks={"b_pictures": True})
    yield camera
    camera.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    # allowed is what Chromium tells of any page on plain http from another machine
    with clean_page(browser, 1300, 740) as page:
        yield page


def serve_boot(route: Route) -> None:
    route.fulfill(content_type="text/javascript", body=BOOT)


def open_player(page: Page, camera: Camera, path: str, pictures: int = 30) -> None:
    """On this path, and until so many pictures are shown."""
    page.route("**/main.js", serve_boot)
    forced = "&path=jpeg" if path == "jpeg" else ""
    page.goto(camera.url.replace("127.0.0.1", PATHS[path]) + forced)
    until(page, f"window.player?.counters.composited >= {pictures}")
    assert page.evaluate("player.path") == path


def number(page: Page) -> int:
    """That of the picture on the canvas, where the Shapes drawn on it bear the same."""
    painted, drawn = page.evaluate(f"[read({PICTURE_ROW}), read({OVERLAY_ROW})]")
    assert painted is not None and drawn in (painted, None)
    return int(painted)


def settled(page: Page) -> None:
    """No picture was shown with the number of another, and nothing went wrong."""
    off = page.evaluate("off")
    assert set(off) <= {"0", "none"} and off["0"] > 10, off
    assert page.evaluate("player.counters.errors") == []


@pytest.mark.parametrize("path", PATHS)
def test_every_picture_is_shown_with_its_own_shapes(page: Page, camera: Camera, path: str) -> None:
    open_player(page, camera, path, 100)
    settled(page)
    counters, sync = page.evaluate("[player.counters, player.sync]")
    assert counters["exact"] >= 0.6 * counters["composited"] and counters["approximate"] == 0
    assert counters["path"] == path and counters["codec"].startswith("jpeg" if path == "jpeg" else "avc1.")
    assert (sync["exact"], sync["mode"], sync["picture"], sync["clock"]) == (True, "synced", True, "sender_report")
    assert sync["p98"] > 0 and 0 < sync["hold"] <= 1500
    why = page.evaluate("player.why")
    assert {"webcodecs": why == "", "mse": "https or localhost" in why, "jpeg": why == "the address asks for it"}[path]


@pytest.mark.parametrize("path", ["webcodecs", "mse"])
def test_pictures_that_come_in_another_order_are_shown_in_theirs(page: Page, reordered: Camera, path: str) -> None:
    open_player(page, reordered, path, 100)
    settled(page)
    counters = page.evaluate("player.counters")
    assert counters["composited"] >= 0.6 * counters["frames"], "two of three pictures are B pictures"
    page.evaluate("player.freeze()")
    first = number(page)
    for back in (1, 2, 3):
        assert page.evaluate("player.step(-1)") and number(page) == (first - back) % LOOP


@pytest.mark.parametrize("path", PATHS)
def test_a_picture_of_the_last_minute_is_found_again_to_the_very_one(page: Page, camera: Camera, path: str) -> None:
    open_player(page, camera, path, 120)
    page.evaluate("player.freeze()")
    first, pts, times = number(page), *page.evaluate("[player.shown.pts, player.times()]")
    if path != "jpeg":  # of which a busy server leaves some out
        assert {later - earlier for earlier, later in pairwise(times)} == {3600}
    place = times.index(pts)
    for step in (-1, -1, 1, -30, -20, 2, 49):
        assert page.evaluate(f"player.step({step})"), step
        place += step
        assert page.evaluate("player.shown.pts") == times[place]
        assert number(page) == (first + (times[place] - pts) // 3600) % LOOP
    assert page.evaluate("player.shown.pts") == pts
    assert page.evaluate(f"player.showAt({times[place - 40] + 900})"), "between two pictures it is the nearer one"
    assert page.evaluate("player.shown.pts") == times[place - 40]
    there = (first + (times[place - 40] - pts) // 3600) % LOOP
    assert number(page) == there
    assert not page.evaluate(f"player.showAt({pts - 3600 * 10_000})") and number(page) == there
    assert not page.evaluate("player.step(-5000)")
    captured = page.evaluate("[player.shown.capturedAt, player.showAt(player.shown.pts + 90000), player.shown]")
    assert captured[2]["capturedAt"] - captured[0] == pytest.approx(0.0, abs=1e-3), "not before it is there"
    settled(page)


@pytest.mark.parametrize("path", PATHS)
def test_while_a_picture_is_looked_at_what_comes_is_remembered_and_then_shown(
    page: Page, camera: Camera, path: str
) -> None:
    open_player(page, camera, path, 60)
    page.evaluate("player.freeze()")
    first = number(page)
    shown, remembered = page.evaluate("[player.counters.composited, player.times().length]")
    until(page, f"player.times().length >= {remembered + 50}")
    assert number(page) == first and page.evaluate("player.counters.composited") == shown
    assert page.evaluate("player.stream.source.waiting.size") <= 10, "nothing piles up"
    newest = page.evaluate("player.times().at(-1)")
    page.evaluate("player.resume()")
    until(page, f"player.shown.pts > {newest}", 3)
    until(page, f"player.counters.composited > {shown + 10}", 3)
    settled(page)


@pytest.mark.parametrize("path", PATHS)
def test_a_snapshot_has_the_pictures_own_size_and_its_overlay(page: Page, camera: Camera, path: str) -> None:
    open_player(page, camera, path)
    boxes = (
        "player.stream.store.lookup(pts).drawn.filter((one) => one.shape.t === 'box' && one.state === 'exact').length"
    )
    until(page, f"player.times().some((pts) => {boxes} > 1)", 60)
    assert page.evaluate(f"player.showAt(player.times().find((pts) => {boxes} > 1))")
    page.evaluate("player.resize(400, 225, 1)")
    data, drawn = page.evaluate(
        """player.snapshot().then(async (blob) => {
            const bytes = new Uint8Array(await blob.arrayBuffer());
            const drawn = player.stream.store.lookup(player.shown.pts).drawn.map((one) => one.shape);
            return [btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')), drawn];
        })"""
    )
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    assert (image.format, image.size) == ("PNG", (1280, 720))
    picture = np.asarray(image.convert("RGB"), dtype=np.int16)
    assert has_mark(picture, PICTURE_ROW, (0, 255, 255)) and bits(picture, PICTURE_ROW) == number(page)
    boxes = [shape for shape in drawn if shape["t"] == "box"]
    assert len(boxes) >= 2
    found = [drawn_edges(picture, box) for box in boxes]
    assert sum(found) >= 0.6 * 4 * len(boxes), (found, boxes)  # labels and other targets cover some


def drawn_edges(picture: np.ndarray, box: dict[str, Any]) -> int:
    """How many of a box's four edges have its colour in their middle."""
    wanted = np.array([int(box["color"][i : i + 2], 16) for i in (1, 3, 5)])
    x, y, w, h = (box[name] for name in "xywh")
    found = 0
    for u, v in ((x, y + h / 2), (x + w, y + h / 2), (x + w / 2, y), (x + w / 2, y + h)):
        column, row = round(u * 1280), round(v * 720)
        part = picture[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2].reshape(-1, 3)
        found += bool(len(part) and (np.abs(part - wanted).sum(axis=1) < 90).any())
    return found


@pytest.mark.parametrize("path", PATHS)
def test_a_page_that_lost_pictures_up_to_a_key_picture_goes_on(page: Page, camera: Camera, path: str) -> None:
    open_player(page, camera, path)
    page.evaluate(
        """(() => {
            const own = player._unit.bind(player);
            let lost = 0, key = false;
            player._unit = (unit) => {
              key ||= lost > 20 && unit.key;
              if (key) own(unit);
              else lost += 1;
              window.goesOn = key;
            };
        })()"""
    )
    until(page, "window.goesOn", 10)
    exact = page.evaluate("player.counters.exact")
    until(page, f"player.counters.exact > {exact + 40}")
    settled(page)


@pytest.mark.parametrize("path", PATHS)
def test_pictures_are_held_as_long_as_is_asked_for(page: Page, camera: Camera, path: str) -> None:
    open_player(page, camera, path)
    delay = "(player.stream.delay)"  # ms from the picture's coming to the server to its showing
    page.evaluate("player.setMode('fixed', 900)")
    until(page, f"Math.abs({delay} - 900) < 60")
    assert page.evaluate("[player.sync.hold, player.sync.mode]") == [900, "fixed"]
    page.evaluate("player.setMode('live')")
    until(page, f"{delay} < 250")
    assert page.evaluate("player.sync.hold") == 0
    page.evaluate("player.setMode('synced')")
    until(page, f"Math.abs({delay} - player.sync.hold) < 60 && player.sync.hold > 0")
    assert set(page.evaluate("off")) <= {"0", "none"}


@pytest.mark.parametrize("path", PATHS)
def test_another_size_in_mid_stream_keeps_the_time(page: Page, browser: Browser, path: str) -> None:
    camera = Camera()
    try:
        open_player(page, camera, path)
        hold, exact = page.evaluate("[player.sync.hold, player.counters.exact]")
        first, pts = page.evaluate(f"[read({PICTURE_ROW}), player.shown.pts]")
        camera.tell("inject small")
        until(page, "player.hello.width === 640")
        assert page.evaluate("player.sync.hold") >= 0.5 * hold
        until(page, f"player.counters.exact > {exact + 60}")
        assert page.evaluate("document.querySelector('canvas').width") == 640
        camera.tell("clear small")
        until(page, "player.hello.width === 1280")
        page.evaluate("for (const key in off) delete off[key]")
        until(page, "off['0'] > 40")
        settled(page)
        assert page.evaluate("said.filter(([name, one]) => name === 'path').length") <= 2, "it is the same way"
        assert page.evaluate(f"player.showAt({pts})") and number(page) == first, "what was before is remembered"
    finally:
        page.goto("about:blank")  # it would try to reach the server again
        camera.close()


def test_another_stream_begins_anew(page: Page, camera: Camera) -> None:
    open_player(page, camera, "webcodecs")
    page.evaluate("player.freeze()")
    page.evaluate("player.watch({ stream: 2 })")
    assert not page.evaluate("player.frozen")
    until(page, "player.hello.stream === 2 && player.stream.newest > 0 && player.stream.tally.total.exact > 20")
    assert page.evaluate("[player.hello.width, document.querySelector('canvas').width]") == [640, 640]
    page.evaluate("player.watch({ stream: 1 })")
    until(page, "player.hello.stream === 1 && player.stream.tally.total.exact > 20")
    page.evaluate("for (const key in off) delete off[key]")
    until(page, "off['0'] > 20")
    settled(page)


def test_h265_that_the_browser_does_not_decode_comes_as_jpeg(page: Page, camera: Camera) -> None:
    open_player(page, camera, "webcodecs")
    if page.evaluate("VideoDecoder.isConfigSupported({codec: 'hvc1.1.6.L63.90'}).then((answer) => answer.supported)"):
        page.evaluate("player.watch({ stream: 3 })")
        until(page, "player.hello.stream === 3 && player.counters.codec.startsWith('hvc1') && player.sync.rate > 0")
        return
    page.evaluate("player.watch({ stream: 3 })")
    until(page, "player.hello.stream === 3 && player.path === 'jpeg' && player.stream.tally.total.exact > 20")
    assert "this browser has no decoder for hvc1." in page.evaluate("player.why")
    assert page.evaluate("said.filter(([name]) => name === 'notice').at(-1)[1].text") == "", "nothing is missing"
    page.evaluate("player.watch({ stream: 1 })")
    until(page, "player.hello.stream === 1 && player.path === 'webcodecs' && player.stream.tally.total.exact > 10")
    assert page.evaluate("player.why") == ""


def test_a_lost_connection_comes_back_by_itself(page: Page, camera: Camera) -> None:
    open_player(page, camera, "webcodecs")
    page.evaluate("player._feed._socket.close()")
    until(page, "said.some(([name, one]) => name === 'status' && one.state === 'offline')")
    reason = page.evaluate("said.find(([name, one]) => name === 'status' && one.state === 'offline')[1].reason")
    assert reason == "the connection was closed"
    until(page, "player.status.state === 'live' && player.stream.tally.total.exact > 20")
    settled(page)


def test_a_reboot_of_the_camera_mixes_nothing(page: Page) -> None:
    camera = Camera()
    try:
        open_player(page, camera, "webcodecs")
        epoch = page.evaluate("player.hello.epoch")
        page.evaluate("player.freeze()")
        first = number(page)
        camera.tell("stop")
        until(page, "player.status.state === 'backoff'")
        camera.tell("start")
        until(page, f"player.hello.epoch > {epoch} && player.stream.source.times().length > 20", 60)
        assert number(page) == first, "what is looked at stays, with what was known of it"
        assert page.evaluate("player.step(-1)") and number(page) == (first - 1) % LOOP
        page.evaluate("player.resume()")
        until(page, "player.stream.tally.total.exact > 20")
        settled(page)
    finally:
        page.goto("about:blank")  # it would try to reach the server again
        camera.close()


def told(page: Page, epoch: int, after: float = 0.0) -> float:
    """The timestamp of an event of this epoch, whose picture is remembered: none of its first seconds (90 kHz)."""
    times = f"player.stream.times().includes(one.pts) && one.pts > player.stream.times()[0] + {after}"
    mine = f"name === 'record-event' && one.epoch === {epoch} && {times}"
    events = f"said.filter(([name, one]) => {mine})"
    until(page, f"{events}.length > 0", 60)
    return float(page.evaluate(f"{events}[0][1].pts"))


def test_an_event_is_found_in_its_own_time_line_though_the_camera_counts_alike_after_a_reboot(page: Page) -> None:
    camera = Camera(quirks={"wrap_after": 60.0})  # so every session begins with about the same timestamps
    try:
        open_player(page, camera, "webcodecs")
        epoch = page.evaluate("player.hello.epoch")
        early = told(page, epoch, 3 * 90_000)  # sessions do not begin alike to the very picture
        assert page.evaluate(f"player.showAt({early})") and page.evaluate("player.shown.pts") == early
        camera.tell("stop")
        camera.tell("start")
        until(page, f"player.stream.hello.epoch > {epoch} && player.stream.times().at(-1) > {early} + 90000", 60)
        assert page.evaluate(f"player.stream.times()[0] < {early}"), "it has pictures of the same timestamps"
        assert page.evaluate(f"player.showAt({early})") and page.evaluate("player.shown.pts") == early
        assert page.evaluate("player.frozen && player.stream.store !== player._looked.store"), "of before the reboot"
        late = told(page, page.evaluate("player.hello.epoch"))
        assert page.evaluate(f"player.showAt({late})"), "what is now is found from there"
        assert page.evaluate("player._looked === player.stream")
        number(page)
        assert not page.evaluate(f"player.showAt({early})"), "that time line is forgotten"
        page.evaluate("player.resume()")
        until(page, "player.stream.tally.total.exact > 20")
        settled(page)
    finally:
        page.goto("about:blank")  # it would try to reach the server again
        camera.close()


@pytest.mark.parametrize("path", ["webcodecs", "mse"])
def test_what_is_left_of_a_picture_that_was_lost_stops_no_decoder(page: Page, camera: Camera, path: str) -> None:
    open_player(page, camera, path)
    exact = page.evaluate("player.counters.exact")
    page.evaluate(
        """(() => {
            const own = player._unit.bind(player);
            let lost = 0;
            player._unit = (unit) => {
              if (unit.kind !== 1 || !unit.key || lost > 2) return own(unit);
              lost += 1;  // of a key picture its parameter sets alone arrived
              const end = unit.data.findIndex((byte, i) => byte === 1 && (unit.data[i + 1] & 0x1f) === 5);
              own({ ...unit, key: false, data: unit.data.slice(0, end - 3) });
              window.lost = lost;
            };
            if (player.path === 'mse') window.lost = 3;  // the server makes no fragment of that
        })()"""
    )
    until(page, "window.lost === 3")
    until(page, f"player.counters.exact > {exact + 50}")
    assert page.evaluate("player.counters.errors") == []


def test_a_video_element_that_gave_up_begins_anew_at_the_next_key_picture(page: Page, camera: Camera) -> None:
    open_player(page, camera, "mse")
    page.evaluate("window.garbage = new Uint8Array([0, 0, 0, 4, 109, 111, 111, 102])")  # a box shorter than its head
    broken = "{ kind: 3, key: true, pts: player.times().at(-1) + 1, data: garbage }"
    for _ in range(2):
        exact = page.evaluate("player.counters.exact")
        page.evaluate(f"player.stream.source.push({broken})")
        until(page, f"player.counters.exact > {exact + 40}")
    assert page.evaluate("player.path") == "mse"
    errors = page.evaluate("player.counters.errors")
    assert len(errors) == 2 and all(error.startswith("the video element stopped: ") for error in errors)
    off = page.evaluate("off")
    assert set(off) <= {"0", "none"}, off
    page.evaluate(
        """(() => {
            const own = player._unit.bind(player);
            player._unit = (unit) => own(unit.kind === 3 && unit.key ? { ...unit, data: garbage } : unit);
        })()"""
    )
    until(page, "player.path === 'jpeg'")
    assert "playing failed again and again" in page.evaluate("player.why")


@pytest.mark.fault("F70")
def test_a_server_that_says_nothing_any_more_is_connected_to_anew(page: Page, camera: Camera) -> None:
    page.add_init_script("const every = setInterval; window.setInterval = (then, ms) => every(then, ms / 10)")
    connections: list[WebSocketRoute] = []

    def serve(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        connections.append(socket)
        mine = len(connections)
        server.on_message(lambda message: None if mine == 1 and page.muted else socket.send(message))  # type: ignore[attr-defined]
        socket.on_message(lambda message: server.send(message))

    page.muted = False  # type: ignore[attr-defined]
    page.route_web_socket("**/ws**", serve)
    open_player(page, camera, "webcodecs")
    assert len(connections) == 1
    page.muted = True  # type: ignore[attr-defined]
    until(page, "said.some(([name, one]) => name === 'status' && one.state === 'offline')", 10)
    reason = page.evaluate("said.find(([name, one]) => name === 'status' && one.state === 'offline')[1].reason")
    assert reason == "the server has fallen silent"
    until(page, "player.status.state === 'live' && player.stream.tally.total.exact > 20")
    assert len(connections) == 2
    settled(page)


def test_a_page_that_is_hidden_is_sent_nothing(page: Page, camera: Camera) -> None:
    open_player(page, camera, "webcodecs")
    sent = "player.counters.frames"
    page.evaluate("player.pause(true)")
    page.wait_for_timeout(500)  # what was on its way
    frames, shown = page.evaluate(f"[{sent}, player.counters.composited]")
    page.wait_for_timeout(1000)
    assert page.evaluate(sent) == frames
    page.evaluate("player.pause(false)")
    until(page, f"player.counters.composited > {shown + 40}")
    settled(page)


def test_what_lies_under_the_pointer_tells_its_document_and_its_history(page: Page, camera: Camera) -> None:
    open_player(page, camera, "webcodecs", 60)
    page.evaluate("player.freeze()")
    boxes = """player.stream.store.lookup(player.shown.pts).drawn
        .filter((one) => one.shape.t === 'box' && one.state === 'exact')"""
    until(page, f"player.step(-1).then(() => {boxes}.length > 0)")
    hit = page.evaluate(
        f"""(() => {{
            const {{ shape }} = {boxes}[0];
            return player.hit((shape.x + shape.w / 2) * 1280, (shape.y + shape.h / 2) * 720)
                .map((one) => [one.shape.subject, one.message?.n]);
        }})()"""
    )
    subject, n = hit[0]
    assert "/target/" in subject and n > 0
    found = page.evaluate(f"player.inspect({{ n: {n} }}, {json.dumps(subject)})")
    assert found["found"] and found["n"] == n and found["subject"] == subject
    target = subject.rpartition("/")[2]
    assert f">{target}<" in found["raw"] or f'"{target}"' in found["raw"] or f": {target}" in found["raw"]
    until(page, f"player.historyOf({json.dumps(subject)}).length >= 10")  # it goes on while the picture stands
    history = page.evaluate(f"player.historyOf({json.dumps(subject)})")
    assert all(early["pts"] < late["pts"] for early, late in zip(history, history[1:], strict=False))
    assert history[-1]["capturedAt"] - history[0]["capturedAt"] == pytest.approx(
        (history[-1]["pts"] - history[0]["pts"]) / 90_000, abs=0.02
    )
    missing = page.evaluate("player.inspect({ n: 4000000 }, 'nobody')")
    assert not missing["found"]


def test_an_event_comes_with_its_picture_and_what_is_private_is_hidden(page: Page, camera: Camera) -> None:
    open_player(page, camera, "webcodecs")
    told = "said.filter(([name, one]) => name === 'record-event' && one.thumbnail)"
    until(page, f"{told}.length > 1")
    event = page.evaluate(f"{told}[0][1]")
    assert event["thumbnail"] == [160, 90] and event["event"]["key"] and not event["again"]
    assert event["capturedAt"] == pytest.approx(time.time(), abs=60)
    # left and right half of a picture differ; of a private target in its middle, the small picture shows one block
    colours = page.evaluate(
        """import('./snapshot.js').then(async ({ thumbnail }) => {
            const image = new OffscreenCanvas(1280, 720), g = image.getContext('2d');
            for (let x = 0; x < 1280; x += 2) { g.fillStyle = x % 4 ? '#fff' : '#000'; g.fillRect(x, 0, 2, 720); }
            const place = { x: 0.4, y: 0.4, w: 0.2, h: 0.2 };
            const shape = { t: 'box', subject: 'a/target/1', cls: 'human', color: '#ffffff', ...place };
            const drawn = [{ shape, state: 'exact', age: 0, message: null }];
            const event = { key: 'a/target/1/x', level: 'alarm', title: 'x', text: '', color: '#ffffff' };
            const found = [];
            for (const privacy of [{}, { human: 'fill' }, { human: 'pixelate' }]) {
              const small = await thumbnail(image, drawn, event, { ...player.view, privacy });
              const canvas = new OffscreenCanvas(160, 90), c = canvas.getContext('2d');
              c.drawImage(small, 0, 0);
              const { data } = c.getImageData(70, 45, 20, 1);
              found.push(new Set(Array.from({ length: 20 }, (_, i) => data[4 * i])).size);
            }
            return found;
        })"""
    )
    plain, filled, pixelated = colours
    assert plain > pixelated >= 1 and filled == 1 and pixelated <= 3
