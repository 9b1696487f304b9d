"""Bounded waits that tests share, and a clock for what must not take long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any


async def next_of(events: AsyncIterator[Any], kind: type, seconds: float = 10.0, **fields: Any) -> Any:
    """The next event of this class with these fields; the others are passed over. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        async for event in events:
            if isinstance(event, kind) and all(getattr(event, name) == value for name, value in fields.items()):
                return event
    raise AssertionError("the events ended")


async def until(condition: Callable[[], Any], seconds: float = 10.0) -> None:
    """Returns as soon as the condition holds; raises TimeoutError where it does not in time."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def own_time() -> float:
    """Seconds, monotonic, without those in which this thread could go on and others had the cores.

    What a test must not wait for is thus measured alike on a busy machine. Linux tells it: nanoseconds on a run queue.
    """
    return time.monotonic() - int(Path("/proc/thread-self/schedstat").read_bytes().split()[1]) / 1e9
