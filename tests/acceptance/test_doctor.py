"""`onframe doctor`: green on the simulator, and else the cause and what to do."""

from __future__ import annotations

import shlex
import socket

import pytest

pytestmark = pytest.mark.timeout(180)


def lines(done):
    assert "Traceback" not in done.stderr and "Kanarie-7q" not in done.stdout + done.stderr
    return done.stdout.splitlines()


def failures(done):
    """(cause, remedy) of every line that is not ok."""
    said = lines(done)
    return [(said[n][6:], said[n + 1].strip()) for n, line in enumerate(said) if line.startswith("FAIL")]


def test_it_is_green_on_the_simulated_camera(gate):
    done = gate.onframe("doctor")
    assert done.returncode == 0, done.stdout
    assert failures(done) == []
    assert [line[6:].split(":")[0] for line in lines(done)] == [
        *("HTTP port", "RTSP port", "login", "device capability", "metadata capability", "types enabled"),
        *("track", "packets", "documents", "rules"),
    ]
    assert all(line.startswith("ok    ") for line in lines(done))


def test_a_wrong_password(gate):
    done = gate.onframe("doctor", password="wrong")
    assert done.returncode == 1
    [(cause, remedy)] = failures(done)
    assert cause.startswith("login: 127.0.0.1 refused the user 'admin'")
    assert "check user name and password" in remedy


@pytest.mark.parametrize("closed", ["http", "rtsp"])
def test_a_closed_port(gate, onframe, closed):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    ports = {"http": gate.http_port, "rtsp": gate.rtsp_port, closed: port}
    done = onframe("doctor", "127.0.0.1", "--http-port", str(ports["http"]), "--rtsp-port", str(ports["rtsp"]))
    assert done.returncode == 1
    [(cause, remedy)] = failures(done)
    assert cause == f"{closed.upper()} port: 127.0.0.1, port {port} cannot be reached: Connection refused"
    assert "check that the camera is on" in remedy and f"--{closed}-port" in remedy


def test_no_host_at_all(onframe):
    done = onframe("doctor", "camera.invalid", "--timeout", "5")
    assert done.returncode == 1
    assert {cause.split(":")[0] for cause, _ in failures(done)} == {"HTTP port", "RTSP port"}


def test_a_disabled_type_and_its_remedy_run_as_it_is_printed(gate, shell):
    assert gate.onframe("config set", "--disable", "ANPR").returncode == 0
    done = gate.onframe("doctor")
    assert done.returncode == 1
    [(cause, remedy)] = failures(done)
    assert cause == "types enabled: disabled: ANPR"
    command = remedy.removeprefix("→ enable: ")
    assert shlex.split(command)[:3] == ["onframe", "config", "set"]
    mended = shell(command)
    assert (mended.returncode, mended.stdout) == (0, "ANPR: disabled → enabled\n"), mended.stderr
    assert gate.onframe("doctor").returncode == 0


def test_a_device_without_metadata_has_a_stream_without_the_track(simulate):
    done = simulate("--scene", "gate", "--profile", "nvr").onframe("doctor")
    assert done.returncode == 1
    said = dict(cause.split(": ", 1) for cause, _ in failures(done))
    assert said["device capability"] == "the device does not say isSupportMetadata"
    assert "has no isapi.metadata track" in said["track"]
    assert all(remedy.startswith("→ ") and len(remedy) > 20 for _, remedy in failures(done))


def test_a_device_without_subscription_is_green_too(simulate):
    simulated = simulate("--scene", "gate", "--quirk", "subscribe=unsupported")
    done = simulated.onframe("doctor")
    assert done.returncode == 0, done.stdout
    assert "no subscription by type" in done.stdout
    filtered = simulated.onframe("watch", "--json", "--types", "ANPR", "--count", "2")
    assert filtered.returncode == 0 and filtered.stdout.count('"subType":"ANPR"') == 2
