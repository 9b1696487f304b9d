"""This example shows how to test a program of your own against a camera that reboots: pytest examples/test_reboot.py

The program is PlateLog. The fixture `simulated_camera` comes with the package; its camera runs in a thread of its own.
"""

import asyncio

import pytest

from onframe import Camera


class PlateLog:
    """Writes down every plate, and a line where some may be missing."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    async def run(self, url: str) -> None:
        async with Camera.from_url(url) as camera:
            async for record in camera.watch(types=["ANPR"], kinds={"target"}):
                if record.gap_before is not None:
                    self.lines.append(f"some may be missing: {record.gap_before.reason}")
                self.lines += [target.plate for target in record.metadata.targets if target.plate]


async def reaches(log: PlateLog, count: int, running: asyncio.Task[None]) -> None:
    async with asyncio.timeout(60):
        while len(log.lines) < count:
            if running.done():
                running.result()  # raises what ended the program
            await asyncio.sleep(0.05)


@pytest.mark.simulated_camera("gate")
def test_a_reboot_is_told_and_the_plates_go_on(simulated_camera):
    async def scenario(log: PlateLog) -> None:
        running = asyncio.create_task(log.run(simulated_camera.url))
        await reaches(log, 3, running)
        await asyncio.to_thread(simulated_camera.faults.inject, "reboot=1s")  # returns when the camera is back
        await reaches(log, len(log.lines) + 3, running)
        running.cancel()

    log = PlateLog()
    asyncio.run(scenario(log))
    assert log.lines.count("some may be missing: reconnect") == 1
    assert log.lines[0].startswith("ONF ") and log.lines[-1].startswith("ONF ")
