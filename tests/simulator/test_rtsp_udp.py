"""RTP over UDP, to one client or to a group, from the simulated camera."""

import asyncio
import contextlib
import re
import socket
import struct

import psutil
import pytest
from rtsp_wire import Wire, camera, rtp, until

from onframe.wire.rtcp import ReceiverReport

TRACKS = {1: "video", 2: "audio", 3: "metadata"}


class Receiver:
    """Two neighbouring ports that take what comes, also of a group."""

    def __init__(self, loop, sockets):
        self.loop, self.sockets, self.packets, self.reports = loop, sockets, [], []
        self.port = sockets[0].getsockname()[1]
        self.tasks = [
            loop.create_task(self._read(*each)) for each in zip(sockets, (self.packets, self.reports), strict=True)
        ]

    async def _read(self, sock, into):
        while True:
            into.append(await self.loop.sock_recvfrom(sock, 65536))
            await asyncio.sleep(0)

    async def close(self):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for sock in self.sockets:
            sock.close()

    def report(self, address, data=None):
        self.sockets[1].sendto(data or ReceiverReport(7).serialize(), address)

    @property
    def byes(self):
        return [data for data, _ in self.reports if b"\x81\xcb\x00\x01" in data]


def bound(host, port):
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.bind((host, port))
    return sock


def pair(host):
    while True:
        first = bound(host, 0)
        port = first.getsockname()[1]
        if port % 2 == 0:
            with contextlib.suppress(OSError):
                return first, bound(host, port + 1)
        first.close()


@contextlib.asynccontextmanager
async def receiver(host="127.0.0.1"):
    one = Receiver(asyncio.get_running_loop(), pair(host))
    try:
        yield one
    finally:
        await one.close()


@contextlib.asynccontextmanager
async def joined(group, port):
    sockets = tuple(bound(group, number) for number in (port, port + 1))
    for sock in sockets:
        membership = socket.inet_aton(group) + socket.inet_aton("127.0.0.1")
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    one = Receiver(asyncio.get_running_loop(), sockets)
    try:
        yield one
    finally:
        await one.close()


def parts(answer):
    """The parameters of a Transport header."""
    value = re.search(r"\r\nTransport: (.*)\r\n", answer)[1]
    return dict((part + "=").split("=")[:2] for part in value.split(";"))


async def set_up(wire, receiving, track=3, transport="RTP/AVP;unicast;client_port={}-{}", extra=""):
    line = "Transport: " + transport.format(receiving.port, receiving.port + 1) + extra
    answer = await wire.ask("SETUP", f"101/trackID={track}", line)
    assert " 200 OK" in answer, answer
    return parts(answer)


@pytest.mark.parametrize("protocol", ["RTP/AVP", "RTP/AVP/UDP"])
async def test_a_track_over_udp_comes_from_the_ports_that_setup_named(protocol):
    async with camera(profile="guide") as server, Wire(server) as wire, receiver() as got:
        answer = await set_up(wire, got, transport=protocol + ";unicast;client_port={}-{}")
        assert answer["client_port"] == f"{got.port}-{got.port + 1}"
        first, second = (int(text) for text in answer["server_port"].split("-"))
        assert first % 2 == 0 and second == first + 1
        played = await wire.ask("PLAY")
        await until(lambda: len(got.packets) > 5 and got.reports)
        assert {address for _, address in got.packets} == {("127.0.0.1", first)}
        assert {address for _, address in got.reports} == {("127.0.0.1", second)}
        marker, payload_type, sequence, _, ssrc, payload = rtp(got.packets[0][0])
        assert (payload_type, f"{ssrc:08x}") == (107, answer["ssrc"])
        assert sequence == int(re.search(r"seq=(\d+)", played)[1])
        assert got.reports[0][0][1] == 200
        assert b"plateRule" in payload and marker
        assert wire.frames == []


async def test_all_tracks_over_udp_end_with_bye_and_give_their_ports_back():
    async with camera() as server, Wire(server) as wire, contextlib.AsyncExitStack() as stack:
        receiving = [await stack.enter_async_context(receiver()) for _ in TRACKS]
        for track, got in zip(TRACKS, receiving, strict=True):
            await set_up(wire, got, track)
        assert server.station.ports.open == 3
        await wire.ask("PLAY")
        await until(lambda: all(len(got.packets) > 3 for got in receiving))
        assert "200 OK" in await wire.ask("TEARDOWN")
        await until(lambda: all(got.byes for got in receiving))
        assert server.station.ports.open == 0
        assert server.playing == 0


async def test_a_cut_connection_ends_what_it_played_over_udp():
    async with camera() as server, receiver() as got:
        async with Wire(server) as wire:
            await set_up(wire, got)
            await wire.ask("PLAY")
            await until(lambda: got.packets)
        await until(lambda: got.byes)
        assert server.station.ports.open == 0


async def test_media_are_never_sent_to_an_address_that_the_request_names():
    async with camera() as server, Wire(server) as wire, receiver() as got, receiver("127.0.0.2") as victim:
        line = f"RTP/AVP;unicast;destination=127.0.0.2;client_port={victim.port}-{victim.port + 1}"
        answer = await wire.ask("SETUP", "101/trackID=1", f"Transport: {line}")
        assert "destination" not in answer
        await set_up(wire, got, 3, extra=";destination=127.0.0.2;source=127.0.0.2")
        await wire.ask("PLAY")
        await until(lambda: len(got.packets) > 20)
        assert victim.packets == [] and victim.reports == []


async def test_a_report_of_the_client_renews_its_session_and_a_strangers_does_not():
    async with (
        camera(session_timeout=2) as server,
        Wire(server) as wire,
        Wire(server) as other,
        receiver() as got,
        receiver("127.0.0.2") as stranger,
    ):
        ports = {}
        for one, receiving in ((wire, got), (other, stranger)):
            named = receiving.port
            line = f"Transport: RTP/AVP;unicast;client_port={named}-{named + 1}"
            ports[one] = int(parts(await one.ask("SETUP", "101/trackID=3", line))["server_port"].split("-")[1])
            await one.ask("PLAY")
        for _ in range(30):
            got.report(("127.0.0.1", ports[wire]))
            stranger.report(("127.0.0.1", ports[other]))
            got.report(("127.0.0.1", ports[other]), b"no report at all")
            await asyncio.sleep(0.1)
        assert (server.playing, server.expired) == (1, 1)
        await until(lambda: server.playing == 0)


@pytest.mark.parametrize(
    "transport",
    [
        "RTP/AVP;unicast",
        "RTP/AVP;unicast;client_port=0-1",
        "RTP/AVP;unicast;client_port=70000-70001",
        "RTP/SAVP;unicast;client_port=5000-5001",
    ],
)
async def test_a_udp_transport_without_usable_ports_is_461(transport):
    async with camera() as server, Wire(server) as wire:
        assert " 461 " in await wire.ask("SETUP", "101/trackID=3", f"Transport: {transport}")
        assert server.station.ports.open == 0


async def test_one_session_mixes_no_transports():
    async with camera() as server, Wire(server) as wire, receiver() as got:
        await set_up(wire, got)
        assert " 461 " in await wire.ask("SETUP", "101/trackID=1", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
        assert " 461 " in await wire.ask("SETUP", "101/trackID=1", "Transport: RTP/AVP;multicast")
        assert "200 OK" in await wire.ask("PLAY")


async def test_udp_ports_are_bounded_and_the_next_session_gets_them():
    async with camera(max_udp_pairs=1) as server, Wire(server) as wire, Wire(server) as second, receiver() as got:
        await set_up(wire, got)
        line = "Transport: RTP/AVP;unicast;client_port=5000-5001"
        answer = await second.ask("SETUP", "101/trackID=3", line)
        assert " 453 " in answer and "Retry-After" in answer
        await wire.ask("TEARDOWN")
        assert "200 OK" in await second.ask("SETUP", "101/trackID=3", line)


async def test_udp_over_ipv6():
    async with camera(host="::1") as server, Wire(server, host="::1") as wire, receiver("::1") as got:
        assert "IN IP6 ::1" in await wire.ask("DESCRIBE")
        assert " 461 " in await wire.ask("SETUP", "101/trackID=1", "Transport: RTP/AVP;multicast")
        await set_up(wire, got)
        await wire.ask("PLAY")
        await until(lambda: len(got.packets) > 3)


async def test_pause_stops_the_media_and_play_goes_on_in_the_same_numbering():
    async with camera(profile="guide", clock="rtpinfo") as server, Wire(server) as wire, receiver() as got:
        await set_up(wire, got)
        await wire.ask("PLAY")
        await until(lambda: len(got.packets) > 5)
        assert "200 OK" in await wire.ask("PAUSE")
        assert server.playing == 0
        await asyncio.sleep(0.1)
        count = len(got.packets)
        await asyncio.sleep(0.4)
        assert len(got.packets) == count
        last = rtp(got.packets[-1][0])
        answer = await wire.ask("PLAY")
        await until(lambda: len(got.packets) > count + 3)
        first = rtp(got.packets[count][0])
        assert first[2] == int(re.search(r"seq=(\d+)", answer)[1]) == (last[2] + 1) & 0xFFFF
        assert first[4] == last[4]
        later = int(re.search(r"rtptime=(\d+)", answer)[1]) - last[3] & 0xFFFFFFFF
        assert 0.4 * 90000 < later < 60 * 90000
        assert got.byes == []


async def group_of(wire, track=3):
    answer = parts(await wire.ask("SETUP", f"101/trackID={track}", "Transport: RTP/AVP;multicast"))
    return answer["destination"], int(answer["port"].split("-")[0]), answer


async def test_all_multicast_sessions_share_one_sender_until_the_last_ends():
    async with camera(profile="guide") as server, Wire(server) as wire, Wire(server) as other:
        group, port, answer = await group_of(wire)
        assert group.startswith("239.") and answer["ttl"] == "1" and port % 2 == 0
        assert (await group_of(other))[:2] == (group, port)
        assert len(server.groups) == 1
        async with joined(group, port) as got:
            first = await wire.ask("PLAY")
            await until(lambda: len(got.packets) > 10 and got.reports)
            numbers = [rtp(data)[2] for data, _ in got.packets]
            assert numbers[0] == int(re.search(r"seq=(\d+)", first)[1])
            report = got.reports[0][0]
            assert struct.unpack(">I", report[4:8])[0] == rtp(got.packets[0][0])[4] == int(answer["ssrc"], 16)
            second = await other.ask("PLAY")
            joined_at = int(re.search(r"seq=(\d+)", second)[1])
            await until(lambda: rtp(got.packets[-1][0])[2] - joined_at & 0xFFFF < 0x8000)
            assert server.playing == 2
            await wire.ask("TEARDOWN")
            assert got.byes == [] and server.playing == 1
            count = len(got.packets)
            await until(lambda: len(got.packets) > count + 5)
            numbers = [rtp(data)[2] for data, _ in got.packets]
            assert all((b - a) & 0xFFFF == 1 for a, b in zip(numbers, numbers[1:], strict=False))
            await other.ask("TEARDOWN")
            await until(lambda: got.byes)
            assert (len(server.groups), server.station.ports.open) == (0, 0)


async def test_a_group_sends_the_tracks_that_somebody_plays():
    async with camera() as server, Wire(server) as wire, Wire(server) as other:
        group, port, _ = await group_of(wire, 1)
        _, metadata, _ = await group_of(other, 3)
        async with joined(group, port) as pictures, joined(group, metadata) as documents:
            await wire.ask("PLAY")
            await until(lambda: len(pictures.packets) > 3)
            assert documents.packets == []
            await other.ask("PLAY")
            await until(lambda: documents.packets)
            await wire.ask("PAUSE")
            await asyncio.sleep(0.1)
            count, before = len(pictures.packets), len(documents.packets)
            await until(lambda: len(documents.packets) > before + 5)
            assert len(pictures.packets) == count


async def test_the_groups_of_two_streams_are_two():
    async with camera() as server, Wire(server) as wire, Wire(server) as other:
        _, port, _ = await group_of(wire)
        answer = parts(await other.ask("SETUP", "102/trackID=3", "Transport: RTP/AVP;multicast"))
        assert answer["port"] != f"{port}-{port + 1}"
        assert len(server.groups) == 2


async def test_a_cut_connection_leaves_its_group():
    async with camera() as server:
        async with Wire(server) as wire:
            await group_of(wire)
            await wire.ask("PLAY")
        await until(lambda: len(server.groups) == 0)
        assert server.station.ports.open == 0


@pytest.mark.fault("F58")
async def test_sessions_over_every_transport_leave_no_socket_and_no_task_behind():
    async with camera() as server, receiver() as got:
        lines = (
            "RTP/AVP/TCP;unicast;interleaved=0-1",
            f"RTP/AVP;unicast;client_port={got.port}-{got.port + 1}",
            "RTP/AVP;multicast",
        )
        sockets, tasks = [], []
        for turn in range(12):
            async with Wire(server) as wire:
                for line in lines:
                    assert "200 OK" in await wire.ask("SETUP", "101/trackID=3", f"Transport: {line}")
                    assert "200 OK" in await wire.ask("PLAY")
                    if turn % 2:
                        assert "200 OK" in await wire.ask("TEARDOWN")
                        wire.session = None
                    else:
                        break
            lines = lines[1:] + lines[:1]
            await until(lambda: server.connections == 0 and server.station.ports.open == 0)
            await asyncio.sleep(0.05)
            sockets.append(psutil.Process().num_fds())
            tasks.append(len(asyncio.all_tasks()))
        assert (len(server.groups), server.playing) == (0, 0)
        assert len(set(sockets[2:])) == 1 and len(set(tasks[2:])) == 1
