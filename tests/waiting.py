"""Bounded waits that tests share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
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
