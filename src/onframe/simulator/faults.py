"""What goes wrong with a simulated camera: a plan that runs by itself, and faults that a test injects.

faults = Faults("loss=5%@10s..20s, reboot=10s@30s")     the language is that of ``fault_plan``
camera.faults.inject("stall")                           at once, until …
camera.faults.clear("stall")
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from onframe.errors import OnframeError
from onframe.simulator.fault_plan import CAMERA_WORDS, Fault, Step, Timeline, Words, parse

_Result = TypeVar("_Result")
HANDOVER = 10.0
"""Seconds that another thread waits for the camera's."""


@dataclass(frozen=True)
class Active:
    """A fault that lasts, and since when (seconds since the camera's start)."""

    fault: Fault
    since: float


class Actions(Protocol):
    """Who makes the faults come true."""

    def strike(self, fault: Fault) -> asyncio.Task[None] | None:
        """Do what is over at once; a task where it takes time."""

    def hold(self, active: Sequence[Active], now: float) -> float | None:
        """Make exactly these true from now on; gives the seconds after which to ask again, None for never."""


class Injection:
    """What was injected is in force; awaiting it waits until a reboot among it is over as well."""

    def __init__(self, tasks: Iterable[asyncio.Task[None]] = ()) -> None:
        self._tasks = tuple(tasks)

    def __await__(self) -> Generator[Any, None, None]:
        return self._wait().__await__()

    async def _wait(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks)


class Faults:
    """The faults of one simulated camera. Raises OnframeError for a plan that cannot be read.

    ``done`` counts by word what has begun so far. Times count from the camera's start, by ``clock`` in seconds.
    ``words`` are those of whoever has the faults; with ``counts_places`` false, who reaches a place in the bytes
    counts it in ``done``.
    """

    def __init__(
        self,
        plan: str | Iterable[Fault] = "",
        *,
        words: Words = CAMERA_WORDS,
        counts_places: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.plan = parse(plan, words) if isinstance(plan, str) else tuple(plan)
        self.done: Counter[str] = Counter()
        self._words, self._counts_places = words, counts_places
        self._clock = clock
        self._timeline = Timeline()
        self._active: list[Active] = []
        self._actions: Actions | None = None
        self._started = 0.0
        self._again: float | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def active(self) -> list[str]:
        """The words of the faults that are on at this moment."""
        return [one.fault.word for one in self._active]

    def inject(self, text: str) -> Injection:
        """Begin these faults now; times in ``text`` count from now. May be awaited, and called from any thread."""
        faults = parse(text, self._words)
        return self._on_loop(lambda: self._inject(faults))

    def clear(self, word: str | None = None) -> Injection:
        """End the faults of this word, or all, and forget those of the plan that are still to come."""
        if word is not None and word not in self._words:
            raise OnframeError(f"there is no fault {word!r}", hint=f"possible: {', '.join(self._words)}")
        return self._on_loop(lambda: self._clear(word))

    # -- driven by the camera, or by a test with a clock of its own ----------------------------

    def begin(self, actions: Actions) -> None:
        """The camera has started: the plan begins. Call ``advance`` from then on, or ``run_on`` once."""
        self._actions, self._started, self._again = actions, self._clock(), None
        self._timeline, self._active = Timeline(self.plan), []

    def advance(self) -> list[asyncio.Task[None]]:
        """Do what is due by the clock; gives the tasks of what takes time."""
        actions, now = self._running(), self.now
        steps = self._timeline.due(now)
        struck = [task for step in steps if (task := self._step(actions, step)) is not None]
        if any(self._lasts(step.fault) for step in steps) or self._is_asked(now):
            self._hold(actions, now)
        return struck

    @property
    def now(self) -> float:
        """Seconds since the camera's start."""
        return self._clock() - self._started

    @property
    def next(self) -> float | None:
        """When ``advance`` has to be called next, in seconds since the camera's start."""
        times = [time for time in (self._timeline.next, self._again) if time is not None]
        return min(times, default=None)

    def run_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Advance by itself on this loop, which must be the running one."""
        self._loop, self._thread = loop, threading.get_ident()
        self._run()

    def ask_again(self) -> None:
        """What lasts may be otherwise now: the device has started anew."""
        self._hold(self._running(), self.now)
        self._run()

    def end(self) -> None:
        """The camera stops: everything is right again."""
        if self._timer is not None:
            self._timer.cancel()
        if self._actions is not None:
            self._active = []
            self._actions.hold((), self.now)
        self._timer = self._loop = self._actions = None

    # -- within

    def _running(self) -> Actions:
        if self._actions is None:
            raise OnframeError("what has these faults is not running", hint="inject faults inside its 'async with'")
        return self._actions

    def _run(self) -> list[asyncio.Task[None]]:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        tasks = self.advance()
        if self._loop is not None and (due := self.next) is not None:
            self._timer = self._loop.call_later(max(0.0, due - self.now), self._run)
        return tasks

    def _inject(self, faults: Iterable[Fault]) -> Injection:
        self._running()
        self._timeline.add(faults, self.now)
        return Injection(self._run())

    def _clear(self, word: str | None) -> Injection:
        actions = self._running()
        self._timeline.drop(word)
        self._active = [one for one in self._active if word is not None and one.fault.word != word]
        self._hold(actions, self.now)
        return Injection(self._run())

    def _step(self, actions: Actions, step: Step) -> asyncio.Task[None] | None:
        if not step.begins:
            self._active = [one for one in self._active if one.fault is not step.fault]
            return None
        if self._counts_places or step.fault.after is None:
            self.done[step.fault.word] += 1
        if not self._lasts(step.fault):
            return actions.strike(step.fault)
        self._active = [one for one in self._active if one.fault is not step.fault]
        self._active.append(Active(step.fault, step.at))
        return None

    def _lasts(self, fault: Fault) -> bool:
        return fault.after is None and self._words[fault.word].goes_on(fault.value)

    def _hold(self, actions: Actions, now: float) -> None:
        again = actions.hold(self._active, now)
        self._again = None if again is None else now + again

    def _is_asked(self, now: float) -> bool:
        return self._again is not None and self._again <= now

    def _on_loop(self, act: Callable[[], Injection]) -> Injection:
        """Here where this is the camera's thread; else there, and this thread waits until it is done."""
        loop = self._loop
        if loop is None or threading.get_ident() == self._thread:
            return act()

        async def there() -> None:
            await act()

        asyncio.run_coroutine_threadsafe(there(), loop).result(HANDOVER)
        return Injection()


def random_plan(seed: int, length: float, *, pause: tuple[float, float] = (5.0, 30.0)) -> str:
    """A plan of ``length`` seconds with a fault after every ``pause`` (seconds); the same seed gives the same plan."""
    draw = random.Random(seed)
    faults: list[str] = []
    at = draw.uniform(*pause)
    while at < length:
        word, end = draw.choice(_RANDOM), at + draw.uniform(1.0, 5.0)
        faults.append(word.format(at=f"{at:.1f}s", end=f"{end:.1f}s"))
        at = end + draw.uniform(*pause)
    return ", ".join(faults)


_RANDOM = (
    "reboot=2s@{at}",
    "loss=5%@{at}..{end}",
    "cut@{at}",
    "rst@{at}",
    "bye@{at}",
    "stall@{at}..{end}",
    "halfopen@{at}..{end}",
    "reorder=5%@{at}..{end}",
    "duplicate=5%@{at}..{end}",
    "slow=4kB/s@{at}..{end}",
    "clock-jump=+1h@{at}..{end}",
    "nonce-expiry@{at}",
    "sequence-jump=1000@{at}",
    "ssrc-change@{at}",
    "type-off=ANPR@{at}..{end}",
)
