"""Onframe: the metadata of ISAPI cameras, frame for frame.

These are the public names. Each is imported when it is first used, so that ``import onframe``
needs the core alone; SimulatedCamera, which needs an extra, says which one where it is missing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onframe.camera.backoff import Backoff
    from onframe.camera.camera import Camera
    from onframe.camera.doctor import Finding, diagnose
    from onframe.camera.limiter import ConnectLimiter
    from onframe.camera.supervisor import SessionStatus
    from onframe.camera.tls import TLS
    from onframe.errors import (
        AuthenticationError,
        CertificateError,
        ConnectionLost,
        DecodeError,
        LimitExceeded,
        OnframeError,
        ProtocolError,
        StatusError,
        UnsupportedError,
    )
    from onframe.isapi.document import Document, decode, decode_all, encode
    from onframe.isapi.metadata import Metadata
    from onframe.live import Live
    from onframe.record import AccessUnit, Coordinates, Gap, Record, StateChange, Undecodable
    from onframe.simulator.camera import SimulatedCamera
    from onframe.wire.payload.message import Depacketizer

__all__ = [
    "TLS",
    "AccessUnit",
    "AuthenticationError",
    "Backoff",
    "Camera",
    "CertificateError",
    "ConnectLimiter",
    "ConnectionLost",
    "Coordinates",
    "DecodeError",
    "Depacketizer",
    "Document",
    "Finding",
    "Gap",
    "LimitExceeded",
    "Live",
    "Metadata",
    "OnframeError",
    "ProtocolError",
    "Record",
    "SessionStatus",
    "SimulatedCamera",
    "StateChange",
    "StatusError",
    "Undecodable",
    "UnsupportedError",
    "decode",
    "decode_all",
    "diagnose",
    "encode",
]

__version__ = "0.1.0"

_ROOMS = {
    "onframe.camera.backoff": ("Backoff",),
    "onframe.camera.camera": ("Camera",),
    "onframe.camera.doctor": ("Finding", "diagnose"),
    "onframe.camera.limiter": ("ConnectLimiter",),
    "onframe.camera.supervisor": ("SessionStatus",),
    "onframe.camera.tls": ("TLS",),
    "onframe.errors": (
        "AuthenticationError",
        "CertificateError",
        "ConnectionLost",
        "DecodeError",
        "LimitExceeded",
        "OnframeError",
        "ProtocolError",
        "StatusError",
        "UnsupportedError",
    ),
    "onframe.isapi.document": ("Document", "decode", "decode_all", "encode"),
    "onframe.isapi.metadata": ("Metadata",),
    "onframe.live": ("Live",),
    "onframe.record": ("AccessUnit", "Coordinates", "Gap", "Record", "StateChange", "Undecodable"),
    "onframe.simulator.camera": ("SimulatedCamera",),
    "onframe.wire.payload.message": ("Depacketizer",),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'onframe' has no attribute {name!r}")
    value = getattr(import_module(_ROOM_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
