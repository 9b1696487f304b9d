"""An ASGI application on a socket, inside the running loop and without signal handlers of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import uvicorn

from onframe.errors import ConnectionLost, OnframeError

GRACE = 1  # seconds that open connections get at the end


class _Server(uvicorn.Server):
    """uvicorn takes over SIGINT and SIGTERM; here they belong to whoever runs the loop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Site:
    """Serves ``app`` on (host, port) for as long as the ``async with`` lasts; port 0 takes a free one.

    Raises OnframeError where the port is taken.
    """

    def __init__(self, app: Any, host: str, port: int, **settings: Any) -> None:
        self.host = host
        self.port = port
        self._config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=GRACE,
            server_header=False,
            **settings,
        )
        self._server = _Server(self._config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Bind and serve; returns when connections are accepted."""
        listener = self._bind()
        self.port = listener.getsockname()[1]
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]), name=f"site {self.host}:{self.port}")
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise ConnectionLost(f"the server on {self.host}:{self.port} ended before it began")
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Close every connection and end; at most about GRACE seconds."""
        if self._task is None:
            return
        self._server.should_exit = True
        task, self._task = self._task, None
        await asyncio.wait([task])
        task.exception()

    async def __aenter__(self) -> Site:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _bind(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.host, self.port))
        except OSError as error:
            listener.close()
            raise OnframeError(
                f"port {self.port} of {self.host} cannot be used: {error.strerror}",
                hint="choose another port, or 0 for a free one",
            ) from error
        return listener
