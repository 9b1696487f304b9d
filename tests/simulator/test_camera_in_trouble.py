"""SimulatedCamera with TLS, over IPv6, and with faults: its addresses, its clock, its reboots, and what it leaves."""

from __future__ import annotations

import asyncio
import email.utils
import socket
import ssl
import time
import urllib.error
import urllib.request

import pytest

from onframe.camera.camera import Camera
from onframe.camera.tls import TLS
from onframe.errors import OnframeError
from onframe.simulator.camera import SimulatedCamera
from onframe.simulator.certificates import make_certificate, server_context


async def first_record(camera: Camera) -> object:
    async with asyncio.timeout(30):
        async for record in camera.watch():
            return record
    raise AssertionError("the records ended")


async def test_with_tls_it_serves_both_and_its_certificate_can_be_pinned() -> None:
    async with SimulatedCamera("gate", tls=True) as simulated:
        assert simulated.certificate is not None
        assert len({simulated.http_port, simulated.https_port, simulated.rtsp_port, simulated.rtsps_port}) == 4
        async with Camera.from_url(simulated.url) as plain:
            await first_record(plain)
        async with Camera.from_url(simulated.tls_url, tls=TLS("pin", pin=simulated.certificate.sha256)) as pinned:
            await first_record(pinned)
            assert await pinned.type_enabled("ANPR")


async def test_tls_with_a_certificate_or_a_context_of_your_own() -> None:
    certificate = make_certificate("localhost", "127.0.0.1")
    for tls in (certificate, server_context(certificate)):
        async with SimulatedCamera("gate", tls=tls) as simulated:
            assert simulated.certificate is (None if isinstance(tls, ssl.SSLContext) else certificate)
            async with Camera.from_url(simulated.tls_url, tls=TLS("pin", pin=certificate.sha256)) as pinned:
                await first_record(pinned)


def test_without_tls_there_is_no_address_for_it() -> None:
    with pytest.raises(OnframeError, match="no TLS"):
        _ = SimulatedCamera("gate").tls_url


@pytest.mark.fault("F37")
async def test_an_ipv6_host_stands_in_brackets() -> None:
    async with SimulatedCamera("gate", host="::1", tls=True) as simulated:
        for url in (simulated.url, simulated.tls_url, simulated.rtsp_url()):
            assert "@[::1]:" in url
        async with Camera.from_url(simulated.url) as camera:
            await first_record(camera)


def date_of(simulated: SimulatedCamera) -> float:
    """What HTTP's Date says, s since 1970; asked in a thread that is not the camera's."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://127.0.0.1:{simulated.http_port}/ISAPI/System/capabilities", timeout=5)
    with refused.value:
        (date,) = refused.value.headers.get_all("Date")
    return email.utils.parsedate_to_datetime(date).timestamp()


def test_date_follows_the_cameras_clock_and_faults_may_come_from_another_thread() -> None:
    with SimulatedCamera("gate") as simulated:
        assert abs(date_of(simulated) - time.time()) < 60
        simulated.faults.inject("clock-jump=+1h, clock-jump=+30min")
        assert abs(date_of(simulated) - time.time() - 5400) < 60
        simulated.faults.clear("clock-jump")
        assert abs(date_of(simulated) - time.time()) < 60
        assert simulated.trouble.clock_offset_ns == 0 and simulated.faults.done == {"clock-jump": 2}


def test_a_reboot_from_another_thread_is_waited_for_and_its_ports_are_the_same() -> None:
    with SimulatedCamera("gate", tls=True, faults="clock-1970=1h") as simulated:
        ports = simulated.http_port, simulated.https_port, simulated.rtsp_port, simulated.rtsps_port
        simulated.faults.inject("reboot=300ms")
        for port in ports:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        assert date_of(simulated) < 600, "seconds after 1970 began"
        simulated.faults.clear("clock-1970")
        assert abs(date_of(simulated) - time.time()) < 60, "the time is there"


async def test_during_the_outage_every_port_refuses() -> None:
    async with SimulatedCamera("gate", tls=True) as simulated:
        reboot = simulated.faults.inject("reboot=1s")
        async with asyncio.timeout(10):
            while simulated.rtsp is not None:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        for port in (simulated.http_port, simulated.https_port, simulated.rtsp_port, simulated.rtsps_port):
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", port)
        await reboot
        assert simulated.rtsp is not None


async def test_it_can_be_stopped_in_the_middle_of_a_reboot_and_leaves_nothing() -> None:
    before = asyncio.all_tasks()
    async with SimulatedCamera("gate") as simulated:
        simulated.faults.inject("reboot=1h")
        await asyncio.sleep(0.5)
        started = time.monotonic()
    assert time.monotonic() - started < 2
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == before
    async with SimulatedCamera("gate", http_port=simulated.http_port, rtsp_port=simulated.rtsp_port):
        pass


async def test_lost_documents_are_remembered_over_a_reboot() -> None:
    async with SimulatedCamera("gate", metadata_loss=0.5) as simulated, Camera.from_url(simulated.url) as camera:
        await first_record(camera)
        async with asyncio.timeout(30):
            while not simulated.lost:
                await first_record(camera)
        lost = list(simulated.lost)
        await simulated.faults.inject("reboot=100ms")
        assert simulated.lost[: len(lost)] == lost


async def test_while_it_is_half_open_http_does_not_answer_until_it_is_over() -> None:
    async with SimulatedCamera("gate") as simulated, Camera.from_url(simulated.url) as camera:
        simulated.faults.inject("halfopen")
        asked = asyncio.create_task(camera.type_enabled("ANPR"))
        await asyncio.sleep(0.5)
        assert not asked.done()
        simulated.faults.clear()
        assert await asked


def test_a_plan_that_cannot_be_read_is_told_at_once() -> None:
    with pytest.raises(OnframeError, match="position 1 of the faults: there is no fault 'flood'"):
        SimulatedCamera("gate", faults="flood@3s")


@pytest.mark.simulated_camera("gate", faults="lockout=3")
def test_the_fixtures_camera_has_faults_too(simulated_camera: SimulatedCamera) -> None:
    assert simulated_camera.faults.active == ["lockout"] and simulated_camera.device.lockout == 3
    simulated_camera.faults.clear()
    assert simulated_camera.faults.active == [] and simulated_camera.device.lockout is None
