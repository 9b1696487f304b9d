"""Golden scenes, and pictures to paint them on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
from numpy.typing import NDArray

from onframe.overlay.painter import Colors, Planes
from onframe.overlay.playout import Drawn
from onframe.overlay.view import Area
from onframe.overlay.vocabulary import Shape, Shapes

FOLDER = Path(__file__).parents[2] / "golden" / "scenes"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
RGB = NDArray[np.uint8]


class Pixel(msgspec.Struct):
    x: int
    y: int
    color: str
    tolerance: int
    why: str


class Scene(msgspec.Struct):
    size: tuple[int, int]
    background: str
    drawn: list[dict[str, Any]]
    areas: list[Area] = []
    pixels: list[Pixel] = []
    patches: list[dict[str, Any]] = []

    def shapes(self) -> list[Drawn]:
        found = []
        for entry in self.drawn:
            shape = msgspec.convert(entry["shape"], Shape)
            message = Shapes(0, "layer", True, "sender_report", hold_ms=entry.get("hold_ms", 500))
            state = entry["state"]
            found.append(Drawn(shape, state, entry.get("age", 0), None if state == "rule" else message))
        return found

    def picture(self, width: int = 0, height: int = 0) -> Planes:
        """The background with its patches; those only at the scene's own size."""
        rgb = flat(width or self.size[0], height or self.size[1], self.background)
        if not width:
            for patch in self.patches:
                x, y, w, h = (patch[key] for key in "xywh")
                rgb[y : y + h, x : x + w] = list(bytes.fromhex(patch["color"][1:]))
        return planes_of(rgb)


def scene(name: str) -> Scene:
    return msgspec.json.decode((FOLDER / f"{name}.json").read_bytes(), type=Scene)


def flat(width: int, height: int, color: str) -> RGB:
    picture = np.empty((height, width, 3), np.uint8)
    picture[...] = list(bytes.fromhex(color[1:]))
    return picture


def planes_of(rgb: RGB, colors: Colors | None = None) -> Planes:
    """The picture in 4:2:0, chroma the mean of 2x2 pixels."""
    height, width, _ = rgb.shape
    colors = colors or Colors()
    y, u, v = converted(rgb, colors)
    edge = ((0, height & 1), (0, width & 1))
    halves = []
    for plane in (u, v):
        whole = np.pad(plane, edge, mode="edge")
        halves.append(whole.reshape((height + 1) // 2, 2, (width + 1) // 2, 2).mean(axis=(1, 3)))
    return Planes(*(np.ascontiguousarray(np.round(plane).astype(np.uint8)) for plane in (y, *halves)), colors)


def converted(rgb: RGB, colors: Colors) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """By the definition of the matrix, not by the painter's own arithmetic."""
    red, blue = colors.shares
    r, g, b = (rgb[..., i].astype(float) / 255 for i in range(3))
    luma = red * r + (1 - red - blue) * g + blue * b
    pb, pr = (b - luma) / (2 * (1 - blue)), (r - luma) / (2 * (1 - red))
    if colors.full:
        return 255 * luma, 128 + 255 * pb, 128 + 255 * pr
    return 16 + 219 * luma, 128 + 224 * pb, 128 + 224 * pr


def rgb_of(planes: Planes) -> RGB:
    """Back again: each value of chroma for its 2x2 pixels."""
    red, blue = planes.colors.shares
    y = planes.y.data.astype(float)
    u, v = (plane.data.repeat(2, 0).repeat(2, 1)[: planes.height, : planes.width] for plane in (planes.u, planes.v))
    full = planes.colors.full
    luma = y / 255 if full else (y - 16) / 219
    pb, pr = ((plane.astype(float) - 128) / (255 if full else 224) for plane in (u, v))
    r, b = luma + 2 * (1 - red) * pr, luma + 2 * (1 - blue) * pb
    g = (luma - red * r - blue * b) / (1 - red - blue)
    return np.clip(np.round(255 * np.stack([r, g, b], axis=-1)), 0, 255).astype(np.uint8)


def frame_of(rgb: RGB) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(rgb, format="rgb24")


def saved(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text())
