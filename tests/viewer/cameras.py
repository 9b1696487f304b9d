"""Simulated cameras with a viewer each, in a process of their own, driven by lines on stdin.

cameras.py OPTIONS   OPTIONS is a JSON list, each entry for one SimulatedCamera, with "client" for our Camera, "viewer"
                     for the Viewer and "password" for one that the client takes; prints the pages' addresses as JSON
stop, start          ends the first camera, and starts it on the same ports; prints "done"
inject F, clear F    a fault of the first camera; prints "done"
reopen TOKEN         ends the first camera's viewer, and starts it anew on the same port with this token
(end of input)       ends
"""

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from typing import Any

from onframe.camera.camera import Camera
from onframe.simulator.camera import SimulatedCamera
from onframe.viewer.server import Viewer


async def main(options: list[dict[str, Any]]) -> None:
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        ours = [(one.pop("client", {}), one.pop("viewer", {}), one.pop("password", None)) for one in options]
        cameras = [SimulatedCamera(**one) for one in options]
        for camera in cameras:
            await camera.start()
            stack.push_async_callback(camera.stop)
        viewers = []
        for camera, (client, viewer, password) in zip(cameras, ours, strict=True):
            url = camera.url.replace(camera.password, password or camera.password)
            known = await stack.enter_async_context(Camera.from_url(url, **client))
            viewers.append(await stack.enter_async_context(Viewer(known, **viewer)))
        print(json.dumps([viewer.url for viewer in viewers]), flush=True)
        while words := (await loop.run_in_executor(None, sys.stdin.readline)).split():
            await command(words, cameras[0], viewers, stack)
            print("done", flush=True)


async def command(words: list[str], camera: SimulatedCamera, viewers: list[Viewer], stack: AsyncExitStack) -> None:
    match words:
        case ["stop"]:
            await camera.stop()
        case ["start"]:
            await camera.start()
        case ["inject", fault]:
            await camera.faults.inject(fault)
        case ["clear", fault]:
            await camera.faults.clear(fault)
        case ["reopen", token]:
            old = viewers[0]
            await old.__aexit__(None, None, None)
            again = Viewer(list(old.sources.values()), port=old.port, token=token)
            viewers[0] = await stack.enter_async_context(again)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
