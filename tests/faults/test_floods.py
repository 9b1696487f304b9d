"""Nothing that a peer sends makes the process grow beyond its bound: resident memory under every kind of flood.

The peer is written by hand, a few lines of RTSP and HTTP; the client is a process of its own, whose memory is read
from outside while it is flooded as fast as the loopback carries it.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import struct
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import psutil
import pytest

BOUND = 96 * 1024 * 1024
"""Bytes that one flooded Camera with one reader may add to the process (docs/robustness.md)."""
FLOODED = 1.0
"""Seconds of flood after it has begun."""
AMOUNT = 600 * 1024 * 1024
"""Bytes after which a flood ends earlier."""

Pieces: TypeAlias = Iterator[bytes]

SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=flood\r\nt=0 0\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:trackID=1\r\n"
    "m=application 0 RTP/AVP 107\r\na=rtpmap:107 isapi.metadata/90000\r\na=control:trackID=3\r\n"
)
CAPABILITY = b'<?xml version="1.0"?><MetadataCfg version="2.0"><metadataTypeList/></MetadataCfg>'
DOCUMENT = (
    b'<?xml version="1.0" encoding="UTF-8"?><Metadata version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">'
    b"<type>videoAnalysis</type><time>2026-01-02T03:04:05+08:00</time><VideoAnalysis/>%s</Metadata>"
)


def rtp(
    payload: bytes, n: int, *, marker: bool = True, ssrc: int = 7, timestamp: int | None = None, kind: int = 107
) -> bytes:
    """One RTP packet with the sequence number ``n``."""
    stamp = n * 3600 if timestamp is None else timestamp
    return struct.pack("!BBHII", 0x80, kind | marker << 7, n & 0xFFFF, stamp & 0xFFFFFFFF, ssrc) + payload


def frame(channel: int, payload: bytes) -> bytes:
    """Interleaved in the connection."""
    return b"$" + struct.pack("!BH", channel, len(payload)) + payload


def _packets(make: Callable[[int], bytes], channel: int = 2) -> Pieces:
    return (frame(channel, make(n)) for n in itertools.count())


def _document(n: int, filling: bytes = b"") -> bytes:
    return DOCUMENT % (b"<n>%d</n>%s" % (n, filling))


def _split(n: int, filling: bytes) -> bytes:
    """One long document as many full packets with one timestamp."""
    whole = _document(n, filling)
    parts = [whole[at : at + 60_000] for at in range(0, len(whole), 60_000)]
    first = n * len(parts)
    return b"".join(
        frame(2, rtp(part, first + k, marker=k == len(parts) - 1, timestamp=n * 3600)) for k, part in enumerate(parts)
    )


LETTERS = b"<a>" + b"x" * 3_900_000 + b"</a>"
SIBLINGS = b"<a>1</a>" * 49_000
RULE = b"<RuleList><Rule><ruleID>%d</ruleID></Rule></RuleList>"


def _answer(extra: str = "") -> bytes:
    return f"RTSP/1.0 200 OK\r\nCSeq: 1\r\n{extra}\r\n".encode()


AFTER_PLAY: dict[str, Callable[[], Pieces]] = {
    "a header line without end": lambda: itertools.chain([b"RTSP/1.0 200 OK\r\nX: "], itertools.repeat(b"x" * 65536)),
    "headers without end": lambda: itertools.chain([b"RTSP/1.0 200 OK\r\n"], itertools.repeat(b"X: y\r\n" * 8192)),
    "a body as long as it likes": lambda: itertools.chain(
        [b"RTSP/1.0 200 OK\r\nContent-Length: 99999999999\r\n\r\n"], itertools.repeat(b"x" * 65536)
    ),
    "answers that nobody asked for": lambda: itertools.repeat(_answer() * 500),
    "provisional answers": lambda: itertools.repeat(b"RTSP/1.0 100 Continue\r\nCSeq: 1\r\n\r\n" * 500),
    "requests, and never a read": lambda: itertools.repeat(b"OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n" * 500),
    "garbage between frames": lambda: itertools.repeat(b"\x00garbage" * 8192),
    "frames of channels never set up": lambda: itertools.repeat(frame(77, b"x" * 65000)),
    "packets that are no RTP": lambda: itertools.repeat(frame(2, b"\x00" * 60000)),
    "RTCP without meaning": lambda: itertools.repeat(frame(3, b"\x80\xff\x00\x00" * 15000)),
    "a document without end": lambda: _packets(lambda n: rtp(b"y" * 60_000, n, marker=False, timestamp=1)),
    "documents of 4 MB of text": lambda: (_split(n, LETTERS) for n in itertools.count()),
    "documents of 49,000 elements": lambda: (_split(n, SIBLINGS) for n in itertools.count()),
    "small documents": lambda: _packets(lambda n: rtp(_document(n), n)),
    "documents that cannot be read": lambda: _packets(lambda n: rtp(b"<a>" * 15000, n)),
    "ever new rules": lambda: _packets(lambda n: rtp(_document(n, RULE % n), n)),
    "a new source with every packet": lambda: _packets(lambda n: rtp(_document(n), n, ssrc=n & 0xFFFFFFFF)),
    "a gap before every packet": lambda: _packets(lambda n: rtp(_document(n), 40 * n)),
    "a new timestamp with every fragment": lambda: _packets(lambda n: rtp(b"<a>" * 300, n, marker=False)),
    "a picture without end": lambda: _packets(
        lambda n: rtp(b"\x7c\x05" + b"z" * 60_000, n, marker=False, timestamp=1, kind=96), 0
    ),
    "pictures of 60 kB": lambda: _packets(lambda n: rtp(b"\x65" + b"z" * 60_000, n, kind=96), 0),
    "parameter sets without end": lambda: _packets(lambda n: rtp(b"\x67" + struct.pack("!I", n) * 200, n, kind=96), 0),
}
BEFORE_PLAY: dict[str, Callable[[], Pieces]] = {
    "frames before the answer to PLAY": lambda: _packets(lambda n: rtp(b"x" * 65_000, n)),
}
IN_DESCRIBE: dict[str, Callable[[], Pieces]] = {
    "a description of thousands of sections": lambda: iter(
        [_described(SDP + "m=application 0 RTP/AVP 107\r\n" * 8000)]
    ),
    "a description of one long line": lambda: iter([_described(SDP + "a=x:" + "y" * 250_000 + "\r\n")]),
}
OVER_HTTP: dict[str, Callable[[], Pieces]] = {
    "an HTTP body without end": lambda: itertools.chain([b"HTTP/1.1 200 OK\r\n\r\n"], itertools.repeat(b"x" * 65536)),
    "HTTP headers without end": lambda: itertools.chain([b"HTTP/1.1 200 OK\r\n"], itertools.repeat(b"X: y\r\n" * 8192)),
    "chunks without end": lambda: itertools.chain(
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
        itertools.repeat(b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    ),
    "trailers without end": lambda: itertools.chain(
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"], itertools.repeat(b"X: y\r\n" * 8192)
    ),
    "challenges without end": lambda: (
        b'HTTP/1.1 401 No\r\nContent-Length: 0\r\nWWW-Authenticate: Digest realm="r", nonce="%d", stale=true\r\n\r\n'
        % n
        for n in itertools.count()
    ),
}
KINDS = {**AFTER_PLAY, **BEFORE_PLAY, **IN_DESCRIBE, **OVER_HTTP}


def _described(sdp: str) -> bytes:
    head = f"RTSP/1.0 200 OK\r\nCSeq: %d\r\nContent-Type: application/sdp\r\nContent-Length: {len(sdp)}\r\n\r\n"
    return (head + sdp).encode()


class Peer:
    """Answers as a camera until the place where its flood begins."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.began = asyncio.Event()
        self.sent = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def rtsp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One RTSP connection."""
        await self._guarded(self._rtsp(reader, writer), writer)

    async def http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One HTTP connection."""
        await self._guarded(self._http(reader, writer), writer)

    async def end(self) -> None:
        """End every connection."""
        for task in tuple(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _guarded(self, work: object, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        try:
            await asyncio.wait([task])
        finally:
            self._tasks.discard(task)
            writer.transport.abort()
            if not task.cancelled():
                task.exception()

    async def _rtsp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.readuntil(b"\r\n\r\n"):
            method = request.split(b" ", 1)[0].decode()
            cseq = int(re.search(rb"CSeq: *(\d+)", request)[1])  # type: ignore[index]
            if method == "DESCRIBE" and self.kind in IN_DESCRIBE:
                self.began.set()
                for piece in KINDS[self.kind]():
                    await self._write(writer, piece.replace(b"%d", b"%d" % cseq))
                continue
            if method == "PLAY" and self.kind in BEFORE_PLAY:
                await self._flood(writer)
            writer.write(_answered(method, cseq))
            if method == "PLAY" and self.kind in AFTER_PLAY:
                await self._flood(writer)

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            if self.kind not in OVER_HTTP:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(CAPABILITY), CAPABILITY))
            elif self.kind.startswith("challenges"):
                self.began.set()
                self._challenges = getattr(self, "_challenges", None) or KINDS[self.kind]()
                await self._write(writer, next(self._challenges))
            else:
                await self._flood(writer)

    async def _flood(self, writer: asyncio.StreamWriter) -> None:
        self.began.set()
        for piece in KINDS[self.kind]():
            await self._write(writer, piece)
            if self.sent > AMOUNT:
                return

    async def _write(self, writer: asyncio.StreamWriter, piece: bytes) -> None:
        writer.write(piece)
        await writer.drain()
        self.sent += len(piece)


def _answered(method: str, cseq: int) -> bytes:
    if method == "DESCRIBE":
        return _described(SDP).replace(b"%d", b"%d" % cseq)
    extra = "Session: 5;timeout=60\r\n" if method != "OPTIONS" else "Public: DESCRIBE, SETUP, PLAY, GET_PARAMETER\r\n"
    return f"RTSP/1.0 200 OK\r\nCSeq: {cseq}\r\n{extra}\r\n".encode()


async def _lines_of(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    while line := await stream.readline():
        yield line.decode()


async def flood(kind: str, reading: str) -> tuple[int, int]:
    """The bytes that the client's resident memory grew by at most, and the bytes sent to it."""
    peer = Peer(kind)
    rtsp = await asyncio.start_server(peer.rtsp, "127.0.0.1", 0)
    http = await asyncio.start_server(peer.http, "127.0.0.1", 0)
    ports = [str(server.sockets[0].getsockname()[1]) for server in (rtsp, http)]
    client = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("flooded_client.py")),
        *ports,
        reading,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert client.stdout is not None
        await asyncio.wait_for(anext(_lines_of(client.stdout)), 20)
        resident = psutil.Process(client.pid).memory_info
        before = most = resident().rss
        await asyncio.wait_for(peer.began.wait(), 20)
        until = asyncio.get_running_loop().time() + FLOODED
        while asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.02)
            most = max(most, resident().rss)
        assert client.returncode is None, "the client died"
        return most - before, peer.sent
    finally:
        client.kill()
        await client.wait()
        await peer.end()
        for server in (rtsp, http):
            server.close()
            await server.wait_closed()


@pytest.mark.fault("F11", "F12", "F19", "F46", "F50", "F61")
@pytest.mark.parametrize("kind", KINDS)
async def test_a_flood_is_bounded_in_memory_while_it_is_read(kind: str) -> None:
    grown, sent = await flood(kind, "quick")
    print(f"{kind}: {sent / 2**20:.0f} MB sent, {grown / 2**20:.1f} MB grown")
    assert sent > 0
    assert grown < BOUND


@pytest.mark.fault("F61")
@pytest.mark.parametrize(
    "kind",
    [
        "small documents",
        "documents of 4 MB of text",
        "documents of 49,000 elements",
        "pictures of 60 kB",
        "documents that cannot be read",
        "ever new rules",
    ],
)
async def test_a_flood_is_bounded_in_memory_while_nobody_reads(kind: str) -> None:
    grown, sent = await flood(kind, "never")
    print(f"{kind}: {sent / 2**20:.0f} MB sent, {grown / 2**20:.1f} MB grown")
    assert grown < BOUND
