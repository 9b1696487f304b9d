"""What the simulated camera is and remembers, for its HTTP and its RTSP server alike.

Configuration per channel, subscriptions with their lifetime, who may log in, and a log of what was asked.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from onframe.isapi.config import DeviceCap, MetadataCap, MetadataCfg, MetadataType
from onframe.isapi.devicecap import DeviceCapNode, count_nodes, device_cap_table, tree_of
from onframe.isapi.resources import RTSP_PORT, digital_channel, parse_id, stream_url
from onframe.simulator.accounts import Accounts, Protocol
from onframe.simulator.profiles import PROFILES as PROFILES
from onframe.simulator.profiles import Profile as Profile
from onframe.simulator.quirks import Quirks

log = logging.getLogger("onframe.simulator")

Condition: TypeAlias = Literal["ready", "notActivated", "deviceBusy", "serviceUnavailable", "upgrading", "deviceError"]
"""What the device answers to every authorised request instead of the answer, unless it is ready."""

SUBSCRIPTION_LIFETIME = 60.0
"""Seconds that a subscription's URI lives unused (R-060)."""
MAX_SUBSCRIPTIONS = 64
_LOG = 10_000


@dataclass
class ChannelState:
    """What one channel uploads."""

    enabled: dict[str, bool]
    upload_data_format: str = "xml"


@dataclass
class Subscription:
    """What one rtspURI stands for (R-060): ``types`` None is the whole channel.

    It ends with the TEARDOWN of its session, or after 60 s in which nobody used it.
    """

    token: str
    channel: int
    stream: int
    types: tuple[str, ...] | None
    last_used: float
    sessions: int = 0

    def wants(self, metadata_type: str | None) -> bool:
        """Whether documents of this configuration type are sent; those of none go to whole channels only."""
        return self.types is None or metadata_type in self.types


@dataclass(frozen=True)
class RefusedLogin:
    """One request that was refused although it carried credentials."""

    protocol: Protocol
    method: str
    uri: str
    at: float


@dataclass(frozen=True)
class LoggedRequest:
    """One request, and the status it was answered with."""

    protocol: Protocol
    method: str
    uri: str
    status: int
    credentials: bool


@dataclass(frozen=True)
class Place:
    """What an RTSP URL points at; ``plain`` ones have ONVIF's metadata, as outside /ISAPI/."""

    channel: int
    stream: int
    subscription: Subscription | None = None
    plain: bool = False


@dataclass
class Device:
    """The simulated camera's state. ``viewers`` may look but not configure; instants are of `time.monotonic`.

    With ``restart_to_apply`` a configuration is accepted with rebootRequired and takes effect at `restart`; a
    ``stubborn`` device accepts it and forgets it. ``nonce_uses`` and ``strict_nc`` make HTTP's digest as
    strict as newer firmware is. Without ``channel_numbers`` the channels are those of the ``analog`` inputs and then of
    the ``digital`` ones (R-080), or number 1 alone.
    """

    username: str = "admin"
    password: str = field(default="", repr=False)
    profile: Profile = field(default_factory=Profile)
    channel_numbers: Sequence[int] = ()
    host: str = "127.0.0.1"
    rtsp_port: int = RTSP_PORT
    viewers: dict[str, str] = field(default_factory=dict, repr=False)
    condition: Condition = "ready"
    restart_to_apply: bool = False
    stubborn: bool = False
    nonce_uses: int | None = None
    strict_nc: bool = False
    analog: int = 0
    digital: int = 0
    channels: dict[int, ChannelState] = field(init=False)
    log: list[RefusedLogin] = field(init=False, default_factory=list)
    requests: deque[LoggedRequest] = field(init=False, default_factory=lambda: deque(maxlen=_LOG))

    def __post_init__(self) -> None:
        names = self.profile.metadata_types
        self.condition = self.quirks.condition if self.condition == "ready" else self.condition
        self.channel_numbers = self.channel_numbers or inputs(self.analog, self.digital) or (1,)
        self.channels = {number: ChannelState(dict.fromkeys(names, True)) for number in self.channel_numbers}
        self._pending: list[tuple[int, MetadataCfg]] = []
        self._subscriptions: dict[str, Subscription] = {}
        self.accounts = Accounts(
            self.profile.realm, self._password_of, self.quirks, nonce_uses=self.nonce_uses, strict_nc=self.strict_nc
        )

    # Who may ask

    def authenticate(
        self, protocol: Protocol, method: str, uri: str, authorization: str | None, *, body: bytes = b""
    ) -> list[str] | None:
        """None when the request may be answered, else the values of WWW-Authenticate for a 401.

        A refusal of given credentials is logged in ``log``; so many as ``lockout`` says lock the device.
        """
        challenges, refused = self.accounts.judge(protocol, method, uri, authorization, body)
        if refused:
            self.log.append(RefusedLogin(protocol, method, uri, time.time()))
            log.warning("refused wrong credentials over %s: %s %s", protocol, method, without_credentials(uri))
        return challenges

    def is_viewer(self, authorization: str | None) -> bool:
        """Whether these credentials are of a user who may look but not configure."""
        return self.accounts.username_of(authorization) in self.viewers

    def expire_nonces(self) -> None:
        """No nonce given out so far holds any more."""
        self.accounts.expire_nonces()

    @property
    def lockout(self) -> int | None:
        """After so many refused logins in a row everybody is refused for ``lock_seconds``; None is never."""
        return self.accounts.lockout

    @lockout.setter
    def lockout(self, count: int | None) -> None:
        self.accounts.lockout = count

    @property
    def lock_seconds(self) -> float:
        """How long a lock lasts."""
        return self.accounts.lock_seconds

    @lock_seconds.setter
    def lock_seconds(self, seconds: float) -> None:
        self.accounts.lock_seconds = seconds

    @property
    def locked(self) -> bool:
        """Whether everybody is refused because too many logins were."""
        return self.accounts.locked_for() > 0

    def log_request(self, protocol: Protocol, method: str, uri: str, status: int, credentials: bool) -> None:
        """Remember one answered request; the last ten thousand are kept."""
        self.requests.append(LoggedRequest(protocol, method, uri, status, credentials))
        log.debug("%s %s %s: %d", protocol, method, without_credentials(uri), status)

    def _password_of(self, username: str) -> str | None:
        return self.password if username == self.username else self.viewers.get(username)

    # What it can do and does

    @property
    def quirks(self) -> Quirks:
        """What it does otherwise than the guide."""
        return self.profile.quirks

    @property
    def types(self) -> tuple[str, ...]:
        """The configuration types that the device has."""
        return self.profile.metadata_types

    @property
    def supports_subscribe_type(self) -> bool:
        """Whether types can be subscribed (A.4)."""
        return self.profile.supports_subscribe_type and self.quirks.subscribe != "unsupported"

    def enabled(self, channel: int, metadata_type: str | None) -> bool:
        """Whether a channel uploads documents of this configuration type; those of none always are."""
        state = self.channels.get(channel)
        if state is None:
            return False
        return metadata_type is None or state.enabled.get(metadata_type, False)

    def capability(self) -> MetadataCap:
        """B.8."""
        formats, subscribe = list(self.profile.formats), self.supports_subscribe_type
        return MetadataCap(list(self.types), len(self.types), formats, subscribe)

    def configuration(self, channel: int) -> MetadataCfg:
        """B.16 of one channel."""
        state = self.channels[channel]
        entries = [MetadataType(name, enable) for name, enable in state.enabled.items()]
        return MetadataCfg(entries, state.upload_data_format if len(self.profile.formats) > 1 else None)

    def configure(self, channel: int, configuration: MetadataCfg) -> bool:
        """Merge a configuration that was checked; False when it takes effect after a restart only."""
        if self.stubborn:
            return True
        if self.restart_to_apply:
            self._pending.append((channel, configuration))
            return False
        state = self.channels[channel]
        state.enabled.update({one.type: bool(one.enable) for one in configuration.types})
        state.upload_data_format = configuration.upload_data_format or state.upload_data_format
        return True

    def restart(self) -> None:
        """Apply what waits for a restart, and forget all subscriptions."""
        pending, self._pending = self._pending, []
        self._subscriptions.clear()
        waits, self.restart_to_apply = self.restart_to_apply, False
        for channel, configuration in pending:
            self.configure(channel, configuration)
        self.restart_to_apply = waits

    def device_capability(self) -> DeviceCap:
        """B.9 with every element of the table, but for those that are sent only where they are true."""
        rows = device_cap_table().values()
        told = self.profile.supports_metadata and not self.quirks.no_capability_node
        supported = _SUPPORTED | ({"SysCap/isSupportMetadata"} if told else set())
        texts = {row.path: _capability_text(row, supported) for row in rows if _is_sent(row, supported)}
        tree = tree_of(texts)
        return DeviceCap(tree, count_nodes(tree))

    # Subscriptions

    def subscribe(
        self,
        channel: int,
        types: Sequence[str] | None,
        *,
        stream: int = 1,
        host: str | None = None,
        now: float | None = None,
    ) -> str | None:
        """A new rtspURI for these types, at most 128 characters; None when there are too many subscriptions."""
        now = time.monotonic() if now is None else now
        self._expire(now)
        if len(self._subscriptions) >= MAX_SUBSCRIPTIONS:
            return None
        chosen = None if types is None else tuple(dict.fromkeys(types))
        one = Subscription(secrets.token_hex(8), channel, stream, chosen, now)
        self._subscriptions[one.token] = one
        url = self._subscription_url(host or self.host, one)
        return url if len(url) <= 128 else self._subscription_url(self.host, one)

    def subscription(self, token: str, now: float | None = None) -> Subscription | None:
        """The subscription of a URI, used from now on; None when it is unknown or was unused for 60 s."""
        now = time.monotonic() if now is None else now
        self._expire(now)
        one = self._subscriptions.get(token)
        if one is not None:
            one.last_used = now
        return one

    def begin(self, one: Subscription) -> None:
        """A session plays it: it does not expire until the session ends."""
        one.sessions += 1

    def end(self, one: Subscription, *, teardown: bool, now: float | None = None) -> None:
        """A session that played it has ended, with TEARDOWN (the URI ends too) or otherwise (60 s are left)."""
        one.sessions = max(0, one.sessions - 1)
        one.last_used = time.monotonic() if now is None else now
        if teardown:
            self._subscriptions.pop(one.token, None)

    def place(self, url: str, now: float | None = None) -> Place | None:
        """What the RTSP URL of a channel, of a subscription or of one of their tracks points at; None is a 404."""
        parts = _segments(url)
        if self.quirks.control == "av_stream":
            parts = [part for part in parts if part != "av_stream"]
        if self.quirks.onvif_track_on_plain_url and "isapi" not in (part.lower() for part in parts[1:2]):
            return self._plain_place(parts)
        if len(parts) not in (5, 7) or [part.lower() for part in parts[:4]] != ["", "isapi", "streaming", "channels"]:
            return None
        found = self.parse_id(parts[4])
        if found is None or found[0] not in self.channels:
            return None
        if len(parts) == 5:
            return Place(*found, plain=self.quirks.track == "onvif")
        one = self.subscription(parts[6], now) if parts[5].lower() == "metadata" else None
        return Place(*found, one) if one is not None and one.channel == found[0] else None

    def _plain_place(self, parts: list[str]) -> Place | None:
        """The same streams outside /ISAPI/: ``/``, or ``/Streaming/Channels/101``."""
        if len(parts) < 2:
            return Place(min(self.channels), 1, plain=True)
        found = self.parse_id(parts[3]) if len(parts) == 4 else None
        named = [part.lower() for part in parts[1:3]] == ["streaming", "channels"]
        return Place(*found, plain=True) if named and found is not None and found[0] in self.channels else None

    @staticmethod
    def parse_id(text: str) -> tuple[int, int] | None:
        """(channel, stream) of an ``<ID>`` in either form (R-074, R-082)."""
        return parse_id(text)

    def _subscription_url(self, host: str, one: Subscription) -> str:
        form = self.quirks.subscribe
        port = RTSP_PORT if form == "uri_without_port" else self.rtsp_port
        url = f"{stream_url(host, port, one.channel, one.stream)}/metadata/{one.token}"
        return urlsplit(url).path if form == "relative_uri" else url

    def _expire(self, now: float) -> None:
        ended = [
            one.token
            for one in self._subscriptions.values()
            if not one.sessions and now - one.last_used >= SUBSCRIPTION_LIFETIME
        ]
        for token in ended:
            del self._subscriptions[token]


def inputs(analog: int, digital: int) -> tuple[int, ...]:
    """The channels of a device with so many inputs: the digital ones come after the last analog one (R-080)."""
    return (*range(1, analog + 1), *(digital_channel(number, analog) for number in range(1, digital + 1)))


def without_credentials(uri: str) -> str:
    """A request's target as it may be logged: some clients leave user and password in it, and printable alone."""
    scheme, separator, rest = uri.partition("://")
    place, slash, path = rest.partition("/")
    shown = f"{scheme}://{place.rpartition('@')[2]}{slash}{path}" if separator else uri
    return ascii(shown[:256])[1:-1]


def _segments(url: str) -> list[str]:
    """The path of an RTSP URL without its track and without blanks at the end."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return []
    parts = [part for part in path.split("/") if not part.lower().startswith("trackid=")]
    while parts and not parts[-1]:
        parts.pop()
    return parts


_SUPPORTED = frozenset(
    {
        "SysCap/isSupportDst",
        "SysCap/isSupportSubscribeEvent",
        "SysCap/RebootConfigurationCap/RTSP",
        "SysCap/RebootConfigurationCap/HTTP",
        "isSupportSnapshot",
        "isSupportPlay",
        "isSupportTime",
        "isSupportTimeZone",
        "isSupportMixedTargetDetection",
        "isSupportRadar",
        "isSupportRadarFieldDetection",
        "isSupportRadarLineDetection",
    }
)


def _is_sent(row: DeviceCapNode, supported: set[str] | frozenset[str]) -> bool:
    if row.type == "container":  # made by what stands inside it
        return bool(row.path) and not any(path.startswith(f"{row.path}/") for path in device_cap_table())
    return row.note != "true or absent" or row.path in supported


def _capability_text(row: DeviceCapNode, supported: set[str] | frozenset[str]) -> str:
    if row.type == "boolean":
        return "true" if row.path in supported else "false"
    if row.type == "integer":
        return "1"
    return row.values[0] if row.values else ""
