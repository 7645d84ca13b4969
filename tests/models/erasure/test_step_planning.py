"""Steps are planned for every account and every always concerned system."""

from uuid import UUID

import pytest

from models.encryption.encrypted_column import DataKey
from models.erasure import step_planning, step_references, systems
from models.erasure.step_references import MAX_REFERENCES, REFERENCE_LIST
from models.erasure.steps import ErasureStepRow
from tests.conftest import World
from tests.models.erasure.erased_people import key_of, only_step, registered, requested, steps_of, worker

pytestmark = pytest.mark.anyio


async def erased(world: World) -> UUID:
    request_id = await requested(world, "ada@example.com")
    await worker(world).drain()
    return request_id


def references_of(key: DataKey, step: ErasureStepRow) -> list[str]:
    assert step.reference_list
    return step_references.parse_references(REFERENCE_LIST.decrypt(key, step.reference_list), None)


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
    assert [tuple(row) for row in rows] == [("forum", False), ("search-index", True)]


async def test_only_a_system_with_a_webhook_gets_a_next_attempt(world: World) -> None:
    async with world.database.transaction() as connection:
        await systems.register(connection, "forum", "https://forum.example.org/hook", is_always_concerned=False)
    await registered(world, "ada@example.com", ("forum", "ada-1"), ("store", "ada-2"))
    await requested(world, "ada@example.com")
    await worker(world).drain()
    assert await planned(world) == [("forum", False, True), ("store", False, False)]


async def test_every_reference_of_a_system_stands_in_its_step(world: World) -> None:
    await registered(world, "ada@example.com", ("forum", "ada-1"), ("forum", "ada-2"))
    step = await only_step(world, await erased(world))
    assert step.reference_list
    key = await key_of(world, step.request_id)
    assert references_of(key, step) == ["ada-1", "ada-2"]


async def test_more_references_than_a_step_holds_are_split_over_several(world: World) -> None:
    await registered(world, "ada@example.com", *(("forum", f"{'é' * 120}{n}") for n in range(MAX_REFERENCES + 1)))
    request_id = await erased(world)
    key = await key_of(world, request_id)
    counts = [len(references_of(key, step)) for step in await steps_of(world, request_id) if step.reference_list]
    assert sorted(counts) == [1, MAX_REFERENCES]


async def test_without_references_each_system_gets_one_step(world: World) -> None:
    subject_id = await registered(world, "ada@example.com", ("forum", "ada-1"), ("forum", "ada-2"))
    request_id = await requested(world, "ada@example.com")
    async with world.database.transaction() as connection:
        await step_planning.plan_steps_without_references(
            connection, {subject_id: request_id}, {subject_id: {"search-index", "forum"}}
        )
    assert await planned(world) == [("forum", True, False), ("search-index", True, False)]
