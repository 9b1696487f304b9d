"""Keeps one RTSP session alive for all its watchers, and says at any time how it stands.

    connecting → authenticating → live ⇄ quiet
         ↑              │          ⇅
         │              │        stale     no byte although a keep-alive was sent
         └── backoff ←──┴──────────┘
    and the ends: auth_failed (never retried), no_track (looked for again), stopped (also by a certificate
    that is not the camera's: never retried).

A login that the device had accepted before is no end but a long back-off: its account may be locked.

One line of log says that a session is down and one that it is up again, not one an attempt. A host that slept
connects anew at once; a host whose clock is set notices nothing, as every wait is on the monotonic clock.
A quiet scene is never a reason to reconnect: life is any byte received, the answer to a keep-alive too.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

import msgspec

from onframe.camera.backoff import Backoff
from onframe.camera.hub import Hub, Subscriber
from onframe.camera.limiter import ConnectLimiter, shared_limiter
from onframe.camera.suspension import Suspension, shared_suspension
from onframe.errors import AuthenticationError, CertificateError, OnframeError, StatusError, UnsupportedError
from onframe.record import Gap, Record, StateChange, StreamEvent, Undecodable

log = logging.getLogger("onframe.camera")
state_log = logging.getLogger("onframe.camera.state")
"""Down (a warning) and up (information); every step besides, for debugging."""

STATES = ("connecting", "authenticating", "live", "quiet", "stale", "backoff", "auth_failed", "no_track", "stopped")
CLOSING = 1.0
"""Seconds that the end of a session may take, TEARDOWN included: a process ends within 2, on a busy machine too."""
CLEARING = 0.3
_DOWN = ("backoff", "auth_failed", "no_track", "stopped")
_MAX_RULES = 64
_BUSY = (453, 503)
_MAX_RETRY_AFTER = 300.0  # seconds; a device that asks for more is asked again all the same
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
    intervals without a byte, and is given up and connected anew before the second one ends. ``datagrams`` is how long
    RTP and RTCP over UDP may stay away after PLAY until TCP is taken instead.
    """

    timeout: float = 10.0
    quiet: float = 10.0
    recheck: float = 60.0
    busy: float = 30.0
    keepalive: float | None = None
    datagrams: float = 4.0


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


class SessionStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How one session stands at this moment.

    ``last_document_age`` is in seconds and None before the first document; it grows in a quiet scene too,
    which alone is no fault. ``transport`` is how RTP came last, ``fallback`` why it is TCP although another was
    asked for, ``unsubscribed`` why the channel stream is taken and filtered although types were to be subscribed,
    ``jitter`` that of the metadata track in seconds, ``last_error`` the latest failure.
    """

    channel: int
    stream: int
    epoch: int
    state: str
    reason: str
    since: datetime
    documents: int
    last_document_age: float | None
    counters: dict[str, int]
    transport: str | None = None
    fallback: str | None = None
    unsubscribed: str | None = None
    jitter: float | None = None
    last_error: OnframeError | None = None


class Fallback(NamedTuple):
    """RTP over UDP did not work, and until this loop time TCP is taken instead."""

    why: str
    until: float


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
        wait_for_track: bool = False,
        limiter: ConnectLimiter | None = None,
        suspension: Suspension | None = None,
    ) -> None:
        self.where, self.timing = where, timing
        self.hub = Hub(self._on_blocked)
        self.epoch = 0
        self.video = False
        self.documents = 0
        self.document_at = 0.0  # loop time of the last document, or of PLAY
        self.jitter: float | None = None
        self.transport: str | None = None  # how RTP comes, since the last PLAY: "tcp", "udp", "multicast"
        self.fallback: Fallback | None = None
        self.unsubscribed: str | None = None  # why types are filtered here
        self.counts: dict[str, int] = {"connections": 0, "reconnects": 0, "attempts": 0, "no_descriptors": 0}
        self._new_link, self._relocate, self._next_epoch = link, relocate, next_epoch
        self._backoff, self._wait_for_track = backoff, wait_for_track
        self._limiter, self._suspension = limiter, suspension
        self._last_document: float | None = None
        self._why = "connecting to the device"
        self._down_since: float | None = None
        self._last_error: OnframeError | None = None
        self._stopping = self._pausing = False
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
            subscriber.put(self.state)
            for rule in self._rules.values():
                subscriber.put(rule)
        self._start()
        return subscriber

    def _start(self) -> None:
        if self._task is None:
            self._suspension = self._suspension or shared_suspension()
            self._suspension.add(self.resumed)
            name = f"onframe {self.where.camera} {self.where.channel}/{self.where.stream}"
            self._task = asyncio.create_task(self._run(), name=name)

    def want_video(self) -> None:
        """Receive the picture too from now on; a session that runs without it starts anew."""
        if not self.video:
            self.video = True
            if self._link is not None:
                self._restart("the picture is wanted too")

    def resumed(self, seconds: float) -> None:
        """The host slept so long: whatever was connected or waited for, connect now."""
        self._failures = 0
        if self._link is not None or self._pausing:
            self._restart(f"this machine slept for {seconds:.0f} s")

    def _restart(self, why: str) -> None:
        if self._task is not None and not (self._stopping or self._restarting):
            self._restarting, self._why = True, why
            self._task.cancel(why)

    async def stop(self) -> None:
        """End the session with TEARDOWN, in at most 2 s; every iterator ends."""
        self._stopping = True
        if self._task is not None and not self._task.done():
            self._restarting = False
            self._task.cancel()
            _, slow = await asyncio.wait([self._task], timeout=CLOSING)
            for task in slow:
                task.cancel()
                await asyncio.wait([task], timeout=CLEARING)
            self.enter("stopped", "closed")
        self.hub.close()

    def status(self) -> SessionStatus:
        """How it stands now."""
        age = None if self._last_document is None else asyncio.get_running_loop().time() - self._last_document
        return SessionStatus(
            channel=self.where.channel,
            stream=self.where.stream,
            epoch=self.epoch,
            state=self.state.state,
            reason=self.state.reason,
            since=self.state.since,
            documents=self.documents,
            last_document_age=age,
            counters=self.counters(),
            transport=self.transport,
            fallback=None if self.fallback is None else self.fallback.why,
            unsubscribed=self.unsubscribed,
            jitter=self.jitter,
            last_error=self._last_error,
        )

    def counters(self) -> dict[str, int]:
        """Connections, reconnections, and what the connections counted."""
        return _added(self.counts, self._link.counters() if self._link else {})

    # -- for the link ------------------------------------------------------------------------

    def enter(self, state: str, reason: str) -> None:
        """Tell that the session is in this state now; nothing is told twice."""
        if state == self.state.state:
            return
        self.state = self._state_change(state, reason, self.state.state)
        self._log(state, reason)
        self.hub.publish(self.state)

    def _log(self, state: str, reason: str) -> None:
        state_log.debug("%s channel %d stream %d: %s (%s)", *self.where, state, reason)
        if state == "live" and self._down_since is not None:
            away = asyncio.get_running_loop().time() - self._down_since
            self._down_since = None
            state_log.info("%s channel %d stream %d is up again after %.0f s", *self.where, away)
        elif state in _DOWN and self._down_since is None and not self._stopping:
            self._down_since = asyncio.get_running_loop().time()
            state_log.warning("%s channel %d stream %d is down: %s", *self.where, reason)

    def played(self, how: str = "the stream plays") -> None:
        """The device answered PLAY."""
        self._played_at = self.document_at = asyncio.get_running_loop().time()
        self.counts["connections"] += 1
        self.enter("live", how)
        if self._was_live:
            self.counts["reconnects"] += 1
            self.hub.publish(self._gap("reconnect"))
        self._was_live = True

    def publish(self, event: StreamEvent) -> None:
        """Give an event to the watchers; a document ends a quiet or stale spell."""
        if isinstance(event, (Record, Undecodable)):
            self.documents += 1
            self.document_at = self._last_document = asyncio.get_running_loop().time()
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
        except CertificateError as error:
            self._end("stopped", error)
        except Exception as error:
            log.exception("the session of %s ended by a fault of ours", self.where.camera)
            self._end("stopped", error)
        finally:
            if self._suspension is not None:
                self._suspension.remove(self.resumed)

    async def _round(self) -> None:
        try:
            pause = await self._attempt()
            self.enter(pause.state, f"{pause.reason}; next attempt in {pause.seconds:.1f} s")
            self._pausing = True
            await asyncio.sleep(pause.seconds)
            self._why = "connecting to the device"
        except asyncio.CancelledError:
            if not self._restarting:
                raise
            self._restarting = False
            asyncio.current_task().uncancel()  # type: ignore[union-attr]
        finally:
            self._pausing = False

    async def _attempt(self) -> _Pause:
        self.epoch, self._played_at = self._next_epoch(), None
        self._rules.clear()
        self.enter("connecting", self._why)
        await (self._limiter or shared_limiter()).turn()
        self.counts["attempts"] += 1
        started = asyncio.get_running_loop().time()
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
        self._last_error = error
        if self._played_at is not None and asyncio.get_running_loop().time() - self._played_at >= _SETTLED:
            self._failures = 0
        if isinstance(error, AuthenticationError) and error.retry_after is not None:
            return _Pause("backoff", _sentence(error), error.retry_after)
        if isinstance(error, AuthenticationError | CertificateError):
            raise error
        if isinstance(error, UnsupportedError):
            return self._after_no_track(error)
        if isinstance(error, StatusError):
            return self._after_refusal(error, _sentence(error))
        if _out_of_descriptors(error):
            self.counts["no_descriptors"] += 1
            return _Pause("backoff", _NO_DESCRIPTORS, self._wait(spent))
        return _Pause("backoff", _sentence(error), self._wait(spent))

    def _after_no_track(self, error: UnsupportedError) -> _Pause:
        if not (self._was_live or self._wait_for_track):
            raise error
        return _Pause("no_track", _sentence(error), self.timing.recheck)

    def _after_refusal(self, error: StatusError, reason: str) -> _Pause:
        self._failures += 1
        if _is_gone(error) and self._relocate() and self._failures == 1:
            return _Pause("backoff", "the subscription has expired", 0.0)
        if not self._was_live and _is_final(error):
            unsupported = UnsupportedError(str(error), hint=error.hint)
            unsupported.__cause__ = error
            return self._after_no_track(unsupported)
        wait = max(self._backoff.delay(self._failures), min(error.retry_after or 0.0, _MAX_RETRY_AFTER))
        return _Pause("backoff", reason, max(wait, self.timing.busy) if error.http_status in _BUSY else wait)

    def _wait(self, spent: float) -> float:
        """The back-off; an attempt that ran into its time-outs was itself a wait."""
        self._failures += 1
        delay = self._backoff.delay(self._failures)
        if spent >= _LONG_ATTEMPT * self.timing.timeout:
            return min(delay, _AFTER_LONG_ATTEMPT)
        return delay

    def _end(self, state: str, error: BaseException) -> None:
        self.enter(state, _sentence(error) if isinstance(error, OnframeError) else str(error))
        self.hub.close(error)

    def _on_blocked(self, blocked: bool) -> None:
        if self._link is not None:
            self._link.pause(blocked)

    def _state_change(self, state: str, reason: str, previous: str | None) -> StateChange:
        now = datetime.now(UTC)
        return StateChange(*self.where, epoch=self.epoch, state=state, reason=reason, since=now, previous=previous)

    def _gap(self, reason: str) -> Gap:
        return Gap(*self.where, epoch=self.epoch, received_at=datetime.now(UTC), reason=reason)


def refusal(where: Where, error: AuthenticationError | CertificateError) -> StateChange:
    """The one event of a session that never began."""
    state = "auth_failed" if isinstance(error, AuthenticationError) else "stopped"
    return StateChange(*where, epoch=0, state=state, reason=_sentence(error), since=datetime.now(UTC))


def _is_final(error: StatusError) -> bool:
    """The device will say no again: the request itself is refused, not its moment (status 2 is busy, 3 a fault)."""
    if error.status_code is not None:
        return error.status_code not in (2, 3)
    status = error.http_status or 0
    return 400 <= status < 500 and status not in _PASSING


def _is_gone(error: StatusError) -> bool:
    """RTSP 404: HTTP answers carry a statusCode."""
    return error.http_status == 404 and error.status_code is None


_NO_DESCRIPTORS = (
    "this process may open no more files or sockets (raise the limit with 'ulimit -n', or watch fewer cameras)"
)


def _out_of_descriptors(error: BaseException) -> bool:
    """Whether it was this machine's limit and not the device."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in (errno.EMFILE, errno.ENFILE):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _sentence(error: OnframeError) -> str:
    return f"{error} ({error.hint})" if error.hint else str(error)


def _added(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}
