"""Digest access authentication for HTTP and RTSP, both roles (RFC 2069, RFC 2617, RFC 7616; RFC 2326 section 1.6).

Challenges are read in :func:`parse_challenges`, answered by :class:`DigestClient`, issued and verified by
:class:`DigestServer`. Nonces and client nonces are arguments: nothing here draws random numbers or reads a clock.

Header values are ``str``. Bytes beyond ASCII are carried as UTF-8 with ``surrogateescape``, so that a realm in any
encoding comes back byte for byte; encode the values returned here the same way.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, Final, Literal

from onframe.errors import LocalProtocolError, RemoteProtocolError
from onframe.wire.challenge import CONTROL, Challenge, Section, parse_challenges, parse_credentials

__all__ = ["Challenge", "ChallengeKind", "DigestClient", "DigestServer", "Verdict", "parse_challenges", "uri_covers"]

_HASHES: Final[dict[str, Callable[[bytes], Any]]] = {"MD5": partial(hashlib.md5, usedforsecurity=False)}
_HASHES["SHA-256"] = hashlib.sha256
if "sha512_256" in hashlib.algorithms_available:
    _HASHES["SHA-512-256"] = partial(hashlib.new, "sha512_256")

_CHANNEL_URL = re.compile(r"rtsps?://[^/]*/(?:[^/?]+/)*channels/[^/?]+", re.IGNORECASE)
_NONCE_COUNT = re.compile(r"[0-9a-fA-F]{8}")
_QOPS: Final = ("auth", "auth-int")


# --- computing ---------------------------------------------------------------------------------------------------


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What goes into a response besides the secret (RFC 7616 section 3.4.1)."""

    hash_name: str
    session: bool
    realm: str
    nonce: str
    method: str
    uri: str
    qop: str | None = None
    nc: str = ""
    cnonce: str = ""
    body: bytes = b""

    def digest(self, *parts: str) -> str:
        return str(_HASHES[self.hash_name](_octets(":".join(parts))).hexdigest())

    def response(self, username: str, password: str) -> str:
        a1 = self.digest(username, self.realm, password)
        if self.session:
            a1 = self.digest(a1, self.nonce, self.cnonce)
        if self.qop is None:
            return self.digest(a1, self.nonce, self._a2())
        return self.digest(a1, self.nonce, self.nc, self.cnonce, self.qop, self._a2())

    def _a2(self) -> str:
        if self.qop == "auth-int":
            return self.digest(self.method, self.uri, str(_HASHES[self.hash_name](self.body).hexdigest()))
        return self.digest(self.method, self.uri)


def _quote(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


# --- the client --------------------------------------------------------------------------------------------------


class ChallengeKind(Enum):
    """What a 401 said about the nonce: never seen, run out (ask nobody, try again), or offered once more."""

    FRESH = "fresh"
    STALE = "stale"
    REPEATED = "repeated"


@dataclass(slots=True)
class _NonceUse:
    count: int = 0
    cnonce: str = ""


def _unanswerable(text: str, hint: str | None = None) -> RemoteProtocolError:
    """For a challenge that is well-formed and cannot be met."""
    error = RemoteProtocolError(text, hint=hint)
    error.reason = "login"
    return error


class DigestClient:
    """Answers challenges for one user at one host and one protocol (RFC 7616 section 3.4).

    ``algorithms`` are believed strongest first, each with its -sess form; of several challenges the strongest is
    taken. Basic is used only when ``allow_basic``, and never once a digest was offered. ``authorize`` is synchronous,
    so concurrent callers get rising nonce counts; keep their requests in that order on the wire where the device
    insists on it.
    """

    _KEPT_NONCES: Final = 64

    def __init__(
        self,
        username: str,
        password: str,
        *,
        algorithms: Sequence[str] = ("SHA-512-256", "SHA-256", "MD5"),
        allow_basic: bool = False,
    ) -> None:
        if CONTROL.search(username):
            raise LocalProtocolError("the user name has control characters")
        self._username = username
        self._password = password
        self._algorithms = [name.upper() for name in algorithms if name.upper() in _HASHES]
        self._allow_basic = allow_basic
        self._challenge: Challenge | None = None
        self._digest_offered = False
        self._uses: OrderedDict[str, _NonceUse] = OrderedDict()

    @property
    def has_challenge(self) -> bool:
        """True when requests can be signed."""
        return self._challenge is not None

    @property
    def challenge(self) -> Challenge | None:
        """The challenge that requests are signed for."""
        return self._challenge

    def receive_challenge(self, values: Sequence[str]) -> ChallengeKind:
        """Take the WWW-Authenticate values of a 401.

        Raises RemoteProtocolError when nothing acceptable is offered, and for Basic after a digest (a downgrade);
        the challenge in force is kept then.
        """
        challenges = parse_challenges(values)
        digests = [one for one in challenges if one.scheme == "digest"]
        if digests:
            self._digest_offered = True
            return self._take(self._strongest(digests))
        if any(one.scheme == "basic" for one in challenges):
            return self._take_basic(next(one for one in challenges if one.scheme == "basic"))
        schemes = ", ".join(one.scheme for one in challenges) or "nothing"
        raise _unanswerable(f"the device asks for {schemes[:100]}, which is neither Digest nor Basic")

    def _take(self, challenge: Challenge) -> ChallengeKind:
        self._challenge = challenge
        known = challenge.nonce in self._uses
        self._uses.setdefault(challenge.nonce, _NonceUse())
        self._uses.move_to_end(challenge.nonce)
        if len(self._uses) > self._KEPT_NONCES:
            self._uses.popitem(last=False)
        if challenge.stale:
            return ChallengeKind.STALE
        return ChallengeKind.REPEATED if known else ChallengeKind.FRESH

    def _take_basic(self, challenge: Challenge) -> ChallengeKind:
        if self._digest_offered:
            raise _unanswerable(
                "the device offered Digest before and now Basic alone; the password is not sent",
                hint="somebody may stand between you and the device; if the device was set to Basic, connect anew",
            )
        if not self._allow_basic:
            raise _unanswerable(
                "the device offers Basic alone, which sends the password readably",
                hint="allow it with allow_basic=True, or set the device to Digest",
            )
        known = self._challenge is not None
        self._challenge = challenge
        return ChallengeKind.REPEATED if known else ChallengeKind.FRESH

    def _strongest(self, digests: list[Challenge]) -> Challenge:
        usable = [one for one in digests if one.hash_name in self._algorithms and _qop_of(one) != "unknown"]
        if not usable:
            names = ", ".join(sorted({one.algorithm or "MD5" for one in digests}))
            raise _unanswerable(
                f"none of the digests offered can be answered: {names[:200]}",
                hint="allowed are " + ", ".join(self._algorithms) + " with qop auth, auth-int or none",
            )
        return min(usable, key=lambda one: (self._algorithms.index(one.hash_name), one.session))

    def authorize(self, method: str, uri: str, *, cnonce: str, body: bytes = b"") -> str | None:
        """The value of the Authorization header for one request; None before any challenge.

        ``uri`` is the one on the request line, ``cnonce`` random text, ``body`` what is sent (it counts under
        qop auth-int). Each call raises the nonce count.
        """
        challenge = self._challenge
        if challenge is None:
            return None
        if challenge.scheme == "basic":
            return self._basic()
        if CONTROL.search(uri) or CONTROL.search(cnonce):
            raise LocalProtocolError("control characters in a request URI or a client nonce")
        return self._digest(challenge, method, uri, cnonce, body)

    def _basic(self) -> str:
        if ":" in self._username:
            raise LocalProtocolError("Basic cannot carry a user name with a colon (RFC 7617 section 2)")
        return "Basic " + base64.b64encode(_octets(f"{self._username}:{self._password}")).decode("ascii")

    def _digest(self, challenge: Challenge, method: str, uri: str, cnonce: str, body: bytes) -> str:
        use = self._uses[challenge.nonce]
        use.count += 1
        if challenge.session:  # one session key per nonce: RFC 7616 section 3.4.2
            cnonce = use.cnonce = use.cnonce or cnonce
        answer = _Answer(
            challenge.hash_name,
            challenge.session,
            challenge.realm,
            challenge.nonce,
            method,
            uri,
            _qop_of(challenge),
            f"{use.count & 0xFFFFFFFF:08x}",
            cnonce,
            body,
        )
        return "Digest " + ", ".join(self._parameters(challenge, answer))

    def _parameters(self, challenge: Challenge, answer: _Answer) -> Iterator[str]:
        """The guide's order first, then what the challenge asks for."""
        username = self._username
        if challenge.userhash:
            username = answer.digest(username, challenge.realm)
        yield f"username={_quote(username)}"
        yield f"realm={_quote(challenge.realm)}"
        yield f"nonce={_quote(challenge.nonce)}"
        yield f"uri={_quote(answer.uri)}"
        yield f'response="{answer.response(self._username, self._password)}"'
        if challenge.algorithm is not None:
            quoted = challenge.algorithm_quoted
            yield f"algorithm={_quote(challenge.algorithm) if quoted else challenge.algorithm}"
        if challenge.opaque is not None:
            yield f"opaque={_quote(challenge.opaque)}"
        if answer.qop is not None:
            yield f"qop={answer.qop}"
            yield f"nc={answer.nc}"
        if answer.qop is not None or challenge.session:
            yield f"cnonce={_quote(answer.cnonce)}"
        if challenge.userhash:
            yield "userhash=true"


def _qop_of(challenge: Challenge) -> str | None:
    """The quality of protection to answer with; "unknown" where only others are offered."""
    if not challenge.qop:
        return None
    return next((qop for qop in _QOPS if qop in challenge.qop), "unknown")


# --- the server --------------------------------------------------------------------------------------------------


class Verdict(Enum):
    """Of a request's credentials: good, none given, good but for a nonce that ran out or is another URL's, wrong."""

    ACCEPTED = "accepted"
    MISSING = "missing"
    STALE = "stale"
    ELSEWHERE = "elsewhere"
    REFUSED = "refused"


@dataclass(slots=True)
class _IssuedNonce:
    uri: str = ""
    uses: int = 0
    count: int = 0


class DigestServer:
    """Challenges and verifies as a device does (R-013 to R-020; RFC 7616 section 3).

    ``password_of(username)`` gives the password, None for a user who is not known. ``qop`` False is the cameras' way
    (RFC 2069). A nonce serves ``nonce_uses`` requests (None: any number); under ``strict_nc`` its count must rise. A
    right answer to a nonce that is unknown, used up or replayed is STALE: who gave it knows the password, and who
    replays it gains nothing. ``opaque`` and ``domain`` are sent when given. ``name_md5`` writes ``algorithm`` where MD5
    stands alone. ``strict_uri`` wants the digest's uri to be the request line's to the letter, ``nonce_per_url`` a
    nonce to be used for the URL alone that was challenged with it.
    """

    _KEPT_NONCES: Final = 4096

    def __init__(
        self,
        realm: str,
        password_of: Callable[[str], str | None],
        *,
        algorithms: Sequence[str] = ("MD5",),
        qop: Literal[False] | Sequence[str] = False,
        nonce_uses: int | None = None,
        strict_nc: bool = False,
        opaque: str | None = None,
        domain: str | None = None,
        name_md5: bool = False,
        basic: bool = False,
        strict_uri: bool = False,
        nonce_per_url: bool = False,
    ) -> None:
        for name in algorithms:
            if name.upper().removesuffix("-SESS") not in _HASHES:
                raise LocalProtocolError(f"the digest algorithm {name} is not known here")
        self._realm = realm
        self._password_of = password_of
        self._algorithms = tuple(algorithms)
        self._qop = tuple(qop or ())
        self._nonce_uses = nonce_uses
        self._strict_nc = strict_nc
        self._opaque, self._domain = opaque, domain
        self._strict_uri, self._nonce_per_url = strict_uri, nonce_per_url
        self._name_md5 = name_md5 or len(self._algorithms) > 1
        self._basic = basic
        self._issued: OrderedDict[str, _IssuedNonce] = OrderedDict()

    def challenges(self, nonce: str, *, stale: bool = False, request_uri: str = "") -> list[str]:
        """The values of WWW-Authenticate, one for each algorithm; ``nonce`` is valid from now on (for that URL)."""
        self._issued[nonce] = _IssuedNonce(request_uri)
        if len(self._issued) > self._KEPT_NONCES:
            self._issued.popitem(last=False)
        values = ["Digest " + ", ".join(self._parameters(name, nonce, stale)) for name in self._algorithms]
        return values + ([f"Basic realm={_quote(self._realm)}"] if self._basic else [])

    def forget(self) -> None:
        """No nonce issued so far is valid any more."""
        self._issued.clear()

    def _parameters(self, algorithm: str, nonce: str, stale: bool) -> Iterator[str]:
        if self._qop:
            yield f'qop="{",".join(self._qop)}"'
        yield f"realm={_quote(self._realm)}"
        yield f"nonce={_quote(nonce)}"
        if self._domain is not None:
            yield f"domain={_quote(self._domain)}"
        if self._opaque is not None:
            yield f"opaque={_quote(self._opaque)}"
        if algorithm.upper() != "MD5" or self._name_md5:
            yield f'algorithm="{algorithm}"'
        yield f'stale="{"TRUE" if stale else "FALSE"}"'

    def verify(self, method: str, request_uri: str, authorization: str | None, *, body: bytes = b"") -> Verdict:
        """Judge the credentials of one request; never raises for what a peer sent.

        ``request_uri`` is the one on the request line. An ACCEPTED request counts as one use of its nonce.
        """
        if authorization is None or not authorization.strip():
            return Verdict.MISSING
        section = parse_credentials(authorization)
        if section is None:
            return Verdict.REFUSED
        if section.scheme == "basic" and self._basic:
            return self._verify_basic(authorization)
        return self._verify_digest(method, request_uri, section, body)

    def _verify_basic(self, authorization: str) -> Verdict:
        try:
            text = base64.b64decode(authorization.split(None, 1)[1], validate=True).decode("utf-8", "surrogateescape")
        except (IndexError, ValueError):
            return Verdict.REFUSED
        username, _, password = text.partition(":")
        known = self._password_of(username)
        right = hmac.compare_digest(_octets(password), _octets(known or ""))
        return Verdict.ACCEPTED if right and known is not None else Verdict.REFUSED

    def _verify_digest(self, method: str, request_uri: str, section: Section, body: bytes) -> Verdict:
        given = section.parameters
        if section.scheme != "digest" or any(n not in given for n in ("username", "realm", "nonce", "uri", "response")):
            return Verdict.REFUSED
        answer = self._expected(method, given, body)
        covers = given["uri"] == request_uri if self._strict_uri else uri_covers(given["uri"], request_uri)
        if answer is None or not covers:
            return Verdict.REFUSED
        password = self._password_of(given["username"])
        expected = answer.response(given["username"], password or "")
        right = hmac.compare_digest(_octets(expected), _octets(given["response"].lower()))
        if not right or password is None:
            return Verdict.REFUSED
        issued = self._issued.get(given["nonce"])
        if self._nonce_per_url and issued is not None and issued.uri != request_uri:
            return Verdict.ELSEWHERE
        return self._use(given["nonce"], int(answer.nc, 16) if answer.nc else None)

    def _expected(self, method: str, given: dict[str, str], body: bytes) -> _Answer | None:
        """What must have been hashed; None when the credentials do not fit the challenge."""
        algorithm = given.get("algorithm", "MD5").upper()
        if algorithm not in (name.upper() for name in self._algorithms) or given["realm"] != self._realm:
            return None
        qop = given.get("qop")
        nc, cnonce = given.get("nc", ""), given.get("cnonce")
        if self._qop:
            if qop not in self._qop or not _NONCE_COUNT.fullmatch(nc) or cnonce is None:
                return None
        elif qop is not None:
            return None
        session = algorithm.endswith("-SESS")
        if session and cnonce is None:
            return None
        name = algorithm.removesuffix("-SESS")
        nc = nc if self._qop else ""
        return _Answer(name, session, given["realm"], given["nonce"], method, given["uri"], qop, nc, cnonce or "", body)

    def _use(self, nonce: str, count: int | None) -> Verdict:
        issued = self._issued.get(nonce)
        if issued is None or (self._nonce_uses is not None and issued.uses >= self._nonce_uses):
            return Verdict.STALE
        if count is not None:
            if self._strict_nc and count <= issued.count:
                return Verdict.STALE
            issued.count = max(issued.count, count)
        issued.uses += 1
        return Verdict.ACCEPTED


def uri_covers(uri: str, request_uri: str) -> bool:
    """Whether credentials signed for ``uri`` hold for ``request_uri`` (R-017).

    They do when the two are equal. RTSP clients may also sign a prefix of the request URI that reaches at least to the
    channel (``…/channels/101`` for ``…/channels/101/trackID=3``), or leave out the query.
    """
    if uri == request_uri:
        return True
    channel = _CHANNEL_URL.match(request_uri)
    if channel is None:
        return False
    path, _, query = uri.partition("?")
    request_path, _, request_query = request_uri.partition("?")
    if query and query != request_query:
        return False
    path = path.rstrip("/")
    rest = request_path.removeprefix(path)
    return len(path) >= channel.end() and request_path.startswith(path) and (not rest or rest[0] == "/")
