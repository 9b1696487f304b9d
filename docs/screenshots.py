"""The pictures of the README and the manual, taken of ``onframe demo`` by a real browser: ``make screenshots``.

For each scene the demo is started as a program of its own on a free port, watched until the page is synced and shows
what the picture is meant to show, and ended as by Ctrl-C.
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
SIZE = {"width": 1440, "height": 810}
IMAGES = Path(__file__).parent / "images"
MOST_BYTES = 400_000
PATIENCE = 90.0

# A text in the list of events that must be new when the picture is taken (None: no matter what), and pictures in sync.
SCENES: dict[str, tuple[str | None, int]] = {
    "gate": ("line crossing", 150),
    "hall": (None, 150),
    "harbour": (None, 150),
    "thermal": (None, 200),
}


@contextmanager
def demo(scene: str) -> Iterator[str]:
    """The address of the demo's page."""
    command = [sys.executable, "-m", "onframe", "demo", "--scene", scene, "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield _address(process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(10)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://127\.0\.0\.1:\d+/\?t=\S+", line):
            return found.group()
    raise SystemExit("the demo ended without an address")


def take(browser: Browser, address: str, event: str | None, pictures: int) -> bytes:
    """The page as PNG, at a moment at which it shows what it is to show."""
    page = browser.new_page(viewport=SIZE)
    page.goto(address)
    _until(
        page, f"window.onframe?.exact > {pictures} && document.querySelector('#sync-title').textContent === 'Synced'"
    )
    if event is not None:
        count = f"[...document.querySelectorAll('#events .title')].filter((e) => e.textContent === '{event}').length"
        before = page.evaluate(count)
        _until(page, f"{count} > {before}")
    shot = page.screenshot()
    page.close()
    return shot


def _until(page: Page, condition: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not page.evaluate(condition):
        if time.monotonic() > deadline:
            raise SystemExit(f"the page did not come to: {condition}")
        page.wait_for_timeout(40)


def save(shot: bytes, file: Path) -> None:
    """With a palette, as large a one as the bound on bytes allows."""
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    for colours in (256, 192, 128, 64):
        buffer = io.BytesIO()
        palette = picture.quantize(colours)
        dithered = picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
        dithered.save(buffer, "PNG", optimize=True)
        if buffer.tell() < MOST_BYTES:
            break
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(buffer.getvalue())
    print(f"{file}: {buffer.tell() // 1000} kB, {colours} colours")


def main() -> None:
    """All scenes, or those that are named."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for scene in sys.argv[1:] or SCENES:
            with demo(scene) as address:
                save(take(browser, address, *SCENES.get(scene, (None, 150))), IMAGES / f"{scene}.png")
        browser.close()


if __name__ == "__main__":
    main()
