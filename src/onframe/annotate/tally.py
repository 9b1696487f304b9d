"""What came of a run: how many pictures have their own Record, and where Records went. Pure."""

from __future__ import annotations

import msgspec

from onframe.annotate.records import BadLine
from onframe.annotate.timeline import TICKS, Origin

STATES = ("exact", "approximate", "interpolated", "held", "none")
_NAMED_LINES = 5
_ORIGINS: dict[Origin, str] = {
    "clip": "the clip and its Records were kept together",
    "timestamp": "as given",
    "instant": "as given",
    "video": "assumed: the smallest video timestamp is the first picture's",
    "wallclock": "the file's times count from 1970",
    "creation": "the file says when it was made, which may be a second off",
    "assumed": "assumed: the first Record belongs to the first picture",
}


class Tally(msgspec.Struct):
    """Counts of one run; ``pictures`` by state, Records by where they lie."""

    states: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(STATES, 0))
    records: int = 0
    before: int = 0
    after: int = 0
    nowhere: int = 0
    undrawable: int = 0
    undecodable_pictures: int = 0
    resized: int = 0
    moved: int = 0
    lost: int = 0
    bad: int = 0
    bad_lines: list[BadLine] = []
    left_out: list[str] = []
    """Streams of the input that were not copied."""
    origin: Origin | None = None
    offset: float = 0.0
    """Seconds by which the user has moved the Records."""
    nearest: float | None = None
    """Seconds from the file's edge to the nearest Record outside of it; negative before the first picture."""
    first: int | None = None
    last: int | None = None
    received: float = 0.0
    """Seconds of a camera's video that have come."""

    @property
    def pictures(self) -> int:
        return sum(self.states.values())

    @property
    def seconds(self) -> float:
        """From the first picture to the last."""
        return 0.0 if self.first is None or self.last is None else (self.last - self.first) / TICKS

    def picture(self, state: str, at: int) -> None:
        """One more picture, at ``at`` ticks."""
        self.states[state] += 1
        self.first = at if self.first is None else self.first
        self.last = at

    def bad_line(self, line: BadLine) -> None:
        self.bad += 1
        if len(self.bad_lines) < _NAMED_LINES:
            self.bad_lines.append(line)

    def outside(self, seconds: float) -> None:
        """A Record lies so far from the file's nearer edge."""
        if seconds < 0:
            self.before += 1
        else:
            self.after += 1
        if self.nearest is None or abs(seconds) < abs(self.nearest):
            self.nearest = seconds

    def shares(self) -> str:
        """ "98.2 % exact, 1.8 % held"; a share is not rounded up to all or down to none."""
        return ", ".join(f"{_percent(n, self.pictures)} {name}" for name, n in self.states.items() if n)

    def hints(self) -> list[str]:
        """What the user should know and may mend."""
        told = [f"line {line.number} of the Records cannot be used: {line.reason}" for line in self.bad_lines]
        if self.bad > len(self.bad_lines):
            told.append(f"{self.bad - len(self.bad_lines)} more lines of the Records cannot be used")
        told += self._about_time()
        for count, what in (
            (self.undrawable, "Records could not be drawn"),
            (self.undecodable_pictures, "pictures could not be decoded"),
            (self.resized, "pictures had another size than the first, and were scaled to it"),
            (self.moved, "pictures did not come after the one before, and were put a tick after it"),
            (self.lost, "packets were lost on the way here"),
        ):
            if count:
                told.append(f"{count} {what}")
        if self.left_out:
            told.append(f"not copied, since the output cannot hold it: {', '.join(self.left_out)}")
        return told

    def _about_time(self) -> list[str]:
        if self.origin is None:
            return []
        inside = self.records - self.before - self.after - self.nowhere
        if not self.records:
            return ["there are no Records"]
        if self.nowhere == self.records:
            return ["no Record says when it was captured, nor to which picture it belongs; --start TIMESTAMP may help"]
        if not inside and self.nearest is not None:
            side = "before the first picture" if self.nearest < 0 else "after the last picture"
            return [
                f"no Record falls into the video: the nearest lies {abs(self.nearest):.1f} s {side} "
                f"({_ORIGINS[self.origin]}); --offset {self.offset - self.nearest:.1f} would move it to the edge"
            ]
        if self.origin in ("assumed", "creation", "video") and not self.offset:
            return [
                f"the Records' place in the video is not certain ({_ORIGINS[self.origin]}); --start or --offset say it"
            ]
        return []


def _percent(part: int, whole: int) -> str:
    share = 100 * part / whole
    if part != whole:
        share = min(max(share, 0.1), 99.9)
    return f"{share:.0f} %" if share == 100 else f"{share:.1f} %"
