"""The pins of devices that were looked at and confirmed: trust on first use, kept in one small file."""

from __future__ import annotations

import json
from pathlib import Path

from onframe.camera.certificate import fingerprint
from onframe.camera.state import read, state_directory, warn_once, write


class Pins:
    """Fingerprints by host and port in ``path``, by default pins.json in the state directory.

    A file that cannot be read counts as empty, with a warning: connections that need a pin then say so.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or state_directory() / "pins.json"

    def load(self, host: str, port: int | None = None) -> str | None:
        """The pin for this host and port, else the one for the host alone; None where none is kept."""
        pins = self._all()
        return pins.get(_key(host, port)) or pins.get(_key(host, None))

    def save(self, host: str, port: int | None, sha256: str) -> None:
        """Keep a pin; with ``port`` None it holds for every port of the host. Raises OSError, ValueError."""
        self._write(self._all() | {_key(host, port): fingerprint(sha256)})

    def forget(self, host: str, port: int | None = None) -> bool:
        """Drop a pin; True where there was one. Raises OSError."""
        pins = self._all()
        found = pins.pop(_key(host, port), None)
        if found is not None:
            self._write(pins)
        return found is not None

    def _all(self) -> dict[str, str]:
        try:
            pins = json.loads(read(self.path) or b"{}")
            return {str(key): fingerprint(value) for key, value in pins.items()}
        except (OSError, ValueError, AttributeError, TypeError, RecursionError) as error:
            warn_once(self.path, "the pins in %s cannot be read: %s", self.path, error)
            return {}

    def _write(self, pins: dict[str, str]) -> None:
        write(self.path, json.dumps(pins, indent=1, sort_keys=True).encode() + b"\n")


def _key(host: str, port: int | None) -> str:
    name = host.strip("[]").lower().rstrip(".")
    return name if port is None else f"{name}|{port}"
