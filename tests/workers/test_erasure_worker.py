"""The erasure worker keeps its rate, advances the ledger mark, and shares work with other workers."""

import asyncio

import pytest

from models.erasure import ledger_marks
from models.erasure.ledger_lag import LedgerLagError
from tests.conftest import World
from tests.models.erasure.erased_people import keyring_value, registered, requested, value, worker

pytestmark = pytest.mark.anyio


class FakeClock:
    """A clock that advances only during its own sleep."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sleeps: list[float] = []

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


async def test_one_person_a_second_is_erased_and_the_mark_advances_meanwhile(world: World) -> None:
    for number in range(3):
        await registered(world, f"user{number}@example.com")
        await requested(world, f"user{number}@example.com")
    clock = FakeClock()
    limited = worker(world, rate=1.0, clock=clock.time, sleep=clock.sleep)
    for _ in range(2):
        assert await limited.round() == (1, 1)
    assert clock.sleeps == [1.0, 1.0]
    assert await value(world, "SELECT count(*) FROM rights_requests WHERE state = 'SCHEDULED'") == 1
    assert await value(world, "SELECT max(position) FROM ledger_marks") > 0


async def test_nothing_is_erased_while_the_databases_do_not_match(world: World) -> None:
    await registered(world, "ada@example.com")
    await requested(world, "ada@example.com")
    async with world.database.transaction() as connection:
        await ledger_marks.set_to(connection, 1)
    with pytest.raises(LedgerLagError, match="older"):
        await worker(world).round()
    assert await value(world, "SELECT count(*) FROM email_addresses") == 1


async def test_workers_racing_erase_everybody_once(world: World) -> None:
    for number in range(60):
        await registered(world, f"user{number}@example.com")
        await requested(world, f"user{number}@example.com")
    counts = await asyncio.gather(*(worker(world).drain() for _ in range(4)))
    assert sum(counts) == 60
    assert await value(world, "SELECT count(*) FROM rights_requests WHERE state = 'COMPLETED'") == 60
    assert await value(world, "SELECT count(*) FROM letters WHERE letter = 'erasure_done'") == 60
    assert await value(world, "SELECT count(*) FROM access_events WHERE fields = '{erase}'") == 60
    assert await keyring_value(world, "SELECT max(position) FROM erasures") == 60
    assert await keyring_value(world, "SELECT count(*) FROM subject_keys") == 0
