"""The sessions of one camera: who watches shares one, and the last to leave ends it."""

from __future__ import annotations

import asyncio
import functools
import itertools
import logging
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar

import msgspec

from onframe.camera.backoff import Backoff
from onframe.camera.hub import Hub, Subscriber
from onframe.camera.inquiry import Inquiry
from onframe.camera.limiter import ConnectLimiter, shared_limiter
from onframe.camera.link import RTSPLink
from onframe.camera.location import Location, session_url, stream_address
from onframe.camera.login import Login
from onframe.camera.supervisor import (
    CLEARING,
    CLOSING,
    Link,
    SessionStatus,
    Supervisor,
    Timing,
    Where,
    refusal,
)
from onframe.errors import (
    AuthenticationError,
    CertificateError,
    ConnectionLost,
    DecodeError,
    LocalProtocolError,
    ProtocolError,
    StatusError,
    UnsupportedError,
)
from onframe.isapi.config import DeviceCap, MetadataCap
from onframe.record import Coordinates, StateChange

if TYPE_CHECKING:
    from onframe.camera.tls import TLS

log = logging.getLogger("onframe.camera")

T = TypeVar("T")
Transport: TypeAlias = Literal["tcp", "udp", "multicast"]
Via: TypeAlias = Literal["auto", "subscribe", "channel"]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How the sessions of a camera are to be: see `Camera`."""

    name: str
    host: str
    rtsp_port: int
    tls: TLS | None
    transport: Transport
    coordinates: Coordinates
    strict: bool
    backoff: Backoff
    timing: Timing
    wait_for_track: bool = False
    limiter: ConnectLimiter | None = None


class Key(msgspec.Struct, frozen=True):
    """What one session is for; None is the whole channel stream.

    One that ``insists`` on its subscription never takes the channel stream instead.
    """

    channel: int
    stream: int
    subscription: tuple[str, ...] | None
    insists: bool = False


class Plan(msgspec.Struct, frozen=True):
    """What one watcher asked for."""

    channel: int
    stream: int
    types: tuple[str, ...] | None
    via: Via
    video: bool
    events: tuple[type, ...]
    queue: dict[str, Any]


class _Known(msgspec.Struct, Generic[T], frozen=True):
    """What the device said of itself after so many connections."""

    value: T
    connections: int

    def is_old(self, connections: int) -> bool:
        """A device that was away may have been set otherwise meanwhile."""
        return connections != self.connections


class Sessions:
    """Opens a session for the first watcher, shares it, and ends it with TEARDOWN after the last."""

    def __init__(self, settings: Settings, login: Login, inquiry: Inquiry) -> None:
        self._settings, self._login, self._inquiry = settings, login, inquiry
        self._sessions: dict[Key, Supervisor] = {}
        self._membership: dict[Subscriber, Supervisor] = {}
        self._stopping: set[asyncio.Task[None]] = set()
        self._past: dict[str, int] = {}
        self._epochs = itertools.count(1)
        self._support: _Known[bool | None] | None = None
        self._capabilities: dict[tuple[int, int], _Known[MetadataCap]] = {}
        self._warned: set[str] = set()
        self.joining = 0  # watchers whose session is not chosen yet, because the device is still asked
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    async def close(self) -> None:
        """End every session with TEARDOWN and every iterator, in at most 2 s."""
        self._closed = True
        sessions, self._sessions = list(self._sessions.values()), {}
        ends = {asyncio.create_task(session.stop()) for session in sessions} | self._stopping
        if ends:
            await asyncio.wait(ends, timeout=CLOSING + CLEARING)
        for session in sessions:
            _add(self._past, session.counters())

    # -- how they stand ------------------------------------------------------------------------

    def states(self) -> list[StateChange]:
        """How each session stands: its state, the reason, since when."""
        return [session.state for session in self._sessions.values()]

    def status(self) -> list[SessionStatus]:
        """How each session stands, with the age of its last document and its counters."""
        return [session.status() for session in self._sessions.values()]

    def counters(self) -> dict[str, int]:
        """All that was counted, over all sessions so far."""
        total = dict(self._past)
        for session in self._sessions.values():
            _add(total, session.counters())
        for subscriber in self._membership:
            _add(total, {"dropped": subscriber.counters.dropped})
        return total

    # -- joining -------------------------------------------------------------------------------

    async def join(self, plan: Plan) -> Subscriber:
        """A new watcher of the session that serves this plan. Raises UnsupportedError where none can."""
        if self._closed:
            raise LocalProtocolError("this Camera is closed", hint="use it inside its 'async with'")
        self._loop = asyncio.get_running_loop()
        self.joining += 1
        try:
            key = await self._key(plan)
        except (AuthenticationError, CertificateError) as error:
            return self._refused(plan, error)
        finally:
            self.joining -= 1
        session = self._session(key)
        if plan.video:
            session.want_video()
        subscriber = session.join(plan.events, plan.queue)
        self._membership[subscriber] = session
        return subscriber

    def _refused(self, plan: Plan, error: AuthenticationError | CertificateError) -> Subscriber:
        """A queue that tells the refusal, and nothing else."""
        hub = Hub()
        subscriber = hub.subscribe(events=plan.events)
        hub.publish(refusal(Where(self._settings.name, plan.channel, plan.stream), error))
        hub.close(error)
        return subscriber

    async def _key(self, plan: Plan) -> Key:
        """Which session serves this watcher: the documented fall-backs are chosen here."""
        await self._insist_on_metadata()
        if plan.via == "channel" or (plan.via == "auto" and plan.types is None):
            return Key(plan.channel, plan.stream, None)
        if plan.via == "auto" and not await self.can_subscribe(plan.channel, plan.stream):
            return Key(plan.channel, plan.stream, None)
        return Key(plan.channel, plan.stream, plan.types or (), insists=plan.via == "subscribe")

    async def _insist_on_metadata(self) -> None:
        try:
            support = await self.metadata_support()
        except (AuthenticationError, ConnectionLost, ProtocolError, StatusError, DecodeError) as error:
            _insist_on_time(error)
            self._warn("device capability", "could not be read (%s); trying the stream", error)
            return
        if support is False or (support is None and self._settings.strict):
            said = "says isSupportMetadata = false" if support is False else "does not say isSupportMetadata"
            raise UnsupportedError(f"{self._settings.name} has no metadata: its capability {said}")
        if support is None:
            self._warn("isSupportMetadata", "is not said; trying the stream all the same")

    async def metadata_support(self) -> bool | None:
        """What isSupportMetadata says; None where it is absent."""
        if self._support is None or self._support.is_old(self._connections()):
            await self._turn()
            self._support = _Known(_said(await self._inquiry.device_capability()), self._connections())
            self._warned.discard("device capability")
        return self._support.value

    async def can_subscribe(self, channel: int, stream: int) -> bool:
        """Whether the channel has a subscription by type; no, where that cannot be read."""
        key = (channel, stream)
        known = self._capabilities.get(key)
        try:
            if known is None or known.is_old(self._connections()):
                capability = await self._inquiry.metadata_capability(channel, stream, lenient=True)
                self._capabilities[key] = known = _Known(capability, self._connections())
                self._warned.discard("metadata capability")
        except (AuthenticationError, ConnectionLost, ProtocolError, StatusError, DecodeError) as error:
            _insist_on_time(error)
            self._warn("metadata capability", "could not be read (%s); filtering here", error)
            return False
        return bool(known.value.supports_subscribe_type)

    def _connections(self) -> int:
        """How often a connection was lost and made anew: what was read before may have changed with it."""
        return self.counters().get("reconnects", 0)

    def _warn(self, what: str, text: str, *arguments: object) -> None:
        """Once, and not for every watcher: again only after it was well in between."""
        if what not in self._warned:
            self._warned.add(what)
            unreachable = bool(arguments) and isinstance(arguments[0], ConnectionLost)  # its session says so too
            log.log(
                logging.INFO if unreachable else logging.WARNING,
                f"%s: %s {text}",
                self._settings.name,
                what,
                *arguments,
            )

    async def _turn(self) -> None:
        await (self._settings.limiter or shared_limiter()).turn()

    # -- a session -----------------------------------------------------------------------------

    def _session(self, key: Key) -> Supervisor:
        session = self._sessions.get(key)
        if session is None or session.ended:
            if session is not None:
                self._retire(session)
            location = self._location(key)
            self._sessions[key] = session = Supervisor(
                Where(self._settings.name, key.channel, key.stream),
                functools.partial(self._link, location),
                relocate=location.forget,
                next_epoch=functools.partial(next, self._epochs),
                backoff=self._settings.backoff,
                timing=self._settings.timing,
                wait_for_track=self._settings.wait_for_track,
                limiter=self._settings.limiter,
            )
        return session

    def _location(self, key: Key) -> Location:
        settings = self._settings
        whole = session_url(settings.host, settings.rtsp_port, key.channel, key.stream, secure=settings.tls is not None)
        if key.subscription is None:
            return Location(whole)
        types = key.subscription or None
        subscribe = functools.partial(self.subscribe, key.channel, key.stream, types, lenient=True)
        return Location(None, subscribe, otherwise=None if key.insists else whole, on_otherwise=self._filter_here)

    def _filter_here(self, error: StatusError) -> None:
        self._warn("subscription", "is refused (%s); taking the channel stream and filtering here", error)

    async def subscribe(self, channel: int, stream: int, types: Collection[str] | None, *, lenient: bool) -> str:
        """The RTSP URI of a new subscription (A.4)."""
        answer = await self._inquiry.subscribe(channel, stream, types, lenient=lenient)
        self._warned.discard("subscription")
        settings = self._settings
        return stream_address(answer.rtsp_uri, settings.host, settings.rtsp_port, secure=settings.tls is not None)

    def _link(self, location: Location, session: Supervisor) -> Link:
        settings = self._settings
        return RTSPLink(
            session,
            location,
            settings.host,
            settings.rtsp_port,
            self._login,
            settings.coordinates,
            support=self._support_in_words,
            transport=settings.transport,
            tls=settings.tls,
        )

    def _support_in_words(self) -> str:
        if self._support is None:
            return "whether it supports metadata could not be read"
        if self._support.value is None:
            return "the device does not say isSupportMetadata"
        return "the device says isSupportMetadata"

    # -- leaving -------------------------------------------------------------------------------

    async def leave(self, subscriber: Subscriber) -> None:
        """This watcher has had enough; its session ends with its last one."""
        if (session := self._forget(subscriber)) is not None:
            stopping = asyncio.ensure_future(session.stop())  # goes on if the caller is cancelled: close waits for it
            self._stopping.add(stopping)
            stopping.add_done_callback(self._stopping.discard)
            await asyncio.shield(stopping)

    def abandon(self, subscriber: Subscriber) -> None:
        """A watcher was let go of without ``aclose``; may be called by the garbage collector in any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._leave_soon, subscriber)

    def _leave_soon(self, subscriber: Subscriber) -> None:
        task = asyncio.ensure_future(self.leave(subscriber))
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    def _forget(self, subscriber: Subscriber) -> Supervisor | None:
        """The session that nobody watches any more, if this was its last watcher."""
        session = self._membership.pop(subscriber, None)
        _add(self._past, {"dropped": subscriber.counters.dropped})
        subscriber.discard()
        if session is None or len(session.hub) or session not in self._sessions.values():
            return None
        self._retire(session)
        return session

    def _retire(self, session: Supervisor) -> None:
        self._sessions = {key: other for key, other in self._sessions.items() if other is not session}
        _add(self._past, session.counters())


def _said(capability: DeviceCap) -> bool | None:
    """What isSupportMetadata says: None where it is absent."""
    if capability.supports_metadata:
        return True
    places = ("SysCap/isSupportMetadata", "isSupportMetadata")
    return False if any(capability.get(place) is not None for place in places) else None


def _insist_on_time(error: Exception) -> None:
    """A refusal that is final is raised; one that passes is the session's to wait for."""
    if isinstance(error, AuthenticationError) and error.retry_after is None:
        raise error


def _add(total: dict[str, int], more: dict[str, int]) -> None:
    for name, count in more.items():
        total[name] = total.get(name, 0) + count
