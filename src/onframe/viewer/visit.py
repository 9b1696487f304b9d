"""One open page: what it says, and what comes of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from typing import Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect

from onframe.errors import ProtocolError
from onframe.record import Coordinates
from onframe.viewer import wire
from onframe.viewer.connection import SOCKET, PageSocket, frame
from onframe.viewer.feed import Feed
from onframe.viewer.page import Page

log = logging.getLogger("onframe.viewer")
WATCH_WITHIN = 10.0
"""Seconds until a page must have said what it wants to watch."""
MAX_STREAM = 3


class Shown(Protocol):
    """What a page is a page of: Viewer fulfils it."""

    @property
    def paths(self) -> Collection[wire.Path]:
        """The forms in which pictures can be sent."""

    def welcome(self) -> wire.Welcome:
        """What there is to watch."""

    def feed(self, key: str, stream: int = 0) -> Feed:
        """The feed of a source's stream; KeyError."""

    def set_coordinates(self, key: str, coordinates: Coordinates) -> None:
        """For all that look on."""


class Visit:
    """From a page's coming to its going."""

    def __init__(self, shown: Shown, socket: WebSocket) -> None:
        self._shown, self._socket = shown, socket
        connection = socket.scope["extensions"][SOCKET]
        assert isinstance(connection, PageSocket)
        self._page = Page(connection)
        connection.on_ready = self._page.flush
        self._feed: Feed | None = None
        self._watched = wire.Watch()

    async def run(self) -> None:
        """Until the page goes away, or does not say in time what it wants to watch."""
        welcome = self._shown.welcome()
        self._say(welcome)
        try:
            async with asyncio.timeout(WATCH_WITHIN) as deadline:
                while (said := await self._next()) is not None:
                    await self._heed_or_say_why_not(said, welcome)
                    if self._feed is not None:
                        deadline.reschedule(None)
        except TimeoutError:
            await self._socket.close(1008, f"nothing was asked for within {WATCH_WITHIN:g} s")
        finally:
            if self._feed is not None:
                await self._feed.leave(self._page)

    async def _next(self) -> str | bytes | None:
        """What the page says; None once it is gone."""
        try:
            message = await self._socket.receive()
        except (RuntimeError, WebSocketDisconnect):
            return None
        if message["type"] != "websocket.receive":
            return None
        return message.get("text") or message.get("bytes") or b""

    async def _heed_or_say_why_not(self, said: str | bytes, welcome: wire.Welcome) -> None:
        try:
            message = wire.decode(said)
        except ProtocolError as error:
            self._say(wire.Error("server", str(error)))
            return
        if isinstance(message, wire.Watch):
            await self._watch(message, welcome)
        elif self._feed is None:
            self._say(wire.Error("server", "nothing is watched yet"))
        elif isinstance(message, wire.Inspect):
            self._feed.inspect(self._page, message)
        elif isinstance(message, wire.SetCoordinates):
            chosen = Coordinates(message.space, message.origin, assumed=False)
            self._shown.set_coordinates(self._feed.source.key, chosen)
        else:
            await self._feed.pause(self._page, message.paused)

    async def _watch(self, wanted: wire.Watch, welcome: wire.Welcome) -> None:
        """Show something else; what is shown stays where that cannot be had."""
        path: wire.Path = "jpeg" if welcome.privacy and wanted.path != "none" else wanted.path
        if path not in self._shown.paths:
            hint = "pip install 'onframe[video]' on the server"
            self._say(wire.Error("server", f"this server cannot send pictures as {path}", hint))
            return
        if not 0 <= wanted.stream <= MAX_STREAM:
            self._say(wire.Error("server", f"there is no stream {wanted.stream}", "1 main, 2 sub, 3 third stream"))
            return
        try:
            feed = self._shown.feed(wanted.camera or welcome.cameras[0].key, wanted.stream)
        except KeyError:
            known = ", ".join(camera.key for camera in welcome.cameras)
            self._say(wire.Error("server", f"there is no camera {wanted.camera[:64]!r}", f"there are: {known}"))
            return
        if wanted.why:
            log.debug("a page watches by %s: %s", path, wanted.why)
        left, self._feed = self._feed, feed
        if left is not None and left is not feed:
            await left.leave(self._page)
        elif left is not None:
            await left.move(self._page)
        feed.join(self._page, path)

    def _say(self, message: wire.ServerMessage) -> None:
        self._page.text(frame(wire.encode(message)))
