"""``onframe demo``: simulated cameras and the page that shows their metadata on their video."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from typing import Annotated

from cyclopts import Parameter

from onframe.cli.options import UsageError, set_up_logging, words


async def command(
    *,
    scene: Annotated[
        str, Parameter(help="gate, hall, thermal, harbour, radar, lab or all; several, with commas, are a grid.")
    ] = "gate",
    port: Annotated[int, Parameter(help="Port of the page; 0 takes a free one.")] = 8008,
    seed: Annotated[int, Parameter(help="The same seed makes the same scene.")] = 1,
    verbose: Annotated[bool, Parameter(name=["--verbose", "-v"], negative="", help="Log to stderr.")] = False,
) -> int:
    """Show what Onframe does, without a camera: everything between the two runs over real HTTP and RTSP.

    Example: onframe demo --scene gate,hall,thermal,harbour
    """
    from onframe.camera.camera import Camera
    from onframe.cli.simulate import until_interrupted, watch_command
    from onframe.simulator.camera import SimulatedCamera
    from onframe.viewer.server import Viewer
    from onframe.viewer.source import Source

    set_up_logging(verbose)
    scenes = list(dict.fromkeys(words(scene) or []))
    if not scenes:
        raise UsageError("--scene names no scene")
    prepared = [SimulatedCamera(name, clock="sr", seed=seed) for name in scenes]
    which = f"scene {scene!r}" if len(scenes) == 1 else f"{len(scenes)} scenes"
    print(f"Painting and encoding the {which}; the first time takes some seconds …", flush=True)
    started = time.monotonic()
    async with AsyncExitStack() as stack:
        for simulated in prepared:
            await stack.enter_async_context(simulated)
        count = "A simulated camera is" if len(scenes) == 1 else f"{len(scenes)} simulated cameras are"
        print(f"{count} up after {time.monotonic() - started:.1f} s.")
        cameras = [await stack.enter_async_context(Camera.from_url(simulated.url)) for simulated in prepared]
        shown = [Source(camera, name=name, key=name) for camera, name in zip(cameras, scenes, strict=True)]
        viewer = await stack.enter_async_context(Viewer(shown, port=port))
        print(f"\nOpen this page:  {viewer.url}\n")
        print(f"In another terminal:  {watch_command(prepared[0])}")
        print("Ctrl-C ends all of it.", flush=True)
        await until_interrupted()
    return 0
