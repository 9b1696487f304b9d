"""Fan-out: every subscriber has its own bounded queue, and no loss goes unseen."""

import asyncio
from datetime import UTC, datetime

import pytest

from onframe.camera.hub import Hub, merge
from onframe.errors import AuthenticationError, LimitExceeded
from onframe.isapi.metadata import Metadata, Situation, Target
from onframe.record import AccessUnit, Gap, Record, StateChange, Undecodable

NOW = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
WHERE = {"camera": "gate", "channel": 1, "stream": 1, "epoch": 1}
ALL = (Record, Gap, StateChange, Undecodable, AccessUnit)


def record(
    n, *, type="activityTarget", sub_type="behaviorAnalysis", properties=(), raw=b"", gap_before=None, situation=None
):
    targets = [Target(target_id=n, properties=list(properties))]
    metadata = Metadata(type=type, sub_type=sub_type, targets=targets, situation=situation)
    return Record(**WHERE, n=n, received_at=NOW, metadata=metadata, raw=raw, gap_before=gap_before)


def gap(reason="loss", **fields):
    return Gap(**WHERE, received_at=NOW, reason=reason, **fields)


def picture(timestamp, size=1):
    return AccessUnit(**WHERE, received_at=NOW, timestamp=timestamp, data=bytes(size), key=False)


def state(name):
    return StateChange(**WHERE, state=name, reason="a test", since=NOW)


async def rest(subscriber):
    return [event async for event in subscriber]


async def test_every_subscriber_gets_every_record():
    hub = Hub()
    one, other = hub.subscribe(), hub.subscribe()
    hub.publish(record(1))
    hub.publish(record(2))
    hub.close()
    assert [r.n for r in await rest(one)] == [1, 2]
    assert [r.n for r in await rest(other)] == [1, 2]
    assert one.counters.delivered == 2


async def test_a_subscriber_waits_for_the_next_record():
    hub = Hub()
    waiting = asyncio.create_task(anext(hub.subscribe()))
    await asyncio.sleep(0)
    hub.publish(record(7))
    assert (await asyncio.wait_for(waiting, 1)).n == 7


async def test_a_cancelled_wait_loses_no_record():
    hub = Hub()
    subscriber = hub.subscribe()
    waiting = asyncio.create_task(anext(subscriber))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    hub.publish(record(7))
    assert (await anext(subscriber)).n == 7


@pytest.mark.fault("F61")
async def test_a_full_queue_drops_the_oldest_and_the_next_record_says_so():
    hub = Hub()
    slow, quick = hub.subscribe(maxsize=2), hub.subscribe(maxsize=10)
    for n in range(1, 6):
        hub.publish(record(n))
    hub.close()
    first, second = await rest(slow)
    assert (first.n, second.n) == (4, 5)
    assert (first.gap_before.reason, first.gap_before.records) == ("overflow", 3)
    assert second.gap_before is None
    assert slow.counters.dropped_records == slow.counters.dropped == 3
    assert [r.gap_before for r in await rest(quick)] == [None] * 5


@pytest.mark.fault("F61")
async def test_a_full_queue_of_events_tells_the_loss_as_a_gap_too():
    hub = Hub()
    slow = hub.subscribe(maxsize=2, events=ALL)
    for n in range(1, 5):
        hub.publish(record(n))
    hub.close()
    told, first, second = await rest(slow)
    assert (told.reason, told.records) == ("overflow", 2)
    assert first.gap_before == told
    assert second.gap_before is None


@pytest.mark.fault("F61")
async def test_the_queue_is_bounded_in_bytes_too():
    hub = Hub()
    slow = hub.subscribe(maxbytes=100)
    for n in range(1, 5):
        hub.publish(record(n, raw=bytes(40)))
    hub.close()
    assert [r.n for r in await rest(slow)] == [3, 4]


async def test_one_record_over_the_bound_still_passes():
    hub = Hub()
    subscriber = hub.subscribe(maxbytes=100)
    hub.publish(record(1, raw=bytes(500)))
    hub.close()
    assert [r.n for r in await rest(subscriber)] == [1]


@pytest.mark.parametrize(
    "special",
    [
        record(1, type="ruleTarget"),
        record(1, properties=[("triggerEvent", "true")]),
        record(1, sub_type="ANPR", properties=[("licensePlate", "XA12345")]),
        record(1, sub_type="fireDetection"),
        record(1, sub_type="faceSnap"),
        record(1, properties=[("eventType", "regionEntrance")]),
        record(1, properties=[("eventType", "regionExiting")]),
        record(1, sub_type="PeopleCounting", situation=Situation(enter_region_people_num=1)),
        record(1, sub_type="PeopleCounting", situation=Situation(leave_region_people_num=2)),
    ],
)
@pytest.mark.fault("F61")
async def test_rules_alarms_and_plates_are_kept_while_positions_can_be_dropped(special):
    hub = Hub()
    slow = hub.subscribe(maxsize=2)
    hub.publish(special)
    for n in range(2, 6):
        hub.publish(record(n, properties=[("triggerEvent", "false")]))
    hub.close()
    first, second = await rest(slow)
    assert (first.n, second.n) == (1, 5)
    assert first.gap_before is None
    assert second.gap_before.records == 3


async def test_dropped_pictures_are_counted_by_the_next_picture():
    hub = Hub()
    slow = hub.subscribe(maxsize=2, events=ALL)
    for timestamp in range(5):
        hub.publish(picture(timestamp))
    hub.close()
    first, second = await rest(slow)
    assert (first.timestamp, first.lost_before) == (3, 3)
    assert second.lost_before == 0
    assert slow.counters.dropped_pictures == 3


async def test_a_loss_told_by_a_dropped_record_is_told_by_the_next():
    hub = Hub()
    slow = hub.subscribe(maxsize=1)
    hub.publish(record(1, gap_before=gap(packets=4)))
    hub.publish(record(2))
    hub.close()
    (only,) = await rest(slow)
    assert (only.gap_before.reason, only.gap_before.packets, only.gap_before.records) == ("overflow", 4, 1)


async def test_a_gap_is_carried_over_records_that_the_filter_leaves_out():
    hub = Hub()
    plates = hub.subscribe(accept=lambda r: r.metadata.sub_type == "ANPR")
    hub.publish(gap(packets=2))
    hub.publish(record(1))
    hub.publish(gap(packets=3))
    hub.publish(record(2, gap_before=gap(packets=3)))
    hub.publish(record(3, sub_type="ANPR"))
    hub.publish(record(4, sub_type="ANPR"))
    hub.close()
    first, second = await rest(plates)
    assert first.n == 3
    assert first.gap_before.packets == 5
    assert second.gap_before is None


async def test_events_come_in_order_with_their_gaps():
    hub = Hub()
    events = hub.subscribe(events=ALL)
    sent = [state("live"), gap("reconnect"), record(1)]
    for event in sent:
        hub.publish(event)
    hub.close()
    change, told, carried = await rest(events)
    assert (change, told) == (sent[0], sent[1])
    assert carried.gap_before == sent[1]


@pytest.mark.fault("F61")
async def test_raise_ends_with_limit_exceeded_after_what_was_queued():
    hub = Hub()
    strict, other = hub.subscribe(maxsize=1, overflow="raise"), hub.subscribe()
    hub.publish(record(1))
    hub.publish(record(2))
    assert (await anext(strict)).n == 1
    with pytest.raises(LimitExceeded, match="too slow") as caught:
        await anext(strict)
    assert caught.value.maximum == 1
    assert len(hub) == 1
    assert (await anext(other)).n == 1


@pytest.mark.fault("F61")
async def test_block_asks_the_session_to_stop_reading_and_to_go_on():
    asked = []
    hub = Hub(on_blocked=asked.append)
    patient = hub.subscribe(maxsize=4, overflow="block")
    for n in range(6):
        hub.publish(record(n))
    assert asked == [True]
    assert hub.blocked
    for _ in range(4):
        await anext(patient)
    assert asked == [True, False]
    hub.publish(record(6))
    hub.close()
    assert [r.n for r in await rest(patient)] == [4, 5, 6]
    assert patient.counters.dropped == 0


async def test_a_blocked_queue_is_bounded_even_if_reading_does_not_stop():
    hub = Hub()
    patient = hub.subscribe(maxsize=4, overflow="block")
    for n in range(100):
        hub.publish(record(n))
    assert len(patient) == 8
    assert (await anext(patient)).gap_before.records == 92


async def test_a_blocking_subscriber_that_leaves_lets_the_session_go_on():
    asked = []
    hub = Hub(on_blocked=asked.append)
    patient = hub.subscribe(maxsize=1, overflow="block")
    hub.publish(record(1))
    patient.discard()
    assert asked == [True, False]
    assert len(hub) == 0


async def test_each_calls_back_for_what_is_queued_and_then_at_once():
    hub, got = Hub(), []
    subscriber = hub.subscribe(events=ALL, maxsize=1)
    hub.publish(record(1))
    hub.publish(record(2))
    each = asyncio.create_task(subscriber.each(got.append))
    await asyncio.sleep(0)
    assert [type(event) for event in got] == [Gap, Record] and got[1].n == 2
    for n in range(3, 6):
        hub.publish(record(n))
        assert got[-1].n == n, "not in this very turn"
    hub.publish(gap())
    hub.publish(record(6))
    assert got[-2].reason == "loss" and got[-1].gap_before is got[-2]
    hub.close()
    await asyncio.wait_for(each, 1)
    assert subscriber.counters.delivered == len(got) == 7 and len(subscriber) == 0


async def test_each_ends_with_the_session_s_error():
    hub = Hub()
    each = asyncio.create_task(hub.subscribe().each(lambda event: None))
    await asyncio.sleep(0)
    hub.close(AuthenticationError("refused"))
    with pytest.raises(AuthenticationError):
        await asyncio.wait_for(each, 1)


async def test_a_callback_that_raises_ends_its_own_subscriber_alone():
    hub, got = Hub(), []
    broken = asyncio.create_task(hub.subscribe().each(lambda event: 1 / 0))
    other = asyncio.create_task(hub.subscribe().each(got.append))
    await asyncio.sleep(0)
    hub.publish(record(1))
    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(broken, 1)
    hub.publish(record(2))
    assert [event.n for event in got] == [1, 2] and len(hub) == 1
    hub.close()
    await asyncio.wait_for(other, 1)


async def test_closing_with_an_error_raises_it_once():
    hub = Hub()
    subscriber = hub.subscribe()
    hub.publish(record(1))
    hub.close(AuthenticationError("refused"))
    assert (await anext(subscriber)).n == 1
    with pytest.raises(AuthenticationError):
        await anext(subscriber)
    with pytest.raises(StopAsyncIteration):
        await anext(subscriber)


async def test_a_hub_that_is_closed_ends_a_late_subscriber_too():
    hub = Hub()
    hub.close(AuthenticationError("refused"))
    with pytest.raises(AuthenticationError):
        await anext(hub.subscribe())


async def test_an_unknown_overflow_is_refused():
    with pytest.raises(ValueError, match="drop_oldest"):
        Hub().subscribe(overflow="forget")
    with pytest.raises(ValueError, match="at least 1"):
        Hub().subscribe(maxsize=0)


def test_merged_gaps_keep_the_graver_reason_and_the_outer_sequence_numbers():
    both = merge(
        gap("reconnect", first_sequence=5, last_sequence=9), gap("loss", packets=1, first_sequence=20, last_sequence=20)
    )
    assert (both.reason, both.packets, both.first_sequence, both.last_sequence) == ("reconnect", 1, 5, 20)
