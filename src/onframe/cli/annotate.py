"""``onframe annotate``: a video with its metadata painted into it, from a file or from a camera."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from onframe.cli.options import DeviceOptions, UsageError, seconds, words
from onframe.errors import OnframeError

if TYPE_CHECKING:
    from onframe.annotate.render import Wanted
    from onframe.annotate.tally import Tally
    from onframe.annotate.timeline import Start
    from onframe.overlay.view import View

VIDEOS = frozenset(".mp4 .m4v .mov .mkv .avi .ts .m2ts .mpg .mpeg .webm .flv .3gp .h264 .h265 .264 .265 .dav".split())
Preset = Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"]
_EVERY, _AVERAGED = 0.1, 3.0
"""Seconds from one drawing of the progress to the next, and over which its rate is taken."""


@Parameter(name="*")
@dataclass
class ViewOptions:
    """What is drawn, and how: the same words as in the address of the page."""

    hide: Annotated[str | None, Parameter(help="Kinds that are not drawn: trail,rule,label and others.")] = None
    classes: Annotated[str | None, Parameter(help="Only targets of these classes: human,vehicle,other.")] = None
    rules: Annotated[str | None, Parameter(help="Only these rules and their targets, by ID: 1,2.")] = None
    color: Annotated[str | None, Parameter(help="Colour by class, rule, target or alarm.")] = None
    temperature: Annotated[str | None, Parameter(help="As sent, celsius, fahrenheit or kelvin.")] = None
    score: Annotated[str | None, Parameter(help="Joints of skeletons below it are not drawn, 0 to 1.")] = None
    heat: Annotated[str | None, Parameter(help="Opacity of heat maps, 0 to 1.")] = None
    privacy: Annotated[
        str | None, Parameter(help="What nobody is to recognise: face:blur,human:pixelate,vehicle:fill,plate.")
    ] = None

    def view(self) -> View:
        """The View of these options. Raises UsageError."""
        from onframe.overlay.view import View

        given = {field.name: getattr(self, field.name) for field in fields(self)}
        try:
            return View.parse({name: text for name, text in given.items() if text is not None})
        except OnframeError as error:
            raise UsageError(f"--{error}" + (f"\nhint: {error.hint}" if error.hint else "")) from None


@Parameter(name="*")
@dataclass
class FileOptions:
    """Of a video file."""

    records: Annotated[
        Path | None, Parameter(help="Its Records, one a line, as 'onframe watch --json' writes them.")
    ] = None
    start: Annotated[
        str | None,
        Parameter(help="When its first picture was taken: an instant with offset, or its video timestamp (90 kHz)."),
    ] = None
    offset: Annotated[
        float, Parameter(help="Move every Record by so many seconds: later is positive.", allow_leading_hyphen=True)
    ] = 0.0
    only_video: Annotated[bool, Parameter(negative="", help="Leave out sound and subtitles.")] = False


@Parameter(name="*")
@dataclass
class CameraOptions:
    """Of a camera."""

    for_: Annotated[str | None, Parameter(name="--for", help="Record for so long: 30s, 5m, 1h; else until Ctrl-C.")] = (
        None
    )
    types: Annotated[str | None, Parameter(help="Metadata types, separated by commas; all by default.")] = None
    keep_video: Annotated[Path | None, Parameter(help="Keep the camera's own video too, as it came: .mp4 or .mkv.")] = (
        None
    )
    keep_records: Annotated[
        Path | None, Parameter(help="Keep its Records too; with the kept video they can be painted again.")
    ] = None


async def command(
    input_: Annotated[str, Parameter(name="INPUT", help="A video file, or a camera: its host or URL.")],
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"], help="The video to write: .mp4, .mov or .mkv.")],
    file: FileOptions | None = None,
    camera: CameraOptions | None = None,
    view: ViewOptions | None = None,
    device: DeviceOptions | None = None,
    preset: Annotated[Preset, Parameter(help="Of x264: faster ones write larger files.")] = "veryfast",
    crf: Annotated[float, Parameter(help="Of x264: 0 (best) to 51 (smallest).")] = 21.0,
    png: Annotated[Path | None, Parameter(help="Write the pictures into this directory too.")] = None,
    png_every: Annotated[str, Parameter(help="One picture in so long: 1s; 0 is every picture.")] = "0",
    vtt: Annotated[Path | None, Parameter(help="Write who is seen when, and what happens, as WebVTT.")] = None,
    json: Annotated[Path | None, Parameter(help="Write what is drawn on each picture, one JSON object a line.")] = None,
    force: Annotated[bool, Parameter(negative="", help="Overwrite files that are there.")] = False,
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"], negative="", help="Say nothing but errors.")] = False,
) -> int:
    """Paint the metadata into the video that it describes, each Record on its own picture.

    Example: onframe annotate clip.mkv --records records.jsonl -o annotated.mp4
    Example: onframe annotate 192.168.0.64 --user admin --for 60s -o annotated.mp4
    """
    from onframe.annotate.output import need
    from onframe.annotate.render import Wanted

    need("av", "numpy", "PIL")
    if not 0 <= crf <= 51:
        raise UsageError(f"--crf {crf}: choose 0 to 51")
    wanted = Wanted(
        output=output,
        preset=preset,
        crf=crf,
        view=(view or ViewOptions()).view(),
        png=png,
        png_every=seconds(png_every),
        vtt=vtt,
        json=json,
        force=force,
    )
    file, camera, device = file or FileOptions(), camera or CameraOptions(), device or DeviceOptions()
    _check_outputs(output, vtt, json, camera.keep_video, camera.keep_records)
    show = _Progress(output, quiet)
    if _is_file(input_, file):
        _refuse(camera, "is for a camera, and INPUT is a file")
        await _from_file(Path(input_), file, wanted, device, show)
    else:
        _refuse(file, f"is for a video file, and {input_!r} is none")
        await _from_camera(input_, camera, wanted, device, show)
    return 0


def _is_file(text: str, file: FileOptions) -> bool:
    """INPUT is a video file, not a camera. Raises UsageError where it should be one and is not there."""
    path = Path(text)
    if path.is_file():
        return True
    if file.records is not None or path.suffix.lower() in VIDEOS or path.is_dir():
        raise UsageError(f"there is no video file {text}")
    return False


def _check_outputs(*paths: Path | None) -> None:
    given = [path for path in paths if path is not None]
    if len({path.absolute() for path in given}) < len(given):
        raise UsageError("two outputs have the same name")


def _refuse(options: Any, why: str) -> None:
    for field in fields(options):
        if getattr(options, field.name) != field.default:
            raise UsageError(f"--{field.name.strip('_').replace('_', '-')} {why}")


def start_of(text: str | None) -> Start | None:
    """When the first picture was taken: "2026-03-01T12:00:00+01:00" or "8589934592". Raises UsageError."""
    from onframe.annotate.timeline import Start

    if text is None:
        return None
    if text.isdecimal() and len(text) <= 18:
        return Start(timestamp=int(text), origin="timestamp")
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise UsageError(f"--start {text}: write 2026-03-01T12:00:00.000+01:00, or a video timestamp")
    return Start(instant=instant.timestamp(), origin="instant")


async def _from_file(path: Path, file: FileOptions, wanted: Wanted, device: DeviceOptions, show: _Progress) -> None:
    from onframe.annotate.file import annotate_file
    from onframe.record import Coordinates

    space = None if device.coordinates is None else Coordinates(space=device.coordinates, assumed=False)
    start, stop = start_of(file.start), threading.Event()

    def work() -> Tally:
        return annotate_file(
            path,
            file.records,
            wanted,
            start=start,
            offset=file.offset,
            coordinates=space,
            only_video=file.only_video,
            report=show.report,
            stop=stop,
        )

    with show.running("reading"):
        running = asyncio.get_running_loop().run_in_executor(None, work)
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            stop.set()
            await running
            raise


async def _from_camera(
    host: str, options: CameraOptions, wanted: Wanted, device: DeviceOptions, show: _Progress
) -> None:
    from onframe.annotate.keep import KeptRecords, KeptVideo
    from onframe.annotate.live import annotate_camera

    limit = None if options.for_ is None else seconds(options.for_)
    async with device.camera(host) as camera:
        video = None if options.keep_video is None else KeptVideo(options.keep_video, force=wanted.force)
        records = None if options.keep_records is None else KeptRecords(options.keep_records, force=wanted.force)
        show.seconds = limit
        with show.running("connecting"):
            await annotate_camera(
                camera,
                wanted,
                channel=device.channel,
                stream=device.stream,
                types=words(options.types),
                seconds=limit,
                video=video,
                records=records,
                report=show.report,
            )


class _Progress:
    """A bar on stderr where that is a terminal, and what came of it; nothing with ``quiet``."""

    def __init__(self, output: Path, quiet: bool) -> None:
        self._output, self._quiet = output, quiet
        self.seconds: float | None = None
        self._tally: Tally | None = None
        self._bar: Any = None
        self._began = time.monotonic()
        self._drawn: deque[tuple[float, int]] = deque(maxlen=round(_AVERAGED / _EVERY))

    def report(self, tally: Tally, total: int | None) -> None:
        """``total`` pictures of a file, None from a camera."""
        self._tally = tally
        now = time.monotonic()
        if self._bar is None or (self._drawn and now - self._drawn[-1][0] < _EVERY):
            return
        self._drawn.append((now, tally.pictures))
        since, before = self._drawn[0]
        self._bar.update(
            self._task,
            description="painting" if total is not None else f"recording {tally.received:.0f} s",
            completed=tally.pictures if total is not None else tally.received,
            total=total if total is not None else self.seconds,
            rate=f"{(tally.pictures - before) / max(now - since, _EVERY):.0f}/s",
            shares=tally.shares(),
        )

    @contextmanager
    def running(self, beginning: str) -> Iterator[None]:
        """Shows how far it is meanwhile, and what came of it in the end; ``beginning`` is what comes first."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        interrupted = False
        self._began = time.monotonic()
        bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TaskProgressColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("[dim]{task.fields[shares]}"),
            console=console,
            disable=self._quiet or not console.is_terminal,
            transient=True,
        )
        try:
            with bar:
                self._task = bar.add_task(beginning, total=None, rate="", shares="")
                self._bar = bar
                yield
        except asyncio.CancelledError:
            interrupted = True
            raise
        finally:
            self._bar = None
            if not self._quiet and self._tally is not None and (interrupted or sys.exc_info()[0] is None):
                self._summary(self._tally, interrupted)

    def _summary(self, tally: Tally, interrupted: bool) -> None:
        took = max(time.monotonic() - self._began, 0.001)
        name = f"{self._output} (interrupted)" if interrupted else str(self._output)
        rate = f"{tally.pictures / took:.0f} a second"
        done = f"{tally.pictures} pictures of {tally.seconds:.1f} s in {took:.1f} s ({rate})"
        print(f"{name}: {done}; metadata: {tally.shares()}", file=sys.stderr)
        for hint in tally.hints():
            print(f"note: {hint}", file=sys.stderr)
