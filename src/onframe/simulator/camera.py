"""SimulatedCamera: a whole camera on this machine, HTTP and RTSP, for tests, demonstrations and first steps."""

from __future__ import annotations

import asyncio
import secrets
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, cast
from urllib.parse import quote

from onframe.errors import OnframeError
from onframe.simulator.device import Device, inputs
from onframe.simulator.fault_actions import CameraActions
from onframe.simulator.faults import Faults
from onframe.simulator.profiles import Profile, profile_named
from onframe.simulator.programme import SceneProgramme, Stamp
from onframe.simulator.quirks import Quirks
from onframe.simulator.rewriting import metadata_encoder
from onframe.simulator.scenes import load
from onframe.simulator.source import Programme, Source
from onframe.simulator.trouble import Trouble
from onframe.simulator.video import need

if TYPE_CHECKING:
    from onframe.simulator.certificates import Certificate
    from onframe.simulator.rtsp import RTSPServer
    from onframe.simulator.servers import Servers
    from onframe.simulator.streaming import Clock, Lost

Outside = Literal["leave_out", "without_sub_type"]
_BOOT = 1_000_003  # apart are the seeds of two boots


class SimulatedCamera:
    """A camera of your own: ``async with`` runs it in this loop, ``with`` in a thread of its own."""

    def __init__(
        self,
        scene: str | Mapping[int, str] = "gate",
        *,
        host: str = "127.0.0.1",
        http_port: int = 0,
        rtsp_port: int = 0,
        https_port: int = 0,
        rtsps_port: int = 0,
        username: str = "admin",
        password: str | None = None,
        clock: Clock | None = None,
        profile: str | Profile = "guide",
        quirks: Mapping[str, object] | None = None,
        faults: str | Faults = "",
        tls: bool | Certificate | ssl.SSLContext = False,
        seed: int = 1,
        frame_marks: bool = False,
        metadata_delay: tuple[float, float] = (0.0, 0.0),
        metadata_loss: float = 0.0,
        outside: Outside = "leave_out",
        analog: int = 0,
        digital: int = 0,
        video: Path | str | None = None,
        script: Path | str | None = None,
        programme: Callable[[Stamp], Programme] | None = None,
    ) -> None:
        """``scene`` is one name (for each of ``analog`` and ``digital`` inputs), or a name for each channel. Port 0
        takes a free one; without a password one is made.

        ``faults`` is a plan (`onframe.simulator.fault_plan`), which begins with the start. ``tls`` serves HTTPS and
        RTSPS too: with a certificate made for ``host``, with one that is given, or with a context of your own.
        ``quirks`` change the profile, by name (`onframe.simulator.quirks`). ``clock`` is what the device tells about
        time (by default what the profile does); ``metadata_delay`` in seconds; ``metadata_loss`` the share of metadata
        packets that are dropped; ``outside`` what becomes of targets outside the rules' range (R-116); ``video`` and
        ``script`` replace the scene, and so does what ``programme`` makes for each channel. Raises OnframeError for a
        scene, profile, quirk or fault that is not known, and where the simulator extra is missing.
        """
        need("av", "numpy", "PIL", "starlette", "uvicorn")
        from onframe.simulator.servers import Ports

        self.host, self.username, self.password = host, username, password or secrets.token_urlsafe(9)
        self.scenes = dict.fromkeys(inputs(analog, digital) or (1,), scene) if isinstance(scene, str) else dict(scene)
        base = profile if isinstance(profile, Profile) else profile_named(profile)
        self.profile = replace(base, quirks=Quirks.parse(quirks, base.quirks)) if quirks else base
        self.faults = faults if isinstance(faults, Faults) else Faults(faults)
        self.certificate, self._ssl_context = _identity(tls, host)
        self.trouble = Trouble()
        self._ports = Ports(http_port, https_port, rtsp_port, rtsps_port)
        self._clock = clock or cast("Clock | None", self.profile.clock)
        self._options = _Options(seed, frame_marks, metadata_delay, metadata_loss, outside)
        self._files = (Path(video), Path(script) if script else None) if video else None
        self._make_programme = programme
        for name in set(self.scenes.values()) if programme is None else ():
            load(name, seed)
        self.device = Device(
            self.username, self.password, self.profile, tuple(self.scenes), host=host, rtsp_port=rtsp_port or 554
        )
        self.sources: dict[int, Source] = {}
        self._servers: Servers | None = None
        self._actions: CameraActions | None = None
        self._thread: _Thread | None = None

    @property
    def http_port(self) -> int:
        """Where HTTP is; known from the start on."""
        return self._ports.http

    @property
    def https_port(self) -> int:
        """Where HTTPS is, with ``tls``."""
        return self._ports.https

    @property
    def rtsp_port(self) -> int:
        """Where RTSP is."""
        return self._ports.rtsp

    @property
    def rtsps_port(self) -> int:
        """Where RTSPS is, with ``tls``."""
        return self._ports.rtsps

    @property
    def url(self) -> str:
        """What ``Camera.from_url`` takes: credentials, HTTP port and RTSP port."""
        return f"http://{self._authority(self.http_port)}/?rtsp_port={self.rtsp_port}"

    @property
    def tls_url(self) -> str:
        """The same over TLS: HTTPS port and RTSPS port. Raises OnframeError for a camera without ``tls``."""
        if self._ssl_context is None:
            raise OnframeError("this simulated camera has no TLS", hint="make it with tls=True")
        return f"https://{self._authority(self.https_port)}/?rtsp_port={self.rtsps_port}"

    def rtsp_url(self, channel: int = 1, stream: int = 1) -> str:
        """The URL of a stream, with credentials: what ffmpeg and players take."""
        return f"rtsp://{self._authority(self.rtsp_port)}/ISAPI/Streaming/channels/{channel * 100 + stream}"

    def _authority(self, port: int) -> str:
        user, password = quote(self.username, safe=""), quote(self.password, safe="")
        name = f"[{self.host.replace('%', '%25')}]" if ":" in self.host else self.host
        return f"{user}:{password}@{name}:{port}"

    @property
    def lost(self) -> list[Lost]:
        """The metadata documents of which packets were dropped on purpose (``metadata_loss``)."""
        return self._servers.lost if self._servers is not None else []

    @property
    def rtsp(self) -> RTSPServer | None:
        """The RTSP server; None while the camera is not running, and during the outage of a reboot."""
        return self._servers.streams if self._servers is not None else None

    async def start(self) -> None:
        """Make the pictures where that is not done yet, and listen. Ports are kept for a later start."""
        from onframe.simulator.servers import Servers

        if self._servers is not None:
            raise OnframeError("the simulated camera is running already", hint="make a second one")
        self._servers = servers = Servers(
            self.device,
            self.host,
            self._ports,
            self.trouble,
            self._ssl_context,
            make_rtsp=self._make_rtsp,
            restarted=self._restarted,
        )
        try:
            servers.reserve()
            self.device.rtsp_port = self.rtsp_port
            self.sources = {number: self._source(number) for number in self.scenes}
            await asyncio.gather(*(source.prepare() for source in self.sources.values()))
            await servers.open()
            self._actions = CameraActions(self.device, self.trouble, servers)
            self.faults.begin(self._actions)
            self.faults.run_on(asyncio.get_running_loop())
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close every connection and end every task, within 2 s."""
        servers, self._servers = self._servers, None
        self.faults.end()
        if servers is not None:
            await servers.close()
        for source in self.sources.values():
            await source.close()

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
        if self._make_programme is not None:
            return self._make_programme(stamp)
        if self._files is not None:
            from onframe.simulator.file import FileProgramme

            return FileProgramme(*self._files, stamp, encode=encode)
        scene = load(self.scenes[channel], self._options.seed, outside=self._options.outside)
        programme = SceneProgramme(scene, stamp, frame_marks=self._options.frame_marks, encode=encode)
        programme.b_pictures = self.profile.quirks.b_pictures
        return programme

    def _source(self, number: int) -> Source:
        options = self._options
        return Source(
            self._programme(number),
            channel=number,
            metadata_delay=options.delay,
            seed=options.seed,
            trouble=self.trouble,
        )

    def _make_rtsp(self, boot: int) -> RTSPServer:
        """The RTSP server of each boot draws numbers of its own."""
        from onframe.simulator.rtsp import RTSPServer

        return RTSPServer(
            self.device,
            self.sources,
            host=self.host,
            port=self.rtsp_port,
            clock=self._clock,
            metadata_loss=self._options.loss,
            seed=self._options.seed + boot * _BOOT,
            trouble=self.trouble,
            ssl_context=self._ssl_context,
            rtsps_port=self.rtsps_port,
        )

    def _restarted(self) -> None:
        for source in self.sources.values():
            source.restart()
        if self._actions is not None:
            self._actions.booted()
            self.faults.ask_again()


class _Options:
    def __init__(self, seed: int, frame_marks: bool, delay: tuple[float, float], loss: float, outside: Outside) -> None:
        self.seed, self.frame_marks, self.delay, self.loss, self.outside = seed, frame_marks, delay, loss, outside


def _identity(tls: bool | Certificate | ssl.SSLContext, host: str) -> tuple[Certificate | None, ssl.SSLContext | None]:
    """The certificate, where it is known, and the context of the TLS servers."""
    if tls is False:
        return None, None
    if isinstance(tls, ssl.SSLContext):
        return None, tls
    need("cryptography")
    from onframe.simulator.certificates import make_certificate, server_context

    certificate = (
        make_certificate(*dict.fromkeys((host.partition("%")[0], "localhost", "127.0.0.1", "::1")))
        if tls is True
        else tls
    )
    return certificate, server_context(certificate)


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
