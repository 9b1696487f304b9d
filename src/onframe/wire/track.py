"""One media section that was set up, and the transport that device and client agreed on (RFC 2326 section 12.39)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace

from onframe.errors import RemoteProtocolError
from onframe.wire.headers import StreamInfo, Transport
from onframe.wire.sdp import METADATA_ENCODING, MediaDescription

FIRST_DATAGRAM_CHANNEL = 256
"""Channels from here on are numbers of our own for UDP: interleaved ones end at 255."""


@dataclass
class Track:
    """One media section that was set up. ``transport`` is what was agreed: the device's answer, completed.

    ``channels`` are those of RTP and RTCP: interleaved as the device chose them, over UDP from 256 on in the order of
    SETUP. ``ssrc`` and ``info`` (RTP-Info) are hints: devices send others in their packets (R-034, R-042).
    """

    media: MediaDescription
    url: str
    transport: Transport
    channels: tuple[int, int]
    info: StreamInfo | None = None

    @property
    def interleaved(self) -> tuple[int, int] | None:
        """The channels within the connection; None over UDP."""
        return self.channels if self.transport.tcp else None

    @property
    def ssrc(self) -> int | None:
        """What SETUP's answer claims."""
        return self.transport.ssrc

    @property
    def name(self) -> str:
        """The section's media ("video", "audio", …), and "metadata" for isapi.metadata."""
        is_metadata = self.media.payload_type_of(METADATA_ENCODING) is not None
        return "metadata" if is_metadata else self.media.media.lower()

    @property
    def payload_type(self) -> int | None:
        """The RTP payload type: of the isapi.metadata line where there is one (R-038)."""
        return self.media.payload_type_of(METADATA_ENCODING) or self.media.payload_type

    @property
    def clock_rate(self) -> int:
        """Ticks a second of the RTP timestamp."""
        known = self.media.rtpmap.get(-1 if self.payload_type is None else self.payload_type)
        return 90000 if known is None else known.clock_rate


def datagram_channels(index: int) -> tuple[int, int]:
    """The channels of a session's track number ``index`` (from 0) where it comes over UDP."""
    first = FIRST_DATAGRAM_CHANNEL + 2 * index
    return first, first + 1


def agree(
    asked: Transport, value: str | None, media: MediaDescription, session_connection: str | None = None
) -> tuple[Transport, list[str]]:
    """What ``asked`` and the Transport of the answer come to, and warnings.

    The answer wins; what it leaves out is as asked, and for a multicast group as the description says
    (``session_connection`` is its ``c=``). A device may answer a SETUP over UDP with channels of the connection.
    Any other transport than the one asked for is a RemoteProtocolError.
    """
    given = asked if value is None else Transport.parse(value)
    if given.tcp:
        return replace(given, interleaved=given.interleaved or asked.interleaved or (0, 1)), []
    if asked.tcp:
        raise RemoteProtocolError("the device answers a SETUP over TCP with another transport", excerpt=value)
    if asked.unicast and given.unicast:
        return _agree_unicast(asked, given)
    if asked.unicast or "unicast" in (value or "").lower():
        wanted, got = ("unicast", "multicast") if asked.unicast else ("multicast", "unicast")
        raise RemoteProtocolError(f"the device answers a SETUP over {wanted} with {got}", excerpt=value)
    return _agree_group(given, media, session_connection), []


def _agree_unicast(asked: Transport, given: Transport) -> tuple[Transport, list[str]]:
    warnings = []
    if given.client_port not in (None, asked.client_port):
        warnings.append(f"the device names the ports {given.client_port}, not the {asked.client_port} of the SETUP")
    server_port = given.server_port if given.server_port and min(given.server_port) > 0 else None
    return replace(given, client_port=asked.client_port, server_port=server_port), warnings


def _agree_group(given: Transport, media: MediaDescription, session_connection: str | None) -> Transport:
    destination = given.destination or _address(media.connection) or _address(session_connection)
    port = given.port or given.client_port or given.server_port
    if port is None and 0 < media.port < 65535:
        port = (media.port, media.port + 1)
    if destination is None or port is None or min(port) == 0:
        raise RemoteProtocolError("the device names no multicast group and port", hint="take RTP over TCP")
    if not _is_group(destination):
        raise RemoteProtocolError(f"{destination[:60]!r} is no multicast group", hint="take RTP over TCP")
    return replace(given, unicast=False, destination=destination, port=port)


def _is_group(text: str) -> bool:
    """Whether this is an address within 224/4 or ff00::/8: whatever else an answer names is not joined."""
    try:
        return ipaddress.ip_address(text).is_multicast
    except ValueError:
        return False


def _address(connection: str | None) -> str | None:
    """The group that a ``c=`` line names ("IN IP4 239.1.1.1/127"); None where it is none."""
    words = (connection or "").split()
    address = words[2].partition("/")[0] if len(words) > 2 else ""
    return address if _is_group(address) else None
