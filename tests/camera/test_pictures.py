"""Which picture a Record belongs to, where pictures come in another order than shown, or change their size."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import av
import numpy as np
import pytest

from onframe.camera.camera import Camera
from onframe.record import AccessUnit, Record
from onframe.simulator.camera import SimulatedCamera

SQUARE, LEFT, TOP = 24, 16, 16


def number(picture: np.ndarray) -> int:
    """What is painted into a picture, whatever its size: 16 squares of black or white."""
    scale = picture.shape[1] / 1280
    y = slice(int((TOP + 8) * scale), int((TOP + 16) * scale))
    found = 0
    for bit in range(16):
        x = slice(int((LEFT + SQUARE * bit + 8) * scale), int((LEFT + SQUARE * bit + 16) * scale))
        found |= int(picture[y, x].mean() > 128) << bit
    return found


def shown(units: list[AccessUnit]) -> dict[int, tuple[int, int]]:
    """(number, width) of each picture by its timestamp, as a decoder shows them."""
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    frames = []
    for unit in units:
        packet = av.Packet(unit.data)
        packet.pts = packet.dts = unit.timestamp
        frames += decoder.decode(packet)
    frames += decoder.decode(None)
    return {frame.pts: (number(frame.to_ndarray(format="gray8")), frame.width) for frame in frames}


async def received(simulated: SimulatedCamera, seconds: float) -> tuple[list[AccessUnit], list[Record]]:
    units: list[AccessUnit] = []
    records: list[Record] = []
    async with Camera.from_url(simulated.url) as camera, aclosing(camera.stream()) as events:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        async for event in events:
            if isinstance(event, AccessUnit):
                units.append(event)
            elif isinstance(event, Record):
                records.append(event)
            if loop.time() > end:
                break
    return units, records


def compare(units: list[AccessUnit], records: list[Record]) -> int:
    """How many Records lie on the picture whose number they carry; all that name a received picture must."""
    pictures = shown(units)
    right = 0
    for record in records:
        told = next((t.get("frameNumber") for t in record.metadata.targets if t.get("frameNumber")), None)
        if told is None or record.video is None or record.video.timestamp > max(pictures) - 4 * 3600:
            continue
        if record.video.timestamp < min(pictures):
            continue
        assert record.video.exact
        assert pictures[record.video.timestamp][0] == int(told)
        right += 1
    return right


@pytest.mark.requirement("R-043")
@pytest.mark.parametrize("delay", [(0.0, 0.0), (0.0, 0.4)])
async def test_with_b_pictures_each_record_lies_on_its_own_picture(delay: tuple[float, float]) -> None:
    quirks = {"b_pictures": "on"}
    async with SimulatedCamera(
        "gate", clock="sr", frame_marks=True, quirks=quirks, metadata_delay=delay, seed=1
    ) as simulated:
        units, records = await received(simulated, 4.0)
    times = [unit.timestamp for unit in units]
    assert times != sorted(times), "pictures come in the order of decoding"
    assert compare(units, records) > 50


@pytest.mark.requirement("R-043")
async def test_where_the_size_changes_each_record_lies_on_its_own_picture() -> None:
    async with SimulatedCamera("gate", clock="sr", frame_marks=True, faults="small@2s..4s", seed=1) as simulated:
        units, records = await received(simulated, 6.5)
    widths = [width for _, (_, width) in sorted(shown(units).items())]
    changes = [(a, b) for a, b in zip(widths, widths[1:], strict=False) if a != b]
    assert changes == [(1280, 640), (640, 1280)]
    assert compare(units, records) > 100
