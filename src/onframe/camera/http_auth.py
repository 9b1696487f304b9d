"""Our digest as an httpx2 `Auth`: signs requests to one device, and knows when to stop (R-018).

A first non-stale 401 to credentials that were never accepted is final. Afterwards a fresh nonce is worth one
more try, a stale one several. What the device says about a locked account stops everything.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncGenerator

import httpx2

from onframe.camera.login import Login
from onframe.errors import AuthenticationError, LimitExceeded, ProtocolError
from onframe.wire.digest import ChallengeKind

_STALE_TRIES = 3
_LOCKED = "the account is locked"
_LOCK_FIELD = re.compile(
    rb"""["<](lockStatus|unlockTime|retryLoginTime|retryTimes|resLockTime)"?\s*[>:]\s*"?([\w.+-]{1,40})"""
)


class DigestAuth(httpx2.Auth):
    """Signs the requests of one `Login` over HTTP. Bodies must be bytes; one request at a time."""

    requires_request_body = True

    def __init__(self, login: Login) -> None:
        self._login = login

    async def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """Raises AuthenticationError when the verdict on the credentials is final."""
        await request.aread()
        attempt = _Attempt(self._login)
        try:
            if self._login.refused is not None:
                await self._login.permit()  # raises: nothing more is sent
            if self._login.accepted and self._login.client("http").has_challenge:
                await attempt.sign(request)
            while True:
                response = yield request
                if response.status_code != 401:
                    await attempt.settle(response)
                    return
                await response.aread()
                attempt.judge(response)
                await attempt.sign(request)
        finally:
            self._login.release()


class _Attempt:
    """One request's way through challenges."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._signed = False
        self._stale = 0
        self._fresh = 0

    async def sign(self, request: httpx2.Request) -> None:
        await self._login.permit()
        uri = request.url.raw_path.decode("ascii")
        value = self._login.client("http").authorize(
            request.method, uri, cnonce=secrets.token_hex(8), body=request.content
        )
        headers = [pair for pair in request.headers.raw if pair[0].lower() != b"authorization"]
        if value is not None:
            headers.append((b"Authorization", value.encode("utf-8", "surrogateescape")))
        request.headers = httpx2.Headers(headers)
        self._signed = True

    async def settle(self, response: httpx2.Response) -> None:
        """Anything but 401: the credentials are good, unless the account is locked, or the device failed before."""
        if response.status_code == 403:
            await response.aread()
            if (locked := lock_state(response.content)) and _LOCKED in locked:
                raise self._refusal(response, locked)
        if self._signed and response.status_code < 500:
            self._login.accept()

    def judge(self, response: httpx2.Response) -> None:
        """Take the challenge of a 401; return where the request may be signed (again), else raise."""
        locked = lock_state(response.content)
        if locked and _LOCKED in locked:
            raise self._refusal(response, locked)
        kind = self._take(response)
        if not self._signed:
            return
        if kind is ChallengeKind.STALE:
            self._stale += 1
            if self._stale > _STALE_TRIES:
                raise self._login.refuse(f"it calls {self._stale} nonces in a row stale", remember=False)
        elif self._login.accepted and kind is ChallengeKind.FRESH and not self._fresh:
            self._fresh += 1
        else:
            raise self._refusal(response, locked)

    def _take(self, response: httpx2.Response) -> ChallengeKind:
        try:
            return self._login.client("http").receive_challenge(_challenges(response))
        except (ProtocolError, LimitExceeded) as error:
            if not self._signed:
                raise
            raise self._login.refuse(f"HTTP 401, and {error}", hint=error.hint) from None

    def _refusal(self, response: httpx2.Response, locked: str | None) -> AuthenticationError:
        text = f"HTTP {response.status_code}, wrong user name or password" if self._signed else "before any try"
        if locked:
            hint, seconds = "wait until the device unlocks it", lock_seconds(response.content)
            return self._login.refuse(f"{text}; the device says: {locked}", hint=hint, locked_for=seconds)
        return self._login.refuse(text)


def lock_state(body: bytes) -> str | None:
    """What a body says about a locked account, as text; None where it says nothing.

    Read by field names (lockStatus, unlockTime, retryLoginTime, retryTimes, resLockTime) in XML and JSON alike.
    """
    fields = {name.decode(): value.decode() for name, value in _LOCK_FIELD.findall(body[:65536])}
    if not fields:
        return None
    status = fields.pop("lockStatus", "").lower()
    words = [_LOCKED] if status in ("lock", "locked", "true", "1") else []
    words += [f"{_WORDS[name]} {value}" for name, value in fields.items()]
    return ", ".join(words) or None


def lock_seconds(body: bytes) -> float:
    """For how many seconds a body says that the account is locked; 0 where it does not say."""
    fields = {name: value for name, value in _LOCK_FIELD.findall(body[:65536])}
    values = [fields.get(name, b"") for name in (b"unlockTime", b"resLockTime")]
    return max((float(value) for value in values if value.isdigit() and len(value) < 10), default=0.0)


_WORDS = {
    "unlockTime": "seconds until it is unlocked:",
    "resLockTime": "seconds until it is unlocked:",
    "retryLoginTime": "tries left:",
    "retryTimes": "tries left:",
}


def _challenges(response: httpx2.Response) -> list[str]:
    wanted = (value for name, value in response.headers.raw if name.lower() == b"www-authenticate")
    return [value.decode("utf-8", "surrogateescape") for value in wanted]
