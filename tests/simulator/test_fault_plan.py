"""The language of faults: what is read, what is refused and where, and when each fault begins and ends."""

from __future__ import annotations

import pytest

from onframe.errors import OnframeError
from onframe.simulator.fault_plan import CAMERA_WORDS, Fault, Timeline, parse


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("reboot@30s", Fault("reboot", 10.0, 30.0)),
        ("reboot=1min@30s", Fault("reboot", 60.0, 30.0)),
        ("loss=5%", Fault("loss", 0.05)),
        ("loss=0.05@10s..20s", Fault("loss", 0.05, 10.0, 20.0)),
        ("reorder=2%", Fault("reorder", 0.02)),
        ("duplicate=100%", Fault("duplicate", 1.0)),
        ("cut@bytes=4kB", Fault("cut", after=4000)),
        ("cut@5", Fault("cut", start=5.0)),
        ("stall@5s..8s every 20s", Fault("stall", None, 5.0, 8.0, 20.0)),
        ("halfopen@500ms", Fault("halfopen", start=0.5)),
        ("rst every 1min", Fault("rst", start=60.0, every=60.0)),
        ("slow=2kB/s", Fault("slow", 2000.0)),
        ("clock-jump=+1h@10s", Fault("clock-jump", 3600.0, 10.0)),
        ("clock-jump=-90s", Fault("clock-jump", -90.0)),
        ("clock-drift=-200ppm", Fault("clock-drift", -0.0002)),
        ("clock-1970", Fault("clock-1970", 10.0)),
        ("clock-1970=3s", Fault("clock-1970", 3.0)),
        ("nonce-expiry@3s", Fault("nonce-expiry", 0, 3.0)),
        ("nonce-expiry=every 5", Fault("nonce-expiry", 5)),
        ("nonce-expiry=every 5@1s..2s every 4s", Fault("nonce-expiry", 5, 1.0, 2.0, 4.0)),
        ("lockout=5", Fault("lockout", 5)),
        ("sequence-jump=-7@5s", Fault("sequence-jump", -7, 5.0)),
        ("ssrc-change@5s", Fault("ssrc-change", start=5.0)),
        ("oversize@5s", Fault("oversize", 5 * 1024 * 1024, 5.0)),
        ("oversize=6MiB", Fault("oversize", 6 * 1024 * 1024)),
        ("type-off=ANPR@5s..9s", Fault("type-off", "ANPR", 5.0, 9.0)),
        ("bye", Fault("bye")),
    ],
)
def test_each_word_is_read(text: str, fault: Fault) -> None:
    assert parse(text) == (fault,)


def test_faults_are_separated_by_commas_or_semicolons_and_keep_their_order() -> None:
    faults = parse(" loss=5% , stall@1s..2s;reboot@3s ,, ")
    assert [(fault.word, fault.position) for fault in faults] == [("loss", 1), ("stall", 11), ("reboot", 24)]
    assert parse("") == parse(" ; ") == ()


def test_every_word_is_written_as_its_example_says() -> None:
    for word in CAMERA_WORDS.values():
        assert parse(word.example)[0].word == word.name


@pytest.mark.parametrize(
    ("text", "position", "said"),
    [
        ("bang", 1, "possible: reboot, loss"),
        ("loss=5%, bang@3s", 10, "there is no fault 'bang'"),
        ("loss", 5, "write it like loss=5%"),
        ("loss=101%", 6, "a share is written like"),
        ("loss=much", 6, "like 5% or 0.05"),
        ("stall=3s", 7, "takes no value"),
        ("stall@8s..5s", 7, "ends before it begins"),
        ("stall@5s..", 11, "like 200ms, 30s"),
        ("stall@soon", 7, "like 200ms, 30s"),
        ("stall@5s..8s every 2s", 20, "lasts longer than the time until it comes again"),
        ("stall every 0s", 13, "a time above 0"),
        ("rst@1s..2s", 5, "has no end"),
        ("nonce-expiry@1s..2s", 14, "has no end"),
        ("rst@bytes=5", 11, "write rst@5s"),
        ("cut@bytes=1..2", 11, "give one number"),
        ("slow=2kB", 6, "a rate is written like 2kB/s"),
        ("slow=0B/s", 6, "is not 0"),
        ("clock-jump=1h", 12, "with its sign"),
        ("clock-drift=1", 13, "like 200ppm"),
        ("nonce-expiry=5", 14, "every 5"),
        ("nonce-expiry=every 1", 14, "not below 2"),
        ("slow=fast", 6, "a rate is written like"),
        ("oversize=huge", 10, "like 4096, 4kB"),
        ("lockout=0", 9, "a number above 0"),
        ("type-off=anpr", 10, "one of thermometry"),
    ],
)
def test_what_cannot_be_read_says_where_and_what_is_possible(text: str, position: int, said: str) -> None:
    with pytest.raises(OnframeError) as refused:
        parse(text)
    assert str(refused.value).startswith(f"position {position} of the faults: ")
    assert said in f"{refused.value} {refused.value.hint}"


def test_a_plan_has_a_bound() -> None:
    with pytest.raises(OnframeError, match="the plan has 1001 faults"):
        parse("bye," * 1001)


def steps(timeline: Timeline, now: float) -> list[tuple[float, str, bool]]:
    return [(step.at, step.fault.word, step.begins) for step in timeline.due(now)]


def test_faults_begin_and_end_at_their_times() -> None:
    timeline = Timeline(parse("stall@5s..8s, reboot@6s, loss=5%"))
    assert timeline.next == 0.0
    assert steps(timeline, 4.9) == [(0.0, "loss", True)]
    assert timeline.next == 5.0
    assert steps(timeline, 6.0) == [(5.0, "stall", True), (6.0, "reboot", True)]
    assert steps(timeline, 100.0) == [(8.0, "stall", False)]
    assert timeline.next is None


def test_a_fault_ends_before_another_begins_at_the_same_time() -> None:
    timeline = Timeline(parse("loss=1%@2s..3s, loss=1%@1s..2s"))
    assert steps(timeline, 2.0) == [(1.0, "loss", True), (2.0, "loss", False), (2.0, "loss", True)]


def test_a_fault_recurs_and_what_was_missed_happens_once() -> None:
    timeline = Timeline(parse("stall@5s..8s every 20s"))
    assert steps(timeline, 8.0) == [(5.0, "stall", True), (8.0, "stall", False)]
    assert steps(timeline, 28.0) == [(25.0, "stall", True), (28.0, "stall", False)]
    assert timeline.next == 45.0
    late = Timeline(parse("rst every 10s"))
    assert steps(late, 35.0) == [(10.0, "rst", True)]
    assert late.next == 40.0


def test_faults_that_are_added_count_from_then_and_dropped_ones_do_not_come() -> None:
    timeline = Timeline()
    timeline.add(parse("stall@1s..2s, rst@3s"), now=10.0)
    assert timeline.next == 11.0
    timeline.drop("stall")
    assert steps(timeline, 20.0) == [(13.0, "rst", True)]
    timeline.add(parse("rst@5s, bye@6s"))
    timeline.drop()
    assert timeline.next is None
