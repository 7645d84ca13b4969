"""Leases keep released connections for reuse, and return them when they break, idle, or are the pool's last."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from models.storage.leases import ConnectionLeases
from tests.conftest import Databases

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pool(databases: Databases) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(databases.url, min_size=0, max_size=3) as pool:
        yield pool


def in_use(pool: asyncpg.Pool) -> int:
    return pool.get_size() - pool.get_idle_size()


async def test_a_released_connection_is_acquired_again(pool: asyncpg.Pool) -> None:
    leases = ConnectionLeases(pool)
    first = await leases.acquire()
    await leases.release(first, is_sound=True)
    assert in_use(pool) == 1
    assert await leases.acquire() is first
    second = await leases.acquire()
    assert second is not first
    for connection in (first, second):
        await leases.release(connection, is_sound=False)


async def test_a_connection_that_is_not_sound_goes_back_to_the_pool(pool: asyncpg.Pool) -> None:
    leases = ConnectionLeases(pool)
    await leases.release(await leases.acquire(), is_sound=False)
    assert in_use(pool) == 0


async def test_the_last_connection_of_the_pool_goes_back_to_it(pool: asyncpg.Pool) -> None:
    leases = ConnectionLeases(pool)
    connections = [await leases.acquire() for _ in range(3)]
    await leases.release(connections.pop(), is_sound=True)
    assert in_use(pool) == 2
    async with pool.acquire() as other:
        assert await other.fetchval("SELECT 1") == 1
    for connection in connections:
        await leases.release(connection, is_sound=False)


async def test_a_connection_that_was_closed_meanwhile_is_not_handed_out(pool: asyncpg.Pool) -> None:
    leases = ConnectionLeases(pool)
    broken = await leases.acquire()
    await leases.release(broken, is_sound=True)
    await broken.close()
    fresh = await leases.acquire()
    assert await fresh.fetchval("SELECT 1") == 1
    await leases.release(fresh, is_sound=False)


async def test_an_unused_connection_goes_back_when_the_timer_fires_twice(pool: asyncpg.Pool) -> None:
    leases = ConnectionLeases(pool)
    await leases.release(await leases.acquire(), is_sound=True)
    leases._release_unused()
    assert in_use(pool) == 1, "it was released after the timer started"
    leases._release_unused()
    await asyncio.gather(*leases._release_tasks)
    assert in_use(pool) == 0


async def test_a_connection_in_use_keeps_its_lease_when_the_timer_fires(pool: asyncpg.Pool) -> None:
    leases = ConnectionLeases(pool)
    await leases.release(await leases.acquire(), is_sound=True)
    leases._release_unused()
    connection = await leases.acquire()
    leases._release_unused()
    assert in_use(pool) == 1
    await leases.release(connection, is_sound=False)
