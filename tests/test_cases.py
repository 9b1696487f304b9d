"""Raw cases kept beside the checkout: what devices and other programs really sent, read by our parsers.

They are data of others and no part of the project. Where they are not there, nothing is read and every test passes;
ONFRAME_CASES may name another folder that has them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from onframe import decode
from onframe.errors import DecodeError, RemoteProtocolError
from onframe.wire.challenge import parse_challenges, parse_credentials
from onframe.wire.headers import Range, RTPInfo, Session, Transport, parse_ssrc, parse_transports
from onframe.wire.rtcp import parse_compound, serialize_compound
from onframe.wire.rtp import RTPPacket
from onframe.wire.rtsp import NEED_DATA, Connection, InterleavedFrame, Request, Response
from onframe.wire.sdp import SessionDescription, control_url

CASES = Path(os.environ.get("ONFRAME_CASES") or Path(__file__).resolve().parents[2] / "shared" / "cases")
URL = "rtsp://192.0.2.7:554/ISAPI/Streaming/channels/101"


def cases(pattern: str) -> list[Path]:
    found = sorted(CASES.glob(pattern))
    assert found or not CASES.is_dir(), f"no case is called {pattern}"
    return found


def rows(name: str) -> Iterator[list[str]]:
    """The tab-separated columns of each line."""
    for file in cases(name):
        for line in file.read_text(encoding="utf-8").splitlines():
            yield line.split("\t")


def descriptions() -> Iterator[tuple[str, bytes]]:
    for file in [*cases("*/*.sdp"), *cases("*/*/*.sdp"), *cases("retina/*_sdp.txt")]:
        yield file.name, file.read_bytes()
    for file in cases("retina/*_describe*.txt"):
        yield file.name, Response.parse(file.read_bytes()).body


@pytest.mark.fault("F25")
def test_every_description_is_read_with_each_of_its_media_and_metadata_is_found_by_its_name():
    for name, data in descriptions():
        description = SessionDescription.parse(data)
        assert len(description.media) == len(re.findall(rb"(?m)^m=", data)), name
        assert (description.metadata_media() is not None) is (b"isapi.metadata" in data.lower()), name
        assert description.onvif_metadata is (b"vnd.onvif.metadata" in data.lower()), name
        for media in description.media:
            assert re.match(r"[a-z]+://", description.media_url(media, URL)), name
            assert media.sprop is not None and media.clock_rate > 0, name


@pytest.mark.fault("F26")
def test_the_metadata_track_of_every_description_has_its_printed_control_address():
    for name, data in descriptions():
        description = SessionDescription.parse(data)
        media = description.metadata_media()
        if media is None:
            continue
        url = description.media_url(media, URL)
        printed = media.control or ""
        assert url == printed if "://" in printed else url.endswith("/" + printed.lstrip("/")), name
        assert media.payload_type == 107 and media.track_id == 3, name


@pytest.mark.fault("F18")
def test_every_captured_answer_is_one_message_also_in_single_bytes():
    for file in cases("retina/*.txt"):
        if file.name.endswith("_sdp.txt"):
            continue
        data = file.read_bytes()
        message = (Request if file.name == "rtsp_request.txt" else Response).parse(data)
        assert message.cseq is not None, file.name
        assert events(data, one_by_one=True) == [message], file.name
        assert type(message).parse(message.serialize()) == message, file.name


def events(data: bytes, *, one_by_one: bool = False) -> list[object]:
    connection, found = Connection(), []
    for piece in [data[n : n + 1] for n in range(len(data))] if one_by_one else [data]:
        connection.receive_data(piece)
        while (event := connection.next_event()) is not NEED_DATA:
            found.append(event)
    return found


def test_every_captured_answer_to_setup_and_play_has_what_a_session_needs():
    for file in cases("*/*setup*.txt"):
        if file.parent.name == "guide":
            continue  # its line ends are lost in print
        headers = Response.parse(without_remarks(file)).headers
        transport = Transport.parse(headers.get("Transport") or "")
        assert Session.parse(headers.get("Session") or "").session_id, file.name
        assert transport.interleaved or transport.client_port or transport.port, file.name
    for file in cases("*/*_play.txt"):
        if file.parent.name == "guide":
            continue
        headers = Response.parse(without_remarks(file)).headers
        named = ",".join(headers.get_all("RTP-Info"))
        assert len(list(RTPInfo.parse(named))) == named.lower().count("url="), file.name


def without_remarks(file: Path) -> bytes:
    return b"\r\n".join(line for line in file.read_bytes().split(b"\r\n") if not line.startswith(b"#"))


@pytest.mark.fault("F20")
def test_transcripts_of_whole_sessions_are_read_message_for_message():
    for file in [*cases("devices/rtsp_*.txt"), *cases("hikvision_misc/*transcript*.txt"), *cases("guide/[147]*.txt")]:
        data = without_remarks(file)
        found = events(data)
        assert not [event for event in found if isinstance(event, InterleavedFrame)], file.name
        for event in found:
            assert isinstance(event, Request | Response)
            start = event.method if isinstance(event, Request) else str(event.status)
            assert start.encode() in data, file.name
        if (status := re.match(rb"RTSP/1.0 (\d+)", data)) is not None:
            assert isinstance(found[0], Response) and found[0].status == int(status[1]), file.name


def test_transports_are_read_as_they_are_written():
    for _, value in rows("gortsplib/headers/transport.tsv"):
        transport = Transport.parse(value)
        for name in ("interleaved", "client_port", "server_port"):
            printed = re.search(name + r"=(\d+)(?:-(\d+))?", value)
            pair = getattr(transport, name)
            assert (pair is None) is (printed is None), value
            assert printed is None or pair == (int(printed[1]), int(printed[2] or int(printed[1]) + 1)), value
        assert transport.unicast is not ("multicast" in value), value
        assert transport.tcp is ("/TCP" in value or "interleaved" in value), value
    for _, value in rows("gortsplib/headers/transports.tsv"):
        assert len(parse_transports(value)) == value.count("RTP/"), value


def test_sessions_ranges_and_rtp_infos_are_read_as_they_are_written():
    for _, value in rows("gortsplib/headers/session.tsv"):
        session = Session.parse(value)
        assert session.session_id == value.split(";")[0]
        assert session.timeout == (47 if "timeout" in value else None)
    for _, value in rows("gortsplib/headers/range.tsv"):
        unit = value.partition("=")[0]
        assert Range.parse(value).unit == unit
        assert (Range.parse(value).start is not None) is (unit == "npt")
    for _, value in rows("gortsplib/headers/rtp_info.tsv"):
        streams, printed = list(RTPInfo.parse(value)), value.split(",")
        assert len(streams) == len(printed)
        for stream, text in zip(streams, printed, strict=True):
            assert stream.url == re.search(r"url=([^;]+)", text)[1]
            assert (stream.seq is not None, stream.rtptime is not None) == ("seq=" in text, "rtptime=" in text)


@pytest.mark.fault("F9")
def test_challenges_and_credentials_are_read_as_they_are_written():
    lines = [value for _, value in rows("gortsplib/headers/authenticate.tsv")]
    for file in [*cases("devices/http_401*.txt"), *cases("devices/rtsp_auth*.txt")]:
        lines += re.findall(r"WWW-Authenticate: (.*)", file.read_text(encoding="utf-8"))
    for value in lines:
        challenges = parse_challenges([value])
        assert [one.scheme for one in challenges] == [text.lower() for text in re.findall("Digest|Basic", value)]
        assert [one.realm for one in challenges] == re.findall(r'realm="([^"]*)"', value)
        assert [one.nonce for one in challenges if one.scheme == "digest"] == re.findall(r'nonce="([^"]*)"', value)
        assert not any(one.stale for one in challenges), value
    for _, value in rows("gortsplib/headers/authorization.tsv"):
        section = parse_credentials(value)
        assert section is not None and section.scheme.lower() == value.split()[0].lower()
        for name, text in re.findall(r'(\w+)="([^"]*)"', value):
            assert section.parameters[name] == text, value


@pytest.mark.fault("F26")
def test_bases_that_devices_print_name_their_host():
    for value, host, _ in rows("go2rtc/content_base_urls.tsv"):
        authority = control_url(URL, value, None, "*").split("/")[2]
        assert authority.replace("[", "").replace("]", "") == host.rstrip(":"), value


@pytest.mark.fault("F29")
def test_ssrcs_that_devices_print_are_read_or_passed_over():
    for where, value, *_ in rows("issues/ssrc_values.tsv"):
        found = re.match(r"ssrc=\s*(?:0x)?([0-9A-Fa-f]+)", value)
        if found is None:
            continue
        text = value.split("while")[0].partition("=")[2]
        if where.startswith("SETUP"):
            assert parse_ssrc(text) == (int(found[1], 16) if len(found[1]) <= 8 else None), value
        else:  # decimal, which costs the hint and not the stream
            (stream,) = RTPInfo.parse(f"url=a;seq=1;{value}")
            assert (stream.url, stream.seq, stream.ssrc) == ("a", 1, None), value


@pytest.mark.fault("F45")
def test_valid_packets_are_read_and_written_back_and_invalid_ones_are_refused():
    for file in cases("aiortc/rtp*.bin"):
        packet = RTPPacket.parse(file.read_bytes())
        assert RTPPacket.parse(packet.serialize()) == packet, file.name
        assert (packet.payload == b"") is ("only_padding" in file.name), file.name
        assert bool(packet.csrcs) is ("csrc" in file.name), file.name
        if not packet.extension and "padding" not in file.name:
            assert packet.serialize() == file.read_bytes(), file.name


@pytest.mark.fault("F47")
def test_valid_reports_are_read_and_written_back_and_invalid_ones_are_refused():
    for file in cases("aiortc/rtcp*.bin"):
        data = file.read_bytes()
        if "invalid" in file.name or "truncated" in file.name:
            with pytest.raises(RemoteProtocolError):
                parse_compound(data)
        else:
            reports = parse_compound(data)
            assert len(reports) == 1, file.name
            assert "padding" in file.name or serialize_compound(reports) == data, file.name


@pytest.mark.fault("F52")
def test_documents_are_what_their_names_say():
    for file in [*cases("devices/doc_*.xml"), *cases("devices/payload_*.xml")]:
        document = decode(file.read_bytes(), kind="metadata")
        assert document.value.type in file.name or document.value.type.removesuffix("Radar") in file.name
        assert document.value.sub_type in file.name or "radar" in file.name or "payload" in file.name
        assert document.raw == file.read_bytes()
    for file in cases("devices/http_ResponseStatus_*.xml"):
        status = decode(file.read_bytes(), kind="response_status").value
        assert status.sub_status_code in file.name
    for file in cases("devices/http_alert_*.xml"):
        with pytest.raises(DecodeError, match="EventNotificationAlert") as refused:
            decode(file.read_bytes())
        assert "another interface" in (refused.value.hint or "")
