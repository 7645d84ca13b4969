"""The key store: the wrapped keys of one table of the keyring database; the only place that wraps and rotates keys.

A key is wrapped by the current master key (AES-256-GCM). Its associated data names the table and the owner, so that a
wrapped key moved to another row cannot be unwrapped.
"""

import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from asyncpg.pool import Pool
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import ARRAY, Integer, SmallInteger, any_, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from models.encryption.encrypted_column import DataKey
from models.encryption.master_keys import KEY_LENGTH, MasterKeys
from models.storage.columns import Bytes, KeyringTable
from models.storage.statement import Connection, RowByKey, Statement, as_list

_Owner = TypeVar("_Owner")

ROTATION_BATCH: Final = 1000
"""The number of keys that a rotation locks and wraps in one transaction."""


def new_secret() -> bytes:
    """Return a new random key of 256 bits."""
    return os.urandom(KEY_LENGTH)


class KeyStore(Generic[_Owner]):
    """The keys of one table, whose columns are an owner, ``master_version`` and ``wrapped``."""

    def __init__(self, table: type[KeyringTable], owner: str, encode_owner: Callable[[_Owner], bytes]) -> None:
        """Prepare the statements. ``owner`` is the primary key, ``encode_owner`` its form in the associated data."""
        model: Any = table  # SQLModel does not declare __table__
        rows = model.__table__
        owner_column = rows.c[owner]
        owners = bindparam("owners", type_=ARRAY(owner_column.type))
        fresh = (
            func.unnest(owners, bindparam("wrapped", type_=ARRAY(Bytes)))
            .table_valued("owner", "wrapped")
            .render_derived(name="fresh")
        )
        columns = owner_column, rows.c.master_version, rows.c.wrapped
        current = bindparam("current", type_=SmallInteger)

        self._prefix = rows.name.encode() + b"\x00"
        self._encode_owner = encode_owner
        self.select_keys = Statement(select(*columns).where(owner_column == any_(owners)))
        self.insert_keys = Statement(
            insert(rows)
            .from_select(columns, select(fresh.c.owner, current, fresh.c.wrapped), include_defaults=False)
            .on_conflict_do_nothing()
        )
        self._delete_keys = Statement(delete(rows).where(owner_column == any_(owners)))
        # Rotations that run at the same time skip each other's batches.
        self._lock_outdated = Statement(
            select(*columns)
            .where(rows.c.master_version != current)
            .limit(bindparam("limit", type_=Integer))
            .with_for_update(skip_locked=True)
        )
        self._rewrap_keys = Statement(
            update(rows).values(master_version=current, wrapped=fresh.c.wrapped).where(owner_column == fresh.c.owner)
        )

    def _associated_data(self, owner: _Owner) -> bytes:
        return self._prefix + self._encode_owner(owner)

    def wrap(self, master_keys: MasterKeys, owner: _Owner, secret: bytes) -> bytes:
        """Return the key of this owner, wrapped by the current master key."""
        return master_keys.wrap(secret, self._associated_data(owner))

    def unwrap(self, master_keys: MasterKeys, owner: _Owner, version: int, wrapped: bytes) -> bytes:
        """Return the key of this owner. Raise InvalidTag if it was wrapped for another owner or by another key.

        Raise LookupError if this version of the master key is missing.
        """
        return master_keys.unwrap(version, wrapped, self._associated_data(owner))

    async def insert(self, connection: Connection, master_keys: MasterKeys, secrets: Mapping[_Owner, bytes]) -> int:
        """Wrap and insert keys, and return how many. The key of an owner that has one stays: it may be in use."""
        return await self.insert_keys.run(
            connection,
            owners=[*secrets],
            current=master_keys.current,
            wrapped=[self.wrap(master_keys, owner, secret) for owner, secret in secrets.items()],
        )

    async def delete(self, connection: Connection, owners: Sequence[_Owner]) -> int:
        """Delete the keys of these owners and return how many there were."""
        return await self._delete_keys.run(connection, owners=as_list(owners))

    async def rotate(self, pool: Pool, master_keys: MasterKeys) -> AsyncIterator[int]:
        """Rewrap all keys under the current master key, in batches of a transaction each; yield the batch sizes.

        Other processes can read and insert keys at the same time. A rotation that was interrupted can be repeated.
        """
        current = master_keys.current
        async with pool.acquire() as connection:
            while True:
                async with connection.transaction():
                    rows = await self._lock_outdated.rows(connection, current=current, limit=ROTATION_BATCH)
                    await self._rewrap_keys.run(
                        connection,
                        current=current,
                        owners=[owner for owner, _, _ in rows],
                        wrapped=[
                            self.wrap(master_keys, owner, self.unwrap(master_keys, owner, version, wrapped))
                            for owner, version, wrapped in rows
                        ],
                    )
                if not rows:
                    return
                yield len(rows)


class DataKeyStore(KeyStore[UUID]):
    """A table of data keys, whose owners are people or emails."""

    def __init__(self, table: type[KeyringTable], owner: str) -> None:
        super().__init__(table, owner, lambda owner_id: owner_id.bytes)

    async def create(self, pool: Pool, master_keys: MasterKeys, owner_ids: Iterable[UUID]) -> dict[UUID, DataKey]:
        """Create data keys, or return those that exist. They are committed before anything is encrypted with them.

        A key without an owner does no harm; an encrypted value without its key would be lost.
        """
        secrets = {owner_id: new_secret() for owner_id in owner_ids}
        async with pool.acquire() as connection:
            if await self.insert(connection, master_keys, secrets) < len(secrets):
                return dict(await self.find(connection, master_keys, [*secrets]))
        return {owner_id: DataKey(owner_id, AESGCM(secret)) for owner_id, secret in secrets.items()}

    async def find(
        self, connection: Connection, master_keys: MasterKeys, owner_ids: Sequence[UUID]
    ) -> RowByKey[UUID, DataKey]:
        """Return the data key of each owner. An owner whose key is destroyed maps to None."""
        return RowByKey((key.owner_id, key) for key in await self.each(connection, master_keys, owner_ids))

    async def each(
        self, connection: Connection, master_keys: MasterKeys, owner_ids: Sequence[UUID]
    ) -> Iterator[DataKey]:
        """Return an iterator of the data keys that exist, in any order. Each is unwrapped when it is taken.

        A caller that keeps one key at a time reads thousands of values in half the time: ciphers reuse their memory.
        """
        rows = await self.select_keys.rows(connection, owners=as_list(owner_ids))
        return (
            DataKey(owner_id, AESGCM(self.unwrap(master_keys, owner_id, version, wrapped)))
            for owner_id, version, wrapped in rows
        )
