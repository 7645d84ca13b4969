"""Purposes: what personal data may be used for, each with its legal basis; and the policy in force."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Boolean, CheckConstraint, Date, Integer

from models.storage.columns import LOOKED_UP, Fate, Table, Text, one_of, stored
from models.storage.database import Connection, Statement


class LegalBasis(StrEnum):
    """Why processing is lawful (Art. 6(1) GDPR, points a, b, f and c)."""

    CONSENT = "CONSENT"
    CONTRACT = "CONTRACT"
    LEGITIMATE_INTERESTS = "LEGITIMATE_INTERESTS"
    LEGAL_OBLIGATION = "LEGAL_OBLIGATION"


REFUSABLE = frozenset({LegalBasis.CONSENT, LegalBasis.LEGITIMATE_INTERESTS})
"""The bases that leave the choice to the person: consent can be withdrawn, legitimate interests objected to."""


class Purpose(Table, table=True):
    """One thing that personal data may be used for. A sale is none: the database refuses to define it."""

    __tablename__ = "purposes"
    __table_args__ = (
        one_of("legal_basis", LegalBasis),
        CheckConstraint(r"key ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' AND length(key) <= 64", name="key_is_a_name"),
        CheckConstraint(
            r"(key || ' ' || title || ' ' || description)"
            r" !~* '\m(sale|sales|sell|sells|selling|sold|barter|rent|rental)\M'",
            name="nothing_personal_is_sold",
        ),
        CheckConstraint("lapses_after_days > 0", name="lapse_is_positive"),
        LOOKED_UP,
    )

    key: str = stored(Text, Fate.IMPERSONAL, primary_key=True)
    title: str = stored(Text, Fate.IMPERSONAL)
    description: str = stored(Text, Fate.IMPERSONAL)
    legal_basis: str = stored(Text, Fate.IMPERSONAL)
    is_marketing: bool = stored(Boolean, Fate.IMPERSONAL)
    lapses_after_days: int | None = stored(Integer, Fate.IMPERSONAL, nullable=True)


class PolicyVersion(Table, table=True):
    """A version of the privacy policy; every choice names the one that was in force."""

    __tablename__ = "policy_versions"
    __table_args__ = LOOKED_UP

    version: str = stored(Text, Fate.IMPERSONAL, primary_key=True)
    effective_on: date = stored(Date, Fate.IMPERSONAL, unique=True)


class PurposeRow(NamedTuple):
    """A purpose as it is read."""

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

NAMED = Statement("""
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


async def every(connection: Connection, _keys: Sequence[None]) -> dict[None, list[PurposeRow]]:
    """Give all purposes, by name."""
    return {None: [PurposeRow._make(row) for row in await ALL.rows(connection)]}


async def named(connection: Connection, keys: Sequence[str]) -> dict[str, PurposeRow]:
    """Give the purposes of these names; those that are none are left out."""
    return {row[0]: PurposeRow._make(row) for row in await NAMED.rows(connection, keys=list(keys))}
