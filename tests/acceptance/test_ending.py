"""Ctrl-C and SIGTERM in every state: within two seconds, and with the documented exit code."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = [pytest.mark.timeout(180), pytest.mark.fault("F71")]

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
SIGNALS = pytest.mark.parametrize("number", CODES, ids=lambda number: signal.Signals(number).name)
SLOW_NAMES = """
import socket, time
_real = socket.getaddrinfo
def getaddrinfo(host, *arguments, **options):
    if host == "slow.example":
        open({marker!r}, "w").close()
        time.sleep(60)
    return _real(host, *arguments, **options)
socket.getaddrinfo = getaddrinfo
"""


@pytest.fixture
def mute() -> Iterator[int]:
    """A port where connections are accepted and nothing is ever said."""
    held = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    held.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        for connection in held:
            connection.close()
        server.shutdown(socket.SHUT_RDWR)


class Relay:
    """Stands between a client and a server on this machine and keeps what the client says."""

    def __init__(self, target: int) -> None:
        self.sent = bytearray()
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self.port = self._server.getsockname()[1]

    def __enter__(self) -> Relay:
        self._run(self._accept)
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for one in (*self._sockets, self._server):
            one.close()

    def ended(self) -> None:
        """Wait until the connections that were relayed are over."""
        for thread in self._threads[1:]:
            thread.join(10)

    def _run(self, work, *arguments) -> None:
        self._threads.append(threading.Thread(target=work, args=arguments, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        while True:
            try:
                client = self._server.accept()[0]
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            self._sockets += [client, server]
            self._run(self._copy, client, server, self.sent)
            self._run(self._copy, server, client, bytearray())

    def _copy(self, source: socket.socket, target: socket.socket, kept: bytearray) -> None:
        try:
            while data := source.recv(65536):
                kept += data if kept is self.sent else b""
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return


@pytest.fixture
def unused() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ends(process, number):
    """The exit code, within two seconds; nothing but what was asked for is printed."""
    began = time.monotonic()
    process.signal(number)
    code = process.process.wait(10)
    assert time.monotonic() - began <= 2.0
    assert code == CODES[number]
    assert "Traceback" not in process.output and "never retrieved" not in process.output
    assert "was destroyed" not in process.output


def connected_to(pid: int, port: int) -> bool:
    inodes = {
        os.path.basename(os.readlink(link))[8:-1] for link in Path(f"/proc/{pid}/fd").iterdir() if _is_socket(link)
    }
    lines = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return any(line[9] in inodes and line[2].endswith(f":{port:04X}") and line[3] == "01" for line in lines)


def _is_socket(link: Path) -> bool:
    try:
        return os.readlink(link).startswith("socket:")
    except OSError:
        return False


@SIGNALS
def test_while_the_http_port_does_not_answer(start, mute, number):
    process = start("watch", "127.0.0.1", "--http-port", str(mute), "--rtsp-port", str(mute), "--json")
    process.until(lambda running: connected_to(running.pid, mute))
    ends(process, number)


@SIGNALS
def test_while_the_rtsp_port_does_not_answer(start, mute, unused, number):
    process = start("watch", "127.0.0.1", "--http-port", str(unused), "--rtsp-port", str(mute), "--json")
    process.until(lambda running: connected_to(running.pid, mute))
    ends(process, number)


@SIGNALS
def test_while_it_waits_for_the_next_attempt(start, unused, number):
    process = start("watch", "127.0.0.1", "--http-port", str(unused), "--rtsp-port", str(unused), "--json")
    process.says("backoff: ")
    ends(process, number)


@SIGNALS
@pytest.mark.fault("F73")
def test_while_a_name_is_looked_up_that_takes_a_minute(start, tmp_path, number):
    marker = tmp_path / "looked-up"
    (tmp_path / "sitecustomize.py").write_text(SLOW_NAMES.format(marker=str(marker)))
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "ONFRAME_PASSWORD": "Kanarie-7q"}
    process = start("watch", "slow.example", "--json", env=environment)
    process.until(lambda running: marker.exists())
    ends(process, number)


@SIGNALS
def test_while_records_come_the_session_is_ended_with_teardown(start, gate, number):
    with Relay(gate.rtsp_port) as relay:
        ports = ("--http-port", str(gate.http_port), "--rtsp-port", str(relay.port))
        process = start("watch", "127.0.0.1", *ports, "--json")
        process.until(lambda running: running.events())
        assert b"\r\nTEARDOWN" not in relay.sent
        ends(process, number)
        relay.ended()
        assert b"TEARDOWN rtsp://" in relay.sent


@SIGNALS
def test_while_the_camera_is_frozen(start, simulate, number):
    camera = simulate("--scene", "gate")
    process = start("watch", *camera.address, "--json")
    process.until(lambda running: running.events())
    camera.signal(signal.SIGSTOP)
    ends(process, number)


@SIGNALS
@pytest.mark.parametrize("command", ["doctor", "config get"])
def test_other_commands_too(start, mute, number, command):
    process = start(*command.split(), "127.0.0.1", "--http-port", str(mute), "--rtsp-port", str(mute))
    process.until(lambda running: connected_to(running.pid, mute))
    ends(process, number)


@SIGNALS
def test_the_page_ends_with_0(start, gate, number):
    process = start("view", *gate.address, "--port", "0")
    process.says("Ctrl-C ends it.")
    began = time.monotonic()
    process.signal(number)
    assert process.process.wait(10) == 0
    assert time.monotonic() - began <= 2.0
