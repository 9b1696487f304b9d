"""Takes COUNT messages from an RTSP address, up to a step of the way, and prints how many bytes they had.

python bench/receivers.py messages|documents|records URL COUNT
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from onframe.camera.login import Login
from onframe.camera.receiver import Receiver
from onframe.camera.rtsp import RTSPClient
from onframe.isapi.document import decode
from onframe.record import Record
from onframe.wire.payload.message import Depacketizer

Step = Callable[[bytes], int]
"""Takes an RTP packet, gives the size of the message it completes, or 0."""


def messages() -> Step:
    """RTP to messages, undecoded."""
    depacketizer = Depacketizer()

    def step(packet: bytes) -> int:
        message = depacketizer.push(packet)
        return len(message.payload) if message is not None else 0

    return step


def documents() -> Step:
    """RTP to messages to typed documents."""
    depacketizer = Depacketizer()

    def step(packet: bytes) -> int:
        message = depacketizer.push(packet)
        return len(decode(message.payload).raw) if message is not None else 0

    return step


def records() -> Step:
    """All that a camera's receiver does: clocks, losses, documents, Records."""
    receiver = Receiver("camera", 1, 1, 1)
    receiver.add_metadata("trackID=3")

    def step(packet: bytes) -> int:
        received = receiver.packet("trackID=3", packet, time.time_ns())
        return sum(len(item.raw or b"") for item in received if isinstance(item, Record))

    return step


async def receive(step: Step, url: str, count: int) -> int:
    """The bytes of ``count`` messages."""
    loop = asyncio.get_running_loop()
    finished: asyncio.Future[None] = loop.create_future()
    taken = size = 0

    def on_frame(interleaved: int, packet: bytes) -> None:
        nonlocal taken, size
        if found := step(packet):
            taken, size = taken + 1, size + found
            if taken == count:
                finished.set_result(None)

    def on_closed(error: Exception | None) -> None:
        if not finished.done():
            finished.set_exception(error or ConnectionError(f"ended after {taken} messages"))

    parts = urlsplit(url)
    login = Login("admin", parts.password, host=parts.hostname or "")
    client = RTSPClient(parts.hostname or "", parts.port or 554, login, on_frame=on_frame, on_closed=on_closed)
    description = await client.open(f"rtsp://{parts.hostname}:{parts.port}{parts.path}")
    media = description.metadata_media()
    assert media is not None
    await client.setup([media])
    await client.play()
    await finished
    client.close()
    return size


if __name__ == "__main__":
    steps = {"messages": messages, "documents": documents, "records": records}
    print(asyncio.run(receive(steps[sys.argv[1]](), sys.argv[2], int(sys.argv[3]))))
