"""A store that forgets what was not asked for longest."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Cache(Generic[T]):
    """At most ``entries`` values of at most ``size`` bytes together."""

    def __init__(self, entries: int, size: int) -> None:
        self.entries, self.size = entries, size
        self.used = 0
        self._kept: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> T | None:
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def put(self, key: Hashable, value: T, size: int) -> T:
        """Keep it, unless it alone is larger than a quarter of all; gives it back."""
        if size > self.size // 4:
            return value
        old = self._kept.pop(key, None)
        self.used += size - (old[1] if old else 0)
        self._kept[key] = (value, size)
        while len(self._kept) > self.entries or self.used > self.size:
            _, (_, freed) = self._kept.popitem(last=False)
            self.used -= freed
        return value

    def clear(self) -> None:
        self._kept.clear()
        self.used = 0
