"""What networks and hostile peers do to HTTP: each fault over a real socket, by a peer of bytes."""

import asyncio
import contextlib
import gzip
import re
import socket
import tracemalloc

import pytest

from onframe import Camera
from onframe.camera import http as camera_http
from onframe.camera.attempts import Attempts
from onframe.camera.http import DeviceHTTP
from onframe.camera.login import Login
from onframe.camera.tls import TLS
from onframe.errors import AuthenticationError, ConnectionLost, LimitExceeded, OnframeError, RemoteProtocolError
from onframe.isapi import resources
from onframe.simulator.certificates import make_certificate, server_context

GET = resources.GET_METADATA.request()
ANSWER = b"<MetadataCfg><MetadataList/></MetadataCfg>"
LONG = 30.0
BOMB = gzip.compress(bytes(50_000_000))


def reply(body=b"", status="200 OK", *fields):
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n" + "".join(f"{one}\r\n" for one in fields)
    return head.encode() + b"\r\n" + body


def digest(nonce="n", realm="r", more=""):
    return f'WWW-Authenticate: Digest realm="{realm}", nonce="{nonce}"{more}'


class Peer:
    """Lets ``play(reader, writer)`` answer each request; counts connections and keeps the requests."""

    def __init__(self, play):
        self.play = play
        self.connections, self.requests, self.sent = 0, [], 0
        self.tasks, self.port = set(), 0

    async def serve(self, reader, writer):
        self.connections += 1
        task = asyncio.current_task()
        self.tasks.add(task)
        try:
            while True:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                await self.play(self, writer)
        except (asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    async def send(self, writer, *pieces, pause=0.0):
        for piece in pieces:
            writer.write(piece)
            self.sent += len(piece)
            await writer.drain()
            await asyncio.sleep(pause)


@contextlib.asynccontextmanager
async def peer(play, *, tls=None):
    one = Peer(play)
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0, ssl=tls)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        server.close()
        for task in one.tasks:
            task.cancel()
        await asyncio.gather(*one.tasks, return_exceptions=True)


def saying(*pieces, then_close=True):
    async def play(one, writer):
        await one.send(writer, *pieces)
        if then_close:
            writer.close()

    return play


@contextlib.asynccontextmanager
async def client(port, *, timeout=LONG, tls=None, login=None):
    http = DeviceHTTP(
        "127.0.0.1", port, login or Login("admin", "abcd1234", host="127.0.0.1"), timeout=timeout, tls=tls
    )
    try:
        yield http
    finally:
        await http.aclose()


async def failure(play, *, timeout=LONG):
    """The error that one GET ends in; nothing but ours may be raised."""
    async with peer(play) as one, client(one.port, timeout=timeout) as http:
        with pytest.raises(OnframeError) as caught:
            await http.request(GET)
    return caught.value


# --- nobody answers, and answers that do not end


@pytest.mark.fault("F1")
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Name or service not known"),
        (OSError(113, "No route to host"), "All connection attempts failed|No route"),
    ],
)
async def test_no_name_and_no_route_are_a_lost_connection_with_the_reason(monkeypatch, error, said):
    async def fails(*_, **__):
        raise error

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "getaddrinfo" if isinstance(error, socket.gaierror) else "sock_connect", fails)
    http = DeviceHTTP(
        "camera.example" if isinstance(error, socket.gaierror) else "127.0.0.1", 9, Login("a", "b", host="x")
    )
    with pytest.raises(ConnectionLost, match=said) as caught:
        await http.request(GET)
    await http.aclose()
    assert "cannot be reached" in str(caught.value) and "HTTP port" in caught.value.hint


@pytest.mark.fault("F2")
async def test_a_connection_that_is_accepted_and_never_answered_ends_at_the_first_bytes_deadline(monkeypatch):
    monkeypatch.setattr(camera_http, "SILENCE_TIMEOUT", 0.2)

    async def silence(one, writer):
        await asyncio.sleep(LONG)

    async with asyncio.timeout(LONG / 2):
        error = await failure(silence)
    assert isinstance(error, ConnectionLost)
    assert "not answered within 0.2 s: no end of waiting for the answer" in str(error)


@pytest.mark.fault("F2")
async def test_a_handshake_that_never_comes_ends_at_the_connections_deadline(monkeypatch):
    monkeypatch.setattr(camera_http, "CONNECT_TIMEOUT", 0.2)
    async with peer(saying()) as one, client(one.port, tls=TLS()) as http, asyncio.timeout(LONG / 2):
        with pytest.raises(ConnectionLost, match="within 0.2 s: no end of the handshake of TLS"):
            await http.request(GET)
    assert one.connections == 1


@pytest.mark.fault("F2", "F71")
async def test_a_request_that_is_cancelled_in_the_handshake_leaves_no_connection_behind():
    heard = asyncio.Event()

    async def serve(reader, writer):
        await reader.readexactly(1)
        heard.set()
        with contextlib.suppress(OSError):
            await reader.read()  # to the end of the connection
        ended.set()
        writer.close()

    ended = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with client(server.sockets[0].getsockname()[1], tls=TLS()) as http, asyncio.timeout(LONG):
        task = asyncio.create_task(http.request(GET))
        await heard.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await ended.wait()
    server.close()


@pytest.mark.fault("F3")
async def test_a_body_that_drips_is_ended_by_the_deadline_of_the_whole():
    async def drip(one, writer):
        await one.send(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        await one.send(writer, *[b"x"] * 100_000, pause=0.02)

    async with asyncio.timeout(LONG / 2):
        error = await failure(drip, timeout=0.5)
    assert isinstance(error, ConnectionLost)
    assert "within 0.5 s: no end of reading the answer" in str(error)


@pytest.mark.fault("F3")
async def test_a_head_that_drips_and_interim_answers_without_end_are_ended_too():
    async def drip(one, writer):
        await one.send(writer, *[b"HTTP/1.1 100 Continue\r\n\r\n"] * 100_000, pause=0.001)

    async with asyncio.timeout(LONG / 2):
        error = await failure(drip, timeout=0.5)
    assert "within 0.5 s: no end of waiting for the answer" in str(error)


# --- cuts


@pytest.mark.fault("F4")
@pytest.mark.parametrize(
    "pieces",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<Meta",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<Meta\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<M",
    ],
    ids=["before the head", "in the head", "in the body", "before the last chunk", "in a chunk"],
)
async def test_an_answer_that_is_cut_is_a_lost_connection_that_says_so(pieces):
    error = await failure(saying(pieces))
    assert isinstance(error, ConnectionLost)
    assert f"cut while {GET} was on its way" in str(error)


@pytest.mark.fault("F4")
async def test_a_setting_whose_answer_was_cut_is_read_before_it_is_written_again():
    enabled = {"ANPR": b"false"}
    methods = []

    async def device(one, writer):
        head = one.requests[-1]
        methods.append(head.split(b" ")[0].decode())
        if methods[-1] == "PUT":
            enabled["ANPR"] = b"true"  # it applied; its answer is lost
            return writer.transport.abort()
        body = (
            b"<MetadataCfg><MetadataList><Metadata><type>ANPR</type><enable>%s</enable></Metadata></MetadataList>"
            b"</MetadataCfg>" % enabled["ANPR"]
        )
        await one.send(writer, reply(body))

    async with peer(device) as one, Camera("127.0.0.1", username="a", password="b", http_port=one.port) as camera:
        with pytest.raises(ConnectionLost):
            await camera.configure(enable={"ANPR"})
        change = await camera.configure(enable={"ANPR"})
    assert change.changed == []
    assert methods == ["GET", "PUT", "GET"]


# --- logins


@pytest.mark.fault("F5")
async def test_a_storm_of_401_costs_one_try_and_nothing_more_until_the_cool_down_is_over(tmp_path):
    now = [1_700_000_000.0]
    attempts = Attempts(tmp_path / "logins", now=lambda: now[0])
    storm = [reply(b"", "401 Unauthorized", digest(f"n{number}")) for number in range(20)]

    async def play(one, writer):
        await one.send(writer, storm.pop(0) if len(storm) > 15 else reply(ANSWER))

    async with peer(play) as one:

        async def ask(password):
            login = Login("admin", password, host="127.0.0.1", attempts=attempts)
            async with client(one.port, login=login) as http:
                return await http.request(GET)

        with pytest.raises(AuthenticationError):
            await ask("abcd1234")
        assert signed(one) == 1
        for _ in range(3):  # as if the program were started again
            with pytest.raises(AuthenticationError, match="is not sent again until"):
                await ask("abcd1234")
        assert signed(one) == 1
        now[0] += 31 * 60 + 1
        storm.clear()
        await ask("abcd1234")


@pytest.mark.fault("F5")
async def test_a_locked_account_is_left_alone_for_longer_than_the_device_says(tmp_path):
    now = [1_700_000_000.0]
    attempts = Attempts(tmp_path / "logins", now=lambda: now[0])
    body = b"<userCheck><lockStatus>lock</lockStatus><unlockTime>7200</unlockTime></userCheck>"
    async with peer(saying(reply(body, "401 Unauthorized", digest()), then_close=False)) as one:
        login = Login("admin", "abcd1234", host="127.0.0.1", attempts=attempts)
        async with client(one.port, login=login) as http:
            with pytest.raises(AuthenticationError, match="locked.*7200"):
                await http.request(GET)
    assert signed(one) == 0
    assert attempts.refusal("127.0.0.1", "admin", "abcd1234").until == now[0] + 7200 + 60


def signed(one):
    return sum(b"\nauthorization:" in request.lower() for request in one.requests)


@pytest.mark.fault("F9")
@pytest.mark.parametrize(
    ("fields", "algorithm"),
    [
        ([f'WWW-Authenticate: Basic realm="r", {digest()[18:]}'], None),
        ([digest("n1", more=", algorithm=MD5"), digest("n2", more=", algorithm=SHA-256")], "SHA-256"),
        ([digest(more=', qop="auth-int,auth"')], None),
        ([digest(more=', stale="FALSE",')], None),
        (["WWW-Authenticate: Digest realm=IP Camera, nonce=n"], None),
        ([digest(realm='a \\"b\\"')], None),
        (['WWW-Authenticate: Negotiate, Digest realm="r", nonce="n"'], None),
    ],
    ids=["Basic beside it", "two lines", "auth-int", "a comma at the end", "unquoted", "escaped quotes", "another"],
)
async def test_a_challenge_of_an_odd_shape_is_answered_with_the_strongest_digest(fields, algorithm):
    answers = [reply(b"", "401 Unauthorized", *fields), reply(ANSWER)]

    async def play(one, writer):
        await one.send(writer, answers.pop(0))

    async with peer(play) as one, client(one.port) as http:
        await http.request(GET)
    value = re.search(rb"(?i)\nauthorization: (.*)\r", one.requests[1])[1].decode()
    assert value.startswith("Digest ")
    assert ("algorithm=SHA-256" in value) is (algorithm == "SHA-256")


@pytest.mark.fault("F9")
@pytest.mark.parametrize(
    "field",
    [
        digest(nonce=""),
        digest(realm="r" * 2000),
        digest(more=", algorithm=WHIRLPOOL"),
        digest(more=", qop=token"),
        'WWW-Authenticate: Digest realm="r',
        "WWW-Authenticate: Digest",
        "WWW-Authenticate: Negotiate",
        "X: no challenge at all",
        ", ".join([digest()] * 40),
    ],
    ids=["no nonce", "long realm", "unknown", "unknown qop", "no end", "bare", "another", "none", "forty"],
)
async def test_a_challenge_that_cannot_be_answered_is_an_error_of_ours_and_nothing_is_sent(field):
    async with peer(saying(reply(b"", "401 Unauthorized", field), then_close=False)) as one, client(one.port) as http:
        with pytest.raises((RemoteProtocolError, LimitExceeded)):
            await http.request(GET)
    assert signed(one) == 0 and len(one.requests) == 1


@pytest.mark.fault("F9")
async def test_a_megabyte_of_realm_is_refused():
    assert isinstance(await failure(saying(reply(b"", "401 No", digest(realm="r" * 1_000_000)))), RemoteProtocolError)


@pytest.mark.fault("F10")
async def test_a_downgrade_from_digest_to_basic_is_refused_even_where_basic_is_allowed():
    answers = [
        reply(b"", "401 Unauthorized", digest()),
        reply(ANSWER),
        reply(b"", "401 Unauthorized", 'WWW-Authenticate: Basic realm="r"'),
    ]

    async def play(one, writer):
        await one.send(writer, answers.pop(0))

    login = Login("admin", "abcd1234", host="127.0.0.1", allow_basic=True)
    async with peer(play) as one, client(one.port, login=login) as http:
        await http.request(GET)
        with pytest.raises(AuthenticationError, match="offered Digest before and now Basic alone"):
            await http.request(GET)
        with pytest.raises(AuthenticationError):
            await http.request(GET)
    assert len(one.requests) == 3
    assert not any(b"basic " in request.lower() for request in one.requests)


# --- redirects


@pytest.mark.fault("F7")
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
@pytest.mark.parametrize("kind", ["another port", "another host", "another scheme", "protocol-relative"])
async def test_a_redirect_is_not_followed_and_its_target_hears_nothing(status, kind):
    async with peer(saying(reply(ANSWER))) as elsewhere:
        target = {
            "another port": f"http://127.0.0.1:{elsewhere.port}/x",
            "another host": f"http://localhost:{elsewhere.port}/x",
            "another scheme": f"https://127.0.0.1:{elsewhere.port}/x",
            "protocol-relative": f"//127.0.0.1:{elsewhere.port}/x",
        }[kind]
        answers = [reply(b"", "401 Unauthorized", digest()), reply(b"", status, f"Location: {target}")]

        async def play(one, writer):
            await one.send(writer, answers.pop(0))

        async with peer(play) as one, client(one.port) as http:
            with pytest.raises(RemoteProtocolError, match="redirect to") as caught:
                await http.request(GET)
        await asyncio.sleep(0.02)
    assert target in str(caught.value)
    assert (elsewhere.connections, len(one.requests)) == (0, 2)


# --- lengths, codings, chunks: refused within bounded memory


@pytest.fixture
def small_memory():
    """What the answer costs at most, however much the peer sends: the bound of bodies and some room."""
    tracemalloc.start()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * camera_http.MAX_BODY


def flood(head, piece, tail=b"", *, limit=64 * 1024 * 1024):
    """``head``, then ``piece`` until the other side has had enough; at the utmost ``limit`` bytes."""

    async def play(one, writer):
        await one.send(writer, head)
        while one.sent < limit:
            await one.send(writer, piece)
        await one.send(writer, tail)

    return play


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.fault("F12", "F16")
@pytest.mark.parametrize(
    ("play", "kind"),
    [
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), RemoteProtocolError),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello"), RemoteProtocolError),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"), RemoteProtocolError),
        (
            saying(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            RemoteProtocolError,
        ),
        (saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), RemoteProtocolError),
        (flood(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n", b"x" * 65536), LimitExceeded),
        (flood(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", b"x" * 65536), RemoteProtocolError),
        (flood(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536), LimitExceeded),
        (flood(CHUNKED, b"ffff\r\n" + b"x" * 65535 + b"\r\n"), LimitExceeded),
        (flood(CHUNKED + b"0\r\n", b"Trailer: " + b"x" * 65000 + b"\r\n"), RemoteProtocolError),
        (flood(CHUNKED + b"0\r\n", b"T: x\r\n" * 10000), RemoteProtocolError),
        (flood(CHUNKED + b"1;", b"x" * 65536), RemoteProtocolError),
        (flood(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 10000), RemoteProtocolError),
        (flood(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 65536), RemoteProtocolError),
        (saying(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10000 + b"\r\n"), LimitExceeded),
    ],
    ids=[
        "negative",
        "signed",
        "twice",
        "with chunked",
        "gzip within chunked",
        "huge",
        "of 5000 digits",
        "none and no end",
        "chunks without end",
        "a long trailer",
        "trailers without end",
        "an extension without end",
        "fields without end",
        "a field without end",
        "ten thousand fields",
    ],
)
async def test_lengths_and_chunks_that_lie_or_never_end_are_refused(small_memory, play, kind):
    async with peer(play) as one, client(one.port) as http:
        with pytest.raises(kind):
            await http.request(GET)
        assert one.sent < 2 * camera_http.MAX_BODY + 8 * 1024 * 1024  # what the two kernels hold is on top


@pytest.mark.fault("F13")
@pytest.mark.parametrize(
    ("play", "kind"),
    [
        (flood(CHUNKED + b"FFFFFFFFFFFFFFFF\r\n", b"x" * 65536), LimitExceeded),
        (saying(CHUNKED + b"FFFFFFFFFFFFFFFF\r\nhello"), ConnectionLost),
        (saying(CHUNKED + b"F" * 21 + b"\r\n"), RemoteProtocolError),
        (saying(CHUNKED + b"-1\r\n"), RemoteProtocolError),
        (saying(CHUNKED + b"5\r\nhello0\r\n\r\n"), RemoteProtocolError),
        (saying(CHUNKED + b"hello\r\n"), RemoteProtocolError),
    ],
    ids=["FFFFFFFFFFFFFFFF", "FFFFFFFFFFFFFFFF and cut", "21 digits", "negative", "no CRLF after it", "no size"],
)
async def test_a_chunk_of_impossible_size_and_one_without_its_line_end_are_refused(small_memory, play, kind):
    async with peer(play) as one, client(one.port) as http:
        with pytest.raises(kind):
            await http.request(GET)


@pytest.mark.fault("F11")
@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "br", "zstd", "gzip, gzip", "unheard-of", "GZIP"])
async def test_a_bomb_is_refused_by_its_coding_and_never_inflated(small_memory, coding):
    async with peer(saying(reply(BOMB, "200 OK", f"Content-Encoding: {coding}"))) as one, client(one.port) as http:
        with pytest.raises(RemoteProtocolError, match="that was not asked for"):
            await http.request(GET)
    assert b"accept-encoding: identity\r\n" in one.requests[0].lower()


async def test_after_a_refusal_the_connection_is_closed_and_the_next_request_gets_its_own_answer():
    answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + ANSWER, reply(ANSWER)]

    async def play(one, writer):
        await one.send(writer, answers.pop(0))

    async with peer(play) as one, client(one.port) as http:
        with pytest.raises(LimitExceeded):
            await http.request(GET)
        await http.request(GET)
    assert one.connections == 2


# --- TLS


@pytest.mark.fault("F36")
async def test_a_close_without_close_notify_after_the_answer_is_no_error():
    certificate = make_certificate("127.0.0.1")

    async def play(one, writer):
        await one.send(writer, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + ANSWER)
        writer.transport.get_extra_info("socket").shutdown(socket.SHUT_WR)  # the end of TCP without that of TLS

    async with peer(play, tls=server_context(certificate)) as one:
        async with client(one.port, tls=TLS("pin", pin=certificate.sha256)) as http:
            for _ in range(2):
                assert (await http.request(GET)).value.types == []
    assert one.connections == 2


@pytest.mark.fault("F36", "F4")
async def test_an_answer_that_is_cut_over_tls_is_a_lost_connection():
    certificate = make_certificate("127.0.0.1")

    async def play(one, writer):
        await one.send(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<Meta")
        writer.transport.abort()

    async with peer(play, tls=server_context(certificate)) as one:
        async with client(one.port, tls=TLS("pin", pin=certificate.sha256)) as http:
            with pytest.raises(ConnectionLost, match="cut while"):
                await http.request(GET)
