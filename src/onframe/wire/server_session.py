"""The device's side of an RTSP connection, over the table of ``session`` (RFC 2326 Appendix A, R-012 to R-050).

A session belongs to the connection that made it: its id is unknown on every other. No I/O and no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from onframe.errors import ProtocolError
from onframe.wire.headers import DEFAULT_SESSION_TIMEOUT, Range, RTPInfo, Session, Transport, parse_transports
from onframe.wire.rtsp import METHODS, Request, Response
from onframe.wire.session import TRANSITIONS, State

PUBLIC = ("OPTIONS", "DESCRIBE", "SETUP", "PLAY", "PAUSE", "TEARDOWN", "GET_PARAMETER", "SET_PARAMETER")

REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    451: "Parameter Not Understood",
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    459: "Aggregate Operation Not Allowed",
    461: "Unsupported Transport",
    500: "Internal Server Error",
    503: "Service Unavailable",
    505: "RTSP Version Not Supported",
}


_PROTOCOLS = frozenset({"RTP/AVP", "RTP/AVP/TCP", "RTP/AVP/UDP"})


@dataclass(frozen=True)
class Resource:
    """What a URL names: a presentation of ``tracks`` under ``key``, and the one ``track`` where the URL names one."""

    key: object
    tracks: tuple[str, ...]
    track: str | None = None


@dataclass(eq=False)
class Refusal(Exception):
    """A status other than 200, with its headers and body; `Content` may raise it too."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


class Content(Protocol):
    """What a device offers on one connection. The session asks, the device answers, or refuses by `Refusal`."""

    def check(self, request: Request) -> None:
        """Refuses what the device's condition does not allow now, of requests with good credentials."""

    def challenges(self, request: Request) -> Sequence[str] | None:
        """The values of WWW-Authenticate to refuse ``request`` with; None where its credentials are good."""

    def resource(self, uri: str) -> Resource | None:
        """What ``uri`` names; None is 404."""

    def describe(self, resource: Resource, uri: str) -> bytes:
        """The session description (SDP)."""

    def transport(self, resource: Resource, track: str, offered: Transport) -> Transport | None:
        """How the track will be sent, with ports or group and SSRC; None where not as ``offered``.

        Of a track in the connection the session chooses the channels.
        """

    def rtp_info(self, resource: Resource, tracks: Sequence[str], uri: str) -> RTPInfo | None:
        """What the answer to PLAY of ``uri`` says; None sends no RTP-Info."""


@dataclass
class ServerTrack:
    """A track that was set up, and how it is sent."""

    name: str
    transport: Transport


@dataclass
class Reply:
    """The answer to one request, and what became of the session: it plays from now on, it pauses, or it has ended."""

    response: Response
    plays: bool = False
    pauses: bool = False
    ended: bool = False


class ServerSession:
    """Answers the requests of one connection.

    ``new_session_id`` gives a fresh id, ``date`` the Date header's value. ``timeout`` is the session's in seconds: any
    request renews it, or those of ``renewed_by`` alone. ``strict_cseq`` refuses requests without CSeq (400); otherwise
    they are answered without one. ``own_channels`` gives no heed to the channels that a client asks for.
    """

    def __init__(
        self,
        content: Content,
        *,
        new_session_id: Callable[[], str],
        date: Callable[[], str] | None = None,
        timeout: int = DEFAULT_SESSION_TIMEOUT,
        strict_cseq: bool = True,
        server: str | None = None,
        content_base: bool = False,
        own_channels: bool = False,
        renewed_by: Collection[str] | None = None,
    ) -> None:
        self.state = State.INIT
        self.session_id: str | None = None
        self.resource: Resource | None = None
        self.tracks: list[ServerTrack] = []
        self.timeout = timeout
        self._content = content
        self._new_session_id = new_session_id
        self._date = date
        self._strict_cseq = strict_cseq
        self._server = server
        self._content_base = content_base
        self._own_channels = own_channels
        self._renewed_by = renewed_by
        self._renewed: float | None = None

    def receive(self, request: Request, now: float) -> Reply:
        """The answer to ``request``; the session's state is moved."""
        try:
            self._check_form(request)
            reply = self._dispatch(request)
        except Refusal as refusal:
            reply = Reply(_response(refusal.status, refusal.headers, refusal.body))
        if self.session_id is not None and (self._renewed is None or self._renews(request.method)):
            self._renewed = now
        self._complete(request, reply.response)
        return reply

    def renew(self, now: float) -> None:
        """The peer gave another sign of life (RTCP)."""
        if self.session_id is not None and self._renews("RTCP"):
            self._renewed = now

    def _renews(self, sign: str) -> bool:
        return self._renewed_by is None or sign in self._renewed_by

    def next_deadline(self) -> float | None:
        """When the session expires unless a request comes; None without session."""
        return None if self._renewed is None else self._renewed + self.timeout

    def expired(self, now: float) -> bool:
        """Whether the session has been left alone too long; it is closed then (R-030)."""
        deadline = self.next_deadline()
        if deadline is None or now < deadline:
            return False
        self._end()
        return True

    def _check_form(self, request: Request) -> None:
        if not request.uri or not request.version:
            raise Refusal(400)
        if request.version != "RTSP/1.0":
            raise Refusal(505)
        if request.cseq is None and (self._strict_cseq or "CSeq" in request.headers):
            raise Refusal(400)
        if request.method not in METHODS or request.method in ("ANNOUNCE", "RECORD", "REDIRECT", "TEARDOW"):
            methods = ", ".join(PUBLIC)
            raise Refusal(405, [("Allow", methods), ("Public", methods)])

    def _dispatch(self, request: Request) -> Reply:
        if request.method == "OPTIONS":
            self._check_session(request, required=False)
            return Reply(_response(200, [("Public", ", ".join(PUBLIC))]))
        challenges = self._content.challenges(request)
        if challenges is not None:
            raise Refusal(401, [("WWW-Authenticate", value) for value in challenges])
        if request.method != "TEARDOWN":
            self._content.check(request)
        if request.method == "DESCRIBE":
            return Reply(self._describe(request))
        if request.method == "SETUP":
            return Reply(self._setup(request))
        if request.method == "PLAY":
            return Reply(self._play(request), plays=True)
        if request.method == "TEARDOWN":
            self._check_session(request)
            self._end()
            return Reply(_response(200), ended=True)
        if request.method == "PAUSE":
            self._check_session(request)
            self.state = self._next_state("PAUSE")
            return Reply(_response(200), pauses=True)
        self._check_session(request, required=False)
        _check_parameters(request)
        return Reply(_response(200))

    def _next_state(self, method: str) -> State:
        state = TRANSITIONS[self.state].get(method)
        if state is None:
            raise Refusal(455, [("Allow", ", ".join(TRANSITIONS[self.state]))])
        return state

    def _find(self, uri: str) -> Resource:
        resource = self._content.resource(uri)
        if resource is None:
            raise Refusal(404)
        return resource

    def _describe(self, request: Request) -> Response:
        resource = self._find(request.uri)
        response = _response(200, [("Content-Type", "application/sdp")])
        if self._content_base:
            response.headers.add("Content-Base", request.uri.rstrip("/") + "/")
        response.body = self._content.describe(resource, request.uri)
        return response

    def _setup(self, request: Request) -> Response:
        self._check_session(request, required=False)
        state = self._next_state("SETUP")
        resource = self._find(request.uri)
        track = resource.track or (resource.tracks[0] if len(resource.tracks) == 1 else None)
        if track is None:
            raise Refusal(459)
        if self.resource is not None and self.resource.key != resource.key:
            raise Refusal(459)
        offered = _transports(request)
        if any(each.name == track for each in self.tracks):
            raise Refusal(455, [("Allow", ", ".join(TRANSITIONS[self.state]))])
        transport = self._transport(resource, track, offered)
        self.tracks.append(ServerTrack(track, transport))
        self.session_id = self.session_id or self._new_session_id()
        self.resource, self.state = resource, state
        session = Session(self.session_id, self.timeout)
        return _response(200, [("Session", session.serialize()), ("Transport", transport.serialize())])

    def _transport(self, resource: Resource, track: str, offered: Sequence[Transport]) -> Transport:
        """The first that can be sent. All tracks of a session travel in one way: another is refused (461)."""
        kinds = {each.transport.kind for each in self.tracks}
        for one in offered:
            if not _is_offered(one) or (kinds and one.kind not in kinds):
                continue
            answer = self._content.transport(resource, track, one)
            if answer is None:
                continue
            if answer.kind == "tcp":
                answer = replace(answer, interleaved=self._channels(one.interleaved, resource.tracks.index(track)))
            return replace(answer, mode="play")
        raise Refusal(461)

    def _channels(self, wanted: tuple[int, int] | None, position: int) -> tuple[int, int]:
        """Those asked for where they are free; else 2 x track (R-026), else the first free pair."""
        taken = {channel for track in self.tracks for channel in track.transport.interleaved or ()}
        # Tracks count from 1: the guide's third track is on 6-7.
        usual = [(first, first + 1) for first in (2 * (position + 1), *range(0, 255, 2))]
        asked = wanted is not None and wanted[0] != wanted[1] and not self._own_channels
        candidates = [wanted, *usual] if asked and wanted is not None else usual
        return next(pair for pair in candidates if not taken & set(pair))

    def _play(self, request: Request) -> Response:
        if self.session_id is None and "Session" not in request.headers:
            self._next_state("PLAY")
        self._check_session(request)
        state = self._next_state("PLAY")
        resource = self._find(request.uri)
        if self.resource is None or resource.key != self.resource.key:
            raise Refusal(404)
        headers = [("Session", self.session_id or "")]
        if "Range" in request.headers:
            headers.append(("Range", Range("npt", None, None).serialize()))
        info = self._content.rtp_info(self.resource, [track.name for track in self.tracks], request.uri)
        if info is not None:
            headers.append(("RTP-Info", info.serialize()))
        self.state = state
        return _response(200, headers)

    def _check_session(self, request: Request, *, required: bool = True) -> None:
        """454 for an id that is not of this connection, or for none where one is needed; ``;timeout=`` is cut."""
        value = request.headers.get("Session")
        if value is None:
            if required:
                raise Refusal(454)
            return
        try:
            session_id = Session.parse(value).session_id
        except ProtocolError:
            raise Refusal(454) from None
        if session_id != self.session_id:
            raise Refusal(454)

    def _end(self) -> None:
        self.state, self.session_id, self.resource, self.tracks, self._renewed = State.INIT, None, None, [], None

    def _complete(self, request: Request, response: Response) -> None:
        """CSeq first and Date last, as the guide prints them; the session's id where the request named it."""
        fields = response.headers.items()
        response.headers = type(response.headers)()
        if request.cseq is not None:
            response.headers.add("CSeq", str(request.cseq))
        for name, value in fields:
            response.headers.add(name, value)
        if response.ok and "Session" in request.headers and "Session" not in response.headers:
            response.headers.add("Session", (request.headers.get("Session") or "").split(";")[0].strip())
        if self._date is not None:
            response.headers.add("Date", self._date())
        if self._server is not None:
            response.headers.add("Server", self._server)


def _transports(request: Request) -> list[Transport]:
    value = request.headers.get("Transport")
    if value is None:
        raise Refusal(400)
    try:
        return parse_transports(value)
    except ProtocolError:
        raise Refusal(400) from None


def _is_offered(transport: Transport) -> bool:
    """Whether it is RTP to be played, said in a way that agrees with itself."""
    if transport.mode not in (None, "play") or transport.protocol not in _PROTOCOLS:
        return False
    in_connection = transport.protocol == "RTP/AVP/TCP"
    return in_connection == (transport.kind == "tcp") and (transport.unicast or not in_connection)


def _check_parameters(request: Request) -> None:
    """No parameter is known here: an answer of 451 names those that were asked for (RFC 2326 section 10.9)."""
    lines = request.body.decode("utf-8", "replace").splitlines()
    names = [line.partition(":")[0].strip() for line in lines]
    unknown = [name for name in names if name]
    if unknown:
        body = "".join(f"{name}\r\n" for name in unknown).encode()
        raise Refusal(451, [("Content-Type", "text/parameters")], body)


def _response(status: int, headers: Sequence[tuple[str, str]] = (), body: bytes = b"") -> Response:
    return Response(status, REASONS.get(status, ""), headers, body)
