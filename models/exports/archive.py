"""The archive of an export: a ZIP file that is compressed, hashed and stored piece by piece."""

import asyncio
import hashlib
import io
import zipfile
from datetime import datetime
from typing import IO, Any, Final

from models.exports.chunks import ChunkWriter

COMPRESSION_LEVEL: Final = 1
"""The fastest one: personal data compress well, and a person waits for them."""
PIECE_BYTES: Final = 256 * 1024
"""Octets that are compressed together, in a thread, so that the other work of the process goes on."""


class _Sink(io.RawIOBase):
    """Collects what the ZIP writer produces. It cannot be sought, so that sizes are written after each file."""

    def __init__(self) -> None:
        self._content = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._content += content
        return len(content)

    def take(self) -> bytes:
        """Return what was collected since the last call."""
        content = bytes(self._content)
        self._content.clear()
        return content


class Archive:
    """A ZIP file that is being written."""

    def __init__(self, writer: ChunkWriter, created_at: datetime) -> None:
        self._writer = writer
        self._created_at = created_at
        self._sink = _Sink()
        sink: Any = self._sink  # the stubs ask for a file that can be read, too
        self._zip = zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION_LEVEL)
        self._entry: IO[bytes] | None = None
        self._name = ""
        self._hash = hashlib.sha256()
        self._buffer = bytearray()
        self.sums: dict[str, str] = {}
        """The SHA-256 sum of each file, in hex."""

    def begin(self, name: str) -> None:
        """Begin a file."""
        info = zipfile.ZipInfo(name, self._created_at.timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        self._entry, self._name, self._hash = self._zip.open(info, "w", force_zip64=True), name, hashlib.sha256()

    async def write(self, content: bytes) -> None:
        """Append octets to the file."""
        self._buffer += content
        if len(self._buffer) >= PIECE_BYTES:
            await self._flush()

    async def end(self) -> None:
        """End the file."""
        await self._flush()
        assert self._entry  # noqa: S101 -- a file was begun
        self._entry.close()
        self.sums[self._name] = self._hash.hexdigest()

    async def add(self, name: str, content: bytes) -> None:
        """Add a whole file."""
        self.begin(name)
        await self.write(content)
        await self.end()

    async def close(self) -> None:
        """Write the directory of the archive, and store what is left."""
        self._zip.close()
        await self._writer.write(self._sink.take())
        await self._writer.close()

    async def _flush(self) -> None:
        content = bytes(self._buffer)
        self._buffer.clear()
        await asyncio.to_thread(self._compress, content)
        await self._writer.write(self._sink.take())

    def _compress(self, content: bytes) -> None:
        assert self._entry  # noqa: S101 -- a file was begun
        self._hash.update(content)
        self._entry.write(content)
