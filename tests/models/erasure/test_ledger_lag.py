"""The service detects a database that is older than the ledger, and a ledger that is older than the database."""

import pytest

from models.erasure import execution, ledger_lag, ledger_marks
from models.erasure.ledger_lag import LedgerLag, LedgerLagError
from tests.conftest import World
from tests.models.erasure.erased_people import registered, requested, worker
from tests.models.erasure.restored import erased_elsewhere

pytestmark = pytest.mark.anyio


async def test_a_database_in_step_does_not_lag_and_a_half_done_erasure_is_no_lag(world: World) -> None:
    await registered(world, "ada@example.com")
    await requested(world, "ada@example.com")
    assert await ledger_lag.read_lag(world.database, world.keyring) is None
    claimed = await execution.claim_erasures(world.database, 10)
    assert await ledger_lag.read_lag(world.database, world.keyring) is None
    await execution.execute(world.database, world.keyring, claimed)
    assert await ledger_lag.read_lag(world.database, world.keyring) is None


async def test_a_database_without_an_erasure_of_the_ledger_is_older(world: World) -> None:
    await erased_elsewhere(world, await registered(world, "ada@example.com"))
    assert await ledger_lag.read_lag(world.database, world.keyring) is LedgerLag.DATABASE_IS_OLDER


async def test_a_ledger_that_ends_before_the_mark_is_older(world: World) -> None:
    await registered(world, "ada@example.com")
    await requested(world, "ada@example.com")
    await worker(world).drain()
    async with world.database.transaction() as connection:
        await ledger_marks.set_to(connection, await ledger_marks.read(connection) + 1)
    assert await ledger_lag.read_lag(world.database, world.keyring) is LedgerLag.KEYRING_IS_OLDER


async def test_the_mark_advances_over_the_erasures_that_the_database_contains(world: World) -> None:
    await registered(world, "ada@example.com")
    await requested(world, "ada@example.com")
    claimed = await execution.claim_erasures(world.database, 10)
    assert await ledger_lag.advance_mark(world.database, world.keyring, 0) == 0
    await execution.execute(world.database, world.keyring, claimed)
    assert await ledger_lag.advance_mark(world.database, world.keyring, 0) == 1
    assert await ledger_lag.advance_mark(world.database, world.keyring, 1) == 1


async def test_the_mark_never_advances_over_an_erasure_that_the_database_lacks(world: World) -> None:
    await erased_elsewhere(world, await registered(world, "ada@example.com"))
    for _ in range(2):
        with pytest.raises(LedgerLagError):
            await ledger_lag.advance_mark(world.database, world.keyring, 0)
        assert await ledger_lag.read_lag(world.database, world.keyring) is LedgerLag.DATABASE_IS_OLDER


async def test_a_mark_that_went_backward_is_a_lag(world: World) -> None:
    async with world.database.transaction() as connection:
        await ledger_marks.set_to(connection, 2)
    with pytest.raises(LedgerLagError):
        await ledger_lag.advance_mark(world.database, world.keyring, 3)
