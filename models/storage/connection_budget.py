"""A budget of connections that several pools share: roles have pools of their own, the process one maximum.

A pool that needs a connection beyond the budget takes the place of an idle connection of another pool, or waits.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

import asyncpg

KEEP_SECONDS = 1.0
"""Seconds for which a pool keeps its last connection, unless a pool without any connection needs the place."""


class _Waiter(NamedTuple):
    """A caller that waits for a connection of a pool. Its result is whether a place was reserved for a new one."""

    pool: "BudgetedPool"
    place: asyncio.Future[bool]


class ConnectionBudget:
    """The maximum number of connections that its pools have together."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._pools: list[BudgetedPool] = []
        self._reserved_count = 0
        """Places for connections that are being opened."""
        self._waiters: deque[_Waiter] = deque()

    def join(self, pool: "BudgetedPool") -> None:
        """Count the connections of this pool, too."""
        self._pools.append(pool)

    @property
    def open_count(self) -> int:
        """The connections of all pools, with those that are being opened."""
        return self._reserved_count + sum(pool.get_size() for pool in self._pools)

    @property
    def is_contended(self) -> bool:
        """Whether a caller waits for a connection, so that unused ones must not be kept."""
        return bool(self._waiters)

    async def admit(self, pool: "BudgetedPool") -> bool:
        """Wait until the pool has an idle connection or may open one; return whether a place was reserved for it."""
        if not self._waiters and (place := self._find_place(pool)) is not None:
            return place
        waiter = _Waiter(pool, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        # The last connections of other pools may be closed once they are unused for so long, without any event.
        asyncio.get_running_loop().call_later(1.1 * KEEP_SECONDS, self.offer)
        for other in self._pools:
            other.return_unused()
        self.offer()
        try:
            is_reserved = await waiter.place
        except asyncio.CancelledError:
            if not waiter.place.done() or waiter.place.cancelled():
                self._waiters.remove(waiter)
            elif waiter.place.result():
                self.unreserve()
            else:
                pool.promised_count -= 1
                self.offer()
            raise
        if not is_reserved:
            pool.promised_count -= 1
        return is_reserved

    def offer(self) -> None:
        """Admit the callers that can have a connection now, in the order of their arrival."""
        if not self._waiters:
            return
        waiting: deque[_Waiter] = deque()
        exhausted: set[BudgetedPool] = set()  # admitting a caller never makes room for another one
        for waiter in self._waiters:
            place = None
            if not waiter.place.cancelled() and waiter.pool not in exhausted:
                place = self._find_place(waiter.pool)
                if place is None:
                    exhausted.add(waiter.pool)
            if place is None:
                waiting.append(waiter)
                continue
            if not place:
                waiter.pool.promised_count += 1
            waiter.place.set_result(place)
        self._waiters = waiting

    def unreserve(self) -> None:
        """Release a reserved place: its connection is open and counted, or could not be opened."""
        self._reserved_count -= 1
        self.offer()

    def _find_place(self, pool: "BudgetedPool") -> bool | None:
        """Return False if the pool has an idle connection, True if a place for a new one is reserved, or None."""
        if pool.unpromised_count > 0:
            return False
        if self.open_count >= self.size and not self._close_idle_for(pool):
            return None
        self._reserved_count += 1
        return True

    def _close_idle_for(self, pool: "BudgetedPool") -> bool:
        """Close an idle connection of the pool that has the most, or was used the longest time ago."""
        now = asyncio.get_running_loop().time()
        has_none = pool.get_size() == 0
        candidates = [
            other
            for other in self._pools
            if other is not pool
            and other.unpromised_count > 0
            and (has_none or other.get_size() > 1 or now - other.used_at >= KEEP_SECONDS)
        ]
        if not candidates:
            return False
        max(candidates, key=lambda other: (other.get_size(), -other.used_at)).close_idle()
        return True


class BudgetedPool(asyncpg.pool.Pool):
    """A pool whose connections count towards a budget that other pools share."""

    def __init__(self, *arguments: Any, budget: ConnectionBudget, **options: Any) -> None:
        super().__init__(*arguments, max_size=budget.size, **options)
        self.budget = budget
        self.promised_count = 0
        """Idle connections that callers who waited are about to acquire."""
        self.used_at = 0.0
        """When a connection was last acquired or released, by the clock of the event loop."""
        self._returners: list[Callable[[], None]] = []
        """Each returns the connections that are kept outside of the pool and not in use."""
        budget.join(self)

    def on_contention(self, return_unused: Callable[[], None]) -> None:
        """Call this when a caller has to wait: it returns connections that are kept outside and not in use."""
        self._returners.append(return_unused)

    def return_unused(self) -> None:
        """Return the connections that are kept outside of this pool and not in use."""
        for return_unused in self._returners:
            return_unused()

    @property
    def unpromised_count(self) -> int:
        """The idle connections that no waiting caller was promised."""
        return self.get_idle_size() - self.promised_count

    def close_idle(self) -> None:
        """Close one idle connection."""
        holders: Any = self._holders  # type: ignore[attr-defined]  # asyncpg-stubs lack it
        holder = next(holder for holder in holders if holder.is_connected() and holder.is_idle())
        holder.terminate()

    def end_connections(self) -> None:
        """End all connections at once; statements in flight fail, and the next ones open new connections."""
        holders: Any = self._holders  # type: ignore[attr-defined]  # asyncpg-stubs lack it
        for holder in holders:
            holder.terminate()

    async def _acquire(self, timeout: float | None) -> Any:  # noqa: ASYNC109 -- the method of asyncpg has it
        async with asyncio.timeout(timeout):
            is_reserved = await self.budget.admit(self)
            try:
                # asyncpg takes an idle connection at once, and opens one where there is none.
                connection = await super()._acquire(timeout)  # type: ignore[misc]  # asyncpg-stubs lack it
            finally:
                if is_reserved:
                    self.budget.unreserve()
        self.used_at = asyncio.get_running_loop().time()
        if is_reserved:
            connection.add_termination_listener(self._offer_place)
        return connection

    def _offer_place(self, _connection: object) -> None:
        self.budget.offer()

    async def release(self, connection: Any, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 -- as above
        """Return a connection to the pool, and offer it to callers that wait. Cancelling this does not stop it."""
        await asyncio.shield(self._release(connection, timeout))

    async def _release(self, connection: Any, timeout: float | None) -> None:  # noqa: ASYNC109 -- as above
        try:
            await super().release(connection, timeout=timeout)
        finally:
            self.used_at = asyncio.get_running_loop().time()
            self.budget.offer()
