"""Sources: the lines of a file or of standard input, numbered from 1, with bounds on what is read."""

import fcntl
import hashlib
import stat
import sys
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import cast

import typer

LONGEST = 1024 * 1024
"""Octets that a line may have, without its end."""
_STEP = 64 * 1024


class InputFile:
    """An input: its lines, how far reading is, and for a regular file the digest that tells it from others."""

    def __init__(self, name: str) -> None:
        """Open FILE, or standard input for ``-``; a sentence says what is wrong when it cannot be opened."""
        self.name = name
        self.path = None if name == "-" else Path(name)
        self._stream = cast("BufferedReader", sys.stdin.buffer)
        self.size: int | None = None
        self.read = 0
        """Octets read so far."""
        if self.path is not None:
            try:
                self._stream = self.path.open("rb")
                status = self.path.stat()
            except OSError as error:
                raise typer.BadParameter(f"{name} cannot be read: {error.strerror}") from None
            if stat.S_ISREG(status.st_mode):
                self.size = status.st_size
        self.digest = self._claim() if self.size is not None else None

    def close(self) -> None:
        """Let others have the file."""
        if self.path is not None:
            self._stream.close()

    def beside(self, suffix: str) -> Path:
        """Name a file that lies beside the input: FILE.rejects.jsonl; standard input's lie in the working directory."""
        path = self.path if self.path is not None and self.size is not None else Path("stdin")
        return path.with_name(path.name + suffix)

    def lines(self) -> Iterator[bytes | None]:
        """Give each line without its end; None for one of over a mebibyte, which is read past and never held."""
        # A byte order mark is no part of the first line.
        start = self._stream.readline(LONGEST + 2)
        line = start.removeprefix(b"\xef\xbb\xbf")
        self.read += len(start) - len(line)
        while line:
            self.read += len(line)
            text = line.rstrip(b"\r\n")
            yield text if len(text) <= LONGEST else None
            while len(text) > LONGEST and line and not line.endswith(b"\n"):
                line = self._stream.readline(_STEP)
                self.read += len(line)
            line = self._stream.readline(LONGEST + 2)

    def _claim(self) -> str:
        """Take the file for this process alone, and give its digest."""
        try:
            fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise typer.BadParameter(f"{self.name} is being worked through by another process") from None
        digest = hashlib.file_digest(self._stream, "sha256").hexdigest()
        self._stream.seek(0)
        return digest
