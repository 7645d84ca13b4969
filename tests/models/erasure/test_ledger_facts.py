"""The ledger keeps the facts of each erasure, and a clean-up adds those that an earlier version left out."""

import orjson
import pytest

from models.erasure import ledger_facts
from models.erasure.scope import ERASURE_TARGETS
from tests.conftest import World
from tests.models.erasure.erased_people import (
    complete_step,
    keyring_value,
    only_step,
    registered,
    request,
    requested,
    value,
    worker,
)
from tests.models.erasure.restored import forget_facts, replayed, roll_back

pytestmark = pytest.mark.anyio


async def test_facts_are_recorded_as_soon_as_they_are_known(world: World) -> None:
    await registered(world, "ada@example.com", ("forum", "ada-1"))
    request_id = await requested(world, "ada@example.com")
    await worker(world).drain()
    assert await keyring_value(world, "SELECT systems FROM erasures") == ["forum"]
    assert orjson.loads(await keyring_value(world, "SELECT erased FROM erasures"))["accounts"] == 1
    assert await keyring_value(world, "SELECT erased_at FROM erasures") == await value(
        world, "SELECT erased_at FROM rights_requests"
    )
    assert await keyring_value(world, "SELECT certificate FROM erasures") is None
    await complete_step(world, (await only_step(world, request_id)).id)
    await worker(world).drain()
    row = await request(world, request_id)
    assert await keyring_value(world, "SELECT certificate FROM erasures") == row.certificate
    assert await keyring_value(world, "SELECT completed_at FROM erasures") == row.completed_at


async def test_a_clean_up_adds_the_facts_of_earlier_versions(world: World) -> None:
    await registered(world, "ada@example.com")
    request_id = await requested(world, "ada@example.com")
    await worker(world).drain()
    await forget_facts(world)
    await worker(world).drain()
    certificate = (await request(world, request_id)).certificate
    assert certificate
    assert await keyring_value(world, "SELECT certificate FROM erasures") == certificate
    assert await keyring_value(world, "SELECT systems FROM erasures") == []


async def test_statements_of_a_killed_replay_reach_the_ledger_later(world: World) -> None:
    await registered(world, "ada@example.com")
    await requested(world, "ada@example.com")
    await worker(world).drain()
    await roll_back(world)
    await replayed(world)
    statements = await keyring_value(world, "SELECT replays FROM erasures")
    assert len(statements) == 1
    async with world.keyring.pool.acquire() as connection:
        await connection.execute("UPDATE erasures SET replays = NULL")
    await replayed(world)
    assert await keyring_value(world, "SELECT replays FROM erasures") == statements
    async with world.database.readers.acquire() as connection:
        [facts] = await ledger_facts.of_requests(connection, [await value(world, "SELECT id FROM rights_requests")])
    assert facts.replays == statements[0]


async def test_every_category_of_counts_passes_the_check_of_the_ledger(world: World) -> None:
    await registered(world, "ada@example.com")
    await requested(world, "ada@example.com")
    await worker(world).drain()
    counts = {target.what: 12 for target in ERASURE_TARGETS}
    async with world.keyring.pool.acquire() as connection:
        await connection.execute("UPDATE erasures SET erased = $1", orjson.dumps(counts).decode())
