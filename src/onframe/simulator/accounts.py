"""Who may log in to the simulated camera, how it asks for it, and when it locks (R-013 to R-019)."""

from __future__ import annotations

import base64
import math
import secrets
import time
from collections.abc import Callable
from typing import Literal, TypeAlias

from onframe.simulator.quirks import Quirks
from onframe.wire.challenge import parse_credentials
from onframe.wire.digest import DigestServer, Verdict

Protocol: TypeAlias = Literal["http", "rtsp"]

LOCK_SECONDS = 1800.0
"""How long cameras were seen to lock."""

_DIGESTS = {"sha256": ("SHA-256",), "sha256_noqop": ("SHA-256",), "md5+sha256": ("MD5", "SHA-256"), "basic": ()}
"""The digests of each way to log in; of all others MD5 alone."""


class Accounts:
    """Judges credentials over both protocols. ``lockout`` None never locks; a lock lasts ``lock_seconds``."""

    def __init__(
        self,
        realm: str,
        password_of: Callable[[str], str | None],
        quirks: Quirks,
        *,
        nonce_uses: int | None = None,
        strict_nc: bool = False,
    ) -> None:
        self.lockout = quirks.lockout or None
        self.lock_seconds = LOCK_SECONDS
        self.failures = 0
        self._locked_until: float | None = None
        self._quirks = quirks
        http_qop = not quirks.auth.endswith("noqop")
        self._digests: dict[Protocol, DigestServer] = {
            "http": self._digest(realm, password_of, http_qop, nonce_uses or quirks.nonce_uses, strict_nc),
            "rtsp": self._digest(realm, password_of, quirks.auth == "md5_qop", quirks.nonce_uses, False),
        }

    def judge(
        self, protocol: Protocol, method: str, uri: str, authorization: str | None, body: bytes
    ) -> tuple[list[str] | None, bool]:
        """The challenges of a 401 (None: the request may be answered), and whether credentials were refused."""
        if self._quirks.auth == "none":
            return None, False
        digest = self._digests[protocol]
        verdict = digest.verify(method, uri, authorization, body=body)
        if self.locked_for() > 0:
            return self._challenges(protocol, uri, stale=False), False
        if verdict is Verdict.ACCEPTED:
            self.failures = 0
            return None, False
        if verdict is Verdict.REFUSED:
            self._fail()
        stale = verdict is Verdict.STALE and self._quirks.nonce_stale
        return self._challenges(protocol, uri, stale=stale), verdict is Verdict.REFUSED

    def expire_nonces(self) -> None:
        """No nonce given out so far holds any more."""
        for digest in self._digests.values():
            digest.forget()

    def locked_for(self) -> float:
        """Seconds until the lock ends; 0 without one."""
        return max(0.0, (self._locked_until or 0.0) - time.monotonic())

    def lock_fields(self) -> dict[str, str]:
        """What a 401 says about the lock: nothing where the device never locks."""
        if (seconds := math.ceil(self.locked_for())) > 0:
            return {"lockStatus": "lock", "unlockTime": str(seconds)}
        if self.lockout is None or not self.failures:
            return {}
        return {"lockStatus": "unlock", "retryLoginTime": str(self.lockout - self.failures)}

    @staticmethod
    def username_of(authorization: str | None) -> str | None:
        """The user whom credentials name, not verified; None where they name nobody."""
        section = parse_credentials(authorization or "")
        if section is None:
            return None
        if section.scheme != "basic":
            return section.parameters.get("username")
        try:
            return base64.b64decode((authorization or "").split(None, 1)[1]).decode("utf-8").partition(":")[0]
        except (IndexError, ValueError):
            return None

    def _fail(self) -> None:
        self.failures += 1
        if self.lockout is not None and self.failures >= self.lockout:
            self._locked_until = time.monotonic() + self.lock_seconds
            self.failures = 0

    def _challenges(self, protocol: Protocol, uri: str, *, stale: bool) -> list[str]:
        nonce = secrets.token_hex(16)
        if self._quirks.digest_form == "media_server":
            nonce = (
                f"{secrets.randbelow(10**9):09d}" if protocol == "rtsp" else f"{nonce}:{time.time_ns() // 1_000_000}"
            )
        values = self._digests[protocol].challenges(nonce, stale=stale, request_uri=uri)
        if self._quirks.digest_form == "media_server" and protocol == "rtsp" and not stale:
            values = [value.removesuffix(', stale="FALSE"') for value in values]
        return [", ".join(values)] if self._quirks.challenge_lines == "folded" else values

    def _digest(
        self, realm: str, password_of: Callable[[str], str | None], qop: bool, nonce_uses: int | None, strict_nc: bool
    ) -> DigestServer:
        quirks = self._quirks
        server = quirks.digest_form == "media_server"
        return DigestServer(
            realm,
            password_of,
            algorithms=_DIGESTS.get(quirks.auth, ("MD5",)),
            basic=quirks.auth in ("basic", "digest+basic"),
            qop=("auth",) if qop else False,
            nonce_uses=nonce_uses or None,
            strict_nc=strict_nc,
            domain="::" if server and qop else None,
            opaque="" if server and qop else None,
            name_md5=server,
            strict_uri=quirks.uri_strict,
            nonce_per_url=quirks.nonce_per_url,
        )
