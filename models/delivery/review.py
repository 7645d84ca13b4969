"""Review of emails by an operator: failed, uncertain and stuck ones, and their retry."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from models.errors import NotFound, StateConflict
from models.outbox.emails import NOTIFY_WORKERS
from models.storage.statement import Connection, Statement
from models.unit_of_work import UnitOfWork

STUCK_AFTER: Final = timedelta(hours=1)
"""The age after which a queued email counts as stuck."""
MAX_ROWS: Final = 100


class ReviewFilter(StrEnum):
    """The kinds of emails that an operator reviews."""

    FAILED = "FAILED"
    UNCERTAIN = "UNCERTAIN"
    STUCK = "STUCK"


class ReviewedEmailRow(NamedTuple):
    """An email as an operator sees it, without its address and content."""

    id: UUID
    subject_id: UUID
    letter: str
    state: str
    reason: str | None
    reply_code: int | None
    attempts: int
    posted_at: datetime


class ReplyCount(NamedTuple):
    """The emails of a state whose last attempt got this reply of the mail server."""

    state: str
    reply_code: int
    letter_count: int


# Each state is a literal: PostgreSQL uses a partial index only if the condition is in the statement.
FAILED = Statement("""
SELECT id, subject_id, letter, state, reason, reply_code, attempts, posted_at
FROM letters
WHERE state = 'FAILED'
AND posted_at < clock_timestamp() - CAST(:age AS interval)
ORDER BY posted_at DESC, id
LIMIT :limit
""")

UNCERTAIN = Statement("""
SELECT id, subject_id, letter, state, reason, reply_code, attempts, posted_at
FROM letters
WHERE state = 'UNCERTAIN'
AND posted_at < clock_timestamp() - CAST(:age AS interval)
ORDER BY posted_at DESC, id
LIMIT :limit
""")

QUEUED = Statement("""
SELECT id, subject_id, letter, state, reason, reply_code, attempts, posted_at
FROM letters
WHERE state = 'QUEUED'
AND posted_at < clock_timestamp() - CAST(:age AS interval)
ORDER BY posted_at DESC, id
LIMIT :limit
""")

COUNT_REPLIES = Statement("""
SELECT state, reply_code, count(*)
FROM letters
WHERE state IN ('FAILED', 'QUEUED')
AND reply_code IS NOT NULL
GROUP BY 1, 2
ORDER BY 3 DESC, 2, 1
""")

BY_FILTER = {
    ReviewFilter.FAILED: FAILED,
    ReviewFilter.UNCERTAIN: UNCERTAIN,
    ReviewFilter.STUCK: QUEUED,
}

# An email that a worker is sending now is not changed.
RETRY = Statement("""
UPDATE letters
SET state = 'QUEUED', reason = NULL, due_at = clock_timestamp()
WHERE id = :id
AND state IN ('QUEUED', 'FAILED', 'UNCERTAIN')
AND lease IS NULL
AND address IS NOT NULL
""")

FIND_SUBJECT = Statement("""
SELECT subject_id
FROM letters
WHERE id = :id
""")

# A retry means that the operator has corrected the cause, so delivery to the address resumes.
RESUME_DELIVERY = Statement("""
UPDATE email_addresses AS e
SET stopped_at = NULL
FROM letters AS l
WHERE l.id = :id
AND e.subject_id = l.subject_id
AND e.id = l.recipient
""")


async def list_for_review(connection: Connection, review_filter: ReviewFilter) -> list[ReviewedEmailRow]:
    """Return the newest emails of this kind, at most 100."""
    age = STUCK_AFTER if review_filter is ReviewFilter.STUCK else timedelta(0)
    rows = await BY_FILTER[review_filter].rows(connection, age=age, limit=MAX_ROWS)
    return [ReviewedEmailRow._make(row) for row in rows]


async def count_replies(connection: Connection) -> list[ReplyCount]:
    """Return how many emails the mail server refused with each reply, the most frequent first."""
    return [ReplyCount._make(row) for row in await COUNT_REPLIES.rows(connection)]


async def retry_email(unit: UnitOfWork, email_id: UUID) -> None:
    """Put an email back into the queue, due now.

    NOT_FOUND; STATE_CONFLICT when it was sent or dropped, is being sent, or its content was deleted.
    """
    subject_id = await FIND_SUBJECT.value(unit.connection, id=email_id)
    if subject_id is None:
        raise NotFound(argument="letter")
    if not await RETRY.run(unit.connection, id=email_id):
        raise StateConflict(argument="letter")
    unit.subject_ids.append(subject_id)
    await RESUME_DELIVERY.run(unit.connection, id=email_id)
    await NOTIFY_WORKERS.value(unit.connection)
