"""Where Records lie on a file's time line; every number is worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from onframe.annotate.records import Clip
from onframe.annotate.timeline import Start, Timeline, find_start, usual_distance
from onframe.isapi.metadata import Metadata
from onframe.overlay.teller import Place
from onframe.record import Record, VideoTime

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TIMES = [5400 + 3600 * n for n in range(5)]  # 0.06 s to 0.22 s


def record(
    seconds: float = 0.0, timestamp: int | None = None, *, epoch: int = 1, exact: bool = True, captured: bool = True
) -> Record:
    at = NOON + timedelta(seconds=seconds)
    video = None if timestamp is None else VideoTime(timestamp, "rtp_info", 0.002, exact)
    return Record(
        "c", 1, 1, epoch, 1, at, Metadata(), captured_at=at if captured else None, clock="document", video=video
    )


def test_a_clip_line_places_records_exactly_across_the_wrap() -> None:
    line = Timeline(TIMES, Start(origin="clip"))
    line.clip(Clip(1, 2**32 - 3600, 0))
    line.clip(Clip(2, 90, 10_800))
    assert line.place(record(timestamp=2**32 - 3600)) == Place(5400, True, "rtp_info", 0.002)
    assert line.place(record(timestamp=2**32 + 3600)) == Place(5400 + 7200, True, "rtp_info", 0.002)
    assert line.place(record(timestamp=90 + 3600, epoch=2)) == Place(5400 + 14_400, True, "rtp_info", 0.002)
    assert line.place(record(timestamp=90, epoch=3)) is None


def test_what_a_container_rounds_to_milliseconds_is_still_the_picture() -> None:
    ntsc = [0, 2970, 6030, 9000]  # 0, 33, 67 and 100 ms of 30000/1001 a second
    line = Timeline(ntsc, Start(timestamp=1000, origin="timestamp"))
    assert [line.place(record(timestamp=1000 + t)).pts for t in (0, 3003, 6006, 9009)] == ntsc  # type: ignore[union-attr]


def test_a_record_whose_picture_is_not_in_the_file_is_given_no_other() -> None:
    line = Timeline([0, 3600, 10_800, 14_400], Start(timestamp=0, origin="timestamp"))
    assert line.place(record(timestamp=7200)).pts == 7200  # type: ignore[union-attr]
    assert line.place(record(timestamp=-36_000)).pts == -36_000  # type: ignore[union-attr]


def test_the_camera_s_clock_places_them_nearest() -> None:
    line = Timeline(TIMES, Start(instant=NOON.timestamp(), origin="instant"))
    assert line.place(record(0.091)) == Place(5400 + 7200, False, "document", None)  # 0.08 s is nearer than 0.12 s


def test_an_offset_moves_later_and_is_no_longer_exact() -> None:
    line = Timeline(TIMES, Start(timestamp=0, origin="timestamp"), offset=0.04)
    assert line.place(record(timestamp=0)) == Place(5400 + 3600, False, "rtp_info", 0.002)


def test_another_connection_goes_on_by_the_camera_s_clock() -> None:
    line = Timeline(TIMES, Start(timestamp=9_000, origin="video"))
    line.place(record(1.0, 9_000))  # so the first picture was taken at 1.0 s
    assert line.place(record(1.12, 77, epoch=2)) == Place(5400 + 10_800, False, "document", None)


@pytest.mark.parametrize(
    ("first", "times", "created", "expected"),
    [
        ([Clip(1, 5, 0), record(timestamp=4)], TIMES, NOON, Start(origin="clip")),
        ([record(0, 700), record(1, 500), record(2, 1, epoch=2)], TIMES, NOON, Start(timestamp=500, origin="video")),
        ([record()], [90_000 * 1_800_000_000], None, Start(instant=1_800_000_000.0, origin="wallclock")),
        ([record(30)], TIMES, NOON, Start(instant=NOON.timestamp(), origin="creation")),
        ([record(3600)], TIMES, NOON, Start(instant=NOON.timestamp() + 3600, origin="assumed")),
        ([record(2), record(1)], TIMES, None, Start(instant=NOON.timestamp() + 2, origin="assumed")),
        ([], TIMES, NOON, Start(origin="assumed")),
    ],
)
def test_where_nothing_is_given_the_best_is_taken(
    first: list[Record | Clip], times: list[int], created: datetime | None, expected: Start
) -> None:
    assert find_start(first, times, created) == expected


@pytest.mark.parametrize(("times", "distance"), [([], 3600), ([7], 3600), ([0, 3000, 6000, 90_000], 3000)])
def test_the_usual_distance_is_not_that_of_a_pause(times: list[int], distance: int) -> None:
    assert usual_distance(times) == distance
