"""The page in a browser with the whole chain behind it: grades, trouble, and what no device should have sent."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute

from onframe.isapi.metadata import Metadata, Target
from onframe.record import Coordinates, Record
from onframe.viewer import wire
from onframe.viewer.narrator import Narrator, Picture

CLOCKS = ("rtpinfo", "shared-base", "none", "document", None)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]


class Cameras:
    """The servers, in a process of their own; the first camera can be stopped and started."""

    def __init__(self, *options: dict[str, Any]) -> None:
        command = [sys.executable, str(Path(__file__).with_name("cameras.py")), json.dumps(options)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.urls: list[str] = json.loads(self._read())

    def tell(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        assert self._read() == "done\n"

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        assert self._process.wait(10) == 0
        self._process.stdout.close()

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the servers ended"
        return line


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
    """A page of which nothing may be said on its console, and that opens no dialog."""
    page = browser.new_page(viewport={"width": 1280, "height": 760})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    yield page
    page.close()
    assert said == []


def until(page: Page, condition: str, within: float = 20.0) -> None:
    """Polls: the page's policy forbids to wait by a function that is a string."""
    deadline = time.monotonic() + within
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, (condition, page.inner_text("body"), page.evaluate("window.onframe"))
        page.wait_for_timeout(50)


def text(element: str) -> str:
    return f"document.querySelector('#{element}').textContent"


@pytest.mark.requirement("R-043")
@pytest.mark.parametrize("clock", ["rtpinfo", "shared-base"])
def test_a_clock_that_relates_the_tracks_counts_as_exact(page: Page, cameras: Cameras, clock: str) -> None:
    page.goto(cameras.urls[1 + CLOCKS.index(clock)])
    until(page, f"window.onframe?.exact > 40 && {text('sync-title')} === 'Synced'")
    assert clock.replace("rtpinfo", "rtp info").replace("-", " ") in page.inner_text("#sync-line")


@pytest.mark.requirement("R-043")
@pytest.mark.parametrize("clock", ["none", "document", None])
def test_any_other_clock_is_called_approximate_with_its_uncertainty(
    page: Page, cameras: Cameras, clock: str | None
) -> None:
    page.goto(cameras.urls[1 + CLOCKS.index(clock)])
    until(page, f"window.onframe?.approximate > 40 && {text('sync-title')} === 'Approximate'")
    line = page.inner_text("#sync-line")
    assert re.match(r"±\d+ ms \((document|arrival)\) · hold \d+ ms$", line), line
    assert page.evaluate("window.onframe.exact") == 0


@pytest.mark.fault("F70")
def test_a_server_that_starts_again_is_found_again_and_the_page_goes_on(page: Page, cameras: Cameras) -> None:
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


def test_without_webcodecs_the_page_says_why_asks_for_the_sub_stream_and_draws_on_a_grid(
    page: Page, cameras: Cameras
) -> None:
    page.add_init_script("delete globalThis.VideoDecoder")
    sent: list[Any] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: sent.append(json.loads(data))))
    page.goto(cameras.urls[0])
    until(page, f"{text('camera')}.endsWith('sub-stream') && {text('sync-title')} === 'No picture'")
    assert "no WebCodecs video decoder" in page.inner_text("#notice")
    until(page, "document.querySelectorAll('#counts dd').length > 0")
    page.wait_for_timeout(500)
    drawn = []
    for _ in range(3):
        drawn.append(page.locator("#picture").screenshot())
        page.wait_for_timeout(300)
    assert len(set(drawn)) == 3, "shapes move"
    assert [(one["type"], one["stream"]) for one in sent] == [("unsupported", 1), ("unsupported", 2)]
    assert page.evaluate("window.onframe.composited") == 0


PLAIN = {
    "connecting": "Connecting to the camera",
    "authenticating": "Logging in",
    "stale": "fallen silent",
    "backoff": "cannot be reached",
    "auth_failed": "refuses the login",
    "no_track": "carries no metadata",
    "stopped": "not watched any more",
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


def test_an_h265_stream_is_shown_or_replaced_with_plain_words(page: Page, cameras: Cameras) -> None:
    sent: list[Any] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: sent.append(json.loads(data))))
    page.goto(cameras.urls[-2])
    asked = "VideoDecoder.isConfigSupported({codec: 'hvc1.1.6.L63.90'}).then((answer) => answer.supported)"
    until(page, "window.onframe?.composited > 25", 60)
    if page.evaluate(asked):
        assert page.evaluate("window.onframe.codec").startswith("hvc1.") and not page.is_visible("#notice")
        return
    notice = page.inner_text("#notice")
    assert "stream 103 (H.265, hvc1.1.6.L63.90) cannot be shown" in notice
    assert "this browser has no decoder for hvc1.1.6.L63.90" in notice and "Shown instead is the sub-stream" in notice
    assert page.inner_text("#camera").endswith("sub-stream") and page.evaluate("window.onframe.codec").startswith(
        "avc1."
    )
    assert [(one["type"], one["stream"]) for one in sent] == [("unsupported", 3)]


def test_the_details_tell_the_transport_and_what_was_lost(page: Page, cameras: Cameras) -> None:
    page.goto(cameras.urls[0])
    page.click("summary")
    until(page, f"{text('details')}.includes('transporttcp')")
    shown = page.inner_text("#details")
    for name in ("lost", "video lost", "reconnects", "malformed rtp", "clock steps", "unreadable"):
        assert f"{name}\n" in shown


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
    sub_type, targets = ("ANPR", [target]) if number % 2 else ("behaviorAnalysis", [alarm])
    metadata = Metadata(type="target", sub_type=sub_type, targets=targets)
    now = datetime(2030, 5, 1, 12, 0, 0, tzinfo=UTC)
    return Record(value, 1, 1, 0, number, now, metadata, timestamp=3600 * number)


@pytest.mark.fault("F69")
def test_whatever_strings_a_device_sends_they_are_inert(page: Page, cameras: Cameras) -> None:
    def serve(socket: WebSocketRoute) -> None:
        narrator = Narrator(ATTACK, 1, 1, Coordinates())
        socket.send(wire.encode(narrator.hello()))
        socket.send(wire.encode(wire.State(ATTACK, HOSTILE[1], "")))
        socket.send(wire.encode(wire.Error("camera", ATTACK + HOSTILE[1], HOSTILE[2])))
        socket.send(wire.encode(wire.Stats({ATTACK: HOSTILE[2], "__proto__": ATTACK})))
        for number, value in enumerate(HOSTILE * 4):
            for output in narrator.tell(hostile_record(number, value)):
                assert not isinstance(output, Picture)
                socket.send(wire.encode(output))

    page.route_web_socket("**/ws**", serve)
    page.goto(cameras.urls[0])
    until(page, "document.querySelectorAll('#events .title').length >= 6")
    until(page, "document.querySelectorAll('#counts dd').length > 0")
    tags = page.evaluate("[...new Set([...document.querySelectorAll('main *')].map((e) => e.localName))].sort()")
    assert set(tags) <= set("section canvas p b aside h2 div i dl dt dd ol ul li span time details summary".split())
    assert page.evaluate("document.querySelectorAll('main img, main script, body > script, [onerror]').length") == 0
    assert ATTACK in page.inner_text("#events") and ATTACK in page.inner_text("#camera")
    shown = page.inner_text("body")
    assert max(map(len, shown.splitlines())) < 700
    assert not set(shown) & set("\u202e\u200b\u0007\u2066\ufeff\0")
    assert page.evaluate("document.documentElement.scrollWidth") == 1280
    drawn = page.evaluate("document.querySelector('#picture').toDataURL().length")
    assert drawn > 5000, "something of it is on the picture"
    # one error was told by the server; the page itself has none
    assert len(page.evaluate("window.onframe.errors")) == 1
