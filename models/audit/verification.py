"""Verification of the record: what is missing, changed, inserted or reordered, event by event, and what is forged."""

from collections.abc import AsyncIterator, Iterable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import asyncpg

from models.audit import merkle
from models.audit.events import AccessEventRow
from models.audit.pruning import Prune
from models.audit.segments import (
    ENTRY_LENGTH,
    GENESIS_HEAD,
    Segment,
    TrustedKeys,
    canonical_bytes,
    event_id_at,
    parse_leaves,
)
from models.storage.ids import Prefix, format_id
from models.storage.statement import Connection, Statement

PREFETCH = 2_000
NO_LAST = 2**63 - 1


class FindingKind(StrEnum):
    """What can be wrong with the record."""

    MISSING = "MISSING"
    CHANGED = "CHANGED"
    INSERTED = "INSERTED"
    REORDERED = "REORDERED"
    FORGED = "FORGED"
    BROKEN = "BROKEN"
    TRUNCATED = "TRUNCATED"


class Finding(NamedTuple):
    """One thing that is wrong: with a segment, and with an event of it where ``event`` names one."""

    kind: FindingKind
    segment: int
    description: str
    event: str | None = None


class VerificationResult(NamedTuple):
    """How much was verified, and where that ends."""

    segments: int
    events: int
    last: Segment | None


SEGMENTS = Statement("""
SELECT number, from_transaction, until_transaction, event_count, last_at, root, previous, sealed_at, key_id, signature,
    entries
FROM audit_segments
WHERE number BETWEEN :first AND :last
ORDER BY number
""")

EVENTS = Statement("""
SELECT id, at, actor, role, case_reference, subject_id, action, fields, operation, operation_hash, grant_id, written_in
FROM access_events
WHERE written_in >= :since
AND written_in < :until
ORDER BY written_in, id
""")

BOUNDS = Statement("""
SELECT min(number), max(number), min(from_transaction), max(until_transaction)
FROM audit_segments
WHERE number BETWEEN :first AND :last
""")

PRUNES = Statement("""
SELECT number, head, until_transaction, pruned_at, key_id, signature
FROM audit_prunes
ORDER BY number
""")

EVENTS_BEFORE = Statement("""
SELECT id
FROM access_events
WHERE written_in < :until
ORDER BY written_in, id
LIMIT 1000
""")


class Verifier:
    """Reads the chain once, from its beginning or from a segment on, and remembers what it finds wrong."""

    def __init__(self, trusted: TrustedKeys) -> None:
        self._trusted = trusted
        self.findings: list[Finding] = []
        self.heads: dict[int, bytes] = {}

    async def verify(
        self, connection: Connection, first: int = 1, last: int = NO_LAST, seen: Sequence[Segment] = ()
    ) -> VerificationResult:
        """Verify the segments from ``first`` to ``last``; ``seen`` are heads that a witness kept.

        The connection is in a transaction, of one snapshot where others write at the same time.
        """
        expected = await self._beginning(connection, first)
        lowest, highest, since, until = await BOUNDS.row(connection, first=first, last=last) or (None,) * 4
        segments = events = 0
        tip: Segment | None = None
        if highest is not None:
            stream = _Stream(connection.cursor(EVENTS.sql, since, until, prefetch=PREFETCH))
            async for row in connection.cursor(SEGMENTS.sql, lowest, highest, prefetch=20):
                segment = Segment._make(row)
                self._link(segment, expected)
                events += await self._events(segment, stream)
                segments += 1
                tip, expected = segment, (segment.number + 1, segment.head, segment.until_transaction)
                self.heads[segment.number] = segment.head
            async for stray in stream.rest():
                self._event(FindingKind.INSERTED, highest, stray[0], "lies between segments that do not know it")
        if last == NO_LAST:
            self._witnessed(seen)
        return VerificationResult(segments, events, tip)

    async def _beginning(self, connection: Connection, first: int) -> tuple[int, bytes | None, int | None]:
        """Give what the first segment must be: its number, the head before it, and the transaction it begins with."""
        number, head, since = 1, GENESIS_HEAD, 0
        for row in await PRUNES.rows(connection):
            prune = Prune._make(row)
            if self._trusted.signed(prune.key_id, prune.message, prune.signature):
                number, head, since = prune.number + 1, prune.head, prune.until_transaction
                self.heads[prune.number] = prune.head
            else:
                self._segment(FindingKind.FORGED, prune.number, "its pruning is not signed by a known key")
        if first > number:
            before = await SEGMENTS.rows(connection, first=first - 1, last=first - 1)
            if before:
                previous = Segment._make(before[0])
                return first, previous.head, previous.until_transaction
            return first, None, None
        for row in await EVENTS_BEFORE.rows(connection, until=since):
            self._event(FindingKind.INSERTED, number - 1, row[0], "lies before the first segment that is kept")
        return number, head, since

    def _link(self, segment: Segment, expected: tuple[int, bytes | None, int | None]) -> None:
        number, head, since = expected
        for missing in range(number, min(segment.number, number + 1000)):
            self._segment(FindingKind.MISSING, missing, "the segment is missing")
        if not self._trusted.signed(segment.key_id, segment.header, segment.signature):
            self._segment(
                FindingKind.FORGED, segment.number, "it is not signed by a known key, or was changed after it"
            )
        if segment.number == number and head is not None and segment.previous != head:
            self._segment(FindingKind.BROKEN, segment.number, "it does not name the segment before it")
        if segment.number == number and since is not None and segment.from_transaction != since:
            self._segment(FindingKind.BROKEN, segment.number, "it does not begin where the segment before it ends")
        is_whole = len(segment.entries) == ENTRY_LENGTH * segment.event_count
        if not is_whole or merkle.root(parse_leaves(segment.entries)) != segment.root:
            self._segment(FindingKind.FORGED, segment.number, "its list of events is not the one that was signed")

    async def _events(self, segment: Segment, stream: "_Stream") -> int:
        async for stray in stream.before(segment.from_transaction):
            self._event(FindingKind.INSERTED, segment.number, stray[0], "lies between segments that do not know it")
        rows = [row async for row in stream.before(segment.until_transaction)]
        leaves = [merkle.leaf_hash(canonical_bytes(AccessEventRow._make(row[:11]))) for row in rows]
        parts = [part for row, leaf in zip(rows, leaves, strict=True) for part in (row[0].bytes, leaf)]
        if b"".join(parts) != segment.entries:
            self._compare(segment, [row[0] for row in rows], leaves)
        return len(rows)

    def _compare(self, segment: Segment, ids: list[Any], leaves: list[bytes]) -> None:
        """Say event by event how what is there differs from what was sealed."""
        if parse_leaves(segment.entries) == leaves:
            self._segment(
                FindingKind.FORGED, segment.number, "its list of events names others than those that were signed"
            )
            return
        count = len(segment.entries) // ENTRY_LENGTH
        sealed = {
            event_id_at(segment.entries, place): leaf
            for place, leaf in enumerate(parse_leaves(segment.entries)[:count])
        }
        found = dict(zip(ids, leaves, strict=True))
        for identity in sealed.keys() - found.keys():
            self._event(FindingKind.MISSING, segment.number, identity, "was sealed and is not there")
        for identity in found.keys() - sealed.keys():
            self._event(FindingKind.INSERTED, segment.number, identity, "is there and was not sealed")
        for identity in sealed.keys() & found.keys():
            if sealed[identity] != found[identity]:
                self._event(FindingKind.CHANGED, segment.number, identity, "is not what was sealed")
        order = [identity for identity in sealed if identity in found]
        for was, is_now in zip(order, (identity for identity in found if identity in sealed), strict=True):
            if was != is_now:
                self._event(FindingKind.REORDERED, segment.number, is_now, "is not in the place in which it was sealed")

    def _witnessed(self, seen: Iterable[Segment]) -> None:
        """Compare the chain with heads that somebody outside kept."""
        for head in seen:
            if not self._trusted.signed(head.key_id, head.header, head.signature):
                self._segment(FindingKind.FORGED, head.number, "the head that was kept is not signed by a known key")
            elif head.number > max(self.heads, default=0):
                self._segment(FindingKind.TRUNCATED, head.number, "the chain ends before a head that was kept")
            elif head.number in self.heads and self.heads[head.number] != head.head:
                self._segment(
                    FindingKind.FORGED, head.number, "the chain has another segment than the one that was kept"
                )

    def _segment(self, wrong: FindingKind, number: int, says: str) -> None:
        self.findings.append(Finding(wrong, number, says))

    def _event(self, wrong: FindingKind, number: int, identity: Any, says: str) -> None:
        self.findings.append(Finding(wrong, number, says, format_id(Prefix.ACCESS_EVENT, identity)))


class _Stream:
    """Events in their order, taken up to a transaction at a time."""

    def __init__(self, cursor: Any) -> None:
        self._rows: AsyncIterator[asyncpg.Record] = aiter(cursor)
        self._ahead: asyncpg.Record | None = None

    async def before(self, transaction: int) -> AsyncIterator[asyncpg.Record]:
        """Give the events of all transactions before this one that were not given yet."""
        while True:
            row = self._ahead or await anext(self._rows, None)
            self._ahead = row
            if row is None or row[11] >= transaction:
                return
            self._ahead = None
            yield row

    async def rest(self) -> AsyncIterator[asyncpg.Record]:
        async for row in self.before(NO_LAST):
            yield row
