"""Several documents tell of one target: one text says it all."""

from __future__ import annotations

import pytest

from onframe.overlay.painter.geometry import Rect
from onframe.overlay.painter.twins import Told, Twins, together

BOX = Rect(100, 100, 80, 60)
TRACKED = Told(BOX, ("vehicle 10", "line crossing"), "#f00", True, 2, 0.7, "behaviorAnalysis/target/10 Box")
READ = Told(BOX, ("vehicle 10 · silver saloon car", "plate forward"), "#0f0", False, 1, 1.0, "ANPR/target/10 Box")
BOTH = ("vehicle 10 · silver saloon car", "line crossing", "plate forward")


def index_of(first: Told, second: Told) -> int:
    """0 where the second is told with the first."""
    twins = Twins()
    assert twins.merge(first, 0) == (first, 0)
    return twins.merge(second, 1)[1]


@pytest.mark.parametrize(
    ("first", "second"),
    [(TRACKED, READ), (READ, TRACKED), (READ, TRACKED._replace(anchor=BOX._replace(x=108)))],  # 72 of 88 columns: 0.82
)
def test_a_target_of_the_same_id_at_the_same_place_is_the_same_one(first: Told, second: Told) -> None:
    assert index_of(first, second) == 0


@pytest.mark.parametrize(
    "other",
    [
        TRACKED._replace(key="behaviorAnalysis/target/11 Box"),
        TRACKED._replace(anchor=BOX._replace(x=120)),  # 60 of 100 columns: 0.6
        TRACKED._replace(lines=("human 10",)),
        TRACKED._replace(anchor=BOX._replace(w=0)),
        TRACKED._replace(key=""),
    ],
)
def test_another_id_place_class_or_none_is_another_target(other: Told) -> None:
    assert index_of(READ, other) == 1


def test_what_has_no_id_is_never_one_with_another() -> None:
    assert index_of(READ._replace(key=""), TRACKED._replace(key="")) == 1
    assert index_of(READ._replace(key="one Box"), TRACKED._replace(key="two Box")) == 1


@pytest.mark.parametrize(("a", "b"), [(TRACKED, READ), (READ, TRACKED)])
def test_the_fuller_name_what_the_alarm_says_and_what_the_other_says(a: Told, b: Told) -> None:
    assert together(a, b) == Told(BOX, BOTH, "#f00", True, 1, 1.0, "ANPR/target/10 Box")


def test_a_third_is_told_with_both() -> None:
    twins = Twins()
    third = READ._replace(lines=("vehicle 10", "parked"), key="parking/target/10 Box")
    results = [twins.merge(told, i) for i, told in enumerate((TRACKED, READ, third))]
    assert [index for _, index in results] == [0, 0, 0]
    assert results[-1][0].lines == (*BOTH, "parked")


def test_of_any_number_of_targets_of_one_id_so_many_are_compared() -> None:
    twins = Twins()
    for i in range(5000):
        told = Told(BOX._replace(x=1000 * i), ("human 1",), "#0f0", False, 1, 1.0, f"{i}/target/1 Box")
        assert twins.merge(told, i)[1] == i
    again = told._replace(key="a/target/1 Box")
    assert twins.merge(again, 5000)[1] == 4999
    assert twins.merge(again._replace(anchor=BOX), 5001)[1] == 5001
