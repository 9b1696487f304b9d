"""One stream of a camera, told to all pages that show it: one RTSP session however many pages.

Records become Shapes once for all of them. Pictures go out in the forms that pages ask for, a Branch each, which is
there as long as a page of that path is (branches.py). Who needs all of it on the server (a picture with the overlay
burned in) is a Listener: ``listen`` until ``unlisten``; it keeps the session running as a page does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any

from onframe.camera.supervisor import SessionStatus
from onframe.errors import OnframeError
from onframe.overlay.view import View
from onframe.overlay.vocabulary import Rules, Shapes
from onframe.record import Coordinates, StreamEvent
from onframe.viewer import wire
from onframe.viewer.branches import Branch, Listener, Made, Maker, Remuxed
from onframe.viewer.connection import frame
from onframe.viewer.narrator import Narrator, Output, Picture
from onframe.viewer.page import Page
from onframe.viewer.source import Source

log = logging.getLogger("onframe.viewer")
STATS_EVERY = 1.0
OLDER_AT_ONCE = 25
"""Records of before the last seconds that are told again together, in another coordinate space."""
OLDER_EVERY = 0.05
"""Seconds between those."""
SESSION_COUNTERS = ("reconnects", "transport_fallbacks", "malformed_rtp", "malformed_rtcp", "video_lost", "clock_steps")
_FOR_HIDDEN = (wire.State, wire.Error, wire.Coordinates)
"""What a hidden page is told."""
_LASTING = (wire.Hello, wire.State, wire.Coordinates, Rules)
"""What later messages are understood by."""
_ALL = View()


class Feed:
    """Runs while a page shows it or a Listener hears it. ``stop`` ends it.

    ``makers`` make the forms that take their time, by path; ``private`` names what is not to leave the server.
    """

    def __init__(
        self,
        source: Source,
        stream: int,
        *,
        types: list[str] | None = None,
        makers: Mapping[wire.Path, Maker] | None = None,
        private: View = _ALL,
    ) -> None:
        self.source, self.stream, self._private = source, stream, private
        self._types, self._makers = types, dict(makers or {})
        self._chosen: Coordinates | None = None
        self._narrator = self._new_narrator()
        self._pages: dict[Page, wire.Path] = {}
        self._paused: set[Page] = set()
        self._branches: dict[wire.Path, Branch] = {}
        self._listeners: dict[Listener, None] = {}
        self._task: asyncio.Task[None] | None = None
        self._stats: asyncio.Task[None] | None = None
        self._retelling: asyncio.Task[None] | None = None

    # -- who is there --------------------------------------------------------------------------

    def join(self, page: Page, path: wire.Path) -> None:
        """Tell ``page`` what is shown, and everything from now on; with the path "none" the metadata alone."""
        self._pages[page] = path
        self._run_if_need_be()
        self._begin(page)

    async def leave(self, page: Page) -> None:
        """The page shows something else or is gone; the last one ends the session."""
        await self.move(page)
        await self._stop_if_alone()

    async def move(self, page: Page) -> None:
        """The page will join anew at once, by another path: the session goes on."""
        path = self._pages.pop(page, None)
        self._paused.discard(page)
        if path is not None:
            await self._part(page, path)

    async def pause(self, page: Page, paused: bool) -> None:
        """A page that is hidden gets states, counters and errors alone; afterwards it is as one that joins."""
        if page not in self._pages or paused == (page in self._paused):
            return
        if paused:
            self._paused.add(page)
            page.restart()
            await self._part(page, self._pages[page])
        else:
            self._paused.discard(page)
            self._begin(page)

    def listen(self, listener: Listener) -> None:
        """Tell ``listener`` what is shown, everything since the last key picture, and everything from now on."""
        self._listeners[listener] = None
        self._run_if_need_be()
        self._catch_up(listener)

    async def unlisten(self, listener: Listener) -> None:
        """And close it."""
        self._listeners.pop(listener, None)
        await listener.close()
        await self._stop_if_alone()

    async def stop(self) -> None:
        """End the session with the camera, and all forms of its pictures."""
        branches, self._branches = self._branches, {}
        tasks = [task for task in (self._task, self._stats, self._retelling) if task is not None]
        self._task = self._stats = self._retelling = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(branch.close() for branch in branches.values()))

    def hello(self, path: wire.Path = "annexb", base: int = 0) -> wire.Hello:
        """What is shown at this moment, for a page of this path."""
        return self._narrator.hello(path, base)

    @property
    def running(self) -> bool:
        """The session with the camera is open or tried for."""
        return self._task is not None and not self._task.done()

    # -- what a page asks for ------------------------------------------------------------------

    def inspect(self, page: Page, asked: wire.Inspect) -> None:
        """Tell the page the document that it asks for."""
        self._text(page, self._narrator.inspect(asked.n, asked.subject))

    def set_coordinates(self, coordinates: Coordinates) -> None:
        """Another space: what the pages were told is told again, by its old numbers; what is older bit by bit."""
        self._chosen = coordinates
        for output in self._narrator.set_coordinates(coordinates):
            self._broadcast(output)
        if self._retelling is not None:
            self._retelling.cancel()
            self._retelling = None
        if self._pages:
            name = f"viewer's older Shapes of {self.source.name}"
            self._retelling = asyncio.create_task(self._tell_older(self._narrator), name=name)

    async def _tell_older(self, narrator: Narrator) -> None:
        """A picture of a minute ago may be looked at."""
        for n, shapes in enumerate(narrator.older()):
            if n % OLDER_AT_ONCE == 0:
                await asyncio.sleep(OLDER_EVERY)
            if narrator is not self._narrator:
                return
            message = frame(wire.encode(shapes))
            for page in self._pages:
                if page not in self._paused:
                    page.text(message)

    # -- the session ---------------------------------------------------------------------------

    def _new_narrator(self) -> Narrator:
        source = self.source
        coordinates = self._chosen or source.camera.coordinates
        narrator = Narrator(
            source.name, source.channel, self.stream, coordinates, key=source.key, private=self._private
        )
        if self._chosen is not None:
            narrator.set_coordinates(self._chosen)
        return narrator

    def _run_if_need_be(self) -> None:
        if not self.running:
            self._narrator = self._new_narrator()
            for branch in self._branches.values():
                branch.hello(self.hello(branch.path))
            self._task = asyncio.create_task(self._run(), name=f"viewer of {self.source.name} stream {self.stream}")
        if self._stats is None:
            self._stats = asyncio.create_task(self._tell_stats(), name=f"viewer's counters of {self.source.name}")

    async def _stop_if_alone(self) -> None:
        if not self._pages and not self._listeners:
            await self.stop()

    async def _run(self) -> None:
        try:
            events = self.source.camera.stream(channel=self.source.channel, stream=self.stream, types=self._types)
            async with aclosing(events):
                await events.each(self._hear)
        except OnframeError as error:
            self._broadcast(wire.Error("camera", str(error), error.hint))
        except Exception:
            log.exception("the viewer's stream ended")
            text = "the viewer's stream ended by a fault of its own; its log says more"
            self._broadcast(wire.Error("server", text, "load the page again to begin anew"))

    def _hear(self, event: StreamEvent) -> None:
        for output in self._narrator.tell(event):
            self._broadcast(output)

    async def _tell_stats(self) -> None:
        """Counters, once a second, also when the session is over: a page that hears nothing connects anew."""
        while True:
            await asyncio.sleep(STATS_EVERY)
            of_session = self._session_values()
            for page in list(self._pages):
                values: dict[str, Any] = {**self._narrator.counters, "pages": len(self._pages), "dropped": page.dropped}
                self._text(page, wire.Stats(of_session | values))

    def _session_values(self) -> dict[str, int | float | str]:
        """How RTP comes, and what went wrong on the way, since the program began."""
        status = next((one for one in self.source.camera.status() if self._is_shown(one)), None)
        if status is None:
            return {}
        counts = {name: status.counters.get(name, 0) for name in SESSION_COUNTERS}
        return {"transport": status.transport or "–", **counts}

    def _is_shown(self, status: SessionStatus) -> bool:
        return (status.channel, status.stream) == (self.source.channel, self.stream)

    # -- telling -------------------------------------------------------------------------------

    def _begin(self, page: Page) -> None:
        """Hello, the state, what is drawn on the pictures since the last key picture, and these."""
        path = self._pages[page]
        branch = self._branch(path)
        page.restart()
        self._text(page, self.hello(path, 0 if branch is None else branch.base))
        for output in self._narrator.remembered():
            if not isinstance(output, Picture):
                self._text(page, output)
        if branch is not None:
            branch.join(page)

    async def _part(self, page: Page, path: wire.Path) -> None:
        branch = self._branches.get(path)
        if branch is not None and branch.pages.pop(page, self) is not self and not branch.pages:
            del self._branches[path]
            await branch.close()

    def _branch(self, path: wire.Path) -> Branch | None:
        """The branch of this path; a new one hears what it missed."""
        if path == "none":
            return None
        if path not in self._branches:
            branch = self._new_branch(path)
            self._catch_up(branch)
            self._branches[path] = branch
        return self._branches[path]

    def _new_branch(self, path: wire.Path) -> Branch:
        # The narrator is another one when the session was begun anew.
        arrived = lambda pts: self._narrator.arrived(pts)  # noqa: E731
        if path == "annexb":
            return Branch(self.stream, arrived)
        if path == "fmp4":
            return Remuxed(self.stream, arrived, self._greet)
        return Made(self.stream, arrived, self._makers[path])

    def _catch_up(self, listener: Listener) -> None:
        listener.hello(self.hello(listener.path if isinstance(listener, Branch) else "annexb"))
        has_key = False
        for output in self._narrator.remembered():
            has_key = has_key or (isinstance(output, Picture) and output.unit.key)
            if has_key or not isinstance(output, Picture):
                _pass_on(output, listener)

    def _broadcast(self, output: Output) -> None:
        if isinstance(output, wire.Hello):
            for branch in self._branches.values():
                branch.hello(output)
            for listener in self._listeners:
                listener.hello(output)
            for page in self._pages:
                self._greet_page(page)
            return
        if not isinstance(output, Picture):
            message = frame(wire.encode(output))
            for_hidden, lasts = isinstance(output, _FOR_HIDDEN), isinstance(output, _LASTING)
            for page in self._pages:
                if for_hidden or page not in self._paused:
                    page.text(message, lasts=lasts)
        for listener in (*self._branches.values(), *self._listeners):
            _pass_on(output, listener)

    def _greet(self, branch: Branch) -> None:
        """A branch begins anew of itself: as after a hello, for its pages."""
        for page in branch.pages:
            self._greet_page(page)
            for output in self._narrator.remembered():
                if isinstance(output, Shapes | Rules):
                    self._text(page, output)

    def _greet_page(self, page: Page) -> None:
        """What was queued is of no use any more, except the state of the connection."""
        if page in self._paused:
            return
        path = self._pages[page]
        branch = self._branches.get(path)
        page.restart()
        self._text(page, self.hello(path, 0 if branch is None else branch.base))
        if self._narrator.state is not None:
            self._text(page, self._narrator.state)

    def _text(self, page: Page, message: wire.ServerMessage) -> None:
        page.text(frame(wire.encode(message)), lasts=isinstance(message, _LASTING))


def _pass_on(output: Output, listener: Listener) -> None:
    if isinstance(output, Picture):
        listener.picture(output.unit)
    elif isinstance(output, Shapes | Rules):
        listener.told(output)
