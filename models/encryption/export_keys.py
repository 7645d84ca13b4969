"""Keys of exports: each export is encrypted under its own key, whose destruction makes every copy unreadable."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import SmallInteger, text

from models.encryption.encrypted_column import DataKey
from models.encryption.key_store import DataKeyStore
from models.encryption.keyring import Keyring
from models.storage.columns import Bytes, ErasureAction, KeyringTable, Timestamp, Uuid, column


class ExportKeyRow(KeyringTable, table=True):
    """The wrapped key of one export. Deleting the row makes every copy of the export unreadable."""

    __tablename__ = "export_keys"

    request_id: UUID = column(Uuid, ErasureAction.DELETED, primary_key=True)
    master_version: int = column(SmallInteger, ErasureAction.DELETED)
    wrapped: bytes = column(Bytes, ErasureAction.DELETED)
    created_at: datetime = column(Timestamp, ErasureAction.DELETED, server_default=text("now()"))


EXPORT_KEYS = DataKeyStore(ExportKeyRow, "request_id")


async def create_many(keyring: Keyring, request_ids: Sequence[UUID]) -> dict[UUID, DataKey]:
    """Create the keys of exports, or return those that exist, committed before anything is encrypted with them."""
    return await EXPORT_KEYS.create(keyring.pool, keyring.master_keys, request_ids)


async def find(keyring: Keyring, request_id: UUID) -> DataKey | None:
    """Return the key of an export, or None when it is destroyed."""
    async with keyring.pool.acquire() as connection:
        return (await EXPORT_KEYS.find(connection, keyring.master_keys, [request_id]))[request_id]


async def destroy(keyring: Keyring, request_ids: Sequence[UUID]) -> int:
    """Make every copy of these exports unreadable, and return how many keys were destroyed."""
    async with keyring.pool.acquire() as connection:
        return await EXPORT_KEYS.delete(connection, request_ids)


def rotate(keyring: Keyring) -> AsyncIterator[int]:
    """Rewrap the keys of all exports under the current master key; yield the size of each batch."""
    return EXPORT_KEYS.rotate(keyring.pool, keyring.master_keys)
