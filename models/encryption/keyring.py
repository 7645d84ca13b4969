"""The keyring: a data key for each person, in a database of its own whose backups are kept for a short time only.

Personal values are encrypted with AES-256-GCM under the person's data key. Destroying the key makes every copy of them
unreadable: in tables, write-ahead log, replicas and backups. Look-ups use a keyed hash of the normalised identifier.
"""

import hmac
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from asyncpg.pool import Pool
from sqlalchemy import SmallInteger, text

from models.encryption.encrypted_column import DataKey
from models.encryption.key_store import DataKeyStore, KeyStore, new_secret
from models.encryption.master_keys import MasterKeys
from models.errors import SubjectErased, Unavailable
from models.storage.columns import Bytes, ErasureAction, KeyringTable, Timestamp, Uuid, column
from models.storage.statement import Connection, RowByKey, Statement


class SubjectKeyRow(KeyringTable, table=True):
    """The wrapped data key of one person. Deleting the row makes an erasure final."""

    __tablename__ = "subject_keys"

    subject_id: UUID = column(Uuid, ErasureAction.DELETED, primary_key=True)
    master_version: int = column(SmallInteger, ErasureAction.DELETED)
    wrapped: bytes = column(Bytes, ErasureAction.DELETED)
    created_at: datetime = column(Timestamp, ErasureAction.DELETED, server_default=text("now()"))


class LookupKeyRow(KeyringTable, table=True):
    """A wrapped look-up key. The newest version hashes what is stored; look-ups use the hashes of every version."""

    __tablename__ = "lookup_keys"

    version: int = column(SmallInteger, ErasureAction.IMPERSONAL, primary_key=True)
    master_version: int = column(SmallInteger, ErasureAction.IMPERSONAL)
    wrapped: bytes = column(Bytes, ErasureAction.IMPERSONAL)
    created_at: datetime = column(Timestamp, ErasureAction.IMPERSONAL, server_default=text("now()"))
    address_form: int = column(SmallInteger, ErasureAction.IMPERSONAL, server_default="2")
    """1 while stored hashes of addresses may be of their former form (``address_forms.former_lookup_form``)."""


class LookupHash(NamedTuple):
    """The keyed hash of an identifier (HMAC-SHA-256), with the version of the look-up key. It is never sent out."""

    version: int
    digest: bytes


SUBJECT_KEYS = DataKeyStore(SubjectKeyRow, "subject_id")
LOOKUP_KEYS: KeyStore[int] = KeyStore(LookupKeyRow, "version", lambda version: version.to_bytes(2))

ALL_LOOKUP_KEYS = Statement("""
SELECT version, master_version, wrapped, address_form
FROM lookup_keys
ORDER BY version DESC
""")

HAS_FORMER_ADDRESSES = Statement("""
SELECT EXISTS (SELECT FROM lookup_keys WHERE address_form = 1)
""")

IDS_BETWEEN = Statement("""
SELECT string_agg(uuid_send(subject_id), CAST('' AS bytea) ORDER BY subject_id)
FROM subject_keys
WHERE subject_id > :after
AND subject_id <= :last
""")

SET_ADDRESS_FORM = Statement("""
UPDATE lookup_keys
SET address_form = 2
WHERE address_form <> 2
""")


class Keyring:
    """Creates, finds and destroys data keys, and hashes identifiers. Only the look-up keys stay in memory."""

    def __init__(self, pool: Pool, master_keys: MasterKeys) -> None:
        self.pool = pool
        self.master_keys = master_keys
        self._lookup_keys: list[tuple[int, bytes]] = []
        self.has_former_addresses = False
        """Whether hashes of addresses may be stored in their former form, so that look-ups use both forms."""

    @property
    def is_loaded(self) -> bool:
        return bool(self._lookup_keys)

    @property
    def lookup_version(self) -> int:
        """The version of the newest look-up key. Raise UNAVAILABLE before the look-up keys are loaded."""
        if not self._lookup_keys:
            raise Unavailable
        return self._lookup_keys[0][0]

    async def load(self) -> None:
        """Read the look-up keys, and create the first one if there is none."""
        async with self.pool.acquire() as connection:
            if not (rows := await ALL_LOOKUP_KEYS.rows(connection)):
                await self.add_lookup_key(connection, 1)
                rows = await ALL_LOOKUP_KEYS.rows(connection)
        self._lookup_keys = [
            (version, LOOKUP_KEYS.unwrap(self.master_keys, version, master_version, wrapped))
            for version, master_version, wrapped, _ in rows
        ]
        self.has_former_addresses = any(row["address_form"] == 1 for row in rows)

    async def end_former_addresses(self) -> None:
        """Record that all stored hashes of addresses have their present form. Other processes load it at start."""
        async with self.pool.acquire() as connection:
            await SET_ADDRESS_FORM.run(connection)
        self.has_former_addresses = False

    async def add_lookup_key(self, connection: Connection, version: int) -> None:
        """Create a look-up key of this version, unless it exists."""
        await LOOKUP_KEYS.insert(connection, self.master_keys, {version: new_secret()})

    def lookup_hashes(self, kind: str, name: str) -> list[LookupHash]:
        """Return the hashes of a normalised identifier under every look-up key, the newest first.

        Raise UNAVAILABLE before the look-up keys are loaded.
        """
        if not self._lookup_keys:
            raise Unavailable
        message = kind.encode() + b"\x00" + name.encode()
        return [LookupHash(version, hmac.digest(secret, message, "sha256")) for version, secret in self._lookup_keys]

    async def create(self, subject_id: UUID) -> DataKey:
        """Create the data key of a person, committed before anything is encrypted with it."""
        return (await self.create_many([subject_id]))[subject_id]

    async def create_many(self, subject_ids: Sequence[UUID]) -> dict[UUID, DataKey]:
        """Create the data keys of several people, or return those that exist, committed before they are used."""
        return await SUBJECT_KEYS.create(self.pool, self.master_keys, subject_ids)

    async def key_of(self, subject_id: UUID) -> DataKey:
        """Return the data key of a person. Raise SUBJECT_ERASED if it is destroyed."""
        async with self.pool.acquire() as connection:
            key = (await self.of_subjects(connection, [subject_id]))[subject_id]
        if key is None:
            raise SubjectErased
        return key

    async def of_subjects(self, connection: Connection, ids: Sequence[UUID]) -> RowByKey[UUID, DataKey]:
        """Return the data key of each person. A person whose key is destroyed maps to None."""
        return await SUBJECT_KEYS.find(connection, self.master_keys, ids)

    async def each_of_subjects(self, connection: Connection, ids: Sequence[UUID]) -> Iterator[DataKey]:
        """Return an iterator of the data keys of these people that exist, in any order, to be taken one at a time."""
        return await SUBJECT_KEYS.each(connection, self.master_keys, ids)

    async def ids_between(self, connection: Connection, after: UUID, last: UUID) -> bytes:
        """Return the ids of the people after one id, up to another, whose data keys exist: 16 octets each, in order."""
        return await IDS_BETWEEN.value(connection, after=after, last=last) or b""

    async def destroy(self, subject_ids: Sequence[UUID]) -> int:
        """Make every copy of these people's encrypted values unreadable, and return how many keys were destroyed."""
        async with self.pool.acquire() as connection:
            return await SUBJECT_KEYS.delete(connection, subject_ids)

    async def rotate(self) -> AsyncIterator[int]:
        """Rewrap the look-up keys and all data keys under the current master key; yield the batch sizes of the latter.

        Other processes can read at the same time.
        """
        async for _ in LOOKUP_KEYS.rotate(self.pool, self.master_keys):
            pass
        async for size in SUBJECT_KEYS.rotate(self.pool, self.master_keys):
            yield size
