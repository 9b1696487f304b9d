"""How large a document may be, in XML and JSON alike."""

from __future__ import annotations

from onframe.errors import DecodeError, LimitExceeded

MAX_SIZE = 4 * 1024 * 1024
"""Bytes of one document."""
MAX_DOCUMENTS = 1_000
"""Documents of one payload; devices are known that send two."""
MAX_DEPTH = 64
"""Elements (objects, arrays) inside one another."""
MAX_ELEMENTS = 50_000
"""Elements of one document; in JSON its values."""
MAX_ATTRIBUTES = 1_000
"""Attributes of one element; in JSON the members of one object."""
MAX_MARKUP = 64 * 1024
"""Bytes of one tag, comment or processing instruction; in JSON of one key."""

_EXCERPT = 60


def exceeded(limit: str, maximum: int) -> LimitExceeded:
    """The error for the bound named ``limit``."""
    return LimitExceeded(
        f"the document exceeds the limit {limit} of {maximum}",
        limit=limit,
        maximum=maximum,
        hint="no camera is known to send such a document; keep the raw bytes and look at where they come from",
    )


def check_size(size: int) -> None:
    """Raise LimitExceeded where ``size`` bytes are too many for one document."""
    if size > MAX_SIZE:
        raise exceeded("size", MAX_SIZE)


def excerpt(data: bytes | str, offset: int = 0) -> str:
    """A printable piece of what stands at ``offset``."""
    piece = data[max(0, offset - _EXCERPT // 3) : offset + _EXCERPT]
    text = piece if isinstance(piece, str) else piece.decode("utf-8", "replace")
    return "".join(character if character.isprintable() else " " for character in text)


def unreadable(message: str, data: bytes, offset: int, *, hint: str | None = None) -> DecodeError:
    """The DecodeError for a fault seen at ``offset`` of ``data``."""
    return DecodeError(message, offset=offset, excerpt=excerpt(data, offset), hint=hint)
