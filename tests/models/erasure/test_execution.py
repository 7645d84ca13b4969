"""Execution erases only verified and due requests, and does nothing twice."""

from datetime import timedelta

import asyncpg
import pytest

from models.consent.ledger import Channel
from models.erasure import execution
from models.requests.intake import ErasureOptions
from models.requests.vocabulary import IdentityProof
from tests.conftest import World
from tests.models.erasure.erased_people import keyring_value, registered, requested, value, worker

pytestmark = pytest.mark.anyio


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
