"""The input of a bulk job: the lines of a file or of standard input, with a limit on their length."""

import fcntl
import hashlib
import stat
import sys
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import cast

import typer

MAX_LINE_BYTES = 1024 * 1024
"""Bytes that a line may have, without its line end."""
_SKIP_BYTES = 64 * 1024


class InputFile:
    """An input with its lines, the read position, and for a regular file the SHA-256 digest of its content."""

    def __init__(self, name: str) -> None:
        """Open the file, or standard input for ``-``; raise BadParameter when the file cannot be opened."""
        self.name = name
        self.path = None if name == "-" else Path(name)
        self._stream = cast("BufferedReader", sys.stdin.buffer)
        self.size: int | None = None
        self.bytes_read = 0
        if self.path is not None:
            try:
                self._stream = self.path.open("rb")
                status = self.path.stat()
            except OSError as error:
                raise typer.BadParameter(f"{name} cannot be read: {error.strerror}") from None
            if stat.S_ISREG(status.st_mode):
                self.size = status.st_size
        self.digest = self._lock_and_digest() if self.size is not None else None

    def close(self) -> None:
        """Close the file, which releases its lock."""
        if self.path is not None:
            self._stream.close()

    def sibling(self, suffix: str) -> Path:
        """Return the path of a file next to the input: FILE.rejects.jsonl.

        Files of standard input are named ``stdin`` and lie in the working directory.
        """
        path = self.path if self.path is not None and self.size is not None else Path("stdin")
        return path.with_name(path.name + suffix)

    def require_text_lines(self) -> None:
        """Raise BadParameter when the input begins as UTF-16 or UTF-32, or its lines end with CR only."""
        start = self._stream.peek(1)
        if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in start[:4]:
            raise typer.BadParameter(f"{self.name} is not UTF-8, but UTF-16 or UTF-32: save it as UTF-8")
        if b"\n" not in start and b"\r" in start.rstrip(b"\r"):
            raise typer.BadParameter(f"the lines of {self.name} end with CR only: save it with LF or CR LF")

    def lines(self) -> Iterator[bytes | None]:
        """Yield each line without its line end; None for a line over 1 MiB, which is never held in memory."""
        # A byte order mark does not belong to the first line.
        start = self._stream.readline(MAX_LINE_BYTES + 2)
        line = start.removeprefix(b"\xef\xbb\xbf")
        self.bytes_read += len(start) - len(line)
        while line:
            self.bytes_read += len(line)
            text = line.rstrip(b"\r\n")
            yield text if len(text) <= MAX_LINE_BYTES else None
            while len(text) > MAX_LINE_BYTES and line and not line.endswith(b"\n"):
                line = self._stream.readline(_SKIP_BYTES)
                self.bytes_read += len(line)
            line = self._stream.readline(MAX_LINE_BYTES + 2)

    def _lock_and_digest(self) -> str:
        """Lock the file for this process and return its digest; raise BadParameter when another process holds it."""
        try:
            fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._stream.close()
            raise typer.BadParameter(f"another process is reading {self.name}: wait for it, or stop it") from None
        digest = hashlib.file_digest(self._stream, "sha256").hexdigest()
        self._stream.seek(0)
        return digest
