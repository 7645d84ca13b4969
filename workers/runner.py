"""Running several workers side by side in one process."""

import asyncio
from typing import Final, Protocol

from workers.email_worker import CONCURRENCY

WRITER_CONNECTIONS: Final = CONCURRENCY + 8
"""Writing connections for all workers: one for each email being sent, two that record results, one that listens, and
some for the other workers."""


class Worker(Protocol):
    """A worker that processes due work until it is cancelled."""

    async def run(self) -> None:
        """Process due work until cancelled."""


async def run(*workers: Worker) -> None:
    """Run the workers until cancelled. Return after each has finished the work in progress."""
    async with asyncio.TaskGroup() as group:
        for worker in workers:
            group.create_task(worker.run())
