"""Execution erases only verified and due requests, and does nothing twice."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from models.actors import Actor, Role
from models.audit import events
from models.audit.events import AccessAction, EventGroup, EventTemplate
from models.consent.ledger import Channel
from models.erasure import execution
from models.requests.intake import ErasureOptions
from models.requests.vocabulary import IdentityProof
from tests.conftest import World
from tests.models.erasure.erased_people import keyring_value, registered, requested, value, worker

pytestmark = pytest.mark.anyio

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'ShareLock'"


async def test_nothing_is_erased_that_is_not_verified_or_not_due(world: World) -> None:
    for number, options in enumerate(
        (ErasureOptions(Channel.WEBSITE), ErasureOptions(Channel.WEBSITE, IdentityProof.ATTESTED))
    ):
        await registered(world, f"user{number}@example.com")
        await requested(world, f"user{number}@example.com", options)
    assert await worker(world).drain() == 0
    assert await value(world, "SELECT count(*) FROM email_addresses") == 2
    assert await value(world, "SELECT count(*) FROM subjects WHERE status = 'ACTIVE'") == 2


async def test_the_database_refuses_execution_without_verified_identity(world: World) -> None:
    await registered(world, "ada@example.com")
    await requested(world, "ada@example.com", ErasureOptions(Channel.WEBSITE))
    for state in ("SCHEDULED", "IN_PROGRESS", "PARTIALLY_COMPLETED"):
        with pytest.raises(asyncpg.CheckViolationError):
            async with world.database.transaction() as connection:
                await connection.execute("UPDATE rights_requests SET state = $1, execute_at = now()", state)


async def test_a_read_that_began_before_the_erasure_has_a_step_of_its_system(world: World) -> None:
    subject_id = await registered(world, "ada@example.com")
    await requested(world, "ada@example.com")
    template = EventTemplate(
        Actor("s", Role.SYNC, (Role.SYNC,), system="cloud"), AccessAction.READ, ("SyncAccount.reference",)
    )
    async with world.database.transaction() as reading:
        await events.append(reading, [EventGroup(template, (subject_id,))])
        claimed = await execution.claim_erasures(world.database, 10)
        erasing = asyncio.create_task(execution.execute(world.database, world.keyring, claimed))
        while not await value(world, WAITING):  # noqa: ASYNC110 -- PostgreSQL sends no event
            await asyncio.sleep(0.01)
    await erasing
    assert await value(world, "SELECT array_agg(system) FROM erasure_steps") == ["cloud"]
    assert await value(world, "SELECT count(*) FROM known_systems") == 0


async def test_a_worker_that_overslept_its_lease_does_nothing_twice(world: World) -> None:
    await registered(world, "ada@example.com", ("forum", "ada-1"))
    await requested(world, "ada@example.com")
    [sleeper] = await execution.claim_erasures(world.database, 10, timedelta(0))
    [successor] = await execution.claim_erasures(world.database, 10)
    await execution.execute(world.database, world.keyring, [successor])
    await execution.execute(world.database, world.keyring, [sleeper])
    assert await value(world, "SELECT count(*) FROM erasure_steps") == 1
    assert await value(world, "SELECT count(*) FROM access_events WHERE fields = '{erase}'") == 1
    assert await keyring_value(world, "SELECT count(*) FROM erasures") == 1
    assert await value(world, "SELECT erased ->> 'mail addresses' FROM rights_requests") == "1"
