"""Comparison of a head that a certificate states with the segment of the audit log that has its number."""

from enum import StrEnum

from models.audit.pruning import Prune
from models.audit.segments import Segment, TrustedKeys
from models.storage.statement import Connection, Statement


class HeadComparison(StrEnum):
    """The result of a comparison. The value is shown to the operator."""

    EQUAL = "the chain has this segment with this head"
    DIFFERENT = "the chain has another segment with this number"
    FORGED = "the segment or the pruning with this number is not signed by a trusted key"
    PRUNED = "the segment was pruned: its head is not known any more"
    MISSING = "the chain has no segment with this number"


SEGMENT = Statement("""
SELECT number, from_transaction, until_transaction, event_count, last_at, root, previous, sealed_at, key_id, version,
    signature
FROM audit_segments
WHERE number = :number
""")

# The first pruning that reached the segment, or deleted it as the last one.
PRUNE = Statement("""
SELECT number, head, until_transaction, pruned_at, key_id, signature, pruned_by, segment_count, event_count
FROM audit_prunes
WHERE number >= :number
ORDER BY number
LIMIT 1
""")


async def compare_head(connection: Connection, trusted: TrustedKeys, number: int, head: bytes) -> HeadComparison:
    """Compare a head with the segment of this number, or with the pruning that deleted it as its last segment."""
    row = await SEGMENT.row(connection, number=number)
    if row is not None:
        segment = Segment(*row)
        if not trusted.has_signed(segment.key_id, segment.header, segment.signature):
            return HeadComparison.FORGED
        return HeadComparison.EQUAL if segment.head == head else HeadComparison.DIFFERENT
    row = await PRUNE.row(connection, number=number)
    if row is None:
        return HeadComparison.MISSING
    prune = Prune(*row)
    if not trusted.has_signed(prune.key_id, prune.message, prune.signature):
        return HeadComparison.FORGED
    if prune.number > number:
        return HeadComparison.PRUNED
    return HeadComparison.EQUAL if prune.head == head else HeadComparison.DIFFERENT
