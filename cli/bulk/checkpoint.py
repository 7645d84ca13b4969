"""The files of a bulk job next to its input: the checkpoint and the log of failed lines."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import typer

from cli.atomic_file import replace_file


@dataclass
class JobCounts:
    """The position in the input and the results of its lines so far."""

    done: int = 0
    """Number of leading lines that are processed."""
    counts: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Checkpoint:
    """The progress of a job in a file that is replaced as a whole.

    ``job_key`` names the job and its input. A checkpoint of another job or of another input is ignored.
    Without a path nothing is stored: the job always starts at the first line.
    """

    path: Path | None
    job_key: Sequence[str | None]

    def load(self) -> JobCounts:
        """Return the stored progress of this job, or counts of zero when there is none."""
        if self.path is None or not self.path.exists():
            return JobCounts()
        try:
            content = orjson.loads(self.path.read_bytes())
            if content["work"] != list(self.job_key):
                return JobCounts()
            return JobCounts(int(content["done"]), Counter(content["counts"]), Counter(content["codes"]))
        except (OSError, ValueError, KeyError, TypeError):
            return JobCounts()

    def save(self, progress: JobCounts) -> None:
        """Store the progress."""
        if self.path is not None:
            content = {
                "work": self.job_key,
                "done": progress.done,
                "counts": progress.counts,
                "codes": progress.codes,
            }
            replace_file(self.path, orjson.dumps(content))

    def delete(self) -> None:
        """Delete the checkpoint, because the job is complete."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


class LineLog:
    """A JSON Lines file with a record for some input lines, for example the number and error code of failed lines."""

    def __init__(self, path: Path, done: int, mode: int = 0o644) -> None:
        """Keep the records of the ``done`` leading lines; the job writes those of later lines again."""
        self.path, self._mode = path, mode
        records = [line for line in _lines(path) if done and _line_number(line) <= done]
        if records:
            replace_file(path, b"".join(records), mode)
        else:
            path.unlink(missing_ok=True)

    def append(self, records: Sequence[dict[str, Any]]) -> None:
        """Append records; call this before the checkpoint of their lines is saved."""
        if records:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            with os.fdopen(os.open(self.path, flags, self._mode), "ab") as file:
                file.write(b"".join(orjson.dumps(record) + b"\n" for record in records))


def require_writable(path: Path) -> None:
    """Raise BadParameter when files cannot be created in the directory of this path."""
    if not os.access(path.parent, os.W_OK):
        raise typer.BadParameter(
            f"{path.name} cannot be written: make {path.parent} writable, or copy the file to another directory"
        )


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True) if path.exists() else []


def _line_number(line: bytes) -> float:
    try:
        return float(orjson.loads(line)["line"])
    except (ValueError, KeyError, TypeError):
        return float("inf")
