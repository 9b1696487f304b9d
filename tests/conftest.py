"""Options and checks for every test."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


def _load_conformance() -> object:
    spec = importlib.util.spec_from_file_location("conformance", HERE / "conformance.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["conformance"] = module
    spec.loader.exec_module(module)
    return module


conformance = _load_conformance()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--conformance", type=Path, default=None, help="write the conformance page of this run to PATH")


def pytest_configure(config: pytest.Config) -> None:
    path = config.getoption("--conformance")
    if path is not None:
        config.pluginmanager.register(conformance.Conformance(path), "conformance")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A marker that names no known requirement is an error: it would show nothing."""
    known = conformance.load_requirements()
    for item in items:
        for mark in item.iter_markers("requirement"):
            for name in mark.args:
                if name not in known:
                    raise pytest.UsageError(f"{item.nodeid}: unknown requirement {name!r}")
