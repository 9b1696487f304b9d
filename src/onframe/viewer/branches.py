"""The pictures of one feed in one form each: as they came, as fMP4, or as JPEG; made once for all pages of that path.

What makes another form hooks in here. A container that is made at once is a ``Remuxed`` branch; what takes its time (a
decoder in a thread) is a Listener, which gives what it made to ``emit``, in the loop, whenever it is ready. For JPEG
that is ``images.JpegFeed(emit, view=…)``; ``view.privacy`` is what it makes unrecognisable.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, Protocol, TypeAlias

from onframe.overlay.vocabulary import Rules, Shapes
from onframe.record import AccessUnit
from onframe.viewer import wire
from onframe.viewer.connection import frame
from onframe.viewer.fmp4 import Muxer
from onframe.viewer.page import Page

MAX_SINCE_KEY = 1000
MAX_SINCE_KEY_BYTES = 8 * 1024 * 1024
_BEFORE_BASE = 90_000
"""Ticks: pictures that are shown before the first key picture, though they come after it, are on the time line too."""


class Piece(NamedTuple):
    """One binary message: ``kind`` of wire.py, whether decoding can begin here, its pts (90 kHz), and its bytes."""

    kind: int
    key: bool
    pts: int
    data: bytes


Emit: TypeAlias = Callable[[Piece], None]


class Listener(Protocol):
    """Hears all that a feed tells its pages. Called in the loop; each method returns at once."""

    def hello(self, hello: wire.Hello) -> None:
        """What is shown from now on: forget all pictures and Shapes, and emit none of them any more."""

    def picture(self, unit: AccessUnit) -> None:
        """The next picture in decoding order; the first after a ``hello`` is a key picture."""

    def told(self, message: Shapes | Rules) -> None:
        """What is drawn, as the pages are told; it may come before its picture or after it."""

    async def close(self) -> None:
        """Nobody listens any more: give threads and memory back."""


Maker: TypeAlias = Callable[[Emit], Listener]
"""Makes the Listener of a path when its first page comes; it is closed when the last one goes."""


class Branch:
    """The access units as they came; and what all branches have in common: pages, and what one that joins needs."""

    path: wire.Path = "annexb"

    def __init__(self, stream: int, arrived: Callable[[int], datetime | None]) -> None:
        self.pages: dict[Page, None] = {}
        self.base = 0
        self._stream, self._arrived = stream, arrived
        self._start: bytes | None = None
        self._since_key: deque[tuple[bytes, bool]] = deque(maxlen=MAX_SINCE_KEY)
        self._since_key_bytes = 0
        self._n = 0

    def join(self, page: Page) -> None:
        """Everything since the last key picture, and whatever comes."""
        self.pages[page] = None
        if self._start is not None:
            page.start(self._start)
        for message, key in self._since_key:
            page.picture(message, key=key)

    def hello(self, hello: wire.Hello) -> None:
        """Another epoch, codec or size: what was before is of no use."""
        self.forget()
        self._start = None

    def picture(self, unit: AccessUnit) -> None:
        """To all pages of this path."""
        self._emit(Piece(wire.ACCESS_UNIT, unit.key, unit.timestamp, unit.data), lost_before=bool(unit.lost_before))

    def told(self, message: Shapes | Rules) -> None:
        """Pages are told of Shapes by the feed; a branch that draws them itself listens."""

    async def close(self) -> None:
        """The last page of this path is gone."""

    def forget(self) -> None:
        """A page that joins now waits for the next key picture."""
        self._since_key.clear()
        self._since_key_bytes = 0

    def emit(self, piece: Piece) -> None:
        """Send a piece to all pages of this path."""
        self._emit(piece)

    def _emit(self, piece: Piece, *, lost_before: bool = False) -> None:
        self._n += piece.kind != wire.FMP4_START
        arrived = self._arrived(piece.pts)
        message = frame(
            wire.encode_picture(
                piece.data,
                stream=self._stream,
                n=self._n,
                pts=piece.pts,
                sent_at=0 if arrived is None else int(arrived.timestamp() * 1e6),
                key=piece.key,
                lost_before=lost_before,
                kind=piece.kind,
            )
        )
        if piece.kind == wire.FMP4_START:
            self._start = message
            for page in self.pages:
                page.start(message)
            return
        self._remember(message, piece.key)
        for page in self.pages:
            page.picture(message, key=piece.key)

    def _remember(self, message: bytes, key: bool) -> None:
        if key or self._since_key_bytes + len(message) > MAX_SINCE_KEY_BYTES:
            self.forget()
        if key or self._since_key:  # without its key picture nothing can be decoded
            self._since_key.append((message, key))
            self._since_key_bytes += len(message)
            if len(self._since_key) == MAX_SINCE_KEY:
                self.forget()


class Remuxed(Branch):
    """The access units as fragments of an MP4. ``greet`` says hello again where the time line begins anew."""

    path: wire.Path = "fmp4"

    def __init__(self, stream: int, arrived: Callable[[int], datetime | None], greet: Callable[[Branch], None]) -> None:
        super().__init__(stream, arrived)
        self._greet = greet
        self._muxer: Muxer | None = None
        self._duration = 3600
        self._epoch: int | None = None

    def hello(self, hello: wire.Hello) -> None:
        """In another epoch the time line begins anew with the next key picture; another size or codec goes on in it."""
        if hello.epoch == self._epoch:
            self.forget()
        else:
            super().hello(hello)
            self._muxer, self.base = None, 0
        self._epoch, self._duration = hello.epoch, hello.duration

    def picture(self, unit: AccessUnit) -> None:
        """One fragment, with the start of a track before it where that is another."""
        if unit.key and (self._muxer is None or not self._muxer.fits(unit.timestamp)):
            self.base = unit.timestamp - _BEFORE_BASE
            self._muxer = Muxer(self.base, duration=self._duration)
            self.forget()
            self._start = None
            self._greet(self)
        if self._muxer is None:
            return
        for segment in self._muxer.push(unit):
            kind = wire.FMP4_START if segment.start else wire.FMP4_FRAGMENT
            self._emit(Piece(kind, segment.key, segment.pts, segment.data), lost_before=bool(unit.lost_before))


class Made(Branch):
    """What a Listener makes of the pictures: JPEG."""

    path: wire.Path = "jpeg"

    def __init__(self, stream: int, arrived: Callable[[int], datetime | None], maker: Maker) -> None:
        super().__init__(stream, arrived)
        self._listener = maker(self.emit)

    def hello(self, hello: wire.Hello) -> None:
        """Begin anew."""
        super().hello(hello)
        self._listener.hello(hello)

    def picture(self, unit: AccessUnit) -> None:
        """Have it made."""
        self._listener.picture(unit)

    def told(self, message: Shapes | Rules) -> None:
        """For one that makes some of it unrecognisable."""
        self._listener.told(message)

    async def close(self) -> None:
        """End the Listener."""
        await self._listener.close()
