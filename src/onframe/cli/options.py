"""The options that every command towards a camera has, and the password's three places."""

from __future__ import annotations

import getpass
import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

from cyclopts import Parameter

from onframe.record import Coordinates

if TYPE_CHECKING:
    from onframe.camera.camera import Camera


PASSWORD_VARIABLE = "ONFRAME_PASSWORD"
Host = Annotated[str, Parameter(help="Host name, address, or URL (http://user@host:port, rtsp://user@host:port).")]


class UsageError(Exception):
    """The command line is wrong in a way that the parser cannot see."""


@Parameter(name="*")
@dataclass
class DeviceOptions:
    """How to reach the camera."""

    channel: Annotated[int, Parameter(help="Channel number, from 1.")] = 1
    stream: Annotated[int, Parameter(help="1 main, 2 sub, 3 third stream.")] = 1
    http_port: Annotated[int | None, Parameter(help="Port of HTTP; 80 unless the URL says so.")] = None
    rtsp_port: Annotated[int | None, Parameter(help="Port of RTSP; 554 unless the URL says so.")] = None
    user: Annotated[str | None, Parameter(help="User name; admin unless the URL says so.")] = None
    password_file: Annotated[
        Path | None, Parameter(help=f"File whose first line is the password. Else ${PASSWORD_VARIABLE}, else a prompt.")
    ] = None
    timeout: Annotated[float, Parameter(help="Seconds for one request.")] = 10.0
    coordinates: Annotated[
        Literal["0..1000", "unit", "pixels"] | None,
        Parameter(help="The space that the camera's points are in; assumed 0..1000."),
    ] = None
    verbose: Annotated[bool, Parameter(name=["--verbose", "-v"], negative="", help="Log to stderr.")] = False

    def camera(self, host: str) -> Camera:
        """The camera of these options; a prompt asks for the password where nothing else gives it."""
        from onframe.camera.camera import Camera

        set_up_logging(self.verbose)
        url = split_host(host)
        username = self.user or url.username or "admin"
        space = Coordinates() if self.coordinates is None else Coordinates(space=self.coordinates, assumed=False)
        return Camera(
            url.host,
            username=username,
            password=read_password(
                self.password_file, given=url.password, prompt=f"Password of {username}@{url.host}: "
            ),
            http_port=self.http_port or url.http_port or 80,
            rtsp_port=self.rtsp_port or url.rtsp_port or 554,
            timeout=self.timeout,
            coordinates=space,
        )


@dataclass
class HostParts:
    """What a HOST argument says; a part that it leaves out is None."""

    host: str
    username: str | None = None
    password: str | None = None
    http_port: int | None = None
    rtsp_port: int | None = None


def split_host(text: str) -> HostParts:
    """A host, host:port of HTTP, or an http:// or rtsp:// URL."""
    from urllib.parse import parse_qs, unquote

    parts = urlsplit(text if "://" in text else f"http://{text}")
    try:
        port = parts.port
    except ValueError:
        raise UsageError(f"the port in {parts.hostname or 'the address'!r} is not a number from 1 to 65535") from None
    if not parts.hostname or parts.scheme not in {"http", "rtsp"}:
        raise UsageError("the camera's address must be a host, or a URL that starts with http:// or rtsp://")
    query = parse_qs(parts.query)
    result = HostParts(
        parts.hostname,
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password is not None else None,
    )
    if parts.scheme == "rtsp":
        result.rtsp_port = port
    else:
        result.http_port = port
    for name in ("http_port", "rtsp_port"):
        if name in query and query[name][0].isdigit():
            setattr(result, name, int(query[name][0]))
    return result


def read_password(file: Path | None, *, given: str | None = None, prompt: str | None = None) -> str | None:
    """The password: from the URL, a file, the environment or a prompt, in this order; None where there is no prompt."""
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
