"""This example shows how to 1. start a camera of your own, 2. read the plates that it sees."""

import asyncio

from onframe import Camera, SimulatedCamera


async def main(plates: int = 3) -> None:
    async with SimulatedCamera(scene="gate") as simulated, Camera.from_url(simulated.url) as camera:
        async for record in camera.watch(types=["ANPR"], kinds={"target"}):
            for target in record.metadata.targets:
                print(target.plate, target.values.get("confidence"))
                plates -= 1
            if plates <= 0:
                return


if __name__ == "__main__":
    asyncio.run(main())
