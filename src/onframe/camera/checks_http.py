"""What the doctor looks at before any stream: ports, TLS, login, firmware, capabilities, types, rights."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime, timedelta

from onframe.camera.camera import Camera
from onframe.camera.certificate import Certificate, shown
from onframe.camera.findings import Finding, failed, refused, unanswerable
from onframe.camera.firmware import judge_firmware
from onframe.camera.location import HTTP_PORT, authority
from onframe.camera.tls import fetch_certificate
from onframe.errors import (
    AuthenticationError,
    ConnectionLost,
    OnframeError,
    RemoteProtocolError,
    StatusError,
)
from onframe.isapi.config import MetadataCfg
from onframe.isapi.resources import DEVICE_INFO

_SOON = timedelta(days=30)
_READ_RIGHT = "give the user the right to read parameters (Remote: Parameters Settings)"
_ELSEWHERE = "enable the types on the device's own web page; the track may carry metadata all the same"
_WRITE_RIGHT = "give the user the right to set parameters (Remote: Parameters Settings), or set types with another user"
_WHATEVER_IS_ASKED = ("lowPrivilege", "deviceBusy", "serviceUnavailable", "upgrading", "deviceError")


async def port(camera: Camera, name: str, number: int, option: str) -> Finding:
    """Whether anybody listens there."""
    where = f"{camera.host}, port {number}"
    try:
        async with asyncio.timeout(camera.timeout):
            _, writer = await asyncio.open_connection(camera.host, number)
    except TimeoutError:
        remedy = f"check address and cable, a firewall between, and the port with {option}"
        return Finding(name, False, f"{where} does not answer within {camera.timeout:g} s", remedy)
    except OSError as error:
        remedy = f"check that the camera is on, its address, and that this is its port ({option})"
        return Finding(name, False, f"{where} cannot be reached: {_reason(error)}", remedy)
    writer.close()
    return Finding(name, True, f"{where} is open")


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)


# -- TLS ---------------------------------------------------------------------------------------


async def tls(camera: Camera, http_open: bool) -> Finding:
    """What the device shows, how it is judged, and what is wrong with it."""
    assert camera.tls is not None
    mode, number = camera.tls.mode, camera.http_port if http_open else camera.rtsp_port
    try:
        seen = await fetch_certificate(camera.host, number, timeout=camera.timeout)
    except OnframeError as error:
        return failed("TLS", error, "enable HTTPS and RTSPS on the device, or connect with http:// and rtsp://")
    about = f"{_described(seen)}; {seen.protocol or 'TLS'}, {mode}"
    try:
        await _handshake(camera, number)
    except (OnframeError, ValueError) as error:
        if shown(seen.sha256) in str(error):  # once is enough
            about = about.partition(", ")[2]
        return Finding("TLS", False, f"{error} [{about}]", _pinning(camera, error))
    if mode == "insecure":
        remedy = f"pin its certificate instead: {_pin_command(camera)}"
        return Finding("TLS", True, f"{about}: anybody in between can read and change everything", remedy)
    return _judge_dates(seen, about, pinned=mode == "pin")


def _pinning(camera: Camera, error: OnframeError | ValueError) -> str:
    """The error's own hint, or a better one where another certificate was kept."""
    hint = getattr(error, "hint", None) or "compare the certificate with the device's own, then pin it"
    return hint


def _pin_command(camera: Camera) -> str:
    assert camera.tls is not None
    return camera.tls.pin_command(camera.host)


async def _handshake(camera: Camera, number: int) -> None:
    """A connection that is judged as those that carry data are; nothing is sent over it."""
    from onframe.camera.tls import explain, server_name

    assert camera.tls is not None
    context = camera.tls.context(camera.host, number)
    try:
        async with asyncio.timeout(camera.timeout):
            _, writer = await asyncio.open_connection(
                camera.host, number, ssl=context, server_hostname=server_name(camera.host)
            )
    except TimeoutError:
        raise RemoteProtocolError(f"{camera.host}:{number} does not finish the handshake of TLS") from None
    except OSError as error:
        raise await explain(error, camera.host, number, camera.tls) from error
    writer.transport.abort()


def _described(seen: Certificate) -> str:
    dates = [f"{date:%Y-%m-%d}" if date is not None else "?" for date in (seen.not_before, seen.not_after)]
    return f"certificate {shown(seen.sha256)}, valid {dates[0]} to {dates[1]}"


def _judge_dates(seen: Certificate, about: str, *, pinned: bool) -> Finding:
    now = datetime.now(UTC)
    ends, begins = seen.not_after, seen.not_before
    if pinned and ((ends is not None and ends < now) or (begins is not None and begins > now)):
        return Finding("TLS", True, f"{about}; its dates are over or yet to come, which a pin does not mind")
    if not pinned and ends is not None and ends - now < _SOON:
        remedy = f"renew the device's certificate before {ends:%Y-%m-%d}"
        return Finding("TLS", True, f"{about}; it ends soon", remedy)
    return Finding("TLS", True, about)


# -- what the device says of itself ------------------------------------------------------------


async def over_http(
    camera: Camera, channel: int, types: Collection[str] | None, *, try_writing: bool
) -> AsyncIterator[Finding]:
    """Login, firmware, capabilities, types and rights."""
    device = await _device_capability(camera)
    if camera.login.refused is not None:
        yield refused(camera.login.refused)
        return
    if device.name in ("login", "activation"):
        yield device
        return
    if camera.login.accepted:
        yield accepted(camera, "HTTP")
    if device.ok or camera.login.accepted:
        yield await _firmware(camera)
    yield device
    if not device.ok and not camera.login.accepted and not await _answers(camera):
        return  # what does not answer once is not asked again: each question would run into its time-out
    rights = _Rights()
    steps = (
        _metadata_capability(camera, channel, rights),
        _types_enabled(camera, channel, types, rights),
    )
    for step in steps:
        try:
            finding = await step
        except AuthenticationError as error:
            finding = refused(error)
        if _refused_by(finding) is None or _refused_by(finding) != _refused_by(device):
            yield finding
    if rights.configuration is not None and camera.login.refused is None:
        yield await _rights(camera, channel, rights, try_writing=try_writing)


def _refused_by(finding: Finding) -> str | None:
    """The reason that holds for every request, where it is why this one failed: it is told once."""
    return None if finding.ok else next((name for name in _WHATEVER_IS_ASKED if name in finding.detail), None)


async def _answers(camera: Camera) -> bool:
    """Whether the device answers HTTP at all, be it with a refusal."""
    try:
        await camera.inquiry.read(DEVICE_INFO.request())
    except (ConnectionLost, RemoteProtocolError):
        return False
    except OnframeError:
        return True
    return True


def accepted(camera: Camera, protocol: str) -> Finding:
    """The login was accepted."""
    return Finding("login", True, f"{camera.username} is accepted over {protocol}")


async def _firmware(camera: Camera) -> Finding:
    try:
        body = await camera.inquiry.read(DEVICE_INFO.request())
    except OnframeError:
        return Finding("firmware", True, "the device does not say it")
    return judge_firmware(body)


async def _device_capability(camera: Camera) -> Finding:
    name = "device capability"
    try:
        supported = await camera.supports_metadata()
    except OnframeError as error:
        if (login := unanswerable(error)) is not None:
            return login
        if isinstance(error, StatusError) and error.sub_status_code == "notActivated":
            return failed("activation", error, "set the device's first password with the maker's tool or its web page")
        if isinstance(error, RemoteProtocolError) and "RTSP/1." in error.message:
            where = f"{camera.host}, port {camera.http_port}"
            return Finding(name, False, f"{where} speaks RTSP, not HTTP", "give the HTTP port with --http-port")
        return failed(name, error, "enable ISAPI on the device, or check that this is the camera's own HTTP port")
    if supported:
        return Finding(name, True, "the device says isSupportMetadata")
    remedy = "update the firmware or take a model with metadata; some send it without saying so, see 'track' below"
    return Finding(name, False, "the device does not say isSupportMetadata", remedy)


class _Rights:
    """What was learnt on the way about what the account may do."""

    def __init__(self) -> None:
        self.configuration: MetadataCfg | None = None
        self.can_subscribe = False


async def _metadata_capability(camera: Camera, channel: int, rights: _Rights) -> Finding:
    name = "metadata capability"
    try:
        capability = await camera.inquiry.metadata_capability(channel, lenient=True)
    except AuthenticationError:
        raise
    except OnframeError as error:
        return failed(name, error, f"check that channel {channel} exists; the track may carry metadata all the same")
    rights.can_subscribe = bool(capability.supports_subscribe_type)
    detail = f"{', '.join(capability.types) or 'no types'}; {', '.join(capability.formats)}"
    detail += "; subscription by type" if capability.supports_subscribe_type else "; no subscription by type"
    if fallback := camera.inquiry.fallbacks.get("metadata_capability"):
        detail += f"; answered to {fallback}"
    return Finding(name, True, detail)


async def _types_enabled(camera: Camera, channel: int, types: Collection[str] | None, rights: _Rights) -> Finding:
    try:
        configuration = await camera.inquiry.configuration(channel, lenient=True)
    except AuthenticationError:
        raise
    except OnframeError as error:
        without = isinstance(error, StatusError) and (error.http_status == 404 or error.sub_status_code == "notSupport")
        return failed("types enabled", error, _ELSEWHERE if without else _READ_RIGHT)
    rights.configuration = configuration
    return _judge_types(camera, channel, configuration, types)


def _judge_types(camera: Camera, channel: int, configuration: MetadataCfg, types: Collection[str] | None) -> Finding:
    enabled = {entry.type.lower(): entry.enable for entry in configuration.types}
    wanted = [entry.type for entry in configuration.types] if types is None else list(types)
    missing = [metadata_type for metadata_type in wanted if metadata_type.lower() not in enabled]
    if missing:
        remedy = f"ask for one of {', '.join(entry.type for entry in configuration.types) or 'none: it has no types'}"
        return Finding("types enabled", False, f"the channel has no {', '.join(missing)}", remedy)
    disabled = [metadata_type for metadata_type in wanted if enabled[metadata_type.lower()] is False]
    if disabled:
        where = authority(camera.host, camera.http_port, HTTP_PORT)
        options = f"--user {camera.username} --channel {channel} --enable {','.join(disabled)}"
        remedy = f"enable: onframe config set {where} {options}"
        return Finding("types enabled", False, f"disabled: {', '.join(disabled)}", remedy)
    if not wanted:
        return Finding("types enabled", False, "the channel has no types", "set up a smart function on the device")
    return Finding("types enabled", True, ", ".join(wanted))


# -- rights ------------------------------------------------------------------------------------


async def _rights(camera: Camera, channel: int, rights: _Rights, *, try_writing: bool) -> Finding:
    """What the account may do. Writing is tried only when asked: it writes what was read."""
    assert rights.configuration is not None
    may = ["read the configuration"]
    if rights.can_subscribe:
        try:
            await camera.inquiry.subscribe(channel, 1, _a_type(rights.configuration), lenient=True)
        except OnframeError as error:
            remedy = "watch with --via channel: the device says that it has subscriptions, and has none"
            if isinstance(error, StatusError) and error.sub_status_code == "lowPrivilege":
                remedy = "watch with --via channel, or give the user the right of live view (Remote: Live View)"
            return Finding("rights", True, f"may {' and '.join(may)}, but not subscribe: {error}", remedy)
        may.append("subscribe")
    if not try_writing:
        return Finding("rights", True, f"may {' and '.join(may)}; writing was not tried (--try-writing)")
    try:
        await camera.inquiry.write(channel, rights.configuration)
    except StatusError as error:
        return Finding("rights", True, f"may {' and '.join(may)}, but not change it: {error}", _WRITE_RIGHT)
    except OnframeError as error:
        return failed("rights", error, _WRITE_RIGHT)
    return Finding("rights", True, f"may {', '.join(may)} and change the configuration")


def _a_type(configuration: MetadataCfg) -> list[str] | None:
    enabled = [entry.type for entry in configuration.types if entry.enable is not False]
    return enabled[:1] or None
