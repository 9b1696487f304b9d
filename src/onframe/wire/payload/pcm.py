"""PCMU and PCMA ⇄ RTP packets, and G.711 ⇄ 16-bit samples (RFC 3551 section 4.5.14; ITU-T G.711).

Samples are signed 16-bit little-endian bytes, one channel, usually 8000 a second.
"""

from __future__ import annotations

import sys
from array import array
from typing import NamedTuple

from onframe.errors import ProtocolError
from onframe.wire.rtp import PacketSource, RTPPacket, TimestampExtender, TrackReceiver

PCMU = 0
PCMA = 8
"""The static payload types (RFC 3551 table 4)."""
MAX_PAYLOAD = 320


class AudioChunk(NamedTuple):
    """The audio of one packet, still in G.711; ``lost`` counts the packets missing before it."""

    data: bytes
    timestamp: int
    lost: int


class PCMDepacketizer:
    """Takes the packets of one G.711 track.

    Counters: ``chunks``, ``lost`` (packets missing), ``duplicates``, ``foreign``, ``malformed``.
    """

    def __init__(self, payload_type: int = PCMU) -> None:
        self.payload_type = payload_type
        self.chunks = self.lost = self.duplicates = self.foreign = self.malformed = 0
        self._receiver = TrackReceiver()
        self._extender = TimestampExtender()

    def push(self, packet: RTPPacket | bytes, timestamp: int | None = None) -> AudioChunk | None:
        """The audio of this packet; None for duplicates, other payload types and what is no RTP packet."""
        if not isinstance(packet, RTPPacket):
            try:
                packet = RTPPacket.parse(packet)
            except ProtocolError:
                self.malformed += 1
                return None
        if packet.payload_type != self.payload_type:
            self.foreign += 1
            return None
        placed = self._receiver.push(packet)
        if placed is None:
            self.duplicates += 1
            return None
        lost = placed[1].packets if placed[1] is not None else 0
        self.lost += lost
        self.chunks += 1
        if timestamp is None:
            timestamp = self._extender.extend(packet.timestamp)
        return AudioChunk(packet.payload, timestamp, lost)


class PCMPacketizer(PacketSource):
    """Cuts G.711 audio into packets of at most ``max_payload`` bytes; the marker begins a talkspurt (section 4.1)."""

    def __init__(
        self, payload_type: int = PCMU, *, ssrc: int, sequence_number: int, max_payload: int = MAX_PAYLOAD
    ) -> None:
        super().__init__(payload_type, ssrc=ssrc, sequence_number=sequence_number)
        self.max_payload = max(1, max_payload)
        self._started = False

    def packetize(self, data: bytes, timestamp: int) -> list[RTPPacket]:
        """The packets of these samples, of which the first is at ``timestamp``: one byte is one tick."""
        packets = []
        for at in range(0, len(data), self.max_payload):
            piece = data[at : at + self.max_payload]
            packets.append(self.packet(piece, timestamp + at, marker=not self._started))
            self._started = True
        return packets


def decode_pcmu(data: bytes) -> bytes:
    """μ-law bytes as samples."""
    return _expand(data, _PCMU_SAMPLES)


def decode_pcma(data: bytes) -> bytes:
    """A-law bytes as samples."""
    return _expand(data, _PCMA_SAMPLES)


def encode_pcmu(samples: bytes) -> bytes:
    """Samples as μ-law bytes. Raises ProtocolError for half a sample."""
    return bytes([_pcmu_code(sample) for sample in _samples(samples)])


def encode_pcma(samples: bytes) -> bytes:
    """Samples as A-law bytes. Raises ProtocolError for half a sample."""
    return bytes([_pcma_code(sample) for sample in _samples(samples)])


def _samples(data: bytes) -> array[int]:
    if len(data) % 2:
        raise ProtocolError("samples of 16 bits come in pairs of bytes", offset=len(data))
    samples = array("h", data)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _expand(data: bytes, table: list[bytes]) -> bytes:
    return b"".join([table[byte] for byte in data])


def _pcmu_sample(code: int) -> int:
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84 << (code >> 4 & 7)) - 0x84
    return -magnitude if code & 0x80 else magnitude


def _pcmu_code(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), 32635) + 0x84
    exponent = magnitude.bit_length() - 8
    return ~(sign | exponent << 4 | magnitude >> exponent + 3 & 0x0F) & 0xFF


def _pcma_sample(code: int) -> int:
    code ^= 0x55
    exponent, mantissa = code >> 4 & 7, (code & 0x0F) << 4
    magnitude = mantissa + 8 if exponent == 0 else mantissa + 0x108 << exponent - 1
    return magnitude if code & 0x80 else -magnitude


def _pcma_code(sample: int) -> int:
    sign, magnitude = (0x80, sample) if sample >= 0 else (0, ~sample)
    magnitude >>= 4
    exponent = max(magnitude.bit_length() - 4, 0)
    mantissa = magnitude >> max(exponent - 1, 0) & 0x0F
    return (sign | exponent << 4 | mantissa) ^ 0x55


_PCMU_SAMPLES = [_pcmu_sample(code).to_bytes(2, "little", signed=True) for code in range(256)]
_PCMA_SAMPLES = [_pcma_sample(code).to_bytes(2, "little", signed=True) for code in range(256)]
