"""The page as an onlooker uses it, in a real browser on ``onframe demo``: find, freeze, step, save, switch, hide."""

from __future__ import annotations

import io
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsers import clean_page, until
from PIL import Image
from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

PICTURE = 40  # ms from one picture to the next
CUT = "(chosen) => [...document.querySelectorAll(chosen)].some((e) => e.scrollWidth > e.clientWidth)"
SCRIPTS = Path(__file__).parent / "js"
SIZES = [(360, 740), (412, 915), (768, 1024), (844, 390), (1024, 700), (1440, 810), (2560, 1440), (3840, 2160)]


@contextmanager
def demo(scenes: str) -> Iterator[str]:
    command = [sys.executable, "-m", "onframe", "demo", "--scene", scenes, "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = next(filter(None, (re.search(r"http://127\.0\.0\.1:\d+/\?t=\S+", line) for line in process.stdout)))
        yield found.group()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)


@pytest.fixture(scope="module")
def gate() -> Iterator[str]:
    with demo("gate") as address:
        yield address


@pytest.fixture(scope="module")
def pair() -> Iterator[str]:
    with demo("gate,hall") as address:
        yield address


@pytest.fixture(scope="module")
def four() -> Iterator[str]:
    with demo("gate,hall,thermal,harbour") as address:
        yield address


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with clean_page(browser, 1440, 810, color_scheme="dark") as page:
        yield page


def opened(page: Page, address: str, query: str = "") -> None:
    page.goto(f"{address}{query and '&' + query}")
    until(page, "window.onframe?.exact > 12")


def query(page: Page) -> str:
    shown: str = page.evaluate("location.search")
    return shown


def shown_at(page: Page) -> float:
    """ms of the day of the frozen picture."""
    hours, minutes, seconds = page.inner_text("#shown-at").split(":")
    return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1000)


def canvas(page: Page) -> bytes:
    """The pixels of the picture with what lies on it."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    data: str = page.evaluate("document.querySelector('.tile:not([hidden]) canvas').toDataURL()")
    return data.encode()


def settled(page: Page) -> None:
    """A text that finds a better place on a picture that stands still moves there once."""
    last = b""
    while last != (last := canvas(page)):
        page.wait_for_timeout(700)


def test_a_plate_of_a_while_ago_is_found_by_typing_and_shown_on_its_own_picture(page: Page, gate: str) -> None:
    opened(page, gate)
    until(page, "document.querySelector('#events .chip') !== null")
    plate = page.locator("#events .chip").last.inner_text()
    seen = page.locator("#events li", has_text=plate).last.locator("time").inner_text()
    until(page, f"performance.now() > {page.evaluate('performance.now()') + 9000}")
    page.keyboard.press("/")
    page.keyboard.type(plate.replace(" ", "").lower())
    until(page, f"[...document.querySelectorAll('#events .title')].every((one) => one.textContent === '{plate}')")
    assert page.locator("#events li").count() >= 1
    page.locator("#events li", has_text=seen).first.locator("button").click()
    until(page, "document.querySelector('#target-title').textContent !== ''")
    assert page.inner_text("#shown-word") == "Frozen"
    hours, minutes, seconds = map(int, seen.split(":"))
    since = shown_at(page) - ((hours * 60 + minutes) * 60 + seconds) * 1000
    assert 0 <= since < 1000, "the picture is that of the event"
    page.click("#tab-target")
    until(page, "document.querySelector('#target-raw').textContent.includes('<')")
    assert plate in page.inner_text("#target-raw") and plate in page.inner_text("#page-target")
    settled(page)
    frozen = canvas(page)
    page.wait_for_timeout(300)
    assert canvas(page) == frozen, "it stands still"


def test_freezing_stepping_and_going_on(page: Page, gate: str) -> None:
    opened(page, gate, "hide=label,rule,plate")  # texts choose their places; all else is where it is
    until(page, "window.onframe.exact > 60")
    page.click("#freeze")
    assert page.inner_text("#shown-word") == "Frozen" and page.inner_text("#freeze") == "Live"
    at, before = shown_at(page), canvas(page)
    for button, times, by in (("#back", 1, -1), ("#back", 2, -3), ("#forward", 3, 0)):
        for _ in range(times):
            shown = shown_at(page)
            page.click(button)
            until(page, f"document.querySelector('#shown-at').textContent !== '{clock(shown)}'")
        assert abs(shown_at(page) - at - by * PICTURE) <= 2
    assert canvas(page) == before, "the same picture again, with the same drawn on it"
    page.click("#freeze")
    until(page, "document.querySelector('#shown-word').textContent === 'Live'")
    count = page.evaluate("window.onframe.composited")
    until(page, f"window.onframe.composited > {count + 10}")


def clock(milliseconds: float) -> str:
    seconds, rest = divmod(int(milliseconds), 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"


def test_a_saved_picture_is_a_png_of_the_pictures_own_size_with_all_that_is_drawn(page: Page, gate: str) -> None:
    opened(page, gate)
    page.click("#freeze")
    with page.expect_download() as downloading:
        page.click("#snapshot")
    download = downloading.value
    assert re.fullmatch(r"gate_\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}\.png", download.suggested_filename)
    assert download.suggested_filename[16:28].replace("-", ":") == page.inner_text("#shown-at")
    assert page.inner_text("#remark") == f"Saved as {download.suggested_filename}"
    assert page.evaluate(CUT, "#remark") is False, "to its last letter"
    saved = Image.open(download.path())
    assert saved.format == "PNG" and saved.size == (1280, 720)
    page.click("#tab-layers")
    page.click("#layer-switches [data-value=rule]")
    with page.expect_download() as downloading:
        page.keyboard.press("s")
    bare = Image.open(downloading.value.path())
    assert bare.convert("RGB").tobytes() != saved.convert("RGB").tobytes(), "without the rules it is another one"


def test_the_space_of_the_coordinates_is_switched_and_a_misfit_is_said_beside_it(page: Page, gate: str) -> None:
    opened(page, gate)
    page.click("#coordinates")
    assert page.get_attribute("#coordinates", "aria-expanded") == "true"
    menu = page.locator("#coordinates-menu")
    menu.get_by_role("radio", name="0…1", exact=True).click()
    until(page, "document.querySelector('#coordinates-said').textContent.startsWith('Set: unit')")
    until(page, "!document.querySelector('#misfit').hidden")
    assert "do not fit unit" in page.inner_text("#misfit")
    menu.get_by_role("radio", name="Bottom left").click()
    until(page, "document.querySelector('#coordinates-said').textContent.includes('bottom left')")
    menu.get_by_role("radio", name="0…1000").click()
    menu.get_by_role("radio", name="Top left").click()
    until(page, "document.querySelector('#coordinates-said').textContent.startsWith('Set: 0..1000, origin top left')")
    until(page, "document.querySelector('#misfit').hidden")
    page.keyboard.press("Escape")
    assert not menu.is_visible()
    assert page.evaluate("document.activeElement.id") == "coordinates"


def test_faces_are_hidden_by_one_switch_and_the_link_says_so(page: Page, pair: str) -> None:
    without_texts = "hide=label,rule,queue,people,heatmap"
    opened(page, pair, f"camera=hall&{without_texts}")
    hidden = "#hide-faces"
    deadline = time.monotonic() + 40
    while True:  # until a face is in the picture
        page.keyboard.press(" ")
        before = canvas(page)
        page.click(hidden)
        after = canvas(page)
        if after != before:
            break
        assert time.monotonic() < deadline
        page.click(hidden)
        page.keyboard.press(" ")
        page.wait_for_timeout(500)
    assert page.get_attribute(hidden, "aria-pressed") == "true" and page.inner_text(hidden) == "Faces hidden"
    assert query(page) == f"?camera=hall&{without_texts}&privacy=face"
    page.keyboard.press("p")
    assert page.get_attribute(hidden, "aria-pressed") == "false" and "privacy" not in query(page)
    assert canvas(page) == before


@pytest.mark.parametrize(
    ("camera", "kinds"), [("gate", "target label trail rule"), ("hall", "face queue people heatmap")]
)
def test_each_layer_is_switched_off_and_on_by_itself(page: Page, pair: str, camera: str, kinds: str) -> None:
    opened(page, pair, f"camera={camera}")
    page.click("#layers")
    waiting = kinds.split()
    deadline = time.monotonic() + 60
    while waiting:
        page.keyboard.press(" ")
        settled(page)
        for kind in list(waiting):
            switch = f"#layer-switches [data-value={kind}]"
            whole = canvas(page)
            page.click(switch)
            assert page.get_attribute(switch, "aria-pressed") == "false" and f"hide={kind}" in query(page)
            without = canvas(page)
            page.click(switch)
            assert page.get_attribute(switch, "aria-pressed") == "true" and "hide" not in query(page)
            if without != whole:
                assert canvas(page) != without
                waiting.remove(kind)
        page.locator("body").press("Escape")
        until(page, "document.querySelector('#shown-word').textContent === 'Live'")
        assert time.monotonic() < deadline, f"not seen: {waiting}"


def test_the_address_says_what_is_shown_and_a_link_shows_it(page: Page, browser: Browser, gate: str) -> None:
    opened(page, gate)
    assert query(page) == ""
    page.click("#tab-layers")
    page.click("#layer-switches [data-value=trail]")
    page.click("#layer-switches [data-value=label]")
    page.get_by_role("radiogroup", name="Colour by").get_by_role("radio", name="Target").click()
    page.get_by_role("radiogroup", name="Privacy of human").get_by_role("radio", name="Blur").click()
    page.get_by_role("radiogroup", name="What is waited for").get_by_role("radio", name="Fixed").click()
    page.fill("#hold", "340")
    page.keyboard.press("Enter")
    page.click("#theme")
    said = "?mode=fixed&hold=340&theme=dark&hide=trail,label&color=target&privacy=human:blur"
    assert query(page) == said
    until(page, "Math.abs(window.onframe.hold - 340) < 1")
    page.goto(page.url)
    until(page, "window.onframe?.exact > 12")
    assert query(page) == said and page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.click("#tab-layers")
    off = page.locator("#layer-switches [aria-pressed=false]").all_inner_texts()
    assert off == ["Labels", "Trails"]
    assert page.locator(".modes [aria-checked=true]").all_inner_texts() == ["Fixed"]
    assert page.input_value("#hold") == "340"
    assert "t=" not in page.url.partition("?")[2].replace("&", " ").split(" ")[0], "the token is not in the link"


def test_everything_has_its_key(page: Page, gate: str) -> None:
    opened(page, gate)
    page.keyboard.press(" ")
    assert page.inner_text("#shown-word") == "Frozen"
    at = shown_at(page)
    page.keyboard.press("ArrowLeft")
    until(page, f"document.querySelector('#shown-at').textContent !== '{clock(at)}'")
    assert at - shown_at(page) == pytest.approx(PICTURE, abs=2)
    page.keyboard.press("Escape")
    assert page.inner_text("#shown-word") != "Frozen"
    for key, tab in (("l", "layers"), ("t", "target"), ("d", "details"), ("e", "events")):
        page.keyboard.press(key)
        assert page.get_attribute(f"#tab-{tab}", "aria-selected") == "true" and page.is_visible(f"#page-{tab}")
    page.keyboard.press("?")
    assert page.is_visible("#help")
    keys = page.locator("#help kbd").all_inner_texts()
    assert {"Space", "←", "→", "S", "F", "L", "P", "1", "9", "?", "Esc"} <= set(keys)
    page.keyboard.press("Escape")
    assert not page.is_visible("#help")
    page.keyboard.press("/")
    page.keyboard.type("spl?")
    assert page.input_value("#search") == "spl?" and query(page) == "" and not page.is_visible("#help")
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    page.keyboard.press("m")
    assert query(page) == "?theme=light"
    page.keyboard.press("b")
    assert query(page) == "?theme=light&panel=0" and not page.is_visible("#panel") and not page.is_visible("#header")
    page.keyboard.press("b")
    assert page.is_visible("#panel")


def test_what_can_be_pressed_is_reached_by_tab_and_has_a_name(page: Page, gate: str) -> None:
    opened(page, gate)
    wanted = set(page.evaluate("[...document.querySelectorAll('.toolbar button, #controls button')].map((b) => b.id)"))
    wanted -= {""} | set(page.evaluate("[...document.querySelectorAll('[role=radio]')].map((b) => b.id)"))
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id"))
    assert wanted <= reached
    assert {"search", "tab-events"} <= reached
    for tab in ("events", "layers", "target", "details"):
        page.keyboard.press(tab[0])
        nameless = "[...document.querySelectorAll('button, input')].filter((e) => e.checkVisibility() && !(e.ariaLabel"
        nameless += " || e.innerText.trim() || e.labels?.length)).map((e) => e.outerHTML)"
        assert page.evaluate(nameless) == []
    assert page.locator("#picture").get_attribute("role") == "img"
    assert page.locator("[aria-live]").evaluate_all("(all) => all.map((e) => e.ariaLive)") == ["polite"]


def test_a_target_that_is_clicked_tells_what_it_is_and_where_it_has_been(page: Page, gate: str) -> None:
    opened(page, gate)
    page.click("#tab-target")
    until(page, "document.querySelectorAll('#targets button').length > 0 && window.onframe.exact > 80")
    page.keyboard.press(" ")
    page.wait_for_timeout(500)
    page.locator("#targets button").first.press("Enter")
    until(page, "document.querySelector('#target-raw').textContent.length > 100")
    facts = page.inner_text("#target-facts")
    for name in ("class", "drawn", "sort", "captured", "clock"):
        assert f"{name}\n" in facts
    assert "sender reports, exact" in facts
    assert page.inner_text("#target-raw").count("\n") > 10, "its lines are apart"
    page.keyboard.press("Escape")
    assert not page.is_visible("#target-raw") and page.inner_text("#shown-word") == "Frozen"


def test_a_grid_of_cameras_one_of_them_large_and_back(page: Page, pair: str) -> None:
    opened(page, pair)
    until(page, "document.querySelectorAll('.tile').length === 2")
    until(page, "[...document.querySelectorAll('.tile-grade')].every((e) => /^\\d+ % exact$/.test(e.textContent))")
    assert page.locator(".tile-name").all_inner_texts() == ["gate", "hall"]
    boxes = page.locator(".frame").evaluate_all("(all) => all.map((e) => e.getBoundingClientRect().width)")
    page.locator(".tile").nth(1).focus()
    page.keyboard.press("Enter")
    assert query(page) == "?camera=hall" and page.locator(".tile:visible").count() == 1
    until(page, "document.querySelector('#camera').textContent.startsWith('hall')")
    until(
        page, f"document.querySelector('.tile:not([hidden]) .frame').getBoundingClientRect().width > {1.5 * boxes[1]}"
    )
    page.keyboard.press("Escape")
    assert query(page) == "" and page.locator(".tile:visible").count() == 2
    page.keyboard.press("1")
    assert query(page) == "?camera=gate"
    page.keyboard.press("1")
    page.locator(".tile canvas").nth(1).click()
    assert query(page) == "?camera=hall"
    page.get_by_role("radio", name="One camera").click()
    assert query(page) == "?camera=hall&grid=1" and page.locator(".tile").count() == 1
    page.keyboard.press("1")
    until(page, "document.querySelector('#camera').textContent.startsWith('gate')")
    page.get_by_role("radio", name="Nine cameras").click()
    assert query(page) == "?grid=9" and page.locator(".tile").count() == 2


def test_the_pictures_alone_for_a_wall(page: Page, pair: str) -> None:
    opened(page, pair, "panel=0")
    until(page, "document.querySelectorAll('.tile').length === 2")
    for gone in ("#header", "#panel", ".toolbar"):
        assert not page.is_visible(gone)
    page.hover("#tiles")
    page.click("#controls-back")
    assert page.is_visible("#panel") and query(page) == ""


# What a person would see at once: what lies on what, what is cut, what is too pale

LAYOUT = SCRIPTS.joinpath("layout.js").read_text()


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_nothing_overlaps_and_nothing_is_cut_off(page: Page, pair: str, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    opened(page, pair)
    until(page, "document.querySelectorAll('.tile').length === 2")
    for large in (False, True):
        if large:
            page.keyboard.press("1")
        for tab in ("events", "layers", "target", "details"):
            page.keyboard.press(tab[0])
            page.wait_for_timeout(60)
            assert page.evaluate(LAYOUT) == [], (tab, large)
    page.evaluate("document.querySelector('#figures').toggleAttribute('open')")
    page.wait_for_timeout(60)
    assert page.evaluate(LAYOUT) == [], "with the figures where they were hidden, and without where they were shown"
    page.evaluate("document.querySelector('#figures').toggleAttribute('open')")
    box = page.locator(".tile:visible canvas").bounding_box()
    assert box is not None and box["width"] >= 0.42 * width and abs(box["width"] / 16 - box["height"] / 9) < 1
    panel = page.locator(".pages").bounding_box()
    assert panel is not None and panel["height"] > 100 and panel["y"] + panel["height"] <= height + 1


@pytest.mark.parametrize("height", [420, 740])
def test_a_grid_on_a_phone_is_scrolled_and_not_squeezed(page: Page, four: str, height: int) -> None:
    page.set_viewport_size({"width": 360, "height": height})
    opened(page, four)
    until(page, "document.querySelectorAll('.tile').length === 4")
    until(page, "[...document.querySelectorAll('.tile canvas')].every((e) => e.offsetHeight > 60)")
    assert page.evaluate(LAYOUT) == []
    boxes: Any = page.locator(".tile").evaluate_all(
        "(all) => all.map((e) => JSON.parse(JSON.stringify(e.getBoundingClientRect())))"
    )
    assert all(box["height"] > 9 / 16 * box["width"] for box in boxes), "the picture and its strip"
    assert boxes[2]["top"] >= boxes[0]["bottom"] and boxes[3]["top"] >= boxes[1]["bottom"]
    page.locator(".tile").nth(3).scroll_into_view_if_needed()
    page.locator(".tile canvas").nth(3).click()
    assert query(page) == "?camera=harbour"
    assert page.evaluate(CUT, "#camera, #camera-name") is False


CONTRAST = SCRIPTS.joinpath("contrast.js").read_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(page: Page, pair: str, theme: str) -> None:
    opened(page, pair, f"theme={theme}")
    until(page, "document.querySelectorAll('#events li').length > 1")
    ground: Any = page.evaluate("getComputedStyle(document.body).colorScheme")
    assert ground == theme
    for tab in ("events", "layers", "target", "details"):
        page.keyboard.press(tab[0])
        page.wait_for_timeout(60)
        contrast = page.evaluate(CONTRAST)
        assert contrast["found"] == [] and contrast["texts"] > 25, tab
    page.keyboard.press("?")
    assert page.evaluate(CONTRAST)["found"] == []
    page.keyboard.press("Escape")
    page.keyboard.press(" ")
    assert page.evaluate(CONTRAST)["found"] == []


@pytest.mark.parametrize(("width", "height"), [(360, 740), (412, 915), (1024, 700)])
def test_each_tool_says_in_words_what_it_does_where_a_finger_finds_no_tooltip(
    page: Page, gate: str, width: int, height: int
) -> None:
    page.set_viewport_size({"width": width, "height": height})
    opened(page, gate)
    page.keyboard.press(" ")
    page.keyboard.press("p")
    words = page.locator(".tools button span:visible").all_inner_texts()
    assert words == ["Live", "Save picture", "Faces hidden", "Coordinates", "Layers"]
    assert page.evaluate(CUT, ".tools button, .tools button span, .shown") is False
    assert page.inner_text("#shown-word") == "Frozen" and page.inner_text("#shown-at").count(":") == 2


def test_motion_is_reduced_where_that_is_asked_for(browser: Browser, gate: str) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    opened(page, gate)
    moving = "[...document.querySelectorAll('*')].filter((e) => getComputedStyle(e).animationName !== 'none'"
    moving += " || parseFloat(getComputedStyle(e).transitionDuration) > 0).length"
    assert page.evaluate(moving) == 0
    context.close()


def test_for_tests_on_pixels_the_canvas_stands_alone_at_the_upper_left(page: Page, gate: str) -> None:
    opened(page, gate, "test=1")
    box = page.evaluate("JSON.parse(JSON.stringify(document.querySelector('#picture').getBoundingClientRect()))")
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 1280, 720)
    assert page.evaluate("document.querySelector('#picture').width") == 1280
    for x, y in ((5, 5), (640, 360), (1270, 710), (1270, 5), (5, 710)):
        assert page.evaluate(f"document.elementFromPoint({x}, {y}).id") == "picture"
    shot = Image.open(io.BytesIO(page.screenshot(clip={"x": 0, "y": 0, "width": 1280, "height": 720})))
    assert len(np.unique(np.asarray(shot.convert("RGB").resize((64, 36))).reshape(-1, 3), axis=0)) > 100, (
        "it is a picture"
    )
