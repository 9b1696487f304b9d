"""Pages of the viewer as its tests open them: WebSockets with the cookie and Origin that a browser would send."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

import waiting
from onframe.simulator.camera import SimulatedCamera
from onframe.viewer.server import Viewer

WITHIN = 10.0


def requests(simulated: SimulatedCamera, method: str) -> int:
    """How many RTSP requests of a method the camera has answered."""
    return sum(one.method == method and one.protocol == "rtsp" for one in simulated.device.requests)


def get(port: int, path: str, cookie: str = "") -> tuple[int, str]:
    """(status, the Set-Cookie header's value); the path is sent as it stands."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.putrequest("GET", path, skip_accept_encoding=True)
    connection.putheader("Cookie", cookie)
    connection.endheaders()
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.getheader("Set-Cookie", "").partition(";")[0]


async def cookie_of(viewer: Viewer) -> str:
    path = viewer.url.removeprefix(f"http://127.0.0.1:{viewer.port}")
    status, cookie = await asyncio.to_thread(get, viewer.port, path)
    assert status == 303
    return cookie


async def connected(viewer: Viewer, **options: Any) -> AbstractAsyncContextManager[ClientConnection]:
    """A WebSocket as a page opens it, which has not asked for anything yet."""
    headers = {"Cookie": await cookie_of(viewer)}
    origin = f"http://127.0.0.1:{viewer.port}"
    address = f"ws://127.0.0.1:{viewer.port}/ws"
    return connect(address, additional_headers=headers, origin=origin, max_size=None, **options)  # type: ignore[arg-type]


class Watching:
    """A connection that has said what it watches."""

    def __init__(self, opened: AbstractAsyncContextManager[ClientConnection], wanted: dict[str, Any]) -> None:
        self._opened, self._wanted = opened, wanted

    async def __aenter__(self) -> ClientConnection:
        page = await self._opened.__aenter__()
        await watch(page, **self._wanted)
        return page

    async def __aexit__(self, *exception: Any) -> None:
        await self._opened.__aexit__(*exception)


async def open_page(viewer: Viewer, *, wanted: dict[str, Any] | None = None, **options: Any) -> Watching:
    """A page that watches the first camera, unless told otherwise."""
    return Watching(await connected(viewer, **options), wanted or {})


async def say(page: ClientConnection, kind: str, **fields: Any) -> None:
    await page.send(json.dumps({"type": kind, **fields}))


async def watch(page: ClientConnection, **fields: Any) -> None:
    await say(page, "watch", **fields)


async def until(page: ClientConnection, wanted: Callable[[Any], bool], within: float = WITHIN) -> Any:
    """The first message that is wanted: an object where it is text, else bytes."""
    async with asyncio.timeout(within):
        while True:
            message = await page.recv()
            read = json.loads(message) if isinstance(message, str) else message
            if wanted(read):
                return read


def kind(name: str, **fields: Any) -> Callable[[Any], bool]:
    known = {"type": name, **fields}
    return lambda message: isinstance(message, dict) and known.items() <= message.items()


def is_picture(message: Any) -> bool:
    return isinstance(message, bytes)


def is_key(message: Any) -> bool:
    return isinstance(message, bytes) and message[1] & 1 == 1


async def eventually(true: Callable[[], bool]) -> None:
    await waiting.until(true, 5.0)
