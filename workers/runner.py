"""All that is due, done until somebody stops it."""

import asyncio
from typing import Final, Protocol

from workers.email_worker import CONCURRENCY

WRITER_CONNECTIONS: Final = CONCURRENCY + 8
"""Writing connections for all loops together: one for each letter on its way, two that write what became of them, one
that listens, some for the others."""


class Worker(Protocol):
    """A worker: it does what is due, again and again, until cancelled."""

    async def run(self) -> None:
        """Do what is due until cancelled."""


async def run(*loops: Worker) -> None:
    """Run these side by side until cancelled; what is under way then is seen through."""
    async with asyncio.TaskGroup() as group:
        for loop in loops:
            group.create_task(loop.run())
