"""Heat maps: a picture over the whole picture. It comes from a camera, so it is bounded before it is decoded."""

from __future__ import annotations

import base64
import io
import warnings

import numpy as np
from PIL import Image

from onframe.overlay.painter.cache import Cache
from onframe.overlay.painter.planes import Bytes, Planes

_FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
_LONGEST_SIDE = 4096
_MOST_PIXELS = 16_000_000
_MOST_DATA = 32 << 20
"""Characters of base64."""
_ROWS = 64
"""That are mixed at a time, so that they stay in the processor's cache."""


class Heat:
    """A heat map in the picture's own size and planes."""

    def __init__(self, planes: tuple[Bytes, Bytes, Bytes, Bytes, Bytes]) -> None:
        """Luma, both of chroma, and the opacity of each pixel for luma and for chroma."""
        self.planes = planes
        self.size = sum(plane.nbytes for plane in planes)

    def blend(self, planes: Planes, opacity: float) -> None:
        y, u, v, full, half = self.planes
        for plane, own, alpha in ((planes.y, y, full), (planes.u, u, half), (planes.v, v, half)):
            for top in range(0, own.shape[0], _ROWS):
                rows = slice(top, top + _ROWS)
                _mix(plane.data[rows], own[rows], alpha[rows], opacity)


def _mix(region: Bytes, own: Bytes, alpha: Bytes, opacity: float) -> None:
    share = (alpha * np.float32(opacity * 256 / 255) + np.float32(0.5)).astype(np.uint16)
    mixed = own * share
    np.subtract(256, share, out=share)
    share *= region
    mixed += share
    mixed += np.uint16(96)
    mixed >>= 8
    region[...] = mixed


class HeatMaps:
    """The last few heat maps, decoded."""

    def __init__(self) -> None:
        self._known: Cache[Heat] = Cache(4, 256 << 20)
        self._broken: Cache[bool] = Cache(16, 1 << 20)

    @property
    def used(self) -> int:
        """Bytes."""
        return self._known.used + self._broken.used

    def draw(self, planes: Planes, data: str, opacity: float) -> None:
        """Over the whole picture; one that cannot be read is left out."""
        if not opacity > 0:
            return
        key = _key(planes, data)
        heat = self._known.get(key)
        if heat is None and not self._broken.get(key):
            image = decoded(data)
            if image is None:
                self._broken.put(key, True, 100)
                return
            heat = _laid_out(image, planes)
            self._known.put(key, heat, heat.size)
        if heat is not None:
            heat.blend(planes, min(1.0, opacity))

    def failed(self, planes: Planes, data: str) -> bool:
        """It was to be drawn, and cannot be read."""
        return bool(self._broken.get(_key(planes, data)))


def _key(planes: Planes, data: str) -> tuple[object, ...]:
    return (hash(data), len(data), planes.colors)


def decoded(data: str) -> Image.Image | None:
    """The picture, or None: of no known kind, broken, or larger than is sensible."""
    if len(data) > _MOST_DATA:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            image = Image.open(io.BytesIO(base64.b64decode(data)), formats=_FORMATS)
            if max(image.size) > _LONGEST_SIDE or image.width * image.height > _MOST_PIXELS:
                return None
            return image.convert("RGBA")
    except (OSError, ValueError, SyntaxError, MemoryError, EOFError, Warning, Image.DecompressionBombError):
        return None


def _laid_out(image: Image.Image, planes: Planes) -> Heat:
    """Stretched to the picture's size; chroma to half of it."""
    sizes = ((planes.width, planes.height), (planes.u.data.shape[1], planes.u.data.shape[0]))
    full, half = (np.asarray(image.resize(size, Image.Resampling.BILINEAR), np.float32) for size in sizes)
    y = _plane(full, planes, 0)
    u, v = _plane(half, planes, 1), _plane(half, planes, 2)
    return Heat((y, u, v, full[..., 3].astype(np.uint8), half[..., 3].astype(np.uint8)))


def _plane(rgba: np.ndarray[tuple[int, ...], np.dtype[np.float32]], planes: Planes, number: int) -> Bytes:
    """One plane of it: the conversion of three corners of the colours' cube says that of all."""
    colors = planes.colors
    foot = colors.exact("#000000")[number]
    weights = [(colors.exact(color)[number] - foot) / 255 for color in ("#ff0000", "#00ff00", "#0000ff")]
    mixed = rgba[..., :3] @ np.array(weights, np.float32) + np.float32(foot + 0.5)
    return np.asarray(np.clip(mixed, 0, 255).astype(np.uint8))
