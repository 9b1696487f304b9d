"""The public names: complete, lazy, and helpful where an extra is missing."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import onframe

SOURCE = Path(onframe.__file__).read_text(encoding="utf-8")


def run(program):
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("name", onframe.__all__)
def test_every_public_name_is_there(name):
    assert getattr(onframe, name).__name__ == name
    assert name in dir(onframe)


def test_type_checkers_see_the_same_names():
    block = next(node for node in ast.parse(SOURCE).body if isinstance(node, ast.If))
    seen = {alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == set(onframe.__all__)


def test_importing_the_package_imports_no_room_of_it():
    ran = run("import sys, onframe; print([m for m in sys.modules if m.startswith('onframe.')])")
    assert ran.stdout.strip() == "[]", ran.stderr


def test_the_camera_needs_no_extra():
    program = """
import sys
for name in ("starlette", "uvicorn", "av", "numpy", "PIL", "cyclopts", "rich", "websockets"):
    sys.modules[name] = None
from onframe import Camera, decode, Depacketizer, diagnose
"""
    assert run(program).returncode == 0


def test_a_name_that_needs_an_extra_says_which():
    program = """
import sys
for name in ("starlette", "uvicorn", "av", "numpy", "PIL"):
    sys.modules[name] = None
from onframe import OnframeError, SimulatedCamera
try:
    SimulatedCamera()
except OnframeError as error:
    print(error, error.hint)
"""
    ran = run(program)
    assert "needs av" in ran.stdout, ran.stderr
    assert "onframe[simulator]" in ran.stdout


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="NoSuchName"):
        onframe.NoSuchName  # noqa: B018
