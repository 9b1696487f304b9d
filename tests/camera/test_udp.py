"""The UDP side of a session against plain sockets: the peer's datagrams are written out here."""

import asyncio
import os
import socket
import struct
from functools import partial

import pytest

import waiting
from onframe.camera.udp import DatagramMedia
from onframe.errors import ConnectionLost, RemoteProtocolError
from onframe.wire.headers import Transport
from onframe.wire.sdp import MediaDescription
from onframe.wire.track import Track, agree

until = partial(waiting.until, seconds=5.0)

METADATA = MediaDescription("application", formats=["107"], attributes=[("rtpmap", "107 isapi.metadata/90000")])
REPORT = bytes.fromhex("80c80006 55667788 00000000 00000000 00000000 00000000 00000000".replace(" ", ""))
GROUP = "239.195.17.3"


def hosts():
    """Loopback in the families that this machine has."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(("::1", 0))
        except OSError:
            return ["127.0.0.1"]
    return ["127.0.0.1", "::1"]


def rtp(sequence, payload=b"", ssrc=0x55667788):
    return struct.pack(">BBHII", 0x80, 107, sequence & 0xFFFF, 0, ssrc) + payload


def address(host, port=0):
    return (host, port, 0, 0) if ":" in host else (host, port)


def udp(host="127.0.0.1", port=0):
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((host, port))
    sock.settimeout(5)
    return sock


async def heard(sock):
    """What a socket of the peer gets."""
    return await asyncio.to_thread(sock.recvfrom, 2048)


class Session:
    """A client's media on loopback; ``got`` is what they delivered."""

    def __init__(self, host="127.0.0.1", local=None):
        self.got = []
        self.media = DatagramMedia(
            address(local or host, 40000), address(host, 554), lambda channel, data: self.got.append((channel, data))
        )

    async def set_up(self, answer="RTP/AVP;unicast"):
        asked = await self.media.offer()
        agreed, _ = agree(asked, answer, METADATA)
        await self.media.attach(Track(METADATA, "rtsp://x/trackID=3", agreed, agreed.interleaved or (256, 257)))
        return asked.client_port

    async def __aenter__(self):
        return self

    async def __aexit__(self, *exception):
        self.media.close()


@pytest.mark.parametrize("host", hosts())
async def test_rtp_comes_to_the_even_port_and_rtcp_to_the_next(host):
    async with Session(host) as session:
        ports = await session.set_up()
        assert ports[0] % 2 == 0 and ports[1] == ports[0] + 1
        with udp(host) as device:
            device.sendto(rtp(7, b"a"), address(host, ports[0]))
            device.sendto(REPORT, address(host, ports[1]))
            await until(lambda: len(session.got) == 2)
        assert sorted(session.got) == [(256, rtp(7, b"a")), (257, REPORT)]
        assert session.media.counters["datagrams"] == 2


@pytest.mark.fault("F40")
async def test_datagrams_out_of_order_are_restored_and_doubles_dropped_and_counted():
    async with Session() as session:
        ports = await session.set_up()
        with udp() as device:
            for sequence in (65534, 0, 65535, 65535, 1, 1, 3, 2):
                device.sendto(rtp(sequence), ("127.0.0.1", ports[0]))
            await until(lambda: len(session.got) == 6)
        assert session.got == [(256, rtp(number)) for number in (65534, 65535, 0, 1, 2, 3)]
        counters = session.media.counters
        assert (counters["reordered"], counters["duplicates"], counters["late"]) == (2, 2, 0)


async def test_what_waits_for_a_lost_datagram_goes_on_after_the_delay():
    async with Session() as session:
        ports = await session.set_up()
        with udp() as device:
            device.sendto(rtp(1), ("127.0.0.1", ports[0]))
            await until(lambda: len(session.got) == 1)
            device.sendto(rtp(3), ("127.0.0.1", ports[0]))
            await until(lambda: len(session.got) == 2)
            device.sendto(rtp(2), ("127.0.0.1", ports[0]))
            await until(lambda: session.media.counters["late"] == 1)
        assert [data for _, data in session.got] == [rtp(1), rtp(3)]


async def test_datagrams_of_another_host_are_counted_and_go_nowhere():
    async with Session() as session:
        ports = await session.set_up("RTP/AVP;unicast;source=127.0.0.2;server_port=5000-5001")
        with udp("127.0.0.2") as stranger, udp() as device:
            stranger.sendto(rtp(1, b"forged"), ("127.0.0.1", ports[0]))
            stranger.sendto(REPORT, ("127.0.0.1", ports[1]))
            await until(lambda: session.media.counters["foreign_datagrams"] == 2)
            device.sendto(rtp(1, b"true"), ("127.0.0.1", ports[0]))
            await until(lambda: session.got)
        assert session.got == [(256, rtp(1, b"true"))]
        assert session.media.counters["datagrams"] == 1


@pytest.mark.parametrize("host", hosts())
async def test_the_way_through_a_nat_is_opened_to_both_ports_and_again_until_something_comes(host):
    with udp(host) as device_rtp, udp(host) as device_rtcp:
        server = device_rtp.getsockname()[1], device_rtcp.getsockname()[1]
        async with Session(host) as session:
            ports = await session.set_up(f"RTP/AVP/UDP;unicast;server_port={server[0]}-{server[1]}")
            first, sender = await heard(device_rtp)
            assert (first, sender[1]) == (bytes.fromhex("80c9000100000000"), ports[0])
            assert (await heard(device_rtcp))[1][1] == ports[1]
            await heard(device_rtp)
            await heard(device_rtcp)
            device_rtp.sendto(rtp(1), sender)
            await until(lambda: session.got)
            device_rtp.settimeout(0)
            drained = False
            while not drained:
                try:
                    device_rtp.recv(2048)
                except BlockingIOError:
                    drained = True
            device_rtp.settimeout(1.2)
            with pytest.raises(TimeoutError):
                await heard(device_rtp)


async def test_reports_go_to_the_rtcp_port_of_the_answer():
    with udp() as device_rtp, udp() as device_rtcp:
        server = device_rtp.getsockname()[1], device_rtcp.getsockname()[1]
        async with Session() as session:
            ports = await session.set_up(f"RTP/AVP;unicast;server_port={server[0]}-{server[1]}")
            await heard(device_rtcp)
            session.media.send(257, b"a report")
            data, sender = await heard(device_rtcp)
            while data != b"a report":
                data, sender = await heard(device_rtcp)
            assert sender[1] == ports[1]


async def test_an_answer_without_ports_is_completed_by_the_first_datagram():
    async with Session() as session:
        ports = await session.set_up("RTP/AVP;unicast")
        session.media.send(257, b"nowhere to")
        device_rtp = udp()
        while True:  # the port above may be taken
            try:
                device_rtcp = udp(port=device_rtp.getsockname()[1] + 1)
                break
            except OSError:
                device_rtp.close()
                device_rtp = udp()
        with device_rtp, device_rtcp:
            device_rtp.sendto(rtp(1), ("127.0.0.1", ports[0]))
            await until(lambda: session.got)
            session.media.send(257, b"a report")
            assert await heard(device_rtcp) == (b"a report", ("127.0.0.1", ports[1]))


async def test_rtcp_that_strays_to_the_rtp_port_is_taken_as_rtcp():
    async with Session() as session:
        ports = await session.set_up()
        with udp() as device:
            device.sendto(REPORT, ("127.0.0.1", ports[0]))
            await until(lambda: session.got)
        assert session.got == [(257, REPORT)]


async def test_while_paused_datagrams_are_dropped_and_counted():
    async with Session() as session:
        ports = await session.set_up()
        session.media.paused = True
        with udp() as device:
            device.sendto(rtp(1), ("127.0.0.1", ports[0]))
            await until(lambda: session.media.counters["unread_datagrams"] == 1)
            session.media.paused = False
            device.sendto(rtp(2), ("127.0.0.1", ports[0]))
            await until(lambda: session.got)
        assert session.got == [(256, rtp(2))]


async def test_a_group_is_joined_on_the_interface_of_the_connection():
    with udp() as device:
        device.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        async with Session() as session:
            asked = await session.media.offer(multicast=True)
            assert asked.serialize() == "RTP/AVP;multicast"
            port = device.getsockname()[1] ^ 0x100
            answer = f"RTP/AVP;multicast;destination={GROUP};port={port}-{port + 1};ttl=1"
            agreed, _ = agree(asked, answer, METADATA)
            await session.media.attach(Track(METADATA, "rtsp://x/trackID=3", agreed, (256, 257)))
            device.sendto(rtp(1, b"to all"), (GROUP, port))
            device.sendto(REPORT, (GROUP, port + 1))
            await until(lambda: len(session.got) == 2)
            assert sorted(session.got) == [(256, rtp(1, b"to all")), (257, REPORT)]
            session.media.send(257, b"a report")
            await until(lambda: len(session.got) == 3)  # members of the group hear it, this one too
            assert session.got[2] == (257, b"a report")


@pytest.mark.parametrize("kind", ["offer", "join"])
async def test_ports_that_cannot_be_opened_are_named_and_nothing_stays_open(kind):
    before = len(os.listdir("/proc/self/fd"))
    session = Session(local="192.0.2.1")
    if kind == "offer":
        with pytest.raises(ConnectionLost, match="no two UDP ports"):
            await session.media.offer()
    else:
        await session.media.offer(multicast=True)
        agreed = Transport("RTP/AVP", unicast=False, destination=GROUP, port=(30004, 30005))
        with pytest.raises(RemoteProtocolError, match=GROUP):
            await session.media.attach(Track(METADATA, "rtsp://x/trackID=3", agreed, (256, 257)))
    session.media.close()
    assert len(os.listdir("/proc/self/fd")) == before


async def test_a_device_that_prefers_the_connection_frees_the_ports():
    async with Session() as session:
        ports = await session.set_up("RTP/AVP/TCP;unicast;interleaved=0-1")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        udp(port=ports[0]).close()


async def test_closing_closes_every_socket_and_may_be_said_twice():
    await asyncio.sleep(0)
    before = len(os.listdir("/proc/self/fd"))
    session = Session()
    for _ in range(3):
        await session.media.attach(Track(METADATA, "rtsp://x/trackID=3", await session.media.offer(), (256, 257)))
    assert len(os.listdir("/proc/self/fd")) == before + 6
    session.media.close()
    session.media.close()
    await until(lambda: len(os.listdir("/proc/self/fd")) == before)


@pytest.mark.fault("F31")
async def test_media_that_are_closed_while_their_ports_open_leave_none_open():
    before = len(os.listdir("/proc/self/fd"))
    session = Session()
    offering = asyncio.create_task(session.media.offer())
    await asyncio.sleep(0)
    session.media.close()
    asked = await offering
    agreed, _ = agree(asked, "RTP/AVP;unicast;server_port=5000-5001", METADATA)
    await session.media.attach(Track(METADATA, "rtsp://x/trackID=3", agreed, (256, 257)))
    session.media.send(257, b"a report")
    await until(lambda: len(os.listdir("/proc/self/fd")) == before)
