"""Times of RFC 3339: every form of the standard, and nothing else."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.storage.rfc3339 import parse_time

OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(min_value=datetime(1600, 1, 1), max_value=datetime(9990, 1, 1), timezones=OFFSETS))  # noqa: DTZ001
def test_every_time_with_its_offset_is_parsed(time: datetime) -> None:
    for text in (time.isoformat(), time.isoformat().lower(), time.isoformat().replace("+00:00", "Z")):
        assert parse_time(text) == time
        assert parse_time(text).tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("1990-12-31T23:59:60Z", datetime(1991, 1, 1, tzinfo=UTC)),
        ("1990-12-31T15:59:60-08:00", datetime(1991, 1, 1, tzinfo=UTC)),
        ("2016-12-31T23:59:60.5Z", datetime(2017, 1, 1, 0, 0, 0, 500000, tzinfo=UTC)),
        ("2026-01-31T12:00:00.1234567891Z", datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)),
        ("2026-01-31t12:00:00z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31 12:00:00-00:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
    ],
)
def test_leap_seconds_fractions_and_letters_of_the_standard_are_parsed(text: str, time: datetime) -> None:
    assert parse_time(text) == time


@pytest.mark.parametrize(
    "value",
    [
        *("20260131", "-1", "1769860800", "1769860800000", "", "now", "2026-01-31", "12:00:00Z"),
        *("2026-01-31_12:00:00Z", "2026-01-31T12:00:00+0100", "2026-01-31T12:00:00+01", "2026-01-31T12:00:00,5Z"),
        *("2026-01-31T12:00:00", "2026-01-31T12:00Z", "2026-01-31T24:00:00Z", "2026-02-30T12:00:00Z"),
        *("2026-01-31T12:00:61Z", "2026-01-31T12:60:00Z", "2026-01-31T12:00:00+24:00", "2026-01-31T12:00:00+01:60"),
        *("2026-W05-6T12:00:00Z", "20260131T120000Z", "2026-01-31T12:00:00.Z", " 2026-01-31T12:00:00Z"),
        *("2026-01-31T12:00:00Z\n", "\u0662026-01-31T12:00:00Z", "1582-12-31T23:59:59Z", "0000-01-01T00:00:00Z"),
        *("9999-12-31T23:59:60Z", "9999-12-31T23:59:59-00:01", "2026-01-31T12:00:00." + "1" * 60 + "Z"),
        *(20260131, -1, 1769860800.5, None, True, ["2026-01-31T12:00:00Z"]),
    ],
)
def test_everything_else_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="RFC 3339"):
        parse_time(value)
