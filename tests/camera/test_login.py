"""One verdict for all callers and both protocols."""

import asyncio

import pytest

from onframe.camera.login import Login
from onframe.errors import AuthenticationError


def login(password="secret", **options):
    return Login("admin", password, host="10.0.0.1", **options)


@pytest.mark.requirement("R-018")
async def test_ten_callers_cost_one_trial_and_all_get_the_same_error():
    one = login()
    on_the_wire = 0

    async def call():
        nonlocal on_the_wire
        await one.permit()
        on_the_wire += 1
        await asyncio.sleep(0)
        raise one.refuse("wrong password")

    results = await asyncio.gather(*(call() for _ in range(10)), return_exceptions=True)
    assert on_the_wire == 1
    assert {type(result) for result in results} == {AuthenticationError}
    assert {str(result) for result in results} == {"10.0.0.1 refused the user 'admin': wrong password"}
    assert all(result.hint for result in results)
    with pytest.raises(AuthenticationError):
        await one.permit()


@pytest.mark.requirement("R-018")
async def test_once_accepted_everybody_passes():
    one = login()
    passed = []

    async def call(number):
        await one.permit()
        passed.append(number)
        await asyncio.sleep(0)
        one.accept()

    await asyncio.gather(*(call(number) for number in range(10)))
    assert len(passed) == 10
    assert one.accepted
    await one.permit()


@pytest.mark.requirement("R-018")
async def test_a_trial_without_verdict_passes_to_the_next_caller():
    one = login()
    tried = []

    async def call(number):
        await one.permit()
        tried.append(number)
        await asyncio.sleep(0)
        if number == 0:
            one.release()
            return
        one.accept()

    await asyncio.gather(*(call(number) for number in range(3)))
    assert tried == [0, 1, 2]


async def test_a_cancelled_trial_passes_to_the_next_caller():
    one = login()

    async def hang():
        await one.permit()
        await asyncio.sleep(60)

    first = asyncio.create_task(hang())
    await asyncio.sleep(0)
    second = asyncio.create_task(one.permit())
    await asyncio.sleep(0)
    assert not second.done()
    first.cancel()
    async with asyncio.timeout(1):
        await second


async def test_a_cancelled_waiter_does_not_disturb_the_trial():
    one = login()
    await one.permit()
    waiter = asyncio.create_task(one.permit())
    await asyncio.sleep(0)
    waiter.cancel()
    await asyncio.sleep(0)
    one.accept()
    assert one.accepted


async def test_the_holder_of_the_trial_may_ask_again():
    one = login()
    await one.permit()
    async with asyncio.timeout(1):
        await one.permit()
    assert not one.accepted and one.refused is None


async def test_release_by_somebody_else_changes_nothing():
    one = login()
    await one.permit()

    async def stranger():
        one.release()

    await asyncio.create_task(stranger())
    waiter = asyncio.create_task(one.permit())
    await asyncio.sleep(0)
    assert not waiter.done()
    waiter.cancel()


@pytest.mark.requirement("R-018")
async def test_credentials_that_were_accepted_can_be_refused_later():
    one = login()
    await one.permit()
    one.accept()
    one.refuse("the password was changed")
    assert not one.accepted
    one.accept()
    with pytest.raises(AuthenticationError, match="changed"):
        await one.permit()


async def test_without_a_password_nothing_is_sent():
    with pytest.raises(AuthenticationError, match="none was given"):
        await login(None).permit()


def test_a_password_is_fetched_once_and_only_when_needed():
    calls = []

    def fetch():
        calls.append(1)
        return "secret"

    one = login(fetch)
    assert calls == []
    one.client("http")
    one.client("rtsp")
    assert calls == [1]


def test_nonces_of_the_two_protocols_are_kept_apart():
    one = login()
    assert one.client("http") is one.client("http")
    assert one.client("http") is not one.client("rtsp")


def test_the_password_is_not_shown():
    one = login("hunter2")
    one.client("http")
    assert "hunter2" not in repr(one) + str(one.refuse("no"))
