"""Completion signs certificates, destroys keys and repeats what a killed worker left undone."""

from datetime import timedelta

import pytest

from models.erasure import completion, step_references
from models.erasure.completion import CleanupResult
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

pytestmark = pytest.mark.anyio


async def test_a_person_without_systems_is_erased_and_completed_in_one_go(world: World) -> None:
    subject_id = await registered(world, "ada@example.com")
    request_id = await requested(world, "ada@example.com")
    assert await worker(world).drain() == 1
    done = await request(world, request_id)
    assert done.state == "COMPLETED"
    assert done.completed_at
    assert done.backups_clear_at == done.completed_at + timedelta(days=183)
    assert await value(world, "SELECT status FROM subjects") == "ERASED"
    assert await value(world, "SELECT count(*) FROM email_addresses") == 0
    assert await keyring_value(world, "SELECT count(*) FROM subject_keys") == 0
    assert await keyring_value(world, "SELECT subject_id FROM erasures WHERE completed_at IS NOT NULL") == subject_id
    assert await keyring_value(world, "SELECT count(*) FROM erased_names") == 1
    assert await value(world, "SELECT position FROM ledger_marks") == 1


async def test_systems_are_left_to_answer_and_the_person_stays_erasing_until_they_have(world: World) -> None:
    await registered(world, "ada@example.com", ("forum", "ada-1"))
    request_id = await requested(world, "ada@example.com")
    await worker(world).drain()
    assert (await request(world, request_id)).state == "PARTIALLY_COMPLETED"
    assert await value(world, "SELECT status FROM subjects") == "ERASING"
    step = await only_step(world, request_id)
    async with world.keyring.pool.acquire() as connection:
        key = (await world.keyring.of_subjects(connection, [step.subject_id]))[step.subject_id]
    assert key
    assert step.account_reference
    assert step_references.REFERENCE.decrypt(key, step.account_reference) == "ada-1"
    for count in (3, 99):
        await complete_step(world, step.id, count)
    await worker(world).drain()
    step = await only_step(world, request_id)
    assert (step.state, step.records_erased, step.account_reference) == ("DONE", 3, None)
    assert (await request(world, request_id)).state == "COMPLETED"
    assert await keyring_value(world, "SELECT count(*) FROM subject_keys") == 0


async def test_what_a_killed_worker_left_is_found_behind_many_that_wait_for_systems(world: World) -> None:
    for number in range(3):
        await registered(world, f"user{number}@example.com", ("forum", f"u{number}"))
        await requested(world, f"user{number}@example.com")
    await worker(world).drain()
    await registered(world, "last@example.com")
    request_id = await requested(world, "last@example.com")
    await worker(world).drain()
    await world.keyring.create_many([request_id])
    async with world.keyring.pool.acquire() as connection:
        await connection.execute(
            "UPDATE erasures SET erased_at = NULL, completed_at = NULL WHERE request_id = $1", request_id
        )
    seen = CleanupResult(0)
    for _ in range(4):
        seen = await completion.clean_up(world.database, world.keyring, seen, most=1)
        assert await keyring_value(world, "SELECT count(*) FROM erasures WHERE erased_at IS NULL") == 0, "at once"
    assert await keyring_value(world, "SELECT completed_at FROM erasures WHERE request_id = $1", request_id)
    assert await keyring_value(world, "SELECT count(*) FROM subject_keys WHERE subject_id = $1", request_id) == 0
    assert (await completion.clean_up(world.database, world.keyring, seen, most=1)).scanned_to == 1, (
        "from the beginning"
    )
