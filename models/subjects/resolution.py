"""Resolution: find the subject of an identifier, and lock its row for a unit of work."""

from collections.abc import Sequence
from uuid import UUID

from models.encryption.keyring import Keyring
from models.errors import SubjectAmbiguous, SubjectErased, SubjectNotFound
from models.storage.statement import Connection, RowByKey, Statement, as_list, reads
from models.subjects.identifiers import (
    HashedIdentifier,
    SubjectIdentifier,
    SubjectIdentifiers,
    hash_identifier,
)
from models.subjects.subjects import RESTRICTED_COLUMNS, SubjectRow, SubjectStatus, by_ids
from models.unit_of_work import UnitOfWork

BY_ADDRESSES = Statement(
    """
SELECT e.lookup_hash, s.id, s.status, s.registered_at, s.regime, s.opted_out_at, s.display_name, s.country
FROM email_addresses AS e
JOIN subjects AS s ON s.id = e.subject_id
WHERE e.lookup_hash = ANY(:hashes)
""",
    restricted_columns=RESTRICTED_COLUMNS,
)

BY_ACCOUNTS = Statement(
    """
SELECT a.lookup_hash, s.id, s.status, s.registered_at, s.regime, s.opted_out_at, s.display_name, s.country
FROM accounts AS a
JOIN subjects AS s ON s.id = a.subject_id
WHERE a.lookup_hash = ANY(:hashes)
""",
    restricted_columns=RESTRICTED_COLUMNS,
)

LOCK_BY_ID = Statement("""
SELECT id, status, registered_at, regime, opted_out_at, display_name, country
FROM subjects
WHERE id = :id
FOR UPDATE
""")

# Rows are locked in the order of their ids, so that two units of work cannot wait for each other.
LOCK_BY_HASHES = Statement("""
SELECT id, status, registered_at, regime, opted_out_at, display_name, country
FROM subjects
WHERE id IN (
    SELECT subject_id FROM email_addresses WHERE lookup_hash = ANY(:addresses)
    UNION
    SELECT subject_id FROM accounts WHERE lookup_hash = ANY(:accounts)
)
ORDER BY id
FOR UPDATE
""")

LOCK_MANY = Statement("""
SELECT id
FROM subjects
WHERE id = ANY(CAST(:ids AS uuid[]))
ORDER BY id
FOR NO KEY UPDATE
""")


@reads(BY_ADDRESSES)
async def by_addresses(connection: Connection, hashes: Sequence[bytes]) -> RowByKey[bytes, SubjectRow]:
    """Return the subjects of these lookup hashes of email addresses."""
    rows = await BY_ADDRESSES.rows(connection, hashes=as_list(hashes))
    return RowByKey((row[0], SubjectRow._make(row[1:])) for row in rows)


@reads(BY_ACCOUNTS)
async def by_accounts(connection: Connection, hashes: Sequence[bytes]) -> RowByKey[bytes, SubjectRow]:
    """Return the subjects of these lookup hashes of accounts."""
    rows = await BY_ACCOUNTS.rows(connection, hashes=as_list(hashes))
    return RowByKey((row[0], SubjectRow._make(row[1:])) for row in rows)


SUBJECTS_BY_KIND = {"email": by_addresses, "account": by_accounts}
"""The read that finds subjects by lookup hash, for each kind of identifier that is hashed."""


async def find_many(
    connection: Connection, keyring: Keyring, identifiers: Sequence[SubjectIdentifier]
) -> list[SubjectRow | None]:
    """Return the subject of each identifier in order, None where there is none. All identifiers are of one kind."""
    if identifiers and identifiers[0].kind == "id":
        ids = [identifier.lookup_key for identifier in identifiers if isinstance(identifier.lookup_key, UUID)]
        subjects_by_id = await by_ids(connection, ids)
        return [subjects_by_id[subject_id] for subject_id in ids]
    digests = [hash_identifier(keyring, identifier).digests for identifier in identifiers]
    if not digests:
        return []
    subjects_by_hash = await SUBJECTS_BY_KIND[identifiers[0].kind](
        connection, [digest for versions in digests for digest in versions]
    )
    return [
        next((subject for digest in versions if (subject := subjects_by_hash[digest])), None) for versions in digests
    ]


async def lock_many(unit: UnitOfWork, people: SubjectIdentifiers) -> list[UUID | None]:
    """Lock the people of these identifiers, and return the id of each in order; None for an unknown one.

    Their choices and their status cannot change until the unit of work ends. The access events will name them.
    """
    identifiers = [SubjectIdentifier(people.kind, key) for key in people.lookup_keys]
    rows = await find_many(unit.connection, unit.keyring, identifiers)
    ids = [row and row.subject_id for row in rows]
    unique_ids = list(dict.fromkeys(subject_id for subject_id in ids if subject_id))
    await LOCK_MANY.rows(unit.connection, ids=unique_ids)
    unit.subject_ids.extend(unique_ids)
    return ids


async def lock(
    unit: UnitOfWork, identifier: SubjectIdentifier, argument: str = "subject", *, allow_erased: bool = False
) -> SubjectRow:
    """Lock and return the subject of an identifier.

    SUBJECT_NOT_FOUND when there is none; SUBJECT_ERASED when it is erased or being erased, unless ``allow_erased``.
    """
    hashed = hash_identifier(unit.keyring, identifier)
    subject = await find_for_update(unit, hashed, allow_erased=allow_erased)
    if subject is None:
        raise SubjectNotFound(argument=argument)
    return subject


async def find_for_update(
    unit: UnitOfWork, *identifiers: HashedIdentifier, allow_erased: bool = False
) -> SubjectRow | None:
    """Lock and return the one subject of these identifiers, or None. The access event will name the subject.

    SUBJECT_AMBIGUOUS when the identifiers belong to several subjects; SUBJECT_ERASED as in ``lock``.
    """
    ids = [each.identifier.lookup_key for each in identifiers if each.kind == "id"]
    if ids:
        [subject_id] = ids
        rows = await LOCK_BY_ID.rows(unit.connection, id=subject_id)
    else:
        rows = await LOCK_BY_HASHES.rows(
            unit.connection,
            addresses=[digest for each in identifiers if each.kind == "email" for digest in each.digests],
            accounts=[digest for each in identifiers if each.kind == "account" for digest in each.digests],
        )
    if not rows:
        return None
    if len(rows) > 1:
        raise SubjectAmbiguous
    subject = SubjectRow._make(rows[0])
    if not allow_erased:
        require_not_erased(subject)
    unit.subject_ids.append(subject.subject_id)
    return subject


def require_not_erased(subject: SubjectRow) -> None:
    """Raise SUBJECT_ERASED when the subject is erased or being erased."""
    if is_erased(subject):
        raise SubjectErased


def is_erased(subject: SubjectRow) -> bool:
    """Return whether the subject is erased or being erased."""
    return subject.status in {SubjectStatus.ERASING, SubjectStatus.ERASED}
