"""G.711 by values of the recommendation, and its packets."""

import struct

import pytest

from onframe.errors import ProtocolError
from onframe.wire.payload import pcm
from onframe.wire.rtp import RTPPacket


def rtp(sequence, payload, *, timestamp=160, payload_type=0):
    return struct.pack(">BBHII", 0x80, payload_type, sequence, timestamp, 5) + payload


def samples(*values):
    return struct.pack(f"<{len(values)}h", *values)


@pytest.mark.parametrize(
    ("code", "sample"),
    [(0xFF, 0), (0x7F, 0), (0x80, 32124), (0x00, -32124), (0xFE, 8), (0x7E, -8), (0xEF, 132), (0xF0, 120)],
)
def test_mu_law_values(code, sample):
    assert pcm.decode_pcmu(bytes([code])) == samples(sample)


@pytest.mark.parametrize(
    ("code", "sample"), [(0xD5, 8), (0x55, -8), (0xAA, 32256), (0x2A, -32256), (0xD4, 24), (0xC5, 264), (0xF5, 528)]
)
def test_a_law_values(code, sample):
    assert pcm.decode_pcma(bytes([code])) == samples(sample)


def test_every_code_comes_back():
    codes = bytes(range(256))
    assert pcm.encode_pcma(pcm.decode_pcma(codes)) == codes
    assert pcm.encode_pcmu(pcm.decode_pcmu(codes)) == codes.replace(b"\x7f", b"\xff")  # there is one zero


def test_loud_samples_are_clipped():
    assert pcm.encode_pcmu(samples(32767, -32768)) == b"\x80\x00"
    assert pcm.encode_pcma(samples(32767, -32768)) == b"\xaa\x2a"


def test_encoding_is_within_the_step():
    for value in range(-32000, 32000, 517):
        for decode, encode in ((pcm.decode_pcmu, pcm.encode_pcmu), (pcm.decode_pcma, pcm.encode_pcma)):
            (back,) = struct.unpack("<h", decode(encode(samples(value))))
            assert abs(back - value) <= max(16, abs(value) // 28)


def test_half_a_sample_is_a_protocol_error():
    with pytest.raises(ProtocolError):
        pcm.encode_pcmu(b"\0")


def test_packets_become_audio_with_loss_counted():
    depacketizer = pcm.PCMDepacketizer()
    assert depacketizer.push(rtp(1, b"\xff" * 160)) == pcm.AudioChunk(b"\xff" * 160, 160, 0)
    assert depacketizer.push(rtp(4, b"\xfe" * 160, timestamp=640)) == pcm.AudioChunk(b"\xfe" * 160, 640, 2)
    assert depacketizer.push(rtp(4, b"\xfe" * 160, timestamp=640)) is None
    assert depacketizer.push(rtp(5, b"x", payload_type=8)) is None
    assert depacketizer.push(b"\x80") is None
    assert (depacketizer.duplicates, depacketizer.foreign, depacketizer.malformed) == (1, 1, 1)


def test_audio_becomes_packets_whose_timestamps_count_samples():
    packetizer = pcm.PCMPacketizer(pcm.PCMA, ssrc=5, sequence_number=65535)
    packets = packetizer.packetize(b"\xd5" * 500, 2**32 - 100)
    assert [(p.sequence_number, p.timestamp, len(p.payload), p.marker) for p in packets] == [
        (65535, 2**32 - 100, 320, True),
        (0, 220, 180, False),
    ]
    assert packetizer.packetize(b"\xd5", 600)[0].marker is False
    assert packets[0].serialize()[:12] == bytes.fromhex("8088ffffffffff9c00000005")


def test_a_parsed_packet_with_a_timestamp_of_the_caller_is_taken_as_it_is():
    packet = RTPPacket.parse(rtp(1, b"\xff"))
    assert pcm.PCMDepacketizer().push(packet, timestamp=2**33) == pcm.AudioChunk(b"\xff", 2**33, 0)
