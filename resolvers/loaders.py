"""The coalescing reader: keys that concurrent requests ask for at the same moment go out in one statement.

It is never a cache. A statement holds only keys that were asked for before it was sent, so an answer is never staler
than a read of one's own would be.
"""

import asyncio
from collections.abc import Hashable, Sequence
from typing import Any

import asyncpg

from models.errors import Unavailable
from resolvers.sources import Read

MOST_KEYS = 300
"""How many keys one statement takes at most, unless one request alone asks for more."""
MOST_FLIGHTS = 4
"""How many statements of one read are on their way at once."""
MOST_WAITING = 20_000
"""How many requests for keys may wait before the next one is told to come back."""


class Reader:
    """Reads for everybody through the connections of one pool."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.lanes: dict[tuple[Hashable, ...], _Lane] = {}
        self.waiting = 0

    async def load(self, read: Read, keys: Sequence[Any], arguments: tuple[Any, ...] = ()) -> list[Any]:
        """Give what each key names, in the order of the keys. UNAVAILABLE when too many are waiting already."""
        if not keys:
            return []
        if self.waiting >= MOST_WAITING:
            raise Unavailable
        lane = self.lanes.get((read, *arguments))
        if lane is None:
            lane = self.lanes[read, *arguments] = _Lane(self, read, arguments)
        self.waiting += 1
        try:
            return await lane.ask(keys)
        finally:
            self.waiting -= 1


class _Lane:
    """Everything that is asked of one read with the same arguments."""

    __slots__ = ("_arguments", "_asked", "_departs", "_flights", "_loop", "_read", "_reader")

    def __init__(self, reader: Reader, read: Read, arguments: tuple[Any, ...]) -> None:
        self._reader = reader
        self._read = read
        self._arguments = arguments
        self._asked: list[tuple[Sequence[Any], asyncio.Future[list[Any]]]] = []
        self._flights = 0
        self._departs = False
        self._loop = asyncio.get_running_loop()

    def ask(self, keys: Sequence[Any]) -> asyncio.Future[list[Any]]:
        future = self._loop.create_future()
        self._asked.append((keys, future))
        if not self._departs and self._flights < MOST_FLIGHTS:
            self._departs = True
            self._loop.call_soon(self._depart)
        return future

    def _depart(self) -> None:
        self._departs = False
        aboard: list[tuple[Sequence[Any], asyncio.Future[list[Any]]]] = []
        count = taken = 0
        for keys, future in self._asked:
            if aboard and count + len(keys) > MOST_KEYS:
                break
            taken += 1
            if not future.done():
                aboard.append((keys, future))
                count += len(keys)
        del self._asked[:taken]
        if aboard:
            self._flights += 1
            flight = self._loop.create_task(self._fly(aboard))
            left = len(aboard)

            def leave(future: asyncio.Future[list[Any]]) -> None:
                nonlocal left
                left -= future.cancelled()
                if left == 0:
                    flight.cancel()

            for _, future in aboard:
                future.add_done_callback(leave)
            if self._asked and self._flights < MOST_FLIGHTS:
                self._departs = True
                self._loop.call_soon(self._depart)
        else:
            self._land()

    async def _fly(self, aboard: list[tuple[Sequence[Any], asyncio.Future[list[Any]]]]) -> None:
        unique = list(dict.fromkeys(key for keys, _ in aboard for key in keys))
        try:
            async with self._reader.pool.acquire() as connection:
                found = await self._read(connection, unique, *self._arguments)
            for keys, future in aboard:
                if not future.done():
                    future.set_result([found[key] for key in keys])
        except Exception as error:  # noqa: BLE001 -- it belongs to those who asked
            for _, future in aboard:
                if not future.done():
                    future.set_exception(error)
        except asyncio.CancelledError:
            for _, future in aboard:
                future.cancel()
            raise
        finally:
            self._flights -= 1
            self._land()

    def _land(self) -> None:
        if self._asked:
            if not self._departs and self._flights < MOST_FLIGHTS:
                self._departs = True
                self._loop.call_soon(self._depart)
        elif self._flights == 0:
            self._reader.lanes.pop((self._read, *self._arguments), None)
