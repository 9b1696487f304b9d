"""A thread that makes pictures of what it is given, in order; the loop never waits for it.

When it falls behind, it first makes no pictures of some that it decodes, then skips to the newest key picture.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol, TypeAlias

from onframe.overlay.vocabulary import Rules, Shapes
from onframe.record import AccessUnit
from onframe.viewer import wire

log = logging.getLogger("onframe.viewer")
MAX_WAITING: Final = 1000
"""Pictures."""
MAX_TOLD: Final = 3000
MAX_WAITING_BYTES: Final = 32 * 1024 * 1024
BEHIND: Final = 0.25
"""Seconds after its time from which a picture is decoded only, if more of them wait."""
LATE: Final = 0.5
"""Seconds after its time from which a picture is left out, if a key picture waits too."""


class Worker(Protocol):
    """Does the work, in the thread."""

    def begin(self, hello: wire.Hello, number: int) -> None:
        """Forget everything; ``number`` counts the beginnings."""

    def tell(self, message: Shapes | Rules) -> None:
        """What is drawn."""

    def show(self, unit: AccessUnit, hurry: bool) -> None:
        """The next picture; in a ``hurry`` it is only decoded."""


class _Beginning(NamedTuple):
    hello: wire.Hello
    number: int


class _Waiting(NamedTuple):
    unit: AccessUnit
    due: float


_Item: TypeAlias = _Beginning | Shapes | Rules | _Waiting


class Conveyor:
    """The queue and its thread, which runs from now until `close`. ``make`` is called in it."""

    def __init__(self, name: str, make: Callable[[Conveyor], Worker]) -> None:
        self._make = make
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self._changed = threading.Condition()
        self._queue: deque[_Item] = deque()
        self._pictures = self._bytes = 0
        self._waits_for_key = False
        self._stops = False
        self._failed = False
        self.skipped = 0
        self.number = 0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def begin(self, hello: wire.Hello) -> None:
        """Drop what waits; what is made from now on bears another ``number``."""
        with self._changed:
            self._queue.clear()
            self._pictures = self._bytes = 0
            self._waits_for_key = True
            self.number += 1
            self._put(_Beginning(hello, self.number))

    def tell(self, message: Shapes | Rules) -> None:
        """In its place among the pictures."""
        with self._changed:
            if len(self._queue) >= MAX_WAITING + MAX_TOLD:
                self._drop_before(len(self._queue))
                self._waits_for_key = True
                while len(self._queue) >= MAX_TOLD:
                    self._queue.popleft()
            self._put(message)

    def picture(self, unit: AccessUnit, due: float) -> None:
        """To be made at ``due`` (monotonic seconds); too much of it is dropped up to the next key picture."""
        with self._changed:
            if self._pictures >= MAX_WAITING or self._bytes + len(unit.data) > MAX_WAITING_BYTES:
                self._drop_before(len(self._queue))
                self._waits_for_key = True
            if self._waits_for_key and not unit.key:
                self.skipped += 1
                return
            self._waits_for_key = False
            self._pictures += 1
            self._bytes += len(unit.data)
            self._put(_Waiting(unit, due))

    def _put(self, item: _Item) -> None:
        if not self._stops:
            self._queue.append(item)
            self._changed.notify()

    async def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._stops = True
            self._queue.clear()
            self._changed.notify()
        await self._ended.wait()
        self._thread.join()

    def call(self, function: Callable[..., None], *arguments: object) -> None:
        """From the thread: have this called in the loop."""
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(function, *arguments)

    # -- in the thread -------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            worker = self._make(self)
            while (taken := self._take()) is not None:
                try:
                    _handle(worker, *taken)
                except Exception:
                    self._fail()
        except Exception:
            self._fail()
        finally:
            with self._changed:
                self._stops = True
                self._queue.clear()
            self.call(self._ended.set)

    def _fail(self) -> None:
        """A picture costs itself; it is told of once."""
        log.log(logging.DEBUG if self._failed else logging.ERROR, "a picture could not be made", exc_info=True)
        self._failed = True

    def _take(self) -> tuple[_Item, bool] | None:
        """The next item, and whether it has to be quick; None at the end."""
        with self._changed:
            while not self._queue and not self._stops:
                self._changed.wait()
            if self._stops:
                return None
            if _lateness(self._queue[0]) > LATE:
                self._skip_to_key()
            item = self._queue.popleft()
            if isinstance(item, _Waiting):
                self._pictures -= 1
                self._bytes -= len(item.unit.data)
            return item, self._pictures > 0 and _lateness(item) > BEHIND

    def _skip_to_key(self) -> None:
        keys = [n for n, item in enumerate(self._queue) if isinstance(item, _Waiting) and item.unit.key]
        if keys and keys[-1] > 0:
            self._drop_before(keys[-1])

    def _drop_before(self, place: int) -> None:
        """Leave the pictures among the first so many items out."""
        kept: deque[_Item] = deque()
        for n, item in enumerate(self._queue):
            if n < place and isinstance(item, _Waiting):
                self.skipped += 1
                self._pictures -= 1
                self._bytes -= len(item.unit.data)
            else:
                kept.append(item)
        self._queue = kept


def _lateness(item: _Item) -> float:
    return time.monotonic() - item.due if isinstance(item, _Waiting) else 0.0


def _handle(worker: Worker, item: _Item, hurry: bool) -> None:
    if isinstance(item, _Waiting):
        worker.show(item.unit, hurry)
    elif isinstance(item, _Beginning):
        worker.begin(item.hello, item.number)
    else:
        worker.tell(item)
