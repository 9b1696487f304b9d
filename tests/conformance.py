"""Writes docs/conformance.md: requirement → tests that passed in this run → code that they exercised.

Loaded by conftest.py. With `--conformance PATH` a whole run writes the page, and fails where a
requirement has no passing test and is not marked as coming later.
"""

from __future__ import annotations

import ast
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import coverage
import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "onframe"
MOST_MODULES = 4


def load_requirements() -> dict[str, dict[str, str]]:
    """Every requirement by its name ("R-041", "B.14"), in order."""
    with (ROOT / "tests" / "requirements.toml").open("rb") as file:
        table = tomllib.load(file)
    requirements = {f"R-{number}": entry for number, entry in table["R"].items()}
    requirements |= {f"B.{int(number)}": entry for number, entry in table["B"].items()}
    return requirements


class Conformance:
    """Collects what each marked test showed, and which code it ran."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.requirements = load_requirements()
        self.shown: dict[str, list[str]] = defaultdict(list)
        self.coverage = coverage.Coverage(data_file=None, source=[str(SOURCE)], messages=False)

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
            for name in names(item, "requirement"):
                self.shown[name].append(item.nodeid)
        return report

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.coverage.stop()
        if session.config.option.collectonly or session.testsfailed or session.exitstatus != 0:
            return
        missing = [name for name, entry in self.requirements.items() if name not in self.shown and "later" not in entry]
        self.path.write_text(self.page(), encoding="utf-8")
        if missing:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            write_line(session, "requirements without a test: " + ", ".join(missing))

    def page(self) -> str:
        code = self._code_by_test()
        lines = _HEAD.splitlines()
        shown = sum(name in self.shown for name in self.requirements)
        lines += ["", f"{shown} of {len(self.requirements)} requirements and messages are shown by passing tests.", ""]
        for name, entry in self.requirements.items():
            lines += [f"## {name}: {entry['title']}", ""]
            if "later" in entry:
                lines += [f"Not shown yet: comes with {entry['later']}.", ""]
            if "deviation" in entry:
                lines += [f"**Deviation.** {entry['deviation']}", ""]
            tests = sorted(set(without_parameters(test) for test in self.shown.get(name, [])))
            lines += [f"- `{test}`" for test in tests]
            modules: Counter[str] = Counter()
            for test in self.shown.get(name, []):
                modules.update(code.get(test, {}))
            if modules:
                # By rank and then by name: counts of lines vary from run to run, the page must not.
                best = sorted(module for module, _ in modules.most_common(MOST_MODULES))
                lines += ["", "Code: " + ", ".join(f"`{module}`" for module in best)]
            lines.append("")
        return "\n".join(lines).rstrip() + "\n"

    def _code_by_test(self) -> dict[str, Counter[str]]:
        """For each test, the modules it ran and how many lines inside functions it ran in each."""
        data = self.coverage.get_data()
        result: dict[str, Counter[str]] = defaultdict(Counter)
        for file in data.measured_files():
            inside = _lines_inside_functions(Path(file))
            module = Path(file).relative_to(SOURCE.parent).as_posix()
            for line, contexts in data.contexts_by_lineno(file).items():
                if line in inside:
                    for context in contexts:
                        if context:
                            result[context][module] += 1
        return result


def names(item: pytest.Item, marker: str) -> Iterator[str]:
    """What the test says it shows, by this marker."""
    for mark in item.iter_markers(marker):
        yield from mark.args


def without_parameters(nodeid: str) -> str:
    """The test's name, the same for each of its parameters."""
    return nodeid.split("[", 1)[0]


def write_line(session: pytest.Session, text: str) -> None:
    """A line in red at the end of the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line(text, red=True)


def _lines_inside_functions(path: Path) -> set[int]:
    lines: set[int] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines.update(range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1))
    return lines


_HEAD = """\
# Conformance

Onframe implements the published *Intelligent Security API (Metadata) Developer Guide*, as client and as device.
It is independent of any camera vendor and not certified by one.

This page is generated by `make test`: each requirement of the guide (R) and each of its messages (B), the tests that
passed in that run and show it, and the modules that those tests ran most. The run fails where a requirement has no
test."""
