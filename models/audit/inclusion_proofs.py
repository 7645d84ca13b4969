"""Inclusion proofs: prove that an event is in the audit log, verifiable without the database."""

from typing import Any
from uuid import UUID

import orjson

from models.audit import merkle
from models.audit.events import AccessEventRow
from models.audit.segments import Segment, TrustedKeys, canonical_bytes, from_microseconds, parse_leaves
from models.errors import NotFound
from models.storage.statement import Connection, Statement

SEGMENT_OF_EVENT = Statement("""
SELECT s.number, s.from_transaction, s.until_transaction, s.event_count, s.last_at, s.root, s.previous, s.sealed_at,
    s.key_id, s.version, s.signature, s.entries
FROM access_events AS e
JOIN audit_segments AS s ON s.from_transaction <= e.written_in AND s.until_transaction > e.written_in
WHERE e.id = :id
""")

EVENT = Statement("""
SELECT id, at, actor, role, case_reference, subject_id, action, fields, operation, operation_hash, grant_id,
    actor_identity, occurrences
FROM access_events
WHERE id = :id
""")


async def create_proof(connection: Connection, event_id: UUID) -> dict[str, Any]:
    """Return the proof that an event is in its segment. Raise NOT_FOUND if it does not exist or is not sealed yet."""
    event_row = await EVENT.row(connection, id=event_id)
    segment_row = await SEGMENT_OF_EVENT.row(connection, id=event_id)
    if event_row is None or segment_row is None:
        raise NotFound(argument="event")
    segment = Segment._make(segment_row)
    entry = canonical_bytes(AccessEventRow._make(event_row), segment.version)
    leaves = parse_leaves(segment.entries)
    leaf = merkle.leaf_hash(entry)
    if leaf not in leaves:
        raise NotFound(argument="event")
    index = leaves.index(leaf)
    return {
        "event": orjson.loads(entry),
        "place": index,
        "path": [hashed.hex() for hashed in merkle.path(index, leaves)],
        "segment": serialize(segment),
    }


def serialize(segment: Segment) -> dict[str, Any]:
    """Return the signed fields of a segment, its signature and its head, as JSON values to keep outside."""
    fields = zip(Segment._fields[:9], orjson.loads(segment.header)[2:], strict=True)
    return {
        **dict(fields),
        "version": segment.version,
        "signature": segment.signature.hex(),
        "head": segment.head.hex(),
    }


def parse(serialized: dict[str, Any]) -> Segment:
    """Return the segment that ``serialize`` wrote. Raise ValueError if the values do not have that form."""
    try:
        segment = Segment(
            number=int(serialized["number"]),
            from_transaction=int(serialized["from_transaction"]),
            until_transaction=int(serialized["until_transaction"]),
            event_count=int(serialized["event_count"]),
            last_at=from_microseconds(serialized["last_at"]),
            root=bytes.fromhex(serialized["root"]),
            previous=bytes.fromhex(serialized["previous"]),
            sealed_at=from_microseconds(serialized["sealed_at"]),
            key_id=bytes.fromhex(serialized["key_id"]),
            version=int(serialized.get("version", 1)),
            signature=bytes.fromhex(serialized["signature"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        raise ValueError("it is not a head of the audit log") from None
    if serialized.get("head", segment.head.hex()) != segment.head.hex():
        raise ValueError("its head is not that of its fields")
    return segment


def verify_proof(proof: dict[str, Any], trusted: TrustedKeys) -> bool:
    """Return whether the event of a proof is in its segment and a trusted key signed the segment."""
    try:
        segment = parse(proof["segment"])
        leaf = merkle.leaf_hash(orjson.dumps(proof["event"]))
        path = [bytes.fromhex(part) for part in proof["path"]]
        index = int(proof["place"])
    except (KeyError, TypeError, ValueError):
        return False
    return trusted.has_signed(segment.key_id, segment.header, segment.signature) and merkle.is_included(
        index, segment.event_count, leaf, path, segment.root
    )
