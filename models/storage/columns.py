"""Column types and table markers that all tables share; each column states its erasure action."""

from enum import StrEnum
from typing import Any, Final

import sqlalchemy
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class ErasureAction(StrEnum):
    """What the erasure of a person does to a column. A test requires one for each column of both live databases."""

    ENCRYPTED = "unreadable as soon as the person's data key is destroyed; the row is deleted after that"
    DELETED = "deleted with its row"
    KEPT = "kept: an id, enum value, number or time that identifies no person once the encrypted values are unreadable"
    IMPERSONAL = "not about a data subject"


def column(  # noqa: PLR0913 -- each is a part of the column's definition
    kind: Any,
    erasure_action: ErasureAction,
    *,
    references: str | None = None,
    primary_key: bool = False,
    nullable: bool = False,
    unique: bool = False,
    server_default: Any = None,
) -> Any:
    """Declare a column with its erasure action."""
    constraints = [sqlalchemy.ForeignKey(references)] if references else []
    return Field(
        sa_column=sqlalchemy.Column(
            kind,
            *constraints,
            primary_key=primary_key,
            nullable=nullable,
            unique=unique or None,
            server_default=server_default,
            info={"erasure_action": erasure_action},
        )
    )


APPEND_ONLY: Final = {"info": {"is_append_only": True}}
"""Marks a table whose rows are never updated or deleted. The database roles that serve callers have no right to."""
REFERENCE_TABLE: Final = {"info": {"is_reference": True}}
"""Marks a table that only migrations write."""


class Table(SQLModel):
    """A table of the main database."""


class KeyringTable(SQLModel, registry=registry()):
    """A table of the keyring database."""


Timestamp = sqlalchemy.DateTime(timezone=True)
Bytes = sqlalchemy.LargeBinary
Text = sqlalchemy.Text
Uuid = sqlalchemy.Uuid


def enum_check(column: str, values: type[StrEnum]) -> sqlalchemy.CheckConstraint:
    """Return a CHECK constraint that limits a text column to the values of an enum."""
    listed = ", ".join(f"'{value}'" for value in values)
    return sqlalchemy.CheckConstraint(f"{column} IN ({listed})", name=f"{column}_is_known")
