"""Delivery results: written by the worker that still holds the lease of the email."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from models.outbox.emails import EmailReason, EmailState
from models.storage.statement import Connection, Statement


class DeliveryLease(NamedTuple):
    """A worker's lease of an email. It is lost once another worker has claimed the email."""

    subject_id: UUID
    email_id: UUID
    recipient: UUID
    token: UUID


class DeliveryResult(NamedTuple):
    """The result of an attempt to deliver an email."""

    state: EmailState
    reason: EmailReason | None = None
    reply_code: int | None = None
    wait: timedelta = timedelta(0)
    """The delay of an email that stays in the queue."""
    is_attempt: bool = True
    """Whether the result counts as an attempt."""

    @property
    def is_final(self) -> bool:
        """Whether the address and the context are no longer needed."""
        return self.state in {EmailState.SENT, EmailState.DROPPED}


LeasedResult = tuple[DeliveryLease, DeliveryResult]

RECORD_RESULTS = Statement("""
UPDATE letters AS l
SET state = o.state, reason = o.reason, reply_code = COALESCE(o.reply_code, l.reply_code),
    lease = NULL, handed_at = NULL, due_at = clock_timestamp() + o.wait,
    attempts = l.attempts - CASE WHEN o.is_attempt THEN 0 ELSE 1 END,
    sent_at = CASE WHEN o.state = 'SENT' THEN clock_timestamp() END,
    address = CASE WHEN NOT o.is_final THEN l.address END,
    context = CASE WHEN NOT o.is_final THEN l.context END
FROM unnest(
    CAST(:subject_ids AS uuid[]), CAST(:ids AS uuid[]), CAST(:leases AS uuid[]),
    CAST(:states AS text[]), CAST(:reasons AS text[]), CAST(:reply_codes AS smallint[]),
    CAST(:waits AS interval[]), CAST(:are_attempts AS boolean[]), CAST(:are_final AS boolean[])
) AS o (subject_id, id, lease, state, reason, reply_code, wait, is_attempt, is_final)
WHERE l.subject_id = o.subject_id
AND l.id = o.id
AND l.lease = o.lease
RETURNING l.id
""")

STOP_ADDRESSES = Statement("""
UPDATE email_addresses AS e
SET stopped_at = clock_timestamp()
FROM unnest(CAST(:subject_ids AS uuid[]), CAST(:recipients AS uuid[])) AS refused (subject_id, recipient)
WHERE e.subject_id = refused.subject_id
AND e.id = refused.recipient
AND e.stopped_at IS NULL
""")


async def record_results(connection: Connection, leased_results: Sequence[LeasedResult]) -> set[UUID]:
    """Write the results, and return the ids of the emails whose lease was still held.

    Delivery to an address that the mail server refused stops.
    """
    if not leased_results:
        return set()
    # Rows are written in one order to prevent deadlocks.
    leased_results = sorted(leased_results, key=lambda each: each[0][:2])
    refused = [lease for lease, result in leased_results if result.reason is EmailReason.ADDRESS_REFUSED]
    if refused:
        await STOP_ADDRESSES.run(
            connection,
            subject_ids=[lease.subject_id for lease in refused],
            recipients=[lease.recipient for lease in refused],
        )
    leases, results = zip(*leased_results, strict=True)
    rows = await RECORD_RESULTS.rows(
        connection,
        subject_ids=[lease.subject_id for lease in leases],
        ids=[lease.email_id for lease in leases],
        leases=[lease.token for lease in leases],
        states=[result.state for result in results],
        reasons=[result.reason for result in results],
        reply_codes=[result.reply_code for result in results],
        waits=[result.wait for result in results],
        are_attempts=[result.is_attempt for result in results],
        are_final=[result.is_final for result in results],
    )
    return {row[0] for row in rows}
