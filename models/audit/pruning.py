"""Pruning of the audit log: deletes old segments with their events and signs where, so that the rest verifies."""

from datetime import datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import BigInteger

from models.audit.segments import SEALER_ONLY, Segment, SegmentSigner, to_microseconds
from models.storage.clock import now
from models.storage.columns import Bytes, ErasureAction, Table, Text, Timestamp, column
from models.storage.statement import Connection, Statement


class AuditPrune(Table, table=True):
    """A pruning of the log, with the number and the head of the last segment that it deleted."""

    __tablename__ = "audit_prunes"
    __table_args__ = SEALER_ONLY

    number: int = column(BigInteger, ErasureAction.IMPERSONAL, primary_key=True)
    head: bytes = column(Bytes, ErasureAction.IMPERSONAL)
    until_transaction: int = column(BigInteger, ErasureAction.IMPERSONAL)
    pruned_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL)
    key_id: bytes = column(Bytes, ErasureAction.IMPERSONAL)
    signature: bytes = column(Bytes, ErasureAction.IMPERSONAL)
    pruned_by: str | None = column(Text, ErasureAction.IMPERSONAL, nullable=True)
    segment_count: int | None = column(BigInteger, ErasureAction.IMPERSONAL, nullable=True)
    event_count: int | None = column(BigInteger, ErasureAction.IMPERSONAL, nullable=True)


class Prune(NamedTuple):
    """A pruning as it is signed. All fields but the signature are signed."""

    number: int
    head: bytes
    until_transaction: int
    pruned_at: datetime
    key_id: bytes
    signature: bytes = b""
    pruned_by: str | None = None
    """Who pruned; None in a pruning of an earlier version, which has no counts either."""
    segment_count: int | None = None
    event_count: int | None = None

    @property
    def message(self) -> bytes:
        """The signed fields in their canonical form."""
        parts: list[Any] = [
            self.number,
            self.head.hex(),
            self.until_transaction,
            to_microseconds(self.pruned_at),
            self.key_id.hex(),
        ]
        if self.pruned_by is None:
            return orjson.dumps(["prune", 1, *parts])
        return orjson.dumps(["prune", 2, *parts, self.pruned_by, self.segment_count, self.event_count])


# The end of the longest run of old segments from the beginning. All segments after one that is too young are kept.
LAST_OLD_SEGMENT = Statement("""
SELECT number, from_transaction, until_transaction, event_count, last_at, root, previous, sealed_at, key_id, version,
    signature
FROM audit_segments
WHERE number < COALESCE((SELECT min(number) FROM audit_segments WHERE last_at >= :before), 9223372036854775807)
ORDER BY number DESC
LIMIT 1
""")

COUNT_OLD_SEGMENTS = Statement("""
SELECT count(*), COALESCE(sum(event_count), 0)
FROM audit_segments
WHERE number < COALESCE((SELECT min(number) FROM audit_segments WHERE last_at >= :before), 9223372036854775807)
""")

INSERT_PRUNE = Statement("""
INSERT INTO audit_prunes (
    number, head, until_transaction, pruned_at, key_id, signature, pruned_by, segment_count, event_count
)
VALUES (
    :number, :head, :until_transaction, :pruned_at, :key_id, :signature, :pruned_by, :segment_count, :event_count
)
""")

DELETE_EVENTS = Statement("""
DELETE FROM access_events
WHERE written_in < :until
""")

DELETE_SEGMENTS = Statement("""
DELETE FROM audit_segments
WHERE number <= :number
""")

OLD_PARTITIONS = Statement("""
SELECT c.relname
FROM pg_inherits AS i
JOIN pg_class AS c ON c.oid = i.inhrelid
WHERE i.inhparent = 'access_events'::regclass
AND c.relname < 'access_events_' || to_char(LEAST(CAST(:before AS timestamptz), now()) AT TIME ZONE 'UTC', 'YYYY_MM')
ORDER BY c.relname
""")


async def count_old(connection: Connection, before: datetime) -> tuple[int, int]:
    """Return how many segments and how many events ``prune`` would delete."""
    segments, events = await COUNT_OLD_SEGMENTS.row(connection, before=before) or (0, 0)
    return segments, int(events)


async def prune(connection: Connection, signer: SegmentSigner, before: datetime, pruned_by: str) -> tuple[int, int]:
    """Delete the first segments, as long as all of their events are older than a time, in the name of ``pruned_by``.

    Return how many segments and how many events were deleted. Monthly partitions left without events are dropped.
    """
    async with connection.transaction():
        row = await LAST_OLD_SEGMENT.row(connection, before=before)
        if row is None:
            return 0, 0
        last = Segment(*row)
        event_count = await DELETE_EVENTS.run(connection, until=last.until_transaction)
        segment_count = await DELETE_SEGMENTS.run(connection, number=last.number)
        unsigned = Prune(
            last.number,
            last.head,
            last.until_transaction,
            now(),
            signer.key_id,
            pruned_by=pruned_by,
            segment_count=segment_count,
            event_count=event_count,
        )
        await INSERT_PRUNE.run(connection, **unsigned._replace(signature=signer.sign(unsigned.message))._asdict())
    for partition in await OLD_PARTITIONS.rows(connection, before=before):
        await _drop_if_empty(connection, partition[0])
    return segment_count, event_count


async def _drop_if_empty(connection: Connection, name: str) -> None:
    """Drop the partition of a month if it has no rows. Writers wait for it two seconds at most."""
    async with connection.transaction():
        await connection.execute("SET LOCAL lock_timeout = '2s'")
        if not await connection.fetchval(f'SELECT EXISTS (SELECT FROM monthly."{name}")'):
            await connection.execute(f'DROP TABLE monthly."{name}"')
