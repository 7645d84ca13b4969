"""The keyring: destroyed keys are gone, look-up hashes stay the same, and rotation disturbs no reader."""

import asyncio
import base64
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag

from models.encryption.keyring import LOOKUP_KEYS, Keyring
from models.encryption.master_keys import MasterKeys
from models.errors import SubjectErased, Unavailable
from models.storage.ids import new_id
from models.subjects import subjects
from models.subjects.subjects import DISPLAY_NAME
from tests.conftest import Databases, World
from tests.models.unit_of_work import registered

pytestmark = pytest.mark.anyio


async def test_a_destroyed_key_is_gone_and_other_keys_stay(world: World) -> None:
    who = await registered(world, display_name="Ada Example")
    other = await registered(world, "other@example.com")
    assert await world.keyring.destroy([who]) == 1
    assert await world.keyring.destroy([who]) == 0
    with pytest.raises(SubjectErased):
        await world.keyring.key_of(who)
    assert (await world.keyring.key_of(other)).owner_id == other
    async with world.database.keyring.acquire() as connection:
        assert (await world.keyring.of_subjects(connection, [who]))[who] is None
        assert [key.owner_id for key in await world.keyring.each_of_subjects(connection, [who, other])] == [other]


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


async def test_creating_a_key_twice_returns_the_first(world: World) -> None:
    who = new_id()
    encrypted = DISPLAY_NAME.encrypt(await world.keyring.create(who), "Ada Example")
    again = await world.keyring.create_many([who, new_id()])
    assert len(again) == 2
    assert DISPLAY_NAME.decrypt(again[who], encrypted) == "Ada Example"


async def test_rotation_continues_while_other_processes_read(world: World, databases: Databases) -> None:
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

    reader = asyncio.create_task(keep_reading())
    assert sum(await asyncio.gather(rotate(), rotate())) == len(people)
    done.set()
    await reader
    assert reads
    async with world.database.keyring.acquire() as connection:
        assert await connection.fetchval("SELECT array_agg(DISTINCT master_version) FROM subject_keys") == [2]
        assert await connection.fetchval("SELECT array_agg(DISTINCT master_version) FROM lookup_keys") == [2]
    await read(people[0], 0, rotating)
    # A process that has only the old master key learns which version it lacks.
    with pytest.raises(LookupError):
        await world.keyring.key_of(people[0])
    # Later tests use the first version.
    back = Keyring(world.database.keyring, both)
    both.current = 1
    assert sum([count async for count in back.rotate()]) == len(people)


async def test_a_key_created_while_the_old_master_key_is_in_use_is_rotated_later(
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


async def test_look_up_hashes_differ_by_kind_and_have_a_fixed_length(world: World) -> None:
    [address] = world.keyring.lookup_hashes("email", "user@example.com")
    [account] = world.keyring.lookup_hashes("account", "user@example.com")
    assert address.digest != account.digest
    assert address == world.keyring.lookup_hashes("email", "user@example.com")[0]
    assert len(address.digest) == 32


async def test_look_up_hashes_stay_what_an_earlier_release_stored(world: World) -> None:
    """A second look-up key is added under a fixed master key; the hash was computed by an earlier release."""
    fixed = MasterKeys(f"7:{base64.b64encode(bytes(range(32))).decode()}")
    keyring = Keyring(world.database.keyring, fixed)
    async with world.database.keyring.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("DELETE FROM lookup_keys")
        await LOOKUP_KEYS.insert(connection, fixed, {258: bytes(range(64, 96))})
        rows = await connection.fetch("SELECT version, master_version, wrapped FROM lookup_keys")
        await transaction.rollback()
    keyring._lookup_keys = [(row[0], LOOKUP_KEYS.unwrap(fixed, *row)) for row in rows]
    [stored] = keyring.lookup_hashes("email", "user@example.com")
    assert stored.version == 258
    assert stored.digest.hex() == "bd1ad13d50f58f77f46fc15187f99cff10c349d6f5131cc041eeb82d38b6ab4e"


async def test_look_ups_use_every_version_and_the_newest_comes_first(world: World) -> None:
    [first] = world.keyring.lookup_hashes("email", "user@example.com")
    keyring = Keyring(world.database.keyring, world.keyring.master_keys)
    async with world.database.keyring.acquire() as connection:
        await keyring.add_lookup_key(connection, 2)
        await keyring.add_lookup_key(connection, 2)
        await keyring.load()
        await connection.execute("DELETE FROM lookup_keys WHERE version = 2")
    newest, oldest = keyring.lookup_hashes("email", "user@example.com")
    assert (newest.version, oldest) == (2, first)
    assert (keyring.lookup_version, world.keyring.lookup_version) == (2, 1)


async def test_the_ids_whose_keys_exist_are_in_order(world: World) -> None:
    ids = [UUID(int=number) for number in (7, 3, 5, 2, 9)]
    await world.keyring.create_many(ids)
    await world.keyring.destroy([UUID(int=5)])
    async with world.keyring.pool.acquire() as connection:
        octets = await world.keyring.ids_between(connection, UUID(int=2), UUID(int=7))
        assert octets == UUID(int=3).bytes + UUID(int=7).bytes
        assert await world.keyring.ids_between(connection, UUID(int=9), UUID(int=99)) == b""


async def test_before_the_look_up_keys_are_loaded_nothing_is_hashed(world: World, databases: Databases) -> None:
    keyring = Keyring(world.database.keyring, MasterKeys(databases.master_key))
    assert not keyring.is_loaded
    with pytest.raises(Unavailable):
        keyring.lookup_hashes("email", "user@example.com")


async def test_another_master_key_unwraps_nothing(world: World) -> None:
    who = await registered(world)
    stranger = Keyring(world.database.keyring, MasterKeys(MasterKeys.generate()))
    with pytest.raises(InvalidTag):
        await stranger.load()
    with pytest.raises(InvalidTag):
        await stranger.key_of(who)
