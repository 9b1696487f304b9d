"""One channel's pictures, sound and metadata, played in real time (sections 2 and 3 of the guide, R-035).

A Source plays a programme at 25 frames/s on the running loop. However many clients listen, each
picture is coded once and each document is encoded once.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from onframe.errors import OnframeError
from onframe.simulator.trouble import Trouble
from onframe.simulator.video import given_up

Track = Literal["video", "audio", "metadata"]
Kind = Literal["rule", "target", "ptz"]
Listener = Callable[["MediaItem"], None]

log = logging.getLogger(__name__)

_LATE = 1_000_000_000
"""Nanoseconds behind the clock from which the Source jumps on instead of catching up."""


@dataclass(frozen=True, slots=True)
class MediaItem:
    """One picture (Annex B), one piece of PCMU, or one metadata document.

    ``at`` is the capture instant in nanoseconds since the source's start, whenever it is emitted.
    ``metadata_type`` is the configuration type by R-061, None where the document belongs to none.
    """

    track: Track
    at: int
    payload: bytes
    key: bool = False
    metadata_type: str | None = None
    kind: Kind | None = None
    format: str | None = None


@dataclass(frozen=True, slots=True)
class VideoParameters:
    """The size of a stream in pixels, and its parameter sets without start codes.

    ``codec`` is "H264" or "H265"; ``vps`` is of H.265 alone.
    """

    width: int
    height: int
    sps: bytes
    pps: bytes
    codec: str = "H264"
    vps: bytes = b""


class Programme(Protocol):
    """What a Source plays: a scene, or a user's video with its script."""

    @property
    def streams(self) -> tuple[int, ...]:
        """Those that there are: 1 main, 2 sub, 3 the sub-stream as H.265."""

    def prepare(self) -> None:
        """Make or load what takes long; called in a thread."""

    def prepare_stream(self, stream: int) -> None:
        """Make or load what `prepare` left out of a stream; called in a thread."""

    def at(self, n: int) -> int:
        """Capture instant of picture ``n``, in ns since the start."""

    def frame_at(self, at: int) -> int:
        """The last picture captured at or before ``at``."""

    def parameters(self, stream: int) -> VideoParameters: ...

    def picture(self, stream: int, n: int) -> tuple[bytes, bool] | None:
        """What a stream sends when picture ``n`` is captured, and whether it is a key picture: that very picture, or an
        earlier one where the coder has to wait for others; None where `prepare_stream` is not done."""

    def captured(self, stream: int, n: int) -> int:
        """Capture instant of that `picture`, in ns since the start."""

    def sound(self, n: int) -> bytes:
        """The PCMU samples from picture ``n`` to the next; may be empty."""

    def documents(self, n: int, epoch_ns: int) -> Sequence[MediaItem]:
        """The documents captured after picture ``n - 1``, up to and with picture ``n``."""

    def rules(self, n: int, epoch_ns: int) -> Sequence[MediaItem]:
        """Every rule as it stands at picture ``n``."""


class Attachment:
    """One listener to one stream of a Source; video reaches it from the first key picture on."""

    def __init__(self, source: Source, stream: int, listener: Listener) -> None:
        self.stream = stream
        self._source = source
        self._listener = listener
        self._seen_key = False

    def detach(self) -> None:
        """Stop listening; may be called again, and from within the listener."""
        self._source._detach(self)

    def _emit(self, item: MediaItem) -> None:
        if item.track == "video" and not self._seen_key:
            if not item.key:
                return
            self._seen_key = True
        self._listener(item)

    def _await_key(self) -> None:
        self._seen_key = False


class Source:
    """Plays one programme for one channel, in real time, while anybody listens."""

    def __init__(
        self,
        programme: Programme,
        *,
        channel: int = 1,
        metadata_delay: tuple[float, float] = (0.0, 0.0),
        seed: int = 1,
        trouble: Trouble | None = None,
    ) -> None:
        """``metadata_delay``: documents are emitted this many seconds late at random, in capture order.

        ``trouble`` says by how much the device's clock is wrong.
        """
        self.channel = channel
        self._epoch_ns = 0
        self._trouble = trouble or Trouble()
        self._programme = programme
        self._delay = metadata_delay
        self._random = random.Random(seed)
        self._attachments: list[Attachment] = []
        self._started = 0
        self._task: asyncio.Task[None] | None = None
        self._making: dict[int, asyncio.Task[None]] = {}
        self._late: set[asyncio.TimerHandle] = set()
        self._emitted_until = 0.0
        self._prepared = False
        self._small = False

    async def prepare(self) -> None:
        """Make or load the pictures, off the loop, and start the clock. Needed once, before all else."""
        if self._prepared:
            return
        stop = threading.Event()
        token = given_up.set(stop)
        try:
            await asyncio.to_thread(self._programme.prepare)
        finally:
            stop.set()  # a thread cannot be cancelled, and the end of the loop waits for it
            given_up.reset(token)
        self._prepared = True
        self._begin()

    def restart(self) -> None:
        """Begin anew at the first picture, as after a reboot: instants count from now on, listeners are forgotten."""
        self._check()
        self._attachments.clear()
        self._stop()
        self._begin()

    def _begin(self) -> None:
        self._started = time.monotonic_ns()
        self._epoch_ns = time.time_ns()

    @property
    def epoch_ns(self) -> int:
        """The device's own time of the source's start, ns since 1970; it moves when the device's clock is set."""
        return self._epoch_ns + self._trouble.clock_offset_ns

    def now(self) -> int:
        """Nanoseconds since the source's start."""
        return time.monotonic_ns() - self._started

    def video_parameters(self, stream: int) -> VideoParameters:
        """Size, codec and parameter sets of one of the ``streams``; what of it is not made yet is being made then."""
        self._check()
        if self._programme.picture(stream, 0) is None and stream not in self._making:
            self._making[stream] = asyncio.create_task(
                self._make(stream), name=f"source-{self.channel} stream {stream}"
            )
        return self._programme.parameters(stream)

    @property
    def streams(self) -> tuple[int, ...]:
        """The numbers of the streams that there are."""
        self._check()
        return self._programme.streams

    async def _make(self, stream: int) -> None:
        """What is not made by `prepare`, in a thread; until then the stream has no pictures."""
        stop = threading.Event()
        token = given_up.set(stop)
        try:
            await asyncio.to_thread(self._programme.prepare_stream, stream)
        except OnframeError as error:
            log.warning("stream %d of channel %d has no pictures: %s", stream, self.channel, error)
        finally:
            stop.set()
            given_up.reset(token)

    def attach(self, stream: int, listener: Listener) -> Attachment:
        """Hand every item from now on to ``listener``, on the running loop."""
        self._check()
        attachment = Attachment(self, stream, listener)
        self._attachments.append(attachment)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._play(), name=f"source-{self.channel}")
        return attachment

    def rules(self, now: int | None = None) -> list[MediaItem]:
        """The rules as they stand at ``now`` (ns since the source's start): what a session gets after PLAY (R-035)."""
        self._check()
        n = self._programme.frame_at(self.now() if now is None else now)
        return list(self._programme.rules(n, self.epoch_ns))

    async def close(self) -> None:
        """Stop playing, and forget every listener."""
        self._attachments.clear()
        making = list(self._making.values())
        for one in making:
            one.cancel()
        task = self._stop()
        if task is not None:
            making.append(task)
        if making:
            await asyncio.wait(making)
        self._making.clear()

    def _check(self) -> None:
        if not self._prepared:
            raise OnframeError("the source has not been prepared", hint="await source.prepare() first")

    def _detach(self, attachment: Attachment) -> None:
        if attachment in self._attachments:
            self._attachments.remove(attachment)
        if not self._attachments:
            self._stop()

    def _stop(self) -> asyncio.Task[None] | None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        for handle in self._late:
            handle.cancel()
        self._late.clear()
        self._emitted_until = 0.0
        return task

    async def _play(self) -> None:
        n = self._programme.frame_at(self.now()) + 1
        while True:
            behind = self.now() - self._programme.at(n)
            if behind > _LATE:
                n = self._programme.frame_at(self.now())
                for attachment in self._attachments:
                    attachment._await_key()
            elif behind < 0:
                await asyncio.sleep(-behind / 1e9)
                continue
            self._play_frame(n)
            n += 1
            if behind > 0:
                await asyncio.sleep(0)

    def _play_frame(self, n: int) -> None:
        programme, at = self._programme, self._programme.at(n)
        pictures = {a.stream for a in self._attachments}
        for stream in pictures:
            film = self._film(stream, n)
            picture = programme.picture(film, n)
            if picture is not None:
                self._emit(MediaItem("video", programme.captured(film, n), *picture), stream)
        sound = programme.sound(n)
        if sound:
            self._emit(MediaItem("audio", at, sound))
        for item in programme.documents(n, self.epoch_ns):
            self._emit_document(item)

    def _film(self, stream: int, n: int) -> int:
        """Whose pictures a stream sends: the main stream those of the sub-stream where it is told to be small."""
        if stream != 1:
            return stream
        sub = self._programme.picture(2, n)
        if self._small != self._trouble.small and sub is not None and sub[1]:
            self._small = self._trouble.small
        return 2 if self._small else 1

    def _emit(self, item: MediaItem, stream: int | None = None) -> None:
        for attachment in tuple(self._attachments):
            if stream is None or attachment.stream == stream:
                attachment._emit(item)

    def _emit_document(self, item: MediaItem) -> None:
        if self._delay[1] <= 0:
            self._emit(item)
            return
        loop = asyncio.get_running_loop()
        due = max(self._emitted_until + 1e-6, loop.time() + self._random.uniform(*self._delay))
        self._emitted_until = due
        handle: asyncio.TimerHandle

        def emit() -> None:
            self._late.discard(handle)
            self._emit(item)

        handle = loop.call_at(due, emit)
        self._late.add(handle)
