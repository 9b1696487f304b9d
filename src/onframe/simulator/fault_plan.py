"""The language of faults: what goes wrong, how badly, and when. A pure parser and a pure timeline.

    plan    = fault { ("," | ";") fault }
    fault   = word [ "=" value ] [ "@" when ] [ "every" time ]
    when    = time                        at this moment, seconds after the start
            | time ".." time              from here to there
            | "bytes=" count              after so many bytes
            | "bytes=" count ".." count   these bytes
    time    = number [ "ms" | "s" | "min" | "h" ]     seconds where no unit is given

    reboot=10s@30s, loss=5%@10s..20s; cut@bytes=4096, stall@5s..8s every 20s

A fault without ``@`` begins at the start, or with ``every`` after the first such time; one that lasts goes on until
its end, which may be never. Which words there are depends on what has the faults: see `Word` and its tables.
"""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypeVar

from onframe.errors import OnframeError
from onframe.isapi.config import METADATA_TYPES

Value: TypeAlias = float | int | str | None
When: TypeAlias = Literal["time", "bytes", "range"]

MAX_FAULTS = 1000
"""How many faults a plan may have."""

_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}
_SIZES = {"": 1, "b": 1, "kb": 1000, "kib": 1024, "mb": 1_000_000, "mib": 1 << 20}
_NUMBER = re.compile(r"([+-]?)(\d{1,12}(?:\.\d{1,9})?)\s*([A-Za-z%]*)")


@dataclass(frozen=True)
class Fault:
    """One fault of a plan. ``start``, ``end`` and ``every`` are in seconds; ``end`` None lasts for good.

    ``after`` counts the bytes after which it happens, ``until`` is the last byte of a range.
    """

    word: str
    value: Value = None
    start: float = 0.0
    end: float | None = None
    every: float | None = None
    after: int | None = None
    until: int | None = None
    position: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Word:
    """A word of the language. ``read`` takes the text of its value; without it the word has none.

    ``default`` is the value where none is written; where that is missing too, a value must be written.
    ``lasts`` says whether it goes on until its end (``lasts_with_value``: where it has a value),
    ``when`` which forms of ``@`` it may have.
    """

    name: str
    about: str
    read: Callable[[str], Value] | None = None
    values: str = ""
    default: Value = None
    lasts: bool = False
    lasts_with_value: bool = False
    when: tuple[When, ...] = ("time",)
    placed: bool = False  # it makes sense with a place in bytes alone

    @property
    def example(self) -> str:
        """How it is written."""
        return f"{self.name}={self.values}" if self.values else self.name

    def goes_on(self, value: Value) -> bool:
        """Whether it goes on until its end, with this value."""
        return self.lasts or (self.lasts_with_value and bool(value))


Words: TypeAlias = Mapping[str, Word]


def seconds(text: str) -> float:
    """A length of time, as in 200ms, 30s, 5min, 1h; raises ValueError."""
    form = "a time is written like 200ms, 30s, 5min or 1h"
    sign, number, unit = _number(text, form)
    if sign or unit not in _UNITS:
        raise ValueError(form)
    return number * _UNITS[unit]


def _period(text: str) -> float:
    if found := seconds(text):
        return found
    raise ValueError("every is followed by a time above 0, like every 20s")


def signed_seconds(text: str) -> float:
    """A time with its sign, as in +1h or -90s; raises ValueError."""
    form = "a step is written with its sign, like +1h or -90s"
    sign, number, unit = _number(text, form)
    if not sign or unit not in _UNITS:
        raise ValueError(form)
    return math.copysign(number * _UNITS[unit], -1.0 if sign == "-" else 1.0)


def share(text: str) -> float:
    """A share, as in 5% or 0.05; raises ValueError."""
    form = "a share is written like 5% or 0.05"
    sign, number, unit = _number(text, form)
    found = number / 100 if unit == "%" else number
    if sign or unit not in ("", "%") or found > 1:
        raise ValueError(form)
    return found


def size(text: str) -> int:
    """A number of bytes, as in 4096, 4kB or 5MiB; raises ValueError."""
    form = "a size is written like 4096, 4kB or 5MiB"
    sign, number, unit = _number(text, form)
    if sign or unit.lower() not in _SIZES:
        raise ValueError(form)
    return int(number * _SIZES[unit.lower()])


def rate(text: str) -> float:
    """Bytes per second, as in 2kB/s; raises ValueError."""
    try:
        found = size(text.removesuffix("/s"))
    except ValueError:
        found = 0
    if not found or not text.endswith("/s"):
        raise ValueError("a rate is written like 2kB/s, and is not 0")
    return float(found)


def count(text: str) -> int:
    """A number that is not 0, as in 5; raises ValueError."""
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or not int(text):
        raise ValueError("a number above 0 is expected, like 5")
    return int(text)


def signed_count(text: str) -> int:
    """A number with or without its sign, not 0; raises ValueError."""
    found = count(text.lstrip("+-"))
    return -found if text.startswith("-") else found


def parts_per_million(text: str) -> float:
    """A drift, as in 200ppm or -200ppm, as a share; raises ValueError."""
    form = "a drift is written like 200ppm or -200ppm"
    sign, number, unit = _number(text, form)
    if unit != "ppm" or number > 100_000:
        raise ValueError(form)
    return math.copysign(number / 1e6, -1.0 if sign == "-" else 1.0)


def every_count(text: str) -> int:
    """After how many requests nonces expire, as in ``every 5``; raises ValueError."""
    found = count(text.removeprefix("every ").strip()) if text.startswith("every ") else 0
    if found < 2:
        raise ValueError('a number of requests is written like "every 5", and is not below 2')
    return found


def metadata_type(text: str) -> str:
    """The name of a configuration type (R-054); raises ValueError."""
    if text not in METADATA_TYPES:
        raise ValueError(f"a metadata type is one of {', '.join(METADATA_TYPES)}")
    return text


def _number(text: str, form: str) -> tuple[str, float, str]:
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        raise ValueError(form)
    return found[1], float(found[2]), found[3]


CAMERA_WORDS: dict[str, Word] = {
    word.name: word
    for word in (
        Word("reboot", "every connection is reset, and the ports are closed for so long", seconds, "10s", 10.0),
        Word("loss", "RTP packets are lost", share, "5%", lasts=True),
        Word("reorder", "RTP packets come in the wrong order", share, "5%", lasts=True),
        Word("duplicate", "RTP packets come twice", share, "5%", lasts=True),
        Word(
            "cut",
            "RTSP connections (the next, where none is open) are closed, now or after so many bytes",
            when=("time", "bytes"),
        ),
        Word("rst", "RTSP connections are reset"),
        Word("bye", "RTSP connections are closed with a good-bye (RTCP BYE)"),
        Word("stall", "nothing is sent, although requests are read", lasts=True),
        Word("halfopen", "nothing is sent and nothing is read, as with a cable cut", lasts=True),
        Word("slow", "so many bytes per second over RTSP", rate, "2kB/s", lasts=True),
        Word("clock-jump", "the clock is set, and back at the end", signed_seconds, "+1h", lasts=True),
        Word("clock-drift", "the clock runs too fast or too slow", parts_per_million, "200ppm", lasts=True),
        Word("clock-1970", "after a reboot the clock stands at 1970 for so long", seconds, "10s", 10.0, lasts=True),
        Word(
            "nonce-expiry",
            "nonces expire, now or after every so many requests",
            every_count,
            "every 5",
            0,
            lasts_with_value=True,
        ),
        Word("lockout", "the account is locked after so many refused logins", count, "5", lasts=True),
        Word("sequence-jump", "RTP sequence numbers jump", signed_count, "1000", 1000),
        Word("ssrc-change", "RTP sources change without a good-bye"),
        Word("oversize", "one document of this size is sent", size, "5MiB", 5 << 20),
        Word("small", "the main stream's pictures get the sub-stream's size", lasts=True),
        Word("type-off", "a metadata type is switched off", metadata_type, "ANPR", lasts=True),
    )
}
"""What can go wrong with a simulated camera, by name."""


def parse(text: str, words: Words = CAMERA_WORDS) -> tuple[Fault, ...]:
    """The faults that ``text`` names, in its order.

    Raises OnframeError, which says at which position (from 1) the text goes wrong and what is possible there.
    """
    faults = [_fault(piece, at, words) for piece, at in _pieces(text)]
    if len(faults) > MAX_FAULTS:
        raise OnframeError(f"the plan has {len(faults)} faults", hint=f"{MAX_FAULTS} are possible")
    return tuple(faults)


def _pieces(text: str) -> Iterable[tuple[str, int]]:
    """The text between the separators, and where it begins; blanks alone are nothing."""
    start = 0
    for end in [*(found.start() for found in re.finditer("[,;]", text)), len(text)]:
        piece = text[start:end]
        if piece.strip():
            yield piece.strip(), start + len(piece) - len(piece.lstrip())
        start = end + 1


def _fault(text: str, at: int, words: Words) -> Fault:
    left, at_sign, when = text.partition("@")
    when_at = at + len(left) + 1
    if at_sign:
        when, every, every_at = _split_every(when, when_at)
    else:
        left, every, every_at = _split_every(left, at)
    name, equals, given = left.partition("=")
    word = words.get(name.strip())
    if word is None:
        raise _error(at, f"there is no fault {name.strip()!r}", f"possible: {', '.join(words)}")
    value = _value(word, given.strip() if equals else None, at + len(name) + 1)
    period = None if every is None else _read(_period, every, every_at)
    place = _when(word, value, when.strip() if at_sign else None, when_at, period)
    fault = Fault(word.name, value, every=period, position=at, **place)
    if fault.end is not None and period is not None and fault.end - fault.start > period:
        raise _error(every_at, f"{word.name} lasts longer than the time until it comes again", "give a longer every")
    return fault


def _split_every(text: str, at: int) -> tuple[str, str | None, int]:
    """What stands before and after " every "; a value may begin with that word."""
    found = re.search(r"\s+every\s+", text)
    if found is None:
        return text, None, at
    return text[: found.start()], text[found.end() :], at + found.end()


def _value(word: Word, given: str | None, at: int) -> Value:
    if word.read is None:
        if given is not None:
            raise _error(at, f"{word.name} takes no value", f"write {word.name} alone")
        return None
    if given is not None:
        return _read(word.read, given, at)
    if word.default is None:
        raise _error(at - 1, f"{word.name} needs a value", f"write it like {word.example}")
    return word.default


_Read = TypeVar("_Read")


def _read(read: Callable[[str], _Read], text: str, at: int) -> _Read:
    try:
        return read(text)
    except ValueError as error:
        raise _error(at, f"{text!r} cannot be read", str(error)) from None


def _when(word: Word, value: Value, given: str | None, at: int, every: float | None) -> dict[str, Any]:
    if given is None:
        if word.placed:
            raise _error(at - 1, f"{word.name} needs a place", f"write {word.name}@bytes=…")
        return {"start": every or 0.0}
    if given.startswith("bytes="):
        return _bytes(word, given.removeprefix("bytes="), at + len("bytes="))
    if "time" not in word.when:
        raise _error(at, f"{word.name} is placed by bytes", f"write {word.name}@bytes=…")
    first, dots, last = given.partition("..")
    start = _read(seconds, first, at)
    if not dots:
        return {"start": start}
    if not word.goes_on(value):
        raise _error(at, f"{word.name} is over at once and has no end", f"write {word.name}@{first}")
    end = _read(seconds, last, at + len(first) + 2)
    if end <= start:
        raise _error(at, f"{given} ends before it begins", "write the earlier time first")
    return {"start": start, "end": end}


def _bytes(word: Word, text: str, at: int) -> dict[str, Any]:
    first, dots, last = text.partition("..")
    if dots and "range" not in word.when:
        raise _error(at, f"{word.name} has no range of bytes", "give one number")
    if not dots and "bytes" not in word.when:
        hint = "give two, as in bytes=10..20" if "range" in word.when else f"write {word.name}@5s"
        raise _error(at, f"{word.name} has no single place in bytes", hint)
    found = {"after": _read(size, first, at)}
    if dots:
        found["until"] = _read(size, last, at + len(first) + 2)
        if found["until"] < found["after"]:
            raise _error(at, f"{text} ends before it begins", "write the smaller number first")
    return found


def _error(at: int, said: str, hint: str) -> OnframeError:
    return OnframeError(f"position {at + 1} of the faults: {said}", hint=hint)


@dataclass(frozen=True)
class Step:
    """What happens at one moment of a timeline: a fault ``begins``, or it ends."""

    at: float
    fault: Fault
    begins: bool


class Timeline:
    """When each fault of a plan begins and ends; ``now`` is in seconds since the start, and given by the caller."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._queue: list[tuple[float, bool, int, Fault]] = []
        self._added = 0
        self.add(faults)

    def add(self, faults: Iterable[Fault], now: float = 0.0) -> None:
        """More faults, whose times count from ``now``."""
        for fault in faults:
            self._added += 1
            heapq.heappush(self._queue, (now + fault.start, True, self._added, fault))

    def drop(self, word: str | None = None) -> None:
        """Forget what is still to come of this word, or of all."""
        self._queue = [entry for entry in self._queue if word is not None and entry[3].word != word]
        heapq.heapify(self._queue)

    @property
    def next(self) -> float | None:
        """When something happens next."""
        return self._queue[0][0] if self._queue else None

    def due(self, now: float) -> list[Step]:
        """What is due, in the order of its time; ends come before beginnings.

        What has recurred meanwhile, because nobody asked for long, happens once.
        """
        steps: list[Step] = []
        while self._queue and self._queue[0][0] <= now:
            at, begins, number, fault = heapq.heappop(self._queue)
            steps.append(Step(at, fault, begins))
            if begins:
                self._follow(at, number, fault, now)
        return steps

    def _follow(self, at: float, number: int, fault: Fault, now: float) -> None:
        if fault.end is not None:
            heapq.heappush(self._queue, (at + fault.end - fault.start, False, number, fault))
        if fault.every is not None:
            missed = max(0, math.floor((now - at) / fault.every))
            heapq.heappush(self._queue, (at + (missed + 1) * fault.every, True, number, fault))
