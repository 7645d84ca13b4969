"""Wrapped keys: rows of earlier releases are unwrapped, keys belong to one row, and rotation disturbs no other user."""

import asyncio
import base64
from typing import Any
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag

from models.encryption import key_store
from models.encryption.email_keys import EMAIL_KEYS
from models.encryption.encrypted_column import EncryptedColumn
from models.encryption.key_store import KeyStore
from models.encryption.keyring import LOOKUP_KEYS, SUBJECT_KEYS
from models.encryption.master_keys import MasterKeys
from models.erasure.certificates import SIGNING_KEYS
from models.storage.ids import new_id
from tests.conftest import Databases, World

NAME = EncryptedColumn("people.name")
MASTER_KEYS = MasterKeys(f"7:{base64.b64encode(bytes(range(32))).decode()}")
SECRET = bytes(range(64, 96))
OWNER = UUID("0192f3a0-0000-7000-8000-000000000001")
STORED = [
    (
        SUBJECT_KEYS,
        OWNER,
        "b2ba27a16e49be24cfdcc9a4037068fcba464d6c3b4738b43690d7d3b3d4f69b9143926507cf633c5f065983a559b3d3c4553016205f0a69623fadaf",
    ),
    (
        LOOKUP_KEYS,
        258,
        "1ed6ad0aa5730d1682195fa5c409b872b14d0d8a54aeacc0dc10bd9e96a668b06e622c28d12c88195322b4ef1c2f32c703dbf3e5e06ececad1e2b180",
    ),
    (
        EMAIL_KEYS,
        OWNER,
        "0e42a6be4aa0bbc28ef74be91b82134aad509c9d04dda2aeef5d458f6773ee25f14f0b870534e697807044106889f618f07e2f1c165c299398e8a792",
    ),
    (
        SIGNING_KEYS,
        "kid-1",
        "fff6d4cb9399d85e48e24b22c9c28173e367d27ef2b059bba0c6ae7c72dc646ae2da9ef8920ac901463980c1a5e894800993716606f2b22d19c04271",
    ),
]
"""The same secret as an earlier release stored it in each table."""
STORES: list[tuple[KeyStore[Any], Any, Any]] = [
    (SUBJECT_KEYS, OWNER, new_id()),
    (LOOKUP_KEYS, 2, 3),
    (EMAIL_KEYS, OWNER, new_id()),
    (SIGNING_KEYS, "first", "second"),
]


@pytest.mark.parametrize(("store", "owner", "wrapped"), STORED)
def test_a_key_that_an_earlier_release_stored_is_unwrapped(store: KeyStore[Any], owner: Any, wrapped: str) -> None:
    assert store.unwrap(MASTER_KEYS, owner, 7, bytes.fromhex(wrapped)) == SECRET


@pytest.mark.parametrize(("store", "owner", "other"), STORES)
def test_a_wrapped_key_belongs_to_its_owner_and_its_table(store: KeyStore[Any], owner: Any, other: Any) -> None:
    wrapped = store.wrap(MASTER_KEYS, owner, SECRET)
    assert store.unwrap(MASTER_KEYS, owner, 7, wrapped) == SECRET
    with pytest.raises(InvalidTag):
        store.unwrap(MASTER_KEYS, other, 7, wrapped)
    if store in {SUBJECT_KEYS, EMAIL_KEYS}:
        [other_store] = {SUBJECT_KEYS, EMAIL_KEYS} - {store}
        with pytest.raises(InvalidTag):
            other_store.unwrap(MASTER_KEYS, owner, 7, wrapped)


@pytest.mark.anyio
async def test_a_key_that_exists_stays(world: World) -> None:
    first, second = new_id(), new_id()
    keys = await SUBJECT_KEYS.create(world.keyring.pool, world.keyring.master_keys, [first])
    encrypted = NAME.encrypt(keys[first], "Ada Example")
    again = await SUBJECT_KEYS.create(world.keyring.pool, world.keyring.master_keys, [first, second])
    assert again.keys() == {first, second}
    assert NAME.decrypt(again[first], encrypted) == "Ada Example"


@pytest.mark.anyio
async def test_a_deleted_key_is_not_found(world: World) -> None:
    first, second = new_id(), new_id()
    keyring = world.keyring
    await EMAIL_KEYS.create(keyring.pool, keyring.master_keys, [first, second])
    async with keyring.pool.acquire() as connection:
        assert await EMAIL_KEYS.delete(connection, [first]) == 1
        assert await EMAIL_KEYS.delete(connection, [first]) == 0
        keys = await EMAIL_KEYS.find(connection, keyring.master_keys, [first, second])
    assert keys[first] is None
    assert keys[second]


@pytest.mark.anyio
async def test_rotation_rewraps_every_key_in_batches(
    world: World, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_store, "ROTATION_BATCH", 4)
    keyring, email_ids = world.keyring, [new_id() for _ in range(10)]
    keys = await EMAIL_KEYS.create(keyring.pool, keyring.master_keys, email_ids)
    encrypted = {email_id: NAME.encrypt(key, str(email_id)) for email_id, key in keys.items()}
    newer = MasterKeys(f"{MasterKeys.generate(2)},{databases.master_key}")
    assert [size async for size in EMAIL_KEYS.rotate(keyring.pool, newer)] == [4, 4, 2]
    assert [size async for size in EMAIL_KEYS.rotate(keyring.pool, newer)] == []
    async with keyring.pool.acquire() as connection:
        rotated = await EMAIL_KEYS.find(connection, newer, email_ids)
    for email_id, key in rotated.items():
        assert NAME.decrypt(key, encrypted[email_id]) == str(email_id)


@pytest.mark.anyio
async def test_rotations_at_the_same_time_share_the_keys(
    world: World, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_store, "ROTATION_BATCH", 3)
    pool = world.keyring.pool
    await EMAIL_KEYS.create(pool, world.keyring.master_keys, [new_id() for _ in range(20)])
    newer = MasterKeys(f"{MasterKeys.generate(2)},{databases.master_key}")

    async def rotate() -> int:
        return sum([size async for size in EMAIL_KEYS.rotate(pool, newer)])

    assert sum(await asyncio.gather(rotate(), rotate(), rotate())) == 20
    assert await pool.fetchval("SELECT array_agg(DISTINCT master_version) FROM letter_keys") == [2]
