"""What one open page is to be sent: bounded, and a slow page costs itself only.

A page that cannot keep up loses pictures up to the next key picture; texts only where they alone are too many.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple, Protocol

MAX_BYTES = 8 * 1024 * 1024
MAX_MESSAGES = 1024
LATE = 25
"""Pictures that still wait when a key picture comes: with so many, all of them give way to it."""


class Outlet(Protocol):
    """Where a page's messages go; it takes whole WebSocket frames."""

    @property
    def ready(self) -> bool:
        """It takes more; while it is not, messages wait here."""

    def write(self, frame: bytes) -> None:
        """Send it; never waits."""


class _Waiting(NamedTuple):
    frame: bytes
    is_picture: bool
    lasts: bool


class Page:
    """The messages for one WebSocket, in order: frames that are the same bytes for all pages.

    They go straight out while the outlet is ready, else they wait, bounded; ``flush`` when it is ready again.
    """

    def __init__(self, outlet: Outlet, *, max_bytes: int = MAX_BYTES, max_messages: int = MAX_MESSAGES) -> None:
        self._outlet = outlet
        self._queue: deque[_Waiting] = deque()
        self._bytes = self._pictures = 0
        self._max_bytes, self._max_messages = max_bytes, max_messages
        self._waits_for_key = True
        self._start: bytes | None = None
        self.dropped = 0

    def start(self, message: bytes) -> None:
        """What a decoder needs before the next key picture; sent again with the first one after a drop."""
        self._start = message
        self._waits_for_key = True

    def picture(self, message: bytes, *, key: bool) -> None:
        """Queue a picture; after a drop, only from a key picture on."""
        if self._queue and (self._full() or (key and self._pictures >= LATE)):
            self._drop_pictures()
        if self._waits_for_key and not key:
            self.dropped += 1
            return
        if self._waits_for_key and self._start is not None:
            self._put(self._start, is_picture=True)
        self._waits_for_key = False
        self._put(message, is_picture=True)

    def text(self, message: bytes, *, lasts: bool = False) -> None:
        """Queue a text message; pictures give way, after them the oldest texts, and last those that ``lasts``.

        Such is what later messages are understood by: without its ``hello`` all that follows would be of another epoch.
        """
        if self._queue and self._full():
            self._drop_pictures()
        while self._queue and self._full():
            self._drop_text()
        self._put(message, is_picture=False, lasts=lasts)

    def restart(self) -> None:
        """Another stream or epoch begins: what is queued is of no use, and the next picture must be a key picture."""
        self._queue.clear()
        self._bytes = self._pictures = 0
        self._waits_for_key = True
        self._start = None

    def flush(self) -> None:
        """The outlet is ready again."""
        while self._queue and self._outlet.ready:
            self._outlet.write(self._take())

    def _take(self) -> bytes:
        message = self._queue.popleft()
        self._bytes -= len(message.frame)
        self._pictures -= message.is_picture
        return message.frame

    def _drop_text(self) -> None:
        place = next((place for place, message in enumerate(self._queue) if not message.lasts), 0)
        self._bytes -= len(self._queue[place].frame)
        del self._queue[place]
        self.dropped += 1

    def _put(self, frame: bytes, *, is_picture: bool, lasts: bool = False) -> None:
        if not self._queue and self._outlet.ready:
            self._outlet.write(frame)
            return
        self._queue.append(_Waiting(frame, is_picture, lasts))
        self._bytes += len(frame)
        self._pictures += is_picture

    def _full(self) -> bool:
        return self._bytes > self._max_bytes or len(self._queue) >= self._max_messages

    def _drop_pictures(self) -> None:
        self._waits_for_key = True
        if not self._pictures:
            return
        kept = [message for message in self._queue if not message.is_picture]
        self.dropped += self._pictures
        self._queue = deque(kept)
        self._bytes = sum(len(message.frame) for message in kept)
        self._pictures = 0
