"""The certificates that the simulated camera makes."""

import asyncio
import hashlib
import ssl

import httpx2
import pytest
from cryptography import x509

from onframe.asgi import Site
from onframe.simulator.certificates import load_certificate, make_certificate, server_context


def test_a_certificate_carries_its_names_and_fits_its_fingerprint():
    made = make_certificate("camera.example", "192.0.2.7", "fe80::1%eth0")
    read = x509.load_pem_x509_certificate(made.certificate_pem)
    names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["camera.example"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.7", "fe80::1"]
    assert hashlib.sha256(ssl.PEM_cert_to_DER_cert(made.certificate_pem.decode())).hexdigest() == made.sha256


def test_a_certificate_from_files_is_the_same(tmp_path):
    made = make_certificate()
    (tmp_path / "certificate.pem").write_bytes(made.certificate_pem)
    (tmp_path / "key.pem").write_bytes(made.key_pem)
    assert load_certificate(tmp_path / "certificate.pem", tmp_path / "key.pem") == made
    (tmp_path / "certificate.pem").write_text("no certificate")
    with pytest.raises(ValueError):
        load_certificate(tmp_path / "certificate.pem", tmp_path / "key.pem")


def test_the_key_leaves_nothing_on_the_disk(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    server_context(make_certificate())
    assert list(tmp_path.rglob("*")) == []


async def test_an_application_is_served_over_tls():
    made = make_certificate("127.0.0.1")

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["scheme"].encode()})

    trust = ssl.create_default_context(cadata=made.certificate_pem.decode())
    async with Site(app, "127.0.0.1", 0, ssl_context=server_context(made)) as site, asyncio.timeout(30):
        async with httpx2.AsyncClient(verify=trust, trust_env=False) as client:
            assert (await client.get(f"https://127.0.0.1:{site.port}/")).text == "https"
        async with httpx2.AsyncClient(trust_env=False) as client:
            with pytest.raises(httpx2.HTTPError):
                await client.get(f"http://127.0.0.1:{site.port}/")
