"""Connections at hand: taking one from the pool and giving it back costs more than most reads do."""

import asyncio
from contextlib import suppress

import asyncpg

KEPT = 0.2
"""Seconds for which a connection that nobody uses is kept at hand."""


class ConnectionLeases:
    """Connections of one pool that are free to be used again.

    One that nobody used for a moment goes back, and so does every one that is the pool's last.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._free: list[asyncpg.pool.PoolConnectionProxy] = []
        self._unused = 0
        self._is_set = False

    async def take(self) -> asyncpg.pool.PoolConnectionProxy:
        while self._free:
            connection = self._free.pop()
            self._unused = min(self._unused, len(self._free))
            with suppress(asyncpg.InterfaceError):  # it was lost, and the pool knows already
                if not connection.is_closed():
                    return connection
            await self._pool.release(connection)
        return await self._pool.acquire()

    async def give(self, connection: asyncpg.pool.PoolConnectionProxy, *, is_sound: bool) -> None:
        pool = self._pool
        if not is_sound or (pool.get_idle_size() == 0 and pool.get_size() == pool.get_max_size()):
            with suppress(Exception):  # the pool has thrown the connection away: nobody is to suffer for it
                await pool.release(connection)
            return
        self._free.append(connection)
        if not self._is_set:
            self._is_set = True
            asyncio.get_running_loop().call_later(KEPT, self._ring)

    def _ring(self) -> None:
        """Give back those that nobody used since this rang before."""
        loop = asyncio.get_running_loop()
        unused, self._free = self._free[: self._unused], self._free[self._unused :]
        self._releasing = [loop.create_task(self._pool.release(connection)) for connection in unused]
        self._unused = len(self._free)
        self._is_set = bool(self._free)
        if self._is_set:
            loop.call_later(KEPT, self._ring)
