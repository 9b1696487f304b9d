"""What is queued for one page: bounded, in order, and a drop costs pictures only."""

from __future__ import annotations

import asyncio

import pytest

from onframe.viewer.page import Page


async def drain(page: Page) -> list[bytes | str]:
    messages = []
    while True:
        try:
            messages.append(await asyncio.wait_for(page.next(), 0.02))
        except TimeoutError:
            return messages


async def test_a_page_begins_with_a_key_picture() -> None:
    page = Page()
    page.picture(b"delta", key=False)
    page.picture(b"key", key=True)
    page.picture(b"next", key=False)
    assert await drain(page) == [b"key", b"next"]
    assert page.dropped == 1


@pytest.mark.fault("F70")
async def test_a_slow_page_loses_pictures_up_to_the_next_key_picture_and_no_text() -> None:
    page = Page(max_bytes=100)
    page.picture(b"k" * 90, key=True)
    page.text("state")
    page.picture(b"d" * 90, key=False)
    page.picture(b"late", key=False)
    page.text("shapes")
    page.picture(b"K" * 10, key=True)
    assert await drain(page) == ["state", "shapes", b"K" * 10]
    assert page.dropped == 3


@pytest.mark.fault("F70")
async def test_texts_are_bounded_too() -> None:
    page = Page(max_messages=10)
    for number in range(25):
        page.text(str(number))
    assert await drain(page) == [str(number) for number in range(15, 25)]


@pytest.mark.fault("F70")
async def test_texts_are_bounded_by_their_length_too() -> None:
    page = Page(max_bytes=100)
    for number in range(9):
        page.text(f"{number}" * 30)
    assert await drain(page) == [f"{number}" * 30 for number in (5, 6, 7, 8)]
    assert page.dropped == 5
    page.text("x" * 1000)
    page.text("next")
    assert await drain(page) == ["next"], "nothing that is too long stays"


async def test_a_restart_forgets_what_was_queued() -> None:
    page = Page()
    page.picture(b"old", key=True)
    page.restart()
    page.picture(b"delta", key=False)
    page.picture(b"new", key=True)
    assert await drain(page) == [b"new"]
