"""Simulated cameras with a viewer each, in a process of their own, driven by lines on stdin.

cameras.py OPTIONS   OPTIONS is a JSON list, each entry for one SimulatedCamera; prints the pages' addresses as JSON
stop, start          ends the first camera, and starts it on the same ports; prints "done"
(end of input)       ends
"""

import asyncio
import json
import sys
from contextlib import AsyncExitStack

from onframe.camera.camera import Camera
from onframe.simulator.camera import SimulatedCamera
from onframe.viewer.server import Viewer


async def main(options: list[dict[str, object]]) -> None:
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        cameras = [SimulatedCamera(**one) for one in options]
        for camera in cameras:
            await camera.start()
            stack.push_async_callback(camera.stop)
        clients = [await stack.enter_async_context(Camera.from_url(camera.url)) for camera in cameras]
        viewers = [await stack.enter_async_context(Viewer(client)) for client in clients]
        print(json.dumps([viewer.url for viewer in viewers]), flush=True)
        while command := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
            await (cameras[0].stop() if command == "stop" else cameras[0].start())
            print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
