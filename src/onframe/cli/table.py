"""The live table of ``onframe watch``: on a terminal it redraws itself, elsewhere it prints a line per Record."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table as RichTable
from rich.text import Text

from onframe.cli.output import Output, describe
from onframe.record import Event, Gap, Record, StateChange, Undecodable

REDRAWS = 5  # a second
NOTES = 6
STATE_STYLES = {
    "live": "bold green",
    "quiet": "green",
    "stale": "yellow",
    "backoff": "yellow",
    "auth_failed": "bold red",
}


@dataclass
class _Row:
    """What is shown of one sort of document."""

    count: int = 0
    last: Record | None = None
    times: deque[float] = field(default_factory=lambda: deque(maxlen=50))

    def add(self, record: Record, now: float) -> None:
        self.count += 1
        self.last = record
        self.times.append(now)

    def rate(self, now: float) -> float:
        """Documents a second, over the last fifty."""
        if len(self.times) < 2:
            return 0.0
        return (len(self.times) - 1) / max(now - self.times[0], 0.001)


class Table(Output):
    """Rows by sort of document, the state above them, losses and repairs below."""

    def __init__(self, host: str) -> None:
        self._host = host.rsplit("@", 1)[-1]
        self._rows: dict[tuple[str, str], _Row] = {}
        self._state = StateChange(self._host, 1, 1, 0, "connecting", "", since=_epoch())
        self._notes: deque[Text] = deque(maxlen=NOTES)
        self._lost = self._unreadable = self._reconnections = 0
        self._console = Console()
        self._live: Live | None = None
        if self._console.is_terminal:
            self._live = Live(
                self._draw(), console=self._console, refresh_per_second=REDRAWS, get_renderable=self._draw
            )
            self._live.start()

    def event(self, event: Event) -> None:
        if isinstance(event, Record):
            self._record(event)
        else:
            self._note(event)

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()

    def _record(self, record: Record) -> None:
        metadata = record.metadata
        key = (metadata.sub_type or "–", metadata.type or "–")
        self._rows.setdefault(key, _Row()).add(record, time.monotonic())
        if self._live is None:
            self._console.print(Text(f"{_clock(record)}  {key[0]:<20} {key[1]:<16} {summary(record)}"), soft_wrap=True)

    def _note(self, event: Event) -> None:
        if isinstance(event, StateChange):
            self._state = event
            self._reconnections = max(self._reconnections, event.epoch - 1)
        elif isinstance(event, Gap):
            self._lost += event.packets or event.records or 0
        elif isinstance(event, Undecodable):
            self._unreadable += 1
        text = Text(describe(event), style=STATE_STYLES.get(getattr(event, "state", ""), "yellow"))
        if self._live is None:
            self._console.print(text, soft_wrap=True)
        else:
            self._notes.append(text)

    def _draw(self) -> RenderableType:
        now = time.monotonic()
        table = RichTable(expand=True, box=None, header_style="dim", padding=(0, 2, 0, 0))
        for name, options in (
            ("sub type", {}),
            ("type", {}),
            ("n", {"justify": "right"}),
            ("per s", {"justify": "right"}),
        ):
            table.add_column(name, no_wrap=True, **options)  # type: ignore[arg-type]
        table.add_column("clock", no_wrap=True)
        table.add_column("last", ratio=1, no_wrap=True, overflow="ellipsis")
        for (sub_type, kind), row in sorted(self._rows.items()):
            last = row.last
            assert last is not None
            table.add_row(
                Text(sub_type, style="bold"),
                Text(kind),
                str(row.count),
                f"{row.rate(now):.1f}",
                last.clock,
                Text(summary(last)),
            )
        return Group(self._head(), table, *self._notes)

    def _head(self) -> Text:
        head = Text.assemble(
            (self._host, "bold"),
            "  ",
            (self._state.state, STATE_STYLES.get(self._state.state, "cyan")),
            f"  {self._state.reason}" if self._state.reason else "",
        )
        for number, what in (
            (self._lost, "lost"),
            (self._unreadable, "unreadable"),
            (self._reconnections, "reconnections"),
        ):
            if number:
                head.append(f"  {number} {what}", style="yellow")
        return head


def summary(record: Record) -> str:
    """What a person wants to know of a document, in one line."""
    metadata = record.metadata
    parts: list[str] = []
    for target in metadata.targets[:4]:
        name = target.plate or target.recognition or ("rule" if metadata.kind == "rule" else "target")
        number = target.target_id if target.target_id is not None else target.rule_id
        said = [name] if number is None or target.plate else [f"{name} {number}"]
        said += [_value(key, value) for key, value in list(target.values.items())[:4] if key not in _SAID]
        parts.append(" ".join(said))
    if len(metadata.targets) > 4:
        parts.append(f"and {len(metadata.targets) - 4} more")
    if metadata.ptz is not None:
        parts.append(f"azimuth {metadata.ptz.azimuth} elevation {metadata.ptz.elevation} zoom {metadata.ptz.zoom}")
    parts += _people(record)
    return ", ".join(parts) or "nothing in sight"


_SAID = {"licensePlate", "frameNumber"}


def _people(record: Record) -> list[str]:
    metadata = record.metadata
    parts = []
    if metadata.situation is not None:
        situation = metadata.situation
        counts = (
            (situation.person_count, "people"),
            (situation.enter_region_people_num, "in"),
            (situation.leave_region_people_num, "out"),
        )
        parts += [f"{number} {what}" for number, what in counts if number is not None]
    if metadata.tracking:
        parts.append(f"{len(metadata.tracking)} tracked")
    if metadata.pictures:
        parts.append(f"{len(metadata.pictures)} picture" + ("s" if len(metadata.pictures) > 1 else ""))
    if metadata.radar is not None:
        parts.append("radar region")
    return parts


def _value(key: str, value: object) -> str:
    if isinstance(value, dict):
        return f"{value.get('value')} {value.get('unit') or ''}".strip()
    if value is True:
        return key
    return f"{key} {value}"


def _clock(record: Record) -> str:
    return (record.captured_at or record.received_at).strftime("%H:%M:%S.%f")[:-3]


def _epoch() -> datetime:
    return datetime.now(UTC)
