"""``onframe demo``: a simulated camera and the page that shows its metadata on its video."""

from __future__ import annotations

import time
from typing import Annotated

from cyclopts import Parameter

from onframe.cli.options import set_up_logging


async def command(
    *,
    scene: Annotated[str, Parameter(help="gate, hall, thermal, harbour, radar, lab or all.")] = "gate",
    port: Annotated[int, Parameter(help="Port of the page; 0 takes a free one.")] = 8008,
    seed: Annotated[int, Parameter(help="The same seed makes the same scene.")] = 1,
    verbose: Annotated[bool, Parameter(name=["--verbose", "-v"], negative="", help="Log to stderr.")] = False,
) -> int:
    """Show what Onframe does, without a camera: everything between the two runs over real HTTP and RTSP.

    Example: onframe demo --scene harbour
    """
    from onframe.camera.camera import Camera
    from onframe.cli.simulate import until_interrupted, watch_command
    from onframe.simulator.camera import SimulatedCamera
    from onframe.viewer.server import Viewer

    set_up_logging(verbose)
    prepared = SimulatedCamera(scene, clock="sr", seed=seed)
    print(f"Painting and encoding the scene {scene!r}; the first time takes some seconds …", flush=True)
    started = time.monotonic()
    async with prepared as simulated:
        print(f"A simulated camera is up after {time.monotonic() - started:.1f} s.")
        async with Camera.from_url(simulated.url) as camera, Viewer(camera, port=port) as viewer:
            print(f"\nOpen this page:  {viewer.url}\n")
            print(f"In another terminal:  {watch_command(simulated)}")
            print("Ctrl-C ends all of it.", flush=True)
            await until_interrupted()
    return 0
