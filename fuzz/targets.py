"""What is fuzzed: bytes of a peer in, events or Onframe's own errors out, and what must hold of them.

Each target takes any bytes. What it raises is a finding: an exception that is not of Onframe's own, or an
AssertionError where the two ways of reading disagree, a bound is overstepped, or what was written is not read back.
No target reads a clock or draws a number, so that an input always does the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from onframe.errors import DecodeError, LimitExceeded, LocalProtocolError, OnframeError, ProtocolError, UnsupportedError
from onframe.isapi import metadata_json, metadata_typed, metadata_usual, metadata_xml
from onframe.isapi import xml as xml_reader
from onframe.isapi.checks import check
from onframe.isapi.document import Document, decode_all, document_json, encode, error_json
from onframe.isapi.json import parse_document
from onframe.isapi.leniency import Notes
from onframe.isapi.metadata import Metadata
from onframe.wire.challenge import CONTROL, parse_credentials
from onframe.wire.digest import DigestClient, DigestServer
from onframe.wire.headers import Range, RTPInfo, Session, Transport, parse_transports
from onframe.wire.payload.h264 import H264Depacketizer, H264Packetizer
from onframe.wire.payload.h265 import H265Depacketizer, H265Packetizer
from onframe.wire.payload.message import Depacketizer, Packetizer
from onframe.wire.payload.nal import NALDepacketizer, NALPacketizer, split_nals
from onframe.wire.rtcp import parse_compound, serialize_compound
from onframe.wire.rtp import RTPPacket
from onframe.wire.rtsp import MAX_BODY, NEED_DATA, Connection, Request, Response
from onframe.wire.sdp import SessionDescription
from onframe.wire.session import Answered, ClientSession

URL = "rtsp://192.0.2.7:554/ISAPI/Streaming/channels/101"
Target = Callable[[bytes], None]


# -- RTSP


def rtsp(data: bytes) -> None:
    """A connection, in pieces and as a whole; then the session that a client has on it."""
    step = data[0] % 16 + 1 if data else 1
    whole = _events([data])
    assert _events([data[at : at + step] for at in range(0, len(data), step)]) == whole
    for event in whole[0]:
        if isinstance(event, Request | Response):
            _written_and_read_back(event)
            _headers(event)
    _session(data, step)


def _events(pieces: list[bytes]) -> tuple[list[object], str, int]:
    """The events, the error's text at their end, and how many bytes were passed over."""
    connection, found = Connection(), []
    for piece in pieces:
        connection.receive_data(piece)
        try:
            while (event := connection.next_event()) is not NEED_DATA:
                found.append(event)
        except (ProtocolError, LimitExceeded) as error:
            return found, type(error).__name__, 0
        assert connection.buffered <= MAX_BODY + 65_540 + len(piece)
    return found, "", connection.skipped


def _written_and_read_back(message: Request | Response) -> None:
    if isinstance(message, Request) and not (message.uri and message.version.startswith("RTSP/")):
        return
    if isinstance(message, Response) and "HTTP/" in message.version:
        return
    try:
        again = type(message).parse(message.serialize())
    except (LocalProtocolError, LimitExceeded):
        return  # text without bytes, or headers that grew over their bound when they were unfolded
    assert (again.body, again.cseq, len(again.headers)) == (message.body, message.cseq, len(message.headers)) or (
        len(message.headers.get_all("Content-Length")) != 1
    )


def _headers(message: Request | Response) -> None:
    for parse, name in ((Transport.parse, "Transport"), (parse_transports, "Transport"), (Session.parse, "Session")):
        for value in message.headers.get_all(name):
            try:
                parse(value)
            except ProtocolError:
                pass
    for value in message.headers.get_all("RTP-Info"):
        RTPInfo.parse(value).serialize()
    for value in message.headers.get_all("Range"):
        try:
            Range.parse(value).serialize()
        except ProtocolError:
            pass


def _session(data: bytes, step: int) -> None:
    """A client that asks as far as the bytes let it."""
    digest = DigestClient("admin", "secret")
    session = ClientSession(URL, digest=digest, cnonce=lambda: "0")
    session.describe(0.0)
    try:
        for at in range(0, len(data), 64 * step):
            session.receive_data(data[at : at + 64 * step], float(at))
            while (event := session.next_event()) is not NEED_DATA:
                if isinstance(event, Answered):
                    _ask_on(session)
            session.data_to_send()
    except OnframeError:
        pass
    assert len(session.warnings) <= 100


def _ask_on(session: ClientSession) -> None:
    described = session.description
    if described is None or not described.media:
        session.describe(0.0)
    elif len(session.tracks) < min(2, len(described.media)):
        session.setup(described.media[len(session.tracks)], 0.0)
    else:
        session.play(0.0)


# -- digest


def digest(data: bytes) -> None:
    """A challenge and what is answered to it; and the same bytes as credentials that come to our server."""
    values = data.decode("utf-8", "surrogateescape").split("\n")
    client = DigestClient("admin", "secret", allow_basic=bool(data[:1] == b"!"))
    try:
        client.receive_challenge(values)
    except (ProtocolError, LimitExceeded):
        pass
    if client.has_challenge:
        _answer(client)
    server = DigestServer("IP Camera(1)", {"admin": "secret"}.get, qop=("auth",) if len(data) % 2 else ())
    server.challenges("n")
    for value in values[:4]:
        server.verify("DESCRIBE", URL, value)


def _answer(client: DigestClient) -> None:
    for _ in range(2):
        try:
            value = client.authorize("DESCRIBE", URL, cnonce="0a4f113b", body=b"")
        except (LocalProtocolError, ProtocolError):
            return
        assert value is not None and not CONTROL.search(value)
        section = parse_credentials(value)
        assert section is not None
        if client.challenge is not None and client.challenge.scheme == "digest":
            assert section.parameters["realm"] == client.challenge.realm
            assert section.parameters["nonce"] == client.challenge.nonce


# -- SDP


def sdp(data: bytes) -> None:
    """A session description: read, asked everything, written and read back."""
    try:
        description = SessionDescription.parse(data)
    except (ProtocolError, LimitExceeded):
        return
    assert len(description.media) <= 64
    description.aggregate_url(URL, description.origin, None)
    for media in description.media:
        assert description.media_url(media, URL, description.name, media.information)
        assert media.sprop is not None and media.track_id is not media
        assert media.dimensions is None or max(media.dimensions) < 100_000
    found = description.metadata_media()
    assert found is None or found.payload_type_of("isapi.metadata") is not None
    if not all(media.media and media.protocol and media.formats for media in description.media):
        return  # an m= line that lacks something cannot be written
    try:
        again = SessionDescription.parse(description.serialize())
    except (LocalProtocolError, LimitExceeded):
        return
    assert [media.media for media in again.media] == [media.media for media in description.media]
    assert (again.metadata_media() is None) is (found is None)


# -- RTP


def rtp_message(data: bytes) -> None:
    """Packets of a metadata track, each behind its length in one byte; the same bytes as RTCP and as a message."""
    depacketizer = Depacketizer(max_size=1024)
    taken, last, reports = 0, -(2**63), 0
    for packet in _pieces(data):
        taken += 1
        _packet(packet)
        message = depacketizer.push(packet)
        while message is not None:
            assert 0 < len(message.payload) <= 1024
            assert last < message.first_sequence <= message.last_sequence
            last = message.last_sequence
            message = depacketizer.pop()
        reports += len(depacketizer.take_reports())
    assert depacketizer.packets == taken and reports <= 2 * taken
    _reports(data)
    packets = Packetizer(ssrc=1, sequence_number=65_530, max_payload=100).packetize(data, 5)
    joined = [message.payload for message in map(Depacketizer().push, packets) if message is not None]
    assert joined == ([data] if data else [])


def _pieces(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        size = data[at]
        yield data[at + 1 : at + 1 + size]
        at += 1 + size


def _packet(data: bytes) -> None:
    try:
        packet = RTPPacket.parse(data)
    except ProtocolError:
        return
    assert RTPPacket.parse(packet.serialize()) == packet


def _reports(data: bytes) -> None:
    try:
        reports = parse_compound(data)
    except ProtocolError:
        return
    try:
        written = serialize_compound(reports)
    except LocalProtocolError:
        return  # padding may leave a body that is no whole number of words
    assert parse_compound(written) == reports


def h264(data: bytes) -> None:
    """Packets of H.264, and the bytes as one picture that is sent and received."""
    _pictures(data, H264Depacketizer(max_size=4096), H264Depacketizer(), H264Packetizer)


def h265(data: bytes) -> None:
    """Packets of H.265, and the bytes as one picture that is sent and received."""
    _pictures(data, H265Depacketizer(max_size=4096), H265Depacketizer(), H265Packetizer)


def _pictures(
    data: bytes, depacketizer: NALDepacketizer, receiving: NALDepacketizer, packetizer: type[NALPacketizer]
) -> None:
    for packet in _pieces(data):
        picture = depacketizer.push(packet)
        while picture is not None:
            assert picture.data.startswith(b"\0\0\0\1") and picture.lost >= 0
            assert len(picture.data) <= 4096 + 3 * (64 * 1024 + 4)
            picture = depacketizer.pop()
        assert depacketizer.codec is None or depacketizer.codec.isascii()
    nals = [nal for nal in split_nals(data) if len(nal) > 2 and 0 < depacketizer.kind(nal) < 24]
    if not nals:
        return
    sent = packetizer(ssrc=1, sequence_number=65_530, max_payload=50).packetize(b"\0\0\0\1" + b"\0\0\0\1".join(nals), 9)
    pictures = [picture for picture in map(receiving.push, sent) if picture is not None]
    assert [picture.lost for picture in pictures] == [0]
    assert split_nals(pictures[0].data)[-len(nals) :] == nals


# -- documents


def xml(data: bytes) -> None:
    """Documents in XML; the quick way and the general one agree."""
    notes = Notes()
    quick = metadata_usual.read(data, notes)
    if quick is not None:
        general = Notes()
        root, _ = xml_reader.parse_document(data, 0, general)
        assert metadata_xml.read_metadata(root, general) == quick
        assert (general.repairs, general.warnings) == (notes.repairs, notes.warnings)
    _documents(data, lenient_ip=False)


def json(data: bytes) -> None:
    """Documents in JSON; the typed way and the general one agree."""
    notes = Notes()
    quick = metadata_typed.read(data, notes)
    if quick is not None:
        general = Notes()
        source, _ = parse_document(data, notes=general)
        read = metadata_json.read_metadata(source, general)
        check(read, general)
        assert read == quick
        assert (general.repairs, general.warnings) == (notes.repairs, notes.warnings)
    _documents(data, lenient_ip=len(data) % 2 == 1)


def _documents(data: bytes, *, lenient_ip: bool) -> None:
    count = 0
    for one in decode_all(data, lenient_ip=lenient_ip):
        count += 1
        if isinstance(one, Document):
            assert one.raw
            document_json(one)
            _written(one)
        else:
            assert isinstance(one, DecodeError | LimitExceeded)
            error_json(one)
    assert count <= len(data) + 1


def _written(document: Document) -> None:
    """What is read can be written in its format, unless the guide has it in the other alone; and read again."""
    value = document.value
    try:
        written = encode(value, document.format)
    except UnsupportedError:
        return
    (again,) = decode_all(written)
    assert isinstance(again, Document), again
    assert type(again.value) is type(value)
    if isinstance(value, Metadata):
        assert len(again.value.targets) == len(value.targets)
        assert [one.target_id for one in again.value.targets] == [one.target_id for one in value.targets]


TARGETS: dict[str, Target] = {
    function.__name__: function for function in (rtsp, digest, sdp, rtp_message, h264, h265, xml, json)
}
