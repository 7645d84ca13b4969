"""What every table shares: ids, times, and the fate of each column when the person it is about is erased."""

from enum import StrEnum
from typing import Any, Final

import sqlalchemy
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class ErasureAction(StrEnum):
    """What erasure does to a column. A test walks all columns of the live schema and demands one of these."""

    SEALED = "unreadable from the moment the person's key is destroyed; the row is deleted after it"
    DELETED = "deleted with its row"
    KEPT = "kept: an id, an enum, a number or a time that leads to nobody once the sealed values are gone"
    IMPERSONAL = "about no data subject"


def column(  # noqa: PLR0913 -- each is a word of the column's definition
    kind: Any,
    fate: ErasureAction,
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


APPEND_ONLY: Final = {"info": {"is_only_added_to": True}}
"""Marks a table of which no row is ever changed or deleted: the database lets nobody who serves callers do it."""
REFERENCE_TABLE: Final = {"info": {"is_looked_up": True}}
"""Marks a table that migrations fill and that nobody else writes."""


class Table(SQLModel):
    """A table of the first database."""


class KeyringTable(SQLModel, registry=registry()):
    """A table of the keyring's database."""


Timestamp = sqlalchemy.DateTime(timezone=True)
Bytes = sqlalchemy.LargeBinary
Text = sqlalchemy.Text
Uuid = sqlalchemy.Uuid


def enum_check(column: str, values: type[StrEnum]) -> sqlalchemy.CheckConstraint:
    """Hold a text column to the values of an enum, by the database."""
    listed = ", ".join(f"'{value}'" for value in values)
    return sqlalchemy.CheckConstraint(f"{column} IN ({listed})", name=f"{column}_is_known")
