"""Fuzzes the targets with atheris (libFuzzer), two at a time.

    python fuzz/run.py [--seconds 1200] [--seed N] [TARGET…]

``--seconds`` is how long all of it takes. What is learnt is kept in build/fuzz/TARGET and used by the next run; an
input that was found is in build/fuzz/found, and ``python fuzz/run.py --replay FILE TARGET`` runs it alone.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import deque
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = ROOT / "build" / "fuzz"
JOBS = 2
LONGEST_INPUT = 8192
LONGEST_RUN = 10
"""Seconds of one input after which it is a finding."""
MOST_MEMORY = 1024
"""MiB of a whole target after which it is a finding."""
SAMPLES = {"xml": ROOT / "tests" / "isapi" / "samples", "json": ROOT / "tests" / "isapi" / "samples"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--seconds", type=int, default=1200, help="of all targets together")
    parser.add_argument("--seed", type=int, default=0, help="0: another one each time")
    parser.add_argument("--replay", type=Path, help="one input for one target")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child is not None:
        return fuzz(chosen.targets[0], chosen.child, chosen.seed)
    targets = _targets()
    if unknown := set(chosen.targets) - set(targets):
        parser.error(f"there is no target {', '.join(sorted(unknown))}; there are {', '.join(targets)}")
    names = chosen.targets or list(targets)
    if chosen.replay is not None:
        targets[names[0]](chosen.replay.read_bytes())
        return 0
    return run_all(names, max(1, chosen.seconds * JOBS // len(names)), chosen.seed)


def _targets() -> dict[str, object]:
    sys.path.insert(0, str(HERE))
    from targets import TARGETS

    return TARGETS


def run_all(names: list[str], seconds: int, seed: int) -> int:
    """Each target in a process of its own; the number of those that found something."""
    waiting, running, failed = deque(names), {}, []
    while waiting or running:
        while waiting and len(running) < JOBS:
            name = waiting.popleft()
            running[name] = _start(name, seconds, seed)
        name, (process, log) = next(iter(running.items()))
        try:
            process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            running[name] = running.pop(name)  # look at the other one
            continue
        del running[name]
        print(f"{name}: {_summary(log)}", flush=True)
        if process.returncode:
            failed.append(name)
            print(log.read_text(errors="replace")[-4000:], flush=True)
    if failed:
        print(f"found something in {', '.join(failed)}: see build/fuzz/found", flush=True)
    return len(failed)


def _start(name: str, seconds: int, seed: int) -> tuple[subprocess.Popen[bytes], Path]:
    (BUILD / name).mkdir(parents=True, exist_ok=True)
    (BUILD / "found").mkdir(exist_ok=True)
    log = BUILD / f"{name}.log"
    command = [sys.executable, __file__, "--child", str(seconds), "--seed", str(seed), name]
    with log.open("wb") as file:
        return subprocess.Popen(command, stdout=file, stderr=file, cwd=ROOT), log


def _summary(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.startswith(("Done", "#"))]
    done = next((line for line in reversed(lines) if line.startswith("Done")), "ended early")
    counts = next((line for line in reversed(lines) if "cov:" in line), "")
    return f"{done}; {' '.join(counts.split()[1:8])}"


def fuzz(name: str, seconds: int, seed: int) -> int:
    """One target in this process; does not return where libFuzzer ends it."""
    import atheris

    with atheris.instrument_imports(include=["onframe"]):
        target = _targets()[name]
    corpora = [BUILD / name, HERE / "seeds" / name, *([SAMPLES[name]] if name in SAMPLES else [])]
    options = [f"-max_total_time={seconds}", f"-max_len={LONGEST_INPUT}", f"-timeout={LONGEST_RUN}"]
    options += [f"-rss_limit_mb={MOST_MEMORY}", f"-artifact_prefix={BUILD / 'found'}/{name}-", f"-seed={seed}"]
    dictionary = HERE / "dictionaries" / f"{name}.dict"
    if dictionary.exists():
        options.append(f"-dict={dictionary}")
    atheris.Setup([sys.argv[0], *options, *(str(corpus) for corpus in corpora)], target)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
