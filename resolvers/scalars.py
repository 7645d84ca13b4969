"""The scalars of the schema."""

from datetime import UTC, date, datetime
from typing import Any, NewType

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

from models.errors import BadInput
from models.storage import rfc3339

BigInt = NewType("BigInt", int)
Cursor = NewType("Cursor", str)
MIN_BIGINT, MAX_BIGINT = -(2**63), 2**63 - 1


def format_date_time(value: datetime) -> str:
    """Return a time in the format of RFC 3339, in UTC, with Z."""
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat()[:-6] + "Z"


def parse_date_time(value: Any) -> datetime:
    """Parse a time in the format of RFC 3339; raise BAD_INPUT when it is malformed, has no offset or is before 1583."""
    try:
        return rfc3339.parse_time(value)
    except ValueError:
        raise BadInput("", rfc3339.PROBLEM) from None


def parse_date(value: Any) -> date:
    """Parse a date in the format of ISO 8601; raise BAD_INPUT when it is malformed."""
    try:
        if len(value) == len("2000-01-01"):
            return date.fromisoformat(value)
    except (TypeError, ValueError):
        pass
    raise BadInput("", "it is not a day, such as 2026-01-31")


def parse_big_int(value: Any) -> int:
    """Return an integer of 64 bits; raise BAD_INPUT when the value is none."""
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is int and MIN_BIGINT <= value <= MAX_BIGINT:
        return value
    raise BadInput("", "it is not a whole number of 64 bits")


def parse_cursor(value: Any) -> str:
    """Return the text of a cursor; raise BAD_INPUT when the value is not a string."""
    if isinstance(value, str):
        return value
    raise BadInput("", "it is not a cursor of this list")


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A time in the format of RFC 3339, always in UTC with Z.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=format_date_time,
        parse_value=parse_date_time,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A date in the format of ISO 8601.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
        serialize=date.isoformat,
        parse_value=parse_date,
    ),
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A 64-bit integer, written as a JSON number. Byte counts exceed the 32 bits of Int.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259#section-6",
        serialize=int,
        parse_value=parse_big_int,
    ),
    Cursor: strawberry.scalar(
        name="Cursor",
        description="An opaque position in a list. A forged cursor, or one of another list, is refused.",
        specified_by_url="https://relay.dev/graphql/connections.htm#sec-Cursor",
        serialize=str,
        parse_value=parse_cursor,
    ),
}

CONFIG = StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True)
