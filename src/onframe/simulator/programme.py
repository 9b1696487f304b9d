"""What a Source plays: a scene with its film, stamped with the channel's time and device (R-035, R-107)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property

import msgspec

from onframe.isapi.config import configuration_type
from onframe.isapi.metadata import DevInfo, Metadata, Property, Target, Time
from onframe.simulator import recoding
from onframe.simulator.scenes.scene import FRAMES_PER_SECOND, Format, Scene, SceneDocument, device_of
from onframe.simulator.source import MediaItem, VideoParameters
from onframe.simulator.video import Film, cached, film_key, films_of

STEP = 1_000_000_000 // FRAMES_PER_SECOND
SAMPLE_RATE = 8000
Encode = Callable[[Metadata, Format], bytes]


def encode_document(metadata: Metadata, form: Format) -> bytes:
    """The document as the guide writes it."""
    from onframe.isapi.document import encode

    return encode(metadata, form)


@dataclass(frozen=True)
class Stamp:
    """What a device writes into every document: its time and DevInfo, in the guide's form (R-107)."""

    offset_minutes: int = 8 * 60
    ip_address: str = "127.0.0.1"
    port_no: int = 554
    mac_address: str = "02:00:00:6f:6e:66"
    channel: int = 1

    def time(self, ns: int) -> Time:
        """The instant (Unix ns) with milliseconds and offset (B.20)."""
        zone = timezone(timedelta(minutes=self.offset_minutes))
        ms = ns // 1_000_000
        moment = datetime.fromtimestamp(ms // 1000, zone).replace(microsecond=ms % 1000 * 1000)
        iso = moment.isoformat(timespec="milliseconds")
        return Time(raw=iso, iso=iso, epoch_ms=ms)

    def device(self) -> DevInfo:
        return DevInfo(
            ip_address=self.ip_address,
            port_no=self.port_no,
            mac_address=self.mac_address,
            channel=self.channel,
        )

    def put(self, metadata: Metadata, ns: int, form: str) -> Metadata:
        """The document as this device sends it, captured at ``ns`` (Unix)."""
        return msgspec.structs.replace(
            metadata,
            time=self.time(ns),
            device=device_of(metadata, self.device()),
            version="2.0" if form == "xml" else None,
            namespace=("http://www.isapi.org/ver20/XMLSchema" if form == "xml" else None),
        )


def item_of(metadata: Metadata, form: str, at: int, payload: bytes) -> MediaItem:
    """A document as a MediaItem, with its configuration type (R-061) and kind."""
    kind = metadata.kind
    return MediaItem(
        "metadata",
        at,
        payload,
        metadata_type=configuration_type(metadata),
        kind="rule" if kind == "rule" else "ptz" if kind == "ptz" else "target",
        format=form,
    )


def mark(metadata: Metadata, number: int) -> Metadata:
    """The document with Property frameNumber in each of its targets; rules and JSON documents stay as they are."""
    if metadata.kind != "target" or not metadata.targets:
        return metadata
    extra: Property = ("frameNumber", str(number))
    marked: list[Target] = [msgspec.structs.replace(t, properties=[*t.properties, extra]) for t in metadata.targets]
    return msgspec.structs.replace(metadata, targets=marked)


def _dated(metadata: Metadata, epoch_ms: int) -> Metadata:
    """Scenes count a pattern's time from the source's start; documents carry epoch ms (B.4)."""
    dated = [msgspec.structs.replace(s, time_stamp=epoch_ms + (s.time_stamp or 0)) for s in metadata.suspects]
    return msgspec.structs.replace(metadata, suspects=dated)


class FilmProgramme:
    """The pictures and the sound of films, looped without a seam.

    Stream 3 is the sub-stream as H.265, where it can be coded. ``key`` is under which the films are kept.
    """

    def __init__(self) -> None:
        self.films: dict[int, Film] = {}
        self.b_pictures = False
        self.streams: tuple[int, ...] = (1, 2)

    def load(self, key: str, films: dict[int, Film]) -> None:
        """Play these films, which are kept under ``key``."""
        self.films = dict(films)
        self._key = key
        if self.b_pictures:
            made = cached(f"{key}-b", lambda: {1: recoding.with_b_pictures(films[1])})
            self.films[1] = msgspec.structs.replace(made[1], sound=films[1].sound)
        self.streams = (1, 2, 3) if recoding.available() else (1, 2)

    def prepare_stream(self, stream: int) -> None:
        if stream not in self.films:
            self.films |= cached(f"{self._key}-h265", lambda: {stream: recoding.recoded(self.films[2])})

    def at(self, n: int) -> int:
        loop, index = divmod(n, len(self._main.times))
        return loop * self._main.length + self._main.times[index]

    def frame_at(self, at: int) -> int:
        """The last picture captured at or before ``at``."""
        from bisect import bisect_right

        loop, rest = divmod(at, self._main.length)
        return loop * len(self._main.times) + bisect_right(self._main.times, rest) - 1

    def parameters(self, stream: int) -> VideoParameters:
        film = self.films.get(stream) or self._head
        return VideoParameters(film.width, film.height, film.sps, film.pps, film.codec, film.vps)

    def picture(self, stream: int, n: int) -> tuple[bytes, bool] | None:
        film = self.films.get(stream)
        if film is None:
            return None
        picture = film.pictures[(n - film.behind) % len(film.pictures)]
        return picture.data, picture.key

    def captured(self, stream: int, n: int) -> int:
        film = self.films[stream]
        if not film.shown:
            return self.at(n)
        loop, place = divmod(n - film.behind, len(film.pictures))
        return self.at(loop * len(film.pictures) + film.shown[place])

    def sound(self, n: int) -> bytes:
        """The PCMU samples from picture ``n`` to the next."""
        sound = self._main.sound
        if not sound:
            return b""
        first, last = (self.at(k) * SAMPLE_RATE // 1_000_000_000 for k in (n, n + 1))
        start = first % len(sound)
        piece = sound[start : start + last - first]
        return piece + sound[: last - first - len(piece)]

    @property
    def _main(self) -> Film:
        return self.films[1]

    @cached_property
    def _head(self) -> Film:
        return recoding.head_of(self.films[2])


class SceneProgramme(FilmProgramme):
    """A scene: its film, and its documents made for each frame as it comes."""

    def __init__(
        self, scene: Scene, stamp: Stamp | None = None, *, frame_marks: bool = False, encode: Encode = encode_document
    ) -> None:
        super().__init__()
        self.scene = scene
        self._stamp = stamp or Stamp()
        self._frame_marks = frame_marks
        self._encode = encode

    def prepare(self) -> None:
        from onframe.simulator.sound import ambience

        self.scene.prepare()
        key = film_key(self.scene, frame_marks=self._frame_marks)
        self.load(key, films_of(self.scene, frame_marks=self._frame_marks))
        self._main.sound = self._main.sound or ambience(self.scene.frames / FRAMES_PER_SECOND)

    def documents(self, n: int, epoch_ns: int) -> Sequence[MediaItem]:
        return self._items(self.scene.documents(n), n, epoch_ns)

    def rules(self, n: int, epoch_ns: int) -> Sequence[MediaItem]:
        return self._items(self.scene.rules(n), n, epoch_ns)

    def _items(self, documents: Iterable[SceneDocument], n: int, epoch_ns: int) -> list[MediaItem]:
        at = n * STEP
        return [self._item(metadata, form, n, at, epoch_ns) for metadata, form in documents]

    def _item(self, metadata: Metadata, form: Format, n: int, at: int, epoch_ns: int) -> MediaItem:
        if self._frame_marks and form == "xml":
            metadata = mark(metadata, n % self.scene.frames)
        if metadata.suspects:
            metadata = _dated(metadata, epoch_ns // 1_000_000)
        stamped = self._stamp.put(metadata, epoch_ns + at, form)
        return item_of(stamped, form, at, self._encode(stamped, form))
