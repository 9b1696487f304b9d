"""TLS towards devices, over real sockets: what is accepted, and by which name the rest is refused."""

import asyncio
import contextlib
import datetime
import logging
import ssl
import subprocess

import httpx2
import pytest

from onframe import TLS, Camera
from onframe.camera import tls as camera_tls
from onframe.camera.certificate import Certificate, shown
from onframe.camera.pins import Pins
from onframe.camera.tls import explain, fetch_certificate, handshake_failure, server_name
from onframe.errors import CertificateError, ConnectionLost, RemoteProtocolError
from onframe.simulator.certificates import load_certificate, make_certificate, server_context

LONG_AGO = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
BEFORE = datetime.datetime(2001, 2, 3, tzinfo=datetime.UTC)
SOON = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=400)


class Peer:
    """Answers the first bytes that come, and keeps them: what is not here was not sent."""

    def __init__(self):
        self.received = b""
        self.port = 0
        self.writers = set()

    async def serve(self, reader, writer):
        self.writers.add(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            data = await reader.read(4096)
            self.received += data
            if data:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                await writer.drain()
                await reader.read(4096)
        writer.close()

    async def hang_up(self, reader, writer):
        self.writers.add(writer)
        await reader.read(100)
        writer.close()

    async def say_nothing(self, reader, writer):
        self.writers.add(writer)
        with contextlib.suppress(OSError):
            await reader.read()


@contextlib.asynccontextmanager
async def listening(context, behaviour="serve"):
    peer = Peer()
    server = await asyncio.start_server(getattr(peer, behaviour), "127.0.0.1", 0, ssl=context)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        for writer in peer.writers:
            writer.transport.abort()
        for _ in range(10):  # for what was aborted to be over
            await asyncio.sleep(0)


async def over_asyncio(tls, peer, host="127.0.0.1"):
    """The first line that comes back, or the OSError of the handshake."""
    try:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", peer.port, ssl=tls.context(host, peer.port), server_hostname=server_name(host)
        )
    except OSError as error:
        return error
    writer.write(b"hello\r\n\r\n")
    line = await reader.readline()
    writer.transport.abort()
    return line


async def over_httpx2(tls, peer, host="127.0.0.1"):
    async with httpx2.AsyncClient(verify=tls.context(host, peer.port), trust_env=False) as client:
        try:
            return (await client.get(f"https://127.0.0.1:{peer.port}/", extensions={"sni_hostname": host})).content
        except httpx2.HTTPError as error:
            return handshake_failure(error)


async def refusal(tls, peer, host="127.0.0.1"):
    """The error that both kinds of connection end in; nothing was sent by either."""
    errors = []
    for connect in (over_asyncio, over_httpx2):
        failure = await connect(tls, peer, host)
        assert isinstance(failure, OSError), failure
        errors.append(await explain(failure, host if host.startswith("127") else "127.0.0.1", peer.port, tls))
    await asyncio.sleep(0.05)  # whatever was sent is here by now
    assert peer.received == b""
    assert str(errors[0]) == str(errors[1])
    return errors[0]


@pytest.fixture(scope="module")
def certificate():
    return make_certificate()


@pytest.fixture(scope="module")
def v1_certificate(tmp_path_factory):
    """A certificate of version 1: no extensions at all. OpenSSL's command line makes one from a request."""
    place = tmp_path_factory.mktemp("v1")
    for command in (
        "req -new -newkey rsa:2048 -nodes -keyout key.pem -out request.pem -subj /CN=device",
        "x509 -req -in request.pem -signkey key.pem -out certificate.pem -days 30",
    ):
        subprocess.run(["openssl", *command.split()], cwd=place, check=True, capture_output=True, timeout=60)
    return load_certificate(place / "certificate.pem", place / "key.pem")


@pytest.mark.parametrize("connect", [over_asyncio, over_httpx2])
async def test_a_certificate_of_a_trusted_authority_is_verified(connect, tmp_path):
    authority = make_certificate("authority", authority=True)
    (tmp_path / "ca.pem").write_bytes(authority.certificate_pem)
    tls = TLS(ca_file=tmp_path / "ca.pem")
    async with listening(server_context(make_certificate("127.0.0.1", issuer=authority))) as peer:
        assert isinstance(await connect(tls, peer), bytes)
    assert peer.received


@pytest.mark.parametrize("connect", [over_asyncio, over_httpx2])
async def test_the_devices_own_certificate_may_be_the_authority(connect, tmp_path, certificate):
    (tmp_path / "device.pem").write_bytes(certificate.certificate_pem)
    async with listening(server_context(certificate)) as peer:
        assert isinstance(await connect(TLS(ca_file=tmp_path / "device.pem"), peer), bytes)
    assert peer.received


@pytest.mark.fault("F36")
@pytest.mark.parametrize("connect", [over_asyncio, over_httpx2])
@pytest.mark.parametrize("kind", ["valid", "expired", "not yet valid", "of another host", "v1"])
async def test_a_pinned_certificate_is_accepted_whatever_its_dates_names_and_version(
    connect, kind, certificate, v1_certificate
):
    made = {
        "valid": lambda: certificate,
        "expired": lambda: make_certificate("127.0.0.1", not_before=LONG_AGO, not_after=BEFORE),
        "not yet valid": lambda: make_certificate("127.0.0.1", not_before=SOON),
        "of another host": lambda: make_certificate("another.example"),
        "v1": lambda: v1_certificate,
    }[kind]()
    async with listening(server_context(made)) as peer:
        answer = await connect(TLS("pin", pin=shown(made.sha256)), peer)
    assert isinstance(answer, bytes)
    assert peer.received


@pytest.mark.fault("F36")
async def test_a_changed_pin_ends_the_handshake_before_the_first_byte(certificate):
    pinned = make_certificate("127.0.0.1")
    async with listening(server_context(certificate)) as peer:
        error = await refusal(TLS("pin", pin=pinned.sha256), peer)
    assert isinstance(error, CertificateError)
    assert (error.cause, error.sha256) == ("pin_changed", certificate.sha256)
    assert shown(certificate.sha256) in str(error) and shown(pinned.sha256) in str(error)
    assert "give that as the pin" in error.hint
    async with listening(server_context(certificate)) as peer:
        Pins().save("127.0.0.1", None, pinned.sha256)
        error = await refusal(TLS("pin"), peer)
    assert error.cause == "pin_changed" and shown(pinned.sha256) in str(error)
    assert "onframe doctor --pin 127.0.0.1 --replace" in error.hint


@pytest.mark.fault("F36")
async def test_an_expired_certificate_is_refused_and_its_last_day_named():
    async with listening(server_context(make_certificate("127.0.0.1", not_before=LONG_AGO, not_after=BEFORE))) as peer:
        error = await refusal(TLS(), peer)
    assert error.cause == "expired"
    assert "expired since 2001-02-03 00:00 UTC" in str(error)
    assert "--pin" in error.hint


@pytest.mark.fault("F36")
async def test_a_certificate_of_the_future_is_refused_and_its_first_day_named():
    async with listening(server_context(make_certificate("127.0.0.1", not_before=SOON))) as peer:
        error = await refusal(TLS(), peer)
    assert error.cause == "not_yet_valid"
    assert f"not valid before {SOON:%Y-%m-%d %H:%M} UTC" in str(error)


@pytest.mark.fault("F36")
async def test_a_certificate_of_the_wrong_host_is_refused_and_both_names_said(tmp_path):
    authority = make_certificate("authority", authority=True)
    (tmp_path / "ca.pem").write_bytes(authority.certificate_pem)
    made = make_certificate("camera.example", "192.0.2.7", issuer=authority)
    async with listening(server_context(made)) as peer:
        error = await refusal(TLS(ca_file=tmp_path / "ca.pem"), peer)
    assert error.cause == "wrong_name"
    assert "its name is camera.example, 192.0.2.7, not 127.0.0.1" in str(error)


@pytest.mark.fault("F36")
async def test_self_signed_and_unknown_issuers_are_refused_by_these_names(certificate):
    async with listening(server_context(certificate)) as peer:
        error = await refusal(TLS(), peer)
    assert (error.cause, error.sha256) == ("self_signed", certificate.sha256)
    assert shown(certificate.sha256) in str(error)
    stranger = make_certificate("Stranger", authority=True)
    async with listening(server_context(make_certificate("127.0.0.1", issuer=stranger))) as peer:
        error = await refusal(TLS(), peer)
    assert error.cause == "unknown_issuer"
    assert "CN=Stranger" in str(error)
    assert "ca_file" in error.hint


@pytest.mark.fault("F36")
@pytest.mark.parametrize("mode", ["verify", "pin"])
async def test_a_key_of_1024_bits_is_refused_unless_legacy_is_asked_for(mode):
    weak = make_certificate("127.0.0.1", key_bits=1024)
    pin = weak.sha256 if mode == "pin" else None
    async with listening(server_context(weak)) as peer:
        error = await refusal(TLS(mode, pin=pin), peer)
        assert error.cause == "weak_key"
        assert "1024 bits" in str(error)
        assert "legacy" in error.hint
        if mode == "pin":
            assert isinstance(await over_asyncio(TLS("pin", pin=pin, legacy=True), peer), bytes)


@pytest.mark.fault("F36")
async def test_a_device_that_speaks_tls_1_0_and_1_1_alone_is_named_and_reached_with_legacy(certificate):
    async with listening(server_context(certificate, legacy=True)) as peer:
        error = await refusal(TLS("pin", pin=certificate.sha256), peer)
        assert error.cause == "old_protocol"
        assert "TLSv1.1" in str(error) and "legacy" in error.hint
        for connect in (over_asyncio, over_httpx2):
            assert isinstance(await connect(TLS("pin", pin=certificate.sha256, legacy=True), peer), bytes)


@pytest.mark.parametrize("connect", [over_asyncio, over_httpx2])
async def test_insecure_accepts_everything_and_says_so_once(connect, caplog, monkeypatch):
    monkeypatch.setattr(camera_tls, "_told", set())
    async with listening(server_context(make_certificate("another.example"))) as peer:
        with caplog.at_level(logging.WARNING, "onframe"):
            for _ in range(2):
                assert isinstance(await connect(TLS("insecure"), peer), bytes)
    assert sum("the certificate is not checked" in record.message for record in caplog.records) == 1


async def test_a_port_that_speaks_no_tls_is_named():
    async with listening(None) as peer:
        failure = await over_asyncio(TLS(), peer)
        error = await explain(failure, "127.0.0.1", peer.port, TLS())
    assert isinstance(error, RemoteProtocolError)
    assert "does not speak TLS" in str(error)


async def test_a_device_that_hangs_up_in_the_handshake_is_a_lost_connection():
    async with listening(None, "hang_up") as peer:
        with pytest.raises(ConnectionLost, match="no TLS connection"):
            await fetch_certificate("127.0.0.1", peer.port)


async def test_a_device_that_never_shakes_hands_costs_the_time_out():
    async with listening(None, "say_nothing") as peer:
        with pytest.raises(ConnectionLost, match="no certificate within 0.2 s"):
            await fetch_certificate("127.0.0.1", peer.port, timeout=0.2)


async def test_a_certificate_can_be_looked_at_without_being_believed():
    made = make_certificate("camera.example", "192.0.2.7", "2001:db8::7", not_before=LONG_AGO, not_after=BEFORE)
    async with listening(server_context(made)) as peer:
        seen = await fetch_certificate("127.0.0.1", peer.port)
    assert seen == Certificate(
        made.sha256,
        "CN=camera.example",
        "CN=camera.example",
        LONG_AGO,
        BEFORE,
        ("camera.example", "192.0.2.7", "2001:db8::7"),
        2048,
        "TLSv1.3",
    )
    assert seen.self_signed
    assert peer.received == b""


async def test_without_a_kept_pin_the_way_to_one_is_said_and_with_it_the_device_is_reached(certificate):
    with pytest.raises(CertificateError, match="no pin is known for 127.0.0.1") as caught:
        TLS("pin").context("127.0.0.1", 443)
    assert caught.value.cause == "no_pin"
    assert "onframe doctor --pin 127.0.0.1" in caught.value.hint
    async with listening(server_context(certificate)) as peer:
        Pins().save("127.0.0.1", peer.port, certificate.sha256)
        assert isinstance(await over_asyncio(TLS("pin"), peer), bytes)


@pytest.mark.parametrize(
    ("ports", "options"),
    [
        ((443, 322), ""),
        ((8443, 322), " --http-port 8443"),
        ((443, 8322), " --rtsp-port 8322"),
        ((8443, 8322), " --http-port 8443 --rtsp-port 8322"),
    ],
)
async def test_the_way_to_a_pin_names_the_ports_that_are_not_the_usual_ones(certificate, ports, options):
    tls = TLS("pin").at_ports(*ports)
    assert tls == TLS("pin") and "8443" not in repr(tls)
    with pytest.raises(CertificateError) as caught:
        tls.context("camera.example", ports[0])
    assert f"'onframe doctor --pin camera.example{options}'" in caught.value.hint
    async with listening(server_context(certificate)) as peer:
        error = await refusal(TLS().at_ports(*ports), peer)
    assert f"onframe doctor --pin 127.0.0.1{options}" in error.hint
    assert (
        Camera("camera.example", username="admin", password="x", tls=TLS(), rtsp_port=8322).tls.pin_command(
            "camera.example"
        )
        == "onframe doctor --pin camera.example --rtsp-port 8322"
    )


@pytest.mark.parametrize(
    "options",
    [{"mode": "trust"}, {"mode": "pin", "pin": "abc"}, {"pin": "0" * 64}, {"mode": "insecure", "ca_file": "x"}],
)
def test_options_that_contradict_each_other_are_refused(options):
    with pytest.raises(ValueError):
        TLS(**options)


def test_a_file_of_authorities_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "empty.pem").write_text("no certificate")
    for name in ("empty.pem", "missing.pem"):
        with pytest.raises(ValueError, match=name):
            TLS(ca_file=tmp_path / name)


def test_verifying_contexts_are_shared_within_a_protocol_and_pinning_ones_by_nobody():
    verify, pin = TLS(), TLS("pin", pin="ab" * 32)
    assert verify.context("one") is TLS().context("another", 322)
    assert verify.context("one") is not verify.context("one", protocol="http")
    assert verify.context("one") is not TLS(legacy=True).context("one")
    assert pin.context("one") is not pin.context("one")


def test_ssl_3_stays_off_under_legacy():
    assert TLS("insecure", legacy=True).context("camera").options & ssl.OP_NO_SSLv3


@pytest.mark.parametrize(("host", "name"), [("[fe80::1%eth0]", "fe80::1"), ("camera", "camera"), ("::1", "::1")])
def test_the_name_that_is_asked_for_has_no_brackets_and_no_zone(host, name):
    assert server_name(host) == name
