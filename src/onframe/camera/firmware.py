"""What a device says of its firmware, read strictly, and which firmware is known to be dangerous.

A device's strings are hostile until proven otherwise: numbers are taken out and written anew, nothing is echoed.
"""

from __future__ import annotations

import re

import msgspec

from onframe.camera.findings import Finding
from onframe.errors import DecodeError, LimitExceeded
from onframe.isapi.xml import Element, parse_tree

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
    """One known vulnerability, of builds from ``since`` and before ``build``, of versions from ``first`` to ``last``.

    Both are over all models together, and not every model has it: it is "may have", never "has".
    """

    name: str
    what: str
    build: int
    since: int = 0
    first: Version = (0, 0, 0)
    last: Version = (999, 999, 999)

    def may_be_in(self, firmware: Firmware) -> bool:
        """Whether firmware of this version and build may have it; without a build nothing is said."""
        if firmware.version is not None and not self.first <= firmware.version <= self.last:
            return False
        return firmware.build is not None and self.since <= firmware.build < self.build


ADVISORIES = (
    Advisory("CVE-2017-7921", "anybody takes over without a password", 170123, 140305, (5, 0, 9), (5, 4, 5)),
    Advisory("CVE-2021-36260", "anybody runs commands on it through its web server", 210625),
)
"""CVE-2017-7921: its entry lists seven series, from V5.0.9 build 140305 (V5.2.0 build 140721 for most) to V5.4.5; a
tester's list has 170109 as a bad build and 170123, of V5.4.3 and V5.4.5, as good ones. CVE-2021-36260: its vendor's
notice lists models; that builds from 210625 on are good is said at second hand only. So build dates decide, not models.
"""


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
    known = [advisory for advisory in ADVISORIES if advisory.may_be_in(firmware)]
    if known:
        dangers = " and ".join(f"{advisory.name} ({advisory.what})" for advisory in known)
        remedy = "update the firmware, and until then keep the device where strangers cannot reach it"
        return Finding("firmware", True, f"{model}{firmware} is old and may have {dangers}", remedy)
    if not str(firmware):
        return Finding("firmware", True, f"{model}no version that could be read")
    return Finding("firmware", True, f"{model}{firmware}; nothing known against it as of {AS_OF}")
