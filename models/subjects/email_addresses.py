"""Email addresses of subjects: encrypted, and found by a keyed hash."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, NamedTuple
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Index, SmallInteger, UniqueConstraint, text

from models.encryption.encrypted_column import ENCRYPTION_OVERHEAD, DataKey, EncryptedColumn
from models.errors import BadInput, StateConflict, SubjectAmbiguous
from models.storage.columns import Bytes, ErasureAction, Table, Timestamp, Uuid, column
from models.storage.ids import new_id
from models.storage.statement import Connection, RowsByKey, Statement, as_list, reads
from models.storage.validation import MAX_ADDRESS_LENGTH
from models.subjects.identifiers import HashedIdentifier
from models.unit_of_work import UnitOfWork


class EmailAddress(Table, table=True):
    """An email address of a subject. It is used for look-ups only; other tables refer to the subject's id."""

    __tablename__ = "email_addresses"
    __table_args__ = (
        UniqueConstraint("lookup_hash", "lookup_version", name="an_address_is_one_persons"),
        Index("one_primary_address", "subject_id", unique=True, postgresql_where=text("is_primary")),
        CheckConstraint(
            f"octet_length(address) <= {4 * MAX_ADDRESS_LENGTH + ENCRYPTION_OVERHEAD}", name="address_is_short"
        ),
        CheckConstraint("octet_length(lookup_hash) = 32", name="address_hash_is_one"),
    )

    subject_id: UUID = column(Uuid, ErasureAction.KEPT, references="subjects.id", primary_key=True)
    id: UUID = column(Uuid, ErasureAction.DELETED, primary_key=True)
    address: bytes = column(Bytes, ErasureAction.ENCRYPTED)
    lookup_version: int = column(SmallInteger, ErasureAction.DELETED)
    lookup_hash: bytes = column(Bytes, ErasureAction.DELETED)
    is_primary: bool = column(Boolean, ErasureAction.DELETED)
    verified_at: datetime | None = column(Timestamp, ErasureAction.DELETED, nullable=True)
    added_at: datetime = column(Timestamp, ErasureAction.DELETED)
    stopped_at: datetime | None = column(Timestamp, ErasureAction.DELETED, nullable=True)


ADDRESS = EncryptedColumn("email_addresses.address")


class EmailAddressRow(NamedTuple):
    """The columns of an email address that callers read."""

    subject_id: UUID
    address: Annotated[bytes, ADDRESS]
    is_primary: bool
    verified_at: datetime | None
    stopped_at: datetime | None


OF_SUBJECTS = Statement("""
SELECT subject_id, address, is_primary, verified_at, stopped_at
FROM email_addresses
WHERE subject_id = ANY(:ids)
ORDER BY subject_id, is_primary DESC, added_at, id
""")

FIND_OWNERS = Statement("""
SELECT subject_id
FROM email_addresses
WHERE lookup_hash = ANY(:hashes)
""")

INSERT = Statement("""
INSERT INTO email_addresses (subject_id, id, address, lookup_version, lookup_hash, is_primary, added_at)
VALUES (
    :subject_id, :id, :address, :version, :hash,
    NOT EXISTS (SELECT FROM email_addresses WHERE subject_id = :subject_id), :at
)
ON CONFLICT (lookup_hash, lookup_version) DO NOTHING
""")

CLEAR_PRIMARY = Statement("""
UPDATE email_addresses
SET is_primary = false
WHERE subject_id = :subject_id
AND is_primary
""")

SET_PRIMARY = Statement("""
UPDATE email_addresses
SET is_primary = true
WHERE subject_id = :subject_id
AND lookup_hash = ANY(:hashes)
""")

DELETE = Statement("""
DELETE FROM email_addresses
WHERE subject_id = :subject_id
AND lookup_hash = ANY(:hashes)
""")

# Without a primary address, the oldest remaining address becomes the primary one.
PROMOTE_OLDEST = Statement("""
UPDATE email_addresses
SET is_primary = true
WHERE subject_id = :subject_id
AND id = (SELECT id FROM email_addresses WHERE subject_id = :subject_id ORDER BY added_at, id LIMIT 1)
AND NOT EXISTS (SELECT FROM email_addresses WHERE subject_id = :subject_id AND is_primary)
""")

RESUME_DELIVERY = Statement("""
UPDATE email_addresses
SET stopped_at = NULL
WHERE subject_id = :subject_id
AND lookup_hash = ANY(:hashes)
""")

STOP_DELIVERY = Statement("""
UPDATE email_addresses
SET stopped_at = COALESCE(stopped_at, clock_timestamp())
WHERE subject_id = :subject_id
AND lookup_hash = ANY(:hashes)
""")

COUNT = Statement("""
SELECT count(*)
FROM email_addresses
WHERE subject_id = :subject_id
""")


@reads(OF_SUBJECTS)
async def of_subjects(connection: Connection, ids: Sequence[UUID]) -> RowsByKey[UUID, EmailAddressRow]:
    """Return the addresses of each subject, the primary one first."""
    groups: RowsByKey[UUID, EmailAddressRow] = RowsByKey()
    for row in await OF_SUBJECTS.rows(connection, ids=as_list(ids)):
        groups.add(row[0], EmailAddressRow._make(row))
    return groups


async def add(unit: UnitOfWork, key: DataKey, address: HashedIdentifier) -> bool:
    """Add this address to the subject that owns the key, and return whether it is new.

    SUBJECT_AMBIGUOUS when another subject has it. The caller applies the suppressions of a new address
    (``models.consent.opt_outs.apply_suppressions``).
    """
    owners = await FIND_OWNERS.rows(unit.connection, hashes=address.digests)
    if not owners and await INSERT.run(
        unit.connection,
        subject_id=key.owner_id,
        id=new_id(),
        address=ADDRESS.encrypt(key, address.identifier.normalized),
        version=address.newest.version,
        hash=address.newest.digest,
        at=unit.at,
    ):
        return True
    owners = owners or await FIND_OWNERS.rows(unit.connection, hashes=address.digests)
    if any(row[0] != key.owner_id for row in owners):
        raise SubjectAmbiguous
    return False


async def make_primary(unit: UnitOfWork, subject_id: UUID, address: HashedIdentifier) -> None:
    """Make this address the subject's primary one. BAD_INPUT when the subject does not have it."""
    await CLEAR_PRIMARY.run(unit.connection, subject_id=subject_id)
    if not await SET_PRIMARY.run(unit.connection, subject_id=subject_id, hashes=address.digests):
        raise BadInput("input.primaryEmail", "it is not one of the person's addresses")


async def remove(unit: UnitOfWork, subject_id: UUID, address: HashedIdentifier) -> None:
    """Delete this address, if the subject has it. STATE_CONFLICT when it is the only one."""
    if await DELETE.run(unit.connection, subject_id=subject_id, hashes=address.digests):
        if not await COUNT.value(unit.connection, subject_id=subject_id):
            raise StateConflict(argument="input.removeEmail")
        await PROMOTE_OLDEST.run(unit.connection, subject_id=subject_id)


async def stop_delivery(unit: UnitOfWork, subject_id: UUID, address: HashedIdentifier) -> None:
    """Stop sending email to this address until a correction names it."""
    await STOP_DELIVERY.run(unit.connection, subject_id=subject_id, hashes=address.digests)


async def resume_delivery(unit: UnitOfWork, subject_id: UUID, address: HashedIdentifier) -> None:
    """Send email to this address again."""
    await RESUME_DELIVERY.run(unit.connection, subject_id=subject_id, hashes=address.digests)
