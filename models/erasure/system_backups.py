"""The register of backups that internal systems make of Customer Data, each to be destroyed within six months."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text

from models.erasure import step_access
from models.erasure.backups import MAX_RETENTION
from models.errors import BadInput, NotFound, StateConflict
from models.storage.clock import CLOCK_SKEW, now
from models.storage.columns import ErasureAction, Table, Text, Timestamp, Uuid, column
from models.storage.ids import new_id
from models.storage.pagination import Page, PageRequest, build_page
from models.storage.statement import Connection, RowByKey, Statement, as_list, reads
from models.unit_of_work import UnitOfWork

_LABEL: Final = re.compile(r"[A-Za-z0-9#:._/-]{1,64}")


class SystemBackup(Table, table=True):
    """A backup of Customer Data that an internal system keeps."""

    __tablename__ = "system_backups"
    __table_args__ = (
        UniqueConstraint("system", "label", name="a_backup_is_recorded_once"),
        CheckConstraint("label ~ '^[A-Za-z0-9#\\:._/-]{1,64}$'", name="backup_label_is_a_reference"),
        CheckConstraint("destroy_by <= made_at + interval '183 days'", name="no_system_keeps_a_backup_for_longer"),
        Index("system_backups_by_time", "made_at", "id"),
        Index("system_backups_kept", "destroy_by", postgresql_where=text("destroyed_at IS NULL")),
    )

    id: UUID = column(Uuid, ErasureAction.IMPERSONAL, primary_key=True)
    system: str = column(Text, ErasureAction.IMPERSONAL)
    label: str = column(Text, ErasureAction.IMPERSONAL)
    made_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL)
    destroy_by: datetime = column(Timestamp, ErasureAction.IMPERSONAL)
    destroyed_at: datetime | None = column(Timestamp, ErasureAction.IMPERSONAL, nullable=True)


class SystemBackupRow(NamedTuple):
    """A backup as callers read it."""

    id: UUID
    system: str
    label: str
    made_at: datetime
    destroy_by: datetime
    destroyed_at: datetime | None


BY_IDS = Statement("""
SELECT id, system, label, made_at, destroy_by, destroyed_at
FROM system_backups
WHERE id = ANY(:ids)
""")

PAGE = Statement("""
SELECT id, system, label, made_at, destroy_by, destroyed_at
FROM system_backups
WHERE (
    CAST(:overdue AS boolean) IS NULL
    OR CAST(:overdue AS boolean) = (destroyed_at IS NULL AND destroy_by <= clock_timestamp())
)
AND (made_at, id) < (
    COALESCE(CAST(:after_at AS timestamptz), 'infinity'),
    COALESCE(CAST(:after_id AS uuid), 'ffffffff-ffff-ffff-ffff-ffffffffffff')
)
ORDER BY made_at DESC, id DESC
LIMIT :first
""")

INSERT = Statement("""
INSERT INTO system_backups (id, system, label, made_at, destroy_by)
VALUES (:id, :system, :label, :made_at, :destroy_by)
ON CONFLICT (system, label) DO NOTHING
""")

BY_LABEL = Statement("""
SELECT id, system, label, made_at, destroy_by, destroyed_at
FROM system_backups
WHERE system = :system
AND label = :label
""")

MARK_DESTROYED = Statement("""
UPDATE system_backups
SET destroyed_at = COALESCE(destroyed_at, clock_timestamp())
WHERE id = :id
""")

OVERDUE = Statement("""
SELECT id, system, label, made_at, destroy_by, destroyed_at
FROM system_backups
WHERE destroyed_at IS NULL
AND destroy_by <= clock_timestamp()
ORDER BY destroy_by, id
LIMIT 1000
""")


def is_overdue(destroy_by: datetime, destroyed_at: datetime | None) -> bool:
    """Return whether a backup exists although it had to be destroyed."""
    return destroyed_at is None and destroy_by <= now()


@reads(BY_IDS)
async def by_ids(connection: Connection, ids: Sequence[UUID]) -> RowByKey[UUID, SystemBackupRow]:
    """Return the backups with these ids."""
    return RowByKey((row[0], SystemBackupRow._make(row)) for row in await BY_IDS.rows(connection, ids=as_list(ids)))


@reads(PAGE)
async def find_backups(
    connection: Connection, keys: Sequence[bool | None], page: PageRequest
) -> Mapping[bool | None, Page[SystemBackupRow]]:
    """Return a page of backups for each filter: all, the overdue ones, or the others; the latest first."""
    after_at, after_id = page.after or (None, None)
    pages = {}
    for overdue in keys:
        rows = await PAGE.rows(connection, overdue=overdue, after_at=after_at, after_id=after_id, first=page.first + 1)
        pages[overdue] = build_page([SystemBackupRow._make(row) for row in rows], page)
    return pages


async def overdue_backups(connection: Connection) -> list[SystemBackupRow]:
    """Return the backups that had to be destroyed and are not, at most 1,000, the longest overdue first."""
    return [SystemBackupRow._make(row) for row in await OVERDUE.rows(connection)]


async def record_backup(unit: UnitOfWork, system: str, label: str, made_at: datetime) -> UUID:
    """Record a backup of a system, and return its id. The same backup is recorded once.

    FORBIDDEN unless the caller may act for the system; BAD_INPUT for a label that is no reference, or a time in the
    future; STATE_CONFLICT when the label belongs to a backup of another time.
    """
    name = step_access.backup_system(unit.actor, system)
    if not _LABEL.fullmatch(label):
        raise BadInput("label", "it is not a reference of 1 to 64 letters, digits and # : . _ / -")
    if made_at > now() + CLOCK_SKEW:
        raise BadInput("madeAt", "it lies in the future")
    await INSERT.run(
        unit.connection,
        id=new_id(),
        system=name,
        label=label,
        made_at=made_at,
        destroy_by=made_at + MAX_RETENTION,
    )
    row = SystemBackupRow._make(await BY_LABEL.row(unit.connection, system=name, label=label) or ())
    if row.made_at != made_at:
        raise StateConflict(argument="label")
    return row.id


async def record_backup_destroyed(unit: UnitOfWork, backup_id: UUID) -> UUID:
    """Record that every copy of a backup is destroyed.

    NOT_FOUND for an unknown id; FORBIDDEN unless the caller may act for the backup's system.
    """
    row = (await by_ids(unit.connection, [backup_id]))[backup_id]
    if row is None:
        raise NotFound(argument="id")
    step_access.require_backup_access(unit.actor, row.system, "id")
    await MARK_DESTROYED.run(unit.connection, id=backup_id)
    return backup_id
