"""Puts the datagrams of one RTP track back into their order (RFC 3550 section 5.1); TCP keeps it by itself."""

from __future__ import annotations

import struct

from onframe.wire.rtp import MAX_DROPOUT, MAX_MISORDER

WINDOW = 32
"""How many packets may wait for one that is missing."""
MAX_DELAY = 0.1
"""Seconds that a packet waits for the ones before it, at most."""
_REWOUND = 16
_KEY = struct.Struct(">HxxxxI")  # from byte 2: sequence number, timestamp, SSRC


class ReorderBuffer:
    """Datagrams in, datagrams out in the order of their sequence numbers; ``now`` is in seconds.

    The first packets of a source wait ``max_delay`` too, since the very first one may have been overtaken. What is no
    RTP passes at once. Counters: ``reordered`` (came behind a later one, and were put back), ``duplicates`` (dropped),
    ``late`` (dropped: those after them had gone on already).
    """

    def __init__(self, *, window: int = WINDOW, max_delay: float = MAX_DELAY) -> None:
        self.reordered = self.duplicates = self.late = 0
        self._window, self._max_delay = window, max_delay
        self._ssrc: int | None = None
        self._newest = 0  # extended sequence number of the newest packet seen
        self._next: int | None = None  # that of the next one to go on; None: none has yet
        self._held: dict[int, tuple[bytes, float]] = {}
        self._gone: set[int] = set()
        self._rewound = self._rewound_to = 0

    def push(self, data: bytes, now: float) -> list[bytes]:
        """What goes on by this datagram's coming."""
        if len(data) < 12 or data[0] >> 6 != 2:
            return [data]
        sequence, ssrc = _KEY.unpack_from(data, 2)
        if ssrc != self._ssrc:
            return self._begin(data, sequence, ssrc, now)
        step = (sequence - self._newest) & 0xFFFF
        if MAX_DROPOUT < step < 0x10000 - MAX_MISORDER:
            return self._begin(data, sequence, ssrc, now)
        extended = self._newest + (step if step <= MAX_DROPOUT else step - 0x10000)
        if self._next is not None and extended < self._next:
            return self._take_late(data, extended, ssrc, now)
        if extended in self._held:
            self.duplicates += 1
            return []
        self.reordered += extended < self._newest
        self._newest = max(self._newest, extended)
        self._rewound = 0
        self._held[extended] = (data, now)
        return self._release(now)

    def flush(self, now: float) -> list[bytes]:
        """What goes on because it has waited long enough by ``now``."""
        return self._release(now)

    def next_deadline(self) -> float | None:
        """When ``flush`` is worth a call; None while nothing waits."""
        if not self._held:
            return None
        return min(arrived for _, arrived in self._held.values()) + self._max_delay

    def _begin(self, data: bytes, sequence: int, ssrc: int, now: float) -> list[bytes]:
        """Another source, or another numbering: what waits goes on, and this packet is the first."""
        waiting = [self._held[extended][0] for extended in sorted(self._held)]
        self._ssrc, self._newest, self._next, self._rewound = ssrc, sequence, None, 0
        self._held = {sequence: (data, now)}
        self._gone.clear()
        return waiting

    def _take_late(self, data: bytes, extended: int, ssrc: int, now: float) -> list[bytes]:
        """One whose turn is over; so many in turn are a sender that counts anew (as in ``TrackReceiver``)."""
        self._rewound = self._rewound + 1 if extended == self._rewound_to + 1 else 1
        self._rewound_to = extended
        if self._rewound > _REWOUND:
            return self._begin(data, extended & 0xFFFF, ssrc, now)
        if extended in self._gone:
            self.duplicates += 1
        else:
            self.late += 1
            self._gone.add(extended)
        return []

    def _release(self, now: float) -> list[bytes]:
        due = self._due(now)
        released: list[bytes] = []
        while self._held and (due is not None or self._next in self._held):
            extended = min(self._held)
            if extended != self._next and (due is None or extended > due):
                break
            released.append(self._held.pop(extended)[0])
            self._gone.add(extended)
            self._next = extended + 1
        if len(self._gone) > 2 * MAX_MISORDER:
            oldest = self._newest - MAX_MISORDER
            self._gone = {extended for extended in self._gone if extended >= oldest}
        return released

    def _due(self, now: float) -> int | None:
        """The newest packet that waits no longer, be what is before it missing or not."""
        waited = [extended for extended, (_, arrived) in self._held.items() if now - arrived >= self._max_delay]
        pushed = [extended for extended in self._held if extended <= self._newest - self._window]
        return max(waited + pushed, default=None)
