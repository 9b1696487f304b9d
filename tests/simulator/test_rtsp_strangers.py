"""Clients that ask in the wrong order, for what is not theirs, or only to be in the way."""

import asyncio
import contextlib
import re
import socket
import ssl

import pytest
from rtsp_wire import Wire, camera, metadata_of, until

from onframe.simulator.certificates import make_certificate, server_context

TCP = "Transport: RTP/AVP/TCP;unicast;interleaved=6-7"


@pytest.mark.fault("F58")
async def test_double_setup_setup_after_play_play_without_setup_teardown_twice_and_pause_leave_nothing_behind():
    async with camera() as server, Wire(server) as wire:
        statuses = []

        async def ask(*arguments):
            statuses.append(int((await wire.ask(*arguments)).split()[1]))

        await ask("PLAY")
        await ask("PAUSE")
        await ask("SETUP", "101/trackID=3", TCP)
        await ask("SETUP", "101/trackID=3", TCP)
        await ask("SETUP", "101", TCP)
        await ask("PLAY")
        await ask("SETUP", "101/trackID=1", TCP)
        await ask("PAUSE")
        await ask("PAUSE")
        await ask("SETUP", "101/trackID=1", TCP)
        await ask("PLAY")
        await ask("TEARDOWN")
        await ask("TEARDOWN")
        assert statuses == [455, 454, 200, 455, 459, 200, 455, 200, 455, 200, 200, 200, 454]
        assert (server.connections, server.playing, server.station.ports.open) == (1, 0, 0)
        wire.session = None
        assert "200 OK" in await wire.play()


@pytest.mark.fault("F59")
async def test_a_session_id_is_worth_nothing_on_another_connection_nor_without_credentials():
    async with camera() as server, Wire(server) as one, Wire(server) as other:
        await one.play()
        await other.ask("OPTIONS")
        other.session = one.session
        for method in ("PLAY", "PAUSE", "GET_PARAMETER", "SET_PARAMETER", "TEARDOWN"):
            assert " 454 " in await other.ask(method)
            assert " 401 " in await other.ask(method, sign=False)
        assert " 454 " in await other.ask("SETUP", "101/trackID=1", TCP)
        for method in ("PLAY", "PAUSE", "TEARDOWN"):
            assert " 401 " in await one.ask(method, sign=False)
        assert server.playing == 1
        count = len(one.frames)
        await one.receive(lambda frames: len(frames) > count + 5)


async def open_quietly(port):
    sock = socket.socket()
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    return sock


@contextlib.asynccontextmanager
async def crowd(port, size):
    """So many connections that say nothing."""
    opened = []
    try:
        for _ in range(size):
            opened.append(await open_quietly(port))
        yield opened
    finally:
        for sock in opened:
            sock.close()


def open_of(opened):
    """How many of these sockets the server has not closed."""
    count = 0
    for sock in opened:
        try:
            while data := sock.recv(4096):
                assert data.startswith(b"RTSP/1.0 503 ")
        except BlockingIOError:
            count += 1
        except ConnectionResetError:
            pass
    return count


@pytest.mark.fault("F60")
async def test_of_a_thousand_idle_connections_few_are_kept_and_who_plays_or_logs_in_is_not_affected():
    async with camera(max_connections=20) as server, Wire(server) as wire:
        await wire.play()
        async with crowd(server.port, 1000) as opened:
            await until(lambda: server.refused + server.evicted >= 981)
            await until(lambda: open_of(opened) == 19)
            assert server.connections == 20
            count = len(wire.frames)
            await wire.receive(lambda frames: len(frames) > count + 5)
            await asyncio.sleep(1.2)  # then idle ones lose their place to whoever comes
            async with Wire(server) as newcomer:
                assert "200 OK" in await newcomer.play()
                await newcomer.receive(lambda frames: len(frames) > 5)
            assert server.evicted >= 1
            assert set(metadata_steps(wire)) == {1}


def metadata_steps(wire):
    numbers = [packet[2] for packet in metadata_of(wire.frames)]
    return [(after - before) & 0xFFFF for before, after in zip(numbers, numbers[1:], strict=False)]


@pytest.mark.fault("F60")
async def test_idle_connections_and_unfinished_headers_end_after_their_time_and_who_plays_goes_on():
    async with camera(message_deadline=0.4, session_timeout=3) as server, Wire(server) as wire:
        await wire.play()
        async with crowd(server.port, 20) as opened:
            await until(lambda: server.connections == 21)
            loop = asyncio.get_running_loop()
            for n in range(40):  # one byte of a header now and then, for ever
                for sock in opened[:10]:
                    with contextlib.suppress(OSError):
                        await loop.sock_sendall(sock, b"OPTIONS * RTSP/1.0\r\nX: aaaaaaaaaaaaaaaaaaaaaaa"[n : n + 1])
                await asyncio.sleep(0.05)
                await wire.ask("GET_PARAMETER")
                if server.disconnected_late == 10:
                    break
            await until(lambda: server.disconnected_late == 10)
            assert server.playing == 1
            while server.disconnected_idle < 10:
                await wire.ask("GET_PARAMETER")
                await asyncio.sleep(0.1)
            assert open_of(opened) == 0
        assert (server.connections, server.playing) == (1, 1)
        assert set(metadata_steps(wire)) == {1}


@pytest.mark.fault("F60")
async def test_a_client_that_never_reads_is_disconnected_at_its_bound_and_others_go_on():
    async with camera(send_limit=20_000) as server, Wire(server, buffer=4096) as slow, Wire(server) as good:
        await slow.play(tracks=(1, 2, 3))
        (peer,) = (peer for peer in server._peers if peer.visit.plays)
        peer._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        slow.writer.transport.pause_reading()
        await good.play()
        await good.receive(lambda frames: server.disconnected_slow == 1)
        count = len(good.frames)
        await good.receive(lambda frames: len(frames) > count + 10)
        assert (server.connections, server.playing) == (1, 1)
        assert set(metadata_steps(good)) == {1}


@pytest.mark.fault("F60")
async def test_a_client_that_asks_without_end_and_never_reads_is_disconnected():
    async with camera(send_limit=20_000) as server, Wire(server) as wire:
        wire.writer.transport.pause_reading()
        with contextlib.suppress(OSError):
            while server.disconnected_slow == 0:
                wire.writer.write(b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n" * 1000)
                await asyncio.sleep(0.01)
        await until(lambda: server.connections == 0)
        assert server.disconnected_slow == 1


@pytest.fixture(scope="module")
def certificate():
    return make_certificate()


@pytest.fixture
def trusting(certificate):
    return ssl.create_default_context(cadata=certificate.certificate_pem.decode())


async def test_rtsp_and_rtsps_are_served_side_by_side(certificate, trusting):
    async with (
        camera(ssl_context=server_context(certificate)) as server,
        Wire(server) as plain,
        Wire(server, tls=trusting) as secure,
    ):
        assert server.port != server.rtsps_port
        for wire in (plain, secure):
            await wire.play(tracks=(1, 3))
            await wire.receive(lambda frames: len(metadata_of(frames)) > 10)
        assert server.playing == 2
        assert "200 OK" in await secure.ask("TEARDOWN")


async def test_what_tls_protects_is_not_sent_in_the_clear_beside_it(certificate, trusting):
    async with camera(ssl_context=server_context(certificate)) as server, Wire(server, tls=trusting) as wire:
        for transport in ("RTP/AVP;unicast;client_port=5000-5001", "RTP/AVP;multicast"):
            assert " 461 " in await wire.ask("SETUP", "101/trackID=3", f"Transport: {transport}")
        both = "RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;unicast;interleaved=0-1"
        assert "interleaved=0-1" in await wire.ask("SETUP", "101/trackID=3", f"Transport: {both}")


async def test_rtsps_over_ipv6(certificate, trusting):
    async with (
        camera(host="::1", ssl_context=server_context(certificate)) as server,
        Wire(server, tls=trusting, host="::1") as wire,
    ):
        await wire.play()
        await wire.receive(lambda frames: len(frames) > 3)


async def test_resetting_and_ending_reach_connections_under_tls(certificate, trusting):
    async with camera(ssl_context=server_context(certificate)) as server:
        for end in (server.abort_all, server.end_all):
            async with Wire(server, tls=trusting) as wire:
                await wire.play()
                end()
                with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                    await wire.receive(lambda frames: False)
            await until(lambda: server.connections == 0)
        assert wire.frames[-1][1][9] == 203


@pytest.mark.fault("F60")
async def test_connections_that_never_finish_the_handshake_count_and_end(certificate, trusting):
    async with (
        camera(ssl_context=server_context(certificate), message_deadline=1.0, max_connections=5) as server,
        crowd(server.rtsps_port, 30) as opened,
    ):
        await until(lambda: server.refused >= 25)
        assert server.connections <= 5
        await until(lambda: open_of(opened) == 0)
        await until(lambda: server.connections == 0)
        async with Wire(server, tls=trusting) as wire:
            assert "200 OK" in await wire.ask("DESCRIBE")


@pytest.mark.parametrize("sent", [b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n", bytes(300)])
async def test_what_is_no_tls_on_the_tls_port_ends_the_connection(certificate, sent):
    async with camera(ssl_context=server_context(certificate)) as server:
        sock = await open_quietly(server.rtsps_port)
        with sock:
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(sock, sent)
            async with asyncio.timeout(5):
                with contextlib.suppress(ConnectionResetError):
                    while await loop.sock_recv(sock, 4096):
                        pass
        await until(lambda: server.connections == 0)


@pytest.mark.parametrize(
    ("condition", "status", "retry"),
    [
        ("deviceBusy", 453, True),
        ("serviceUnavailable", 503, True),
        ("upgrading", 503, True),
        ("notActivated", 403, False),
        ("deviceError", 500, False),
    ],
)
async def test_the_devices_condition_refuses_new_sessions_and_leaves_running_ones_alone(condition, status, retry):
    async with camera() as server, Wire(server) as wire, Wire(server) as other:
        await wire.play()
        server.device.condition = condition
        for method, uri in (("DESCRIBE", "101"), ("SETUP", "101/trackID=3")):
            answer = await other.ask(method, uri, TCP)
            assert f" {status} " in answer
            assert (re.search(r"Retry-After: \d+\r\n", answer) is not None) is retry
            assert " 401 " in await other.ask(method, uri, sign=False)
        assert "200 OK" in await wire.ask("GET_PARAMETER")
        assert server.playing == 1
        assert "200 OK" in await wire.ask("TEARDOWN")


async def test_parameters_that_are_not_known_are_named():
    async with camera() as server, Wire(server) as wire:
        await wire.play()
        assert "200 OK" in await wire.ask("SET_PARAMETER")
        answer = await wire.ask("SET_PARAMETER", "101", "Content-Type: text/parameters", body="barparam: barstuff\r\n")
        assert " 451 " in answer and answer.endswith("\r\n\r\nbarparam\r\n")
        assert server.playing == 1
