"""One verdict on one pair of credentials, shared by HTTP and RTSP and by all callers (R-018).

Devices lock accounts after a few wrong passwords. Until these credentials have been accepted once, only one
request that carries them is on the wire at a time, and the first refusal is final for everybody.

A device that is locked by somebody else's wrong passwords refuses ours too. Credentials that it had accepted are
therefore not given up: they are not sent until the lock is over, and then once, like new ones.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from onframe.camera.attempts import COOL_DOWN, Attempts, pause_after
from onframe.camera.state import Lock
from onframe.errors import AuthenticationError
from onframe.wire.digest import DigestClient

log = logging.getLogger("onframe.camera")

_HINT = "check user name and password; nothing is sent again, because devices lock accounts after a few wrong ones"
_REMEMBERED = (
    "devices lock accounts after a few wrong passwords: give another password, wait, or forget the refusal with "
    "'onframe doctor --forget-login {host}' (in a program: remember_logins=False)"
)
_HELD = "if the password was changed, start again with the new one; else the account is locked, and that passes"


class _Held(NamedTuple):
    """Credentials that were good, and are not sent until then (by the login's clock)."""

    error: AuthenticationError
    until: float


class Login:
    """The credentials for one host and what the host said to them.

    ``password`` may be a callable, called once when first needed. ``algorithms`` lists the digests to accept,
    strongest first; ``allow_basic`` lets the password be sent readably where the device asks for it. ``attempts``
    remembers refusals across processes: what was refused lately is refused here, before anything is sent.
    ``cool_down`` is how many seconds credentials that were accepted once and then refused are not sent, at least.
    """

    def __init__(
        self,
        username: str,
        password: str | Callable[[], str] | None,
        *,
        host: str,
        allow_basic: bool = False,
        algorithms: Sequence[str] | None = None,
        attempts: Attempts | None = None,
        cool_down: float = COOL_DOWN,
    ) -> None:
        self.username, self.host, self.cool_down = username, host, cool_down
        self.accepted = False
        self._was_accepted = False
        self._final: AuthenticationError | None = None
        self._held: _Held | None = None
        self._password = password
        self._allow_basic, self._algorithms = allow_basic, algorithms
        self._attempts = attempts
        self._lock: Lock | None = None
        self._clients: dict[str, DigestClient] = {}
        self._trial: asyncio.Task[object] | None = None
        self._waiting: list[asyncio.Future[None]] = []

    def __repr__(self) -> str:
        return f"Login({self.username!r}, host={self.host!r}, accepted={self.accepted})"

    @property
    def refused(self) -> AuthenticationError | None:
        """The refusal in force; its ``retry_after`` is None where it is final."""
        if self._final is not None:
            return AuthenticationError(self._final.message, hint=self._final.hint)
        if self._held is None:
            return None
        left = self._held.until - time.monotonic()
        if left <= 0:
            self._held = None
            return None
        return AuthenticationError(self._held.error.message, hint=self._held.error.hint, retry_after=left)

    def check(self) -> None:
        """Raises the AuthenticationError that is in force, if any: nothing need be sent then."""
        if (refused := self.refused) is not None:
            raise refused

    def client(self, protocol: Literal["http", "rtsp"]) -> DigestClient:
        """The digest of one protocol: nonces of the two are kept apart."""
        if protocol not in self._clients:
            known = {} if self._algorithms is None else {"algorithms": self._algorithms}
            self._clients[protocol] = DigestClient(
                self.username, self._secret(), allow_basic=self._allow_basic, **known
            )
        return self._clients[protocol]

    async def permit(self) -> None:
        """Wait until a request may carry the credentials. Raises AuthenticationError while they are refused.

        Returns at once when they have been accepted. Before that the caller's task has the trial until it calls
        accept, refuse or release, or ends.
        """
        task = asyncio.current_task()
        while not self.accepted:
            self.check()
            if self._password is None:
                raise self.refuse("it asks for a password, and none was given", remember=False)
            if self._trial is None:
                self._begin(task)
                await self._look_back()
            if self._trial is task:
                return
            await self._change()

    def accept(self) -> None:
        """A request with the credentials was answered with anything but 401."""
        if self.refused is None:
            if not self.accepted and self._attempts is not None:
                self._attempts.forget(self.host, self.username, self._secret())
            self.accepted = self._was_accepted = True
        self._end()

    def refuse(
        self, message: str, *, hint: str | None = None, remember: bool = True, locked_for: float = 0.0
    ) -> AuthenticationError:
        """The verdict: returns the error to raise; all who wait raise the same.

        It is final, unless these credentials were accepted before: then it holds until the lock must be over.
        ``remember`` keeps it for other processes; ``locked_for`` is the lock that the device tells, in seconds.
        """
        if self.refused is None:
            self.accepted = False
            if remember and self._attempts is not None:
                self._attempts.record(self.host, self.username, self._secret(), locked_for=locked_for)
            text = f"{self.host} refused the user {self.username!r}: {message}"
            if self._was_accepted:
                self._hold(text, pause_after(locked_for, self.cool_down))
            else:
                self._final = AuthenticationError(text, hint=hint or _HINT)
        self._end()
        refused = self.refused
        assert refused is not None
        return refused

    def _hold(self, text: str, seconds: float) -> None:
        """Send nothing for so long; then begin without a challenge, so that an old nonce spoils no trial."""
        over = (datetime.now(UTC) + timedelta(seconds=seconds)).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
        text = f"{text}; it had accepted them, so they are sent again, but not before {over}"
        self._held = _Held(AuthenticationError(text, hint=_HELD), time.monotonic() + seconds)
        self._clients.clear()
        log.warning("%s", text)

    def release(self) -> None:
        """The caller's trial ended without a verdict, the connection being lost; the next may try."""
        if self._trial is asyncio.current_task():
            self._end()

    async def _look_back(self) -> None:
        """Wait for other processes that try the same, and learn what they were told."""
        if self._attempts is None:
            return
        try:
            self._lock = await self._attempts.trial(self.host, self.username)
            found = self._attempts.refusal(self.host, self.username, self._secret())
        except BaseException:
            self._end()
            raise
        if found is not None:
            if self._was_accepted:
                self._hold(f"{self.host} refused the user {self.username!r}", self._attempts.left(found))
                self._end()
                self.check()
            text = f"this password was refused before, and is not sent again until {found.over}"
            raise self.refuse(text, hint=_REMEMBERED.format(host=self.host), remember=False)

    def _secret(self) -> str:
        if callable(self._password):
            self._password = self._password()
        return self._password or ""

    def _begin(self, task: asyncio.Task[object] | None) -> None:
        assert task is not None
        self._trial = task
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[object]) -> None:
        if self._trial is task:
            self._end()

    def _end(self) -> None:
        if self._trial is not None:
            self._trial.remove_done_callback(self._ended)
        self._trial = None
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def _change(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future
