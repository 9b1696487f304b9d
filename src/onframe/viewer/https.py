"""The page over HTTPS: with a certificate of the user's, or one that is made once and kept.

Browsers give a page its decoders (WebCodecs) on this machine's own address and over HTTPS alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import logging
import socket
import ssl
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from onframe.camera.state import read, state_directory, write
from onframe.errors import OnframeError

log = logging.getLogger("onframe.viewer")
LASTS = timedelta(days=800)
"""Some browsers refuse a server's certificate that is valid for longer than 825 days."""
RENEWED_BEFORE = timedelta(days=30)
MOST_NAMES = 64
_ELSEWHERE = (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6))
"""Addresses of documentation: nothing is sent to them, their routes alone are looked up."""


@dataclass(frozen=True)
class HTTPS:
    """What a server needs; ``sha256`` is the certificate's fingerprint, ``kept_in`` the file of one that was made."""

    context: ssl.SSLContext = field(repr=False)
    sha256: str
    kept_in: Path | None = None

    @property
    def fingerprint(self) -> str:
        """As browsers show it: AB:CD:…"""
        return ":".join(self.sha256[at : at + 2] for at in range(0, len(self.sha256), 2)).upper()


def of_files(certificate: Path, key: Path | None = None) -> HTTPS:
    """The user's own certificate, PEM; the key may stand in the same file. Raises OnframeError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
        return HTTPS(context, _fingerprint(certificate.read_text("latin-1")))
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise OnframeError(
            f"the certificate {certificate} cannot be used: {error}",
            hint="both files are PEM, the key is that of the certificate and has no password",
        ) from None


def generated(names: Collection[str] = (), *, file: Path | None = None) -> HTTPS:
    """A certificate for this machine's names and addresses and for ``names``; the one that is kept where it will do.

    It is kept in ``file``, by default in the state directory, together with its key. Raises OnframeError.
    """
    path = file or state_directory() / "viewer.pem"
    wanted = [*dict.fromkeys([*own_names(), *names])][:MOST_NAMES]
    try:
        from onframe.certificates import make_certificate
    except ModuleNotFoundError:
        raise OnframeError(
            "a certificate can be made with the package cryptography alone",
            hint="pip install cryptography, or bring your own: --cert FILE --key FILE",
        ) from None
    known = _known_names(path)
    if known is None or not {name.lower() for name in wanted} <= known:
        begin = datetime.now(UTC) - timedelta(days=1)
        all_names = [*dict.fromkeys([*wanted, *sorted(known or ())])][:MOST_NAMES]
        made = make_certificate(*all_names, not_before=begin, not_after=begin + LASTS, for_browsers=True)
        try:
            write(path, made.certificate_pem + made.key_pem)
        except OSError as error:
            raise OnframeError(f"the certificate cannot be kept in {path}: {error}") from None
    own = of_files(path)
    return HTTPS(own.context, own.sha256, path)


def own_names() -> list[str]:
    """The names and addresses under which this machine is known to itself; the loopback's last."""
    name = socket.gethostname()
    found = [name] if "." in name else [name, f"{name}.local"]
    for elsewhere, family in _ELSEWHERE:
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))
            found.append(probe.getsockname()[0])
    with contextlib.suppress(OSError):
        found += [str(info[4][0]) for info in socket.getaddrinfo(name, None)]
    found = [one.partition("%")[0].lower() for one in found]
    return [*dict.fromkeys([*found, "localhost", "127.0.0.1", "::1"])]


def _known_names(path: Path) -> set[str] | None:
    """The names in the certificate that is kept; None where there is none that lasts for a while."""
    from cryptography import x509

    try:
        data = read(path)
        if data is None:
            return None
        certificate = x509.load_pem_x509_certificate(data)
        if certificate.not_valid_after_utc - RENEWED_BEFORE < datetime.now(UTC):
            return None
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        of_files(path)
    except (OSError, ValueError, OnframeError, x509.ExtensionNotFound) as error:
        log.warning("the certificate in %s is not used any more: %s", path, error)
        return None
    return {str(name.value).lower() for name in names}


def is_address(name: str) -> bool:
    """It is a numeric address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _fingerprint(pem: str) -> str:
    """SHA-256 of the first certificate."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    first = pem[pem.index(begin) : pem.index(end) + len(end)]
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).hexdigest()


def _no_password() -> str:
    """Instead of OpenSSL's prompt."""
    return ""
