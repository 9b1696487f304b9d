"""A whole session, cut at every single await of it: cancelled there once, and once with its connections gone.

The session asks and subscribes over HTTP, plays over RTSP, reads two Records and ends. Whatever moment is hit,
nothing may be left behind: no task, no file descriptor, no error that nobody asked for.
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from typing import Any

import pytest

from onframe.camera.backoff import Backoff
from onframe.camera.camera import Camera
from onframe.errors import ConnectionLost
from onframe.simulator.camera import SimulatedCamera

ENDED = 5.0
"""Seconds that a session may take to end after a cut; it takes milliseconds."""


@pytest.fixture(scope="module")
def simulated() -> Iterator[SimulatedCamera]:
    """In a thread of its own: its awaits are not the session's."""
    with SimulatedCamera("gate", seed=5) as camera:
        yield camera


class Cutter:
    """Counts the awaits of all tasks of a loop and calls ``cut`` at the chosen one."""

    def __init__(self, at: int | None) -> None:
        self.at, self.count = at, 0
        self.cut: Callable[[], object] = lambda: None

    def __call__(self, loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any], **named: Any) -> Any:
        return asyncio.Task(self._run(coro), loop=loop, **named)

    async def _run(self, coro: Coroutine[Any, Any, Any]) -> Any:
        return await _Counted(coro, self._step)

    def _step(self) -> None:
        if self.count == self.at:
            asyncio.get_running_loop().call_soon(self.cut)
        self.count += 1


class _Counted(Awaitable[Any]):
    def __init__(self, coro: Coroutine[Any, Any, Any], step: Callable[[], None]) -> None:
        self._coro, self._step = coro, step

    def __await__(self) -> Generator[Any, Any, Any]:
        error: BaseException | None = None
        while True:
            try:
                waited_for = self._coro.send(None) if error is None else self._coro.throw(error)
            except StopIteration as stop:
                return stop.value
            self._step()
            error = None
            try:
                yield waited_for
            except BaseException as thrown:
                error = thrown


async def golden(url: str, transport: Any) -> int:
    """The session: a question over HTTP, a subscription, two Records over RTSP."""
    seen = 0
    backoff = Backoff(initial=0.01, maximum=0.05)
    async with Camera.from_url(url, backoff=backoff, timeout=3.0, transport=transport) as camera:
        await camera.configuration()
        async with camera.watch(types={"ANPR", "behaviorAnalysis"}) as records:
            async for _ in records:
                seen += 1
                if seen == 2:
                    break
    return seen


class Run:
    """One golden session with a cut at one await: how it ended, and what it left."""

    def __init__(self, url: str, at: int | None, kind: str, transport: str) -> None:
        self.cutter = Cutter(at)
        self.unasked: list[str] = []
        self.left: list[str] = []
        self.outcome: int | BaseException | None = None
        self.duration = 0.0
        descriptors = _descriptors()
        asyncio.run(self._main(url, kind, transport))
        gc.collect()
        deadline = time.monotonic() + ENDED  # the simulated camera's own ends are in this process too
        while (kept := _descriptors() - descriptors) > 0 and time.monotonic() < deadline:
            time.sleep(0.005)
        self.descriptors = kept

    async def _main(self, url: str, kind: str, transport: str) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self.unasked.append(str(context.get("message"))))
        transports = _record_transports(loop)
        loop.set_task_factory(self.cutter)
        session = loop.create_task(golden(url, transport))
        self.cutter.cut = session.cancel if kind == "cancelled" else lambda: [one.abort() for one in transports]
        started = time.monotonic()
        done, _ = await asyncio.wait([session], timeout=4 * ENDED)
        self.duration = time.monotonic() - started
        assert done, "the session hangs"
        self.outcome = session.exception() if not session.cancelled() else asyncio.CancelledError()
        if self.outcome is None:
            self.outcome = session.result()
        await asyncio.sleep(0)
        self.left = [task.get_name() for task in asyncio.all_tasks() - {asyncio.current_task()}]


def _record_transports(loop: asyncio.AbstractEventLoop) -> list[asyncio.Transport]:
    made: list[asyncio.Transport] = []
    create = loop.create_connection

    async def recording(*arguments: Any, **named: Any) -> Any:
        transport, protocol = await create(*arguments, **named)
        made.append(transport)
        return transport, protocol

    loop.create_connection = recording  # type: ignore[method-assign]
    return made


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def _faults(run: Run) -> str:
    return ", ".join(run.unasked + [f"task {name} left" for name in run.left])


@pytest.mark.timeout(300)
@pytest.mark.fault("F62", "F71")
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_session_cancelled_at_any_of_its_awaits_leaves_nothing_behind(
    simulated: SimulatedCamera, transport: str
) -> None:
    whole = Run(simulated.url, None, "cancelled", transport)
    assert whole.outcome == 2 and whole.cutter.count > 20
    for at in range(whole.cutter.count):
        run = Run(simulated.url, at, "cancelled", transport)
        assert run.outcome == 2 or isinstance(run.outcome, asyncio.CancelledError), (at, repr(run.outcome))
        assert not _faults(run), (at, _faults(run))
        assert run.descriptors <= 0, at
        assert run.duration < ENDED, at


@pytest.mark.timeout(300)
@pytest.mark.fault("F31")
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_session_whose_connections_are_cut_at_any_of_its_awaits_recovers_or_names_the_loss(
    simulated: SimulatedCamera, transport: str
) -> None:
    whole = Run(simulated.url, None, "cut", transport)
    assert whole.outcome == 2
    recovered = 0
    for at in range(whole.cutter.count):
        run = Run(simulated.url, at, "cut", transport)
        assert run.outcome == 2 or isinstance(run.outcome, ConnectionLost), (at, repr(run.outcome))
        recovered += run.outcome == 2
        assert not _faults(run), (at, _faults(run))
        assert run.descriptors <= 0, at
    assert recovered > whole.cutter.count // 2  # only the questions over HTTP are not asked again
