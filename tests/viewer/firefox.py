"""A stock Firefox, headless, driven over WebDriver BiDi: what the tests need of the protocol, and no more.

Firefox is started with a profile of its own and asked for its pictures by ``browsingContext.captureScreenshot``.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from websockets.sync.client import ClientConnection, connect

FIREFOX = "firefox-esr"
PATIENCE = 60.0
# Nothing may be asked of the outside, and nothing may ask the user.
PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.push.connection.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "media.autoplay.default": 0,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.localDomains": "cam.test",
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
}


class Firefox:
    """One browser with one page. Ends its own process."""

    def __init__(self, width: int = 1280, height: int = 800) -> None:
        program = shutil.which(FIREFOX)
        assert program, f"{FIREFOX} is not installed: apt-get install firefox-esr"
        self._profile = Path(tempfile.mkdtemp(prefix="firefox-"))
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items()]
        (self._profile / "user.js").write_text("".join(lines))
        command = [program, "--headless", "--no-remote", "--profile", str(self._profile), "--remote-debugging-port=0"]
        self._log = (self._profile / "log").open("w+")
        self._process = subprocess.Popen(command, stdout=self._log, stderr=subprocess.STDOUT)
        self._sockets = ExitStack()
        self._id = 0
        try:
            opening = connect(f"{self._address()}/session", max_size=None, open_timeout=PATIENCE)
            self._socket: ClientConnection = self._sockets.enter_context(opening)
            self.command("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
            self.context = self.command("browsingContext.getTree")["contexts"][0]["context"]
            self.resize(width, height)
        except BaseException:
            self.close()
            raise

    def _address(self) -> str:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self._process.poll() is None:
            if found := re.search(r"BiDi listening on (ws://\S+)", (self._profile / "log").read_text()):
                return found.group(1)
            time.sleep(0.05)
        raise AssertionError(f"Firefox did not start: {(self._profile / 'log').read_text()[-2000:]}")

    def command(self, method: str, **params: Any) -> Any:
        """Send one command and wait for its result; events meanwhile are passed over."""
        self._id += 1
        self._socket.send(json.dumps({"id": self._id, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(PATIENCE))
            if message.get("id") == self._id:
                assert message["type"] == "success", f"{method}: {message}"
                return message["result"]

    def resize(self, width: int, height: int) -> None:
        """The size of the page in CSS pixels; one of its pixels is one of the screenshot's."""
        viewport = {"width": width, "height": height}
        self.command("browsingContext.setViewport", context=self.context, viewport=viewport, devicePixelRatio=1.0)

    def goto(self, url: str) -> None:
        """Open a page and wait until it has loaded."""
        self.command("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression, by way of JSON; promises are awaited."""
        wrapped = f"(async () => JSON.stringify(await ({expression})) ?? 'null')()"
        result = self.command(
            "script.evaluate", expression=wrapped, target={"context": self.context}, awaitPromise=True
        )
        assert result["type"] == "success", result.get("exceptionDetails", {}).get("text")
        return json.loads(result["result"]["value"])

    def screenshot(self) -> bytes:
        """What the page shows, as PNG."""
        result = self.command("browsingContext.captureScreenshot", context=self.context)
        return base64.b64decode(result["data"])

    def close(self) -> None:
        """End the browser and remove its profile."""
        self._sockets.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._log.close()
        shutil.rmtree(self._profile, ignore_errors=True)

    def __enter__(self) -> Firefox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
