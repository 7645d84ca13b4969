"""Handover of emails to the mail server: a committed marker before it, and a lock that blocks opt-outs."""

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
"""The minimum lease at handover. It is longer than a mail server may take."""
REPEATABLE_KINDS: Final = frozenset(
    {
        EmailKind.IDENTITY_CODE,
        EmailKind.REQUEST_RECEIVED,
        EmailKind.CONSENT_GRANTED,
        EmailKind.DETAILS_CORRECTED,
        EmailKind.ERASURE_SCHEDULED,
    }
)
"""Emails that may be sent twice. The others go to people who asked for no more email."""

# A lease is extended only when it is short, because a change of the indexed column due_at costs index updates.
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

# While this lock is held, no opt-out of this subject can commit.
LOCK_SUBJECT = Statement("""
SELECT status
FROM subjects
WHERE id = :subject_id
FOR SHARE
""")


async def mark_handed_over(connection: Connection, leases: Sequence[DeliveryLease]) -> set[UUID]:
    """Mark emails as handed over, and return the ids of those whose lease is still held.

    The caller commits the marker before the handover.
    """
    leases = sorted(leases)
    rows = await MARK_HANDED_OVER.rows(
        connection,
        subject_ids=[lease.subject_id for lease in leases],
        ids=[lease.email_id for lease in leases],
        leases=[lease.token for lease in leases],
        shortest=MIN_LEASE,
        lasts=LEASE_DURATION,
    )
    return {row[0] for row in rows}


@asynccontextmanager
async def lock_for_delivery(database: Database, email: ClaimedEmail) -> AsyncIterator[DeliveryResult | None]:
    """Lock the subject against opt-outs while the context is open. Yield the result of an email that may not be sent.

    Yields None when the email may be sent. The decision is a separate statement after the lock, because a joined one
    would read from before the wait. The transaction writes nothing and is rolled back, which saves a commit.
    """
    async with database.writers.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            await LOCK_SUBJECT.value(connection, subject_id=email.row.subject_id)
            yield (await check_purposes(connection, [email.row])).get(email.row.id)
        finally:
            await transaction.rollback()
