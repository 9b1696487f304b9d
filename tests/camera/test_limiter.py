"""Connections are begun one after another, at most so many in any second."""

import asyncio
import time
from itertools import pairwise

import pytest

from onframe.camera.limiter import ConnectLimiter, shared_limiter
from waiting import own_time


@pytest.mark.fault("F72")
async def test_no_second_has_more_connections_than_the_rate():
    limiter = ConnectLimiter(10)
    times = []

    async def connect():
        await limiter.turn()
        times.append(time.monotonic())

    await asyncio.gather(*(connect() for _ in range(25)))
    assert limiter.passed == 25
    assert all(later - earlier > 0.99 for earlier, later in zip(times, times[10:], strict=False))
    assert times[-1] - times[0] < 10


async def test_the_first_second_is_not_waited_for():
    limiter = ConnectLimiter(20)
    began = own_time()
    for _ in range(20):
        await limiter.turn()
    assert own_time() - began < 0.5


async def test_turns_are_given_in_the_order_of_asking_and_the_cancelled_take_none():
    limiter = ConnectLimiter(1)
    order = []

    async def connect(number):
        await limiter.turn()
        order.append((number, time.monotonic()))

    tasks = [asyncio.create_task(connect(number)) for number in range(4)]
    await asyncio.sleep(0)
    for number in (1, 2):
        tasks[number].cancel()
    await asyncio.wait(tasks)
    assert [number for number, _ in order] == [0, 3]
    assert all(0.99 < later[1] - earlier[1] < 1.9 for earlier, later in pairwise(order))
    assert limiter.passed == 2


async def test_one_limiter_serves_all_cameras_of_a_loop():
    assert shared_limiter() is shared_limiter()
    other = await asyncio.to_thread(lambda: asyncio.run(_shared()))
    assert other is not shared_limiter()


async def _shared():
    return shared_limiter()


def test_a_rate_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        ConnectLimiter(0)
