"""Texts as sent → numbers and times. What cannot be read is None; nothing is guessed."""

from __future__ import annotations

import math
from datetime import datetime
from functools import lru_cache

from onframe.isapi.leniency import Notes, time_form
from onframe.isapi.metadata import Number, Time

_LARGEST = 2**63 - 1


def number(text: str) -> Number | None:
    """An int where the text is integral, else a finite float, else None."""
    if "_" in text:
        return None
    if "." in text:
        return _real(text)
    try:
        whole = int(text)
    except ValueError:
        return _real(text)
    return whole if -_LARGEST <= whole <= _LARGEST else None


def _real(text: str) -> Number | None:
    try:
        real = float(text)
    except ValueError:
        return None
    return plain(real)


def plain(value: Number) -> Number | None:
    """``value`` as an int where it is integral; None where it is not finite or too large."""
    if not math.isfinite(value) or abs(value) > _LARGEST:
        return None
    return int(value) if isinstance(value, int) or value.is_integer() else value


def integer(text: str) -> int | None:
    """An int, or None."""
    found = number(text)
    return found if isinstance(found, int) else None


def identifier(text: str) -> int | str | None:
    """An int where the text is one, else the text; None where it is empty."""
    if text.isdecimal() and len(text) < 19:
        return int(text)
    found = integer(text) if text.lstrip("-").isdecimal() else None
    return found if found is not None else text or None


_SECONDS = {f"{second:02}.": second * 1000 for second in range(60)}
_MILLISECONDS = {f"{millisecond:03}": millisecond for millisecond in range(1000)}


def read_time(raw: str, notes: Notes) -> Time:
    """The document's time (B.20): any ISO 8601 form; without offset it is only local."""
    if len(raw) == 29 and raw[17:20] in _SECONDS and raw[20:23] in _MILLISECONDS:
        minute = _minute(raw[:17] + raw[23:])
        if minute is not None:
            return Time(raw, raw, minute + _SECONDS[raw[17:20]] + _MILLISECONDS[raw[20:23]])
    time = _parsed(raw) if len(raw) < 64 else Time(raw)
    if time.epoch_ms is None:
        what = "has no offset from UTC, so it is not an instant" if time.iso else f"{raw[:40]!r} is not ISO 8601"
        notes.warn(f"time {what}")
    elif raw[-3:-2] != ":":
        time_form(raw, notes)
    return time


@lru_cache(maxsize=256)
def _minute(raw: str) -> int | None:
    """The instant of a time without its seconds, which the documents of a minute share.

    None where the time is not written as ``iso`` is.
    """
    time = _parsed(f"{raw[:17]}00.000{raw[17:]}")
    return time.epoch_ms if time.iso == time.raw else None


@lru_cache(maxsize=512)
def _parsed(raw: str) -> Time:
    """Documents of one frame, and those that count in seconds, share their time."""
    try:
        instant = datetime.fromisoformat(raw)
    except ValueError:
        return Time(raw)
    iso = instant.isoformat(timespec="milliseconds")
    if instant.tzinfo is None:
        return Time(raw, iso)
    return Time(raw, iso, math.floor(instant.timestamp()) * 1000 + instant.microsecond // 1000)
