"""A source plays in real time: capture instants, key pictures first, one coding for all, documents late in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from onframe.errors import OnframeError
from onframe.isapi.document import decode
from onframe.isapi.metadata import Metadata
from onframe.simulator.programme import Encode, SceneProgramme, Stamp, encode_document
from onframe.simulator.quirks import Quirks
from onframe.simulator.rewriting import metadata_encoder
from onframe.simulator.scenes import Scene
from onframe.simulator.source import MediaItem, Source
from onframe.simulator.trouble import Trouble


async def played(source: Source, count: int, stream: int = 1) -> list[MediaItem]:
    """The first ``count`` metadata items that a listener gets, and all that came between."""
    items: list[MediaItem] = []
    enough = asyncio.Event()

    def listen(item: MediaItem) -> None:
        items.append(item)
        if sum(i.track == "metadata" for i in items) >= count:
            enough.set()

    attachment = source.attach(stream, listen)
    async with asyncio.timeout(10):
        await enough.wait()
    attachment.detach()
    return items


async def test_video_begins_with_a_key_picture_and_runs_at_25_a_second(square: Callable[[], Scene]) -> None:
    source = Source(SceneProgramme(square()))
    await source.prepare()
    await asyncio.sleep(0.1)
    items = await played(source, 60)
    pictures = [i for i in items if i.track == "video"]
    assert pictures[0].key and pictures[0].at % 1_000_000_000 == 0
    assert {b.at - a.at for a, b in zip(pictures, pictures[1:], strict=False)} == {40_000_000}
    assert all(len(i.payload) == 320 for i in items if i.track == "audio")
    await source.close()


async def test_a_picture_is_the_same_bytes_for_everybody_and_a_document_is_encoded_once(
    square: Callable[[], Scene],
) -> None:
    scene = square()
    source = Source(SceneProgramme(scene))
    await source.prepare()
    results = await asyncio.gather(*(played(source, 40) for _ in range(3)))
    by_instant = [{i.at: i for i in items if i.track == "metadata" and i.metadata_type == "ANPR"} for items in results]
    shared = set.intersection(*map(set, by_instant))
    assert shared and all(len({id(items[at]) for items in by_instant}) == 1 for at in shared)
    asked: list[int] = scene.asked  # type: ignore[attr-defined]
    assert len(asked) == len(set(asked))
    await source.close()


@pytest.mark.requirement("R-035")
async def test_the_rules_are_there_for_every_session_that_begins(square: Callable[[], Scene]) -> None:
    source = Source(SceneProgramme(square()))
    await source.prepare()
    (idle,), (triggered,) = source.rules(0), source.rules(1_600_000_000)
    assert (idle.kind, idle.metadata_type, idle.format) == ("rule", "behaviorAnalysis", "xml")
    assert b"triggerEvent" not in idle.payload and b"triggerEvent" in triggered.payload
    await source.close()


@pytest.mark.requirement("R-035")
async def test_a_rule_is_sent_again_when_it_changes(square: Callable[[], Scene]) -> None:
    programme = SceneProgramme(square())
    programme.prepare()
    changed = [n for n in range(1, 51) if any(i.kind == "rule" for i in programme.documents(n, 0))]
    assert changed == [27, 50]


async def test_late_documents_keep_their_capture_instant_and_their_order(square: Callable[[], Scene]) -> None:
    source = Source(SceneProgramme(square()), metadata_delay=(0.0, 0.3), seed=4)
    await source.prepare()
    loop, late = asyncio.get_running_loop(), []
    instants: list[int] = []

    def listen(item: MediaItem) -> None:
        if item.track == "metadata":
            late.append(source.now() - item.at)
            instants.append(item.at)

    source.attach(1, listen)
    await asyncio.sleep(1.2)
    assert instants == sorted(instants) and len(instants) > 15
    assert max(late) > 150_000_000 and min(late) >= 0
    assert loop.time() > 0
    await source.close()


async def test_after_a_standstill_it_goes_on_at_the_clock_with_a_key_picture(square: Callable[[], Scene]) -> None:
    source = Source(SceneProgramme(square()))
    await source.prepare()
    items: list[MediaItem] = []
    source.attach(1, items.append)
    await asyncio.sleep(0.1)
    seen = len(items)
    source._started -= 60_000_000_000
    async with asyncio.timeout(5):
        while not any(i.track == "video" and i.at > 60_000_000_000 for i in items):
            await asyncio.sleep(0.02)
    later = [i for i in items[seen:] if i.at > 60_000_000_000]
    assert next(i for i in later if i.track == "video").key
    assert len(items) < 200
    await source.close()


async def test_nothing_runs_while_nobody_listens(square: Callable[[], Scene]) -> None:
    source = Source(SceneProgramme(square()))
    await source.prepare()
    before = asyncio.all_tasks()
    attachment = source.attach(2, lambda item: None)
    assert asyncio.all_tasks() - before
    attachment.detach()
    attachment.detach()
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == before


async def test_a_source_that_is_not_prepared_says_so(square: Callable[[], Scene]) -> None:
    with pytest.raises(OnframeError):
        Source(SceneProgramme(square())).attach(1, lambda item: None)


def first_document(
    scene: Scene, stamp: Stamp, n: int = 0, index: int = 0, *, encode: Encode = encode_document
) -> tuple[bytes, Metadata]:
    programme = SceneProgramme(scene, stamp, encode=encode)
    item = programme.documents(n, 1_513_571_851_123_000_000)[index]
    return item.payload, decode(item.payload).value


@pytest.mark.requirement("R-107")
def test_documents_carry_milliseconds_offset_and_version(square: Callable[[], Scene]) -> None:
    payload, metadata = first_document(square(), Stamp(channel=3), n=1)
    assert b"<time>2017-12-18T12:37:31.163+08:00</time>" in payload
    assert b'version="2.0"' in payload and b"<channel>3</channel>" in payload
    assert metadata.time is not None and metadata.time.epoch_ms == 1_513_571_851_163


@pytest.mark.requirement("R-107")
def test_the_guides_own_camera_writes_them_as_captured(square: Callable[[], Scene]) -> None:
    payload, _ = first_document(square(), Stamp(), n=1, encode=metadata_encoder(Quirks()))
    assert b"<time>2017-12-18T12:37:31.163+0800</time>" in payload
    assert b'version="1.0"' in payload and b"<domainName></domainName>" in payload
    assert b"<macAddress>31:32:37:2e:30:2e</macAddress>" in payload  # "127.0." in ASCII


@pytest.mark.requirement("B.4")
def test_the_time_of_a_suspicion_is_epoch_milliseconds(square: Callable[[], Scene]) -> None:
    programme = SceneProgramme(square())
    (item,) = [i for i in programme.documents(6, 1_513_571_851_123_000_000) if i.format == "json"]
    assert decode(item.payload).value.suspects[0].time_stamp == 1_513_571_851_363


def test_frame_marks_number_every_target_document(square: Callable[[], Scene]) -> None:
    programme = SceneProgramme(square(), frame_marks=True)
    for item in programme.documents(57, 0):
        if item.kind == "target" and item.format == "xml":
            assert decode(item.payload).value.targets[0].get("frameNumber") == "7"


@pytest.mark.fault("F34")
async def test_a_restart_counts_from_the_first_picture_again_and_forgets_who_listened(
    square: Callable[[], Scene],
) -> None:
    source = Source(SceneProgramme(square()))
    with pytest.raises(OnframeError):
        source.restart()
    await source.prepare()
    heard: list[MediaItem] = []
    source.attach(1, heard.append)
    epoch = source.epoch_ns
    await asyncio.sleep(0.3)
    source.restart()
    heard.clear()
    assert source.now() < 200_000_000 < source.epoch_ns - epoch
    items = await played(source, 1)
    assert items and not heard
    await source.close()


@pytest.mark.fault("F48")
async def test_documents_say_the_time_of_the_devices_clock(square: Callable[[], Scene]) -> None:
    trouble = Trouble()
    source = Source(SceneProgramme(square()), trouble=trouble)
    await source.prepare()
    right = source.epoch_ns
    trouble.clock_offset_ns = -right
    (rule,) = source.rules(1_600_000_000)
    assert source.epoch_ns == 0 and b"1970-01-01T08:00:01.6" in rule.payload
    trouble.clock_offset_ns = 3_600_000_000_000
    assert source.epoch_ns == right + 3_600_000_000_000
    await source.close()
