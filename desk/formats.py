"""How values look on a page: times in the agent's zone, sizes, durations, ids in paths, and links."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import Any, Final
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from markupsafe import Markup

LONGEST: Final = 300
"""Characters of a value that a page shows."""
_DIRECTION_CONTROLS: Final = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), "\ufffd")
"""Characters that override the direction of text. One that is left open would reach beyond the element of its value."""
_UNITS: Final = ("bytes", "KB", "MB", "GB", "TB", "PB")
_THOUSAND: Final = 1000


def parse_time(value: object) -> datetime | None:
    """Return a time that the API sent, None when it is none."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def zone_of(name: str) -> tzinfo:
    """Return a time zone, UTC for an unknown name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def time_element(value: object, date: Callable[[datetime], str], zone: str = "UTC") -> Markup:
    """Return a ``time`` element in the agent's zone, with the time in UTC as its title; ``date`` writes the day."""
    moment = parse_time(value)
    if moment is None:
        return Markup("<span>{}</span>").format(shorten(value) if value else "–")  # noqa: RUF001 -- an en dash
    local, utc = moment.astimezone(zone_of(zone)), moment.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        utc.isoformat(timespec="seconds").replace("+00:00", "Z"),
        f"{utc:%Y-%m-%d %H:%M:%S} UTC",
        f"{date(local)}, {local:%H:%M}",
    )


def day_element(value: object, date: Callable[[datetime], str], zone: str = "UTC") -> Markup:
    """Return a ``time`` element that shows the day only."""
    moment = parse_time(value)
    if moment is None:
        return Markup("<span>{}</span>").format(shorten(value) if value else "–")  # noqa: RUF001 -- an en dash
    if len(str(value)) == len("2027-01-31"):
        return Markup('<time datetime="{}">{}</time>').format(str(value), date(moment))
    local, utc = moment.astimezone(zone_of(zone)), moment.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        utc.isoformat(timespec="seconds").replace("+00:00", "Z"),
        f"{utc:%Y-%m-%d %H:%M:%S} UTC",
        date(local),
    )


def days_until(value: object, now: datetime) -> int | None:
    """Return the whole days until a time, negative after it; None without a time."""
    moment = parse_time(value)
    return None if moment is None else math.floor((moment - now).total_seconds() / 86400)


def minutes_until(value: object, now: datetime) -> int:
    """Return the minutes until a time, rounded up; 0 after it and without a time."""
    moment = parse_time(value)
    return 0 if moment is None else max(0, math.ceil((moment - now).total_seconds() / 60))


def size(value: Any) -> str:
    """Return a number of bytes with a unit of powers of a thousand."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return "–"  # noqa: RUF001 -- an en dash
    index = 0
    while number >= _THOUSAND and index < len(_UNITS) - 1:
        number, index = number / _THOUSAND, index + 1
    return f"{number:.0f} {_UNITS[index]}" if index == 0 or number >= 10 else f"{number:.1f} {_UNITS[index]}"  # noqa: PLR2004


def shorten(value: object, longest: int = LONGEST) -> str:
    """Return a value as text, cut after this many characters; a sign stands for each control of direction."""
    text = str(value).translate(_DIRECTION_CONTROLS)
    return text if len(text) <= longest else f"{text[:longest]}…"


def isolated(value: object, longest: int = LONGEST) -> Markup:
    """Return a value of a person or of another system, isolated from the direction of the page."""
    return Markup("<bdi>{}</bdi>").format(shorten(value, longest))


def path_part(value: object) -> str:
    """Return an id as one part of a path."""
    return quote(str(value)[:100], safe="").replace(".", "%2E")


def web_address(value: object) -> str:
    """Return an address that a link may lead to, the empty string for any other than https."""
    text = str(value)
    try:
        return text if urlsplit(text).scheme == "https" else ""
    except ValueError:
        return ""


def csv_cell(value: object) -> str:
    """Return a cell of a CSV file that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
