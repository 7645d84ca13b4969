"""Events for tests of the audit log, and functions that seal and verify them."""

from collections.abc import Sequence
from uuid import UUID

from models.actors import Actor, Role
from models.audit import events, merkle
from models.audit.events import AccessAction, AccessEventRow, EventGroup, EventTemplate
from models.audit.sealing import seal_segment
from models.audit.segments import Segment, SegmentSigner, TrustedKeys, canonical_bytes
from models.audit.verification import Finding, VerificationResult, Verifier
from models.storage.database import Database

AGENT = Actor("an agent", Role.SUPPORT, (Role.SUPPORT,), "case/1")
READ_GROUP = EventGroup(EventTemplate(AGENT, AccessAction.READ, ("Subject.emails",)), [UUID(int=7)])
WRITTEN = "SELECT id FROM access_events WHERE xmin = CAST(pg_current_xact_id() AS xid)"
"""The events of this transaction."""
SEALED = """
SELECT id, at, actor, role, case_reference, subject_id, action, fields, operation, operation_hash, grant_id,
    actor_identity, occurrences
FROM access_events
WHERE written_in >= $1
AND written_in < $2
ORDER BY written_in, id
"""


async def write_events(database: Database, count: int) -> list[UUID]:
    """Append an event for each of ``count`` people in one transaction, and return their ids."""
    template = EventTemplate(AGENT, AccessAction.READ, ("Subject.country", "Subject.emails"), "Page", bytes(32))
    async with database.transaction() as connection:
        await events.append(connection, [EventGroup(template, [UUID(int=number) for number in range(count)])])
        return [row[0] for row in await connection.fetch(WRITTEN)]


async def seal_all(database: Database, signer: SegmentSigner, most: int = 20_000) -> list[Segment]:
    """Seal all committed events and return the segments."""
    segments = []
    async with database.writers.acquire() as connection:
        while segment := await seal_segment(connection, signer, most):
            segments.append(segment)
    return segments


async def reseal_in_version_1(database: Database, signer: SegmentSigner, segment: Segment) -> Segment:
    """Replace the last segment by the one that a worker of the earlier version would have sealed."""
    async with database.transaction() as connection:
        rows = await connection.fetch(SEALED, segment.from_transaction, segment.until_transaction)
        leaves = [merkle.leaf_hash(canonical_bytes(AccessEventRow._make(row), 1)) for row in rows]
        old = segment._replace(version=1, root=merkle.root(leaves))
        old = old._replace(
            signature=signer.sign(old.header),
            entries=b"".join(part for row, leaf in zip(rows, leaves, strict=True) for part in (row[0].bytes, leaf)),
        )
        await connection.execute(
            "UPDATE audit_segments SET version = 1, root = $1, signature = $2, entries = $3 WHERE number = $4",
            *(old.root, old.signature, old.entries, old.number),
        )
    return old


async def verify_log(
    database: Database, signer: SegmentSigner, *, first: int = 1, seen: Sequence[Segment] = ()
) -> tuple[VerificationResult, list[Finding]]:
    """Verify the committed log; return the result and the findings."""
    verifier = Verifier(TrustedKeys.from_public_keys([signer.public]))
    async with database.transaction() as connection:
        return await verifier.verify(connection, first, kept=seen), verifier.findings
