"""The soak: 100 cameras with faults, watched by 100 clients in one process that must stay flat. ``make soak``.

The simulated cameras run in a process of their own; each sends five documents a second and has a plan of faults drawn
by the seed: reboots, resets, cuts, loss, stalls, half-open connections, slow lines, clocks that are set, nonces that
expire, numbers that jump. Every 10 s the client process is measured. The first quarter of the time (at most 5 minutes)
is warm-up. After it these must hold, where the drift is the least-squares slope times the time measured:

    resident memory   drifts up by at most 8 MiB, and grows by at most 24 MiB above its first sample
    file descriptors  drift up by at most 10 for 100 cameras, and are never more than 3 for each and 50
    tasks             drift up by at most 20 for 100 cameras, and are never more than 6 for each and 20
    threads           drift up by at most 1, and are never more than 12
    records           at least 60 % of what was sent arrive, over all faults
    state             once the faults are over, every camera is live again within 60 s
    errors            none is logged, and no task's exception is left unread

It prints its figures and ends by itself: 0 where all of this holds, else 1.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import gc
import json
import logging
import os
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from onframe import Camera, Record
from onframe.camera.backoff import Backoff

HERE = Path(__file__).parent
PERIOD = 10.0
QUIET = 20.0
"""Seconds without faults at the end."""
RECOVERY = 60.0
PER_SECOND = 5.0
MIB = 1 << 20


class Sample(NamedTuple):
    """The client process at one moment; ``at`` in seconds since the start."""

    at: float
    memory: int
    descriptors: int
    tasks: int
    threads: int
    cpu: float
    live: int
    records: int


@dataclass
class Clients:
    """All cameras, each watched by one task."""

    cameras: list[Camera]
    records: Counter[int] = field(default_factory=Counter)
    failed: dict[int, str] = field(default_factory=dict)

    async def watch(self, n: int) -> None:
        try:
            async for event in self.cameras[n].events():
                self.records[n] += isinstance(event, Record)
        except Exception as error:  # it is what the soak looks for
            self.failed[n] = f"{type(error).__name__}: {error}"

    @property
    def live(self) -> int:
        return sum(camera.state == "live" for camera in self.cameras)

    def counters(self) -> Counter[str]:
        return sum((Counter(camera.counters) for camera in self.cameras), Counter())


class Errors(logging.Handler):
    """Keeps what was logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record)[:500])


def _trim() -> None:
    """Give free memory back, where the C library can: what is measured is what is in use."""
    if hasattr(library := ctypes.CDLL(None), "malloc_trim"):
        library.malloc_trim(0)


def sample(began: float, clients: Clients) -> Sample:
    gc.collect()
    _trim()
    return Sample(
        at=time.monotonic() - began,
        memory=int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"),
        descriptors=len(os.listdir("/proc/self/fd")),
        tasks=len(asyncio.all_tasks()),
        threads=threading.active_count(),
        cpu=time.process_time(),
        live=clients.live,
        records=clients.records.total(),
    )


def drift(samples: list[Sample], name: str) -> float:
    """The least-squares slope times the time between the first sample and the last."""
    times, values = [one.at for one in samples], [float(getattr(one, name)) for one in samples]
    middle, mean = sum(times) / len(times), sum(values) / len(values)
    spread = sum((at - middle) ** 2 for at in times)
    slope = sum((at - middle) * (value - mean) for at, value in zip(times, values, strict=True)) / spread
    return slope * (times[-1] - times[0])


def judge(samples: list[Sample], count: int) -> list[tuple[str, float, float]]:
    """(what, measured, bound) of everything that must hold of these samples."""
    share = max(count / 100, 0.1)
    rows = [("memory drift, MiB", drift(samples, "memory") / MIB, 8.0)]
    growth = max(one.memory for one in samples) - samples[0].memory
    rows.append(("memory growth, MiB", growth / MIB, 24.0))
    for name, drifts, most in (
        ("descriptors", 10 * share, 3 * count + 50),
        ("tasks", 20 * share, 6 * count + 20),
        ("threads", 1, 12),
    ):
        rows.append((f"{name} drift", drift(samples, name), drifts))
        rows.append((f"{name}, most", max(getattr(one, name) for one in samples), most))
    return rows


async def start_cameras(options: argparse.Namespace) -> tuple[asyncio.subprocess.Process, list[str]]:
    faulty = max(0.0, options.seconds - QUIET)
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(HERE / "cameras.py"),
        "--count", str(options.cameras), "--seconds", str(faulty), "--seed", str(options.seed),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=MIB,
    )  # fmt: skip
    assert process.stdout is not None
    return process, json.loads(await process.stdout.readline())


async def end_cameras(process: asyncio.subprocess.Process) -> dict[str, Any]:
    told, _ = await process.communicate(b"")
    return json.loads(told.splitlines()[-1])


async def measure(clients: Clients, seconds: float) -> list[Sample]:
    began, samples = time.monotonic(), []
    while (left := seconds - (time.monotonic() - began)) > 0:
        await asyncio.sleep(min(PERIOD, left))
        samples.append(sample(began, clients))
        one = samples[-1]
        print(
            f"{one.at:7.0f} s  {one.memory / MIB:7.1f} MiB  {one.descriptors:4d} descriptors  {one.tasks:4d} tasks  "
            f"{one.threads:2d} threads  {one.live:3d} live  {one.records:8d} records  {one.cpu:6.1f} s CPU",
            flush=True,
        )
    return samples


async def recovered(clients: Clients) -> float:
    """Seconds until every camera is live, at most RECOVERY."""
    began = time.monotonic()
    while clients.live < len(clients.cameras) and time.monotonic() - began < RECOVERY:
        await asyncio.sleep(0.1)
    return time.monotonic() - began


def report(rows: list[tuple[str, float, float]], notes: list[str]) -> bool:
    good = not notes
    for what, measured, bound in rows:
        good = good and measured <= bound
        print(f"{'ok  ' if measured <= bound else 'FAIL'} {what:<28}{measured:12.2f}   at most {bound:g}")
    for note in notes:
        print(f"FAIL {note}")
    return good


async def soak(options: argparse.Namespace) -> bool:
    errors = Errors()
    logging.getLogger().addHandler(errors)
    asyncio.get_running_loop().set_exception_handler(lambda loop, told: errors.texts.append(str(told)))
    process, urls = await start_cameras(options)
    made = [
        Camera.from_url(url, backoff=Backoff(maximum=5.0), keepalive=5.0, remember_logins=False, name=f"camera {n}")
        for n, url in enumerate(urls)
    ]
    clients = Clients(made)
    tasks = [asyncio.create_task(clients.watch(n)) for n in range(len(made))]
    samples = await measure(clients, options.seconds)
    waited = await recovered(clients)
    states, counters = Counter(camera.state for camera in made), clients.counters()
    await asyncio.gather(*(camera.close() for camera in made))
    await asyncio.wait(tasks)
    told = await end_cameras(process)
    gc.collect()
    sent = PER_SECOND * len(made) * options.seconds
    print(f"faults: {told['faults']}")
    print(f"states after {waited:.1f} s: {dict(states)}; left at the end: {len(asyncio.all_tasks())} task(s)")
    print(f"counters: {dict(sorted(counters.items()))}")
    elapsed = samples[-1].at
    print(f"CPU: clients {samples[-1].cpu / elapsed:.0%}, cameras {told['cpu'] / elapsed:.0%} of one core")
    warm = min(options.seconds / 4, 300.0)
    rows = judge([one for one in samples if one.at >= warm], len(made))
    rows.append(("lost of what was sent, %", 100 * (1 - clients.records.total() / sent), 40.0))
    rows.append(("not live at the end", len(made) - states["live"], 0))
    rows.append(("tasks left", len(asyncio.all_tasks()) - 1, 0))
    return report(rows, [*errors.texts[:10], *(f"camera {n}: {text}" for n, text in clients.failed.items())])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1800.0)
    parser.add_argument("--cameras", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.seconds < 60:
        parser.error("below 60 seconds there is no slope to measure")
    return 0 if asyncio.run(soak(options)) else 1


if __name__ == "__main__":
    sys.exit(main())
