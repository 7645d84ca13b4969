"""Data subjects: the people whose personal data the privacy policy protects."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB

from models.encryption.encrypted_column import ENCRYPTION_OVERHEAD, EncryptedColumn
from models.storage.columns import Bytes, ErasureAction, Table, Text, Timestamp, Uuid, column, enum_check
from models.storage.pagination import Page, PageRequest, read_page
from models.storage.statement import Connection, RowByKey, Statement, as_list, reads

NAME_LENGTH = 200


class SubjectStatus(StrEnum):
    """Whether a subject's data may be processed."""

    ACTIVE = "ACTIVE"
    RESTRICTED = "RESTRICTED"
    ERASING = "ERASING"
    ERASED = "ERASED"


class Regime(StrEnum):
    """The law that sets the deadline of a subject's requests."""

    GDPR = "GDPR"
    UK_GDPR = "UK_GDPR"
    SWISS_FADP = "SWISS_FADP"
    CCPA = "CCPA"
    OTHER = "OTHER"


EEA = frozenset({
    *("AT", "BE", "BG", "HR", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HU", "IE"),
    *("IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"),
})  # fmt: skip
"""The countries of the European Economic Area, as ISO 3166-1 alpha-2 codes."""


def regime_of(country: str | None) -> Regime:
    """Return the regime of a country. The United States have the Californian one, the strictest that may apply."""
    if country in EEA:
        return Regime.GDPR
    return {"GB": Regime.UK_GDPR, "CH": Regime.SWISS_FADP, "US": Regime.CCPA}.get(country or "", Regime.OTHER)


class Subject(Table, table=True):
    """A data subject. Every other table about a person refers to this row."""

    __tablename__ = "subjects"
    __table_args__ = (
        enum_check("status", SubjectStatus),
        enum_check("regime", Regime),
        CheckConstraint(
            f"octet_length(display_name) <= {4 * NAME_LENGTH + ENCRYPTION_OVERHEAD}", name="display_name_is_short"
        ),
        CheckConstraint(f"octet_length(country) = {2 + ENCRYPTION_OVERHEAD}", name="country_is_a_code"),
        Index("subjects_by_time", "registered_at", "id"),
    )

    id: UUID = column(Uuid, ErasureAction.KEPT, primary_key=True)
    status: str = column(Text, ErasureAction.KEPT, server_default=SubjectStatus.ACTIVE)
    registered_at: datetime = column(Timestamp, ErasureAction.KEPT)
    regime: str = column(Text, ErasureAction.KEPT)
    epoch: int = column(BigInteger, ErasureAction.KEPT, server_default="0")
    opted_out_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    opted_out_confirmed_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    """When the opt-out of everything was last repeated. No grant from before it counts."""
    display_name: bytes | None = column(Bytes, ErasureAction.ENCRYPTED, nullable=True)
    country: bytes | None = column(Bytes, ErasureAction.ENCRYPTED, nullable=True)
    choices: str | None = column(JSONB, ErasureAction.DELETED, nullable=True)
    """The current choices by purpose, each an array of state, effective time, channel and policy version.

    The transaction that appends a choice to the ledger also writes it here, if it counts.
    """
    refusals_confirmed_at: str | None = column(JSONB, ErasureAction.DELETED, nullable=True)
    """When a current refusal was last repeated, by purpose. Repeating appends no event to the ledger.

    No grant from before the time replaces the refusal.
    """


DISPLAY_NAME = EncryptedColumn("subjects.display_name")
COUNTRY = EncryptedColumn("subjects.country")


class SubjectRow(NamedTuple):
    """The columns of a subject that callers read."""

    subject_id: UUID
    status: str
    registered_at: datetime
    regime: str
    opted_out_at: datetime | None
    display_name: Annotated[bytes | None, DISPLAY_NAME]
    country: Annotated[bytes | None, COUNTRY]


RESTRICTED_COLUMNS = ("registered_at", "regime", "opted_out_at", "display_name", "country")
"""Columns that a role reads only if one of its fields shows them."""

BY_IDS = Statement(
    """
SELECT id, status, registered_at, regime, opted_out_at, display_name, country
FROM subjects
WHERE id = ANY(:ids)
""",
    restricted_columns=RESTRICTED_COLUMNS,
)

PAGE = Statement(
    """
SELECT id, status, registered_at, regime, opted_out_at, display_name, country
FROM subjects
WHERE (registered_at, id) > (COALESCE(CAST(:after_at AS timestamptz), '-infinity'), CAST(:after_id AS uuid))
ORDER BY registered_at, id
LIMIT :first
""",
    restricted_columns=RESTRICTED_COLUMNS,
)

SET_PROFILE = Statement("""
UPDATE subjects
SET display_name = :display_name, country = :country, regime = :regime
WHERE id = :id
""")

SET_STATUS = Statement("""
UPDATE subjects
SET status = :status
WHERE id = :id
""")


@reads(BY_IDS)
async def by_ids(connection: Connection, ids: Sequence[UUID]) -> RowByKey[UUID, SubjectRow]:
    """Return the subjects of these ids."""
    return RowByKey((row[0], SubjectRow._make(row)) for row in await BY_IDS.rows(connection, ids=as_list(ids)))


@reads(PAGE)
async def all_subjects(
    connection: Connection, _keys: Sequence[None], page: PageRequest
) -> Mapping[None, Page[SubjectRow]]:
    """Return a page of all subjects, in the order of their registration."""
    return {None: await read_page(connection, PAGE, SubjectRow._make, page)}
