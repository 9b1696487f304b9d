"""Writes docs/conformance.md and docs/robustness.md from the evidence of a run, and fails where something has no test.

python tests/pages.py DIRECTORY
"""

from __future__ import annotations

import sys
from pathlib import Path

import conformance
import robustness
from evidence import ROOT, Evidence


def main(directory: Path) -> int:
    """0, or 1 where a requirement or a row of the fault matrix is not shown."""
    evidence = Evidence.load(directory)
    (ROOT / "docs" / "conformance.md").write_text(conformance.page(evidence), encoding="utf-8")
    path = ROOT / "docs" / "robustness.md"
    path.write_text(robustness.page(evidence, path.read_text(encoding="utf-8")), encoding="utf-8")
    unshown = conformance.missing(evidence) + robustness.missing(evidence)
    if unshown:
        print(
            f"Requirements and rows of the fault matrix without a passing test: {', '.join(unshown)}", file=sys.stderr
        )
    return bool(unshown)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
