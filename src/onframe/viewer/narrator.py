"""From what a camera's stream yields to what a page is sent. Pure: no I/O; one Narrator per stream.

Metadata is bound to its picture here for good: a Record's Shapes carry the RTP timestamp of the very
picture that they describe, and the page draws them on that picture and no other.
"""

from __future__ import annotations

import logging
from collections import OrderedDict, deque
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple, TypeAlias

import msgspec

from onframe.errors import ProtocolError
from onframe.overlay.discreet import discreet, hides_plates
from onframe.overlay.style import legend
from onframe.overlay.teller import Place, Teller
from onframe.overlay.view import View
from onframe.overlay.vocabulary import Rules, Shapes
from onframe.record import AccessUnit, Coordinates, Gap, Record, StateChange, StreamEvent, Undecodable
from onframe.viewer import wire
from onframe.viewer.discreet import discreet_answer
from onframe.viewer.memory import SECONDS, Memory, Told
from onframe.wire.payload import h265_sps, sps
from onframe.wire.payload.h264 import H264Depacketizer
from onframe.wire.payload.h265 import H265Depacketizer
from onframe.wire.payload.nal import split_nals

log = logging.getLogger("onframe.viewer")
REMEMBERED = 3 * 25  # pictures; about three seconds
CATCH_UP = 1000  # messages that a page which joins is sent at most: a stream may have no key picture for long
CATCH_UP_BYTES = 8 * 1024 * 1024
COUNTERS = ("pictures", "records", "exact", "approximate", "unbound", "lost", "unreadable", "undrawable", "repaired")
AGAIN = 10.0  # seconds whose Shapes are told again at once in another coordinate space
MOST_AGAIN = 500  # Records
FRAME = 3600  # 90 kHz ticks of one picture at 25 a second
ASSUMED_SIZE = (1280, 720)
_H264_SPS, _H265_SPS = 7, 33
_ALL = View()


class Picture(NamedTuple):
    """An access unit that pages can be shown."""

    unit: AccessUnit


Output: TypeAlias = Picture | wire.ServerMessage


class Narrator:
    """Keeps what a page that joins now must be told first. ``private`` names what is not to leave the server."""

    def __init__(
        self,
        camera: str,
        channel: int,
        stream: int,
        coordinates: Coordinates,
        *,
        key: str = "",
        private: View = _ALL,
    ) -> None:
        self._camera, self._channel, self._stream, self._key = camera, channel, stream, key
        self._private, self._hides_plates = private, hides_plates(private)
        self._teller = Teller(coordinates, ASSUMED_SIZE)
        self._epoch = 0
        self._codec: str | None = None
        self._size = ASSUMED_SIZE
        self._arrivals: OrderedDict[int, datetime] = OrderedDict()
        self._since_key: deque[Output] = deque(maxlen=CATCH_UP)
        self._since_key_bytes = 0
        self._unreadable_sps: bytes | None = None
        self._chosen = False
        self._memory = Memory()
        self._rules_pts: int | None = None
        self._waits_for_key = True
        self.state: wire.State | None = None
        self.counters = dict.fromkeys(COUNTERS, 0)
        self.clock = ""

    @property
    def has_pictures(self) -> bool:
        """Pictures of a known codec have come in this epoch."""
        return self._codec is not None

    def hello(self, path: wire.Path = "annexb", base: int = 0) -> wire.Hello:
        """What is shown from now on, for a page that takes this path."""
        coordinates = self._teller.coordinates
        return wire.Hello(
            camera=self._camera,
            channel=self._channel,
            stream=self._stream,
            epoch=self._epoch,
            width=self._size[0],
            height=self._size[1],
            codec=None if path == "none" else self._codec,
            duration=self._duration(),
            coordinates=self._teller.describe(),
            rules=self._teller.standing(),
            legend=legend(),
            key=self._key,
            path=path,
            base=base,
            space=coordinates.space,
            origin=coordinates.origin,
        )

    def remembered(self) -> list[Output]:
        """For who joins now, after ``hello``: the state, and everything since the last key picture."""
        return ([] if self.state is None else [self.state]) + list(self._since_key)

    def arrived(self, pts: int) -> datetime | None:
        """When a picture of the last while was received."""
        return self._arrivals.get(pts)

    def inspect(self, n: int, subject: str) -> wire.Inspected:
        """What is known of Record ``n`` of this epoch."""
        return discreet_answer(self._memory.inspect(n, subject), self._private)

    def set_coordinates(self, coordinates: Coordinates) -> list[Output]:
        """Another space, from now on and for what was told of the last seconds, whatever Records say of it."""
        self._chosen = True
        self._teller.coordinates = coordinates
        said: list[Output] = [wire.Coordinates(self._teller.describe(), coordinates.space, coordinates.origin)]
        if self._rules_pts is not None:
            said.append(Rules(self._rules_pts, self._teller.standing()))
        said += map(self._again, self._recent())
        self._tell_again(said)
        return said

    def older(self) -> Iterator[Shapes]:
        """After ``set_coordinates``: what was told before those seconds, the newest first. Ends with the epoch."""
        recent, epoch = {told.record.n for told in self._recent()}, self._epoch
        for told in reversed(list(self._memory.since(SECONDS))):
            if told.record.n not in recent and told.record.metadata.kind != "rule":
                if self._epoch != epoch:
                    return
                yield self._again(told)

    def _recent(self) -> list[Told]:
        recent = list(self._memory.since(AGAIN))[-MOST_AGAIN:]
        return [told for told in recent if told.record.metadata.kind != "rule"]

    def _again(self, told: Told) -> Shapes:
        return discreet(self._teller.again(told.record, told.place), self._private)

    def _tell_again(self, said: list[Output]) -> None:
        """Who joins later is told of what is remembered as it is now."""
        newest = {(one.layer, one.n): one for one in said if isinstance(one, Shapes)}
        for index, output in enumerate(self._since_key):
            if isinstance(output, Shapes) and (again := newest.get((output.layer, output.n))) is not None:
                self._since_key[index] = msgspec.structs.replace(again, events=output.events)
            elif isinstance(output, Rules):
                self._since_key[index] = Rules(output.pts, self._teller.standing())

    def tell(self, event: StreamEvent) -> list[Output]:
        """What a page is to be sent because of this event."""
        said: list[Output] = []
        if isinstance(event, Record | AccessUnit) and event.epoch != self._epoch:
            said += self._begin(event.epoch)
        if isinstance(event, AccessUnit):
            said += self._picture(event)
        elif isinstance(event, Record):
            said += self._record_or_error(event)
        elif isinstance(event, StateChange):
            self.state = wire.State(event.state, event.reason, event.since.isoformat(timespec="milliseconds"))
            said.append(self.state)
        elif isinstance(event, Gap):
            self.counters["lost"] += event.packets or event.records or 0
        elif isinstance(event, Undecodable):
            self.counters["unreadable"] += 1
        return said

    def _begin(self, epoch: int) -> list[Output]:
        """Another connection: timestamps, rules and targets of the last one mean nothing any more.

        Codec and size are taken to be the same until its first key picture says otherwise.
        """
        self._epoch = epoch
        self._teller.begin()
        self._arrivals.clear()
        self._memory.forget()
        self._rules_pts = None
        self._waits_for_key = True
        self._forget_pictures()
        return [self.hello()]

    def _picture(self, unit: AccessUnit) -> list[Output]:
        said: list[Output] = []
        if unit.key:
            # What is drawn on this very picture or a later one may have come before it.
            kept = [one for one in self._since_key if isinstance(one, Shapes) and one.pts >= unit.timestamp]
            self._forget_pictures()
            self._since_key += kept
            said += self._describe(unit)
            said += kept if said else []  # after a hello they must be told again
            self._waits_for_key = False
        if self._codec is None or self._waits_for_key:
            return said
        self.counters["pictures"] += 1
        self._arrivals[unit.timestamp] = unit.received_at
        while len(self._arrivals) > REMEMBERED:
            self._arrivals.popitem(last=False)
        picture = Picture(unit)
        self._since_key_bytes += len(unit.data)
        if self._since_key_bytes > CATCH_UP_BYTES:
            self._forget_pictures()
        self._since_key.append(picture)
        return [*said, picture]

    def _forget_pictures(self) -> None:
        self._since_key.clear()
        self._since_key_bytes = 0

    def _describe(self, unit: AccessUnit) -> list[Output]:
        """A hello where a key picture brings another codec or size than the last."""
        nal = _parameter_set(unit)
        if nal is None:
            return []
        try:
            parsed = (h265_sps if unit.codec == "H265" else sps).parse_sps(nal)
        except ProtocolError as error:
            known, self._unreadable_sps = self._unreadable_sps, nal
            return [] if known == nal else [wire.Error("video", f"the video's parameters cannot be read: {error}")]
        codec, size = parsed.codec, (parsed.width, parsed.height)
        if (codec, size) == (self._codec, self._size):
            return []
        self._codec, self._size = codec, size
        self._teller.size = size
        return [self.hello()]

    def _record_or_error(self, record: Record) -> list[Output]:
        """A document that cannot be drawn, whatever the reason, costs itself."""
        self.counters["records"] += 1
        self.counters["repaired"] += bool(record.repairs)
        try:
            return self._record(record)
        except Exception as error:
            log.debug("a document could not be drawn", exc_info=True)
            self.counters["undrawable"] += 1
            return [wire.Error("server", f"a document could not be drawn: {error}")]

    def _record(self, record: Record) -> list[Output]:
        if not self._chosen:
            self._teller.coordinates = record.coordinates
        place = self._place(record)
        self.clock = place.clock
        told = self._teller.tell(record, place)
        said: list[Output] = list(told)
        if self._hides_plates:
            said = [discreet(one, self._private) if isinstance(one, Shapes) else one for one in told]
        is_rule = isinstance(told[0], Rules)
        self._memory.add(record, place, is_rule=is_rule)
        if is_rule:
            self._rules_pts = place.pts
        self._since_key += said
        return said

    def _place(self, record: Record) -> Place:
        """The picture a Record is drawn on."""
        if record.video is not None:
            video = record.video
            self.counters["exact" if video.exact else "approximate"] += 1
            return Place(
                video.timestamp, video.exact, video.clock, video.uncertainty, self._lag(record, video.timestamp)
            )
        self.counters["unbound"] += 1
        if not self._arrivals:
            return Place(record.timestamp or 0, False, "arrival")
        newest = next(reversed(self._arrivals))
        return Place(newest, False, "arrival", lag_ms=self._lag(record, newest))

    def _lag(self, record: Record, pts: int) -> float | None:
        """Milliseconds from the picture's coming to the Record's; None where that picture is not known."""
        arrived = self._arrivals.get(pts)
        return None if arrived is None else (record.received_at - arrived).total_seconds() * 1000

    def _duration(self) -> int:
        """The usual distance of two pictures, in ticks."""
        times = list(self._arrivals)
        distances = sorted(later - earlier for earlier, later in zip(times, times[1:], strict=False) if later > earlier)
        return distances[len(distances) // 2] if distances else FRAME


def _parameter_set(unit: AccessUnit) -> bytes | None:
    """The sequence parameter set in a picture."""
    codec, wanted = (H265Depacketizer, _H265_SPS) if unit.codec == "H265" else (H264Depacketizer, _H264_SPS)
    return next((nal for nal in split_nals(unit.data) if codec.kind(nal) == wanted), None)
