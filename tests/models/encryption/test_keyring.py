"""The keyring: values that were moved do not open, keys that were destroyed are gone, and rotation stops nobody."""

import asyncio
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag

from models.encryption.encrypted_column import EncryptedColumn
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.errors import SubjectErased, Unavailable
from models.storage.ids import new_id
from models.subjects import subjects
from models.subjects.subjects import DISPLAY_NAME
from tests.conftest import Databases, World
from tests.models.unit_of_work import registered

NAME, OTHER = EncryptedColumn("people.name"), EncryptedColumn("people.other")


@pytest.mark.anyio
async def test_a_sealed_value_opens_in_its_place_alone(world: World) -> None:
    first, second = await world.keyring.create(new_id()), await world.keyring.create(new_id())
    sealed = NAME.encrypt(first, "Ada Example")
    assert NAME.decrypt(first, sealed) == "Ada Example"
    posing = second._replace(owner_id=first.owner_id)
    renamed = first._replace(owner_id=second.owner_id)
    for seal, key in ((OTHER, first), (NAME, second), (NAME, posing), (NAME, renamed)):
        with pytest.raises(InvalidTag):
            seal.decrypt(key, sealed)
    for position in range(1, len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(InvalidTag):
            NAME.decrypt(first, bytes(changed))


@pytest.mark.anyio
async def test_one_value_is_sealed_differently_each_time(world: World) -> None:
    key = await world.keyring.create(new_id())
    assert len({NAME.encrypt(key, "Ada Example") for _ in range(100)}) == 100


@pytest.mark.anyio
async def test_a_destroyed_key_is_gone_and_the_value_with_it(world: World) -> None:
    who = await registered(world, display_name="Ada Example")
    other = await registered(world, "other@example.com")
    assert await world.keyring.destroy([who]) == 1
    assert await world.keyring.destroy([who]) == 0
    with pytest.raises(SubjectErased):
        await world.keyring.key_of(who)
    assert (await world.keyring.key_of(other)).owner_id == other
    async with world.database.keyring.acquire() as connection:
        assert (await world.keyring.of_subjects(connection, [who]))[who] is None


@pytest.mark.anyio
async def test_a_wrapped_key_works_for_its_person_alone(world: World) -> None:
    first, second = await registered(world), await registered(world, "second@example.com")
    async with world.database.keyring.acquire() as connection:
        await connection.execute(
            "UPDATE subject_keys SET wrapped = (SELECT wrapped FROM subject_keys WHERE subject_id = $2) "
            "WHERE subject_id = $1",
            first,
            second,
        )
    with pytest.raises(InvalidTag):
        await world.keyring.key_of(first)


@pytest.mark.anyio
async def test_rotation_goes_on_while_others_read_and_write(world: World, databases: Databases) -> None:
    people = [
        await registered(world, f"user{number}@example.com", display_name=f"Ada {number}") for number in range(40)
    ]
    both = MasterKeys(f"{MasterKeys.generate(2)},{databases.master_key}")
    rotating = Keyring(world.database.keyring, both)
    await rotating.load()
    done = asyncio.Event()
    reads = 0

    async def read(who: UUID, number: int, keyring: Keyring) -> None:
        async with world.database.readers.acquire() as connection:
            row = (await subjects.by_ids(connection, [who]))[who]
        assert row
        assert row.display_name
        assert DISPLAY_NAME.decrypt(await keyring.key_of(who), row.display_name) == f"Ada {number}"

    async def keep_reading() -> None:
        nonlocal reads
        while not done.is_set():
            for number, who in enumerate(people):
                await read(who, number, rotating)
                reads += 1

    async def rotate() -> int:
        return sum([count async for count in rotating.rotate()])

    reading = asyncio.create_task(keep_reading())
    assert sum(await asyncio.gather(rotate(), rotate())) == len(people)
    done.set()
    await reading
    assert reads
    async with world.database.keyring.acquire() as connection:
        assert await connection.fetchval("SELECT array_agg(DISTINCT master_version) FROM subject_keys") == [2]
        assert await connection.fetchval("SELECT array_agg(DISTINCT master_version) FROM lookup_keys") == [2]
    await read(people[0], 0, rotating)
    with pytest.raises(LookupError):
        await world.keyring.key_of(people[0])
    # Those who had the old master key alone are told which version they lack; back to it, for the tests that follow.
    back = Keyring(world.database.keyring, both)
    both.current = 1
    assert sum([count async for count in back.rotate()]) == len(people)


@pytest.mark.anyio
async def test_a_key_made_while_the_old_master_key_is_in_use_is_rotated_later(
    world: World, databases: Databases
) -> None:
    both = MasterKeys(f"{MasterKeys.generate(2)},{databases.master_key}")
    rotating = Keyring(world.database.keyring, both)
    assert [count async for count in rotating.rotate()] == []
    late = await registered(world)
    assert [count async for count in rotating.rotate()] == [1]
    assert (await rotating.key_of(late)).owner_id == late
    both.current = 1
    assert [count async for count in rotating.rotate()] == [1]


@pytest.mark.anyio
async def test_hashes_differ_by_kind_and_key_and_tell_nothing_of_the_name(world: World) -> None:
    [address] = world.keyring.lookup_hashes("email", "user@example.com")
    [account] = world.keyring.lookup_hashes("account", "user@example.com")
    assert address.digest != account.digest
    assert address == world.keyring.lookup_hashes("email", "user@example.com")[0]
    assert len(address.digest) == 32


@pytest.mark.anyio
async def test_before_the_look_up_keys_are_read_nothing_is_hashed(world: World, databases: Databases) -> None:
    with pytest.raises(Unavailable):
        Keyring(world.database.keyring, MasterKeys(databases.master_key)).lookup_hashes("email", "user@example.com")


@pytest.mark.anyio
async def test_another_master_key_opens_nothing(world: World) -> None:
    who = await registered(world)
    stranger = Keyring(world.database.keyring, MasterKeys(MasterKeys.generate()))
    with pytest.raises(InvalidTag):
        await stranger.load()
    with pytest.raises(InvalidTag):
        await stranger.key_of(who)


@pytest.mark.parametrize(
    "text",
    ["", "1", "1:", "1:AAAA", "0:" + "A" * 43 + "=", "x:" + "A" * 43 + "=", "1:" + "A" * 43, "40000:" + "A" * 43 + "="],
)
def test_a_master_key_has_one_form(text: str) -> None:
    with pytest.raises(ValueError, match="VERSION:BASE64"):
        MasterKeys(text)


def test_a_version_stands_once_and_the_highest_wraps() -> None:
    second = MasterKeys.generate(2)
    assert MasterKeys(f"{MasterKeys.generate(1)},{second}").current == 2
    with pytest.raises(ValueError, match="VERSION:BASE64"):
        MasterKeys(f"{second},{second}")
