"""What one open page is to be sent: bounded, and a slow page costs itself only.

A page that cannot keep up loses pictures up to the next key picture; texts only where they alone are too many.
"""

from __future__ import annotations

import asyncio
from collections import deque

MAX_BYTES = 8 * 1024 * 1024
MAX_MESSAGES = 1024


class Page:
    """A queue of messages for one WebSocket, in order."""

    def __init__(self, *, max_bytes: int = MAX_BYTES, max_messages: int = MAX_MESSAGES) -> None:
        self._queue: deque[bytes | str] = deque()
        self._ready = asyncio.Event()
        self._bytes = self._pictures = 0
        self._max_bytes, self._max_messages = max_bytes, max_messages
        self._waits_for_key = True
        self.dropped = 0

    def picture(self, message: bytes, *, key: bool) -> None:
        """Queue an access unit; after a drop, only from a key picture on."""
        if self._full():
            self._drop_pictures()
        if self._waits_for_key and not key:
            self.dropped += 1
            return
        self._waits_for_key = False
        self._pictures += 1
        self._put(message)

    def text(self, message: str) -> None:
        """Queue a text message; pictures give way, and after them the oldest texts."""
        if self._full():
            self._drop_pictures()
        while self._queue and self._full():
            self._take()
            self.dropped += 1
        self._put(message)

    def restart(self) -> None:
        """Another stream or epoch begins: what is queued is of no use, and the next picture must be a key picture."""
        self._queue.clear()
        self._bytes = self._pictures = 0
        self._waits_for_key = True

    async def next(self) -> bytes | str:
        """The next message to send; waits for it."""
        while not self._queue:
            self._ready.clear()
            await self._ready.wait()
        return self._take()

    def _take(self) -> bytes | str:
        message = self._queue.popleft()
        self._bytes -= len(message)
        self._pictures -= isinstance(message, bytes)
        return message

    def _put(self, message: bytes | str) -> None:
        self._queue.append(message)
        self._bytes += len(message)
        self._ready.set()

    def _full(self) -> bool:
        return self._bytes > self._max_bytes or len(self._queue) >= self._max_messages

    def _drop_pictures(self) -> None:
        self._waits_for_key = True
        if not self._pictures:
            return
        kept = [message for message in self._queue if isinstance(message, str)]
        self.dropped += self._pictures
        self._queue = deque(kept)
        self._bytes = sum(map(len, kept))
        self._pictures = 0
