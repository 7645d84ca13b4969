"""The post room: letters that somebody has to look at, and what they may do about them."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from models.errors import NotFound, StateConflict
from models.outbox.emails import NOTIFY_WORKERS
from models.storage.statement import Connection, Statement
from models.unit_of_work import UnitOfWork

STUCK_AFTER: Final = timedelta(hours=1)
"""After how long a letter that still waits is worth a look."""
MAX_ROWS: Final = 100


class ReviewFilter(StrEnum):
    """Why a letter is worth a look."""

    FAILED = "FAILED"
    UNCERTAIN = "UNCERTAIN"
    STUCK = "STUCK"


class ReviewedEmailRow(NamedTuple):
    """A letter as the operator sees it: never its address, never its words."""

    id: UUID
    subject_id: UUID
    letter: str
    state: str
    reason: str | None
    reply_code: int | None
    attempts: int
    posted_at: datetime


def _looked_at(state: str) -> Statement:
    """Give the statement for a state, in words: an index of some states is found by no value that comes later."""
    return Statement(f"""
SELECT id, subject_id, letter, state, reason, reply_code, attempts, posted_at
FROM letters
WHERE state = '{state}'
AND posted_at < clock_timestamp() - CAST(:age AS interval)
ORDER BY posted_at DESC, id
LIMIT :most
""")


LOOKED_AT = {
    ReviewFilter.FAILED: _looked_at("FAILED"),
    ReviewFilter.UNCERTAIN: _looked_at("UNCERTAIN"),
    ReviewFilter.STUCK: _looked_at("QUEUED"),
}

# A letter that is being sent right now is left to its worker.
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

# Somebody who sends a letter again to an address that was refused has put it right.
RESUME_DELIVERY = Statement("""
UPDATE email_addresses AS e
SET stopped_at = NULL
FROM letters AS l
WHERE l.id = :id
AND e.subject_id = l.subject_id
AND e.id = l.recipient
""")


async def list_for_review(connection: Connection, look: ReviewFilter) -> list[ReviewedEmailRow]:
    """Give the newest letters that are worth a look, at most a hundred."""
    age = STUCK_AFTER if look is ReviewFilter.STUCK else timedelta(0)
    return [ReviewedEmailRow._make(row) for row in await LOOKED_AT[look].rows(connection, age=age, most=MAX_ROWS)]


async def retry_email(unit: UnitOfWork, letter_id: UUID) -> None:
    """Put a letter back into the queue, due now.

    NOT_FOUND; STATE_CONFLICT when it was sent or dropped, is being sent, or its address and words are gone.
    """
    subject_id = await FIND_SUBJECT.value(unit.connection, id=letter_id)
    if subject_id is None:
        raise NotFound(argument="letter")
    if not await RETRY.run(unit.connection, id=letter_id):
        raise StateConflict(argument="letter")
    unit.subject_ids.append(subject_id)
    await RESUME_DELIVERY.run(unit.connection, id=letter_id)
    await NOTIFY_WORKERS.value(unit.connection)
