"""Boxes: where their edges lie, in which colours, and that nothing else is touched."""

from __future__ import annotations

import numpy as np
import pytest
from scenes import flat, planes_of, rgb_of

from onframe.overlay.painter import Colors, Painter, Planes
from onframe.overlay.painter.boxes import Sides, darken, fill, frame, outline, spans
from onframe.overlay.playout import Drawn
from onframe.overlay.vocabulary import Box, Shapes

SIZES = [(640, 360), (1280, 720), (1920, 1080), (3840, 2160), (641, 361), (1279, 719)]
BT709, BT601 = (0.2126, 0.0722), (0.299, 0.114)
GREEN = (0x5F, 0xE3, 0x9A)


def painted(planes: Planes, *boxes: Box, state: str = "exact", age: float = 0.0) -> None:
    message = Shapes(0, "layer", True, "sender_report", hold_ms=500)
    Painter(planes.width, planes.height).paint(planes, [Drawn(box, state, age, message) for box in boxes])  # type: ignore[arg-type]


def near(rgb: np.ndarray, color: tuple[int, int, int], tolerance: int) -> np.ndarray:
    return np.abs(rgb.astype(int) - np.array(color)).max(axis=-1) <= tolerance


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize(
    ("x", "y", "w", "h"), [(0.2, 0.3, 0.4, 0.5), (0.1234, 0.2345, 0.3333, 0.1999), (0.5, 0.5, 0.05, 0.1)]
)
def test_edges_lie_within_a_pixel_of_the_shape(width: int, height: int, x: float, y: float, w: float, h: float) -> None:
    planes = planes_of(flat(width, height, "#202830"))
    painted(planes, Box(x, y, w, h, "#5fe39a"))
    green = near(rgb_of(planes), GREEN, 60)
    row, column = round((y + h / 2) * height), round((x + w / 2) * width)
    across, down = np.flatnonzero(green[row]), np.flatnonzero(green[:, column])
    middle_x, middle_y = (x + w / 2) * width, (y + h / 2) * height
    for line, middle, low, high in (
        (across, middle_x, x * width, (x + w) * width),
        (down, middle_y, y * height, (y + h) * height),
    ):
        first, last = line[line < middle], line[line > middle]
        assert first.mean() + 0.5 == pytest.approx(low, abs=1)  # the middle of the pixels that it covers
        assert last.mean() + 0.5 == pytest.approx(high, abs=1)


@pytest.mark.parametrize("shares", [BT709, BT601])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("color", ["#5fe39a", "#ff5a67", "#ffffff", "#1d5fd6", "#000000"])
def test_colour_comes_back_from_every_matrix_and_range(shares: tuple[float, float], full: bool, color: str) -> None:
    planes = planes_of(flat(320, 180, "#808080"), Colors(shares, full))
    painted(planes, Box(0.25, 0.25, 0.5, 0.5, color))
    rgb = rgb_of(planes)
    assert near(rgb[90, 80], tuple(bytes.fromhex(color[1:])), 4)  # type: ignore[arg-type]  # x = 0.25 * 320


def test_outside_of_the_drawing_every_byte_stays() -> None:
    noise = np.random.default_rng(7).integers(0, 256, (360, 640, 3), np.uint8)
    planes, before = planes_of(noise), planes_of(noise)
    painted(planes, Box(0.25, 0.25, 0.5, 0.5, "#5fe39a", labels=["human 12"]))
    changed = planes.y.data != before.y.data
    changed[85:275, 155:485] = False  # the box at 160..480, 90..270 with its line and seam
    changed[60:90, 155:300] = False  # the label above it
    assert not changed.any()
    inside = np.s_[95:265, 165:475]
    assert (planes.y.data[inside] == before.y.data[inside]).all()
    for plane, old in ((planes.u, before.u), (planes.v, before.v)):
        changed = plane.data != old.data
        changed[42:138, 77:243] = False
        changed[30:45, 77:150] = False
        assert not changed.any()
        inside = np.s_[48:132, 83:237]
        assert (plane.data[inside] == old.data[inside]).all()


def test_nothing_drawn_changes_nothing() -> None:
    noise = np.random.default_rng(8).integers(0, 256, (90, 160, 3), np.uint8)
    planes, before = planes_of(noise), planes_of(noise)
    Painter(160, 90).paint(planes, [])
    for plane, old in ((planes.y, before.y), (planes.u, before.u), (planes.v, before.v)):
        assert (plane.data == old.data).all()


@pytest.mark.parametrize("state", ["exact", "approximate", "interpolated", "rule"])
def test_boxes_that_are_not_held_have_no_gaps(state: str) -> None:
    planes = planes_of(flat(1280, 720, "#202830"))
    painted(planes, Box(0.25, 0.25, 0.5, 0.5, "#5fe39a"), state=state, age=400)
    assert near(rgb_of(planes)[180, 330:950], GREEN, 60).all()


def test_a_held_box_fades_and_is_dashed() -> None:
    planes = planes_of(flat(1280, 720, "#202830"))
    painted(planes, Box(0.25, 0.25, 0.5, 0.5, "#5fe39a"), state="held", age=250)
    line = rgb_of(planes)[180, 330:950]
    # 250 of 500 ms: 1 - 0.5 / 2 = 0.75 of the colour over 0.25 of the background, darkened by the seam below it
    dash, ground = (79, 179, 126), (0x20, 0x28, 0x30)
    assert near(line, dash, 12).sum() > 200
    assert near(line, ground, 4).sum() > 100


@pytest.mark.parametrize("box", [(-0.5, 0.2, 0.7, 0.3), (0.8, 0.8, 0.5, 0.5), (-1, -1, 3, 3), (0.3, -0.4, 0.2, 0.5)])
def test_what_reaches_out_of_the_picture_is_cut(box: tuple[float, float, float, float]) -> None:
    x, y, w, h = box
    planes = planes_of(flat(640, 360, "#202830"))
    painted(planes, Box(x, y, w, h, "#5fe39a"))
    green = near(rgb_of(planes), GREEN, 60)
    columns = [edge * 640 for edge in (x, x + w) if 0 < edge < 1]
    for edge in columns:
        assert green[:, round(edge) - 1 : round(edge) + 2].any()
    assert green.any() == bool(columns or [edge for edge in (y, y + h) if 0 < edge < 1])


@pytest.mark.parametrize("seam", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 24])
def test_an_outline_is_byte_for_byte_what_its_strips_are(seam: int, padding: int) -> None:
    """What is drawn fast, by columns looked up, beside the plain way that is taken at the picture's edge."""
    random = np.random.default_rng(seam)
    rows = [random.integers(0, 256, shape, np.uint8) for shape in ((180, 320 + padding), (90, 160 + 16), (90, 160))]
    fast, plain = (Planes(*(plane.copy() for plane in rows), width=320) for _ in range(2))
    sides = Sides()
    for width in (1, 2, 3, 7):
        for _ in range(40):
            x, y, w, h = random.integers((12, 12, 1, 1), (200, 100, 100, 60))
            across, down = spans(x, x + w, width), spans(y, y + h, width)
            outline(fast, across, down, seam, "#5fe39a", 1.0, sides)
            darken(plain, frame(across, down, seam))
            fill(plain, frame(across, down), "#5fe39a")
            for one, other in ((fast.y, plain.y), (fast.u, plain.u), (fast.v, plain.v)):
                assert (one.flat == other.flat).all(), (across, down)
