"""The runner runs its workers side by side until it is cancelled."""

import asyncio
from contextlib import suppress

import pytest

from workers.runner import run

pytestmark = pytest.mark.anyio


class Endless:
    """A worker that records its start and its end."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.is_finished = False

    async def run(self) -> None:
        self.started.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.is_finished = True


async def test_all_workers_run_and_finish_when_cancelled(anyio_backend: str) -> None:
    workers = [Endless(), Endless()]
    task = asyncio.create_task(run(*workers))
    for worker in workers:
        await worker.started.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert all(worker.is_finished for worker in workers)
