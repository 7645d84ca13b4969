"""Keys of single emails: an email to a person who is erased must survive the person's key until it is sent."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import SmallInteger, text

from models.encryption.encrypted_column import DataKey
from models.encryption.key_store import DataKeyStore
from models.encryption.keyring import Keyring
from models.storage.columns import Bytes, ErasureAction, KeyringTable, Timestamp, Uuid, column
from models.storage.statement import Connection, RowByKey


class EmailKeyRow(KeyringTable, table=True):
    """The wrapped key of one email. Deleting the row makes every copy of the email unreadable."""

    __tablename__ = "letter_keys"

    letter_id: UUID = column(Uuid, ErasureAction.DELETED, primary_key=True)
    master_version: int = column(SmallInteger, ErasureAction.DELETED)
    wrapped: bytes = column(Bytes, ErasureAction.DELETED)
    created_at: datetime = column(Timestamp, ErasureAction.DELETED, server_default=text("now()"))


EMAIL_KEYS = DataKeyStore(EmailKeyRow, "letter_id")


async def create(keyring: Keyring, email_id: UUID) -> DataKey:
    """Create the key of an email, committed before anything is encrypted with it."""
    return (await create_many(keyring, [email_id]))[email_id]


async def create_many(keyring: Keyring, email_ids: Sequence[UUID]) -> dict[UUID, DataKey]:
    """Create the keys of several emails in one commit."""
    return await EMAIL_KEYS.create(keyring.pool, keyring.master_keys, email_ids)


async def of_emails(keyring: Keyring, connection: Connection, ids: Sequence[UUID]) -> RowByKey[UUID, DataKey]:
    """Return the key of each email. An email whose key is destroyed maps to None."""
    return await EMAIL_KEYS.find(connection, keyring.master_keys, ids)


async def destroy(keyring: Keyring, ids: Sequence[UUID]) -> int:
    """Make every copy of these emails unreadable, and return how many keys were destroyed."""
    async with keyring.pool.acquire() as connection:
        return await EMAIL_KEYS.delete(connection, ids)


def rotate(keyring: Keyring) -> AsyncIterator[int]:
    """Rewrap the keys of all emails under the current master key; yield the size of each batch."""
    return EMAIL_KEYS.rotate(keyring.pool, keyring.master_keys)
