"""Documents made to hurt: each costs one event, little time and little memory, and the next document is read.

They come from an RTSP server of a few lines, written here byte by byte; it has no HTTP side.
"""

from __future__ import annotations

import asyncio
import json
import struct
import sys
from pathlib import Path

import pytest

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=Media Presentation\r\nt=0 0\r\na=control:*\r\n"
    b"m=application 0 RTP/AVP 107\r\na=control:trackID=3\r\na=rtpmap:107 isapi.metadata/90000\r\n"
)
CLIENT = """
import asyncio, json, sys, time
from onframe import Camera, Record, Undecodable

def kilobytes(name):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(name + ":"))

async def main():
    camera = Camera("127.0.0.1", username="admin", password="x", http_port=1, rtsp_port=int(sys.argv[1]))
    async with camera:
        events, said = camera.events(via="channel"), []
        async for event in events:
            if isinstance(event, Record) and event.metadata.sub_type == "before":
                open("/proc/self/clear_refs", "w").write("5")  # the peak begins anew
                before, cpu = kilobytes("VmRSS"), time.process_time()
            elif isinstance(event, Record) and event.metadata.sub_type == "after":
                spent, grown = time.process_time() - cpu, kilobytes("VmHWM") - before
                print(json.dumps({"said": said, "seconds": spent, "megabytes": grown / 1024, "epoch": event.epoch,
                                  "gap_before": event.gap_before is not None, "raw": event.raw.decode()}), flush=True)
                return
            elif not hasattr(event, "state"):
                said.append([type(event).__name__, getattr(event, "error", None), event.message])
                del event

asyncio.run(main())
"""


def document(sub_type):
    return f"<Metadata><type>activityTarget</type><subType>{sub_type}</subType></Metadata>".encode()


def bomb(encoding):
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    text = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE m [<!ENTITY a0 "bombbomb">{entities}]>'
    return (text + "<Metadata><type>&a9;</type></Metadata>").encode(encoding)


HOSTILE = {
    "entity bomb, UTF-8": bomb("utf-8"),
    "entity bomb, UTF-16": bomb("utf-16"),
    "nesting in XML": b"<Metadata>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</Metadata>",
    "nesting in JSON, lists": b'{"Metadata":{"type":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    "nesting in JSON, objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "an attribute of 10 MB": b'<Metadata a="' + b"x" * 10_000_000 + b'"><type>t</type></Metadata>',
    "an attribute of 3 MB": b'<Metadata a="' + b"x" * 3_000_000 + b'"><type>t</type></Metadata>',
    "invalid UTF-8, XML": b"<Metadata><type>activityTarget</type><subType>\xff\xfe\xc3(</subType></Metadata>",
    "invalid UTF-8, JSON": b'{"Metadata":{"type":"\xff\xfe\xc3(","subType":"heatmap"}}',
    "half a document, XML": document("half")[:-20],
    "half a document, JSON": b'{"Metadata":{"type":"ruleTarget","subType":"he',
    "a million elements": b"<Metadata>" + b"<a/>" * 1_000_000 + b"</Metadata>",
    "a million numbers": b'{"Metadata":{"type":[' + b"1," * 1_000_000 + b"1]}}",
    "nothing that is known": b"\x00\x01\x02 no document at all",
}


class Sender:
    """Sends the documents of one test to whoever plays, in RTP packets of at most 60 kB."""

    def __init__(self, documents):
        self.documents = documents
        self.sequence = 0

    async def serve(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                if "$" in head[:1]:
                    return
                method, _, cseq = head.split()[0], *_cseq(head)
                writer.write(self.answer(method, cseq))
                if method == "PLAY":
                    for n, payload in enumerate(self.documents):
                        await self.send(writer, payload, 3600 * n)
                        await asyncio.sleep(0.3 if n == 0 else 0)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def answer(self, method, cseq):
        head = f"RTSP/1.0 200 OK\r\nCSeq: {cseq}\r\n".encode()
        if method == "DESCRIBE":
            return head + f"Content-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n\r\n".encode() + SDP
        if method == "SETUP":
            head += b"Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
        if method == "OPTIONS":
            return head + b"Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN\r\n\r\n"
        return head + b"Session: 7;timeout=60\r\n\r\n"

    async def send(self, writer, payload, timestamp):
        pieces = [payload[i : i + 60_000] for i in range(0, len(payload), 60_000)]
        for piece in pieces:
            self.sequence += 1
            marker = 0x80 if piece is pieces[-1] else 0
            packet = struct.pack(">BBHII", 0x80, marker | 107, self.sequence, timestamp, 0x55667788) + piece
            writer.write(b"$\x00" + struct.pack(">H", len(packet)) + packet)
            await writer.drain()


def _cseq(head):
    return "", next(line.split(":")[1].strip() for line in head.splitlines() if line.lower().startswith("cseq"))


async def cost(documents, tmp_path: Path):
    """What the client made of these documents between "before" and "after"."""
    (tmp_path / "client.py").write_text(CLIENT)
    server = await asyncio.start_server(Sender([document("before"), *documents, document("after")]).serve, "127.0.0.1")
    async with server:
        port = server.sockets[0].getsockname()[1]
        client = await asyncio.create_subprocess_exec(
            *(sys.executable, str(tmp_path / "client.py"), str(port)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(60):
                output, errors = await client.communicate()
        finally:
            if client.returncode is None:
                client.kill()
                await client.wait()
    assert client.returncode == 0, errors.decode()
    assert b"Traceback" not in errors
    return json.loads(output)


@pytest.mark.requirement("R-105")
@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_document_costs_one_event_and_the_next_one_is_read(name, tmp_path: Path):
    found = await cost([HOSTILE[name]], tmp_path)
    print(f"{name}: {found['seconds']:.3f} s, {found['megabytes']:.1f} MB: {found['said']}")
    assert [what for what, *_ in found["said"]] == ["Undecodable"]
    assert found["said"][0][1] in ("DecodeError", "LimitExceeded")
    assert found["raw"].encode() == document("after")
    assert (found["epoch"], found["gap_before"]) == (1, False)
    assert found["seconds"] < 1.0
    assert found["megabytes"] < 32.0


@pytest.mark.requirement("R-105")
async def test_all_of_them_one_after_the_other_cost_one_event_each(tmp_path: Path):
    found = await cost(list(HOSTILE.values()), tmp_path)
    assert [what for what, *_ in found["said"]] == ["Undecodable"] * len(HOSTILE)
    assert found["epoch"] == 1
