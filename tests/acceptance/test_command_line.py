"""The commands at a shell and on a terminal: the line to paste, Ctrl-C, pipes, the live table."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(300)

TABLE_ENDS = "\x1b[?25h"
"""The cursor is shown again."""


def test_the_line_that_simulate_prints_watches_it(simulate, start, shell):
    from_environment = simulate("--scene", "gate")
    assert "Kanarie-7q" not in from_environment.output
    done = shell(f"{from_environment.command_to_paste} --json --count 3")
    assert (done.returncode, done.stdout.count("\n")) == (0, 3), done.stderr
    without = {name: value for name, value in os.environ.items() if name != "ONFRAME_PASSWORD"}
    generated = start("simulate", "--http-port", "0", "--rtsp-port", "0", env=without)
    generated.says("Ctrl-C ends it.", 60)
    command = re.search("Watch it: +(.+)", generated.stdout)[1]
    assert command.startswith("ONFRAME_PASSWORD=")
    done = shell(f"unset ONFRAME_PASSWORD; {command} --for 1s")
    assert done.returncode == 0 and "behaviorAnalysis" in done.stdout, done.stderr


def test_the_password_file_is_named_in_the_line_and_not_read_out(simulate, shell, tmp_path: Path):
    (tmp_path / "secret file").write_text("a'b \"c$d\n")
    simulated = simulate("--scene", "gate", "--password-file", str(tmp_path / "secret file"), "--user", "o'neil")
    assert "a'b" not in simulated.output
    done = shell(f"unset ONFRAME_PASSWORD; {simulated.command_to_paste} --json --count 1")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_simulate_even_while_somebody_watches(simulate, start, number):
    simulated = simulate("--scene", "gate")
    watching = start("watch", *simulated.address, "--json")
    watching.until(lambda process: process.events())
    simulated.signal(number)
    assert simulated.process.wait(2) == 0
    assert simulated.stderr == ""
    assert watching.interrupt() == 130
    assert "Traceback" not in watching.stderr


@pytest.mark.parametrize(("command", "ports"), [("simulate", ("--http-port", "--rtsp-port")), ("demo", ("--port",))])
def test_ctrl_c_ends_the_making_of_a_film_too(start, command, ports, tmp_path: Path):
    nothing_cached = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    making = start(command, "--scene", "hall", *(word for port in ports for word in (port, "0")), env=nothing_cached)
    making.says("hall")
    time.sleep(1)
    assert making.interrupt() == 130
    assert "Traceback" not in making.output
    assert list(tmp_path.glob("onframe/films/*")) == []


@pytest.mark.parametrize("options", [("--json",), ("--raw",), ()])
def test_ctrl_c_ends_watch(gate, start, options):
    watching = start("watch", *gate.address, *options)
    watching.until(lambda process: process.stdout.count("\n") > 5)
    assert watching.interrupt() == 130
    assert "Traceback" not in watching.output


def test_ctrl_c_ends_watch_while_the_camera_is_away(start):
    watching = start("watch", "127.0.0.1", "--http-port", "1", "--rtsp-port", "1")
    watching.says("backoff")
    assert watching.interrupt() == 130
    assert "Traceback" not in watching.output


def test_ctrl_c_ends_view(gate, start):
    viewing = start("view", *gate.address, "--port", "0")
    viewing.says("Open this page:  http://127.0.0.1:")
    assert viewing.interrupt() == 0
    assert viewing.stderr == ""


@pytest.mark.server
def test_ctrl_c_ends_demo_while_a_page_is_open(start, program, tmp_path: Path):
    demo = start("demo", "--port", "0")
    demo.says("Ctrl-C ends all of it.", 60)
    address = re.search(r"Open this page:  (\S+)", demo.stdout)[1]
    page = program("curl", "-sS", "--fail", "-L", "-c", str(tmp_path / "jar"), address).stdout
    assert "<canvas" in page or "<script" in page
    assert demo.interrupt() == 0
    assert demo.stderr == ""


def test_a_pipe_that_closes_early_ends_watch_quietly(gate, shell):
    done = shell(f"onframe watch {' '.join(gate.address)} --json | head -1")
    assert done.returncode == 0
    assert json.loads(done.stdout)["schema"] == "onframe.record/1"
    assert all(re.match("connecting|authenticating|live", line) for line in done.stderr.splitlines()), done.stderr
    done = shell(f"onframe watch {' '.join(gate.address)} | head -3")
    assert (done.stdout.count("\n"), done.stderr) == (3, "")


def test_the_live_table_shows_the_camera_and_leaves_the_terminal_in_order(gate, terminal):
    table = terminal("watch", *gate.address)
    table.read("ONF ")
    for text in ("127.0.0.1", "live", "ANPR", "behaviorAnalysis"):
        assert text in table.output
    assert table.interrupt() == 130
    assert table.output.rstrip("\r\n").endswith(TABLE_ENDS) or TABLE_ENDS in table.output[-200:]
    assert "Traceback" not in table.output and "Kanarie-7q" not in table.output


def test_a_port_in_use_is_one_sentence_and_a_hint(gate, onframe):
    http, rtsp = str(gate.http_port), str(gate.rtsp_port)
    for arguments in (
        ("simulate", "--http-port", http, "--rtsp-port", "0"),
        ("simulate", "--http-port", "0", "--rtsp-port", rtsp),
        ("demo", "--port", http),
        ("view", *gate.address, "--port", http),
    ):
        done = onframe(*arguments)
        assert done.returncode == 1
        said = r"onframe: port \d+ of 127\.0\.0\.1 cannot be used: Address already in use\nhint: choose another .+\n"
        assert re.fullmatch(said, done.stderr), done.stderr


@pytest.mark.parametrize("verbose", [(), ("--verbose",)])
def test_no_output_holds_the_password(gate, onframe, verbose):
    host = f"http://admin:Kanarie-7q@127.0.0.1:{gate.http_port}/?rtsp_port={gate.rtsp_port}"
    rtsp = f"rtsp://admin:Kanarie-7q@127.0.0.1:{gate.rtsp_port}/?http_port={gate.http_port}"
    wrong = f"http://admin:Kanarie-7q-no@127.0.0.1:{gate.http_port}/?rtsp_port={gate.rtsp_port}"
    for arguments in (
        ("watch", host, "--raw", "--count", "3"),
        ("watch", rtsp, "--count", "3"),
        ("watch", host, "--types", "crowd", "--via", "subscribe"),
        ("watch", wrong),
        ("watch", host, "--for", "x"),
        ("doctor", host, "--json"),
        ("config", "get", host),
        ("config", "set", host, "--enable", "crowd"),
    ):
        option = verbose if "--for" not in arguments else ()
        done = onframe(*arguments, *option, password="unused")
        assert "Kanarie-7q" not in done.stdout + done.stderr, arguments
        assert "Traceback" not in done.stderr
