"""The live table of ``onframe watch``: on a terminal it redraws itself, elsewhere it prints a line per Record."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.rule import Rule
from rich.table import Table as RichTable
from rich.text import Text

from onframe.cli.output import Output, describe
from onframe.cli.summary import summary
from onframe.record import Event, Gap, Record, StateChange, Undecodable

REDRAWS = 5  # a second
NOTES = 3
HEAD = 5
"""Lines above the rows: two of the head, two rules and the names of the columns."""
FRESH = 1.0
"""Seconds in which a row stands out."""
STATE_STYLES = {
    "live": "bold green",
    "quiet": "green",
    "stale": "bold yellow",
    "backoff": "bold yellow",
    "auth_failed": "bold red",
    "no_track": "bold red",
}


@dataclass
class _Row:
    """What is shown of one sort of document."""

    said: str = ""
    count: int = 0
    times: deque[float] = field(default_factory=lambda: deque(maxlen=50))

    def add(self, record: Record, now: float) -> None:
        self.count += 1
        self.said = summary(record)
        self.times.append(now)

    def rate(self, now: float) -> float:
        """Documents a second, over the last fifty."""
        return (len(self.times) - 1) / max(now - self.times[0], 0.001)

    def age(self, now: float) -> float:
        """Seconds since the last one."""
        return now - self.times[-1]


class Table(Output):
    """The camera's state above, rows by sort of document, what happened below."""

    def __init__(self, host: str, console: Console | None = None) -> None:
        self._host = host.rsplit("@", 1)[-1].split("/")[0]
        self._rows: dict[tuple[str, str], _Row] = {}
        self._state = StateChange(self._host, 1, 1, 0, "connecting", "", since=datetime.now(UTC))
        self._last: Record | None = None
        self._notes: deque[Text] = deque(maxlen=NOTES)
        self._records = self._lost = self._unreadable = self._reconnections = 0
        self._console = console or Console()
        self._live: Live | None = None
        if self._console.is_terminal:
            self._live = Live(self, console=self._console, refresh_per_second=REDRAWS, vertical_overflow="crop")
            self._live.start()

    def event(self, event: Event) -> None:
        if isinstance(event, Record):
            self._record(event)
        else:
            self._note(event)

    def flush(self) -> None:
        """Every event is shown, or will be with the next drawing."""

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()

    def _record(self, record: Record) -> None:
        self._records, self._last = self._records + 1, record
        key = (record.metadata.sub_type or "–", record.metadata.type or "–")
        row = self._rows.setdefault(key, _Row())
        row.add(record, time.monotonic())
        if self._live is None:
            at = _clock(record.captured_at or record.received_at)
            self._console.print(Text(f"{at}  {key[0]:<20} {key[1]:<19} {row.said}"), soft_wrap=True)

    def _note(self, event: Event) -> None:
        if isinstance(event, StateChange):
            self._state = event
            self._reconnections = max(self._reconnections, event.epoch - 1)
        elif isinstance(event, Gap):
            self._lost += event.packets or event.records or 0
        elif isinstance(event, Undecodable):
            self._unreadable += 1
        at = event.since if isinstance(event, StateChange) else event.received_at
        text = Text.assemble(
            (f"{_clock(at)}  ", "dim"), (describe(event), STATE_STYLES.get(getattr(event, "state", ""), "yellow"))
        )
        if self._live is None:
            self._console.print(text, soft_wrap=True)
        else:
            text.no_wrap, text.overflow = True, "ellipsis"
            self._notes.append(text)

    # -- drawing -----------------------------------------------------------------------------

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = max(console.size.height - HEAD - len(self._notes), 3)
        yield Group(*self._head(), Rule(style="dim"), self._table(room), Rule(style="dim"), *self._notes)

    def _head(self) -> list[RenderableType]:
        state, now = self._state, datetime.now(UTC)
        first = Text.assemble(
            (self._host, "bold"),
            (f"  channel {state.channel} stream {state.stream}   ", "dim"),
            (f"● {state.state}", STATE_STYLES.get(state.state, "cyan")),
            (f" for {_duration((now - state.since).total_seconds())}", "dim"),
            f"   {state.reason}" if state.state not in ("live", "connecting") else "",
            no_wrap=True,
            overflow="ellipsis",
        )
        return [first, self._totals()]

    def _totals(self) -> Text:
        rate = sum(row.rate(time.monotonic()) for row in self._rows.values())
        second = Text(f"{self._records} documents, {rate:.1f} a second", no_wrap=True, overflow="ellipsis")
        if self._last is not None:
            uncertain = self._last.uncertainty
            second.append(f"   clock: {self._last.clock}", "dim")
            second.append("" if uncertain is None else f" ± {_short(uncertain)}", "dim")
        for number, what in (
            (self._lost, "lost"),
            (self._unreadable, "unreadable"),
            (self._reconnections, "reconnections"),
        ):
            second.append(f"   {number} {what}", "bold yellow" if number else "dim")
        return second

    def _table(self, room: int) -> RenderableType:
        table = RichTable(expand=True, box=None, header_style="dim", padding=(0, 2, 0, 0), pad_edge=False)
        table.add_column("sub type", no_wrap=True)
        table.add_column("type", no_wrap=True)
        table.add_column("n", no_wrap=True, justify="right")
        table.add_column("per s", no_wrap=True, justify="right")
        table.add_column("ago", no_wrap=True, justify="right", min_width=5)
        table.add_column("last", ratio=1, no_wrap=True, overflow="ellipsis")
        now, before = time.monotonic(), ""
        rows = sorted(self._rows.items(), key=lambda item: (item[0][0].lower(), item[0][1]))
        shown = rows if len(rows) <= room else rows[: room - 1]
        for (sub_type, kind), row in shown:
            age, rate = row.age(now), row.rate(now)
            table.add_row(
                Text(sub_type if sub_type != before else "", style="bold"),
                Text(kind, style="cyan" if kind.startswith("rule") else ""),
                str(row.count),
                f"{rate:.1f}" if rate >= 0.05 else "–",
                _short(age),
                Text(row.said, style="red" if "! " in row.said and age < FRESH else "" if age < FRESH else "dim"),
            )
            before = sub_type
        if len(shown) < len(rows):
            table.add_row(Text(f"… {len(rows) - len(shown)} more", style="dim"), "", "", "", "", "")
        return table


def _short(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.0f} s" if seconds < 120 else _duration(seconds)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(max(int(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _clock(instant: datetime) -> str:
    return instant.strftime("%H:%M:%S.%f")[:-3]
