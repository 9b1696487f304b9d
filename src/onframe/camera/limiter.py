"""How many connections a process begins in a second, over all its cameras: no herd after a power cut."""

from __future__ import annotations

import asyncio
from collections import deque
from weakref import WeakKeyDictionary

RATE = 20
"""New connections a second, unless said otherwise."""


class ConnectLimiter:
    """Lets at most ``rate`` callers pass in any one second, in the order in which they came."""

    def __init__(self, rate: int = RATE) -> None:
        if rate < 1:
            raise ValueError("a ConnectLimiter needs a rate of at least 1 a second")
        self.passed = 0
        self._times: deque[float] = deque(maxlen=rate)
        self._queue = asyncio.Lock()

    async def turn(self) -> None:
        """Wait until a connection may begin; who is cancelled while waiting takes nobody's turn."""
        loop = asyncio.get_running_loop()
        async with self._queue:
            if len(self._times) == self._times.maxlen:
                while (wait := self._times[0] + 1.0 - loop.time()) > 0:
                    await asyncio.sleep(wait)
            self._times.append(loop.time())
            self.passed += 1


_limiters: WeakKeyDictionary[asyncio.AbstractEventLoop, ConnectLimiter] = WeakKeyDictionary()


def shared_limiter() -> ConnectLimiter:
    """The one that all cameras of the running loop share."""
    loop = asyncio.get_running_loop()
    if loop not in _limiters:
        _limiters[loop] = ConnectLimiter()
    return _limiters[loop]
