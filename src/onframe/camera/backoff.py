"""How long to wait before the next attempt to connect: exponential, with full jitter."""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec


class Backoff(msgspec.Struct, frozen=True, kw_only=True):
    """Full-jitter back-off: a random wait between 0 and a ceiling that grows with every failure.

    ``initial`` and ``maximum`` are in seconds, ``factor`` multiplies the ceiling per failure.
    ``uniform`` draws the wait, so that a test can do without chance.
    """

    initial: float = 1.0
    maximum: float = 30.0
    factor: float = 2.0
    uniform: Callable[[float, float], float] = random.uniform

    def __post_init__(self) -> None:
        if not (0 <= self.initial <= self.maximum and self.factor >= 1):
            raise ValueError("a Backoff needs 0 <= initial <= maximum and factor >= 1")

    def ceiling(self, failures: int) -> float:
        """The longest wait after so many failures in a row, in seconds."""
        exponent = min(max(failures - 1, 0), 64)
        return min(self.maximum, self.initial * self.factor**exponent)

    def delay(self, failures: int) -> float:
        """A wait for after so many failures in a row, in seconds."""
        return self.uniform(0.0, self.ceiling(failures))
