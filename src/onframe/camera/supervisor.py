"""Keeps one RTSP session alive for all its watchers, and says at any time how it stands.

    connecting → authenticating → live ⇄ quiet
         ↑              │          ⇅
         │              │        stale     no byte although a keep-alive was sent
         └── backoff ←──┴──────────┘
    and the ends: auth_failed (never retried), no_track (looked for again), stopped.

A quiet scene is never a reason to reconnect: life is any byte received, the answer to a keep-alive too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

import msgspec

from onframe.camera.backoff import Backoff
from onframe.camera.hub import Hub, Subscriber
from onframe.errors import AuthenticationError, OnframeError, StatusError, UnsupportedError
from onframe.record import Gap, Record, StateChange, StreamEvent, Undecodable

log = logging.getLogger("onframe.camera")

STATES = ("connecting", "authenticating", "live", "quiet", "stale", "backoff", "auth_failed", "no_track", "stopped")
CLOSING = 2.0
"""Seconds that the end of a session may take, TEARDOWN included."""
_MAX_RULES = 64
_BUSY = (453, 503)
_PASSING = (401, 408, 453, 454, 455)
_SETTLED = 5.0  # seconds of play after which earlier failures are forgotten
_LONG_ATTEMPT = 0.8
_AFTER_LONG_ATTEMPT = 2.0


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """When a session is judged, in seconds.

    ``timeout`` bounds one attempt's every step. ``quiet`` is how long without a document until the state
    says so, ``recheck`` the pause before a stream that lost its track is looked at again, ``busy`` the
    least pause after a device without capacity (RTSP 453, 503). ``keepalive`` is the interval of the
    keep-alive; None is half of the session's timeout and at most 15. A session is stale after 1.5
    intervals without a byte, and is given up and connected anew before the second one ends.
    """

    timeout: float = 10.0
    quiet: float = 10.0
    recheck: float = 60.0
    busy: float = 30.0
    keepalive: float | None = None


class Link(Protocol):
    """One connection, as the supervisor drives it."""

    async def run(self) -> None:
        """Connect, play, and stay until the connection is lost; always ends by an exception."""

    def pause(self, paused: bool) -> None:
        """Stop or resume reading."""

    def counters(self) -> dict[str, int]:
        """What this connection counted."""


class Where(NamedTuple):
    """Of what a session's events speak."""

    camera: str
    channel: int
    stream: int


class _Pause(NamedTuple):
    state: str
    reason: str
    seconds: float


class Supervisor:
    """One session, from the first watcher to the last."""

    def __init__(
        self,
        where: Where,
        link: Callable[[Supervisor], Link],
        *,
        relocate: Callable[[], bool],
        next_epoch: Callable[[], int],
        backoff: Backoff,
        timing: Timing,
    ) -> None:
        self.where, self.timing = where, timing
        self.hub = Hub(self._on_blocked)
        self.epoch = 0
        self.video = False
        self.documents = 0
        self.document_at = 0.0  # loop time of the last document, or of PLAY
        self.counts: dict[str, int] = {"connections": 0, "reconnects": 0}
        self._new_link, self._relocate, self._next_epoch = link, relocate, next_epoch
        self._backoff = backoff
        self._link: Link | None = None
        self._task: asyncio.Task[None] | None = None
        self._failures = 0
        self._played_at: float | None = None
        self._was_live = False
        self._rules: dict[tuple[Any, ...], Record] = {}
        self._restarting = False
        self.state = self._state_change("stopped", "not started", None)

    # -- for watchers ------------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        """True when this session will not come back: a new watcher needs a new one."""
        return self._task is not None and self._task.done()

    def join(self, events: tuple[type, ...], queue: dict[str, Any]) -> Subscriber:
        """A new watcher; it learns how the session stands and the rules that were sent before it came."""
        subscriber = self.hub.subscribe(events=events, **queue)
        if self._task is not None:
            subscriber.put(self.state, False)
            for rule in self._rules.values():
                subscriber.put(rule, False)
        self._start()
        return subscriber

    def _start(self) -> None:
        if self._task is None:
            name = f"onframe {self.where.camera} {self.where.channel}/{self.where.stream}"
            self._task = asyncio.create_task(self._run(), name=name)

    def want_video(self) -> None:
        """Receive the picture too from now on; a session that runs without it starts anew."""
        if not self.video:
            self.video = True
            if self._link is not None and self._task is not None:
                self._restarting = True
                self._task.cancel("the picture is wanted too")

    async def stop(self) -> None:
        """End the session with TEARDOWN, in at most 2 s; every iterator ends."""
        if self._task is not None and not self._task.done():
            self._restarting = False
            self._task.cancel()
            _, slow = await asyncio.wait([self._task], timeout=CLOSING)
            for task in slow:
                task.cancel()
            self.enter("stopped", "closed")
        self.hub.close()

    def counters(self) -> dict[str, int]:
        """Connections, reconnections, and what the connections counted."""
        return _added(self.counts, self._link.counters() if self._link else {})

    # -- for the link ------------------------------------------------------------------------

    def enter(self, state: str, reason: str) -> None:
        """Tell that the session is in this state now; nothing is told twice."""
        if state == self.state.state:
            return
        self.state = self._state_change(state, reason, self.state.state)
        log.info("%s channel %d stream %d: %s (%s)", *self.where, state, reason)
        self.hub.publish(self.state)

    def played(self) -> None:
        """The device answered PLAY."""
        self._played_at = self.document_at = asyncio.get_running_loop().time()
        self.counts["connections"] += 1
        self.enter("live", "the stream plays")
        if self._was_live:
            self.counts["reconnects"] += 1
            self.hub.publish(self._gap("reconnect"))
        self._was_live = True

    def publish(self, event: StreamEvent) -> None:
        """Give an event to the watchers; a document ends a quiet or stale spell."""
        if isinstance(event, (Record, Undecodable)):
            self.documents += 1
            self.document_at = asyncio.get_running_loop().time()
            self.enter("live", "documents arrive")
        if isinstance(event, Record) and event.metadata.kind == "rule":
            self._keep_rule(event)
        self.hub.publish(event)

    def _keep_rule(self, record: Record) -> None:
        """Devices send rules once and on change (R-035): whoever joins later is told the latest of this connection."""
        metadata = record.metadata
        rules = tuple(target.rule_id for target in metadata.targets)
        key = (metadata.type, metadata.sub_type, rules if len(self._rules) < _MAX_RULES else ())
        self._rules.pop(key, None)
        self._rules[key] = record

    # -- the loop ----------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            while True:
                await self._round()
        except AuthenticationError as error:
            self._end("auth_failed", error)
        except UnsupportedError as error:
            self._end("no_track", error)
        except Exception as error:
            log.exception("the session of %s ended by a fault of ours", self.where.camera)
            self._end("stopped", error)

    async def _round(self) -> None:
        started = asyncio.get_running_loop().time()
        try:
            pause = await self._attempt(started)
            self.enter(pause.state, f"{pause.reason}; next attempt in {pause.seconds:.1f} s")
            await asyncio.sleep(pause.seconds)
        except asyncio.CancelledError:
            if not self._restarting:
                raise
            self._restarting = False
            asyncio.current_task().uncancel()  # type: ignore[union-attr]

    async def _attempt(self, started: float) -> _Pause:
        self.epoch, self._played_at = self._next_epoch(), None
        self._rules.clear()
        self.enter("connecting", "connecting to the device")
        self._link = link = self._new_link(self)
        try:
            await link.run()
        except OnframeError as error:
            return self._after(error, asyncio.get_running_loop().time() - started)
        finally:
            self.counts = _added(self.counts, link.counters())
            self._link = None
        raise AssertionError("a link ends by an exception")

    def _after(self, error: OnframeError, spent: float) -> _Pause:
        """How long to wait after this failure; raises it where waiting does not help."""
        if self._played_at is not None and asyncio.get_running_loop().time() - self._played_at >= _SETTLED:
            self._failures = 0
        reason = _sentence(error)
        if isinstance(error, AuthenticationError):
            raise error
        if isinstance(error, UnsupportedError):
            if not self._was_live:
                raise error
            return _Pause("no_track", reason, self.timing.recheck)
        if isinstance(error, StatusError):
            return self._after_refusal(error, reason)
        return _Pause("backoff", reason, self._wait(spent))

    def _after_refusal(self, error: StatusError, reason: str) -> _Pause:
        self._failures += 1
        if _is_gone(error) and self._relocate() and self._failures == 1:
            return _Pause("backoff", "the subscription has expired", 0.0)
        if not self._was_live and _is_final(error):
            raise UnsupportedError(str(error), hint=error.hint) from error
        wait = self._backoff.delay(self._failures)
        return _Pause("backoff", reason, max(wait, self.timing.busy) if error.http_status in _BUSY else wait)

    def _wait(self, spent: float) -> float:
        """The back-off; an attempt that ran into its time-outs was itself a wait."""
        self._failures += 1
        delay = self._backoff.delay(self._failures)
        if spent >= _LONG_ATTEMPT * self.timing.timeout:
            return min(delay, _AFTER_LONG_ATTEMPT)
        return delay

    def _end(self, state: str, error: BaseException) -> None:
        self.enter(state, str(error))
        self.hub.close(error)

    def _on_blocked(self, blocked: bool) -> None:
        if self._link is not None:
            self._link.pause(blocked)

    def _state_change(self, state: str, reason: str, previous: str | None) -> StateChange:
        now = datetime.now(UTC)
        return StateChange(*self.where, epoch=self.epoch, state=state, reason=reason, since=now, previous=previous)

    def _gap(self, reason: str) -> Gap:
        return Gap(*self.where, epoch=self.epoch, received_at=datetime.now(UTC), reason=reason)


def refusal(where: Where, error: AuthenticationError) -> StateChange:
    """The one event of a session that never began."""
    return StateChange(*where, epoch=0, state="auth_failed", reason=str(error), since=datetime.now(UTC))


def _is_final(error: StatusError) -> bool:
    """The device will say no again: the request itself is refused, not its moment (status 2 is busy, 3 a fault)."""
    if error.status_code is not None:
        return error.status_code not in (2, 3)
    status = error.http_status or 0
    return 400 <= status < 500 and status not in _PASSING


def _is_gone(error: StatusError) -> bool:
    """RTSP 404: HTTP answers carry a statusCode."""
    return error.http_status == 404 and error.status_code is None


def _sentence(error: OnframeError) -> str:
    return f"{error} ({error.hint})" if error.hint else str(error)


def _added(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}
