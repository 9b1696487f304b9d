"""``onframe view``: the page that shows cameras' metadata on their video."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from onframe.cli.options import DeviceOptions, Host, UsageError, words

if TYPE_CHECKING:
    from onframe.camera.camera import Camera
    from onframe.viewer.https import HTTPS
    from onframe.viewer.server import Viewer
    from onframe.viewer.source import Source

TOKEN_VARIABLE = "ONFRAME_TOKEN"


@Parameter(name="*")
@dataclass
class PageOptions:
    """How the page is served."""

    port: Annotated[int, Parameter(help="Port of the page; 0 takes a free one.")] = 8008
    listen: Annotated[
        str, Parameter(name="--host", help="Address to serve the page on; 0.0.0.0 for all of this machine.")
    ] = "127.0.0.1"
    name: Annotated[
        list[str] | None,
        Parameter(negative="", help="A further name that the page is opened under, as that of a proxy; repeatable."),
    ] = None
    token: Annotated[
        str | None, Parameter(help=f"What the page's address carries; else ${TOKEN_VARIABLE}, else one is made.")
    ] = None
    https: Annotated[
        bool, Parameter(negative="", help="Serve over HTTPS, with --cert or a certificate that is made once and kept.")
    ] = False
    cert: Annotated[Path | None, Parameter(help="Certificate, PEM.")] = None
    key: Annotated[Path | None, Parameter(help="Its key, PEM; not needed where it stands in the same file.")] = None
    embed_in: Annotated[
        list[str] | None,
        Parameter(
            negative="", help="A site that may show the page within its own, as https://dashboard:8123; repeatable."
        ),
    ] = None
    privacy: Annotated[
        str, Parameter(help="Classes that nobody is to recognise: face:pixelate,human:blur,vehicle:fill,plate.")
    ] = ""

    def viewer(self, sources: list[Source], types: list[str] | None, tls: HTTPS | None) -> Viewer:
        """The server of these options. Raises OnframeError."""
        from onframe.viewer.server import Viewer

        return Viewer(
            sources,
            types=types,
            host=self.listen,
            port=self.port,
            token=self.token or os.environ.get(TOKEN_VARIABLE) or None,
            hosts=self.name or (),
            tls=tls,
            embed_in=self.embed_in or (),
            privacy=self.privacy,
        )

    def security(self) -> HTTPS | None:
        """How the page is served over TLS; None for http. Raises UsageError and OnframeError."""
        if self.cert is None and self.key is not None:
            raise UsageError("--key goes with --cert")
        if self.cert is not None:
            from onframe.viewer.https import of_files

            return of_files(self.cert, self.key)
        if not self.https:
            return None
        from onframe.viewer.https import generated
        from onframe.viewer.server import EVERYWHERE

        return generated([name for name in [*(self.name or []), self.listen] if name not in EVERYWHERE])


async def command(
    host: Host,
    /,
    *more: Host,
    device: DeviceOptions | None = None,
    channels: Annotated[
        str | None, Parameter(help="Several channels of each device, separated by commas: 1,2,3.")
    ] = None,
    types: Annotated[str | None, Parameter(help="Metadata types to show, separated by commas; all by default.")] = None,
    page: PageOptions | None = None,
) -> int:
    """Serve a page that shows the metadata on the frame it describes, of one camera or of several. Ctrl-C ends it.

    The page is for this machine alone unless --host says otherwise.

    Example: onframe view 192.168.0.64 --user admin
    """
    from onframe.cli.process import collect_seldom
    from onframe.cli.simulate import until_interrupted

    device, page = device or DeviceOptions(), page or PageOptions()
    numbers = channel_numbers(channels) or [device.channel]
    tls = page.security()
    async with AsyncExitStack() as stack:
        cameras = [await stack.enter_async_context(device.camera(one)) for one in (host, *more)]
        await _look_at(cameras)
        viewer = page.viewer(sources_of(cameras, numbers, device.stream), words(types), tls)
        await stack.enter_async_context(viewer)
        collect_seldom()
        print(f"Open this page:  {viewer.url}")
        if tls is not None:
            tell_of_certificate(tls)
        print("Ctrl-C ends it.", flush=True)
        await until_interrupted()
    return 0


def channel_numbers(text: str | None) -> list[int]:
    """The numbers of --channels, each once. Raises UsageError."""
    found: dict[int, None] = {}
    for word in words(text) or []:
        if not (word.isascii() and word.isdecimal() and 1 <= int(word) <= 9999):
            raise UsageError(f"--channels: {word!r} is no channel; write 1,2,3")
        found[int(word)] = None
    return list(found)


def sources_of(cameras: list[Camera], channels: list[int], stream: int) -> list[Source]:
    """Every channel of every camera."""
    from onframe.viewer.source import Source

    return [Source(camera, channel, stream) for camera in cameras for channel in channels]


def tell_of_certificate(tls: HTTPS) -> None:
    """So that the user can tell this certificate from another's."""
    if tls.kept_in is not None:
        print("The browser will say that it does not know the certificate: it was made here. Compare, then go on.")
    print(f"SHA-256 fingerprint of the certificate:  {tls.fingerprint}")


async def _look_at(cameras: list[Camera]) -> None:
    """Say at once what is wrong; a camera that is not there is tried for as long as the page is open."""
    from onframe.errors import AuthenticationError, CertificateError, OnframeError

    looked = await asyncio.gather(*(camera.supports_metadata() for camera in cameras), return_exceptions=True)
    for camera, error in zip(cameras, looked, strict=True):
        if not isinstance(error, BaseException):
            continue
        final = not isinstance(error, OnframeError)
        if final or (len(cameras) == 1 and isinstance(error, AuthenticationError | CertificateError)):
            raise error
        which = "" if len(cameras) == 1 or camera.name in str(error) else f"{camera.name}: "
        print(f"{which}{error}; trying all the same", file=sys.stderr)
