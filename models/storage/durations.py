"""Durations as operators write them: a number and a unit."""

import re
from datetime import timedelta

_MILLISECONDS = {"ms": 1, "": 1000, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"([0-9]{1,9})(ms|[smhd]?)")


def parse_duration(value: object) -> object:
    """Parse a duration such as ``183d``, ``72h``, ``100ms`` or ``0``; without a unit it is in seconds.

    Any other value is returned as it is.
    """
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    return timedelta(milliseconds=int(match[1]) * _MILLISECONDS[match[2]]) if match else value
