"""The process under test of test_floods: one Camera that watches a peer until its standard input ends.

    python flooded_client.py RTSP_PORT HTTP_PORT READING

``READING`` is ``quick``, or ``never``: then nobody takes anything out of the queues. Prints "ready" once it has begun.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys

from onframe.camera.backoff import Backoff
from onframe.camera.camera import Camera
from onframe.errors import OnframeError


async def watch(camera: Camera, *, reads: bool) -> None:
    """Watch everything, the picture too, for good; a refusal that is final is tried again by a new watcher."""
    while True:
        with contextlib.suppress(OnframeError):
            async with camera.stream(via="channel") as events:
                await anext(events)
                while not reads:
                    await asyncio.sleep(1)
                async for _ in events:
                    pass
        await asyncio.sleep(0.05)


async def ask(camera: Camera) -> None:
    """Ask over HTTP again and again, whatever is answered."""
    while True:
        with contextlib.suppress(OnframeError):
            await camera.metadata_capability()
        await asyncio.sleep(0.01)


async def main(rtsp_port: int, http_port: int, *, reads: bool) -> None:
    """Until standard input ends."""
    loop = asyncio.get_running_loop()
    backoff = Backoff(initial=0.05, maximum=0.2)
    async with Camera(
        "127.0.0.1",
        username="admin",
        password="flood",
        rtsp_port=rtsp_port,
        http_port=http_port,
        backoff=backoff,
        timeout=5.0,
    ) as camera:
        tasks = [loop.create_task(watch(camera, reads=reads)), loop.create_task(ask(camera))]
        print("ready", flush=True)
        await loop.run_in_executor(None, sys.stdin.read)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), reads=sys.argv[3] == "quick"))
