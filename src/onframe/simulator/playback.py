"""What one audience gets of one stream, be it a client or everybody in a multicast group."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from onframe.simulator.device import Device, Place
from onframe.simulator.quirks import Quirks
from onframe.simulator.source import Attachment, MediaItem, Source
from onframe.simulator.streaming import REPORT_INTERVAL, Clock, Lost, Streaming
from onframe.simulator.trouble import Trouble
from onframe.simulator.udp import Ports

Send = Callable[[str, list[bytes], bool], None]
"""Takes a track's name, packets, and whether they are RTCP."""

_TARGETS = re.compile(rb"(<TargetList\b[^>]*>).*(</TargetList>)", re.DOTALL)
_NO_RULE = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Metadata version="1.0" xmlns="http://www.isapi.org/ver20/XMLSchema">'
    b"<type>ruleTarget</type><subType>behaviorAnalysis</subType>"
    b"<TargetDetection><TargetList></TargetList></TargetDetection></Metadata>"
)
_ONVIF = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema">'
    '<tt:VideoAnalytics><tt:Frame UtcTime="{}"/></tt:VideoAnalytics></tt:MetadataStream>'
)


@dataclass
class Station:
    """What all connections of one camera share."""

    device: Device
    sources: Mapping[int, Source]
    trouble: Trouble
    clock: Clock | None = None
    metadata_loss: float = 0.0
    seed: int = 1
    lost: list[Lost] = field(default_factory=list)
    ports: Ports = field(default_factory=Ports)
    drawn: int = 0

    @property
    def quirks(self) -> Quirks:
        """The device's."""
        return self.device.quirks

    @property
    def mute(self) -> bool:
        """Whether nothing can be sent at all."""
        return self.trouble.stalled or self.trouble.half_open

    def streaming(self, place: Place) -> Streaming:
        """A new session's tracks, with numbers of its own."""
        self.drawn += 1
        return Streaming(
            codec=self.sources[place.channel].video_parameters(place.stream).codec,
            clock=self.clock,
            draw=random.Random(f"{self.seed}/{self.drawn}"),
            quirks=self.quirks,
            trouble=self.trouble,
            loss=self.metadata_loss,
            lost=self.lost,
            now=self.sources[place.channel].now(),
        )


class Playback:
    """Sends the ``tracks`` of a place from `start` to `pause` or `end`, all in one numbering."""

    def __init__(self, station: Station, place: Place, send: Send) -> None:
        self.place = place
        self.tracks: set[str] = set()
        self.source = station.sources[place.channel]
        self.streaming = station.streaming(place)
        self._station = station
        self._send = send
        self._attachment: Attachment | None = None
        self._begun = False
        self._next_report = 0.0
        self._quiet_until = 0

    @property
    def plays(self) -> bool:
        """Whether media are sent."""
        return self._attachment is not None

    def start(self) -> None:
        """Reports first, then the rules as they stand (R-035), then what happens. Again: the first two once more."""
        if self._attachment is None:
            self._attachment = self.source.attach(self.place.stream, self._on_item)
            self._begun = True
            self._quiet_until = self.source.now() + int(self._station.quirks.silence * 1e9)
        self.report(time.monotonic())
        for item in self._first_rules():
            self._on_item(item)

    def pause(self) -> None:
        """Sends nothing more; `start` goes on in the same numbering."""
        if self._attachment is not None:
            self._attachment.detach()
            self._attachment = None

    def end(self) -> None:
        """BYE on each track that was sent."""
        self.pause()
        if not self._begun:
            return
        self._begun = False
        at, epoch_ns = self.source.now(), self.source.epoch_ns
        for name in sorted(self.tracks):
            track = self.streaming.track(name)
            self._transmit(name, [track.bye(at, epoch_ns, report=self.streaming.reports(track))], True)

    def tick(self, now: float) -> None:
        """Sender reports, every five seconds."""
        if self.plays and now >= self._next_report:
            self.report(now)

    def report(self, now: float) -> None:
        """A sender report on each track whose time is told."""
        self._next_report = now + REPORT_INTERVAL
        at = self.source.now()
        for name in ("video", "audio", "metadata"):
            if name not in self.tracks:
                continue
            track = self.streaming.track(name)
            if self.streaming.reports(track):
                self._transmit(name, [track.sender_report(at, self.source.epoch_ns)], True)

    def send_document(self, payload: bytes, metadata_type: str | None) -> None:
        """This document as it is, now; of a type only where that is enabled and subscribed."""
        item = MediaItem("metadata", self.source.now(), payload, metadata_type=metadata_type)
        if self.plays and (metadata_type is None or self._wanted(item)):
            self._send_item(item)

    def _first_rules(self) -> list[MediaItem]:
        quirks = self._station.quirks
        rules = [] if quirks.rule_on_change_only else self.source.rules()
        if quirks.empty_rule_first:
            usual = next((each for each in self.source.rules() if _TARGETS.search(each.payload)), None)
            payload = _NO_RULE if usual is None else _TARGETS.sub(rb"\1\2", usual.payload)
            rules.insert(0, MediaItem("metadata", self.source.now(), payload, kind="rule", format="xml"))
        return rules

    def _on_item(self, item: MediaItem) -> None:
        if self._attachment is None or not self._wanted(item):
            return
        if item.track == "metadata" and self._quiet_until and self.source.now() < self._quiet_until:
            return
        self._send_item(item)

    def _send_item(self, item: MediaItem) -> None:
        if item.track not in self.tracks:
            return
        if self.place.plain and item.track == "metadata":
            item = self._as_onvif(item)
        packets = [packet.serialize() for packet in self.streaming.packets(item)]
        if packets:
            self._transmit(item.track, packets, False)

    def _as_onvif(self, item: MediaItem) -> MediaItem:
        ns = self.source.epoch_ns + item.at
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ns // 1_000_000_000))
        text = _ONVIF.format(f"{moment}.{ns // 1_000_000 % 1000:03d}Z")
        return MediaItem("metadata", item.at, text.encode(), format="xml")

    def _transmit(self, track: str, packets: list[bytes], rtcp: bool) -> None:
        if not self._station.mute:
            self._send(track, packets, rtcp)

    def _wanted(self, item: MediaItem) -> bool:
        """Only enabled and subscribed types; what has no type goes to whole channels only (R-060, R-061)."""
        if item.track != "metadata":
            return True
        place = self.place
        if not self._station.device.enabled(place.channel, item.metadata_type):
            return False
        return place.subscription is None or place.subscription.wants(item.metadata_type)
