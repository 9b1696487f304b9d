"""An ASGI application on a socket, inside the running loop and without signal handlers of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import uvicorn

from onframe.errors import OnframeError

GRACE = 1  # seconds that open connections get at the end


class _Server(uvicorn.Server):
    """uvicorn takes over SIGINT and SIGTERM; here they belong to whoever runs the loop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Site:
    """Serves ``app`` on (host, port) for as long as the ``async with`` lasts; port 0 takes a free one.

    ``bind`` takes the port early, for who must know it before the application is ready. Raises OnframeError
    where the address cannot be had. With an ``ssl_context`` it speaks TLS. ``settings`` go to uvicorn.
    """

    def __init__(
        self, app: Any, host: str, port: int, *, ssl_context: ssl.SSLContext | None = None, **settings: Any
    ) -> None:
        self.host = host
        self.port = port
        self._ssl_context = ssl_context
        self._listener: socket.socket | None = None
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=GRACE,
            server_header=False,
            **{"ws": "websockets-sansio", **settings},
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    def bind(self) -> None:
        """Take the port; nothing is accepted yet."""
        if self._listener is None:
            self._listener = bind(self.host, self.port)
            self.port = self._listener.getsockname()[1]

    async def start(self) -> None:
        """Bind and serve; returns when connections are accepted."""
        self.bind()
        if self._ssl_context is not None:  # uvicorn would read certificate and key from files
            self._server.config.load()
            self._server.config.ssl = self._ssl_context
        serving = self._server.serve(sockets=[self._listener] if self._listener else None)
        self._task = asyncio.create_task(serving, name=f"site {self.host}:{self.port}")
        while not self._server.started and not self._task.done():
            await asyncio.sleep(0.005)

    async def stop(self, *, at_once: bool = False) -> None:
        """Close every connection and end; at most about GRACE seconds. ``at_once`` waits for no answer."""
        self._server.should_exit = True
        if at_once:
            for listening in getattr(self._server, "servers", ()):
                listening.close()
            self._abort()
        if self._task is not None:
            task, self._task = self._task, None
            hurry = asyncio.get_running_loop().call_later(GRACE / 2, self._abort)
            await task
            hurry.cancel()
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _abort(self) -> None:
        """Who does not read what it was sent cannot be bidden farewell."""
        for connection in list(self._server.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()

    async def __aenter__(self) -> Site:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


def bind(host: str, port: int) -> socket.socket:
    """A socket that has its port, and listens when a server takes it. Raises OnframeError."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise OnframeError(
            f"port {port} of {host} cannot be used: {error.strerror}", hint="choose another port, or 0 for a free one"
        ) from error
    return bound
