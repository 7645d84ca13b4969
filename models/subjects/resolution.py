"""Resolution: from the identifier that a caller gives to the subject, locked."""

from collections.abc import Sequence
from uuid import UUID

from models.errors import SubjectErased, SubjectNotFound
from models.storage.statement import Statement
from models.subjects.identifiers import SubjectIdentifier
from models.subjects.subjects import READS, SubjectRow, SubjectStatus
from models.unit_of_work import UnitOfWork

# By any of several names, locked in the order of their ids.
OWNERS = Statement("""
SELECT id, status, registered_at, regime, display_name, country
FROM subjects
WHERE id IN (
    SELECT subject_id FROM email_addresses WHERE lookup_hash = ANY(:addresses)
    UNION
    SELECT subject_id FROM accounts WHERE lookup_hash = ANY(:accounts)
)
ORDER BY id
FOR UPDATE
""")

LOCKED = Statement("""
SELECT id, status, registered_at, regime, display_name, country
FROM subjects
WHERE id = :id
FOR UPDATE
""")


async def find_owners(unit: UnitOfWork, names: Sequence[SubjectIdentifier]) -> list[SubjectRow]:
    """Give the people whom these addresses and accounts name, locked until the deed is done."""
    hashes: dict[str, list[bytes]] = {"email": [], "account": []}
    for name in names:
        hashes[name.kind] += [hashed.digest for hashed in unit.keyring.lookup_hashes(name.kind, str(name.lookup_key))]
    rows = await OWNERS.rows(unit.connection, addresses=hashes["email"], accounts=hashes["account"])
    return [SubjectRow._make(row) for row in rows]


async def lock(unit: UnitOfWork, name: SubjectIdentifier, argument: str = "subject") -> SubjectRow:
    """Give the person whom a name means, with the row locked until the deed is done.

    SUBJECT_NOT_FOUND when nobody is meant, SUBJECT_ERASED when the person is erased or being erased.
    """
    subject = await find_for_update(unit, name)
    if subject is None:
        raise SubjectNotFound(argument=argument)
    if subject.status in {SubjectStatus.ERASING, SubjectStatus.ERASED}:
        raise SubjectErased
    unit.subject_ids.append(subject.subject_id)
    return subject


async def find_for_update(unit: UnitOfWork, name: SubjectIdentifier) -> SubjectRow | None:
    """Give the person whom a name means, locked, or None."""
    if isinstance(name.lookup_key, UUID):
        row = await LOCKED.row(unit.connection, id=name.lookup_key)
        return SubjectRow._make(row) if row else None
    for hashed in unit.keyring.lookup_hashes(name.kind, name.lookup_key):
        found = (await READS[name.kind](unit.connection, [hashed.digest]))[hashed.digest]
        if found:
            row = await LOCKED.row(unit.connection, id=found.subject_id)
            return SubjectRow._make(row) if row else None
    return None
