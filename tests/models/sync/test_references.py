"""A reference of the sync service belongs to one person."""

import asyncio
from uuid import UUID

import pytest

from models.errors import SubjectAmbiguous
from models.storage.clock import now
from models.sync import reports
from models.sync.reports import SyncReport
from tests.conftest import Api, World
from tests.models.unit_of_work import counted, named, registered
from tests.people import RECORD_SYNC, SYNC


async def recorded(world: World, who: UUID, reference: str = "sync-1") -> UUID | None:
    """Return the id of the account, or None where the reference belongs to another person."""
    try:
        async with world.unit() as unit:
            return await reports.record_sync(unit, named(who), SyncReport(reference, 1, 1, now()))
    except SubjectAmbiguous:
        return None


@pytest.mark.anyio
async def test_a_reference_of_another_person_is_refused(world: World) -> None:
    who, other = await registered(world), await registered(world, "other@example.com")
    account = await recorded(world, who)
    assert await recorded(world, other) is None
    assert await recorded(world, who) == account
    assert await recorded(world, other, "sync-2") not in {account, None}
    assert await counted(world, "sync_accounts") == 2


@pytest.mark.anyio
async def test_one_of_several_people_reported_at_once_has_the_reference(world: World) -> None:
    people = [await registered(world, f"user{number}@example.com") for number in range(4)]
    outcomes = await asyncio.gather(*(recorded(world, who) for who in people))
    assert outcomes.count(None) == 3
    assert await counted(world, "sync_accounts") == 1


def test_a_sync_for_two_people_is_refused_with_its_argument(api: Api) -> None:
    who, other = api.register("user@example.com"), api.register("other@example.com")
    assert api.ask("SYNC", RECORD_SYNC, who={"id": who}, input=SYNC).data
    answer = api.ask("SYNC", RECORD_SYNC, who={"id": other}, input=SYNC)
    assert (answer.code, answer.extensions["argument"]) == ("SUBJECT_AMBIGUOUS", "input.reference")
    assert api.ask("SYNC", RECORD_SYNC, who={"id": who}, input=SYNC).data
