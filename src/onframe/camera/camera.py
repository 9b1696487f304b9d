"""A camera seen from outside: what it can do, how it is set, and what it sees."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from onframe.camera.attempts import Attempts
from onframe.camera.backoff import Backoff
from onframe.camera.http import DeviceHTTP
from onframe.camera.hub import Overflow
from onframe.camera.inquiry import IDForms, Inquiry
from onframe.camera.limiter import ConnectLimiter
from onframe.camera.location import HTTP_PORT, HTTPS_PORT, RTSPS_PORT, address, authority, host_name
from onframe.camera.login import Login
from onframe.camera.sessions import Plan, Sessions, Settings, Transport, Via
from onframe.camera.settings import ConfigurationChange, configure
from onframe.camera.supervisor import SessionStatus, Timing
from onframe.camera.tls import TLS
from onframe.camera.watch import Watch, accepts
from onframe.errors import DecodeError, StatusError, UnsupportedError
from onframe.isapi.config import DeviceCap, MetadataCap, MetadataCfg
from onframe.isapi.resources import RTSP_PORT, IDForm
from onframe.record import AccessUnit, Coordinates, Event, Gap, Record, StateChange, StreamEvent, Undecodable

_EVENTS = (Record, Gap, StateChange, Undecodable)
_MAX_CHANNELS = 256
_ASSUMED = Coordinates()
_BACKOFF = Backoff()
_TIMING = Timing()


class Camera:
    """One camera. ``async with`` owns its tasks and sockets; credentials go to ``host`` and its two ports alone.

    ``password`` may be a callable. ``coordinates`` says in which space the points are, where that is known.
    ``digest`` lists the algorithms to accept, strongest first; ``allow_basic`` lets the password be sent in
    clear text. ``keepalive`` is in seconds (default: half of the session's timeout, at most 15): a dead
    camera is found within twice of it. ``timeout`` bounds each step of a request, in seconds.
    ``transport`` is how RTP comes: "tcp" (within the RTSP connection), "udp" or "multicast". ``tls`` turns both
    protocols into HTTPS and RTSPS. ``remember_logins`` keeps refused logins across processes (a directory, or
    False for not at all), so that restarts do not lock the account.
    ``wait_for_track`` looks every 60 s for a track that is not there yet, instead of raising UnsupportedError;
    ``limiter`` spaces connection attempts, by default one for all cameras of the loop (20 a second).
    ``strict`` refuses a device that does not say isSupportMetadata (R-004). ``metadata_id`` and
    ``subscribe_id`` choose the form of ``<ID>`` (R-074). ``name`` is what Records call the camera.
    """

    def __init__(
        self,
        host: str,
        *,
        username: str,
        password: str | Callable[[], str] | None,
        http_port: int | None = None,
        rtsp_port: int | None = None,
        tls: TLS | None = None,
        transport: Transport = "tcp",
        remember_logins: bool | Path = True,
        coordinates: Coordinates = _ASSUMED,
        backoff: Backoff = _BACKOFF,
        digest: Sequence[str] | None = None,
        allow_basic: bool = False,
        keepalive: float | None = None,
        timeout: float = 10.0,
        strict: bool = False,
        wait_for_track: bool = False,
        name: str | None = None,
        metadata_id: IDForm = "stream",
        subscribe_id: IDForm = "channel",
        timing: Timing = _TIMING,
        limiter: ConnectLimiter | None = None,
    ) -> None:
        if transport not in ("tcp", "udp", "multicast"):
            raise ValueError(f'transport is "tcp", "udp" or "multicast", not {transport!r}')
        self.host, self.username = host_name(host), username
        self.http_port = http_port or (HTTP_PORT if tls is None else HTTPS_PORT)
        self.rtsp_port = rtsp_port or (RTSP_PORT if tls is None else RTSPS_PORT)
        self.coordinates, self.strict, self.timeout = coordinates, strict, timeout
        tls = None if tls is None else tls.at_ports(self.http_port, self.rtsp_port)
        self.tls, self.transport = tls, transport
        self.name = name or authority(self.host, self.http_port, HTTP_PORT)
        attempts = Attempts(None if remember_logins is True else remember_logins) if remember_logins else None
        self.login = Login(
            username, password, host=self.host, allow_basic=allow_basic, algorithms=digest, attempts=attempts
        )
        self._http = DeviceHTTP(self.host, self.http_port, self.login, timeout=timeout, tls=tls)
        self.inquiry = Inquiry(self._http, IDForms(metadata=metadata_id, subscribe=subscribe_id))
        settings = Settings(
            name=self.name,
            host=self.host,
            rtsp_port=self.rtsp_port,
            tls=tls,
            transport=transport,
            coordinates=coordinates,
            strict=strict,
            backoff=backoff,
            timing=msgspec.structs.replace(timing, timeout=timeout, keepalive=keepalive or timing.keepalive),
            wait_for_track=wait_for_track,
            limiter=limiter,
        )
        self._sessions = Sessions(settings, self.login, self.inquiry)

    @classmethod
    def from_url(cls, url: str, **options: Any) -> Camera:
        """A Camera from ``http://user:password@host:port/?rtsp_port=…``; also ``rtsp://`` with ``?http_port=``.

        ``https://`` and ``rtsps://`` turn TLS on, verified unless ``tls`` is given. User and password are
        percent-decoded. ``options`` are those of Camera, and win. Raises ValueError.
        """
        found = address(url, secure=options.get("tls") is not None)
        given: dict[str, Any] = {
            "username": found.username or "admin",
            "password": found.password,
            "http_port": found.http_port,
            "rtsp_port": found.rtsp_port,
            "tls": TLS() if found.secure else None,
        }
        if options.get("tls", ...) is None:
            options = {name: value for name, value in options.items() if name != "tls"}
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
        await self._sessions.close()
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
        return (await self._sessions.metadata_support()) is True

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
        return await self._sessions.subscribe(channel, 1, types, lenient=False)

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
        given and the device can, else takes the channel stream, as it does when a subscription is refused later;
        ``via="subscribe"`` insists on it. Raises AuthenticationError, CertificateError
        and UnsupportedError alone (and LimitExceeded with ``overflow="raise"``).
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
        return self._sessions.states()

    def status(self) -> list[SessionStatus]:
        """How each session stands, with the age of its last document in seconds and its counters."""
        return self._sessions.status()

    @property
    def state(self) -> str:
        """The state of the first session; "stopped" where nobody watches, "auth_failed" once that is final."""
        if (refused := self.login.refused) is not None and refused.retry_after is None:
            return "auth_failed"
        otherwise = "connecting" if self._sessions.joining else "stopped"
        return next((change.state for change in self._sessions.states()), otherwise)

    @property
    def counters(self) -> dict[str, int]:
        """All that was counted, over all sessions so far: connections, packets, losses, records, drops."""
        return self._sessions.counters()

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
        plan = Plan(
            channel,
            stream,
            None if types is None else tuple(sorted(set(types))),
            via,
            video=video,
            events=events,
            queue={"accept": accepts(types, sub_types, kinds), "maxsize": maxsize, "overflow": overflow},
        )
        sessions = self._sessions
        return Watch(functools.partial(sessions.join, plan), sessions.leave, sessions.abandon)
