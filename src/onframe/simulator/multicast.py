"""Multicast groups: one sender for all sessions of a stream that take it that way."""

from __future__ import annotations

from collections.abc import Callable

from onframe.simulator.device import Place
from onframe.simulator.playback import Playback, Station
from onframe.simulator.streaming import TRACK_IDS
from onframe.simulator.udp import TTL, Address, GroupPorts
from onframe.wire.headers import Transport


class Group:
    """One group, its sender, and who has set which tracks up or plays them."""

    def __init__(self, station: Station, place: Place, local: Address) -> None:
        self._ports = GroupPorts(station.ports, local, TRACK_IDS)
        self.playback = Playback(station, place, lambda track, packets, rtcp: self._send(track, packets, rtcp))
        self._playing: dict[object, frozenset[str]] = {}

    @property
    def address(self) -> str:
        """239.…"""
        return self._ports.address

    def transport(self, track: str, offered: Transport) -> Transport:
        """What SETUP's answer says of that track."""
        ssrc = self.playback.streaming.track(track).announced_ssrc
        numbers = self._ports.numbers[track]
        return Transport(
            offered.protocol, unicast=False, destination=self.address, port=numbers, ttl=TTL, ssrc=ssrc, mode="play"
        )

    def play(self, member: object, tracks: frozenset[str]) -> None:
        """Sends these tracks, for this member too; it gets a report and the rules as the others did (R-035)."""
        self._playing[member] = tracks
        self._choose_tracks()
        self.playback.start()

    def pause(self, member: object) -> None:
        """The member plays no more; the last one stops the sender, whose numbering goes on."""
        self._playing.pop(member, None)
        if self._playing:
            self._choose_tracks()
        else:
            self.playback.pause()

    def plays_for(self, member: object) -> bool:
        """Whether media are sent for that member."""
        return member in self._playing

    def end(self) -> None:
        """BYE, and the end of the group."""
        self.playback.end()
        self._ports.close()

    def _choose_tracks(self) -> None:
        self.playback.tracks = set().union(*self._playing.values())

    def _send(self, track: str, packets: list[bytes], rtcp: bool) -> None:
        self._ports.send(track, packets, rtcp=rtcp)


class Groups:
    """The groups of a camera, made with the first session that wants one and ended with the last."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._groups: dict[tuple[object, ...], Group] = {}
        self._members: dict[tuple[object, ...], set[object]] = {}

    def __len__(self) -> int:
        return len(self._groups)

    def join(self, member: object, place: Place, local: Address) -> tuple[Group, Callable[[], None]]:
        """The group of that place on the interface of ``local``, and how to leave it.

        Raises LimitExceeded and OSError where there are no ports for it.
        """
        one = place.subscription
        key = (place.channel, place.stream, one and one.token, place.plain, local[0])
        if key not in self._groups:
            self._groups[key] = Group(self._station, place, local)
            self._members[key] = set()
        self._members[key].add(member)
        return self._groups[key], lambda: self._leave(member, key)

    def playbacks(self) -> list[Playback]:
        """What the groups send."""
        return [group.playback for group in self._groups.values()]

    def _leave(self, member: object, key: tuple[object, ...]) -> None:
        members = self._members.get(key, set())
        if member not in members:
            return
        members.discard(member)
        if not members:
            self._members.pop(key)
            self._groups.pop(key).end()
        else:
            self._groups[key].pause(member)
