"""``onframe view``: the page that shows a camera's metadata on its video."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter

from onframe.cli.options import DeviceOptions, Host, words


async def command(
    host: Host,
    *,
    device: DeviceOptions | None = None,
    port: Annotated[int, Parameter(help="Port of the page; 0 takes a free one.")] = 8008,
    types: Annotated[str | None, Parameter(help="Metadata types to show, separated by commas; all by default.")] = None,
) -> int:
    """Serve a page, on this machine alone, that shows the metadata on the frame it describes. Ctrl-C ends it.

    Example: onframe view 192.168.0.64 --user admin
    """
    from onframe.cli.simulate import until_interrupted
    from onframe.errors import AuthenticationError, CertificateError, OnframeError
    from onframe.viewer.server import Viewer

    device = device or DeviceOptions()
    async with device.camera(host) as camera:
        try:
            await camera.supports_metadata()
        except (AuthenticationError, CertificateError):
            raise
        except OnframeError as error:  # the page goes on trying, and says how it stands
            print(f"{error}; trying all the same", file=sys.stderr)
        async with Viewer(
            camera, channel=device.channel, stream=device.stream, types=words(types), port=port
        ) as viewer:
            print(f"Open this page:  {viewer.url}")
            print("Ctrl-C ends it.", flush=True)
            await until_interrupted()
    return 0
