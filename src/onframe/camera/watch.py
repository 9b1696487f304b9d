"""What a watcher holds: an asynchronous iterator that joins a session at its first step and leaves it at its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from types import TracebackType
from typing import Generic, TypeVar, cast

from onframe.camera.hub import Accept, Counters, Subscriber
from onframe.isapi.config import configuration_type
from onframe.record import Record, StreamEvent

T = TypeVar("T")
KINDS = frozenset({"rule", "target", "ptz"})


class Watch(Generic[T]):
    """Iterates over what one watcher is to see; ``async with`` or ``aclose`` ends it, and so does letting go of it."""

    def __init__(
        self,
        join: Callable[[], Awaitable[Subscriber]],
        leave: Callable[[Subscriber], Awaitable[None]],
        abandon: Callable[[Subscriber], None],
    ) -> None:
        self._join, self._leave, self._abandon = join, leave, abandon
        self._subscriber: Subscriber | None = None
        self._closed = False

    @property
    def counters(self) -> Counters:
        """What was delivered, and what this watcher's own queue had to drop."""
        return Counters() if self._subscriber is None else self._subscriber.counters

    def __aiter__(self) -> Watch[T]:
        return self

    async def __anext__(self) -> T:
        if self._closed:
            raise StopAsyncIteration
        try:
            if self._subscriber is None:
                self._subscriber = await self._join()
            return cast(T, await self._subscriber.__anext__())
        except Exception:
            await self.aclose()
            raise

    async def each(self, callback: Callable[[T], None]) -> None:
        """Call ``callback`` with every event the moment it is received, until the session ends or this watcher.

        The shortest way, for who needs no queue: the camera is not read on before the callback returns. Raises what
        iterating raises, and what the callback raises, which ends this watcher alone.
        """
        if self._closed:
            return
        try:
            if self._subscriber is None:
                self._subscriber = await self._join()
            await self._subscriber.each(cast(Callable[[StreamEvent], None], callback))
        finally:
            await self.aclose()

    async def __aenter__(self) -> Watch[T]:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Leave the session; the last one to leave ends it with TEARDOWN. Never raises."""
        self._closed = True
        if self._subscriber is not None:
            subscriber, self._subscriber = self._subscriber, None
            await self._leave(subscriber)

    def __del__(self) -> None:
        if self._subscriber is not None:
            self._abandon(self._subscriber)


def accepts(types: Collection[str] | None, sub_types: Collection[str] | None, kinds: Collection[str] | None) -> Accept:
    """The filter of one watcher, applied whatever the device does.

    With ``types``, documents of no configuration type (R-061), PTZ among them, are left out.
    """
    wanted_types = None if types is None else {name.lower() for name in types}
    wanted_subs = None if sub_types is None else {name.lower() for name in sub_types}
    if kinds is not None and not KINDS.issuperset(kinds):
        raise ValueError(f"kinds are {', '.join(sorted(KINDS))}, not {', '.join(sorted(set(kinds) - KINDS))}")

    def accept(record: Record) -> bool:
        metadata = record.metadata
        if kinds is not None and metadata.kind not in kinds:
            return False
        if wanted_types is not None and (configuration_type(metadata) or "").lower() not in wanted_types:
            return False
        return wanted_subs is None or (metadata.sub_type or "").lower() in wanted_subs

    return accept
