"""Durations as operators write them: a number and a unit."""

import re
from datetime import timedelta

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"([0-9]{1,9})([smhd]?)")


def parse_duration(value: object) -> object:
    """Parse a duration such as ``183d``, ``72h`` or ``0``; without a unit it is in seconds.

    Any other value is returned as it is.
    """
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]]) if match else value
