"""What a run showed: which requirements and which rows of the fault matrix, by which tests, over which code.

Loaded by conftest.py. With ``--evidence DIRECTORY`` every process of a run leaves one file there when it ends well;
``pages.py`` makes the pages of all of them.
"""

from __future__ import annotations

import ast
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import coverage
import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "onframe"


@dataclass
class Evidence:
    """Tests that passed by what they show, and for each test how many lines it ran in which module."""

    requirement: dict[str, list[str]] = field(default_factory=dict)
    fault: dict[str, list[str]] = field(default_factory=dict)
    code: dict[str, dict[str, int]] = field(default_factory=dict)

    @classmethod
    def load(cls, directory: Path) -> Evidence:
        """What all processes of a run left."""
        whole = cls()
        for path in sorted(directory.glob("*.json")):
            part = cls(**json.loads(path.read_text(encoding="utf-8")))
            for mine, theirs in ((whole.requirement, part.requirement), (whole.fault, part.fault)):
                for name, tests in theirs.items():
                    mine.setdefault(name, []).extend(tests)
            whole.code |= part.code
        return whole


class Collector:
    """Collects the evidence of one process."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.evidence = Evidence()
        self.coverage = coverage.Coverage(data_file=None, source=[str(SOURCE)], messages=False)
        self.coverage.set_option("run:disable_warnings", ["no-data-collected"])  # tests whose servers run elsewhere

    def pytest_sessionstart(self) -> None:
        self.coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        # Measuring slows the code under test; tests of a frame rate are left alone.
        measured = any(item.iter_markers("requirement")) and not any(item.iter_markers("browser"))
        if measured:
            self.coverage.switch_context(item.nodeid)
        else:
            self.coverage.stop()
        try:
            return (yield)
        finally:
            if measured:
                self.coverage.switch_context("")
            else:
                self.coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        report = yield
        if report.when == "call" and report.passed:
            for marker, shown in (("requirement", self.evidence.requirement), ("fault", self.evidence.fault)):
                for name in names(item, marker):
                    shown.setdefault(name, []).append(item.nodeid)
        return report

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.coverage.stop()
        if session.config.option.collectonly or session.testsfailed or session.exitstatus != 0:
            return
        self.evidence.code = _code_by_test(self.coverage.get_data())
        self.directory.mkdir(parents=True, exist_ok=True)
        path = self.directory / f"{os.getpid()}.json"
        path.write_text(json.dumps(asdict(self.evidence)), encoding="utf-8")


def names(item: pytest.Item, marker: str) -> Iterator[str]:
    """What the test says it shows, by this marker."""
    for mark in item.iter_markers(marker):
        yield from mark.args


def without_parameters(nodeid: str) -> str:
    """The test's name, the same for each of its parameters."""
    return nodeid.split("[", 1)[0]


def _code_by_test(data: coverage.CoverageData) -> dict[str, dict[str, int]]:
    """For each test, the modules it ran and how many lines inside functions it ran in each."""
    result: dict[str, Counter[str]] = defaultdict(Counter)
    for file in data.measured_files():
        inside = _lines_inside_functions(Path(file))
        module = Path(file).relative_to(SOURCE.parent).as_posix()
        for line, contexts in data.contexts_by_lineno(file).items():
            if line in inside:
                for context in contexts:
                    if context:
                        result[context][module] += 1
    return {test: dict(modules) for test, modules in result.items()}


def _lines_inside_functions(path: Path) -> set[int]:
    lines: set[int] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines.update(range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1))
    return lines
