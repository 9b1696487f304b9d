"""The viewer's server: the page, its modules, and one WebSocket per open page."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Sequence
from importlib.resources import files
from importlib.util import find_spec
from types import TracebackType

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

import onframe
from onframe.asgi import Site
from onframe.camera.camera import Camera
from onframe.errors import OnframeError
from onframe.overlay.view import View
from onframe.record import Coordinates
from onframe.viewer import wire
from onframe.viewer.branches import Emit, Listener, Maker
from onframe.viewer.connection import PageConnection, PageSocket
from onframe.viewer.feed import Feed
from onframe.viewer.guard import LOCAL_NAMES, Guard
from onframe.viewer.https import HTTPS, own_names
from onframe.viewer.images import NEEDED, JpegFeed, image_routes
from onframe.viewer.source import Source, named
from onframe.viewer.visit import Visit

MAX_PAGES = 64
"""Of each camera; a grid of nine is nine of them."""
MAX_PAGES_OF_ALL = 192
SHORTEST_TOKEN = 16
EVERYWHERE = ("0.0.0.0", "::")
STATIC = files("onframe.viewer") / "static"
_MEDIA_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".svg": "image/svg+xml",
}


class Viewer:
    """Serves the page of one camera, or of several, for as long as the ``async with`` lasts.

    ``url`` carries the token; whoever opens it gets a cookie, and nobody else is let in. ``hosts``
    are further names that the page may be reached under (127.0.0.1, localhost, ::1 and ``host`` always are, for a
    ``host`` that stands for all addresses those of this machine). ``tls`` serves it over HTTPS. Origins in
    ``embed_in`` may show it within their pages (guard.py).
    ``channel`` and ``stream`` are for a single camera; several are given as Sources. ``privacy`` names the classes that
    nobody is to recognise ("face:pixelate,plate", see view.py): pictures leave as JPEG alone.
    Raises OnframeError for a short ``token`` on any other ``host`` than this machine's own, for nonsense in
    ``embed_in`` or ``privacy``, and where the packages that make JPEG are missing.
    """

    def __init__(
        self,
        camera: Camera | Sequence[Source],
        *,
        channel: int = 1,
        stream: int = 1,
        types: list[str] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str | None = None,
        hosts: Collection[str] = (),
        tls: HTTPS | None = None,
        embed_in: Collection[str] = (),
        privacy: str = "",
    ) -> None:
        given = [Source(camera, channel, stream)] if isinstance(camera, Camera) else camera
        self.sources = named(given)
        self._types = types
        self.private = View.parse({"privacy": privacy})
        """What is not to leave the server."""
        self._tls = tls
        self._makers: dict[wire.Path, Maker] = _makers(self.private)
        self._feeds: dict[tuple[str, int], Feed] = {}
        self._chosen: dict[str, Coordinates] = {}
        self._pages = 0
        # The folder is flat: what is no name in it does not exist, whatever path it is meant to be.
        self._files = {file.name: file.read_bytes() for file in STATIC.iterdir() if file.is_file()}
        routes = [
            Route("/", self._static, name="index"),
            *image_routes(self),
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
        names = own_names() if host in EVERYWHERE else [host]
        self._guard = Guard(application, token=token, hosts={*hosts, *names}, embed_in=embed_in)
        self._site = Site(
            self._guard,
            host,
            port,
            http=PageConnection,
            ws=PageSocket,
            ws_max_size=wire.MAX_PAGE_MESSAGE,
            ssl_context=None if tls is None else tls.context,
        )
        self._names = [*hosts, *names]

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._site.port

    @property
    def url(self) -> str:
        """The address of the page, with its token."""
        host = self._names[0] if self._site.host in EVERYWHERE else self._site.host
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}/?t={self._guard.token}"

    @property
    def paths(self) -> Collection[wire.Path]:
        """The forms in which pictures can be sent."""
        return ("none", "jpeg") if self.private.privacy else ("annexb", "fmp4", "none", *self._makers)

    def welcome(self) -> wire.Welcome:
        """What there is to watch."""
        cameras = [source.seen() for source in self.sources.values()]
        privacy = tuple(name for name, _ in self.private.privacy)
        return wire.Welcome(cameras, jpeg="jpeg" in self.paths, privacy=privacy, version=onframe.__version__)

    def feed(self, key: str, stream: int = 0) -> Feed:
        """The feed of a source's stream (0: the one that is set), made when first asked for; KeyError."""
        source = self.sources[key]
        number = stream or source.stream
        if (key, number) not in self._feeds:
            feed = Feed(source, number, types=self._types, makers=self._makers, private=self.private)
            if (chosen := self._chosen.get(key)) is not None:
                feed.set_coordinates(chosen)
            self._feeds[key, number] = feed
        return self._feeds[key, number]

    def set_coordinates(self, key: str, coordinates: Coordinates) -> None:
        """Another space for the points of a source, for all that look on, until the viewer ends; KeyError."""
        source = self.sources[key]
        for (other, _), feed in self._feeds.items():
            if other == source.key:
                feed.set_coordinates(coordinates)
        self._chosen[key] = coordinates

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
        if self._pages >= (most := min(MAX_PAGES * len(self.sources), MAX_PAGES_OF_ALL)):
            await socket.close(1013, f"{most} pages are open already")
            return
        self._pages += 1
        try:
            await Visit(self, socket).run()
        finally:
            self._pages -= 1
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # it is closed already
                await socket.close()


def _makers(private: View) -> dict[wire.Path, Maker]:
    """What can be made of pictures here. Raises OnframeError where that is not enough for privacy."""
    if all(find_spec(name) is not None for name in NEEDED):

        def make_jpeg(emit: Emit) -> Listener:
            return JpegFeed(emit, view=private)

        return {"jpeg": make_jpeg}
    if private.privacy:
        raise OnframeError(
            "nothing can be made unrecognisable without the packages that decode pictures",
            hint="pip install 'onframe[video]'",
        )
    return {}
