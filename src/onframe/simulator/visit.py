"""One RTSP connection's session: what it is offered, how it is sent, and what it is answered."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from onframe.errors import LimitExceeded
from onframe.simulator import manners
from onframe.simulator.description import describe
from onframe.simulator.device import Condition, Place
from onframe.simulator.multicast import Group, Groups
from onframe.simulator.playback import Playback, Station
from onframe.simulator.streaming import TRACK_IDS
from onframe.simulator.udp import Address, ClientPorts
from onframe.wire.headers import DEFAULT_SESSION_TIMEOUT, RTPInfo, Transport
from onframe.wire.rtsp import InterleavedFrame, Request
from onframe.wire.server_session import Refusal, Resource, ServerSession

_TRACK_NAMES = {number: name for name, number in TRACK_IDS.items()}
_RETRY_AFTER = ("Retry-After", "10")

_CONDITIONS: dict[Condition, tuple[int, list[tuple[str, str]]]] = {
    "notActivated": (403, []),
    "deviceBusy": (453, [_RETRY_AFTER]),
    "serviceUnavailable": (503, [_RETRY_AFTER]),
    "upgrading": (503, [_RETRY_AFTER]),
    "deviceError": (500, []),
}


@dataclass(frozen=True)
class Ends:
    """Where a connection begins and ends: our address and the client's, of which family, and whether under TLS."""

    local: Address
    client: Address
    family: int
    secure: bool = False


class Visit:
    """The session of one connection; it is the session's ``Content`` too. ``write`` takes bytes for the connection.

    ``known`` tells whether a session's id lives on any connection.
    """

    def __init__(
        self,
        station: Station,
        groups: Groups,
        ends: Ends,
        write: Callable[[bytes], None],
        *,
        known: Callable[[str], bool],
        timeout: int = DEFAULT_SESSION_TIMEOUT,
    ) -> None:
        quirks = station.quirks
        self.session = ServerSession(
            self,
            new_session_id=lambda: str(100_000_000 + secrets.randbelow(900_000_000)),
            date=self._date,
            timeout=timeout,
            content_base=quirks.content_base,
            own_channels=quirks.interleaved == "server_choice",
            renewed_by=("GET_PARAMETER", "SETUP", "PLAY") if quirks.keepalive == "get_parameter_only" else None,
        )
        self.authenticated = False
        self._station = station
        self._groups = groups
        self._ends = ends
        self._write = write
        self._known = known
        self._playback: Playback | None = None
        self._group: Group | None = None
        self._leave: Callable[[], None] | None = None
        self._channels: dict[str, tuple[int, int]] = {}
        self._ports: dict[str, ClientPorts] = {}
        self._begun: Place | None = None

    # --- requests

    def receive(self, request: Request, now: float) -> None:
        """Answers, and does what was asked for."""
        device = self._station.device
        reply = self.session.receive(request, now)
        lives_elsewhere = reply.response.status == 454 and self._names_another(request)
        manners.dress(reply.response, request, self._station.quirks, lives_elsewhere=lives_elsewhere)
        credentials = bool((request.headers.get("Authorization") or "").strip())
        device.log_request("rtsp", request.method, request.uri, reply.response.status, credentials)
        if reply.ended:
            self.stop(teardown=True)
        if reply.pauses:
            self._pause()
        self._write(reply.response.serialize())
        if reply.plays and not self.plays:
            self._play()

    def renew(self) -> None:
        """The client reported (RTCP)."""
        self.session.renew(time.monotonic())

    def _names_another(self, request: Request) -> bool:
        value = (request.headers.get("Session") or "").partition(";")[0].strip()
        return bool(value) and value != self.session.session_id and self._known(value)

    # --- what the session asks

    def challenges(self, request: Request) -> Sequence[str] | None:
        """The device's challenges, or None where it accepts the request."""
        authorization = request.headers.get("Authorization")
        refused = self._station.device.authenticate(
            "rtsp", request.method, request.uri, authorization, body=request.body
        )
        self.authenticated = self.authenticated or refused is None
        return refused

    def check(self, request: Request) -> None:
        """As the device's condition and the user's rights have it. What plays goes on."""
        condition = self._station.device.condition
        if self._station.quirks.account == "nothing" and request.method in ("DESCRIBE", "SETUP"):
            raise Refusal(403)
        if condition in _CONDITIONS and request.method in ("DESCRIBE", "SETUP"):
            status, headers = _CONDITIONS[condition]
            raise Refusal(status, list(headers))

    def resource(self, uri: str) -> Resource | None:
        """The channel, subscription or track that the URL names."""
        place = self._station.device.place(uri)
        source = None if place is None else self._station.sources.get(place.channel)
        if place is None or source is None or place.stream not in source.streams:
            return None
        last = uri.partition("?")[0].rstrip("/").rpartition("/")[2].lower()
        track = None
        if last.startswith("trackid="):
            number = last.removeprefix("trackid=")
            track = _TRACK_NAMES.get(int(number)) if number.isascii() and number.isdigit() and len(number) < 4 else None
            if track not in self._tracks():
                return None
        return Resource(place, self._tracks(), track)

    def _tracks(self) -> tuple[str, ...]:
        return ("video", "audio", "metadata") if self._station.device.types else ("video", "audio")

    def describe(self, resource: Resource, uri: str) -> bytes:
        """The guide's SDP for this stream."""
        place = _place_of(resource)
        return describe(
            self._station.sources[place.channel].video_parameters(place.stream),
            address=str(self._ends.local[0]),
            session=time.time_ns() // 1000,
            uri=uri,
            quirks=self._station.quirks,
            metadata="metadata" in resource.tracks,
            onvif=place.plain,
        ).serialize()

    def transport(self, resource: Resource, track: str, offered: Transport) -> Transport | None:
        """In the connection, over UDP to the client's own address, or by the stream's group."""
        place = _place_of(resource)
        if track == "metadata" and not self._station.quirks.setup_subset and not self.session.tracks:
            raise Refusal(455)
        try:
            if offered.kind == "tcp":
                return Transport(offered.protocol, ssrc=self._announced_ssrc(place, track))
            if self._ends.secure:  # in the clear beside TLS: never
                return None
            by = self._by_udp if offered.kind == "udp" else self._by_group
            return by(place, track, offered)
        except (LimitExceeded, OSError):
            raise Refusal(453, [_RETRY_AFTER]) from None

    def _by_udp(self, place: Place, track: str, offered: Transport) -> Transport | None:
        numbers = offered.client_port
        if numbers is None or not numbers[0] or not numbers[1] or self._station.quirks.udp == "refused":
            return None
        ssrc = self._announced_ssrc(place, track)
        pair = self._station.ports.bind(self._ends.local, self._ends.family)
        self._ports[track] = ports = ClientPorts(pair, self._ends.client, numbers)
        ports.listen(self.renew)
        return Transport(offered.protocol, client_port=numbers, server_port=pair.numbers, ssrc=ssrc)

    def _by_group(self, place: Place, track: str, offered: Transport) -> Transport | None:
        if ":" in self._ends.local[0]:
            return None
        if self._group is None:
            self._group, self._leave = self._groups.join(self, place, self._ends.local)
        return self._group.transport(track, offered)

    def _announced_ssrc(self, place: Place, track: str) -> int:
        """What SETUP's answer claims, which for the guide's metadata is not what is sent."""
        if self._playback is None:
            self._playback = Playback(self._station, place, self._send)
        return self._playback.streaming.track(track).announced_ssrc

    def rtp_info(self, resource: Resource, tracks: Sequence[str], uri: str) -> RTPInfo | None:
        """As the clock has it."""
        sender = self.sender
        return None if sender is None else sender.streaming.rtp_info(tracks, sender.source.now(), uri)

    def _date(self) -> str:
        return manners.date(self._station.quirks, time.time() + self._station.trouble.clock_offset_ns / 1e9)

    # --- playing

    @property
    def sender(self) -> Playback | None:
        """What sends to this client, alone or with its group."""
        return self._playback if self._group is None else self._group.playback

    @property
    def plays(self) -> bool:
        """Whether media are sent."""
        if self._group is not None:
            return self._group.plays_for(self)
        return self._playback is not None and self._playback.plays

    def tick(self, now: float) -> None:
        """Sender reports; those of a group are not ours."""
        if self._playback is not None:
            self._playback.tick(now)

    def _play(self) -> None:
        place = _place_of(self.session.resource)
        names = frozenset(track.name for track in self.session.tracks)
        if self._begun is None:
            self._begun = place
            if place.subscription is not None:
                self._station.device.begin(place.subscription)
        if self._group is not None:
            self._group.play(self, names)
        elif self._playback is not None:
            transports = [(track.name, track.transport.interleaved) for track in self.session.tracks]
            self._channels = {name: channels for name, channels in transports if channels is not None}
            self._playback.tracks = set(names)
            self._playback.start()

    def _pause(self) -> None:
        if self._group is not None:
            self._group.pause(self)
        elif self._playback is not None:
            self._playback.pause()

    def _send(self, track: str, packets: list[bytes], rtcp: bool) -> None:
        if track in self._ports:
            if self._station.quirks.udp != "lost":
                self._ports[track].send(packets, rtcp=rtcp)
        elif track in self._channels:
            channel = self._channels[track][rtcp]
            self._write(b"".join([InterleavedFrame(channel, packet).serialize() for packet in packets]))

    def stop(self, *, teardown: bool, bye: bool = True) -> None:
        """Ends what plays, with BYE on each track; a subscription's URI ends with TEARDOWN."""
        playback, self._playback = self._playback, None
        if playback is not None:
            if bye:
                playback.end()
            playback.pause()
        leave, self._leave, self._group = self._leave, None, None
        if leave is not None:
            leave()
        for ports in self._ports.values():
            ports.close()
        self._ports, self._channels = {}, {}
        begun, self._begun = self._begun, None
        if begun is not None and begun.subscription is not None:
            self._station.device.end(begun.subscription, teardown=teardown)


def _place_of(resource: Resource | None) -> Place:
    assert resource is not None and isinstance(resource.key, Place)
    return resource.key
