"""The programs of the README are files, and these run as they stand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from onframe import SimulatedCamera

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


@pytest.fixture(scope="module")
def gate():
    with SimulatedCamera("gate") as simulated:
        yield simulated


def test_the_watching_example_prints_targets(gate):
    command = [
        sys.executable,
        "-u",
        str(EXAMPLES / "watch.py"),
        f"http://admin@127.0.0.1:{gate.http_port}/?rtsp_port={gate.rtsp_port}",
    ]
    environment = {**os.environ, "ONFRAME_PASSWORD": gate.password}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(20)]
        process.terminate()
    assert all(line.count(" ") >= 3 for line in lines)
    assert any("behaviorAnalysis" in line and "(" in line for line in lines)


def test_the_simulated_example_prints_plates():
    done = subprocess.run([sys.executable, str(EXAMPLES / "simulated.py")], capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    plates = done.stdout.splitlines()
    assert len(plates) >= 3
    assert all(line.startswith("ONF ") for line in plates)


def test_the_example_with_an_rtsp_stack_of_ones_own_decodes_a_document(tmp_path):
    header = bytes.fromhex("80 6b 00 01 00 00 03 e8 55 66 77 88")
    first = header + b"<Metadata><type>ruleTarget</type>"
    second = bytes.fromhex("80 eb 00 02 00 00 03 e8 55 66 77 88") + b"<subType>ANPR</subType></Metadata>"
    for number, packet in enumerate((first, second)):
        (tmp_path / f"{number}.bin").write_bytes(packet)
    command = [sys.executable, str(EXAMPLES / "own_rtsp.py"), str(tmp_path / "0.bin"), str(tmp_path / "1.bin")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("metadata xml [")
    assert "sub_type='ANPR'" in done.stdout


@pytest.mark.fault("F34")
def test_the_example_of_a_test_with_a_reboot_passes_and_fails_where_the_reboot_is_not_told(tmp_path):
    example = (EXAMPLES / "test_reboot.py").read_text(encoding="utf-8")
    blind = example.replace("if record.gap_before is not None:", "if False:")
    assert blind != example
    (tmp_path / "test_sees.py").write_text(example, encoding="utf-8")
    (tmp_path / "test_is_blind.py").write_text(blind, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    plugins = ["-p", "no:asyncio", "-p", "no:cacheprovider"]  # a stranger has neither our options nor our plugins
    command = [sys.executable, "-m", "pytest", "-q", "-rA", *plugins, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "PASSED test_sees.py" in done.stdout
    assert "FAILED test_is_blind.py" in done.stdout
    assert "assert 0 == 1" in done.stdout
