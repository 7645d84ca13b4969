"""The clock, and the range of times that are stored."""

from datetime import UTC, datetime, timedelta

CLOCK_SKEW = timedelta(minutes=1)
"""How far ahead of ours a caller's clock may be."""

MIN_TIMESTAMP = datetime(1583, 1, 1, tzinfo=UTC)
"""When the Gregorian calendar was whole. PostgreSQL's driver takes the first moment of year 1 for minus infinity."""

MAX_TIMESTAMP = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""The driver takes the last microsecond of this second for infinity."""


def now() -> datetime:
    """Give the time, in UTC."""
    return datetime.now(UTC)
