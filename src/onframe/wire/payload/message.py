"""Metadata messages ⇄ RTP packets: payload type 107, ``isapi.metadata`` (chapter 2 step 8).

A message is all payloads of one timestamp up to the marker. What a message says is none of
this module's business: whether it is whole, ``isapi`` judges.
"""

from __future__ import annotations

from collections import deque
from typing import Literal, NamedTuple, TypeAlias

from onframe.errors import LocalProtocolError, ProtocolError
from onframe.wire.rtp import Loss, PacketSource, RTPPacket, TimestampExtender, TrackReceiver

PAYLOAD_TYPE = 107
MAX_SIZE = 4 * 1024 * 1024
MAX_PAYLOAD = 1000
"""Bytes of one RTP payload: what devices name as their greatest packet."""

EndedBy: TypeAlias = Literal["marker", "timestamp"]

_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_BLANKS = b" \t\r\n\0"


class Message(NamedTuple):
    """One metadata message as it came.

    ``timestamp`` is extended (64 bits), the sequence numbers are extended too. ``ended_by`` says
    whether the marker ended it or only the next timestamp did. ``loss_before`` spans everything
    that was lost or thrown away since the message before.
    """

    payload: bytes
    timestamp: int
    ended_by: EndedBy
    first_sequence: int
    last_sequence: int
    ssrc: int
    loss_before: Loss | None = None


class Oversize(NamedTuple):
    """A message that grew over ``max_size`` bytes and was dropped."""

    first_sequence: int
    last_sequence: int
    size: int
    timestamp: int


class Restart(NamedTuple):
    """The numbering began anew (another SSRC, or a great jump): how much is missing is not known.

    ``sequence`` is the extended number of the first packet after it.
    """

    sequence: int


Report: TypeAlias = Loss | Oversize | Restart


class Depacketizer:
    """Joins the packets of one metadata track to messages; holds at most ``max_size`` bytes.

    Counters: ``packets``, ``messages``, ``lost`` (packets missing), ``duplicates`` (come twice), ``late`` (come
    after they were reported lost), ``dropped`` (packets thrown away because their message was not whole), ``foreign``
    (of another payload type), ``malformed``, ``oversize`` (messages), ``resets`` (the numbering began anew).
    """

    def __init__(self, payload_type: int = PAYLOAD_TYPE, max_size: int = MAX_SIZE) -> None:
        self.payload_type = payload_type
        self.max_size = max_size
        self.packets = self.messages = self.lost = self.duplicates = self.late = self.dropped = 0
        self.foreign = self.malformed = self.oversize = self.resets = 0
        self._receiver = TrackReceiver()
        self._extender = TimestampExtender()
        self._part = _Part()
        self._hunting = False
        self._ready: deque[Message] = deque()
        self._reports: list[Report] = []
        self._loss_before: Loss | None = None
        self._previous: RTPPacket | None = None
        self._previous_sequence = 0
        self._last_lost: int | None = None
        self._sequence: int | None = None

    def push(self, packet: RTPPacket | bytes, timestamp: int | None = None) -> Message | None:
        """Take one packet; the message it completes, if any (R-041).

        ``timestamp`` is its extended timestamp where the caller keeps one. Bytes that are no RTP packet,
        duplicates and packets of other payload types are counted, never an error (R-039).
        A packet that ends two messages gives the second one at the next ``push`` or by ``pop``.
        """
        self.packets += 1
        if not isinstance(packet, RTPPacket):
            try:
                packet = RTPPacket.parse(packet)
            except ProtocolError:
                self.malformed += 1
                return self.pop()
        if packet.payload_type != self.payload_type:
            self._pass(packet)
        else:
            self._take(packet, timestamp)
        return self._ready.popleft() if self._ready else None

    @property
    def receiver(self) -> TrackReceiver:
        """The numbering of this track, for receiver reports."""
        return self._receiver

    def pop(self) -> Message | None:
        """A message that is complete already and was not returned yet."""
        return self._ready.popleft() if self._ready else None

    @property
    def has_reports(self) -> bool:
        """``take_reports`` has something."""
        return bool(self._reports)

    def take_reports(self) -> list[Report]:
        """What was lost since the last call, also where it ended no message: each report is given once."""
        reports, self._reports = self._reports, []
        return reports

    def reset(self) -> None:
        """Begin anew: what was gathered is dropped and counted."""
        self._drop_part()
        self._receiver = TrackReceiver()
        self._extender = TimestampExtender()
        self._hunting = False
        self._previous = self._sequence = self._last_lost = None

    def _pass(self, packet: RTPPacket) -> None:
        """A packet of another payload type: it has a place in the numbering, and nothing else."""
        self.foreign += 1
        if self._previous is not None and packet.ssrc == self._previous.ssrc:
            self._number(packet)

    def _take(self, packet: RTPPacket, timestamp: int | None) -> None:
        sequence = self._number(packet)
        if sequence is None:
            return
        if timestamp is None:
            timestamp = self._extender.extend(packet.timestamp)
        if self._part.packets and timestamp != self._part.timestamp:
            self._finish("timestamp")
        if self._hunting and not self._may_start(packet):
            self._drop(sequence)
        else:
            self._gather(packet, sequence, timestamp)
        self._previous, self._previous_sequence = packet, sequence

    def _number(self, packet: RTPPacket) -> int | None:
        """The packet's extended sequence number, or None for one that was here already or is given up."""
        if self._previous is not None and packet.ssrc == self._previous.ssrc:
            following = self._receiver.go_on(packet.sequence_number, packet.ssrc, self._sequence)
            if following is not None:  # as nearly always
                self._sequence = following
                return following
        late = self._receiver.late
        placed = self._receiver.push(packet)
        if placed is None:
            if self._receiver.late > late:
                self.late += 1
            else:
                self.duplicates += 1
            return None
        sequence, loss = placed
        if loss is not None:
            self._lose(loss)
        elif self._continues_nothing(packet, sequence):
            self._begin_anew(sequence)
        self._sequence = sequence
        return sequence

    def _continues_nothing(self, packet: RTPPacket, sequence: int) -> bool:
        if self._sequence is None or self._previous is None:
            return False
        return sequence != self._sequence + 1 or packet.ssrc != self._previous.ssrc

    def _lose(self, loss: Loss) -> None:
        self.lost += loss.packets
        self._last_lost = loss.last
        self._reports.append(loss)
        self._drop_part()
        self._note(loss.first, loss.last)
        self._hunting = True

    def _begin_anew(self, sequence: int) -> None:
        """Another SSRC or a great jump: another source, whose packets continue nothing."""
        self.resets += 1
        self._reports.append(Restart(sequence))
        self._drop_part()
        self._hunting = False
        self._last_lost = None
        self._extender = TimestampExtender()

    def _may_start(self, packet: RTPPacket) -> bool:
        """After a loss: a boundary just passed, and these bytes can be a document's first ones."""
        before = self._previous
        boundary = before is None or packet.timestamp != before.timestamp or (before.marker and self._unbroken)
        return boundary and _can_start(packet.payload)

    @property
    def _unbroken(self) -> bool:
        """No packet is missing between the one before and this one."""
        return self._last_lost is None or self._last_lost < self._previous_sequence

    def _gather(self, packet: RTPPacket, sequence: int, timestamp: int) -> None:
        self._hunting = False
        part = self._part
        if not part.packets:
            part.begin(timestamp, sequence, packet.ssrc)
        part.add(packet.payload, sequence)
        if len(part.payload) > self.max_size:
            self.oversize += 1
            self._reports.append(Oversize(part.first_sequence, sequence, len(part.payload), timestamp))
            self._drop_part()
            self._hunting = True
        elif packet.marker:
            self._finish("marker")

    def _finish(self, ended_by: EndedBy) -> None:
        part = self._part
        payload = part.take()
        if not payload:
            return
        self.messages += 1
        loss, self._loss_before = self._loss_before, None
        self._ready.append(
            Message(payload, part.timestamp, ended_by, part.first_sequence, part.last_sequence, part.ssrc, loss)
        )

    def _drop_part(self) -> None:
        part = self._part
        if part:
            self.dropped += part.packets
            self._note(part.first_sequence, part.last_sequence)
            part.take()

    def _drop(self, sequence: int) -> None:
        self.dropped += 1
        self._note(sequence, sequence)

    def _note(self, first: int, last: int) -> None:
        """Widen what the next message will carry as ``loss_before``."""
        before = self._loss_before
        self._loss_before = Loss(first if before is None else min(before.first, first), last)


class _Part:
    """The message in progress; false while there is none. One buffer, so that small pieces cost what they hold."""

    __slots__ = ("first_sequence", "last_sequence", "packets", "payload", "ssrc", "timestamp")

    def __init__(self) -> None:
        self.payload = bytearray()
        self.packets = self.timestamp = self.first_sequence = self.last_sequence = self.ssrc = 0

    def __bool__(self) -> bool:
        return self.packets > 0

    def begin(self, timestamp: int, sequence: int, ssrc: int) -> None:
        self.timestamp, self.first_sequence, self.ssrc = timestamp, sequence, ssrc

    def add(self, payload: bytes, sequence: int) -> None:
        self.payload += payload
        self.packets += 1
        self.last_sequence = sequence

    def take(self) -> bytes:
        """The payload; the part is empty afterwards."""
        payload, self.payload, self.packets = bytes(self.payload), bytearray(), 0
        return payload


class Packetizer(PacketSource):
    """Splits messages into RTP packets: equal timestamps, the marker on the last (R-041)."""

    def __init__(
        self,
        payload_type: int = PAYLOAD_TYPE,
        *,
        ssrc: int,
        sequence_number: int,
        max_payload: int = MAX_PAYLOAD,
    ) -> None:
        if max_payload < 1:
            raise LocalProtocolError("max_payload must be at least 1 byte")
        super().__init__(payload_type, ssrc=ssrc, sequence_number=sequence_number)
        self.max_payload = max_payload

    def packetize(self, payload: bytes, timestamp: int) -> list[RTPPacket]:
        """The packets of one message; ``timestamp`` may be an extended one, its lower 32 bits are sent."""
        pieces = [payload[at : at + self.max_payload] for at in range(0, len(payload), self.max_payload)]
        return [self.packet(piece, timestamp, marker=index == len(pieces) - 1) for index, piece in enumerate(pieces)]


def _can_start(payload: bytes) -> bool:
    """Whether a document can begin like this: a BOM, a blank, ``<`` or ``{``; an end tag cannot."""
    if payload.startswith(_BOMS):
        return True
    text = payload.lstrip(_BLANKS)
    if not text:
        return bool(payload)
    return text.startswith((b"<", b"{")) and not text.startswith(b"</")
