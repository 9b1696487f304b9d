"""A client that watches a simulated camera through its faults, and remembers all that it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from onframe.camera.backoff import Backoff
from onframe.camera.camera import Camera
from onframe.record import AccessUnit, Gap, Record, StateChange
from onframe.simulator.camera import SimulatedCamera

PATIENCE = 60.0
"""Seconds that anything may take; it takes a few at most where the machine is idle."""


class Watching:
    """One camera, watched by a task; ``events`` grows as it is told."""

    def __init__(self, camera: Camera, stream: Any) -> None:
        self.camera = camera
        self.events: list[Any] = []
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._follow(stream), name="watching")

    async def _follow(self, stream: Any) -> None:
        async for event in stream:
            self.events.append(event)
            self._news.set()

    async def until(self, seen: Callable[[Any], bool], since: int = 0) -> Any:
        """The first event from ``since`` on for which ``seen`` is true."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for event in self.events[since:]:
                    if seen(event):
                        return event
                since = len(self.events)
                if self._task.done():
                    raise AssertionError(f"the watcher ended: {self._task.exception()!r}")
                self._news.clear()
                await self._news.wait()

    async def record(self, since: int = 0, **wanted: Any) -> Record:
        """The first Record from ``since`` on that has these attributes."""
        return await self.until(
            lambda event: isinstance(event, Record) and all(getattr(event, k) == v for k, v in wanted.items()), since
        )

    async def state(self, name: str, since: int = 0) -> StateChange:
        return await self.until(lambda event: isinstance(event, StateChange) and event.state == name, since)

    async def gap(self, reason: str, since: int = 0) -> Gap:
        return await self.until(lambda event: isinstance(event, Gap) and event.reason == reason, since)

    def records(self, since: int = 0) -> list[Record]:
        return [event for event in self.events[since:] if isinstance(event, Record)]

    def pictures(self, since: int = 0) -> list[AccessUnit]:
        return [event for event in self.events[since:] if isinstance(event, AccessUnit)]

    def states(self, since: int = 0) -> list[str]:
        return [event.state for event in self.events[since:] if isinstance(event, StateChange)]

    async def close(self) -> None:
        await self.camera.close()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@pytest.fixture
async def watch() -> AsyncIterator[Callable[..., Any]]:
    """Watches a simulated camera: Camera's options, and those of ``stream`` as ``watching``; live when it returns."""
    begun: list[Watching] = []

    async def begin(simulated: SimulatedCamera, *, watching: dict[str, Any] | None = None, **options: Any) -> Watching:
        given = {"backoff": Backoff(initial=0.05, maximum=0.2), "keepalive": 1.0, "timeout": 5.0, **options}
        camera = Camera.from_url(simulated.url, **given)
        stream = camera.stream(**{"video": False, "maxsize": 100_000, **(watching or {})})
        begun.append(Watching(camera, stream))
        await begun[-1].state("live")
        return begun[-1]

    yield begin
    for one in begun:
        await one.close()
