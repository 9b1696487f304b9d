"""What a device says of its firmware, read strictly, and which firmware is known to be dangerous.

A device's strings are hostile until proven otherwise: numbers are taken out and written anew, nothing is echoed.
"""

from __future__ import annotations

import re

import msgspec

from onframe.camera.findings import Finding
from onframe.errors import DecodeError, LimitExceeded
from onframe.isapi.resources import Resource
from onframe.isapi.xml import Element, parse_tree

DEVICE_INFO = Resource("device_info", "", "GET", "/ISAPI/System/deviceInfo", "")
"""Not of the guide: devices answer it with model, firmware and serial number."""
AS_OF = "November 2026"
"""The month of `ADVISORIES`."""

Version = tuple[int, int, int]
_VERSION = re.compile(r"[Vv]?([0-9]{1,2})\.([0-9]{1,3})\.([0-9]{1,3})(?![0-9])")
_BUILD = re.compile(r"(?:build\s*)?([0-9]{6})(?![0-9])", re.IGNORECASE)
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ()/_.-]{0,47}")


class Firmware(msgspec.Struct, frozen=True):
    """What could be read of it. ``build`` is a date, yymmdd; ``model`` is None where it has unusual characters."""

    version: Version | None = None
    build: int | None = None
    model: str | None = None

    def __str__(self) -> str:
        parts = [] if self.version is None else ["V" + ".".join(map(str, self.version))]
        parts += [] if self.build is None else [f"build {self.build:06}"]
        return " ".join(parts)


class Advisory(msgspec.Struct, frozen=True):
    """One known vulnerability. Firmware built before ``build`` has it, of versions from ``first`` to ``last``."""

    name: str
    what: str
    build: int
    first: Version = (0, 0, 0)
    last: Version = (999, 999, 999)

    def holds(self, firmware: Firmware) -> bool:
        """Whether this firmware is known to have it; unknown is no."""
        if firmware.version is not None and not self.first <= firmware.version <= self.last:
            return False
        if firmware.build is not None:
            return firmware.build < self.build
        return firmware.version is not None and self.last < (999, 999, 999)


ADVISORIES = (
    Advisory("CVE-2017-7921", "anybody may take over without a password", 170123, (5, 2, 0), (5, 4, 4)),
    Advisory("CVE-2021-36260", "anybody may run commands on it through its web server", 210628),
)
"""Versions and builds as the vendor's security notices of March 2017 and September 2021 name them."""


def read_firmware(body: bytes) -> Firmware:
    """Firmware of a DeviceInfo document. Raises DecodeError or LimitExceeded."""
    root = parse_tree(body)
    version = _VERSION.search(_text(root, "firmwareVersion"))
    build = _BUILD.search(_text(root, "firmwareReleasedDate")) or _BUILD.search(_text(root, "firmwareVersion"))
    model = _MODEL.fullmatch(_text(root, "model"))
    return Firmware(
        version=None if version is None else (int(version[1]), int(version[2]), int(version[3])),
        build=None if build is None else int(build[1]),
        model=None if model is None else model[0],
    )


def _text(root: Element, name: str) -> str:
    return (root.findtext(name) or "")[:100]


def judge_firmware(body: bytes) -> Finding:
    """A note where it is known to be dangerous."""
    try:
        firmware = read_firmware(body)
    except (DecodeError, LimitExceeded):
        return Finding("firmware", True, "the device does not say it")
    model = f"{firmware.model}, " if firmware.model else ""
    known = [advisory for advisory in ADVISORIES if advisory.holds(firmware)]
    if known:
        dangers = "; ".join(f"{advisory.name}: {advisory.what}" for advisory in known)
        remedy = "update the firmware, and until then keep the device where strangers cannot reach it"
        return Finding("firmware", True, f"{model}{firmware} is old ({dangers})", remedy)
    if not str(firmware):
        return Finding("firmware", True, f"{model}no version that could be read")
    return Finding("firmware", True, f"{model}{firmware}; nothing known against it as of {AS_OF}")
