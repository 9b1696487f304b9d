"""The whole chain in a process of its own: a simulated camera, our client, the viewer. Driven by lines on stdin.

chain.py OPTIONS   OPTIONS is JSON for SimulatedCamera, with "viewer" for the Viewer; prints
                       {"url": …, "frames": …, "bare": […]} when it is all up; bare are the loop frames that have no
                       target, and so no document with a number
reboot             the camera reboots, and is away for a second; prints {"frame": …, "at": seconds}: the last frame
                       before it, counted from the start, and when that was
report             prints {"lost": [frame, …], "epoch": seconds}: the frames since the start, not of a loop, of which
                       a document was hit by the loss, and when the camera started
(end of input)     ends
"""

import asyncio
import json
import sys
import time
from typing import Any

from onframe.camera.camera import Camera
from onframe.simulator.camera import SimulatedCamera
from onframe.simulator.scenes import load
from onframe.viewer.server import Viewer


async def main(options: dict[str, Any]) -> None:
    loop = asyncio.get_running_loop()
    viewer_options: dict[str, Any] = options.pop("viewer", {})
    scene = load(str(options["scene"]), 1)
    frames = scene.frames
    bare = [n for n in range(frames) if not any(document.metadata.targets for document in scene.targets(n + frames))]
    async with SimulatedCamera(**options) as simulated, Camera.from_url(simulated.url) as camera:
        async with Viewer(camera, **viewer_options) as viewer:
            print(json.dumps({"url": viewer.url, "frames": frames, "bare": bare}), flush=True)
            while word := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
                if word == "reboot":
                    at = time.time()
                    frame = int((at - simulated.sources[1].epoch_ns / 1e9) * 25)
                    await simulated.faults.inject("reboot=1s")
                    print(json.dumps({"frame": frame, "at": at}), flush=True)
                    continue
                lost = [round(hit.at * 25 / 1e9) for hit in simulated.lost]
                epoch = simulated.sources[1].epoch_ns / 1e9
                print(json.dumps({"lost": lost, "epoch": epoch}), flush=True)


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    if "metadata_delay" in given:
        given["metadata_delay"] = tuple(given["metadata_delay"])
    asyncio.run(main(given))
