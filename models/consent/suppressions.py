"""Suppressions: opt-outs of email addresses that no subject had, stored as keyed hashes (the do-not-mail list)."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import CheckConstraint, SmallInteger

from models.consent.ledger import Channel
from models.storage.columns import Bytes, ErasureAction, Table, Text, Timestamp, column, enum_check
from models.storage.statement import Statement
from models.subjects.identifiers import HashedIdentifier
from models.unit_of_work import UnitOfWork

ALL_PURPOSES = "*"
"""The stored key that means every purpose that can be refused."""


class Suppression(Table, table=True):
    """An opt-out of an address for one purpose or for all. It stays when the address changes its owner."""

    __tablename__ = "suppressions"
    __table_args__ = (
        enum_check("channel", Channel),
        CheckConstraint("octet_length(lookup_hash) = 32", name="suppression_hash_is_one"),
    )

    lookup_hash: bytes = column(Bytes, ErasureAction.KEPT, primary_key=True)
    purpose: str = column(Text, ErasureAction.KEPT, primary_key=True)
    lookup_version: int = column(SmallInteger, ErasureAction.KEPT)
    at: datetime = column(Timestamp, ErasureAction.KEPT)
    channel: str = column(Text, ErasureAction.KEPT)
    confirmed_at: datetime | None = column(Timestamp, ErasureAction.KEPT, nullable=True)
    """When the opt-out was last repeated."""


class SuppressionRow(NamedTuple):
    """The columns of a suppression that other modules read."""

    purpose: str
    at: datetime
    channel: str
    confirmed_at: datetime | None


BY_HASHES = Statement("""
SELECT purpose, at, channel, confirmed_at
FROM suppressions
WHERE lookup_hash = ANY(:hashes)
ORDER BY at, purpose
""")

INSERT = Statement("""
INSERT INTO suppressions (lookup_hash, purpose, lookup_version, at, channel)
SELECT :hash, purpose, :version, clock_timestamp(), :channel
FROM unnest(CAST(:purposes AS text[])) AS fresh (purpose)
ON CONFLICT (lookup_hash, purpose) DO UPDATE
SET confirmed_at = clock_timestamp()
""")

# An address may have several hashes, and a purpose is refused by a suppression of all as well.
SUPPRESSED_SINCE = Statement("""
SELECT max(refused.at)
FROM (
    SELECT min(s.at) AS at
    FROM unnest(CAST(:purposes AS text[])) AS p (purpose)
    JOIN suppressions AS s ON s.purpose IN (p.purpose, :every)
    WHERE s.lookup_hash = ANY(:hashes)
    GROUP BY p.purpose
) AS refused
""")

IS_SUPPRESSED = Statement("""
SELECT EXISTS (
    SELECT FROM suppressions
    WHERE lookup_hash = ANY(:hashes)
    OR lookup_hash IN (SELECT lookup_hash FROM email_addresses WHERE subject_id = CAST(:subject_id AS uuid))
)
""")

# Locks are held until the transaction ends.
LOCK_IDENTIFIERS = Statement("""
SELECT pg_advisory_xact_lock(number)
FROM unnest(CAST(:numbers AS bigint[])) AS lock (number)
""")


async def lock_identifiers(unit: UnitOfWork, *identifiers: HashedIdentifier) -> None:
    """Take advisory locks on these identifiers, so that units of work about the same address run one by one.

    Locks are taken in numeric order to prevent deadlocks.
    """
    numbers = sorted({int.from_bytes(identifier.newest.digest[:8], signed=True) for identifier in identifiers})
    await LOCK_IDENTIFIERS.rows(unit.connection, numbers=numbers)


async def find_suppressions(unit: UnitOfWork, *addresses: HashedIdentifier) -> list[SuppressionRow]:
    """Return the suppressions of these addresses, the oldest first."""
    hashes = [digest for address in addresses for digest in _digests(address)]
    return [SuppressionRow._make(row) for row in await BY_HASHES.rows(unit.connection, hashes=hashes)]


async def add(unit: UnitOfWork, address: HashedIdentifier, purposes: Sequence[str], channel: Channel) -> datetime:
    """Suppress an address for these purposes, and return the time since which all of them are suppressed."""
    await INSERT.run(
        unit.connection,
        hash=address.newest.digest,
        version=address.newest.version,
        purposes=list(purposes),
        channel=channel,
    )
    since: datetime = await SUPPRESSED_SINCE.value(
        unit.connection, hashes=_digests(address), purposes=list(purposes), every=ALL_PURPOSES
    )
    return since


async def is_suppressed(unit: UnitOfWork, identifier: HashedIdentifier, subject_id: UUID | None) -> bool:
    """Return whether the identifier, or an address of the subject, has a suppression."""
    return bool(await IS_SUPPRESSED.value(unit.connection, hashes=_digests(identifier), subject_id=subject_id))


def _digests(identifier: HashedIdentifier) -> list[bytes]:
    return [each.digest for each in identifier.all_hashes]
