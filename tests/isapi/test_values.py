"""Times in every form, and those that share their minute."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onframe.isapi.leniency import Notes
from onframe.isapi.metadata import Time
from onframe.isapi.values import number, read_time


@pytest.mark.requirement("B.20")
@pytest.mark.parametrize(
    ("raw", "time"),
    [
        (
            "2017-12-18T04:37:31.250+08:00",
            Time("2017-12-18T04:37:31.250+08:00", "2017-12-18T04:37:31.250+08:00", 1513543051250),
        ),
        (
            "2017-12-18T04:37:59.999+08:00",
            Time("2017-12-18T04:37:59.999+08:00", "2017-12-18T04:37:59.999+08:00", 1513543079999),
        ),
        (
            "2017-12-18 04:37:31.250+08:00",
            Time("2017-12-18 04:37:31.250+08:00", "2017-12-18T04:37:31.250+08:00", 1513543051250),
        ),
        ("2017-12-18T04:37:60.000+08:00", Time("2017-12-18T04:37:60.000+08:00")),
        ("2017-12-18T04:61:31.250+08:00", Time("2017-12-18T04:61:31.250+08:00")),
        ("2017-12-18T04:37:31.250+99:00", Time("2017-12-18T04:37:31.250+99:00")),
        (
            "2017-12-18T04:37:31,250+08:00",
            Time("2017-12-18T04:37:31,250+08:00", "2017-12-18T04:37:31.250+08:00", 1513543051250),
        ),
        ("2017-12-18T04:37:3\u0661.250+08:00", Time("2017-12-18T04:37:3\u0661.250+08:00")),
    ],
)
def test_a_time_is_read_whatever_its_minute_was_before(raw, time):
    assert read_time("2017-12-18T04:37:00.000+08:00", Notes()).epoch_ms == 1513543020000
    assert read_time(raw, Notes()) == time


@settings(max_examples=200)
@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)),
    st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_every_time_in_full_is_the_instant_that_datetime_says(moment, zone):
    there = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=zone)
    raw = there.isoformat(timespec="milliseconds")
    since = there - datetime(1970, 1, 1, tzinfo=UTC)
    assert read_time(raw, Notes()) == Time(raw, raw, since // timedelta(milliseconds=1))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("7", 7),
        ("7.0", 7),
        ("7.", 7),
        (".5", 0.5),
        ("1e2", 100),
        ("1_0", None),
        ("1_0.5", None),
        ("1.e400", None),
        ("a.b", None),
    ],
)
def test_a_number_is_an_int_where_it_is_integral(text, read):
    assert number(text) == read
