"""Content that is not retried in time is deleted, and unused keys are destroyed."""

from datetime import timedelta

import pytest

from models.delivery import cleanup
from tests.conftest import World
from tests.models.outbox.enqueued import SENT, claimed, code, registered, settled
from tests.models.unit_of_work import execute

pytestmark = pytest.mark.anyio


async def contents(world: World) -> list[tuple[bool, bool]]:
    """Return for each email whether it has content, and whether it has a key of its own."""
    async with world.database.readers.acquire() as connection:
        rows = await connection.fetch("SELECT address IS NOT NULL, has_own_key FROM letters ORDER BY posted_at, id")
    return [(row[0], row[1]) for row in rows]


@pytest.mark.parametrize("state", ["FAILED", "UNCERTAIN", "QUEUED"])
@pytest.mark.parametrize("is_old", [False, True])
async def test_only_old_emails_that_were_not_sent_lose_their_content(world: World, state: str, *, is_old: bool) -> None:
    subject_id = await registered(world)
    async with world.unit() as unit:
        await code(unit, subject_id)
    age = cleanup.RETRY_PERIOD + timedelta(hours=1 if is_old else -1)
    await execute(world, "UPDATE letters SET state = $1, posted_at = clock_timestamp() - $2::interval", state, age)
    await cleanup.clean_up(world.database, world.keyring)
    assert await contents(world) == [(not is_old or state == "QUEUED", False)]


async def test_the_key_of_a_sent_email_is_destroyed(world: World) -> None:
    subject_id = await registered(world)
    async with world.unit() as unit:
        await code(unit, subject_id, own_key=True)
    assert await cleanup.clean_up(world.database, world.keyring) == 0
    [email] = await claimed(world)
    assert await settled(world, email, SENT)
    assert await cleanup.clean_up(world.database, world.keyring) == 1
    assert await contents(world) == [(False, False)]
    async with world.keyring.pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM letter_keys") == 0
