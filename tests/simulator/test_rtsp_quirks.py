"""How devices write their descriptions and answers and lay documents in packets, by name of the quirk."""

import asyncio
import random
import re
import time

import pytest
from rtsp_wire import LONG, SPS, Programme, Wire, camera, documents_of, metadata_of, until

from onframe.simulator import manners
from onframe.simulator.description import describe
from onframe.simulator.packing import Disorder, Packing
from onframe.simulator.quirks import Quirks
from onframe.simulator.source import MediaItem, VideoParameters
from onframe.simulator.streaming import Streaming
from onframe.simulator.trouble import Trouble
from onframe.wire.payload.message import Packetizer
from onframe.wire.rtp import RTPPacket
from onframe.wire.rtsp import Request, Response

URL = "rtsp://admin:secret@192.0.2.7/ISAPI/Streaming/channels/101"
CLEAN = "rtsp://192.0.2.7/ISAPI/Streaming/channels/101"
PPS = b"\x68\xce"


def described(url=URL, *, parameters=None, onvif=False, **quirks):
    parameters = parameters or VideoParameters(640, 360, SPS, PPS)
    text = describe(parameters, address="192.0.2.7", session=1, uri=url, quirks=Quirks(**quirks), onvif=onvif)
    return text.serialize().decode().splitlines()


@pytest.mark.parametrize(
    ("form", "session", "track"),
    [
        ("relative", "*", "trackID=3"),
        ("absolute", f"{CLEAN}/", f"{CLEAN}/trackID=3"),
        ("av_stream", f"{CLEAN}/av_stream/", f"{CLEAN}/av_stream/trackID=3"),
        (
            "query_suffix",
            f"{CLEAN}/?transportmode=unicast&profile=Profile_1",
            f"{CLEAN}/trackID=3?transportmode=unicast&profile=Profile_1",
        ),
    ],
)
def test_control_urls_are_relative_or_absolute_and_never_hold_a_password(form, session, track):
    lines = described(control=form)
    assert f"a=control:{session}" in lines and f"a=control:{track}" in lines
    assert "secret" not in "".join(lines)


def test_a_query_of_the_request_stands_behind_the_track():
    for form in ("absolute", "query_suffix"):
        wanted = f"a=control:{CLEAN}/trackID=1" + ("?a=b" if form == "query_suffix" else "")
        assert wanted in described(URL + "/?a=b", control=form)


def test_over_ipv6_all_addresses_are_of_that_family_and_without_zone():
    parameters = VideoParameters(640, 360, SPS, PPS)
    lines = describe(parameters, address="fe80::7%eth0", session=1).serialize().decode().splitlines()
    assert "o=- 1 1 IN IP6 fe80::7" in lines
    assert [line for line in lines if line.startswith("c=")] == ["c=IN IP6 ::"] * 3


def test_control_stands_before_rtpmap_or_last():
    for order, names in (("control_first", ["control", "rtpmap"]), ("rtpmap_first", ["rtpmap", "control"])):
        lines = described(attr_order=order)
        section = lines[lines.index("m=application 0 RTP/AVP 107") :]
        assert [line[2:].split(":")[0] for line in section if "control" in line or "rtpmap" in line] == names


def test_onvifs_track_has_the_numbers_of_ours():
    lines = described(onvif=True)
    assert "a=rtpmap:107 vnd.onvif.metadata/90000" in lines and "a=control:trackID=3" in lines
    assert not any("isapi.metadata" in line for line in lines)


def test_h265_is_described_with_its_parameter_sets():
    lines = described(parameters=VideoParameters(640, 360, b"\x42\x01", b"\x44\x01", "H265", b"\x40\x01"))
    assert "a=rtpmap:96 H265/90000" in lines
    assert "a=fmtp:96 sprop-vps=QAE=; sprop-sps=QgE=; sprop-pps=RAE=" in lines


def dressed(method, *headers, status=200, lives_elsewhere=False, **quirks):
    request = Request(method, CLEAN)
    response = Response(status, "OK", [("CSeq", "3"), *headers])
    manners.dress(response, request, Quirks(**quirks), lives_elsewhere=lives_elsewhere)
    return response.serialize().decode().split("\r\n")[:-2]


@pytest.mark.parametrize(
    ("ssrc", "written"),
    [
        ("right", 'RTP/AVP/TCP;unicast;interleaved=6-7;ssrc=0d6d6627;mode="play"'),
        ("space", 'RTP/AVP/TCP;unicast;interleaved=6-7;ssrc= d6d6627;mode="play"'),
        ("short", 'RTP/AVP/TCP;unicast;interleaved=6-7;ssrc=d6d6627;mode="play"'),
        ("absent", 'RTP/AVP/TCP;unicast;interleaved=6-7;mode="play"'),
    ],
)
def test_the_ssrc_of_setups_answer(ssrc, written):
    transport = 'RTP/AVP/TCP;unicast;interleaved=6-7;ssrc=0d6d6627;mode="play"'
    assert dressed("SETUP", ("Transport", transport), ssrc=ssrc)[2] == f"Transport: {written}"


def test_session_is_padded_with_blanks():
    lines = dressed("SETUP", ("Session", "708732579;timeout=60"), session_padding=True)
    assert lines[2] == "Session:        708732579;timeout=60"


def test_setups_answer_may_have_no_cseq_and_only_that():
    assert dressed("SETUP", cseq_missing_in_setup_reply=True) == ["RTSP/1.0 200 OK"]
    assert dressed("PLAY", cseq_missing_in_setup_reply=True) == ["RTSP/1.0 200 OK", "CSeq: 3"]


def test_the_answer_to_a_keep_alive_repeats_the_session_only_where_the_device_does():
    session = ("Session", "708732579")
    assert dressed("GET_PARAMETER", session) == ["RTSP/1.0 200 OK", "CSeq: 3"]
    assert dressed("GET_PARAMETER", session, keepalive_session=True)[2] == "Session: 708732579"
    assert dressed("OPTIONS", session)[2] == "Session: 708732579"


def test_teardown_of_anothers_session_is_454_or_500():
    for name, elsewhere, status in (("454", True, 454), ("500", True, 500), ("500", False, 454)):
        lines = dressed("TEARDOWN", status=454, lives_elsewhere=elsewhere, teardown_elsewhere=name)
        assert lines[0].split()[1] == str(status)


@pytest.mark.parametrize(
    ("form", "date"),
    [
        ("rfc", "Mon, 18 Dec 2017 04:37:31 GMT"),
        ("hik", "Mon, Dec 18 2017 04:37:31 GMT"),
        ("padded", " Mon, Dec 18 2017 04:37:31 GMT"),
    ],
)
def test_dates(form, date):
    assert manners.date(Quirks(date_format=form), 1513571851.0) == date


DOCUMENT = b'<?xml version="1.0" encoding="UTF-8"?>\n<Metadata/>'


@pytest.mark.parametrize(
    ("packing", "payload"),
    [
        ("split", DOCUMENT),
        ("one", DOCUMENT),
        ("nul_tail", DOCUMENT + b"\0"),
        ("no_decl", b"<Metadata/>"),
        ("bom", b"\xef\xbb\xbf" + DOCUMENT),
        ("leading_ws", b"\r\n " + DOCUMENT),
    ],
)
def test_what_is_done_to_a_document(packing, payload):
    assert Packing(Quirks(packing=packing)).pack(DOCUMENT) == payload


def test_two_documents_in_one_message():
    packing = Packing(Quirks(packing="many_per_packet"))
    assert [packing.pack(each) for each in (b"<a/>", b"<b/>", b"<c/>", b"<d/>")] == [
        None,
        b"<a/><b/>",
        None,
        b"<c/><d/>",
    ]


def test_a_document_goes_whole_or_in_pieces_of_mtu():
    assert Packing(Quirks(mtu=300)).max_payload == 300
    assert Packing(Quirks(mtu=300, packing="one")).max_payload == 60_000


def test_the_sequence_number_jumps_before_every_so_many_documents():
    packing = Packing(Quirks(seq_jump=3))
    assert [packing.jump() for _ in range(7)] == [0, 0, 100, 0, 0, 100, 0]


def test_the_timestamp_changes_in_the_middle_of_a_document():
    packets = Packetizer(ssrc=1, sequence_number=5, max_payload=10).packetize(bytes(35), 2**32 - 50)
    changed = Packing(Quirks(ts_change_mid_message=True)).finish(packets)
    assert [packet.timestamp for packet in changed] == [2**32 - 50, 2**32 - 50, 40, 40]
    assert [packet.sequence_number for packet in changed] == [5, 6, 7, 8]
    assert Packing(Quirks(ts_change_mid_message=True)).finish(packets[:1]) == packets[:1]


def test_a_packet_held_back_comes_behind_the_next_of_its_own_track():
    trouble = Trouble(reorder=1.0)
    disorder = Disorder(trouble, random.Random(1))
    one, two, other = (RTPPacket(107, number, 0, 1) for number in (1, 2, 9))
    assert list(disorder.apply("metadata", [one])) == []
    trouble.reorder = 0.0
    assert list(disorder.apply("video", [other])) == [other]
    assert list(disorder.apply("metadata", [two])) == [two, one]


@pytest.mark.parametrize(
    ("rtpinfo", "clock", "pattern"),
    [
        ("seq0", None, r"url=trackID=1;seq=[1-9]\d*,url=trackID=3;seq=0"),
        ("seq0", "rtpinfo", r"url=trackID=1;seq=\d+;rtptime=\d+,url=trackID=3;seq=[1-9]\d*;rtptime=\d+"),
        ("relative", "sr", r"url=trackID=1;seq=\d+,url=trackID=3;seq=[1-9]\d*"),
        (
            "absolute",
            "sr",
            r"url=rtsp://h/101/trackID=1\?a=b;seq=\d+;rtptime=\d+,url=rtsp://h/101/trackID=3\?a=b;seq=\d+;rtptime=\d+",
        ),
    ],
)
def test_rtp_info(rtpinfo, clock, pattern):
    streaming = Streaming(clock=clock, draw=random.Random(1), quirks=Quirks(rtpinfo=rtpinfo))
    info = streaming.rtp_info(["metadata", "video"], 0, "rtsp://h/101/?a=b").serialize()
    assert re.fullmatch(pattern, info), info


@pytest.mark.parametrize(("rtpinfo", "clock"), [("none", "sr"), ("relative", "none"), ("absolute", "document")])
def test_some_devices_send_no_rtp_info(rtpinfo, clock):
    streaming = Streaming(clock=clock, draw=random.Random(1), quirks=Quirks(rtpinfo=rtpinfo))
    assert streaming.rtp_info(["metadata"], 0, "rtsp://h/101") is None


@pytest.mark.parametrize(("ssrc", "low", "high"), [("space", 0x1000000, 0xFFFFFFF), ("short", 0x10000, 0xFFFFF)])
def test_a_short_ssrc_is_one_that_begins_with_zeros(ssrc, low, high):
    streaming = Streaming(clock=None, draw=random.Random(1), quirks=Quirks(ssrc=ssrc))
    assert all(low <= streaming.new_ssrc() <= high for _ in range(500))


async def test_an_av_stream_camera_is_played_by_the_urls_that_it_prints():
    async with camera(profile="av-stream-2023") as server, Wire(server) as wire:
        answer = await wire.ask("DESCRIBE")
        assert f"Content-Base: {wire.base}101/\r\n" in answer
        track = re.search(r"a=control:(rtsp://\S+/av_stream/trackID=3)\r\n", answer)[1]
        aggregate = track.removesuffix("trackID=3")
        answer = await wire.ask("SETUP", track, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
        assert re.search(r"\r\nSession:        \d{9};timeout=60\r\n", answer)
        answer = await wire.ask("PLAY", aggregate)
        assert re.search(rf"RTP-Info: url={track};seq=\d+;rtptime=\d+\r\n", answer)
        await wire.receive(lambda frames: len(metadata_of(frames, 0)) > 3)


async def test_a_device_gives_channels_of_its_own_choice():
    async with camera(quirks={"interleaved": "server_choice"}) as server, Wire(server) as wire:
        answer = await wire.ask("SETUP", "101/trackID=3", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
        assert "interleaved=6-7;" in answer


async def test_a_plain_url_carries_onvifs_documents_under_the_same_numbers():
    async with camera(quirks={"onvif_track_on_plain_url": "on"}) as server, Wire(server) as wire:
        plain = f"rtsp://127.0.0.1:{server.port}/Streaming/Channels/101"
        assert "vnd.onvif.metadata" in await wire.ask("DESCRIBE", plain)
        assert "vnd.onvif.metadata" in await wire.ask("DESCRIBE", f"rtsp://127.0.0.1:{server.port}/")
        assert "isapi.metadata" in await wire.ask("DESCRIBE")
        await wire.ask("SETUP", f"{plain}/trackID=3", "Transport: RTP/AVP/TCP;unicast;interleaved=6-7")
        await wire.ask("PLAY", plain)
        await wire.receive(lambda frames: len(documents_of(frames)) > 3)
        assert all(b"<tt:MetadataStream" in each and b"UtcTime=" in each for each in documents_of(wire.frames))
        assert metadata_of(wire.frames)[0][1] == 107


async def test_the_metadata_track_alone_may_be_refused_before_the_picture():
    async with camera(quirks={"setup_subset": "off"}) as server, Wire(server) as wire:
        transport = "Transport: RTP/AVP/TCP;unicast"
        assert " 455 " in await wire.ask("SETUP", "101/trackID=3", transport)
        assert "200 OK" in await wire.ask("SETUP", "101/trackID=1", transport)
        assert "200 OK" in await wire.ask("SETUP", "101/trackID=3", transport)


async def test_teardown_on_another_connection_is_500_where_the_device_answers_so():
    async with camera(quirks={"teardown_elsewhere": "500"}) as server, Wire(server) as one, Wire(server) as other:
        await one.play()
        other.session = one.session
        assert " 500 " in await other.ask("TEARDOWN")
        other.session = "123"
        assert " 454 " in await other.ask("TEARDOWN")
        assert server.playing == 1


async def test_only_get_parameter_may_keep_a_session():
    async with camera(quirks={"keepalive": "get_parameter_only"}, session_timeout=2) as server:
        async with Wire(server) as wire, Wire(server) as other:
            await wire.play()
            await other.play()
            for _ in range(60):
                await other.ask("GET_PARAMETER")
                if server.expired:
                    break
                await wire.ask("OPTIONS")
                await asyncio.sleep(0.1)
            assert (server.expired, server.playing) == (1, 1)


class Targets(Programme):
    """Its one rule has a target."""

    def rules(self, n, epoch_ns):
        payload = b'<Metadata><type>rule</type><TargetList size="1"><Target>1</Target></TargetList></Metadata>'
        return [MediaItem("metadata", n * 40_000_000, payload, kind="rule", format="xml")]


async def test_the_first_document_may_be_a_rule_without_targets():
    async with camera(quirks={"empty_rule_first": "on"}, programme=Targets) as server, Wire(server) as wire:
        await wire.play()
        await wire.receive(lambda frames: len(documents_of(frames)) > 2)
        first, second, *_ = documents_of(wire.frames)
        assert first == b'<Metadata><type>rule</type><TargetList size="1"></TargetList></Metadata>'
        assert b"<Target>1</Target>" in second


async def test_rules_may_be_told_when_they_change_alone():
    async with camera(quirks={"rule_on_change_only": "on"}) as server, Wire(server) as wire:
        await wire.play()
        await wire.receive(lambda frames: len(documents_of(frames)) > 8)
        assert not any(b"Rule" in document for document in documents_of(wire.frames))


async def test_documents_may_be_silent_for_a_while_and_pictures_are_not():
    async with camera(quirks={"silence": "1.5"}) as server, Wire(server) as wire:
        await wire.play(tracks=(1, 3))
        begin = time.monotonic()
        await wire.receive(lambda frames: len(metadata_of(frames, 2)) > 5)
        assert documents_of(wire.frames) == []
        await wire.receive(lambda frames: len(documents_of(frames)) > 3)
        assert time.monotonic() - begin > 1.3


async def test_the_share_of_documents_packets_that_is_lost_is_the_quirks():
    async with camera(quirks={"loss": "0.4"}) as server, Wire(server) as wire:
        await wire.play(tracks=(1, 3))
        await wire.receive(lambda frames: len(metadata_of(frames)) > 80)
        numbers = [packet[2] for packet in metadata_of(wire.frames)]
        assert 0.2 < 1 - len(numbers) / ((numbers[-1] - numbers[0] & 0xFFFF) + 1) < 0.6
        await until(lambda: server.lost)
        pictures = [packet[2] for packet in metadata_of(wire.frames, 2)]
        assert all((after - before) & 0xFFFF == 1 for before, after in zip(pictures, pictures[1:], strict=False))


async def test_a_document_that_is_not_split_is_one_packet():
    async with camera(quirks={"packing": "one"}) as server, Wire(server) as wire:
        await wire.play()
        await wire.receive(lambda frames: LONG in [packet[5] for packet in metadata_of(frames)])
