"""Claiming of exports: each is reserved for one worker with a lease, which is renewed while the archive is written.

A worker that lost its lease keeps nothing: another one may build the export, and a system may hand in a part again.
"""

import time
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from models.encryption.encrypted_column import DataKey
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
RETURNING e.subject_id, e.request_id, d.kind, e.claimed_until
""")

RENEW = Statement("""
UPDATE exports
SET claimed_until = clock_timestamp() + CAST(:lease AS interval)
WHERE subject_id = :subject_id
AND request_id = :request_id
AND ready_at IS NULL
AND ended_at IS NULL
AND claimed_until = :claimed_until
AND claimed_until > clock_timestamp()
RETURNING claimed_until
""")


class ClaimedExport(NamedTuple):
    """An export that is to be built."""

    subject_id: UUID
    request_id: UUID
    kind: str
    claimed_until: datetime


class LeaseLostError(Exception):
    """The lease of an export has ended: it is built by another worker, or is not to be built any more."""


async def claim_export(database: Database, lease: timedelta = LEASE) -> ClaimedExport | None:
    """Claim an export whose parts are there or overdue, for the duration of the lease; None if there is none."""
    async with database.transaction() as connection:
        row = await CLAIM.row(connection, lease=lease)
    return ClaimedExport._make(row) if row else None


class LeasedWriter(ChunkWriter):
    """Renews the lease of the export while it is written."""

    def __init__(self, database: Database, key: DataKey, export: ClaimedExport, part_id: UUID) -> None:
        super().__init__(database, key, export.subject_id, part_id)
        self.claimed_until = export.claimed_until
        """The end of the lease. Each one differs, so that it tells the lease of one worker from that of another."""
        self._renewed_at = 0.0

    async def write(self, content: bytes) -> None:
        """Append octets. Raise LeaseLostError when the lease has ended."""
        if time.monotonic() >= self._renewed_at + RENEWAL_SECONDS and not await self.renew():
            raise LeaseLostError
        await super().write(content)

    async def renew(self) -> bool:
        """Prolong the lease. Return False when it has ended."""
        async with self._database.writers.acquire() as connection:
            claimed_until = await RENEW.value(
                connection,
                subject_id=self._subject_id,
                request_id=self._key.owner_id,
                lease=LEASE,
                claimed_until=self.claimed_until,
            )
        if claimed_until is None:
            return False
        self.claimed_until, self._renewed_at = claimed_until, time.monotonic()
        return True
