"""Updates of emails during their delivery, batched: emails in the same phase share one statement and one commit."""

from collections.abc import Sequence

from models.delivery import handoff, results
from models.delivery.results import DeliveryLease, LeasedResult
from models.storage.database import Database
from workers.micro_batcher import MicroBatcher


class DeliveryUpdates:
    """Records that emails are handed over, and their results. An update is committed when its call returns."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.mark_handed_over = MicroBatcher(self._mark_handed_over)
        """Records the hand-over of an email; returns whether this worker still holds its lease."""
        self.record_result = MicroBatcher(self._record_results)
        """Records the result of a delivery; returns whether this worker still held the lease."""

    async def _mark_handed_over(self, leases: Sequence[DeliveryLease]) -> list[bool]:
        async with self._database.writers.acquire() as connection:
            ours = await handoff.mark_handed_over(connection, leases)
        return [lease.email_id in ours for lease in leases]

    async def _record_results(self, settled: Sequence[LeasedResult]) -> list[bool]:
        async with self._database.transaction() as connection:
            ours = await results.record_results(connection, settled)
        return [lease.email_id in ours for lease, _ in settled]
