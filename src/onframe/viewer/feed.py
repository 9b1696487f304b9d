"""One stream of a camera, told to all pages that show it: one RTSP session however many pages."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from typing import Any

from onframe.camera.camera import Camera
from onframe.camera.supervisor import SessionStatus
from onframe.errors import OnframeError
from onframe.viewer import wire
from onframe.viewer.narrator import Narrator, Output, Picture
from onframe.viewer.page import Page

log = logging.getLogger("onframe.viewer")
STATS_EVERY = 1.0
SESSION_COUNTERS = ("reconnects", "transport_fallbacks", "malformed_rtp", "malformed_rtcp", "video_lost", "clock_steps")


class Feed:
    """Runs while a page shows it. ``stop`` ends it."""

    def __init__(self, camera: Camera, channel: int, stream: int, types: list[str] | None = None) -> None:
        self._camera, self._channel, self.stream, self._types = camera, channel, stream, types
        self._narrator = self._new_narrator()
        self._pages: dict[Page, bool] = {}
        self._task: asyncio.Task[None] | None = None

    def _new_narrator(self) -> Narrator:
        return Narrator(self._camera.host, self._channel, self.stream, self._camera.coordinates)

    def join(self, page: Page, *, pictures: bool = True) -> None:
        """Tell ``page`` what is shown, and everything from now on; without ``pictures`` the metadata alone."""
        page.restart()
        self._pages[page] = pictures
        if self._task is None or self._task.done():
            self._narrator = self._new_narrator()
            self._task = asyncio.create_task(self._run(), name=f"viewer of {self._camera.host} stream {self.stream}")
        for output in self._narrator.catch_up(pictures=pictures):
            self._send(page, output)

    async def leave(self, page: Page) -> None:
        """The page shows something else or is gone; the last one ends the session."""
        self._pages.pop(page, None)
        if not self._pages:
            await self.stop()

    async def stop(self) -> None:
        """End the session with the camera."""
        if self._task is not None:
            task, self._task = self._task, None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        stats = asyncio.create_task(self._tell_stats())
        try:
            events = self._camera.stream(channel=self._channel, stream=self.stream, types=self._types)
            async with aclosing(events):
                async for event in events:
                    for output in self._narrator.tell(event):
                        self._broadcast(output)
        except OnframeError as error:
            self._broadcast(wire.Error("camera", str(error), error.hint))
        except Exception:
            log.exception("the viewer's stream ended")
            text = "the viewer's stream ended by a fault of its own; its log says more"
            self._broadcast(wire.Error("server", text, "load the page again to begin anew"))
        finally:
            stats.cancel()

    async def _tell_stats(self) -> None:
        """Counters, once a second."""
        while True:
            await asyncio.sleep(STATS_EVERY)
            of_session = self._session_values()
            for page in list(self._pages):
                values: dict[str, Any] = {**self._narrator.counters, "pages": len(self._pages), "dropped": page.dropped}
                page.text(wire.encode(wire.Stats(of_session | values)))

    def _session_values(self) -> dict[str, int | float | str]:
        """How RTP comes, and what went wrong on the way, since the program began."""
        status = next((one for one in self._camera.status() if self._is_shown(one)), None)
        if status is None:
            return {}
        counts = {name: status.counters.get(name, 0) for name in SESSION_COUNTERS}
        return {"transport": status.transport or "–", **counts}

    def _is_shown(self, status: SessionStatus) -> bool:
        return (status.channel, status.stream) == (self._channel, self.stream)

    def _broadcast(self, output: Output) -> None:
        text = None if isinstance(output, Picture) else wire.encode(output)
        for page, pictures in self._pages.items():
            if isinstance(output, wire.Hello):
                self._greet(page, pictures)
            elif text is not None:
                page.text(text)
            elif isinstance(output, Picture) and pictures:
                page.picture(output.message, key=output.key)

    def _greet(self, page: Page, pictures: bool) -> None:
        """What was queued is of no use any more, except the state of the connection."""
        page.restart()
        page.text(wire.encode(self._narrator.hello(pictures=pictures)))
        if self._narrator.state is not None:
            page.text(wire.encode(self._narrator.state))

    def _send(self, page: Page, output: Output) -> None:
        if not isinstance(output, Picture):
            page.text(wire.encode(output))
        elif self._pages[page]:
            page.picture(output.message, key=output.key)
