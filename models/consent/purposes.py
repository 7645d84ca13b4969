"""Purposes that personal data may be used for, each with its legal basis; and versions of the privacy policy."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ARRAY, Boolean, CheckConstraint, Date, Integer, text

from models.storage.columns import (
    APPEND_ONLY,
    REFERENCE_TABLE,
    ErasureAction,
    Table,
    Text,
    Timestamp,
    column,
    enum_check,
)
from models.storage.statement import Connection, Statement, reads


class LegalBasis(StrEnum):
    """The legal basis of processing (Art. 6(1) GDPR, points a, b, f and c)."""

    CONSENT = "CONSENT"
    CONTRACT = "CONTRACT"
    LEGITIMATE_INTERESTS = "LEGITIMATE_INTERESTS"
    LEGAL_OBLIGATION = "LEGAL_OBLIGATION"


KEY_LENGTH = 64
"""The maximum length of a purpose's key, in characters."""

REFUSABLE_BASES = frozenset({LegalBasis.CONSENT, LegalBasis.LEGITIMATE_INTERESTS})
"""Legal bases that a subject can refuse: consent can be withdrawn, legitimate interests can be objected to."""


class Purpose(Table, table=True):
    """A purpose of processing. A check constraint refuses purposes that sell personal data."""

    __tablename__ = "purposes"
    __table_args__ = (
        enum_check("legal_basis", LegalBasis),
        CheckConstraint(r"key ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' AND length(key) <= 64", name="key_is_a_name"),
        CheckConstraint(
            r"(key || ' ' || title || ' ' || description)"
            r" !~* '\m(sale|sales|sell|sells|selling|sold|barter|rent|rental)\M'",
            name="nothing_personal_is_sold",
        ),
        CheckConstraint("lapses_after_days > 0", name="lapse_is_positive"),
        REFERENCE_TABLE,
    )

    key: str = column(Text, ErasureAction.IMPERSONAL, primary_key=True)
    title: str = column(Text, ErasureAction.IMPERSONAL)
    description: str = column(Text, ErasureAction.IMPERSONAL)
    legal_basis: str = column(Text, ErasureAction.IMPERSONAL)
    is_marketing: bool = column(Boolean, ErasureAction.IMPERSONAL)
    lapses_after_days: int | None = column(Integer, ErasureAction.IMPERSONAL, nullable=True)


class PolicyVersion(Table, table=True):
    """A version of the privacy policy. Each consent event refers to the version in force at its effective time."""

    __tablename__ = "policy_versions"
    __table_args__ = APPEND_ONLY

    version: str = column(Text, ErasureAction.IMPERSONAL, primary_key=True)
    effective_on: date = column(Date, ErasureAction.IMPERSONAL, unique=True)
    url: str = column(Text, ErasureAction.IMPERSONAL, server_default="")
    must_ask_again: list[str] = column(ARRAY(Text), ErasureAction.IMPERSONAL, server_default="{}")
    published_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL, server_default=text("clock_timestamp()"))


class PurposeRow(NamedTuple):
    """The columns of a purpose that callers read."""

    key: str
    title: str
    description: str
    legal_basis: str
    is_marketing: bool
    lapses_after_days: int | None


ALL = Statement("""
SELECT key, title, description, legal_basis, is_marketing, lapses_after_days
FROM purposes
ORDER BY key
""")

BY_KEYS = Statement("""
SELECT key, title, description, legal_basis, is_marketing, lapses_after_days
FROM purposes
WHERE key = ANY(:keys)
""")

POLICY_IN_FORCE = Statement("""
SELECT version
FROM policy_versions
WHERE effective_on <= CAST(now() AT TIME ZONE 'UTC' AS date)
ORDER BY effective_on DESC
LIMIT 1
""")


ALL_POLICY_VERSIONS = Statement("""
SELECT version, effective_on
FROM policy_versions
ORDER BY effective_on
""")


class PolicyVersions(NamedTuple):
    """The registered versions of the privacy policy with the days on which they took effect (UTC), the oldest first."""

    versions: Sequence[tuple[str, date]]

    def is_registered(self, version: str) -> bool:
        """Return whether there is such a version."""
        return any(version == name for name, _ in self.versions)

    def in_force(self, at: datetime) -> str | None:
        """Return the version in force at a time; None before the first version."""
        day = at.astimezone(UTC).date()
        return next((version for version, effective_on in reversed(self.versions) if effective_on <= day), None)

    @property
    def first(self) -> str:
        """The first version. A refusal from before it is stored with this version."""
        return self.versions[0][0]


async def policy_versions(connection: Connection) -> PolicyVersions:
    """Return all registered versions of the privacy policy."""
    rows = await ALL_POLICY_VERSIONS.rows(connection)
    return PolicyVersions([(row[0], row[1]) for row in rows])


@reads(ALL)
async def all_purposes(connection: Connection, _keys: Sequence[None]) -> dict[None, list[PurposeRow]]:
    """Return all purposes, ordered by key."""
    return {None: [PurposeRow._make(row) for row in await ALL.rows(connection)]}


async def refusable_purposes(connection: Connection) -> list[PurposeRow]:
    """Return the purposes that a subject can refuse, ordered by key."""
    purposes = (await all_purposes(connection, []))[None]
    return [purpose for purpose in purposes if purpose.legal_basis in REFUSABLE_BASES]


async def find_purposes(connection: Connection, keys: Sequence[str]) -> dict[str, PurposeRow]:
    """Return the purposes of these keys. Unknown keys are left out."""
    return {row[0]: PurposeRow._make(row) for row in await BY_KEYS.rows(connection, keys=list(keys))}
