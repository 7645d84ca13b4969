"""Sync metadata: accounts, clients and files of a subject's Customer Data, never its content."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, NamedTuple, TypeAlias
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Integer, SmallInteger, UniqueConstraint

from models.access.access_grants import GrantedPage
from models.encryption.encrypted_column import ENCRYPTION_OVERHEAD, EncryptedColumn
from models.storage.columns import Bytes, ErasureAction, Table, Text, Timestamp, Uuid, column
from models.storage.pagination import PageRequest, build_page
from models.storage.statement import Connection, RowByKey, RowsByKey, Statement, as_list, reads
from models.subjects.identifiers import REFERENCE_LENGTH

SYSTEM = "sync"
"""The system that holds a sync account, unless its row names another."""
WORD_LENGTH = 64
USER_AGENT_LENGTH = 512
FILE_NAME_LENGTH = 1024


class SyncAccount(Table, table=True):
    """A subject's storage on the sync server, identified by the sync service's reference."""

    __tablename__ = "sync_accounts"
    __table_args__ = (
        UniqueConstraint("id", name="sync_account_id_is_one"),
        UniqueConstraint("subject_id", "lookup_hash", name="a_sync_account_is_kept_once"),
        CheckConstraint(
            f"octet_length(reference) <= {4 * REFERENCE_LENGTH + ENCRYPTION_OVERHEAD}", name="sync_reference_is_short"
        ),
        Index("sync_accounts_by_reference", "reference_hash"),
        CheckConstraint("storage_bytes >= 0 AND file_count >= 0", name="storage_is_counted"),
    )

    subject_id: UUID = column(Uuid, ErasureAction.KEPT, references="subjects.id", primary_key=True)
    id: UUID = column(Uuid, ErasureAction.DELETED, primary_key=True)
    reference: bytes = column(Bytes, ErasureAction.ENCRYPTED)
    lookup_version: int = column(SmallInteger, ErasureAction.DELETED)
    lookup_hash: bytes = column(Bytes, ErasureAction.DELETED)
    storage_bytes: int = column(BigInteger, ErasureAction.DELETED)
    file_count: int = column(Integer, ErasureAction.DELETED)
    last_synced_at: datetime = column(Timestamp, ErasureAction.DELETED)
    reference_hash: bytes | None = column(Bytes, ErasureAction.DELETED, nullable=True)
    """The hash of the reference alone: ``lookup_hash`` includes the person."""
    system: str = column(Text, ErasureAction.DELETED, server_default=SYSTEM)
    replaced_name_count: int | None = column(Integer, ErasureAction.DELETED, nullable=True)


class SyncClient(Table, table=True):
    """A client program of a sync account. Its blind indexes are those of ``client_indexes``, or None."""

    __tablename__ = "sync_clients"
    __table_args__ = (
        ForeignKeyConstraint(["subject_id", "sync_account_id"], ["sync_accounts.subject_id", "sync_accounts.id"]),
        CheckConstraint(
            f"octet_length(app) <= {4 * WORD_LENGTH + ENCRYPTION_OVERHEAD}"
            f" AND octet_length(version) <= {4 * WORD_LENGTH + ENCRYPTION_OVERHEAD}"
            f" AND octet_length(platform) <= {4 * WORD_LENGTH + ENCRYPTION_OVERHEAD}"
            f" AND octet_length(user_agent) <= {4 * USER_AGENT_LENGTH + ENCRYPTION_OVERHEAD}",
            name="client_strings_are_short",
        ),
    )

    subject_id: UUID = column(Uuid, ErasureAction.KEPT, primary_key=True)
    sync_account_id: UUID = column(Uuid, ErasureAction.DELETED, primary_key=True)
    lookup_hash: bytes = column(Bytes, ErasureAction.DELETED, primary_key=True)
    app: bytes = column(Bytes, ErasureAction.ENCRYPTED)
    version: bytes = column(Bytes, ErasureAction.ENCRYPTED)
    platform: bytes = column(Bytes, ErasureAction.ENCRYPTED)
    user_agent: bytes = column(Bytes, ErasureAction.ENCRYPTED)
    last_seen_at: datetime = column(Timestamp, ErasureAction.DELETED)
    index_version: int | None = column(SmallInteger, ErasureAction.DELETED, nullable=True)
    app_index: int | None = column(BigInteger, ErasureAction.DELETED, nullable=True)
    version_index: int | None = column(BigInteger, ErasureAction.DELETED, nullable=True)
    platform_index: int | None = column(BigInteger, ErasureAction.DELETED, nullable=True)


class SyncFile(Table, table=True):
    """The name and size of a file. Reading it requires an access grant (privacy policy: "in rare cases")."""

    __tablename__ = "sync_files"
    __table_args__ = (
        ForeignKeyConstraint(["subject_id", "sync_account_id"], ["sync_accounts.subject_id", "sync_accounts.id"]),
        UniqueConstraint("subject_id", "sync_account_id", "lookup_hash", name="a_file_is_kept_once"),
        Index("sync_files_by_id", "sync_account_id", "id"),
        CheckConstraint(
            f"octet_length(name) <= {4 * FILE_NAME_LENGTH + ENCRYPTION_OVERHEAD}", name="file_name_is_short"
        ),
        CheckConstraint("size_bytes >= 0", name="size_is_counted"),
    )

    subject_id: UUID = column(Uuid, ErasureAction.KEPT, primary_key=True)
    sync_account_id: UUID = column(Uuid, ErasureAction.DELETED, primary_key=True)
    id: UUID = column(Uuid, ErasureAction.DELETED, primary_key=True)
    lookup_hash: bytes = column(Bytes, ErasureAction.DELETED)
    name: bytes = column(Bytes, ErasureAction.ENCRYPTED)
    size_bytes: int = column(BigInteger, ErasureAction.DELETED)
    modified_at: datetime = column(Timestamp, ErasureAction.DELETED)


REFERENCE = EncryptedColumn("sync_accounts.reference")
APP = EncryptedColumn("sync_clients.app")
VERSION = EncryptedColumn("sync_clients.version")
PLATFORM = EncryptedColumn("sync_clients.platform")
USER_AGENT = EncryptedColumn("sync_clients.user_agent")
FILE_NAME = EncryptedColumn("sync_files.name")


OwnedId: TypeAlias = tuple[UUID, UUID]
"""The person of an account, and its id."""


class SyncAccountRow(NamedTuple):
    """The columns of a sync account that callers read."""

    id: UUID
    subject_id: UUID
    reference: Annotated[bytes, REFERENCE]
    storage_bytes: int
    file_count: int
    last_synced_at: datetime
    replaced_name_count: int | None

    @property
    def owned_id(self) -> OwnedId:
        """The key by which its clients are read."""
        return self.subject_id, self.id


class SyncClientRow(NamedTuple):
    """The columns of a sync client that callers read."""

    subject_id: UUID
    app: Annotated[bytes, APP]
    version: Annotated[bytes, VERSION]
    platform: Annotated[bytes, PLATFORM]
    user_agent: Annotated[bytes, USER_AGENT]
    last_seen_at: datetime


class SyncFileRow(NamedTuple):
    """The columns of a file that callers read."""

    id: UUID
    subject_id: UUID
    name: Annotated[bytes, FILE_NAME]
    size_bytes: int
    modified_at: datetime


OF_SUBJECTS = Statement("""
SELECT id, subject_id, reference, storage_bytes, file_count, last_synced_at, replaced_name_count
FROM sync_accounts
WHERE subject_id = ANY(:ids)
ORDER BY subject_id, id
""")

BY_IDS = Statement("""
SELECT id, subject_id, reference, storage_bytes, file_count, last_synced_at, replaced_name_count
FROM sync_accounts
WHERE id = ANY(:ids)
""")

CLIENTS_OF_ACCOUNTS = Statement("""
SELECT c.sync_account_id, c.subject_id, c.app, c.version, c.platform, c.user_agent, c.last_seen_at
FROM unnest(CAST(:subject_ids AS uuid[]), CAST(:ids AS uuid[])) AS a (subject_id, id)
JOIN sync_clients AS c ON c.subject_id = a.subject_id AND c.sync_account_id = a.id
ORDER BY c.sync_account_id, c.last_seen_at DESC, c.lookup_hash
""")

# Each account returns at least one row. Files are returned only under an access grant that is open now.
FILES_OF_ACCOUNTS = Statement("""
SELECT a.id, a.subject_id, open_grant.id, page.*
FROM sync_accounts AS a
LEFT JOIN LATERAL (
    SELECT g.id
    FROM access_grants AS g
    WHERE g.subject_id = a.subject_id
    AND g.actor = :actor
    AND g.actor_identity IS NOT DISTINCT FROM CAST(:identity AS text)
    AND g.case_reference = :case
    AND g.expires_at > clock_timestamp()
    ORDER BY g.expires_at DESC
    LIMIT 1
) AS open_grant ON TRUE
LEFT JOIN LATERAL (
    SELECT f.id, f.subject_id, f.name, f.size_bytes, f.modified_at
    FROM sync_files AS f
    WHERE open_grant.id IS NOT NULL
    AND f.subject_id = a.subject_id
    AND f.sync_account_id = a.id
    AND f.id > COALESCE(CAST(:after_id AS uuid), CAST('00000000-0000-0000-0000-000000000000' AS uuid))
    ORDER BY f.id
    LIMIT :first
) AS page ON TRUE
WHERE a.id = ANY(:ids)
ORDER BY a.id, page.id
""")


@reads(OF_SUBJECTS)
async def of_subjects(connection: Connection, ids: Sequence[UUID]) -> RowsByKey[UUID, SyncAccountRow]:
    """Return the sync accounts of each subject."""
    groups: RowsByKey[UUID, SyncAccountRow] = RowsByKey()
    for row in await OF_SUBJECTS.rows(connection, ids=as_list(ids)):
        groups.add(row[1], SyncAccountRow._make(row))
    return groups


@reads(BY_IDS)
async def by_ids(connection: Connection, ids: Sequence[UUID]) -> RowByKey[UUID, SyncAccountRow]:
    """Return the sync accounts of these ids."""
    return RowByKey((row[0], SyncAccountRow._make(row)) for row in await BY_IDS.rows(connection, ids=as_list(ids)))


@reads(CLIENTS_OF_ACCOUNTS)
async def clients_of_accounts(connection: Connection, keys: Sequence[OwnedId]) -> RowsByKey[OwnedId, SyncClientRow]:
    """Return the clients of each sync account, the last seen first."""
    groups: RowsByKey[OwnedId, SyncClientRow] = RowsByKey()
    subject_ids, ids = [key[0] for key in keys], [key[1] for key in keys]
    for row in await CLIENTS_OF_ACCOUNTS.rows(connection, subject_ids=subject_ids, ids=ids):
        groups.add((row[1], row[0]), SyncClientRow._make(row[1:]))
    return groups


@reads(FILES_OF_ACCOUNTS)
async def files_of_accounts(
    connection: Connection, ids: Sequence[UUID], page: PageRequest
) -> Mapping[UUID, GrantedPage]:
    """Return a page of each account's files. It is empty unless the actor has an open access grant for the case."""
    rows = await FILES_OF_ACCOUNTS.rows(
        connection,
        ids=as_list(ids),
        actor=page.actor,
        identity=page.identity,
        case=page.case,
        after_id=page.after and page.after[0],
        first=page.first + 1,
    )
    groups: RowsByKey[UUID, SyncFileRow] = RowsByKey()
    grants: dict[UUID, tuple[UUID | None, UUID | None]] = {}
    for account_id, subject_id, grant_id, *file in rows:
        grants[account_id] = subject_id, grant_id
        if file[0] is not None:
            groups.add(account_id, SyncFileRow._make(file))
    no_grant = None, None
    return {each: GrantedPage(*grants.get(each, no_grant), build_page(groups[each], page)) for each in ids}
