"""How fast `decode` is beside other parsers walked by hand into the same objects.

    python bench/decode.py [--messages 500] [--rounds 15] [--only TEXT]

Each round has new messages, all distinct, which every decoder sees in the same order, in small turns that alternate,
so that a slow moment of the machine meets all of them. CPU time of this thread is measured. The ratios are medians of
those of the turns.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence

from messages import JSON_SHAPES, XML_SHAPES, messages
from peers import JSON_PEERS, XML_PEERS

from onframe.isapi.document import decode
from onframe.isapi.metadata import Metadata

Decoder = Callable[[bytes], Metadata]
TURN = 25
TARGETS = {
    ("behaviour analysis, 5 targets", "lxml + walk"): 1.0,
    ("tracking, 1 person", "json + hand typing"): 4.0,
    ("tracking, 10 persons", "json + hand typing"): 4.0,
}
"""The least ratio that is aimed at."""


def ours(payload: bytes) -> Metadata:
    """`onframe.decode` with every bound and leniency on."""
    value = decode(payload).value
    assert isinstance(value, Metadata)
    return value


def check(payloads: Sequence[bytes], peers: dict[str, Decoder]) -> None:
    """All decoders must give equal objects for all messages."""
    for payload in payloads:
        expected = ours(payload)
        for name, peer in peers.items():
            if (found := peer(payload)) != expected:
                sys.exit(f"{name} disagrees:\n{found}\n{expected}\n{payload.decode()}")


def cost(decoder: Callable[[bytes], object], payloads: Sequence[bytes]) -> float:
    """Microseconds of CPU for one message."""
    started = time.thread_time_ns()
    for payload in payloads:
        decoder(payload)
    return (time.thread_time_ns() - started) / 1000 / len(payloads)


def measure(shape: str, count: int, peers: dict[str, Decoder], rounds: int) -> dict[str, list[float]]:
    """The cost of each decoder in each turn; each round brings new messages, each turn another order of decoders."""
    decoders: dict[str, Callable[[bytes], object]] = {"onframe": decode, **peers}
    costs: dict[str, list[float]] = {name: [] for name in decoders}
    generator = random.Random(7)
    names = list(decoders)
    for number in range(rounds):
        payloads = messages(shape, count, number)
        for start in range(0, count, TURN):
            generator.shuffle(names)
            for name in names:
                costs[name].append(cost(decoders[name], payloads[start : start + TURN]))
    return costs


def report(shape: str, size: float, costs: dict[str, list[float]]) -> bool:
    """Print one shape; True when every target of it is met. ``size`` is that of a message in bytes."""
    print(f"\n{shape} ({size:.0f} bytes)")
    met = True
    for name, values in costs.items():
        ratios = [value / own for value, own in zip(values, costs["onframe"], strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        wanted = TARGETS.get((shape, name))
        verdict = "" if wanted is None else f"  target {wanted:g}: {'met' if middle >= wanted else 'MISSED'}"
        met = met and (wanted is None or middle >= wanted)
        spread = "" if name == "onframe" else f" [{low:.2f}-{high:.2f}]"
        print(f"  {name:20} {statistics.median(values):9.1f} us   x{middle:.2f}{spread}{verdict}")
    return met


def main() -> None:
    """Measure all shapes; say at the end whether a target was missed. Noise makes no failure of it."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--messages", type=int, default=500)
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--only", default="", help="measure the shapes whose names contain this")
    chosen = options.parse_args()
    print("time of one message; xN: N times the time that onframe takes (above 1, onframe is faster) [quartiles]")
    met = True
    for shape in (*XML_SHAPES, *JSON_SHAPES):
        if chosen.only not in shape:
            continue
        payloads = messages(shape, chosen.messages)
        peers = JSON_PEERS if shape in JSON_SHAPES else XML_PEERS
        check(payloads, peers)
        costs = measure(shape, chosen.messages, peers, chosen.rounds)
        met = report(shape, statistics.mean(map(len, payloads)), costs) and met
    print("every target is met" if met else "a target is missed: see above")


if __name__ == "__main__":
    main()
