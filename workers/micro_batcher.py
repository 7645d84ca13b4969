"""A batcher that combines concurrent calls into one: one SQL statement and one commit for several emails."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

_Request = TypeVar("_Request")
_Result = TypeVar("_Result")


class MicroBatcher(Generic[_Request, _Result]):
    """Collects requests while a batch is executed, then executes all of them as the next batch.

    A request that arrives while no batch is executed starts one at once. If a batch fails, all of its callers get the
    exception.
    """

    def __init__(self, execute: Callable[[Sequence[_Request]], Awaitable[Sequence[_Result]]]) -> None:
        self._execute = execute
        self._waiting: list[tuple[_Request, asyncio.Future[_Result]]] = []
        self._executing: asyncio.Task[None] | None = None

    async def __call__(self, request: _Request) -> _Result:
        """Return the result for this request, after its batch is executed."""
        future: asyncio.Future[_Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._executing is None or self._executing.done():
            self._executing = asyncio.create_task(self._execute_batches())
        return await future

    async def _execute_batches(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                results = await self._execute([request for request, _ in batch])
            except Exception as problem:  # noqa: BLE001 -- it is raised again in each caller
                for _, future in batch:
                    if not future.done():
                        future.set_exception(problem)
            else:
                for (_, future), result in zip(batch, results, strict=True):
                    if not future.done():
                        future.set_result(result)
