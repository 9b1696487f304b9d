"""A support bundle: what somebody needs who is to find out why a camera gives no metadata, and nothing private.

Everything passes the Redactor; the archive says in its README what was left out and what was asked for.
"""

from __future__ import annotations

import platform
import sys
import zipfile
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec

from onframe.camera.camera import Camera
from onframe.camera.checks_rtsp import Seen
from onframe.camera.findings import Finding
from onframe.camera.location import session_url
from onframe.camera.login import Login
from onframe.camera.redaction import SECRETS, Redactor, Secret
from onframe.camera.rtsp import RTSPClient
from onframe.errors import DecodeError, OnframeError
from onframe.isapi import resources
from onframe.isapi.resources import DEVICE_INFO, Request
from onframe.isapi.xml import parse_tree
from onframe.record import Record
from onframe.wire.rtsp import Request as RTSPRequest
from onframe.wire.rtsp import Response

_DOCUMENTS = 8
_MAX_SDP_LINE = 400
_LIBRARIES = ("msgspec", "httpx2", "cyclopts", "rich")
_HEADERS = frozenset(
    {
        *("cseq", "public", "content-type", "content-length", "content-base", "transport", "rtp-info", "range"),
        *("session", "date", "server", "retry-after", "unsupported", "allow", "cache-control"),
    }
)
_README = """A support bundle of Onframe {version}, made {when}.

It holds what the doctor found, versions, the settings of the connection, the RTSP conversation, capability documents,
counters, and a few documents. Credentials are never in it. Left out or replaced: {left_out}.
{included}
"""


async def write_bundle(
    path: Path,
    camera: Camera,
    channel: int,
    stream: int,
    findings: Sequence[Finding],
    seen: Seen,
    *,
    include: Collection[Secret] = (),
) -> None:
    """Write the archive; asks the device for its capabilities and one conversation over RTSP more.

    ``include`` lets through what is named (`redaction.SECRETS`). Raises OSError where ``path`` cannot be written.
    """
    redactor = Redactor({camera.host: "CAMERA", camera.name: "CAMERA", camera.username: "USER"}, include)
    files = {
        "README.txt": _readme(include),
        "findings.json": _json([_finding(finding, redactor) for finding in findings]),
        "versions.json": _json(_versions()),
        "settings.json": _json(_settings(camera, channel, stream)),
        "session.json": _json(_session(seen)),
    }
    if camera.login.refused is None:
        files |= await _answers(camera, channel, redactor)
        files |= await _conversation(camera, channel, stream, redactor)
    files |= _documents(seen.kept, redactor)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text.encode("utf-8", "backslashreplace"))


def _readme(include: Collection[Secret]) -> str:
    left_out = ", ".join(secret for secret in SECRETS if secret not in include) or "nothing else"
    included = f"Let through because it was asked for: {', '.join(sorted(include))}.\n" if include else ""
    when = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    return _README.format(version=version("onframe"), when=when, left_out=left_out, included=included)


def _finding(finding: Finding, redactor: Redactor) -> dict[str, Any]:
    remedy = redactor.text(finding.remedy) if finding.remedy else None
    return {"name": finding.name, "level": finding.level, "detail": redactor.text(finding.detail), "remedy": remedy}


def _versions() -> dict[str, str]:
    found = {"onframe": version("onframe"), "python": sys.version.split()[0], "system": platform.system()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found | {"release": platform.release().split("-")[0], "machine": platform.machine()}


def _settings(camera: Camera, channel: int, stream: int) -> dict[str, Any]:
    return {
        "channel": channel,
        "stream": stream,
        "http_port": camera.http_port,
        "rtsp_port": camera.rtsp_port,
        "tls": None if camera.tls is None else camera.tls.mode,
        "transport": camera.transport,
        "timeout": camera.timeout,
        "strict": camera.strict,
        "coordinates": msgspec.to_builtins(camera.coordinates),
        "fallbacks": camera.inquiry.fallbacks,
    }


def _session(seen: Seen) -> dict[str, Any]:
    """Counters and times, all of them ours."""
    status = seen.status
    return {
        "state": None if status is None else status.state,
        "transport": None if status is None else status.transport,
        "counters": {} if status is None else status.counters,
        "jitter": None if status is None else status.jitter,
        "last_document_age": None if status is None else status.last_document_age,
        "clock": {"grades": dict(seen.grades), "offsets": [round(offset, 6) for offset in seen.offsets[:200]]},
        "extent": seen.extent,
        "undecodable": None
        if seen.undecodable is None
        else {"kind": seen.undecodable.error, "size": len(seen.undecodable.raw), "offset": seen.undecodable.offset},
    }


def _json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=1).decode()


# -- what the device answers -------------------------------------------------------------------


async def _answers(camera: Camera, channel: int, redactor: Redactor) -> dict[str, str]:
    requests: dict[str, Request] = {
        "device-info": DEVICE_INFO.request(),
        "device-capability": resources.DEVICE_CAPABILITY.request(),
        "metadata-capability": resources.METADATA_CAPABILITY.request(channel=channel),
        "metadata-configuration": resources.GET_METADATA.request(channel=channel),
    }
    files: dict[str, str] = {}
    for name, request in requests.items():
        try:
            files[f"http/{name}.xml"] = redactor.xml(parse_tree(await camera.inquiry.read(request)))
        except OnframeError as error:
            files[f"http/{name}.txt"] = redactor.text(f"{type(error).__name__}: {error}\n")
    return files


async def _conversation(camera: Camera, channel: int, stream: int, redactor: Redactor) -> dict[str, str]:
    """DESCRIBE and SETUP of the metadata track in a connection of its own, as headers; and the SDP."""
    lines: list[str] = []
    files: dict[str, str] = {}

    def take(request: RTSPRequest, response: Response) -> None:
        lines.extend(_exchange(request, response, redactor))
        if response.body and request.method == "DESCRIBE":
            files["rtsp/description.sdp"] = "".join(f"{line}\n" for line in _sdp(response.body, redactor))

    # without credentials first: what the device asks for is half of what there is to know
    for login in (Login(camera.username, None, host=camera.host), camera.login):
        try:
            await _converse(camera, login, channel, stream, take)
        except OnframeError as error:
            lines.append(redactor.text(f"{type(error).__name__}: {error}"))
    return files | {"rtsp/headers.txt": "".join(f"{line}\n" for line in lines)}


async def _converse(
    camera: Camera, login: Login, channel: int, stream: int, take: Callable[[RTSPRequest, Response], None]
) -> None:
    client = RTSPClient(
        camera.host,
        camera.rtsp_port,
        login,
        on_answer=take,
        timeout=camera.timeout,
        tls=camera.tls,
    )
    async with client:
        url = session_url(camera.host, camera.rtsp_port, channel, stream, secure=camera.tls is not None)
        description = await client.open(url)
        if (metadata := description.metadata_media()) is not None:
            await client.setup([metadata])


def _exchange(request: RTSPRequest, response: Response, redactor: Redactor) -> list[str]:
    lines = [
        redactor.text(f"> {request.method} {request.uri}"),
        f"< {response.status} {redactor.text(response.reason)}",
    ]
    for name, value in response.headers.items():
        if name.lower() == "www-authenticate":
            lines.append(f"<   {name}: {_challenge(value)}")
        elif name.lower() == "session":
            lines.append(f"<   {name}: [{len(value.partition(';')[0])} characters];{value.partition(';')[2][:40]}")
        elif name.lower() in _HEADERS:
            lines.append(redactor.text(f"<   {name}: {value[:500]}"))
        else:
            lines.append(f"<   {name[:40]!r}: [{len(value)} characters]")
    return lines


def _challenge(value: str) -> str:
    """The scheme and the names of its parameters; of values those alone that say how to answer."""
    scheme, _, rest = value.strip().partition(" ")
    parts = []
    for part in rest.split(","):
        name, _, given = part.strip().partition("=")
        kept = given if name.lower() in ("algorithm", "qop", "stale", "charset", "userhash") else ""
        parts.append(f"{name[:20]}={kept[:40]}" if kept else f"{name[:20]}=[{len(given)} characters]")
    return f"{scheme[:20]} {', '.join(parts)}"


def _sdp(body: bytes, redactor: Redactor) -> list[str]:
    """The description's lines; those about persons and origins are emptied."""
    lines = body.decode("utf-8", "replace").splitlines()
    return [
        redactor.text(line[:_MAX_SDP_LINE]) if line[:2] in ("v=", "c=", "t=", "a=", "m=", "b=") else line[:2]
        for line in lines
    ]


# -- documents ---------------------------------------------------------------------------------


def _documents(records: Sequence[Record], redactor: Redactor) -> dict[str, str]:
    return {
        f"documents/{number}.{record.format}": _document(record, redactor)
        for number, record in enumerate(records[:_DOCUMENTS], 1)
    }


def _document(record: Record, redactor: Redactor) -> str:
    try:
        if record.format == "xml":
            return redactor.xml(parse_tree(record.raw))
        return _json(redactor.json(msgspec.json.decode(record.raw)))
    except (OnframeError, DecodeError, msgspec.DecodeError, RecursionError) as error:
        return f"left out: it cannot be redacted ({type(error).__name__})\n"
