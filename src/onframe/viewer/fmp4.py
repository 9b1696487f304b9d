"""Access units to fragmented MP4 for a browser's MediaSource (ISO/IEC 14496-12). Pure: no I/O, no clock.

One ``moof`` and ``mdat`` for each picture, made at once: how long a picture lasts is known only when the next one
comes, and no picture waits for another, so that each is said to last as long as pictures usually do.
"""

from __future__ import annotations

import heapq
import struct
from collections import deque
from typing import Final, NamedTuple

from onframe.errors import ProtocolError
from onframe.record import AccessUnit
from onframe.viewer.parameters import VideoParameters, read_parameters
from onframe.wire.payload.h264 import H264Depacketizer
from onframe.wire.payload.h265 import H265Depacketizer
from onframe.wire.payload.nal import split_nals

TIMESCALE: Final = 90_000
LONGEST_STEP: Final = 10 * TIMESCALE
"""Ticks; a picture that is further from the one before begins another time line."""
FURTHEST_BACK: Final = 2 * TIMESCALE
"""Ticks that a picture may be shown before the last one of the time line so far; more is a jump."""
_REMEMBERED = 17
_SLACK = 9
"""Ticks that a step stays below twice a duration, for browsers that count in other units."""
_KEY_FLAGS, _OTHER_FLAGS = 0x02000000, 0x01010000
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_FRAGMENT = struct.Struct(">I4s I4sII I4s I4sII I4sIQ I4sIIIIIIi I4s")
_MOOF_SIZE = _FRAGMENT.size - 8
_LONGEST_DURATION = TIMESCALE


class Segment(NamedTuple):
    """A piece of the byte stream: the ``start`` of a track (ftyp, moov), or one picture.

    ``pts`` is in 90 kHz; a start has that of the key picture which follows it.
    """

    data: bytes
    pts: int
    key: bool
    start: bool = False


class Muxer:
    """Pictures in decoding order to segments; ``base`` is the pts (90 kHz) of time zero, ``duration`` the first guess.

    Pictures before the first key picture, those before ``base`` and what holds no picture are left out and counted in
    ``left_out``; nothing that a stream holds raises. A key picture with other parameter sets has another start before
    it. Make a new Muxer, with a new ``base``, for a picture that does not ``fit``.

    Decoding times rise by at least a tick and at most two durations, the step at which a MediaSource would see a new
    beginning and drop all pictures up to the next key picture. They are no later than the presentation times, except
    for the first B pictures of a stream whose parameter sets do not tell of any.
    """

    def __init__(self, base: int, *, duration: int = 3600) -> None:
        self.base = base
        self.duration = duration
        self.left_out = 0
        self.pictures = 0
        self.parameters: VideoParameters | None = None
        self._sets: frozenset[bytes] = frozenset()
        self._waits_for_key = True
        self._sequence = 0
        self._reorder = 0
        self._waiting: list[int] = []  # presentation times that are no decoding times yet, a heap
        self._decoded: int | None = None
        self._recent: deque[int] = deque(maxlen=_REMEMBERED)

    @property
    def codec(self) -> str | None:
        """The codec string of the track, once its first key picture was there."""
        return None if self.parameters is None else self.parameters.codec

    def fits(self, pts: int) -> bool:
        """Whether a picture of this pts belongs to this time line."""
        if not self._recent:
            return pts >= self.base
        newest = max(self._recent)
        return pts >= self.base and newest - FURTHEST_BACK <= pts <= newest + LONGEST_STEP

    def push(self, unit: AccessUnit) -> list[Segment]:
        """The segments that this picture makes: none, itself, or a start and itself."""
        kinds = H265Depacketizer if unit.codec == "H265" else H264Depacketizer
        first, last, extra = (0, 31, 39) if unit.codec == "H265" else (1, 5, 6)
        nals = [nal for nal in split_nals(unit.data) if unit.codec != "H265" or len(nal) > 2]
        sample: list[bytes] = []
        sets: list[bytes] = []
        key = has_picture = False
        for nal in nals:
            kind = kinds.kind(nal)
            if first <= kind <= last:
                has_picture = True
                key = key or kinds.is_key(kind)
                sample.append(nal)
            elif kind == extra and not has_picture:
                sample.append(nal)
            elif kind in kinds.PARAMETER_SETS:
                sets.append(nal)
        if not has_picture or not self.fits(unit.timestamp):
            self.left_out += 1
            return []
        said = self._begin(unit, sets) if key else self._go_on(sets)
        if self._waits_for_key:
            self.left_out += 1
            return []
        data = b"".join([part for nal in sample for part in (len(nal).to_bytes(4, "big"), nal)])
        return [*said, Segment(self._fragment(data, unit.timestamp, key), unit.timestamp, key)]

    def _begin(self, unit: AccessUnit, sets: list[bytes]) -> list[Segment]:
        """At a key picture; the start of a track where its parameters are not those of the last one."""
        if (known := frozenset(sets)) == self._sets and self.parameters is not None:
            self._waits_for_key = False
            return []
        try:
            parameters = read_parameters(unit.codec, sets)
        except ProtocolError:
            self._waits_for_key = True
            return []
        self.parameters, self._sets, self._waits_for_key = parameters, known, False
        self._reorder = max(self._reorder, parameters.reorder or 0)
        return [Segment(initialisation(parameters), unit.timestamp, True, start=True)]

    def _go_on(self, sets: list[bytes]) -> list[Segment]:
        """Not at a key picture: other parameter sets here cannot be told to a browser before the next one."""
        if not self._sets.issuperset(sets):
            self._waits_for_key = True
        return []

    def _fragment(self, data: bytes, pts: int, key: bool) -> bytes:
        decoded = self._decoding_time(pts)
        self._sequence = self._sequence + 1 & 0xFFFFFFFF
        self.pictures += 1
        head = _FRAGMENT.pack(
            _MOOF_SIZE, b"moof",
            16, b"mfhd", 0, self._sequence,
            _MOOF_SIZE - 24, b"traf",
            16, b"tfhd", 0x020000, 1,  # offsets count from the moof
            20, b"tfdt", 0x01000000, decoded - self.base,
            36, b"trun", 0x01000F01, 1, _MOOF_SIZE + 8, self.duration, len(data), _KEY_FLAGS if key else _OTHER_FLAGS,
            pts - decoded,
            len(data) + 8, b"mdat",
        )  # fmt: skip
        return head + data

    def _decoding_time(self, pts: int) -> int:
        """The next one: the presentation times in their order, late by as many pictures as may be reordered."""
        self._remember(pts)
        heapq.heappush(self._waiting, pts)
        if self._decoded is not None and pts <= self._decoded:
            self._reorder = min(self._reorder + 1, 16)
        if len(self._waiting) > self._reorder:
            while len(self._waiting) > self._reorder:
                time = heapq.heappop(self._waiting)
        else:
            time = self._waiting[0] - self.duration * (self._reorder + 1 - len(self._waiting))
        if self._decoded is None:
            self._decoded = max(time, self.base)
        else:
            longest = max(1, 2 * self.duration - _SLACK)
            self._decoded = max(self._decoded + 1, min(time, self._decoded + longest))
        return self._decoded

    def _remember(self, pts: int) -> None:
        """And learn how far pictures are apart."""
        self._recent.append(pts)
        times = sorted(self._recent)
        steps = sorted(later - earlier for earlier, later in zip(times, times[1:], strict=False) if later > earlier)
        if len(steps) > 3:
            self.duration = min(steps[len(steps) // 2], _LONGEST_DURATION)


def initialisation(parameters: VideoParameters) -> bytes:
    """ftyp and moov of one video track that goes on without end."""
    width, height = parameters.width, parameters.height
    entry = _box(
        parameters.entry,
        bytes(6) + struct.pack(">H", 1) + bytes(16),
        struct.pack(">HHIIIH", width & 0xFFFF, height & 0xFFFF, 0x480000, 0x480000, 0, 1) + bytes(32),
        struct.pack(">Hh", 24, -1),
        _box(parameters.box, parameters.configuration),
    )
    no_samples = [
        _full(name, 0, 0, bytes(size)) for name, size in ((b"stts", 4), (b"stsc", 4), (b"stsz", 8), (b"stco", 4))
    ]
    table = _box(b"stbl", _full(b"stsd", 0, 0, struct.pack(">I", 1), entry), *no_samples)
    reference = _box(b"dinf", _full(b"dref", 0, 0, struct.pack(">I", 1), _full(b"url ", 0, 1)))
    media = _box(
        b"mdia",
        _full(b"mdhd", 0, 0, struct.pack(">IIIIHH", 0, 0, TIMESCALE, 0, 0x55C4, 0)),  # language: undetermined
        _full(b"hdlr", 0, 0, bytes(4), b"vide", bytes(12), b"video\0"),
        _box(b"minf", _full(b"vmhd", 0, 1, bytes(8)), reference, table),
    )
    head = struct.pack(">IIIII", 0, 0, 1, 0, 0) + bytes(16) + _MATRIX + struct.pack(">II", width << 16, height << 16)
    movie = struct.pack(">IIIIIH", 0, 0, TIMESCALE, 0, 0x10000, 0x100) + bytes(10) + _MATRIX + bytes(24)
    return _box(b"ftyp", b"iso6", struct.pack(">I", 1), b"iso6mp41") + _box(
        b"moov",
        _full(b"mvhd", 0, 0, movie, struct.pack(">I", 2)),
        _box(b"trak", _full(b"tkhd", 0, 3, head), media),
        _box(b"mvex", _full(b"trex", 0, 0, struct.pack(">IIIII", 1, 1, 0, 0, 0))),
    )


def _box(name: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I", 8 + len(content)) + name + content


def _full(name: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return _box(name, struct.pack(">I", version << 24 | flags), *parts)
