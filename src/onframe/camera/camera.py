"""A camera seen from outside: what it can do, how it is set, and what it sees."""

from __future__ import annotations

import asyncio
import functools
import itertools
import logging
from collections.abc import Callable, Collection, Sequence
from types import TracebackType
from typing import Any, Literal, TypeAlias

import msgspec

from onframe.camera.backoff import Backoff
from onframe.camera.http import DeviceHTTP
from onframe.camera.hub import Hub, Overflow, Subscriber
from onframe.camera.inquiry import IDForms, Inquiry
from onframe.camera.link import RTSPLink
from onframe.camera.location import HTTP_PORT, Location, address, authority, stream_address
from onframe.camera.login import Login
from onframe.camera.settings import ConfigurationChange, configure
from onframe.camera.supervisor import CLOSING, Link, Supervisor, Timing, Where, refusal
from onframe.camera.watch import Watch, accepts
from onframe.errors import (
    AuthenticationError,
    ConnectionLost,
    DecodeError,
    LocalProtocolError,
    ProtocolError,
    StatusError,
    UnsupportedError,
)
from onframe.isapi.config import DeviceCap, MetadataCap, MetadataCfg
from onframe.isapi.resources import RTSP_PORT, IDForm, stream_url
from onframe.record import AccessUnit, Coordinates, Event, Gap, Record, StateChange, StreamEvent, Undecodable

log = logging.getLogger("onframe.camera")

Via: TypeAlias = Literal["auto", "subscribe", "channel"]
_EVENTS = (Record, Gap, StateChange, Undecodable)
_MAX_CHANNELS = 256
_ASSUMED = Coordinates()
_BACKOFF = Backoff()
_TIMING = Timing()


class _Key(msgspec.Struct, frozen=True):
    """What one session is for; None is the whole channel stream."""

    channel: int
    stream: int
    subscription: tuple[str, ...] | None


class _Plan(msgspec.Struct, frozen=True):
    """What one watcher asked for."""

    channel: int
    stream: int
    types: tuple[str, ...] | None
    via: Via
    video: bool
    events: tuple[type, ...]
    queue: dict[str, Any]


class Camera:
    """One camera. ``async with`` owns its tasks and sockets; credentials go to ``host`` and its two ports alone.

    ``password`` may be a callable. ``coordinates`` says in which space the points are, where that is known.
    ``digest`` lists the algorithms to accept, strongest first; ``allow_basic`` lets the password be sent in
    clear text. ``keepalive`` is in seconds (default: half of the session's timeout, at most 15): a dead
    camera is found within twice of it. ``timeout`` bounds each step of a request, in seconds.
    ``strict`` refuses a device that does not say isSupportMetadata (R-004). ``metadata_id`` and
    ``subscribe_id`` choose the form of ``<ID>`` (R-074). ``name`` is what Records call the camera.
    """

    def __init__(
        self,
        host: str,
        *,
        username: str,
        password: str | Callable[[], str] | None,
        http_port: int = HTTP_PORT,
        rtsp_port: int = RTSP_PORT,
        tls: object | None = None,
        coordinates: Coordinates = _ASSUMED,
        backoff: Backoff = _BACKOFF,
        digest: Sequence[str] | None = None,
        allow_basic: bool = False,
        keepalive: float | None = None,
        timeout: float = 10.0,
        strict: bool = False,
        name: str | None = None,
        metadata_id: IDForm = "stream",
        subscribe_id: IDForm = "channel",
        timing: Timing = _TIMING,
    ) -> None:
        if tls is not None:
            raise UnsupportedError("TLS is not implemented yet", hint="leave tls out, in a trusted network")
        self.host = _checked_host(host)
        self.http_port, self.rtsp_port, self.username = http_port, rtsp_port, username
        self.coordinates, self.strict, self.timeout = coordinates, strict, timeout
        self.name = name or authority(self.host, http_port, HTTP_PORT)
        self.login = Login(username, password, host=self.host, allow_basic=allow_basic, algorithms=digest)
        self._http = DeviceHTTP(self.host, http_port, self.login, timeout=timeout)
        self.inquiry = Inquiry(self._http, IDForms(metadata=metadata_id, subscribe=subscribe_id))
        self._backoff = backoff
        self._timing = msgspec.structs.replace(timing, timeout=timeout, keepalive=keepalive or timing.keepalive)
        self._sessions: dict[_Key, Supervisor] = {}
        self._membership: dict[Subscriber, Supervisor] = {}
        self._stopping: set[asyncio.Task[None]] = set()
        self._past: dict[str, int] = {}
        self._epochs = itertools.count(1)
        self._support: tuple[bool | None] | None = None
        self._capabilities: dict[tuple[int, int], MetadataCap] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    @classmethod
    def from_url(cls, url: str, **options: Any) -> Camera:
        """A Camera from ``http://user:password@host:port/?rtsp_port=…``; also ``rtsp://`` with ``?http_port=``.

        User and password are percent-decoded. ``options`` are those of Camera, and win. Raises ValueError.
        """
        found = address(url)
        given = {
            "username": found.username or "admin",
            "password": found.password,
            "http_port": found.http_port,
            "rtsp_port": found.rtsp_port,
        }
        return cls(found.host, **(given | options))

    def __repr__(self) -> str:
        return (
            f"Camera({self.host!r}, username={self.username!r}, http_port={self.http_port}, rtsp_port={self.rtsp_port})"
        )

    async def __aenter__(self) -> Camera:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End every session with TEARDOWN and every iterator, in at most 2 s."""
        self._closed = True
        sessions, self._sessions = list(self._sessions.values()), {}
        ends = {asyncio.create_task(session.stop()) for session in sessions} | self._stopping
        if ends:
            await asyncio.wait(ends, timeout=CLOSING)
        for session in sessions:
            _add(self._past, session.counters())
        await self._http.aclose()

    # -- what the device can do, and how it is set ---------------------------------------------

    async def channels(self) -> list[int]:
        """The numbers of the channels that have metadata: 1, 2, … up to the first that the device refuses (A.2)."""
        found: list[int] = []
        for channel in range(1, _MAX_CHANNELS + 1):
            try:
                await self.metadata_capability(channel)
            except StatusError:
                break
            found.append(channel)
        return found

    async def device_capability(self) -> DeviceCap:
        """What the device can do (A.1, B.9)."""
        return await self.inquiry.device_capability()

    async def supports_metadata(self) -> bool:
        """True when isSupportMetadata is present and not false (R-004)."""
        return (await self._metadata_support()) is True

    async def metadata_capability(self, channel: int = 1) -> MetadataCap:
        """Which metadata types and formats the channel has (A.2, B.8)."""
        return await self.inquiry.metadata_capability(channel)

    async def configuration(self, channel: int = 1) -> MetadataCfg:
        """Which metadata types the channel uploads, and in which format (A.3, B.16)."""
        return await self.inquiry.configuration(channel)

    async def type_enabled(self, metadata_type: str, channel: int = 1) -> bool:
        """Whether one type is uploaded (A.5, B.19)."""
        return bool((await self.inquiry.single_configuration(channel, metadata_type)).enable)

    async def configure(
        self,
        channel: int = 1,
        *,
        enable: Collection[str] = (),
        disable: Collection[str] = (),
        upload_data_format: str | None = None,
        one_by_one: bool = False,
    ) -> ConfigurationChange:
        """Change what the channel uploads: read, merge, write (A.3), read back.

        ``one_by_one`` writes each type on its own (A.5). Raises StatusError, also for a setting that did not take.
        """
        return await configure(self.inquiry, channel, enable, disable, upload_data_format, one_by_one)

    async def subscribable(self, channel: int = 1) -> list[str]:
        """The types that can be subscribed to: those of the configuration, else of the capability (R-054)."""
        try:
            return [entry.type for entry in (await self.configuration(channel)).types]
        except (StatusError, DecodeError):
            return (await self.metadata_capability(channel)).types

    async def subscribe(self, channel: int = 1, types: Collection[str] | None = None) -> str:
        """Subscribe to these metadata types (None: the whole channel); returns the RTSP URI (A.4).

        Raises UnsupportedError where the device has no subscription (R-053), StatusError where it says no.
        """
        capability = await self.metadata_capability(channel)
        if not capability.supports_subscribe_type:
            raise UnsupportedError(
                f"channel {channel} has no subscription by type (isSupportSubscribeType)",
                hint="watch with via='channel': the channel stream, filtered here",
            )
        return await self._subscribe(channel, 1, types, lenient=False)

    # -- what it sees --------------------------------------------------------------------------

    def watch(
        self,
        channel: int = 1,
        stream: int = 1,
        *,
        types: Collection[str] | None = None,
        sub_types: Collection[str] | None = None,
        kinds: Collection[str] | None = None,
        via: Via = "auto",
        maxsize: int = 1024,
        overflow: Overflow = "drop_oldest",
    ) -> Watch[Record]:
        """Records, as they come, through loss and reconnection; one after a loss carries it as ``gap_before``.

        ``types`` are configuration types ("ANPR"), ``sub_types`` those of the documents, ``kinds`` of "rule",
        "target", "ptz"; the filter holds whatever the device does. ``via="auto"`` subscribes where types are
        given and the device can, else takes the channel stream. Raises AuthenticationError and
        UnsupportedError alone (and LimitExceeded with ``overflow="raise"``).
        """
        return self._watch((Record,), False, channel, stream, types, sub_types, kinds, via, maxsize, overflow)

    def events(
        self,
        channel: int = 1,
        stream: int = 1,
        *,
        types: Collection[str] | None = None,
        sub_types: Collection[str] | None = None,
        kinds: Collection[str] | None = None,
        via: Via = "auto",
        maxsize: int = 1024,
        overflow: Overflow = "drop_oldest",
    ) -> Watch[Event]:
        """What `watch` yields, and Gap, StateChange and Undecodable besides."""
        return self._watch(_EVENTS, False, channel, stream, types, sub_types, kinds, via, maxsize, overflow)

    def stream(
        self,
        channel: int = 1,
        stream: int = 1,
        *,
        types: Collection[str] | None = None,
        sub_types: Collection[str] | None = None,
        kinds: Collection[str] | None = None,
        via: Via = "auto",
        video: bool = True,
        maxsize: int = 1024,
        overflow: Overflow = "drop_oldest",
    ) -> Watch[StreamEvent]:
        """What `events` yields, and the coded pictures of the same session.

        A session that runs without the picture starts anew when the first such watcher joins it.
        """
        events = (*_EVENTS, AccessUnit)
        return self._watch(events, video, channel, stream, types, sub_types, kinds, via, maxsize, overflow)

    # -- how it stands -------------------------------------------------------------------------

    def states(self) -> list[StateChange]:
        """How each session stands: its state, the reason, since when."""
        return [session.state for session in self._sessions.values()]

    @property
    def state(self) -> str:
        """The state of the first session; "stopped" where nobody watches, "auth_failed" once that is final."""
        if self.login.refused is not None:
            return "auth_failed"
        return next((session.state.state for session in self._sessions.values()), "stopped")

    @property
    def counters(self) -> dict[str, int]:
        """All that was counted, over all sessions so far: connections, packets, losses, records, drops."""
        total = dict(self._past)
        for session in self._sessions.values():
            _add(total, session.counters())
        for subscriber in self._membership:
            _add(total, {"dropped": subscriber.counters.dropped})
        return total

    # -- joining and leaving -------------------------------------------------------------------

    def _watch(
        self,
        events: tuple[type, ...],
        video: bool,
        channel: int,
        stream: int,
        types: Collection[str] | None,
        sub_types: Collection[str] | None,
        kinds: Collection[str] | None,
        via: Via,
        maxsize: int,
        overflow: Overflow,
    ) -> Watch[Any]:
        if isinstance(types, str) or isinstance(sub_types, str) or isinstance(kinds, str):
            raise ValueError("types, sub_types and kinds are sets of names, as in types={'ANPR'}")
        if via not in ("auto", "subscribe", "channel"):
            raise ValueError(f'via is "auto", "subscribe" or "channel", not {via!r}')
        plan = _Plan(
            channel,
            stream,
            None if types is None else tuple(sorted(set(types))),
            via,
            video=video,
            events=events,
            queue={"accept": accepts(types, sub_types, kinds), "maxsize": maxsize, "overflow": overflow},
        )
        return Watch(functools.partial(self._join, plan), self._leave, self._abandon)

    async def _join(self, plan: _Plan) -> Subscriber:
        if self._closed:
            raise LocalProtocolError("this Camera is closed", hint="use it inside its 'async with'")
        self._loop = asyncio.get_running_loop()
        try:
            key = await self._key(plan)
        except AuthenticationError as error:
            return self._refused(plan, error)
        session = self._session(key)
        if plan.video:
            session.want_video()
        subscriber = session.join(plan.events, plan.queue)
        self._membership[subscriber] = session
        return subscriber

    def _refused(self, plan: _Plan, error: AuthenticationError) -> Subscriber:
        """A queue that tells the refusal, and nothing else."""
        hub = Hub()
        subscriber = hub.subscribe(events=plan.events)
        hub.publish(refusal(Where(self.name, plan.channel, plan.stream), error))
        hub.close(error)
        return subscriber

    async def _key(self, plan: _Plan) -> _Key:
        """Which session serves this watcher: the documented fall-backs are chosen here."""
        await self._insist_on_metadata()
        if plan.via == "channel" or (plan.via == "auto" and plan.types is None):
            return _Key(plan.channel, plan.stream, None)
        if plan.via == "auto" and not await self._can_subscribe(plan.channel, plan.stream):
            return _Key(plan.channel, plan.stream, None)
        return _Key(plan.channel, plan.stream, plan.types or ())

    async def _insist_on_metadata(self) -> None:
        try:
            support = await self._metadata_support()
        except (ConnectionLost, ProtocolError, StatusError, DecodeError) as error:
            log.warning("%s: the device capability could not be read (%s); trying the stream", self.name, error)
            return
        if support is False or (support is None and self.strict):
            said = "says isSupportMetadata = false" if support is False else "does not say isSupportMetadata"
            raise UnsupportedError(f"{self.name} has no metadata: its capability {said}")
        if support is None:
            log.warning("%s does not say isSupportMetadata; trying the stream all the same", self.name)

    async def _metadata_support(self) -> bool | None:
        if self._support is None:
            self._support = (_said(await self.device_capability()),)
        return self._support[0]

    async def _can_subscribe(self, channel: int, stream: int) -> bool:
        key = (channel, stream)
        try:
            if key not in self._capabilities:
                self._capabilities[key] = await self.inquiry.metadata_capability(channel, stream, lenient=True)
        except (ConnectionLost, ProtocolError, StatusError, DecodeError) as error:
            log.warning("%s: the metadata capability could not be read (%s); filtering here", self.name, error)
            return False
        return bool(self._capabilities[key].supports_subscribe_type)

    def _session(self, key: _Key) -> Supervisor:
        session = self._sessions.get(key)
        if session is None or session.ended:
            if session is not None:
                self._retire(session)
            location = self._location(key)
            self._sessions[key] = session = Supervisor(
                Where(self.name, key.channel, key.stream),
                functools.partial(self._link, location),
                relocate=location.forget,
                next_epoch=functools.partial(next, self._epochs),
                backoff=self._backoff,
                timing=self._timing,
            )
        return session

    def _location(self, key: _Key) -> Location:
        if key.subscription is None:
            return Location(stream_url(self.host, self.rtsp_port, key.channel, key.stream))
        types = key.subscription or None
        return Location(None, functools.partial(self._subscribe, key.channel, key.stream, types, lenient=True))

    async def _subscribe(self, channel: int, stream: int, types: Collection[str] | None, *, lenient: bool) -> str:
        answer = await self.inquiry.subscribe(channel, stream, types, lenient=lenient)
        return stream_address(answer.rtsp_uri, self.host, self.rtsp_port)

    def _link(self, location: Location, session: Supervisor) -> Link:
        return RTSPLink(
            session, location, self.host, self.rtsp_port, self.login, self.coordinates, support=self._support_in_words
        )

    def _support_in_words(self) -> str:
        if self._support is None:
            return "whether it supports metadata could not be read"
        if self._support[0] is None:
            return "the device does not say isSupportMetadata"
        return "the device says isSupportMetadata"

    async def _leave(self, subscriber: Subscriber) -> None:
        if (session := self._forget(subscriber)) is not None:
            await session.stop()

    def _abandon(self, subscriber: Subscriber) -> None:
        """A watcher was let go of without ``aclose``; may be called by the garbage collector in any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._leave_soon, subscriber)

    def _leave_soon(self, subscriber: Subscriber) -> None:
        task = asyncio.ensure_future(self._leave(subscriber))
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


def _checked_host(host: str) -> str:
    bare = host.strip()
    if bare.startswith("[") and bare.endswith("]"):
        bare = bare[1:-1]
    if not bare or any(character in bare for character in "/@?# \r\n\t\0"):
        raise ValueError("host is a name or an address alone; use Camera.from_url for a URL")
    return bare


def _said(capability: DeviceCap) -> bool | None:
    """What isSupportMetadata says: None where it is absent."""
    if capability.supports_metadata:
        return True
    places = ("SysCap/isSupportMetadata", "isSupportMetadata")
    return False if any(capability.get(place) is not None for place in places) else None


def _add(total: dict[str, int], more: dict[str, int]) -> None:
    for name, count in more.items():
        total[name] = total.get(name, 0) + count
