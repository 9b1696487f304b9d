"""A simulated gate with its viewer; and real browsers, headless, with everything switched off that talks to the
outside: Debian's Chromium and Firefox."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from onframe.camera.camera import Camera
from onframe.simulator.camera import SimulatedCamera
from onframe.viewer.server import Viewer
from sharing import share

CHROMIUM = "/usr/bin/chromium"
SHELL = "/usr/bin/chromium-headless-shell"
"""The same engine without windows and menus: opening a page costs it a seventh of the time."""
FLAGS = [
    *"--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking".split(),
    *"--disable-component-update --disable-sync --autoplay-policy=no-user-gesture-required".split(),
    "--host-resolver-rules=MAP cam.test 127.0.0.1",  # a name that is no secure context, as another machine's would be
]

share(Path(__file__).parent, "browsers", "coded", "firefox", "pages", "pixels")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=SHELL, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def whole_browser() -> Iterator[Browser]:
    """As it is installed on a desk, but for its window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
async def simulated() -> AsyncIterator[SimulatedCamera]:
    async with SimulatedCamera("gate", clock="sr") as simulated:
        yield simulated


@pytest.fixture
async def viewer(simulated: SimulatedCamera) -> AsyncIterator[Viewer]:
    async with Camera.from_url(simulated.url) as camera, Viewer(camera) as viewer:
        yield viewer


@pytest.fixture
def nothing_is_logged_or_printed(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Whatever pages do, no log tells of an exception and nothing is printed."""
    caplog.set_level(logging.INFO)
    yield
    loud = [entry for entry in caplog.records if entry.levelno >= logging.ERROR or entry.exc_info]
    assert [entry.getMessage() for entry in loud] == []
    assert "Traceback" not in capfd.readouterr().err


@pytest.fixture
def picture_threads(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    """The names of the threads that make pictures; none outlives who looks on, and no log tells of an exception."""
    names = ("JPEG for pages", "pictures with their overlay")
    running = lambda: [thread.name for thread in threading.enumerate() if thread.name in names]  # noqa: E731
    caplog.set_level(logging.INFO)
    yield running
    assert [entry.getMessage() for entry in caplog.records if entry.levelno >= logging.ERROR] == []
    assert running() == []
