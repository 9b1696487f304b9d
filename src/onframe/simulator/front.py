"""What stands before the device's HTTP side while something is wrong: silence, a wrong clock, nonces that expire."""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from onframe.simulator.device import Device
from onframe.simulator.trouble import Trouble

_LOOK = 0.05  # seconds between two looks at whether silence is over


class Front:
    """An ASGI application around that of the device. While it is stalled or half-open no request is answered.

    It writes Date by the device's clock, so the server must not.
    """

    def __init__(self, app: ASGIApp, device: Device, trouble: Trouble) -> None:
        self._app, self._device, self._trouble = app, device, trouble
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await self._voice()
        self._expire()

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"date", self._date())]
            await self._voice()
            await send(message)

        await self._app(scope, receive, dated)

    async def _voice(self) -> None:
        while self._trouble.stalled or self._trouble.half_open:
            await asyncio.sleep(_LOOK)

    def _expire(self) -> None:
        every = self._trouble.nonce_requests
        if every is None:
            return
        self._requests += 1
        if self._requests % every == 0:
            self._device.expire_nonces()

    def _date(self) -> bytes:
        return formatdate(time.time() + self._trouble.clock_offset_ns / 1e9, usegmt=True).encode("ascii")
