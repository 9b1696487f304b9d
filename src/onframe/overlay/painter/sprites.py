"""Small pictures that are blended into the planes: composed once of masks and colours, laid down many times.

A value of a plane becomes ``(value * rest + share) >> 8``: ``rest`` is what shines through of 256, ``share`` what the
sprite adds. One that touches nothing leaves the very same byte. All begin at even columns and rows, so that 2x2 pixels
share one value of chroma wherever they are laid down.
"""

from __future__ import annotations

import functools
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from onframe.overlay.painter.planes import Bytes, Colors, Plane, Planes

Levels: TypeAlias = NDArray[np.uint16]
Cover: TypeAlias = NDArray[np.float32]
"""Opacity of each pixel, 0..1."""


class Film(NamedTuple):
    """What a sprite does to one plane."""

    rest: Levels
    share: Levels

    def faded(self, alpha: float) -> Film:
        """As if it were drawn with this opacity."""
        by = round(alpha * 256)
        rest = 256 - ((256 - self.rest.astype(np.uint32)) * by >> 8)
        share = self.share.astype(np.uint32) * by >> 8
        return Film(rest.astype(np.uint16), share.astype(np.uint16))


class Sprite:
    """A rectangle of even width and height."""

    __slots__ = ("film", "width", "height")

    def __init__(self, films: tuple[Film, Film, Film]) -> None:
        self.height, self.width = films[0].rest.shape
        rest, share = (np.concatenate([film[part].reshape(-1) for film in films]) for part in (0, 1))
        self.film = Film(rest, share)
        """Of the three planes, one behind the other."""

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return 4 * self.film.rest.size

    def blend(self, planes: Planes, x: int, y: int, alpha: float = 1.0) -> None:
        """Lay it down with its upper left at (x, y), both even; what is outside of the picture is cut off."""
        rest, share = self.film.faded(alpha) if alpha < 1 else self.film
        right, bottom = x + self.width, y + self.height
        if x < 0 or y < 0 or right > planes.width or bottom > planes.height:
            films = zip(self._parts(rest), self._parts(share), strict=True)
            for plane, film, half in zip((planes.y, planes.u, planes.v), films, (0, 1, 1), strict=True):
                _lay(plane.data, Film(*film), x >> half, y >> half)
            return
        # All three in one: of a few thousand values, a call of numpy's costs more than what it does to them.
        mixed = np.empty(rest.size, np.uint16)
        luma, blue, red = self._parts(mixed)
        on_luma = planes.y.data[y:bottom, x:right]
        x, y, right, bottom = x >> 1, y >> 1, right >> 1, bottom >> 1
        on_blue, on_red = planes.u.data[y:bottom, x:right], planes.v.data[y:bottom, x:right]
        luma[...], blue[...], red[...] = on_luma, on_blue, on_red
        mixed *= rest
        mixed += share
        mixed >>= 8
        on_luma[...], on_blue[...], on_red[...] = luma, blue, red

    def _parts(self, whole: Levels) -> tuple[Levels, Levels, Levels]:
        """What of it belongs to each plane, in rows and columns."""
        rows, columns = self.height, self.width
        luma, chroma = rows * columns, rows * columns * 5 // 4
        half = (rows >> 1, columns >> 1)
        return whole[:luma].reshape(rows, columns), whole[luma:chroma].reshape(half), whole[chroma:].reshape(half)


def _lay(plane: Bytes, film: Film, x: int, y: int) -> None:
    """As much of it as lies within the plane."""
    rest, share = film
    top, left = max(0, -y), max(0, -x)
    bottom, right = min(rest.shape[0], plane.shape[0] - y), min(rest.shape[1], plane.shape[1] - x)
    if bottom <= top or right <= left:
        return
    region = plane[y + top : y + bottom, x + left : x + right]
    mixed = region * rest[top:bottom, left:right]
    mixed += share[top:bottom, left:right]
    mixed >>= 8
    region[...] = mixed


class Composition:
    """A sprite in the making: layers of colour, the first at the bottom."""

    def __init__(self, width: int, height: int, colors: Colors) -> None:
        """Width and height are rounded up to even ones."""
        self.width, self.height = max(2, width + (width & 1)), max(2, height + (height & 1))
        self.colors = colors
        half = (self.height // 2, self.width // 2)
        self._rest = [np.ones((self.height, self.width), np.float32), np.ones(half, np.float32)]
        self._shares = [np.zeros_like(self._rest[0]), np.zeros(half, np.float32), np.zeros(half, np.float32)]

    def add(self, cover: Cover, color: str, opacity: float = 1.0, x: int = 0, y: int = 0) -> None:
        """One layer; its upper left lies at (x, y), what is outside is cut off."""
        cover = cover[max(0, -y) : self.height - y, max(0, -x) : self.width - x]
        x, y = max(0, x), max(0, y)
        if not cover.size:
            return
        if opacity != 1:
            cover = cover * np.float32(opacity)
        levels = self.colors.yuv(color)
        self._mix(self._rest[0], self._shares[:1], levels[:1], cover, x, y)
        self._mix(self._rest[1], self._shares[1:], levels[1:], halved(cover, x & 1, y & 1), x >> 1, y >> 1)

    @staticmethod
    def _mix(rest: Cover, shares: list[Cover], levels: tuple[int, ...], cover: Cover, x: int, y: int) -> None:
        place = np.s_[y : y + cover.shape[0], x : x + cover.shape[1]]
        through = 1 - cover
        rest[place] *= through
        for share, level in zip(shares, levels, strict=True):
            part = share[place]
            part *= through
            part += cover * np.float32(level)

    def copy(self) -> Composition:
        """To go on from the same layers twice."""
        other = Composition.__new__(Composition)
        other.width, other.height, other.colors = self.width, self.height, self.colors
        other._rest, other._shares = [rest.copy() for rest in self._rest], [share.copy() for share in self._shares]
        return other

    def films(self) -> tuple[Film, Film, Film]:
        rest = [_levels(rest, 256.0) for rest in self._rest]
        y, u, v = (_levels(share, 256.0, 96.0) for share in self._shares)
        for film_rest, share in ((rest[0], y), (rest[1], u), (rest[1], v)):
            share[film_rest == 256] = 0
        return Film(rest[0], y), Film(rest[1], u), Film(rest[1], v)

    def sprite(self) -> Sprite:
        return Sprite(self.films())


def _levels(values: Cover, scale: float, more: float = 0.5) -> Levels:
    return (values * np.float32(scale) + np.float32(more)).astype(np.uint16)


def halved(cover: Cover, odd_x: int, odd_y: int) -> Cover:
    """The mean of each 2x2 pixels; ``odd_x``, ``odd_y``: the first column or row is the second of its pair."""
    rows, columns = cover.shape
    top, left = odd_y, odd_x
    bottom, right = (rows + top) & 1, (columns + left) & 1
    if top or left or bottom or right:
        cover = np.pad(cover, ((top, bottom), (left, right)))
    upper, lower = cover[::2], cover[1::2]
    return np.asarray((upper[:, ::2] + upper[:, 1::2] + lower[:, ::2] + lower[:, 1::2]) * np.float32(0.25))


def rounded(width: int, height: int, radius: float, inset: float = 0.0) -> Cover:
    """A rectangle with round corners, this far within (0, 0) .. (width, height)."""
    half_w, half_h = width / 2 - inset, height / 2 - inset
    radius = max(0.0, min(radius, half_w, half_h))
    dx = np.abs(np.arange(width, dtype=np.float32) + np.float32(0.5 - width / 2)) - np.float32(half_w - radius)
    dy = np.abs(np.arange(height, dtype=np.float32) + np.float32(0.5 - height / 2)) - np.float32(half_h - radius)
    corner = np.hypot(np.maximum(dx, 0)[None, :], np.maximum(dy, 0)[:, None])
    distance = corner + np.minimum(np.maximum(dx[None, :], dy[:, None]), 0) - np.float32(radius)
    return np.asarray(np.clip(np.float32(0.5) - distance, 0, 1))


def wash(plane: Plane, x0: int, y0: int, x1: int, y1: int, rest: int, share: int) -> None:
    """The same over a whole rectangle, its edges within the plane or beyond its right and bottom."""
    region = plane.data[y0:y1, x0:x1]
    if rest == 0:
        region[...] = share >> 8
    else:
        region[...] = table(rest, share).take(region)


@functools.lru_cache(maxsize=1024)
def table(rest: int, share: int) -> Bytes:
    """What each value becomes."""
    values = np.arange(256, dtype=np.uint32) * rest + share
    return np.asarray(np.minimum(values >> 8, 255).astype(np.uint8))
