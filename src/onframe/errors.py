"""Every error that Onframe raises on purpose.

    OnframeError
    ├── ProtocolError            rules of RTSP, SDP, RTP or HTTP were broken
    │   ├── LocalProtocolError   … by the caller
    │   └── RemoteProtocolError  … by the peer
    ├── DecodeError              a document does not fit
    ├── StatusError              the device answered, and the answer is no
    ├── AuthenticationError      refused with the credentials given
    ├── CertificateError         the device did not prove over TLS who it is
    ├── UnsupportedError         the device has no metadata, no subscription, no such type
    ├── ConnectionLost           closed, timed out, keep-alive unanswered
    └── LimitExceeded            a bound was hit

Any other exception that leaves ``parse`` or ``decode`` is a bug.
"""

from __future__ import annotations


class OnframeError(Exception):
    """Root of the tree. ``hint`` says what to do next, where that is known."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class ProtocolError(OnframeError):
    """Rules of RTSP, SDP, RTP or HTTP were broken.

    ``offset`` is the byte (from the start of the connection or the input) at which the
    fault was seen, ``excerpt`` a printable piece of what stood there.
    """

    def __init__(
        self, message: str, *, offset: int | None = None, excerpt: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.offset = offset
        self.excerpt = excerpt

    def __str__(self) -> str:
        text = self.message
        if self.offset is not None:
            text += f" (byte {self.offset})"
        if self.excerpt:
            text += f": {self.excerpt}"
        return text


class LocalProtocolError(ProtocolError):
    """The caller broke a rule: a programming error on our side of the wire."""


class RemoteProtocolError(ProtocolError):
    """The peer broke a rule. ``reason`` names it for counters, where it is counted by reasons."""

    reason: str = ""


class DecodeError(OnframeError):
    """A document does not fit.

    ``path`` is where in the document ("TargetList[0].targetID"), ``offset`` the byte in the
    payload, ``excerpt`` a printable piece of it, ``format`` "xml" or "json"; each is None where it is not known.
    ``forbidden`` where it has what no document may have, such as a document type declaration.
    """

    format: str | None = None
    forbidden: bool = False

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        offset: int | None = None,
        excerpt: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.path = path
        self.offset = offset
        self.excerpt = excerpt

    def __str__(self) -> str:
        text = self.message
        if self.path:
            text += f" at {self.path}"
        if self.offset is not None:
            text += f" (byte {self.offset})"
        if self.excerpt:
            text += f": {self.excerpt}"
        return text


class StatusError(OnframeError):
    """The device answered, and the answer is no (B.5, B.18, Appendix C).

    ``status_code`` is the device's statusCode, ``sub_status_code`` its name for the reason,
    ``error_code`` the number of Appendix C, ``meaning`` our sentence for it, ``request``
    the request that was refused, ``http_status`` the HTTP or RTSP status of the answer, ``retry_after``
    the seconds after which the device wants to be asked again.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int | None = None,
        sub_status_code: str | None = None,
        error_code: int | None = None,
        meaning: str | None = None,
        request: str | None = None,
        http_status: int | None = None,
        retry_after: float | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status_code = status_code
        self.sub_status_code = sub_status_code
        self.error_code = error_code
        self.meaning = meaning
        self.request = request
        self.http_status = http_status
        self.retry_after = retry_after


class AuthenticationError(OnframeError):
    """Refused with the credentials given; never retried by itself, because devices lock accounts.

    ``retry_after`` is None where that is final. Where the device had accepted them before, it is the seconds until
    they are sent again: an account may be locked by somebody else's wrong passwords.
    """

    def __init__(self, message: str, *, hint: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class CertificateError(OnframeError):
    """The device did not prove over TLS who it is; never retried by itself, because only a person can confirm it.

    ``cause`` is "expired", "not_yet_valid", "wrong_name", "self_signed", "unknown_issuer", "pin_changed", "no_pin",
    "old_protocol", "weak_key" or "invalid"; ``sha256`` the fingerprint of what was shown, where it is known.
    """

    def __init__(self, message: str, *, cause: str, sha256: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.cause = cause
        self.sha256 = sha256


class UnsupportedError(OnframeError):
    """The device has no metadata, no subscription or no such type."""


class ConnectionLost(OnframeError):
    """Closed, timed out, or the keep-alive went unanswered. Chains the OSError where there is one."""


class LimitExceeded(OnframeError):
    """A bound was hit. ``limit`` names it, ``maximum`` is its value, ``format`` that of the document, where known."""

    format: str | None = None

    def __init__(self, message: str, *, limit: str, maximum: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.limit = limit
        self.maximum = maximum
