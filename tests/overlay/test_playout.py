"""What is drawn on which picture: the golden cases that the page's modules run too, and a slow Store beside it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onframe.overlay.playout import Binding, Drawn, Hold, Store, between
from onframe.overlay.vocabulary import Box, Line, Point, Polygon, Shape, Shapes, Skeleton, Trail

GOLDEN = Path(__file__).parents[1] / "golden"


def scenes(directory: str) -> list[Any]:
    return [
        pytest.param(scene, id=f"{file.stem}: {scene['title']}")
        for file in sorted((GOLDEN / directory).glob("*.json"))
        for scene in json.loads(file.read_text(encoding="utf-8"))
    ]


def assert_near(actual: Any, expected: Any, where: str) -> None:
    """Equality but for the last digits of numbers."""
    if isinstance(expected, dict):
        assert actual.keys() == expected.keys(), where
        for name, value in expected.items():
            assert_near(actual[name], value, f"{where}.{name}")
    elif isinstance(expected, list):
        assert len(actual) == len(expected), where
        for i, value in enumerate(expected):
            assert_near(actual[i], value, f"{where}.{i}")
    elif isinstance(expected, float):
        assert actual == pytest.approx(expected, abs=1e-9), where
    else:
        assert actual == expected, where


def plain(drawn: Drawn) -> dict[str, Any]:
    message = drawn.message
    return {
        "shape": json.loads(msgspec.json.encode(drawn.shape)),
        "state": drawn.state,
        "age": drawn.age,
        "n": None if message is None else message.n,
    }


def told(store: Store, messages: Sequence[dict[str, Any]]) -> Store:
    for message in messages:
        if message["type"] == "rules":
            pts = -math.inf if message["pts"] is None else message["pts"]
            store.set_rules(pts, msgspec.convert(message["shapes"], list[Shape]))
        else:
            store.add(msgspec.convert(message, Shapes))
    return store


@pytest.mark.parametrize("scene", scenes("binding"))
def test_golden_bindings(scene: dict[str, Any]) -> None:
    store = told(Store(scene.get("duration", 3600)), scene["given"])
    for expected in scene["pictures"]:
        binding = store.lookup(expected["pts"])
        found = {
            "pts": expected["pts"],
            "state": binding.state,
            "bound": [message.n for message in binding.bound],
            "drawn": [plain(one) for one in binding.drawn],
        }
        assert_near(found, expected, f"picture {expected['pts']}")


@pytest.mark.parametrize("scene", json.loads((GOLDEN / "hold.json").read_text()), ids=lambda scene: scene["title"])
def test_golden_holds(scene: dict[str, Any]) -> None:
    hold = Hold(scene["picture"])
    for did in scene["did"]:
        for _ in range(did.get("times", 1) if "lag" in did else 0):
            hold.measured(did["lag"])
        for _ in range(did.get("steps", 0)):
            hold.step()
        if expected := did.get("expect"):
            assert hold.value == pytest.approx(expected["value"], abs=1e-6)
            assert hold.target() == pytest.approx(expected["target"], abs=1e-6)
            assert math.isnan(hold.p98) if expected["p98"] is None else hold.p98 == expected["p98"]


def test_a_lag_that_is_not_known_is_no_lag() -> None:
    hold = Hold()
    hold.measured(math.nan)
    hold.measured(math.inf)
    assert math.isnan(hold.p98)


# --- a Store that is slow and obvious ---


def slow_lookup(messages: Sequence[Shapes], pts: int, duration: int) -> Binding:
    """What ``Store.lookup`` does, by looking at everything; without rules."""
    latest: dict[tuple[str, int], Shapes] = {}
    for i, message in enumerate(messages):
        key = (message.layer, message.n or -i - 1)
        if key in latest and latest[key].pts != message.pts:
            del latest[key]
        latest[key] = message
    drawn: dict[str, list[Drawn]] = {"held": [], "interpolated": [], "own": []}
    bound: list[Shapes] = []
    for name in dict.fromkeys(message.layer for message in messages):
        layer = [message for (of, _), message in latest.items() if of == name]
        own = slow_own(layer, pts, duration)
        bound += own
        for message in own:
            state = "exact" if message.exact else "approximate"
            drawn["own"] += [Drawn(shape, state, 0.0, message) for shape in message.shapes]  # type: ignore[arg-type]
        if not own:
            slow_between(layer, pts, drawn)
    state = "exact" if any(m.exact for m in bound) else "approximate" if bound else "none"
    if not bound:
        state = "interpolated" if drawn["interpolated"] else "held" if drawn["held"] else "none"
    return Binding(state, [*drawn["held"], *drawn["interpolated"], *drawn["own"]], bound)  # type: ignore[arg-type]


def slow_own(layer: Sequence[Shapes], pts: int, duration: int) -> list[Shapes]:
    def belongs(message: Shapes) -> bool:
        return message.pts == pts if message.exact else -duration < 2 * (message.pts - pts) <= duration

    mine = sorted((message for message in layer if belongs(message)), key=lambda message: message.pts)
    nearest = min((abs(message.pts - pts) for message in mine), default=0)
    first = next((message.pts for message in mine if abs(message.pts - pts) == nearest), 0)
    return [message for message in mine if message.pts == first]


def slow_between(layer: Sequence[Shapes], pts: int, drawn: dict[str, list[Drawn]]) -> None:
    before = max((message.pts for message in layer if message.pts < pts), default=None)
    after = min((message.pts for message in layer if message.pts > pts), default=None)
    former = [message for message in layer if message.pts == before]
    later = [message for message in layer if message.pts == after]
    known = [] if before is None or after is None or after - before > 90_000 else later
    if not all(message.exact and message.hold_ms <= 1000 for message in [*former, *known]):
        known = []
    candidates = [(message, shape) for message in known for shape in message.shapes]
    taken: set[int] = set()
    for message in former:
        age = (pts - message.pts) / 90
        for shape in message.shapes:
            at = next(
                (
                    i
                    for i, (_, one) in enumerate(candidates)
                    if i not in taken and shape.subject and type(one) is type(shape) and one.subject == shape.subject
                ),
                None,
            )
            partner = None if at is None else candidates[at]
            if at is not None:
                taken.add(at)
            share = 0.0 if partner is None else (pts - message.pts) / (partner[0].pts - message.pts)
            moved = None if partner is None else between(shape, partner[1], share)
            if partner is not None and moved is not None:
                nearer = message if share <= 0.5 else partner[0]
                drawn["interpolated"].append(Drawn(moved, "interpolated", abs(pts - nearer.pts) / 90, nearer))
            elif age <= message.hold_ms:
                drawn["held"].append(Drawn(shape, "held", age, message))


MOVED = ("held", "interpolated")
unit = st.floats(0, 1)
subjects = st.sampled_from(["", "s", "t"])
shapes = st.one_of(
    st.builds(Box, x=unit, y=unit, w=unit, h=unit, color=st.just("#111111"), subject=subjects),
    st.builds(Point, x=unit, y=unit, color=st.just("#111111"), subject=subjects),
    st.builds(
        Polygon, points=st.lists(st.tuples(unit, unit), min_size=3, max_size=4), color=st.just("#1"), subject=subjects
    ),
    st.builds(Trail, points=st.just([(0.0, 0.0), (1.0, 1.0)]), color=st.just("#111111"), subject=subjects),
)
records = st.builds(
    Shapes,
    pts=st.integers(0, 60).map(lambda i: 1800 * i),
    layer=st.sampled_from(["a", "b"]),
    exact=st.sampled_from([True, True, True, False]),
    clock=st.just("rtp_info"),
    hold_ms=st.sampled_from([40, 500, 1000, 2000]),
    shapes=st.lists(shapes, max_size=4),
    n=st.integers(0, 6),
)


@settings(max_examples=300)
@given(st.lists(records, max_size=14), st.sampled_from([1800, 3600, 3003]))
def test_it_finds_what_looking_at_everything_finds(messages: list[Shapes], duration: int) -> None:
    store = Store(duration)
    for message in messages:
        store.add(message)
    for pts in range(0, 64 * 1800, 900):
        found, expected = store.lookup(pts), slow_lookup(messages, pts, duration)
        assert found == expected


@settings(max_examples=300)
@given(st.lists(records, max_size=14), st.integers(0, 64 * 1800))
def test_nothing_is_drawn_twice(messages: list[Shapes], pts: int) -> None:
    store = Store()
    for i, message in enumerate(messages):
        message.n = i + 1
        store.add(message)
    drawn = store.lookup(pts).drawn
    own = [id(one.shape) for one in drawn if one.state != "interpolated"]
    assert len(own) == len(set(own))
    for layer in ("a", "b"):
        states = {one.state for one in drawn if one.message is not None and one.message.layer == layer}
        assert not (states & {"exact", "approximate"} and states & set(MOVED)), "its own Record, or neighbours"
        former = [m for m in messages if m.layer == layer and m.pts < pts]
        latest = max((m.pts for m in former), default=0)
        most = sum(len(m.shapes) for m in former if m.pts == latest)
        assert sum(one.message.layer == layer for one in drawn if one.message and one.state in MOVED) <= most


def corners(shape: Shape) -> list[float]:
    """The numbers that are positions."""
    if isinstance(shape, Box):
        return [shape.x, shape.y, shape.w, shape.h]
    if isinstance(shape, Point):
        return [shape.x, shape.y]
    if isinstance(shape, Skeleton):
        return [value for x, y, _ in shape.joints for value in (x, y)]
    assert isinstance(shape, (Polygon, Line))
    return [value for point in shape.points for value in point]


pairs = st.one_of(
    st.tuples(*[st.builds(Box, x=unit, y=unit, w=unit, h=unit, color=st.text(max_size=2))] * 2),
    st.tuples(*[st.builds(Point, x=unit, y=unit, color=st.text(max_size=2))] * 2),
    st.integers(1, 5).flatmap(
        lambda size: st.tuples(
            *[
                st.builds(
                    Skeleton,
                    joints=st.lists(st.tuples(unit, unit, unit), min_size=size, max_size=size),
                    edges=st.just([]),
                    color=st.text(max_size=2),
                )
            ]
            * 2
        )
    ),
)


@given(pairs, st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_what_is_between_lies_between(pair: tuple[Shape, Shape], share: float) -> None:
    moved = between(*pair, share)
    assert moved is not None
    for a, b, c in zip(*(corners(shape) for shape in pair), corners(moved), strict=True):
        assert min(a, b) - 1e-12 <= c <= max(a, b) + 1e-12
    nearer = pair[0] if share <= 0.5 else pair[1]
    assert moved.color == nearer.color  # type: ignore[union-attr]
    if isinstance(moved, Skeleton) and isinstance(nearer, Skeleton):
        assert [joint[2] for joint in moved.joints] == [joint[2] for joint in nearer.joints]


class TestBounds:
    def test_the_last_90_s_are_kept(self) -> None:
        store = Store()
        for second in range(201):
            store.add(Shapes(second * 90_000, "a", True, "rtp_info"))
        assert store.times() == [second * 90_000 for second in range(110, 201)]

    def test_what_came_last_before_is_kept_for_what_is_held_long(self) -> None:
        store = Store()
        for second in (0, 120):
            store.add(Shapes(second * 90_000, "a", True, "rtp_info", hold_ms=600_000, shapes=[Point(second, 0, "#1")]))
        (drawn,) = store.lookup(60 * 90_000).drawn
        assert isinstance(drawn.shape, Point) and drawn.shape.x == 0

    def test_of_two_records_of_one_picture_both_are_kept_for_it(self) -> None:
        store = Store()
        for n in (1, 2):
            store.add(Shapes(0, "a", True, "rtp_info", hold_ms=600_000, shapes=[Point(n, 0, "#1")], n=n))
        store.add(Shapes(120 * 90_000, "a", True, "rtp_info", n=3))
        assert [one.message.n for one in store.lookup(60 * 90_000).drawn if one.message] == [1, 2]

    def test_a_layer_keeps_4096_records_and_forgets_the_numbers_of_the_others(self) -> None:
        store = Store()
        for n in range(1, 5001):
            store.add(Shapes(n * 300, "a", True, "rtp_info", n=n))
        assert (len(store.times()), store.times()[0]) == (4096, 905 * 300)
        store.add(Shapes(5001 * 300, "a", True, "rtp_info", n=1))
        assert (len(store.times()), store.times()[0]) == (4096, 906 * 300)

    def test_time_stamps_that_start_anew_replace_what_was_kept_of_their_layer(self) -> None:
        store = Store()
        for i in range(10):
            store.add(Shapes(2**40 + i * 3600, "a", True, "rtp_info"))
        store.add(Shapes(3600, "a", True, "rtp_info"))
        assert store.times() == [3600]

    def test_there_are_at_most_64_layers_and_256_sets_of_rules(self) -> None:
        store = Store()
        for i in range(100):
            store.add(Shapes(i, f"layer {i}", True, "rtp_info"))
        assert store.times() == list(range(36, 100))
        for i in range(300):
            store.set_rules(i * 10, [Point(i, 0, "#1")])
        first, last = store.lookup(0).drawn[0].shape, store.lookup(2990).drawn[0].shape
        assert isinstance(first, Point) and isinstance(last, Point) and (first.x, last.x) == (44, 299)
