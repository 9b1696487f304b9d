"""The fault proxy between plain sockets: what each word does to the bytes, the bounds, and what is left behind."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from onframe.errors import OnframeError
from onframe.simulator.fault_plan import parse
from onframe.simulator.proxy import PROXY_WORDS, ByteScript, FaultProxy

ALPHABET = b"abcdefghijklmnopqrstuvwxyz"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def script(text: str) -> ByteScript:
    return ByteScript(parse(text, PROXY_WORDS))


@pytest.mark.parametrize(
    ("text", "out", "end"),
    [
        ("", ALPHABET, None),
        ("cut@bytes=3", b"abc", "cut"),
        ("rst@bytes=0", b"", "rst"),
        ("stall@bytes=25", b"abcdefghijklmnopqrstuvwxy", "stall"),
        ("halfopen@bytes=26", ALPHABET, "halfopen"),
        ("cut@bytes=27", ALPHABET, None),
        ("flip@bytes=0", b"`" + ALPHABET[1:], None),
        ("flip=5@bytes=25", ALPHABET[:25] + b"Z", None),
        ("dup@bytes=1..3", b"abcdbcdefghijklmnopqrstuvwxyz", None),
        ("drop@bytes=1..24", b"az", None),
        ("drop@bytes=0..0, dup@bytes=2..2, flip@bytes=4, cut@bytes=6", b"bccddf", "cut"),
        ("dup@bytes=1..2, dup@bytes=2..3", b"abcbcdcdefghijklmnopqrstuvwxyz", None),
    ],
)
def test_each_word_does_the_same_wherever_the_bytes_are_split(text: str, out: bytes, end: str | None) -> None:
    for first in range(27):
        for step in (1, 5, 26):
            one = script(text)
            pieces = one.feed(b"") + one.feed(ALPHABET[:first])
            for start in range(first, 26, step):
                pieces += [] if one.ended else one.feed(ALPHABET[start : start + step])
            ends = [piece.word for piece in pieces if not isinstance(piece, bytes)]
            assert b"".join(piece for piece in pieces if isinstance(piece, bytes)) == out
            assert ends == ([] if end is None else [end])


def test_a_script_counts_what_has_struck() -> None:
    one = script("flip@bytes=1, dup@bytes=3..4, cut@bytes=5, drop@bytes=9..9")
    one.feed(ALPHABET)
    assert one.hits == ["flip", "dup", "cut"]


def test_words_that_need_a_place_say_so() -> None:
    for text, said in (("flip", "needs a place"), ("dup@5s", "placed by bytes"), ("flip@bytes=1..2", "one number")):
        with pytest.raises(OnframeError) as refused:
            parse(text, PROXY_WORDS)
        assert said in f"{refused.value} {refused.value.hint}"


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
    except OSError:
        pass
    writer.close()


@asynccontextmanager
async def proxied(serve: Serve = echo, **options: object) -> AsyncIterator[FaultProxy]:
    before = asyncio.all_tasks()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with asyncio.timeout(30), FaultProxy("127.0.0.1", port, **options) as proxy:  # type: ignore[arg-type]
            yield proxy
        assert proxy.open == 0
    finally:
        server.close()
        await server.wait_closed()
    async with asyncio.timeout(10):
        while not asyncio.all_tasks() <= before:
            await asyncio.sleep(0.01)


async def talk(proxy: FaultProxy, data: bytes = ALPHABET) -> bytes:
    """What comes back of ``data``, up to the end of the connection."""
    reader, writer = await asyncio.open_connection(proxy.host, proxy.port)
    try:
        writer.write(data)
        writer.write_eof()
        return await reader.read()
    finally:
        writer.close()


async def test_without_a_script_everything_passes_and_is_counted() -> None:
    data = bytes(range(256)) * 4000
    async with proxied() as proxy:
        assert await asyncio.gather(talk(proxy, data), talk(proxy)) == [data, ALPHABET]
        assert (proxy.accepted, proxy.bytes_to_server, proxy.bytes_to_client) == (2, 1_024_026, 1_024_026)


async def test_cut_ends_the_connection_with_what_came_before() -> None:
    async with proxied(to_client="cut@bytes=5") as proxy:
        assert await talk(proxy) == b"abcde"
        assert proxy.to_client.done == {"cut": 1} and not proxy.to_server.done


async def test_rst_resets_the_connection() -> None:
    async with proxied(to_server="rst@bytes=5") as proxy:
        with pytest.raises(ConnectionResetError):
            await talk(proxy)
        assert proxy.to_server.done == {"rst": 1}


async def test_faults_in_the_bytes_strike_the_first_connections_alone() -> None:
    async with proxied(to_client="flip@bytes=0", connections=1) as proxy:
        assert await talk(proxy) == b"`" + ALPHABET[1:]
        assert await talk(proxy) == ALPHABET
        assert proxy.to_client.done == {"flip": 1}


async def test_split_writes_piece_by_piece() -> None:
    sizes: list[int] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            sizes.append(len(data))
            writer.write(data)
        writer.close()

    async with proxied(listen, to_server="split=1") as proxy:
        assert await talk(proxy) == ALPHABET
    assert sum(sizes) == 26 and len(sizes) > 5


async def test_a_slow_direction_takes_its_time_and_a_delay_too() -> None:
    started = time.monotonic()
    async with proxied(to_client="slow=1kB/s") as proxy:
        assert len(await talk(proxy, bytes(500))) == 500
    assert time.monotonic() - started >= 0.4
    started = time.monotonic()
    async with proxied(to_server="delay=300ms") as proxy:
        assert await talk(proxy) == ALPHABET
    assert time.monotonic() - started >= 0.3


async def test_a_stall_holds_everything_back_until_it_is_over() -> None:
    async with proxied() as proxy:
        proxy.to_client.inject("stall")
        waiting = asyncio.create_task(talk(proxy))
        await asyncio.sleep(0.3)
        assert not waiting.done() and proxy.bytes_to_server == 26 and proxy.bytes_to_client == 0
        proxy.to_client.clear("stall")
        assert await waiting == ALPHABET
        assert proxy.to_client.done == {"stall": 1}


async def test_while_half_open_bytes_vanish_and_nobody_is_told() -> None:
    async with proxied(to_client="halfopen") as proxy:
        reader, writer = await asyncio.open_connection(proxy.host, proxy.port)
        writer.write(b"lost")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.3)
        assert (proxy.bytes_to_server, proxy.bytes_to_client) == (4, 0)
        proxy.to_client.clear()
        writer.write(b"here")
        assert await reader.readexactly(4) == b"here"
        writer.close()


@pytest.mark.parametrize("word", ["stall", "halfopen"])
async def test_a_direction_can_end_silently_at_a_place(word: str) -> None:
    async with proxied(to_client=f"{word}@bytes=3") as proxy:
        reader, writer = await asyncio.open_connection(proxy.host, proxy.port)
        writer.write(ALPHABET)
        assert await reader.readexactly(3) == b"abc"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.3)
        assert proxy.to_client.done == {word: 1}
        writer.close()


async def test_open_connections_are_cut_and_reset_at_a_moment() -> None:
    async with proxied() as proxy:
        for word in ("cut", "rst"):
            reader, writer = await asyncio.open_connection(proxy.host, proxy.port)
            writer.write(b"a")
            assert await reader.readexactly(1) == b"a"
            proxy.to_server.inject(word)
            if word == "cut":
                assert await reader.read() == b""
            else:
                with pytest.raises(ConnectionResetError):
                    await reader.read()
            writer.close()
        assert proxy.to_server.done == {"cut": 1, "rst": 1}


async def test_a_server_that_is_not_there_costs_the_client_its_connection() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, and nobody listens
        async with asyncio.timeout(30), FaultProxy("127.0.0.1", nobody.getsockname()[1]) as proxy:
            with pytest.raises(ConnectionResetError):
                await talk(proxy)
            assert (proxy.accepted, proxy.refused, proxy.open) == (1, 1, 0)


async def test_a_client_that_does_not_read_holds_the_server_up_and_no_memory() -> None:
    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(bytes(65536))
                await writer.drain()
        except OSError:
            writer.close()

    async with proxied(pour) as proxy:
        _, writer = await asyncio.open_connection(proxy.host, proxy.port, limit=1024)
        passed = -1
        while passed != proxy.bytes_to_client:
            passed = proxy.bytes_to_client
            await asyncio.sleep(0.3)
        assert passed < 32 << 20
        writer.transport.abort()


def test_a_range_that_is_kept_has_a_bound() -> None:
    one = script("dup@bytes=0..2MB")
    out = b"".join(piece for n in range(3) for piece in one.feed(bytes(1_000_000)) if isinstance(piece, bytes))
    assert len(out) == 3_000_000 + (1 << 20)
