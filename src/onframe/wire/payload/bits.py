"""Bits of a parameter set: fixed widths and Exp-Golomb codes (H.264 section 9.1, H.265 section 9.2)."""

from __future__ import annotations

from onframe.errors import ProtocolError

_LONGEST = 4096
"""Bytes of a parameter set that are looked at; the longest that make sense have some hundreds."""


class Bits:
    """Bits from the left, of a payload with its emulation prevention bytes; every method raises ProtocolError."""

    def __init__(self, payload: bytes) -> None:
        data = payload[:_LONGEST].replace(b"\0\0\3", b"\0\0")
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        """So many bits, as a number."""
        if count > self._left:
            raise ProtocolError("a sequence parameter set ends too early")
        self._left -= count
        return self._value >> self._left & (1 << count) - 1

    def unsigned(self) -> int:
        """ue(v): at most 32 bits."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise ProtocolError("a sequence parameter set holds a number of more than 32 bits")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        """se(v)."""
        code = self.unsigned()
        return (code + 1) // 2 if code & 1 else -(code // 2)
