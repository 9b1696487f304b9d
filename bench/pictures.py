"""What a camera's pictures cost the viewer, by the way they take; and what one picture costs as JPEG, beside Pillow.

    python bench/pictures.py [--seconds 15] [--pages 1] [--pages 64] [--only annexb,fmp4,jpeg,private,mjpeg,small,idle]

The viewer runs in a process of its own; what counts is its CPU time, that of all its threads, between two moments,
while so many pages (WebSockets or HTTP clients) take everything that they are sent. Pictures/s below 25 mean that the
machine was too busy for all of them; the shares are then too small.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import httpx2
import numpy as np
from av.video.reformatter import Colorspace, VideoReformatter
from PIL import Image
from websockets.asyncio.client import connect

from onframe import SimulatedCamera
from onframe.camera.camera import Camera
from onframe.record import AccessUnit
from onframe.simulator.scenes import load
from onframe.simulator.video import films_of
from onframe.viewer.server import Viewer
from onframe.viewer.transcode import Decoder, Fitter, JpegEncoder

SETTLING = 4.0
WAYS = {
    "idle": "nobody looks on",
    "annexb": "as it came (WebCodecs)",
    "fmp4": "fragmented MP4 (MediaSource)",
    "jpeg": "JPEG",
    "private": "JPEG, people and cars pixelated",
    "mjpeg": "/mjpeg, overlay painted in",
    "small": "/mjpeg?width=640&fps=5",
}


def cpu_of(process: subprocess.Popen[str]) -> float:
    """Seconds that the threads of a living process, and those that have ended, have been on a CPU (Linux)."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


async def serve(url: str, privacy: str) -> None:
    """The viewer of one camera, until the end of input."""
    async with Camera.from_url(url) as camera, Viewer(camera, privacy=privacy) as viewer:
        print(viewer.url, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


class Pages:
    """So many clients of one way; ``pictures`` and ``size`` count what all of them got."""

    def __init__(self, address: str, way: str, count: int) -> None:
        self._base, _, self._token = address.partition("/?t=")
        self._way, self._count = way, count
        self.pictures = self.size = 0

    async def run(self) -> None:
        """Until cancelled."""
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(httpx2.AsyncClient(timeout=30, limits=httpx2.Limits()))
            await client.get(self._base, params={"t": self._token})
            cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
            one = self._stream if self._way in ("mjpeg", "small") else self._page
            async with asyncio.TaskGroup() as group:
                for _ in range(self._count):
                    group.create_task(one(client, cookie))

    async def _page(self, _: httpx2.AsyncClient, cookie: str) -> None:
        address = self._base.replace("http", "ws", 1) + "/ws"
        path = {"private": "jpeg"}.get(self._way, self._way)
        headers = {"Cookie": cookie}
        origin: Any = self._base
        async with connect(address, origin=origin, additional_headers=headers, max_size=None) as page:
            await page.send(f'{{"type":"watch","path":"{path}"}}')
            async for message in page:
                if isinstance(message, bytes):
                    self.pictures += message[0] != 2
                    self.size += len(message)

    async def _stream(self, client: httpx2.AsyncClient, _: str) -> None:
        query = {"t": self._token} | ({"width": "640", "fps": "5"} if self._way == "small" else {})
        async with client.stream("GET", f"{self._base}/mjpeg", params=query) as answer:
            async for piece in answer.aiter_raw():
                self.pictures += piece.count(b"Content-Length")
                self.size += len(piece)


async def measure(url: str, way: str, count: int, seconds: float) -> str:
    """One line of the table."""
    command = [sys.executable, __file__, "--serve", url, "--privacy", "human,vehicle" if way == "private" else ""]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdin is not None
    pages = Pages(process.stdout.readline().strip(), way, 0 if way == "idle" else count)
    running = asyncio.create_task(pages.run())
    await asyncio.sleep(SETTLING)
    before, begin, pictures, size = cpu_of(process), time.monotonic(), pages.pictures, pages.size
    await asyncio.sleep(seconds)
    passed = time.monotonic() - begin
    share = (cpu_of(process) - before) / passed
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    process.stdin.close()
    process.wait(20)
    process.stdout.close()
    each = max(1, count) * passed
    rate, bits = (pages.pictures - pictures) / each, (pages.size - size) * 8e-6 / each
    return (
        f"  {WAYS[way]:34} {count:3} pages  {share:7.1%} of a core   {rate:5.1f} pictures/s   {bits:5.1f} Mbit/s each"
    )


def one_picture() -> None:
    """CPU ms of each step, of the gate's main stream; how near each JPEG is to the decoded picture, in RGB."""
    film = films_of(load("gate", 1))[1]
    units = [
        AccessUnit("b", 1, 1, 1, datetime.now(UTC), n, one.data, one.key) for n, one in enumerate(film.pictures[:100])
    ]
    decoder, fitter, encoder, colours = Decoder(), Fitter(), JpegEncoder(), VideoReformatter()

    def to_rgb(frame: av.VideoFrame) -> np.ndarray:
        return colours.reformat(frame, format="rgb24", src_colorspace=Colorspace.ITU709).to_ndarray()

    def pillow(frame: av.VideoFrame) -> bytes:
        target = io.BytesIO()
        Image.fromarray(to_rgb(frame)).save(target, "JPEG", quality=80)
        return target.getvalue()

    def ours(frame: av.VideoFrame) -> bytes:
        return encoder.encode(fitter.fit(frame), 80)

    begin = time.process_time()
    frames = [frame for unit in units for frame in decoder.decode(unit)]
    print(f"  decoding                           {(time.process_time() - begin) / len(frames) * 1e3:6.2f} ms")
    for name, make in (("libavcodec, from the planes", ours), ("Pillow, by way of RGB", pillow)):
        make(frames[0])
        begin = time.process_time()
        coded = [make(frame) for frame in frames]
        spent = (time.process_time() - begin) / len(frames) * 1e3
        pairs = list(zip(coded, frames, strict=True))[::10]
        errors = [np.square(np.asarray(Image.open(io.BytesIO(a)), dtype=float) - to_rgb(b)).mean() for a, b in pairs]
        size, near = sum(map(len, coded)) / len(coded) / 1e3, 10 * np.log10(255**2 / np.mean(errors))
        print(f"  {name:34} {spent:6.2f} ms  {size:6.1f} kB  {near:5.1f} dB")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=15)
    options.add_argument("--pages", type=int, action="append")
    options.add_argument("--only", default=",".join(WAYS))
    options.add_argument("--serve", help=argparse.SUPPRESS)
    options.add_argument("--privacy", default="", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.serve:
        asyncio.run(serve(chosen.serve, chosen.privacy))
        return
    print("1280x720 at quality 80, CPU time of one picture")
    one_picture()
    print("CPU of the viewer's process for one H.264 camera, 1280x720, 25 pictures/s, 2.5 Mbit/s")
    with SimulatedCamera("gate", clock="sr") as camera:
        for way in chosen.only.split(","):
            for count in [1] if way == "idle" else chosen.pages or [1]:
                print(asyncio.run(measure(camera.url, way, count, chosen.seconds)), flush=True)


if __name__ == "__main__":
    main()
