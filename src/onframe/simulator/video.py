"""Scenes as H.264: painted and coded once, kept on disk and in memory, looped without a seam."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from onframe.errors import OnframeError
from onframe.simulator.scenes.scene import FRAMES_PER_SECOND, Pixels, Scene
from onframe.wire.payload.h264 import split_nals

if TYPE_CHECKING:
    from PIL.Image import Image

SIZES = {1: (1280, 720), 2: (640, 360)}
"""Pixels of the main and the sub stream."""
BIT_RATES = {1: 2_500_000, 2: 700_000}
NS = 1_000_000_000
GROUP = FRAMES_PER_SECOND
"""Pictures from one IDR picture to the next."""

log = logging.getLogger(__name__)

given_up: ContextVar[threading.Event | None] = ContextVar("given_up", default=None)
"""Set where nobody waits for the pictures any more: coding then stops at the next one."""


class Picture(msgspec.Struct, array_like=True, gc=False):
    """One access unit, Annex B."""

    data: bytes
    key: bool


class Film(msgspec.Struct):
    """One coded loop: pictures with their instants (ns since the loop's start), and the loop's length in ns.

    ``shown``, where pictures are coded in another order than they are shown in: which of the instants each one is of,
    ``behind``: how many pictures later than captured each is there at the latest.
    """

    width: int
    height: int
    sps: bytes
    pps: bytes
    pictures: list[Picture]
    times: list[int]
    length: int
    sound: bytes = b""
    codec: str = "H264"
    vps: bytes = b""
    shown: list[int] = []
    behind: int = 0


def need(*modules: str) -> list[Any]:
    """Import modules of the simulator extra, or say which extra is missing."""
    from importlib import import_module

    try:
        return [import_module(name) for name in modules]
    except ImportError as error:
        raise OnframeError(
            f"the simulated camera needs {error.name}", hint="pip install 'onframe[simulator]'"
        ) from error


class Encoder:
    """H.264 without B pictures, one thread, parameter sets before every IDR picture."""

    LIBRARY = "libx264"

    def __init__(self, width: int, height: int, bit_rate: int, rate: Fraction = Fraction(FRAMES_PER_SECOND)) -> None:
        self._av, self._color = need("av", "av.video.reformatter")
        context = self._av.CodecContext.create(self.LIBRARY, "w")
        context.width, context.height = width, height
        context.pix_fmt = "yuv420p"
        context.framerate = rate
        context.time_base = 1 / rate
        context.bit_rate = bit_rate
        context.colorspace = context.color_primaries = context.color_trc = 1  # BT.709
        context.color_range = 1  # limited
        context.options = self.options(bit_rate)
        self._context = context
        self._count = 0
        self.width, self.height = width, height

    def options(self, bit_rate: int) -> dict[str, str]:
        """What the library is told."""
        rate = bit_rate // 1000
        return {
            "preset": "veryfast",
            "tune": "zerolatency",
            "profile": "main",
            "x264-params": (
                f"keyint={GROUP}:min-keyint={GROUP}:scenecut=0:bframes=0:repeat-headers=1:annexb=1:aud=0:"
                f"sliced-threads=0:threads=1:vbv-maxrate={rate * 3 // 2}:vbv-bufsize={rate * 2}"
            ),
        }

    def encode(self, frame: Any) -> Iterator[Picture]:
        """Code one av.VideoFrame of any size and format. Raises OnframeError once it is `given_up`."""
        if (stop := given_up.get()) is not None and stop.is_set():
            raise OnframeError("making the pictures was given up", hint="start the camera again")
        scaled = frame.reformat(
            self.width,
            self.height,
            "yuv420p",
            dst_colorspace=self._color.Colorspace.ITU709,
            interpolation="AREA" if frame.width > self.width else "BILINEAR",
        )
        scaled.pts = self._count
        scaled.pict_type = self._av.video.frame.PictureType.NONE
        self._count += 1
        yield from self._pictures(self._context.encode(scaled))

    def flush(self) -> Iterator[Picture]:
        yield from self._pictures(self._context.encode(None))

    def _pictures(self, packets: Iterable[Any]) -> Iterator[Picture]:
        for packet in packets:
            yield Picture(bytes(packet), bool(packet.is_keyframe))


def parameter_sets(annexb: bytes) -> tuple[bytes, bytes]:
    """The first SPS and PPS of Annex B bytes, without start codes; empty where there is none."""
    first: dict[int, bytes] = {}
    for nal in split_nals(annexb):
        first.setdefault(nal[0] & 31, nal)
    return first.get(7, b""), first.get(8, b"")


def film(size: tuple[int, int], pictures: list[Picture], times: list[int], length: int, sound: bytes = b"") -> Film:
    """A Film of coded pictures; the first of them must be a key picture."""
    sps, pps = parameter_sets(pictures[0].data)
    return Film(*size, sps, pps, pictures, times, length, sound)


def shoot(scene: Scene, *, frame_marks: bool = False) -> Iterator[Image]:
    """Every picture of the scene's loop, 1280x720."""
    need("numpy", "PIL.Image")
    from onframe.simulator.scenes.painting import Canvas

    canvas = Canvas(*SIZES[1])
    scene.paint_background(canvas)
    background = canvas.image
    for n in range(scene.frames):
        canvas.image = background.copy()
        scene.paint(canvas, n)
        if frame_marks:
            _paint_marks(canvas.image, n)
            _paint_landmark(canvas.image, scene.landmark(n))
        yield canvas.image


def _paint_marks(image: Image, number: int) -> None:
    for bit in range(16):
        x = 16 + 24 * bit
        image.paste((255, 255, 255) if number >> bit & 1 else (0, 0, 0), (x, 16, x + 24, 40))
    x = 16 + 24 * 16
    image.paste((0, 255, 255), (x, 16, x + 24, 40))


def _paint_landmark(image: Image, box: Pixels | None) -> None:
    """One target as a plain green box, so that a test finds it in the picture."""
    if box is not None:
        x0, y0, x1, y1 = (round(v) for v in box)
        image.paste((0, 255, 0), (x0, y0, x1, y1))


def encode_scene(scene: Scene, *, frame_marks: bool = False) -> dict[int, Film]:
    """Paint and code a scene: the films of streams 1 and 2."""
    av, numpy = need("av", "numpy")
    encoders = {stream: Encoder(*size, BIT_RATES[stream]) for stream, size in SIZES.items()}
    pictures: dict[int, list[Picture]] = {stream: [] for stream in SIZES}
    for image in shoot(scene, frame_marks=frame_marks):
        frame = av.VideoFrame.from_ndarray(numpy.asarray(image), format="rgb24")
        for stream, encoder in encoders.items():
            pictures[stream].extend(encoder.encode(frame))
    for stream, encoder in encoders.items():
        pictures[stream].extend(encoder.flush())
    step = NS // FRAMES_PER_SECOND
    times = [step * n for n in range(scene.frames)]
    return {s: film(SIZES[s], pictures[s], times, step * scene.frames) for s in SIZES}


_films: dict[str, dict[int, Film]] = {}
_locks: dict[str, threading.Lock] = {}


def films_of(scene: Scene, *, frame_marks: bool = False) -> dict[int, Film]:
    """The films of a scene: from memory, from the user's cache directory, or made now. May be called in any thread."""
    return cached(film_key(scene, frame_marks=frame_marks), lambda: encode_scene(scene, frame_marks=frame_marks))


def film_key(scene: Scene, *, frame_marks: bool = False) -> str:
    """Under which a scene's films are kept: another one for each that looks different."""
    return f"{scene.name}-{scene.seed}-{scene.frames}-{'marks' if frame_marks else 'plain'}-{_code_version()}"


def cached(key: str, make: Any) -> dict[int, Film]:
    """Films under a key: each is made once per machine, and loaded once per process."""
    with _locks.setdefault(key, threading.Lock()):
        if key not in _films:
            path = cache_directory() / f"{key}.films"
            _films[key] = _load(path) or _keep(path, make())
        return _films[key]


def cache_directory() -> Path:
    """Where films are kept: ``$XDG_CACHE_HOME/onframe/films``."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "onframe" / "films"


def _load(path: Path) -> dict[int, Film] | None:
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=dict[int, Film])
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        log.warning("the film in %s cannot be read and is made anew: %s", path, error)
        return None


def _keep(path: Path, films: dict[int, Film]) -> dict[int, Film]:
    """Write the films whole or not at all; without a place to write they live in memory only."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(msgspec.msgpack.encode(films))
        os.replace(file.name, path)
    except OSError as error:
        log.warning("the film cannot be kept in %s: %s", path, error)
    return films


def _code_version() -> str:
    """Changes with the code that paints and codes, so that no old film outlives it."""
    digest = hashlib.sha256()
    here = Path(__file__)
    for path in [here, here.with_name("recoding.py"), *sorted((here.parent / "scenes").glob("*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
