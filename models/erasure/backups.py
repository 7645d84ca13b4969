"""The register of backups of the privacy database: when each backup was made, and until when it may be kept."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text

from models.storage.columns import ErasureAction, KeyringTable, Timestamp, Uuid, column
from models.storage.ids import new_id
from models.storage.statement import Connection, Statement

MAX_RETENTION = timedelta(days=183)
"""Privacy policy: "These backups are not kept longer than six months." """


class BackupSet(KeyringTable, table=True):
    """One backup. ``ledger_position`` is the last erasure that the backed-up database had executed."""

    __tablename__ = "backup_sets"
    __table_args__ = (
        CheckConstraint("expires_at <= made_at + interval '183 days'", name="no_backup_outlives_six_months"),
        Index("backup_sets_kept", "expires_at", postgresql_where=text("removed_at IS NULL")),
    )

    id: UUID = column(Uuid, ErasureAction.IMPERSONAL, primary_key=True)
    made_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL)
    expires_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL)
    ledger_position: int = column(BigInteger, ErasureAction.IMPERSONAL)
    size_bytes: int = column(BigInteger, ErasureAction.IMPERSONAL)
    removed_at: datetime | None = column(Timestamp, ErasureAction.IMPERSONAL, nullable=True)


class BackupRow(NamedTuple):
    """A backup as read from the register."""

    id: UUID
    made_at: datetime
    expires_at: datetime
    ledger_position: int
    size_bytes: int
    removed_at: datetime | None


INSERT_BACKUP = Statement("""
INSERT INTO backup_sets (id, made_at, expires_at, ledger_position, size_bytes)
VALUES (:id, :made_at, :expires_at, :position, :size_bytes)
""")

ALL = Statement("""
SELECT id, made_at, expires_at, ledger_position, size_bytes, removed_at
FROM backup_sets
ORDER BY made_at, id
""")

EXPIRED = Statement("""
SELECT id, made_at, expires_at, ledger_position, size_bytes, removed_at
FROM backup_sets
WHERE removed_at IS NULL
AND expires_at <= clock_timestamp()
ORDER BY expires_at, id
""")

MARK_REMOVED = Statement("""
UPDATE backup_sets
SET removed_at = COALESCE(removed_at, clock_timestamp())
WHERE id = :id
""")


def file_name(backup: BackupRow) -> str:
    """Return the file name of a backup, composed of its time and id."""
    return f"privacy-{backup.made_at:%Y%m%dT%H%M%SZ}-{backup.id.hex[-8:]}.dump"


async def record_backup_set(
    keyring: Connection, made_at: datetime, retention: timedelta, *, position: int, size_bytes: int
) -> UUID:
    """Record a backup, to be removed after ``retention``, at most MAX_RETENTION. Return its id."""
    backup_id = new_id()
    await INSERT_BACKUP.run(
        keyring,
        id=backup_id,
        made_at=made_at,
        expires_at=made_at + min(retention, MAX_RETENTION),
        position=position,
        size_bytes=size_bytes,
    )
    return backup_id


async def all_backups(keyring: Connection) -> list[BackupRow]:
    """Return all backups, the oldest first."""
    return [BackupRow._make(row) for row in await ALL.rows(keyring)]


async def expired_backups(keyring: Connection) -> list[BackupRow]:
    """Return the backups that have expired and are not removed."""
    return [BackupRow._make(row) for row in await EXPIRED.rows(keyring)]


async def remove_backup(keyring: Connection, backup_id: UUID) -> bool:
    """Record that a backup was removed. Return False when no backup has this id."""
    return bool(await MARK_REMOVED.run(keyring, id=backup_id))
