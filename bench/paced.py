"""What the metadata of one simulated camera costs in real time, beside ffmpeg copying the same track.

    python bench/paced.py [--seconds 20] [--scene all]

All receivers run at once, each in a process of its own, and get the same messages at the same moments. What counts is
the CPU time of their processes between two moments, so that starting up does not count. At this pace a message costs
more than flat out (`message_path.py`), for each of them wakes a process.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from message_path import FFMPEG, STEPS

from onframe import SimulatedCamera

HERE = Path(__file__).parent
_SETTLING = 5.0


def cpu_of(process: subprocess.Popen[bytes]) -> float:
    """Milliseconds that the threads of a living process have been on a CPU (Linux)."""
    tasks = Path(f"/proc/{process.pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6


def start(url: str, copied: str) -> dict[str, subprocess.Popen[bytes]]:
    """All receivers, by name."""
    commands = {"ffmpeg -c copy": [*FFMPEG, "-i", url, "-map", "0:d", "-c", "copy", "-f", "data", copied]}
    for name, step in STEPS.items():
        commands[name] = [sys.executable, str(HERE / "receivers.py"), step, url, str(10**9)]
    return {name: subprocess.Popen(command, stdin=subprocess.DEVNULL) for name, command in commands.items()}


def measure(url: str, seconds: float) -> dict[str, float]:
    """Milliseconds of CPU that each receiver spends on a second of the stream."""
    with tempfile.NamedTemporaryFile() as copied:
        processes = start(url, copied.name)
        try:
            time.sleep(_SETTLING)
            before = {name: cpu_of(process) for name, process in processes.items()}
            size = Path(copied.name).stat().st_size
            time.sleep(seconds)
            spent = {name: (cpu_of(process) - before[name]) / seconds for name, process in processes.items()}
            rate = (Path(copied.name).stat().st_size - size) / seconds / 1000
        finally:
            for process in processes.values():
                process.terminate()
                process.wait()
    print(f"{rate:.1f} kB of metadata a second, as ffmpeg wrote it")
    return spent


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--scene", default="all")
    chosen = options.parse_args()
    with SimulatedCamera(chosen.scene) as camera:
        login = f"{camera.username}:{camera.password}"
        url = f"rtsp://{login}@{camera.host}:{camera.rtsp_port}/ISAPI/Streaming/channels/101"
        spent = measure(url, chosen.seconds)
    print("CPU time for one second of the stream; xN: N times what ffmpeg needs (below 1, less)")
    for name, value in spent.items():
        print(f"  {name:26} {value:7.2f} ms   x{value / spent['ffmpeg -c copy']:.2f}")


if __name__ == "__main__":
    main()
