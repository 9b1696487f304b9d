"""``onframe view`` and ``onframe demo`` as users start them: what they print, serve and refuse."""

from __future__ import annotations

import http.client
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from onframe.certificates import make_certificate
from onframe.cli.app import run
from onframe.cli.options import UsageError
from onframe.cli.view import channel_numbers

pytestmark = pytest.mark.timeout(120)
NOWHERE = "http://admin:canary-7q@127.0.0.1:9/?rtsp_port=9"
"""Nobody is there; the page is served all the same."""
TOKEN = "sesame-open-sesame"


class Served:
    """A command that serves a page until it is interrupted."""

    def __init__(self, directory: Path, *words: str, seconds: float = 60.0, **variables: str) -> None:
        self._out = directory / f"{time.monotonic_ns()}.out"
        environment = {**os.environ, "XDG_STATE_HOME": str(directory / "state"), **variables}
        with self._out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "onframe", *words, "--port", "0"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        end = time.monotonic() + seconds
        while "Ctrl-C ends" not in self.output:
            assert self.process.poll() is None and time.monotonic() < end, self.output
            time.sleep(0.05)

    @property
    def output(self) -> str:
        return self._out.read_text()

    @property
    def url(self) -> str:
        found = re.search(r"Open this page:  (\S+)", self.output)
        assert found is not None
        return found[1]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2].partition("/")[0])

    def get(self, path: str, host: str = "127.0.0.1", trusted: Path | None = None) -> http.client.HTTPResponse:
        """The answer to this path, sent to the loopback with this name in Host."""
        connection: http.client.HTTPConnection
        if trusted is None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        else:
            context = ssl.create_default_context(cafile=str(trusted))
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=context)
        connection.request("GET", path, headers={"Host": f"{host}:{self.port}"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(10)


def test_several_cameras_and_channels_are_served_and_no_password_is_told(tmp_path: Path) -> None:
    other = NOWHERE.replace("127.0.0.1:9/", "127.0.0.1:10/")
    served = Served(tmp_path, "view", NOWHERE, other, "--channels", "1,2", "--token", TOKEN)
    assert served.url == f"http://127.0.0.1:{served.port}/?t={TOKEN}"
    assert served.output.count("trying all the same") == 2
    assert served.get(f"/?t={TOKEN}").status == 303
    assert served.end() == 0
    assert "canary-7q" not in served.output and "Traceback" not in served.output


def test_the_token_of_the_environment_and_further_names_are_taken(tmp_path: Path) -> None:
    served = Served(tmp_path, "view", NOWHERE, "--name", "Cam.test", ONFRAME_TOKEN=TOKEN)
    assert served.url.endswith(f"/?t={TOKEN}")
    answers = {host: served.get(f"/?t={TOKEN}", host).status for host in ("cam.test", "CAM.TEST", "other.test")}
    assert answers == {"cam.test": 303, "CAM.TEST": 303, "other.test": 403}
    assert served.end() == 0


def test_over_https_a_certificate_is_made_once_and_its_fingerprint_told(tmp_path: Path) -> None:
    prints = []
    for _ in range(2):
        served = Served(tmp_path, "view", NOWHERE, "--https", "--token", TOKEN)
        assert served.url.startswith("https://127.0.0.1:")
        kept = tmp_path / "state" / "onframe" / "viewer.pem"
        assert served.get(f"/?t={TOKEN}", trusted=kept).status == 303
        prints.append(re.search(r"fingerprint of the certificate:  ((?:[0-9A-F]{2}:){31}[0-9A-F]{2})\n", served.output))
        assert served.end() == 0
    assert prints[0] is not None and prints[1] is not None and prints[0][1] == prints[1][1]


def test_a_certificate_of_the_users_own_is_served(tmp_path: Path) -> None:
    made = make_certificate("127.0.0.1")
    (tmp_path / "cert.pem").write_bytes(made.certificate_pem)
    (tmp_path / "key.pem").write_bytes(made.key_pem)
    files = ("--cert", str(tmp_path / "cert.pem"), "--key", str(tmp_path / "key.pem"))
    served = Served(tmp_path, "view", NOWHERE, *files, "--token", TOKEN)
    assert served.get(f"/?t={TOKEN}", trusted=tmp_path / "cert.pem").status == 303
    assert served.output.count(made.sha256[:2].upper() + ":") >= 1 and "was made here" not in served.output
    assert served.end() == 0
    assert not (tmp_path / "state" / "onframe" / "viewer.pem").exists()


def test_on_all_addresses_the_page_is_told_by_a_name_that_it_answers_to(tmp_path: Path) -> None:
    served = Served(tmp_path, "view", NOWHERE, "--host", "0.0.0.0", "--embed-in", "https://dashboard.example")
    host, path = re.fullmatch(r"http://(.+):\d+(/\?t=.{32})", served.url).groups()  # type: ignore[union-attr]
    assert host != "0.0.0.0"
    assert served.get(path, host).status == 303
    assert served.get(path, "evil.example").status == 403
    framed = served.get(f"{path}&embed=1", host)
    assert "frame-ancestors https://dashboard.example" in framed.headers["content-security-policy"]
    assert served.end() == 0


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (["--channels", "1,two"], "'two' is no channel", 2),
        (["--channels", "0"], "'0' is no channel", 2),
        (["--key", "k.pem"], "--key goes with --cert", 2),
        (["--cert", "no-such.pem"], "no-such.pem cannot be used", 1),
        (["--host", "0.0.0.0", "--token", "short"], "is not opened to the network", 1),
        (["--embed-in", "everywhere"], "'everywhere' is no origin", 1),
        (["--privacy", "face:hide"], "face", 1),
    ],
)
def test_what_makes_no_sense_is_said(
    words: list[str], said: str, code: int, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ONFRAME_TOKEN", raising=False)
    assert run(["view", NOWHERE, "--port", "0", *words]) == code
    error = capfd.readouterr().err
    assert said in error and "Traceback" not in error and "canary-7q" not in error


def test_channels_are_numbers_each_once() -> None:
    assert channel_numbers("2, 1,2") == [2, 1]
    assert channel_numbers(None) == []
    with pytest.raises(UsageError):
        channel_numbers("1-3")


def test_the_demo_shows_several_scenes_as_several_cameras(tmp_path: Path) -> None:
    served = Served(tmp_path, "demo", "--scene", "gate,hall", seconds=100.0)
    assert "2 simulated cameras are up" in served.output
    assert served.get(served.url.partition(str(served.port))[2]).status == 303
    assert served.end() == 0
    assert "Traceback" not in served.output


@pytest.mark.parametrize(("scene", "said"), [("gate,moon", "there is no scene 'moon'"), (",", "names no scene")])
def test_a_scene_that_is_not_known_is_said(scene: str, said: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "--scene", scene, "--port", "0"]) != 0
    assert said in capfd.readouterr().err
