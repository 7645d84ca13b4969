"""Connection leases: connections of a pool that stay checked out for reuse, as ``acquire`` on the pool is slow.

To acquire a connection from asyncpg's pool and release it again takes longer than most reads.
"""

import asyncio
from contextlib import suppress

import asyncpg

from models.storage.connection_budget import BudgetedPool

MAX_IDLE_TIME = 0.2
"""Seconds after which an unused connection may go back to the pool. It goes back within twice that time."""


class ConnectionLeases:
    """Hands out connections of one pool and keeps released ones for reuse.

    A connection unused for ``MAX_IDLE_TIME`` goes back to the pool. A released one
    goes back at once when the pool has no other connection left, or a caller of its budget waits for one.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._free: list[asyncpg.pool.PoolConnectionProxy] = []
        self._unused_count = 0
        self._is_timer_set = False
        self._release_tasks: set[asyncio.Task[None]] = set()
        self._budget = pool.budget if isinstance(pool, BudgetedPool) else None
        if isinstance(pool, BudgetedPool):
            pool.on_contention(self._release_free)

    async def acquire(self) -> asyncpg.pool.PoolConnectionProxy:
        """Return a free connection, or acquire one from the pool."""
        while self._free:
            connection = self._free.pop()
            self._unused_count = min(self._unused_count, len(self._free))
            with suppress(asyncpg.InterfaceError):  # the connection broke, and the pool has already discarded it
                if not connection.is_closed():
                    return connection
            await self._pool.release(connection)
        return await self._pool.acquire()

    async def release(self, connection: asyncpg.pool.PoolConnectionProxy, *, is_sound: bool) -> None:
        """Keep the connection for reuse; return it to the pool if it is not sound or the pool has none left."""
        pool = self._pool
        is_needed = bool(self._budget and self._budget.is_contended)
        if not is_sound or is_needed or (pool.get_idle_size() == 0 and pool.get_size() == pool.get_max_size()):
            await self._release(connection)  # its user has the result already
            return
        self._free.append(connection)
        if not self._is_timer_set:
            self._is_timer_set = True
            asyncio.get_running_loop().call_later(MAX_IDLE_TIME, self._release_unused)

    def _release_unused(self) -> None:
        """Return to the pool the connections that no caller acquired since the timer last fired."""
        loop = asyncio.get_running_loop()
        unused, self._free = self._free[: self._unused_count], self._free[self._unused_count :]
        self._return(unused)
        self._unused_count = len(self._free)
        self._is_timer_set = bool(self._free)
        if self._is_timer_set:
            loop.call_later(MAX_IDLE_TIME, self._release_unused)

    def _release_free(self) -> None:
        """Return to the pool all connections that no caller uses."""
        free, self._free, self._unused_count = self._free, [], 0
        self._return(free)

    def _return(self, connections: list[asyncpg.pool.PoolConnectionProxy]) -> None:
        for connection in connections:
            task = asyncio.get_running_loop().create_task(self._release(connection))
            self._release_tasks.add(task)
            task.add_done_callback(self._release_tasks.discard)

    async def _release(self, connection: asyncpg.pool.PoolConnectionProxy) -> None:
        with suppress(Exception):  # the pool discards a connection that has ended meanwhile
            await self._pool.release(connection)
