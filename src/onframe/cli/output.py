"""Where the events of ``onframe watch`` go."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Protocol

from onframe.record import Event, Record, StateChange, Undecodable, to_json


class Output(Protocol):
    """Where events go."""

    def event(self, event: Event) -> None:
        """Show one event."""

    def flush(self) -> None:
        """Everything shown so far is out."""

    def close(self) -> None:
        """Nothing comes any more."""


class JSONLines(Output):
    """Records on stdout, one line each; with ``raw`` every event and its bytes."""

    def __init__(self, raw: bool) -> None:
        self._raw = raw
        self._write: Callable[[bytes], object] = sys.stdout.buffer.write

    def event(self, event: Event) -> None:
        if self._raw or isinstance(event, Record):
            self._write(to_json(event, raw=self._raw) + b"\n")
            sys.stdout.buffer.flush()
        else:
            print(describe(event), file=sys.stderr, flush=True)

    def flush(self) -> None:
        sys.stdout.buffer.flush()

    def close(self) -> None:
        """Each line is out already."""


def describe(event: Event) -> str:
    """One line about an event that is no Record."""
    if isinstance(event, StateChange):
        return f"{event.state}: {event.reason}"
    if isinstance(event, Record):
        return f"{event.metadata.sub_type or event.metadata.type}: {len(event.metadata.targets)} targets"
    if isinstance(event, Undecodable):
        return f"a document cannot be read: {event.message}"
    lost = event.records if event.records is not None else event.packets
    what = "records" if event.records is not None else "packets"
    return f"gap ({event.reason})" + (f": {lost} {what}" if lost is not None else "")
