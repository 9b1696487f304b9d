"""Private areas: what was there cannot be told from what is left."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scenes import RGB, planes_of, rgb_of

from onframe.overlay.painter import Painter, Planes
from onframe.overlay.playout import Drawn
from onframe.overlay.view import Area
from onframe.overlay.vocabulary import Box


def noise(seed: int, width: int = 640, height: int = 360) -> RGB:
    """Pairs of a dark and a bright pixel, in an order that the seed decides: averages say nothing of it."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 2, (height, (width + 1) // 2, 1)) * 200 + 20
    picture = np.stack([first, 240 - first], axis=2).reshape(height, -1, 1)[:, :width]
    return np.repeat(picture, 3, axis=2).astype(np.uint8)


def hidden(rgb: RGB, *areas: Area) -> Planes:
    planes = planes_of(rgb)
    Painter(planes.width, planes.height).paint(planes, [], areas)
    return planes


@pytest.mark.parametrize("how", ["blur", "pixelate", "fill"])
def test_two_faces_of_the_same_averages_look_the_same(how: str) -> None:
    area = Area(0.25, 0.25, 0.5, 0.5, how)  # type: ignore[arg-type]
    one, other = hidden(noise(1), area), hidden(noise(2), area)
    inside = np.s_[90:270, 160:480]
    assert np.abs(one.y.data[inside].astype(int) - other.y.data[inside]).max() <= 6  # of 200: blocks end within pairs
    assert (one.y.data[:80] != other.y.data[:80]).any()


@pytest.mark.parametrize("how", ["blur", "pixelate", "fill"])
@pytest.mark.parametrize(("width", "height"), [(640, 360), (641, 361), (321, 1)])
def test_only_the_area_is_touched(how: str, width: int, height: int) -> None:
    before = planes_of(noise(3, width, height))
    after = planes_of(noise(3, width, height))
    Painter(width, height).paint(after, [], [Area(0.25, 0.25, 0.5, 0.5, how)])  # type: ignore[arg-type]
    touched = np.zeros((height, width), bool)
    touched[
        math.floor(0.25 * height) & ~1 : math.ceil(0.75 * height),
        math.floor(0.25 * width) & ~1 : math.ceil(0.75 * width),
    ] = True
    assert (after.y.data[~touched] == before.y.data[~touched]).all()
    assert (after.y.data[touched] != before.y.data[touched]).any()


@pytest.mark.parametrize("how", ["blur", "pixelate"])
def test_few_values_are_left_of_colour_too(how: str) -> None:
    rgb = np.random.default_rng(5).integers(0, 256, (360, 640, 3), np.uint8)
    planes = hidden(rgb, Area(0.25, 0.25, 0.5, 0.5, how))  # type: ignore[arg-type]
    for plane in (planes.u, planes.v):
        before = plane.data[:40].std()
        assert plane.data[46:134, 81:239].std() < before / 4
    if how == "pixelate":  # 12 by 7 blocks
        rows = planes.y.data[90:270, 160:480]
        assert len({bytes(row) for row in rows}) <= 7
        assert len({bytes(column) for column in rows.T}) <= 12


def test_what_is_drawn_lies_on_the_area() -> None:
    planes = planes_of(noise(4))
    box = Drawn(Box(0.3, 0.3, 0.4, 0.4, "#ffffff"), "exact")
    Painter(640, 360).paint(planes, [box], [Area(0.25, 0.25, 0.5, 0.5, "fill")])
    assert (rgb_of(planes)[180, 192] > 240).all()  # 0.3 * 640


@pytest.mark.parametrize("bad", [(math.nan, 0.2, 0.1, 0.1), (0.2, 0.2, math.inf, 0.1), (0.9, math.nan, 0.1, 0.1)])
def test_an_area_that_cannot_be_told_hides_all(bad: tuple[float, float, float, float]) -> None:
    planes = hidden(noise(6), Area(*bad, "fill"))
    assert len(np.unique(planes.y.data)) == 1


@pytest.mark.parametrize("area", [(1.5, 0.2, 0.3, 0.3), (0.2, 0.2, 0.0, 0.0), (-0.5, 0.1, 0.4, 0.5)])
def test_areas_out_of_the_picture_or_without_size_hide_nothing(area: tuple[float, float, float, float]) -> None:
    planes = hidden(noise(6), Area(*area, "fill"))
    assert (planes.y.data == planes_of(noise(6)).y.data).mean() > 0.99
