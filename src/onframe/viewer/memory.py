"""The Records of the last while, for who asks what a Shape came from. Bounded in time, number and bytes. Pure."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from onframe.isapi.facts import metadata_facts
from onframe.isapi.metadata import Metadata, Target
from onframe.overlay.subjects import subject_name
from onframe.overlay.teller import Place
from onframe.record import Record
from onframe.viewer import wire

SECONDS = 90.0
_LASTING = timedelta(seconds=SECONDS)
MOST = 4096
MOST_BYTES = 16 * 1024 * 1024
MOST_RULES = 256
"""Rules whose documents are kept while they stand, however long that is."""
LONGEST_RAW = 64 * 1024
LONGEST_FACTS = 256 * 1024
"""Bytes of JSON; the facts of a longer document are not told, its raw text is."""
_FACTOR = 3
"""A Record with all that was read out of it takes about so many times the bytes of its document, and as much again."""
_DECLARED = re.compile(
    rb"""<\?xml[^>]{0,200}encoding\s*=\s*["'](gb2312|gbk|gb18030|big5|iso-8859-[1-9]|windows-125[0-8]|shift_jis|euc-[jk][pr])""",
    re.IGNORECASE,
)
"""Python knows more, some of which are no encodings of texts, or slow."""


class Told(NamedTuple):
    """A Record, and where it was drawn."""

    record: Record
    place: Place
    size: int


class Memory:
    """What was told of one epoch, by the Records' numbers; and the document of each rule, by its subject."""

    def __init__(self) -> None:
        self._told: OrderedDict[int, Told] = OrderedDict()
        self._rules: OrderedDict[str, Record] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._told)

    def forget(self) -> None:
        """Another epoch: its numbers mean other Records."""
        self._told.clear()
        self._rules.clear()
        self._bytes = 0

    def add(self, record: Record, place: Place, *, is_rule: bool) -> None:
        """Remember it; the oldest go."""
        if (old := self._told.pop(record.n, None)) is not None:
            self._bytes -= old.size
        size = 1024 + _FACTOR * len(record.raw)
        self._told[record.n] = Told(record, place, size)
        self._bytes += size
        if is_rule and len(record.raw) <= LONGEST_RAW:
            for target in record.metadata.targets:
                subject = subject_name(record.metadata, target)
                self._rules.pop(subject, None)
                self._rules[subject] = record
            while len(self._rules) > MOST_RULES:
                self._rules.popitem(last=False)
        earliest = record.received_at - _LASTING
        while self._told and (len(self._told) > MOST or self._bytes > MOST_BYTES or self._is_over(earliest)):
            self._bytes -= self._told.popitem(last=False)[1].size

    def since(self, seconds: float) -> Iterator[Told]:
        """Those of the last seconds before the newest, in their order."""
        if not self._told:
            return
        earliest = next(reversed(self._told.values())).record.received_at - timedelta(seconds=seconds)
        for told in list(self._told.values()):
            if told.record.received_at >= earliest:
                yield told

    def inspect(self, n: int, subject: str) -> wire.Inspected:
        """The document of Record ``n``, else that of the rule ``subject``; ``found`` is False for neither."""
        told = self._told.get(n)
        record = self._rules.get(subject) if told is None else told.record
        if record is None:
            return wire.Inspected(n, subject, found=False)
        raw, cut = as_text(record.raw)
        target = target_of(record.metadata, subject)
        return wire.Inspected(
            n,
            subject,
            format=record.format,
            raw=raw,
            cut=cut,
            facts=_facts(record.metadata),
            properties=[] if target is None else target.properties,
        )

    def _is_over(self, earliest: datetime) -> bool:
        """The oldest was received before that."""
        received_at: datetime = next(iter(self._told.values())).record.received_at
        return received_at < earliest


def as_text(raw: bytes) -> tuple[str, bool]:
    """The document as text, in the encoding that it says, else UTF-8; and whether it was cut.

    What is no text in it becomes U+FFFD, control characters too.
    """
    piece = raw[:LONGEST_RAW]
    text = piece.decode(_encoding(raw), "replace")
    if len(raw) > LONGEST_RAW:
        text = text.rstrip("\ufffd")  # half a character
    return "".join(one if one.isprintable() or one in "\n\r\t" else "\ufffd" for one in text), len(raw) > LONGEST_RAW


def _encoding(raw: bytes) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    found = _DECLARED.match(raw)
    return found[1].decode().lower() if found else "utf-8-sig"


def target_of(metadata: Metadata, subject: str) -> Target | None:
    """The target or rule that a Shape's ``subject`` names."""
    if not subject:
        return None
    return next((target for target in metadata.targets if subject_name(metadata, target) == subject), None)


def _facts(metadata: Metadata) -> dict[str, Any]:
    """The facts, unless they are too long or hold what JSON has no form for."""
    try:
        facts = metadata_facts(metadata)
        encoded = msgspec.json.encode(facts)
    except (TypeError, ValueError, OverflowError, UnicodeError):
        return {}
    return facts if len(encoded) <= LONGEST_FACTS else {}
