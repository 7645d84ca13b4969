"""Turns arguments and inputs into JSON."""

import re
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any


class Unset(Enum):
    """The type of an argument that is left out, which differs from null."""

    UNSET = "unset"


UNSET = Unset.UNSET
"""The value of an argument that is left out."""


def camel(name: str) -> str:
    """Return a name of Python as the schema spells it."""
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name.rstrip("_"))


def check_one_of(value: Any) -> None:
    """Raise ValueError unless an input with ``@oneOf`` has exactly one key."""
    keys = [each.name for each in fields(value) if getattr(value, each.name) is not UNSET]
    if len(keys) != 1 or getattr(value, keys[0]) is None:
        names = ", ".join(each.name for each in fields(value))
        message = f"{type(value).__name__} takes exactly one of {names}."
        raise ValueError(message)


def encode(value: Any) -> Any:
    """Return a value as JSON has it: times in UTC, inputs without the keys that are left out."""
    if isinstance(value, date):
        return _time(value) if isinstance(value, datetime) else value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return encode({camel(each.name): getattr(value, each.name) for each in fields(value)})
    if isinstance(value, dict):
        return {key: encode(part) for key, part in value.items() if part is not UNSET}
    if isinstance(value, list | tuple):
        return [encode(part) for part in value]
    return value.value if isinstance(value, Enum) else value


def _time(value: datetime) -> str:
    if value.tzinfo is None:
        message = "A time needs a time zone: datetime.now(UTC)."
        raise ValueError(message)
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
