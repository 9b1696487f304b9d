"""The device's side of an RTSP connection, over the table of ``session`` (RFC 2326 Appendix A, R-012 to R-050).

A session belongs to the connection that made it: its id is unknown on every other. No I/O and no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from onframe.errors import ProtocolError
from onframe.wire.headers import DEFAULT_SESSION_TIMEOUT, Range, RTPInfo, Session, Transport, parse_transports
from onframe.wire.rtsp import METHODS, Request, Response
from onframe.wire.session import TRANSITIONS, State

PUBLIC = ("OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN", "GET_PARAMETER", "SET_PARAMETER")

REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    459: "Aggregate Operation Not Allowed",
    461: "Unsupported Transport",
    500: "Internal Server Error",
    503: "Service Unavailable",
    505: "RTSP Version Not Supported",
}


@dataclass(frozen=True)
class Resource:
    """What a URL names: a presentation of ``tracks`` under ``key``, and the one ``track`` where the URL names one."""

    key: object
    tracks: tuple[str, ...]
    track: str | None = None


class Content(Protocol):
    """What a device offers on one connection. The session asks, the device answers."""

    def challenges(self, request: Request) -> Sequence[str] | None:
        """The values of WWW-Authenticate to refuse ``request`` with; None where its credentials are good."""

    def resource(self, uri: str) -> Resource | None:
        """What ``uri`` names; None is 404."""

    def describe(self, resource: Resource, uri: str) -> bytes:
        """The session description (SDP)."""

    def ssrc(self, resource: Resource, track: str) -> int:
        """What the Transport of SETUP's answer claims as SSRC."""

    def rtp_info(self, resource: Resource, tracks: Sequence[str]) -> RTPInfo | None:
        """What the answer to PLAY says; None sends no RTP-Info."""


@dataclass
class ServerTrack:
    """A track that was set up: its name and its channels for RTP and RTCP."""

    name: str
    interleaved: tuple[int, int]


@dataclass
class Reply:
    """The answer to one request, and what became of the session: it ``plays`` from now on, or has ``ended``."""

    response: Response
    plays: bool = False
    ended: bool = False


@dataclass(eq=False)
class _Refusal(Exception):
    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)


class ServerSession:
    """Answers the requests of one connection.

    ``new_session_id`` gives a fresh id, ``date`` the Date header's value. ``timeout`` is the session's in seconds: any
    request renews it. ``strict_cseq`` refuses requests without CSeq (400); otherwise they are answered without one.
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
        self._renewed: float | None = None

    def receive(self, request: Request, now: float) -> Reply:
        """The answer to ``request``; the session's state is moved."""
        try:
            self._check_form(request)
            reply = self._dispatch(request)
        except _Refusal as refusal:
            reply = Reply(_response(refusal.status, refusal.headers))
        if self.session_id is not None:
            self._renewed = now
        self._complete(request, reply.response)
        return reply

    def renew(self, now: float) -> None:
        """The peer gave another sign of life (RTCP)."""
        if self.session_id is not None:
            self._renewed = now

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
            raise _Refusal(400)
        if request.version != "RTSP/1.0":
            raise _Refusal(505)
        if request.cseq is None and (self._strict_cseq or "CSeq" in request.headers):
            raise _Refusal(400)
        if request.method not in METHODS or request.method in ("ANNOUNCE", "RECORD", "REDIRECT", "TEARDOW"):
            methods = ", ".join(PUBLIC)
            raise _Refusal(405, [("Allow", methods), ("Public", methods)])

    def _dispatch(self, request: Request) -> Reply:
        if request.method == "OPTIONS":
            self._check_session(request, required=False)
            return Reply(_response(200, [("Public", ", ".join(PUBLIC))]))
        challenges = self._content.challenges(request)
        if challenges is not None:
            raise _Refusal(401, [("WWW-Authenticate", value) for value in challenges])
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
        self._check_session(request, required=request.method == "PAUSE")
        self._next_state(request.method)
        return Reply(_response(200))

    def _next_state(self, method: str) -> State:
        state = TRANSITIONS[self.state].get(method)
        if state is None:
            raise _Refusal(455, [("Allow", ", ".join(TRANSITIONS[self.state]))])
        return state

    def _find(self, uri: str) -> Resource:
        resource = self._content.resource(uri)
        if resource is None:
            raise _Refusal(404)
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
            raise _Refusal(459)
        if self.resource is not None and self.resource.key != resource.key:
            raise _Refusal(459)
        transport = _interleaved_transport(request)
        if any(each.name == track for each in self.tracks):
            raise _Refusal(455)
        channels = self._channels(transport.interleaved, resource.tracks.index(track))
        self.tracks.append(ServerTrack(track, channels))
        self.session_id = self.session_id or self._new_session_id()
        self.resource, self.state = resource, state
        answer = Transport(interleaved=channels, ssrc=self._content.ssrc(resource, track), mode="play")
        session = Session(self.session_id, self.timeout)
        return _response(200, [("Session", session.serialize()), ("Transport", answer.serialize())])

    def _channels(self, wanted: tuple[int, int] | None, position: int) -> tuple[int, int]:
        """Those asked for where they are free; else 2 x track (R-026), else the first free pair."""
        taken = {channel for track in self.tracks for channel in track.interleaved}
        # Tracks count from 1: the guide's third track is on 6-7.
        usual = [(first, first + 1) for first in (2 * (position + 1), *range(0, 255, 2))]
        candidates = usual if wanted is None or wanted[0] == wanted[1] else [wanted, *usual]
        return next(pair for pair in candidates if not taken & set(pair))

    def _play(self, request: Request) -> Response:
        if self.session_id is None and "Session" not in request.headers:
            self._next_state("PLAY")
        self._check_session(request)
        state = self._next_state("PLAY")
        resource = self._find(request.uri)
        if self.resource is None or resource.key != self.resource.key:
            raise _Refusal(404)
        headers = [("Session", self.session_id or "")]
        if "Range" in request.headers:
            headers.append(("Range", Range("npt", None, None).serialize()))
        info = self._content.rtp_info(self.resource, [track.name for track in self.tracks])
        if info is not None:
            headers.append(("RTP-Info", info.serialize()))
        self.state = state
        return _response(200, headers)

    def _check_session(self, request: Request, *, required: bool = True) -> None:
        """454 for an id that is not of this connection, or for none where one is needed; ``;timeout=`` is cut."""
        value = request.headers.get("Session")
        if value is None:
            if required:
                raise _Refusal(454)
            return
        try:
            session_id = Session.parse(value).session_id
        except ProtocolError:
            raise _Refusal(454) from None
        if session_id != self.session_id:
            raise _Refusal(454)

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


def _interleaved_transport(request: Request) -> Transport:
    value = request.headers.get("Transport")
    if value is None:
        raise _Refusal(400)
    try:
        transports = parse_transports(value)
    except ProtocolError:
        raise _Refusal(400) from None
    for transport in transports:
        if transport.protocol == "RTP/AVP/TCP" and transport.unicast and transport.mode in (None, "play"):
            return transport
    raise _Refusal(461)


def _response(status: int, headers: Sequence[tuple[str, str]] = ()) -> Response:
    return Response(status, REASONS.get(status, ""), headers)
