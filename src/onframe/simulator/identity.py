"""What the simulated camera says of itself. Every value is invented, and shows that it is."""

from __future__ import annotations

from onframe.isapi import xml
from onframe.isapi.xml import build
from onframe.simulator.profiles import Profile

MODEL = "Onframe simulated camera"
_BUILD = "build 260101"
_OLD = ("V5.4.0", "build 160530")
"""What the quirk firmware=old claims: a version with well-known vulnerabilities."""


def device_info(profile: Profile) -> bytes:
    """A DeviceInfo document; its namespace is given where it is sent."""
    version, released = _OLD if profile.quirks.firmware == "old" else (profile.firmware, _BUILD)
    fields = {
        "deviceName": "Simulated camera",
        "deviceID": "00000000-0000-4000-8000-000000000001",
        "model": MODEL,
        "serialNumber": f"SIMULATED-{profile.name}",
        "macAddress": "02:00:00:00:00:01",
        "firmwareVersion": version,
        "firmwareReleasedDate": released,
    }
    return xml.write(build("DeviceInfo", *(build(name, text) for name, text in fields.items()), version="2.0"))
