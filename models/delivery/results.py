"""Outcomes: what became of a letter, and how a worker that still holds its lease writes it down."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from models.outbox.emails import EmailReason, EmailState
from models.storage.statement import Connection, Statement


class DeliveryLease(NamedTuple):
    """A worker's claim to a letter for a while; it is lost once another worker has claimed the letter."""

    subject_id: UUID
    letter_id: UUID
    recipient: UUID
    token: UUID


class DeliveryResult(NamedTuple):
    """What became of a letter."""

    state: EmailState
    reason: EmailReason | None = None
    reply_code: int | None = None
    wait: timedelta = timedelta(0)
    """How long a letter that stays in the queue waits."""
    is_attempt: bool = True
    """Whether it was an attempt."""

    @property
    def is_final(self) -> bool:
        """Say whether nobody needs the letter's address and words any more."""
        return self.state in {EmailState.SENT, EmailState.DROPPED}


LeasedResult = tuple[DeliveryLease, DeliveryResult]

RECORD_RESULTS = Statement("""
UPDATE letters AS l
SET state = o.state, reason = o.reason, reply_code = COALESCE(o.reply_code, l.reply_code),
    lease = NULL, handed_at = NULL, due_at = clock_timestamp() + o.wait,
    attempts = l.attempts - CASE WHEN o.counts THEN 0 ELSE 1 END,
    sent_at = CASE WHEN o.state = 'SENT' THEN clock_timestamp() END,
    address = CASE WHEN NOT o.is_over THEN l.address END,
    context = CASE WHEN NOT o.is_over THEN l.context END
FROM unnest(
    CAST(:subject_ids AS uuid[]), CAST(:ids AS uuid[]), CAST(:leases AS uuid[]),
    CAST(:states AS text[]), CAST(:reasons AS text[]), CAST(:reply_codes AS smallint[]),
    CAST(:waits AS interval[]), CAST(:counts AS boolean[]), CAST(:are_over AS boolean[])
) AS o (subject_id, id, lease, state, reason, reply_code, wait, counts, is_over)
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


async def record_results(connection: Connection, settled: Sequence[LeasedResult]) -> set[UUID]:
    """Write what became of letters; give those whose lease was not lost. A refused address is written to no more."""
    if not settled:
        return set()
    # In one order everywhere, so that no two who write about the same letters wait for each other.
    settled = sorted(settled, key=lambda each: each[0][:2])
    refused = [lease for lease, outcome in settled if outcome.reason is EmailReason.ADDRESS_REFUSED]
    if refused:
        await STOP_ADDRESSES.run(
            connection,
            subject_ids=[lease.subject_id for lease in refused],
            recipients=[lease.recipient for lease in refused],
        )
    leases, outcomes = zip(*settled, strict=True)
    rows = await RECORD_RESULTS.rows(
        connection,
        subject_ids=[lease.subject_id for lease in leases],
        ids=[lease.letter_id for lease in leases],
        leases=[lease.token for lease in leases],
        states=[outcome.state for outcome in outcomes],
        reasons=[outcome.reason for outcome in outcomes],
        reply_codes=[outcome.reply_code for outcome in outcomes],
        waits=[outcome.wait for outcome in outcomes],
        counts=[outcome.is_attempt for outcome in outcomes],
        are_over=[outcome.is_final for outcome in outcomes],
    )
    return {row[0] for row in rows}
