"""What a certificate says, read without believing it: enough to name it to a person (RFC 5280 section 4.1).

The standard library reads only certificates that it has verified; devices have expired, nameless and v1 ones.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_INTEGER, _OID, _SEQUENCE, _SET = 0x02, 0x06, 0x30, 0x31
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_VERSION, _EXTENSIONS = 0xA0, 0xA3
_DNS_NAME, _IP_ADDRESS = 0x82, 0x87
_RSA: Final = bytes.fromhex("2a864886f70d010101")
_ALTERNATIVE_NAMES: Final = bytes.fromhex("551d11")
_COMMON_NAME: Final = bytes.fromhex("550403")
_ATTRIBUTES: Final = {
    bytes.fromhex("550403"): "CN",
    bytes.fromhex("550406"): "C",
    bytes.fromhex("550407"): "L",
    bytes.fromhex("550408"): "ST",
    bytes.fromhex("55040a"): "O",
    bytes.fromhex("55040b"): "OU",
}
_MAX_NAMES = 32
_MAX_TEXT = 100


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate as a device showed it; nothing of it is verified but ``sha256``, which is of the whole.

    Dates are UTC. ``names`` are those of the extension, else the common name. ``key_bits`` is known for RSA alone;
    ``protocol`` is the version of TLS that was spoken. A part that cannot be read is None or empty.
    """

    sha256: str
    subject: str = ""
    issuer: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None
    names: tuple[str, ...] = ()
    key_bits: int | None = None
    protocol: str = ""

    @property
    def self_signed(self) -> bool:
        """True where the issuer is the subject."""
        return self.subject == self.issuer

    @classmethod
    def from_der(cls, der: bytes) -> Certificate:
        """Never raises: of bytes that are no certificate only ``sha256`` is known."""
        sha256 = hashlib.sha256(der).hexdigest()
        try:
            return _read(der, sha256)
        except (_Malformed, ValueError, OverflowError, IndexError):
            return cls(sha256)


def fingerprint(text: str) -> str:
    """A SHA-256 as 64 lower-case digits; colons and blanks between them are left out. Raises ValueError."""
    digits = "".join(text.replace(":", "").split()).lower()
    if len(digits) != 64 or not set(digits) <= set("0123456789abcdef"):
        raise ValueError("a pin is the SHA-256 of a certificate: 64 hexadecimal digits, colons allowed")
    return digits


def shown(sha256: str) -> str:
    """A fingerprint as people compare it: AA:BB:…"""
    return ":".join(sha256[at : at + 2] for at in range(0, len(sha256), 2)).upper()


# --- DER: tag, length, value; one level at a time, so that nothing nests deeper than is asked for


class _Malformed(Exception):
    """These bytes are not what was expected."""


def _element(data: bytes) -> tuple[int, bytes, bytes]:
    """The tag and the value of the first element, and what follows it."""
    if len(data) < 2:
        raise _Malformed
    length, start = data[1], 2
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4 or len(data) < 2 + count:
            raise _Malformed
        length, start = int.from_bytes(data[2 : 2 + count]), 2 + count
    if len(data) < start + length:
        raise _Malformed
    return data[0], data[start : start + length], data[start + length :]


def _value(data: bytes, tag: int) -> tuple[bytes, bytes]:
    found, value, rest = _element(data)
    if found != tag:
        raise _Malformed
    return value, rest


def _elements(data: bytes) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    while data and len(found) < _MAX_NAMES * 8:
        tag, value, data = _element(data)
        found.append((tag, value))
    return found


# --- the certificate


def _read(der: bytes, sha256: str) -> Certificate:
    body, _ = _value(_value(der, _SEQUENCE)[0], _SEQUENCE)
    if body[:1] == bytes([_VERSION]):
        _, body = _value(body, _VERSION)
    _, body = _value(body, _INTEGER)  # the serial number
    _, body = _value(body, _SEQUENCE)  # the signature's algorithm
    issuer, body = _value(body, _SEQUENCE)
    validity, body = _value(body, _SEQUENCE)
    subject, body = _value(body, _SEQUENCE)
    key, body = _value(body, _SEQUENCE)
    dates = [_date(tag, value) for tag, value in _elements(validity)[:2]]
    return Certificate(
        sha256,
        _name(subject),
        _name(issuer),
        dates[0] if dates else None,
        dates[1] if len(dates) > 1 else None,
        _alternative_names(body) or _common_names(subject),
        _rsa_bits(key),
    )


def _date(tag: int, value: bytes) -> datetime | None:
    text = value.decode("ascii", "replace")
    if tag == _UTC_TIME:  # two digits of the year: 50 and later are of the last century
        text = ("19" if text[:2] >= "50" else "20") + text
    elif tag != _GENERALIZED_TIME:
        return None
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _attributes(name: bytes) -> list[tuple[bytes, str]]:
    found = []
    for tag, group in _elements(name):
        for inner, pair in _elements(group) if tag == _SET else ():
            if inner == _SEQUENCE:
                oid, rest = _value(pair, _OID)
                found.append((oid, _text(*_element(rest)[:2])))
    return found


def _name(name: bytes) -> str:
    return ", ".join(f"{_ATTRIBUTES.get(oid, 'other')}={text}" for oid, text in _attributes(name)[:_MAX_NAMES])


def _common_names(name: bytes) -> tuple[str, ...]:
    return tuple(text for oid, text in _attributes(name) if oid == _COMMON_NAME)[:_MAX_NAMES]


def _text(tag: int, value: bytes) -> str:
    encoding = {0x1E: "utf-16-be", 0x14: "latin-1"}.get(tag, "utf-8")  # BMPString, TeletexString
    text = value.decode(encoding, "replace")[:_MAX_TEXT]
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _alternative_names(body: bytes) -> tuple[str, ...]:
    for tag, value in _elements(body):
        if tag != _EXTENSIONS:
            continue
        for _, extension in _elements(_value(value, _SEQUENCE)[0]):
            oid, rest = _value(extension, _OID)
            if oid == _ALTERNATIVE_NAMES:
                _, octets = _elements(rest)[-1]
                return _general_names(_value(octets, _SEQUENCE)[0])
    return ()


def _general_names(data: bytes) -> tuple[str, ...]:
    names = []
    for tag, value in _elements(data):
        if tag == _DNS_NAME:
            names.append(_text(tag, value))
        elif tag == _IP_ADDRESS and len(value) in (4, 16):
            names.append(str(ipaddress.ip_address(value)))
    return tuple(names[:_MAX_NAMES])


def _rsa_bits(key: bytes) -> int | None:
    algorithm, rest = _value(key, _SEQUENCE)
    if _value(algorithm, _OID)[0] != _RSA:
        return None
    _, bits, _ = _element(rest)
    modulus, _ = _value(_value(bits[1:], _SEQUENCE)[0], _INTEGER)
    return int.from_bytes(modulus).bit_length()
