"""An account belongs to one subject and is stored once, encrypted."""

from uuid import UUID

import pytest

from models.errors import SubjectAmbiguous
from models.subjects import accounts
from models.subjects.accounts import REFERENCE
from models.subjects.identifiers import SubjectIdentifier, hash_identifier
from tests.conftest import World
from tests.models.unit_of_work import counted, dumped, registered

pytestmark = pytest.mark.anyio
ACCOUNT = SubjectIdentifier.account("store", "reference-1")


async def added(world: World, who: UUID, identifier: SubjectIdentifier = ACCOUNT) -> None:
    key = await world.keyring.key_of(who)
    async with world.unit() as unit:
        await accounts.add(unit, key, hash_identifier(world.keyring, identifier))


async def test_an_account_is_stored_once(world: World) -> None:
    who = await registered(world)
    for _ in range(2):
        await added(world, who)
    assert await counted(world, "accounts") == 1


async def test_an_account_belongs_to_one_subject(world: World) -> None:
    await added(world, await registered(world))
    second = await registered(world, "second@example.com")
    with pytest.raises(SubjectAmbiguous):
        await added(world, second)


async def test_accounts_are_read_by_system_and_decrypted_with_the_subjects_key(world: World) -> None:
    who = await registered(world)
    for system in ("store", "forum"):
        await added(world, who, SubjectIdentifier.account(system, "reference-1"))
    key = await world.keyring.key_of(who)
    async with world.database.readers.acquire() as connection:
        rows = (await accounts.of_subjects(connection, [who]))[who]
    assert [(row.system, REFERENCE.decrypt(key, row.reference)) for row in rows] == [
        ("forum", "reference-1"),
        ("store", "reference-1"),
    ]
    assert "reference-1" not in str(await dumped(world, "accounts"))
