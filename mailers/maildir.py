"""The Maildir transport: writes each email as one file, for development and tests."""

import asyncio
import os
from pathlib import Path
from typing import Final

from mailers.transport import Mail, TransportUnavailable

_ACCEPTED: Final = 250


class Maildir:
    """A directory in Maildir format. An email that is delivered twice is stored once."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def send_envelope(self, mail: Mail) -> None:
        """Do nothing: every recipient is accepted."""

    async def send_data(self, mail: Mail) -> int:
        try:
            await asyncio.to_thread(self._write, mail)
        except OSError as problem:
            raise TransportUnavailable(type(problem).__name__, counts_attempt=False) from None
        return _ACCEPTED

    async def reset(self) -> None:
        """Do nothing: no transaction is open."""

    async def close(self) -> None:
        """Do nothing: no connection is open."""

    def _write(self, mail: Mail) -> None:
        directories = {name: self._directory / name for name in ("tmp", "new", "cur")}
        for directory in directories.values():
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = mail.message_id.strip("<>").partition("@")[0]
        if any(directories["cur"].glob(f"{name}*")):
            return
        temporary = directories["tmp"] / name
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(mail.body)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(directories["new"] / name)
        descriptor = os.open(directories["new"], os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
