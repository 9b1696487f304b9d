"""A process that has no descriptor left: named, counted, and over as soon as there is one again."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

PROGRAM = """
import asyncio, os, resource
from onframe.camera.backoff import Backoff
from onframe.camera.camera import Camera
from onframe.record import StateChange

async def main():
    camera = Camera("127.0.0.1", username="admin", password="x", http_port={http}, rtsp_port={rtsp},
                    backoff=Backoff(initial=0.05, maximum=0.1), remember_logins=False)
    async with camera:
        events = camera.events(via="channel")
        await asyncio.get_running_loop().run_in_executor(None, len, "a thread, before descriptors are scarce")
        taken = [os.open(os.devnull, os.O_RDONLY)]
        resource.setrlimit(resource.RLIMIT_NOFILE, (taken[0] + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        async for event in events:
            if isinstance(event, StateChange) and event.state == "backoff":
                print("shed", camera.counters["no_descriptors"], event.reason, flush=True)
                os.close(taken[0])
                resource.setrlimit(resource.RLIMIT_NOFILE, (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
                break
        async for event in events:
            if isinstance(event, StateChange) and event.state == "live":
                print("live", flush=True)
                break
        await events.aclose()

asyncio.run(main())
"""


@pytest.mark.fault("F73")
async def test_a_process_without_descriptors_sheds_names_it_and_recovers(device):
    program = PROGRAM.format(http=device.http_port, rtsp=device.rtsp_port)
    device.password = "x"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-X", "dev", "-c", program), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    async with asyncio.timeout(60):
        out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    shed, live = out.decode().splitlines()
    assert shed.startswith("shed 1 this process may open no more files or sockets (raise the limit with 'ulimit -n'")
    assert live == "live"
    assert process.returncode == 0
    assert "Traceback" not in errors.decode(), errors.decode()
