"""A request for keys that waits in the batch loader, and the statement that reads them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

Then: TypeAlias = Callable[[list[Any]], Any] | None
"""What a request makes of the values of its keys; None leaves them as they are."""


class WaitingCount(Protocol):
    """The count of requests that wait, which each request keeps."""

    waiting: int


class LoadRequest(asyncio.Future[Any]):
    """Keys that one request waits for, and the query that they are in, once it was sent."""

    __slots__ = ("keys", "loader", "query", "size", "then")

    def __init__(
        self, loader: WaitingCount, keys: Sequence[Any], then: Then, size: int, loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(loop=loop)
        loader.waiting += 1
        self.loader = loader
        self.keys = keys
        self.then = then
        self.size = size
        self.query: InFlightQuery | None = None

    def resolve(self, values: Mapping[Any, Any]) -> None:
        """Set the result, unless the request was cancelled."""
        if not self.done():
            result = [values[key] for key in self.keys]
            if self.then:
                result = self.then(result)
            self.loader.waiting -= 1
            self.set_result(result)

    def fail(self, error: Exception) -> None:
        """Set the exception, unless the request was cancelled."""
        if not self.done():
            self.loader.waiting -= 1
            self.set_exception(error)

    def cancel(self, msg: Any = None) -> bool:
        """Cancel the request; a query whose requests are all cancelled is cancelled, too."""
        if not super().cancel(msg):
            return False
        self.loader.waiting -= 1
        if self.query:
            self.query.remove_request()
        return True


class InFlightQuery:
    """A statement in flight: how many requests wait for it, and the task to cancel when none does."""

    __slots__ = ("task", "waiting")

    def __init__(self, batch: Sequence[LoadRequest], task: asyncio.Task[None] | None) -> None:
        self.waiting = len(batch)
        self.task = task
        for request in batch:
            request.query = self

    def remove_request(self) -> None:
        self.waiting -= 1
        if self.waiting == 0 and self.task:
            self.task.cancel()
