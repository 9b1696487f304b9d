"""What a viewer shows: cameras, each with a key for addresses and a name for people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from onframe.camera.camera import Camera
from onframe.errors import OnframeError
from onframe.viewer import wire

MAX_SOURCES = 64
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


@dataclass(frozen=True)
class Source:
    """One channel of a camera. ``key`` names it in addresses: letters, digits, dot, dash; made up where it is empty.

    ``stream`` is the one that a page is shown unless it asks for another. ``name`` is for people.
    """

    camera: Camera = field(repr=False)
    channel: int = 1
    stream: int = 1
    name: str = ""
    key: str = ""

    def seen(self) -> wire.Seen:
        """As the page is told of it."""
        return wire.Seen(self.key, self.name, self.channel, self.stream)


def named(sources: Sequence[Source]) -> dict[str, Source]:
    """The sources by their keys, in their order; keys and names that are empty are filled in. Raises OnframeError."""
    if not 1 <= len(sources) <= MAX_SOURCES:
        raise OnframeError(f"a viewer shows 1 to {MAX_SOURCES} cameras, not {len(sources)}")
    taken = {source.key for source in sources if source.key}
    found: dict[str, Source] = {}
    for source in sources:
        key = source.key or _free_key(taken)
        taken.add(key)
        if not _KEY.fullmatch(key):
            raise OnframeError(f"{key!r} is no key of a camera", hint="letters, digits, dots and dashes, 64 at most")
        if key in found:
            raise OnframeError(f"two cameras have the key {key!r}")
        found[key] = replace(source, key=key, name=source.name or _name(source, sources))
    return found


def _free_key(taken: set[str]) -> str:
    return next(str(number) for number in range(1, 2 * MAX_SOURCES + 1) if str(number) not in taken)


def _name(source: Source, sources: Sequence[Source]) -> str:
    """The camera's, and the channel where the same camera is shown twice or it is not the first."""
    several = sum(other.camera is source.camera for other in sources) > 1
    several = several or source.channel != 1
    return f"{source.camera.name} channel {source.channel}" if several else source.camera.name
