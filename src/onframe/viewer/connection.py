"""A page's connections as the server takes them: bounded in number, time and frames; what is amiss ends quietly."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame

MAX_CONNECTIONS: Final = 256
"""Connections at once; one more is closed at once."""
REQUEST_WITHIN: Final = 10.0
"""Seconds until a request's head must be there."""
MAX_FRAGMENTS: Final = 64
"""Frames of one message; its bytes are bounded beside that."""

MAX_TOGETHER: Final = 256 * 1024
"""Bytes that are written at once; what is more waits for its turn."""
SOCKET: Final = "onframe.socket"
"""Under this name the PageSocket is among the scope's extensions."""


def frame(message: bytes | str) -> bytes:
    """A message as one WebSocket frame (RFC 6455 section 5.2), the same bytes for all pages."""
    first, data = (0x81, message.encode()) if isinstance(message, str) else (0x82, message)
    size = len(data)
    if size < 126:
        return bytes((first, size)) + data
    if size < 0x10000:
        return struct.pack(">BBH", first, 126, size) + data
    return struct.pack(">BBQ", first, 127, size) + data


class PageConnection(H11Protocol):
    """uvicorn's, which would wait without end for a request that never comes."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
        else:
            self._watch()

    def data_received(self, data: bytes) -> None:
        """Some of a request, or all of it."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, error: Exception | None) -> None:
        """The client is gone."""
        super().connection_lost(error)
        self._unwatch()

    def _watch(self) -> None:
        """The time of a head runs from its first byte, the first one's from the beginning of the connection."""
        waiting = self.cycle is None or self.cycle.response_complete
        if not waiting or self.transport.get_protocol() is not self:  # it became a WebSocket
            self._unwatch()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_WITHIN, self._too_late)

    def _unwatch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        self._deadline = None
        if self.transport.get_protocol() is self and (self.cycle is None or self.cycle.response_complete):
            self.transport.abort()


class PageSocket(WebSocketsSansIOProtocol):
    """uvicorn's, which would log a traceback for bytes that are no UTF-8 and keep any number of empty fragments.

    It is the outlet of a page: frames that are ready made go straight to the transport.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.on_ready: Callable[[], None] | None = None
        """Called when more can be written."""
        self._together: list[bytes] = []
        self._together_bytes = 0

    async def run_asgi(self) -> None:
        """Let the application find this very connection."""
        self.scope["extensions"] = {**(self.scope.get("extensions") or {}), SOCKET: self}  # type: ignore[dict-item]
        await super().run_asgi()

    @property
    def ready(self) -> bool:
        """It is open, and what was written so far is on its way."""
        return self.writable.is_set() and self._together_bytes <= MAX_TOGETHER and self._is_open()

    def write(self, frame: bytes) -> None:
        """Send a whole frame, together with what else comes in this turn of the loop: a picture and its Shapes."""
        if not self._together:
            self.loop.call_soon(self._write_all)
        self._together.append(frame)
        self._together_bytes += len(frame)

    def resume_writing(self) -> None:
        """What was written is on its way."""
        super().resume_writing()
        if self.on_ready is not None:
            self.on_ready()

    def _write_all(self) -> None:
        frames, self._together, self._together_bytes = self._together, [], 0
        if self._is_open():
            self.transport.write(frames[0] if len(frames) == 1 else b"".join(frames))
            if self.on_ready is not None:
                self.on_ready()

    def _is_open(self) -> bool:
        return self.handshake_complete and not (self.close_sent or self.disconnected or self.transport.is_closing())

    def handle_cont(self, event: Frame) -> None:
        """A further frame of a message."""
        if len(self.frames) >= MAX_FRAGMENTS:
            self._refuse(CloseCode.MESSAGE_TOO_BIG, "a message in too many frames")
        elif not self.close_sent:
            super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        """A message is whole."""
        try:
            if self.curr_msg_data_type == "text":
                b"".join(self.frames).decode()
        except UnicodeDecodeError:
            self._refuse(CloseCode.INVALID_DATA, "a text message that is no UTF-8")
        else:
            super().send_receive_event_to_app()

    def _refuse(self, code: CloseCode, reason: str) -> None:
        self.frames = []
        if not self.close_sent:
            self.conn.fail(code, reason)
            self.handle_parser_exception()
