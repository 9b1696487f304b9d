"""The command line's edge: exit codes, one sentence and a hint, help with an example, quiet ends of pipes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from onframe import errors
from onframe.cli import app as command_line
from onframe.cli.app import EXIT_CODES, exit_code, run
from onframe.cli.options import DeviceOptions
from onframe.simulator.profiles import PROFILES
from onframe.simulator.quirks import QUIRKS

COMMANDS = ["demo", "simulate", "watch", "view", "annotate", "doctor", "config get", "config set", "decode", "explain"]
PLATE = (
    b"<Metadata><type>activityTarget</type><subType>ANPR</subType><TargetDetection><TargetList><Target>"
    b"<PropertyList><Property><description>licensePlate</description><value>ONF 1</value></Property></PropertyList>"
    b"</Target></TargetList></TargetDetection></Metadata>"
)


def onframe(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "onframe", *arguments], input=stdin, capture_output=True, timeout=60)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command.split(), "--help"]) == 0
    assert f"Example: onframe {command}" in " ".join(capsys.readouterr().out.split())


def test_every_quirk_is_listed_with_its_values(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", "--list-quirks"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "  control                      relative | absolute | av_stream | query_suffix" in lines
    assert "  mtu                          1000 (64 to 60 000)" in lines
    assert run(["simulate", "--list-quirks", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert list(rows) == list(QUIRKS)
    assert rows["content_base"]["values"] == ["off", "on"] and rows["content_base"]["default"] is False


@pytest.mark.parametrize(
    ("arguments", "said", "hint"),
    [
        (["--quirk", "contrl=absolute"], "there is no quirk 'contrl'", "did you mean control"),
        (["--quirk", "control=round"], "no value of this quirk", "choose relative | absolute"),
        (["--profile", "recorder"], "there is no profile 'recorder'", ", ".join(PROFILES)),
    ],
)
def test_a_quirk_or_profile_that_is_not_known_ends_simulate_with_a_way_out(
    arguments: list[str], said: str, hint: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONFRAME_PASSWORD", "canary")
    assert run(["simulate", *arguments]) != 0
    told = capsys.readouterr().err
    assert said in told and hint in told


def test_the_help_of_simulate_names_every_profile(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", "--help"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in PROFILES)


def test_every_error_has_a_documented_exit_code() -> None:
    assert command_line.__doc__ is not None
    documented = {int(line.split()[0]) for line in command_line.__doc__.splitlines() if line.strip()[:1].isdigit()}
    assert set(EXIT_CODES.values()) <= documented
    assert exit_code(errors.AuthenticationError("no")) == 3
    assert exit_code(errors.RemoteProtocolError("no")) == 7


def test_a_document_is_one_line_of_json(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    (tmp_path / "plate.xml").write_bytes(PLATE)
    assert run(["decode", str(tmp_path / "plate.xml")]) == 0
    out = capfdbinary.readouterr().out
    assert out.count(b"\n") == 1
    assert b'"values":{"licensePlate":"ONF 1"}' in out


def test_a_bad_document_costs_itself_and_the_exit_code() -> None:
    done = onframe("decode", "-", stdin=b"<Metadata><type>x</Metadata>" + b'<?xml version="1.0"?>' + PLATE)
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert lines[0].startswith(b'{"kind":"error"') and b'"type":"DecodeError"' in lines[0]
    assert b"ONF 1" in lines[-1]
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["decode"], "name at least one file"),
        (["decode", "/nowhere/at-all.xml"], "cannot be read"),
        (["decode", "--lenient"], "no option"),
        (["config", "set", "127.0.0.1"], "nothing to set"),
        (["simulate", "--script", "x.jsonl"], "--video"),
        (["watch", "ftp://camera"], "http://, https://, rtsp:// or rtsps://"),
        (["watch", "http://admin:can/ary@camera"], "percent-encode"),
        (["watch", "camera", "--tls-pin", "12"], "64 hexadecimal digits"),
        (["watch", "camera", "--tls", "insecure", "--ca-file", "x.pem"], "ca_file goes with"),
        (["watch", "camera", "--ca-file", "/nowhere/at-all.pem"], "cannot be used: No such file"),
        (["watch", "camera:99999"], "port"),
        (["watch", "camera", "--for", "soon"], "not a duration"),
        (["doctor", "camera", "--wait", "soon"], "not a duration"),
    ],
)
def test_a_wrong_command_line_is_one_sentence(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONFRAME_PASSWORD", "canary")
    assert run(arguments) == 2
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error and "canary" not in error
    assert len(error.strip().splitlines()) == 1


def test_an_unknown_command_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["wach"]) == 2
    assert "wach" in capsys.readouterr().err


@pytest.mark.requirement("R-111", "R-114")
@pytest.mark.parametrize("given", ["0x4000a016", "0x4000A016", "1073782806", "subscribeTypeErr", "SUBSCRIBETYPEERR."])
def test_a_response_code_is_explained(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", given]) == 0
    out = capsys.readouterr().out
    assert out.startswith("subscribeTypeErr (0x4000a016, 1073782806): ")


def test_an_unknown_response_code_says_what_to_give(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "0x7"]) == 1
    assert "hint: give a name" in capsys.readouterr().err


def test_a_pipe_that_closes_early_ends_quietly(tmp_path: Path) -> None:
    (tmp_path / "many.xml").write_bytes(PLATE * 3000)
    with subprocess.Popen(
        [sys.executable, "-m", "onframe", "decode", str(tmp_path / "many.xml")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "starlette", None)
    monkeypatch.delitem(sys.modules, "onframe.viewer.server", raising=False)
    monkeypatch.delitem(sys.modules, "starlette.applications", raising=False)
    assert run(["demo", "--port", "0"]) == 1
    error = capsys.readouterr().err
    assert "needs starlette" in error and "pip install 'onframe[demo]'" in error and "Traceback" not in error


def test_the_password_comes_from_url_file_or_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from onframe.cli.options import UsageError, read_password

    (tmp_path / "secret").write_text("from file\nsecond line\n")
    monkeypatch.setenv("ONFRAME_PASSWORD", "from environment")
    assert read_password(tmp_path / "secret", given="from url") == "from file"
    assert read_password(None, given="from url") == "from url"
    assert read_password(None) == "from environment"
    monkeypatch.delenv("ONFRAME_PASSWORD")
    assert read_password(None) is None
    with pytest.raises(UsageError):
        read_password(tmp_path / "missing")
    (tmp_path / "empty").touch()
    with pytest.raises(UsageError, match="empty"):
        read_password(tmp_path / "empty")


@pytest.mark.parametrize(
    ("options", "host", "made"),
    [
        ({}, "cam", "80 554 None tcp"),
        ({}, "https://cam", "443 322 TLS(mode='verify', pin=None, ca_file=None, legacy=False) tcp"),
        ({"tls": "insecure"}, "cam:8443", "8443 322 TLS(mode='insecure', pin=None, ca_file=None, legacy=False) tcp"),
        ({"tls_pin": "AB" * 32}, "cam", f"443 322 TLS(mode='pin', pin={'ab' * 32!r}, ca_file=None, legacy=False) tcp"),
        ({"legacy_tls": True}, "cam", "443 322 TLS(mode='verify', pin=None, ca_file=None, legacy=True) tcp"),
        (
            {"tls": "pin", "rtsp_port": 7, "http_port": 8},
            "cam",
            "8 7 TLS(mode='pin', pin=None, ca_file=None, legacy=False) tcp",
        ),
        ({"transport": "multicast"}, "rtsp://cam:8554/?http_port=81", "81 8554 None multicast"),
    ],
)
def test_ports_tls_and_transport_reach_the_camera(
    options: dict[str, Any], host: str, made: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONFRAME_PASSWORD", "canary")
    camera = DeviceOptions(**options).camera(host)
    assert f"{camera.http_port} {camera.rtsp_port} {camera.tls} {camera.transport}" == made
