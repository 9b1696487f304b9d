"""``onframe simulate``: a camera of your own."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import shutil
import signal
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from onframe.cli.options import PASSWORD_VARIABLE, UsageError, read_password, set_up_logging

Clock = Literal["sr", "rtpinfo", "shared-base", "document", "none"]


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
    clock: Annotated[
        Clock | None, Parameter(help="What the device tells about time; by default what the profile does.")
    ] = None,
    profile: Annotated[str, Parameter(help="How the device behaves.")] = "guide-2017",
    seed: Annotated[int, Parameter(help="The same seed makes the same scene.")] = 1,
    video: Annotated[Path | None, Parameter(help="Stream this video file instead of a scene.")] = None,
    script: Annotated[Path | None, Parameter(help="JSON lines with the metadata of --video.")] = None,
    frame_marks: Annotated[bool, Parameter(negative="", help="Paint each frame's number into the picture.")] = False,
    metadata_delay: Annotated[float, Parameter(help="Send metadata up to so many seconds late.")] = 0.0,
    metadata_loss: Annotated[float, Parameter(help="Share of metadata packets to lose, 0 to 1.")] = 0.0,
    verbose: Annotated[bool, Parameter(name=["--verbose", "-v"], negative="", help="Log to stderr.")] = False,
) -> int:
    """Be a camera: HTTP and RTSP with video, audio and metadata. Ctrl-C ends it.

    Example: onframe simulate --scene gate --http-port 8080 --rtsp-port 8554 --user admin
    """
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
        profile=profile,
        seed=seed,
        video=video,
        script=script,
        frame_marks=frame_marks,
        metadata_delay=(0.0, metadata_delay),
        metadata_loss=metadata_loss,
        clock=clock,
    )
    given = password is not None
    print(f"Preparing the {'video' if video else 'scene ' + repr(scene)} …", flush=True)
    async with simulated:
        print(f"A simulated camera is at http://{simulated.host}:{simulated.http_port}")
        print(f"  video and metadata   rtsp://{simulated.host}:{simulated.rtsp_port}/ISAPI/Streaming/channels/101")
        print(f"  user                 {simulated.username}")
        print(f"  password             {_place(password_file) if given else simulated.password}")
        print(f"Watch it:  {watch_command(simulated, given=given, password_file=password_file)}")
        print("Ctrl-C ends it.", flush=True)
        await until_interrupted()
    return 0


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
