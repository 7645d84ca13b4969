"""What every table shares: ids, times, and the fate of each column when the person it is about is erased."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg.pgproto.pgproto
import sqlalchemy
import uuid_utils
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from models.errors import BadInput, NotFound

CLOCK_SKEW = timedelta(minutes=1)
"""How far ahead of ours a caller's clock may be."""
FIRST_MOMENT = datetime(1583, 1, 1, tzinfo=UTC)
"""When the Gregorian calendar was whole. PostgreSQL's driver takes the first moment of year 1 for minus infinity."""
LAST_MOMENT = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""The driver takes the last microsecond of this second for infinity."""


class Fate(StrEnum):
    """What erasure does to a column. A test walks all columns of the live schema and demands one of these."""

    SEALED = "unreadable from the moment the person's key is destroyed; the row is deleted after it"
    DELETED = "deleted with its row"
    KEPT = "kept: an id, an enum, a number or a time that leads to nobody once the sealed values are gone"
    IMPERSONAL = "about no data subject"


def stored(  # noqa: PLR0913 -- each is a word of the column's definition
    kind: Any,
    fate: Fate,
    *,
    references: str | None = None,
    primary_key: bool = False,
    nullable: bool = False,
    unique: bool = False,
    server_default: Any = None,
) -> Any:
    """Declare a column together with its fate under erasure."""
    constraints = [sqlalchemy.ForeignKey(references)] if references else []
    return Field(
        sa_column=sqlalchemy.Column(
            kind,
            *constraints,
            primary_key=primary_key,
            nullable=nullable,
            unique=unique or None,
            server_default=server_default,
            info={"fate": fate},
        )
    )


ADDED_TO: Final = {"info": {"is_only_added_to": True}}
"""Marks a table of which no row is ever changed or deleted: the database lets nobody who serves callers do it."""
LOOKED_UP: Final = {"info": {"is_looked_up": True}}
"""Marks a table that migrations fill and that nobody else writes."""


class Table(SQLModel):
    """A table of the first database."""


class KeyringTable(SQLModel, registry=registry()):
    """A table of the keyring's database."""


Moment = sqlalchemy.DateTime(timezone=True)
Octets = sqlalchemy.LargeBinary
Text = sqlalchemy.Text
Id = sqlalchemy.Uuid


def one_of(column: str, values: type[StrEnum]) -> sqlalchemy.CheckConstraint:
    """Hold a text column to the values of an enum, by the database."""
    listed = ", ".join(f"'{value}'" for value in values)
    return sqlalchemy.CheckConstraint(f"{column} IN ({listed})", name=f"{column}_is_known")


def new_id() -> UUID:
    """Make an id: a UUIDv7 (RFC 9562), sortable by time of making, never reused, never made of personal data."""
    return _Uuid(uuid_utils.uuid7().bytes)


def now() -> datetime:
    """Give the time, in UTC."""
    return datetime.now(UTC)


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


def ids_of(prefix: Prefix, texts: Sequence[str], argument: str = "ids") -> list[UUID]:
    """Take apart many ids of one kind; the first malformed one is refused by its place, as ``id_of`` refuses it."""
    joined, length = ",".join(texts), len(prefix) + 1 + 32
    # All at once: only ids of that length, with no comma in them, fill the joined text so.
    if len(joined) == len(texts) * (length + 1) - 1 and re.fullmatch(rf"(?:{prefix}_[0-9a-f]{{32}}(?:,|\Z))*+", joined):
        start = len(prefix) + 1
        return [_Uuid(text[start:]) for text in texts]
    return [id_of(prefix, text, f"{argument}.{index}") for index, text in enumerate(texts)]


class ParsedId(NamedTuple):
    """An id as callers write it, taken apart."""

    prefix: Prefix
    value: UUID


_PREFIXES = {f"{prefix}_": prefix for prefix in Prefix}
_DIGITS = re.compile(r"[0-9a-f]{32}")
_Uuid: Any = asyncpg.pgproto.pgproto.UUID
"""A UUID that is read, hashed and sent to PostgreSQL in C."""


@dataclass(frozen=True, slots=True)
class WrittenId:
    """Writes ids of one kind as callers see them; None stays None."""

    start: str

    def __call__(self, value: UUID | None) -> str | None:
        return None if value is None else self.start + value.hex


def written_id(prefix: Prefix) -> WrittenId:
    """Give what writes ids of one kind as callers see them."""
    return WrittenId(f"{prefix}_")


def external_id(prefix: Prefix, value: UUID) -> str:
    """Give an id as callers see it: ``sub_0192f3…``."""
    return prefix + "_" + value.hex


def parsed_id(text: str, argument: str = "id") -> ParsedId:
    """Take an id apart; BAD_INPUT when it is malformed or of no known kind."""
    prefix = _PREFIXES.get(text[:4])
    if prefix is None or _DIGITS.fullmatch(text, 4) is None:
        raise BadInput(argument, "it is not an id of this service")
    return ParsedId(prefix, _Uuid(text[4:]))


def id_of(prefix: Prefix, text: str, argument: str = "id") -> UUID:
    """Take apart an id that must be of one kind; NOT_FOUND when it names something else."""
    if text[:4] == prefix + "_" and _DIGITS.fullmatch(text, 4):
        return _Uuid(text[4:])
    parsed_id(text, argument)
    raise NotFound(argument=argument)
