"""A camera watched over UDP and multicast, and the way back to TCP: against a device of bytes."""

import asyncio
import contextlib
import os
import struct
import time

import pytest

from onframe.camera.backoff import Backoff
from onframe.camera.camera import Camera
from onframe.camera.rtsp import RTSPClient
from onframe.camera.supervisor import Timing
from onframe.camera.tls import TLS
from onframe.errors import UnsupportedError
from onframe.record import Gap, Record, StateChange
from waiting import next_of, until

QUICK = Backoff(initial=0.05, maximum=0.2)
PATIENT = Timing(datagrams=20.0)


def camera_of(device, **options):
    given = {
        "username": "admin",
        "password": "abcd1234",
        "http_port": device.http_port,
        "rtsp_port": device.rtsp_port,
        "backoff": QUICK,
        "timeout": 5.0,
        "timing": PATIENT,
        "remember_logins": False,
    }
    return Camera("127.0.0.1", **(given | options))


@contextlib.asynccontextmanager
async def watched(device, **options):
    """The camera, and its events from the moment on at which the device plays."""
    async with camera_of(device, **options) as camera:
        events = camera.events()
        first = asyncio.create_task(next_of(events, StateChange, state="authenticating"))
        await until(lambda: device.playing)
        await first
        yield camera, events


def packet(number, payload, sequence=None):
    sequence = number if sequence is None else sequence
    return struct.pack("!BBHII", 0x80, 0x80 | 107, sequence, 3600 * number, 0x55667788) + payload


def send(device, data):
    """One RTP packet as it is."""
    out, channel = device.playing[0]
    out.write(struct.pack("!cBH", b"$", channel, len(data)) + data)


@pytest.mark.parametrize("transport", ["tcp", "udp", "multicast"])
async def test_the_same_records_come_over_each_transport(device, make_document, transport):
    device.transports = {transport}
    async with watched(device, transport=transport) as (camera, events):
        for number in range(1, 6):
            device.send(make_document(target_id=number), timestamp=3600 * number)
        records = [await next_of(events, Record) for _ in range(5)]
        assert [record.metadata.targets[0].target_id for record in records] == [1, 2, 3, 4, 5]
        assert [record.timestamp for record in records] == [3600, 7200, 10800, 14400, 18000]
        assert [record.gap_before for record in records] == [None] * 5
        assert [record.raw for record in records] == [make_document(target_id=number) for number in range(1, 6)]
        counters = camera.counters
        assert counters["frames"] == (5 if transport == "tcp" else 0)
        assert counters.get("datagrams", 0) == (0 if transport == "tcp" else 5)
        assert (counters["transport_fallbacks"], counters["connections"]) == (0, 1)
    assert device.methods() == ["DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]


@pytest.mark.parametrize("transport", ["udp", "multicast"])
async def test_the_session_is_live_with_the_first_datagram_and_says_over_what(device, make_document, transport):
    device.transports = {transport}
    async with watched(device, transport=transport) as (camera, events):
        assert camera.state == "authenticating"
        device.send(make_document())
        live = await next_of(events, StateChange, state="live")
        assert live.reason == f"the stream plays over {transport}"


@pytest.mark.fault("F40")
async def test_documents_over_udp_out_of_order_and_doubled_come_in_order_and_once_with_counters(device, make_document):
    device.transports = {"udp"}
    async with watched(device, transport="udp") as (camera, events):
        for number in (1, 3, 2, 2, 4, 6, 5, 6):
            send(device, packet(number, make_document(target_id=number)))
        records = [await next_of(events, Record) for _ in range(6)]
        assert [record.metadata.targets[0].target_id for record in records] == [1, 2, 3, 4, 5, 6]
        assert [record.gap_before for record in records] == [None] * 6
        await until(lambda: camera.counters["duplicates"] == 2)
        assert (camera.counters["reordered"], camera.counters["lost"]) == (2, 0)


@pytest.mark.fault("F39")
async def test_a_datagram_that_is_lost_is_a_gap_with_its_number(device, make_document):
    device.transports = {"udp"}
    async with watched(device, transport="udp") as (camera, events):
        for number in (1, 2, 4):
            send(device, packet(number, make_document(target_id=number)))
        gap = await next_of(events, Gap)
        assert (gap.reason, gap.packets, gap.first_sequence, gap.last_sequence) == ("loss", 1, 3, 3)
        record = await next_of(events, Record)
        assert record.metadata.targets[0].target_id == 4 and record.gap_before is not None
        send(device, packet(3, make_document(target_id=3)))
        await until(lambda: camera.counters["late"] == 1)


async def test_datagrams_of_strangers_are_counted_and_no_records(device, make_document):
    device.transports = {"udp"}
    async with watched(device, transport="udp") as (camera, events):
        import socket

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind(("127.0.0.2", 0))
            stranger.sendto(packet(1, make_document(target_id=666)), device.udp_asked[0])
            await until(lambda: camera.counters["foreign_datagrams"] == 1)
        device.send(make_document(target_id=1))
        assert (await next_of(events, Record)).metadata.targets[0].target_id == 1


@pytest.mark.parametrize("answer", ["RTP/AVP;unicast", "RTP/AVP/UDP;unicast;source=10.9.9.9;server_port=9-10;ssrc= d6"])
async def test_an_answer_that_names_no_ports_or_another_source_is_enough(device, make_document, answer):
    device.transports, device.udp_answer = {"udp"}, answer
    async with watched(device, transport="udp") as (camera, events):
        device.send(make_document())
        await next_of(events, Record)
        assert camera.counters["transport_fallbacks"] == 0


async def test_a_watcher_that_blocks_costs_datagrams_which_are_counted_and_show_as_a_gap(device, make_document):
    device.transports = {"udp"}
    async with camera_of(device, transport="udp") as camera:
        patient = camera.watch(overflow="block", maxsize=2)
        first = asyncio.create_task(anext(patient))
        await until(lambda: device.playing)
        device.send(make_document(target_id=1))
        assert (await first).n == 1
        for number in range(2, 60):
            device.send(make_document(target_id=number))
            await asyncio.sleep(0.002)
        await until(lambda: camera.counters["unread_datagrams"] > 0)
        unread = camera.counters["unread_datagrams"]

        async def gap():
            async for record in patient:
                if record.gap_before is not None:
                    return record.gap_before
                device.send(make_document())

        assert (await asyncio.wait_for(gap(), 10)).packets == unread
        assert camera.counters["reconnects"] == 0


# -- the way back to TCP


@pytest.mark.fault("F28")
@pytest.mark.parametrize("transport", ["udp", "multicast"])
async def test_a_device_that_refuses_the_transport_is_asked_for_tcp_in_a_fresh_connection(
    device, make_document, transport
):
    async with watched(device, transport=transport) as (camera, events):
        change = await next_of(events, StateChange, state="connecting")
        assert "461" in change.reason and change.reason.endswith("falling back to RTP over TCP")
        live = await next_of(events, StateChange, state="live")
        assert live.reason.startswith("the stream plays over TCP: SETUP was answered 461")
        device.send(make_document())
        assert (await next_of(events, Record)).gap_before is None
        assert (camera.counters["transport_fallbacks"], camera.counters["connections"]) == (1, 1)
    assert device.methods() == ["DESCRIBE", "SETUP", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]


async def test_nothing_over_udp_within_the_time_is_answered_with_tcp(device, make_document):
    device.transports = {"udp", "tcp"}
    async with watched(device, transport="udp", timing=Timing(datagrams=0.3)) as (camera, events):
        change = await next_of(events, StateChange, state="connecting")
        assert change.reason == "nothing came over udp within 0.3 s of PLAY; falling back to RTP over TCP"
        await next_of(events, StateChange, state="live")
        device.send(make_document())
        assert (await next_of(events, Record)).gap_before is None
        assert (camera.counters["transport_fallbacks"], camera.counters["connections"]) == (1, 1)
        assert camera.counters["frames"] == 1
    whole = ["DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]
    assert device.methods() == whole + whole


async def test_a_report_alone_shows_that_udp_works(device, make_document):
    device.transports = {"udp"}
    async with watched(device, transport="udp") as (camera, events):
        out, _ = device.playing[0]
        report = struct.pack("!BBHIQIII", 0x80, 200, 6, 0x55667788, 0, 0, 0, 0)
        out.write(struct.pack("!cBH", b"$", 1, len(report)) + report)
        await next_of(events, StateChange, state="live")
        assert camera.counters["transport_fallbacks"] == 0


async def test_after_a_fall_back_the_next_connection_begins_with_tcp(device, make_document):
    async with watched(device, transport="udp") as (camera, events):
        await next_of(events, StateChange, state="live")
        await device.stop()
        await next_of(events, StateChange, state="backoff")
        device.rtsp_log.clear()
        await device.start()
        back = await next_of(events, StateChange, state="live")
        assert "461" in back.reason
        assert device.methods() == ["DESCRIBE", "SETUP", "PLAY"]
        assert camera.counters["transport_fallbacks"] == 1


@pytest.mark.parametrize(
    "answer",
    [
        "RTP/AVP;multicast;destination=192.0.2.9;port=5000-5001",
        "RTP/AVP;multicast;destination=10.0.0.1;port=22-23",
    ],
)
async def test_a_group_that_is_none_is_never_joined_and_tcp_is_taken(device, make_document, answer):
    device.transports, device.udp_answer = {"udp", "tcp"}, answer
    async with watched(device, transport="udp") as (camera, events):
        await next_of(events, StateChange, state="live")
        assert camera.counters["transport_fallbacks"] == 1


# -- the ends of a session


@pytest.mark.fault("F32")
async def test_a_half_open_connection_is_found_although_nothing_was_to_come_over_udp(device, make_document):
    device.transports = {"udp"}
    async with watched(device, transport="udp", keepalive=1.0) as (_, events):
        device.send(make_document())
        await next_of(events, StateChange, state="live")
        frozen_at = time.monotonic()
        device.frozen = True
        await next_of(events, StateChange, state="stale")
        await next_of(events, StateChange, state="backoff")
        assert time.monotonic() - frozen_at < 4.0
        device.frozen = False


async def test_a_camera_over_udp_that_restarts_is_resumed(device, make_document):
    device.transports = {"udp"}
    async with watched(device, transport="udp") as (_, events):
        device.send(make_document())
        first = await next_of(events, Record)
        await device.stop()
        await next_of(events, StateChange, state="backoff")
        await device.start()
        await until(lambda: device.playing)
        device.send(make_document())
        second = await next_of(events, Record)
        assert second.epoch > first.epoch and second.gap_before.reason == "reconnect"


@pytest.mark.fault("F31")
async def test_no_socket_is_left_after_sessions_over_udp(device, make_document):
    device.transports = {"udp", "multicast", "tcp"}

    async def session(transport):
        async with watched(device, transport=transport, timing=PATIENT) as (_, events):
            device.send(make_document())
            await next_of(events, Record)
        await until(lambda: not device.connections)

    await session("udp")
    before = len(os.listdir("/proc/self/fd"))
    for transport in ("udp", "multicast") * 5:
        await session(transport)
    await until(lambda: len(os.listdir("/proc/self/fd")) == before)
    assert device.methods().count("TEARDOWN") == 11


def test_rtp_over_udp_is_refused_where_tls_is_wanted():
    def client(transport):
        return RTSPClient("h", 322, None, on_frame=lambda channel, data: None, transport=transport, tls=TLS())

    assert client("tcp").transport == "tcp"
    for transport in ("udp", "multicast"):
        with pytest.raises(UnsupportedError, match=f"RTP over {transport} is not encrypted") as caught:
            client(transport)
        assert "tcp" in caught.value.hint
