"""The simulated camera's RTSP server over real sockets, read by a client of bytes, by our own client and by ffmpeg."""

import asyncio
import re
import struct

import pytest
from rtsp_wire import (
    LONG,
    Wire,
    camera,
    documents_of,
    metadata_of,
    names_of,
    reports_of,
)

from onframe.camera.login import Login
from onframe.camera.rtsp import RTSPClient
from onframe.errors import AuthenticationError, StatusError
from onframe.isapi.config import MetadataCfg, MetadataType


@pytest.mark.requirement("R-013", "R-014", "R-050")
async def test_a_request_without_credentials_is_challenged_as_the_guide_prints_it():
    async with camera() as server, Wire(server) as wire:
        for lines in ((), ("Authorization:",)):
            answer = await wire.ask("DESCRIBE", "101", *lines, sign=False)
            assert re.fullmatch(
                rf"RTSP/1.0 401 Unauthorized\r\nCSeq: {wire.cseq}\r\n"
                r'WWW-Authenticate: Digest realm="IP Camera\(51289\)", nonce="[0-9a-f]{32}", stale="FALSE"\r\n'
                r"Date: [A-Z][a-z]{2}, [A-Z][a-z]{2} \d\d \d{4} \d\d:\d\d:\d\d GMT\r\n\r\n",
                answer,
            )
        assert server.device.log == []


@pytest.mark.requirement("R-021", "R-012", "R-079")
async def test_the_description_has_the_form_of_the_guide():
    async with camera() as server, Wire(server) as wire:
        answer = await wire.ask("DESCRIBE", "101", "Accept: application/sdp")
        assert "Content-Type: application/sdp\r\n" in answer
        assert answer.partition("\r\n\r\n")[2].splitlines()[2:] == [
            "s=Media Presentation",
            "e=NONE",
            "b=AS:5100",
            "t=0 0",
            "a=control:*",
            "m=video 0 RTP/AVP 96",
            "c=IN IP4 0.0.0.0",
            "b=AS:5000",
            "a=recvonly",
            "a=x-dimensions:1280,720",
            "a=control:trackID=1",
            "a=rtpmap:96 H264/90000",
            "a=fmtp:96 profile-level-id=42C01F; packetization-mode=1; sprop-parameter-sets=Z0LAH4yNQA==,aM48gA==",
            "m=audio 0 RTP/AVP 0",
            "c=IN IP4 0.0.0.0",
            "b=AS:50",
            "a=recvonly",
            "a=control:trackID=2",
            "a=rtpmap:0 PCMU/8000",
            "m=application 0 RTP/AVP 107",
            "c=IN IP4 0.0.0.0",
            "b=AS:50",
            "a=recvonly",
            "a=control:trackID=3",
            "a=rtpmap:107 isapi.metadata/90000",
            "a=Media_header:MEDIAINFO=494D4B48010200000400000110710110401F000000FA" + "0" * 36 + ";",
            "a=appversion:1.0",
        ]
        assert "a=x-dimensions:640,360" in await wire.ask("DESCRIBE", "102")


@pytest.mark.requirement("R-074", "R-079", "R-081", "R-082")
async def test_ids_are_the_guides_formula_or_a_channel_number():
    async with camera(channels=(1, 16)) as server, Wire(server) as wire:
        for uri in ("101", "102", "1", "1601", "1602", "16", "101?transportmode=unicast"):
            assert "200 OK" in await wire.ask("DESCRIBE", uri), uri
        for uri in ("104", "100", "201", "202", "0", "2", "x", "101/trackID=9", "101/trackID=", "101/other"):
            assert " 404 " in await wire.ask("DESCRIBE", uri), uri
        assert " 404 " in await wire.ask("DESCRIBE", "rtsp://127.0.0.1/Streaming/channels/101")


@pytest.mark.requirement("R-026", "R-029", "R-042")
async def test_setup_without_channels_is_answered_as_the_guide_prints_it():
    async with camera() as server, Wire(server) as wire:
        answer = await wire.ask("SETUP", "101/trackID=3", "Transport: RTP/AVP/TCP;unicast;")
        assert re.search(r"\r\nSession: \d{9};timeout=60\r\n", answer)
        assert '\r\nTransport: RTP/AVP/TCP;unicast;interleaved=6-7;ssrc=14b37590;mode="play"\r\n' in answer


@pytest.mark.requirement("R-034", "R-040", "R-042")
async def test_the_guides_profile_sends_its_own_ssrc_and_rtp_info():
    async with camera() as server, Wire(server) as wire:
        answer = await wire.play(tracks=(1, 2, 3))
        info = re.search(r"RTP-Info: url=trackID=1;seq=(\d+),url=trackID=2;seq=(\d+),url=trackID=3;seq=0\r\n", answer)
        await wire.receive(lambda frames: {2, 4, 6} <= {channel for channel, _ in frames})
        marker, payload_type, _, _, ssrc, payload = metadata_of(wire.frames)[0]
        assert (marker, payload_type, ssrc) == (1, 107, 0x55667788)
        assert payload.startswith(b"<Metadata>")
        for group, channel in ((1, 2), (2, 4)):
            first = metadata_of(wire.frames, channel)[0]
            assert first[2] == int(info[group])
            assert first[4] != 0x55667788
        assert reports_of(wire.frames, 7) == []
        assert reports_of(wire.frames, 3) and reports_of(wire.frames, 5)


@pytest.mark.requirement("R-035")
async def test_the_rules_come_first():
    async with camera() as server, Wire(server) as wire:
        await wire.play()
        await wire.receive(lambda frames: len(documents_of(frames)) >= 3)
        first = [re.search(rb"<type>(\w+)", document)[1] for document in documents_of(wire.frames)[:3]]
        assert first == [b"plateRule", b"behaviourRule", b"plate"]


@pytest.mark.requirement("R-041")
async def test_long_documents_are_split_at_1000_bytes_with_the_marker_on_the_last():
    async with camera() as server, Wire(server) as wire:
        await wire.play()
        await wire.receive(lambda frames: LONG in documents_of(frames))
        packets = [packet for packet in metadata_of(wire.frames) if packet[5] in LONG]
        assert [(marker, len(payload)) for marker, _, _, _, _, payload in packets[:3]] == [
            (0, 1000),
            (0, 1000),
            (1, len(LONG) - 2000),
        ]
        assert len({timestamp for _, _, _, timestamp, _, _ in packets[:3]}) == 1
        sequences = [packet[2] for packet in metadata_of(wire.frames)]
        assert all((after - before) & 0xFFFF == 1 for before, after in zip(sequences, sequences[1:], strict=False))


@pytest.mark.requirement("R-032")
async def test_only_the_tracks_set_up_are_sent():
    async with camera() as server, Wire(server) as wire:
        await wire.play(tracks=(2,))
        await wire.receive(lambda frames: len(frames) > 10)
        assert {channel for channel, _ in wire.frames} <= {4, 5}


@pytest.mark.requirement("R-009", "R-061")
async def test_a_disabled_type_sends_nothing_and_documents_of_no_type_go_on():
    async with camera() as server, Wire(server) as wire:
        server.device.configure(1, MetadataCfg([MetadataType("ANPR", False)]))
        await wire.play()
        await wire.receive(lambda frames: len(documents_of(frames)) >= 12)
        assert names_of(wire.frames) == {"behaviourRule", "long", "heat", "ptz"}


@pytest.mark.requirement("R-059", "R-060", "R-061")
async def test_a_subscription_sends_its_types_alone():
    async with camera() as server, Wire(server) as wire:
        uri = server.device.subscribe(1, ["ANPR"])
        assert "200 OK" in await wire.ask("DESCRIBE", uri)
        await wire.play(uri)
        await wire.receive(lambda frames: len(documents_of(frames)) >= 8)
        assert names_of(wire.frames) == {"plateRule", "plate"}
        await wire.ask("TEARDOWN", uri)
        wire.session = None
        assert " 404 " in await wire.ask("DESCRIBE", uri)


@pytest.mark.requirement("R-060")
async def test_an_expired_or_unknown_subscription_is_404():
    async with camera() as server, Wire(server) as wire:
        uri = server.device.subscribe(1, None)
        assert "200 OK" in await wire.ask("DESCRIBE", uri)
        server.device.subscription(uri.rpartition("/")[2]).last_used -= 61
        assert " 404 " in await wire.ask("DESCRIBE", uri)
        assert " 404 " in await wire.ask("DESCRIBE", "101/metadata/0000")


@pytest.mark.requirement("R-062")
async def test_a_subscribed_type_that_is_disabled_uploads_nothing():
    async with camera() as server, Wire(server) as wire:
        server.device.configure(1, MetadataCfg([MetadataType("ANPR", False)]))
        uri = server.device.subscribe(1, ["ANPR"])
        await wire.play(uri, tracks=(1, 3))
        await wire.receive(lambda frames: len(frames) > 30)
        assert documents_of(wire.frames) == []


async def clocks(clock, tracks=(1, 2, 3)):
    async with camera(profile="guide", clock=clock) as server, Wire(server) as wire:
        answer = await wire.play(tracks=tracks)
        await wire.receive(lambda frames: min(len(metadata_of(frames, channel)) for channel in (2, 4, 6)) > 6)
        return answer, wire.frames


async def test_clock_sr_reports_on_every_track_at_once_and_in_one_time():
    answer, frames = await clocks("sr")
    assert "rtptime" not in answer
    reports = [reports_of(frames, channel)[0] for channel in (3, 5, 7)]
    assert [channel for channel, _ in frames[:3]] == [3, 5, 7]
    fields = [struct.unpack(">IQII", report[4:24]) for report in reports]
    assert len({ntp for _, ntp, _, _ in fields}) == 1
    assert [count for _, _, _, count in fields] == [0, 0, 0]
    for (ssrc, _, timestamp, _), channel, rate in zip(fields, (2, 4, 6), (90000, 8000, 90000), strict=True):
        _, _, _, first, packet_ssrc, _ = metadata_of(frames, channel)[0]
        assert packet_ssrc == ssrc
        assert abs((first - timestamp + 2**31) % 2**32 - 2**31) < rate


async def test_clock_rtpinfo_gives_seq_and_rtptime_of_one_instant_and_no_report_on_metadata():
    answer, frames = await clocks("rtpinfo")
    found = re.findall(r"url=trackID=(\d);seq=(\d+);rtptime=(\d+)", answer)
    assert [track for track, _, _ in found] == ["1", "2", "3"]
    for (_, seq, rtptime), channel, rate in zip(found, (2, 4, 6), (90000, 8000, 90000), strict=True):
        _, _, sequence, timestamp, _, _ = metadata_of(frames, channel)[0]
        assert sequence == int(seq)
        assert abs((timestamp - int(rtptime) + 2**31) % 2**32 - 2**31) < rate
    assert reports_of(frames, 7) == []


async def test_clock_shared_base_gives_picture_and_metadata_the_same_timestamps():
    answer, frames = await clocks("shared-base")
    assert "RTP-Info" not in answer
    pictures = {timestamp for _, _, _, timestamp, _, _ in metadata_of(frames, 2)}
    documents = {timestamp for _, _, _, timestamp, _, _ in metadata_of(frames, 6)}
    assert pictures & documents
    assert [reports_of(frames, channel) for channel in (3, 5, 7)] == [[], [], []]


@pytest.mark.parametrize("clock", ["document", "none"])
async def test_the_other_clocks_tell_nothing(clock):
    answer, frames = await clocks(clock)
    assert "RTP-Info" not in answer
    assert [reports_of(frames, channel) for channel in (3, 5, 7)] == [[], [], []]
    pictures = {timestamp for _, _, _, timestamp, _, _ in metadata_of(frames, 2)}
    assert not pictures & {timestamp for _, _, _, timestamp, _, _ in metadata_of(frames, 6)}


async def test_each_session_draws_numbers_of_its_own():
    async with camera(profile="guide") as server, Wire(server) as one, Wire(server) as other:
        for wire in (one, other):
            await wire.play()
            await wire.receive(lambda frames: len(metadata_of(frames)) > 2)
        first, second = metadata_of(one.frames)[0], metadata_of(other.frames)[0]
        assert first[4] != second[4]
        assert first[2] != second[2]
        assert first[3] != second[3]


async def test_lost_packets_leave_gaps_and_are_recorded():
    async with camera(metadata_loss=0.3, seed=7) as server, Wire(server) as wire:
        await wire.play()
        await wire.receive(lambda frames: len(metadata_of(frames)) > 100)
        sequences = [packet[2] for packet in metadata_of(wire.frames)]
        missing = sum((after - before - 1) & 0xFFFF for before, after in zip(sequences, sequences[1:], strict=False))
        assert 15 < missing < 90
        assert missing - 5 <= sum(lost.packets for lost in server.lost)
        assert all(lost.at >= 0 for lost in server.lost)


@pytest.mark.requirement("R-030", "R-078")
async def test_requests_are_answered_while_streaming():
    async with camera() as server, Wire(server) as wire:
        await wire.play()
        for method in ("GET_PARAMETER", "OPTIONS", "GET_PARAMETER", "PLAY"):
            assert "200 OK" in await wire.ask(method)
        assert " 405 " in await wire.ask("TEARDOW")
        answer = await wire.ask("TEARDOWN")
        assert "200 OK" in answer
        assert [payload[9] for channel, payload in wire.frames[-1:] if channel == 7] == [203]
        await asyncio.sleep(0.05)
        assert server.playing == 0


@pytest.mark.requirement("R-030")
async def test_a_session_left_alone_ends_with_bye():
    async with camera(session_timeout=1) as server, Wire(server) as wire:
        await wire.play()
        with pytest.raises(asyncio.IncompleteReadError):
            await wire.receive(lambda frames: False)
        assert wire.frames[-1][0] == 7
        assert wire.frames[-1][1][9] == 203
        assert server.connections == 0


async def test_a_message_that_does_not_end_is_cut_off():
    async with camera(message_deadline=0.3) as server, Wire(server) as wire:
        wire.writer.write(b"OPTIONS * RTSP/1.0\r\nX: ")
        async with asyncio.timeout(5):
            assert await wire.reader.read() == b""
        assert server.connections == 0


@pytest.mark.parametrize("data", [b"DESCRIBE\r\nno header\r\n\r\n", b"OPTIONS * RTSP/1.0\r\nX: " + b"a" * 9000])
async def test_a_client_that_breaks_the_rules_gets_400_and_the_end(data):
    async with camera() as server, Wire(server) as wire:
        wire.writer.write(data)
        async with asyncio.timeout(5):
            assert (await wire.reader.read()).startswith(b"RTSP/1.0 400 Bad Request\r\n")


async def test_too_many_connections_are_turned_away():
    async with camera(max_connections=1) as server, Wire(server), Wire(server) as second:
        async with asyncio.timeout(5):
            assert (await second.reader.read()).startswith(b"RTSP/1.0 503 ")


async def test_a_device_without_metadata_has_no_such_track():
    async with camera(profile="nvr") as server, Wire(server) as wire:
        assert "isapi.metadata" not in await wire.ask("DESCRIBE")
        assert " 404 " in await wire.ask("SETUP", "101/trackID=3", "Transport: RTP/AVP/TCP;unicast")


async def test_closing_says_bye_and_leaves_nothing():
    async with camera() as server, Wire(server) as wire:
        await wire.play()
        await wire.receive(lambda frames: len(frames) > 3)
        await server.close()
        with pytest.raises(asyncio.IncompleteReadError):
            await wire.receive(lambda frames: False)
        assert wire.frames[-1][1][9] == 203
        assert server.connections == 0


class Client(RTSPClient):
    def __init__(self, server, password="abcd1234", login=None, **options):
        self.got, self.ends = [], []
        login = login or Login("admin", password, host="127.0.0.1")
        super().__init__(
            "127.0.0.1",
            server.port,
            login,
            on_frame=lambda channel, payload: self.got.append((channel, payload)),
            on_closed=self.ends.append,
            **options,
        )
        self.url = f"rtsp://127.0.0.1:{server.port}/ISAPI/Streaming/channels/"


@pytest.mark.requirement("R-012", "R-025", "R-032", "R-033", "R-046")
async def test_our_client_plays_metadata_alone_and_all_tracks():
    async with camera() as server:
        for all_tracks in (False, True):
            async with Client(server) as client:
                description = await client.open(client.url + "101")
                media = description.media if all_tracks else [description.metadata_media()]
                tracks = await client.setup(media)
                await client.play()
                wanted = {track.interleaved[0] for track in tracks}
                async with asyncio.timeout(5):
                    while not wanted <= {channel for channel, _ in client.got}:
                        await asyncio.sleep(0.01)
        async with asyncio.timeout(5):
            while server.connections:
                await asyncio.sleep(0.01)
        assert server.device.log == []


@pytest.mark.requirement("R-018")
async def test_a_wrong_password_is_refused_once():
    async with camera() as server:
        login = Login("admin", "wrong", host="127.0.0.1")
        clients = [Client(server, login=login) for _ in range(10)]
        results = await asyncio.gather(*(client.open(client.url + "101") for client in clients), return_exceptions=True)
        assert [type(result) for result in results] == [AuthenticationError] * 10
        assert len(server.device.log) == 1


async def test_our_client_names_a_channel_that_is_not_there():
    async with camera() as server, Client(server) as client:
        with pytest.raises(StatusError) as caught:
            await client.open(client.url + "901")
        assert caught.value.http_status == 404


@pytest.mark.requirement("R-030")
async def test_our_clients_keep_alive_outlives_the_sessions_timeout():
    async with camera(session_timeout=1) as server, Client(server) as client:
        description = await client.open(client.url + "101")
        await client.setup([description.metadata_media()])
        await client.play()
        await asyncio.sleep(1.8)
        assert client.ends == []
        assert server.playing == 1
