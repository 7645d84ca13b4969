"""Sync metadata: what the sync service knows about a person's Customer Data; never the data."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, Integer, SmallInteger, UniqueConstraint

from models import subjects, texts
from models.base import CLOCK_SKEW, Fate, Id, Moment, Octets, Table, new_id, stored
from models.database import Connection, Many, One, Statement, as_list
from models.deeds import Deed
from models.errors import BadInput
from models.grants import Granted
from models.keyring import OVERHEAD, Seal, SubjectKey
from models.names import REFERENCE_LENGTH, Name
from models.pages import PageOf, sliced

WORD_LENGTH = 64
USER_AGENT_LENGTH = 512
FILE_NAME_LENGTH = 1024
MOST_FILES = 1000
MOST_CLIENTS = 20
"""How many clients are remembered for an account: those seen last."""
BIGGEST = 2**63 - 1
MOST_COUNTED = 2**31 - 1


class SyncAccount(Table, table=True):
    """A person's storage on the sync server, by the sync service's own reference."""

    __tablename__ = "sync_accounts"
    __table_args__ = (
        UniqueConstraint("id", name="sync_account_id_is_one"),
        UniqueConstraint("subject_id", "lookup_hash", name="a_sync_account_is_kept_once"),
        CheckConstraint(
            f"octet_length(reference) <= {4 * REFERENCE_LENGTH + OVERHEAD}", name="sync_reference_is_short"
        ),
        CheckConstraint("storage_bytes >= 0 AND file_count >= 0", name="storage_is_counted"),
    )

    subject_id: UUID = stored(Id, Fate.KEPT, references="subjects.id", primary_key=True)
    id: UUID = stored(Id, Fate.DELETED, primary_key=True)
    reference: bytes = stored(Octets, Fate.SEALED)
    lookup_version: int = stored(SmallInteger, Fate.DELETED)
    lookup_hash: bytes = stored(Octets, Fate.DELETED)
    storage_bytes: int = stored(BigInteger, Fate.DELETED)
    file_count: int = stored(Integer, Fate.DELETED)
    last_synced_at: datetime = stored(Moment, Fate.DELETED)


class SyncClient(Table, table=True):
    """A program that a person syncs with."""

    __tablename__ = "sync_clients"
    __table_args__ = (
        ForeignKeyConstraint(["subject_id", "sync_account_id"], ["sync_accounts.subject_id", "sync_accounts.id"]),
        CheckConstraint(
            f"octet_length(app) <= {4 * WORD_LENGTH + OVERHEAD}"
            f" AND octet_length(version) <= {4 * WORD_LENGTH + OVERHEAD}"
            f" AND octet_length(platform) <= {4 * WORD_LENGTH + OVERHEAD}"
            f" AND octet_length(user_agent) <= {4 * USER_AGENT_LENGTH + OVERHEAD}",
            name="client_strings_are_short",
        ),
    )

    subject_id: UUID = stored(Id, Fate.KEPT, primary_key=True)
    sync_account_id: UUID = stored(Id, Fate.DELETED, primary_key=True)
    lookup_hash: bytes = stored(Octets, Fate.DELETED, primary_key=True)
    app: bytes = stored(Octets, Fate.SEALED)
    version: bytes = stored(Octets, Fate.SEALED)
    platform: bytes = stored(Octets, Fate.SEALED)
    user_agent: bytes = stored(Octets, Fate.SEALED)
    last_seen_at: datetime = stored(Moment, Fate.DELETED)


class SyncFile(Table, table=True):
    """A file's name and size, seen only under an access grant (privacy policy: "in rare cases")."""

    __tablename__ = "sync_files"
    __table_args__ = (
        ForeignKeyConstraint(["subject_id", "sync_account_id"], ["sync_accounts.subject_id", "sync_accounts.id"]),
        UniqueConstraint("subject_id", "sync_account_id", "lookup_hash", name="a_file_is_kept_once"),
        Index("sync_files_by_id", "sync_account_id", "id"),
        CheckConstraint(f"octet_length(name) <= {4 * FILE_NAME_LENGTH + OVERHEAD}", name="file_name_is_short"),
        CheckConstraint("size_bytes >= 0", name="size_is_counted"),
    )

    subject_id: UUID = stored(Id, Fate.KEPT, primary_key=True)
    sync_account_id: UUID = stored(Id, Fate.DELETED, primary_key=True)
    id: UUID = stored(Id, Fate.DELETED, primary_key=True)
    lookup_hash: bytes = stored(Octets, Fate.DELETED)
    name: bytes = stored(Octets, Fate.SEALED)
    size_bytes: int = stored(BigInteger, Fate.DELETED)
    modified_at: datetime = stored(Moment, Fate.DELETED)


REFERENCE = Seal("sync_accounts.reference")
APP = Seal("sync_clients.app")
VERSION = Seal("sync_clients.version")
PLATFORM = Seal("sync_clients.platform")
USER_AGENT = Seal("sync_clients.user_agent")
FILE_NAME = Seal("sync_files.name")


class SyncAccountRow(NamedTuple):
    """A sync account as it is read."""

    id: UUID
    subject_id: UUID
    reference: Annotated[bytes, REFERENCE]
    storage_bytes: int
    file_count: int
    last_synced_at: datetime


class SyncClientRow(NamedTuple):
    """A sync client as it is read."""

    subject_id: UUID
    app: Annotated[bytes, APP]
    version: Annotated[bytes, VERSION]
    platform: Annotated[bytes, PLATFORM]
    user_agent: Annotated[bytes, USER_AGENT]
    last_seen_at: datetime


class SyncFileRow(NamedTuple):
    """A file as it is read."""

    id: UUID
    subject_id: UUID
    name: Annotated[bytes, FILE_NAME]
    size_bytes: int
    modified_at: datetime


OF_SUBJECTS = Statement("""
SELECT id, subject_id, reference, storage_bytes, file_count, last_synced_at
FROM sync_accounts
WHERE subject_id = ANY(:ids)
ORDER BY subject_id, id
""")

BY_IDS = Statement("""
SELECT id, subject_id, reference, storage_bytes, file_count, last_synced_at
FROM sync_accounts
WHERE id = ANY(:ids)
""")

CLIENTS = Statement("""
SELECT c.sync_account_id, c.subject_id, c.app, c.version, c.platform, c.user_agent, c.last_seen_at
FROM sync_accounts AS a
JOIN sync_clients AS c ON c.subject_id = a.subject_id AND c.sync_account_id = a.id
WHERE a.id = ANY(:ids)
ORDER BY c.sync_account_id, c.last_seen_at DESC, c.lookup_hash
""")

# Each account comes once even without a grant, or without files; its files only under a grant that is open now.
FILES = Statement("""
SELECT a.id, a.subject_id, opening.id, page.*
FROM sync_accounts AS a
LEFT JOIN LATERAL (
    SELECT g.id
    FROM access_grants AS g
    WHERE g.subject_id = a.subject_id
    AND g.actor = :actor
    AND g.case_reference = :case
    AND g.expires_at > clock_timestamp()
    ORDER BY g.expires_at DESC
    LIMIT 1
) AS opening ON TRUE
LEFT JOIN LATERAL (
    SELECT f.id, f.subject_id, f.name, f.size_bytes, f.modified_at
    FROM sync_files AS f
    WHERE opening.id IS NOT NULL
    AND f.subject_id = a.subject_id
    AND f.sync_account_id = a.id
    AND (CAST(:after_id AS uuid) IS NULL OR f.id > :after_id)
    ORDER BY f.id
    LIMIT :first
) AS page ON TRUE
WHERE a.id = ANY(:ids)
ORDER BY a.id, page.id
""")

# What arrives late does not undo what is newer.
RECORD = Statement("""
INSERT INTO sync_accounts
    (subject_id, id, reference, lookup_version, lookup_hash, storage_bytes, file_count, last_synced_at)
VALUES (:subject_id, :id, :reference, :version, :hash, :storage_bytes, :file_count, :at)
ON CONFLICT (subject_id, lookup_hash) DO UPDATE
SET storage_bytes = CASE WHEN excluded.last_synced_at >= sync_accounts.last_synced_at
        THEN excluded.storage_bytes ELSE sync_accounts.storage_bytes END,
    file_count = CASE WHEN excluded.last_synced_at >= sync_accounts.last_synced_at
        THEN excluded.file_count ELSE sync_accounts.file_count END,
    last_synced_at = GREATEST(excluded.last_synced_at, sync_accounts.last_synced_at)
RETURNING id, last_synced_at
""")

RECORD_CLIENT = Statement("""
INSERT INTO sync_clients
    (subject_id, sync_account_id, lookup_hash, app, version, platform, user_agent, last_seen_at)
VALUES (:subject_id, :account_id, :hash, :app, :version, :platform, :user_agent, :at)
ON CONFLICT (subject_id, sync_account_id, lookup_hash) DO UPDATE
SET last_seen_at = GREATEST(excluded.last_seen_at, sync_clients.last_seen_at)
""")

FORGET_OLD_CLIENTS = Statement("""
DELETE FROM sync_clients
WHERE subject_id = :subject_id
AND sync_account_id = :account_id
AND lookup_hash NOT IN (
    SELECT lookup_hash
    FROM sync_clients
    WHERE subject_id = :subject_id
    AND sync_account_id = :account_id
    ORDER BY last_seen_at DESC, lookup_hash
    LIMIT :most
)
""")

FORGET_FILES = Statement("""
DELETE FROM sync_files
WHERE subject_id = :subject_id
AND sync_account_id = :account_id
""")

RECORD_FILES = Statement("""
INSERT INTO sync_files (subject_id, sync_account_id, id, lookup_hash, name, size_bytes, modified_at)
SELECT :subject_id, :account_id, id, hash, name, size_bytes, modified_at
FROM unnest(
    CAST(:ids AS uuid[]), CAST(:hashes AS bytea[]), CAST(:names AS bytea[]),
    CAST(:sizes AS bigint[]), CAST(:modified_at AS timestamptz[])
) AS fresh (id, hash, name, size_bytes, modified_at)
""")


class Client(NamedTuple):
    """A program that synced."""

    app: str
    version: str
    platform: str
    user_agent: str


class File(NamedTuple):
    """A file's name, size in bytes and time of change."""

    name: str
    size_bytes: int
    modified_at: datetime


class Sync(NamedTuple):
    """What the sync service says after a sync. ``files``, when given, are all that it knows of at that time."""

    reference: str
    storage_bytes: int
    file_count: int
    synced_at: datetime
    client: Client | None = None
    files: Sequence[File] | None = None


async def of_subjects(connection: Connection, ids: Sequence[UUID]) -> Many[UUID, SyncAccountRow]:
    """Give the sync accounts of each person."""
    groups: Many[UUID, SyncAccountRow] = Many()
    for row in await OF_SUBJECTS.rows(connection, ids=as_list(ids)):
        groups.add(row[1], SyncAccountRow._make(row))
    return groups


async def by_ids(connection: Connection, ids: Sequence[UUID]) -> One[UUID, SyncAccountRow]:
    """Give the sync accounts of these ids."""
    return One((row[0], SyncAccountRow._make(row)) for row in await BY_IDS.rows(connection, ids=as_list(ids)))


async def clients(connection: Connection, ids: Sequence[UUID]) -> Many[UUID, SyncClientRow]:
    """Give the clients of each sync account, the one seen last first."""
    groups: Many[UUID, SyncClientRow] = Many()
    for row in await CLIENTS.rows(connection, ids=as_list(ids)):
        groups.add(row[0], SyncClientRow._make(row[1:]))
    return groups


async def files(connection: Connection, ids: Sequence[UUID], page: PageOf) -> Mapping[UUID, Granted]:
    """Give a page of each account's files, where the actor has an open access grant on the person for the case."""
    rows = await FILES.rows(
        connection,
        ids=as_list(ids),
        actor=page.actor,
        case=page.case,
        after_id=page.after and page.after[0],
        first=page.first + 1,
    )
    groups: Many[UUID, SyncFileRow] = Many()
    heads: dict[UUID, tuple[UUID | None, UUID | None]] = {}
    for account_id, subject_id, grant_id, *file in rows:
        heads[account_id] = subject_id, grant_id
        if file[0] is not None:
            groups.add(account_id, SyncFileRow._make(file))
    found = {}
    for account_id in ids:
        subject_id, grant_id = heads.get(account_id, (None, None))
        found[account_id] = Granted(subject_id, grant_id, sliced(groups[account_id], page))
    return found


async def record(deed: Deed, name: Name, given: Sync) -> UUID:
    """Keep what the sync service says of an account; what arrives late does not undo what is newer."""
    given = checked(given, deed.at, "input")
    reference = given.reference
    subject = await subjects.locked(deed, name)
    key = await deed.keyring.key_of(subject.subject_id)
    hashed = deed.keyring.hashes("sync", f"{subject.subject_id}\x00{reference}")[0]
    kept = await RECORD.row(
        deed.connection,
        subject_id=subject.subject_id,
        id=new_id(),
        reference=REFERENCE.seal(key, reference),
        version=hashed.version,
        hash=hashed.digest,
        storage_bytes=given.storage_bytes,
        file_count=given.file_count,
        at=given.synced_at,
    )
    assert kept is not None  # noqa: S101 -- an upsert always gives its row
    account_id: UUID = kept["id"]
    if given.client:
        await record_client(deed, key, account_id, given.client, given.synced_at)
    if given.files is not None and kept["last_synced_at"] == given.synced_at:
        await _record_files(deed, key, account_id, given.files)
    return account_id


def checked(given: Sync, now: datetime, argument: str) -> Sync:
    """Give a sync that can be kept, each file's name once; BAD_INPUT for any other."""
    if not 0 <= given.storage_bytes <= BIGGEST:
        raise BadInput(f"{argument}.storageBytes", "it is not a count of bytes")
    if not 0 <= given.file_count <= MOST_COUNTED:
        raise BadInput(f"{argument}.fileCount", "it is not a count")
    if given.synced_at > now + CLOCK_SKEW:
        raise BadInput(f"{argument}.syncedAt", "it lies in the future")
    return given._replace(
        reference=texts.line(given.reference, f"{argument}.reference", REFERENCE_LENGTH),
        client=checked_client(given.client, f"{argument}.client") if given.client else None,
        files=_checked_files(given.files, f"{argument}.files") if given.files is not None else None,
    )


def checked_client(client: Client, argument: str) -> Client:
    """Give a client that can be kept; BAD_INPUT for any other."""
    return Client(
        texts.line(client.app, f"{argument}.app", WORD_LENGTH),
        texts.line(client.version, f"{argument}.version", WORD_LENGTH),
        texts.line(client.platform, f"{argument}.platform", WORD_LENGTH),
        texts.line(client.user_agent, f"{argument}.userAgent", USER_AGENT_LENGTH),
    )


def _checked_files(files: Sequence[File], argument: str) -> list[File]:
    if len(files) > MOST_FILES:
        raise BadInput(argument, f"it lists more than {MOST_FILES} files")
    checked = {}
    for index, file in enumerate(files):
        if not 0 <= file.size_bytes <= BIGGEST:
            raise BadInput(f"{argument}.{index}.sizeBytes", "it is not a count of bytes")
        name = texts.line(file.name, f"{argument}.{index}.name", FILE_NAME_LENGTH)
        checked[name] = file._replace(name=name)
    return list(checked.values())


async def record_client(deed: Deed, key: SubjectKey, account_id: UUID, client: Client, at: datetime) -> None:
    """Remember that this client synced; of an account's clients those seen last are remembered."""
    hashed = deed.keyring.hashes("client", "\x00".join((str(account_id), *client)))[0]
    await RECORD_CLIENT.run(
        deed.connection,
        subject_id=key.subject_id,
        account_id=account_id,
        hash=hashed.digest,
        app=APP.seal(key, client.app),
        version=VERSION.seal(key, client.version),
        platform=PLATFORM.seal(key, client.platform),
        user_agent=USER_AGENT.seal(key, client.user_agent),
        at=at,
    )
    await FORGET_OLD_CLIENTS.run(deed.connection, subject_id=key.subject_id, account_id=account_id, most=MOST_CLIENTS)


async def _record_files(deed: Deed, key: SubjectKey, account_id: UUID, files: Sequence[File]) -> None:
    await FORGET_FILES.run(deed.connection, subject_id=key.subject_id, account_id=account_id)
    await RECORD_FILES.run(
        deed.connection,
        subject_id=key.subject_id,
        account_id=account_id,
        ids=[new_id() for _ in files],
        hashes=[deed.keyring.hashes("file", f"{account_id}\x00{file.name}")[0].digest for file in files],
        names=[FILE_NAME.seal(key, file.name) for file in files],
        sizes=[file.size_bytes for file in files],
        modified_at=[file.modified_at for file in files],
    )
