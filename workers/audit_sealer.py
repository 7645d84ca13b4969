"""The worker that seals the record: at most a second behind, as many of it side by side as there are."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg
import structlog

from models.audit import epochs
from models.audit.sealing import MAX_SEGMENT_EVENTS, ServerChangedError, TransactionCounterResetError, seal_segment
from models.audit.segments import Segment, SegmentSigner
from models.storage.database import OUTAGE_ERRORS, Database
from models.storage.statement import Connection, Statement

log = structlog.get_logger("privacy")

POLL: Final = 0.5
"""Seconds between two looks at what was committed."""
MONTHS_AHEAD: Final = 3
"""Months for which there is a table for events before they begin."""
PARTITION_CHECK_INTERVAL: Final = timedelta(hours=6)

CREATE_PARTITIONS: Final = Statement("""
SELECT access_event_months(CURRENT_DATE, :months)
""")


class AuditSealer:
    """Seals what is committed until cancelled; whoever comes second leaves it to the first."""

    def __init__(self, database: Database, signer: SegmentSigner) -> None:
        self._database = database
        self._signer = signer
        self._looked_ahead_at = datetime.min.replace(tzinfo=UTC)
        self._last = 0

    async def run(self, *, poll: float = POLL) -> None:
        """Seal again and again; what goes wrong is logged, and tried again."""
        while True:
            try:
                await self.drain()
                await self._look_ahead()
            except TransactionCounterResetError:
                log.critical("the record cannot be sealed", problem="this server counts transactions anew")
                await asyncio.sleep(60)
            except (*OUTAGE_ERRORS, asyncpg.PostgresError) as problem:
                log.warning("the record is not sealed", problem=type(problem).__name__)
            await asyncio.sleep(poll)

    async def drain(self) -> int:
        """Seal all that is committed now; give how many events were sealed."""
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
            log.warning("the record is on another server now", era=await epochs.begin_epoch(connection))
            sealed = await seal_segment(connection, self._signer)
        if sealed:
            if sealed.number <= self._last:
                log.critical("the chain is shorter than it was", segment=sealed.number, last=self._last)
            self._last = sealed.number
        return sealed

    async def _look_ahead(self) -> None:
        """Have the tables made of the months to come."""
        at = datetime.now(UTC)
        if at - self._looked_ahead_at > PARTITION_CHECK_INTERVAL:
            async with self._database.writers.acquire() as connection:
                await CREATE_PARTITIONS.value(connection, months=1 + MONTHS_AHEAD)
            self._looked_ahead_at = at
