"""The video that is written: H.264, each picture at the very time it had, other streams as they were.

Coding and writing have a thread of their own. The file grows under another name and gets its own when it is whole.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO, TypeAlias

import msgspec

from onframe.errors import OnframeError

FORMATS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
_COPIED = {"mp4": ("audio", "subtitle"), "mov": ("audio", "subtitle"), "matroska": ("audio", "subtitle", "attachment")}
_TIMECODE = "timecode"
KEPT_TAGS = ("language", "title", _TIMECODE)
"""Of the video stream; others tell how it was coded."""
_WAITING = 8
"""Pictures painted and not coded yet, at most."""
_MOST_TIMESCALE = 10_000_000
Packet: TypeAlias = Any
Frame: TypeAlias = Any


def need(*modules: str) -> list[ModuleType]:
    """Import modules of the video extra, or say which extra is missing."""
    from importlib import import_module

    try:
        return [import_module(name) for name in modules]
    except ImportError as error:
        raise OnframeError(f"annotate needs {error.name}", hint="pip install 'onframe[video]'") from error


def said_by(error: Exception) -> str:
    """What went wrong, without the numbers that libav gives it."""
    return getattr(error, "strerror", None) or str(error)


def format_of(path: Path) -> str:
    """The container's name, by the suffix. Raises OnframeError."""
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        raise OnframeError(f"{path} is no video that can be written", hint="name it .mp4 or .mkv") from None


class Draft:
    """A file that grows as ``NAME.part`` and takes its name when it is whole.

    Raises OnframeError where there is such a file and ``force`` is not set, or no such directory.
    """

    def __init__(self, path: Path, *, force: bool = False) -> None:
        if path.exists() and not force:
            raise OnframeError(f"{path} exists", hint="--force overwrites it")
        if path.is_dir():
            raise OnframeError(f"{path} is a directory")
        if not path.parent.is_dir():
            raise OnframeError(f"there is no directory {path.parent}")
        self.path, self.part = path, path.with_name(path.name + ".part")

    def keep(self) -> None:
        """It is whole."""
        self.part.replace(self.path)

    def drop(self) -> None:
        """It is of no use."""
        self.part.unlink(missing_ok=True)


class Lines:
    """A file of JSON lines; without a line there is none."""

    def __init__(self, path: Path, *, force: bool = False) -> None:
        self._draft = Draft(path, force=force)
        self._file: BinaryIO | None = None

    def write(self, line: bytes) -> None:
        """One more."""
        if self._file is None:
            self._file = self._draft.part.open("wb")
        self._file.write(line + b"\n")

    def keep(self) -> None:
        """It is whole."""
        if self._file is not None:
            self._file.close()
            self._draft.keep()

    def drop(self) -> None:
        """It is of no use."""
        if self._file is not None:
            self._file.close()
        self._draft.drop()


class Look(msgspec.Struct, frozen=True):
    """What the coded video has in common with the one that it was made of; ``rate`` in pictures a second, ``rotation``
    in degrees, anticlockwise, by which a player turns it. ``tags`` are its own, such as the timecode it begins with."""

    width: int
    height: int
    time_base: Fraction
    rate: Fraction
    format: str = "yuv420p"
    aspect: Fraction | None = None
    color_range: int = 0
    colorspace: int = 2
    color_primaries: int = 2
    color_trc: int = 2
    rotation: int = 0
    tags: dict[str, str] = {}


class Video:
    """One file being written. ``picture`` and ``packet`` hand over; both raise what went wrong in the thread."""

    def __init__(self, draft: Draft, *, preset: str = "veryfast", crf: float = 21.0) -> None:
        (self._av,) = need("av")
        self._draft, self._format = draft, format_of(draft.path)
        self._preset, self._crf = preset, crf
        self._container: Any = None
        self._queue: queue.Queue[tuple[Any, Any]] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._work, name="onframe annotate: coding", daemon=True)
        self._error: BaseException | None = None
        self._last: int | None = None
        self.moved = 0
        """Pictures whose time did not rise, which were put a tick after the one before."""
        self.left_out: list[str] = []
        """Streams of the input that the file has no room for."""

    def open(self, look: Look, others: Iterable[Any] = (), tags: dict[str, str] | None = None) -> dict[int, Any]:
        """Begin the file; ``others`` are input streams to be copied: the answer has output streams by their index.

        Sound, subtitles and, to Matroska, attached files are copied; others cannot be, and are ``left_out``: no
        container takes them from elsewhere. Raises OnframeError where this one cannot hold what is copied.
        """
        options = {}
        if self._format != "matroska" and look.time_base.denominator <= _MOST_TIMESCALE:
            options["movie_timescale"] = str(look.time_base.denominator)  # else a first picture's time is rounded
        container = self._container = self._av.open(
            str(self._draft.part), "w", format=self._format, container_options=options
        )
        container.metadata.update(tags or {})
        self._video = self._new_stream(container, look)
        copies, what = {}, ""
        try:
            for other in others:
                what = f"{other.type} ({other.codec_context.name if other.codec_context else 'no codec'})"
                if other.type not in _COPIED[self._format]:
                    self._leave_out(other, look)
                    continue
                copies[other.index] = container.add_stream_from_template(other)
                copies[other.index].metadata.update(other.metadata)
            container.start_encoding()
        except (self._av.error.FFmpegError, ValueError) as error:
            self._draft.drop()
            if not copies and not what:
                raise OnframeError(f"{self._draft.path} cannot be written: {said_by(error)}") from error
            raise OnframeError(
                f"{self._draft.path.suffix} cannot hold a stream of the input: {what}: {said_by(error)}",
                hint="write an .mkv instead, or leave the other streams out with --only-video",
            ) from error
        self._thread.start()
        return copies

    def _leave_out(self, other: Any, look: Look) -> None:
        """A track of timecodes is not copied but made anew, of the tag of the pictures."""
        if not (other.type == "data" and _TIMECODE in look.tags):
            self.left_out.append(f"{other.type} (stream {other.index})")

    def _new_stream(self, container: Any, look: Look) -> Any:
        stream = container.add_stream("libx264", rate=look.rate)
        stream.width, stream.height, stream.pix_fmt = look.width, look.height, look.format
        stream.time_base = stream.codec_context.time_base = look.time_base
        stream.metadata.update(look.tags)
        if look.rotation and hasattr(stream, "set_display_rotation"):  # not in every PyAV
            stream.set_display_rotation(look.rotation)
        context = stream.codec_context
        if look.aspect:
            context.sample_aspect_ratio = look.aspect
        context.color_range, context.colorspace = look.color_range, look.colorspace
        context.color_primaries, context.color_trc = look.color_primaries, look.color_trc
        context.options = {"preset": self._preset, "crf": str(self._crf)}
        return stream

    def picture(self, frame: Frame) -> None:
        """Code one picture, at its own pts and time base."""
        if self._last is not None and frame.pts <= self._last:
            frame.pts = self._last + 1
            self.moved += 1
        self._last = frame.pts
        self._put((self._video, frame))

    def packet(self, stream: Any, packet: Packet) -> None:
        """Copy one packet of another stream to ``stream``.

        Matroska has no times before zero: what is there only to be decoded (a coder's run-up) would move everything.
        """
        if not (packet.is_discard and self._format == "matroska"):
            self._put((stream, packet))

    def _put(self, item: tuple[Any, Any]) -> None:
        while True:
            if self._error is not None:
                raise self._failure(self._error)
            try:
                return self._queue.put(item, timeout=0.5)
            except queue.Full:
                continue

    def _failure(self, error: BaseException) -> BaseException:
        if isinstance(error, self._av.error.FFmpegError | OSError):
            return OnframeError(f"{self._draft.path} cannot be written: {said_by(error)}")
        return error

    def _work(self) -> None:
        try:
            while True:
                stream, item = self._queue.get()
                if stream is None:
                    break
                if stream is not self._video:
                    item.stream = stream
                    self._container.mux_one(item)
                    continue
                for packet in stream.encode(item):
                    self._container.mux_one(packet)
            for packet in self._video.encode(None):
                self._container.mux_one(packet)
            self._container.close()
        except BaseException as error:
            self._error = error

    def finish(self) -> None:
        """Everything handed over is written, and the file has its name. Without a picture there is no file."""
        if not self._thread.is_alive() and self._error is None:
            return self._draft.drop()
        if self._error is None:
            self._put((None, None))
        self._thread.join()
        if self._error is not None:
            self._draft.drop()
            raise self._failure(self._error)
        self._draft.keep()

    def abandon(self) -> None:
        """Leave nothing behind."""
        if self._thread.is_alive():
            self._error = self._error or OnframeError("given up")
            try:
                self._queue.put_nowait((None, None))
            except queue.Full:
                pass
            self._thread.join(2.0)
        self._draft.drop()
