"""A simulated camera over a programme that costs nothing, and a client of bytes that takes answers and frames apart.

Loaded by conftest.py, for all tests of the RTSP server.
"""

import asyncio
import contextlib
import hashlib
import re
import socket
import struct
from dataclasses import replace

from onframe.simulator.device import PROFILES, Device
from onframe.simulator.quirks import Quirks
from onframe.simulator.rtsp import RTSPServer
from onframe.simulator.source import MediaItem, Source, VideoParameters

SPS, PPS = bytes.fromhex("6742c01f8c8d40"), bytes.fromhex("68ce3c80")
KEY = b"\x00\x00\x00\x01" + SPS + b"\x00\x00\x00\x01" + PPS + b"\x00\x00\x00\x01\x65" + bytes(range(1, 200)) * 12
OTHER = b"\x00\x00\x00\x01\x41" + b"picture" * 20
STEP = 40_000_000
LONG = b'<?xml version="1.0"?><Metadata><type>long</type>' + b"<x>0123456789</x>" * 150 + b"</Metadata>"


def item(n, name, payload=None, kind="target", metadata_type=None):
    payload = payload or f"<Metadata><type>{name}</type><n>{n}</n></Metadata>".encode()
    return MediaItem("metadata", n * STEP, payload, metadata_type=metadata_type, kind=kind, format="xml")


class Programme:
    """25 pictures a second, and with each one plate, one behaviour document, one heat map and one PTZ position."""

    streams = (1, 2)

    def prepare(self):
        pass

    def prepare_stream(self, stream):
        pass

    def at(self, n):
        return n * STEP

    def frame_at(self, at):
        return at // STEP

    def parameters(self, stream):
        return VideoParameters(*((1280, 720) if stream == 1 else (640, 360)), SPS, PPS)

    def picture(self, stream, n):
        return (KEY, True) if n % 5 == 0 else (OTHER, False)

    def captured(self, stream, n):
        return self.at(n)

    def sound(self, n):
        return b"\xff" * 320

    def documents(self, n, epoch_ns):
        return [
            item(n, "plate", metadata_type="ANPR"),
            item(n, "behaviour", LONG, metadata_type="behaviorAnalysis"),
            item(n, "heat"),
            item(n, "ptz", kind="ptz"),
        ]

    def rules(self, n, epoch_ns):
        return [
            item(n, "plateRule", kind="rule", metadata_type="ANPR"),
            item(n, "behaviourRule", kind="rule", metadata_type="behaviorAnalysis"),
        ]


@contextlib.asynccontextmanager
async def camera(*, profile="guide-2017", quirks=None, channels=(1,), programme=Programme, **options):
    """A running RTSPServer; ``quirks`` are those of the profile, changed."""
    kind = PROFILES[profile]
    kind = replace(kind, quirks=Quirks.parse(quirks or {}, kind.quirks))
    device = Device("admin", "abcd1234", kind, channels)
    sources = {number: Source(programme(), channel=number, trouble=options.get("trouble")) for number in channels}
    for source in sources.values():
        await source.prepare()
    server = RTSPServer(device, sources, **options)
    await server.start()
    device.rtsp_port = server.port
    try:
        yield server
    finally:
        await server.close()
        for source in sources.values():
            await source.close()


class Wire:
    """A client of bytes: it writes requests out and takes answers and frames apart by itself."""

    def __init__(self, server, buffer=None, tls=None, host="127.0.0.1"):
        self.server, self.cseq, self.frames, self.session, self.buffer = server, 0, [], None, buffer
        self.tls, self.host, self.port = tls, host, server.rtsps_port if tls else server.port
        shown = f"[{host}]" if ":" in host else host
        self.base = f"{'rtsps' if tls else 'rtsp'}://{shown}:{self.port}/ISAPI/Streaming/channels/"
        self.challenge = None

    async def __aenter__(self):
        sock = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET)
        if self.buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.buffer)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (self.host, self.port))
        self.reader, self.writer = await asyncio.open_connection(
            sock=sock, limit=self.buffer or 65536, ssl=self.tls, server_hostname=self.host if self.tls else None
        )
        return self

    async def __aexit__(self, *exception):
        self.writer.close()

    async def ask(self, method, uri="101", *lines, sign=True, body=""):
        uri = uri if uri.startswith(("rtsp:", "rtsps:")) else self.base + uri
        self.cseq += 1
        head = [f"{method} {uri} RTSP/1.0", f"CSeq: {self.cseq}", *lines]
        head += [f"Content-Length: {len(body)}"] if body else []
        if sign:
            if self.challenge is None:
                first = await self.ask("DESCRIBE", "101", sign=False)
                self.challenge = re.findall(r'(?:realm|nonce)="([^"]*)"', first)
                return await self.ask(method, uri, *lines, body=body)
            realm, nonce = self.challenge
            a1, a2 = (_md5(text) for text in (f"admin:{realm}:abcd1234", f"{method}:{uri}"))
            response = _md5(f"{a1}:{nonce}:{a2}")
            values = f'username="admin", realm="{realm}", nonce="{nonce}", uri="{uri}", response="{response}"'
            head.append(f"Authorization: Digest {values}")
        if self.session:
            head.append(f"Session: {self.session}")
        self.writer.write(("\r\n".join([*head, "", ""]) + body).encode())
        return await self.answer()

    async def answer(self):
        async with asyncio.timeout(5):
            while await self.frame():
                pass
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            head = "R" + head
            length = re.search(r"Content-Length: (\d+)", head)
            if length:
                head += (await self.reader.readexactly(int(length[1]))).decode()
        found = re.search(r"Session: *(\d+)", head)
        self.session = found[1] if found and "200 OK" in head else self.session
        return head

    async def frame(self):
        """One frame into ``frames``; False where an answer begins instead."""
        if await self.reader.readexactly(1) != b"$":
            return False
        channel, size = struct.unpack(">BH", await self.reader.readexactly(3))
        self.frames.append((channel, await self.reader.readexactly(size)))
        return True

    async def receive(self, condition):
        """Frames until they fulfil the condition."""
        async with asyncio.timeout(10):
            while not condition(self.frames):
                assert await self.frame()

    async def play(self, uri="101", tracks=(3,)):
        for track in tracks:
            transport = f"Transport: RTP/AVP/TCP;unicast;interleaved={2 * track}-{2 * track + 1}"
            assert "200 OK" in await self.ask("SETUP", f"{uri}/trackID={track}", transport)
        return await self.ask("PLAY", uri)


def _md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def rtp(frame):
    first, second, sequence, timestamp, ssrc = struct.unpack(">BBHII", frame[:12])
    assert first == 0x80
    return second >> 7, second & 127, sequence, timestamp, ssrc, frame[12:]


def metadata_of(frames, channel=6):
    return [rtp(payload) for number, payload in frames if number == channel]


def documents_of(frames, channel=6):
    documents, parts = [], b""
    for marker, _, _, _, _, payload in metadata_of(frames, channel):
        parts += payload
        if marker:
            documents.append(parts)
            parts = b""
    return documents


def names_of(frames):
    return {re.search(rb"<type>(\w+)", document)[1].decode() for document in documents_of(frames)}


def reports_of(frames, channel):
    return [payload for number, payload in frames if number == channel and payload[1] == 200]


async def until(condition, seconds=10):
    """Waits for what the server does by itself."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
