"""What the onlooker wants to see: the golden cases that the page's modules run too."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import onframe.viewer
from onframe.errors import OnframeError
from onframe.overlay import style
from onframe.overlay.playout import Drawn
from onframe.overlay.view import HOWS, KINDS, MASK, View, private_areas, viewed
from onframe.overlay.vocabulary import Box, Shape

GOLDEN = Path(__file__).parents[1] / "golden" / "view"
VIEW_JS = Path(onframe.viewer.__file__).parent / "static" / "view.js"


def scenes(*names: str) -> list[Any]:
    return [
        pytest.param(scene, id=f"{name}: {scene['title']}")
        for name in names
        for scene in json.loads((GOLDEN / name).read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("scene", scenes("queries.json"))
def test_golden_queries(scene: dict[str, Any]) -> None:
    if "refused" in scene:
        with pytest.raises(OnframeError, match=re.escape(scene["refused"])) as caught:
            View.parse(scene["query"])
        assert caught.value.hint
        return
    expected = {**scene["view"], "privacy": list(scene["view"]["privacy"].items())}
    found = View.parse(scene["query"])
    assert found == msgspec.convert(expected, View)
    assert isinstance(hash(found), int)


@pytest.mark.parametrize("scene", scenes("filters.json", "looks.json", "privacy.json"))
def test_golden_views(scene: dict[str, Any]) -> None:
    view = View.parse(scene["query"])
    shapes = msgspec.convert(scene["drawn"], list[Shape])
    before = msgspec.json.encode(shapes)
    drawn = [Drawn(shape, "held", 7.0) for shape in shapes]
    found = viewed(drawn, view)
    expected = scene["drawn"] if scene["viewed"] == "drawn" else scene["viewed"]
    assert [one.shape for one in found] == msgspec.convert(expected, list[Shape])
    assert all((one.state, one.age) == ("held", 7.0) for one in found)
    areas = private_areas(drawn, view.privacy)
    assert [area.how for area in areas] == [area["how"] for area in scene["areas"]]
    for area, wanted in zip(areas, scene["areas"], strict=True):
        assert (area.x, area.y, area.w, area.h) == pytest.approx([wanted[name] for name in "xywh"], abs=1e-9)
    assert msgspec.json.encode(shapes) == before


def test_what_is_not_changed_is_not_copied() -> None:
    drawn = Drawn(Box(0, 0, 1, 1, "#111111"), "exact")
    assert viewed([drawn], View())[0] is drawn


def test_a_hint_names_the_choices() -> None:
    with pytest.raises(OnframeError) as caught:
        View.parse({"temperature": "warm"})
    assert caught.value.hint == "Choose among sent, celsius, fahrenheit, kelvin."


def test_privacy_may_be_a_mapping() -> None:
    drawn = [Drawn(Box(0.5, 0.5, 0.25, 0.25, "#111111", cls="human"), "exact")]
    assert private_areas(drawn, {"human": "fill"}) == private_areas(drawn, [("human", "fill")])


@given(st.floats(-2, 2), st.floats(-2, 2), st.floats(0, 2), st.floats(0, 2))
def test_an_area_covers_its_shape_within_the_picture(x: float, y: float, w: float, h: float) -> None:
    for area in private_areas([Drawn(Box(x, y, w, h, "#111111", cls="human"), "held")], {"human": "blur"}):
        assert 0 <= area.x < area.x + area.w <= 1 + 1e-12 and 0 <= area.y < area.y + area.h <= 1 + 1e-12
        assert area.x <= max(0, x) and area.x + area.w >= min(1, x + w) - 1e-12
        assert area.y <= max(0, y) and area.y + area.h >= min(1, y + h) - 1e-12


def test_the_published_hashes() -> None:
    assert [style.fnv1a(text) for text in ("", "a", "foobar")] == [0x811C9DC5, 0xE40C292C, 0xBF9CF968]


def test_the_page_has_the_same_words_and_colours() -> None:
    text = VIEW_JS.read_text(encoding="utf-8")

    def listed(name: str) -> list[str]:
        found = re.search(rf"export const {name} = \[(.*?)\]", text, re.DOTALL)
        assert found, name
        return re.findall(r"'([^']+)'", found[1])

    assert listed("PALETTE") == list(style.PALETTE) and len(style.PALETTE) == 12
    assert listed("KINDS") == list(KINDS)
    assert listed("HOWS") == list(HOWS)
    for name, value in (("ALARM", style.ALARM), ("PLAIN", style.PLAIN), ("MASK", MASK)):
        assert f"export const {name} = '{value}';" in text
