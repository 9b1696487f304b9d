"""This example shows how to 1. connect to a camera, 2. watch its metadata, 3. read what its targets say.

ONFRAME_PASSWORD=… python examples/watch.py http://admin@192.168.0.64
"""

import asyncio
import os
import sys

from onframe import Camera


async def main(url: str) -> None:
    async with Camera.from_url(url, password=os.environ.get("ONFRAME_PASSWORD")) as camera:
        async for record in camera.watch(channel=1):
            for target in record.metadata.targets:
                print(record.captured_at, record.metadata.sub_type, target.target_id, target.plate or target.box)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
