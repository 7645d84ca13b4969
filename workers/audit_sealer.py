"""The worker that signs audit segments, at most about a second after their events. Several workers may run at once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from models.audit import epochs
from models.audit.sealing import MAX_SEGMENT_EVENTS, ServerChangedError, TransactionCounterResetError, seal_segment
from models.audit.segments import Segment, SegmentSigner
from models.storage.database import Database
from models.storage.statement import Connection, Statement
from workers import polling

log = structlog.get_logger("privacy")

POLL: Final = 0.5
"""Seconds between polls for committed events."""
MONTHS_AHEAD: Final = 3
"""Months for which the partition of events is created in advance."""
PARTITION_CHECK_INTERVAL: Final = timedelta(hours=6)

CREATE_PARTITIONS: Final = Statement("""
SELECT access_event_months(CURRENT_DATE, :months)
""")


class AuditSealer:
    """Signs segments of committed events until cancelled. Of concurrent workers, one signs at a time."""

    def __init__(self, database: Database, signer: SegmentSigner) -> None:
        self._database = database
        self._signer = signer
        self._partitions_checked_at = datetime.min.replace(tzinfo=UTC)
        self._last = 0

    async def run(self, *, poll: float = POLL) -> None:
        """Sign segments until cancelled. Retry after every failure."""
        await polling.repeat(self._round, "audit signing is delayed", poll=poll)

    async def _round(self) -> None:
        try:
            await self.drain()
            await self._create_partitions()
        except TransactionCounterResetError:
            log.critical("audit signing stopped", problem="transaction ids of this server restarted")
            await asyncio.sleep(60)

    async def drain(self) -> int:
        """Sign all events that are committed now. Return how many events were signed."""
        count = 0
        async with self._database.writers.acquire() as connection:
            while sealed := await self._seal(connection):
                count += sealed.event_count
                if sealed.event_count < MAX_SEGMENT_EVENTS // 2:
                    break
        return count

    async def _seal(self, connection: Connection) -> Segment | None:
        try:
            sealed = await seal_segment(connection, self._signer)
        except ServerChangedError:
            log.warning("audit log moved to another server", era=await epochs.begin_epoch(connection))
            sealed = await seal_segment(connection, self._signer)
        if sealed:
            if sealed.number <= self._last:
                log.critical("audit chain is shorter than before", segment=sealed.number, last=self._last)
            self._last = sealed.number
        return sealed

    async def _create_partitions(self) -> None:
        """Create the partitions of the coming months."""
        at = datetime.now(UTC)
        if at - self._partitions_checked_at > PARTITION_CHECK_INTERVAL:
            async with self._database.writers.acquire() as connection:
                await CREATE_PARTITIONS.value(connection, months=1 + MONTHS_AHEAD)
            self._partitions_checked_at = at
