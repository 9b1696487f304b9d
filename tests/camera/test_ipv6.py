"""IPv6 from the URL to the request lines of both protocols."""

import asyncio
import contextlib
import re

import pytest

from onframe import TLS, Camera, OnframeError, Record, SimulatedCamera
from onframe.camera.login import Login
from onframe.camera.rtsp import RTSPClient


class Ear:
    """Two ports on ::1 that keep what they hear and then hang up."""

    async def __aenter__(self):
        self.heard, self.servers = b"", []
        for _ in range(2):
            self.servers.append(await asyncio.start_server(self._serve, "::1", 0))
        self.http_port, self.rtsp_port = (server.sockets[0].getsockname()[1] for server in self.servers)
        return self

    async def __aexit__(self, *_):
        for server in self.servers:
            server.close()

    async def _serve(self, reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            self.heard += await reader.readuntil(b"\r\n\r\n")
        writer.close()


@pytest.mark.fault("F37")
@pytest.mark.parametrize("place", ["[::1]", "[::1%251]", "[::1%1]"], ids=["plain", "zone", "zone, not encoded"])
async def test_the_host_header_and_the_request_line_have_brackets_and_no_zone(place):
    async with Ear() as ear:
        url = f"http://admin:p%40ss@{place}:{ear.http_port}/?rtsp_port={ear.rtsp_port}"
        async with Camera.from_url(url) as camera:
            with pytest.raises(OnframeError):
                await camera.device_capability()
            events = camera.events()
            async with asyncio.timeout(20):
                while b"RTSP/1.0" not in ear.heard:
                    await anext(events)
    assert f"Host: [::1]:{ear.http_port}\r\n".encode().lower() in ear.heard.lower()
    assert f"OPTIONS rtsp://[::1]:{ear.rtsp_port}/ISAPI/Streaming/channels/101 RTSP/1.0\r\n".encode() in ear.heard
    assert b"p@ss" not in ear.heard and b"%" not in ear.heard


@pytest.mark.fault("F37")
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
async def test_a_camera_at_an_ipv6_address_is_watched_from_end_to_end(tls):
    async with SimulatedCamera(host="::1", password="p@ss:w/ord%", tls=tls) as simulated:
        options = {"tls": TLS("pin", pin=simulated.certificate.sha256)} if tls else {}
        url = simulated.tls_url if tls else simulated.url
        assert re.match(r"https?://admin:[^@/:]+@\[::1\]:\d+/\?rtsp_port=\d+$", url)
        async with Camera.from_url(url, **options) as camera, asyncio.timeout(30):
            record = await anext(camera.watch())
            uri = await camera.subscribe(types={"behaviorAnalysis"})
    assert isinstance(record, Record)
    assert record.camera.startswith("[::1]:")
    assert re.match(r"rtsps?://\[::1\](:\d+)?/", uri)


@pytest.mark.fault("F37")
async def test_the_description_of_a_camera_at_an_ipv6_address_says_ip6_without_brackets():
    async with SimulatedCamera(host="::1") as simulated:
        login = Login("admin", simulated.password, host="::1")
        async with RTSPClient("[::1]", simulated.rtsp_port, login, on_frame=lambda *_: None) as client:
            description = await client.open(f"rtsp://[::1]:{simulated.rtsp_port}/ISAPI/Streaming/channels/101")
    assert description.origin.endswith(" IN IP6 ::1")
