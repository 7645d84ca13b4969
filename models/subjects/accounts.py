"""Accounts: the references under which internal systems know a subject."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, NamedTuple
from uuid import UUID

from sqlalchemy import CheckConstraint, SmallInteger, UniqueConstraint

from models.encryption.encrypted_column import ENCRYPTION_OVERHEAD, DataKey, EncryptedColumn
from models.errors import SubjectAmbiguous
from models.storage.columns import Bytes, ErasureAction, Table, Text, Timestamp, Uuid, column
from models.storage.ids import new_id
from models.storage.statement import Connection, RowsByKey, Statement, as_list, reads
from models.subjects.identifiers import REFERENCE_LENGTH, HashedIdentifier
from models.unit_of_work import UnitOfWork


class Account(Table, table=True):
    """A subject's reference in one internal system. An account belongs to one subject."""

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("lookup_hash", "lookup_version", name="an_account_is_one_persons"),
        CheckConstraint(
            f"octet_length(reference) <= {4 * REFERENCE_LENGTH + ENCRYPTION_OVERHEAD}", name="reference_is_short"
        ),
        CheckConstraint("octet_length(lookup_hash) = 32", name="account_hash_is_one"),
    )

    subject_id: UUID = column(Uuid, ErasureAction.KEPT, references="subjects.id", primary_key=True)
    id: UUID = column(Uuid, ErasureAction.DELETED, primary_key=True)
    system: str = column(Text, ErasureAction.DELETED)
    reference: bytes = column(Bytes, ErasureAction.ENCRYPTED)
    lookup_version: int = column(SmallInteger, ErasureAction.DELETED)
    lookup_hash: bytes = column(Bytes, ErasureAction.DELETED)
    added_at: datetime = column(Timestamp, ErasureAction.DELETED)


REFERENCE = EncryptedColumn("accounts.reference")


class AccountRow(NamedTuple):
    """The columns of an account that callers read."""

    subject_id: UUID
    system: str
    reference: Annotated[bytes, REFERENCE]


OF_SUBJECTS = Statement("""
SELECT subject_id, system, reference
FROM accounts
WHERE subject_id = ANY(:ids)
ORDER BY subject_id, system, added_at, id
""")

FIND_OWNERS = Statement("""
SELECT subject_id
FROM accounts
WHERE lookup_hash = ANY(:hashes)
""")

INSERT = Statement("""
INSERT INTO accounts (subject_id, id, system, reference, lookup_version, lookup_hash, added_at)
VALUES (:subject_id, :id, :system, :reference, :version, :hash, :at)
""")


@reads(OF_SUBJECTS)
async def of_subjects(connection: Connection, ids: Sequence[UUID]) -> RowsByKey[UUID, AccountRow]:
    """Return the accounts of each subject, ordered by system."""
    groups: RowsByKey[UUID, AccountRow] = RowsByKey()
    for row in await OF_SUBJECTS.rows(connection, ids=as_list(ids)):
        groups.add(row[0], AccountRow._make(row))
    return groups


async def add(unit: UnitOfWork, key: DataKey, account: HashedIdentifier) -> None:
    """Add an account to the subject that owns the key, once. SUBJECT_AMBIGUOUS when another subject has it."""
    owners = await FIND_OWNERS.rows(unit.connection, hashes=account.digests)
    if any(row[0] != key.owner_id for row in owners):
        raise SubjectAmbiguous
    if not owners:
        await INSERT.run(
            unit.connection,
            subject_id=key.owner_id,
            id=new_id(),
            system=account.identifier.system,
            reference=REFERENCE.encrypt(key, account.identifier.normalized),
            version=account.newest.version,
            hash=account.newest.digest,
            at=unit.at,
        )
