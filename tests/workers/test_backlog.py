"""Tests of the gauges of waiting work: each counts what waits, and is zero again afterwards."""

import pytest
from prometheus_client import generate_latest

from models.actors import Role
from models.consent.changes import FeedStart
from models.erasure import systems
from models.feed import subscriptions
from tests.conftest import World
from tests.models.erasure.erased_people import registered, requested, worker
from tests.models.unit_of_work import granted
from workers import backlog
from workers.change_sequencer import ChangeSequencer
from workers.metrics import WORKER_METRICS

pytestmark = pytest.mark.anyio


async def gauges(world: World) -> tuple[float, float]:
    """Return the webhooks that wait and the steps that are overdue, as they are exported."""
    await backlog.refresh(world.database)
    values = dict(
        line.rsplit(" ", 1) for line in generate_latest(WORKER_METRICS).decode().splitlines() if line[0] != "#"
    )
    return float(values["privacy_webhooks_waiting"]), float(values["privacy_steps_overdue"])


async def test_changes_that_a_system_has_not_acknowledged_are_counted(world: World) -> None:
    async with world.database.transaction() as connection:
        await subscriptions.subscribe(connection, "shop", Role.STORE, FeedStart.NOW)
    await granted(world, await registered(world, "ada@example.com"))
    for count in (0, 1):
        await gauges(world)
        line = f'privacy_feed_changes_waiting{{system="shop"}} {count}.0'
        assert line in generate_latest(WORKER_METRICS).decode()
        await ChangeSequencer(world.database).drain()


async def change(world: World, sql: str) -> None:
    async with world.database.transaction() as connection:
        await connection.execute(sql)


async def test_webhooks_that_wait_and_steps_that_are_overdue_are_counted(world: World) -> None:
    async with world.database.transaction() as connection:
        await systems.register(connection, "forum", "https://forum.example.org/hook", is_always_concerned=False)
        await systems.register(connection, "shop", None, is_always_concerned=False)
    await registered(world, "ada@example.com", ("forum", "ada-1"), ("shop", "ada-2"))
    await requested(world, "ada@example.com")
    await worker(world).drain()
    assert await gauges(world) == (1, 0)
    await change(world, "UPDATE rights_requests SET erased_at = erased_at - interval '73 hours'")
    assert await gauges(world) == (1, 2)
    await change(world, "UPDATE rights_requests SET erased_at = erased_at + interval '73 hours'")
    await change(world, "UPDATE erasure_steps SET state = 'FAILED', next_attempt_at = NULL WHERE system = 'forum'")
    assert await gauges(world) == (0, 1)
    await change(world, "DELETE FROM erasure_steps")
    assert await gauges(world) == (0, 0)
