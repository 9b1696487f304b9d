"""What a camera sent, kept as it came: its video without recoding, and its Records as JSON lines.

Both together can be annotated again, frame for frame: a line of the kind ``clip`` says where the video timestamps of
each connection lie in the file (see `onframe.annotate.records`).
"""

from __future__ import annotations

import heapq
from collections import deque
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec

from onframe.annotate.output import Draft, Lines, format_of, need, said_by
from onframe.annotate.records import Clip
from onframe.annotate.timeline import TICKS
from onframe.errors import OnframeError
from onframe.record import AccessUnit, Record, to_json

_CODECS = {"H264": "h264", "H265": "hevc"}
_REORDERED = 17
"""Pictures that may come before one that is shown earlier, and one more (H.264 and H.265 allow 16)."""


class DecodingTimes:
    """Times of decoding for pictures that come in the order of decoding with their times of showing."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, Any]] = deque()
        self._shown: list[int] = []
        self._shift: int | None = None
        self._last: int | None = None

    def push(self, pts: int, item: Any) -> list[tuple[int, int, Any]]:
        """(pts, dts, item) of what is known now: dts rises, and is never after pts."""
        self._waiting.append((pts, item))
        heapq.heappush(self._shown, pts)
        return [self._pop()] if len(self._waiting) >= _REORDERED else []

    def flush(self) -> list[tuple[int, int, Any]]:
        """All that is left."""
        return [self._pop() for _ in range(len(self._waiting))]

    def _pop(self) -> tuple[int, int, Any]:
        if self._shift is None:
            in_order = sorted(self._shown)
            self._shift = max(0, *(a - pts for a, (pts, _) in zip(in_order, self._waiting, strict=True)))
        pts, item = self._waiting.popleft()
        dts = heapq.heappop(self._shown) - self._shift
        if self._last is not None:
            dts = max(dts, self._last + 1)
        self._last = min(dts, pts)
        return pts, self._last, item


class KeptVideo:
    """The camera's video in .mp4 (times of 90 kHz) or .mkv (times of 1 ms). Raises OnframeError."""

    def __init__(self, path: Path, *, force: bool = False) -> None:
        (self._av,) = need("av")
        self._format = format_of(path)
        self._draft = Draft(path, force=force)
        self._container: Any = None
        self._times = DecodingTimes()

    def picture(self, unit: AccessUnit, at: int, size: tuple[int, int]) -> None:
        """One more picture, ``at`` ticks from the first one; ``size`` in pixels."""
        if self._container is None:
            self._container = self._av.open(str(self._draft.part), "w", format=self._format)
            self._stream = self._container.add_mux_stream(
                _CODECS[unit.codec], rate=25, width=size[0], height=size[1], time_base=Fraction(1, TICKS)
            )
        self._write(self._times.push(at, unit))

    def _write(self, ready: list[tuple[int, int, AccessUnit]]) -> None:
        try:
            for pts, dts, unit in ready:
                packet = self._av.Packet(unit.data)
                packet.pts, packet.dts, packet.time_base = pts, dts, Fraction(1, TICKS)
                packet.is_keyframe, packet.stream = unit.key, self._stream
                self._container.mux_one(packet)
        except (self._av.error.FFmpegError, OSError) as error:
            raise OnframeError(f"{self._draft.path} cannot be written: {said_by(error)}") from error

    def finish(self) -> None:
        """The file is whole."""
        if self._container is None:
            return
        self._write(self._times.flush())
        self._container.close()
        self._draft.keep()

    def abandon(self) -> None:
        """Leave nothing half written behind."""
        self._draft.drop()


class KeptRecords:
    """Records as ``onframe watch --json`` writes them, and where their video timestamps lie in the file."""

    def __init__(self, path: Path, *, force: bool = False) -> None:
        self._lines = Lines(path, force=force)

    def clip(self, clip: Clip) -> None:
        """Before the Records of its epoch."""
        self._lines.write(msgspec.json.encode(clip))

    def record(self, record: Record) -> None:
        """One more Record."""
        self._lines.write(to_json(record))

    def finish(self) -> None:
        """The file is whole."""
        self._lines.keep()

    def abandon(self) -> None:
        """Leave nothing half written behind."""
        self._lines.drop()
