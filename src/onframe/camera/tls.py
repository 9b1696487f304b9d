"""TLS towards devices: verified, pinned or, when told so, neither; and what went wrong, by name (RFC 8446, RFC 9525).

A pin is compared at the end of the handshake, before anything of ours is written: by the SSLObject itself, so that
asyncio and httpx2 need no help.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import logging
import ssl
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from onframe.camera.certificate import Certificate, fingerprint, shown
from onframe.camera.location import HTTPS_PORT, RTSPS_PORT
from onframe.camera.pins import Pins
from onframe.errors import CertificateError, ConnectionLost, OnframeError, RemoteProtocolError

log = logging.getLogger("onframe.camera")

TLSMode: TypeAlias = Literal["verify", "pin", "insecure"]
MIN_KEY_BITS: Final = 2048
"""Shortest RSA key that is trusted without ``legacy``, in bits."""
PROBE_TIMEOUT: Final = 5.0
"""Seconds that looking at a certificate may take."""

_MODES = ("verify", "pin", "insecure")
_told: set[tuple[str, str]] = set()


class _PinError(ssl.SSLError):
    """The certificate is not the pinned one, or its key is too short. An OSError: event loops close quietly for it."""

    certificate: Certificate


@dataclass(frozen=True)
class TLS:
    """How a device must prove who it is.

    "verify" by the system's authorities and those in ``ca_file``; "pin" by ``pin``, the SHA-256 of its certificate
    (64 hexadecimal digits, colons allowed; None: the one kept by ``onframe doctor --pin``), whatever its dates and
    names; "insecure" not at all. ``legacy`` admits TLS 1.0 and 1.1 and keys of 1024 bits. Raises ValueError.
    """

    mode: TLSMode = "verify"
    pin: str | None = None
    ca_file: Path | None = None
    legacy: bool = False
    _ports: tuple[int, int] | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.mode not in _MODES:
            raise ValueError(f'mode is "verify", "pin" or "insecure", not {self.mode!r}')
        if self.pin is not None:
            if self.mode != "pin":
                raise ValueError('a pin goes with mode="pin"')
            object.__setattr__(self, "pin", fingerprint(self.pin))
        if self.ca_file is not None and self.mode != "verify":
            raise ValueError('a ca_file goes with mode="verify"')
        if self.ca_file is not None:
            try:
                _verifying(self.ca_file, self.legacy, "rtsp")
            except CertificateError as error:
                raise ValueError(str(error)) from None

    def at_ports(self, http_port: int, rtsp_port: int) -> TLS:
        """The same for a device at these ports, which `pin_command` then names."""
        known = replace(self)
        object.__setattr__(known, "_ports", (http_port, rtsp_port))
        return known

    def pin_command(self, host: str) -> str:
        """What to type to look at the certificates and keep their pins."""
        usual = (HTTPS_PORT, RTSPS_PORT)
        named = zip(("--http-port", "--rtsp-port"), self._ports or usual, usual, strict=True)
        given = [f" {option} {port}" for option, port, default in named if port != default]
        return f"onframe doctor --pin {host}{''.join(given)}"

    def context(
        self, host: str, port: int | None = None, *, protocol: Literal["http", "rtsp"] = "rtsp"
    ) -> ssl.SSLContext:
        """For connections to ``host``, for asyncio and httpx2 alike; ``port`` finds the pin that was kept for it.

        Verifying contexts are shared by all who speak the same ``protocol``: they are slow to make. Raises
        CertificateError where no pin is known, or where ``ca_file`` is there no more.
        """
        if self.legacy:
            _tell(host, "TLS 1.0 and 1.1 and keys of 1024 bits are admitted (legacy)")
        if self.mode == "verify":
            return _verifying(self.ca_file, self.legacy, protocol)
        context = _context(self.legacy)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if self.mode == "insecure":
            _tell(host, "the certificate is not checked (insecure): anybody in between can read and change everything")
            return context
        pin = self.pin or _kept_pin(host, port, self)
        context.sslobject_class = _pinned(ssl.SSLObject, pin, self.legacy)
        context.sslsocket_class = _pinned(ssl.SSLSocket, pin, self.legacy)
        return context


def _context(legacy: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.options |= getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)  # devices close without close_notify
    if legacy:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED  # SSL 3 stays off: OP_NO_SSLv3
    return context


@functools.lru_cache(maxsize=16)
def _verifying(ca_file: Path | None, legacy: bool, protocol: str) -> ssl.SSLContext:
    """One for each protocol, because httpx2 announces its own in it (ALPN)."""
    context = _context(legacy)
    context.load_default_certs()
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the file may hold the device's own certificate
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:
            reason = "it holds no certificate in PEM" if isinstance(error, ssl.SSLError) else error.strerror
            text = f"the file of authorities {ca_file} cannot be used: {reason}"
            raise CertificateError(text, cause="unknown_issuer", hint="give the file that ca_file names") from None
    return context


def server_name(host: str) -> str:
    """The name that a certificate must carry, and that is sent as SNI: ``host`` without brackets and zone."""
    return host.strip("[]").partition("%")[0]


def _tell(host: str, what: str) -> None:
    """Once per start and host."""
    if (host, what) not in _told:
        _told.add((host, what))
        log.warning("TLS to %s: %s", host, what)


def _kept_pin(host: str, port: int | None, tls: TLS) -> str:
    pins = Pins()
    if (pin := pins.load(host, port)) is not None:
        return pin
    raise CertificateError(
        f"no pin is known for {host}",
        cause="no_pin",
        hint=f"look at its certificate and keep it with '{tls.pin_command(host)}', or give TLS('pin', pin=…)",
    )


def _pinned(base: Any, pin: str, legacy: bool) -> Any:
    """``base`` with a handshake that ends with the comparison of the certificate."""

    class Pinned(base):  # type: ignore[misc]
        def do_handshake(self, *arguments: Any) -> None:
            super().do_handshake(*arguments)
            der = self.getpeercert(True) or b""
            seen = Certificate.from_der(der)
            if hashlib.sha256(der).hexdigest() != pin:
                raise _pin_error("another certificate than the pinned one", seen)
            if not legacy and seen.key_bits is not None and seen.key_bits < MIN_KEY_BITS:
                raise _pin_error("the pinned certificate's key is too short", seen)

    return Pinned


def _pin_error(text: str, certificate: Certificate) -> _PinError:
    error = _PinError(1, text)
    error.certificate = certificate
    return error


# --- looking at a certificate


async def fetch_certificate(
    host: str, port: int, *, timeout: float = PROBE_TIMEOUT, legacy: bool = True
) -> Certificate:
    """The certificate that the device shows now, believed in nothing; no byte of ours is sent after the handshake.

    ``legacy`` tries TLS 1.0 and 1.1 too, when the newer versions fail. Raises ConnectionLost, RemoteProtocolError.
    """
    try:
        async with asyncio.timeout(timeout):
            try:
                return await _look(host, port, legacy=False)
            except (ssl.SSLError, ConnectionResetError, EOFError):
                if not legacy:
                    raise
                return await _look(host, port, legacy=True)
    except TimeoutError as error:
        raise ConnectionLost(f"{host}:{port} showed no certificate within {timeout:g} s") from error
    except OSError as error:
        raise _handshake_error(error, host, port) from error


async def _look(host: str, port: int, *, legacy: bool) -> Certificate:
    context = _context(legacy)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    loop = asyncio.get_running_loop()
    transport, end = await loop.create_connection(
        _End, host.strip("[]"), port, ssl=context, server_hostname=server_name(host)
    )
    try:
        session = transport.get_extra_info("ssl_object")
        found = Certificate.from_der(session.getpeercert(True) or b"")
        return replace(found, protocol=session.version() or "")
    finally:
        transport.abort()
        await end.closed.wait()


class _End(asyncio.Protocol):
    """Tells when the socket is closed."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()


# --- what went wrong, by name

_TOO_OLD = (
    "UNSUPPORTED_PROTOCOL",
    "TLSV1_ALERT_PROTOCOL_VERSION",
    "WRONG_SSL_VERSION",
    "VERSION_TOO_LOW",
    "NO_PROTOCOLS_AVAILABLE",
    "UNKNOWN_PROTOCOL",
)
_TOO_WEAK = ("DH_KEY_TOO_SMALL", "EE_KEY_TOO_SMALL", "CA_KEY_TOO_SMALL", "CA_MD_TOO_WEAK", "BAD_KEY_SHARE")
_NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE")
_LEGACY_HINT = "update the firmware; in a network that you trust, admit it with TLS(…, legacy=True) or --legacy-tls"
_PIN_HINT = (
    "if it is your device, compare the fingerprint there and keep it with '{command}'; "
    "then connect with --tls pin or TLS('pin')"
)


def handshake_failure(error: BaseException) -> OSError | None:
    """The failure of a handshake among an error and its causes; None where there is none.

    Old devices reset the connection instead of saying what they miss.
    """
    seen: BaseException | None = error
    for _ in range(16):
        if seen is None or isinstance(seen, ssl.SSLError | ConnectionResetError):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None


async def explain(error: OSError, host: str, port: int, tls: TLS) -> OnframeError:
    """What to raise when the handshake failed: CertificateError with cause and remedy wherever these are known.

    ``error`` is what asyncio raised (or `handshake_failure` found). May look at the certificate, in another
    connection that says nothing.
    """
    if isinstance(error, _PinError):
        return _pin_failure(error, host, port, tls)
    reason = getattr(error, "reason", None) or ""
    if reason in _NOT_TLS:
        return _handshake_error(error, host, port)
    try:
        seen = await fetch_certificate(host, port)
    except OnframeError:
        seen = None
    if isinstance(error, ssl.SSLCertVerificationError):
        return _verification_failure(error, seen, host, port, tls)
    if reason in _TOO_OLD or (seen is not None and seen.protocol in ("TLSv1", "TLSv1.1")):
        return _protocol_failure(seen, host, port)
    if reason in _TOO_WEAK:
        return CertificateError(
            f"{host}:{port} uses a key that is too short", cause="weak_key", hint=_LEGACY_HINT, sha256=_sha256(seen)
        )
    return _handshake_error(error, host, port)


def _pin_failure(error: _PinError, host: str, port: int, tls: TLS) -> CertificateError:
    seen = error.certificate
    pin = tls.pin or Pins().load(host, port) or ""
    if seen.sha256 == pin:
        return _weak_key(seen, host, port)
    kept = f"{tls.pin_command(host)} --replace"
    confirm = kept if tls.pin is None else "compare its fingerprint at the device, and give that as the pin"
    return CertificateError(
        f"{host}:{port} shows another certificate than the pinned one: {shown(seen.sha256)} ({seen.subject or '?'}), "
        f"pinned is {shown(pin)}",
        cause="pin_changed",
        sha256=seen.sha256,
        hint=f"if the device was reset or its certificate renewed, confirm the new one: {confirm}; "
        "else somebody stands in between",
    )


def _weak_key(seen: Certificate | None, host: str, port: int) -> CertificateError:
    bits = f" of {seen.key_bits} bits" if seen is not None and seen.key_bits else ""
    text = f"the key{bits} in the certificate of {host}:{port} is too short"
    return CertificateError(text, cause="weak_key", hint=_LEGACY_HINT, sha256=_sha256(seen))


def _protocol_failure(seen: Certificate | None, host: str, port: int) -> CertificateError:
    spoken = f"speaks {seen.protocol} alone" if seen is not None and seen.protocol else "speaks an old version alone"
    text = f"{host}:{port} {spoken}, and TLS 1.2 is the oldest that is admitted"
    return CertificateError(text, cause="old_protocol", hint=_LEGACY_HINT, sha256=_sha256(seen))


def _verification_failure(
    error: ssl.SSLCertVerificationError, seen: Certificate | None, host: str, port: int, tls: TLS
) -> CertificateError:
    code, message = getattr(error, "verify_code", 0), getattr(error, "verify_message", "") or str(error)
    if code in (66, 67):  # X509_V_ERR_EE_KEY_TOO_SMALL, …_CA_KEY_TOO_SMALL
        return _weak_key(seen, host, port)
    cause, text = _refused(code, message, seen, host)
    hint = _PIN_HINT.format(command=tls.pin_command(host))
    if cause in ("unknown_issuer", "self_signed"):
        hint += ", or name its authority with --ca-file or ca_file"
    elif cause == "wrong_name":
        hint = f"use a name that the certificate carries, or pin it: {tls.pin_command(host)}"
    print_of = f"; its SHA-256 is {shown(seen.sha256)}" if seen is not None else ""
    text = f"the certificate of {host}:{port} is not accepted: {text}{print_of}"
    return CertificateError(text, cause=cause, hint=hint, sha256=_sha256(seen))


def _refused(code: int, message: str, seen: Certificate | None, host: str) -> tuple[str, str]:
    """The cause by its name and in words. The dates are looked at whatever OpenSSL stumbled over first."""
    now = datetime.now(UTC)
    if code == 10 or (seen is not None and seen.not_after is not None and seen.not_after < now):
        return "expired", f"expired since {_day(seen.not_after if seen else None)}"
    if code == 9 or (seen is not None and seen.not_before is not None and seen.not_before > now):
        return "not_yet_valid", f"not valid before {_day(seen.not_before if seen else None)}; check this clock too"
    if code in (62, 64):  # X509_V_ERR_HOSTNAME_MISMATCH, …_IP_ADDRESS_MISMATCH
        names = ", ".join(seen.names) if seen is not None and seen.names else "another"
        return "wrong_name", f"its name is {names}, not {server_name(host)}"
    if code == 18:
        return "self_signed", "it is self-signed"
    if code in (2, 19, 20, 21):
        issuer = f" ({seen.issuer})" if seen is not None and seen.issuer else ""
        return "unknown_issuer", f"its issuer{issuer} is unknown here"
    return "invalid", message[:200]


def _day(date: datetime | None) -> str:
    return "a date that cannot be read" if date is None else f"{date:%Y-%m-%d %H:%M} UTC"


def _sha256(seen: Certificate | None) -> str | None:
    return None if seen is None else seen.sha256


def _handshake_error(error: OSError, host: str, port: int) -> OnframeError:
    reason = getattr(error, "reason", None) or ""
    if reason in _NOT_TLS:
        hint = "is this the port of HTTPS or RTSPS? use http:// or rtsp:// where the device has no TLS"
        return RemoteProtocolError(f"{host}:{port} does not speak TLS", hint=hint)
    said = reason.replace("_", " ").lower() or getattr(error, "strerror", None) or "the device closed the connection"
    text = f"no TLS connection to {host}:{port}: {said}"
    return ConnectionLost(text, hint="is TLS enabled on the device, and is this its port?")
