"""Encrypted chunks: a stream of octets is stored in pieces under the key of its export, and read back in order.

The number of a piece and the id of its part are associated data, so that no piece can be moved, and none left out.
"""

import os
from collections.abc import AsyncIterator
from uuid import UUID

from asyncpg import ForeignKeyViolationError

from models.encryption.encrypted_column import CIPHERTEXT_OFFSET, FORMAT_VERSION, NONCE_LENGTH, DataKey
from models.errors import NotFound
from models.requests.export_tables import CHUNK_LENGTH
from models.storage.database import Database
from models.storage.statement import Statement

INSERT = Statement("""
INSERT INTO export_chunks (subject_id, part_id, number, request_id, content, stored_at)
VALUES (:subject_id, :part_id, :number, :request_id, :content, clock_timestamp())
""")

SELECT = Statement("""
SELECT content
FROM export_chunks
WHERE subject_id = :subject_id
AND part_id = :part_id
AND number = :number
""")

DELETE = Statement("""
DELETE FROM export_chunks
WHERE subject_id = :subject_id
AND part_id = :part_id
""")


class IncompletePartError(Exception):
    """A chunk is missing: the part ended while it was read, or its rows were damaged."""


class ChunkWriter:
    """Stores a stream under the key of an export. Each chunk is committed alone, and is of no use without the key."""

    def __init__(
        self, database: Database, key: DataKey, subject_id: UUID, part_id: UUID, role: str | None = None
    ) -> None:
        """Set what to encrypt with, and whose part it is. ``role`` is the PostgreSQL role of an upload."""
        self._database = database
        self._role = role
        self._key = key
        self._subject_id = subject_id
        self._part_id = part_id
        self._buffer = bytearray()
        self._number = 0
        self.size = 0
        """The octets that were written."""

    async def write(self, content: bytes) -> None:
        """Append octets, and store each chunk that is full."""
        self.size += len(content)
        self._buffer += content
        while len(self._buffer) >= CHUNK_LENGTH:
            await self._store(bytes(self._buffer[:CHUNK_LENGTH]))
            del self._buffer[:CHUNK_LENGTH]

    async def close(self) -> None:
        """Store what is left."""
        if self._buffer:
            await self._store(bytes(self._buffer))
            self._buffer.clear()

    async def delete(self) -> None:
        """Delete all chunks of the part."""
        async with self._database.transaction(self._role) as connection:
            await DELETE.run(connection, subject_id=self._subject_id, part_id=self._part_id)

    async def _store(self, content: bytes) -> None:
        """Commit a chunk. Raise NOT_FOUND when the export was deleted, as an erasure does."""
        nonce = os.urandom(NONCE_LENGTH)
        data = associated_data(self._key.owner_id, self._part_id, self._number)
        try:
            async with self._database.transaction(self._role) as connection:
                await INSERT.run(
                    connection,
                    subject_id=self._subject_id,
                    part_id=self._part_id,
                    number=self._number,
                    request_id=self._key.owner_id,
                    content=FORMAT_VERSION + nonce + self._key.cipher.encrypt(nonce, content, data),
                )
        except ForeignKeyViolationError:
            raise NotFound(argument="id") from None
        self._number += 1


def associated_data(request_id: UUID, part_id: UUID, number: int) -> bytes:
    """Return the associated data of a chunk."""
    return b"export_chunks.content\x00" + request_id.bytes + part_id.bytes + number.to_bytes(4, "big")


async def read_part(
    database: Database, key: DataKey, subject_id: UUID, part_id: UUID, size: int
) -> AsyncIterator[bytes]:
    """Yield the octets of a part in order. Raise IncompletePartError if it is shorter than ``size``."""
    number = 0
    while size > 0:
        async with database.writers.acquire() as connection:
            content = await SELECT.value(connection, subject_id=subject_id, part_id=part_id, number=number)
        if content is None:
            raise IncompletePartError
        nonce, ciphertext = content[1:CIPHERTEXT_OFFSET], content[CIPHERTEXT_OFFSET:]
        chunk = key.cipher.decrypt(nonce, ciphertext, associated_data(key.owner_id, part_id, number))
        yield chunk
        size -= len(chunk)
        number += 1
