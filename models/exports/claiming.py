"""Claiming of exports: each is reserved for one worker with a lease, which is renewed while the archive is written."""

import time
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from models.exports.chunks import ChunkWriter
from models.storage.database import Database
from models.storage.statement import Statement

LEASE: Final = timedelta(seconds=60)
RENEWAL_SECONDS: Final = 15.0

# All parts are there, or the day of the deadline has come: what is missing then is said in the export.
CLAIM = Statement("""
WITH due AS (
    SELECT e.subject_id, e.request_id, r.kind
    FROM exports AS e
    JOIN rights_requests AS r ON r.subject_id = e.subject_id AND r.id = e.request_id AND r.state = 'IN_PROGRESS'
    WHERE e.ready_at IS NULL
    AND e.ended_at IS NULL
    AND (e.claimed_until IS NULL OR e.claimed_until <= clock_timestamp())
    AND (
        COALESCE(r.extended_until, r.due_at) - interval '1 day' <= clock_timestamp()
        OR NOT EXISTS (SELECT FROM export_steps AS s WHERE s.request_id = e.request_id AND s.state <> 'DONE')
    )
    ORDER BY r.due_at, e.request_id
    LIMIT 1
    FOR UPDATE OF e SKIP LOCKED
)
UPDATE exports AS e
SET claimed_until = clock_timestamp() + CAST(:lease AS interval)
FROM due AS d
WHERE e.subject_id = d.subject_id
AND e.request_id = d.request_id
RETURNING e.subject_id, e.request_id, d.kind
""")

RENEW = Statement("""
UPDATE exports
SET claimed_until = clock_timestamp() + CAST(:lease AS interval)
WHERE request_id = :request_id
AND ready_at IS NULL
""")


class ClaimedExport(NamedTuple):
    """An export that is to be built."""

    subject_id: UUID
    request_id: UUID
    kind: str


async def claim_export(database: Database, lease: timedelta = LEASE) -> ClaimedExport | None:
    """Claim an export whose parts are there or overdue, for the duration of the lease; None if there is none."""
    async with database.transaction() as connection:
        row = await CLAIM.row(connection, lease=lease)
    return ClaimedExport._make(row) if row else None


class LeasedWriter(ChunkWriter):
    """Renews the lease of the export while it is written."""

    renewed_at = 0.0

    async def write(self, content: bytes) -> None:
        if time.monotonic() >= self.renewed_at + RENEWAL_SECONDS:
            async with self._database.writers.acquire() as connection:
                await RENEW.run(connection, request_id=self._key.owner_id, lease=LEASE)
            self.renewed_at = time.monotonic()
        await super().write(content)
