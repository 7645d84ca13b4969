"""The do-not-mail list: addresses, as keyed hashes alone, that said no before anybody was registered under them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import CheckConstraint, SmallInteger

from models.consent.ledger import Channel
from models.storage.columns import Fate, Moment, Octets, Table, Text, one_of, stored
from models.storage.database import Statement
from models.subjects.identifiers import Name
from models.unit_of_work import Deed

EVERYTHING = "*"
"""Stands for every purpose that can be refused."""


class Suppression(Table, table=True):
    """One purpose, or everything, that an address refused. The refusal outlives whoever had the address."""

    __tablename__ = "suppressions"
    __table_args__ = (
        one_of("channel", Channel),
        CheckConstraint("octet_length(lookup_hash) = 32", name="suppression_hash_is_one"),
    )

    lookup_hash: bytes = stored(Octets, Fate.KEPT, primary_key=True)
    purpose: str = stored(Text, Fate.KEPT, primary_key=True)
    lookup_version: int = stored(SmallInteger, Fate.KEPT)
    at: datetime = stored(Moment, Fate.KEPT)
    channel: str = stored(Text, Fate.KEPT)


class SuppressionRow(NamedTuple):
    """A suppression as it is read."""

    purpose: str
    at: datetime
    channel: str


OF_HASHES = Statement("""
SELECT purpose, at, channel
FROM suppressions
WHERE lookup_hash = ANY(:hashes)
ORDER BY at, purpose
""")

ADD = Statement("""
INSERT INTO suppressions (lookup_hash, purpose, lookup_version, at, channel)
SELECT :hash, purpose, :version, clock_timestamp(), :channel
FROM unnest(CAST(:purposes AS text[])) AS fresh (purpose)
ON CONFLICT DO NOTHING
""")

SINCE = Statement("""
SELECT max(at)
FROM suppressions
WHERE lookup_hash = ANY(:hashes)
AND purpose = ANY(:purposes)
""")

HOLDS = Statement("""
SELECT EXISTS (
    SELECT FROM suppressions
    WHERE lookup_hash = ANY(:hashes)
    OR lookup_hash IN (SELECT lookup_hash FROM email_addresses WHERE subject_id = CAST(:subject_id AS uuid))
)
""")

# Held to the end of the transaction: deeds that concern one name wait for each other.
LOCK = Statement("""
SELECT pg_advisory_xact_lock(number)
FROM unnest(CAST(:numbers AS bigint[])) AS name (number)
""")


def _digests(deed: Deed, name: Name) -> list[bytes]:
    return [hashed.digest for hashed in deed.keyring.hashes(name.kind, str(name.key))]


async def lock(deed: Deed, *names: Name) -> None:
    """Make other deeds that lock one of these names wait until this one is done; always in one order."""
    numbers = sorted({int.from_bytes(_digests(deed, name)[0][:8], signed=True) for name in names})
    await LOCK.rows(deed.connection, numbers=numbers)


async def of(deed: Deed, *names: Name) -> list[SuppressionRow]:
    """Give what these addresses refused, the oldest first."""
    hashes = [digest for name in names for digest in _digests(deed, name)]
    return [SuppressionRow._make(row) for row in await OF_HASHES.rows(deed.connection, hashes=hashes)]


async def add(deed: Deed, name: Name, purposes: Sequence[str], channel: Channel) -> datetime:
    """Put the address on the list; give since when all of these purposes are refused."""
    hashed = deed.keyring.hashes(name.kind, str(name.key))[0]
    await ADD.run(deed.connection, hash=hashed.digest, version=hashed.version, purposes=list(purposes), channel=channel)
    since: datetime = await SINCE.value(deed.connection, hashes=_digests(deed, name), purposes=list(purposes))
    return since


async def holds(deed: Deed, name: Name, subject_id: UUID | None) -> bool:
    """Say whether the address, or one of the person's, is on the do-not-mail list."""
    hashes = _digests(deed, name) if name.kind == "email" else []
    return bool(await HOLDS.value(deed.connection, hashes=hashes, subject_id=subject_id))
