"""Pictures with their overlay painted in, over plain HTTP, for dashboards and ``<img>``:

    GET /mjpeg           pictures for as long as the client stays (multipart/x-mixed-replace)
    GET /snapshot.jpg    one picture

Both take ``camera`` (a key; the first one), ``stream`` (1..3; the one that is set), ``width`` (at most so many pixels,
16..8192), ``q`` (1..100, as libjpeg means it; 80), the options of a View (overlay/view.py), and /mjpeg ``fps`` (at most
so many a second, 0.1..60; all). A picture leaves when its metadata is there.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import Final, Protocol
from weakref import WeakKeyDictionary

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from onframe.errors import OnframeError
from onframe.overlay.veil import strict
from onframe.overlay.view import View
from onframe.viewer.burn import Burned, Burner, Order, Reader
from onframe.viewer.feed import Feed
from onframe.viewer.jpeg import JpegFeed as JpegFeed
from onframe.viewer.source import Source

MAX_READERS: Final = 32
"""At once, of all cameras of a viewer."""
FIRST_WITHIN: Final = 12.0
"""Seconds that a snapshot waits for its picture: a camera may send a key picture every ten."""
BETTER_WITHIN: Final = 1.0
"""Seconds that a snapshot then waits for a picture on which nothing stands where another one had it."""
QUALITY: Final = 80
BOUNDARY: Final = "onframe-picture"
NEEDED: Final = ("av", "numpy", "PIL")
_NUMBER = re.compile(r"[0-9]{1,5}(\.[0-9]{1,3})?", re.ASCII)
_NEVER_KEPT = {"cache-control": "no-store"}


class Pictured(Protocol):
    """Whose pictures these are: a Viewer."""

    sources: dict[str, Source]
    private: View

    def feed(self, key: str, stream: int = 0) -> Feed:
        """The feed of a source's stream; KeyError."""


class _Refused(Exception):
    """Why there is no picture, in words, and the status for it."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Images:
    """The two addresses of one viewer."""

    def __init__(self, viewer: Pictured) -> None:
        self._viewer = viewer
        self._burners: WeakKeyDictionary[Feed, Burner] = WeakKeyDictionary()
        self._count = 0

    async def snapshot(self, request: Request) -> Response:
        """One picture, or a sentence why there is none."""
        try:
            feed, order = self._read(request.query_params)
            async with self.reading(feed, order._replace(fps=None)) as reader:
                async with asyncio.timeout(FIRST_WITHIN):
                    picture = await reader.next()
                picture = await _better(reader, picture)
        except _Refused as refused:
            return _sentence(refused)
        except TimeoutError:
            return _sentence(_Refused(503, f"No picture of {feed.source.name} has come within {FIRST_WITHIN:g} s."))
        name = f"{feed.source.key}-{feed.stream}-{picture.pts}.jpg"
        headers = {
            **_NEVER_KEPT,
            "etag": f'"{feed.stream}-{picture.pts}-{len(picture.data)}"',
            "content-disposition": f'inline; filename="{name}"',
            **_stamps(picture),
        }
        return Response(picture.data, media_type="image/jpeg", headers=headers)

    async def stream(self, request: Request) -> Response:
        """Pictures until the client goes."""
        try:
            feed, order = self._read(request.query_params)
        except _Refused as refused:
            return _sentence(refused)
        if request.method == "HEAD":
            return Response(media_type=_Stream.media_type, headers=_NEVER_KEPT)
        return _Stream(self, feed, order)

    @asynccontextmanager
    async def reading(self, feed: Feed, order: Order) -> AsyncIterator[Reader]:
        """Look on for a while; the last one of a feed to leave ends what makes its pictures."""
        self._count += 1
        burner = self._burners.get(feed)
        is_new = burner is None
        if burner is None:
            burner = self._burners[feed] = Burner()
        reader = burner.add(order)
        try:
            if is_new:
                feed.listen(burner)
            yield reader
        finally:
            self._count -= 1
            burner.remove(reader)
            if not burner.readers:
                self._burners.pop(feed, None)
                await feed.unlisten(burner)

    def _read(self, query: Mapping[str, str]) -> tuple[Feed, Order]:
        """What is asked for. Raises _Refused."""
        if self._count >= MAX_READERS:
            raise _Refused(503, f"{MAX_READERS} programs are shown pictures already.")
        missing = [name for name in NEEDED if find_spec(name) is None]
        if missing:
            raise _Refused(501, f"Pictures cannot be made here: {missing[0]} is missing. pip install 'onframe[video]'")
        key = query.get("camera") or next(iter(self._viewer.sources))
        stream = round(_number(query, "stream", 0, 3) or 0)
        try:
            feed = self._viewer.feed(key, stream)
        except KeyError:
            known = ", ".join(self._viewer.sources)
            raise _Refused(404, f"There is no camera {key[:64]!r}; there are: {known}") from None
        try:
            view = strict(View.parse(query), self._viewer.private.privacy)
        except OnframeError as error:
            raise _Refused(400, f"{error}. {error.hint or ''}".rstrip()) from error
        width, quality = _number(query, "width", 16, 8192), _number(query, "q", 1, 100)
        fps = _number(query, "fps", 0.1, 60)
        return feed, Order(view, None if width is None else round(width), round(quality or QUALITY), fps)


class _Stream(Response):
    """multipart/x-mixed-replace: a part for each picture. Who reads slowly gets fewer of them."""

    media_type = f"multipart/x-mixed-replace; boundary={BOUNDARY}"

    def __init__(self, images: Images, feed: Feed, order: Order) -> None:
        self._images, self._feed, self._order = images, feed, order
        super().__init__(headers=_NEVER_KEPT)
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Until the client is gone."""
        sending = asyncio.create_task(self._send_all(send), name="pictures for a dashboard")
        leaving = asyncio.create_task(_gone(receive), name="a dashboard's going")
        try:
            done, _ = await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
        if sending in done and (error := sending.exception()) is not None and not isinstance(error, OSError):
            raise error

    async def _send_all(self, send: Send) -> None:
        async with self._images.reading(self._feed, self._order) as reader:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            body = f"--{BOUNDARY}\r\n".encode()
            while True:
                await send({"type": "http.response.body", "body": body, "more_body": True})
                body = part(await reader.next())


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def part(picture: Burned) -> bytes:
    """One picture with its head, and the boundary after it: browsers show a picture only when they see that."""
    stamps = "".join(f"{name}: {value}\r\n" for name, value in _stamps(picture).items())
    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(picture.data)}\r\n{stamps}\r\n"
    return b"".join((head.encode(), picture.data, f"\r\n--{BOUNDARY}\r\n".encode()))


async def _better(reader: Reader, picture: Burned) -> Burned:
    """This picture or the next one on which all that moves is in its place; without one in time the latest."""
    try:
        async with asyncio.timeout(BETTER_WITHIN):
            while not picture.whole:
                picture = await reader.next()
    except TimeoutError:
        pass
    return picture


def _stamps(picture: Burned) -> dict[str, str]:
    """When it was captured, in Unix seconds, where that is known; and its pts."""
    captured = {} if picture.captured_at is None else {"X-Timestamp": f"{picture.captured_at:.3f}"}
    return {**captured, "X-Pts": str(picture.pts)}


def _number(query: Mapping[str, str], name: str, least: float, most: float) -> float | None:
    """An option that is a number; None where it is not given. Raises _Refused."""
    text = query.get(name, "")
    if not text:
        return None
    if not _NUMBER.fullmatch(text) or not least <= float(text) <= most:
        raise _Refused(400, f"{name}={text[:32]} is no number from {least:g} to {most:g}.")
    return float(text)


def _sentence(refused: _Refused) -> Response:
    return PlainTextResponse(f"{refused}\n", refused.status, headers=_NEVER_KEPT)


def image_routes(viewer: Pictured) -> list[Route]:
    """The two addresses, for the viewer to serve; where the extra "video" is missing they answer 501 and say so."""
    images = Images(viewer)
    return [Route("/mjpeg", images.stream), Route("/snapshot.jpg", images.snapshot)]
