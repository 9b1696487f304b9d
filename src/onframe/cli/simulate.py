"""``onframe simulate``: a camera of your own."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from onframe.cli.options import PASSWORD_VARIABLE, UsageError, read_password, set_up_logging

Clock = Literal["sr", "rtpinfo", "shared-base", "document", "none"]


@Parameter(name="*")
@dataclass
class Behaviour:
    """How the simulated device behaves."""

    profile: Annotated[
        str, Parameter(help="Kind of device: guide-2017, guide, av-stream-2023, nvr, sha256 or basic.")
    ] = "guide-2017"
    quirk: Annotated[
        list[str] | None,
        Parameter(negative="", help="NAME=VALUE: one thing that the device does otherwise; any number of them."),
    ] = None
    list_quirks: Annotated[bool, Parameter(negative="", help="Print every quirk and what it means, and end.")] = False
    json: Annotated[bool, Parameter(negative="", help="Print them as JSON.")] = False
    fault: Annotated[
        list[str] | None,
        Parameter(negative="", help="What goes wrong and when, as in reboot=10s@30s or loss=5%; any number of them."),
    ] = None
    list_faults: Annotated[bool, Parameter(negative="", help="Print every fault and what it means, and end.")] = False
    tls: Annotated[bool, Parameter(negative="", help="Serve HTTPS and RTSPS too, with a certificate of its own.")] = (
        False
    )
    clock: Annotated[
        Clock | None, Parameter(help="What the device tells about time; by default what the profile does.")
    ] = None
    seed: Annotated[int, Parameter(help="The same seed makes the same scene.")] = 1
    frame_marks: Annotated[bool, Parameter(negative="", help="Paint each frame's number into the picture.")] = False
    metadata_delay: Annotated[float, Parameter(help="Send metadata up to so many seconds late.")] = 0.0
    metadata_loss: Annotated[float, Parameter(help="Share of metadata packets to lose, 0 to 1.")] = 0.0

    def options(self) -> dict[str, Any]:
        """What SimulatedCamera takes of it. Raises OnframeError for a quirk or fault that is not known."""
        from onframe.simulator.quirks import read_texts

        return {
            "profile": self.profile,
            "quirks": read_texts(self.quirk or ()),
            "faults": ", ".join(self.fault or ()),
            "tls": self.tls,
            "clock": self.clock,
            "seed": self.seed,
            "frame_marks": self.frame_marks,
            "metadata_delay": (0.0, self.metadata_delay),
            "metadata_loss": self.metadata_loss,
        }


async def command(
    *,
    scene: Annotated[str, Parameter(help="gate, hall, thermal, harbour, radar, lab or all.")] = "gate",
    host: Annotated[str, Parameter(help="Address to listen on.")] = "127.0.0.1",
    http_port: Annotated[int, Parameter(help="Port of HTTP; 0 takes a free one.")] = 8080,
    rtsp_port: Annotated[int, Parameter(help="Port of RTSP; 0 takes a free one.")] = 8554,
    user: Annotated[str, Parameter(help="User name.")] = "admin",
    password_file: Annotated[
        Path | None,
        Parameter(help=f"File whose first line is the password. Else ${PASSWORD_VARIABLE}, else generated."),
    ] = None,
    video: Annotated[Path | None, Parameter(help="Stream this video file instead of a scene.")] = None,
    script: Annotated[Path | None, Parameter(help="JSON lines with the metadata of --video.")] = None,
    behaviour: Behaviour | None = None,
    verbose: Annotated[bool, Parameter(name=["--verbose", "-v"], negative="", help="Log to stderr.")] = False,
) -> int:
    """Be a camera: HTTP and RTSP with video, audio and metadata. Ctrl-C ends it.

    Example: onframe simulate --scene gate --http-port 8080 --rtsp-port 8554 --user admin
    """
    behaviour = behaviour or Behaviour()
    if behaviour.list_quirks:
        return _list_quirks(in_json=behaviour.json)
    if behaviour.list_faults:
        return _list_faults()
    from onframe.simulator.camera import SimulatedCamera

    set_up_logging(verbose)
    if script is not None and video is None:
        raise UsageError("--script says what metadata goes with a --video; give both")
    password = read_password(password_file)
    simulated = SimulatedCamera(
        scene,
        host=host,
        http_port=http_port,
        rtsp_port=rtsp_port,
        username=user,
        password=password,
        video=video,
        script=script,
        **behaviour.options(),
    )
    print(f"Preparing the {'video' if video else 'scene ' + repr(scene)} …", flush=True)
    async with simulated:
        _print_places(simulated, given=password is not None, password_file=password_file)
        await until_interrupted()
    return 0


def _list_quirks(*, in_json: bool) -> int:
    from onframe.cli.quirk_table import quirk_json, quirk_table

    print(quirk_json() if in_json else quirk_table())
    return 0


def _list_faults() -> int:
    from onframe.simulator.fault_plan import CAMERA_WORDS

    for word in CAMERA_WORDS.values():
        print(f"{word.example:<24}{word.about}")
    return 0


def _print_places(simulated: Any, *, given: bool, password_file: Path | None) -> None:
    print(f"A simulated camera is at http://{simulated.host}:{simulated.http_port}")
    print(f"  video and metadata   rtsp://{simulated.host}:{simulated.rtsp_port}/ISAPI/Streaming/channels/101")
    if simulated.certificate is not None:
        print(f"  over TLS             https port {simulated.https_port}, rtsps port {simulated.rtsps_port}")
        print(f"  its certificate      SHA-256 {simulated.certificate.sha256}")
    print(f"  user                 {simulated.username}")
    print(f"  password             {_place(password_file) if given else simulated.password}")
    print(f"Watch it:  {watch_command(simulated, given=given, password_file=password_file)}")
    print("Ctrl-C ends it.", flush=True)


def watch_command(simulated: Any, *, given: bool = False, password_file: Path | None = None) -> str:
    """The command to paste that watches this camera; a password that was given is not repeated in it."""
    words = [*_program(), "watch", simulated.host]
    words += ["--http-port", str(simulated.http_port), "--rtsp-port", str(simulated.rtsp_port)]
    words += ["--user", simulated.username]
    if password_file is not None:
        words += ["--password-file", str(password_file.resolve())]
    command = shlex.join(words)
    return command if given else f"{PASSWORD_VARIABLE}={shlex.quote(simulated.password)} {command}"


def _program() -> list[str]:
    """What a shell runs as this very program."""
    script = Path(sys.executable).parent / "onframe"
    found = shutil.which("onframe")
    if found and script.exists() and Path(found).samefile(script):
        return ["onframe"]
    return [str(script)] if script.exists() else [sys.executable, "-m", "onframe"]


def _place(password_file: Path | None) -> str:
    return f"the one in {password_file or '$' + PASSWORD_VARIABLE}"


async def until_interrupted() -> None:
    """Return at SIGINT or SIGTERM."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(name, stopped.set)
    await stopped.wait()
