"""Verification of the audit log: finds missing, changed, inserted and reordered events, and forged segments."""

from collections.abc import AsyncIterator, Iterable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import asyncpg

from models.audit import merkle
from models.audit.events import AccessEventRow
from models.audit.pruning import Prune
from models.audit.segments import (
    ENTRY_LENGTH,
    EVENT_LENGTH,
    GENESIS_HEAD,
    VERSION_1_LENGTH,
    Segment,
    TrustedKeys,
    canonical_bytes,
    event_id_at,
    parse_leaves,
)
from models.storage.ids import Prefix, format_id
from models.storage.statement import Connection, Statement

PREFETCH = 2_000
"""Events that the cursor reads at once."""
NO_LAST = 2**63 - 1
"""The last segment to verify if there is no limit."""
STRAY = "lies between segments that do not contain it"


class FindingKind(StrEnum):
    """The kind of a finding."""

    MISSING = "MISSING"
    CHANGED = "CHANGED"
    INSERTED = "INSERTED"
    REORDERED = "REORDERED"
    FORGED = "FORGED"
    BROKEN = "BROKEN"
    TRUNCATED = "TRUNCATED"


class Finding(NamedTuple):
    """A defect of a segment, or of one of its events if ``event`` names one."""

    kind: FindingKind
    segment: int
    description: str
    event: str | None = None


class VerificationResult(NamedTuple):
    """The number of segments and events that were verified, and the last segment."""

    segments: int
    events: int
    last: Segment | None


SEGMENTS = Statement("""
SELECT number, from_transaction, until_transaction, event_count, last_at, root, previous, sealed_at, key_id, version,
    signature, entries
FROM audit_segments
WHERE number BETWEEN :first AND :last
ORDER BY number
""")

EVENTS = Statement("""
SELECT id, at, actor, role, case_reference, subject_id, action, fields, operation, operation_hash, grant_id,
    actor_identity, occurrences, written_in
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
SELECT number, head, until_transaction, pruned_at, key_id, signature, pruned_by, segment_count, event_count
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
    """Reads the chain once, from its beginning or from a segment on, and collects findings."""

    def __init__(self, trusted: TrustedKeys) -> None:
        self._trusted = trusted
        self.findings: list[Finding] = []
        self.heads: dict[int, bytes] = {}
        self.prunes: list[Prune] = []
        """The prunings that a trusted key signed."""
        self.unsealed_identities = 0
        """The events with an identity that their segment does not seal, because an earlier version sealed it."""

    async def verify(
        self, connection: Connection, first: int = 1, last: int = NO_LAST, kept: Sequence[Segment] = ()
    ) -> VerificationResult:
        """Verify the segments from ``first`` to ``last``. ``kept`` are segments whose heads were kept outside.

        The connection is in a transaction. If others write at the same time, it has one snapshot (repeatable read).
        """
        expected = await self._beginning(connection, first)
        lowest, highest, since, until = await BOUNDS.row(connection, first=first, last=last) or (None,) * 4
        segments = events = 0
        last_segment: Segment | None = None
        if highest is not None:
            stream = _EventStream(connection.cursor(EVENTS.sql, since, until, prefetch=PREFETCH))
            async for row in connection.cursor(SEGMENTS.sql, lowest, highest, prefetch=20):
                segment = Segment._make(row)
                self._check_link(segment, expected)
                events += await self._check_events(segment, stream)
                segments += 1
                last_segment = segment
                expected = segment.number + 1, segment.head, segment.until_transaction
                self.heads[segment.number] = segment.head
            async for stray in stream.before(NO_LAST):
                self._event(FindingKind.INSERTED, highest, stray[0], STRAY)
        if last == NO_LAST:
            self._compare_with_kept(kept)
        return VerificationResult(segments, events, last_segment)

    async def _beginning(self, connection: Connection, first: int) -> tuple[int, bytes | None, int | None]:
        """Return what the first segment must have: its number, the previous head and its first transaction."""
        number, head, since = 1, GENESIS_HEAD, 0
        for row in await PRUNES.rows(connection):
            prune = Prune._make(row)
            if self._trusted.has_signed(prune.key_id, prune.message, prune.signature):
                number, head, since = prune.number + 1, prune.head, prune.until_transaction
                self.heads[prune.number] = prune.head
                self.prunes.append(prune)
            else:
                self._segment(FindingKind.FORGED, prune.number, "its pruning is not signed by a trusted key")
        if first > number:
            before = await SEGMENTS.row(connection, first=first - 1, last=first - 1)
            if before:
                previous = Segment._make(before)
                return first, previous.head, previous.until_transaction
            return first, None, None
        for row in await EVENTS_BEFORE.rows(connection, until=since):
            self._event(FindingKind.INSERTED, number - 1, row[0], "is before the first segment of the chain")
        return number, head, since

    def _check_link(self, segment: Segment, expected: tuple[int, bytes | None, int | None]) -> None:
        """Check the signature of a segment, its link to the previous one, and its list of events."""
        number, head, since = expected
        for missing in range(number, min(segment.number, number + 1000)):
            self._segment(FindingKind.MISSING, missing, "the segment is missing")
        if not self._trusted.has_signed(segment.key_id, segment.header, segment.signature):
            self._segment(
                FindingKind.FORGED, segment.number, "it is not signed by a trusted key, or was changed afterwards"
            )
        if segment.number == number and head is not None and segment.previous != head:
            self._segment(FindingKind.BROKEN, segment.number, "it does not contain the head of the previous segment")
        if segment.number == number and since is not None and segment.from_transaction != since:
            self._segment(FindingKind.BROKEN, segment.number, "it does not begin where the previous segment ends")
        has_all_entries = len(segment.entries) == ENTRY_LENGTH * segment.event_count
        if not has_all_entries or merkle.root(parse_leaves(segment.entries)) != segment.root:
            self._segment(FindingKind.FORGED, segment.number, "its list of events is not the one that was signed")

    async def _check_events(self, segment: Segment, stream: "_EventStream") -> int:
        """Compare the events of a segment with its entries, and return how many events there are."""
        async for stray in stream.before(segment.from_transaction):
            self._event(FindingKind.INSERTED, segment.number, stray[0], STRAY)
        rows = [row async for row in stream.before(segment.until_transaction)]
        events = [AccessEventRow._make(row[:EVENT_LENGTH]) for row in rows]
        leaves = [merkle.leaf_hash(canonical_bytes(event, segment.version)) for event in events]
        if segment.version == 1:
            self.unsealed_identities += sum(any(event[VERSION_1_LENGTH:]) for event in events)
        parts = [part for row, leaf in zip(rows, leaves, strict=True) for part in (row[0].bytes, leaf)]
        if b"".join(parts) != segment.entries:
            self._compare(segment, [row[0] for row in rows], leaves)
        return len(rows)

    def _compare(self, segment: Segment, ids: list[Any], leaves: list[bytes]) -> None:
        """Add a finding for each event that differs from its entry."""
        if parse_leaves(segment.entries) == leaves:
            self._segment(FindingKind.FORGED, segment.number, "its list of events has other ids than the events")
            return
        count = len(segment.entries) // ENTRY_LENGTH
        sealed = {
            event_id_at(segment.entries, index): leaf
            for index, leaf in enumerate(parse_leaves(segment.entries)[:count])
        }
        stored = dict(zip(ids, leaves, strict=True))
        for event_id in sealed.keys() - stored.keys():
            self._event(FindingKind.MISSING, segment.number, event_id, "was sealed and is missing")
        for event_id in stored.keys() - sealed.keys():
            self._event(FindingKind.INSERTED, segment.number, event_id, "exists and was not sealed")
        for event_id in sealed.keys() & stored.keys():
            if sealed[event_id] != stored[event_id]:
                self._event(FindingKind.CHANGED, segment.number, event_id, "differs from what was sealed")
        order = [event_id for event_id in sealed if event_id in stored]
        for expected, actual in zip(order, (event_id for event_id in stored if event_id in sealed), strict=True):
            if expected != actual:
                self._event(
                    FindingKind.REORDERED, segment.number, actual, "is not at the position at which it was sealed"
                )

    def _compare_with_kept(self, kept: Iterable[Segment]) -> None:
        """Compare the chain with the segments whose heads were kept outside."""
        for segment in kept:
            if not self._trusted.has_signed(segment.key_id, segment.header, segment.signature):
                self._segment(FindingKind.FORGED, segment.number, "the kept head is not signed by a trusted key")
            elif segment.number > max(self.heads, default=0):
                self._segment(FindingKind.TRUNCATED, segment.number, "the chain ends before a kept head")
            elif segment.number in self.heads and self.heads[segment.number] != segment.head:
                self._segment(FindingKind.FORGED, segment.number, "the chain has another segment than the kept one")

    def _segment(self, kind: FindingKind, number: int, description: str) -> None:
        self.findings.append(Finding(kind, number, description))

    def _event(self, kind: FindingKind, number: int, event_id: Any, description: str) -> None:
        self.findings.append(Finding(kind, number, description, format_id(Prefix.ACCESS_EVENT, event_id)))


class _EventStream:
    """The events in their order, read up to one transaction at a time."""

    def __init__(self, cursor: Any) -> None:
        self._rows: AsyncIterator[asyncpg.Record] = aiter(cursor)
        self._next: asyncpg.Record | None = None

    async def before(self, transaction: int) -> AsyncIterator[asyncpg.Record]:
        """Yield the events of all transactions before this one that were not yielded yet."""
        while True:
            row = self._next or await anext(self._rows, None)
            self._next = row
            if row is None or row[EVENT_LENGTH] >= transaction:
                return
            self._next = None
            yield row
