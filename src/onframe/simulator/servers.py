"""The servers of one running simulated camera, HTTP and RTSP, plain and over TLS, and how they go through a reboot."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from socket import socket
from typing import TYPE_CHECKING

from onframe.asgi import Site, bind
from onframe.errors import OnframeError
from onframe.simulator.device import Device
from onframe.simulator.front import Front
from onframe.simulator.http import http_app
from onframe.simulator.trouble import Trouble

if TYPE_CHECKING:
    from onframe.simulator.rtsp import RTSPServer
    from onframe.simulator.streaming import Lost

log = logging.getLogger("onframe.simulator")


@dataclass
class Ports:
    """Where the camera listens; 0 takes a free one. Those of TLS are used where there is a certificate."""

    http: int = 0
    https: int = 0
    rtsp: int = 0
    rtsps: int = 0


class Servers:
    """Listens on ``ports``; ``reserve`` fills in those that were 0 before anything is served.

    ``make_rtsp`` makes the RTSP server of each boot (0 is the first), ``restarted`` is called when a reboot is
    over and nobody is served yet.
    """

    def __init__(
        self,
        device: Device,
        host: str,
        ports: Ports,
        trouble: Trouble,
        ssl_context: ssl.SSLContext | None,
        *,
        make_rtsp: Callable[[int], RTSPServer],
        restarted: Callable[[], None],
    ) -> None:
        self.boots = 0
        self._device, self._host, self._ports, self._ssl_context = device, host, ports, ssl_context
        self._app = Front(http_app(device), device, trouble)
        self._make_rtsp, self._restarted = make_rtsp, restarted
        self._rtsp: RTSPServer | None = None
        self._sites: list[Site] = []
        self._held: list[socket] = []
        self._lost: list[Lost] = []
        self._rebooting: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    @property
    def streams(self) -> RTSPServer | None:
        """The RTSP server; None during an outage."""
        return self._rtsp

    @property
    def lost(self) -> list[Lost]:
        """The documents hit by ``metadata_loss``, over all boots."""
        return self._lost + (self._rtsp.lost if self._rtsp is not None else [])

    def reserve(self) -> None:
        """Take the ports; whoever connects is refused. Raises OnframeError where one cannot be had."""
        ports = self._ports
        ports.http, ports.rtsp = self._hold(ports.http), self._hold(ports.rtsp)
        if self._ssl_context is not None:
            ports.https, ports.rtsps = self._hold(ports.https), self._hold(ports.rtsps)

    def _hold(self, port: int) -> int:
        self._held.append(bind(self._host, port))
        number: int = self._held[-1].getsockname()[1]
        return number

    def _release(self) -> None:
        while self._held:
            self._held.pop().close()

    async def open(self) -> None:
        """Serve; the ports must have been reserved."""
        self._release()
        self._sites = [Site(self._app, self._host, self._ports.http, ws="none", date_header=False)]
        if self._ssl_context is not None:
            secure = Site(
                self._app, self._host, self._ports.https, ssl_context=self._ssl_context, ws="none", date_header=False
            )
            self._sites.append(secure)
        for site in self._sites:
            site.bind()
        rtsp = self._make_rtsp(self.boots)
        await rtsp.start()
        self._rtsp = rtsp
        for site in self._sites:
            await site.start()

    async def close(self) -> None:
        """End every connection and a reboot that is under way."""
        self._closing.set()
        if self._rebooting is not None:
            await self._rebooting
        self._release()
        await self._shut(at_once=False)

    async def _shut(self, *, at_once: bool) -> None:
        rtsp, self._rtsp = self._rtsp, None
        sites, self._sites = self._sites, []
        ends = [site.stop(at_once=at_once) for site in sites]
        if rtsp is not None:
            self._lost += rtsp.lost
            if at_once:
                rtsp.abort_all()
            ends.append(rtsp.close())
        await asyncio.gather(*ends)

    def reboot(self, outage: float) -> asyncio.Task[None]:
        """Reset every connection, and come back after so many seconds; while that is under way it is not begun anew."""
        if self._rebooting is None or self._rebooting.done():
            self._rebooting = asyncio.get_running_loop().create_task(self._reboot(outage), name="simulated reboot")
        return self._rebooting

    async def _reboot(self, outage: float) -> None:
        await self._shut(at_once=True)
        try:
            self.reserve()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), outage)
                return
            self.boots += 1
            self._device.restart()
            self._device.expire_nonces()
            self._restarted()
            await self.open()
        except (OSError, OnframeError) as error:
            log.error("the simulated camera does not come back from its reboot: %s", error)
            self._release()
