"""A feed's pictures as JPEG with the overlay painted in, for who shows pictures alone: dashboards, ``<img>``.

However many look on, a picture is decoded once, and painted once for each view and width.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from onframe.overlay.playout import Binding, Drawn, moves
from onframe.overlay.veil import Veil
from onframe.overlay.view import View, viewed
from onframe.overlay.vocabulary import Shapes
from onframe.viewer import wire
from onframe.viewer.conveyor import Conveyor, Worker
from onframe.viewer.jpeg import FrameWorker, Known, Transcoder

if TYPE_CHECKING:
    import av

log = logging.getLogger("onframe.viewer")
_TICKS = 90_000
_EARLY = 900
"""Ticks that a picture may come too early to be wanted already: clocks jitter."""


class Order(NamedTuple):
    """How somebody wants the pictures: at most ``fps`` a second, at most ``width`` wide; None is as they are."""

    view: View
    width: int | None
    quality: int
    fps: float | None = None


class Burned(NamedTuple):
    """One picture, as JPEG. ``pts`` in 90 kHz; ``captured_at`` in Unix seconds once a Record has told it.

    ``whole``: what moves on it lies where its own Records say, none where another picture's did.
    """

    data: bytes
    pts: int
    captured_at: float | None = None
    whole: bool = True


class Reader:
    """One that looks on. What it does not take in time is replaced by the next picture; ``skipped`` counts that."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.skipped = 0
        self._latest: Burned | None = None
        self._ready = asyncio.Event()

    def give(self, picture: Burned) -> None:
        """The newest picture."""
        self.skipped += self._latest is not None
        self._latest = picture
        self._ready.set()

    async def next(self) -> Burned:
        """The newest picture that was not taken yet; waits for it."""
        while self._latest is None:
            self._ready.clear()
            await self._ready.wait()
        picture, self._latest = self._latest, None
        return picture


class Burner(Transcoder):
    """A Listener for all who look on one feed: `add` and `remove` them."""

    def __init__(self) -> None:
        self.readers: dict[Reader, None] = {}
        self.orders: tuple[Order, ...] = ()
        super().__init__("pictures with their overlay", self._worker, holds=True)

    def add(self, order: Order) -> Reader:
        """From now on."""
        reader = Reader(order)
        self.readers[reader] = None
        self._changed()
        return reader

    def remove(self, reader: Reader) -> None:
        """It is gone."""
        self.readers.pop(reader, None)
        self._changed()

    def is_private(self, message: Shapes) -> bool:
        """For any who look on."""
        return any(Veil.of(message, privacy) for privacy in {order.view.privacy for order in self.orders} if privacy)

    def _changed(self) -> None:
        self.orders = tuple(dict.fromkeys(reader.order for reader in self.readers))
        self.patient = any(order.view.privacy for order in self.orders)

    def _worker(self, conveyor: Conveyor) -> Worker:
        give = lambda number, order, picture: conveyor.call(self._give, number, order, picture)  # noqa: E731
        return _BurnWorker(lambda: self.orders, give)

    def _give(self, number: int, order: Order, picture: Burned) -> None:
        if number == self.conveyor.number:
            for reader in self.readers:
                if reader.order == order:
                    reader.give(picture)


class _BurnWorker(FrameWorker):
    """In the thread of a Burner."""

    def __init__(self, orders: Callable[[], tuple[Order, ...]], give: Callable[[int, Order, Burned], None]) -> None:
        super().__init__()
        self._orders, self._give = orders, give
        self._due: dict[Order, float] = {}
        self._failed = False

    def begin(self, hello: wire.Hello, number: int) -> None:
        """Another stream, epoch, codec or size."""
        super().begin(hello, number)
        self._due.clear()

    def _make(self, known: Known, frame: av.VideoFrame, pts: int) -> None:
        orders = self._wanted(self._orders(), pts)
        if orders:
            self._burn(known, frame, pts, orders)

    def _wanted(self, orders: tuple[Order, ...], pts: int) -> list[Order]:
        """Those who have waited long enough for their next picture, the same view and width beside each other."""
        wanted = []
        for order in orders:
            if order.fps is not None:
                distance = _TICKS / order.fps
                if pts < self._due.get(order, pts) - _EARLY:
                    continue
                self._due[order] = max(self._due.get(order, pts), pts - distance) + distance
            wanted.append(order)
        self._due = {order: due for order, due in self._due.items() if order in orders}
        places = {key: n for n, key in enumerate(dict.fromkeys(order[:2] for order in wanted))}
        return sorted(wanted, key=lambda order: places[order[:2]])

    def _burn(self, known: Known, frame: av.VideoFrame, pts: int, orders: Iterable[Order]) -> None:
        binding = known.store.lookup(pts)
        captured = None if known.epoch is None else known.epoch + pts / _TICKS
        whole = not any(map(_is_displaced, binding.drawn))
        for (view, width), group in groupby(orders, key=lambda order: order[:2]):
            painted = self._painted(known, frame, pts, binding, view, width)
            coded: dict[int, bytes] = {}
            for order in group:
                if order.quality not in coded:
                    coded[order.quality] = self._encoder.encode(painted, order.quality)
                self._give(known.number, order, Burned(coded[order.quality], pts, captured, whole))
        known.veil.forget_before(pts)

    def _painted(
        self, known: Known, frame: av.VideoFrame, pts: int, binding: Binding, view: View, width: int | None
    ) -> av.VideoFrame:
        """What cannot be drawn is missing in the picture; what is private is not: then there is no picture."""
        areas = known.veil.areas(pts, binding, view.privacy)
        fitted = self._fitter.fit(frame, width)
        try:
            self._brush.paint(fitted, pts, viewed(binding.drawn, view), areas, view)
        except Exception:
            log.log(logging.DEBUG if self._failed else logging.ERROR, "an overlay could not be painted", exc_info=True)
            self._failed = True
            fitted = self._fitter.fit(frame, width)
            self._brush.paint(fitted, pts, [], areas)
        return fitted


def _is_displaced(drawn: Drawn) -> bool:
    """It moves, and stands where another picture had it."""
    return drawn.state in ("held", "interpolated") and drawn.message is not None and moves(drawn.message)
