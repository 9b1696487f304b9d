"""One connection of a session: DESCRIBE to PLAY, packets to events, and the eye on its silence."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

from onframe.camera.location import Location
from onframe.camera.login import Login
from onframe.camera.receiver import Receiver
from onframe.camera.rtsp import RTSPClient
from onframe.camera.supervisor import Fallback, Supervisor
from onframe.camera.tls import TLS
from onframe.errors import ConnectionLost, RemoteProtocolError, StatusError, UnsupportedError
from onframe.record import Coordinates
from onframe.wire.headers import TransportKind
from onframe.wire.sdp import MediaDescription, SessionDescription
from onframe.wire.session import MAX_KEEP_ALIVE
from onframe.wire.track import Track

_channel = itemgetter(0)
KEEP_ALIVE = 15.0
"""Seconds between keep-alives unless said otherwise: a dead camera is found within 30 s."""
STALE_AFTER = 1.5
"""Keep-alive intervals without any byte after which a session is stale: one of them was asked and not answered."""
AVOID_DATAGRAMS = 600.0
"""Seconds for which a session that fell back to TCP connects over TCP at once."""
_MAX_EARLY = 8 * 1024 * 1024
"""Bytes of frames that may wait for PLAY's answer, each counted with what it costs to keep."""
_FRAME_COST = 256
_UNSUPPORTED_TRANSPORT = 461


class _NoDatagrams(Exception):
    """RTP does not come over UDP; the text says why."""


class RTSPLink:
    """The Link of a real device.

    Over UDP or multicast it falls back to TCP, in a connection of its own, when the device refuses the transport or
    when nothing comes; for ten minutes the session then stays with TCP.
    """

    def __init__(
        self,
        session: Supervisor,
        location: Location,
        host: str,
        port: int,
        login: Login,
        coordinates: Coordinates,
        *,
        support: Callable[[], str],
        transport: TransportKind = "tcp",
        tls: TLS | None = None,
    ) -> None:
        self._session, self._location, self._support = session, location, support
        self._receiver = Receiver(
            *session.where, session.epoch, coordinates=coordinates, ssrc=random.getrandbits(32), cname="onframe"
        )
        self._make_client = partial(
            RTSPClient,
            host,
            port,
            login,
            on_frames=self._frames,
            timeout=session.timing.timeout,
            keep_alive=session.timing.keepalive or KEEP_ALIVE,
            tls=tls,
        )
        fallback = session.fallback
        if fallback is not None and asyncio.get_running_loop().time() >= fallback.until:
            fallback = session.fallback = None
        self._client = self._new_client(transport if fallback is None else "tcp")
        self._tracks: dict[int, tuple[str, bool]] = {}  # channel → (track, is RTCP)
        self._held: deque[tuple[int, bytes]] = deque()  # frames before PLAY's answer, or while a watcher blocks
        self._held_bytes = 0
        self._playing = False
        self._unknown = 0
        self._too_early = 0
        self._fallbacks = 0
        self._excused = 0.0
        self._arrived = asyncio.Event()
        self._lost: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """See `Link`."""
        self._lost = asyncio.get_running_loop().create_future()
        try:
            url = await self._location.url()
            try:
                await self._begin(url, self._lost)
            except _NoDatagrams as reason:
                self._lost = await self._fall_back(str(reason), self._lost)
                await self._begin(url, self._lost)
            await self._stay(self._lost)
        finally:
            lost, self._lost = self._lost, None
            if lost.done():
                lost.exception()
            await self._client.teardown()

    async def _begin(self, url: str, lost: asyncio.Future[None]) -> None:
        self._session.enter("authenticating", "asking for the stream")
        description = await self._client.open(url)
        wanted = self._wanted(description, url)
        try:
            self._add(await self._client.setup(wanted))
        except (StatusError, RemoteProtocolError) as error:
            if self._client.choice == "tcp" or getattr(error, "http_status", 461) != _UNSUPPORTED_TRANSPORT:
                raise
            raise _NoDatagrams(str(error)) from error
        await self._client.play()
        if self._client.transport != "tcp":
            await self._first_datagram(lost)
        self._play()

    async def _first_datagram(self, lost: asyncio.Future[None]) -> None:
        """RTP or RTCP of any track; a quiet scene too may end this wait, since falling back costs nothing."""
        limit = self._session.timing.datagrams
        arrival: asyncio.Future[Any] = asyncio.ensure_future(self._arrived.wait())
        try:
            await asyncio.wait({lost, arrival}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        finally:
            arrival.cancel()
        if lost.done():
            lost.result()
        if not self._arrived.is_set() and not self._client.counters.get("unread_datagrams"):
            raise _NoDatagrams(f"nothing came over {self._client.transport} within {limit:g} s of PLAY")

    async def _fall_back(self, reason: str, lost: asyncio.Future[None]) -> asyncio.Future[None]:
        """Ends this connection; the next one, over TCP, begins with DESCRIBE, without which devices refuse SETUP."""
        loop = asyncio.get_running_loop()
        given_up, self._client = self._client, self._new_client("tcp")
        await given_up.teardown()
        if lost.done():
            lost.exception()
        self._fallbacks += 1
        self._session.fallback = Fallback(reason, loop.time() + AVOID_DATAGRAMS)
        self._session.enter("connecting", f"{reason}; falling back to RTP over TCP")
        self._tracks.clear()
        self._held.clear()
        self._held_bytes = 0
        return loop.create_future()

    def _new_client(self, transport: TransportKind) -> RTSPClient:
        def closed(error: Exception | None) -> None:
            if client is self._client:
                self._closed(error)

        client = self._make_client(on_closed=closed, transport=transport)
        return client

    def pause(self, paused: bool) -> None:
        """See `Link`."""
        if paused:
            self._client.pause_reading()
            return
        self._release()
        if not self._session.hub.blocked:
            self._excused = asyncio.get_running_loop().time()
            self._client.resume_reading()

    def counters(self) -> dict[str, int]:
        """See `Link`."""
        counts = self._receiver.counters
        for name, count in self._client.counters.items():
            counts[name] = counts.get(name, 0) + count
        counts["unknown_track"] += self._unknown
        return counts | {"too_early": self._too_early, "transport_fallbacks": self._fallbacks}

    # -- setting up --------------------------------------------------------------------------

    def _wanted(self, description: SessionDescription, url: str) -> list[MediaDescription]:
        """The metadata track, and the picture's where it is asked for; nothing else is set up (R-032)."""
        metadata = description.metadata_media()
        if metadata is None:
            raise self._no_track(description, url)
        video = description.first("video") if self._session.video else None
        return [metadata] if video is None else [video, metadata]

    def _no_track(self, description: SessionDescription, url: str) -> UnsupportedError:
        text = f"{url} has no isapi.metadata track, and {self._support()}"
        if description.onvif_metadata:
            return UnsupportedError(f"{text}; its metadata is ONVIF's", hint="ask for /ISAPI/Streaming/channels/<ID>")
        return UnsupportedError(text, hint="enable a metadata type (onframe config set), or try another stream")

    def _add(self, tracks: list[Track]) -> None:
        for track in tracks:
            self._tracks[track.channels[0]] = (track.url, False)
            self._tracks[track.channels[1]] = (track.url, True)
            payload_type = track.payload_type
            if track.name == "metadata":
                self._receiver.add_metadata(track.url, payload_type=payload_type or 107, clock_rate=track.clock_rate)
            elif track.name == "video":
                self._receiver.add_video(
                    track.url,
                    payload_type=payload_type or 96,
                    clock_rate=track.clock_rate,
                    encoding=track.media.encoding_name,
                    parameter_sets=track.media.sprop,
                    parameters=track.media.fmtp.get(payload_type or 96, {}),
                )

    def _play(self) -> None:
        """PLAY was answered: what came before the answer is read after it."""
        assert self._client.session is not None
        for track in self._client.session.tracks:
            if track.info is not None and track.info.rtptime is not None:
                self._receiver.rtp_info(track.url, track.info.rtptime)
        self._playing = True
        self._session.transport = self._client.transport
        self._session.unsubscribed = self._location.unsubscribed
        self._session.played(self._how())
        self.pause(self._session.hub.blocked)

    def _how(self) -> str:
        fallback, how = self._session.fallback, "the stream plays"
        if self._client.transport != "tcp":
            how = f"the stream plays over {self._client.transport}"
        elif fallback is not None:
            how = f"the stream plays over TCP: {fallback.why}"
        unsubscribed = self._session.unsubscribed
        return how if unsubscribed is None else f"{how}, filtered here: {unsubscribed}"

    # -- receiving ---------------------------------------------------------------------------

    def _frames(self, frames: list[tuple[int, bytes]]) -> None:
        """What came together. Most of it are pieces of the picture in progress, which go the short way."""
        client, session, receiver = self._client, self._session, self._receiver
        for channel, run in groupby(frames, _channel):
            track, is_rtcp = self._tracks.get(channel, ("", True))
            payloads = [payload for _, payload in run]
            at = 0
            while at < len(payloads) and not client.closed:
                taken = 0
                if not is_rtcp and self._playing and not session.hub.blocked:
                    taken = receiver.go_on(track, payloads, at, time.time_ns())
                if not taken:
                    self._frame(channel, payloads[at])
                at += taken or 1

    def _frame(self, channel: int, payload: bytes) -> None:
        if self._playing and not self._session.hub.blocked:
            self._take(channel, payload)
            return
        self._arrived.set()
        if self._playing or self._held_bytes < _MAX_EARLY:
            self._held_bytes += len(payload) + _FRAME_COST
            self._held.append((channel, payload))  # while blocked: the rest of one read
        else:
            self._too_early += 1

    def _release(self) -> None:
        while self._held and self._playing and not self._session.hub.blocked:
            self._take(*self._held.popleft())
        if not self._held:
            self._held_bytes = 0

    def _take(self, channel: int, payload: bytes) -> None:
        known = self._tracks.get(channel)
        if known is None:
            self._unknown += 1
            return
        track, is_rtcp = known
        if not is_rtcp:
            for event in self._receiver.packet(track, payload, time.time_ns()):
                self._session.publish(event)
        elif self._receiver.rtcp(track, payload, time.time_ns()):
            self._client.close(ConnectionLost("the device said good-bye (RTCP BYE)"))

    def _closed(self, error: Exception | None) -> None:
        if self._lost is not None and not self._lost.done():
            self._lost.set_exception(error or ConnectionLost("the connection was closed"))

    # -- staying -----------------------------------------------------------------------------

    async def _stay(self, lost: asyncio.Future[None]) -> None:
        interval = self._interval()
        tick = min(interval / 8, 1.0)
        while True:
            await asyncio.wait([lost], timeout=tick)
            if lost.done():
                lost.result()
            self._session.jitter = self._receiver.jitter
            self._judge(interval)
            self._report()

    def _interval(self) -> float:
        session = self._client.session
        return session.keep_alive_interval if session is not None else MAX_KEEP_ALIVE

    def _judge(self, interval: float) -> None:
        """Stale, quiet or live; while a watcher's full queue holds the reading up, the device is not to blame."""
        if self._client.paused:
            return
        now = asyncio.get_running_loop().time()
        silence = now - max(self._client.alive_at, self._excused)
        if silence >= STALE_AFTER * interval:
            self._session.enter("stale", f"no byte for {silence:.1f} s although a keep-alive was sent")
        elif now - self._session.document_at >= self._session.timing.quiet:
            self._session.enter("quiet", "connected, and nothing is reported")
        elif self._session.state.state == "stale":
            self._session.enter("live", "the device answers again")

    def _report(self) -> None:
        """Receiver reports, where they are due."""
        channels = {track: channel for channel, (track, is_rtcp) in self._tracks.items() if is_rtcp}
        for track, data in self._receiver.reports(time.time_ns()):
            self._client.send_frame(channels[track], data)
