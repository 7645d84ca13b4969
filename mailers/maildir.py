"""Maildirs: a directory of letters, one a file, that any mail reader opens."""

import asyncio
import os
from pathlib import Path
from typing import Final

from mailers.transport import Mail, TransportUnavailable

_ACCEPTED: Final = 250


class Maildir:
    """A directory of letters, one a file, as any mail reader opens it. A letter delivered twice is there once."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def send_envelope(self, mail: Mail) -> None:
        """Do nothing: a directory takes letters to anybody."""

    async def send_data(self, mail: Mail) -> int:
        try:
            await asyncio.to_thread(self._write, mail)
        except OSError as problem:
            raise TransportUnavailable(type(problem).__name__, counts_attempt=False) from None
        return _ACCEPTED

    async def reset(self) -> None:
        """Do nothing: there is nothing to take back."""

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""

    def _write(self, mail: Mail) -> None:
        places = {name: self._directory / name for name in ("tmp", "new", "cur")}
        for place in places.values():
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = mail.message_id.strip("<>").partition("@")[0]
        if any(places["cur"].glob(f"{name}*")):
            return
        written = places["tmp"] / name
        with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(mail.body)
            file.flush()
            os.fsync(file.fileno())
        written.replace(places["new"] / name)
        folder = os.open(places["new"], os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
