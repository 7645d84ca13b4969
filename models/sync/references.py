"""References of sync accounts: each belongs to one person."""

from collections.abc import Iterable
from uuid import UUID

from models.encryption.keyring import Keyring, LookupHash
from models.errors import SubjectAmbiguous
from models.storage.statement import Statement
from models.unit_of_work import UnitOfWork

# Locks are held until the transaction ends, and taken in numeric order to prevent deadlocks.
LOCK_REFERENCES = Statement("""
SELECT pg_advisory_xact_lock(number)
FROM unnest(CAST(:numbers AS bigint[])) AS lock (number)
""")

BELONGS_TO_ANOTHER = Statement("""
SELECT EXISTS (
    SELECT FROM sync_accounts
    WHERE reference_hash = ANY(:hashes)
    AND subject_id <> :subject_id
)
""")


def reference_hashes(keyring: Keyring, reference: str) -> list[LookupHash]:
    """Return the hashes of a reference under every version of the lookup key, the newest first."""
    return keyring.lookup_hashes("sync reference", reference)


async def require_unshared(unit: UnitOfWork, subject_id: UUID, references: Iterable[str], argument: str) -> None:
    """Raise SUBJECT_AMBIGUOUS when one of these references belongs to another person.

    The references are locked, so that units of work about the same one run one by one.
    """
    hashes = [reference_hashes(unit.keyring, reference) for reference in references]
    if not hashes:
        return
    numbers = sorted({int.from_bytes(newest.digest[:8], signed=True) for newest, *_ in hashes})
    await LOCK_REFERENCES.rows(unit.connection, numbers=numbers)
    digests = [hashed.digest for versions in hashes for hashed in versions]
    if await BELONGS_TO_ANOTHER.value(unit.connection, hashes=digests, subject_id=subject_id):
        raise SubjectAmbiguous(argument=argument)
