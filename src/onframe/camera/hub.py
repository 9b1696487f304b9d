"""Fan-out: what one session receives goes to every subscriber's own bounded queue.

Nothing is dropped unseen: what a full queue loses is told by a Gap (reason "overflow"), by the next
Record's ``gap_before``, by the next picture's ``lost_before`` and by the subscriber's counters.
No subscriber notices another one's slowness, except that "block" slows the session that feeds them all.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from onframe.errors import LimitExceeded
from onframe.isapi.vocabulary import EventType
from onframe.record import AccessUnit, Gap, Record, StateChange, StreamEvent, Undecodable

Overflow: TypeAlias = Literal["drop_oldest", "block", "raise"]
Accept: TypeAlias = Callable[[Record], bool]

MAX_BYTES = 16 * 1024 * 1024
"""Raw bytes that one subscriber's queue holds at most."""

_CROSSINGS = (EventType.REGION_ENTRANCE.lower(), EventType.REGION_EXITING.lower())
_REASONS = ("loss", "overflow", "reconnect")


class Counters(msgspec.Struct):
    """What one subscriber was given and what its queue lost; read them at any time."""

    delivered: int = 0
    dropped_records: int = 0
    dropped_pictures: int = 0
    dropped_others: int = 0

    @property
    def dropped(self) -> int:
        """Everything that was lost to a full queue."""
        return self.dropped_records + self.dropped_pictures + self.dropped_others


class _Item(NamedTuple):
    order: int
    event: StreamEvent
    size: int


class Hub:
    """Gives each event to every subscriber; ``on_blocked(True)`` asks the session to stop reading."""

    def __init__(self, on_blocked: Callable[[bool], None] = lambda blocked: None) -> None:
        self._subscribers: list[Subscriber] = []
        self._blocking: set[Subscriber] = set()
        self._on_blocked = on_blocked
        self.blocked = False
        """A full "block" queue holds the session up."""
        self._closed = False
        self._error: BaseException | None = None

    def __len__(self) -> int:
        return len(self._subscribers)

    def subscribe(
        self,
        *,
        events: tuple[type, ...] = (Record,),
        accept: Accept = lambda record: True,
        maxsize: int = 1024,
        maxbytes: int = MAX_BYTES,
        overflow: Overflow = "drop_oldest",
    ) -> Subscriber:
        """A new queue that takes the given classes of events, and of the Records those that ``accept`` passes."""
        subscriber = Subscriber(self, events, accept, maxsize, maxbytes, overflow)
        if self._closed:
            subscriber.close(self._error)
        else:
            self._subscribers.append(subscriber)
        return subscriber

    def publish(self, event: StreamEvent) -> None:
        """Give the event to every subscriber. Never blocks and never raises."""
        for subscriber in tuple(self._subscribers):
            subscriber.put(event)

    def close(self, error: BaseException | None = None) -> None:
        """End every iterator, with this error if there is one, after what already stands in its queue."""
        self._closed, self._error = True, error
        for subscriber in tuple(self._subscribers):
            subscriber.close(error)

    def _forget(self, subscriber: Subscriber) -> None:
        if subscriber in self._subscribers:
            self._subscribers.remove(subscriber)
        self._block(subscriber, False)

    def _block(self, subscriber: Subscriber, full: bool) -> None:
        (self._blocking.add if full else self._blocking.discard)(subscriber)
        if self.blocked != bool(self._blocking):
            self.blocked = bool(self._blocking)
            self._on_blocked(self.blocked)


class Subscriber:
    """One bounded queue: an asynchronous iterator over what the hub gives it."""

    def __init__(
        self,
        hub: Hub,
        events: tuple[type, ...],
        accept: Accept,
        maxsize: int,
        maxbytes: int,
        overflow: Overflow,
    ) -> None:
        if maxsize < 1:
            raise ValueError("maxsize must be at least 1")
        if overflow not in ("drop_oldest", "block", "raise"):
            raise ValueError(f'overflow is "drop_oldest", "block" or "raise", not {overflow!r}')
        self.counters = Counters()
        self._hub, self._events, self._accept = hub, events, accept
        self._maxsize, self._maxbytes, self._overflow = maxsize, maxbytes, overflow
        self._first_to_drop: deque[_Item] = deque()
        self._last_to_drop: deque[_Item] = deque()
        self._order = 0
        self._bytes = 0
        self._gap: Gap | None = None  # seen since the last Record that was taken in
        self._overflowed: Gap | None = None  # lost from this queue, not yet told
        self._overflowed_at = 0
        self._announced: Gap | None = None  # told as an event, not yet by a Record
        self._lost_pictures = 0
        self._ready = asyncio.Event()
        self._callback: Callable[[StreamEvent], None] | None = None
        self._closed = False
        self._error: BaseException | None = None

    def __len__(self) -> int:
        return len(self._first_to_drop) + len(self._last_to_drop)

    def __aiter__(self) -> Subscriber:
        return self

    async def __anext__(self) -> StreamEvent:
        while True:
            event = self._take()
            if event is not None:
                self.counters.delivered += 1
                return event
            if self._closed:
                self._end()
            self._ready.clear()
            await self._ready.wait()

    async def each(self, callback: Callable[[StreamEvent], None]) -> None:
        """Call back for what is queued, then for each event as it is published; returns when all is over.

        Raises the error that the session ends with, or the one that the callback raises.
        """
        while (event := self._take()) is not None:
            self._pass(event, callback)
        self._callback = callback
        while not self._closed:
            self._ready.clear()
            await self._ready.wait()
        if self._error is not None:
            raise self._error

    def _pass(self, event: StreamEvent, callback: Callable[[StreamEvent], None]) -> None:
        """A callback that raises is no fault of the session's: it ends this subscriber alone."""
        self.counters.delivered += 1
        try:
            callback(event)
        except Exception as error:
            self.discard()
            self._error = error

    # -- incoming ----------------------------------------------------------------------------

    def put(self, event: StreamEvent) -> None:
        """Take the event in if it is wanted; by ``overflow``, make room or end."""
        if self._closed:
            return
        wanted = self._wanted(event)
        if wanted is None:
            return
        if self._callback is not None:
            self._pass(wanted, self._callback)
            return
        size = _size(wanted)
        if self._is_full(size) and not self._make_room(size):
            return
        self._order += 1
        queue = self._first_to_drop if _goes_first(event) else self._last_to_drop
        queue.append(_Item(self._order, wanted, size))
        self._bytes += size
        self._ready.set()
        if self._overflow == "block" and self._is_full(0):
            self._hub._block(self, True)

    def close(self, error: BaseException | None = None) -> None:
        """Take nothing more in; the iterator ends after what stands in the queue."""
        if not self._closed:
            self._closed, self._error = True, error
            self._hub._forget(self)
            self._ready.set()

    def discard(self) -> None:
        """Close, and let go of the queue too: nobody will read it."""
        self.close()
        self._first_to_drop.clear()
        self._last_to_drop.clear()
        self._bytes = 0

    def _wanted(self, event: StreamEvent) -> StreamEvent | None:
        if isinstance(event, Gap):
            self._gap = merge(self._gap, event)
        elif isinstance(event, Record):
            return self._wanted_record(event)
        return event if isinstance(event, self._events) else None

    def _wanted_record(self, record: Record) -> Record | None:
        """Every loss comes as a Gap first; what was left out since may have carried others."""
        gap = self._gap or record.gap_before
        if Record not in self._events or not self._accept(record):
            self._gap = gap
            return None
        self._gap = None
        return record if gap is record.gap_before else msgspec.structs.replace(record, gap_before=gap)

    def _is_full(self, size: int, times: int = 1) -> bool:
        over = self._bytes + size > times * self._maxbytes
        return len(self) >= times * self._maxsize or (len(self) > 0 and over)

    def _make_room(self, size: int) -> bool:
        """False when the event is not to be taken in."""
        if self._overflow == "raise":
            text = f"the reader is too slow: {len(self)} events wait in its queue"
            hint = "read faster, raise maxsize, or let overflow be 'drop_oldest'"
            self.close(LimitExceeded(text, limit="subscriber queue", maximum=self._maxsize, hint=hint))
            return False
        # "block" has stopped the reading already; what came with the last piece that was read is let in.
        times = 2 if self._overflow == "block" else 1
        while self._is_full(size, times):
            self._drop()
        return True

    def _drop(self) -> None:
        item = (self._first_to_drop or self._last_to_drop).popleft()
        self._bytes -= item.size
        event = item.event
        if isinstance(event, AccessUnit):
            self.counters.dropped_pictures += 1
            self._lost_pictures += 1 + event.lost_before
            return
        if isinstance(event, (Record, Undecodable)):
            self.counters.dropped_records += 1
        else:
            self.counters.dropped_others += 1
        if self._overflowed is None:
            self._overflowed_at = item.order
        self._overflowed = merge(self._overflowed, _lost(event))

    # -- outgoing ----------------------------------------------------------------------------

    def _take(self) -> StreamEvent | None:
        queue = self._oldest()
        if not queue:
            return None
        if self._overflowed is not None and queue[0].order > self._overflowed_at and Gap in self._events:
            gap, self._overflowed = self._overflowed, None
            self._announced = merge(self._announced, gap)
            return gap
        item = queue.popleft()
        self._bytes -= item.size
        self._let_on()
        return self._told(item)

    def _told(self, item: _Item) -> StreamEvent:
        """The event, with what was lost before it."""
        event = item.event
        if isinstance(event, AccessUnit):
            lost, self._lost_pictures = self._lost_pictures, 0
            return msgspec.structs.replace(event, lost_before=event.lost_before + lost) if lost else event
        if not isinstance(event, Record):
            return event
        gap, self._announced = self._announced, None
        if self._overflowed is not None and item.order > self._overflowed_at:
            gap, self._overflowed = merge(gap, self._overflowed), None
        return msgspec.structs.replace(event, gap_before=merge(gap, event.gap_before)) if gap else event

    def _oldest(self) -> deque[_Item]:
        first, last = self._first_to_drop, self._last_to_drop
        if not first or (last and last[0].order < first[0].order):
            return last
        return first

    def _let_on(self) -> None:
        if self._overflow == "block" and len(self) <= self._maxsize // 2 and self._bytes <= self._maxbytes // 2:
            self._hub._block(self, False)

    def _end(self) -> None:
        error, self._error = self._error, None
        raise error if error is not None else StopAsyncIteration


def merge(first: Gap | None, second: Gap | None) -> Gap | None:
    """Two gaps with nothing delivered between them, as one: counts added, the graver reason kept."""
    if first is None or second is None or first is second:
        return second if first is None else first
    graver = max(first, second, key=lambda gap: _REASONS.index(gap.reason) if gap.reason in _REASONS else 0)
    return msgspec.structs.replace(
        second,
        reason=graver.reason,
        packets=_sum(first.packets, second.packets),
        records=_sum(first.records, second.records),
        first_sequence=second.first_sequence if first.first_sequence is None else first.first_sequence,
        last_sequence=first.last_sequence if second.last_sequence is None else second.last_sequence,
    )


def _sum(first: int | None, second: int | None) -> int | None:
    return second if first is None else first if second is None else first + second


def _lost(event: Record | Undecodable | Gap | StateChange) -> Gap | None:
    """What dropping this event loses, together with the loss it told of itself."""
    if isinstance(event, Gap):
        return event
    gap = Gap(
        camera=event.camera,
        channel=event.channel,
        stream=event.stream,
        epoch=event.epoch,
        received_at=event.since if isinstance(event, StateChange) else event.received_at,
        reason="overflow",
        records=0 if isinstance(event, StateChange) else 1,
    )
    return merge(event.gap_before, gap) if isinstance(event, Record) else gap


def _size(event: StreamEvent) -> int:
    if isinstance(event, (Record, Undecodable)):
        return len(event.raw)
    return len(event.data) if isinstance(event, AccessUnit) else 0


def _goes_first(event: StreamEvent) -> bool:
    """Pictures and mere positions are dropped before rules, alarms and plates."""
    if isinstance(event, AccessUnit):
        return True
    return isinstance(event, Record) and not _is_transition(event)


def _is_transition(record: Record) -> bool:
    """Something that is said once: a rule (sent on change alone), an alarm, a plate, a face, who came or went."""
    metadata, situation = record.metadata, record.metadata.situation
    if metadata.kind == "rule" or (metadata.sub_type or "").lower() in ("facesnap", "firedetection"):
        return True
    if situation is not None and (situation.enter_region_people_num or situation.leave_region_people_num):
        return True
    for target in metadata.targets:
        for name, value in target.properties:
            if name in ("triggerEvent", "licensePlate"):
                if value.lower() != "false":
                    return True
            elif name == "eventType" and value.lower() in _CROSSINGS:
                return True
    return False
