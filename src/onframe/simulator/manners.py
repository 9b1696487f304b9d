"""How devices write the headers of their RTSP answers, where they do otherwise than the guide (quirks)."""

from __future__ import annotations

import re
from email.utils import formatdate

from onframe.simulator.quirks import Quirks
from onframe.wire.rtsp import Request, Response
from onframe.wire.server_session import REASONS

_PADDING = " " * 7
_SSRC = re.compile(r"ssrc=([0-9a-f]{8});?")


def date(quirks: Quirks, now: float) -> str:
    """The Date header at ``now`` (seconds since 1970)."""
    text = formatdate(now, usegmt=True)
    if quirks.date_format == "rfc":
        return text
    weekday, day, month, rest = text.split(" ", 3)
    swapped = f"{weekday} {month} {day} {rest}"
    return f" {swapped}" if quirks.date_format == "padded" else swapped


def dress(response: Response, request: Request, quirks: Quirks, *, lives_elsewhere: bool) -> None:
    """Rewrites an answer. ``lives_elsewhere``: the session that was named belongs to another connection."""
    method, headers = request.method, response.headers
    if method == "TEARDOWN" and response.status == 454 and lives_elsewhere and quirks.teardown_elsewhere == "500":
        response.status, response.reason = 500, REASONS[500]
    if method == "GET_PARAMETER" and not quirks.keepalive_session:
        headers.remove("Session")
    if method == "SETUP" and response.ok and quirks.cseq_missing_in_setup_reply:
        headers.remove("CSeq")
    fields = headers.items()
    response.headers = type(headers)((name, _value(name, value, quirks)) for name, value in fields)


def _value(name: str, value: str, quirks: Quirks) -> str:
    if name == "Session" and quirks.session_padding:
        return _PADDING + value
    return _ssrc(value, quirks) if name == "Transport" else value


def _ssrc(transport: str, quirks: Quirks) -> str:
    """The SSRC with a blank for the zero that it begins with, without such zeros, or left out."""
    if quirks.ssrc == "absent":
        return _SSRC.sub("", transport).rstrip(";")
    if quirks.ssrc in ("space", "short"):
        form = "8x" if quirks.ssrc == "space" else "x"
        return _SSRC.sub(lambda found: f"ssrc={int(found[1], 16):{form}};", transport).rstrip(";")
    return transport
