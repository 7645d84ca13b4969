"""The scalars of the contract."""

import re
from datetime import UTC, date, datetime
from typing import Any, NewType

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

from models.errors import BadInput
from models.storage.clock import MAX_TIMESTAMP, MIN_TIMESTAMP

BigInt = NewType("BigInt", int)
Cursor = NewType("Cursor", str)
SMALLEST, BIGGEST = -(2**63), 2**63 - 1
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def written_moment(value: datetime) -> str:
    """Write a time as RFC 3339 has it, in UTC, with Z."""
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat()[:-6] + "Z"


def read_moment(value: Any) -> datetime:
    """Read an RFC 3339 time; BAD_INPUT when it is none, names no offset from UTC, or lies before 1583."""
    try:
        # Python reads more than the RFC has: weeks, seconds left out, commas.
        if _MOMENT.fullmatch(value):
            moment = datetime.fromisoformat(value.upper()).astimezone(UTC)
            if MIN_TIMESTAMP <= moment <= MAX_TIMESTAMP:
                return moment
    except (TypeError, ValueError, OverflowError):
        pass
    raise BadInput("", "it is not an RFC 3339 time with its offset, such as 2026-01-31T12:00:00Z")


def read_day(value: Any) -> date:
    """Read a day as ISO 8601 has it; BAD_INPUT when it is none."""
    try:
        if len(value) == len("2000-01-01"):
            return date.fromisoformat(value)
    except (TypeError, ValueError):
        pass
    raise BadInput("", "it is not a day, such as 2026-01-31")


def read_big(value: Any) -> int:
    """Read a whole number of 64 bits; BAD_INPUT when it is none."""
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is int and SMALLEST <= value <= BIGGEST:
        return value
    raise BadInput("", "it is not a whole number of 64 bits")


def read_cursor(value: Any) -> str:
    """Read a cursor; BAD_INPUT when it cannot be one."""
    if isinstance(value, str):
        return value
    raise BadInput("", "it is not a cursor of this list")


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A time as RFC 3339 has it, always in UTC, always with Z.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=written_moment,
        parse_value=read_moment,
    ),
    date: strawberry.scalar(
        name="Date", description="A day as ISO 8601 has it.", serialize=date.isoformat, parse_value=read_day
    ),
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A whole number of 64 bits, written as a JSON number: byte counts pass 2^31.",
        serialize=int,
        parse_value=read_big,
    ),
    Cursor: strawberry.scalar(
        name="Cursor",
        description="A place in a list. Opaque; forged ones, and those of another list, are refused.",
        serialize=str,
        parse_value=read_cursor,
    ),
}

CONFIG = StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True)
