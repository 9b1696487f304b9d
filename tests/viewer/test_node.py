"""The page's modules that need no page, tested by node's own runner."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

FILES = sorted((Path(__file__).parent / "js").glob("*.test.mjs"))


@cache
def node() -> list[str]:
    """The command; the test fails where there is none."""
    program = shutil.which("node")
    if program is None:
        pytest.fail("node is missing: install it with  sudo apt-get install nodejs")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    major, minor = (int(part) for part in version.strip().lstrip("v").split(".")[:2])
    finds_modules = (20, 19) <= (major, minor) < (21, 0) or (major, minor) >= (22, 7)  # a .js file may be one
    return [program] if finds_modules else [program, "--experimental-default-type=module"]


def test_there_is_something_to_run() -> None:
    assert {file.name for file in FILES} >= {"store.test.mjs", "sync.test.mjs", "view.test.mjs"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_module_passes_in_node(file: Path, record_property: Callable[[str, object], None]) -> None:
    command = [*node(), "--test", "--test-reporter=tap", str(file)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=100)
    report = run.stdout + run.stderr
    for measured in re.findall(r"^\s*# (.*µs.*)$", run.stdout, re.MULTILINE):
        record_property("measured", measured)
        print(measured)
    assert run.returncode == 0, report
    counts = {name: int(count) for name, count in re.findall(r"^# (\w+) (\d+)$", run.stdout, re.MULTILINE)}
    assert counts["pass"] == counts["tests"] > 0, report
