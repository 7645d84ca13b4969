"""The keyring: a key for each person, wrapped by the master key, in a database of its own with a short backup life.

Personal values are sealed with AES-256-GCM under the person's key; destroying the one row makes every copy of them
unreadable: in tables, write-ahead log, replicas and backups. Look-ups use a keyed hash of the normalised name.
"""

import hmac
import os
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from asyncpg.pool import Pool
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import SmallInteger, text

from models.encryption.encrypted_column import DataKey
from models.encryption.master_keys import KEY_LENGTH, MasterKeys
from models.errors import SubjectErased, Unavailable
from models.storage.columns import Bytes, ErasureAction, KeyringTable, Timestamp, Uuid, column
from models.storage.statement import Connection, RowByKey, Statement, as_list


class SubjectKeyRow(KeyringTable, table=True):
    """The wrapped key of one person. Deleting the row is what makes an erasure final."""

    __tablename__ = "subject_keys"

    subject_id: UUID = column(Uuid, ErasureAction.DELETED, primary_key=True)
    master_version: int = column(SmallInteger, ErasureAction.DELETED)
    wrapped: bytes = column(Bytes, ErasureAction.DELETED)
    created_at: datetime = column(Timestamp, ErasureAction.DELETED, server_default=text("now()"))


class LookupKeyRow(KeyringTable, table=True):
    """A wrapped key for look-ups: names are hashed under the newest version and found under every one."""

    __tablename__ = "lookup_keys"

    version: int = column(SmallInteger, ErasureAction.IMPERSONAL, primary_key=True)
    master_version: int = column(SmallInteger, ErasureAction.IMPERSONAL)
    wrapped: bytes = column(Bytes, ErasureAction.IMPERSONAL)
    created_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL, server_default=text("now()"))


class LookupHash(NamedTuple):
    """The keyed hash of a name that people are looked up by; it never leaves the databases."""

    version: int
    digest: bytes


SUBJECT_KEYS = Statement("""
SELECT subject_id, master_version, wrapped
FROM subject_keys
WHERE subject_id = ANY(:ids)
""")

ADD_KEY = Statement("""
INSERT INTO subject_keys (subject_id, master_version, wrapped)
VALUES (:subject_id, :master_version, :wrapped)
""")

# A key that is there stays: it may have sealed something.
ADD_KEYS = Statement("""
INSERT INTO subject_keys (subject_id, master_version, wrapped)
SELECT subject_id, :master_version, wrapped
FROM unnest(CAST(:ids AS uuid[]), CAST(:wrapped AS bytea[])) AS fresh (subject_id, wrapped)
ON CONFLICT DO NOTHING
""")

DESTROY_KEYS = Statement("""
DELETE FROM subject_keys
WHERE subject_id = ANY(:ids)
""")

LOOKUP_KEYS = Statement("""
SELECT version, master_version, wrapped
FROM lookup_keys
ORDER BY version DESC
""")

ADD_LOOKUP_KEY = Statement("""
INSERT INTO lookup_keys (version, master_version, wrapped)
VALUES (:version, :master_version, :wrapped)
ON CONFLICT DO NOTHING
""")

# The keys that an older master key wraps, a batch at a time; several rotations side by side share the work.
OUTDATED_KEYS = Statement("""
SELECT subject_id, master_version, wrapped
FROM subject_keys
WHERE master_version <> :current
LIMIT 1000
FOR UPDATE SKIP LOCKED
""")

REWRAP_KEYS = Statement("""
UPDATE subject_keys AS k
SET master_version = :current, wrapped = fresh.wrapped
FROM unnest(CAST(:ids AS uuid[]), CAST(:wrapped AS bytea[])) AS fresh (subject_id, wrapped)
WHERE k.subject_id = fresh.subject_id
""")

REWRAP_LOOKUP_KEY = Statement("""
UPDATE lookup_keys
SET master_version = :current, wrapped = :wrapped
WHERE version = :version
""")


class Keyring:
    """Seals, opens, looks up and destroys. Nothing of it is remembered but the look-up keys."""

    def __init__(self, pool: Pool, masters: MasterKeys) -> None:
        self.pool = pool
        self.master_keys = masters
        self._lookups: list[tuple[int, bytes]] = []

    @property
    def is_loaded(self) -> bool:
        return bool(self._lookups)

    async def load(self) -> None:
        """Read the look-up keys; make the first one when there is none."""
        async with self.pool.acquire() as connection:
            if not (rows := await LOOKUP_KEYS.rows(connection)):
                await self.add_lookup_key(connection, 1)
                rows = await LOOKUP_KEYS.rows(connection)
        self._lookups = [
            (
                row["version"],
                self.master_keys.unwrap(row["master_version"], row["wrapped"], _lookup_bound(row["version"])),
            )
            for row in rows
        ]

    async def add_lookup_key(self, connection: Connection, version: int) -> None:
        wrapped = self.master_keys.wrap(os.urandom(KEY_LENGTH), _lookup_bound(version))
        await ADD_LOOKUP_KEY.run(connection, version=version, master_version=self.master_keys.current, wrapped=wrapped)

    def lookup_hashes(self, kind: str, name: str) -> list[LookupHash]:
        """Hash a normalised name under every version of the look-up key, the newest first."""
        if not self._lookups:
            raise Unavailable
        message = kind.encode() + b"\x00" + name.encode()
        return [LookupHash(version, hmac.digest(secret, message, "sha256")) for version, secret in self._lookups]

    async def create(self, subject_id: UUID) -> DataKey:
        """Make a person's key, committed before anything is sealed under it; a key without a person harms nobody."""
        secret = os.urandom(KEY_LENGTH)
        async with self.pool.acquire() as connection:
            await ADD_KEY.run(
                connection,
                subject_id=subject_id,
                master_version=self.master_keys.current,
                wrapped=self.master_keys.wrap(secret, _bound(subject_id)),
            )
        return DataKey(subject_id, AESGCM(secret))

    async def create_many(self, subject_ids: Sequence[UUID]) -> dict[UUID, DataKey]:
        """Make the keys of several people, or give those that they have, committed before anything is sealed."""
        secrets = {subject_id: os.urandom(KEY_LENGTH) for subject_id in subject_ids}
        async with self.pool.acquire() as connection:
            added = await ADD_KEYS.run(
                connection,
                ids=list(secrets),
                master_version=self.master_keys.current,
                wrapped=[self.master_keys.wrap(secret, _bound(subject_id)) for subject_id, secret in secrets.items()],
            )
            if added < len(secrets):
                return dict(await self.of_subjects(connection, list(secrets)))
        return {subject_id: DataKey(subject_id, AESGCM(secret)) for subject_id, secret in secrets.items()}

    async def key_of(self, subject_id: UUID) -> DataKey:
        """Give a person's key; SUBJECT_ERASED when it is destroyed."""
        async with self.pool.acquire() as connection:
            found = await self.of_subjects(connection, [subject_id])
        key = found[subject_id]
        if key is None:
            raise SubjectErased
        return key

    async def of_subjects(self, connection: Connection, ids: Sequence[UUID]) -> RowByKey[UUID, DataKey]:
        """Give the key of each person; None where it is destroyed."""
        return RowByKey(
            (subject_id, DataKey(subject_id, AESGCM(self.master_keys.unwrap(version, wrapped, _bound(subject_id)))))
            for subject_id, version, wrapped in await SUBJECT_KEYS.rows(connection, ids=as_list(ids))
        )

    async def destroy(self, subject_ids: Sequence[UUID]) -> int:
        """Make every copy of these people's sealed values unreadable; give how many keys there were to destroy."""
        async with self.pool.acquire() as connection:
            return await DESTROY_KEYS.run(connection, ids=as_list(subject_ids))

    async def rotate(self) -> AsyncIterator[int]:
        """Wrap every key anew under the current master key, in batches, while others read; yield each batch's size."""
        current = self.master_keys.current
        async with self.pool.acquire() as connection:
            for row in await LOOKUP_KEYS.rows(connection):
                bound = _lookup_bound(row["version"])
                secret = self.master_keys.unwrap(row["master_version"], row["wrapped"], bound)
                await REWRAP_LOOKUP_KEY.run(
                    connection, version=row["version"], current=current, wrapped=self.master_keys.wrap(secret, bound)
                )
            while True:
                async with connection.transaction():
                    rows = await OUTDATED_KEYS.rows(connection, current=current)
                    fresh = [
                        self.master_keys.wrap(
                            self.master_keys.unwrap(version, wrapped, _bound(subject_id)), _bound(subject_id)
                        )
                        for subject_id, version, wrapped in rows
                    ]
                    await REWRAP_KEYS.run(connection, current=current, ids=[row[0] for row in rows], wrapped=fresh)
                if not rows:
                    return
                yield len(rows)


def _bound(subject_id: UUID) -> bytes:
    return b"subject_keys\x00" + subject_id.bytes


def _lookup_bound(version: int) -> bytes:
    return b"lookup_keys\x00" + version.to_bytes(2)
