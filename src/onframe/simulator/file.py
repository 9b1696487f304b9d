"""A user's video file as a programme, with its metadata from a script of JSON lines.

Each line of the script is one object: ``at`` (seconds since the video's start) and one of

- ``xml``: a document as text, sent as it stands;
- ``json``: a document as an object, sent as it stands;
- ``metadata``: the facts of a document, as ``onframe decode`` and ``onframe watch --json`` print them under that
  name; encoded and stamped with the capture's time and the simulated device.

Without ``at``, ``captured_at`` of a Record counts from the first Record's. Empty lines and lines that begin with
``#`` are left out. Video and script start anew together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from onframe.errors import DecodeError, LimitExceeded, OnframeError
from onframe.isapi.from_facts import metadata_from_facts
from onframe.isapi.metadata import Metadata
from onframe.isapi.metadata_emit import format_of
from onframe.simulator.film_file import film_file
from onframe.simulator.programme import Encode, FilmProgramme, Stamp, encode_document, item_of
from onframe.simulator.scenes.scene import Format
from onframe.simulator.source import MediaItem
from onframe.simulator.video import cached

NS = 1_000_000_000


@dataclass(frozen=True)
class Line:
    """One document of a script: sent as ``payload`` stands, or made of ``metadata``."""

    at: int
    form: Format
    payload: bytes | None
    metadata: Metadata | None


class FileProgramme(FilmProgramme):
    """A video file, coded anew only where it must be, and the documents of its script."""

    def __init__(
        self, video: Path, script: Path | None = None, stamp: Stamp | None = None, *, encode: Encode = encode_document
    ) -> None:
        super().__init__()
        self._encode = encode
        self._video = video
        self._stamp = stamp or Stamp()
        self._lines = read_script(script) if script else []
        if not video.is_file():
            raise OnframeError(f"there is no video file {video}", hint="--video takes a file that ffmpeg can read")

    def prepare(self) -> None:
        state = self._video.stat()
        name = f"{self._video.resolve()}:{state.st_size}:{state.st_mtime_ns}"
        key = f"file-{hashlib.sha256(name.encode()).hexdigest()[:24]}"
        self.load(key, cached(key, lambda: film_file(self._video)))

    def documents(self, n: int, epoch_ns: int) -> Sequence[MediaItem]:
        loop, end = divmod(self.at(n), self._main.length)
        start = -1 if n % len(self._main.times) == 0 else self.at(n - 1) - loop * self._main.length
        last = n % len(self._main.times) == len(self._main.times) - 1
        base = loop * self._main.length
        return [
            self._item(line, base + line.at, epoch_ns)
            for line in self._lines
            if start < line.at and (line.at <= end or last and line.at < self._main.length)
        ]

    def rules(self, n: int, epoch_ns: int) -> Sequence[MediaItem]:
        loop, here = divmod(self.at(n), self._main.length)
        latest: dict[object, MediaItem] = {}
        for line in self._lines:
            if line.at <= here and line.metadata is not None and line.metadata.kind == "rule":
                latest[_rule_key(line.metadata)] = self._item(line, loop * self._main.length + line.at, epoch_ns)
        return list(latest.values())

    def _item(self, line: Line, at: int, epoch_ns: int) -> MediaItem:
        if line.payload is not None:
            metadata = line.metadata or Metadata(type="activityTarget")
            return item_of(metadata, line.form, at, line.payload)
        assert line.metadata is not None
        stamped = self._stamp.put(line.metadata, epoch_ns + at, line.form)
        return item_of(stamped, line.form, at, self._encode(stamped, line.form))


def _rule_key(metadata: Metadata) -> object:
    return metadata.type, metadata.sub_type, tuple(str(t.rule_id) for t in metadata.targets), metadata.radar is None


def read_script(path: Path) -> list[Line]:
    """The lines of a script, in order of time. Raises OnframeError that names the line which cannot be used."""
    lines: list[Line] = []
    first: datetime | None = None
    try:
        texts = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise OnframeError(f"the script {path} cannot be read: {error}") from error
    for number, text in enumerate(texts, 1):
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        try:
            entry = msgspec.json.decode(text, type=dict[str, Any])
            first = first or _captured(entry)
            lines.append(_line(entry, first))
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
            raise OnframeError(
                f"line {number} of {path} cannot be used: {error}",
                hint='a line is {"at": seconds, "xml": "…"}, {"at": …, "json": {…}} or {"at": …, "metadata": {…}}',
            ) from error
    return sorted(lines, key=lambda line: line.at)


def _captured(entry: dict[str, Any]) -> datetime | None:
    text = entry.get("captured_at")
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def _line(entry: dict[str, Any], first: datetime | None) -> Line:
    at = _at(entry, first)
    if "xml" in entry:
        payload = str(entry["xml"]).encode()
        return Line(at, "xml", payload, _decoded(payload))
    if "json" in entry:
        payload = msgspec.json.encode(entry["json"])
        return Line(at, "json", payload, _decoded(payload))
    metadata = metadata_from_facts(entry["metadata"])
    metadata.device = None  # the simulated one stands in its place, with its own channel
    return Line(at, format_of(metadata), None, metadata)


def _at(entry: dict[str, Any], first: datetime | None) -> int:
    if "at" in entry:
        at = round(float(entry["at"]) * NS)
    else:
        captured = _captured(entry)
        if captured is None or first is None:
            raise ValueError("it has neither at nor captured_at")
        at = round((captured - first).total_seconds() * NS)
    if at < 0:
        raise ValueError("at is before the video's start")
    return at


def _decoded(payload: bytes) -> Metadata | None:
    """What the document says, where it can be read: broken ones are sent too, to see what a client does."""
    from onframe.isapi.document import decode

    try:
        value = decode(payload).value
    except (DecodeError, LimitExceeded):
        return None
    return value if isinstance(value, Metadata) else None
