"""What the doctor says: one line, its cause and its remedy."""

from __future__ import annotations

import msgspec

from onframe.errors import (
    AuthenticationError,
    CertificateError,
    ConnectionLost,
    OnframeError,
    RemoteProtocolError,
    StatusError,
)


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at: ok, or its cause in ``detail`` and one sentence that says what to do.

    With ``ok`` and a ``remedy`` it is a note: metadata flows, and something is better changed all the same.
    """

    name: str
    ok: bool
    detail: str
    remedy: str | None = None

    @property
    def level(self) -> str:
        """ "ok", "note" or "fail"."""
        if not self.ok:
            return "fail"
        return "note" if self.remedy else "ok"


def failed(name: str, error: OnframeError, remedy: str) -> Finding:
    """A step that ended with this error; its own hint is better than the general ``remedy``."""
    if isinstance(error, StatusError | ConnectionLost | CertificateError) and error.hint:
        remedy = error.hint
    return Finding(name, False, str(error), remedy)


def unanswerable(error: OnframeError) -> Finding | None:
    """The device asks for a login that is not to be given: Basic alone, or a digest that is not allowed."""
    if not (isinstance(error, RemoteProtocolError) and error.reason == "login"):
        return None
    remedy = error.hint or "set the device to Digest"
    if "Basic alone, which" in error.message:
        remedy = "set the device to Digest, or let the password be sent readably with --allow-basic, best over TLS"
    return Finding("login", False, str(error), remedy)


def refused(error: AuthenticationError) -> Finding:
    """The login was refused."""
    return Finding("login", False, error.message, error.hint)
