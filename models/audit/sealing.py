"""Sealing: events that are committed become the next segment of the chain.

Events stand in the order of their places and then of their ids. Before the horizon nobody writes any more, so a segment
that ends there has no gap and gets no latecomer, and no writer ever waits for the sealer.
"""

from typing import Any, Final

from models.audit import epochs, merkle
from models.audit.events import AccessEventRow
from models.audit.segments import GENESIS_HEAD, LAST_SEGMENT, Segment, SegmentSigner, canonical_bytes
from models.storage.clock import now
from models.storage.statement import Connection, Statement

MAX_SEGMENT_EVENTS: Final = 20_000
"""Events in a segment at most, unless one transaction alone wrote more."""

LOCK = Statement("""
SELECT pg_try_advisory_xact_lock(7235469)
""")

# Where the chain ends when all of its segments are pruned.
LAST_PRUNE = Statement("""
SELECT number, head, until_transaction
FROM audit_prunes
ORDER BY number DESC
LIMIT 1
""")

# What was written last stands at the newest transaction, which the horizon passes when one more has ended.
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
SELECT id, at, actor, role, case_reference, subject_id, action, fields, operation, operation_hash, grant_id, written_in
FROM access_events
WHERE written_in >= :since
AND written_in < :until
ORDER BY written_in, id
LIMIT :most
""")

TRANSACTION_EVENTS = Statement("""
SELECT id, at, actor, role, case_reference, subject_id, action, fields, operation, operation_hash, grant_id, written_in
FROM access_events
WHERE written_in = :transaction
ORDER BY id
""")

INSERT_SEGMENT = Statement("""
INSERT INTO audit_segments
    (number, from_transaction, until_transaction, event_count, last_at, root, previous, sealed_at, key_id, signature,
    entries)
VALUES
    (:number, :from_transaction, :until_transaction, :event_count, :last_at, :root, :previous, :sealed_at, :key_id,
    :signature, :entries)
""")


class ServerChangedError(Exception):
    """The record was restored onto another server, where its era has not begun: ``eras.begin`` begins it."""


class TransactionCounterResetError(Exception):
    """The same server counts transactions anew, which no restore does: its chain cannot go on as it is."""


async def seal_segment(connection: Connection, signer: SegmentSigner, most: int = MAX_SEGMENT_EVENTS) -> Segment | None:
    """Seal what is committed and not sealed yet, as one segment; None when there is nothing, or another one seals."""
    await ADVANCE_TRANSACTION.run(connection)
    async with connection.transaction():
        if not await LOCK.value(connection):
            return None
        number, previous, since = await _tip(connection)
        watermark = await epochs.read_watermark(connection)
        if not watermark.is_current_server:
            raise ServerChangedError
        if since > watermark.newest_position:
            raise TransactionCounterResetError
        until = watermark.position
        rows = await UNSEALED_EVENTS.rows(connection, since=since, until=until, most=most)
        if not rows:
            return None
        if len(rows) == most:
            rows, until = await _cut(connection, rows)
        entries = [(row[0], merkle.leaf_hash(canonical_bytes(AccessEventRow._make(row[:11])))) for row in rows]
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
            entries=b"".join(part for id_, leaf in entries for part in (id_.bytes, leaf)),
        )
        await INSERT_SEGMENT.run(connection, **segment._asdict())
        return segment


async def _tip(connection: Connection) -> tuple[int, bytes, int]:
    """Give the last segment's number and head, and the transaction that the next one begins with."""
    row = await LAST_SEGMENT.row(connection)
    if row is not None:
        last = Segment(*row)
        return last.number, last.head, last.until_transaction
    pruned = await LAST_PRUNE.row(connection)
    return (pruned[0], pruned[1], pruned[2]) if pruned else (0, GENESIS_HEAD, 0)


async def _cut(connection: Connection, rows: list[Any]) -> tuple[list[Any], int]:
    """Keep whole transactions only: those before the last one, or that one alone with all its events."""
    last = rows[-1][11]
    whole = [row for row in rows if row[11] < last]
    return (whole, last) if whole else (await TRANSACTION_EVENTS.rows(connection, transaction=last), last + 1)
