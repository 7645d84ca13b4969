"""Steps are planned for every account and every always concerned system."""

import pytest

from models.erasure import step_planning, systems
from tests.conftest import World
from tests.models.erasure.erased_people import registered, requested, worker

pytestmark = pytest.mark.anyio


async def planned(world: World) -> list[tuple[str, bool, bool]]:
    """Return system, absence of a reference and presence of a next attempt of every step."""
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch(
            "SELECT system, account_reference IS NULL, next_attempt_at IS NOT NULL FROM erasure_steps ORDER BY 1"
        )
    return [tuple(row) for row in rows]


async def test_a_system_registered_for_every_erasure_gets_one_step_for_each_person(world: World) -> None:
    async with world.database.transaction() as connection:
        await systems.register(connection, "search-index", None, is_always_concerned=True)
        await systems.register(connection, "forum", None, is_always_concerned=True)
    await registered(world, "ada@example.com", ("forum", "ada-1"), ("forum", "ada-2"))
    await requested(world, "ada@example.com")
    await worker(world).drain()
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch("SELECT system, account_reference IS NULL FROM erasure_steps ORDER BY 1")
    assert [tuple(row) for row in rows] == [("forum", False), ("forum", False), ("search-index", True)]


async def test_only_a_system_with_a_webhook_gets_a_next_attempt(world: World) -> None:
    async with world.database.transaction() as connection:
        await systems.register(connection, "forum", "https://forum.example.org/hook", is_always_concerned=False)
    await registered(world, "ada@example.com", ("forum", "ada-1"), ("store", "ada-2"))
    await requested(world, "ada@example.com")
    await worker(world).drain()
    assert await planned(world) == [("forum", False, True), ("store", False, False)]


async def test_without_references_each_system_gets_one_step(world: World) -> None:
    async with world.database.transaction() as connection:
        await systems.register(connection, "search-index", None, is_always_concerned=True)
    subject_id = await registered(world, "ada@example.com", ("forum", "ada-1"), ("forum", "ada-2"))
    request_id = await requested(world, "ada@example.com")
    async with world.database.transaction() as connection:
        await step_planning.plan_steps_without_references(connection, {subject_id: request_id})
    assert await planned(world) == [("forum", True, False), ("search-index", True, False)]
