"""Addresses of erased children: no service registers them again until the privacy officer lifts the suppression.

The ledger in the keyring database holds their hashes, so that no restore of the other database forgets them.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, text

from models.encryption.keyring import LookupHash
from models.storage.columns import APPEND_ONLY, Bytes, ErasureAction, KeyringTable, Timestamp, Uuid, column
from models.storage.statement import Connection, Statement
from models.subjects.identifiers import SubjectIdentifier, hash_identifier
from models.unit_of_work import UnitOfWork


class LiftedSuppression(KeyringTable, table=True):
    """The hash of an erased child's address that may be registered again."""

    __tablename__ = "lifted_suppressions"
    __table_args__ = (
        CheckConstraint("octet_length(lookup_hash) = 32", name="lifted_hash_is_one"),
        APPEND_ONLY,
    )

    lookup_hash: bytes = column(Bytes, ErasureAction.KEPT, primary_key=True)
    subject_id: UUID = column(Uuid, ErasureAction.KEPT, references="erasures.subject_id", primary_key=True)
    lifted_at: datetime = column(Timestamp, ErasureAction.KEPT, server_default=text("clock_timestamp()"))


SUPPRESSED = Statement("""
SELECT DISTINCT n.lookup_hash
FROM erased_names AS n
JOIN erasures AS e ON e.subject_id = n.subject_id
WHERE n.lookup_hash = ANY(CAST(:hashes AS bytea[]))
AND n.kind = 'email'
AND e.reason = 'UNDERAGE'
AND NOT EXISTS (
    SELECT FROM lifted_suppressions AS l WHERE l.lookup_hash = n.lookup_hash AND l.subject_id = n.subject_id
)
""")

ERASED_AND_NOT_LIFTED = Statement("""
SELECT DISTINCT n.lookup_hash
FROM erased_names AS n
WHERE n.lookup_hash = ANY(CAST(:hashes AS bytea[]))
AND NOT EXISTS (
    SELECT FROM lifted_suppressions AS l WHERE l.lookup_hash = n.lookup_hash AND l.subject_id = n.subject_id
)
""")

LIFT = Statement("""
INSERT INTO lifted_suppressions (lookup_hash, subject_id)
SELECT n.lookup_hash, n.subject_id
FROM erased_names AS n
JOIN erasures AS e ON e.subject_id = n.subject_id
WHERE n.lookup_hash = ANY(CAST(:hashes AS bytea[]))
AND n.kind = 'email'
AND e.reason = 'UNDERAGE'
ON CONFLICT DO NOTHING
RETURNING subject_id
""")


async def suppressed_hashes(keyring: Connection, hashes: Sequence[LookupHash]) -> list[bytes]:
    """Return those of the hashes that belong to the address of an erased child, and are not lifted."""
    return [row[0] for row in await SUPPRESSED.rows(keyring, hashes=[hashed.digest for hashed in hashes])]


async def erased_hashes(keyring: Connection, hashes: Sequence[LookupHash]) -> list[bytes]:
    """Return those of the hashes that belong to an identifier of an erased person, and are not lifted."""
    return [row[0] for row in await ERASED_AND_NOT_LIFTED.rows(keyring, hashes=[hashed.digest for hashed in hashes])]


async def lift_suppression(unit: UnitOfWork, email: str) -> bool:
    """Allow services to register the address of an erased child again, and corrections to add it.

    Return whether it was suppressed.

    An address that is erased once more with the reason UNDERAGE is suppressed again.
    """
    hashed = hash_identifier(unit.keyring, SubjectIdentifier.email(email, "email"))
    async with unit.keyring.pool.acquire() as connection:
        rows = await LIFT.rows(connection, hashes=[each.digest for each in hashed.all_hashes])
    unit.subject_ids.extend(dict.fromkeys(row["subject_id"] for row in rows))
    return bool(rows)
