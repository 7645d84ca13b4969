"""Notices to those who watch over us: what privacy officers are told at once, and what a witness outside keeps."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, SmallInteger, UniqueConstraint, text

from models.storage.columns import Fate, Id, Moment, Table, Text, new_id, now, one_of, stored
from models.storage.database import Connection, Statement
from models.unit_of_work import Deed


class NoticeName(StrEnum):
    """The notices that there are; each is a folder under mailers/templates."""

    ACCESS_GRANT_ASKED = "access_grant_asked"
    PEOPLE_TOKEN_ISSUED = "people_token_issued"  # noqa: S105 -- a name, not a secret
    AUDIT_HEAD = "audit_head"


class Notice(Table, table=True):
    """One notice, posted with the deed that it tells of. It holds an id, and is put into words when it is sent."""

    __tablename__ = "notices"
    __table_args__ = (
        one_of("notice", NoticeName),
        CheckConstraint("attempts >= 0", name="attempts_are_counted"),
        UniqueConstraint("notice", "about", name="a_notice_is_posted_once"),
        Index("notices_due", "due_at", postgresql_where=text("sent_at IS NULL")),
    )

    id: UUID = stored(Id, Fate.IMPERSONAL, primary_key=True)
    notice: str = stored(Text, Fate.IMPERSONAL)
    about: UUID = stored(Id, Fate.IMPERSONAL)
    posted_at: datetime = stored(Moment, Fate.IMPERSONAL)
    due_at: datetime = stored(Moment, Fate.IMPERSONAL)
    attempts: int = stored(SmallInteger, Fate.IMPERSONAL, server_default="0")
    sent_at: datetime | None = stored(Moment, Fate.IMPERSONAL, nullable=True)


class NoticeRow(NamedTuple):
    """A notice that is due."""

    id: UUID
    notice: NoticeName
    about: UUID
    posted_at: datetime


POST: Final = Statement("""
INSERT INTO notices (id, notice, about, posted_at, due_at)
VALUES (:id, :notice, :about, :at, :at)
ON CONFLICT (notice, about) DO NOTHING
""")

# Whoever takes a notice has five minutes for it. Nothing stays locked meanwhile: a transaction that waits for a mail
# server would hold up the sealing of the record.
TAKE: Final = Statement("""
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

SENT: Final = Statement("""
UPDATE notices
SET sent_at = clock_timestamp()
WHERE id = :id
""")

LATER: Final = Statement("""
UPDATE notices
SET due_at = clock_timestamp() + LEAST(interval '1 minute' * attempts, interval '1 hour')
WHERE id = :id
""")


async def post(deed: Deed, notice: NoticeName, about: UUID) -> None:
    """Post a notice with the deed that it tells of; the same one again is the same one."""
    await posted(deed.connection, notice, about)


async def posted(connection: Connection, notice: NoticeName, about: UUID) -> None:
    """Post a notice that no deed of a caller owes."""
    await POST.run(connection, id=new_id(), notice=notice, about=about, at=now())


async def take(connection: Connection, wanted: Sequence[NoticeName]) -> NoticeRow | None:
    """Take a notice that is due, so that nobody else sends it for some minutes; None when there is none."""
    row = await TAKE.row(connection, notices=[str(name) for name in wanted])
    return NoticeRow(row[0], NoticeName(row[1]), row[2], row[3]) if row else None


async def settle(connection: Connection, notice_id: UUID, *, is_sent: bool) -> None:
    """Write down that a notice was sent, or that it is tried again later."""
    await (SENT if is_sent else LATER).run(connection, id=notice_id)
