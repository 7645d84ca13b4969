"""Marks: what is written about letters on their way, for all that are at the same point together."""

from collections.abc import Sequence

from models.delivery import handoff, results
from models.delivery.results import DeliveryLease, LeasedResult
from models.storage.database import Database
from workers.micro_batcher import MicroBatcher


class DeliveryUpdates:
    """Writes that letters are handed over, and what became of them; each is committed when its call returns."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.hand = MicroBatcher(self._hand)
        """Gives whether the lease is still ours."""
        self.settle = MicroBatcher(self._settle)
        """Gives whether the lease was still ours."""

    async def _hand(self, leases: Sequence[DeliveryLease]) -> list[bool]:
        async with self._database.writers.acquire() as connection:
            ours = await handoff.mark_handed_over(connection, leases)
        return [lease.letter_id in ours for lease in leases]

    async def _settle(self, settled: Sequence[LeasedResult]) -> list[bool]:
        async with self._database.transaction() as connection:
            ours = await results.record_results(connection, settled)
        return [lease.letter_id in ours for lease, _ in settled]
