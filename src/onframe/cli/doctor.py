"""``onframe doctor``: why a camera gives no metadata, in one sentence, and what to do."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from cyclopts import Parameter

from onframe.cli.options import DeviceOptions, Host, UsageError, seconds

if TYPE_CHECKING:
    from onframe.camera.findings import Finding

Include = Literal["addresses", "identity", "plates", "pictures"]
MARKS = {"ok": ("ok", "32"), "note": ("note", "33"), "fail": ("FAIL", "1;31")}
NAMES = 21
"""Width of the column of names."""
INDENT = 6


async def command(
    host: Host,
    *,
    device: DeviceOptions | None = None,
    json: Annotated[bool, Parameter(negative="", help="One JSON object a line.")] = False,
    pin: Annotated[
        bool,
        Parameter(negative="", help="Show the device's certificate and keep its fingerprint, instead of checking."),
    ] = False,
    replace: Annotated[bool, Parameter(negative="", help="With --pin: keep it although another was kept.")] = False,
    forget_login: Annotated[
        bool, Parameter(negative="", help="Forget that this user was refused, instead of checking.")
    ] = False,
    try_writing: Annotated[
        bool, Parameter(negative="", help="Try whether the user may set types: writes what it has read.")
    ] = False,
    wait: Annotated[str, Parameter(help="How long the stream, documents and rules are waited for: 8s, 1m.")] = "8s",
    bundle: Annotated[Path | None, Parameter(help="Write a support bundle (zip) without private data.")] = None,
    include: Annotated[
        list[Include] | None,
        Parameter(
            help="Let into the bundle: addresses, identity (MAC, serial, names), plates, pictures.",
            consume_multiple=True,
            negative="",
        ),
    ] = None,
) -> int:
    """Check the way of the metadata step by step: each line is ok, or the cause and the remedy.

    A note is better attended to, and keeps nothing from working. The exit code is 1 where a step failed.

    Example: onframe doctor 192.168.0.64 --user admin
    """
    device = device or DeviceOptions()
    if replace and not pin:
        raise UsageError("--replace goes with --pin")
    if include and bundle is None:
        raise UsageError("--include goes with --bundle")
    if pin:
        return await _pin(device, host, replace=replace)
    if forget_login:
        return _forget_login(device, host)
    checks = {"wait": seconds(wait), "try_writing": try_writing}
    return await _check(device, host, checks, json=json, bundle=bundle, include=include or ())


async def _check(
    device: DeviceOptions,
    host: str,
    checks: dict[str, Any],
    *,
    json: bool,
    bundle: Path | None,
    include: Sequence[Include],
) -> int:
    from onframe.camera.checks_rtsp import Seen
    from onframe.camera.doctor import diagnose

    findings, seen = [], Seen()
    async with device.camera(host) as camera:
        if not device.verbose:  # what is wrong is said as a finding
            logging.getLogger("onframe.camera").setLevel(logging.ERROR)
        async for finding in diagnose(camera, device.channel, device.stream, seen=seen, **checks):
            findings.append(finding)
            show(finding, json=json)
        if bundle is not None:
            from onframe.camera.bundle import write_bundle

            try:
                await write_bundle(bundle, camera, device.channel, device.stream, findings, seen, include=include)
            except OSError as error:
                raise UsageError(f"the bundle {bundle} cannot be written: {error.strerror or error}") from error
            print(f"The bundle is in {bundle}; look into it before you send it.", file=sys.stderr)
    return 0 if all(finding.ok for finding in findings) else 1


def show(finding: Finding, *, json: bool) -> None:
    """One finding as a line, and its remedy below."""
    if json:
        print(msgspec.json.encode(msgspec.to_builtins(finding) | {"level": finding.level}).decode(), flush=True)
        return
    word, colour = MARKS[finding.level]
    mark = _coloured(f"{word:<4}", colour)
    print(f"{mark}  {finding.name:<{NAMES}}{_wrapped(finding.detail, INDENT + NAMES)}", flush=True)
    if finding.remedy:
        print(f"{' ' * (INDENT + NAMES)}→ {_wrapped(finding.remedy, INDENT + NAMES + 2)}", flush=True)


def _wrapped(text: str, indent: int) -> str:
    """On a terminal, in the width that it has; elsewhere in one line, for other programs."""
    width = shutil.get_terminal_size().columns
    if not sys.stdout.isatty() or width < indent + 30:
        return text
    lines = textwrap.wrap(text, width - indent, break_on_hyphens=False) or [""]
    return f"\n{' ' * indent}".join(lines)


def _coloured(text: str, colour: str) -> str:
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{colour}m{text}\x1b[0m"


# -- pins and logins ---------------------------------------------------------------------------


async def _pin(device: DeviceOptions, host: str, *, replace: bool) -> int:
    """Show the certificates of both ports and keep those that are new or may replace what was kept."""
    from onframe.camera.location import HTTPS_PORT, RTSPS_PORT, address

    url = device.address(host)
    secure = address(host, secure=True) if not url.secure else url
    ports = {
        "HTTPS": device.http_port or secure.http_port or HTTPS_PORT,
        "RTSPS": device.rtsp_port or secure.rtsp_port or RTSPS_PORT,
    }
    codes = [await _pin_port(secure.host, name, port, device.timeout, replace=replace) for name, port in ports.items()]
    return 8 if 8 in codes else min(codes)


async def _pin_port(host: str, name: str, port: int, timeout: float, *, replace: bool) -> int:
    """0 where a pin is kept now, 8 where another one was, 6 where no certificate was shown."""
    from onframe.camera.certificate import shown
    from onframe.camera.pins import Pins
    from onframe.camera.tls import fetch_certificate
    from onframe.errors import OnframeError

    print(f"{name}, port {port}")
    try:
        seen = await fetch_certificate(host, port, timeout=timeout)
    except OnframeError as error:
        print(f"  {error}", *(f"  → {error.hint}" for _ in range(1) if error.hint), sep="\n")
        return 6
    dates = [f"{date:%Y-%m-%d %H:%M} UTC" if date is not None else "?" for date in (seen.not_before, seen.not_after)]
    for label, value in (
        ("SHA-256", shown(seen.sha256)),
        ("subject", seen.subject or "?"),
        ("issuer", f"{seen.issuer or '?'}{' (self-signed)' if seen.self_signed else ''}"),
        ("valid", f"{dates[0]} to {dates[1]}"),
        ("names", ", ".join(seen.names) or "none"),
        ("protocol", f"{seen.protocol}{f', RSA of {seen.key_bits} bits' if seen.key_bits else ''}"),
    ):
        print(f"  {label:<9} {printable(value)}")
    pins = Pins()
    kept = pins.load(host, port)
    if kept == seen.sha256:
        print("  kept already")
        return 0
    if kept is not None and not replace:
        print(f"  another one is kept: {shown(kept)}")
        print("  → if the device was reset or its certificate renewed, confirm it with --pin --replace;")
        print("    else somebody stands between you and it")
        return 8
    try:
        pins.save(host, port, seen.sha256)
    except OSError as error:
        raise UsageError(f"the pin cannot be kept in {pins.path}: {error.strerror or error}") from error
    print(f"  kept in {pins.path}; compare the fingerprint with the device's own, then connect with --tls pin")
    return 0


def printable(text: str) -> str:
    """A device's text without anything that a terminal would obey."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _forget_login(device: DeviceOptions, host: str) -> int:
    from onframe.camera.attempts import Attempts

    url = device.address(host)
    username = device.user or url.username or "admin"
    if Attempts().forget(url.host, username):
        print(f"the refusal of {username} at {url.host} is forgotten; a wrong password may lock the account")
    else:
        print(f"no refusal of {username} at {url.host} was kept")
    return 0
