"""Pools with one budget never have more connections together, and none of their callers waits for ever."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from models.storage import connection_budget
from models.storage.connection_budget import BudgetedPool, ConnectionBudget
from models.storage.leases import ConnectionLeases
from tests.conftest import Databases

pytestmark = pytest.mark.anyio
ROLES = ("privacy_store", "privacy_sync", "privacy_support", "privacy_internal")
SIZE = 3


@pytest.fixture
async def pools(databases: Databases) -> AsyncIterator[list[BudgetedPool]]:
    budget = ConnectionBudget(SIZE)
    pools = [
        await BudgetedPool(
            databases.url,
            budget=budget,
            loop=None,
            min_size=0,
            max_queries=50_000,
            max_inactive_connection_lifetime=300,
            connection_class=asyncpg.Connection,
            record_class=asyncpg.Record,
            server_settings={"role": role},
        )
        for role in ROLES
    ]
    yield pools
    for pool in pools:
        pool.terminate()


async def role(pool: BudgetedPool) -> str:
    async with pool.acquire(timeout=20) as connection:
        name: str = await connection.fetchval("SELECT current_user FROM pg_sleep(0.001)")
        return name


def sizes(pools: list[BudgetedPool]) -> list[int]:
    return [pool.get_size() for pool in pools]


async def test_many_callers_of_all_roles_share_the_budget(pools: list[BudgetedPool]) -> None:
    budget, most = pools[0].budget, 0

    async def ask(number: int) -> str:
        nonlocal most
        name = await role(pools[number % len(pools)])
        most = max(most, budget.open_count)
        return name

    names = await asyncio.gather(*(ask(number) for number in range(100)))
    assert names == [ROLES[number % len(ROLES)] for number in range(100)]
    assert 1 <= most <= SIZE
    assert sum(sizes(pools)) <= SIZE
    assert not budget.is_contended


async def test_a_role_without_a_connection_takes_the_place_of_an_idle_one(pools: list[BudgetedPool]) -> None:
    store, sync, support, internal = pools
    held = [await store.acquire() for _ in range(2)]
    assert await role(sync) == "privacy_sync"
    for connection in held:
        await store.release(connection)
    assert sizes(pools) == [2, 1, 0, 0]
    assert await role(internal) == "privacy_internal"
    assert sizes(pools) == [1, 1, 0, 1], "the pool with most connections gives one"
    assert await role(support) == "privacy_support"
    assert sizes(pools) == [1, 0, 1, 1], "the one that was used the longest time ago"


async def test_a_role_keeps_its_last_connection_from_one_that_has_some(
    pools: list[BudgetedPool], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _, _, internal = pools
    await role(internal)
    held = [await store.acquire() for _ in range(SIZE - 1)]
    third = asyncio.create_task(role(store))
    await asyncio.sleep(0)
    assert store.budget.is_contended
    await store.release(held.pop())
    assert await third == "privacy_store"
    assert sizes(pools) == [2, 0, 0, 1]
    monkeypatch.setattr(connection_budget, "KEEP_SECONDS", 0.0)
    held += [await store.acquire() for _ in range(2)]
    assert sizes(pools) == [3, 0, 0, 0]
    for connection in held:
        await store.release(connection)


async def test_a_caller_that_gives_up_leaves_no_place_taken(pools: list[BudgetedPool]) -> None:
    store, sync, *_ = pools
    held = [await store.acquire() for _ in range(SIZE)]
    with pytest.raises(TimeoutError):
        await sync.acquire(timeout=0.01)
    waiting = asyncio.create_task(role(sync))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert not store.budget.is_contended
    for connection in held:
        await store.release(connection)
    assert await role(sync) == "privacy_sync"
    assert store.budget.open_count == SIZE


async def test_the_place_of_a_connection_that_breaks_is_free(pools: list[BudgetedPool]) -> None:
    store, sync, *_ = pools
    held = [await store.acquire() for _ in range(SIZE)]
    waiting = asyncio.create_task(role(sync))
    await asyncio.sleep(0)
    held[0].terminate()
    assert await waiting == "privacy_sync"
    for connection in held:
        await store.release(connection)


async def test_a_refused_connection_leaves_no_place_taken(pools: list[BudgetedPool], databases: Databases) -> None:
    store = pools[0]
    store.set_connect_args(databases.url, server_settings={"role": "nobody_of_this_name"})
    for _ in range(SIZE + 1):
        with pytest.raises(asyncpg.PostgresError):
            await role(store)
    assert store.budget.open_count == 0
    assert await role(pools[1]) == "privacy_sync"


async def test_connections_kept_for_reuse_go_to_a_caller_that_waits(pools: list[BudgetedPool]) -> None:
    store, sync, support, internal = pools
    leases = ConnectionLeases(store)
    assert await role(internal) == "privacy_internal"
    busy, unused = [await leases.acquire() for _ in range(SIZE - 1)]
    await leases.release(unused, is_sound=True)
    assert store.get_idle_size() == 0, "the unused connection is kept outside of the pool"
    assert [*await asyncio.gather(role(sync), role(support))] == ["privacy_sync", "privacy_support"]
    waiting = asyncio.gather(*(role(pool) for pool in (sync, support, internal)))
    await asyncio.sleep(0)
    assert store.budget.is_contended
    await leases.release(busy, is_sound=True)
    assert await waiting == ["privacy_sync", "privacy_support", "privacy_internal"]
