"""One text for a target of which several documents tell, each with a box of its own (tracking and ANPR do).

The same rules as the page's twins.js. Pure.
"""

from __future__ import annotations

from typing import NamedTuple

from onframe.overlay.painter.geometry import Rect, overlap

_SAME = 0.7
"""Of what two boxes cover together: that much they share when they are about one target."""
_MOST = 16
"""Texts of one ID that are compared."""


class Told(NamedTuple):
    """What is to be written beside a target."""

    anchor: Rect
    lines: tuple[str, ...]
    color: str
    alarm: bool
    rank: int
    alpha: float
    key: str


class Twins:
    """The texts of one picture by the ID of what they are about."""

    def __init__(self) -> None:
        self._known: dict[str, list[tuple[Told, int]]] = {}

    def merge(self, told: Told, index: int) -> tuple[Told, int]:
        """What is to be told, and at which index: with an earlier text of the same target, and there, if any."""
        if not told.key:
            return told, index
        alike = self._known.setdefault(told.key.rpartition("/")[2], [])  # "12 Box", whatever document tells of it
        for i, (known, there) in enumerate(alike):
            if _are_twins(known, told):
                alike[i] = found = together(known, told), there
                return found
        alike.append((told, index))
        del alike[:-_MOST]
        return told, index


def together(a: Told, b: Told) -> Told:
    """The fuller first line, then what else either says, an alarm's first."""
    fuller, other = (b, a) if len(b.lines[0]) > len(a.lines[0]) else (a, b)
    first, second = (fuller, other) if a.alarm == b.alarm else (a, b) if a.alarm else (b, a)
    return first._replace(
        anchor=b.anchor if b.rank < a.rank else a.anchor,
        lines=tuple(dict.fromkeys((fuller.lines[0], *first.lines[1:], *second.lines[1:]))),
        rank=min(a.rank, b.rank),
        alpha=max(a.alpha, b.alpha),
        key=min(a.key, b.key),
    )


def _are_twins(a: Told, b: Told) -> bool:
    if not (a.lines[0].startswith(b.lines[0]) or b.lines[0].startswith(a.lines[0])):
        return False
    shared = overlap(a.anchor, (b.anchor.edges,))
    return shared > 0 and shared >= _SAME * (a.anchor.w * a.anchor.h + b.anchor.w * b.anchor.h - shared)
