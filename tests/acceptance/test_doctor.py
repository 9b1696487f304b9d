"""`onframe doctor`: green on the simulator, and else the cause and what to do."""

from __future__ import annotations

import json
import re
import shlex
import socket
import zipfile

import pytest

from onframe.camera.pins import Pins

pytestmark = pytest.mark.timeout(180)


def lines(done):
    assert "Traceback" not in done.stderr and "Kanarie-7q" not in done.stdout + done.stderr
    return done.stdout.splitlines()


def findings(done):
    """(mark, name, detail, remedy or None) of every finding."""
    found = []
    for line in lines(done):
        if line.startswith(" " * 27 + "→ "):
            found[-1] = (*found[-1][:3], line.strip()[2:])
        else:
            found.append((line[:4].strip(), line[6:27].strip(), line[27:], None))
    return found


def failures(done):
    """(name, detail, remedy) of every line that is not ok."""
    return [finding[1:] for finding in findings(done) if finding[0] == "FAIL"]


def test_it_is_green_on_the_simulated_camera(gate):
    done = gate.onframe("doctor")
    assert done.returncode == 0, done.stdout
    assert {mark for mark, *_ in findings(done)} == {"ok"}, done.stdout
    assert [name for _, name, _, _ in findings(done)] == [
        *("HTTP port", "RTSP port", "login", "firmware", "device capability", "metadata capability"),
        *("types enabled", "rights", "track", "transport", "packets", "documents", "clock", "coordinates", "rules"),
    ]
    assert done.stderr == ""


def test_json_is_one_finding_a_line(gate):
    done = gate.onframe("doctor", "--json")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert found[0] == {
        "name": "HTTP port",
        "ok": True,
        "detail": f"127.0.0.1, port {gate.http_port} is open",
        "remedy": None,
        "level": "ok",
    }
    assert len(found) == 15


def test_a_wrong_password(gate):
    done = gate.onframe("doctor", password="wrong")
    assert done.returncode == 1
    [(name, cause, remedy)] = failures(done)
    assert (name, cause.startswith("127.0.0.1 refused the user 'admin'")) == ("login", True)
    assert "check user name and password" in remedy


@pytest.mark.parametrize("closed", ["http", "rtsp"])
def test_a_closed_port(gate, onframe, closed):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    ports = {"http": gate.http_port, "rtsp": gate.rtsp_port, closed: port}
    done = onframe("doctor", "127.0.0.1", "--http-port", str(ports["http"]), "--rtsp-port", str(ports["rtsp"]))
    assert done.returncode == 1
    [(name, cause, remedy)] = failures(done)
    assert name == f"{closed.upper()} port"
    assert cause == f"127.0.0.1, port {port} cannot be reached: Connection refused"
    assert "check that the camera is on" in remedy and f"--{closed}-port" in remedy


def test_no_host_at_all(onframe):
    done = onframe("doctor", "camera.invalid", "--timeout", "5")
    assert done.returncode == 1
    assert {name for name, _, _ in failures(done)} == {"HTTP port", "RTSP port"}


def test_a_disabled_type_and_its_remedy_run_as_it_is_printed(gate, shell):
    assert gate.onframe("config set", "--disable", "ANPR").returncode == 0
    done = gate.onframe("doctor")
    assert done.returncode == 1
    [(name, cause, remedy)] = failures(done)
    assert (name, cause) == ("types enabled", "disabled: ANPR")
    command = remedy.removeprefix("enable: ")
    assert shlex.split(command)[:3] == ["onframe", "config", "set"]
    mended = shell(command)
    assert (mended.returncode, mended.stdout) == (0, "ANPR: disabled → enabled\n"), mended.stderr
    assert gate.onframe("doctor").returncode == 0


def test_a_recorder_has_a_stream_without_the_track(simulate):
    done = simulate("--scene", "gate", "--profile", "nvr").onframe("doctor")
    assert done.returncode == 1
    said = {name: (cause, remedy) for name, cause, remedy in failures(done)}
    assert said["device capability"][0] == "the device does not say isSupportMetadata"
    assert "has no isapi.metadata track" in said["track"][0]
    assert "connect to the camera itself" in said["track"][1]
    assert all(len(remedy) > 20 for _, remedy in said.values())


def test_a_device_without_subscription_is_green_too(simulate):
    simulated = simulate("--scene", "gate", "--quirk", "subscribe=unsupported")
    done = simulated.onframe("doctor")
    assert done.returncode == 0, done.stdout
    assert "no subscription by type" in done.stdout
    filtered = simulated.onframe("watch", "--json", "--types", "ANPR", "--count", "2")
    assert filtered.returncode == 0 and filtered.stdout.count('"subType":"ANPR"') == 2


@pytest.mark.parametrize(
    ("options", "name", "cause", "remedy"),
    [
        (["--profile", "basic"], "login", "Basic alone", "--allow-basic"),
        (["--quirk", "silence=600"], "packets", "none within 3 s", "set up a rule"),
        (["--fault", "type-off=ANPR"], "types enabled", "disabled: ANPR", "onframe config set"),
        (["--fault", "loss=20%"], "packets", "lost", "--transport tcp"),
        (["--fault", "stall"], "track", "nothing is answered", "--rtsp-port"),
    ],
)
def test_what_is_wrong_with_a_camera_is_named_with_its_remedy(simulate, options, name, cause, remedy):
    done = simulate("--scene", "gate", *options).onframe("doctor", "--timeout", "3", "--wait", "3")
    assert done.returncode == 1, done.stdout
    assert name in [failed for failed, _, _ in failures(done)], done.stdout
    said = next(finding for finding in failures(done) if finding[0] == name)
    assert cause in said[1] and remedy in (said[2] or ""), done.stdout


def test_an_account_that_the_device_has_locked(simulate):
    simulated = simulate("--scene", "gate", "--quirk", "lockout=1")
    simulated.onframe("doctor", password="wrong")
    [(name, cause, remedy)] = failures(simulated.onframe("doctor"))
    assert name == "login" and "locked" in cause
    assert "wait until the device unlocks it" in remedy


def test_a_refused_password_is_not_sent_again_by_another_process_until_it_is_forgotten(simulate):
    simulated = simulate("--scene", "gate")
    simulated.onframe("doctor", password="wrong")
    [(name, cause, remedy)] = failures(simulated.onframe("doctor", password="wrong"))
    assert name == "login" and "was refused before" in cause and "--forget-login" in remedy
    assert len(simulated.refused) == 1
    assert "is forgotten" in simulated.onframe("doctor", "--forget-login").stdout
    simulated.onframe("doctor", password="wrong")
    assert len(simulated.refused) == 2


def test_tls_from_a_self_signed_certificate_to_a_pin(simulate, onframe):
    simulated = simulate("--scene", "gate", "--tls")
    ports = _tls_ports(simulated)
    done = onframe("doctor", "https://127.0.0.1", *ports)
    [(name, cause, remedy)] = failures(done)
    assert name == "TLS" and "self-signed" in cause and "onframe doctor --pin" in remedy
    for command in ("watch", "view"):
        refused = onframe(command, "https://127.0.0.1", *ports)
        assert refused.returncode == 8 and "self-signed" in refused.stderr
    shown = onframe("doctor", "127.0.0.1", *ports, "--pin")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert re.search(r"SHA-256 +([0-9A-F]{2}:){31}[0-9A-F]{2}", shown.stdout) and "kept in" in shown.stdout
    pinned = onframe("doctor", "https://127.0.0.1", *ports, "--tls", "pin")
    assert pinned.returncode == 0, pinned.stdout
    assert onframe("doctor", "127.0.0.1", *ports, "--pin").stdout.count("kept already") == 2


def test_another_certificate_is_kept_only_when_that_is_said(simulate, onframe):
    ports = _tls_ports(simulate("--scene", "gate", "--tls"))
    for port in (ports[1], ports[3]):
        Pins().save("127.0.0.1", int(port), "00" * 32)
    refused = onframe("doctor", "127.0.0.1", *ports, "--pin")
    assert refused.returncode == 8 and "another one is kept: 00:00:" in refused.stdout
    changed = onframe("doctor", "https://127.0.0.1", *ports, "--tls", "pin")
    [(name, cause, _)] = failures(changed)
    assert name == "TLS" and "another certificate than the pinned one" in cause
    assert onframe("doctor", "127.0.0.1", *ports, "--pin", "--replace").returncode == 0
    assert onframe("doctor", "https://127.0.0.1", *ports, "--tls", "pin").returncode == 0


def _tls_ports(simulated):
    https, rtsps = re.search(r"https port (\d+), rtsps port (\d+)", simulated.stdout).groups()
    return ("--http-port", https, "--rtsp-port", rtsps)


def test_the_bundle_is_written_and_says_so(simulate, tmp_path):
    path = tmp_path / "bundle.zip"
    done = simulate("--scene", "gate").onframe("doctor", "--bundle", str(path))
    assert done.returncode == 0 and str(path) in done.stderr
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        everything = b"".join(archive.read(name) for name in names)
    assert "rtsp/description.sdp" in names and "documents/1.xml" in names
    assert b"Kanarie-7q" not in everything and b"127.0.0.1" not in everything
    assert b"ONF" not in everything, "plates of the scene"


def test_on_a_terminal_lines_are_wrapped_and_coloured_unless_colours_are_not_wanted(gate, terminal, monkeypatch):
    coloured = terminal("doctor", *gate.address)
    coloured.read("rules")
    assert "\x1b[32mok  \x1b[0m  HTTP port" in coloured.output
    assert max(len(line) for line in re.sub(r"\x1b\[[0-9;]*m", "", coloured.output).splitlines()) <= 120
    monkeypatch.setenv("NO_COLOR", "1")
    plain = terminal("doctor", *gate.address)
    plain.read("rules")
    assert "\x1b[" not in plain.output
