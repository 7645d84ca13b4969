"""Sendings: the mark that a letter is about to be handed over, and the hold that lets no opt-out overtake it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final
from uuid import UUID

from models.delivery.claims import LEASE_DURATION, ClaimedEmail, check_purposes
from models.delivery.results import DeliveryLease, DeliveryResult
from models.outbox.emails import EmailKind
from models.storage.database import Database
from models.storage.statement import Connection, Statement

MIN_LEASE: Final = timedelta(minutes=3)
"""How much of its lease a letter has at least when it is handed over: more than a mail server may take."""
REPEATABLE_KINDS: Final = frozenset(
    {
        EmailKind.IDENTITY_CODE,
        EmailKind.REQUEST_RECEIVED,
        EmailKind.CONSENT_GRANTED,
        EmailKind.DETAILS_CORRECTED,
        EmailKind.ERASURE_SCHEDULED,
    }
)
"""Letters that may reach a person twice. The others go to somebody who wants to hear no more of us."""

# A lease is renewed only when it is short: as long as no indexed column changes, PostgreSQL leaves the indexes alone.
MARK_HANDED_OVER = Statement("""
UPDATE letters AS l
SET handed_at = clock_timestamp(),
    due_at = CASE
        WHEN l.due_at < clock_timestamp() + CAST(:shortest AS interval)
        THEN clock_timestamp() + CAST(:lasts AS interval)
        ELSE l.due_at
    END
FROM unnest(CAST(:subject_ids AS uuid[]), CAST(:ids AS uuid[]), CAST(:leases AS uuid[])) AS h (subject_id, id, lease)
WHERE l.subject_id = h.subject_id
AND l.id = h.id
AND l.lease = h.lease
AND l.due_at > clock_timestamp()
RETURNING l.id
""")

# No opt-out of this person is committed while this is held.
LOCK_SUBJECT = Statement("""
SELECT status
FROM subjects
WHERE id = :subject_id
FOR SHARE
""")


async def mark_handed_over(connection: Connection, leases: Sequence[DeliveryLease]) -> set[UUID]:
    """Mark that letters are about to be handed over, committed by itself; give those whose lease is not lost."""
    leases = sorted(leases)
    rows = await MARK_HANDED_OVER.rows(
        connection,
        subject_ids=[lease.subject_id for lease in leases],
        ids=[lease.letter_id for lease in leases],
        leases=[lease.token for lease in leases],
        shortest=MIN_LEASE,
        lasts=LEASE_DURATION,
    )
    return {row[0] for row in rows}


@asynccontextmanager
async def block_opt_outs(database: Database, letter: ClaimedEmail) -> AsyncIterator[DeliveryResult | None]:
    """Let no opt-out of the person be committed while this is open; give what becomes of a letter that may not go.

    None when it may. The decision is a statement of its own, after the hold: one that joined both would answer from
    before it had to wait. Nothing is written, so it is rolled back: only a commit waits for the disk.
    """
    async with database.writers.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            await LOCK_SUBJECT.value(connection, subject_id=letter.row.subject_id)
            yield (await check_purposes(connection, [letter.row])).get(letter.row.id)
        finally:
            await transaction.rollback()
