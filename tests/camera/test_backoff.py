"""The waits between attempts."""

import pytest

from onframe.camera.backoff import Backoff


@pytest.mark.requirement("R-049")
def test_the_ceiling_doubles_up_to_the_maximum():
    backoff = Backoff(initial=1, maximum=30, uniform=lambda low, high: high)
    assert [backoff.delay(n) for n in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]


def test_the_wait_is_drawn_between_nothing_and_the_ceiling():
    drawn = []

    def uniform(low, high):
        drawn.append((low, high))
        return 0.25

    assert Backoff(initial=2, maximum=8, uniform=uniform).delay(2) == 0.25
    assert drawn == [(0.0, 4.0)]


def test_ten_thousand_failures_do_not_overflow():
    assert Backoff(uniform=lambda low, high: high).delay(10_000) == 30


def test_a_back_off_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="initial <= maximum"):
        Backoff(initial=5, maximum=1)
