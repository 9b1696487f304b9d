"""Notices that this machine slept: connections made before are dead, and waits begun before are over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from weakref import WeakKeyDictionary

EVERY = 1.0
"""Seconds between two looks."""
LEAST = 5.0
"""Seconds of sleep that are worth new connections."""


def slept() -> float:
    """Seconds that this machine has spent asleep, from any zero.

    Where the system does not say it, the civil clock's lead over the monotonic one stands for it: then a clock that
    is set forward looks like a sleep, which costs a reconnection and nothing else.
    """
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
    return time.time() - time.monotonic()


class Suspension:
    """Calls its watchers with the seconds slept, soon after this machine woke up."""

    def __init__(self, clock: Callable[[], float] = slept, *, every: float = EVERY, least: float = LEAST) -> None:
        self._clock, self._every, self._least = clock, every, least
        self._watchers: list[Callable[[float], None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._last = 0.0

    def add(self, watcher: Callable[[float], None]) -> None:
        """Call ``watcher`` from now on, until it is removed."""
        self._watchers.append(watcher)
        if self._timer is None:
            self._last = self._clock()
            self._schedule()

    def remove(self, watcher: Callable[[float], None]) -> None:
        """Call it no more; nothing ticks while nobody watches."""
        if watcher in self._watchers:
            self._watchers.remove(watcher)
        if not self._watchers and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._every, self._look)

    def _look(self) -> None:
        self._schedule()
        before, self._last = self._last, self._clock()
        if self._last - before >= self._least:
            for watcher in tuple(self._watchers):
                watcher(self._last - before)


_suspensions: WeakKeyDictionary[asyncio.AbstractEventLoop, Suspension] = WeakKeyDictionary()


def shared_suspension() -> Suspension:
    """The one that all sessions of the running loop share."""
    loop = asyncio.get_running_loop()
    if loop not in _suspensions:
        _suspensions[loop] = Suspension()
    return _suspensions[loop]
