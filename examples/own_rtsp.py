"""This example shows how to 1. join RTP packets of your own RTSP stack to a message, 2. decode its document.

Packets are read from files that hold one RTP packet each: python examples/own_rtsp.py packet1.bin packet2.bin
"""

import sys
from pathlib import Path

from onframe import Depacketizer, decode


def main(files: list[str]) -> None:
    depacketizer = Depacketizer()
    for file in files:
        if message := depacketizer.push(Path(file).read_bytes()):
            document = decode(message.payload)
            print(document.kind, document.format, document.repairs, document.value)


if __name__ == "__main__":
    main(sys.argv[1:])
