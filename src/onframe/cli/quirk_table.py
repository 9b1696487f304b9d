"""What ``onframe simulate --list-quirks`` prints."""

from __future__ import annotations

import textwrap

import msgspec

from onframe.simulator.quirks import QUIRKS, Quirk

_TITLES = {
    "login": "Who may ask",
    "http": "HTTP",
    "documents": "Documents",
    "json": "Documents in JSON",
    "description": "The description (SDP)",
    "session": "The RTSP session",
    "packets": "Packets",
}
_WIDTH = 110


def quirk_table() -> str:
    """Name, values with the default first, and what the device then does, in the table's order."""
    width = max(map(len, QUIRKS))
    lines: list[str] = []
    group = ""
    for row in QUIRKS.values():
        if row.group != group:
            group = row.group
            lines += ["", _TITLES[group]]
        indent = " " * (width + 4)
        lines += textwrap.wrap(f"{row.name:{width}}", _WIDTH, initial_indent="  ", drop_whitespace=False)
        lines[-1] += f"  {_values(row)}"
        lines += textwrap.wrap(f"{row.does}.", _WIDTH, initial_indent=indent, subsequent_indent=indent)
    return "\n".join(lines[1:])


def quirk_json() -> str:
    """The same as one JSON array."""
    rows = [
        {
            "name": row.name,
            "group": row.group,
            "values": list(row.values) or None,
            "bounds": row.bounds,
            "default": row.default,
            "does": row.does,
            "seen": row.seen,
        }
        for row in QUIRKS.values()
    ]
    return msgspec.json.encode(rows).decode()


def _values(row: Quirk) -> str:
    if row.bounds:
        return f"{row.usual} ({row.choices})"
    return " | ".join([row.usual, *(value for value in row.values if value != row.usual)])
