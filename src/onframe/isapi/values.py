"""Texts as sent → numbers and times. What cannot be read is None; nothing is guessed."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from onframe.isapi.leniency import Notes, time_form
from onframe.isapi.metadata import Number, Time

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LARGEST = 2**63 - 1


def number(text: str) -> Number | None:
    """An int where the text is integral, else a finite float, else None."""
    if "_" in text:
        return None
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
    return integer(text) if text.lstrip("-").isdecimal() and integer(text) is not None else text or None


def read_time(raw: str, notes: Notes) -> Time:
    """The document's time (B.20): any ISO 8601 form; without offset it is only local."""
    try:
        instant = datetime.fromisoformat(raw)
    except ValueError:
        notes.warn(f"time: {raw[:40]!r} is not ISO 8601")
        return Time(raw)
    if instant.tzinfo is None:
        notes.warn("time has no offset from UTC, so it is not an instant")
        return Time(raw, instant.isoformat(timespec="milliseconds"))
    if raw[-3:-2] != ":":
        time_form(raw, notes)
    return Time(raw, instant.isoformat(timespec="milliseconds"), (instant - _EPOCH) // _MILLISECOND)
