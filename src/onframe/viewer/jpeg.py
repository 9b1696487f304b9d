"""A feed's pictures as JPEG: decoded in a thread, and made unrecognisable where that is asked for."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from onframe.overlay.playout import Hold, Store
from onframe.overlay.veil import Veil
from onframe.overlay.view import View
from onframe.overlay.vocabulary import Rules, Shapes
from onframe.record import AccessUnit
from onframe.viewer import wire
from onframe.viewer.branches import Emit, Piece
from onframe.viewer.conveyor import Conveyor, Worker

if TYPE_CHECKING:
    import av

MAX_HELD_BYTES: Final = 32 * 1024 * 1024
LONGEST_HOLD: Final = Hold.MOST / 1000
"""Seconds; nothing waits longer for its metadata."""
PATIENCE: Final = 10 * 90_000
"""Ticks after something private was seen, for which pictures wait until their metadata is there."""
MORE: Final = 0.5
"""Seconds beyond the usual hold."""
_PACE = (3, 4)
"""Metadata keeps pace where it was there in time for so many of so many pictures."""
_AGAIN = 0.02
_OLDEST = 10.0


class _Held(NamedTuple):
    unit: AccessUnit
    since: float


class Transcoder:
    """A Listener that has a Worker in a thread; who derives from it gives the Worker.

    Where ``holds``, pictures wait, still coded, for as long as metadata usually takes; and while metadata keeps pace
    with the pictures, or nothing is known of that yet, until some of the picture or of a later one is there, ``MORE``
    at most. Where something is to be made unrecognisable (``patient``), and something private was seen in the last ten
    seconds or no metadata was heard yet, they wait for it as long as ``LONGEST_HOLD``.
    """

    def __init__(self, name: str, make: Callable[[Conveyor], Worker], *, holds: bool = False) -> None:
        self._loop = asyncio.get_running_loop()
        self.holds, self.patient = holds, False
        self._hold = Hold()
        self._held: deque[_Held] = deque()
        self._held_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._waits_for_key = False
        self._waited_until = -math.inf
        self._told_until = self._private_at = -math.inf
        self._in_time: deque[bool] = deque((True,) * _PACE[1], maxlen=_PACE[1])
        self.conveyor = Conveyor(name, make)

    def hello(self, hello: wire.Hello) -> None:
        """Forget all."""
        self._drop()
        self._told_until = self._private_at = -math.inf
        self._in_time.extend((True,) * _PACE[1])
        self._hold.picture = hello.duration / 90
        self.conveyor.begin(hello)

    def told(self, message: Shapes | Rules) -> None:
        """What is drawn or hidden."""
        if isinstance(message, Shapes):
            if message.lag_ms is not None:
                self._hold.measured(message.lag_ms)
            self._told_until = max(self._told_until, message.pts)
            if self.is_private(message):
                self._private_at = max(self._private_at, message.pts)
        self.conveyor.tell(message)
        self._release()

    def is_private(self, message: Shapes) -> bool:
        """Whether something in it is to be made unrecognisable."""
        return False

    def picture(self, unit: AccessUnit) -> None:
        """At once, or when its metadata is there."""
        passed = min(_OLDEST, max(0.0, time.time() - unit.received_at.timestamp()))
        if not self.holds:
            self.conveyor.picture(unit, time.monotonic() - passed)
            return
        if self._held_bytes + len(unit.data) > MAX_HELD_BYTES:
            self._drop()
        if self._waits_for_key and not unit.key:
            return
        self._waits_for_key = False
        self._held.append(_Held(unit, time.monotonic() - passed))
        self._held_bytes += len(unit.data)
        self._release()

    async def close(self) -> None:
        """End the thread; nothing is emitted any more."""
        self._drop()
        await self.conveyor.close()

    def _drop(self) -> None:
        self._held.clear()
        self._held_bytes = 0
        self._waits_for_key = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _release(self) -> None:
        """Give on what need not wait any longer, and look again when the next one may go."""
        now = time.monotonic()
        while self._held and self._wait_of(self._held[0], now) <= 0:
            unit, since = self._held.popleft()
            self._held_bytes -= len(unit.data)
            self._hold.step()
            self._in_time.append(self._told_until >= unit.timestamp)
            # What had to wait longer for metadata, its own or that of one before it, is not late.
            self.conveyor.picture(unit, max(since + self._hold.value / 1000, self._waited_until))
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(self._wait_of(self._held[0], now), self._release) if self._held else None

    def _wait_of(self, held: _Held, now: float) -> float:
        """Seconds until this picture may go, as far as that is known now."""
        waited = now - held.since
        if waited < (hold := min(self._hold.value / 1000, LONGEST_HOLD)):
            return hold - waited
        pts = held.unit.timestamp
        if self._told_until >= pts:
            return 0.0
        longest = hold + MORE if sum(self._in_time) >= _PACE[0] else 0.0
        if self.patient and (self._told_until == -math.inf or pts - self._private_at <= PATIENCE):
            longest = LONGEST_HOLD
        if waited >= min(longest, LONGEST_HOLD):
            return 0.0
        self._waited_until = now
        return _AGAIN


class JpegFeed(Transcoder):
    """Every picture as a Piece, for all pages of a feed; ``view.privacy`` is what it makes unrecognisable."""

    def __init__(self, emit: Emit, *, view: View = View()) -> None:  # noqa: B008 - it is frozen
        self._emit, self._view = emit, view
        super().__init__("JPEG for pages", self._worker, holds=bool(view.privacy))
        self.patient = self.holds

    def is_private(self, message: Shapes) -> bool:
        """Of the classes that are private here."""
        return bool(Veil.of(message, self._view.privacy))

    def _worker(self, conveyor: Conveyor) -> Worker:
        return _JpegWorker(self._view, lambda number, piece: conveyor.call(self._give, number, piece))

    def _give(self, number: int, piece: Piece) -> None:
        if number == self.conveyor.number:
            self._emit(piece)


class Known:
    """What was told of the stream, in a Worker's thread: Records, rules, and what is private.

    ``epoch`` is the instant (Unix seconds, the camera's clock) of the pts 0, None before a Record tells it.
    """

    def __init__(self, hello: wire.Hello, number: int) -> None:
        self.number = number
        self.store = Store(hello.duration)
        self.store.set_rules(-math.inf, hello.rules)
        self.veil = Veil()
        self.epoch: float | None = None

    def tell(self, message: Shapes | Rules) -> None:
        """Keep it."""
        if isinstance(message, Rules):
            self.store.set_rules(message.pts, message.shapes)
        else:
            self.store.add(message)
            self.veil.tell(message)
            if message.captured_at is not None:
                self.epoch = message.captured_at - message.pts / 90_000


class FrameWorker:
    """A Worker that decodes; who derives from it makes something of the frames that are to be shown."""

    def __init__(self) -> None:
        from onframe.viewer.transcode import Brush, Decoder, Fitter, JpegEncoder

        self._decoder, self._fitter, self._encoder, self._brush = Decoder(), Fitter(), JpegEncoder(), Brush()
        self._known: Known | None = None

    def begin(self, hello: wire.Hello, number: int) -> None:
        """Another stream, epoch, codec or size."""
        self._decoder.reset()
        self._known = Known(hello, number)

    def tell(self, message: Shapes | Rules) -> None:
        """To be drawn or hidden."""
        if self._known is not None:
            self._known.tell(message)

    def show(self, unit: AccessUnit, hurry: bool) -> None:
        """Decode it, and give what can be shown."""
        for frame in self._decoder.decode(unit):
            if not hurry and self._known is not None and frame.pts is not None:
                self._make(self._known, frame, frame.pts)

    def _make(self, known: Known, frame: av.VideoFrame, pts: int) -> None:
        raise NotImplementedError


class _JpegWorker(FrameWorker):
    """In the thread of a JpegFeed."""

    def __init__(self, view: View, give: Callable[[int, Piece], None]) -> None:
        super().__init__()
        self._view, self._give = view, give

    def tell(self, message: Shapes | Rules) -> None:
        """Of interest only where something is private."""
        if self._view.privacy:
            super().tell(message)

    def _make(self, known: Known, frame: av.VideoFrame, pts: int) -> None:
        fitted = self._fitter.fit(frame)
        if self._view.privacy:
            areas = known.veil.areas(pts, known.store.lookup(pts), self._view.privacy)
            known.veil.forget_before(pts)
            self._brush.paint(fitted, pts, [], areas)
        self._give(known.number, Piece(wire.JPEG, True, pts, self._encoder.encode(fitted)))
