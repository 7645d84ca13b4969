"""Webhook deliveries are claimed one at a time, retried with backoff, and given up after the retry period."""

from datetime import datetime
from uuid import UUID

import pytest

from models.erasure import steps, systems, webhook_deliveries
from models.erasure.webhook_deliveries import RETRY_BACKOFF
from tests.conftest import World
from tests.models.erasure.erased_people import key_of, only_step, registered, requested, value, worker

pytestmark = pytest.mark.anyio


async def pending(world: World) -> UUID:
    """Erase a person with an account in a system that has a webhook. Return the request's id."""
    async with world.database.transaction() as connection:
        await systems.register(connection, "forum", "https://forum.example.org/hook", is_always_concerned=False)
    await registered(world, "ada@example.com", ("forum", "ada-1"))
    request_id = await requested(world, "ada@example.com")
    await worker(world).drain()
    return request_id


async def make_due(world: World, sql: str = "next_attempt_at = clock_timestamp()") -> None:
    async with world.database.transaction() as connection:
        await connection.execute(f"UPDATE erasure_steps SET {sql}")


async def database_time(world: World) -> datetime:
    at: datetime = await value(world, "SELECT clock_timestamp()")
    return at


async def test_a_delivery_has_the_decrypted_reference_and_is_claimed_once(world: World) -> None:
    request_id = await pending(world)
    [delivery] = await webhook_deliveries.claim(world.database, world.keyring, 10)
    assert (delivery.system.name, delivery.references, delivery.attempt) == ("forum", ["ada-1"], 1)
    assert (delivery.request_id, delivery.subject_id) == (
        request_id,
        await value(world, "SELECT id FROM subjects"),
    )
    assert await webhook_deliveries.claim(world.database, world.keyring, 10) == []


async def test_delays_grow_with_each_attempt_within_their_jitter(world: World) -> None:
    await pending(world)
    for delay in (*RETRY_BACKOFF, *RETRY_BACKOFF[-1:] * 2):
        await make_due(world)
        before = await database_time(world)
        assert len(await webhook_deliveries.claim(world.database, world.keyring, 1)) == 1
        after = await database_time(world)
        next_attempt_at = await value(world, "SELECT next_attempt_at FROM erasure_steps")
        assert next_attempt_at - before >= 0.8 * delay
        assert next_attempt_at - after <= 1.2 * delay


async def test_the_problem_of_an_attempt_is_kept_encrypted_until_a_success(world: World) -> None:
    request_id = await pending(world)
    [delivery] = await webhook_deliveries.claim(world.database, world.keyring, 10)
    await webhook_deliveries.record_result(world.database, world.keyring, delivery, "HTTP 500")
    error = (await only_step(world, request_id)).error
    assert error
    assert steps.ERROR.decrypt(await key_of(world, request_id), error) == "HTTP 500"
    await webhook_deliveries.record_result(world.database, world.keyring, delivery, None)
    assert (await only_step(world, request_id)).error is None


async def test_a_step_fails_once_its_retry_period_is_over(world: World) -> None:
    request_id = await pending(world)
    assert await webhook_deliveries.give_up(world.database) == []
    await make_due(world, "next_attempt_at = clock_timestamp(), give_up_at = clock_timestamp()")
    assert await webhook_deliveries.give_up(world.database) == [(await only_step(world, request_id)).id]
    assert (await only_step(world, request_id)).state == "FAILED"
