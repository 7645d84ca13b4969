"""Sealing: committed events become the next segment of the chain.

Events are ordered by position, then by id. No transaction can still commit an event before the watermark. So a segment
that ends there has no gap and misses no late event, and writers never wait for the sealer.
"""

from typing import Any, Final

from models.audit import epochs, merkle
from models.audit.events import AccessEventRow
from models.audit.segments import EVENT_LENGTH, GENESIS_HEAD, LAST_SEGMENT, Segment, SegmentSigner, canonical_bytes
from models.storage.clock import now
from models.storage.statement import Connection, Statement

MAX_SEGMENT_EVENTS: Final = 20_000
"""The maximum number of events of a segment, unless a single transaction wrote more."""

LOCK = Statement("""
SELECT pg_try_advisory_xact_lock(7235469)
""")

# The end of the chain if all of its segments are pruned.
LAST_PRUNE = Statement("""
SELECT number, head, until_transaction
FROM audit_prunes
ORDER BY number DESC
LIMIT 1
""")

# The last event has the position of the newest transaction. One more transaction has to end until the watermark passes
# it.
ADVANCE_TRANSACTION = Statement("""
SELECT pg_current_xact_id()
WHERE EXISTS (
    SELECT
    FROM access_events
    WHERE written_in >= COALESCE(
        (SELECT until_transaction FROM audit_segments ORDER BY number DESC LIMIT 1),
        (SELECT until_transaction FROM audit_prunes ORDER BY number DESC LIMIT 1),
        0
    )
)
""")

UNSEALED_EVENTS = Statement("""
SELECT id, at, actor, role, case_reference, subject_id, action, fields, operation, operation_hash, grant_id,
    actor_identity, occurrences, written_in
FROM access_events
WHERE written_in >= :since
AND written_in < :until
ORDER BY written_in, id
LIMIT :limit
""")

TRANSACTION_EVENTS = Statement("""
SELECT id, at, actor, role, case_reference, subject_id, action, fields, operation, operation_hash, grant_id,
    actor_identity, occurrences, written_in
FROM access_events
WHERE written_in = :transaction
ORDER BY id
""")

INSERT_SEGMENT = Statement("""
INSERT INTO audit_segments
    (number, from_transaction, until_transaction, event_count, last_at, root, previous, sealed_at, key_id, version,
    signature, entries)
VALUES
    (:number, :from_transaction, :until_transaction, :event_count, :last_at, :root, :previous, :sealed_at, :key_id,
    :version, :signature, :entries)
""")


class ServerChangedError(Exception):
    """The log was restored on a server without an epoch. ``epochs.begin_epoch`` begins one."""


class TransactionCounterResetError(Exception):
    """The server counts transactions from the start again, which no restore does. The chain cannot continue."""


async def seal_segment(
    connection: Connection, signer: SegmentSigner, limit: int = MAX_SEGMENT_EVENTS
) -> Segment | None:
    """Seal committed events as the next segment and return it.

    Return None if there are no unsealed events or another process is sealing. Raise ServerChangedError or
    TransactionCounterResetError if positions of this server cannot continue those of the chain.
    """
    await ADVANCE_TRANSACTION.run(connection)
    async with connection.transaction():
        if not await LOCK.value(connection):
            return None
        number, previous, since = await _end_of_chain(connection)
        watermark = await epochs.read_watermark(connection)
        if not watermark.is_current_server:
            raise ServerChangedError
        if since > watermark.newest_position:
            raise TransactionCounterResetError
        until = watermark.position
        rows = await UNSEALED_EVENTS.rows(connection, since=since, until=until, limit=limit)
        if not rows:
            return None
        if len(rows) == limit:
            rows, until = await _whole_transactions(connection, rows)
        entries = [
            (row[0], merkle.leaf_hash(canonical_bytes(AccessEventRow._make(row[:EVENT_LENGTH])))) for row in rows
        ]
        segment = Segment(
            number=number + 1,
            from_transaction=since,
            until_transaction=until,
            event_count=len(rows),
            last_at=max(row[1] for row in rows),
            root=merkle.root([leaf for _, leaf in entries]),
            previous=previous,
            sealed_at=now(),
            key_id=signer.key_id,
        )
        segment = segment._replace(
            signature=signer.sign(segment.header),
            entries=b"".join(part for event_id, leaf in entries for part in (event_id.bytes, leaf)),
        )
        await INSERT_SEGMENT.run(connection, **segment._asdict())
        return segment


async def _end_of_chain(connection: Connection) -> tuple[int, bytes, int]:
    """Return the number and the head of the last segment, and the first transaction of the next one."""
    row = await LAST_SEGMENT.row(connection)
    if row is not None:
        last = Segment(*row)
        return last.number, last.head, last.until_transaction
    pruned = await LAST_PRUNE.row(connection)
    return (pruned[0], pruned[1], pruned[2]) if pruned else (0, GENESIS_HEAD, 0)


async def _whole_transactions(connection: Connection, rows: list[Any]) -> tuple[list[Any], int]:
    """Return the events of whole transactions: those before the last one, or all events of the last one."""
    last = rows[-1][EVENT_LENGTH]
    whole = [row for row in rows if row[EVENT_LENGTH] < last]
    return (whole, last) if whole else (await TRANSACTION_EVENTS.rows(connection, transaction=last), last + 1)
