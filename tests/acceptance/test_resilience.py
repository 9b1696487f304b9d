"""A camera that dies, one that hangs, and a client that connects again and again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from onframe import Backoff, Camera, Record, StateChange

pytestmark = pytest.mark.timeout(180)

CYCLES = """
import asyncio, gc, json, os, sys
from onframe import Camera

async def cycle(url):
    async with Camera.from_url(url) as camera:
        seen = 0
        async for record in camera.watch():
            seen += 1
            if seen == 3:
                break

def figures():
    gc.collect()
    pages = int(open("/proc/self/statm").read().split()[1])
    return {
        "tasks": len(asyncio.all_tasks()), "descriptors": len(os.listdir("/proc/self/fd")),
        "bytes": pages * os.sysconf("SC_PAGE_SIZE"),
    }

async def main():
    for n in range(50):
        if n == 10:
            print(json.dumps(figures()), flush=True)
        await cycle(sys.argv[1])
    await asyncio.sleep(0.2)
    print(json.dumps(figures()), flush=True)

asyncio.run(main())
"""


def states(process):
    return [event["state"] for event in process.events() if event["kind"] == "state"]


def epochs(process):
    return [event["epoch"] for event in process.events() if event["kind"] == "record"]


@pytest.mark.requirement("R-049")
def test_a_watch_goes_on_by_itself_when_the_camera_comes_back(simulate, start):
    simulated = simulate("--scene", "gate")
    watching = start("watch", *simulated.address, "--raw")
    watching.until(lambda process: len(epochs(process)) > 5)
    simulated.kill()
    watching.until(lambda process: "backoff" in states(process), 5)
    before = epochs(watching)[-1]
    simulate("--scene", "gate", http_port=simulated.http_port, rtsp_port=simulated.rtsp_port)
    watching.until(lambda process: epochs(process)[-1] > before, 40)
    events = watching.events()
    back = next(event for event in events if event["kind"] == "record" and event["epoch"] > before)
    assert back["gap_before"]["reason"] == "reconnect"
    assert states(watching)[-1] == "live"
    live = [event for event in events if event["kind"] == "state" and event["state"] == "live"][-1]
    assert live["epoch"] == back["epoch"]
    assert watching.stderr == ""


async def state_of(events, wanted, seconds):
    async with asyncio.timeout(seconds):
        async for event in events:
            if isinstance(event, StateChange) and event.state == wanted:
                return event
    raise AssertionError("the events ended")


@pytest.mark.requirement("R-049")
async def test_a_camera_that_hangs_is_stale_within_twice_the_keep_alive_and_live_within_5_s_of_its_return(simulate):
    simulated = simulate("--scene", "gate")
    keepalive = 2.0
    ports = {"http_port": simulated.http_port, "rtsp_port": simulated.rtsp_port}
    async with Camera(
        "127.0.0.1", username="admin", password="Kanarie-7q", keepalive=keepalive, backoff=Backoff(), **ports
    ) as camera:
        events = camera.events(maxsize=10_000)
        await state_of(events, "live", 20)
        for pause in (0.0, 2 * keepalive + 1):  # the same connection goes on; then one that was given up
            simulated.signal(signal.SIGSTOP)
            stopped = time.monotonic()
            await state_of(events, "stale", 2 * keepalive)
            assert time.monotonic() - stopped < 2 * keepalive
            await asyncio.sleep(pause)
            simulated.signal(signal.SIGCONT)
            await state_of(events, "live", 5)
            async with asyncio.timeout(5):
                while not isinstance(await anext(events), Record):
                    pass
        assert camera.counters["reconnects"] == 1


def test_forty_more_cycles_leave_no_task_no_descriptor_and_no_memory_behind(gate, tmp_path: Path):
    (tmp_path / "cycles.py").write_text(CYCLES)
    url = f"http://admin:Kanarie-7q@127.0.0.1:{gate.http_port}/?rtsp_port={gate.rtsp_port}"
    camera = {"descriptors": len(os.listdir(f"/proc/{gate.pid}/fd"))}
    done = subprocess.run(
        [sys.executable, str(tmp_path / "cycles.py"), url], capture_output=True, text=True, timeout=150
    )
    assert (done.returncode, done.stderr) == (0, "")
    after_10, after_50 = (json.loads(line) for line in done.stdout.splitlines())
    print(f"after 10 cycles: {after_10}; after 50: {after_50}")
    assert after_50["tasks"] <= after_10["tasks"] == 1
    assert after_50["descriptors"] <= after_10["descriptors"]
    assert after_50["bytes"] - after_10["bytes"] < 5_000_000
    gate.until(lambda process: len(os.listdir(f"/proc/{process.pid}/fd")) <= camera["descriptors"], 5)
