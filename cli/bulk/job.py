"""A bulk job: process an input chunk by chunk, and save a checkpoint after each chunk."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Generic, NamedTuple, TypeVar

import typer
from rich.console import Console

from cli.bulk.checkpoint import Checkpoint, JobCounts, LineLog
from cli.bulk.input_file import InputFile
from cli.bulk.progress import ProgressReporter
from models.errors import Refusal
from models.storage.database import OUTAGE_ERRORS

CHUNK_SIZE = 128
"""Lines between two checkpoints."""
RETRY_DELAYS = (0.25, 0.5, 1, 2, 4, 8, 16, 30)
"""Seconds to wait before each new attempt while a service is unavailable: 62 seconds in all."""

_Line = TypeVar("_Line")
_Result = TypeVar("_Result")


class LineResult(NamedTuple):
    """The result of a line: the counters to increase, or the error code with its argument and problem."""

    counts: Sequence[str] = ()
    code: str | None = None
    argument: str | None = None
    problem: str | None = None


class JobStopped(Exception):  # noqa: N818 -- it reports a condition outside this program
    """The job cannot continue now; the message states the reason."""


class NumberedLine(NamedTuple, Generic[_Line]):
    """A line of the input with its number, which starts at 1."""

    number: int
    line: _Line


class Job(NamedTuple, Generic[_Line]):
    """An input and the function that processes it; ``process`` returns one result for each line of a chunk."""

    source: InputFile
    lines: Iterator[_Line]
    process: Callable[[Sequence[NumberedLine[_Line]]], Awaitable[Sequence[LineResult]]]
    checkpoint: Checkpoint
    failures_suffix: str
    unit: str


async def run_job(job: Job[_Line]) -> JobCounts:
    """Process the input from the last checkpoint to its end, and return the counts of all lines."""
    progress = job.checkpoint.load()
    failures = LineLog(job.source.sibling(job.failures_suffix), progress.done)
    numbered = (NumberedLine(number, line) for number, line in enumerate(job.lines, 1))
    if progress.done:
        Console(stderr=True).print(f"resuming after line {progress.done:,}")
    with ProgressReporter(job.unit, job.source.size) as reporter:
        await asyncio.to_thread(_skip, numbered, progress.done)
        reporter.update(job.source.bytes_read, progress.done)
        while chunk := await asyncio.to_thread(lambda: list(islice(numbered, CHUNK_SIZE))):
            try:
                results = await job.process(chunk)
            except ExceptionGroup as group:
                raise _first_error(group) from None
            failures.append([
                _failure_record(line.number, result)
                for line, result in zip(chunk, results, strict=True)
                if result.code
            ])  # fmt: skip
            progress.done = chunk[-1].number
            progress.counts.update(Counter(count for result in results for count in result.counts))
            progress.codes.update(result.code for result in results if result.code)
            job.checkpoint.save(progress)
            reporter.update(job.source.bytes_read, progress.done)
    job.checkpoint.delete()
    return progress


async def retry_while_unavailable(attempt: Callable[[], Awaitable[_Result]], service: str) -> _Result:
    """Repeat an attempt while the service is unavailable; raise JobStopped after about a minute.

    Other exceptions, and errors with another code than UNAVAILABLE, are raised at once.
    """
    for delay in RETRY_DELAYS:
        try:
            return await attempt()
        except OUTAGE_ERRORS:
            await asyncio.sleep(delay)
        except Refusal as refusal:
            if refusal.code != "UNAVAILABLE":
                raise
            await asyncio.sleep(delay)
    raise JobStopped(f"{service} does not answer: run the same command again, and it resumes here")


def print_summary(
    progress: JobCounts, failures_suffix: str, source: InputFile, labels: Sequence[tuple[str, str]]
) -> None:
    """Print the counts of a complete job; exit with status 1 when lines failed."""
    console = Console(highlight=False, soft_wrap=True)
    for key, label in labels:
        console.print(f"{progress.counts[key]:>10,}  {label}", markup=False)
    for code, count in sorted(progress.codes.items()):
        console.print(f"{count:>10,}  {code}", markup=False)
    if progress.codes:
        path = source.sibling(failures_suffix)
        console.print(f"Failed lines by number and code, without values: {path}", markup=False)
        raise typer.Exit(1)


def _skip(lines: Iterator[Any], count: int) -> None:
    for _ in islice(lines, count):
        pass


def _first_error(error: Exception) -> Exception:
    """Return the first exception of a group: concurrent tasks usually fail for the same reason."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _failure_record(number: int, result: LineResult) -> dict[str, Any]:
    record = {"line": number, "code": result.code, "argument": result.argument, "problem": result.problem}
    return {key: value for key, value in record.items() if value is not None}
