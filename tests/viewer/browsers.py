"""What tests in a browser share: servers in a process of their own, pages that tell what goes wrong, bounded waits."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page


class Cameras:
    """Simulated cameras with a viewer each (`cameras.py`); ``urls`` are those of the pages."""

    def __init__(self, *options: dict[str, Any]) -> None:
        command = [sys.executable, str(Path(__file__).with_name("cameras.py")), json.dumps(options)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.urls: list[str] = json.loads(self._read())

    def tell(self, command: str) -> None:
        """Returns when it is done."""
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


@contextmanager
def clean_page(browser: Browser, width: int, height: int, allowed: str | None = None, **options: Any) -> Iterator[Page]:
    """A page whose console may tell of no error but of the ``allowed`` one, that fails nowhere and opens no dialog."""
    page = browser.new_page(viewport={"width": width, "height": height}, **options)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    yield page
    page.close()
    assert [text for text in said if allowed is None or allowed not in text] == []


def until(page: Page, condition: str, within: float = 30.0) -> None:
    """Polls: the page's policy forbids to wait by a function that is a string."""
    deadline = time.monotonic() + within
    while not page.evaluate(condition):
        known = "[window.onframe, window.player?.counters, window.off, window.said]"
        assert time.monotonic() < deadline, (condition, page.inner_text("body"), page.evaluate(known))
        page.wait_for_timeout(40)
