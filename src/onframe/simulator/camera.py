"""SimulatedCamera: a whole camera on this machine, HTTP and RTSP, for tests, demonstrations and first steps."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, cast
from urllib.parse import quote

from onframe.errors import OnframeError
from onframe.simulator.device import Device
from onframe.simulator.profiles import Profile, profile_named
from onframe.simulator.programme import SceneProgramme, Stamp
from onframe.simulator.quirks import Quirks
from onframe.simulator.rewriting import metadata_encoder
from onframe.simulator.scenes import load
from onframe.simulator.source import Programme, Source
from onframe.simulator.video import need

if TYPE_CHECKING:
    from onframe.asgi import Site
    from onframe.simulator.rtsp import RTSPServer
    from onframe.simulator.streaming import Clock, Lost

Outside = Literal["leave_out", "without_sub_type"]


class SimulatedCamera:
    """A camera of your own: ``async with`` runs it in this loop, ``with`` in a thread of its own."""

    def __init__(
        self,
        scene: str | Mapping[int, str] = "gate",
        *,
        host: str = "127.0.0.1",
        http_port: int = 0,
        rtsp_port: int = 0,
        username: str = "admin",
        password: str | None = None,
        clock: Clock | None = None,
        profile: str | Profile = "guide",
        quirks: Mapping[str, object] | None = None,
        seed: int = 1,
        frame_marks: bool = False,
        metadata_delay: tuple[float, float] = (0.0, 0.0),
        metadata_loss: float = 0.0,
        outside: Outside = "leave_out",
        video: Path | str | None = None,
        script: Path | str | None = None,
    ) -> None:
        """``scene`` is one name, or a name for each channel. Port 0 takes a free one; without a password one is made.

        ``quirks`` change the profile, by name (`onframe.simulator.quirks`). ``clock`` is what the device tells about
        time (by default what the profile does); ``metadata_delay`` in seconds; ``metadata_loss`` the share of metadata
        packets that are dropped; ``outside`` what becomes of targets outside the rules' range (R-116); ``video`` and
        ``script`` replace the scene. Raises OnframeError for a scene, profile or quirk that is not known, and where
        the simulator extra is missing.
        """
        need("av", "numpy", "PIL", "starlette", "uvicorn")
        self.host, self.http_port, self.rtsp_port = host, http_port, rtsp_port
        self.username, self.password = username, password or secrets.token_urlsafe(9)
        self.scenes = {1: scene} if isinstance(scene, str) else dict(scene)
        base = profile if isinstance(profile, Profile) else profile_named(profile)
        self.profile = replace(base, quirks=Quirks.parse(quirks, base.quirks)) if quirks else base
        self._clock = clock or cast("Clock | None", self.profile.clock)
        self._options = _Options(seed, frame_marks, metadata_delay, metadata_loss, outside)
        self._files = (Path(video), Path(script) if script else None) if video else None
        for name in self.scenes.values():
            load(name, seed)
        self.device = Device(
            self.username, self.password, self.profile, tuple(self.scenes), host=host, rtsp_port=rtsp_port or 554
        )
        self.sources: dict[int, Source] = {}
        self._running: _Running | None = None
        self._thread: _Thread | None = None

    @property
    def url(self) -> str:
        """What ``Camera.from_url`` takes: credentials, HTTP port and RTSP port."""
        user, password = quote(self.username, safe=""), quote(self.password, safe="")
        return f"http://{user}:{password}@{self.host}:{self.http_port}/?rtsp_port={self.rtsp_port}"

    def rtsp_url(self, channel: int = 1, stream: int = 1) -> str:
        """The URL of a stream, with credentials: what ffmpeg and players take."""
        user, password = quote(self.username, safe=""), quote(self.password, safe="")
        place = f"{channel * 100 + stream}"
        return f"rtsp://{user}:{password}@{self.host}:{self.rtsp_port}/ISAPI/Streaming/channels/{place}"

    @property
    def lost(self) -> list[Lost]:
        """The metadata documents of which packets were dropped on purpose (``metadata_loss``)."""
        return self._running.lost if self._running is not None else []

    async def start(self) -> None:
        """Make the pictures where that is not done yet, and listen. Ports are kept for a later start."""
        if self._running is not None:
            raise OnframeError("the simulated camera is running already", hint="make a second one")
        running = _Running(self)
        try:
            await running.start()
        except BaseException:
            await running.stop()
            raise
        self._running = running

    async def stop(self) -> None:
        """Close every connection and end every task, within 2 s."""
        running, self._running = self._running, None
        if running is not None:
            await running.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def __enter__(self) -> Self:
        self._thread = _Thread(self)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop()

    def _programme(self, channel: int) -> Programme:
        stamp = Stamp(ip_address=self.host, port_no=self.rtsp_port, channel=channel)
        encode = metadata_encoder(self.profile.quirks)
        if self._files is not None:
            from onframe.simulator.file import FileProgramme

            return FileProgramme(*self._files, stamp, encode=encode)
        scene = load(self.scenes[channel], self._options.seed, outside=self._options.outside)
        return SceneProgramme(scene, stamp, frame_marks=self._options.frame_marks, encode=encode)


class _Options:
    def __init__(self, seed: int, frame_marks: bool, delay: tuple[float, float], loss: float, outside: Outside) -> None:
        self.seed, self.frame_marks, self.delay, self.loss, self.outside = seed, frame_marks, delay, loss, outside


class _Running:
    """The servers of one started camera."""

    def __init__(self, camera: SimulatedCamera) -> None:
        self._camera = camera
        self._rtsp: RTSPServer | None = None
        self._http: Site | None = None

    async def start(self) -> None:
        from onframe.asgi import Site, bind
        from onframe.simulator.http import http_app

        camera = self._camera
        self._http = Site(http_app(camera.device), camera.host, camera.http_port, ws="none")
        self._http.bind()
        camera.http_port = self._http.port
        reserved = bind(camera.host, camera.rtsp_port)
        camera.rtsp_port = camera.device.rtsp_port = reserved.getsockname()[1]
        reserved.close()
        camera.sources = {number: self._source(number) for number in camera.scenes}
        await asyncio.gather(*(source.prepare() for source in camera.sources.values()))
        await self._start_rtsp()
        await self._http.start()

    def _source(self, number: int) -> Source:
        options = self._camera._options
        programme = self._camera._programme(number)
        return Source(programme, channel=number, metadata_delay=options.delay, seed=options.seed)

    @property
    def lost(self) -> list[Lost]:
        return self._rtsp.lost if self._rtsp is not None else []

    async def _start_rtsp(self) -> None:
        from onframe.simulator.rtsp import RTSPServer

        camera = self._camera
        self._rtsp = RTSPServer(
            camera.device,
            camera.sources,
            host=camera.host,
            port=camera.rtsp_port,
            clock=camera._clock,
            metadata_loss=camera._options.loss,
            seed=camera._options.seed,
        )
        await self._rtsp.start()
        camera.rtsp_port = camera.device.rtsp_port = self._rtsp.port

    async def stop(self) -> None:
        if self._rtsp is not None:
            await self._rtsp.close()
        for source in self._camera.sources.values():
            await source.close()
        if self._http is not None:
            await self._http.stop()


class _Thread:
    """Runs a camera in a loop of its own."""

    def __init__(self, camera: SimulatedCamera) -> None:
        self._camera = camera
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="simulated-camera", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            self._thread.join()
            raise self._error

    def stop(self) -> None:
        if self._loop is not None and self._stopped is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:
            self._error = error
        finally:
            self._ready.set()

    async def _main(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        async with self._camera:
            self._ready.set()
            await self._stopped.wait()
