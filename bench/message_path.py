"""What a metadata message costs from the socket on, beside ffmpeg copying the same stream.

    python bench/message_path.py [--short 1000] [--long 6000] [--rounds 5]

A server in a process of its own sends the same messages to each receiver, as fast as it takes them. Each receiver
runs in a process of its own, once for a few messages and once for many; the difference of the two CPU times is what
the messages between cost, so that starting up does not count. ffmpeg writes what it copied to a file in memory where
there is one and decodes nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from blaster import payloads

HERE = Path(__file__).parent

FFMPEG = "ffmpeg -nostdin -loglevel error -y -analyzeduration 0 -rtsp_transport tcp -allowed_media_types data".split()
"""ffmpeg taking the data tracks of an RTSP address over TCP."""
STEPS = {
    "onframe, messages": "messages",
    "onframe, typed documents": "documents",
    "onframe, Records": "records",
}


def cpu_of(command: list[str], check: Callable[[bytes], None]) -> float:
    """User and system seconds of one process; ``check`` sees what it printed."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        if process.returncode:
            sys.exit(f"{' '.join(command)} failed with {process.returncode}")
        check(output.read())
    return usage.ru_utime + usage.ru_stime


def onframe(step: str, url: str, count: int) -> float:
    """CPU seconds of one of our receivers."""
    size = sum(map(len, payloads(count)))

    def check(output: bytes) -> None:
        if int(output) != size:
            sys.exit(f"{step}: {output!r} bytes came, {size} were sent")

    return cpu_of([sys.executable, str(HERE / "receivers.py"), step, url, str(count)], check)


def ffmpeg(url: str, count: int) -> float:
    """CPU seconds of ffmpeg copying the data track."""
    directory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.NamedTemporaryFile(dir=directory) as copied:
        command = [*FFMPEG, "-i", url, "-map", "0:d", "-c", "copy", "-f", "data", copied.name]
        used = cpu_of(command, lambda output: None)
        if Path(copied.name).read_bytes() != b"".join(payloads(count)):
            sys.exit("ffmpeg did not copy what was sent")
    return used


def per_message(run: Callable[[str, int], float], address: str, short: int, long: int) -> float:
    """Microseconds of CPU for one message, by the difference of two runs."""
    spent = [run(f"{address}/{count}", count) for count in (short, long)]
    return (spent[1] - spent[0]) / (long - short) * 1e6


def measure(address: str, short: int, long: int, rounds: int) -> dict[str, list[float]]:
    """The costs of each receiver in each round, one after the other."""
    runs: dict[str, Callable[[str, int], float]] = {"ffmpeg -c copy": ffmpeg}
    for name, step in STEPS.items():
        runs[name] = lambda url, count, step=step: onframe(step, url, count)  # type: ignore[misc]
    costs: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            costs[name].append(per_message(run, address, short, long))
    return costs


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--short", type=int, default=1000)
    options.add_argument("--long", type=int, default=6000)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    if shutil.which("ffmpeg") is None:
        sys.exit("ffmpeg is not installed; apt-get install ffmpeg")
    with subprocess.Popen(
        [sys.executable, str(HERE / "blaster.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        address = f"rtsp://127.0.0.1:{int(server.stdout.readline())}"
        try:
            costs = measure(address, chosen.short, chosen.long, chosen.rounds)
        finally:
            server.communicate()
    print("CPU time of one message; xN: N times the time that ffmpeg takes (below 1, faster) [least-greatest]")
    for name, values in costs.items():
        ratios = [value / base for value, base in zip(values, costs["ffmpeg -c copy"], strict=True)]
        low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
        print(f"  {name:26} {statistics.median(values):8.1f} us   x{middle:.2f} [{low:.2f}-{high:.2f}]")


if __name__ == "__main__":
    main()
