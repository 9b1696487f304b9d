"""The options that every command towards a camera has, and the password's three places."""

from __future__ import annotations

import getpass
import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from onframe.record import Coordinates

if TYPE_CHECKING:
    from onframe.camera.camera import Camera
    from onframe.camera.location import Address
    from onframe.camera.tls import TLS


PASSWORD_VARIABLE = "ONFRAME_PASSWORD"
Host = Annotated[str, Parameter(help="Host name, address, or URL (http, https, rtsp or rtsps://user@host:port).")]


class UsageError(Exception):
    """The command line is wrong in a way that the parser cannot see."""


@Parameter(name="*")
@dataclass
class DeviceOptions:
    """How to reach the camera."""

    channel: Annotated[int, Parameter(help="Channel number, from 1.")] = 1
    stream: Annotated[int, Parameter(help="1 main, 2 sub, 3 third stream.")] = 1
    http_port: Annotated[int | None, Parameter(help="Port of HTTP; 80, or 443 with TLS, unless the URL says so.")] = (
        None
    )
    rtsp_port: Annotated[int | None, Parameter(help="Port of RTSP; 554, or 322 with TLS, unless the URL says so.")] = (
        None
    )
    user: Annotated[str | None, Parameter(help="User name; admin unless the URL says so.")] = None
    password_file: Annotated[
        Path | None, Parameter(help=f"File whose first line is the password. Else ${PASSWORD_VARIABLE}, else a prompt.")
    ] = None
    timeout: Annotated[float, Parameter(help="Seconds for one request.")] = 10.0
    coordinates: Annotated[
        Literal["0..1000", "unit", "pixels"] | None,
        Parameter(help="The space that the camera's points are in; assumed 0..1000."),
    ] = None
    tls: Annotated[
        Literal["verify", "pin", "insecure"] | None,
        Parameter(help="HTTPS and RTSPS: verify the certificate, compare it with a pin, or do neither."),
    ] = None
    tls_pin: Annotated[  # not --pin: that is what `onframe doctor` does
        str | None, Parameter(help="SHA-256 of the certificate; else the one kept by 'onframe doctor --pin'.")
    ] = None
    ca_file: Annotated[Path | None, Parameter(help="More authorities that are trusted, PEM.")] = None
    legacy_tls: Annotated[bool, Parameter(negative="", help="Admit TLS 1.0 and 1.1 and keys of 1024 bits.")] = False
    allow_basic: Annotated[
        bool, Parameter(negative="", help="Send the password readably to a device that knows Basic alone.")
    ] = False
    transport: Annotated[
        Literal["tcp", "udp", "multicast"], Parameter(help="How RTP comes; tcp is within the RTSP connection.")
    ] = "tcp"
    verbose: Annotated[bool, Parameter(name=["--verbose", "-v"], negative="", help="Log to stderr.")] = False

    def camera(self, host: str) -> Camera:
        """The camera of these options; a prompt asks for the password where nothing else gives it."""
        from onframe.camera.camera import Camera

        set_up_logging(self.verbose)
        url = self.address(host)
        tls = self.security(url)
        username = self.user or url.username or "admin"
        space = Coordinates() if self.coordinates is None else Coordinates(space=self.coordinates, assumed=False)
        return Camera(
            url.host,
            username=username,
            password=read_password(
                self.password_file, given=url.password, prompt=f"Password of {username}@{url.host}: "
            ),
            http_port=self.http_port or url.http_port,
            rtsp_port=self.rtsp_port or url.rtsp_port,
            timeout=self.timeout,
            coordinates=space,
            tls=tls,
            allow_basic=self.allow_basic,
            transport=self.transport,
        )

    def address(self, host: str) -> Address:
        """What the HOST argument says. Raises UsageError, which never holds anything of it."""
        from onframe.camera.location import address

        wanted = self.tls is not None or self.tls_pin is not None or self.ca_file is not None or self.legacy_tls
        try:
            return address(host, secure=wanted)
        except ValueError as error:
            raise UsageError(str(error)) from None

    def security(self, url: Address) -> TLS | None:
        """How TLS is done; None where nobody asks for it. Raises UsageError."""
        from onframe.camera.tls import TLS

        if not url.secure:
            return None
        mode = self.tls or ("pin" if self.tls_pin is not None else "verify")
        try:
            return TLS(mode, pin=self.tls_pin, ca_file=self.ca_file, legacy=self.legacy_tls)
        except ValueError as error:
            raise UsageError(str(error)) from None


def read_password(file: Path | None, *, given: str | None = None, prompt: str | None = None) -> str | None:
    """The password: from a file, the URL, the environment or a prompt, in this order; None where there is no prompt."""
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"the password file {file} cannot be read: {error}") from error
        if not lines:
            raise UsageError(f"the password file {file} is empty; its first line must be the password")
        return lines[0]
    if given is not None:
        return given
    if PASSWORD_VARIABLE in os.environ:
        return os.environ[PASSWORD_VARIABLE]
    if prompt is None:
        return None
    if not sys.stdin.isatty():
        raise UsageError(f"no password: set {PASSWORD_VARIABLE} or give --password-file")
    return getpass.getpass(prompt)


def set_up_logging(verbose: bool) -> None:
    """Logs go to stderr: warnings, or everything of ours with ``--verbose``."""
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    logging.getLogger("onframe").setLevel(logging.DEBUG if verbose else logging.WARNING)


def seconds(text: str) -> float:
    """A duration: "30s", "5m", "1h" or a plain number of seconds."""
    units = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
    unit = next((unit for unit in ("ms", "s", "m", "h") if text.endswith(unit)), "")
    try:
        value = float(text[: len(text) - len(unit)]) * units.get(unit, 1.0)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise UsageError(f"{text!r} is not a duration; write 30s, 5m or 1h")
    return value


def words(text: str | None) -> list[str] | None:
    """A comma list as words; None stays None."""
    return None if text is None else [word.strip() for word in text.split(",") if word.strip()]
