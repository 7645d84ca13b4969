"""A subject has one primary address, keeps at least one address, and shares none."""

from uuid import UUID

import pytest

from models.errors import BadInput, StateConflict, SubjectAmbiguous
from models.subjects import email_addresses
from models.subjects.email_addresses import ADDRESS
from models.subjects.identifiers import HashedIdentifier, SubjectIdentifier, hash_identifier
from tests.conftest import World
from tests.models.unit_of_work import registered

pytestmark = pytest.mark.anyio


def hashed(world: World, address: str) -> HashedIdentifier:
    return hash_identifier(world.keyring, SubjectIdentifier.email(address))


async def added(world: World, who: UUID, address: str) -> bool:
    key = await world.keyring.key_of(who)
    async with world.unit() as unit:
        return await email_addresses.add(unit, key, hashed(world, address))


async def removed(world: World, who: UUID, *addresses: str) -> None:
    async with world.unit() as unit:
        for address in addresses:
            await email_addresses.remove(unit, who, hashed(world, address))


async def addresses(world: World, who: UUID) -> list[tuple[str, bool]]:
    key = await world.keyring.key_of(who)
    async with world.database.readers.acquire() as connection:
        rows = (await email_addresses.of_subjects(connection, [who]))[who]
    return [(ADDRESS.decrypt(key, row.address), row.is_primary) for row in rows]


async def stopped(world: World) -> int:
    async with world.database.readers.acquire() as connection:
        return int(await connection.fetchval("SELECT count(stopped_at) FROM email_addresses"))


async def test_an_address_is_added_once_and_the_first_is_primary(world: World) -> None:
    who = await registered(world)
    assert [await added(world, who, each) for each in ("new@example.com", "New@Example.com")] == [True, False]
    assert await addresses(world, who) == [("user@example.com", True), ("new@example.com", False)]


async def test_an_address_belongs_to_one_subject(world: World) -> None:
    await registered(world)
    second = await registered(world, "second@example.com")
    with pytest.raises(SubjectAmbiguous):
        await added(world, second, "USER@example.com")


async def test_another_address_becomes_primary_and_an_unknown_one_does_not(world: World) -> None:
    who = await registered(world)
    await added(world, who, "new@example.com")
    async with world.unit() as unit:
        await email_addresses.make_primary(unit, who, hashed(world, "new@example.com"))
    assert await addresses(world, who) == [("new@example.com", True), ("user@example.com", False)]
    with pytest.raises(BadInput):
        async with world.unit() as unit:
            await email_addresses.make_primary(unit, who, hashed(world, "unknown@example.com"))
    assert await addresses(world, who) == [("new@example.com", True), ("user@example.com", False)]


async def test_removing_the_primary_address_promotes_the_oldest_and_the_last_one_stays(world: World) -> None:
    who = await registered(world)
    for address in ("second@example.com", "third@example.com"):
        await added(world, who, address)
    await removed(world, who, "user@example.com")
    assert await addresses(world, who) == [("second@example.com", True), ("third@example.com", False)]
    with pytest.raises(StateConflict):
        await removed(world, who, "second@example.com", "third@example.com")
    assert len(await addresses(world, who)) == 2


async def test_delivery_to_an_address_stops_and_resumes(world: World) -> None:
    who = await registered(world)
    await added(world, who, "new@example.com")
    async with world.unit() as unit:
        await email_addresses.stop_delivery(unit, who, hashed(world, "new@example.com"))
    assert await stopped(world) == 1
    async with world.unit() as unit:
        await email_addresses.resume_delivery(unit, who, hashed(world, "new@example.com"))
    assert await stopped(world) == 0
