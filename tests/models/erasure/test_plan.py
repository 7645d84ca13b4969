"""A plan names what is erased in which system, and its hash changes only with that."""

import pytest

from models.erasure import plan, systems
from models.erasure.plan import PlanRow
from tests.conftest import World
from tests.models.erasure.erased_people import registered
from tests.workers.outbox_workers import enqueue

pytestmark = pytest.mark.anyio


async def planned(world: World, email: str = "ada@example.com", *accounts: tuple[str, str]) -> PlanRow:
    subject_id = await registered(world, email, *accounts)
    async with world.database.readers.acquire() as connection:
        row = (await plan.of_subjects(connection, [subject_id]))[subject_id]
    assert row
    return row


async def test_a_plan_lists_accounts_and_always_concerned_systems(world: World) -> None:
    async with world.database.transaction() as connection:
        await systems.register(connection, "search-index", None, is_always_concerned=True)
    row = await planned(world, "ada@example.com", ("forum", "ada-1"), ("forum", "ada-2"))
    assert [(item.system, item.records) for item in row.items if item.system != "privacy"] == [
        ("forum", 2),
        ("search-index", 0),
    ]
    assert {item.what for item in row.items if item.system == "privacy"} >= {"mail addresses", "accounts"}


async def test_the_hash_changes_with_the_data_and_not_with_queued_emails(world: World) -> None:
    first = await planned(world)
    await enqueue(world, first.subject_id)
    assert (await planned(world)).hash == first.hash
    assert (await planned(world, "ada@example.com", ("forum", "ada-1"))).hash != first.hash
    assert (await planned(world, "bob@example.com")).hash != first.hash
