"""Refused logins, remembered across processes: devices lock accounts after a few, and restarts would go on trying.

One small file for each host and user, named by a keyed hash. What it says about a password is 32 bits of a slow, salted
hash: enough to know the same password again, too little to find it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from onframe.camera.state import Lock, read, state_directory, warn_once, write

COOL_DOWN: Final = 31 * 60.0
"""Seconds for which a refused password is not sent again; devices lock for 30 minutes."""
MAX_COOL_DOWN: Final = 24 * 3600.0
"""Longest lock of a device that is believed, in seconds."""
MARGIN: Final = 60.0
"""Seconds added to the lock that a device tells."""
TRIAL_WAIT: Final = 30.0
"""Longest time in seconds for which another process's trial of the same login is waited for."""

_POLL = 0.05
_KEPT = 8
_CHECK_BYTES = 4


class Refusal(msgspec.Struct, frozen=True):
    """One password that a device refused: times are seconds since 1970."""

    at: float
    until: float
    salt: bytes
    check: bytes

    @property
    def over(self) -> str:
        """When the password may be sent again, as people read it: local time."""
        return datetime.fromtimestamp(self.until, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


class Attempts:
    """Refused logins in ``directory``, by default "logins" in the state directory.

    Nothing here raises for a file that is broken or cannot be written: it warns once and goes on without memory.
    ``now`` is the clock, in seconds since 1970.
    """

    def __init__(self, directory: Path | None = None, *, now: Callable[[], float] = time.time) -> None:
        self.directory = directory or state_directory() / "logins"
        self._now = now
        self._key: bytes | None = None

    def refusal(self, host: str, username: str, password: str) -> Refusal | None:
        """The refusal of this very password, as long as it cools down; None where it may be sent."""
        now = self._now()
        alive = [one for one in self._load(host, username) if one.at - MARGIN <= now < one.until]
        return next((one for one in alive if hmac.compare_digest(one.check, _check(one.salt, password))), None)

    def left(self, refusal: Refusal) -> float:
        """Seconds until the password may be sent again."""
        return max(0.0, refusal.until - self._now())

    def record(self, host: str, username: str, password: str, *, locked_for: float = 0.0) -> None:
        """The device refused this password; it says that it locks the account for so many seconds."""
        now, salt = self._now(), secrets.token_bytes(16)
        cool_down = pause_after(locked_for)
        others = [one for one in self._others(host, username, password) if now < one.until]
        refusal = Refusal(now, now + cool_down, salt, _check(salt, password))
        self._save(host, username, [*others, refusal][-_KEPT:])

    def forget(self, host: str, username: str, password: str | None = None) -> bool:
        """Drop the refusal of this password, or of all for this host and user; True where there was one."""
        before = self._load(host, username)
        if not before:
            return False
        left = [] if password is None else self._others(host, username, password)
        if len(left) < len(before):
            self._save(host, username, left)
        return len(left) < len(before)

    async def trial(self, host: str, username: str) -> Lock | None:
        """Wait until no other process tries this login (at most TRIAL_WAIT seconds); release what is returned.

        None where locks are impossible or the wait was in vain: then the trial goes ahead all the same.
        """
        path = self._path(host, username, ".lock")
        if path is None:
            return None
        try:
            lock = Lock(path)
        except OSError as error:
            warn_once(self.directory, "refused logins cannot be remembered in %s: %s", self.directory, error)
            return None
        taken = False
        try:
            taken = await _taken(lock)
        finally:
            if not taken:
                lock.release()
        return lock if taken else None

    # -- files ---------------------------------------------------------------------------------

    def _others(self, host: str, username: str, password: str) -> list[Refusal]:
        return [one for one in self._load(host, username) if one.check != _check(one.salt, password)]

    def _load(self, host: str, username: str) -> list[Refusal]:
        path = self._path(host, username, ".json")
        if path is None:
            return []
        try:
            data = read(path)
            return [] if data is None else msgspec.json.decode(data, type=list[Refusal])
        except (OSError, ValueError, RecursionError) as error:
            warn_once(path, "the refused logins in %s cannot be read, and count as none: %s", path, error)
            return []

    def _save(self, host: str, username: str, refusals: list[Refusal]) -> None:
        path = self._path(host, username, ".json")
        if path is None:
            return
        try:
            if refusals:
                write(path, msgspec.json.encode(refusals))
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            warn_once(self.directory, "refused logins cannot be remembered in %s: %s", self.directory, error)

    def _path(self, host: str, username: str, ending: str) -> Path | None:
        key = self._secret()
        if key is None:
            return None
        name = f"{host.strip('[]').lower()}\0{username}".encode("utf-8", "surrogateescape")
        return self.directory / (hmac.new(key, name, "sha256").hexdigest()[:32] + ending)

    def _secret(self) -> bytes | None:
        """The key of the names, made on first use; None where there is no place for it."""
        if self._key is None:
            path = self.directory / "key"
            try:
                self._key = _made_once(path)
            except OSError as error:
                warn_once(self.directory, "refused logins cannot be remembered in %s: %s", self.directory, error)
        return self._key


def pause_after(locked_for: float, least: float = COOL_DOWN) -> float:
    """For how many seconds a refused password is not sent: ``least``, and longer than the lock that a device tells."""
    return max(least, min(locked_for, MAX_COOL_DOWN) + MARGIN) if locked_for > 0 else least


def _made_once(path: Path) -> bytes:
    """The key in the file. Of two processes that make it at once, one wins; both read what it wrote."""
    key = read(path)
    if key is None or len(key) < 16:
        write(path, secrets.token_bytes(32), replace=key is not None)
        key = read(path)
    return key or b""


def _check(salt: bytes, password: str) -> bytes:
    octets = password.encode("utf-8", "surrogateescape")
    return hashlib.scrypt(octets, salt=salt, n=2**13, r=8, p=1, dklen=_CHECK_BYTES)


async def _taken(lock: Lock) -> bool:
    deadline = asyncio.get_running_loop().time() + TRIAL_WAIT
    while not lock.acquire():
        if asyncio.get_running_loop().time() >= deadline:
            return False
        await asyncio.sleep(_POLL)
    return True
