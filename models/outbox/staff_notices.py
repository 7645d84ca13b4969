"""Notices to staff: emails to privacy officers, and the audit log's head for a witness outside to keep."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, SmallInteger, UniqueConstraint, text

from models.storage.clock import now
from models.storage.columns import ErasureAction, Table, Text, Timestamp, Uuid, column, enum_check
from models.storage.ids import new_id
from models.storage.statement import Connection, Statement
from models.unit_of_work import UnitOfWork


class StaffNoticeKind(StrEnum):
    """The kinds of notices. Each has a folder in mailers/templates."""

    ACCESS_GRANT_ASKED = "access_grant_asked"
    PEOPLE_TOKEN_ISSUED = "people_token_issued"  # noqa: S105 -- a name, not a secret
    AUDIT_HEAD = "audit_head"
    REQUEST_DUE_SOON = "request_due_soon"
    REQUEST_DUE = "request_due"
    CASE_WITH_MANY_PEOPLE = "case_with_many_people"
    BACKUP_OVERDUE = "backup_overdue"
    INCIDENT_DUE_IN_A_DAY = "incident_due_in_a_day"
    INCIDENT_DUE_IN_HOURS = "incident_due_in_hours"
    CHILD_REPORTED = "child_reported"
    RECIPIENTS_TO_NOTIFY = "recipients_to_notify"


class StaffNotice(Table, table=True):
    """A notice, enqueued in the transaction of its cause. It holds an id; its text is rendered when it is sent."""

    __tablename__ = "notices"
    __table_args__ = (
        enum_check("notice", StaffNoticeKind),
        CheckConstraint("attempts >= 0", name="attempts_are_counted"),
        UniqueConstraint("notice", "about", name="a_notice_is_posted_once"),
        Index("notices_due", "due_at", postgresql_where=text("sent_at IS NULL")),
    )

    id: UUID = column(Uuid, ErasureAction.IMPERSONAL, primary_key=True)
    notice: str = column(Text, ErasureAction.IMPERSONAL)
    about: UUID = column(Uuid, ErasureAction.IMPERSONAL)
    posted_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL)
    due_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL)
    attempts: int = column(SmallInteger, ErasureAction.IMPERSONAL, server_default="0")
    sent_at: datetime | None = column(Timestamp, ErasureAction.IMPERSONAL, nullable=True)


class StaffNoticeRow(NamedTuple):
    """A notice that is due."""

    id: UUID
    notice: StaffNoticeKind
    about: UUID
    posted_at: datetime


ENQUEUE: Final = Statement("""
INSERT INTO notices (id, notice, about, posted_at, due_at)
VALUES (:id, :notice, :about, :at, :at)
ON CONFLICT (notice, about) DO NOTHING
""")

ENQUEUE_AGAIN: Final = Statement("""
INSERT INTO notices AS n (id, notice, about, posted_at, due_at)
VALUES (:id, :notice, :about, :at, :at)
ON CONFLICT (notice, about) DO UPDATE
SET posted_at = excluded.posted_at, due_at = excluded.due_at, attempts = 0, sent_at = NULL
WHERE n.posted_at < CAST(:before AS timestamptz)
""")

# A worker has five minutes to send the notice. It holds no lock meanwhile: a transaction that waits for a mail server
# would delay the sealing of the audit log.
CLAIM: Final = Statement("""
UPDATE notices
SET due_at = clock_timestamp() + interval '5 minutes', attempts = LEAST(attempts + 1, 1000)
WHERE id = (
    SELECT id
    FROM notices
    WHERE sent_at IS NULL
    AND due_at <= clock_timestamp()
    AND notice = ANY(:notices)
    ORDER BY due_at, id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING id, notice, about, posted_at
""")

MARK_SENT: Final = Statement("""
UPDATE notices
SET sent_at = clock_timestamp()
WHERE id = :id
""")

POSTPONE: Final = Statement("""
UPDATE notices
SET due_at = clock_timestamp() + LEAST(interval '1 minute' * attempts, interval '1 hour')
WHERE id = :id
""")


async def enqueue(unit: UnitOfWork, notice: StaffNoticeKind, about: UUID) -> None:
    """Enqueue a notice in the transaction of its cause. A notice of this kind about the same id is enqueued once."""
    await enqueue_once(unit.connection, notice, about)


async def enqueue_once(connection: Connection, notice: StaffNoticeKind, about: UUID) -> None:
    """Enqueue a notice that no mutation of a caller causes, unless it was enqueued before."""
    await ENQUEUE.run(connection, id=new_id(), notice=notice, about=about, at=now())


async def enqueue_again(connection: Connection, notice: StaffNoticeKind, about: UUID, before: datetime | None) -> None:
    """Enqueue a notice that no mutation of a caller causes; once more if it was enqueued before this time."""
    await ENQUEUE_AGAIN.run(connection, id=new_id(), notice=notice, about=about, at=now(), before=before)


async def claim(connection: Connection, kinds: Sequence[StaffNoticeKind]) -> StaffNoticeRow | None:
    """Return a notice that is due and keep other workers from it for five minutes; None if there is none."""
    row = await CLAIM.row(connection, notices=[str(kind) for kind in kinds])
    return StaffNoticeRow(row[0], StaffNoticeKind(row[1]), row[2], row[3]) if row else None


async def record_attempt(connection: Connection, notice_id: UUID, *, is_sent: bool) -> None:
    """Mark a notice as sent, or postpone it by a minute for each attempt, an hour at most."""
    await (MARK_SENT if is_sent else POSTPONE).run(connection, id=notice_id)
