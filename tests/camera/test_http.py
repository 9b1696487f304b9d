"""DeviceHTTP against the simulated device, and against byte scripts on a socket."""

import asyncio
import contextlib
import socket
from collections import Counter

import pytest

from onframe.asgi import Site
from onframe.camera import http as camera_http
from onframe.camera.http import DeviceHTTP
from onframe.camera.http_auth import lock_state
from onframe.camera.login import Login
from onframe.errors import (
    AuthenticationError,
    ConnectionLost,
    DecodeError,
    LimitExceeded,
    RemoteProtocolError,
    StatusError,
)
from onframe.isapi import resources
from onframe.isapi.config import MetadataCfg
from onframe.simulator.device import Device
from onframe.simulator.http import http_app

GET = resources.GET_METADATA.request()
CAPABILITY = resources.DEVICE_CAPABILITY.request()
CONFIGURATION = b"<MetadataCfg><MetadataList/></MetadataCfg>"


@contextlib.asynccontextmanager
async def serving(device):
    async with Site(http_app(device), "127.0.0.1", 0, ws="none") as site:
        yield site.port


class Script:
    """A server that answers each request with the next piece of bytes, and keeps what it was sent."""

    def __init__(self, *answers, hang=False):
        self.answers, self.hang = list(answers), hang
        self.requests = []
        self.connections = set()

    async def serve(self, reader, writer):
        self.connections.add(asyncio.current_task())
        try:
            await self.play(reader, writer)
        finally:
            writer.close()

    async def end(self):
        for task in self.connections:
            task.cancel()
        await asyncio.gather(*self.connections, return_exceptions=True)

    async def play(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while self.answers:
                head = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(head.decode("latin-1"))
                writer.write(self.answers.pop(0))
                await writer.drain()
                if self.hang:
                    await asyncio.sleep(30)

    @property
    def authorised(self):
        return sum("\nauthorization:" in head.lower() for head in self.requests)


@contextlib.asynccontextmanager
async def scripted(*answers, hang=False, timeout=5.0, login=None):
    script = Script(*answers, hang=hang)
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    http = DeviceHTTP("127.0.0.1", port, login or Login("admin", "abcd1234", host="127.0.0.1"), timeout=timeout)
    try:
        yield http, script
    finally:
        await http.aclose()
        server.close()
        await script.end()


def answer(body=b"", status="200 OK", *headers):
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n" + "".join(f"{one}\r\n" for one in headers)
    return head.encode() + b"\r\n" + body


def challenge(nonce="n1", stale="FALSE", body=b"", extra=""):
    value = f'WWW-Authenticate: Digest qop="auth", realm="r", nonce="{nonce}", stale="{stale}"{extra}'
    return answer(body, "401 Unauthorized", value)


@pytest.fixture
async def device():
    return Device(password="abcd1234")


def client_of(port, password="abcd1234"):
    return DeviceHTTP("127.0.0.1", port, Login("admin", password, host="127.0.0.1"))


@pytest.mark.requirement("R-001", "R-002", "R-006", "R-008", "R-010", "R-055", "R-056", "R-068", "R-071")
async def test_every_request_of_appendix_a_is_answered(device):
    async with serving(device) as port:
        http = client_of(port)
        kinds = [
            (await http.request(resource.request(metadata_type="ANPR", body=body))).kind
            for resource, body in [
                (resources.DEVICE_CAPABILITY, b""),
                (resources.METADATA_CAPABILITY, b""),
                (resources.GET_METADATA, b""),
                (resources.SET_METADATA, CONFIGURATION),
                (resources.SUBSCRIBE_TYPE, b'{"type":["ANPR"]}'),
                (resources.GET_METADATA_TYPE, b""),
                (
                    resources.SET_METADATA_TYPE,
                    b"<SingleMetadataCfg><Metadata><type>ANPR</type><enable>0</enable></Metadata></SingleMetadataCfg>",
                ),
            ]
        ]
        await http.aclose()
    assert kinds == ["devicecap", "capability", "config", "response_status", "rtsp_uri", "config", "response_status"]
    assert not device.enabled(1, "ANPR")
    assert [one.status for one in device.requests] == [401] + [200] * 7


@pytest.mark.requirement("R-056", "R-057", "B.5")
async def test_a_refusal_is_a_status_error_with_name_code_and_meaning(device):
    async with serving(device) as port:
        http = client_of(port)
        with pytest.raises(StatusError) as caught:
            await http.request(resources.SUBSCRIBE_TYPE.request(body=b'{"type":["heatmap"]}'))
        await http.aclose()
    error = caught.value
    assert (error.status_code, error.sub_status_code, error.error_code) == (4, "subscribeTypeErr", 1073782806)
    assert (error.http_status, error.meaning) == (403, "metadata type cannot be subscribed")


@pytest.mark.fault("F8")
@pytest.mark.requirement("R-018", "R-019")
async def test_forty_concurrent_requests_succeed_where_each_nonce_serves_five():
    device = Device(password="abcd1234", nonce_uses=5, strict_nc=True)
    async with serving(device) as port:
        http = client_of(port)
        documents = await asyncio.gather(*(http.request(GET) for _ in range(40)))
        await http.aclose()
    assert all(isinstance(document.value, MetadataCfg) for document in documents)
    assert Counter(one.status for one in device.requests)[200] == 40
    assert Counter(one.status for one in device.requests)[401] <= 8
    assert device.log == []


@pytest.mark.fault("F6")
@pytest.mark.requirement("R-018")
async def test_a_wrong_password_costs_one_refused_request_for_ten_callers(device):
    async with serving(device) as port:
        http = client_of(port, "wrong")
        results = await asyncio.gather(*(http.request(GET) for _ in range(10)), return_exceptions=True)
        with pytest.raises(AuthenticationError):
            await http.request(CAPABILITY)
        await http.aclose()
    assert {type(result) for result in results} == {AuthenticationError}
    assert len({str(result) for result in results}) == 1
    assert len(device.log) == 1


@pytest.mark.fault("F6")
@pytest.mark.requirement("R-018")
async def test_two_clients_with_one_login_share_the_verdict(device):
    async with serving(device) as port:
        login = Login("admin", "wrong", host="127.0.0.1")
        clients = [DeviceHTTP("127.0.0.1", port, login) for _ in range(5)]
        results = await asyncio.gather(*(http.request(GET) for http in clients), return_exceptions=True)
        for http in clients:
            await http.aclose()
    assert {type(result) for result in results} == {AuthenticationError}
    assert len(device.log) == 1


@pytest.mark.fault("F5")
@pytest.mark.requirement("R-018")
async def test_after_acceptance_a_fresh_nonce_is_worth_one_more_try_and_no_second():
    good = answer(CONFIGURATION)
    async with scripted(challenge("a"), good, challenge("b"), good, challenge("c"), challenge("d"), good) as (
        http,
        script,
    ):
        await http.request(GET)
        await http.request(GET)
        with pytest.raises(AuthenticationError):
            await http.request(GET)
        with pytest.raises(AuthenticationError):
            await http.request(GET)
    assert script.authorised == 5


@pytest.mark.fault("F5")
@pytest.mark.requirement("R-018")
async def test_before_acceptance_a_fresh_nonce_is_worth_nothing():
    async with scripted(challenge("a"), challenge("b"), answer(CONFIGURATION)) as (http, script):
        with pytest.raises(AuthenticationError, match="wrong user name or password"):
            await http.request(GET)
    assert script.authorised == 1


@pytest.mark.requirement("R-019")
async def test_a_stale_nonce_is_renewed_without_asking_and_not_for_ever():
    async with scripted(challenge("a"), challenge("b", "TRUE"), answer(CONFIGURATION)) as (http, script):
        await http.request(GET)
    assert script.authorised == 2
    stale = [challenge(str(number), "TRUE") for number in range(20)]
    async with scripted(*stale) as (http, script):
        with pytest.raises(AuthenticationError, match="stale"):
            await http.request(GET)
    assert script.authorised == 4


@pytest.mark.requirement("R-018")
@pytest.mark.parametrize("second", ["401 Unauthorized", "401 No"])
async def test_a_second_401_without_a_challenge_is_final_too(second):
    async with scripted(challenge("a"), answer(b"", second), challenge("c")) as (http, script):
        for _ in range(3):
            with pytest.raises(AuthenticationError):
                await http.request(GET)
    assert script.authorised == 1


@pytest.mark.fault("F10")
async def test_basic_is_not_sent_after_digest():
    basic = answer(b"", "401 Unauthorized", 'WWW-Authenticate: Basic realm="r"')
    async with scripted(challenge("a"), basic, answer(CONFIGURATION)) as (http, script):
        with pytest.raises(AuthenticationError, match="Basic alone"):
            await http.request(GET)
    assert not any("basic" in head.lower() for head in script.requests)


async def test_basic_alone_is_refused_without_sending_the_password():
    basic = answer(b"", "401 Unauthorized", 'WWW-Authenticate: Basic realm="r"')
    async with scripted(basic) as (http, script):
        with pytest.raises(RemoteProtocolError, match="Basic alone"):
            await http.request(GET)
    assert script.authorised == 0


@pytest.mark.parametrize(
    "body",
    [
        b"<userCheck><statusValue>401</statusValue><lockStatus>lock</lockStatus><unlockTime>1800</unlockTime></userCheck>",
        b'{"statusCode":4,"subStatusCode":"badAuthorization","lockStatus": "lock", "resLockTime": 1800}',
    ],
)
async def test_a_locked_account_stops_before_any_password_is_sent(body):
    async with scripted(challenge("a", body=body), answer(CONFIGURATION)) as (http, script):
        with pytest.raises(AuthenticationError, match="the account is locked.*1800"):
            await http.request(GET)
    assert script.authorised == 0


async def test_how_many_tries_are_left_is_said():
    body = b"<userCheck><lockStatus>unlock</lockStatus><retryLoginTime>4</retryLoginTime></userCheck>"
    async with scripted(challenge("a"), challenge("b", body=body)) as (http, _):
        with pytest.raises(AuthenticationError, match="tries left: 4"):
            await http.request(GET)


@pytest.mark.parametrize("body", [b"", b"<a/>", b"\xff\xfe\x00", b"lockStatus", b"<lockStatus></lockStatus>"])
def test_a_body_without_lock_fields_says_nothing(body):
    assert lock_state(body) is None


async def test_a_realm_that_is_not_utf8_comes_back_byte_for_byte():
    value = (
        b'HTTP/1.1 401 No\r\nContent-Length: 0\r\nWWW-Authenticate: Digest realm="\xc9\xe3\xcf\xf1", nonce="n"\r\n\r\n'
    )
    async with scripted(value, answer(CONFIGURATION)) as (http, script):
        await http.request(GET)
    assert 'realm="\xc9\xe3\xcf\xf1"' in script.requests[1]


@pytest.mark.requirement("R-056", "B.18")
async def test_the_body_decides_and_not_the_http_status():
    refused = b"<ResponseStatus><statusCode>4</statusCode><subStatusCode>notSupport</subStatusCode></ResponseStatus>"
    async with scripted(answer(refused), answer(refused, "403 Forbidden")) as (http, _):
        for status in (200, 403):
            with pytest.raises(StatusError, match=r"notSupport \(0x40000001\)") as caught:
                await http.request(GET)
            assert caught.value.http_status == status


@pytest.mark.requirement("R-056", "R-101", "B.18")
@pytest.mark.parametrize(("code", "reboot"), [(0, False), (1, False), (7, True)])
async def test_zero_one_and_seven_are_no_errors(code, reboot):
    body = f"<ResponseStatus><statusCode>{code}</statusCode></ResponseStatus>".encode()
    async with scripted(answer(body)) as (http, _):
        document = await http.request(resources.SET_METADATA.request(body=CONFIGURATION))
    assert document.value.reboot_required is reboot


@pytest.mark.requirement("R-056", "B.6")
async def test_a_json_refusal_under_http_200_is_a_status_error():
    async with scripted(answer(b'{"statusCode": 4, "subStatusCode": "notSupport", "errorCode": 1073741825}')) as (
        http,
        _,
    ):
        with pytest.raises(StatusError, match="notSupport"):
            await http.request(resources.SUBSCRIBE_TYPE.request(body=b"{}"))


async def test_an_http_error_without_a_status_says_its_number():
    async with scripted(answer(b"<html>gone</html>", "404 Not Found"), answer(b"", "503 Busy")) as (http, _):
        for status in (404, 503):
            with pytest.raises(StatusError, match=f"HTTP {status}") as caught:
                await http.request(GET)
            assert caught.value.http_status == status
            assert caught.value.hint


@pytest.mark.parametrize(
    "body", [b"<html><title>Login</title></html>", b"\xef\xbb\xbf\r\n<!DOCTYPE html>\n<html><title>Login"]
)
async def test_a_login_page_is_named_as_such(body):
    async with scripted(answer(body)) as (http, _):
        with pytest.raises(RemoteProtocolError, match=r"an HTML page \(Login\)"):
            await http.request(GET)


@pytest.mark.parametrize(
    ("body", "error"),
    [(b"", RemoteProtocolError), (b"hello", DecodeError), (b"<MetadataCfg>", DecodeError), (b"\xff\xfe", DecodeError)],
)
async def test_an_answer_that_is_no_document_is_an_error_that_says_so(body, error):
    async with scripted(answer(body)) as (http, _):
        with pytest.raises(error, match="GET /ISAPI/Streaming/channels/101/metadata"):
            await http.request(GET)


@pytest.mark.fault("F7")
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
async def test_a_redirect_is_refused_and_its_target_named(status):
    async with scripted(
        challenge("a"), answer(b"", status, "Location: http://evil.example/x"), answer(CONFIGURATION)
    ) as (
        http,
        script,
    ):
        with pytest.raises(RemoteProtocolError, match="http://evil.example/x"):
            await http.request(GET)
    assert len(script.requests) == 2


@pytest.mark.fault("F11")
async def test_encoded_bodies_are_not_asked_for_and_not_read():
    async with scripted(answer(b"\x1f\x8b" + b"\0" * 50, "200 OK", "Content-Encoding: gzip")) as (http, script):
        with pytest.raises(RemoteProtocolError, match="gzip"):
            await http.request(GET)
    assert "accept-encoding: identity" in script.requests[0].lower()


@pytest.mark.fault("F12")
@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized"])
async def test_a_body_without_end_is_cut_at_the_limit(monkeypatch, status):
    monkeypatch.setattr(camera_http, "MAX_BODY", 100_000)
    endless = (
        f'HTTP/1.1 {status}\r\nTransfer-Encoding: chunked\r\nWWW-Authenticate: Digest realm="r", nonce="n"\r\n\r\n'
    )
    async with scripted(endless.encode() + b"ffff\r\n" + b"x" * 65535 + b"\r\nffff\r\n" + b"x" * 65535) as (http, _):
        with pytest.raises(LimitExceeded) as caught:
            await http.request(GET)
    assert caught.value.limit == "body"


@pytest.mark.fault("F12", "F13")
@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"F" * 40 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
        b"HTTP/1.1 200 OK\r\nWWW-Authenticate: " + b"\x00\r\n\r\n",
    ],
)
async def test_broken_http_is_a_protocol_error(raw):
    async with scripted(raw) as (http, _):
        with pytest.raises(RemoteProtocolError):
            await http.request(GET)


@pytest.mark.parametrize(
    "raw", [b"", b"HTTP/1.1 200 OK\r\nCont", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"]
)
async def test_a_cut_is_a_lost_connection(raw):
    async with scripted(raw) as (http, _):
        with pytest.raises(ConnectionLost):
            await http.request(GET)


@pytest.mark.fault("F2")
async def test_a_silent_device_is_a_lost_connection_after_the_time_out_for_all_callers():
    silent = [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"] * 5
    async with scripted(*silent, hang=True, timeout=0.3) as (http, _):
        async with asyncio.timeout(3):
            results = await asyncio.gather(*(http.request(GET) for _ in range(5)), return_exceptions=True)
    assert {type(result) for result in results} == {ConnectionLost}
    assert all("0.3 s" in str(result) and result.hint for result in results)


@pytest.mark.fault("F1")
async def test_a_closed_port_is_a_lost_connection_with_a_hint():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    http = client_of(port)
    with pytest.raises(ConnectionLost, match=f"127.0.0.1:{port} cannot be reached") as caught:
        await http.request(GET)
    await http.aclose()
    assert str(port) in caught.value.hint


async def test_a_trial_that_was_cut_leaves_the_credentials_untried():
    login = Login("admin", "abcd1234", host="127.0.0.1")
    async with scripted(challenge("a"), b"", login=login) as (http, _):
        with pytest.raises(ConnectionLost):
            await http.request(GET)
    assert login.refused is None
    async with scripted(challenge("b"), answer(CONFIGURATION), login=login) as (http, _):
        await http.request(GET)
    assert login.accepted


@pytest.mark.requirement("R-073")
async def test_the_other_spelling_of_the_segment_can_be_asked_for():
    async with scripted(answer(b"", "404 Not Found"), answer(CONFIGURATION)) as (http, script):
        with pytest.raises(StatusError):
            await http.request(GET)
        await http.request(GET.other_case())
    assert script.requests[1].startswith("GET /ISAPI/Streaming/channels/101/Metadata HTTP/1.1")


async def test_without_a_password_the_device_is_asked_but_not_answered():
    async with scripted(challenge("a"), login=Login("admin", None, host="127.0.0.1")) as (http, script):
        with pytest.raises(AuthenticationError, match="none was given"):
            await http.request(GET)
    assert script.authorised == 0
