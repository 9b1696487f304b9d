"""The golden scenes: the painter draws what the page draws, held against pixels worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scenes import NAMES, rgb_of, scene

from onframe.overlay.painter import Painter


@pytest.mark.parametrize("name", NAMES)
def test_golden_scene(name: str) -> None:
    found = scene(name)
    planes = found.picture()
    Painter(*found.size).paint(planes, found.shapes(), found.areas)
    rgb = rgb_of(planes).astype(int)
    wrong = []
    for pixel in found.pixels:
        expected = np.array(list(bytes.fromhex(pixel.color[1:])))
        drawn = rgb[pixel.y, pixel.x]
        if np.abs(drawn - expected).max() > pixel.tolerance:
            wrong.append(
                f"({pixel.x}, {pixel.y}) is #{bytes(drawn.astype(np.uint8)).hex()}, not {pixel.color}: {pixel.why}"
            )
    assert not wrong, "\n".join(wrong)


def test_scenes_are_there() -> None:
    assert len(NAMES) >= 30
