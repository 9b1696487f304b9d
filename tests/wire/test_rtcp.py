"""RTCP both ways, and NTP time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onframe.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from onframe.wire.rtcp import (
    CNAME,
    Application,
    Bye,
    ReceiverReport,
    ReportBlock,
    SenderReport,
    SourceChunk,
    SourceDescription,
    UnknownReport,
    ntp_to_unix_ns,
    parse_compound,
    serialize_compound,
    unix_ns_to_ntp,
)

BLOCK = "aabbccdd" + "40fffffe" + "00010003" + "00000009" + "33445566" + "00018000"
BLOCK_READ = ReportBlock(0xAABBCCDD, 64, -2, 0x10003, 9, 0x33445566, 98304)
SENDER = bytes.fromhex("81c8000c" + "55667788" + "dde1c2aa80000000" + "b46e8c16" + "00000010" + "00002710" + BLOCK)
SENDER_READ = SenderReport(0x55667788, 0xDDE1C2AA80000000, 3027143702, 16, 10000, (BLOCK_READ,))
RECEIVER = bytes.fromhex("81c90007" + "00000001" + BLOCK)
RECEIVER_READ = ReceiverReport(1, (BLOCK_READ,))
DESCRIPTION = bytes.fromhex("82ca0006" + "00000001" + "0103616263" + "02017a" + "00000000" + "00000002" + "00000000")
DESCRIPTION_READ = SourceDescription((SourceChunk(1, ((CNAME, "abc"), (2, "z"))), SourceChunk(2)))
GOODBYE = bytes.fromhex("82cb0004" + "00000001" + "00000002" + "06726562" + "6f6f7400")
GOODBYE_READ = Bye((1, 2), "reboot")
APPLICATION = bytes.fromhex("85cc0003" + "00000001" + "6e616d65" + "01020304")
APPLICATION_READ = Application(5, 1, b"name", b"\1\2\3\4")
FEEDBACK = bytes.fromhex("81ce0002" + "00000001" + "00000002")
FEEDBACK_READ = UnknownReport(206, 1, bytes.fromhex("0000000100000002"))

PAIRS = [
    (SENDER, SENDER_READ),
    (RECEIVER, RECEIVER_READ),
    (DESCRIPTION, DESCRIPTION_READ),
    (GOODBYE, GOODBYE_READ),
    (APPLICATION, APPLICATION_READ),
    (FEEDBACK, FEEDBACK_READ),
]


@pytest.mark.parametrize(("data", "report"), PAIRS)
def test_each_packet_is_read_and_written(data, report):
    assert parse_compound(data) == [report]
    assert report.serialize() == data


def test_a_compound_is_read_in_order_from_any_buffer():
    data = b"".join(data for data, _ in PAIRS)
    expected = [report for _, report in PAIRS]
    assert parse_compound(data) == parse_compound(bytearray(data)) == parse_compound(memoryview(data)) == expected
    assert serialize_compound(expected) == data


@pytest.mark.parametrize("data", [data for data, _ in PAIRS])
def test_a_packet_cut_off_anywhere_is_a_protocol_error(data):
    for end in range(1, len(data)):
        with pytest.raises(RemoteProtocolError):
            parse_compound(RECEIVER + data[:end])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "81c80001" + "55667788",  # a sender report without its sender
        "81c90001" + "00000001",  # a report block is missing
        "91cb0001" + "00000001",  # 17 sources in one word
        "81ca0002" + "00000001" + "01ff6162",  # an item longer than its packet
        "82ca0001" + "00000001",  # the second chunk is missing
        "81ca0000",
        "81cb0002" + "00000001" + "ff000000",  # a reason longer than its packet
        "80cc0001" + "00000001",  # no name
        "41c90001" + "00000001",  # version 1
        "a0cb0000",  # padding in nothing
        "a0cb0001" + "00000008",  # more padding than bytes
        "a0cb0001" + "00000000",  # padding of none
    ],
)
def test_broken_packets_are_protocol_errors(text):
    with pytest.raises(RemoteProtocolError):
        parse_compound(bytes.fromhex(text))


def test_padding_and_profile_extensions_are_skipped():
    assert parse_compound(bytes.fromhex("a1cb0002" + "00000001" + "00000004")) == [Bye((1,))]
    assert parse_compound(bytes.fromhex("80cb0000")) == [Bye()]
    assert parse_compound(bytes.fromhex("80c90003" + "00000001" + "deadbeef00000000")) == [ReceiverReport(1)]


def test_a_text_that_is_not_utf_8_is_kept():
    data = bytes.fromhex("81ca0002" + "00000001" + "0101ff00")
    (description,) = parse_compound(data)
    assert description.serialize() == data


@pytest.mark.parametrize(
    "report",
    [
        SenderReport(1 << 32, 0, 0),
        SenderReport(1, 1 << 64, 0),
        ReceiverReport(-1),
        ReceiverReport(1, (ReportBlock(1),) * 32),
        ReceiverReport(1, (ReportBlock(1 << 32),)),
        SourceDescription((SourceChunk(1, ((1, "x" * 256),)),)),
        SourceDescription((SourceChunk(1, ((0, "x"),)),)),
        Bye((1,), "x" * 256),
        Application(1, 1, b"long name"),
        Application(32, 1, b"name"),
        UnknownReport(206, 0, b"abc"),
    ],
)
def test_fields_that_do_not_fit_are_the_callers_fault(report):
    with pytest.raises(LocalProtocolError):
        report.serialize()


@given(st.binary(max_size=60), st.sampled_from(range(200, 206)), st.integers(0, 31))
def test_any_bytes_are_reports_or_a_protocol_error(data, packet_type, count):
    body = data[: len(data) // 4 * 4]
    for sample in (data, bytes((0x80 | count, packet_type, 0, len(body) // 4)) + body):
        try:
            parse_compound(sample)
        except ProtocolError:
            pass


@pytest.mark.parametrize(
    ("ntp", "ns"),
    [
        (2_208_988_800 << 32, 0),
        (0xDDE1C2AA80000000, 1_513_571_370_500_000_000),
        (0xFFFFFFFF80000000, 2_085_978_495_500_000_000),
        (0x0000000000000000, 2_085_978_496_000_000_000),
    ],
)
def test_ntp_time_is_unix_time_also_after_2036(ntp, ns):
    assert ntp_to_unix_ns(ntp) == ns
    assert unix_ns_to_ntp(ns) == ntp


@given(st.integers(0, 4_000_000_000_000_000_000))
def test_unix_time_survives_the_way_through_ntp_to_the_nanosecond(ns):
    assert ntp_to_unix_ns(unix_ns_to_ntp(ns)) == ns
