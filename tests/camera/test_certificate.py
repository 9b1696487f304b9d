"""Certificates read without being believed."""

import datetime
import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from onframe.camera.certificate import Certificate, fingerprint, shown

BEGIN = datetime.datetime(1999, 12, 31, 23, 59, 58, tzinfo=datetime.UTC)
END = datetime.datetime(2061, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)  # beyond 2049: GeneralizedTime


def made(*names, subject=(), version_3=True):
    key = ec.generate_private_key(ec.SECP256R1())
    attributes = [x509.NameAttribute(oid, value) for oid, value in subject]
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(attributes))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Issuer")]))
        .public_key(key.public_key())
        .serial_number(2**150 + 1)
        .not_valid_before(BEGIN)
        .not_valid_after(END)
    )
    if names:
        builder = builder.add_extension(x509.BasicConstraints(True, 3), critical=True)
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


PLAIN = made(
    x509.DNSName("camera.example"),
    x509.RFC822Name("admin@camera.example"),
    x509.DNSName("*.camera.example"),
    subject=[
        (NameOID.COUNTRY_NAME, "NL"),
        (NameOID.ORGANIZATION_NAME, "K\u00e4mera, \u5bc6"),
        (NameOID.COMMON_NAME, "camera.example"),
        (NameOID.SERIAL_NUMBER, "7"),
    ],
)


def test_subject_issuer_dates_and_names_are_read():
    assert Certificate.from_der(PLAIN) == Certificate(
        hashlib.sha256(PLAIN).hexdigest(),
        "C=NL, O=K\u00e4mera, \u5bc6, CN=camera.example, other=7",
        "CN=Issuer",
        BEGIN,
        END,
        ("camera.example", "*.camera.example"),
        None,
    )


def test_without_alternative_names_the_common_name_is_the_name():
    seen = Certificate.from_der(made(subject=[(NameOID.COMMON_NAME, "camera")]))
    assert seen.names == ("camera",)
    assert not seen.self_signed


def test_what_a_stranger_puts_into_a_name_is_shown_as_such_and_cut():
    seen = Certificate.from_der(made(subject=[(NameOID.ORGANIZATION_NAME, "a\x1b[31m\u202eb\n" + "c" * 5000)]))
    assert seen.subject.startswith("O=a\ufffd[31m\ufffdb\ufffdccc")
    assert len(seen.subject) == 2 + 100


@pytest.mark.fault("F36")
@given(st.binary(max_size=200))
def test_no_bytes_whatever_raise(data):
    assert Certificate.from_der(data).sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.fault("F36")
@given(st.data())
def test_no_damage_to_a_certificate_raises(data):
    damaged = bytearray(PLAIN)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    seen = Certificate.from_der(cut)
    assert len(seen.names) <= 32 and all(len(name) <= 100 for name in seen.names)


@pytest.mark.parametrize("text", ["AB:" * 31 + "ab", "ab" * 32, " " + "Ab" * 32 + "\n"])
def test_a_fingerprint_is_read_as_people_write_it_and_shown_as_they_compare_it(text):
    assert fingerprint(text) == "ab" * 32
    assert shown("ab" * 32) == ":".join(["AB"] * 32)


@pytest.mark.parametrize("text", ["", "ab" * 31, "ab" * 33, "xy" * 32, "\u0661" * 64])
def test_what_is_no_sha256_is_refused(text):
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        fingerprint(text)
