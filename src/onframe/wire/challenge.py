"""Reading the headers of authentication: challenges and credentials (RFC 7616 section 3, RFC 9110 section 11).

Devices fold, quote and separate as they like; all of it is read here, in linear time, and nothing else is tolerant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from onframe.errors import LimitExceeded, RemoteProtocolError

MAX_PARAMETER: Final = 1024
"""Longest realm, nonce or opaque that is believed, in characters."""
MAX_CHALLENGES: Final = 16
"""Most challenges that one answer may carry."""
MAX_HEADER: Final = 64 * 1024
"""Longest value of a header that is read, in characters."""

_TOKEN = re.compile(r"[^\s,=\"]+")
_UNQUOTED = re.compile(r"[^\s,\"]*")
_QUOTED = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
_BLANK = re.compile(r"\s*")
_SEPARATORS = re.compile(r"[\s,]*")
_FOLD = re.compile(r"\r?\n[ \t]+")
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""What no value may hold that is written into a header."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge of a WWW-Authenticate header (RFC 7616 section 3.3).

    ``scheme`` is lower case. ``algorithm`` is as the peer wrote it, None where it was left out (which means MD5);
    ``algorithm_quoted`` tells whether it stood in quotes, for it is echoed as it came.
    """

    scheme: str
    realm: str = ""
    nonce: str = ""
    opaque: str | None = None
    algorithm: str | None = None
    qop: tuple[str, ...] = ()
    stale: bool = False
    userhash: bool = False
    algorithm_quoted: bool = False

    @property
    def hash_name(self) -> str:
        """``MD5``, ``SHA-256``, ``SHA-512-256``, or whatever else was asked for, in upper case and without -SESS."""
        return (self.algorithm or "MD5").upper().removesuffix("-SESS")

    @property
    def session(self) -> bool:
        """True for the algorithms that end in -sess."""
        return (self.algorithm or "").upper().endswith("-SESS")


@dataclass(slots=True)
class Section:
    """A scheme and what followed it. ``quoted`` names the parameters that stood in quotes."""

    scheme: str
    parameters: dict[str, str] = field(default_factory=dict)
    quoted: set[str] = field(default_factory=set)
    last: str = ""

    def put(self, name: str, value: str, quoted: bool) -> None:
        self.last = name.lower()
        if self.last not in self.parameters:  # the first one counts
            self.parameters[self.last] = value
            if quoted:
                self.quoted.add(self.last)

    def extend(self, token: str, after_comma: bool) -> bool:
        """Take a bare token as the rest of an unquoted value: ``realm=IP Camera``, ``qop=auth,auth-int``."""
        if not self.last or self.last in self.quoted:
            return False
        if after_comma and not (self.last == "qop" and token.lower().startswith("auth")):
            return False
        if len(self.parameters[self.last]) <= MAX_PARAMETER:  # one that is longer is refused later
            self.parameters[self.last] += ("," if after_comma else " ") + token
        return True


def read_sections(text: str) -> Iterator[Section]:
    """Split a header value into schemes with their parameters; linear, and it never fails on junk."""
    text = _FOLD.sub(" ", text)
    current: Section | None = None
    position = 0
    while True:
        start = _match(_SEPARATORS, text, position).end()
        after_comma = "," in text[position:start]
        if start == len(text):
            break
        token = _TOKEN.match(text, start)
        if token is None:  # a stray quote or equals sign
            position = start + 1
            continue
        position = _match(_BLANK, text, token.end()).end()
        if text[position : position + 1] == "=":
            value, quoted, position = _value(text, position + 1)
            if current is not None:
                current.put(token[0], value, quoted)
            continue
        position = token.end()
        if current is None or not current.extend(token[0], after_comma):
            if current is not None:
                yield current
            current = Section(token[0].lower())
    if current is not None:
        yield current


def _value(text: str, position: int) -> tuple[str, bool, int]:
    position = _match(_BLANK, text, position).end()
    if quoted := _QUOTED.match(text, position):
        return _QUOTED_PAIR.sub(r"\1", quoted[1]), True, quoted.end()
    if text[position : position + 1] == '"':
        raise RemoteProtocolError("a quoted value of an authentication header has no end", offset=position)
    unquoted = _match(_UNQUOTED, text, position)
    return unquoted[0], False, unquoted.end()


def parse_challenges(values: Sequence[str]) -> list[Challenge]:
    """The challenges of one answer, from all its WWW-Authenticate headers, in order.

    Several may share one header, parameters may be folded, unquoted or followed by commas. Schemes other than Digest
    and Basic are returned with their name alone. Raises RemoteProtocolError for a digest without a realm or a nonce,
    LimitExceeded for values no device sends.
    """
    challenges: list[Challenge] = []
    for value in values:
        _check_limit(value, "WWW-Authenticate", MAX_HEADER)
        for section in read_sections(value):
            challenges.append(_challenge(section))
            if len(challenges) > MAX_CHALLENGES:
                raise LimitExceeded("too many challenges in one answer", limit="challenges", maximum=MAX_CHALLENGES)
    return challenges


def parse_credentials(value: str) -> Section | None:
    """What an Authorization header holds; None for what cannot be read or is longer than any client sends."""
    if len(value) > MAX_HEADER:
        return None
    try:
        return next(read_sections(value), None)
    except RemoteProtocolError:
        return None


def _challenge(section: Section) -> Challenge:
    if section.scheme not in ("digest", "basic"):
        return Challenge(section.scheme)
    for name in ("realm", "nonce", "opaque", "algorithm"):
        _check_parameter(name, section.parameters.get(name, ""))
    if section.scheme == "basic":
        return Challenge("basic", section.parameters.get("realm", ""))
    return _digest_challenge(section)


def _digest_challenge(section: Section) -> Challenge:
    parameters = section.parameters
    if "realm" not in parameters:
        raise RemoteProtocolError("the digest challenge has no realm")
    if not parameters.get("nonce"):
        raise RemoteProtocolError("the digest challenge has no nonce", excerpt=f"realm={parameters['realm']!r}")
    return Challenge(
        "digest",
        realm=parameters["realm"],
        nonce=parameters["nonce"],
        opaque=parameters.get("opaque"),
        algorithm=parameters.get("algorithm") or None,
        qop=tuple(parameters.get("qop", "").lower().replace(",", " ").split()),
        stale=_is_true(parameters.get("stale")),
        userhash=_is_true(parameters.get("userhash")),
        algorithm_quoted="algorithm" in section.quoted,
    )


def _is_true(value: str | None) -> bool:
    return value is not None and value.strip().lower() == "true"


def _check_limit(value: str, name: str, maximum: int) -> None:
    if len(value) > maximum:
        raise LimitExceeded(f"{name} has {len(value)} characters, more than {maximum}", limit=name, maximum=maximum)


def _check_parameter(name: str, value: str) -> None:
    _check_limit(value, name, MAX_PARAMETER)
    if CONTROL.search(value):  # it would be echoed into our own header
        raise RemoteProtocolError(f"control characters in the {name} of a challenge", excerpt=repr(value[:40]))


def _match(pattern: re.Pattern[str], text: str, position: int) -> re.Match[str]:
    """For patterns that also match nothing."""
    found = pattern.match(text, position)
    assert found is not None
    return found
