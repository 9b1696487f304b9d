"""One run's pictures: each with what its Records say painted into it, to the video and to the files beside it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec

from onframe.annotate.output import Draft, Frame, Look, Video, need
from onframe.annotate.side import Beside, Cues, Frames, Pictures, Told
from onframe.annotate.tally import Tally
from onframe.annotate.timeline import TICKS
from onframe.overlay.discreet import discreet
from onframe.overlay.playout import Store
from onframe.overlay.teller import Place, Teller
from onframe.overlay.veil import Veil
from onframe.overlay.view import View, viewed
from onframe.overlay.vocabulary import Rules
from onframe.record import Coordinates, Record

log = logging.getLogger("onframe.annotate")


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written. ``png`` is a directory, ``png_every`` in seconds (0: every picture)."""

    output: Path
    preset: str = "veryfast"
    crf: float = 21.0
    view: View = View()
    png: Path | None = None
    png_every: float = 0.0
    vtt: Path | None = None
    json: Path | None = None
    force: bool = False


def ticks(pts: int, base: Fraction) -> int:
    """A time in units of ``base`` as ticks of 90 kHz, to the nearest."""
    return (2 * pts * base.numerator * TICKS + base.denominator) // (2 * base.denominator)


class Painting:
    """Folds Records and pictures, in the order of their times; raises OnframeError where nothing can be written."""

    def __init__(
        self, wanted: Wanted, tally: Tally, *, duration: int = TICKS // 25, coordinates: Coordinates | None = None
    ) -> None:
        """``duration`` (ticks) is that of one picture; ``coordinates`` replace those that the Records name."""
        need("av", "numpy", "PIL")
        self._wanted, self.tally = wanted, tally
        self._coordinates = coordinates
        self.video = Video(Draft(wanted.output, force=wanted.force), preset=wanted.preset, crf=wanted.crf)
        self._beside: list[Beside] = []
        if wanted.png is not None:
            self._beside.append(Pictures(wanted.png, every=wanted.png_every, force=wanted.force))
        if wanted.vtt is not None:
            self._beside.append(Cues(wanted.vtt, force=wanted.force))
        if wanted.json is not None:
            self._beside.append(Frames(wanted.json, force=wanted.force))
        self._store, self._veil = Store(duration), Veil()
        self._teller = Teller(coordinates or Coordinates())
        self._painter: Any = None
        self._look: Look | None = None
        self._epoch: int | None = None

    @property
    def is_open(self) -> bool:
        """The video has begun."""
        return self._look is not None

    def open(self, look: Look, others: Iterable[Any] = (), tags: dict[str, str] | None = None) -> dict[int, Any]:
        """Begin the video: see `Video.open`."""
        from onframe.overlay.painter import Painter

        self._look = look
        self._painter = Painter(look.width, look.height)
        return self.video.open(look, others, tags)

    def record(self, record: Record, place: Place) -> None:
        """What this Record shows, at its place; one that cannot be drawn costs itself."""
        if record.epoch != self._epoch:
            self._epoch = record.epoch
            self._teller.begin()
        self._teller.coordinates = self._coordinates or record.coordinates
        if self._look is not None:
            self._teller.size = self._look.width, self._look.height
        try:
            told = self._teller.tell(record, place)
        except Exception:
            log.debug("a document could not be drawn", exc_info=True)
            self.tally.undrawable += 1
            return
        for message in told:
            if isinstance(message, Rules):
                self._store.set_rules(message.pts, message.shapes)
            else:
                self._store.add(message)
                self._veil.tell(message)

    def picture(self, frame: Frame, at: int) -> None:
        """Paint one picture of the time ``at`` (ticks) and hand it on."""
        from onframe.overlay.painter.planes import Planes

        look, view = self._look, self._wanted.view
        assert look is not None
        pts, base = frame.pts, frame.time_base
        if (frame.width, frame.height) != (look.width, look.height):
            self.tally.resized += 1
            frame = frame.reformat(look.width, look.height)
        binding = self._store.lookup(at)
        drawn = viewed(binding.drawn, view)
        areas = self._veil.areas(at, binding, view.privacy)
        self._veil.forget_before(at)
        planes = Planes.of(frame)
        self._painter.paint(planes, drawn, areas)
        painted = planes.frame()
        painted.pts, painted.time_base = pts, base
        painted.pict_type = 0  # the coder chooses
        bound = [discreet(message, view) for message in binding.bound]
        told = Told(self.tally.pictures, at, painted, binding.state, drawn, bound)
        self.tally.picture(binding.state, at)
        for one in self._beside:
            one.picture(told)
        self.video.picture(painted)

    def finish(self, duration: int) -> None:
        """Everything is whole; ``duration`` (ticks) is that of the last picture. Without a picture nothing is left."""
        if not self.is_open:
            return self.abandon()
        self.tally.moved, self.tally.left_out = self.video.moved, self.video.left_out
        self.video.finish()
        for one in self._beside:
            one.finish(duration)

    def abandon(self) -> None:
        """Leave nothing half written behind."""
        self.video.abandon()
        for one in self._beside:
            one.abandon()


def look_of(
    frame: Frame,
    time_base: Fraction,
    rate: Fraction | None,
    aspect: Fraction | None = None,
    tags: dict[str, str] | None = None,
) -> Look:
    """What the video has in common with its first picture; an odd row or column is not kept."""
    from onframe.overlay.painter.planes import Planes

    painted = Planes.of(frame).frame()
    return Look(
        width=max(2, frame.width // 2 * 2),
        height=max(2, frame.height // 2 * 2),
        format=painted.format.name,
        time_base=time_base,
        rate=rate or Fraction(25),
        aspect=aspect,
        color_range=int(painted.color_range),
        colorspace=int(painted.colorspace),
        color_primaries=int(frame.color_primaries),
        color_trc=int(frame.color_trc),
        rotation=frame.rotation,
        tags=tags or {},
    )
