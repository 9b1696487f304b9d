"""Why a camera gives no metadata: step by step from the cable to the documents, each with its remedy."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Collection

import msgspec

from onframe.camera.camera import Camera
from onframe.camera.location import HTTP_PORT, authority
from onframe.camera.watch import Watch
from onframe.errors import (
    AuthenticationError,
    ConnectionLost,
    OnframeError,
    StatusError,
    UnsupportedError,
)
from onframe.isapi.config import MetadataCfg
from onframe.record import AccessUnit, Gap, Record, StateChange, StreamEvent, Undecodable

WAIT = 8.0
"""Seconds that packets, documents and rules are waited for."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at: ok, or its cause in ``detail`` and one sentence that says what to do."""

    name: str
    ok: bool
    detail: str
    remedy: str | None = None


async def diagnose(
    camera: Camera,
    channel: int = 1,
    stream: int = 1,
    *,
    types: Collection[str] | None = None,
    wait: float = WAIT,
) -> AsyncIterator[Finding]:
    """Findings in the order in which a metadata document comes to be; ends early where nothing can follow.

    Names: HTTP port, RTSP port, login, device capability, metadata capability, types enabled, track, packets,
    documents, rules. ``types`` are those that must be enabled (None: all that the channel has). Never raises
    an OnframeError; nothing on the device is changed.
    """
    http = await _port(camera, "HTTP port", camera.http_port, "--http-port")
    yield http
    rtsp = await _port(camera, "RTSP port", camera.rtsp_port, "--rtsp-port")
    yield rtsp
    if http.ok:
        async for finding in _over_http(camera, channel, types):
            yield finding
    if not rtsp.ok or camera.login.refused is not None:
        return
    async for finding in _over_rtsp(camera, channel, stream, wait, login_is_known=camera.login.accepted):
        yield finding


async def _port(camera: Camera, name: str, port: int, option: str) -> Finding:
    where = f"{camera.host}, port {port}"
    try:
        async with asyncio.timeout(camera.timeout):
            _, writer = await asyncio.open_connection(camera.host, port)
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


# -- HTTP --------------------------------------------------------------------------------------


async def _over_http(camera: Camera, channel: int, types: Collection[str] | None) -> AsyncIterator[Finding]:
    device = await _device_capability(camera)
    if camera.login.refused is not None:
        yield _refused(camera.login.refused)
        return
    if camera.login.accepted:
        yield _accepted(camera, "HTTP")
    yield device
    for step in (_metadata_capability(camera, channel), _types_enabled(camera, channel, types)):
        try:
            yield await step
        except AuthenticationError as error:
            yield _refused(error)


def _accepted(camera: Camera, protocol: str) -> Finding:
    return Finding("login", True, f"{camera.username} is accepted over {protocol}")


def _refused(error: AuthenticationError) -> Finding:
    return Finding("login", False, error.message, error.hint)


async def _device_capability(camera: Camera) -> Finding:
    name = "device capability"
    try:
        supported = await camera.supports_metadata()
    except OnframeError as error:
        return _failed(name, error, "enable ISAPI on the device, or check that this is the camera's own HTTP port")
    if supported:
        return Finding(name, True, "the device says isSupportMetadata")
    remedy = "update the firmware or take a model with metadata; some send it without saying so, see 'track' below"
    return Finding(name, False, "the device does not say isSupportMetadata", remedy)


async def _metadata_capability(camera: Camera, channel: int) -> Finding:
    name = "metadata capability"
    try:
        capability = await camera.inquiry.metadata_capability(channel, lenient=True)
    except AuthenticationError:
        raise
    except OnframeError as error:
        return _failed(name, error, f"check that channel {channel} exists; the track may carry metadata all the same")
    detail = f"{', '.join(capability.types) or 'no types'}; {', '.join(capability.formats)}"
    detail += "; subscription by type" if capability.supports_subscribe_type else "; no subscription by type"
    if fallback := camera.inquiry.fallbacks.get("metadata_capability"):
        detail += f"; answered to {fallback}"
    return Finding(name, True, detail)


async def _types_enabled(camera: Camera, channel: int, types: Collection[str] | None) -> Finding:
    name = "types enabled"
    try:
        configuration = await camera.inquiry.configuration(channel, lenient=True)
    except AuthenticationError:
        raise
    except OnframeError as error:
        return _failed(name, error, "give the user the right to read parameters (Remote: Parameters Settings)")
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


def _failed(name: str, error: OnframeError, remedy: str) -> Finding:
    if isinstance(error, StatusError | ConnectionLost) and error.hint:
        remedy = error.hint
    return Finding(name, False, str(error), remedy)


# -- RTSP --------------------------------------------------------------------------------------


class _Seen(msgspec.Struct):
    """What came while the stream was listened to."""

    state: StateChange | None = None
    records: int = 0
    rules: int = 0
    undecodable: Undecodable | None = None
    lost: int = 0
    error: OnframeError | None = None

    def take(self, event: StreamEvent) -> None:
        match event:
            case StateChange():
                self.state = event
            case Record():
                self.records += 1
                self.rules += event.metadata.kind == "rule"
            case Undecodable():
                self.undecodable = event
            case Gap():
                self.lost += event.packets or 0
            case AccessUnit():
                pass


async def _over_rtsp(
    camera: Camera, channel: int, stream: int, wait: float, *, login_is_known: bool
) -> AsyncIterator[Finding]:
    async with camera.stream(channel, stream, video=False, via="channel") as events:
        seen = _Seen()
        await _listen(events, seen, wait, lambda: _plays(seen))
        if isinstance(seen.error, AuthenticationError):
            yield _refused(seen.error)
            return
        if not login_is_known and camera.login.accepted:
            yield _accepted(camera, "RTSP")
        yield (track := _track(camera, channel, stream, seen, wait))
        if not track.ok:
            return
        await _listen(events, seen, wait, lambda: bool(seen.records and seen.rules))
        packets = camera.counters.get("packets", 0)
    for finding in (_packets(packets, seen, wait), _documents(seen, packets), _rules(seen, wait)):
        if finding is not None:
            yield finding


def _plays(seen: _Seen) -> bool:
    return seen.records > 0 or (seen.state is not None and seen.state.state in ("live", "quiet"))


async def _listen(events: Watch[StreamEvent], seen: _Seen, wait: float, enough: Callable[[], bool]) -> None:
    try:
        async with asyncio.timeout(wait):
            while not enough():
                seen.take(await anext(events))
    except (TimeoutError, StopAsyncIteration):
        pass
    except OnframeError as error:
        seen.error = error


def _track(camera: Camera, channel: int, stream: int, seen: _Seen, wait: float) -> Finding:
    number = channel * 100 + stream
    if isinstance(seen.error, UnsupportedError):
        remedy = seen.error.hint or "enable a metadata type for this channel, or try another stream"
        return Finding("track", False, seen.error.message, remedy)
    if seen.error is not None:
        return _failed("track", seen.error, "try again, and report it if it stays")
    if _plays(seen):
        return Finding("track", True, f"stream {number} carries isapi.metadata, and it plays")
    reason = seen.state.reason if seen.state is not None else "nothing happened"
    remedy = "check the RTSP port, and end other viewers where the device has room for few"
    return Finding("track", False, f"stream {number} does not play within {wait:g} s: {reason}", remedy)


def _packets(packets: int, seen: _Seen, wait: float) -> Finding:
    if not packets:
        remedy = "set up a rule or a smart function on the device, and let something happen before it"
        return Finding("packets", False, f"none within {wait:g} s: nothing is detected, or nothing is enabled", remedy)
    if seen.lost:
        remedy = "look at the network between, or at the load of this machine"
        return Finding("packets", False, f"{packets} received, {seen.lost} lost", remedy)
    return Finding("packets", True, f"{packets} received, none lost")


def _documents(seen: _Seen, packets: int) -> Finding | None:
    if seen.undecodable is not None:
        bad = seen.undecodable
        remedy = "keep it with 'onframe watch --raw' and report it"
        return Finding("documents", False, f"one cannot be read: {bad.message}", remedy)
    if seen.records:
        return Finding("documents", True, f"{seen.records} read")
    if packets:
        return Finding("documents", False, "packets arrive, but no whole document", "look for packet loss")
    return None


def _rules(seen: _Seen, wait: float) -> Finding | None:
    if seen.rules:
        return Finding("rules", True, f"{seen.rules} received")
    if not seen.records:
        return None
    remedy = "draw a detection rule on the device, or go on without: targets are reported all the same"
    return Finding("rules", False, f"no rule within {wait:g} s", remedy)
