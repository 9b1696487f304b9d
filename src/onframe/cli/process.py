"""How a command runs as a process: its loop, its signals, and an end that waits for nobody.

SIGINT and SIGTERM cancel the command, which says good-bye to the camera and ends within two seconds.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")
INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM


class Interrupted(Exception):
    """A signal ended the command; ``code`` is its exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"ended by a signal ({code})")
        self.code = code


class LookupThreads(ThreadPoolExecutor):
    """Threads for what blocks, such as name resolution; the process may end while one still waits for its server."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run it in a thread of its own; as many as there are names to look up."""
        future: Future[T] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        threading.Thread(target=work, name="onframe lookup", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Waits for no thread."""


def collect_seldom() -> None:
    """For a server that runs for long: what was loaded is not looked through again, new cycles later.

    A viewer remembers the documents of a minute and a half, none of them in a cycle; looking through them took a
    twentieth of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def run(command: Callable[..., Any], bound: inspect.BoundArguments) -> Any:
    """The command's result. Raises what it raises, and Interrupted."""
    with _signals() as received:
        try:
            if not inspect.iscoroutinefunction(command):
                return command(*bound.args, **bound.kwargs)
            with asyncio.Runner() as runner:
                runner.get_loop().set_default_executor(LookupThreads(max_workers=1))
                return runner.run(command(*bound.args, **bound.kwargs))
        except KeyboardInterrupt:
            raise Interrupted(TERMINATED if signal.SIGTERM in received else INTERRUPTED) from None


@contextmanager
def _signals() -> Iterator[set[int]]:
    """SIGTERM does what SIGINT does; the set says which came."""
    received: set[int] = set()
    if threading.current_thread() is not threading.main_thread():
        yield received
        return

    def terminate(number: int, frame: object) -> None:
        received.add(number)
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield received
    finally:
        signal.signal(signal.SIGTERM, before)
