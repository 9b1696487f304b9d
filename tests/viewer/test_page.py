"""What is queued for one page: bounded, in order, and a drop costs pictures only."""

from __future__ import annotations

import pytest

from onframe.viewer.page import LATE, Page


class Wire:
    """An outlet that takes frames while it is ready."""

    def __init__(self, *, ready: bool) -> None:
        self.ready = ready
        self.took: list[bytes] = []

    def write(self, frame: bytes) -> None:
        self.took.append(frame)


def slow(**bounds: int) -> tuple[Page, Wire]:
    """A page whose outlet takes nothing yet."""
    outlet = Wire(ready=False)
    return Page(outlet, **bounds), outlet


def drain(page: Page, outlet: Wire) -> list[bytes]:
    outlet.ready = True
    page.flush()
    return outlet.took


def test_while_the_outlet_is_ready_nothing_waits() -> None:
    outlet = Wire(ready=True)
    page = Page(outlet)
    page.text(b"hello")
    page.picture(b"key", key=True)
    assert outlet.took == [b"hello", b"key"]
    outlet.ready = False
    page.text(b"one")
    page.text(b"two")
    assert outlet.took == [b"hello", b"key"]
    assert drain(page, outlet)[2:] == [b"one", b"two"], "in order"


def test_what_waits_goes_out_before_what_comes_later() -> None:
    page, outlet = slow()
    page.text(b"first")
    outlet.ready = True
    page.text(b"second")
    assert outlet.took == []
    page.flush()
    assert outlet.took == [b"first", b"second"]


def test_a_page_begins_with_a_key_picture() -> None:
    page, outlet = slow()
    page.picture(b"delta", key=False)
    page.picture(b"key", key=True)
    page.picture(b"next", key=False)
    assert drain(page, outlet) == [b"key", b"next"]
    assert page.dropped == 1


@pytest.mark.fault("F70")
def test_a_slow_page_loses_pictures_up_to_the_next_key_picture_and_no_text() -> None:
    page, outlet = slow(max_bytes=100)
    page.picture(b"k" * 90, key=True)
    page.text(b"state")
    page.picture(b"d" * 90, key=False)
    page.picture(b"late", key=False)
    page.text(b"shapes")
    page.picture(b"K" * 10, key=True)
    assert drain(page, outlet) == [b"state", b"shapes", b"K" * 10]
    assert page.dropped == 3


@pytest.mark.fault("F70")
def test_pictures_that_wait_for_long_give_way_to_a_key_picture() -> None:
    page, outlet = slow()
    page.picture(b"old key", key=True)
    for _ in range(LATE - 1):
        page.picture(b"old", key=False)
    page.text(b"shapes")
    page.picture(b"key", key=True)
    page.picture(b"next", key=False)
    assert drain(page, outlet) == [b"shapes", b"key", b"next"]
    assert page.dropped == LATE


@pytest.mark.fault("F70")
def test_a_few_that_wait_stay() -> None:
    page, outlet = slow()
    page.picture(b"k", key=True)
    page.picture(b"d", key=False)
    page.picture(b"K", key=True)
    assert drain(page, outlet) == [b"k", b"d", b"K"]


@pytest.mark.fault("F70")
def test_texts_are_bounded_too() -> None:
    page, outlet = slow(max_messages=10)
    for number in range(25):
        page.text(b"%d" % number)
    assert drain(page, outlet) == [b"%d" % number for number in range(15, 25)]


@pytest.mark.fault("F70")
def test_texts_are_bounded_by_their_length_too() -> None:
    page, outlet = slow(max_bytes=100)
    for number in range(9):
        page.text(b"%d" % number * 30)
    assert drain(page, outlet) == [b"%d" % number * 30 for number in (5, 6, 7, 8)]
    assert page.dropped == 5
    outlet.ready = False
    page.text(b"x" * 1000)
    page.text(b"next")
    assert drain(page, outlet)[4:] == [b"next"], "nothing that is too long stays"


@pytest.mark.fault("F70")
def test_of_texts_those_by_which_others_are_understood_give_way_last() -> None:
    page, outlet = slow(max_messages=5)
    page.text(b"hello", lasts=True)
    page.picture(b"key", key=True)
    page.text(b"rules", lasts=True)
    for number in range(9):
        page.text(b"%d" % number)
    assert drain(page, outlet) == [b"hello", b"rules", b"6", b"7", b"8"]
    assert page.dropped == 7
    outlet.ready = False
    for number in range(9):
        page.text(b"%d" % number, lasts=True)
    assert drain(page, outlet)[5:] == [b"%d" % number for number in range(4, 9)], "they are bounded too"


def test_a_restart_forgets_what_was_queued() -> None:
    page, outlet = slow()
    page.picture(b"old", key=True)
    page.restart()
    page.picture(b"delta", key=False)
    page.picture(b"new", key=True)
    assert drain(page, outlet) == [b"new"]


@pytest.mark.fault("F70")
def test_the_start_of_a_track_comes_before_the_first_key_picture_and_again_after_a_drop() -> None:
    page, outlet = slow(max_bytes=100)
    page.start(b"init")
    page.picture(b"fragment", key=False)
    page.picture(b"k" * 60, key=True)
    page.picture(b"d" * 60, key=False)
    page.picture(b"dropped", key=False)
    page.picture(b"K", key=True)
    page.picture(b"next", key=False)
    page.start(b"other")
    page.picture(b"of the other", key=True)
    assert drain(page, outlet) == [b"init", b"K", b"next", b"other", b"of the other"]
