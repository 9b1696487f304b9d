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
    done = gate.onframe("doctor", "--json", "--wait", "1")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert found[0] == {
        "name": "HTTP port",
        "ok": True,
        "detail": f"127.0.0.1, port {gate.http_port} is open",
        "remedy": None,
        "level": "ok",
    }
    assert len(found) == 15
    firmware = next(finding["detail"] for finding in found if finding["name"] == "firmware")
    assert firmware.startswith("Onframe simulated camera, V90.17.0 build 260101; nothing known against it")


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
    done = onframe(
        "doctor", "127.0.0.1", "--http-port", str(ports["http"]), "--rtsp-port", str(ports["rtsp"]), "--wait", "1"
    )
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
    done = gate.onframe("doctor", "--wait", "3")
    assert done.returncode == 1, done.stdout
    [(name, cause, remedy)] = failures(done)
    assert (name, cause) == ("types enabled", "disabled: ANPR")
    command = remedy.removeprefix("enable: ")
    assert shlex.split(command)[:3] == ["onframe", "config", "set"]
    mended = shell(command)
    assert (mended.returncode, mended.stdout) == (0, "ANPR: disabled → enabled\n"), mended.stderr
    mended = gate.onframe("doctor", "--wait", "3")
    assert mended.returncode == 0, mended.stdout


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
    done = simulated.onframe("doctor", "--wait", "1")
    assert done.returncode == 0, done.stdout
    assert "no subscription by type" in done.stdout
    filtered = simulated.onframe("watch", "--json", "--types", "ANPR", "--count", "2")
    assert filtered.returncode == 0 and filtered.stdout.count('"subType":"ANPR"') == 2


TROUBLES = [
    ("--profile=basic", ["login"], "Basic alone", "--allow-basic"),
    ("--quirk=silence=600", ["packets"], "none within 1 s", "set up a rule"),
    ("--quirk=rule_on_change_only --scene=hall", ["rules"], "no rule within 1 s", "draw a detection rule"),
    ("--quirk=track=onvif", ["track"], "its metadata is ONVIF's", "update the firmware"),
    ("--quirk=account=nothing", ["device capability", "track"], "user lacks the right", "use a user with the right"),
    ("--quirk=condition=deviceBusy", ["device capability", "track"], "deviceBusy", "close other clients"),
    ("--quirk=condition=notActivated", ["activation"], "not activated yet", "set its first password"),
    ("--fault=type-off=ANPR", ["types enabled"], "disabled: ANPR", "onframe config set"),
    ("--fault=loss=50%", ["packets"], "lost", "--transport tcp"),
    ("--fault=stall", ["device capability", "track"], "not answered within 1 s", "its HTTP port"),
]
"""How a camera is simulated, the steps that fail, and what the first of them says."""


@pytest.mark.parametrize(("option", "names", "cause", "remedy"), TROUBLES, ids=[trouble[0] for trouble in TROUBLES])
def test_what_is_wrong_with_a_camera_is_named_with_its_remedy(simulate, option, names, cause, remedy):
    done = simulate(*option.split()).onframe("doctor", "--timeout", "1", "--wait", "1")
    assert done.returncode == 1, done.stdout
    assert [name for name, _, _ in failures(done)] == names, done.stdout
    first = failures(done)[0]
    assert cause in first[1] and remedy in (first[2] or ""), done.stdout


def notes(done):
    """(name, detail, remedy) of every note."""
    return [finding[1:] for finding in findings(done) if finding[0] == "note"]


@pytest.mark.parametrize(
    ("option", "transport", "name", "cause", "remedy"),
    [
        ("--quirk=udp=lost", "udp", "transport", "nothing came over udp", "through the firewall"),
        ("--quirk=udp=refused", "udp", "transport", "461", "--transport tcp"),
        ("--quirk=account=look", "tcp", "rights", "but not subscribe", "--via channel"),
        ("--quirk=firmware=old", "tcp", "firmware", "V5.4.0 build 160530 is old", "update the firmware"),
    ],
)
def test_what_is_better_changed_is_a_note_and_no_failure(simulate, option, transport, name, cause, remedy):
    simulated = simulate("--scene", "gate", option)
    done = simulated.onframe("doctor", "--wait", "1", "--transport", transport)
    assert done.returncode == 0, done.stdout
    [(noted, detail, advice)] = notes(done)
    assert noted == name and cause in detail and remedy in (advice or ""), done.stdout


@pytest.mark.parametrize(("exchanged", "name"), [("http", "device capability"), ("rtsp", "track")])
def test_the_port_of_the_other_protocol_is_told_from_a_silent_one(gate, onframe, exchanged, name):
    ports = [gate.rtsp_port] * 2 if exchanged == "http" else [gate.http_port] * 2
    done = onframe("doctor", "127.0.0.1", "--http-port", str(ports[0]), "--rtsp-port", str(ports[1]), "--wait", "1")
    [(failed, cause, remedy)] = failures(done)
    assert (done.returncode, failed) == (1, name)
    assert "speaks" in cause and f"--{exchanged}-port" in remedy


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
    assert name == "TLS" and "self-signed" in cause
    assert f"onframe doctor --pin 127.0.0.1 {' '.join(ports)}" in remedy
    assert len(re.findall(r"(?:[0-9A-F]{2}:){31}", cause)) == 1
    for command in ("watch", "view"):
        refused = onframe(command, "https://127.0.0.1", *ports)
        assert refused.returncode == 8 and "self-signed" in refused.stderr
    shown = onframe("doctor", "127.0.0.1", *ports, "--pin")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert re.search(r"SHA-256 +([0-9A-F]{2}:){31}[0-9A-F]{2}", shown.stdout) and "kept in" in shown.stdout
    pinned = onframe("doctor", "https://127.0.0.1", *ports, "--tls", "pin", "--wait", "1")
    assert pinned.returncode == 0, pinned.stdout
    assert onframe("doctor", "127.0.0.1", *ports, "--pin").stdout.count("kept already") == 2


def test_another_certificate_is_kept_only_when_that_is_said(simulate, onframe):
    ports = _tls_ports(simulate("--scene", "gate", "--tls"))
    for port in (ports[1], ports[3]):
        Pins().save("127.0.0.1", int(port), "00" * 32)
    refused = onframe("doctor", "127.0.0.1", *ports, "--pin")
    assert refused.returncode == 8 and "another one is kept: 00:00:" in refused.stdout
    changed = onframe("doctor", "https://127.0.0.1", *ports, "--tls", "pin")
    [(name, cause, remedy)] = failures(changed)
    assert name == "TLS" and "another certificate than the pinned one" in cause
    assert f"onframe doctor --pin 127.0.0.1 {' '.join(ports)} --replace" in remedy
    assert onframe("doctor", "127.0.0.1", *ports, "--pin", "--replace").returncode == 0
    assert onframe("doctor", "https://127.0.0.1", *ports, "--tls", "pin", "--wait", "1").returncode == 0


def _tls_ports(simulated):
    https, rtsps = re.search(r"https port (\d+), rtsps port (\d+)", simulated.stdout).groups()
    return ("--http-port", https, "--rtsp-port", rtsps)


def test_the_bundle_is_written_and_says_so(simulate, tmp_path):
    path = tmp_path / "bundle.zip"
    done = simulate("--scene", "gate").onframe("doctor", "--wait", "1", "--bundle", str(path))
    assert done.returncode == 0 and str(path) in done.stderr
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        everything = b"".join(archive.read(name) for name in names)
    assert "rtsp/description.sdp" in names and "documents/1.xml" in names
    assert b"Kanarie-7q" not in everything and b"127.0.0.1" not in everything
    assert b"ONF" not in everything, "plates of the scene"


def test_on_a_terminal_lines_are_wrapped_and_coloured_unless_colours_are_not_wanted(gate, terminal, monkeypatch):
    coloured = terminal("doctor", *gate.address, "--wait", "1")
    coloured.read("rules")
    assert "\x1b[32mok  \x1b[0m  HTTP port" in coloured.output
    assert max(len(line) for line in re.sub(r"\x1b\[[0-9;]*m", "", coloured.output).splitlines()) <= 120
    monkeypatch.setenv("NO_COLOR", "1")
    plain = terminal("doctor", *gate.address, "--wait", "1")
    plain.read("rules")
    assert "\x1b[" not in plain.output
