"""The do-not-mail list: addresses, as keyed hashes alone, that said no before anybody was registered under them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import CheckConstraint, SmallInteger

from models.consent.ledger import Channel
from models.storage.columns import Bytes, ErasureAction, Table, Text, Timestamp, column, enum_check
from models.storage.statement import Statement
from models.subjects.identifiers import SubjectIdentifier
from models.unit_of_work import UnitOfWork

ALL_PURPOSES = "*"
"""Stands for every purpose that can be refused."""


class Suppression(Table, table=True):
    """One purpose, or everything, that an address refused. The refusal outlives whoever had the address."""

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


class SuppressionRow(NamedTuple):
    """A suppression as it is read."""

    purpose: str
    at: datetime
    channel: str


BY_HASHES = Statement("""
SELECT purpose, at, channel
FROM suppressions
WHERE lookup_hash = ANY(:hashes)
ORDER BY at, purpose
""")

INSERT = Statement("""
INSERT INTO suppressions (lookup_hash, purpose, lookup_version, at, channel)
SELECT :hash, purpose, :version, clock_timestamp(), :channel
FROM unnest(CAST(:purposes AS text[])) AS fresh (purpose)
ON CONFLICT DO NOTHING
""")

SUPPRESSED_SINCE = Statement("""
SELECT max(at)
FROM suppressions
WHERE lookup_hash = ANY(:hashes)
AND purpose = ANY(:purposes)
""")

IS_SUPPRESSED = Statement("""
SELECT EXISTS (
    SELECT FROM suppressions
    WHERE lookup_hash = ANY(:hashes)
    OR lookup_hash IN (SELECT lookup_hash FROM email_addresses WHERE subject_id = CAST(:subject_id AS uuid))
)
""")

# Held to the end of the transaction: deeds that concern one name wait for each other.
LOCK_IDENTIFIERS = Statement("""
SELECT pg_advisory_xact_lock(number)
FROM unnest(CAST(:numbers AS bigint[])) AS name (number)
""")


def _digests(unit: UnitOfWork, name: SubjectIdentifier) -> list[bytes]:
    return [hashed.digest for hashed in unit.keyring.lookup_hashes(name.kind, str(name.lookup_key))]


async def lock_identifiers(unit: UnitOfWork, *names: SubjectIdentifier) -> None:
    """Make other deeds that lock one of these names wait until this one is done; always in one order."""
    numbers = sorted({int.from_bytes(_digests(unit, name)[0][:8], signed=True) for name in names})
    await LOCK_IDENTIFIERS.rows(unit.connection, numbers=numbers)


async def find_suppressions(unit: UnitOfWork, *names: SubjectIdentifier) -> list[SuppressionRow]:
    """Give what these addresses refused, the oldest first."""
    hashes = [digest for name in names for digest in _digests(unit, name)]
    return [SuppressionRow._make(row) for row in await BY_HASHES.rows(unit.connection, hashes=hashes)]


async def add(unit: UnitOfWork, name: SubjectIdentifier, purposes: Sequence[str], channel: Channel) -> datetime:
    """Put the address on the list; give since when all of these purposes are refused."""
    hashed = unit.keyring.lookup_hashes(name.kind, str(name.lookup_key))[0]
    await INSERT.run(
        unit.connection, hash=hashed.digest, version=hashed.version, purposes=list(purposes), channel=channel
    )
    since: datetime = await SUPPRESSED_SINCE.value(
        unit.connection, hashes=_digests(unit, name), purposes=list(purposes)
    )
    return since


async def is_suppressed(unit: UnitOfWork, name: SubjectIdentifier, subject_id: UUID | None) -> bool:
    """Say whether the address, or one of the person's, is on the do-not-mail list."""
    hashes = _digests(unit, name) if name.kind == "email" else []
    return bool(await IS_SUPPRESSED.value(unit.connection, hashes=hashes, subject_id=subject_id))
