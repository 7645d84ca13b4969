"""Public ids: a type prefix of three letters, an underscore and the 32 hex digits of a UUIDv7 (RFC 9562)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg.pgproto.pgproto
import uuid_utils

from models.errors import BadInput, NotFound

DIGIT_COUNT = 32


class Prefix(StrEnum):
    """The type prefix of an id."""

    SUBJECT = "sub"
    PAYMENT_FRAGMENT = "pay"
    SYNC_ACCOUNT = "syn"
    RIGHTS_REQUEST = "req"
    ERASURE_STEP = "stp"
    EXPORT_STEP = "exp"
    ACCESS_EVENT = "evt"
    ACCESS_GRANT = "grt"
    TOKEN = "tok"  # noqa: S105 -- a prefix, not a secret
    LETTER = "let"
    BACKUP = "bak"
    FORCED_DISCLOSURE = "frc"
    INCIDENT = "inc"


class ParsedId(NamedTuple):
    """A public id, split into its prefix and its UUID."""

    prefix: Prefix
    value: UUID


_PREFIXES = {f"{prefix}_": prefix for prefix in Prefix}

_DIGITS = re.compile(rf"[0-9a-f]{{{DIGIT_COUNT}}}")
_HEX_DIGITS = b"0123456789abcdef"

_Uuid: Any = asyncpg.pgproto.pgproto.UUID
"""A UUID type that is parsed, hashed and sent to PostgreSQL by C code."""


@dataclass(frozen=True, slots=True)
class IdFormatter:
    """Formats UUIDs as public ids of one type. None stays None."""

    prefix: str

    def __call__(self, value: UUID | None) -> str | None:
        return None if value is None else self.prefix + value.hex


def new_id() -> UUID:
    """Return a new UUIDv7, which sorts by its time of creation and is not derived from personal data."""
    return _Uuid(uuid_utils.uuid7().bytes)


def id_formatter(prefix: Prefix) -> IdFormatter:
    """Return the formatter of a type's ids."""
    return IdFormatter(f"{prefix}_")


def format_id(prefix: Prefix, value: UUID) -> str:
    """Return the public form of an id: ``sub_0192f3…``."""
    return prefix + "_" + value.hex


def parse_id(text: str, argument: str = "id") -> ParsedId:
    """Parse an id of any type. Raise BAD_INPUT if it is malformed or its type is unknown."""
    prefix = _PREFIXES.get(text[:4])
    if prefix is None or _DIGITS.fullmatch(text, 4) is None:
        raise BadInput(argument, "it is not an id of this service")
    return ParsedId(prefix, _Uuid(text[4:]))


def parse_id_of(prefix: Prefix, text: str, argument: str = "id") -> UUID:
    """Parse an id of one type. Raise BAD_INPUT if it is malformed and NOT_FOUND if it has another type."""
    if text[:4] == prefix + "_" and _DIGITS.fullmatch(text, 4):
        return _Uuid(text[4:])
    parse_id(text, argument)
    raise NotFound(argument=argument)


def are_ids(texts: Sequence[str]) -> bool:
    """Return whether many texts are ids of one type. A regular expression would take several times as long."""
    start = texts[0][:4] if texts else ""
    if start not in _PREFIXES or {*map(len, texts)} != {len(start) + DIGIT_COUNT}:
        return False
    joined = "".join(texts)
    if not joined.isascii() or {text[:4] for text in texts} != {start}:
        return False
    # Every text begins alike. So all other characters are digits if deleting digits leaves what the beginnings leave.
    return len(joined.encode().translate(None, _HEX_DIGITS)) == len(texts) * len(
        start.encode().translate(None, _HEX_DIGITS)
    )


def parse_ids_of(prefix: Prefix, texts: Sequence[str], argument: str = "ids") -> list[UUID]:
    """Parse many ids of one type. Raise what ``parse_id_of`` raises, with the index of the first wrong id."""
    if texts and texts[0].startswith(prefix) and are_ids(texts):
        return [_Uuid(text[4:]) for text in texts]
    return [parse_id_of(prefix, text, f"{argument}.{index}") for index, text in enumerate(texts)]
