"""Values that an execution waits for: awaited together, each replaced by its result or by its exception."""

from asyncio import Future, ensure_future, gather
from collections.abc import Sequence
from typing import Any


class PendingValue:
    """A value that may still be an awaitable. Once awaited, ``outcome`` is its result, or the exception it raised."""

    __slots__ = ("outcome",)

    def __init__(self, outcome: object) -> None:
        self.outcome = outcome

    @property
    def is_awaitable(self) -> bool:
        """Whether the outcome has to be awaited first."""
        return hasattr(self.outcome, "__await__")

    async def wait(self) -> None:
        """Await the outcome and put what comes of it in its place."""
        try:
            if self.is_awaitable:
                awaitable: Any = self.outcome
                self.outcome = await awaitable
        except Exception as error:  # noqa: BLE001 -- becomes the error of every position that the value feeds
            self.outcome = error


async def wait_for_all(pending: Sequence[PendingValue]) -> None:
    """Await all of these at the same time; a cancellation is raised after each of them has ended."""
    # The futures of a batch loader need no task of their own: for those this is faster than asyncio.gather.
    futures: list[Future[object]] = []
    for each in pending:
        if isinstance(each.outcome, Future):
            futures.append(each.outcome)
        elif each.is_awaitable:
            awaitable: Any = each.outcome
            each.outcome = future = ensure_future(awaitable)
            futures.append(future)
    try:
        for each in pending:
            await each.wait()
    except BaseException:
        for future in futures:
            future.cancel()
        await gather(*futures, return_exceptions=True)
        raise
