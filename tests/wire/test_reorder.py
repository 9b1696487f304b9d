"""Datagrams in any order, written by hand: twelve bytes of RTP header and a number."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onframe.wire.reorder import ReorderBuffer

SSRC = 0x55667788


def datagram(sequence, ssrc=SSRC):
    return struct.pack(">BBHII", 0x80, 107, sequence & 0xFFFF, 0, ssrc) + b"%d" % sequence


def numbers(datagrams):
    return [int(data[12:]) for data in datagrams]


def started(sequence=100):
    """A buffer out of which this packet has gone, at the time 0."""
    buffer = ReorderBuffer(max_delay=0.1)
    assert buffer.push(datagram(sequence), -0.1) == []
    assert numbers(buffer.flush(0.0)) == [sequence]
    return buffer


def test_packets_in_order_go_on_at_once():
    buffer = started()
    assert [numbers(buffer.push(datagram(number), 0.0)) for number in (101, 102, 103)] == [[101], [102], [103]]
    assert (buffer.reordered, buffer.duplicates, buffer.late) == (0, 0, 0)
    assert buffer.next_deadline() is None


@pytest.mark.fault("F40")
def test_the_datagram_that_was_overtaken_is_put_back():
    buffer = started()
    assert buffer.push(datagram(102), 0.0) == []
    assert buffer.push(datagram(103), 0.01) == []
    assert numbers(buffer.push(datagram(101), 0.02)) == [101, 102, 103]
    assert (buffer.reordered, buffer.duplicates, buffer.late) == (1, 0, 0)


@pytest.mark.fault("F40")
def test_a_datagram_that_comes_twice_goes_on_once_whether_it_waits_or_has_gone():
    buffer = started()
    assert buffer.push(datagram(102), 0.0) == []
    assert buffer.push(datagram(102), 0.0) == []
    assert numbers(buffer.push(datagram(101), 0.0)) == [101, 102]
    assert buffer.push(datagram(101), 0.0) == []
    assert buffer.push(datagram(102), 0.0) == []
    assert (buffer.reordered, buffer.duplicates, buffer.late) == (1, 3, 0)


def test_the_very_first_datagram_may_have_been_overtaken_too():
    buffer = ReorderBuffer(max_delay=0.1)
    assert buffer.push(datagram(8), 0.0) == []
    assert buffer.push(datagram(7), 0.05) == []
    assert numbers(buffer.flush(0.1)) == [7, 8]
    assert buffer.reordered == 1


def test_a_missing_datagram_is_waited_for_no_longer_than_the_delay():
    buffer = started()
    assert buffer.push(datagram(102), 1.0) == []
    assert buffer.push(datagram(103), 1.05) == []
    assert buffer.next_deadline() == pytest.approx(1.1)
    assert buffer.flush(1.09) == []
    assert numbers(buffer.flush(1.11)) == [102, 103]


def test_what_comes_after_its_turn_is_late_and_dropped():
    buffer = started()
    buffer.push(datagram(102), 1.0)
    buffer.flush(1.2)
    assert buffer.push(datagram(101), 1.3) == []
    assert (buffer.late, buffer.duplicates) == (1, 0)
    assert buffer.push(datagram(101), 1.3) == []
    assert (buffer.late, buffer.duplicates) == (1, 1)


def test_no_more_than_the_window_waits():
    buffer = started()
    for number in range(102, 102 + 32):
        assert buffer.push(datagram(number), 0.0) == []
    assert numbers(buffer.push(datagram(134), 0.0)) == [*range(102, 135)]


def test_numbers_wrap():
    buffer = started(65534)
    assert buffer.push(datagram(65536), 0.0) == []
    assert numbers(buffer.push(datagram(65535), 0.0)) == [65535, 65536]
    assert numbers(buffer.push(datagram(65537), 0.0)) == [65537]


def test_another_source_is_a_new_beginning_and_nothing_waits_for_the_old_one():
    buffer = started()
    buffer.push(datagram(103), 0.0)
    assert numbers(buffer.push(datagram(7, ssrc=1), 0.0)) == [103]
    assert numbers(buffer.flush(0.2)) == [7]


def test_a_far_jump_is_a_new_beginning():
    buffer = started()
    assert buffer.push(datagram(30_000), 0.0) == []
    assert numbers(buffer.flush(0.2)) == [30_000]
    assert numbers(buffer.push(datagram(30_001), 0.2)) == [30_001]


def test_a_sender_that_counts_anew_a_little_below_is_followed():
    buffer = started()
    for number in range(101, 150):
        buffer.push(datagram(number), 0.0)
    gone_on = []
    for number in range(110, 140):
        gone_on += numbers(buffer.push(datagram(number), 0.0))
    gone_on += numbers(buffer.flush(1.0))
    assert gone_on == [*range(126, 140)]


@pytest.mark.parametrize("data", [b"", b"short", b"\x00" * 20])
def test_what_is_no_rtp_passes_at_once(data):
    assert ReorderBuffer().push(data, 0.0) == [data]


@st.composite
def shuffled(draw):
    """A first number and packets 0 to n, of which each may be behind by a few places; some come twice."""
    first = draw(st.integers(0, 65535))
    delays = draw(st.lists(st.integers(0, 8), min_size=1, max_size=200))
    order = sorted(range(len(delays)), key=lambda number: (number + delays[number], number))
    doubles = draw(st.lists(st.integers(0, len(order) - 1), max_size=5))
    for place in sorted(doubles, reverse=True):
        order.insert(place + 1, order[place])
    return first, order, len(doubles)


@pytest.mark.fault("F40")
@given(shuffled())
def test_any_order_within_the_window_is_restored_and_every_double_dropped(case):
    first, order, doubles = case
    buffer = ReorderBuffer(max_delay=1.0)
    gone_on = []
    for place, number in enumerate(order):
        gone_on += numbers(buffer.push(datagram(first + number), place * 0.001))
    gone_on += numbers(buffer.flush(10.0))
    assert gone_on == [first + number for number in range(max(order) + 1)]
    assert (buffer.duplicates, buffer.late) == (doubles, 0)
    assert (buffer.reordered > 0) == (sorted(set(order)) != list(dict.fromkeys(order)))


@given(st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 2), st.floats(0, 0.2)), max_size=300))
def test_whatever_comes_nothing_is_invented_and_little_waits(packets):
    buffer, now, gone_on, pushed = ReorderBuffer(), 0.0, 0, 0
    for number, ssrc, pause in packets:
        now += pause
        gone_on += len(buffer.flush(now)) + len(buffer.push(datagram(number, ssrc), now))
        pushed += 1
        waiting = pushed - gone_on - buffer.duplicates - buffer.late
        assert 0 <= waiting <= 32
    gone_on += len(buffer.flush(now + 1))
    assert gone_on + buffer.duplicates + buffer.late == pushed
    assert buffer.next_deadline() is None
