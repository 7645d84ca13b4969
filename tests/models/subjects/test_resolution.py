"""Every identifier of a subject leads to the same locked row, and erased subjects are refused."""

from uuid import UUID

import pytest

from models.errors import SubjectAmbiguous, SubjectErased, SubjectNotFound
from models.subjects import resolution
from models.subjects.identifiers import SubjectIdentifier, hash_identifier
from tests.conftest import World
from tests.models.unit_of_work import execute, named, registered

pytestmark = pytest.mark.anyio
ADDRESS = SubjectIdentifier.email("User@Example.com")
ACCOUNT = SubjectIdentifier.account("store", "1")


async def test_id_address_and_account_lead_to_one_subject(world: World) -> None:
    who = await registered(world, account=("store", "1"))
    for identifier in (named(who), ADDRESS, ACCOUNT):
        async with world.unit() as unit:
            assert (await resolution.lock(unit, identifier)).subject_id == who
            assert unit.subject_ids == [who]


async def test_an_unknown_identifier_is_not_found(world: World) -> None:
    for identifier in (named(UUID(int=7)), ADDRESS, ACCOUNT):
        with pytest.raises(SubjectNotFound):
            async with world.unit() as unit:
                await resolution.lock(unit, identifier)


@pytest.mark.parametrize("status", ["ERASING", "ERASED"])
async def test_an_erased_subject_is_refused_unless_allowed(world: World, status: str) -> None:
    who = await registered(world)
    await execute(world, "UPDATE subjects SET status = $1", status)
    async with world.unit() as unit:
        with pytest.raises(SubjectErased):
            await resolution.lock(unit, ADDRESS)
        assert unit.subject_ids == []
        assert (await resolution.lock(unit, ADDRESS, allow_erased=True)).subject_id == who
        assert unit.subject_ids == [who]


async def test_identifiers_of_two_subjects_are_ambiguous(world: World) -> None:
    await registered(world)
    await registered(world, "other@example.com", account=("store", "1"))
    async with world.unit() as unit:
        identifiers = [hash_identifier(world.keyring, identifier) for identifier in (ADDRESS, ACCOUNT)]
        with pytest.raises(SubjectAmbiguous):
            await resolution.find_for_update(unit, *identifiers)


async def test_a_subject_stays_locked_until_the_end_of_the_transaction(world: World) -> None:
    await registered(world)
    free = "SELECT count(*) FROM (SELECT FROM subjects FOR UPDATE SKIP LOCKED) AS s"
    async with world.unit() as unit:
        await resolution.lock(unit, ADDRESS)
        assert await world.database.writers.fetchval(free) == 0
    assert await world.database.writers.fetchval(free) == 1


async def test_many_identifiers_are_found_in_their_order(world: World) -> None:
    first = await registered(world, account=("store", "1"))
    second = await registered(world, "second@example.com")
    batches = [
        ([named(second), named(UUID(int=7)), named(first)], [second, None, first]),
        ([SubjectIdentifier.email("second@example.com"), ADDRESS], [second, first]),
        ([SubjectIdentifier.account("store", "2"), ACCOUNT], [None, first]),
        ([], []),
    ]
    async with world.database.readers.acquire() as connection:
        for identifiers, subject_ids in batches:
            rows = await resolution.find_many(connection, world.keyring, identifiers)
            assert [row and row.subject_id for row in rows] == subject_ids
