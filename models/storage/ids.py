"""Public ids: a short type prefix, an underscore and the 32 hex digits of a UUIDv7 (RFC 9562)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg.pgproto.pgproto
import uuid_utils

from models.errors import BadInput, NotFound


def new_id() -> UUID:
    """Make an id: a UUIDv7 (RFC 9562), sortable by time of making, never reused, never made of personal data."""
    return _Uuid(uuid_utils.uuid7().bytes)


class Prefix(StrEnum):
    """What an id names, by the letters before its underscore."""

    SUBJECT = "sub"
    PAYMENT_FRAGMENT = "pay"
    SYNC_ACCOUNT = "syn"
    RIGHTS_REQUEST = "req"
    ERASURE_STEP = "stp"
    ACCESS_EVENT = "evt"
    ACCESS_GRANT = "grt"
    TOKEN = "tok"  # noqa: S105 -- a prefix, not a secret
    LETTER = "let"


def parse_ids_of(prefix: Prefix, texts: Sequence[str], argument: str = "ids") -> list[UUID]:
    """Take apart many ids of one kind; the first malformed one is refused by its place, as ``id_of`` refuses it."""
    joined, length = ",".join(texts), len(prefix) + 1 + 32
    # All at once: only ids of that length, with no comma in them, fill the joined text so.
    if len(joined) == len(texts) * (length + 1) - 1 and re.fullmatch(rf"(?:{prefix}_[0-9a-f]{{32}}(?:,|\Z))*+", joined):
        start = len(prefix) + 1
        return [_Uuid(text[start:]) for text in texts]
    return [parse_id_of(prefix, text, f"{argument}.{index}") for index, text in enumerate(texts)]


class ParsedId(NamedTuple):
    """An id as callers write it, taken apart."""

    prefix: Prefix
    value: UUID


_PREFIXES = {f"{prefix}_": prefix for prefix in Prefix}

_DIGITS = re.compile(r"[0-9a-f]{32}")

_Uuid: Any = asyncpg.pgproto.pgproto.UUID
"""A UUID that is read, hashed and sent to PostgreSQL in C."""


@dataclass(frozen=True, slots=True)
class IdFormatter:
    """Writes ids of one kind as callers see them; None stays None."""

    start: str

    def __call__(self, value: UUID | None) -> str | None:
        return None if value is None else self.start + value.hex


def id_formatter(prefix: Prefix) -> IdFormatter:
    """Give what writes ids of one kind as callers see them."""
    return IdFormatter(f"{prefix}_")


def format_id(prefix: Prefix, value: UUID) -> str:
    """Give an id as callers see it: ``sub_0192f3…``."""
    return prefix + "_" + value.hex


def parse_id(text: str, argument: str = "id") -> ParsedId:
    """Take an id apart; BAD_INPUT when it is malformed or of no known kind."""
    prefix = _PREFIXES.get(text[:4])
    if prefix is None or _DIGITS.fullmatch(text, 4) is None:
        raise BadInput(argument, "it is not an id of this service")
    return ParsedId(prefix, _Uuid(text[4:]))


def parse_id_of(prefix: Prefix, text: str, argument: str = "id") -> UUID:
    """Take apart an id that must be of one kind; NOT_FOUND when it names something else."""
    if text[:4] == prefix + "_" and _DIGITS.fullmatch(text, 4):
        return _Uuid(text[4:])
    parse_id(text, argument)
    raise NotFound(argument=argument)
