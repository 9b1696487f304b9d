"""The page in a browser with the whole chain behind it: grades, trouble, streams of every kind, and what no device
should have sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from browsers import Cameras, clean_page, until
from playwright.sync_api import Browser, Page, WebSocketRoute

from onframe.errors import ProtocolError
from onframe.isapi.metadata import Metadata, Target
from onframe.record import Coordinates, Record
from onframe.viewer import wire
from onframe.viewer.narrator import Narrator, Picture

CLOCKS = {"rtpinfo": "RTP-Info", "shared-base": "shared base", "none": "", "document": "", None: ""}
"""How the simulator relates the tracks, and how the page names what is exact."""
INSECURE = "cam.test"
PATHS = {"webcodecs": "127.0.0.1", "mse": INSECURE}
"""Each path, and the name under which the page takes it by itself: plain http from another host has no WebCodecs."""

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]


@pytest.fixture(scope="module")
def cameras() -> Iterator[Cameras]:
    as_captured = [{"scene": "gate", "clock": clock, "profile": "guide-2017"} for clock in CLOCKS]
    quick = {"client": {"keepalive": 2.0}}  # a camera that falls silent is found out in three seconds
    others = ({"scene": "gate", "viewer": {"stream": 3}}, {"scene": "gate", "password": "canary-5309"})
    cameras = Cameras({"scene": "gate", "clock": "sr", **quick}, *as_captured, *others)
    yield cameras
    cameras.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with clean_page(browser, 1280, 760) as page:
        yield page


def text(element: str) -> str:
    return f"document.querySelector('#{element}').textContent"


@pytest.mark.requirement("R-043")
@pytest.mark.parametrize("clock", ["rtpinfo", "shared-base"])
def test_a_clock_that_relates_the_tracks_counts_as_exact(page: Page, cameras: Cameras, clock: str) -> None:
    page.goto(cameras.urls[1 + list(CLOCKS).index(clock)])
    until(page, f"window.onframe?.exact > 40 && {text('sync-title')} === 'Synced'")
    line = page.inner_text("#sync-line")
    assert re.fullmatch(rf"hold \d+ ms · \d+ % exact · {CLOCKS[clock]}", line), line


@pytest.mark.requirement("R-043")
@pytest.mark.parametrize("clock", ["none", "document", None])
def test_any_other_clock_is_called_approximate_with_its_uncertainty(
    page: Page, cameras: Cameras, clock: str | None
) -> None:
    page.goto(cameras.urls[1 + list(CLOCKS).index(clock)])
    until(page, f"window.onframe?.approximate > 40 && {text('sync-title')} === 'Approximate'")
    line = page.inner_text("#sync-line")
    assert re.fullmatch(r"±\d+ ms \((document time|arrival)\) · hold \d+ ms", line), line
    assert page.evaluate("window.onframe.exact") == 0


@pytest.mark.fault("F70")
def test_a_server_that_starts_again_is_found_again_and_the_page_goes_on(browser: Browser, cameras: Cameras) -> None:
    # the page may ask while nobody listens yet: Chromium tells of that by itself
    with clean_page(browser, 1280, 760, allowed="ERR_CONNECTION_REFUSED") as page:
        page.goto(cameras.urls[0])
        until(page, "window.onframe?.exact > 25")
        exact = page.evaluate("window.onframe.exact")
        page.add_init_script("window.reloaded = true")
        cameras.tell(f"reopen {cameras.urls[0].partition('?t=')[2]}")
        until(page, f"window.onframe.exact > {exact + 40} && {text('state-name')} === 'live'", 40)
        assert page.evaluate("window.reloaded") is None, "it is the same page all the time"
        assert page.evaluate("window.onframe.errors") == []


@pytest.mark.fault("F70")
def test_a_server_with_another_token_is_named_as_the_reason(browser: Browser, cameras: Cameras) -> None:
    page = browser.new_page()  # one of which the console may tell of refused requests
    page.goto(cameras.urls[0])
    until(page, f"{text('state-name')} === 'live'")
    cameras.tell("reopen another-token-than-before")
    until(page, f"{text('trouble-text')}.includes('does not know this page: open the address that it printed')")
    assert page.inner_text("#state-name") == "offline" and page.is_visible("#trouble")
    cameras.tell(f"reopen {cameras.urls[0].partition('?t=')[2]}")
    until(page, f"{text('state-name')} === 'live'", 40)
    page.close()


@pytest.mark.fault("F70")
def test_a_tab_in_the_background_keeps_little_and_shows_what_happens_now_when_it_comes_back(
    page: Page, cameras: Cameras
) -> None:
    page.add_init_script(BACKGROUND)
    page.goto(cameras.urls[0])
    until(page, "window.onframe?.exact > 25")
    page.evaluate("window.background = true")
    page.wait_for_timeout(500)
    before = page.evaluate("window.onframe")
    until(page, f"window.onframe.frames > {before['frames'] + 100}", 30)
    hidden = page.evaluate("window.onframe")
    assert hidden["composited"] == before["composited"], "nothing is painted"
    page.evaluate("window.comeBack()")
    until(page, f"window.onframe.exact > {before['exact'] + 25} && {text('sync-title')} === 'Synced'")
    shown = page.evaluate("window.onframe")
    assert shown["dropped"] - before["dropped"] > 50, "what is past is passed over"
    assert shown["hold"] < 2000 and shown["errors"] == []


BACKGROUND = """const frames = window.requestAnimationFrame.bind(window);
let waiting = [];
window.requestAnimationFrame = (then) => window.background ? waiting.push(then) : frames(then);
window.comeBack = () => { window.background = false; for (const then of waiting.splice(0)) frames(then); };"""


def test_a_camera_that_restarts_under_the_page_is_shown_again_by_itself(page: Page, cameras: Cameras) -> None:
    page.goto(cameras.urls[0])
    until(page, "window.onframe?.exact > 25")
    cameras.tell("stop")
    until(page, f"!['live', 'quiet'].includes({text('state-name')})")
    assert page.inner_text("#state-name") in ("stale", "backoff", "connecting")
    assert page.inner_text("#reason")
    cameras.tell("start")
    until(page, f"{text('state-name')} === 'live'")
    exact, approximate = page.evaluate("[window.onframe.exact, window.onframe.approximate]")
    until(page, f"window.onframe.exact > {exact + 40} && {text('sync-title')} === 'Synced'")
    assert page.evaluate("window.onframe.approximate") == approximate
    assert page.evaluate("window.onframe.errors") == []


@pytest.mark.fault("F70")
def test_a_browser_that_paints_four_times_a_second_skips_pictures_and_stays_with_what_happens_now(
    page: Page, cameras: Cameras
) -> None:
    page.add_init_script(SLOW)
    page.goto(cameras.urls[0])
    until(page, "window.onframe?.exact > 25")
    page.evaluate("window.pause = 250")
    page.wait_for_timeout(1000)
    before = page.evaluate("window.onframe")
    until(page, f"window.onframe.frames > {before['frames'] + 100}", 30)
    slow = page.evaluate("window.onframe")
    composited = slow["composited"] - before["composited"]
    assert 3 <= composited <= 25, "four pictures a second at most, of 25 that come"
    assert slow["dropped"] - before["dropped"] > 50
    assert slow["exact"] - before["exact"] >= 0.8 * composited and slow["approximate"] == 0
    assert 0 < page.evaluate(DELAY) < slow["hold"] + 1000, "it does not fall behind"
    page.evaluate("window.pause = 0")
    until(page, f"window.onframe.exact > {slow['exact'] + 25} && {text('sync-title')} === 'Synced'")
    assert page.evaluate("window.onframe.errors") == []


SLOW = """const ask = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (then) => window.pause ? setTimeout(() => ask(then), window.pause) : ask(then);"""


@pytest.mark.fault("F70")
def test_a_decoder_that_is_too_slow_is_not_given_more_than_it_takes(page: Page, cameras: Cameras) -> None:
    page.add_init_script(SLOW_DECODER)
    page.goto(cameras.urls[0])
    until(page, "window.onframe?.exact > 25")
    page.evaluate("window.pause = 80")
    before = page.evaluate("window.onframe")
    until(page, f"window.onframe.frames > {before['frames'] + 200}", 30)
    slow = page.evaluate("window.onframe")
    assert slow["composited"] - before["composited"] < 150, "half of the pictures at most can be decoded"
    assert slow["approximate"] == 0 and slow["errors"] == []
    assert page.evaluate("window.most") <= 32, "what is not decoded in time waits coded, and is passed over"
    page.evaluate("window.pause = 0")
    until(page, f"window.onframe.exact > {slow['exact'] + 25} && {text('sync-title')} === 'Synced'")
    until(page, f"{DELAY} < window.onframe.hold + 300")


FIGURE = "[...document.querySelectorAll('#counts dt')].find((e) => e.textContent === '{}').nextSibling.textContent"
DELAY = f"parseFloat({FIGURE.format('delay')})"
SLOW_DECODER = """const Own = VideoDecoder;
window.pause = window.most = 0;
globalThis.VideoDecoder = class extends Own {  // one picture in each pause
    #waiting = []; #timer = 0;
    get decodeQueueSize() { return this.#waiting.length + super.decodeQueueSize; }
    decode(chunk) {
        if (!window.pause && !this.#waiting.length) return super.decode(chunk);
        this.#waiting.push(chunk);
        window.most = Math.max(window.most, this.#waiting.length);
        this.#timer ||= setTimeout(() => this.#next(), window.pause);
    }
    #next() {
        this.#timer = 0;
        if (this.state === 'configured' && this.#waiting.length) super.decode(this.#waiting.shift());
        if (this.#waiting.length) this.#timer = setTimeout(() => this.#next(), window.pause);
    }
    async flush() {
        while (this.#waiting.length) await new Promise((then) => setTimeout(then, 10));
        return super.flush();
    }
    reset() { this.#waiting = []; super.reset(); }
    close() { this.#waiting = []; super.close(); }
};"""


def without_jpeg(page: Page) -> list[Any]:
    """As if the server had no packages to make JPEG with; what the page says is in the list that is returned."""
    said: list[Any] = []

    def serve(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def from_server(message: str | bytes) -> None:
            if isinstance(message, str) and message.startswith('{"type":"welcome"'):
                welcome = json.loads(message)
                assert welcome.pop("jpeg") is True
                message = json.dumps(welcome)
            socket.send(message)

        def from_page(message: str | bytes) -> None:
            said.append(json.loads(message))
            server.send(message)

        server.on_message(from_server)
        socket.on_message(from_page)

    page.route_web_socket("**/ws**", serve)
    return said


def asked_for(said: list[Any]) -> list[tuple[int, str]]:
    return [(one["stream"], one["path"]) for one in said if one["type"] == "watch"]


def test_a_browser_that_decodes_nothing_draws_the_metadata_on_a_grid_and_says_why(page: Page, cameras: Cameras) -> None:
    page.add_init_script("delete globalThis.VideoDecoder; delete globalThis.MediaSource")
    said = without_jpeg(page)
    page.goto(cameras.urls[0])
    until(page, "!document.querySelector('#notice').hidden")
    why = "this browser has no WebCodecs video decoder; this browser has no MediaSource; this server sends no JPEG"
    assert page.inner_text("#notice").endswith(f"cannot be shown: {why}. The metadata is drawn on a grid.")
    assert page.text_content("#path") == f"no pictures: {why}"
    until(page, f"{text('sync-title')} === 'No picture' && document.querySelectorAll('#counts dd').length > 0")
    page.wait_for_timeout(500)
    drawn = []
    for _ in range(3):
        drawn.append(page.locator("#picture").screenshot())
        page.wait_for_timeout(300)
    assert len(set(drawn)) == 3, "shapes move"
    assert asked_for(said) == [(0, "none")]
    assert page.evaluate("window.onframe.composited") == 0


PLAIN = {
    "connecting": "Connecting to the camera",
    "authenticating": "Logging in",
    "stale": "fallen silent",
    "backoff": "cannot be reached",
    "auth_failed": "refuses the login",
    "no_track": "carries no metadata",
    "stopped": "not watched any more",
    "offline": "Onframe server cannot be reached",
}


def test_every_state_is_shown_with_its_reason_and_since_when(page: Page, cameras: Cameras) -> None:
    sockets: list[WebSocketRoute] = []
    page.route_web_socket("**/ws**", lambda socket: sockets.append(socket))
    page.goto(cameras.urls[0])
    until(page, f"{text('state-name')} === 'connecting'")
    for name in ("live", "quiet", *PLAIN):
        since = datetime.now(UTC) - timedelta(hours=2, minutes=5, seconds=30)
        state = wire.State(name, f"because of {name}", since.isoformat(timespec="milliseconds"))
        sockets[-1].send(wire.encode(state))
        until(page, f"{text('reason')} === 'because of {name}'")
        assert page.inner_text("#state-name") == name.replace("_", " ")
        assert page.inner_text("#since") == "for 2 h 5 min"
        assert page.is_visible("#trouble") == (name in PLAIN)
        if name in PLAIN:
            assert PLAIN[name] in page.inner_text("#trouble") and f"because of {name}" in page.inner_text("#trouble")
            assert page.evaluate("getComputedStyle(document.querySelector('#picture')).filter") != "none"


def test_a_camera_that_falls_silent_is_stale_then_lost_and_then_live_again(page: Page, cameras: Cameras) -> None:
    page.add_init_script(SAID)
    page.goto(cameras.urls[0])
    until(page, "window.onframe?.exact > 25")
    assert not page.is_visible("#trouble")
    cameras.tell("inject stall")
    until(page, f"{text('sync-title')} === 'Standing still' && {text('sync-line')}.includes('no new picture for')")
    until(page, "window.said?.some((line) => line.startsWith('stale for'))", 30)
    until(page, f"{text('state-name')} === 'backoff'", 30)
    until(page, f"{text('sync-title')} === 'Standing still'")
    assert page.is_visible("#trouble") and page.inner_text("#reason")
    cameras.tell("clear stall")
    until(page, f"{text('state-name')} === 'live'", 60)
    exact = page.evaluate("window.onframe.exact")
    until(page, f"window.onframe.exact > {exact + 25} && {text('sync-title')} === 'Synced'")
    assert not page.is_visible("#trouble")


SAID = """addEventListener('DOMContentLoaded', () => {
    window.said = [];
    new MutationObserver(() => {
        const words = ['state-name', 'since', 'reason'].map((id) => document.getElementById(id).textContent);
        window.said.push(words.join(' '));
    }).observe(document.querySelector('header'), { subtree: true, childList: true, characterData: true });
});"""


def test_a_refused_login_is_shown_with_what_to_do(page: Page, cameras: Cameras) -> None:
    page.goto(cameras.urls[-1])
    until(page, f"{text('state-name')} === 'auth failed'")
    until(page, f"{text('trouble-hint')} !== ''")
    assert "refuses the login" in page.inner_text("#trouble")
    assert "canary" not in page.inner_text("body"), "the password is nowhere"


H265 = "hvc1.1.6.L63.90"
DECODES_H265 = f"VideoDecoder.isConfigSupported({{codec: '{H265}'}}).then((answer) => answer.supported)"


def test_an_h265_stream_is_shown_or_comes_as_jpeg_and_the_page_says_why(page: Page, cameras: Cameras) -> None:
    sent: list[Any] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: sent.append(json.loads(data))))
    page.goto(cameras.urls[-2])
    until(page, "window.onframe?.composited > 25", 60)
    assert not page.is_visible("#notice"), "nothing is missing"
    assert page.inner_text("#camera").endswith("stream 3")
    if page.evaluate(DECODES_H265):
        assert page.evaluate("window.onframe.codec").startswith("hvc1.")
        return
    why = f"this browser has no decoder for {H265}; this browser does not play H.265 ({H265})"
    assert page.text_content("#path") == f"JPEG (jpeg): {why}"
    assert asked_for(sent) == [(0, "annexb"), (3, "jpeg")]
    assert sent[-1]["why"] == why, "the server is told"


def test_an_h265_stream_that_cannot_come_as_jpeg_gives_way_to_the_sub_stream(page: Page, cameras: Cameras) -> None:
    said = without_jpeg(page)
    page.goto(cameras.urls[-2])
    until(page, "window.onframe?.composited > 25", 60)
    if page.evaluate(DECODES_H265):
        assert page.evaluate("window.onframe.codec").startswith("hvc1.") and not page.is_visible("#notice")
        return
    notice = page.inner_text("#notice")
    assert f"stream 103 (H.265, {H265}) cannot be shown: this browser has no decoder for {H265}" in notice
    assert "this server sends no JPEG" in notice and notice.endswith("Shown instead is the sub-stream.")
    assert page.inner_text("#camera").endswith("sub-stream")
    assert page.evaluate("window.onframe.codec").startswith("avc1.")
    assert asked_for(said) == [(0, "annexb"), (2, "annexb")]


def test_the_details_tell_the_transport_and_what_was_lost(page: Page, cameras: Cameras) -> None:
    page.goto(cameras.urls[0])
    page.click("#tab-details")
    until(page, f"{text('details')}.includes('transporttcp')")
    shown = page.inner_text("#details")
    for name in ("lost", "video lost", "reconnects", "malformed rtp", "clock steps", "unreadable"):
        assert f"{name}\n" in shown


@pytest.fixture(scope="module")
def unusual() -> Iterator[Cameras]:
    """Cameras whose pictures come in another order than they are shown in, and whose pictures change their size."""
    known = {"scene": "gate", "clock": "sr", "viewer": {"hosts": [INSECURE]}}
    sizes = {"faults": "small@4s..8s every 8s"}  # four seconds each, from the next key picture on
    cameras = Cameras({**known, "quirks": {"b_pictures": "on"}}, {**known, **sizes})
    yield cameras
    cameras.close()


def well(page: Page, path: str) -> None:
    """Nothing has gone wrong so far. Records come before their pictures; few are late because the machine was busy."""
    counters = page.evaluate("window.onframe")
    assert (counters["path"], counters["errors"]) == (path, [])
    assert counters["approximate"] == 0 and counters["late"] <= 0.03 * counters["frames"], counters
    assert counters["exact"] >= 0.9 * counters["composited"], counters
    assert not page.is_visible("#notice") and not page.is_visible("#trouble")


@pytest.mark.parametrize("path", PATHS)
def test_b_pictures_are_shown_in_their_order_each_with_its_own_metadata(
    page: Page, unusual: Cameras, path: str
) -> None:
    page.goto(unusual.urls[0].replace("127.0.0.1", PATHS[path]))
    until(page, "window.onframe?.exact > 50")
    exact = page.evaluate("window.onframe.exact")
    until(page, f"window.onframe.exact > {exact + 100} && {text('sync-title')} === 'Synced'")
    well(page, path)
    counters = page.evaluate("window.onframe")
    assert counters["dropped"] <= 0.15 * counters["frames"], counters


@pytest.mark.parametrize("path", PATHS)
def test_pictures_of_another_size_in_mid_stream_go_on_being_exact(page: Page, unusual: Cameras, path: str) -> None:
    page.goto(unusual.urls[1].replace("127.0.0.1", PATHS[path]))
    until(page, "window.onframe?.exact > 10")
    page.keyboard.press("d")
    first = f"{text('details')}.includes('1280 ×')"
    sizes = ["640 × 360", "1280 × 720", "640 × 360"]
    for size in sizes if page.evaluate(first) else sizes[1:]:
        until(page, f"{text('details')}.includes('picture{size}')")
        exact = page.evaluate("window.onframe.exact")
        until(page, f"window.onframe.exact > {exact + 40} && {text('sync-title')} === 'Synced'")
        assert f"picture{size}" in str(page.text_content("#details")), "all of them were of this size"
        well(page, path)


EMBEDDED = """(() => {
    const module = Object.assign(document.createElement('script'), { type: 'module', src: 'element.js' });
    const view = document.createElement('onframe-view');
    view.setAttribute('controls', '');
    document.body.replaceChildren(module, view);
})()"""


def test_the_page_and_the_element_ask_nobody_but_their_own_server(browser: Browser, unusual: Cameras) -> None:
    """All requests are recorded; the policy that would keep the page from asking anybody else is out of force."""
    context = browser.new_context(viewport={"width": 1280, "height": 760}, bypass_csp=True)
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.on("websocket", lambda socket: asked.append(socket.url))
    for host in PATHS.values():
        page.goto(unusual.urls[0].replace("127.0.0.1", host))
        until(page, "window.onframe?.exact > 10")
        for key in "?eltd":
            page.keyboard.press(key)
            page.keyboard.press("Escape")
        page.keyboard.press(" ")
        with page.expect_download():
            page.keyboard.press("s")
    own = {f"{host}:{urlsplit(unusual.urls[0]).port}" for host in PATHS.values()}
    page.goto(f"http://{urlsplit(unusual.urls[0]).netloc}/nothing")  # a page of the server with nothing on it
    page.evaluate(EMBEDDED)
    until(page, "document.querySelector('onframe-view').player?.counters.exact > 10")
    context.close()
    addresses = [urlsplit(url.removeprefix("blob:")) for url in asked]
    assert {address.netloc for address in addresses} == own, asked
    assert {address.scheme for address in addresses} == {"http", "ws"}
    assert {"/", "/main.js", "/style.css", "/player.js", "/element.js", "/ws"} <= {
        address.path for address in addresses
    }


ATTACK = '<img src=x onerror="alert(1)"><script>alert(2)</script>'
HOSTILE = (
    ATTACK,
    "W" * 10_000,
    "AB\u202e12\u200b\u0007\u2066\ufeff\0",
    "__proto__",
    "\U0001f468\u200d" * 900,
    "\U0001f6a8" * 10_000,
    "\u202eABC 123\u202c",
    "\ud800",
)


def hostile_record(number: int, value: str) -> Record:
    """A plate with an alarm, all of its texts the given one, and its colours too."""
    names = ("licensePlate", "plateColor", "plateType", "vehicleType", "vehicleColor", "direction", "confidence")
    target = Target(
        target_id=value,
        rule_id=value,
        recognition=value,
        regions=[[(200, 200), (400, 200), (400, 400), (200, 400)]],
        properties=[(name, value) for name in names],
    )
    alarm = Target(target_id=value, properties=[("triggerEvent", "true"), ("eventType", value)], regions=target.regions)
    sub_type, targets = [("ANPR", [target]), ("behaviorAnalysis", [alarm]), (value, [alarm])][number % 3]
    metadata = Metadata(type="target", sub_type=sub_type, targets=targets)
    now = datetime(2030, 5, 1, 12, 0, 0, tzinfo=UTC)
    return Record(value, 1, 1, 0, number, now, metadata, timestamp=3600 * number)


def hostile_server(page: Page) -> list[str]:
    """Everything that the page is told is hostile; what it says and no server would read is in the list."""
    unread: list[str] = []

    def serve(socket: WebSocketRoute) -> None:
        narrator = Narrator(ATTACK, 1, 1, Coordinates(), key=ATTACK)

        def heard(text: str | bytes) -> None:
            try:
                wire.decode(text)
            except ProtocolError as error:
                unread.append(str(error))
            asked = json.loads(text)
            if asked["type"] == "inspect":
                known: dict[str, Any] = {
                    "raw": "".join(HOSTILE[:6]),
                    "facts": {ATTACK: ATTACK, "__proto__": HOSTILE[2]},
                    "properties": [(value, value) for value in HOSTILE],
                }
                socket.send(wire.encode(wire.Inspected(asked["n"], asked["subject"], **known)))
            elif asked["type"] == "watch":
                tell()

        def tell() -> None:
            hello = narrator.hello()
            hello.legend = [(value, value) for value in HOSTILE]
            hello.coordinates = ATTACK
            socket.send(wire.encode(hello))
            socket.send(wire.encode(wire.State(ATTACK, HOSTILE[1], "")))
            socket.send(wire.encode(wire.Error("camera", ATTACK + HOSTILE[1], HOSTILE[2])))
            socket.send(wire.encode(wire.Error("server", ATTACK + HOSTILE[1], HOSTILE[2])))
            socket.send(wire.encode(wire.Stats({ATTACK: HOSTILE[2], "__proto__": ATTACK})))
            for number, value in enumerate(HOSTILE * 4):
                for output in narrator.tell(hostile_record(number, value)):
                    assert not isinstance(output, Picture)
                    socket.send(wire.encode(output))

        socket.on_message(heard)
        welcome = wire.Welcome([wire.Seen(ATTACK, ATTACK), wire.Seen(HOSTILE[2], HOSTILE[1])], version=ATTACK)
        socket.send(wire.encode(welcome))

    page.route_web_socket("**/ws**", serve)
    return unread


@pytest.mark.fault("F69")
def test_whatever_strings_a_device_sends_they_are_inert(page: Page, cameras: Cameras) -> None:
    hostile_server(page)
    page.goto(f"{cameras.urls[0]}&grid=1")
    until(page, "document.querySelectorAll('#events .title').length >= 6")
    until(page, "document.querySelectorAll('#counts dd').length > 0")
    assert ATTACK in page.inner_text("#events") and ATTACK in page.inner_text("#camera")
    for tab in "ltde":
        page.keyboard.press(tab)
        page.wait_for_timeout(500)  # what stands beside the picture is written a few times a second
        assert_inert(page)
    page.keyboard.press("t")
    for target in range(page.locator("#targets button").count()):
        page.locator("#targets button").nth(target).press("Enter")
        until(page, f"{text('target-raw')}.includes('onerror')")
        assert_inert(page)
        page.keyboard.press("Escape")
    drawn = page.evaluate("document.querySelector('#picture').toDataURL().length")
    assert drawn > 5000, "something of it is on the picture"
    # two errors were told by the server; the page itself has none
    assert len(page.evaluate("window.onframe.errors")) == 2
    page.keyboard.press("2")
    until(page, "decodeURIComponent(location.search).includes('camera=')")
    assert_inert(page)


@pytest.mark.fault("F69")
def test_whatever_a_device_calls_its_targets_the_server_can_read_what_the_page_asks_of_them(
    page: Page, cameras: Cameras
) -> None:
    unread = hostile_server(page)
    page.goto(cameras.urls[0])
    until(page, "document.querySelectorAll('#events .title').length >= 6")
    page.keyboard.press("t")
    until(page, "document.querySelectorAll('#targets button').length >= 2")
    for target in range(page.locator("#targets button").count()):
        page.locator("#targets button").nth(target).press("Enter")
        until(page, f"{text('target-raw')}.includes('onerror')")
        page.keyboard.press("Escape")
    assert unread == []


TAGS = "section header canvas p b aside h2 h3 div i dl dt dd ol ul li span time details summary button input label pre "
TAGS += "output svg path circle rect line polyline"


def assert_inert(page: Page) -> None:
    """What is shown is text: no element, attribute or style that this page does not make, nothing invisible."""
    tags = page.evaluate("[...new Set([...document.querySelectorAll('main *')].map((e) => e.localName))].sort()")
    assert set(tags) <= set(TAGS.split()), tags
    assert page.evaluate("document.querySelectorAll('img, iframe, object, embed, body script').length") == 0
    names = (
        "[...document.querySelectorAll('*')].flatMap((e) => e.getAttributeNames()).filter((n) => /^on|^srcdoc/.test(n))"
    )
    assert page.evaluate(names) == []
    shown = page.inner_text("body")
    invisible = set("\u202e\u200b\u0007\u2066\ufeff\0")
    assert [line[:200] for line in shown.splitlines() if set(line) & invisible] == []
    assert max(map(len, shown.splitlines())) < 700
    assert page.evaluate("document.documentElement.scrollWidth") == 1280
    assert page.evaluate("Object.keys(Object.prototype)") == []
