"""Faults of the network and of the device that the simulated camera's RTSP server can have at any moment."""

import asyncio
import re
import struct

import pytest
from rtsp_wire import Wire, camera, documents_of, metadata_of, reports_of, until

from onframe.isapi.config import MetadataCfg, MetadataType
from onframe.simulator.trouble import Trouble


def steps(packets):
    """From each packet's sequence number to the next one's."""
    numbers = [packet[2] for packet in packets]
    return [(after - before) & 0xFFFF for before, after in zip(numbers, numbers[1:], strict=False)]


async def played(trouble, count=60, tracks=(1, 3)):
    async with camera(trouble=trouble) as server, Wire(server) as wire:
        await wire.play(tracks=tracks)
        await wire.receive(lambda frames: min(len(metadata_of(frames, 2 * track)) for track in tracks) > count)
        return wire.frames


async def test_loss_takes_packets_of_every_track():
    frames = await played(Trouble(loss=0.3))
    for channel in (2, 6):
        missing = sum(step - 1 for step in steps(metadata_of(frames, channel)))
        assert 0.1 < missing / (missing + len(metadata_of(frames, channel))) < 0.55


async def test_reordered_packets_come_one_behind_their_place():
    frames = await played(Trouble(reorder=0.3))
    for channel in (2, 6):
        numbers = [packet[2] for packet in metadata_of(frames, channel)]
        swapped = steps(metadata_of(frames, channel)).count(0xFFFF)
        assert 0.05 < swapped / len(numbers) < 0.5
        ordered = sorted((number - numbers[0] + 8) & 0xFFFF for number in numbers[:-2])
        assert len(set(ordered)) == len(ordered)


async def test_duplicated_packets_come_twice():
    frames = await played(Trouble(duplicate=0.3))
    for channel in (2, 6):
        assert 0.05 < steps(metadata_of(frames, channel)).count(0) / len(metadata_of(frames, channel)) < 0.45


async def test_while_stalled_requests_are_read_and_nothing_is_written():
    trouble = Trouble()
    async with camera(trouble=trouble) as server, Wire(server) as wire:
        await wire.play()
        await wire.receive(lambda frames: len(frames) > 3)
        trouble.stalled = True
        asked = len(server.device.requests)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await wire.ask("GET_PARAMETER")
        assert len(server.device.requests) == asked + 1
        trouble.stalled = False
        count = len(wire.frames)
        await wire.receive(lambda frames: len(frames) > count + 3)
        assert "200 OK" in await wire.ask("GET_PARAMETER")


async def test_a_half_open_connection_neither_reads_nor_writes_nor_ends():
    trouble = Trouble()
    async with camera(trouble=trouble) as server, Wire(server) as wire:
        await wire.play()
        trouble.half_open = True
        asked = len(server.device.requests)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await wire.ask("GET_PARAMETER")
        assert (len(server.device.requests), server.connections) == (asked, 1)
        trouble.half_open = False
        await until(lambda: len(server.device.requests) == asked + 1)
        count = len(wire.frames)
        assert "200 OK" in await wire.answer()
        await wire.receive(lambda frames: len(frames) > count + 3)


async def test_a_slow_line_delays_bytes_and_keeps_them_whole():
    trouble = Trouble(bytes_per_second=60_000)
    async with camera(trouble=trouble) as server, Wire(server) as wire:
        await wire.play()
        begin = asyncio.get_running_loop().time()
        await wire.receive(lambda frames: sum(len(data) for _, data in frames) > 60_000)
        assert asyncio.get_running_loop().time() - begin > 0.5
        trouble.bytes_per_second, count = None, len(wire.frames)
        await wire.receive(lambda frames: len(frames) > count + 50)
        assert set(steps(metadata_of(wire.frames))) == {1}


async def test_a_line_that_is_too_slow_ends_the_connection():
    async with camera(trouble=Trouble(bytes_per_second=2000), send_limit=50_000) as server, Wire(server) as wire:
        await wire.play()
        await until(lambda: server.disconnected_slow == 1)
        await until(lambda: server.connections == 0)


async def test_the_devices_wrong_clock_is_in_reports_and_in_date():
    trouble = Trouble(clock_offset_ns=-40 * 365 * 86400 * 1_000_000_000)
    async with camera(profile="guide", trouble=trouble) as server, Wire(server) as wire:
        answer = await wire.play()
        year = int(re.search(r"Date: \w+, \d+ \w+ (\d{4}) ", answer)[1])
        assert 1980 < year < 2000
        await wire.receive(lambda frames: reports_of(frames, 7))
        seconds = struct.unpack(">I", reports_of(wire.frames, 7)[0][8:12])[0]
        assert (seconds - 2_208_988_800) // (365.2425 * 86400) + 1970 == year


async def test_all_connections_can_be_reset_without_a_word():
    async with camera() as server, Wire(server) as wire, Wire(server) as other:
        await wire.play()
        await other.ask("OPTIONS")
        server.abort_all()
        for one in (wire, other):
            with pytest.raises(ConnectionResetError):
                await one.receive(lambda frames: False)
        assert not any(payload[9] == 203 for channel, payload in wire.frames if channel == 7)
        await until(lambda: server.connections == 0)


async def test_all_connections_can_be_ended_with_bye():
    async with camera() as server, Wire(server) as wire:
        await wire.play()
        server.end_all()
        with pytest.raises(asyncio.IncompleteReadError):
            await wire.receive(lambda frames: False)
        assert wire.frames[-1][1][9] == 203


async def test_a_connection_can_be_cut_after_so_many_bytes_in_the_middle_of_a_frame():
    async with camera() as server, Wire(server) as wire:
        await wire.play()
        await wire.receive(lambda frames: len(frames) > 3)
        server.cut_after(1500)
        with pytest.raises(asyncio.IncompleteReadError):
            await wire.receive(lambda frames: False)
        await until(lambda: server.connections == 0)
        async with Wire(server) as again:
            assert "200 OK" in await again.ask("DESCRIBE")


async def test_the_sequence_numbers_can_jump():
    async with camera() as server, Wire(server) as wire:
        await wire.play()
        await wire.receive(lambda frames: len(frames) > 3)
        server.jump_sequence(500)
        await wire.receive(lambda frames: 501 in steps(metadata_of(frames)))
        assert set(steps(metadata_of(wire.frames))) == {1, 501}


async def test_the_ssrc_can_change_without_bye():
    async with camera(profile="guide") as server, Wire(server) as wire:
        await wire.play()
        await wire.receive(lambda frames: len(frames) > 3)
        server.change_ssrc()
        await wire.receive(lambda frames: len({packet[4] for packet in metadata_of(frames)}) == 2)
        assert set(steps(metadata_of(wire.frames))) == {1}
        assert [payload for channel, payload in wire.frames if channel == 7 and payload[1] == 203] == []


async def test_any_document_can_be_sent_to_all_who_play():
    async with camera() as server, Wire(server) as wire, Wire(server) as other:
        for one in (wire, other):
            await one.play()
        server.send_metadata(b"<no xml")
        for one in (wire, other):
            await one.receive(lambda frames: b"<no xml" in documents_of(frames))
        server.device.configure(1, MetadataCfg([MetadataType("ANPR", False)]))
        server.send_metadata(b"<plate/>", "ANPR")
        server.send_metadata(b"<end/>")
        await wire.receive(lambda frames: b"<end/>" in documents_of(frames))
        assert b"<plate/>" not in documents_of(wire.frames)
