"""Why a camera gives no metadata: step by step from the cable to the documents, each with its remedy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection

from onframe.camera.camera import Camera
from onframe.camera.checks_http import over_http, port, tls
from onframe.camera.checks_rtsp import LISTEN, Seen, over_rtsp
from onframe.camera.findings import Finding as Finding

WAIT = 8.0
"""Seconds that packets, documents and rules are waited for."""


async def diagnose(
    camera: Camera,
    channel: int = 1,
    stream: int = 1,
    *,
    types: Collection[str] | None = None,
    wait: float = WAIT,
    listen: float = LISTEN,
    try_writing: bool = False,
    seen: Seen | None = None,
) -> AsyncIterator[Finding]:
    """Findings in the order in which a metadata document comes to be; ends early where nothing can follow.

    Names: HTTP port, RTSP port, TLS (where it is on), login, activation (where it lacks), firmware, device capability,
    metadata capability, types enabled, rights, track, transport, packets, documents, clock, coordinates, rules.
    ``types`` are those that must be enabled (None: all that the channel has). ``wait`` seconds are waited for the
    stream, and for documents and rules; losses are counted over ``listen``. Never raises an OnframeError; nothing on
    the device is changed, but for a subscription that ends by itself; ``try_writing`` writes the configuration back as
    it was read.
    """
    seen = Seen() if seen is None else seen
    http = await port(camera, "HTTP port", camera.http_port, "--http-port")
    yield http
    rtsp = await port(camera, "RTSP port", camera.rtsp_port, "--rtsp-port")
    yield rtsp
    if camera.tls is not None and (http.ok or rtsp.ok):
        yield (secured := await tls(camera, http.ok))
        if not secured.ok:
            return
    said: list[Finding] = []
    if http.ok:
        async for finding in over_http(camera, channel, types, try_writing=try_writing):
            said.append(finding)
            yield finding
            if finding.name == "activation":  # a device without a password answers nothing over RTSP either
                return
    if not rtsp.ok or camera.login.refused is not None:
        return
    async for finding in over_rtsp(camera, channel, stream, wait, listen, seen, login_is_known=camera.login.accepted):
        if finding not in said:  # a login that HTTP could not give either
            yield finding
