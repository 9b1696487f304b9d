"""Simulated cameras for the soak: many in one process, cheap, each with a random but seeded plan of faults.

Prints one line of JSON with their URLs, runs until its standard input ends, and prints what was done.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence

from onframe.simulator.camera import SimulatedCamera
from onframe.simulator.faults import random_plan
from onframe.simulator.programme import Stamp
from onframe.simulator.source import MediaItem, VideoParameters

STEP = 200_000_000
"""Ns from one document to the next: five a second."""
TOGETHER = 10
TARGETS = "".join(
    f"<Target><targetID>{n}</targetID><recognition>vehicle</recognition><ruleID>5</ruleID><RegionList><Region>"
    f"<Point><x>{n}00</x><y>100</y></Point><Point><x>{n}90</x><y>190</y></Point></Region></RegionList>"
    f"<PropertyList><Property><description>licensePlate</description><value>ONF 100{n}</value></Property>"
    "</PropertyList></Target>"
    for n in range(1, 5)
)
DOCUMENT = (
    '<?xml version="1.0" encoding="UTF-8"?><Metadata version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">'
    "<type>activityTarget</type><subType>ANPR</subType><time>{time}</time>"
    f"<TargetDetection><TargetList>{TARGETS}</TargetList></TargetDetection></Metadata>"
)


class Ticker:
    """A programme of documents alone, five a second."""

    streams = (1, 2)

    def __init__(self, stamp: Stamp) -> None:
        self._stamp = stamp

    def prepare(self) -> None: ...

    def prepare_stream(self, stream: int) -> None: ...

    def at(self, n: int) -> int:
        return n * STEP

    def frame_at(self, at: int) -> int:
        return at // STEP

    def parameters(self, stream: int) -> VideoParameters:
        return VideoParameters(640, 360, bytes.fromhex("67420015"), bytes.fromhex("68ce3c80"))

    def picture(self, stream: int, n: int) -> tuple[bytes, bool] | None:
        return None

    def captured(self, stream: int, n: int) -> int:
        return self.at(n)

    def sound(self, n: int) -> bytes:
        return b""

    def documents(self, n: int, epoch_ns: int) -> Sequence[MediaItem]:
        text = DOCUMENT.format(time=self._stamp.time(epoch_ns + n * STEP).raw)
        return [MediaItem("metadata", n * STEP, text.encode(), metadata_type="ANPR", kind="target", format="xml")]

    def rules(self, n: int, epoch_ns: int) -> Sequence[MediaItem]:
        return []


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=1800.0, help="how long faults happen")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    cameras = [
        SimulatedCamera(
            password=f"soak-{n}",
            programme=Ticker,
            seed=options.seed + n,
            faults=random_plan(options.seed + n, options.seconds, pause=(10.0, 50.0)),
        )
        for n in range(options.count)
    ]
    for first in range(0, len(cameras), TOGETHER):
        await asyncio.gather(*(camera.start() for camera in cameras[first : first + TOGETHER]))
    print(json.dumps([camera.url for camera in cameras]), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    done = sum((camera.faults.done for camera in cameras), Counter[str]())
    print(json.dumps({"faults": done, "cpu": time.process_time()}), flush=True)
    await asyncio.gather(*(camera.stop() for camera in cameras))


if __name__ == "__main__":
    asyncio.run(main())
