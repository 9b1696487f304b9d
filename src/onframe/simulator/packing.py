"""What happens to documents and packets on their way out: a device's way of packing, and a bad network."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator

import msgspec

from onframe.simulator.quirks import Quirks
from onframe.simulator.trouble import Trouble
from onframe.wire.rtp import RTPPacket

WHOLE = 60_000
"""Bytes of a document that still go into one packet where the device does not split."""
_JUMP = 100
_TICKS = 90
_DECLARATION = re.compile(rb"\s*<\?xml[^>]*\?>\s*")


class Packing:
    """How one session's documents lie in packets (quirks ``packing``, ``seq_jump``, ``ts_change_mid_message``)."""

    def __init__(self, quirks: Quirks) -> None:
        self._quirks = quirks
        self._held: bytes | None = None
        self._documents = 0

    @property
    def max_payload(self) -> int:
        """Bytes of a document in one packet."""
        return WHOLE if self._quirks.packing == "one" else self._quirks.mtu

    def pack(self, document: bytes) -> bytes | None:
        """The payload that carries the document; None where it waits for the next one."""
        packing = self._quirks.packing
        if packing == "many_per_packet":
            held, self._held = self._held, document
            if held is None:
                return None
            self._held = None
            return held + document
        if packing == "nul_tail":
            return document + b"\0"
        if packing == "bom":
            return b"\xef\xbb\xbf" + document
        if packing == "leading_ws":
            return b"\r\n " + document
        return _DECLARATION.sub(b"", document, count=1) if packing == "no_decl" else document

    def jump(self) -> int:
        """By how much the sequence number jumps before the next document."""
        every = self._quirks.seq_jump
        self._documents += 1
        return _JUMP if every and self._documents % every == 0 else 0

    def finish(self, packets: list[RTPPacket]) -> list[RTPPacket]:
        """The packets of one document as they leave the device."""
        if not self._quirks.ts_change_mid_message or len(packets) < 2:
            return packets
        half = len(packets) // 2
        return packets[:half] + [
            msgspec.structs.replace(packet, timestamp=(packet.timestamp + _TICKS) & 0xFFFFFFFF)
            for packet in packets[half:]
        ]


class Disorder:
    """The network that ``trouble`` describes, on the packets of one session."""

    def __init__(self, trouble: Trouble, draw: random.Random) -> None:
        self._trouble = trouble
        self._draw = draw
        self._held: dict[str, RTPPacket] = {}

    def apply(self, track: str, packets: Iterable[RTPPacket]) -> Iterator[RTPPacket]:
        """What arrives of them, in the order in which it does: one held back comes behind the next of its track."""
        for packet in packets:
            if self._happens(self._trouble.loss):
                continue
            if track not in self._held and self._happens(self._trouble.reorder):
                self._held[track] = packet
                continue
            yield packet
            if self._happens(self._trouble.duplicate):
                yield packet
            if track in self._held:
                yield self._held.pop(track)

    def _happens(self, share: float) -> bool:
        return share > 0 and self._draw.random() < share
