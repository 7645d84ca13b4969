"""Tests of subscriptions to the feed: where they begin, how they change, and what waits."""

import pytest

from models.actors import Role
from models.consent.changes import FeedStart
from models.feed import subscriptions
from tests.conftest import World
from tests.models.unit_of_work import granted, registered
from workers.change_sequencer import ChangeSequencer

pytestmark = pytest.mark.anyio


async def waiting(world: World) -> dict[str, tuple[str, int]]:
    async with world.database.readers.acquire() as connection:
        rows = await subscriptions.all_subscriptions(connection)
    return {row.name: (row.role, row.waiting) for row in rows}


async def subscribe(world: World, name: str, role: Role, start: FeedStart | None = None) -> None:
    async with world.database.transaction() as connection:
        await subscriptions.subscribe(connection, name, role, start)


async def test_a_subscription_begins_at_the_beginning_or_now_and_keeps_its_place(world: World) -> None:
    await granted(world, await registered(world))
    await ChangeSequencer(world.database).drain()
    await subscribe(world, "forum", Role.SERVICE, FeedStart.NOW)
    await subscribe(world, "shop", Role.STORE)
    rows = await waiting(world)
    assert rows["forum"] == ("SERVICE", 0)
    assert rows["shop"][1] >= 1
    await subscribe(world, "forum", Role.STORE)
    assert (await waiting(world))["forum"] == ("STORE", 0), "it stays where it was"
    await subscribe(world, "forum", Role.STORE, FeedStart.BEGINNING)
    assert (await waiting(world))["forum"] == rows["shop"]
    async with world.database.transaction() as connection:
        await subscriptions.unsubscribe(connection, "forum")
        await subscriptions.unsubscribe(connection, "forum")
    assert (await waiting(world)).keys() == {"shop"}
