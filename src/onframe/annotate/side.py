"""What is written beside the video: pictures as PNG, cues as WebVTT, and what was drawn as JSON lines."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec

from onframe.annotate.output import Draft, Frame, Lines
from onframe.annotate.timeline import TICKS
from onframe.errors import OnframeError
from onframe.overlay.playout import Drawn
from onframe.overlay.vocabulary import Shapes

_TOGETHER = TICKS // 2
"""A text that is away for less than this is one cue."""
_EVENT = 2 * TICKS
"""For how long an event is told, from its last time on."""


class Told(NamedTuple):
    """One picture as it is written: its number from 0, its time in ticks of 90 kHz, and what was drawn on it."""

    n: int
    at: int
    frame: Frame
    state: str
    drawn: Sequence[Drawn]
    bound: Sequence[Shapes]


class Beside(Protocol):
    """A file, or a directory of files, beside the video."""

    def picture(self, told: Told) -> None:
        """One more picture was painted."""

    def finish(self, duration: int) -> None:
        """No more come; the last one is shown for ``duration`` ticks."""

    def abandon(self) -> None:
        """Leave nothing half written behind."""


class Pictures:
    """``frame-000000.png`` and so on in a directory: every picture, or one in ``every`` seconds."""

    def __init__(self, directory: Path, *, every: float = 0.0, force: bool = False) -> None:
        if directory.exists() and not directory.is_dir():
            raise OnframeError(f"{directory} is no directory", hint="--png takes one")
        if directory.is_dir() and not force and any(directory.glob("frame-*.png")):
            raise OnframeError(f"{directory} has pictures already", hint="--force overwrites them")
        directory.mkdir(parents=True, exist_ok=True)
        self._directory, self._every = directory, round(every * TICKS)
        self._next: int | None = None

    def picture(self, told: Told) -> None:
        if self._next is not None and told.at < self._next:
            return
        self._next = told.at + self._every if self._next is None else max(self._next + self._every, told.at)
        draft = Draft(self._directory / f"frame-{told.n:06}.png", force=True)
        rgb_image(told.frame).save(draft.part, format="PNG", compress_level=1)
        draft.keep()

    def finish(self, duration: int) -> None:
        """Each is whole already."""

    def abandon(self) -> None:
        """What is there is whole."""


def rgb_image(frame: Frame) -> Any:
    """A Pillow image of a picture, by its own matrix; where it does not say, by BT.709 from 720 lines on."""
    from av.video.reformatter import Colorspace

    matrix = {1: Colorspace.ITU709, 5: Colorspace.ITU601, 6: Colorspace.ITU601}.get(
        int(frame.colorspace), Colorspace.ITU709 if frame.height >= 720 else Colorspace.ITU601
    )
    return frame.reformat(format="rgb24", src_colorspace=matrix).to_image()


class Frames:
    """JSON lines, one for each picture: its number, pts in its time base, seconds, state, and what is drawn on it."""

    def __init__(self, path: Path, *, force: bool = False) -> None:
        self._lines = Lines(path, force=force)

    def picture(self, told: Told) -> None:
        base = told.frame.time_base
        line = {
            "n": told.n,
            "pts": told.frame.pts,
            "time_base": [base.numerator, base.denominator],
            "time": round(told.at / TICKS, 6),
            "state": told.state,
            "shapes": [{"shape": one.shape, "state": one.state, "age": one.age} for one in told.drawn],
        }
        self._lines.write(msgspec.json.encode(line))

    def finish(self, duration: int) -> None:
        self._lines.keep()

    def abandon(self) -> None:
        self._lines.drop()


class _Cue(msgspec.Struct):
    text: str
    start: int
    end: int


class Cues:
    """WebVTT: who is seen from when to when, and what happened."""

    def __init__(self, path: Path, *, force: bool = False) -> None:
        self._draft = Draft(path, force=force)
        self._open: dict[tuple[str, str], _Cue] = {}
        self._done: list[_Cue] = []
        self._first: int | None = None

    def picture(self, told: Told) -> None:
        self._first = told.at if self._first is None else self._first
        for key, text in set(_texts(told)):
            self._tell(key, text, told.at, told.at)
        for message in told.bound:
            for event in message.events:
                text = ": ".join(part for part in (event.title, event.text) if part)
                self._tell(
                    f"event {event.key}", ("! " if event.level == "alarm" else "") + text, told.at, told.at + _EVENT
                )
        for name in [name for name, cue in self._open.items() if told.at - cue.end > _TOGETHER]:
            self._done.append(self._open.pop(name))

    def _tell(self, key: str, text: str, start: int, end: int) -> None:
        cue = self._open.setdefault((key, text), _Cue(text, start, end))
        cue.end = end

    def finish(self, duration: int) -> None:
        cues = sorted([*self._done, *self._open.values()], key=lambda cue: (cue.start, cue.end, cue.text))
        with self._draft.part.open("w", encoding="utf-8") as file:
            file.write("WEBVTT\n")
            for cue in cues:
                file.write(f"\n{_clock(cue.start)} --> {_clock(cue.end + duration)}\n{_escaped(cue.text)}\n")
        self._draft.keep()

    def abandon(self) -> None:
        self._draft.drop()


def _texts(told: Told) -> Iterator[tuple[str, str]]:
    """(whose, what) of each text in the picture, but the rules'."""
    for one in told.drawn:
        if one.state == "rule":
            continue
        shape = one.shape
        labels = getattr(shape, "labels", None)
        text = labels[0] if labels else getattr(shape, "text", "")
        if text:
            yield f"{shape.kind} {shape.subject}", text


def _escaped(text: str) -> str:
    """As the text of one cue: no markup, no empty line, no arrow."""
    return html.escape(" ".join(text.split()), quote=False)


def _clock(ticks: int) -> str:
    milliseconds = max(0, round(ticks * 1000 / TICKS))
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}.{milliseconds:03}"
