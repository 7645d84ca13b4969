"""The key of an email is independent of the person's key, and every copy of the email is unreadable without it."""

import pytest
from cryptography.exceptions import InvalidTag

from models.encryption import email_keys
from models.encryption.encrypted_column import EncryptedColumn
from models.encryption.keyring import Keyring
from models.encryption.master_keys import MasterKeys
from models.storage.ids import new_id
from tests.conftest import Databases, World

pytestmark = pytest.mark.anyio
CONTEXT = EncryptedColumn("letters.context")


async def test_a_key_is_found_by_the_email_until_it_is_destroyed(world: World) -> None:
    email_id = new_id()
    key = await email_keys.create(world.keyring, email_id)
    encrypted = CONTEXT.encrypt(key, "the text")
    async with world.keyring.pool.acquire() as connection:
        stored = (await email_keys.of_emails(world.keyring, connection, [email_id]))[email_id]
        assert stored
        assert CONTEXT.decrypt(stored, encrypted) == "the text"
        assert await email_keys.destroy(world.keyring, [email_id]) == 1
        assert (await email_keys.of_emails(world.keyring, connection, [email_id]))[email_id] is None
    assert await email_keys.destroy(world.keyring, [email_id]) == 0


async def test_several_keys_are_created_together_and_differ(world: World) -> None:
    email_ids = [new_id() for _ in range(3)]
    keys = await email_keys.create_many(world.keyring, email_ids)
    assert [*keys] == email_ids
    encrypted = CONTEXT.encrypt(keys[email_ids[0]], "the text")
    for email_id in email_ids[1:]:
        with pytest.raises(InvalidTag):
            CONTEXT.decrypt(keys[email_id]._replace(owner_id=email_ids[0]), encrypted)


async def test_the_key_of_an_email_survives_the_persons_key(world: World) -> None:
    """Both may have the same id: the tables are separate."""
    shared_id = new_id()
    await world.keyring.create(shared_id)
    await email_keys.create(world.keyring, shared_id)
    assert await world.keyring.destroy([shared_id]) == 1
    async with world.keyring.pool.acquire() as connection:
        assert (await email_keys.of_emails(world.keyring, connection, [shared_id]))[shared_id]


async def test_rotation_rewraps_the_keys_of_emails(world: World, databases: Databases) -> None:
    email_id = new_id()
    await email_keys.create(world.keyring, email_id)
    newer = Keyring(world.keyring.pool, MasterKeys(f"{MasterKeys.generate(2)},{databases.master_key}"))
    assert [size async for size in email_keys.rotate(newer)] == [1]
    assert [size async for size in email_keys.rotate(newer)] == []
    async with newer.pool.acquire() as connection:
        assert (await email_keys.of_emails(newer, connection, [email_id]))[email_id]
