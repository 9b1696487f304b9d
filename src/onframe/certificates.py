"""Certificates of our own making: good ones, and for the simulated camera the odd ones that devices have."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import ssl
import tempfile
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAYS = 3650


@dataclass(frozen=True)
class Certificate:
    """A certificate with its key, both PEM. ``sha256`` is the fingerprint to pin."""

    certificate_pem: bytes
    key_pem: bytes
    sha256: str

    def __repr__(self) -> str:
        return f"Certificate(sha256={self.sha256!r})"


def make_certificate(
    *names: str,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    key_bits: int = 2048,
    issuer: Certificate | None = None,
    authority: bool = False,
    for_browsers: bool = False,
) -> Certificate:
    """A certificate for these host names and addresses ("localhost" and the loopback addresses without any).

    Valid from yesterday for ten years unless told otherwise; self-signed unless an ``issuer`` (made with
    ``authority``) signs it. ``for_browsers`` names its purpose, without which some refuse it.
    """
    names = names or ("localhost", "127.0.0.1", "::1")
    key = rsa.generate_private_key(public_exponent=65537, key_size=key_bits)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    signer, issuer_name = _signer(issuer) if issuer is not None else (key, subject)
    begin = not_before or datetime.now(UTC) - timedelta(days=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(not_after or begin + timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if for_browsers:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    built = builder.sign(signer, hashes.SHA256())
    return _certificate(built.public_bytes(serialization.Encoding.PEM), key)


def server_context(certificate: Certificate, *, legacy: bool = False) -> ssl.SSLContext:
    """The context of a TLS server with this certificate; ``legacy`` serves TLS 1.0 and 1.1 alone, as old devices do.

    The key touches the disk in a directory that is this user's alone, for as long as it takes to read it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if legacy or _bits(certificate) < 2048:
        context.set_ciphers("ALL:@SECLEVEL=0")
    if legacy:
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        with warnings.catch_warnings():  # it is deprecated, which is the point
            warnings.simplefilter("ignore", DeprecationWarning)
            context.maximum_version = ssl.TLSVersion.TLSv1_1
    with tempfile.TemporaryDirectory(prefix="onframe-") as directory:  # made with mode 0700
        path = Path(directory, "server.pem")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(certificate.key_pem + certificate.certificate_pem)
        context.load_cert_chain(path)
    return context


def load_certificate(certificate: Path, key: Path) -> Certificate:
    """A certificate from two PEM files. Raises OSError and ValueError."""
    pem = certificate.read_bytes()
    der = x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)
    return Certificate(pem, key.read_bytes(), hashlib.sha256(der).hexdigest())


def _certificate(pem: bytes, key: rsa.RSAPrivateKey) -> Certificate:
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    der = x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)
    return Certificate(pem, key_pem, hashlib.sha256(der).hexdigest())


def _signer(issuer: Certificate) -> tuple[rsa.RSAPrivateKey, x509.Name]:
    key = serialization.load_pem_private_key(issuer.key_pem, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key, x509.load_pem_x509_certificate(issuer.certificate_pem).subject


def _bits(certificate: Certificate) -> int:
    key = x509.load_pem_x509_certificate(certificate.certificate_pem).public_key()
    return key.key_size if isinstance(key, rsa.RSAPublicKey) else 2048


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name.partition("%")[0]))
    except ValueError:
        return x509.DNSName(name)
