"""What is remembered of a long work, beside its input: how far it is, what came of it, and which lines failed."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import typer


@dataclass
class JobCounts:
    """What came of the lines so far."""

    done: int = 0
    """Leading lines that are done with."""
    counts: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Checkpoint:
    """A work's progress, in a file that is replaced whole, so that a kill leaves the old one or the new one.

    ``work`` says what is done to which input: another input or another work begins anew.
    """

    path: Path | None
    work: Sequence[str | None]

    def recall(self) -> JobCounts:
        """Give how far the same work came before, or a fresh tally."""
        if self.path is None or not self.path.exists():
            return JobCounts()
        try:
            kept = orjson.loads(self.path.read_bytes())
            if kept["work"] != list(self.work):
                return JobCounts()
            return JobCounts(int(kept["done"]), Counter(kept["counts"]), Counter(kept["codes"]))
        except (OSError, ValueError, KeyError, TypeError):
            return JobCounts()

    def keep(self, tally: JobCounts) -> None:
        """Remember how far the work is."""
        if self.path is not None:
            kept = {"work": self.work, "done": tally.done, "counts": tally.counts, "codes": tally.codes}
            _replace(self.path, orjson.dumps(kept))

    def forget(self) -> None:
        """Remember nothing: the work is done."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


class Failures:
    """A file of JSON lines about lines of the input: for those that failed their number and code; never a value."""

    def __init__(self, path: Path, done: int, mode: int = 0o644) -> None:
        """Keep what an earlier run said of the ``done`` leading lines; what it said of later ones is said again."""
        self.path, self._mode = path, mode
        kept = [line for line in _read(path) if done and _number(line) <= done]
        if kept:
            _replace(path, b"".join(kept), mode)
        else:
            path.unlink(missing_ok=True)

    def write(self, failed: Sequence[dict[str, Any]]) -> None:
        """Add lines, before their work is remembered as done."""
        if failed:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            with os.fdopen(os.open(self.path, flags, self._mode), "ab") as file:
                file.write(b"".join(orjson.dumps(line) + b"\n" for line in failed))


def demand_writable(path: Path) -> None:
    """Say, before any work, when files cannot be made beside the input."""
    if not os.access(path.parent, os.W_OK):
        raise typer.BadParameter(
            f"{path.name} cannot be written: make {path.parent} writable, or work on a copy of the file elsewhere"
        )


def _read(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True) if path.exists() else []


def _number(line: bytes) -> float:
    try:
        return float(orjson.loads(line)["line"])
    except (ValueError, KeyError, TypeError):
        return float("inf")


def _replace(path: Path, octets: bytes, mode: int = 0o644) -> None:
    fresh = path.with_name(path.name + ".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(octets)
    fresh.replace(path)
