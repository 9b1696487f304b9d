"""Onframe as its users run it: real processes, real sockets, programs that are not ours."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

CANARY = "Kanarie-7q"
"""The password of every test: it must be in no output."""
ONFRAME = [sys.executable, "-m", "onframe"]
STARTING = 240.0
"""Seconds that a simulated camera may take where its film is not in the cache yet."""


def environment(password: str = CANARY) -> dict[str, str]:
    """What a shell gives: `onframe` on the PATH, and the password."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "ONFRAME_PASSWORD": password}


def run(*command: str, password: str = CANARY, timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
    """A program from its start to its end."""
    return subprocess.run(
        command,
        env=environment(password),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


class Process:
    """A program that goes on until it is told to stop; its output goes to files."""

    def __init__(self, directory: Path, *command: str, env: dict[str, str] | None = None) -> None:
        self.command = command
        self._paths = [directory / f"{time.monotonic_ns()}.{name}" for name in ("stdout", "stderr")]
        with self._paths[0].open("wb") as out, self._paths[1].open("wb") as err:
            self.process = subprocess.Popen(
                command, env=env or environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def stdout(self) -> str:
        return self._paths[0].read_text()

    @property
    def stderr(self) -> str:
        return self._paths[1].read_text()

    @property
    def output(self) -> str:
        return self.stdout + self.stderr

    def until(self, seen: Callable[[Process], Any], seconds: float = 30.0) -> Any:
        """Wait until ``seen`` gives something, and return it."""
        end = time.monotonic() + seconds
        while not (found := seen(self)):
            assert self.process.poll() is None, f"it ended with {self.process.returncode}: {self.output[-2000:]}"
            assert time.monotonic() < end, f"not within {seconds} s: {self.output[-2000:]}"
            time.sleep(0.02)
        return found

    def says(self, text: str, seconds: float = 30.0) -> None:
        self.until(lambda process: text in process.output, seconds)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def interrupt(self, seconds: float = 2.0) -> int:
        """Ctrl-C: the exit code, or a failure after so many seconds."""
        self.signal(signal.SIGINT)
        return self.process.wait(seconds)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.signal(signal.SIGKILL)
            self.signal(signal.SIGCONT)
        self.process.wait(10)

    def events(self) -> list[dict[str, Any]]:
        """The whole lines of JSON so far."""
        text = self.stdout
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


class Simulated(Process):
    """`onframe simulate`, once it says how to watch it."""

    def __init__(self, directory: Path, *options: str, http_port: int = 0, rtsp_port: int = 0) -> None:
        ports = ("--http-port", str(http_port), "--rtsp-port", str(rtsp_port))
        super().__init__(directory, *ONFRAME, "simulate", *ports, *options)
        self.says("Ctrl-C ends it.", STARTING)
        self.http_port = int(self._find(r"http://127\.0\.0\.1:(\d+)"))
        self.rtsp_port = int(self._find(r"rtsp://127\.0\.0\.1:(\d+)"))
        self.command_to_paste = self._find(r"Watch it: +(.+)")

    def _find(self, pattern: str) -> str:
        found = re.search(pattern, self.stdout)
        assert found is not None, self.stdout
        return found[1]

    @property
    def address(self) -> list[str]:
        """The arguments that lead every command here."""
        return ["127.0.0.1", "--http-port", str(self.http_port), "--rtsp-port", str(self.rtsp_port)]

    def onframe(self, command: str, *options: str, password: str = CANARY) -> subprocess.CompletedProcess[str]:
        return run(*ONFRAME, *command.split(), *self.address, *options, password=password)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.http_port}{path}"

    def rtsp_url(self, uri: str | None = None) -> str:
        """With the credentials in it, as players take it."""
        uri = uri or f"rtsp://127.0.0.1:{self.rtsp_port}/ISAPI/Streaming/channels/101"
        return uri.replace("rtsp://", f"rtsp://admin:{quote(CANARY)}@", 1)

    @property
    def refused(self) -> list[str]:
        """The lines of its log about requests refused although they carried credentials."""
        return [line for line in self.stderr.splitlines() if "refused" in line]


class Terminal:
    """A program on a pseudo-terminal."""

    def __init__(self, *command: str, columns: int = 120, lines: int = 30) -> None:
        import fcntl
        import pty
        import struct
        import termios

        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        env = {**environment(), "TERM": "xterm-256color"}
        self.process = subprocess.Popen(command, env=env, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        self.output = ""

    def read(self, until: str, seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while until not in self.output:
            assert time.monotonic() < end, self.output[-3000:]
            if select.select([self._ours], [], [], 0.2)[0]:
                self.output += os.read(self._ours, 65536).decode(errors="replace")

    def interrupt(self, seconds: float = 2.0) -> int:
        self.process.send_signal(signal.SIGINT)
        end = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < end:
            self._drain()
        code = self.process.wait(0.1)
        self._drain()
        return code

    def _drain(self) -> None:
        try:
            while select.select([self._ours], [], [], 0.05)[0]:
                self.output += os.read(self._ours, 65536).decode(errors="replace")
        except OSError:
            return

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        os.close(self._ours)


@pytest.fixture
def onframe() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs one command of ours to its end."""
    return lambda *arguments, **options: run(*ONFRAME, *arguments, **options)


@pytest.fixture
def program() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs another's program to its end, which must be a good one."""

    def ran(*command: str) -> subprocess.CompletedProcess[str]:
        done = run(*command)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done

    return ran


@pytest.fixture
def shell() -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Runs a line as it would be pasted."""
    return lambda line: run("sh", "-c", line)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Starts commands of ours, which are ended with the test."""
    started: list[Process] = []

    def begin(*arguments: str, env: dict[str, str] | None = None) -> Process:
        started.append(Process(tmp_path, *ONFRAME, *arguments, env=env))
        return started[-1]

    yield begin
    for process in started:
        process.kill()


@pytest.fixture
def simulate(tmp_path: Path) -> Iterator[Callable[..., Simulated]]:
    """Starts simulated cameras, which are ended with the test."""
    started: list[Simulated] = []

    def begin(*options: str, **ports: int) -> Simulated:
        started.append(Simulated(tmp_path, *options, **ports))
        return started[-1]

    yield begin
    for simulated in started:
        simulated.kill()


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    """One `onframe simulate --scene gate` for the tests of a module."""
    simulated = Simulated(tmp_path_factory.mktemp("gate"), "--scene", "gate")
    yield simulated
    simulated.kill()


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    """One `onframe simulate --scene all` for the tests of a module."""
    simulated = Simulated(tmp_path_factory.mktemp("all"), "--scene", "all")
    yield simulated
    simulated.kill()


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    """Starts commands of ours on a terminal."""
    started: list[Terminal] = []

    def begin(*arguments: str) -> Terminal:
        started.append(Terminal(*ONFRAME, *arguments))
        return started[-1]

    yield begin
    for one in started:
        one.close()


@pytest.fixture(autouse=True)
def no_password_in_any_output(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test of this folder captured of our programs, the password is not in it."""
    yield
    for name in ("gate", "everything"):
        if name in request.fixturenames:
            assert CANARY not in request.getfixturevalue(name).output
