"""RTSPS: the same proof as HTTPS, before the first byte of RTSP; and whole sessions over odd certificates."""

import asyncio
import contextlib
import datetime
import socket

import pytest

from onframe import TLS, Camera, SimulatedCamera
from onframe.camera.login import Login
from onframe.camera.rtsp import RTSPClient
from onframe.errors import CertificateError, ConnectionLost, RemoteProtocolError, UnsupportedError
from onframe.simulator.certificates import make_certificate, server_context

LONG_AGO = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
BEFORE = datetime.datetime(2001, 2, 3, tzinfo=datetime.UTC)
SOON = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=400)
MADE = {
    "expired": {"not_before": LONG_AGO, "not_after": BEFORE},
    "not yet valid": {"not_before": SOON},
    "of 1024 bits": {"key_bits": 1024},
}


class Ear:
    """A port that keeps what it hears and answers OPTIONS once, then ends as ``ending`` says."""

    def __init__(self, context, ending="nothing"):
        self.context, self.ending = context, ending
        self.heard, self.writers = b"", set()

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.context)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()
        for writer in self.writers:
            writer.transport.abort()
        for _ in range(10):
            await asyncio.sleep(0)

    async def _serve(self, reader, writer):
        self.writers.add(writer)
        if self.ending == "plain":
            await reader.read(1000)
            writer.write(b"RTSP/1.0 400 Bad Request\r\n\r\n")
            return
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            self.heard += await reader.readuntil(b"\r\n\r\n")
            writer.write(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS, DESCRIBE\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")
            if self.ending == "no close_notify":
                writer.transport.get_extra_info("socket").shutdown(socket.SHUT_WR)
                await reader.read()


async def opened(port, tls, host="127.0.0.1"):
    login = Login("admin", "abcd1234", host=host)
    client = RTSPClient(host, port, login, on_frame=lambda *_: None, tls=tls, timeout=20.0)
    try:
        await client.open(f"rtsps://{host}:{port}/ISAPI/Streaming/channels/101")
    finally:
        client.close()


@pytest.mark.fault("F36")
@pytest.mark.parametrize(
    ("certificate", "server", "tls", "cause"),
    [
        (MADE["expired"], {}, {}, "expired"),
        (MADE["not yet valid"], {}, {}, "not_yet_valid"),
        (MADE["of 1024 bits"], {}, {}, "weak_key"),
        ({}, {}, {}, "self_signed"),
        ({}, {}, {"mode": "pin", "pin": "00" * 32}, "pin_changed"),
        ({}, {}, {"mode": "pin"}, "no_pin"),
        ({}, {"legacy": True}, {"mode": "insecure"}, "old_protocol"),
    ],
    ids=["expired", "not yet valid", "1024 bits", "self-signed", "changed pin", "no pin", "TLS 1.0 and 1.1"],
)
async def test_a_device_that_does_not_prove_who_it_is_hears_nothing(certificate, server, tls, cause):
    context = server_context(make_certificate("127.0.0.1", **certificate), **server)
    async with Ear(context) as ear:
        with pytest.raises(CertificateError) as caught:
            await opened(ear.port, TLS(**tls))
        await asyncio.sleep(0.05)
    assert caught.value.cause == cause
    assert caught.value.hint
    assert ear.heard == b""


@pytest.mark.fault("F36")
async def test_a_certificate_of_the_wrong_host_is_named(tmp_path):
    made = make_certificate("camera.example")
    (tmp_path / "device.pem").write_bytes(made.certificate_pem)
    async with Ear(server_context(made)) as ear:
        with pytest.raises(CertificateError, match="its name is camera.example, not 127.0.0.1") as caught:
            await opened(ear.port, TLS(ca_file=tmp_path / "device.pem"))
    assert (caught.value.cause, ear.heard) == ("wrong_name", b"")


@pytest.mark.fault("F36")
async def test_a_close_without_close_notify_is_a_connection_that_was_closed():
    made = make_certificate("127.0.0.1")
    async with Ear(server_context(made), "no close_notify") as ear:
        with pytest.raises(ConnectionLost, match="the device closed the connection"):
            await opened(ear.port, TLS("pin", pin=made.sha256))
    assert ear.heard.startswith(b"OPTIONS rtsps://127.0.0.1:")


async def test_a_port_of_plain_rtsp_is_named():
    async with Ear(None, "plain") as ear:
        with pytest.raises(RemoteProtocolError, match="does not speak TLS") as caught:
            await opened(ear.port, TLS("insecure"))
    assert "rtsp://" in caught.value.hint


@pytest.mark.fault("F36")
@pytest.mark.parametrize("kind", ["expired", "not yet valid", "of another host", "of 1024 bits", "TLS 1.1"])
async def test_a_whole_session_runs_over_a_pinned_certificate_of_any_kind(kind):
    names = ("another.example",) if kind == "of another host" else ("127.0.0.1",)
    made = make_certificate(*names, **MADE.get(kind, {}))
    legacy = kind in ("of 1024 bits", "TLS 1.1")
    context = server_context(made, legacy=kind == "TLS 1.1")
    tls = TLS("pin", pin=made.sha256, legacy=legacy)
    async with SimulatedCamera(tls=context) as simulated, asyncio.timeout(60):
        async with Camera.from_url(simulated.tls_url, tls=tls) as camera:
            record = await anext(camera.watch())
            counters = camera.counters
    assert record.metadata is not None
    assert counters["attempts"] == 1


@pytest.mark.fault("F71")
async def test_a_connection_that_is_cancelled_in_the_handshake_leaves_nothing_behind():
    heard, ended = asyncio.Event(), asyncio.Event()

    async def serve(reader, writer):
        await reader.readexactly(1)
        heard.set()
        with contextlib.suppress(OSError):
            await reader.read()  # to the end of the connection
        ended.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with asyncio.timeout(30):
        task = asyncio.create_task(opened(server.sockets[0].getsockname()[1], TLS("insecure")))
        await heard.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await ended.wait()
    server.close()


async def test_rtp_over_udp_would_leave_the_protection_and_is_refused():
    login = Login("admin", "abcd1234", host="127.0.0.1")
    with pytest.raises(UnsupportedError) as caught:
        RTSPClient("127.0.0.1", 9, login, on_frame=lambda *_: None, tls=TLS(), transport="udp")
    assert caught.value.hint
