"""The short ways through the receiver give what the long ones give, whatever comes in whatever order."""

from __future__ import annotations

import random

import pytest

from onframe.camera.receiver import Receiver
from onframe.camera.tracks import VideoTrack
from onframe.wire.payload.h264 import H264Packetizer
from onframe.wire.payload.h265 import H265Packetizer
from onframe.wire.payload.nal import NALPacketizer, join_nals

BASE = 4_294_960_000
"""The timestamps wrap after 7296 ticks."""
SLICES = {"H264": (b"\x65", b"\x41"), "H265": (b"\x26\x01", b"\x02\x01")}


def packetizer(encoding: str, ssrc: int, sequence_number: int) -> NALPacketizer:
    made = H264Packetizer if encoding == "H264" else H265Packetizer
    return made(ssrc=ssrc, sequence_number=sequence_number, max_payload=60)


def packets(encoding: str, chance: random.Random, pictures: int) -> list[bytes]:
    """Pictures of some fragments each; some packets are lost, doubled, late, of another type, or of another source."""
    source = packetizer(encoding, 7, 65_500)
    sent: list[bytes] = []
    for n in range(pictures):
        if chance.random() < 0.05:
            source = packetizer(encoding, chance.choice((7, 8)), chance.randrange(65_536))
        key, other = SLICES[encoding]
        nals = [(other if n % 5 else key) + chance.randbytes(chance.randrange(1, 400)) for _ in range(2)]
        for packet in source.packetize(join_nals(nals), BASE + 3600 * n):
            data = packet.serialize()
            fate = chance.random()
            if fate < 0.03:
                continue
            sent += [data, data] if fate < 0.06 else [data]
            if fate > 0.97:
                sent.append(bytes((data[0], 105)) + data[2:])
            if 0.94 < fate < 0.97 and len(sent) > 1:
                sent[-2:] = sent[:-3:-1]
    return sent


@pytest.mark.parametrize("together", [1, 3, 40])
@pytest.mark.parametrize("encoding", ["H264", "H265"])
@pytest.mark.parametrize("seed", range(20))
def test_packets_that_came_together_and_one_by_one_give_the_same(encoding: str, seed: int, together: int) -> None:
    chance = random.Random(seed)
    short, long = (Receiver("gate", 1, 1, 3, ssrc=0xCAFE) for _ in range(2))
    for receiver in (short, long):
        receiver.add_video("v", encoding=encoding)
    units = shortened = n = 0
    sent = packets(encoding, chance, 60)
    while sent:
        count = chance.randrange(1, together + 1)
        came, sent = sent[:count], sent[count:]
        n += 1
        now = 1_700_000_000_000_000_000 + n * 4_000_000
        given, at = [], 0
        while at < len(came):
            taken = short.go_on("v", came, at, now)
            given += [] if taken else short.packet("v", came[at], now)
            at, shortened = at + (taken or 1), shortened + taken
        assert given == [unit for data in came for unit in long.packet("v", data, now)]
        units += len(given)
        if n % 50 == 0:
            assert short.reports(now) == long.reports(now)
    assert short.counters == long.counters
    assert units > 30 and short.counters["video_lost"] > 0 and short.counters["video_duplicates"] > 0
    assert shortened > 50


def test_the_short_way_is_taken_in_the_middle_alone() -> None:
    """Of a NAL unit of 230 bytes in pieces of 58: the first three pieces carry no marker, two of them no start."""
    receiver = Receiver("gate", 1, 1, 3)
    receiver.add_video("v")
    track, taken = receiver._video, []
    assert track is not None
    for packet in packetizer("H264", 7, 1).packetize(join_nals([b"\x65" + bytes(range(1, 230))]), BASE):
        data = packet.serialize()
        went = track.go_on([data], 0, receiver.clock, 0) == 1
        taken.append(went)
        given = [] if went else receiver.packet("v", data, 0)
    assert taken == [False, True, True, False]
    assert given[0].data == b"\0\0\0\1\x65" + bytes(range(1, 230))  # type: ignore[union-attr]


@pytest.mark.parametrize("seed", range(10))
def test_the_nearest_picture_is_that_of_all_within_three_seconds(seed: int) -> None:
    """By what the words say, worked out anew each time; pictures come out of turn, are lost, and leap."""
    chance = random.Random(seed)
    track = VideoTrack("v", 90_000, None)
    kept: list[int] = []
    newest = 0
    for _ in range(600):
        newest += 3600 if chance.random() < 0.97 else chance.randrange(1, 400_000)
        stamp = newest - chance.choice((0, 0, 0, 3600, 7200))
        track.remember(stamp)
        if stamp not in kept:
            kept = [*kept, stamp][-180:]
        while abs(stamp - kept[0]) > 270_000:
            del kept[0]
        ordered = sorted(kept)
        asked = stamp + chance.choice((0, 1, -1, 1000, -1700))
        if len(ordered) < 2:
            assert track.nearest(asked) == asked
            continue
        apart = sorted(b - a for a, b in zip(ordered, ordered[1:], strict=False))
        reach = apart[len(apart) // 2] // 2
        reach = reach if len(ordered) >= 8 else min(reach, 750)
        found = min(ordered, key=lambda time: abs(time - asked))
        if abs(found - asked) <= reach:
            assert abs(track.nearest(asked) - asked) == abs(found - asked)
        else:
            assert track.nearest(asked) not in kept
