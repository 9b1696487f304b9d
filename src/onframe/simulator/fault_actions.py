"""How the faults of a plan come true on a simulated camera."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from onframe.isapi.config import MetadataCfg, MetadataType
from onframe.simulator.device import Device
from onframe.simulator.fault_plan import Fault
from onframe.simulator.faults import Active
from onframe.simulator.trouble import Trouble

_AGAIN = 0.1
"""Seconds between two corrections of a clock that drifts."""
_NS = 1_000_000_000


class Streams(Protocol):
    """What the RTSP server can do to its clients."""

    @property
    def connections(self) -> int: ...
    def abort_all(self) -> None: ...
    def end_all(self) -> None: ...
    def cut_after(self, count: int) -> None: ...
    def jump_sequence(self, by: int) -> None: ...
    def change_ssrc(self) -> None: ...
    def send_metadata(self, payload: bytes) -> None: ...


class Machine(Protocol):
    """The running camera."""

    @property
    def streams(self) -> Streams | None:
        """The RTSP server; None during an outage."""

    def reboot(self, outage: float) -> asyncio.Task[None]:
        """Reset every connection, and be away for so many seconds."""


class CameraActions:
    """The Actions of a simulated camera: lasting faults go to ``trouble`` and the device, others strike at once."""

    def __init__(self, device: Device, trouble: Trouble, machine: Machine) -> None:
        self._device, self._trouble, self._machine = device, trouble, machine
        self._off: dict[str, list[int]] = {}
        self._lockout = device.lockout
        self._booted_ns: int | None = None
        self._unset_until: float | None = None

    def booted(self) -> None:
        """The device has just started anew; ``hold`` has to be asked next."""
        self._booted_ns, self._unset_until = time.time_ns(), None

    def strike(self, fault: Fault) -> asyncio.Task[None] | None:
        """See ``Actions``."""
        if fault.word == "reboot":
            return self._machine.reboot(float(fault.value or 0.0))
        if fault.word == "nonce-expiry":
            self._device.expire_nonces()
        elif fault.after is not None and not (self._machine.streams and self._machine.streams.connections):
            self._trouble.cut_after = fault.after
        elif (streams := self._machine.streams) is not None:
            _STRIKES[fault.word](streams, fault)
        return None

    def hold(self, active: Sequence[Active], now: float) -> float | None:
        """See ``Actions``; of two values of one word the later holds, steps of the clock add up."""
        values = {one.fault.word: one.fault.value for one in active}
        trouble = self._trouble
        trouble.loss = float(values.get("loss") or 0.0)
        trouble.reorder = float(values.get("reorder") or 0.0)
        trouble.duplicate = float(values.get("duplicate") or 0.0)
        trouble.stalled, trouble.half_open = "stall" in values, "halfopen" in values
        trouble.small = "small" in values
        trouble.bytes_per_second = float(values["slow"] or 0.0) if "slow" in values else None
        trouble.nonce_requests = int(values["nonce-expiry"] or 0) if "nonce-expiry" in values else None
        self._device.lockout = int(values["lockout"] or 0) if "lockout" in values else self._lockout
        self._switch({str(one.fault.value) for one in active if one.fault.word == "type-off"})
        return self._set_clock(active, values.get("clock-1970"), now)

    def _switch(self, off: set[str]) -> None:
        """Types go off where they are on, and on again where they were."""
        for name in [name for name in self._off if name not in off]:
            for channel in self._off.pop(name):
                self._device.configure(channel, MetadataCfg([MetadataType(name, True)]))
        for name in off - self._off.keys():
            self._off[name] = [number for number in self._device.channels if self._device.enabled(number, name)]
            for channel in self._off[name]:
                self._device.configure(channel, MetadataCfg([MetadataType(name, False)]))

    def _set_clock(self, active: Sequence[Active], unset: object, now: float) -> float | None:
        if self._booted_ns is not None and self._unset_until is None:
            self._unset_until = now + float(unset) if isinstance(unset, float) else now
        left = (self._unset_until or now) - now
        if left > 0 and unset is not None and self._booted_ns is not None:
            self._trouble.clock_offset_ns = -self._booted_ns
            return left
        steps = sum(float(one.fault.value or 0.0) for one in active if one.fault.word == "clock-jump")
        drifts = [one for one in active if one.fault.word == "clock-drift"]
        drifted = sum(float(one.fault.value or 0.0) * (now - one.since) for one in drifts)
        self._trouble.clock_offset_ns = round((steps + drifted) * _NS)
        return _AGAIN if drifts else None


def _oversize(size: int) -> bytes:
    """A document of that many bytes."""
    start, end = b'<?xml version="1.0" encoding="UTF-8"?><Metadata version="2.0">', b"</Metadata>"
    return start + b" " * max(0, size - len(start) - len(end)) + end


_STRIKES: dict[str, Callable[[Streams, Fault], None]] = {
    "cut": lambda streams, fault: streams.cut_after(fault.after or 0),
    "rst": lambda streams, fault: streams.abort_all(),
    "bye": lambda streams, fault: streams.end_all(),
    "sequence-jump": lambda streams, fault: streams.jump_sequence(int(fault.value or 0)),
    "ssrc-change": lambda streams, fault: streams.change_ssrc(),
    "oversize": lambda streams, fault: streams.send_metadata(_oversize(int(fault.value or 0))),
}
