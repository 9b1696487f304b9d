"""Heat maps: what is decoded, what is not, and how it lies on the picture."""

from __future__ import annotations

import base64
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from scenes import flat, planes_of, rgb_of

from onframe.overlay.painter import Painter
from onframe.overlay.painter.heat import decoded
from onframe.overlay.playout import Drawn
from onframe.overlay.vocabulary import HeatMap


def coded(image: Image.Image, kind: str = "PNG") -> str:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return base64.b64encode(buffer.getvalue()).decode()


def png_of_size(width: int, height: int) -> str:
    """A PNG that says it is so large and has nothing of it."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")
    return base64.b64encode(data).decode()


def painted(data: str, opacity: float = 0.5, size: tuple[int, int] = (64, 48)) -> np.ndarray:
    planes = planes_of(flat(*size, "#202830"))
    Painter(*size).paint(planes, [Drawn(HeatMap("image/png", data, opacity), "exact")])
    return rgb_of(planes)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP"])
def test_each_kind_is_blended_over_the_whole_picture(kind: str) -> None:
    rgb = painted(coded(Image.new("RGB", (8, 8), (255, 0, 0)), kind))
    # half of red over (32, 40, 48): (143, 20, 24)
    assert np.abs(rgb.astype(int) - (143, 20, 24)).max() <= 6


@pytest.mark.parametrize("size", [(64, 48), (65, 47), (1, 1), (2000, 1500)])
def test_it_is_stretched_to_any_size(size: tuple[int, int]) -> None:
    image = Image.new("RGB", (2, 1), (0, 0, 255))
    image.putpixel((1, 0), (0, 255, 0))
    rgb = painted(coded(image), 1.0, size)
    assert rgb.shape == (size[1], size[0], 3)
    if size[0] > 1:
        assert rgb[0, 0, 2] > 200 and rgb[0, -1, 1] > 200


def test_its_own_transparency_counts() -> None:
    rgb = painted(coded(Image.new("RGBA", (4, 4), (255, 0, 0, 0))), 1.0)
    assert np.abs(rgb.astype(int) - (0x20, 0x28, 0x30)).max() <= 3


@pytest.mark.parametrize(("width", "height"), [(4097, 10), (10, 4097), (4096, 4096), (65_000, 65_000)])
def test_larger_ones_are_refused_before_they_are_decoded(width: int, height: int) -> None:
    assert decoded(png_of_size(width, height)) is None


def test_the_largest_one_is_read() -> None:
    found = decoded(coded(Image.new("L", (4000, 4000), 7)))
    assert found is not None and found.size == (4000, 4000)


@pytest.mark.parametrize("data", ["", "AAAA", "no base64!", png_of_size(8, 8), coded(Image.new("RGB", (64, 64)))[:60],
                                  coded(Image.new("RGB", (8, 8)), "TIFF"), "é"])  # fmt: skip
def test_broken_ones_and_other_kinds_are_left_out_and_a_sentence_says_so(data: str) -> None:
    assert decoded(data) is None
    off = np.abs(painted(data, size=(640, 360)).astype(int) - (0x20, 0x28, 0x30)).max(axis=2)
    assert off[:300].max() <= 2
    assert off[330:345, 320].min() > 10  # the notice at the lower edge
    assert np.abs(painted(data, 0.0).astype(int) - (0x20, 0x28, 0x30)).max() <= 2  # nobody asked for it
