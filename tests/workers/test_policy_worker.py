"""Tests of the policy worker: letters to many in batches at a bounded rate, each once, and officers' deadlines."""

from datetime import timedelta

import pytest

from models.actors import Role
from models.erasure import system_backups
from models.policy import versions
from models.registration import registering
from models.registration.registering import Registration
from models.storage.clock import now
from tests.conftest import World
from workers.policy_worker import PolicyWorker

pytestmark = pytest.mark.anyio
COUNT = "SELECT count(*) FROM letters WHERE letter = 'policy_changed'"


async def test_a_policy_is_announced_at_the_rate_of_the_setting_and_to_each_person_once(world: World) -> None:
    pauses: list[float] = []
    async with world.unit() as unit:
        for number in range(7):
            await registering.register_or_complete(unit, Registration(f"user{number}@example.com"))
    async with world.unit(Role.PRIVACY) as unit:
        await versions.publish_policy(
            unit, "next", now().date() + timedelta(days=30), "https://example.com/privacy", [], notify=True
        )

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    def worker() -> PolicyWorker:
        return PolicyWorker(world.database, world.keyring, rate=3, clock=lambda: 0.0, sleep=sleep)

    counts = []
    for _ in range(3):  # another worker each time: the place is kept in the database
        assert await worker().round()
        async with world.database.readers.acquire() as connection:
            counts.append(await connection.fetchval(COUNT))
    assert counts == [3, 6, 7]
    assert pauses == pytest.approx([1, 1, 1 / 3])
    await worker().drain()
    async with world.database.readers.acquire() as connection:
        assert await connection.fetchval(COUNT) == 7
        assert await connection.fetchval("SELECT completed_at IS NOT NULL FROM policy_notices")


async def test_officers_get_one_notice_of_an_overdue_backup(world: World) -> None:
    async with world.unit(Role.SERVICE) as unit:
        await system_backups.record_backup(unit, "forum", "2026-01", now() - timedelta(days=200))
        await system_backups.record_backup(unit, "forum", "2026-06", now() - timedelta(days=100))
    worker = PolicyWorker(world.database, world.keyring, rate=50)
    await worker.drain()
    await worker.drain()
    async with world.database.readers.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM notices WHERE notice = 'backup_overdue'") == 1
