"""What the statuses of RTSP mean for the caller (RFC 2326 section 11)."""

from __future__ import annotations

from onframe.errors import RemoteProtocolError, StatusError
from onframe.wire.rtsp import Request, Response

_MEANINGS = {
    404: ("there is no such channel or stream", "check channel and stream: 101 is the main stream of channel 1"),
    453: ("the device has no room for another viewer", "end another session, or take the sub-stream"),
    454: ("the device does not know the session any more", None),
    461: ("the device does not send RTP in this way here", "choose another transport: tcp, udp or multicast"),
    503: ("the device is busy", "wait until it is ready again, or end other sessions with it"),
}


def check(request: Request, response: Response) -> None:
    """Raises StatusError for a refusal, RemoteProtocolError for a redirection: none is followed."""
    if 300 <= response.status < 400:
        target = (response.headers.get("Location") or "?")[:200]
        raise RemoteProtocolError(
            f"the device redirects {request.method} to {target}, which is not followed",
            hint="connect to that address itself if you trust it",
        )
    if not response.ok:
        raise status_error(request, response)


def status_error(request: Request, response: Response) -> StatusError:
    """The refusal in words, with the seconds after which the device wants to be asked again."""
    meaning, hint = _MEANINGS.get(response.status, (response.reason[:100] or "the device refused", None))
    return StatusError(
        f"{request.method} was answered {response.status}: {meaning}",
        meaning=meaning,
        request=f"{request.method} {request.uri}",
        http_status=response.status,
        retry_after=_seconds(response.headers.get("Retry-After")),
        hint=hint,
    )


def _seconds(text: str | None) -> float | None:
    """Retry-After in seconds; a date is passed over, since clocks of devices are wrong."""
    text = (text or "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
