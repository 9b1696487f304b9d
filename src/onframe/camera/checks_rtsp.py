"""What the doctor looks at in the stream: track, transport, losses, documents, clock, coordinates, rules."""

from __future__ import annotations

import asyncio
import statistics
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator

import msgspec

from onframe.camera.camera import Camera
from onframe.camera.checks_http import accepted
from onframe.camera.findings import Finding, failed, refused, unanswerable
from onframe.camera.supervisor import SessionStatus
from onframe.camera.watch import Watch
from onframe.errors import AuthenticationError, OnframeError, RemoteProtocolError, StatusError, UnsupportedError
from onframe.isapi.metadata import box_of
from onframe.record import AccessUnit, Coordinates, Gap, Record, StateChange, StreamEvent, Undecodable

LISTEN = 3.0
"""Seconds over which losses and jitter are counted, once the stream plays."""
_CLOCK = 2.0  # seconds that a camera's clock may be off without a word
_JITTER = 0.5  # seconds
_MAX_BOXES = 100_000
_NOT_SOON = (453, 455, 503)


class Seen(msgspec.Struct):
    """What came while the stream was listened to."""

    state: StateChange | None = None
    status: SessionStatus | None = None
    records: int = 0
    rules: int = 0
    undecodable: Undecodable | None = None
    lost: int = 0
    seconds: float = 0.0
    error: OnframeError | None = None
    offsets: list[float] = []
    uncertainties: list[float] = []
    grades: Counter[str] = msgspec.field(default_factory=Counter)
    extent: tuple[float, float, float, float] | None = None
    kept: list[Record] = []

    def take(self, event: StreamEvent) -> None:
        """Count one event."""
        match event:
            case StateChange():
                self.state = event
            case Record():
                self._take_record(event)
            case Undecodable():
                self.undecodable = event
            case Gap():
                self.lost += event.packets or 0
            case AccessUnit():
                pass

    def _take_record(self, record: Record) -> None:
        self.records += 1
        self.rules += record.metadata.kind == "rule"
        self.grades[record.clock] += 1
        if record.captured_at is not None and record.clock != "arrival" and len(self.offsets) < _MAX_BOXES:
            self.offsets.append((record.captured_at - record.received_at).total_seconds())
            if record.uncertainty is not None:
                self.uncertainties.append(record.uncertainty)
        boxes = [target.box for target in record.metadata.targets] + [box_of(record.metadata.frame.regions)]
        for box in boxes:
            if box is not None:
                self.extent = box if self.extent is None else _around(self.extent, box)
        if len(self.kept) < 8:
            self.kept.append(record)

    def plays(self) -> bool:
        """Whether the stream has begun."""
        return self.records > 0 or (self.state is not None and self.state.state in ("live", "quiet"))


def _around(one: tuple[float, ...], other: tuple[float, ...]) -> tuple[float, float, float, float]:
    low = (min(one[0], other[0]), min(one[1], other[1]))
    return (*low, max(one[2], other[2]), max(one[3], other[3]))


async def over_rtsp(
    camera: Camera, channel: int, stream: int, wait: float, listen: float, seen: Seen, *, login_is_known: bool
) -> AsyncIterator[Finding]:
    """Findings of the stream; ``seen`` is filled on the way."""
    async with camera.stream(channel, stream, video=False, via="channel") as events:
        patience = wait + camera.timeout  # HTTP may be asked once more before, in vain
        await _listen(events, seen, patience, lambda: seen.plays() or _is_final(_status(camera, channel, stream)))
        seen.status = _status(camera, channel, stream)
        if isinstance(seen.error, AuthenticationError):
            yield refused(seen.error)
            return
        if not login_is_known and camera.login.accepted:
            yield accepted(camera, "RTSP")
        yield (track := _track(camera, channel, stream, seen, patience))
        if not track.ok:
            return
        yield _transport(camera, seen.status)
        began = asyncio.get_running_loop().time()
        await _listen(events, seen, min(wait, listen), lambda: False)
        await _listen(events, seen, max(wait - listen, 0.0), lambda: bool(seen.records and seen.rules))
        seen.seconds = asyncio.get_running_loop().time() - began
        seen.status = _status(camera, channel, stream) or seen.status
        packets = camera.counters.get("packets", 0)
    for finding in _judged(camera, packets, seen, wait):
        yield finding


def _judged(camera: Camera, packets: int, seen: Seen, wait: float) -> Iterator[Finding]:
    yield _packets(packets, seen, wait)
    for finding in (
        _documents(seen, packets),
        _clock(seen),
        _coordinates(camera.coordinates, seen),
        _rules(seen, wait),
    ):
        if finding is not None:
            yield finding


def _status(camera: Camera, channel: int, stream: int) -> SessionStatus | None:
    return next((one for one in camera.status() if (one.channel, one.stream) == (channel, stream)), None)


def _is_final(status: SessionStatus | None) -> bool:
    """Whether another attempt within the doctor's time would end as this one did."""
    error = None if status is None else status.last_error
    if isinstance(error, StatusError):
        return error.http_status in _NOT_SOON
    return isinstance(error, RemoteProtocolError)


async def _listen(events: Watch[StreamEvent], seen: Seen, wait: float, enough: Callable[[], bool]) -> None:
    try:
        async with asyncio.timeout(wait):
            while not enough() and seen.error is None:
                seen.take(await anext(events))
    except (TimeoutError, StopAsyncIteration):
        pass
    except OnframeError as error:
        seen.error = error


# -- track and transport -----------------------------------------------------------------------


def _track(camera: Camera, channel: int, stream: int, seen: Seen, wait: float) -> Finding:
    number = channel * 100 + stream
    if isinstance(seen.error, UnsupportedError):
        return _no_track(seen.error)
    if seen.error is not None:
        return failed("track", seen.error, "try again, and report it if it stays")
    if seen.plays():
        return Finding("track", True, f"stream {number} carries isapi.metadata, and it plays")
    error = seen.status.last_error if seen.status is not None else None
    if error is not None:
        if (login := unanswerable(error)) is not None:
            return login
        remedy = "check the RTSP port, and that the device is not restarting"
        if isinstance(error, StatusError) and error.http_status == 455:
            remedy = "the device wants the picture set up before the metadata: use 'onframe view', or Camera.stream"
        if isinstance(error, RemoteProtocolError) and "speaks HTTP" in error.message:
            return Finding(
                "track", False, f"port {camera.rtsp_port} speaks HTTP, not RTSP", "give the RTSP port with --rtsp-port"
            )
        finding = failed("track", error, remedy)
        return msgspec.structs.replace(finding, detail=f"stream {number} does not play: {error}")
    remedy = "check that the RTSP port is one of RTSP (--rtsp-port), and that the device is not restarting"
    state = seen.state.reason if seen.state is not None else "nothing happened"
    if seen.state is not None and seen.state.state == "authenticating":
        state = "the port is open, and nothing is answered"
    return Finding("track", False, f"stream {number} does not play within {wait:g} s: {state}", remedy)


def _no_track(error: UnsupportedError) -> Finding:
    remedy = error.hint or "enable a metadata type for this channel, or try another stream"
    refusal = error.__cause__
    if isinstance(refusal, StatusError) and refusal.http_status == 403:
        remedy = "give the user the right of live view (Remote: Live View) for this channel"
    elif "ONVIF" in error.message:
        remedy = "update the firmware: it was asked by its /ISAPI/ URL; what it sends is for a program that reads ONVIF"
    elif "does not say isSupportMetadata" in error.message:
        remedy = "connect to the camera itself, not to a recorder; or update its firmware, or enable a metadata type"
    return Finding("track", False, error.message, remedy)


def _transport(camera: Camera, status: SessionStatus | None) -> Finding:
    if status is None or status.transport is None:
        return Finding("transport", True, "not known")
    if status.fallback is not None:
        remedy = "leave it with --transport tcp"
        if "answered" not in status.fallback:  # asked for, agreed to, and lost on the way
            remedy = f"let {camera.transport} through the firewall between, or leave it with --transport tcp"
        return Finding("transport", True, f"{status.transport}, because {status.fallback}", remedy)
    within = " within the RTSP connection" if status.transport == "tcp" else ""
    secure = ", under TLS" if camera.tls is not None else ""
    return Finding("transport", True, f"RTP over {status.transport}{within}{secure}")


# -- what came ---------------------------------------------------------------------------------


def _packets(packets: int, seen: Seen, wait: float) -> Finding:
    if not packets:
        remedy = "set up a rule or a smart function on the device, and let something happen before it"
        return Finding("packets", False, f"none within {wait:g} s: nothing is detected, or nothing is enabled", remedy)
    jitter = seen.status.jitter if seen.status is not None else None
    shake = "" if jitter is None else f"; jitter {jitter * 1000:.0f} ms"
    if seen.lost:
        share = 100 * seen.lost / (packets + seen.lost)
        remedy = "look at the network between, or at the load of this machine; over UDP try --transport tcp"
        return Finding("packets", False, f"{packets} received, {seen.lost} lost ({share:.1f} %){shake}", remedy)
    detail = f"{packets} received in {seen.seconds:.1f} s, none lost{shake}"
    if jitter is not None and jitter > _JITTER:
        return Finding("packets", True, detail, "look at the network between: the picture waits for late metadata")
    return Finding("packets", True, detail)


def _documents(seen: Seen, packets: int) -> Finding | None:
    bad = seen.undecodable
    if bad is not None and seen.lost and seen.records:
        detail = f"{seen.records} read; one cannot be, which the losses alone may explain: {bad.message}"
        return Finding("documents", True, detail, "see to the losses first")
    if bad is not None:
        remedy = "write a bundle with 'onframe doctor --bundle FILE' and report it"
        return Finding("documents", False, f"one cannot be read: {bad.message}", remedy)
    if seen.records:
        return Finding("documents", True, f"{seen.records} read")
    if packets:
        return Finding("documents", False, "packets arrive, but no whole document", "look for packet loss")
    return None


def _clock(seen: Seen) -> Finding | None:
    """The camera's clock against this machine's; the way here and the camera's own work are in it."""
    if not seen.records:
        return None
    grade = seen.grades.most_common(1)[0][0]
    if not seen.offsets:
        return Finding("clock", True, f"the device tells no time; grade {grade}: documents count from their arrival")
    offset = statistics.median(seen.offsets)
    sure = f" ± {_in_words(statistics.median(seen.uncertainties))}" if seen.uncertainties else ""
    where = f"{_in_words(abs(offset))} {'ahead of' if offset > 0 else 'behind'} this machine; grade {grade}{sure}"
    if abs(offset) <= _CLOCK:
        return Finding("clock", True, where)
    return Finding("clock", True, where, "set the time of the device and of this machine by NTP, and the time zone")


def _in_words(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds * 1000:.0f} ms"
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"


def _coordinates(space: Coordinates, seen: Seen) -> Finding | None:
    """Whether what was seen fits the space that is set or assumed; it is never switched by itself."""
    if not seen.records:
        return None
    said = f"{space.space}, {space.origin}{' (assumed)' if space.assumed else ''}"
    if seen.extent is None:
        return Finding("coordinates", True, f"{said}; no point was seen")
    left, top, right, bottom = seen.extent
    values = f"values from {min(left, top):g} to {max(right, bottom):g}"
    if (better := _better_space(space, seen.extent)) is not None:
        remedy = f"compare with the picture, and say it with --coordinates {better}"
        return Finding("coordinates", True, f"{values} do not look like {said}, but like {better}", remedy)
    return Finding("coordinates", True, f"{values} fit {said}")


def _better_space(space: Coordinates, extent: tuple[float, float, float, float]) -> str | None:
    low, high = min(extent), max(extent)
    if high > 1000:
        fits = space.space == "pixels" and (space.width is None or extent[2] <= space.width)
        return None if fits else "pixels"
    if low >= 0 and 0 < high <= 1:
        return None if space.space == "unit" else "unit"
    return "0..1000" if space.space == "unit" else None


def _rules(seen: Seen, wait: float) -> Finding | None:
    if seen.rules:
        return Finding("rules", True, f"{seen.rules} received")
    if not seen.records:
        return None
    remedy = "draw a detection rule on the device, or go on without: targets are reported all the same"
    return Finding("rules", False, f"no rule within {wait:g} s", remedy)
