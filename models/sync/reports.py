"""Recording of sync reports: accounts and clients."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import structlog
from prometheus_client import Counter

from models.actors import Role
from models.encryption.encrypted_column import DataKey
from models.errors import BadInput
from models.storage import validation
from models.storage.clock import CLOCK_SKEW
from models.storage.ids import Prefix, format_id, new_id
from models.storage.reported_texts import replace_card_number
from models.storage.statement import Statement
from models.storage.turns import Steps, run_at_once, run_with_pauses
from models.subjects import resolution
from models.subjects.identifiers import REFERENCE_LENGTH, SubjectIdentifier
from models.sync import file_lists, references
from models.sync.accounts import (
    APP,
    PLATFORM,
    REFERENCE,
    SYSTEM,
    USER_AGENT,
    USER_AGENT_LENGTH,
    VERSION,
    WORD_LENGTH,
)
from models.sync.client_indexes import index_client
from models.sync.file_lists import FileReport
from models.unit_of_work import UnitOfWork

log = structlog.get_logger("privacy")
REPLACED_NAMES = Counter("privacy_file_names_replaced", "File names of sync reports that looked like a card number.")
MAX_CLIENTS = 20
"""The clients that are stored of an account: those seen last."""
MAX_FILE_COUNT = 2**31 - 1

# A late report does not overwrite a newer one.
UPSERT_ACCOUNT = Statement("""
INSERT INTO sync_accounts
    (subject_id, id, reference, lookup_version, lookup_hash, storage_bytes, file_count, last_synced_at,
    reference_hash, system)
VALUES (:subject_id, :id, :reference, :version, :hash, :storage_bytes, :file_count, :at, :reference_hash,
    COALESCE(CAST(:system AS text), CAST(:default_system AS text)))
ON CONFLICT (subject_id, lookup_hash) DO UPDATE
SET storage_bytes = CASE WHEN excluded.last_synced_at >= sync_accounts.last_synced_at
        THEN excluded.storage_bytes ELSE sync_accounts.storage_bytes END,
    file_count = CASE WHEN excluded.last_synced_at >= sync_accounts.last_synced_at
        THEN excluded.file_count ELSE sync_accounts.file_count END,
    last_synced_at = GREATEST(excluded.last_synced_at, sync_accounts.last_synced_at),
    reference_hash = excluded.reference_hash,
    system = COALESCE(CAST(:system AS text), sync_accounts.system)
RETURNING id, last_synced_at
""")

# The hash is of all texts of the client, so that the texts of a row, and their blind indexes, never change.
UPSERT_CLIENT = Statement("""
INSERT INTO sync_clients
    (subject_id, sync_account_id, lookup_hash, app, version, platform, user_agent, last_seen_at,
    index_version, app_index, version_index, platform_index)
VALUES (:subject_id, :account_id, :hash, :app, :version, :platform, :user_agent, :at,
    :index_version, :app_index, :version_index, :platform_index)
ON CONFLICT (subject_id, sync_account_id, lookup_hash) DO UPDATE
SET last_seen_at = GREATEST(excluded.last_seen_at, sync_clients.last_seen_at)
""")

DELETE_OLD_CLIENTS = Statement("""
DELETE FROM sync_clients
WHERE subject_id = :subject_id
AND sync_account_id = :account_id
AND lookup_hash NOT IN (
    SELECT lookup_hash
    FROM sync_clients
    WHERE subject_id = :subject_id
    AND sync_account_id = :account_id
    ORDER BY last_seen_at DESC, lookup_hash
    LIMIT :limit
)
""")


class ClientReport(NamedTuple):
    """The client program of a sync."""

    app: str
    version: str
    platform: str
    user_agent: str


class SyncReport(NamedTuple):
    """A report of the sync service after a sync. ``files``, if present, is the complete list at that time."""

    reference: str
    storage_bytes: int
    file_count: int
    synced_at: datetime
    client: ClientReport | None = None
    files: Sequence[FileReport] | None = None
    replaced_name_count: int = 0
    """How many files have a placeholder for a name; ``validate`` sets it."""
    verdicts: dict[str, bool] | None = None
    """Whether names of files look like card numbers. The mutations of one operation fill it, and share it."""


async def record_sync(unit: UnitOfWork, identifier: SubjectIdentifier, report: SyncReport) -> UUID:
    """Validate and store a report, and return the account's id. Count and log replaced file names."""
    report = await run_with_pauses(validation_steps(report, unit.at, "input"))
    account_id = await store_report(unit, identifier, report)
    if count := report.replaced_name_count:
        REPLACED_NAMES.inc(count)
        log.info("file names replaced", count=count, account=format_id(Prefix.SYNC_ACCOUNT, account_id))
    return account_id


async def store_report(unit: UnitOfWork, identifier: SubjectIdentifier, report: SyncReport) -> UUID:
    """Store a valid report, and return the account's id. A late report does not overwrite a newer one.

    SUBJECT_AMBIGUOUS when the reference belongs to another person.
    """
    subject = await resolution.lock(unit, identifier)
    key = await unit.keyring.key_of(subject.subject_id)
    await references.require_unshared(unit, subject.subject_id, [report.reference], "input.reference")
    hashed = unit.keyring.lookup_hashes("sync", f"{subject.subject_id}\x00{report.reference}")[0]
    account = await UPSERT_ACCOUNT.row(
        unit.connection,
        subject_id=subject.subject_id,
        id=new_id(),
        reference=REFERENCE.encrypt(key, report.reference),
        version=hashed.version,
        hash=hashed.digest,
        storage_bytes=report.storage_bytes,
        file_count=report.file_count,
        at=report.synced_at,
        reference_hash=references.reference_hashes(unit.keyring, report.reference)[0].digest,
        system=unit.actor.system if unit.actor.role is Role.SYNC else None,
        default_system=SYSTEM,
    )
    assert account is not None  # noqa: S101 -- an upsert always returns its row
    account_id: UUID = account["id"]
    if report.client:
        await record_client(unit, key, account_id, report.client, report.synced_at)
    if report.files is not None and account["last_synced_at"] == report.synced_at:
        await file_lists.record_files(unit, key, account_id, report.files, report.replaced_name_count)
    return account_id


def validate(report: SyncReport, now: datetime, argument: str) -> SyncReport:
    """Return the normalized report, with each file name once. BAD_INPUT when a value is invalid."""
    return run_at_once(validation_steps(report, now, argument))


def validation_steps(report: SyncReport, now: datetime, argument: str) -> Steps[SyncReport]:
    """Validate a report in steps, of which each takes few of its files."""
    file_lists.require_bytes(report.storage_bytes, f"{argument}.storageBytes")
    if not 0 <= report.file_count <= MAX_FILE_COUNT:
        raise BadInput(f"{argument}.fileCount", "it is not a count")
    if report.synced_at > now + CLOCK_SKEW:
        raise BadInput(f"{argument}.syncedAt", "it lies in the future")
    report = report._replace(
        reference=validation.single_line(report.reference, f"{argument}.reference", REFERENCE_LENGTH),
        client=normalize_client(report.client, f"{argument}.client") if report.client else None,
    )
    if report.files is None:
        return report
    verdicts = {} if report.verdicts is None else report.verdicts
    files, replaced_name_count = yield from file_lists.normalization_steps(report.files, f"{argument}.files", verdicts)
    return report._replace(files=files, replaced_name_count=replaced_name_count)


def normalize_client(client: ClientReport, argument: str) -> ClientReport:
    """Return the normalized client, its user agent without card numbers. BAD_INPUT when a value is invalid."""
    return ClientReport(
        validation.single_line(client.app, f"{argument}.app", WORD_LENGTH),
        validation.single_line(client.version, f"{argument}.version", WORD_LENGTH),
        validation.single_line(client.platform, f"{argument}.platform", WORD_LENGTH),
        replace_card_number(validation.single_line(client.user_agent, f"{argument}.userAgent", USER_AGENT_LENGTH)),
    )


async def record_client(unit: UnitOfWork, key: DataKey, account_id: UUID, client: ClientReport, at: datetime) -> None:
    """Store a client, and delete all but the clients seen last."""
    hashed = unit.keyring.lookup_hashes("client", "\x00".join((str(account_id), *client)))[0]
    await UPSERT_CLIENT.run(
        unit.connection,
        subject_id=key.owner_id,
        account_id=account_id,
        hash=hashed.digest,
        app=APP.encrypt(key, client.app),
        version=VERSION.encrypt(key, client.version),
        platform=PLATFORM.encrypt(key, client.platform),
        user_agent=USER_AGENT.encrypt(key, client.user_agent),
        at=at,
        **index_client(unit.keyring, client.app, client.version, client.platform)._asdict(),
    )
    await DELETE_OLD_CLIENTS.run(unit.connection, subject_id=key.owner_id, account_id=account_id, limit=MAX_CLIENTS)
