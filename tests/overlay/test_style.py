"""Colours by ID: the hash against published values, the palette measured."""

from __future__ import annotations

import itertools

import pytest

from onframe.overlay import style


@pytest.mark.parametrize(
    # the test vectors of the FNV specification
    ("text", "value"),
    [("", 0x811C9DC5), ("a", 0xE40C292C), ("b", 0xE70C2DE5), ("foobar", 0xBF9CF968)],
)
def test_fnv1a_is_the_published_one(text: str, value: int) -> None:
    assert style.fnv1a(text) == value


def test_the_hash_is_of_utf_8() -> None:
    # C3 A9: (0x811C9DC5 ^ 0xC3) * 0x01000193 = 0x460FAD82 modulo 2**32; that ^ 0xA9 times the prime again
    first = (0x811C9DC5 ^ 0xC3) * 0x01000193 % 2**32
    assert style.fnv1a("é") == (first ^ 0xA9) * 0x01000193 % 2**32


def test_an_id_always_has_the_same_colour_of_the_palette() -> None:
    # 0xE40C292C = 3826002220 = 318833518 * 12 + 4
    assert style.palette_color("a") == style.PALETTE[4]


def luminance(color: str) -> float:
    """The relative luminance of WCAG 2."""
    channels = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)


@pytest.mark.parametrize("color", style.PALETTE)
def test_each_colour_stands_out_of_the_dark_seam_around_it(color: str) -> None:
    assert (luminance(color) + 0.05) / (luminance("#04080e") + 0.05) >= 4.5


def distance(a: str, b: str) -> float:
    return float(sum((int(a[i : i + 2], 16) - int(b[i : i + 2], 16)) ** 2 for i in (1, 3, 5)) ** 0.5)


def test_no_two_colours_are_alike_and_none_looks_like_an_alarm() -> None:
    assert len(style.PALETTE) == 12
    assert all(distance(a, b) > 45 for a, b in itertools.combinations((*style.PALETTE, style.ALARM), 2))
