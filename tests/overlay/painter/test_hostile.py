"""Whatever a camera sends, the painter draws something or nothing, never fails, and is done soon."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scenes import flat, planes_of

from onframe.overlay.painter import MOST_MEMORY, Painter, Planes
from onframe.overlay.playout import Drawn
from onframe.overlay.view import Area
from onframe.overlay.vocabulary import (
    Blip,
    Box,
    Card,
    Counter,
    Fire,
    HeatMap,
    Line,
    Notice,
    Panel,
    Plate,
    Point,
    Polygon,
    Radar,
    Ring,
    Row,
    Shape,
    Shapes,
    Skeleton,
    Temperature,
    Trail,
    Wedge,
)

SIZES = st.sampled_from([(1, 1), (2, 2), (3, 5), (17, 9), (64, 48), (101, 77), (320, 180), (641, 359)])
numbers = st.one_of(
    st.floats(-2, 3), st.sampled_from([0.0, 1.0, math.nan, math.inf, -math.inf, 1e300, -1e300, 5e-324, 1e9, -1e9])
)
points = st.lists(st.tuples(numbers, numbers), max_size=12)
texts = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "",
            "x" * 10_000,
            "\x00\x1b[31m",
            "\u202eabc\u202c",
            "שלום עולם",
            "مرحبا",
            "e\u0301" * 50,
            "\ud800",
            "😀👨‍👩‍👧",
        ]
    ),
)
colors = st.sampled_from(["#5fe39a", "#FF5A67", "red", "", "#12", "javascript:", "#5fe39a80"])
lines = st.lists(texts, max_size=4)
rows = st.lists(st.builds(Row, texts, texts, st.none() | colors), max_size=4)


def built(kind: type, **fields: Any) -> st.SearchStrategy[Any]:
    common = {"subject": st.sampled_from(["", "a", "b"]), "flash": numbers}
    return st.builds(kind, color=colors, **common, **fields)


rectangle = {"x": numbers, "y": numbers, "w": numbers, "h": numbers}
place = {"x": numbers, "y": numbers}
flat_shapes = st.one_of(
    built(Box, **rectangle, labels=lines, alarm=st.booleans(), look=st.sampled_from(["box", "corners", "head"]),
          heading=st.sampled_from([None, "up", "down", "left", "right"])),
    built(Polygon, points=points, labels=lines, fill=numbers, alarm=st.booleans()),
    built(Line, points=points, labels=lines,
          crossing=st.sampled_from([None, "both", "left-to-right", "right-to-left"])),
    built(Point, **place, labels=lines, alarm=st.booleans()),
    built(Trail, points=points),
    built(Plate, **place, text=texts, ink=colors, caption=st.none() | texts),
    built(Temperature, **place, text=texts, mark=st.sampled_from([None, "high", "low", "average"])),
    built(Fire, points=points, labels=lines),
    built(Card, **rectangle, title=texts, rows=rows),
    built(Counter, **place, title=texts, rows=rows, alarm=st.booleans()),
    built(Panel, title=texts, rows=rows),
    built(Skeleton, joints=st.lists(st.tuples(numbers, numbers, numbers), max_size=8),
          edges=st.lists(st.tuples(st.integers(-3, 10), st.integers(-3, 10)), max_size=8), labels=lines),
    built(Notice, text=texts),
)  # fmt: skip
blips = st.builds(
    Blip, numbers, numbers, colors, labels=lines, alarm=st.booleans(), vector=st.none() | st.tuples(numbers, numbers)
)
radars = st.builds(
    Radar,
    title=texts,
    rings=st.lists(st.builds(Ring, numbers, texts), max_size=3),
    wedges=st.lists(st.builds(Wedge, numbers, numbers, numbers, colors, texts), max_size=3),
    blips=st.lists(blips, max_size=3),
    paths=st.lists(built(Line, points=points, labels=lines) | built(Polygon, points=points, labels=lines), max_size=3),
)
heat_maps = st.builds(
    HeatMap, media_type=texts, data=st.sampled_from(["", "iVBORw0KGgo", "/9j/", "%%%", "Qk0="]), opacity=numbers
)
drawn = st.builds(
    Drawn,
    st.one_of(flat_shapes, radars, heat_maps),
    st.sampled_from(["rule", "exact", "approximate", "interpolated", "held"]),
    numbers,
    st.sampled_from([None, Shapes(0, "a", True, "x", hold_ms=500), Shapes(0, "a", True, "x", hold_ms=0)]),
)
areas = st.builds(Area, numbers, numbers, numbers, numbers, st.sampled_from(["blur", "pixelate", "fill"]))
SETTINGS = settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


@SETTINGS
@given(SIZES, st.lists(drawn, max_size=5), st.lists(areas, max_size=2), st.booleans())
def test_nothing_makes_it_fail(size: tuple[int, int], shapes: list[Drawn], private: list[Area], full: bool) -> None:
    planes = planes_of(flat(*size, "#405060"))
    painter = Painter(*size)
    painter.paint(planes, shapes, private)
    painter.paint(planes, shapes, private)


def one(shape: Shape) -> Drawn:
    return Drawn(shape, "exact")


FAR = [(1e9 * (-1) ** i, 1e9 * math.cos(i)) for i in range(3000)]
WILD: dict[str, Shape] = {
    "a polygon of 3000 points across everything": Polygon(FAR, "#5fe39a", fill=0.5, alarm=True, flash=1),
    "a trail of 3000 points": Trail([((i * 7 % 100) / 100, (i * 13 % 100) / 100) for i in range(3000)], "#5fe39a"),
    "a line of 100000 points": Line([(i / 1e5, (i % 2)) for i in range(100_000)], "#5fe39a"),
    "a box of 5000 label lines": Box(0.2, 0.2, 0.3, 0.3, "#5fe39a", labels=["word " * 3000] * 5000),
    "a skeleton of 5000 joints": Skeleton([(0.5, 0.5, 1.0)] * 5000, [(i, i + 1) for i in range(4999)], "#5fe39a"),
    "a panel of 5000 rows": Panel("panel", [Row("name" * 500, "value" * 500)] * 5000, "#5fe39a"),
    "a notice of a megabyte": Notice("word " * 200_000, "#5fe39a"),
    "a radar of 5000 blips": Radar(
        "radar", [], blips=[Blip(i / 5000, 0.5, "#5fe39a", labels=["b"]) for i in range(5000)]
    ),
    "a heat map of nothing": HeatMap("image/png", "A" * 40_000_000, 0.5),
}


@pytest.mark.parametrize("name", WILD)
@pytest.mark.timeout(5)
def test_a_wild_shape_costs_itself_alone(name: str) -> None:
    planes = planes_of(flat(1280, 720, "#405060"))
    Painter(1280, 720).paint(planes, [one(WILD[name]), one(Box(0.4, 0.4, 0.1, 0.1, "#ffffff"))])
    assert planes.y.data[324, 512] > 200  # (0.4 * 1280, 0.45 * 720): the box's left edge is white


@pytest.mark.timeout(20)
def test_ten_thousand_boxes_with_labels() -> None:
    planes = planes_of(flat(1280, 720, "#405060"))
    shapes = [
        one(Box(k % 100 / 100, k // 100 / 100, 0.02, 0.02, "#5fe39a", labels=[f"t {k}"], alarm=True))
        for k in range(10_000)
    ]
    Painter(1280, 720).paint(planes, shapes)
    assert (planes.y.data != planes.y.data[0, 0]).any()


def test_what_a_painter_remembers_is_bounded() -> None:
    painter = Painter(640, 360)
    planes = planes_of(flat(640, 360, "#405060"))
    for i in range(400):
        x = i / 800
        painter.paint(planes, [
            one(Box(x, 0.4, 0.1, 0.2, "#5fe39a", labels=[f"human {i}", f"line {i * 7}"], subject=f"target/{i}")),
            one(Polygon([(x, 0.1), (x + 0.2, 0.3), (x, 0.5)], "#7dd3fc", fill=0.2)),
            one(Plate(x, 0.7, f"M-XY {i}", "#f8fafc", "#0f172a")),
        ])  # fmt: skip
    remembered = painter.memory
    assert 0 < remembered <= MOST_MEMORY
    for i in range(400, 2000):
        painter.paint(planes, [one(Box(0.3, 0.4, 0.1, 0.2, "#5fe39a", labels=[f"human {i}"], subject=f"target/{i}"))])
    assert painter.memory <= MOST_MEMORY


def test_the_same_picture_twice_is_drawn_the_same() -> None:
    shapes = [one(Box(0.2, 0.4, 0.3, 0.2, "#5fe39a", labels=["human 3"], subject="a"))]
    painter = Painter(640, 360)
    pictures = []
    for _ in range(2):
        planes: Planes = planes_of(flat(640, 360, "#405060"))
        painter.paint(planes, shapes)
        pictures.append(planes.y.data.copy())
    assert (pictures[0] == pictures[1]).all()


def test_shapes_are_not_changed_by_painting() -> None:
    shape = Polygon([(0.1, 0.1), (0.9, 0.1), (0.5, 0.9)], "#5fe39a", labels=["a", "b"], fill=0.2)
    before = msgspec.json.encode(shape)
    Painter(320, 180).paint(planes_of(np.zeros((180, 320, 3), np.uint8)), [one(shape)])
    assert msgspec.json.encode(shape) == before
