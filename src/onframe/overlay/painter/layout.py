"""Where texts go, so that none lies on another: the same rules as the page's layout.js. Pure.

The more important is placed first: near its anchor, in a shorter form where the long one finds no room, then farther
away; what finds no room at all is left out, unless it must be shown. All places begin at even columns and rows.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from onframe.overlay.painter.geometry import XY, Edges, Rect, inside, overlap

Side: TypeAlias = Literal["above", "below", "beside", "on"]
Size: TypeAlias = tuple[float, float]

_PATIENCE = 600.0
"""ms: so long a better place must be free before a text moves back to it."""
_EASE = 200.0
"""ms: so long no better place is searched for."""
_REMEMBERED = 512
_REACH = 5
"""Heights of a text: farther from its anchor only what must be shown is put."""
_SEARCHES = 24
"""Texts of one picture for which a place far away is looked for."""
SETTLED = -1.0
"""In place of a time: there is no better place."""


class Item:
    """A text that wants a place.

    It has ``forms`` sizes, which ``size`` gives, the fullest first; ``key`` is the same from picture to picture.
    """

    __slots__ = ("anchor", "forms", "side", "rank", "keep", "gap", "key")

    def __init__(self, anchor: Rect, forms: int, side: Side, rank: int, keep: bool, gap: float, key: str) -> None:
        self.anchor, self.forms, self.side, self.rank = anchor, forms, side, rank
        self.keep, self.gap, self.key = keep, gap, key

    def size(self, form: int) -> Size:
        raise NotImplementedError


class Placed(NamedTuple):
    rect: Rect
    form: int
    far: bool = False


Stand: TypeAlias = tuple[int, int, float, float]
"""Which place, which form, since when (ms) a better place has been free, when one was searched for last."""


class Memory:
    """Where texts stood on the last picture, so that they do not jump."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Stand] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def of(self, key: str) -> Stand | None:
        return self._known.get(key)

    def keep(self, key: str, place: int, form: int, since: float, searched: float) -> None:
        self._known[key] = (place, form, since, searched)
        self._known.move_to_end(key)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


class Room:
    """What is taken, what is covered only where it must be (targets), and what was where on the last picture."""

    def __init__(self, bounds: Rect, memory: Memory | None = None, now: float = 0.0) -> None:
        """``now`` in ms; memory needs it."""
        self.bounds, self.memory, self.now = bounds, memory, now
        self.taken: list[Edges] = []
        self.spared: list[Edges] = []
        self.searches = _SEARCHES
        x, y, w, h = bounds
        self.edges = (x, y, x + w, y + h)


def arrange(items: Sequence[Item], room: Room) -> list[Placed | None]:
    """A place for each item, or None; what is placed is taken then."""
    found: list[Placed | None] = [None] * len(items)
    for i in sorted(range(len(items)), key=lambda i: items[i].rank):
        placed = found[i] = _place(items[i], room)
        if placed is not None:
            x, y, w, h = placed.rect
            room.taken.append((x, y, x + w, y + h))
    return found


def _place(item: Item, room: Room) -> Placed | None:
    at_once = _standing(item, room) or _first(item, room)
    if at_once is not None:
        return at_once
    taken, spared = _around(item, room)
    for form in range(item.forms):
        rect = _near(item, form, room, taken, spared)
        if rect is not None:
            return Placed(rect, form)
    for form in range(item.forms) if item.keep else (item.forms - 1,):
        rect = _far(item, form, room)
        if rect is not None:
            return Placed(rect, form, far=True)
    return Placed(_least_hidden(item, room), item.forms - 1) if item.keep else None


def _standing(item: Item, room: Room) -> Placed | None:
    """The place of the last picture, where it is free and others were looked at lately."""
    last = room.memory.of(item.key) if room.memory is not None and item.key else None
    if last is None or last[1] >= item.forms or not 0 <= room.now - last[3] < _EASE:
        return None
    w, h = item.size(last[1])
    wanted = next(islice(_LIKED[item.side](item.anchor, w, h, item.gap), last[0], None), None)
    if wanted is None:
        return None
    x, y, moved = _settled(*wanted, w, h, room.edges)
    if moved or _touches(x, y, x + w, y + h, room.taken):
        return None
    return Placed(Rect(x, y, w, h), last[1])


def _first(item: Item, room: Room) -> Placed | None:
    """The place that is liked best, where it is free in every way: what is found mostly, so it is fast."""
    if item.side != "above":
        return None
    (w, h), (x, y, _, _) = item.size(0), item.anchor
    left, top = (int(x) + 1) & ~1, (int(y - h - item.gap) + 1) & ~1
    right, bottom = left + w, top + h
    if not _is_within(left, top, right, bottom, room.edges) or _touches(left, top, right, bottom, room.taken):
        return None
    if _touches(left, top, right, bottom, room.spared):
        return None
    memory = room.memory
    if memory is not None and item.key:
        last = memory.of(item.key)
        if last is not None and last[0] != 0 and last[1] == 0:
            return None
        memory.keep(item.key, 0, 0, SETTLED, room.now)
    return Placed(Rect(left, top, w, h), 0)


def _around(item: Item, room: Room) -> tuple[Sequence[Edges], Sequence[Edges]]:
    """What is taken and what is spared, as far as a place near the anchor may touch it."""
    x, y, w, h = item.anchor
    width, height = item.size(0)
    across, down = width + item.gap + 2, 2 * (height + item.gap) + 2
    left, top, right, bottom = x - across, y - down, x + w + across, y + h + down
    x_start, y_start, x_end, y_end = room.edges
    if left < x_start or top < y_start or right > x_end or bottom > y_end:
        return room.taken, room.spared
    taken = [e for e in room.taken if e[0] < right and left < e[2] and e[1] < bottom and top < e[3]]
    return taken, [e for e in room.spared if e[0] < right and left < e[2] and e[1] < bottom and top < e[3]]


def _near(item: Item, form: int, room: Room, taken: Sequence[Edges], spared: Sequence[Edges]) -> Rect | None:
    """A free place beside the anchor: the one of the last picture, else the one that hides least of what is spared."""
    w, h = item.size(form)
    best, least, found = -1, math.inf, (0.0, 0.0)
    for i, (wanted_x, wanted_y) in enumerate(_LIKED[item.side](item.anchor, w, h, item.gap)):
        x, y, moved = _settled(wanted_x, wanted_y, w, h, room.edges)
        cost = 4 * moved
        if cost >= least or not _is_within(x, y, x + w, y + h, room.edges) or _touches(x, y, x + w, y + h, taken):
            continue
        if spared:
            cost += overlap(Rect(x, y, w, h), spared) / 4
        if cost < least:
            best, least, found = i, cost, (x, y)
        if cost == 0:
            break
    if best < 0:
        return None
    place = Rect(found[0], found[1], w, h)
    return place if room.memory is None or not item.key else _remembered(item, form, best, place, room, taken)


def _settled(x: float, y: float, w: float, h: float, edges: Edges) -> tuple[int, int, float]:
    """At an even column and row within the edges, and how far that is from there."""
    left, top = (int(x) + 1) & ~1, (int(y) + 1) & ~1
    x0, y0, x1, y1 = edges
    if left >= x0 and top >= y0 and left + w <= x1 and top + h <= y1:
        return left, top, 0.0
    inner_x, inner_y, _, _ = inside(Rect(left, top, w, h), Rect(x0, y0, x1 - x0, y1 - y0))
    return int(inner_x) & ~1, int(inner_y) & ~1, abs(inner_x - left) + abs(inner_y - top)


def _is_within(left: float, top: float, right: float, bottom: float, edges: Edges) -> bool:
    return left >= edges[0] and top >= edges[1] and right <= edges[2] + 0.01 and bottom <= edges[3] + 0.01


def _touches(left: float, top: float, right: float, bottom: float, others: Sequence[Edges]) -> bool:
    for x0, y0, x1, y1 in others:
        if x0 < right and left < x1 and y0 < bottom and top < y1:
            return True
    return False


def _remembered(item: Item, form: int, best: int, place: Rect, room: Room, taken: Sequence[Edges]) -> Rect:
    """The place of the last picture for a while yet, where it is free and as good in kind."""
    assert room.memory is not None
    last = room.memory.of(item.key)
    since = SETTLED
    if last is not None and last[1] == form and last[0] != best:
        w, h = item.size(form)
        wanted_x, wanted_y = list(_LIKED[item.side](item.anchor, w, h, item.gap))[last[0]]
        x, y, _ = _settled(wanted_x, wanted_y, w, h, room.edges)
        if _is_within(x, y, x + w, y + h, room.edges) and not _touches(x, y, x + w, y + h, taken):
            since = room.now if last[2] == SETTLED else last[2]
            if room.now - since < _PATIENCE:
                best, place = last[0], Rect(x, y, w, h)
            else:
                since = SETTLED
    room.memory.keep(item.key, best, form, since, room.now)
    return place


def _far(item: Item, form: int, room: Room) -> Rect | None:
    """The nearest free place of a grid; for what may be left out not far away."""
    if room.searches <= 0:
        return None
    room.searches -= 1
    (w, h), (ax, ay, aw, ah), (bx, by, bw, bh) = item.size(form), item.anchor, room.bounds
    reach = math.inf if item.keep else _REACH * h
    xs = _steps(bx, bx + bw - w, max(8, w / 3))
    ys = _steps(by, by + bh - h, max(4, h / 2))
    off_x, off_y = (
        np.maximum(0, np.maximum(ax - xs - w, xs - ax - aw)),
        np.maximum(0, np.maximum(ay - ys - h, ys - ay - ah)),
    )
    xs, off_x, ys, off_y = xs[off_x < reach], off_x[off_x < reach], ys[off_y < reach], off_y[off_y < reach]
    if not xs.size or not ys.size:
        return None
    off = np.hypot(off_x[None, :], off_y[:, None])
    if room.taken:
        x0, y0, x1, y1 = np.array(room.taken, np.float64).T[:, :, None]
        across = ((xs < x1) & (x0 < xs + w)).astype(np.float32)
        down = ((ys < y1) & (y0 < ys + h)).astype(np.float32)
        off[(down.T @ across) > 0] = math.inf
    row, column = divmod(int(off.argmin()), xs.size)
    return Rect(float(xs[column]), float(ys[row]), w, h) if off[row, column] < reach else None


def _steps(low: float, high: float, step: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    low = 2 * math.ceil(low / 2)
    return np.arange(low, max(low, high + 0.01), 2 * max(1, round(step / 2)), dtype=np.float64)


def _least_hidden(item: Item, room: Room) -> Rect:
    w, h = item.size(item.forms - 1)
    wanted = _LIKED[item.side](item.anchor, w, h, item.gap)
    places = [Rect(*_settled(x, y, w, h, room.edges)[:2], w, h) for x, y in wanted]
    return min(places, key=lambda place: overlap(place, room.taken))


# Places in the order in which they are liked.


def _above(anchor: Rect, w: float, h: float, gap: float) -> Iterator[XY]:
    x, y, width, height = anchor
    above, below, left, right, end = y - h - gap, y + height + gap, x - w - gap, x + width + gap, x + width - w
    yield x, above
    yield from ((x, below), (x + gap, y + gap), (right, y), (left, y), (x + (width - w) / 2, above), (end, above))
    yield from ((x, above - h - gap), (x, below + h + gap), (end, below))
    yield from ((right, y + height - h), (left, y + height - h))
    yield from ((right, above), (left, above), (right, below), (left, below))


def _below(anchor: Rect, w: float, h: float, gap: float) -> Iterator[XY]:
    x, y, width, height = anchor
    below, left, right, end = y + height + gap, x - w - gap, x + width + gap, x + width - w
    middle, centre = x + (width - w) / 2, y + (height - h) / 2
    yield middle, below
    yield from ((middle, below + h / 2), (middle, y - gap - h), (right, centre), (left, centre))
    yield from ((middle, below + h + gap), (x, below), (end, below), (right, below), (left, below))


def _beside(anchor: Rect, w: float, h: float, gap: float) -> Iterator[XY]:
    x, y, width, height = anchor
    above, below, left, right, end = y - h - gap, y + height + gap, x - w - gap, x + width + gap, x + width - w
    yield right, y
    yield from ((left, y), (right, y + height - h), (left, y + height - h))
    yield from ((x, below), (end, below), (x, above), (end, above))


def _on(anchor: Rect, w: float, h: float, gap: float) -> Iterator[XY]:
    x, y, width, height = anchor
    middle, centre = x + (width - w) / 2, y + (height - h) / 2
    up, down = centre - h - gap, centre + h + gap
    yield middle, centre
    yield from ((middle, down), (middle, up), (middle - w - gap, centre), (middle + w + gap, centre))
    yield from ((middle, down + h + gap), (middle, up - h - gap))


_LIKED: dict[Side, Callable[[Rect, float, float, float], Iterator[XY]]] = {
    "above": _above,
    "below": _below,
    "beside": _beside,
    "on": _on,
}
