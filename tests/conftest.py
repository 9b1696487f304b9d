"""Options and checks for every test."""

from __future__ import annotations

import importlib
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sharing = importlib.import_module("sharing")
sys.path.remove(str(HERE))
evidence, conformance, robustness, _ = sharing.share(HERE, "evidence", "conformance", "robustness", "waiting")

# An example that takes long on a busy machine says nothing; what must not take long is measured where that is tested.
settings.register_profile("onframe", deadline=None)
settings.load_profile("onframe")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--evidence", type=Path, default=None, help="leave in this directory what the run showed")


def pytest_configure(config: pytest.Config) -> None:
    directory = config.getoption("--evidence")
    only_hands_out_tests = config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput")
    if directory is not None and not only_hands_out_tests:
        config.pluginmanager.register(evidence.Collector(directory), "evidence")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A marker that names nothing known is an error: it would show nothing."""
    known = {"requirement": conformance.load_requirements(), "fault": robustness.load_faults()}
    for item in items:
        for marker, rows in known.items():
            for name in evidence.names(item, marker):
                if name not in rows:
                    raise pytest.UsageError(f"{item.nodeid}: unknown {marker} {name!r}")


@pytest.fixture(scope="session", autouse=True)
def _states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Iterator[Path]]:
    """Directories for what the program remembers; fixtures that outlive a test, and their processes, get the first."""
    base = tmp_path_factory.mktemp("states")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(base / "session"))
        yield (base / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _state(_states: Iterator[Path]) -> Iterator[None]:
    """No test reads or writes what the user's own runs remember: each has a place of its own, not yet there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(next(_states)))
        yield
