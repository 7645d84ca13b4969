"""Inclusion proofs: that one event stands in the record, for anybody to check without the database."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from models.audit import merkle
from models.audit.events import AccessEventRow
from models.audit.segments import Segment, TrustedKeys, canonical_bytes, parse_leaves
from models.errors import NotFound
from models.storage.statement import Connection, Statement

SEGMENT_OF_EVENT = Statement("""
SELECT s.number, s.from_transaction, s.until_transaction, s.event_count, s.last_at, s.root, s.previous, s.sealed_at,
    s.key_id, s.signature, s.entries
FROM access_events AS e
JOIN audit_segments AS s ON s.from_transaction <= e.written_in AND s.until_transaction > e.written_in
WHERE e.id = :id
""")

TIP = Statement("""
SELECT number, from_transaction, until_transaction, event_count, last_at, root, previous, sealed_at, key_id, signature
FROM audit_segments
ORDER BY number DESC
LIMIT 1
""")

EVENT = Statement("""
SELECT id, at, actor, role, case_reference, subject_id, action, fields, operation, operation_hash, grant_id
FROM access_events
WHERE id = :id
""")


async def create_proof(connection: Connection, event_id: UUID) -> dict[str, Any]:
    """Give the proof that an event stands in its segment; NOT_FOUND when it is not there, or not sealed yet."""
    row, found = await EVENT.row(connection, id=event_id), await SEGMENT_OF_EVENT.row(connection, id=event_id)
    if row is None or found is None:
        raise NotFound(argument="event")
    segment = Segment._make(found)
    entry = canonical_bytes(AccessEventRow._make(row))
    leaves = parse_leaves(segment.entries)
    leaf = merkle.leaf_hash(entry)
    if leaf not in leaves:
        raise NotFound(argument="event")
    place = leaves.index(leaf)
    return {
        "event": orjson.loads(entry),
        "place": place,
        "path": [hashed.hex() for hashed in merkle.path(place, leaves)],
        "segment": serialize(segment),
    }


async def last_segment(connection: Connection) -> Segment | None:
    """Give the last segment of the chain, without its entries."""
    row = await TIP.row(connection)
    return Segment(*row) if row else None


def serialize(segment: Segment) -> dict[str, Any]:
    """Write a segment's head for a witness: all that is signed, and the signature."""
    named = zip(Segment._fields[:9], orjson.loads(segment.header)[2:], strict=True)
    return {**dict(named), "signature": segment.signature.hex(), "head": segment.head.hex()}


def parse(given: dict[str, Any]) -> Segment:
    """Read what ``written`` wrote; ValueError when it is not of that form."""
    try:
        return Segment(
            number=int(given["number"]),
            from_transaction=int(given["from_transaction"]),
            until_transaction=int(given["until_transaction"]),
            event_count=int(given["event_count"]),
            last_at=_moment(given["last_at"]),
            root=bytes.fromhex(given["root"]),
            previous=bytes.fromhex(given["previous"]),
            sealed_at=_moment(given["sealed_at"]),
            key_id=bytes.fromhex(given["key_id"]),
            signature=bytes.fromhex(given["signature"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        raise ValueError("it is not a head of the record") from None


def verify_proof(given: dict[str, Any], trusted: TrustedKeys) -> bool:
    """Say whether a proof holds: the event is in the segment, and a known key signed the segment."""
    try:
        segment = parse(given["segment"])
        leaf = merkle.leaf_hash(orjson.dumps(given["event"]))
        path = [bytes.fromhex(part) for part in given["path"]]
        place = int(given["place"])
    except (KeyError, TypeError, ValueError):
        return False
    return trusted.signed(segment.key_id, segment.header, segment.signature) and merkle.is_included(
        place, segment.event_count, leaf, path, segment.root
    )


def _moment(micros: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
