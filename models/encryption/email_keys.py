"""Keys of single letters: what is owed to a person who is erased outlives the person's own key, until it is sent."""

import os
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import SmallInteger, text

from models.encryption.encrypted_column import DataKey
from models.encryption.keyring import Keyring
from models.encryption.master_keys import KEY_LENGTH
from models.storage.columns import Bytes, ErasureAction, KeyringTable, Timestamp, Uuid, column
from models.storage.statement import Connection, RowByKey, Statement, as_list


class LetterKeyRow(KeyringTable, table=True):
    """The wrapped key of one letter. Deleting the row makes every copy of the letter unreadable."""

    __tablename__ = "letter_keys"

    letter_id: UUID = column(Uuid, ErasureAction.DELETED, primary_key=True)
    master_version: int = column(SmallInteger, ErasureAction.DELETED)
    wrapped: bytes = column(Bytes, ErasureAction.DELETED)
    created_at: datetime = column(Timestamp, ErasureAction.DELETED, server_default=text("now()"))


ADD = Statement("""
INSERT INTO letter_keys (letter_id, master_version, wrapped)
VALUES (:letter_id, :master_version, :wrapped)
""")

ADD_MANY = Statement("""
INSERT INTO letter_keys (letter_id, master_version, wrapped)
SELECT letter_id, :master_version, wrapped
FROM unnest(CAST(:ids AS uuid[]), CAST(:wrapped AS bytea[])) AS fresh (letter_id, wrapped)
""")

OF_LETTERS = Statement("""
SELECT letter_id, master_version, wrapped
FROM letter_keys
WHERE letter_id = ANY(:ids)
""")

DESTROY = Statement("""
DELETE FROM letter_keys
WHERE letter_id = ANY(:ids)
""")

OUTDATED = Statement("""
SELECT letter_id, master_version, wrapped
FROM letter_keys
WHERE master_version <> :current
LIMIT 1000
FOR UPDATE SKIP LOCKED
""")

REWRAP = Statement("""
UPDATE letter_keys AS k
SET master_version = :current, wrapped = fresh.wrapped
FROM unnest(CAST(:ids AS uuid[]), CAST(:wrapped AS bytea[])) AS fresh (letter_id, wrapped)
WHERE k.letter_id = fresh.letter_id
""")


async def create(keyring: Keyring, letter_id: UUID) -> DataKey:
    """Make a letter's key, committed before anything is sealed under it; a key without a letter harms nobody."""
    secret = os.urandom(KEY_LENGTH)
    async with keyring.pool.acquire() as connection:
        await ADD.run(
            connection,
            letter_id=letter_id,
            master_version=keyring.master_keys.current,
            wrapped=keyring.master_keys.wrap(secret, _bound(letter_id)),
        )
    return DataKey(letter_id, AESGCM(secret))


async def create_many(keyring: Keyring, letter_ids: Sequence[UUID]) -> dict[UUID, DataKey]:
    """Make the keys of several letters in one commit."""
    made = {letter_id: os.urandom(KEY_LENGTH) for letter_id in letter_ids}
    async with keyring.pool.acquire() as connection:
        await ADD_MANY.run(
            connection,
            ids=list(made),
            master_version=keyring.master_keys.current,
            wrapped=[keyring.master_keys.wrap(secret, _bound(letter_id)) for letter_id, secret in made.items()],
        )
    return {letter_id: DataKey(letter_id, AESGCM(secret)) for letter_id, secret in made.items()}


async def of_letters(keyring: Keyring, connection: Connection, ids: Sequence[UUID]) -> RowByKey[UUID, DataKey]:
    """Give the key of each letter; None where it is destroyed."""
    return RowByKey(
        (letter_id, DataKey(letter_id, AESGCM(keyring.master_keys.unwrap(version, wrapped, _bound(letter_id)))))
        for letter_id, version, wrapped in await OF_LETTERS.rows(connection, ids=as_list(ids))
    )


async def destroy(keyring: Keyring, ids: Sequence[UUID]) -> int:
    """Make every copy of these letters unreadable; give how many keys there were to destroy."""
    async with keyring.pool.acquire() as connection:
        return await DESTROY.run(connection, ids=as_list(ids))


async def rotate(keyring: Keyring) -> AsyncIterator[int]:
    """Wrap every letter's key anew under the current master key, in batches; yield each batch's size."""
    masters = keyring.master_keys
    async with keyring.pool.acquire() as connection:
        while True:
            async with connection.transaction():
                rows = await OUTDATED.rows(connection, current=masters.current)
                fresh = [
                    masters.wrap(masters.unwrap(version, wrapped, _bound(letter_id)), _bound(letter_id))
                    for letter_id, version, wrapped in rows
                ]
                await REWRAP.run(connection, current=masters.current, ids=[row[0] for row in rows], wrapped=fresh)
            if not rows:
                return
            yield len(rows)


def _bound(letter_id: UUID) -> bytes:
    return b"letter_keys\x00" + letter_id.bytes
