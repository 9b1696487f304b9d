"""Pictures of the page on ``onframe demo``, taken by a real browser: ``make screenshots``.

Each scene in dark, light and phone width, and four cameras at once, go to ``build/screens``; what the README and the
manual show goes to ``docs/images`` too, with a palette. Each demo is a program of its own on a free port, watched until
the page is synced and shows what the picture is meant to show, and ended as by Ctrl-C. Scenes may be named.
"""

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

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
HERE = Path(__file__).parent
IMAGES = HERE / "images"
SCREENS = HERE.parent / "build" / "screens"
MOST_BYTES = 400_000
PATIENCE = 90.0
GRID = "gate,hall,thermal,harbour"

WIDE, PHONE = (1440, 810), (360, 740)
LOOKS = {"dark": ("dark", WIDE), "light": ("light", WIDE), "phone": ("dark", PHONE)}
"""Each look's theme and size."""
SCENES = ("gate", "hall", "thermal", "harbour", "radar", "lab", "all", GRID)
EVENTS = {"gate": "line crossing"}
"""A text that must be new in the list of events when a scene's picture is taken."""
SETTLED = {"gate": 100, "thermal": 150}
"""Exact pictures before it is taken; 75 where a scene is not named."""
SHOWN = {"gate-dark": "gate", "hall-dark": "hall", "harbour-light": "harbour", "thermal-dark": "thermal"} | {
    "grid-dark": "grid", "gate-phone": "phone", "target-dark": "target",
}  # fmt: skip
"""The pictures that README and manual show, by their names there."""


@contextmanager
def demo(scene: str) -> Iterator[str]:
    """The address of the demo's page."""
    command = [sys.executable, "-m", "onframe", "demo", "--scene", scene, "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield _address(process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://127\.0\.0\.1:\d+/\?t=\S+", line):
            return found.group()
    raise SystemExit("the demo ended without an address")


def take(browser: Browser, address: str, scene: str, look: str) -> None:
    """One picture of a scene, at a moment at which it shows what it is to show."""
    theme, (width, height) = LOOKS[look]
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(f"{address}&theme={theme}")
    synced = "document.querySelector('#sync-title').textContent === 'Synced'"
    _until(page, f"window.onframe?.exact > {SETTLED.get(scene, 75)} && {synced}")
    name = "grid" if scene == GRID else scene
    if scene == GRID:
        grades = "[...document.querySelectorAll('.tile-grade')].map((one) => one.textContent)"
        _until(page, f"{grades}.length === 4 && {grades}.every((text) => /^\\d+ %/.test(text))")
    if event := EVENTS.get(scene):
        count = f"[...document.querySelectorAll('#events .title')].filter((e) => e.textContent === '{event}').length"
        before = page.evaluate(count)
        _until(page, f"{count} > {before}")
    save(page.screenshot(), f"{name}-{look}")
    if scene == "gate" and look == "dark":
        _target(page)
    page.close()


def _target(page: Page) -> None:
    """The picture of a plate, standing still, its target chosen."""
    _until(page, "document.querySelector('#events .chip') !== null")
    page.locator("#events li", has=page.locator(".chip")).first.locator("button").click()
    _until(page, "document.querySelector('#target-title').textContent !== ''")
    page.click("#tab-target")
    _until(page, "document.querySelector('#target-raw').textContent !== ''")
    save(page.screenshot(), "target-dark")


def _until(page: Page, condition: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not page.evaluate(condition):
        if time.monotonic() > deadline:
            raise SystemExit(f"the page did not come to: {condition}")
        page.wait_for_timeout(40)


def save(shot: bytes, name: str) -> None:
    """As it is, and for the documents with a palette as large as the bound on bytes allows."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    SCREENS.joinpath(f"{name}.png").write_bytes(shot)
    print(f"build/screens/{name}.png")
    if name not in SHOWN:
        return
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    for colours in (256, 192, 128, 64):
        buffer = io.BytesIO()
        palette = picture.quantize(colours)
        dithered = picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
        dithered.save(buffer, "PNG", optimize=True)
        if buffer.tell() < MOST_BYTES:
            break
    file = IMAGES / f"{SHOWN[name]}.png"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(buffer.getvalue())
    print(f"{file.relative_to(HERE.parent)}: {buffer.tell() // 1000} kB, {colours} colours")


def main() -> None:
    """All scenes, or those that are named."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for scene in sys.argv[1:] or SCENES:
            with demo(scene) as address:
                for look in LOOKS:
                    take(browser, address, scene, look)
        browser.close()


if __name__ == "__main__":
    main()
