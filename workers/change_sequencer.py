"""The worker that gives the changes of the feed their positions, and prunes choices that were kept for long enough."""

from datetime import UTC, datetime, timedelta
from typing import Final

from models.consent import changes
from models.storage.database import Database
from workers import polling

POLL: Final = 0.2
"""Seconds between polls for committed changes."""
BATCH: Final = 5_000
"""Changes that are placed, or pruned, in one transaction."""
PRUNE_INTERVAL: Final = timedelta(hours=1)


class ChangeSequencer:
    """Places changes until cancelled. Of concurrent workers, one places at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pruned_at = datetime.min.replace(tzinfo=UTC)

    async def run(self, *, poll: float = POLL) -> None:
        """Place changes until cancelled. Retry after every failure."""
        await polling.repeat(self._round, "the change feed is delayed", poll=poll)

    async def _round(self) -> None:
        await self.drain()
        await self._prune()

    async def drain(self) -> int:
        """Place all changes that are committed now. Return how many were placed."""
        total, count = 0, BATCH
        while count == BATCH:
            async with self._database.transaction() as connection:
                count = await changes.place_changes(connection, BATCH)
            total += count
        return total

    async def _prune(self) -> None:
        at = datetime.now(UTC)
        if at - self._pruned_at < PRUNE_INTERVAL:
            return
        is_pruned = True
        while is_pruned:
            async with self._database.transaction() as connection:
                is_pruned = await changes.prune_changes(connection, BATCH)
        self._pruned_at = at
