"""The batch loader: keys that concurrent requests load at the same moment go out in one statement.

It is never a cache. A statement holds only keys that were requested before it was sent, so a result is as fresh as
that of a separate statement.
"""

import asyncio
from collections.abc import Hashable, Sequence
from typing import Any

import asyncpg

from models.errors import Unavailable
from models.storage import tracing
from models.storage.database import OUTAGE_ERRORS
from models.storage.leases import ConnectionLeases
from resolvers.field_sources import Read
from resolvers.load_request import InFlightQuery, LoadRequest, Then

MAX_BATCH_SIZE = 300
"""How many keys one statement takes at most, unless one request alone has more."""
MAX_IN_FLIGHT_QUERIES = 2
"""How many connections one read has at most. While its statements are in flight, the next batch gathers."""
SLOW_QUERY_SECONDS = 0.005
"""Seconds that a statement may take before the batch that gathers meanwhile gets a connection of its own."""
SLOW_COMMIT_SECONDS = 0.0005
"""The same for commits: these wait for the disk, which takes several of them at once."""
MAX_STATEMENTS_PER_LEASE = 16
"""How many statements follow each other on a connection before it is released, so that other reads get a turn."""
MAX_WAITING_REQUESTS = 20_000
"""How many requests for keys may wait before the next one is refused with UNAVAILABLE."""


class BatchLoader:
    """Loads keys for all requests through the connections of one pool."""

    def __init__(self, pool: asyncpg.Pool, slow: float = SLOW_QUERY_SECONDS) -> None:
        self.leases = ConnectionLeases(pool)
        self.slow = slow
        """Seconds after which a statement in flight counts as slow."""
        self.queues: dict[tuple[Hashable, ...], _BatchQueue] = {}
        self.waiting = 0
        """How many requests wait for their keys."""
        self.trace_attributes: dict[str, str] = {}
        """Further attributes of the spans of its batches."""

    def request(
        self, read: Read, keys: Sequence[Any], arguments: tuple[Any, ...] = (), then: Then = None, size: int = 0
    ) -> asyncio.Future[Any]:
        """Return a future of the values of the keys, in their order, or of what ``then`` makes of these.

        The future fails with UNAVAILABLE when too many requests wait. Cancelling it removes the keys from the batch.
        ``size`` is how many keys these count for, where that is not their number.
        """
        if not keys:
            nothing: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            nothing.set_result(then([]) if then else [])
            return nothing
        if self.waiting >= MAX_WAITING_REQUESTS:
            raise Unavailable
        queue = self.queues.get((read, *arguments))
        if queue is None:
            queue = self.queues[read, *arguments] = _BatchQueue(self, read, arguments)
        return queue.request(keys, then, size or len(keys))

    async def load(self, read: Read, keys: Sequence[Any], arguments: tuple[Any, ...] = ()) -> list[Any]:
        """Return the values of the keys, in their order."""
        return await self.request(read, keys, arguments)

    def fail(self, batch: Sequence[LoadRequest], error: Exception, _read: Read, _arguments: tuple[Any, ...]) -> None:
        """End the requests of a batch that could not be read."""
        for request in batch:
            request.fail(error)


class _BatchQueue:
    """All requests for one read with the same arguments."""

    __slots__ = ("_arguments", "_has_timer", "_loader", "_loop", "_queued", "_queued_since", "_read", "_tasks")

    def __init__(self, loader: BatchLoader, read: Read, arguments: tuple[Any, ...]) -> None:
        self._loader = loader
        self._read = read
        self._arguments = arguments
        self._queued: list[LoadRequest] = []
        self._tasks: set[asyncio.Task[None]] = set()
        """One for each connection that this read has."""
        self._loop = asyncio.get_running_loop()
        self._queued_since = 0.0
        self._has_timer = False

    def request(self, keys: Sequence[Any], then: Then, size: int) -> LoadRequest:
        request = LoadRequest(self._loader, keys, then, size, self._loop)
        self._queued.append(request)
        if not self._tasks:
            self._start_task()
        elif len(self._queued) == 1:
            self._queued_since = self._loop.time()
            self._set_timer()
        return request

    def _set_timer(self) -> None:
        if not self._has_timer:
            self._has_timer = True
            self._loop.call_later(self._loader.slow, self._start_task_if_slow)

    def _start_task_if_slow(self) -> None:
        """Use another connection when the requests have waited too long for the statement in flight."""
        self._has_timer = False
        is_slow = self._loop.time() - self._queued_since >= self._loader.slow
        if self._queued and len(self._tasks) < MAX_IN_FLIGHT_QUERIES and is_slow:
            self._start_task()
        elif self._queued:
            self._set_timer()

    def _start_task(self) -> None:
        self._tasks.add(self._loop.create_task(self._execute_batches()))

    async def _execute_batches(self) -> None:
        """Lease a connection, and execute batch after batch while requests are queued."""
        connection, is_sound = None, False
        try:
            connection = await self._loader.leases.acquire()
            for _ in range(MAX_STATEMENTS_PER_LEASE):
                if len(self._loader.queues) > 1:
                    # Other reads are in flight, so no time is lost: requests that just got a result may join.
                    await asyncio.sleep(0)
                batch = self._next_batch()
                if not batch:
                    break
                await self._execute(connection, batch)
            is_sound = True
        except Exception as error:  # noqa: BLE001 -- there is no connection: the requests for it get the error
            self._loader.fail(self._next_batch(), error, self._read, self._arguments)
        finally:
            self._tasks.discard(asyncio.current_task())
            if connection:
                await self._loader.leases.release(connection, is_sound=is_sound)
            queues, key = self._loader.queues, (self._read, *self._arguments)
            if self._queued and len(self._tasks) < MAX_IN_FLIGHT_QUERIES:
                self._start_task()
            elif not (self._queued or self._tasks) and queues.get(key) is self:
                del queues[key]

    def _next_batch(self) -> list[LoadRequest]:
        """Take the next requests, up to the most keys of a statement; cancelled ones are dropped."""
        if len(self._queued) == 1:
            batch, self._queued = self._queued, []
            return [] if batch[0].done() else batch
        batch, key_count, taken_count = [], 0, 0
        for request in self._queued:
            if batch and key_count + request.size > MAX_BATCH_SIZE:
                break
            taken_count += 1
            if not request.done():
                batch.append(request)
                key_count += request.size
        del self._queued[:taken_count]
        if self._queued and len(self._tasks) < MAX_IN_FLIGHT_QUERIES:
            self._start_task()
        return batch

    async def _execute(self, connection: asyncpg.pool.PoolConnectionProxy, batch: Sequence[LoadRequest]) -> None:
        """Read the keys of a batch. Where that fails, read for each request, so that none gets another's error."""
        query = InFlightQuery(batch, asyncio.current_task())
        keys = batch[0].keys if len(batch) == 1 else [key for request in batch for key in request.keys]
        try:
            if tracing.installed() is None:
                values = await self._read(connection, [*dict.fromkeys(keys)], *self._arguments)
            else:
                counts = {"requests": len(batch), "keys": len(keys)}
                with tracing.span("batch", read=self._read.__name__, **counts, **self._loader.trace_attributes):
                    values = await self._read(connection, [*dict.fromkeys(keys)], *self._arguments)
            query.task = None
            for request in batch:
                request.resolve(values)
        except asyncio.CancelledError:
            query.task = None  # the task refers to this frame by its traceback: a cycle waits for the collector
            for request in batch:
                request.cancel()
            raise
        except Exception as error:  # noqa: BLE001 -- the loader ends the requests with it
            query.task = None
            if len(batch) > 1 and not isinstance(error, OUTAGE_ERRORS):
                await self._execute_individually(connection, batch)
            else:
                self._loader.fail(batch, error, self._read, self._arguments)

    async def _execute_individually(
        self, connection: asyncpg.pool.PoolConnectionProxy, batch: Sequence[LoadRequest]
    ) -> None:
        remaining = list(batch)
        try:
            while remaining:
                request = remaining.pop(0)
                if not request.done():
                    await self._execute(connection, [request])
        except asyncio.CancelledError:
            # The request that was executed was cancelled, and the task with it: the others go into the next batch.
            self._queued[:0] = remaining
            raise
