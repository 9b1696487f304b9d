"""Faults of an RTSP device over TCP: what the camera says, counts and does next. The device's bytes stand here."""

import asyncio
import contextlib
import itertools
import os
import socket
import struct
import time

import pytest

from onframe.camera.backoff import Backoff
from onframe.camera.camera import Camera
from onframe.camera.connection import Wire, connect
from onframe.camera.login import Login
from onframe.camera.rtsp import RTSPClient
from onframe.camera.supervisor import Timing
from onframe.errors import ConnectionLost, StatusError, UnsupportedError
from onframe.record import Gap, Record, StateChange
from waiting import next_of, until

QUICK = Backoff(initial=0.05, maximum=0.2)
CYCLES = 200


def camera_of(device, **options):
    given = {
        "username": "admin",
        "password": "abcd1234",
        "http_port": device.http_port,
        "rtsp_port": device.rtsp_port,
        "backoff": QUICK,
        "timeout": 5.0,
        "remember_logins": False,
    }
    return Camera("127.0.0.1", **(given | options))


def write(device, data):
    device.playing[0][0].write(data)


def frame(channel, payload):
    return struct.pack("!cBH", b"$", channel, len(payload)) + payload


def rtp(number, payload):
    return struct.pack("!BBHII", 0x80, 0x80 | 107, number, 3600 * number, 0x55667788) + payload


def reset(writer):
    """RST instead of FIN."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


# -- frames


@pytest.mark.fault("F22")
@pytest.mark.parametrize("channel", [0, 5, 8, 9, 255])
async def test_a_frame_of_a_channel_that_was_never_set_up_is_counted_and_ignored(device, make_document, channel):
    async with camera_of(device) as camera:
        events = camera.events()
        await next_of(events, StateChange, state="live")
        write(device, frame(channel, rtp(1, make_document(target_id=666))))
        device.send(make_document(target_id=1))
        assert (await next_of(events, Record)).metadata.targets[0].target_id == 1
        assert camera.counters["unknown_track"] == 1
        assert camera.counters["reconnects"] == 0


@pytest.mark.fault("F22")
async def test_a_frame_of_the_odd_channel_is_read_as_rtcp_and_gives_no_record(device, make_document):
    async with camera_of(device) as camera:
        events = camera.events()
        await next_of(events, StateChange, state="live")
        write(device, frame(7, rtp(1, make_document(target_id=666))))
        device.send(make_document(target_id=1))
        assert (await next_of(events, Record)).metadata.targets[0].target_id == 1
        assert (camera.counters["malformed_rtcp"], camera.counters["unknown_track"]) == (1, 0)


@pytest.mark.fault("F23")
async def test_a_frame_without_content_is_counted_and_the_next_one_read(device, make_document):
    async with camera_of(device) as camera:
        events = camera.events()
        await next_of(events, StateChange, state="live")
        write(device, frame(6, b""))
        device.send(make_document())
        await next_of(events, Record)
        assert (camera.counters["frames"], camera.counters["malformed_rtp"]) == (2, 1)


@pytest.mark.fault("F23")
async def test_a_frame_of_the_greatest_length_is_a_document(device, make_document):
    async with camera_of(device) as camera:
        events = camera.events()
        await next_of(events, StateChange, state="live")
        short = make_document()
        document = make_document(more=" " * (65535 - 12 - len(short)))
        write(device, frame(6, rtp(1, document)))
        record = await next_of(events, Record)
        assert len(record.raw) == 65535 - 12
        assert camera.counters["malformed_rtp"] == 0


@pytest.mark.fault("F23")
async def test_a_frame_longer_than_ever_arrives_makes_the_session_stale_and_then_anew(device, make_document):
    async with camera_of(device, keepalive=0.6) as camera:
        events = camera.events()
        await next_of(events, StateChange, state="live")
        write(device, b"$\x06\xff\xff\x80")  # from here on the answers to the keep-alives are swallowed
        await next_of(events, StateChange, state="stale")
        lost = await next_of(events, StateChange, state="backoff")
        assert lost.previous == "stale"
        await next_of(events, StateChange, state="live")
        assert (await next_of(events, Gap)).reason == "reconnect"
        await until(lambda: device.playing)
        device.send(make_document())
        await next_of(events, Record)
        assert camera.counters["reconnects"] == 1


async def test_frames_before_the_answer_to_play_are_kept_up_to_a_bound_and_then_counted(device, make_document):
    large = frame(6, rtp(1, make_document(more=" " * 60_000)))
    device.before_play = large * 200  # 12 MB, of which 8 MiB are kept
    async with camera_of(device) as camera:
        events = camera.events(maxsize=10_000)
        await next_of(events, StateChange, state="live")
        await next_of(events, Record)
        kept = (8 * 1024 * 1024) // len(large)
        assert 200 - kept - 5 <= camera.counters["too_early"] <= 200 - kept
        assert camera.counters["frames"] == 200


# -- DESCRIBE refused


@pytest.mark.fault("F28")
@pytest.mark.parametrize(
    ("status", "meaning"), [(404, "no such channel or stream"), (461, "does not send RTP in this way")]
)
async def test_a_refusal_for_good_ends_the_watch_with_its_meaning(device, status, meaning):
    device.describe_status = status
    async with camera_of(device) as camera:
        with pytest.raises(UnsupportedError, match=meaning) as caught:
            await anext(camera.watch(via="channel"))
        assert caught.value.hint
        assert isinstance(caught.value.__cause__, StatusError)
        assert camera.counters["attempts"] == 1


@pytest.mark.fault("F28")
@pytest.mark.parametrize(
    ("status", "wait", "meaning"),
    [(453, "20.0", "no room"), (503, "20.0", "busy"), (454, "0.1", "does not know the session")],
)
async def test_a_refusal_for_now_is_a_long_back_off_where_the_device_is_full(device, status, wait, meaning):
    device.describe_status = status
    backoff = Backoff(initial=0.1, uniform=lambda low, high: high)
    async with camera_of(device, timing=Timing(busy=20.0), backoff=backoff) as camera:
        change = await next_of(camera.events(), StateChange, state="backoff")
        assert meaning in change.reason and f"next attempt in {wait} s" in change.reason


@pytest.mark.fault("F28")
@pytest.mark.parametrize(
    ("said", "wait"), [("40", "40.0"), ("999999", "300.0"), ("5", "20.0"), ("soon", "20.0"), ("-7", "20.0")]
)
async def test_retry_after_is_honoured_up_to_five_minutes(device, said, wait):
    device.describe_status, device.describe_headers = 503, f"Retry-After: {said}\r\n"
    async with camera_of(device, timing=Timing(busy=20.0)) as camera:
        change = await next_of(camera.events(), StateChange, state="backoff")
        assert f"next attempt in {wait} s" in change.reason


# -- connections that end


@pytest.mark.fault("F31")
async def test_a_reset_in_the_middle_of_a_frame_is_a_gap_and_a_new_session(device, make_document):
    async with camera_of(device) as camera:
        events = camera.events()
        await next_of(events, StateChange, state="live")
        device.send(make_document())
        await next_of(events, Record)
        writer = device.playing[0][0]
        writer.write(frame(6, rtp(2, make_document()))[:100])
        await asyncio.sleep(0.05)
        reset(writer)
        assert "reset" in (await next_of(events, StateChange, state="backoff")).reason.lower()
        await next_of(events, StateChange, state="live")
        await until(lambda: device.playing)
        device.send(make_document(target_id=2))
        record = await next_of(events, Record)
        assert record.gap_before.reason == "reconnect"
    assert device.methods().count("TEARDOWN") == 1  # the first session's end could not be told


class Stage:
    """An RTSP device without login whose connection ends in one of several ways."""

    def __init__(self):
        self.requests, self.writers = [], set()
        self.ends = itertools.cycle(["unanswered", "reset", "farewell", "played"])

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exception):
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader, writer):
        end = next(self.ends)
        self.writers.add(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                method = head.split()[0]
                self.requests.append(method)
                if (end, method) in (("unanswered", "PLAY"), ("farewell", "TEARDOWN")):
                    break
                cseq = head.partition("CSeq: ")[2].partition("\r\n")[0]
                writer.write(self._answer(method, cseq))
                if (end, method) == ("reset", "PLAY"):
                    writer.write(b"$\x06\x01\x00half a frame")
                    await writer.drain()
                    await asyncio.sleep(0)
                    reset(writer)
                    break
                if (end, method) == ("played", "PLAY"):
                    break
        writer.close()
        self.writers.discard(writer)

    @staticmethod
    def _answer(method, cseq):
        body = ""
        if method == "DESCRIBE":
            body = "v=0\r\nm=application 0 RTP/AVP 107\r\na=rtpmap:107 isapi.metadata/90000\r\na=control:trackID=3\r\n"
        lines = [f"CSeq: {cseq}", "Session: 77"] + ([f"Content-Length: {len(body)}"] if body else [])
        return "\r\n".join(["RTSP/1.0 200 OK", *lines, "", body]).encode()


@pytest.mark.fault("F31")
async def test_two_hundred_sessions_that_end_badly_leave_no_descriptor_and_say_farewell_once_each():
    async with Stage() as stage:
        login = Login("admin", "abcd1234", host="127.0.0.1")

        async def cycle():
            ended = asyncio.Event()
            client = RTSPClient(
                "127.0.0.1",
                stage.port,
                login,
                on_frame=lambda channel, data: None,
                on_closed=lambda error: ended.set(),
                timeout=5.0,
            )
            with contextlib.suppress(ConnectionLost):
                description = await client.open(f"rtsp://127.0.0.1:{stage.port}/")
                await client.setup([description.metadata_media()])
                await client.play()
            await client.teardown()
            assert ended.is_set()

        async def settled():
            await until(lambda: not stage.writers)
            return len(os.listdir("/proc/self/fd"))

        for _ in range(4):
            await cycle()
        before = await settled()
        for _ in range(CYCLES):
            await cycle()
        assert await settled() == before
    assert stage.requests.count("PLAY") == CYCLES + 4
    assert stage.requests.count("TEARDOWN") <= CYCLES + 4 - (CYCLES + 4) // 4
    pairs = list(itertools.pairwise(stage.requests))
    assert ("TEARDOWN", "TEARDOWN") not in pairs


@pytest.mark.fault("F32")
async def test_the_kernel_too_is_asked_to_watch_a_connection_that_may_be_dead(device):
    made = []
    wire = Wire(made.append, lambda data: None, lambda error: None)
    await connect(wire, "127.0.0.1", device.rtsp_port, tls=None, timeout=5.0)
    sock = made[0].get_extra_info("socket")
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
    made[0].abort()


@pytest.mark.fault("F32")
async def test_a_connection_that_died_without_a_word_is_stale_within_two_keep_alives_and_then_made_anew(device):
    async with camera_of(device, keepalive=1.0, timeout=1.0) as camera:
        events = camera.events()
        await next_of(events, StateChange, state="live")
        frozen_at = time.monotonic()
        device.frozen = True
        stale = await next_of(events, StateChange, state="stale")
        assert "no byte for" in stale.reason
        lost = await next_of(events, StateChange, state="backoff")
        assert time.monotonic() - frozen_at < 2.0 + 1.0  # two keep-alives, and a busy machine
        assert lost.previous == "stale"
        device.frozen = False
        await next_of(events, StateChange, state="live")
        assert (await next_of(events, Gap)).reason == "reconnect"


@pytest.mark.fault("F30")
async def test_454_to_a_keep_alive_builds_the_session_anew(device, make_document):
    async with camera_of(device, keepalive=0.2) as camera:
        events = camera.events()
        await next_of(events, StateChange, state="live")
        usual, device.keep_alive_status = device.keep_alive_status, 454
        lost = await next_of(events, StateChange, state="backoff")
        assert "454" in lost.reason
        device.keep_alive_status = usual
        await next_of(events, StateChange, state="live")
        await until(lambda: device.playing)
        device.send(make_document())
        await next_of(events, Record)


@pytest.mark.fault("F30")
@pytest.mark.parametrize("status", [400, 405])
async def test_a_keep_alive_that_is_refused_is_an_answer_and_the_session_goes_on(device, make_document, status):
    async with camera_of(device, keepalive=0.2) as camera:
        events = camera.events()
        device.keep_alive_status = status
        await next_of(events, StateChange, state="live")
        await asyncio.sleep(1.0)
        device.send(make_document())
        await next_of(events, Record)
        assert camera.counters["reconnects"] == 0
        assert device.methods().count("GET_PARAMETER") == 1  # OPTIONS from then on
