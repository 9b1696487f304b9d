"""The client's shell against a device of bytes: each answer stands here as it goes over the wire."""

import asyncio
import re
from functools import partial

import pytest

import waiting
from onframe.camera.login import Login
from onframe.camera.rtsp import RTSPClient
from onframe.errors import AuthenticationError, ConnectionLost, LimitExceeded, ProtocolError, StatusError

until = partial(waiting.until, seconds=5.0)

SDP = (
    "v=0\r\no=- 1 1 IN IP4 10.10.36.212\r\ns=Media Presentation\r\nt=0 0\r\na=control:*\r\n"
    "m=video 0 RTP/AVP 96\r\na=control:trackID=1\r\na=rtpmap:96 H264/90000\r\n"
    "m=application 0 RTP/AVP 107\r\na=control:trackID=3\r\na=rtpmap:107 isapi.metadata/90000\r\n"
)
PUBLIC = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"
CHALLENGE = 'WWW-Authenticate: Digest realm="IP Camera(4711)", nonce="{}", stale="{}"'


def text(status, *lines, body=""):
    length = [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([f"RTSP/1.0 {status} x", "CSeq: {cseq}", *lines, *length, "", body])


USUAL = {
    "OPTIONS": text(200, PUBLIC),
    "DESCRIBE": text(200, "Content-Type: application/sdp", body=SDP),
    "SETUP": text(200, "Session:        77;timeout=60", "Transport: RTP/AVP/TCP;unicast;interleaved=6-7;ssrc= d6d6627"),
    "PLAY": text(200, "Session: 77", "RTP-Info: url=trackID=3;seq=0"),
    "GET_PARAMETER": text(200),
    "TEARDOWN": text(200, "Session: 77"),
}


class Device:
    """Answers each method by its script: a text, bytes, None for silence, or a callable of the request's text."""

    def __init__(self, **answers):
        self.answers = {**USUAL, **answers}
        self.requests = []
        self.writers = []
        self.gone = asyncio.Event()
        self._server = None

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exception):
        self._server.close()
        for writer in self.writers:
            writer.close()
        await self._server.wait_closed()

    async def _serve(self, reader, writer):
        self.writers.append(writer)
        try:
            while True:
                request = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.requests.append(request)
                answer = self.answers[request.split()[0]]
                answer = answer(request) if callable(answer) else answer
                if answer is None:
                    continue
                cseq = re.search(r"CSeq: (\d+)", request)[1]
                writer.write(answer if isinstance(answer, bytes) else answer.replace("{cseq}", cseq).encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            self.gone.set()
            writer.close()

    @property
    def methods(self):
        return [request.split()[0] for request in self.requests]


class Client(RTSPClient):
    """Keeps what it got."""

    def __init__(self, device, *, login=None, **options):
        self.got, self.ends = [], []
        super().__init__(
            "127.0.0.1",
            device.port,
            login or Login("admin", "abcd1234", host="127.0.0.1"),
            on_frame=lambda interleaved, payload: self.got.append((interleaved, payload)),
            on_closed=self.ends.append,
            **{"timeout": 5.0, **options},
        )
        self.url = f"rtsp://127.0.0.1:{device.port}/ISAPI/Streaming/channels/101"

    async def start(self):
        description = await self.open(self.url)
        await self.setup([description.metadata_media()])
        return await self.play()


@pytest.mark.requirement("R-001", "R-012", "R-025", "R-032", "R-033", "R-046")
async def test_a_session_goes_its_way_with_metadata_alone():
    async with Device() as device, Client(device) as client:
        info = await client.start()
        assert [stream.seq for stream in info] == [0]
        assert client.session.tracks[0].interleaved == (6, 7)
        await client.teardown()
        assert device.methods == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN"]
        assert client.ends == [None]
        await asyncio.wait_for(device.gone.wait(), 5)


@pytest.mark.requirement("R-037")
async def test_frames_reach_the_caller_before_and_after_the_answer_to_play():
    play = b"$\x06\x00\x02ab" + USUAL["PLAY"].replace("{cseq}", "4").encode() + b"$\x07\x00\x01c"
    async with Device(PLAY=play) as device, Client(device) as client:
        await client.start()
        await until(lambda: len(client.got) == 2)
        assert client.got == [(6, b"ab"), (7, b"c")]
        assert client.frames == 2


@pytest.mark.requirement("R-013", "R-015", "R-019")
async def test_a_challenge_is_answered_and_the_nonce_serves_the_session():
    def describe(request):
        return USUAL["DESCRIBE"] if "Authorization" in request else text(401, CHALLENGE.format("n1", "FALSE"))

    login = Login("admin", "abcd1234", host="127.0.0.1")
    async with Device(DESCRIBE=describe) as device, Client(device, login=login) as client:
        await client.start()
        assert device.methods[:3] == ["OPTIONS", "DESCRIBE", "DESCRIBE"]
        assert "Authorization" not in device.requests[1]
        assert all('nonce="n1"' in request for request in device.requests[2:])
        assert login.accepted


@pytest.mark.requirement("R-018")
async def test_a_wrong_password_is_sent_once_and_never_again():
    def refuse(request):
        return text(401, CHALLENGE.format(len(device.requests), "FALSE"))

    login = Login("admin", "wrong", host="127.0.0.1")
    async with Device(DESCRIBE=refuse) as device:
        clients = [Client(device, login=login) for _ in range(10)]
        results = await asyncio.gather(*(client.open(client.url) for client in clients), return_exceptions=True)
        assert [type(result) for result in results] == [AuthenticationError] * 10
        assert sum("Authorization: Digest" in request for request in device.requests) == 1


@pytest.mark.requirement("R-019")
async def test_a_stale_nonce_in_mid_session_is_replaced():
    def play(request):
        return USUAL["PLAY"] if 'nonce="n2"' in request else text(401, CHALLENGE.format("n2", "TRUE"))

    def describe(request):
        return USUAL["DESCRIBE"] if "Authorization" in request else text(401, CHALLENGE.format("n1", "FALSE"))

    async with Device(DESCRIBE=describe, PLAY=play) as device, Client(device) as client:
        await client.start()
        assert device.methods.count("PLAY") == 2


async def test_endless_staleness_ends_without_a_verdict():
    def stale(request):
        return text(401, CHALLENGE.format(len(device.requests), "TRUE"))

    login = Login("admin", "abcd1234", host="127.0.0.1")
    async with Device(DESCRIBE=stale) as device:
        client = Client(device, login=login)
        with pytest.raises(ProtocolError, match="stale"):
            await client.open(client.url)
        assert login.refused is None
        assert len(device.requests) < 8


@pytest.mark.parametrize("status", [403, 404, 453, 454, 461, 500, 503])
async def test_a_refused_describe_is_a_status_error(status):
    async with Device(DESCRIBE=text(status)) as device:
        client = Client(device)
        with pytest.raises(StatusError) as caught:
            await client.open(client.url)
        assert caught.value.http_status == status
        assert caught.value.request == f"DESCRIBE {client.url}"


@pytest.mark.fault("F7")
async def test_a_redirect_is_refused_and_named():
    async with Device(DESCRIBE=text(302, "Location: rtsp://192.0.2.66/x")) as device:
        client = Client(device)
        with pytest.raises(ProtocolError, match=r"rtsp://192\.0\.2\.66/x"):
            await client.open(client.url)


async def test_the_connection_stays_with_the_configured_host():
    sdp = SDP.replace("control:trackID", "control:rtsp://192.0.2.66:554/x/trackID")
    describe = text(200, "Content-Base: rtsp://192.0.2.66/x/", body=sdp)
    async with Device(DESCRIBE=describe) as device, Client(device) as client:
        await client.start()
        assert device.requests[2].startswith("SETUP rtsp://192.0.2.66:554/x/trackID=3 RTSP/1.0\r\n")


async def test_options_refused_is_no_obstacle():
    async with Device(OPTIONS=text(501)) as device, Client(device) as client:
        await client.start()
        assert [request.split()[0] for request in device.requests][:2] == ["OPTIONS", "DESCRIBE"]


@pytest.mark.requirement("R-030", "R-049")
async def test_a_connection_silent_for_two_keep_alives_is_lost():
    async with Device(GET_PARAMETER=None) as device:
        client = Client(device, keep_alive=0.3)
        await client.start()
        began = asyncio.get_running_loop().time()
        await until(lambda: client.ends)
        assert 0.4 < asyncio.get_running_loop().time() - began < 0.8
        assert isinstance(client.ends[0], ConnectionLost)
        assert "GET_PARAMETER" in device.methods


@pytest.mark.requirement("R-030")
@pytest.mark.parametrize("answer", [text(200), text(400), text(405), "RTSP/1.0 200 OK\r\n\r\n", b"\r\n"])
async def test_any_answer_to_the_keep_alive_keeps_it_alive(answer):
    async with Device(GET_PARAMETER=answer, OPTIONS=text(200, PUBLIC)) as device:
        async with Client(device, keep_alive=0.1) as client:
            await client.start()
            await asyncio.sleep(0.6)
            await until(lambda: len(device.requests) > 6)
            assert client.ends == []


async def test_an_unknown_session_ends_the_connection():
    async with Device(GET_PARAMETER=text(454)) as device:
        client = Client(device, keep_alive=0.1)
        await client.start()
        await until(lambda: client.ends)
        assert isinstance(client.ends[0], StatusError)


@pytest.mark.requirement("R-049")
async def test_a_closed_connection_is_told_once():
    async with Device() as device:
        client = Client(device)
        await client.start()
        device.writers[0].close()
        await until(lambda: client.ends)
        assert isinstance(client.ends[0], ConnectionLost)
        await client.teardown()
        assert len(client.ends) == 1
        with pytest.raises(ConnectionLost):
            await client.play()


async def test_a_closed_port_is_connection_lost_with_a_hint():
    async with Device() as device:
        pass
    client = Client(device)
    with pytest.raises(ConnectionLost) as caught:
        await client.open(client.url)
    assert isinstance(caught.value.__cause__, OSError)
    assert client.ends == []


async def test_a_device_that_never_answers_is_connection_lost():
    async with Device(OPTIONS=None) as device:
        client = Client(device, timeout=0.1)
        with pytest.raises(ConnectionLost, match="did not answer in 0.1 s"):
            await client.open(client.url)
        await asyncio.wait_for(device.gone.wait(), 5)


async def test_a_teardown_that_stays_unanswered_ends_in_two_seconds():
    async with Device(TEARDOWN=None) as device:
        client = Client(device, timeout=30)
        await client.start()
        began = asyncio.get_running_loop().time()
        await client.teardown()
        assert asyncio.get_running_loop().time() - began < 2.5
        assert client.ends == [None]


@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE"])
async def test_cancelling_open_leaves_no_connection(method):
    async with Device(**{method: None}) as device:
        client = Client(device)
        task = asyncio.create_task(client.open(client.url))
        await until(lambda: method in device.methods)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(device.gone.wait(), 5)


async def test_a_cancelled_trial_lets_others_try():
    login = Login("admin", "abcd1234", host="127.0.0.1")

    def describe(request):
        if "Authorization" not in request:
            return text(401, CHALLENGE.format("n1", "FALSE"))
        return None if len(device.requests) < 4 else USUAL["DESCRIBE"]

    async with Device(DESCRIBE=describe) as device:
        task = asyncio.create_task(Client(device, login=login).open("rtsp://127.0.0.1/x"))
        await until(lambda: len(device.requests) == 3)
        task.cancel()
        await asyncio.wait([task])
        async with Client(device, login=login) as client:
            description = await asyncio.wait_for(client.open(client.url), 5)
            assert description.metadata_media() is not None


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", ProtocolError),
        (b"\x00" * 70_000, LimitExceeded),
        (b"RTSP/1.0 200 OK\r\nContent-Length: x\r\n\r\n", ProtocolError),
        (b"RTSP/1.0 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", LimitExceeded),
    ],
)
async def test_a_peer_that_breaks_the_rules_is_named_and_left(data, error):
    async with Device(OPTIONS=data) as device:
        client = Client(device)
        with pytest.raises(error):
            await client.open(client.url)
        await asyncio.wait_for(device.gone.wait(), 5)


async def test_the_device_may_ask_too():
    async with Device() as device, Client(device) as client:
        await client.start()
        device.answers["RTSP/1.0"] = None
        device.writers[0].write(b"OPTIONS * RTSP/1.0\r\nCSeq: 900\r\n\r\n")
        await until(lambda: "RTSP/1.0" in device.methods)
        assert device.requests[-1].startswith("RTSP/1.0 200 OK\r\nCSeq: 900\r\n")
        device.writers[0].write(b"TEARDOWN * RTSP/1.0\r\nCSeq: 901\r\n\r\n")
        await until(lambda: client.ends)
        assert isinstance(client.ends[0], ConnectionLost)


async def test_an_error_in_the_callers_code_ends_the_connection():
    async with Device() as device:
        client = Client(device)
        client._on_frame = lambda interleaved, payload: 1 / 0
        await client.start()
        device.writers[0].write(b"$\x00\x00\x01x")
        await until(lambda: client.ends)
        assert isinstance(client.ends[0], ZeroDivisionError)


async def test_what_a_paused_reader_misses_is_not_held_against_the_device():
    async with Device() as device, Client(device, keep_alive=0.1) as client:
        await client.start()
        client.pause_reading()
        assert client.paused
        await asyncio.sleep(0.5)
        assert client.ends == []
        client.resume_reading()
        assert not client.paused
        await asyncio.sleep(0.2)
        assert client.ends == []


async def test_a_frame_is_sent_on_its_channel():
    async with Device() as device, Client(device) as client:
        await client.start()
        device.answers["$\x07\x00\x08ab"] = None
        client.send_frame(7, b"ab c\r\n\r\n")
        await until(lambda: len(device.requests) == 5)
        assert device.requests[-1] == "$\x07\x00\x08ab c\r\n\r\n"
