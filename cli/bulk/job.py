"""The way through a long input: chunk by chunk, remembered after each, failures written down before."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Generic, NamedTuple, TypeVar

import typer
from rich.console import Console

from cli.bulk.checkpoint import Checkpoint, Failures, JobCounts
from cli.bulk.input_file import InputFile
from cli.bulk.progress import ProgressReporter
from models.errors import Refusal
from models.storage.database import OUTAGE_ERRORS

CHUNK = 128
"""Lines that are worked on between two times that progress is remembered."""
WAITS = (0.25, 0.5, 1, 2, 4, 8, 16, 30)
"""Seconds to wait before each new try while a part does not answer."""

_Line = TypeVar("_Line")
_Result = TypeVar("_Result")


class LineResult(NamedTuple):
    """What came of a line: what to count it as, and for a failure its code, the argument and the problem."""

    counts: Sequence[str] = ()
    code: str | None = None
    argument: str | None = None
    problem: str | None = None


class Stopped(Exception):  # noqa: N818 -- a stop is no fault of ours
    """The work cannot go on now; the message says why."""


class Numbered(NamedTuple, Generic[_Line]):
    """A line of the input with its number, from 1."""

    number: int
    line: _Line


class Job(NamedTuple, Generic[_Line]):
    """What is done to an input: ``work`` gets a chunk of lines and gives what came of each."""

    source: InputFile
    lines: Iterator[_Line]
    work: Callable[[Sequence[Numbered[_Line]]], Awaitable[Sequence[LineResult]]]
    memory: Checkpoint
    failures: str
    things: str


async def run_job(job: Job[_Line]) -> JobCounts:
    """Work through the input from where the same work stopped before; give what came of all of it."""
    tally = job.memory.recall()
    failures = Failures(job.source.beside(job.failures), tally.done)
    numbered = (Numbered(number, line) for number, line in enumerate(job.lines, 1))
    if tally.done:
        Console(stderr=True).print(f"going on after line {tally.done:,}")
    with ProgressReporter(job.things, job.source.size) as gauge:
        await asyncio.to_thread(_skip, numbered, tally.done)
        gauge.show(job.source.read, tally.done)
        while chunk := await asyncio.to_thread(lambda: list(islice(numbered, CHUNK))):
            try:
                outcomes = await job.work(chunk)
            except ExceptionGroup as group:
                raise _first(group) from None
            failures.write([
                _failure(line.number, outcome)
                for line, outcome in zip(chunk, outcomes, strict=True)
                if outcome.code
            ])  # fmt: skip
            tally.done = chunk[-1].number
            tally.counts.update(Counter(count for outcome in outcomes for count in outcome.counts))
            tally.codes.update(outcome.code for outcome in outcomes if outcome.code)
            job.memory.keep(tally)
            gauge.show(job.source.read, tally.done)
    job.memory.forget()
    return tally


async def retried(attempt: Callable[[], Awaitable[_Result]], part: str) -> _Result:
    """Try until the part answers; Stopped when it has not for a minute. Refusals of other kinds pass."""
    for wait in WAITS:
        try:
            return await attempt()
        except OUTAGE_ERRORS:
            await asyncio.sleep(wait)
        except Refusal as refusal:
            if refusal.code != "UNAVAILABLE":
                raise
            await asyncio.sleep(wait)
    raise Stopped(f"{part} does not answer; nothing is lost: the same command goes on from here")


def summarised(tally: JobCounts, failures: str, source: InputFile, lines: Sequence[tuple[str, str]]) -> None:
    """Print what came of the work; exit with 1 when lines failed."""
    console = Console(highlight=False, soft_wrap=True)
    for key, said in lines:
        console.print(f"{tally.counts[key]:>10,}  {said}", markup=False)
    for code, count in sorted(tally.codes.items()):
        console.print(f"{count:>10,}  {code}", markup=False)
    if tally.codes:
        console.print(f"Why, line by line, without values: {source.beside(failures)}", markup=False)
        raise typer.Exit(1)


def _skip(lines: Iterator[Any], count: int) -> None:
    for _ in islice(lines, count):
        pass


def _first(error: Exception) -> Exception:
    """Give one of the errors that ended a group: tasks that work side by side end for the same reason."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _failure(number: int, outcome: LineResult) -> dict[str, Any]:
    made = {"line": number, "code": outcome.code, "argument": outcome.argument, "problem": outcome.problem}
    return {key: value for key, value in made.items() if value is not None}
