"""The clock of the application, and the range of times that are stored.

Tests drive it with ``use_clock``. Comparisons inside SQL statements use PostgreSQL's clock, which is not affected.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

CLOCK_SKEW = timedelta(minutes=1)
"""How far a caller's clock may be ahead of the service's clock."""

MIN_TIMESTAMP = datetime(1583, 1, 1, tzinfo=UTC)
"""The first full year of the Gregorian calendar. asyncpg reads the first moment of year 1 as minus infinity."""

MAX_TIMESTAMP = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""asyncpg reads the last microsecond of this second as infinity."""

Clock = Callable[[], datetime]
"""Returns the current time, with a time zone."""


def system_clock() -> datetime:
    """Return the system's time, in UTC."""
    return datetime.now(UTC)


_clock: ContextVar[Clock] = ContextVar("clock", default=system_clock)


def now() -> datetime:
    """Return the time of the clock in use."""
    return _clock.get()()


@contextmanager
def use_clock(clock: Clock) -> Iterator[None]:
    """Use another clock in this context and in the tasks that start inside it."""
    token = _clock.set(clock)
    try:
        yield
    finally:
        _clock.reset(token)
