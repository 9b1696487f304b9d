"""Fails where the tests of wire and isapi take fewer of their branches than the bound.

    python scripts/branches.py report.json 98

``report.json`` is what ``coverage json`` writes. Lines alone would hide the way that was never taken.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(report: str, bound: str) -> int:
    files = json.loads(Path(report).read_text(encoding="utf-8"))["files"]
    branches = sum(file["summary"]["num_branches"] for file in files.values())
    taken = sum(file["summary"]["covered_branches"] for file in files.values())
    for name, file in files.items():
        missing = sorted({abs(line) for pair in file["missing_branches"] for line in pair[:1]})
        if missing:
            print(f"{name}: not every way is taken from line {', '.join(map(str, missing))}")
    share = 100 * taken / branches
    print(f"{taken} of {branches} branches of wire and isapi are taken: {share:.1f} %")
    return 0 if share >= float(bound) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
