"""Every transport from end to end: the simulated camera on one side, the client on the other, real sockets between."""

import asyncio
from functools import partial

import pytest

import waiting
from onframe.camera.backoff import Backoff
from onframe.camera.camera import Camera
from onframe.camera.login import Login
from onframe.camera.rtsp import RTSPClient
from onframe.camera.supervisor import Timing
from onframe.camera.tls import TLS
from onframe.errors import CertificateError
from onframe.record import AccessUnit, Gap, Record, StateChange
from onframe.simulator.camera import SimulatedCamera

next_of = partial(waiting.next_of, seconds=20.0)

QUICK = Backoff(initial=0.05, maximum=0.2)
PATIENT = Timing(datagrams=20.0)
ENOUGH = 20


@pytest.fixture
async def simulated():
    async with SimulatedCamera("gate") as camera:
        yield camera


def camera_of(simulated, transport, **options):
    given = {"transport": transport, "backoff": QUICK, "timing": PATIENT, "remember_logins": False}
    return Camera.from_url(simulated.url, **(given | options))


async def targets(camera, count=ENOUGH, seconds=20.0):
    """So many Records in a row that are of targets."""
    records = []
    async with asyncio.timeout(seconds), camera.watch() as watch:
        async for record in watch:
            if record.metadata.kind == "target":
                records.append(record)
            if len(records) == count:
                return records


async def test_the_three_transports_carry_the_same_documents(simulated):
    async with (
        camera_of(simulated, "tcp") as tcp,
        camera_of(simulated, "udp") as udp,
        camera_of(simulated, "multicast") as multicast,
    ):
        watched = await asyncio.gather(*(targets(camera) for camera in (tcp, udp, multicast)))
        for camera in (udp, multicast):
            assert camera.counters["datagrams"] >= ENOUGH
            assert camera.counters["frames"] == camera.counters["lost"] == camera.counters["transport_fallbacks"] == 0
        assert tcp.counters["frames"] >= ENOUGH
    documents = [[record.raw for record in records] for records in watched]
    for others in documents[1:]:
        first = next(index for index, raw in enumerate(documents[0]) if raw in others)
        start = others.index(documents[0][first])
        common = min(ENOUGH - first, ENOUGH - start)
        assert common > ENOUGH // 2
        assert documents[0][first : first + common] == others[start : start + common]


async def test_pictures_come_over_udp_too_and_are_timed_as_over_tcp(simulated):
    async with camera_of(simulated, "udp") as camera:
        events = camera.stream(maxsize=10_000)
        picture = await next_of(events, AccessUnit, key=True)
        record = await next_of(events, Record)
        assert picture.data.startswith(b"\x00\x00\x00\x01")
        assert record.video is not None
        assert camera.counters["frames"] == 0


@pytest.mark.fault("F40")
async def test_reordered_and_doubled_datagrams_cost_no_document_and_are_counted(simulated):
    simulated.trouble.reorder = simulated.trouble.duplicate = 0.3
    async with camera_of(simulated, "udp") as camera:
        records = await targets(camera, 40)
        counters = camera.counters
        assert counters["reordered"] > 0 and counters["duplicates"] > 0
        assert (counters["lost"], counters["undecodable"]) == (0, 0)
        assert [record.gap_before for record in records] == [None] * 40
        assert [record.n for record in records] == sorted(record.n for record in records)


@pytest.mark.fault("F39")
async def test_lost_datagrams_are_gaps_and_never_glued_documents(simulated):
    simulated.trouble.loss = 0.2
    async with camera_of(simulated, "udp") as camera:
        events = camera.events(maxsize=10_000)
        gap = await next_of(events, Gap, reason="loss")
        record = await next_of(events, Record)
        assert gap.packets >= 1 and record.gap_before is not None
        assert camera.counters["undecodable"] == 0


async def test_a_simulated_camera_that_stops_and_starts_is_resumed_over_udp(simulated):
    async with camera_of(simulated, "udp") as camera:
        events = camera.events(maxsize=10_000)
        first = await next_of(events, Record)
        await simulated.stop()
        await next_of(events, StateChange, state="backoff")
        await simulated.start()
        assert (await next_of(events, StateChange, state="live")).reason == "the stream plays over udp"
        record = await next_of(events, Record)
        assert record.epoch > first.epoch and record.gap_before.reason == "reconnect"


async def test_within_rtsps_everything_comes_over_one_connection_to_a_pinned_camera():
    async with SimulatedCamera("gate", tls=True) as simulated:
        tls = TLS("pin", pin=simulated.certificate.sha256)
        async with Camera.from_url(simulated.tls_url, tls=tls, remember_logins=False) as camera:
            records = await targets(camera, 5)
            assert len(records) == 5
            assert camera.counters["frames"] >= 5


@pytest.mark.fault("F36")
async def test_another_certificate_than_the_pinned_one_ends_rtsps_before_the_first_request():
    async with SimulatedCamera("gate", tls=True) as simulated:
        client = RTSPClient(
            "127.0.0.1",
            simulated.rtsps_port,
            Login("admin", simulated.password, host="127.0.0.1"),
            on_frame=lambda channel, data: None,
            tls=TLS("pin", pin="ab" * 32),
        )
        with pytest.raises(CertificateError) as caught:
            await client.open(f"rtsp://127.0.0.1:{simulated.rtsps_port}/ISAPI/Streaming/channels/101")
        assert caught.value.cause == "pin_changed"
        assert [request for request in simulated.device.requests if request.protocol == "rtsp"] == []
