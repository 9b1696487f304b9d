"""The viewer's server: the page, its modules, and one WebSocket per open page."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection
from importlib.resources import files
from types import TracebackType

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from onframe.asgi import Site
from onframe.camera.camera import Camera
from onframe.errors import OnframeError, ProtocolError
from onframe.viewer import wire
from onframe.viewer.connection import PageConnection, PageSocket
from onframe.viewer.feed import Feed
from onframe.viewer.guard import LOCAL_NAMES, Guard
from onframe.viewer.page import Page

MAX_PAGES = 64
SHORTEST_TOKEN = 16
SUB_STREAM = 2
STATIC = files("onframe.viewer") / "static"
_MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}


class Viewer:
    """Serves the page of one camera for as long as the ``async with`` lasts.

    ``url`` carries the token; whoever opens it gets a cookie, and nobody else is let in. ``hosts``
    are further names that the page may be reached under (127.0.0.1, localhost and ::1 always are).
    Raises OnframeError for a short ``token`` on any other ``host`` than this machine's own.
    """

    def __init__(
        self,
        camera: Camera,
        *,
        channel: int = 1,
        stream: int = 1,
        types: list[str] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str | None = None,
        hosts: Collection[str] = (),
    ) -> None:
        self._camera, self._channel, self._stream, self._types = camera, channel, stream, types
        self._feeds: dict[int, Feed] = {}
        self._pages = 0
        # The folder is flat: what is no name in it does not exist, whatever path it is meant to be.
        self._files = {file.name: file.read_bytes() for file in STATIC.iterdir() if file.is_file()}
        routes = [
            Route("/", self._static, name="index"),
            Route("/{name:str}", self._static),
            WebSocketRoute("/ws", self._socket),
        ]
        application = Starlette(routes=routes)
        application.router.redirect_slashes = False
        if token and len(token) < SHORTEST_TOKEN and host not in LOCAL_NAMES:
            raise OnframeError(
                f"the page is not opened to the network ({host}) with a token of {len(token)} characters",
                hint=f"leave the token out and one is made, or take one of {SHORTEST_TOKEN} characters or more",
            )
        self._guard = Guard(application, token=token, hosts=hosts)
        self._site = Site(
            self._guard,
            host,
            port,
            http=PageConnection,
            ws=PageSocket,
            ws_max_size=wire.MAX_PAGE_MESSAGE,
        )

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._site.port

    @property
    def url(self) -> str:
        """The address of the page, with its token."""
        host = f"[{self._site.host}]" if ":" in self._site.host else self._site.host
        return f"http://{host}:{self.port}/?t={self._guard.token}"

    async def __aenter__(self) -> Viewer:
        await self._site.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(feed.stop() for feed in self._feeds.values()), self._site.stop())
        for feed in self._feeds.values():
            await feed.stop()  # one that a page asked for at the last moment

    async def _static(self, request: Request) -> Response:
        """A file of the page."""
        name = request.path_params.get("name", "index.html")
        content = self._files.get(name)
        suffix = "." + name.rpartition(".")[2]
        if content is None or suffix not in _MEDIA_TYPES:
            return PlainTextResponse("There is no such page.\n", status_code=404)
        return Response(content, media_type=_MEDIA_TYPES[suffix])

    async def _socket(self, socket: WebSocket) -> None:
        await socket.accept()
        if self._pages >= MAX_PAGES:
            await socket.close(1013, f"{MAX_PAGES} pages are open already")
            return
        self._pages += 1
        visit = _Visit(self, socket)
        try:
            await visit.run()
        finally:
            self._pages -= 1

    def feed(self, stream: int) -> Feed:
        """The feed of a stream, made when first asked for."""
        if stream not in self._feeds:
            self._feeds[stream] = Feed(self._camera, self._channel, stream, self._types)
        return self._feeds[stream]

    @property
    def stream(self) -> int:
        """The stream that a page is shown first."""
        return self._stream


class _Visit:
    """One open page: what it is sent, and what it says."""

    def __init__(self, viewer: Viewer, socket: WebSocket) -> None:
        self._viewer, self._socket = viewer, socket
        self._page = Page()
        self._feed = viewer.feed(viewer.stream)

    async def run(self) -> None:
        """Until the page goes away."""
        self._feed.join(self._page)
        tasks = [asyncio.create_task(self._send()), asyncio.create_task(self._receive())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._feed.leave(self._page)
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await self._socket.close()

    async def _send(self) -> None:
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                message = await self._page.next()
                if isinstance(message, str):
                    await self._socket.send_text(message)
                else:
                    await self._socket.send_bytes(message)

    async def _receive(self) -> None:
        while (message := await self._socket.receive())["type"] == "websocket.receive":
            said = message.get("text") or message.get("bytes") or b""
            try:
                await self._unsupported(wire.decode(said))
            except ProtocolError as error:
                self._page.text(wire.encode(wire.Error("server", str(error))))

    async def _unsupported(self, said: wire.Unsupported) -> None:
        """The page cannot decode this stream: the sub-stream, and after that no pictures at all."""
        if said.stream != self._feed.stream:
            return  # about a stream that was left meanwhile
        await self._feed.leave(self._page)
        has_other = self._feed.stream != SUB_STREAM
        self._feed = self._viewer.feed(SUB_STREAM if has_other else self._feed.stream)
        self._feed.join(self._page, pictures=has_other)
