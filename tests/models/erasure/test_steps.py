"""Steps are completed once, failed with a text, and retried."""

import pytest

from models.actors import Role
from models.erasure import requesting, steps
from models.errors import BadInput, NotFound, StateConflict
from models.storage.ids import new_id
from models.storage.pagination import PageRequest
from tests.conftest import World
from tests.models.erasure.erased_people import only_step, registered, request, requested, worker

pytestmark = pytest.mark.anyio


async def test_a_failed_step_is_visible_and_can_be_retried(world: World) -> None:
    await registered(world, "ada@example.com", ("forum", "ada-1"))
    request_id = await requested(world, "ada@example.com")
    await worker(world).drain()
    step = await only_step(world, request_id)
    for _ in range(2):
        async with world.unit(Role.SERVICE) as unit:
            await steps.fail_erasure_step(unit, step.id, "the archive is read-only")
    assert (await only_step(world, request_id)).state == "FAILED"
    assert await worker(world).drain() == 0
    async with world.unit(Role.PRIVACY) as unit:
        await requesting.retry_erasure(unit, request_id)
    assert (await only_step(world, request_id)).state == "PENDING"
    async with world.unit(Role.SERVICE) as unit:
        await steps.complete_erasure_step(unit, step.id, 0)
    with pytest.raises(StateConflict):
        async with world.unit(Role.SERVICE) as unit:
            await steps.fail_erasure_step(unit, step.id, "too late")
    await worker(world).drain()
    assert (await request(world, request_id)).state == "COMPLETED"
    assert (await only_step(world, request_id)).error is None


async def test_an_unknown_step_and_an_impossible_count_are_refused(world: World) -> None:
    async with world.unit(Role.SERVICE) as unit:
        with pytest.raises(NotFound):
            await steps.complete_erasure_step(unit, new_id(), 1)
        with pytest.raises(NotFound):
            await steps.fail_erasure_step(unit, new_id(), "the archive is read-only")
        for count in (-1, steps.MAX_RECORDS + 1):
            with pytest.raises(BadInput):
                await steps.complete_erasure_step(unit, new_id(), count)


async def test_the_steps_of_a_system_are_listed_by_state(world: World) -> None:
    await registered(world, "ada@example.com", ("forum", "ada-1"))
    request_id = await requested(world, "ada@example.com")
    await worker(world).drain()
    step = await only_step(world, request_id)
    keys = [
        ("forum", None),
        ("forum", steps.StepState.PENDING),
        ("forum", steps.StepState.DONE),
        ("store", None),
    ]
    async with world.database.readers.acquire() as connection:
        pages = await steps.of_system(connection, keys, PageRequest(10, None))
    assert [[row.id for row in pages[key].rows] for key in keys] == [[step.id], [step.id], [], []]
