"""The one parser of times that callers and imported files send: RFC 3339, with an offset."""

import re
from datetime import UTC, datetime, timedelta

from models.storage.clock import MAX_TIMESTAMP, MIN_TIMESTAMP

MAX_LENGTH = 64
PROBLEM = "it is not an RFC 3339 time with its offset, such as 2026-01-31T12:00:00Z"

_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]((?:[01][0-9]|2[0-3]):[0-5][0-9]):([0-5][0-9]|60)(\.[0-9]+)?"
    r"([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
_MICROSECOND_DIGITS = 6


def parse_time(value: object) -> datetime:
    """Return a time in UTC. A leap second is the first second of the next minute; digits beyond microseconds are cut.

    Raise ValueError when it is no text of RFC 3339, has no offset, or is outside the years 1583 to 9999.
    """
    if not isinstance(value, str) or len(value) > MAX_LENGTH or not (match := _TIME.fullmatch(value)):
        raise ValueError(PROBLEM)
    day, minute, second, fraction, offset = match.groups()
    is_leap_second = second == "60"
    microseconds = (fraction or ".")[1 : _MICROSECOND_DIGITS + 1].ljust(_MICROSECOND_DIGITS, "0")
    text = f"{day}T{minute}:{'59' if is_leap_second else second}.{microseconds}{offset.upper().replace('Z', '+00:00')}"
    try:
        time = datetime.fromisoformat(text).astimezone(UTC) + timedelta(seconds=is_leap_second)
    except (ValueError, OverflowError):
        raise ValueError(PROBLEM) from None
    if not MIN_TIMESTAMP <= time <= MAX_TIMESTAMP:
        raise ValueError(PROBLEM)
    return time
