"""The coalescing reader: keys that concurrent requests ask for at the same moment go out in one statement.

It is never a cache. A statement holds only keys that were asked for before it was sent, so an answer is never staler
than a read of one's own would be.
"""

import asyncio
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeAlias

import asyncpg

from models.errors import Unavailable
from models.storage.database import OUTAGE_ERRORS
from models.storage.leases import ConnectionLeases
from resolvers.field_sources import Read

Then: TypeAlias = Callable[[list[Any]], Any] | None
MAX_BATCH_SIZE = 300
"""How many keys one statement takes at most, unless one request alone asks for more."""
MAX_IN_FLIGHT_QUERIES = 2
"""How many connections one read has at most; while its statements are on their way, the next batch gathers."""
SLOW_QUERY_SECONDS = 0.005
"""Seconds that a statement may take before those who gather meanwhile get a connection of their own."""
SLOW_COMMIT_SECONDS = 0.0005
"""The same for what is committed: that waits for the disk, which takes several of these at once."""
MAX_STATEMENTS_PER_LEASE = 16
"""How many statements follow each other on a connection before it is given back, for other reads to have their turn."""
MAX_WAITING_REQUESTS = 20_000
"""How many requests for keys may wait before the next one is told to come back."""


class BatchLoader:
    """Reads for everybody through the connections of one pool."""

    def __init__(self, pool: asyncpg.Pool, slow: float = SLOW_QUERY_SECONDS) -> None:
        self.seats = ConnectionLeases(pool)
        self.slow = slow
        self.lanes: dict[tuple[Hashable, ...], _BatchQueue] = {}
        self.waiting = 0

    def ask(
        self, read: Read, keys: Sequence[Any], arguments: tuple[Any, ...] = (), then: Then = None, size: int = 0
    ) -> asyncio.Future[Any]:
        """Promise what each key names, in the order of the keys, or what is made of that ``then``.

        UNAVAILABLE when too many are waiting already. Whoever leaves, which is to cancel the promise, takes the keys
        along. ``size`` is how many keys these count for, where that is not how many they are.
        """
        if not keys:
            nothing: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            nothing.set_result(then([]) if then else [])
            return nothing
        if self.waiting >= MAX_WAITING_REQUESTS:
            raise Unavailable
        lane = self.lanes.get((read, *arguments))
        if lane is None:
            lane = self.lanes[read, *arguments] = _BatchQueue(self, read, arguments)
        return lane.ask(keys, then, size or len(keys))

    async def load(self, read: Read, keys: Sequence[Any], arguments: tuple[Any, ...] = ()) -> list[Any]:
        """Give what each key names, in the order of the keys."""
        return await self.ask(read, keys, arguments)


class _LoadRequest(asyncio.Future[Any]):
    """Keys that one request waits for, and the statement that they are in, once they are."""

    __slots__ = ("keys", "reader", "size", "statement", "then")

    def __init__(
        self, reader: BatchLoader, keys: Sequence[Any], then: Then, size: int, loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(loop=loop)
        reader.waiting += 1
        self.reader = reader
        self.keys = keys
        self.then = then
        self.size = size
        self.statement: _Statement | None = None

    def give(self, found: Mapping[Any, Any]) -> None:
        """Answer whoever is still there."""
        if not self.done():
            answer = [found[key] for key in self.keys]
            if self.then:
                answer = self.then(answer)
            self.reader.waiting -= 1
            self.set_result(answer)

    def fail(self, error: Exception) -> None:
        """Tell whoever is still there."""
        if not self.done():
            self.reader.waiting -= 1
            self.set_exception(error)

    def cancel(self, msg: Any = None) -> bool:
        """Wait no longer; a statement that nobody waits for is cancelled."""
        if not super().cancel(msg):
            return False
        self.reader.waiting -= 1
        if self.statement:
            self.statement.leave()
        return True


class _Statement:
    """A statement on its way: how many wait for it, and the task to cancel when nobody does."""

    __slots__ = ("task", "waiting")

    def __init__(self, aboard: Sequence[_LoadRequest], task: asyncio.Task[None] | None) -> None:
        self.waiting = len(aboard)
        self.task = task
        for asked in aboard:
            asked.statement = self

    def leave(self) -> None:
        self.waiting -= 1
        if self.waiting == 0 and self.task:
            self.task.cancel()


class _BatchQueue:
    """Everything that is asked of one read with the same arguments."""

    __slots__ = ("_arguments", "_asked", "_asked_since", "_flights", "_is_timed", "_loop", "_read", "_reader")

    def __init__(self, reader: BatchLoader, read: Read, arguments: tuple[Any, ...]) -> None:
        self._reader = reader
        self._read = read
        self._arguments = arguments
        self._asked: list[_LoadRequest] = []
        self._flights: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._asked_since = 0.0
        self._is_timed = False

    def ask(self, keys: Sequence[Any], then: Then, size: int) -> _LoadRequest:
        asked = _LoadRequest(self._reader, keys, then, size, self._loop)
        self._asked.append(asked)
        if not self._flights:
            self._start()
        elif len(self._asked) == 1:
            self._asked_since = self._loop.time()
            self._look_later()
        return asked

    def _look_later(self) -> None:
        if not self._is_timed:
            self._is_timed = True
            self._loop.call_later(self._reader.slow, self._look)

    def _look(self) -> None:
        """Send those who wait too long for a statement before them on a connection of their own."""
        self._is_timed = False
        is_late = self._loop.time() - self._asked_since >= self._reader.slow
        if self._asked and len(self._flights) < MAX_IN_FLIGHT_QUERIES and is_late:
            self._start()
        elif self._asked:
            self._look_later()

    def _start(self) -> None:
        self._flights.add(self._loop.create_task(self._fly()))

    async def _fly(self) -> None:
        """Take a connection, and send statement after statement while somebody asks."""
        connection, is_sound, task = None, False, asyncio.current_task()
        try:
            connection = await self._reader.seats.acquire()
            for _ in range(MAX_STATEMENTS_PER_LEASE):
                if len(self._reader.lanes) > 1:
                    # Other reads are under way, so the time is not lost: those who were just answered may ask, too.
                    await asyncio.sleep(0)
                aboard = self._boarded()
                if not aboard:
                    break
                await self._carry(connection, aboard, task)
            is_sound = True
        except Exception as error:  # noqa: BLE001 -- there is no connection: it belongs to those who wait for one
            for asked in self._boarded():
                asked.fail(error)
        finally:
            self._flights.discard(task)
            if connection:
                await self._reader.seats.release(connection, is_sound=is_sound)
            lanes, name = self._reader.lanes, (self._read, *self._arguments)
            if self._asked and len(self._flights) < MAX_IN_FLIGHT_QUERIES:
                self._start()
            elif not (self._asked or self._flights) and lanes.get(name) is self:
                del lanes[name]

    def _boarded(self) -> list[_LoadRequest]:
        """Take those who go next, up to the most keys of a statement; who is not there any more is forgotten."""
        if len(self._asked) == 1:
            aboard, self._asked = self._asked, []
            return [] if aboard[0].done() else aboard
        aboard, count, taken = [], 0, 0
        for asked in self._asked:
            if aboard and count + asked.size > MAX_BATCH_SIZE:
                break
            taken += 1
            if not asked.done():
                aboard.append(asked)
                count += asked.size
        del self._asked[:taken]
        if self._asked and len(self._flights) < MAX_IN_FLIGHT_QUERIES:
            self._start()
        return aboard

    async def _carry(
        self,
        connection: asyncpg.pool.PoolConnectionProxy,
        aboard: Sequence[_LoadRequest],
        task: asyncio.Task[None] | None,
    ) -> None:
        """Read for those aboard; where it fails, each alone, so that nobody has the failure of another's keys."""
        statement = _Statement(aboard, task)
        keys = aboard[0].keys if len(aboard) == 1 else [key for asked in aboard for key in asked.keys]
        try:
            found = await self._read(connection, [*dict.fromkeys(keys)], *self._arguments)
            statement.task = None
            for asked in aboard:
                asked.give(found)
        except asyncio.CancelledError:
            for asked in aboard:
                asked.cancel()
            raise
        except Exception as error:  # noqa: BLE001 -- it belongs to those who asked
            statement.task = None
            if len(aboard) > 1 and not isinstance(error, OUTAGE_ERRORS):
                await self._carry_alone(connection, aboard, task)
            else:
                for asked in aboard:
                    asked.fail(error)

    async def _carry_alone(
        self,
        connection: asyncpg.pool.PoolConnectionProxy,
        aboard: Sequence[_LoadRequest],
        task: asyncio.Task[None] | None,
    ) -> None:
        left = list(aboard)
        try:
            while left:
                asked = left.pop(0)
                if not asked.done():
                    await self._carry(connection, [asked], task)
        except asyncio.CancelledError:
            # Whoever was read for has gone away, and took the flight along: the others go with the next one.
            self._asked[:0] = left
            raise
