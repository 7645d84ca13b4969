"""After a replay, steps have the systems that the ledger and the restored database know, each once."""

import pytest

from models.actors import Role
from models.erasure import systems
from models.erasure.steps import complete_erasure_step
from tests.conftest import World
from tests.models.erasure.erased_people import registered, requested, steps_of, worker
from tests.models.erasure.restored import replayed, roll_back

pytestmark = pytest.mark.anyio


async def test_a_system_that_only_one_side_knows_gets_a_step(world: World) -> None:
    async with world.database.transaction() as connection:
        await systems.register(connection, "old-index", None, is_always_concerned=True)
    await registered(world, "ada@example.com", ("forum", "ada-1"))
    request_id = await requested(world, "ada@example.com")
    await worker(world).drain()
    await roll_back(world)
    async with world.database.transaction() as connection:
        await systems.REMOVE.run(connection, name="old-index")
        await systems.register(connection, "new-index", None, is_always_concerned=True)
    await replayed(world)
    assert [(step.system, step.state) for step in await steps_of(world, request_id)] == [
        ("forum", "PENDING"),
        ("new-index", "PENDING"),
        ("old-index", "PENDING"),
    ]


async def test_a_done_step_keeps_its_id_and_gets_its_count_back(world: World) -> None:
    await registered(world, "ada@example.com", ("forum", "ada-1"), ("store", "ada-2"))
    request_id = await requested(world, "ada@example.com")
    await worker(world).drain()
    for number, step in enumerate(await steps_of(world, request_id)):
        async with world.unit(Role.SERVICE, step.system) as unit:
            await complete_erasure_step(unit, step.id, number + 5)
    done = {step.id: (step.system, step.records_erased) for step in await steps_of(world, request_id)}
    await worker(world).drain()
    async with world.database.transaction() as connection:
        await connection.execute(
            "UPDATE erasure_steps SET state = 'PENDING', completed_at = NULL, records_erased = NULL"
        )
        await connection.execute(
            "UPDATE rights_requests SET state = 'SCHEDULED', completed_at = NULL, erased_at = NULL, certificate = NULL"
        )
        await connection.execute("UPDATE subjects SET status = 'ACTIVE'")
    await replayed(world)
    restored = {step.id: (step.system, step.records_erased) for step in await steps_of(world, request_id)}
    assert restored == done
