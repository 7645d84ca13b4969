"""Completion emails are encrypted under their own key, and one that fails delays no erasure."""

import pytest

from tests.conftest import World
from tests.models.erasure.erased_people import complete_step, only_step, registered, request, requested, value, worker

pytestmark = pytest.mark.anyio


async def test_the_last_letter_goes_out_under_a_key_of_its_own_when_all_is_done(world: World) -> None:
    await registered(world, "ada@example.com", ("forum", "ada-1"))
    request_id = await requested(world, "ada@example.com")
    await worker(world).drain()
    assert await value(world, "SELECT count(*) FROM letters WHERE letter = 'erasure_done'") == 0
    assert await value(world, "SELECT count(*) FROM letters WHERE state = 'QUEUED'") == 0
    await complete_step(world, (await only_step(world, request_id)).id, 1)
    await worker(world).drain()
    assert await value(world, "SELECT count(*) FROM letters WHERE letter = 'erasure_done' AND has_own_key") == 1
    assert await value(world, "SELECT count(farewell_address) FROM rights_requests") == 0


async def test_a_letter_that_cannot_be_posted_holds_nothing_up(world: World) -> None:
    await registered(world, "ada@example.com", ("forum", "ada-1"))
    request_id = await requested(world, "ada@example.com")
    await worker(world).drain()
    async with world.database.transaction() as connection:
        await connection.execute("UPDATE rights_requests SET farewell_address = 'not sealed by us'")
    await complete_step(world, (await only_step(world, request_id)).id, 1)
    await worker(world).drain()
    assert (await request(world, request_id)).state == "COMPLETED"
    assert await value(world, "SELECT count(*) FROM letters WHERE letter = 'erasure_done'") == 0


async def test_a_letter_that_cannot_be_written_or_posted_keeps_no_other_back(world: World) -> None:
    requests = []
    for name in ("ada", "bob", "cleo", "dan"):
        await registered(world, f"{name}@example.com", ("forum", f"{name}-1"))
        requests.append(await requested(world, f"{name}@example.com"))
    await worker(world).drain()
    unreadable, unpostable = requests[:2]
    async with world.database.transaction() as connection:
        await connection.execute(
            "UPDATE rights_requests SET farewell_address = 'not sealed by us' WHERE id = $1", unreadable
        )
        refused = await connection.fetchval("SELECT farewell_to FROM rights_requests WHERE id = $1", unpostable)
        await connection.execute(
            f"ALTER TABLE letters ADD CONSTRAINT refused CHECK (recipient <> '{refused}') NOT VALID"
        )
    try:
        async with world.database.readers.acquire() as connection:
            rows = await connection.fetch("SELECT id FROM erasure_steps")
        for row in rows:
            await complete_step(world, row[0], 1)
        await worker(world).drain()
    finally:
        async with world.database.transaction() as connection:
            await connection.execute("ALTER TABLE letters DROP CONSTRAINT refused")
    assert await value(world, "SELECT count(*) FROM rights_requests WHERE state = 'COMPLETED'") == 4
    posted = await value(world, "SELECT array_agg(deed) FROM letters WHERE letter = 'erasure_done'")
    assert sorted(posted) == sorted(f"request:{request_id.hex}" for request_id in requests[2:])
