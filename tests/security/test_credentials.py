"""A canary of a password: no output holds it, and no one but the configured device hears of it."""

import asyncio
import base64
import contextlib
import gc
import io
import logging
import os
import subprocess
import sys
import traceback
from urllib.parse import quote

import psutil
import pytest

from onframe import TLS, Backoff, Camera, OnframeError, SimulatedCamera, diagnose
from onframe.camera.attempts import Attempts
from onframe.camera.certificate import Certificate
from onframe.camera.http import DeviceHTTP
from onframe.camera.location import address
from onframe.camera.login import Login
from onframe.camera.rtsp import RTSPClient
from onframe.errors import AuthenticationError, CertificateError, ProtocolError, StatusError
from onframe.isapi import resources
from onframe.simulator.certificates import make_certificate, server_context

CANARY = "k@nary:7/Q%x y"
USER = "operator"
SPELLINGS = {
    CANARY,
    quote(CANARY, safe=""),
    quote(CANARY),
    CANARY.replace(" ", "+"),
    "nary:7",
    "nary%3A7",
    base64.b64encode(f"{USER}:{CANARY}".encode()).decode(),
    base64.b64encode(CANARY.encode()).decode(),
    repr(CANARY.encode()),
}
GET = resources.GET_METADATA.request()
DIGEST = 'WWW-Authenticate: Digest realm="r", nonce="n1"\r\n'
BASIC = 'WWW-Authenticate: Basic realm="r"\r\n'


def leaks(text):
    return {spelling for spelling in SPELLINGS if spelling in text}


def answer(status, fields="", body=b"", cseq=None):
    protocol = "HTTP/1.1" if cseq is None else "RTSP/1.0"
    head = f"{protocol} {status}\r\n{fields}" + ("" if cseq is None else f"CSeq: {cseq}\r\n")
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Peer:
    """One port. ``reply(peer, head)`` is what it says to each request of HTTP or RTSP; None hangs up."""

    def __init__(self, reply=lambda peer, head: None, tls=None):
        self.reply, self.tls = reply, tls
        self.connections, self.heads, self.tasks = 0, [], set()

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await asyncio.sleep(0.02)  # for what was aborted to be over

    async def _serve(self, reader, writer):
        self.connections += 1
        self.tasks.add(asyncio.current_task())
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                self.heads.append(head)
                data = self.reply(self, head)
                if data is None:
                    break
                writer.write(data)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    @property
    def signed(self):
        return [head for head in self.heads if "\nauthorization:" in head.lower()]


def cseq_of(head):
    lines = [line for line in head.split("\r\n") if line.lower().startswith("cseq:")]
    return lines[0].split(":")[1].strip() if lines else None


def always(status, fields="", body=b""):
    return lambda peer, head: answer(status, fields, body, cseq_of(head))


def raw(data):
    return lambda peer, head: data


def refusing(peer, head):
    return answer("401 Unauthorized", DIGEST, cseq=cseq_of(head))


KINDS = {
    "hangs up": lambda peer, head: None,
    "refuses": refusing,
    "asks for Basic": always("401 Unauthorized", BASIC),
    "asks for nonsense": always("401 Unauthorized", 'WWW-Authenticate: Digest realm="\r\n'),
    "locks": lambda peer, head: answer(
        "401 Unauthorized", DIGEST, b"<a><lockStatus>lock</lockStatus><unlockTime>1800</unlockTime></a>", cseq_of(head)
    ),
    "redirects": always("302 Found", "Location: http://203.0.113.9/\r\n"),
    "does not know": always("404 Not Found"),
    "is broken": always("500 Internal Server Error", body=b"<html><title>oops</title>"),
    "breaks the rules": raw(b"\x00\x01 nonsense\r\n\r\n"),
    "compresses": always("200 OK", "Content-Encoding: gzip\r\n", b"\x1f\x8b"),
    "sends no document": always("200 OK", body=b"<MetadataCfg>"),
    "echoes": lambda peer, head: answer("400 Bad Request", body=head.encode("latin-1"), cseq=cseq_of(head)),
}


@pytest.fixture
def everything_logged():
    """All that any logger says at DEBUG, with tracebacks."""
    stream, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)


async def outputs(camera):
    """What one camera gives back of every kind of call, as text."""
    texts = [repr(camera), str(camera), str(camera.states()), str(camera.counters), repr(camera.login)]
    async with camera:
        for call in (camera.device_capability, camera.configuration, camera.channels, camera.subscribe):
            try:
                texts.append(repr(await call()))
            except OnframeError as error:
                texts += [str(error), repr(error), str(error.hint), traceback.format_exc()]
        events = camera.events(via="channel")
        try:
            async with asyncio.timeout(0.3):
                async for event in events:
                    texts.append(repr(event))
        except (OnframeError, TimeoutError):
            texts.append(traceback.format_exc())
        texts += [repr(state) for state in camera.states()]
        texts += [repr(finding) async for finding in diagnose(camera, wait=0.2)]
    return texts


def camera_at(port, **options):
    url = f"http://{USER}:{quote(CANARY, safe='')}@127.0.0.1:{port}/?rtsp_port={port}"
    given = {"timeout": 1.0, "backoff": Backoff(initial=0.05, maximum=0.1)}
    return Camera.from_url(url, **(given | options))


@pytest.mark.fault("F75")
@pytest.mark.parametrize("kind", KINDS)
async def test_no_error_no_event_no_log_and_no_traceback_holds_the_password(kind, everything_logged):
    async with Peer(KINDS[kind]) as peer:
        texts = await outputs(camera_at(peer.port))
    assert peer.heads
    assert sum(map(len, texts)) > 500 and "httpcore2" in everything_logged.getvalue()
    for text in [*texts, everything_logged.getvalue()]:
        assert not leaks(text)


@pytest.mark.fault("F75", "F36")
@pytest.mark.parametrize("kind", ["no TLS", "self-signed", "another pin", "closed port"])
async def test_no_failure_of_tls_or_of_the_connection_holds_the_password(kind, everything_logged):
    context = None if kind == "no TLS" else server_context(make_certificate("127.0.0.1"))
    tls = TLS("pin", pin="00" * 32) if kind == "another pin" else TLS()
    async with Peer(KINDS["refuses"], context) as peer:
        port = peer.port
        if kind == "closed port":
            peer.server.close()
        texts = await outputs(camera_at(port, tls=tls, timeout=0.3 if kind == "no TLS" else 5.0))
    for text in [*texts, everything_logged.getvalue()]:
        assert not leaks(text)
    assert not peer.signed


@pytest.mark.fault("F75")
async def test_an_exception_of_a_program_that_uses_us_shows_no_password_in_its_traceback():
    async with Peer(KINDS["refuses"]) as peer:
        camera = camera_at(peer.port)
        with pytest.raises(AuthenticationError) as caught:
            async with camera:
                await camera.device_capability()
    assert not leaks("".join(traceback.format_exception(caught.value)))


@pytest.mark.fault("F75")
async def test_no_object_of_ours_shows_the_password():
    login = Login(USER, CANARY, host="127.0.0.1", attempts=Attempts())
    objects = [
        login,
        login.client("http"),
        login.client("rtsp"),
        DeviceHTTP("127.0.0.1", 9, login),
        RTSPClient("127.0.0.1", 9, login, on_frame=lambda *_: None),
        camera_at(9),
        address(f"http://{USER}:{quote(CANARY, safe='')}@127.0.0.1"),
        Attempts(),
        TLS(),
        Certificate.from_der(CANARY.encode()),
        make_certificate(),
    ]
    async with SimulatedCamera(password=CANARY, username=USER) as simulated:
        objects += [simulated, simulated.device, *simulated.sources.values()]
        for one in objects:
            assert not leaks(repr(one) + str(one) + f"{one}"), type(one)
    made = make_certificate()
    assert b"PRIVATE" in made.key_pem and "PRIVATE" not in repr(made)


@pytest.mark.fault("F75")
async def test_the_simulated_camera_logs_no_password(everything_logged):
    async with SimulatedCamera(password=CANARY, username=USER) as simulated:
        async with Camera.from_url(simulated.url) as camera, asyncio.timeout(30):
            await anext(camera.watch())
        assert not leaks(repr(simulated.device.requests))
    gc.collect()
    assert not leaks(everything_logged.getvalue())


@pytest.mark.fault("F6")
async def test_an_answer_to_options_does_not_count_as_the_acceptance_of_a_password():
    """Another connection has met a challenge by then, so that OPTIONS is signed; devices answer it to anybody."""

    def reply(peer, head):
        if head.startswith("OPTIONS"):
            return answer("200 OK", cseq=cseq_of(head))
        return refusing(peer, head)

    login = Login(USER, CANARY, host="127.0.0.1")
    login.client("rtsp").receive_challenge(['Digest realm="r", nonce="n0"'])
    async with Peer(reply) as peer:
        url = f"rtsp://127.0.0.1:{peer.port}/ISAPI/Streaming/channels/101"
        clients = [RTSPClient("127.0.0.1", peer.port, login, on_frame=lambda *_: None) for _ in range(5)]
        results = await asyncio.gather(*(client.open(url) for client in clients), return_exceptions=True)
    assert {type(result) for result in results} == {AuthenticationError}
    assert sum(head.startswith("DESCRIBE") for head in peer.signed) == 1


@pytest.mark.fault("F6")
@pytest.mark.parametrize("protocol", ["http", "rtsp"])
async def test_a_fault_of_the_device_does_not_count_as_the_acceptance_of_a_password(protocol):
    def reply(peer, head):
        if "\nauthorization:" in head.lower():
            return answer("503 Service Unavailable", cseq=cseq_of(head))
        return refusing(peer, head)

    login = Login(USER, CANARY, host="127.0.0.1")
    async with Peer(reply) as peer:
        for _ in range(2):
            with pytest.raises(StatusError):
                await ask(protocol, peer.port, login=login)
    assert not login.accepted and login.refused is None
    assert peer.signed


# --- the command line


def onframe(*arguments, given="environment", tmp_path=None):
    """A finished command: all that it wrote. The password comes from the environment, a file or the URL."""
    environment = {name: value for name, value in os.environ.items() if name != "ONFRAME_PASSWORD"}
    if given == "environment":
        environment["ONFRAME_PASSWORD"] = CANARY
    elif given == "file":
        (tmp_path / "secret").write_text(CANARY)
        arguments = (*arguments, "--password-file", str(tmp_path / "secret"))
    command = [sys.executable, "-m", "onframe", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, env=environment)
    return done.stdout + done.stderr


@pytest.mark.fault("F75")
@pytest.mark.parametrize(
    ("kind", "given", "command"),
    [
        ("refuses", "environment", ["doctor"]),
        ("redirects", "file", ["config", "get"]),
        ("echoes", "url", ["config", "get"]),
        ("echoes", "environment", ["watch", "--for", "1500ms"]),
        ("hangs up", "url", ["watch", "--for", "1500ms"]),
    ],
)
async def test_no_command_prints_the_password(kind, given, command, tmp_path):
    async with Peer(KINDS[kind]) as peer:
        user = f"{USER}:{quote(CANARY, safe='')}" if given == "url" else USER
        url = f"http://{user}@127.0.0.1:{peer.port}/?rtsp_port={peer.port}"
        out = await asyncio.to_thread(onframe, *command, url, "-v", "--timeout", "5", given=given, tmp_path=tmp_path)
    assert peer.heads
    assert out and "Traceback" not in out
    assert not leaks(out)


@pytest.mark.fault("F75")
@pytest.mark.parametrize(
    "url",
    [
        f"http://{USER}:k@nary:7/Q@127.0.0.1",
        f"ftp://{USER}:nary%3A7@127.0.0.1",
        f"http://{USER}:nary%3A7@127.0.0.1:port",
        f"http://{USER}:nary%3A7@[127.0.0.1]",
    ],
)
def test_a_url_that_is_refused_is_not_repeated(url):
    out = onframe("doctor", url, given="url")
    assert out.startswith("onframe: ")
    assert not leaks(out) and USER not in out


@pytest.mark.fault("F75")
async def test_the_password_of_environment_or_file_is_not_among_the_arguments_of_any_process():
    async with SimulatedCamera(password=CANARY, username=USER) as simulated:
        host = f"http://{USER}@127.0.0.1:{simulated.http_port}/?rtsp_port={simulated.rtsp_port}"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "onframe", "watch", host),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=os.environ | {"ONFRAME_PASSWORD": CANARY},
        )
        async with asyncio.timeout(60):
            assert await process.stdout.readline()
        running = psutil.Process(process.pid)
        shown = [text for one in (running, *running.children(recursive=True)) for text in (one.name(), *one.cmdline())]
        process.terminate()
        async with asyncio.timeout(30):
            out, error = await process.communicate()
    assert "watch" in shown
    assert not leaks(" ".join(shown)) and not leaks((out + error).decode())


# --- to whom the credentials go


def device(**rtsp):
    """HTTP and RTSP on one port: HTTP offers digest and a subscription at ``uri``, RTSP what is given by method."""
    uri = rtsp.pop("uri", "")

    def reply(peer, head):
        method, cseq = head.split(" ")[0], cseq_of(head)
        if cseq is not None:
            fields, body = rtsp.get(method, ("", b""))
            status, _, fields = fields.rpartition("\n\n")
            if "\nauthorization:" not in head.lower() and method != "OPTIONS":
                return answer("401 Unauthorized", DIGEST, cseq=cseq)
            return answer(status or "200 OK", fields, body, cseq)
        if "\nauthorization:" not in head.lower():
            return answer("401 Unauthorized", DIGEST)
        if "subscribeType" in head:
            return answer("200 OK", body=b'{"rtspURI": "%s"}' % uri.encode())
        if "/metadata/capabilities" in head:
            return answer(
                "200 OK", body=b"<MetadataCfg><isSupportSubscribeType>true</isSupportSubscribeType></MetadataCfg>"
            )
        return answer("200 OK", body=b"<DeviceCap><isSupportMetadata>true</isSupportMetadata></DeviceCap>")

    return reply


SDP = (
    b"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=x\r\nt=0 0\r\nm=application 0 RTP/AVP 107\r\n"
    b"a=rtpmap:107 isapi.metadata/90000\r\na=control:trackID=3\r\n"
)


async def seen_by_another(make, **watch):
    """Watches a device made for another listening port for a moment; the device, and who else was listening."""
    async with Peer(KINDS["refuses"]) as other:
        async with Peer(make(other.port)) as peer:
            async with camera_at(peer.port) as camera:
                with contextlib.suppress(OnframeError, TimeoutError):
                    async with asyncio.timeout(3):
                        async for event in camera.events(**watch):
                            if getattr(event, "state", "") in ("backoff", "stopped", "live"):
                                break
        await asyncio.sleep(0.05)
    return peer, other


@pytest.mark.fault("F7", "F75")
async def test_a_subscription_at_another_host_is_asked_for_at_the_configured_one():
    peer, other = await seen_by_another(
        lambda port: device(uri=f"rtsp://127.0.0.1:{port}/elsewhere"), types={"ANPR"}, via="subscribe"
    )
    assert any(head.startswith("DESCRIBE rtsp://127.0.0.1:") and "/elsewhere" in head for head in peer.heads)
    assert other.connections == 0


@pytest.mark.fault("F7", "F75")
async def test_a_content_base_and_a_control_of_another_host_move_no_connection():
    def make(port):
        sdp = SDP.replace(b"a=control:trackID=3", b"a=control:rtsp://127.0.0.1:%d/x/trackID=3" % port)
        fields = f"Content-Type: application/sdp\r\nContent-Base: rtsp://127.0.0.1:{port}/x/\r\n"
        return device(DESCRIBE=(fields, sdp))

    peer, other = await seen_by_another(make, via="channel")
    assert any(head.startswith("SETUP ") and "/x/trackID=3" in head for head in peer.heads)
    assert other.connections == 0


@pytest.mark.fault("F7", "F75")
@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE"])
async def test_a_redirect_over_rtsp_is_not_followed(method):
    def make(port):
        return device(**{method: (f"302 Found\n\nLocation: rtsp://127.0.0.1:{port}/x\r\n", b"")})

    peer, other = await seen_by_another(make, via="channel")
    assert any(head.startswith(method) for head in peer.heads)
    assert other.connections == 0


@pytest.mark.fault("F10", "F75")
@pytest.mark.parametrize("protocol", ["http", "rtsp"])
async def test_basic_is_refused_where_it_was_not_allowed_and_the_password_not_sent(protocol):
    async with Peer(KINDS["asks for Basic"]) as peer:
        with pytest.raises(ProtocolError, match="offers Basic alone"):
            await ask(protocol, peer.port)
    assert peer.heads and not peer.signed


@pytest.mark.fault("F75")
@pytest.mark.parametrize("protocol", ["http", "rtsp"])
async def test_basic_is_sent_where_it_was_allowed(protocol):
    async with Peer(KINDS["asks for Basic"]) as peer:
        with pytest.raises(AuthenticationError) as caught:
            await ask(protocol, peer.port, allow_basic=True)
    assert len(peer.signed) == 1
    assert "Basic " + base64.b64encode(f"{USER}:{CANARY}".encode()).decode() in peer.signed[0]
    assert not leaks(str(caught.value) + str(caught.value.hint))


@pytest.mark.fault("F10", "F75")
@pytest.mark.parametrize("protocol", ["http", "rtsp"])
async def test_a_downgrade_to_basic_is_refused_even_where_basic_was_allowed(protocol):
    def reply(peer, head):
        return answer("401 Unauthorized", BASIC if peer.signed else DIGEST, cseq=cseq_of(head))

    async with Peer(reply) as peer:
        with pytest.raises((AuthenticationError, ProtocolError), match="offered Digest before and now Basic alone"):
            await ask(protocol, peer.port, allow_basic=True)
    assert len(peer.signed) == 1
    assert "digest" in peer.signed[0].lower() and not leaks(peer.signed[0])


async def ask(protocol, port, *, login=None, **options):
    login = login or Login(USER, CANARY, host="127.0.0.1", **options)
    if protocol == "http":
        http = DeviceHTTP("127.0.0.1", port, login, timeout=20.0)
        try:
            await http.request(GET)
        finally:
            await http.aclose()
    else:
        client = RTSPClient("127.0.0.1", port, login, on_frame=lambda *_: None, timeout=20.0)
        await client.open(f"rtsp://127.0.0.1:{port}/ISAPI/Streaming/channels/101")


@pytest.mark.fault("F36", "F75")
async def test_a_device_that_did_not_prove_itself_hears_no_user_name():
    async with Peer(KINDS["refuses"], server_context(make_certificate("127.0.0.1"))) as peer:
        async with camera_at(peer.port, tls=TLS("pin", pin="11" * 32)) as camera:
            with pytest.raises(CertificateError):
                await camera.device_capability()
    assert peer.heads == []
