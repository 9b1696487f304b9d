"""Small files that outlive a process: private to the user, replaced whole, and never a reason to stop."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

log = logging.getLogger("onframe.camera")

MAX_SIZE = 1024 * 1024
"""Longest file that is read, in bytes."""

_warned: set[Path] = set()


def state_directory() -> Path:
    """$XDG_STATE_HOME/onframe, else ~/.local/state/onframe."""
    base = os.environ.get("XDG_STATE_HOME", "")
    root = Path(base) if base and Path(base).is_absolute() else Path("~/.local/state").expanduser()
    return root / "onframe"


def read(path: Path) -> bytes | None:
    """What the file holds; None where there is none. Raises OSError for one that cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SIZE + 1)
    except FileNotFoundError:
        return None
    if len(data) > MAX_SIZE:
        raise OSError(f"it is longer than {MAX_SIZE} bytes")
    return data


def write(path: Path, data: bytes, *, replace: bool = True) -> None:
    """Replace the file at once, readable by this user alone; without ``replace`` one that is there stays.

    Raises OSError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # made with mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.replace(name, path)
        else:
            with contextlib.suppress(FileExistsError):
                os.link(name, path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name)


def warn_once(path: Path, text: str, *arguments: object) -> None:
    """A warning that is given once per process and file."""
    if path not in _warned:
        _warned.add(path)
        log.warning(text, *arguments)


class Lock:
    """A lock between processes; the system lifts it when its holder ends, however it ends."""

    def __init__(self, path: Path) -> None:
        """Raises OSError where the file cannot be made."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor: int | None = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)

    def acquire(self) -> bool:
        """Take it if nobody else has it; never waits."""
        if self._descriptor is None:
            return False
        try:
            if sys.platform == "win32":
                msvcrt.locking(self._descriptor, msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def release(self) -> None:
        """Let go of it; may be called again."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
