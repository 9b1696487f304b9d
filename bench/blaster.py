"""An RTSP server that sends N metadata messages as fast as they are taken: rtsp://127.0.0.1:port/N.

python bench/blaster.py        prints its port, serves until its standard input is closed
"""

from __future__ import annotations

import asyncio
import sys

from messages import messages

from onframe.wire.payload.message import Packetizer
from onframe.wire.rtsp import InterleavedFrame

SHAPE = "behaviour analysis, 5 targets"
DISTINCT = 500
_TICKS = 3600  # 25 messages a second on a clock of 90 kHz
_BATCH = 50
_SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=Media Presentation\r\nt=0 0\r\na=control:*\r\n"
    "m=application 0 RTP/AVP 107\r\nc=IN IP4 0.0.0.0\r\na=recvonly\r\na=control:trackID=3\r\n"
    "a=rtpmap:107 isapi.metadata/90000\r\n"
)
_HEADERS = {
    "OPTIONS": "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN\r\n",
    "DESCRIBE": f"Content-Type: application/sdp\r\nContent-Length: {len(_SDP)}\r\n",
    "SETUP": "Session: 1;timeout=60\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n",
}


def payloads(count: int) -> list[bytes]:
    """What is sent, in order."""
    distinct = messages(SHAPE, DISTINCT)
    return [distinct[index % DISTINCT] for index in range(count)]


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            request = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, url = request.split()[:2]
            cseq = request.lower().partition("cseq:")[2].split()[0]
            body = _SDP if method == "DESCRIBE" else ""
            headers = _HEADERS.get(method, "Session: 1\r\n")
            writer.write(f"RTSP/1.0 200 OK\r\nCSeq: {cseq}\r\n{headers}\r\n{body}".encode())
            if method == "PLAY":
                await _send(writer, int(url.rstrip("/").rpartition("/")[2]))
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _send(writer: asyncio.StreamWriter, count: int) -> None:
    packetizer = Packetizer(ssrc=0x55667788, sequence_number=1)
    frames = []
    for index, payload in enumerate(payloads(count)):
        packets = packetizer.packetize(payload, index * _TICKS)
        frames += [InterleavedFrame(0, packet.serialize()).serialize() for packet in packets]
    for start in range(0, len(frames), _BATCH):
        writer.write(b"".join(frames[start : start + _BATCH]))
        await writer.drain()
    writer.write_eof()


async def _main() -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_main())
