"""The table of an RTSP session's states, for both roles, and the client's side (RFC 2326 Appendix A).

No I/O and no clock: ``now`` is an argument, in seconds. The device's side stands in ``server_session``.

    data = session.describe(now)                    # write it, then
    session.receive_data(received, now)
    while (event := session.next_event()) is not NEED_DATA:
        ...                                         # Answered, Challenged, Served, InterleavedFrame
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, TypeAlias

from onframe.errors import LocalProtocolError, RemoteProtocolError
from onframe.wire.digest import ChallengeKind, DigestClient
from onframe.wire.headers import DEFAULT_SESSION_TIMEOUT, RTPInfo, Session, Transport, parse_methods
from onframe.wire.rtsp import NEED_DATA, Connection, InterleavedFrame, NeedData, Request, Response
from onframe.wire.sdp import MediaDescription, SessionDescription, other_host
from onframe.wire.track import Track, agree, datagram_channels


class State(Enum):
    """Where a session stands (RFC 2326 Appendix A); CLOSED is after TEARDOWN."""

    INIT = "init"
    READY = "ready"
    PLAYING = "playing"
    CLOSED = "closed"


_ANYWHERE = ("OPTIONS", "DESCRIBE", "GET_PARAMETER", "SET_PARAMETER")

TRANSITIONS: Mapping[State, Mapping[str, State]] = {
    State.INIT: {**dict.fromkeys(_ANYWHERE, State.INIT), "SETUP": State.READY},
    State.READY: {
        **dict.fromkeys(_ANYWHERE, State.READY),
        "SETUP": State.READY,
        "PLAY": State.PLAYING,
        "TEARDOWN": State.CLOSED,
    },
    State.PLAYING: {
        **dict.fromkeys(_ANYWHERE, State.PLAYING),
        "PLAY": State.PLAYING,
        "PAUSE": State.READY,
        "TEARDOWN": State.CLOSED,
    },
    State.CLOSED: {},
}
"""State → method → the state after success. What is not listed is refused: locally, or with 455."""

MAX_KEEP_ALIVE = 30.0
_MAX_OUTSTANDING = 32
_STALE_RETRIES = 2
_CREDENTIALS = re.compile(r"^([A-Za-z][A-Za-z0-9+.\-]*://)(?:[^/]*@|[^/@:\[]+:(?!\d*/)[^@]*@)")


@dataclass
class _Attempts:
    """How often one request has been repeated, and why (R-018, R-019)."""

    stale: int = 0
    fresh: int = 0
    channel: int = 0


@dataclass
class _Outstanding:
    request: Request
    media: MediaDescription | None
    attempts: _Attempts


@dataclass(frozen=True)
class Answered:
    """The final answer to a request of ours, whatever its status."""

    request: Request
    response: Response


@dataclass(frozen=True)
class Challenged:
    """A 401. ``signed`` tells whether the refused request carried credentials.

    ``ClientSession.repeat`` says whether and how to go on.
    """

    request: Request
    response: Response
    signed: bool
    kind: ChallengeKind
    outstanding: _Outstanding = field(repr=False, compare=False)


@dataclass(frozen=True)
class Served:
    """A request of the device; the answer to it waits in ``data_to_send``."""

    request: Request


ClientEvent: TypeAlias = Answered | Challenged | Served | InterleavedFrame


class Due(Enum):
    """What ``ClientSession.due`` asks for."""

    NOTHING = "nothing"
    KEEP_ALIVE = "keep alive"
    LOST = "lost"


class ClientSession:
    """The client's side of one RTSP connection: what to send, and what the answers mean.

    ``url`` is the channel's URL; user and password in it are never sent. ``digest`` signs every request once there is
    a challenge, ``cnonce`` gives a new random text each time. Methods named like RTSP's return the bytes to write;
    a method that the state does not allow is a LocalProtocolError.
    """

    def __init__(
        self,
        url: str,
        *,
        user_agent: str = "onframe",
        digest: DigestClient | None = None,
        cnonce: Callable[[], str] = lambda: "",
        max_keep_alive: float = MAX_KEEP_ALIVE,
    ) -> None:
        self.url = _CREDENTIALS.sub(r"\1", url)
        self.state = State.INIT
        self.description: SessionDescription | None = None
        self.content_base: str | None = None
        self.content_location: str | None = None
        self.tracks: list[Track] = []
        self.session_id: str | None = None
        self.timeout = DEFAULT_SESSION_TIMEOUT
        self.public: frozenset[str] = frozenset()
        self.warnings: list[str] = []
        self.unmatched = 0
        self.last_received: float | None = None
        self._connection = Connection()
        self._user_agent = user_agent
        self._digest = digest
        self._cnonce = cnonce
        self._max_keep_alive = max_keep_alive
        self._cseq = 0
        self._outstanding: dict[int, _Outstanding] = {}
        self._sign_channel = False
        self._no_get_parameter = False
        self._last_sent: float | None = None
        self._asked_at: float | None = None
        self._incomplete_since: float | None = None
        self._to_send = bytearray()

    # --- bytes in, events out

    @property
    def skipped(self) -> int:
        """Bytes of garbage that were passed over."""
        return self._connection.skipped

    def receive_data(self, data: bytes | bytearray | memoryview, now: float) -> None:
        """Takes what the socket gave. Any byte is a sign of life, but for those of a message that does not end."""
        if len(data):
            self.last_received = now
            if self._incomplete_since is None:
                self._asked_at = None
        self._connection.receive_data(data)

    def next_event(self) -> ClientEvent | Literal[NeedData.NEED_DATA]:
        """The next event, or NEED_DATA. Raises ProtocolError and LimitExceeded: close the connection then."""
        if self._connection.at_rest:
            self._incomplete_since = None
            return NEED_DATA
        while True:
            event = self._connection.next_event()
            if event is NEED_DATA:
                self._note_progress()
                return event
            if self._incomplete_since is not None:
                self._incomplete_since = self._asked_at = None
            if isinstance(event, InterleavedFrame):
                return event
            if isinstance(event, Request):
                return self._serve(event)
            answer = self._take_answer(event)
            if answer is not None:
                return answer

    def take_frames(self) -> list[tuple[int, bytes]]:
        """(channel, payload) of the frames that come next; then ``next_event``, which has what follows them."""
        frames = self._connection.take_frames()
        if frames and self._incomplete_since is not None:
            self._incomplete_since = self._asked_at = None
        return frames

    def _note_progress(self) -> None:
        if not self._connection.mid_message:
            self._incomplete_since = None
        elif self._incomplete_since is None:
            self._incomplete_since = self.last_received

    def data_to_send(self) -> bytes:
        """Answers to requests of the device, to be written as they are."""
        data = bytes(self._to_send)
        self._to_send.clear()
        return data

    # --- requests

    @property
    def signs(self) -> bool:
        """Whether the next request will carry credentials."""
        return self._digest is not None and self._digest.has_challenge

    def options(self, now: float) -> bytes:
        """Asks which methods there are."""
        return self._send(Request("OPTIONS", self.url), now)

    def sign_with(self, digest: DigestClient) -> None:
        """Signs with ``digest`` from now on: what it was asked for before is over."""
        self._digest = digest

    def describe(self, now: float) -> bytes:
        """Asks for the session description of the channel (R-012)."""
        return self._send(Request("DESCRIBE", self.url, [("Accept", "application/sdp")]), now)

    def setup(self, media: MediaDescription, now: float, transport: Transport | None = None) -> bytes:
        """Sets one track up; any subset of tracks may be (R-025, R-032).

        ``transport`` is asked for; None is RTP interleaved in this connection.
        """
        if self.description is None:
            raise LocalProtocolError("SETUP needs the answer to DESCRIBE first")
        url = self.description.media_url(media, self.url, self.content_base, self.content_location)
        if (other := other_host(url, self.url)) is not None:
            self._warn(f"the device names {other}; the connection stays where it is")
        transport = transport or Transport(interleaved=self._free_channels())
        return self._send(Request("SETUP", url, [("Transport", transport.serialize())]), now, media)

    def _free_channels(self) -> tuple[int, int]:
        taken = [channel for track in self.tracks for channel in track.interleaved or ()]
        first = max(taken, default=-1) + 1
        first = min(first + first % 2, 254)
        return first, first + 1

    def play(self, now: float) -> bytes:
        """Starts all tracks that were set up (R-033)."""
        return self._send(Request("PLAY", self._aggregate(), [("Range", "npt=0.000000-"), ("Scale", "1.000")]), now)

    def pause(self, now: float) -> bytes:
        """Stops all tracks; the session stays (RFC 2326 section 10.6)."""
        return self._send(Request("PAUSE", self._aggregate()), now)

    def set_parameter(self, now: float, body: bytes = b"", content_type: str = "text/parameters") -> bytes:
        """Sets parameters of the session; an empty one is a sign of life (RFC 2326 section 10.9)."""
        headers = [("Content-Type", content_type)] if body else []
        return self._send(Request("SET_PARAMETER", self._aggregate(), headers, body), now)

    def keep_alive(self, now: float, *, greeting: bool = False) -> bytes:
        """Renews the session: GET_PARAMETER where Public lists it, else OPTIONS (R-030).

        A ``greeting`` is OPTIONS without credentials, which many devices answer to anybody.
        """
        self._asked_at = now if self._asked_at is None else self._asked_at
        listed = "GET_PARAMETER" in self.public and not self._no_get_parameter
        request = Request("GET_PARAMETER" if listed and not greeting else "OPTIONS", self._aggregate())
        return self._send(request, now, sign=not greeting)

    def teardown(self, now: float) -> bytes:
        """Ends the session (R-046)."""
        return self._send(Request("TEARDOWN", self._aggregate()), now)

    def repeat(self, challenged: Challenged, now: float, *, accepted: bool) -> bytes | None:
        """The challenged request once more, signed; None when the refusal is final.

        ``accepted`` tells whether these credentials have been accepted on this host before. Until then the first 401
        to them is final unless it is stale; afterwards there is one repetition for a fresh nonce and one signed with
        the channel's URL (R-018).
        """
        if not self.signs:
            return None
        outstanding = challenged.outstanding
        if challenged.signed and not self._may_repeat(outstanding.attempts, challenged.kind, accepted):
            return None
        return self._send(outstanding.request, now, outstanding.media, outstanding.attempts)

    def _may_repeat(self, attempts: _Attempts, kind: ChallengeKind, accepted: bool) -> bool:
        if kind is ChallengeKind.STALE:
            attempts.stale += 1
            return attempts.stale <= _STALE_RETRIES
        if not accepted:
            return False
        if kind is ChallengeKind.FRESH and not attempts.fresh:
            attempts.fresh += 1
            return True
        attempts.channel += 1
        return attempts.channel == 1

    def _aggregate(self) -> str:
        if self.description is None:
            return self.url
        return self.description.aggregate_url(self.url, self.content_base, self.content_location)

    def _send(
        self,
        request: Request,
        now: float,
        media: MediaDescription | None = None,
        attempts: _Attempts | None = None,
        *,
        sign: bool = True,
    ) -> bytes:
        if request.method not in TRANSITIONS[self.state]:
            raise LocalProtocolError(f"{request.method} is not possible in state {self.state.value}")
        self._cseq += 1
        attempts = attempts or _Attempts()
        request.headers.set("CSeq", str(self._cseq))
        request.headers.remove("Authorization")
        if sign:
            self._sign(request, attempts)
        if self.session_id is not None and request.method not in ("DESCRIBE",):
            request.headers.set("Session", self.session_id)
        request.headers.set("User-Agent", self._user_agent)
        self._outstanding[self._cseq] = _Outstanding(request, media, attempts)
        if len(self._outstanding) > _MAX_OUTSTANDING:
            self._outstanding.pop(next(iter(self._outstanding)))
        self._last_sent = now
        return self._connection.send(request)

    def _sign(self, request: Request, attempts: _Attempts) -> None:
        if self._digest is None:
            return
        uri = self.url if self._sign_channel or attempts.channel else request.uri
        value = self._digest.authorize(request.method, uri, cnonce=self._cnonce(), body=request.body)
        if value is not None:
            request.headers.set("Authorization", value)

    # --- answers

    def _take_answer(self, response: Response) -> Answered | Challenged | None:
        if response.status < 200:
            return None
        outstanding = self._match(response)
        if outstanding is None:
            self.unmatched += 1
            return None
        if response.status == 401 and self._digest is not None:
            return self._take_challenge(self._digest, outstanding, response)
        if outstanding.attempts.channel and response.ok:
            self._sign_channel = True
        self._apply(outstanding, response)
        return Answered(outstanding.request, response)

    def _match(self, response: Response) -> _Outstanding | None:
        """By CSeq; where it is missing or was never ours, the oldest request: CSeq of an answer is advisory."""
        cseq = response.cseq
        if cseq in self._outstanding:
            return self._outstanding.pop(cseq)
        if not self._outstanding:
            return None
        if cseq is not None:
            if cseq <= self._cseq and len(self._outstanding) > 1:
                return None
            self._warn(f"an answer has CSeq {cseq}, which no waiting request has")
        return self._outstanding.pop(next(iter(self._outstanding)))

    def _take_challenge(self, digest: DigestClient, outstanding: _Outstanding, response: Response) -> Challenged:
        signed = "Authorization" in outstanding.request.headers
        kind = digest.receive_challenge(response.headers.get_all("WWW-Authenticate"))
        return Challenged(outstanding.request, response, signed, kind, outstanding)

    def _apply(self, outstanding: _Outstanding, response: Response) -> None:
        method = outstanding.request.method
        if not response.ok:
            self._apply_refusal(method, response)
            return
        if (value := response.headers.get("Session")) is not None and method != "TEARDOWN":
            self._take_session(value)
        if method == "OPTIONS":
            self.public = parse_methods(response.headers.get("Public") or "") or self.public
        elif method == "DESCRIBE":
            self._take_description(response)
        elif method == "SETUP" and outstanding.media is not None:
            self._take_track(outstanding.request, outstanding.media, response)
        elif method == "PLAY":
            self._take_rtp_info(RTPInfo.parse(",".join(response.headers.get_all("RTP-Info"))))
        self.state = TRANSITIONS[self.state].get(method, self.state)

    def _apply_refusal(self, method: str, response: Response) -> None:
        if response.status == 454 and self.state is not State.INIT:
            self.state = State.CLOSED
        elif method == "GET_PARAMETER":
            self._no_get_parameter = True

    def _take_session(self, value: str) -> None:
        session = Session.parse(value)
        if self.session_id not in (None, session.session_id) and self.state is not State.INIT:
            self._warn("the device changed the session's id; the latest is used")
        self.session_id = session.session_id
        self.timeout = session.timeout or self.timeout

    def _take_description(self, response: Response) -> None:
        self.description = SessionDescription.parse(response.body)
        self.content_base = response.headers.get("Content-Base")
        self.content_location = response.headers.get("Content-Location")

    def _take_track(self, request: Request, media: MediaDescription, response: Response) -> None:
        if self.session_id is None:
            raise RemoteProtocolError("the answer to SETUP has no Session")
        asked = Transport.parse(request.headers.get("Transport") or "")
        connection = self.description.connection if self.description is not None else None
        agreed, warnings = agree(asked, response.headers.get("Transport"), media, connection)
        channels = agreed.interleaved or datagram_channels(len(self.tracks))
        if any(set(channels) & set(track.channels) for track in self.tracks):
            warnings.append(f"the device gave the channels {channels[0]}-{channels[1]} to two tracks")
        for warning in warnings:
            self._warn(warning)
        self.tracks.append(Track(media, request.uri, agreed, channels))

    def _take_rtp_info(self, info: RTPInfo) -> None:
        for track in self.tracks:
            track.info = next((stream for stream in info if _same_track(stream.url, track)), track.info)

    def _serve(self, request: Request) -> Served:
        """Answers a request of the device: cameras ask OPTIONS to see whether we are there."""
        known = request.method in ("OPTIONS", "GET_PARAMETER", "SET_PARAMETER", "TEARDOWN", "ANNOUNCE", "REDIRECT")
        response = Response(200, "OK") if known else Response(501, "Not Implemented")
        for name in ("CSeq", "Session"):
            if (value := request.headers.get(name)) is not None:
                response.headers.add(name, value)
        if request.method == "OPTIONS":
            response.headers.add("Public", "OPTIONS, GET_PARAMETER, SET_PARAMETER, TEARDOWN, ANNOUNCE")
        self._to_send += self._connection.send(response)
        return Served(request)

    def _warn(self, text: str) -> None:
        if text not in self.warnings and len(self.warnings) < 100:
            self.warnings.append(text)

    # --- time

    @property
    def keep_alive_interval(self) -> float:
        """Seconds between requests: half the session's timeout, at most ``max_keep_alive``."""
        return min(self.timeout / 2, self._max_keep_alive)

    @property
    def silence_limit(self) -> float:
        """Seconds without any byte, a keep-alive among them, after which the connection counts as gone."""
        return 1.9 * self.keep_alive_interval

    @property
    def cseq(self) -> int:
        """The CSeq of the request sent last."""
        return self._cseq

    @property
    def alive_at(self) -> float | None:
        """When the device last gave a sign of life.

        A message that has begun and does not end swallows every answer: its later bytes are none.
        """
        return self.last_received if self._incomplete_since is None else self._incomplete_since

    def excuse(self, now: float) -> None:
        """Nothing could arrive until ``now``: the silence so far is not the device's."""
        self.last_received, self._asked_at = now, None
        if self._incomplete_since is not None:
            self._incomplete_since = now

    def next_deadline(self) -> float | None:
        """When ``due`` is worth asking again; None before SETUP and after TEARDOWN."""
        if self.state not in (State.READY, State.PLAYING) or self._last_sent is None:
            return None
        renew = self._last_sent + self.keep_alive_interval
        return renew if self._asked_at is None else min(renew, self._lost_at(self._asked_at))

    def due(self, now: float) -> Due:
        """What time asks for: a keep-alive, or to give the connection up as lost (silence of a track never does)."""
        deadline = self.next_deadline()
        if deadline is None or now < deadline:
            return Due.NOTHING
        if self._asked_at is not None and now >= self._lost_at(self._asked_at):
            return Due.LOST
        return Due.KEEP_ALIVE

    def _lost_at(self, asked_at: float) -> float:
        return (asked_at if self.alive_at is None else self.alive_at) + self.silence_limit


def _same_track(url: str, track: Track) -> bool:
    """RTP-Info names tracks by absolute or relative URL, with or without query."""
    path, wanted = url.partition("?")[0].rstrip("/"), track.url.partition("?")[0].rstrip("/")
    return bool(path) and (wanted == path or wanted.endswith("/" + path) or path.endswith("/" + (wanted or "?")))
